"""Beam search, as transformers does it."""

import math
from dataclasses import dataclass

import torch

from ..request import Sampling
from .sampling import penalise_
from .steps import Answer, Progress, Start, begin


@dataclass(frozen=True)
class Hypothesis:
    """A beam that has ended: its rank (log probability / length ** length_penalty) and what it wrote."""

    score: float
    answer: Answer


def search_beams(start: Start, sampling: Sampling, progress: Progress) -> list[Answer]:
    """Beam search as transformers 5 does it with early_stopping=False: num_beams answers, the best first.

    Twice as many continuations as beams are looked at (more where several tokens end an answer), so that num_beams
    remain when the best ones end. The search is over when num_beams hypotheses have ended and the best running beam,
    at its present length, ranks no higher than the worst of them.
    """
    ends, beams = start.network.config.ends, sampling.num_beams
    looked_at = beams * max(2, 1 + len(ends))
    steps, logits = begin(start, beams), start.logits.repeat(beams, 1)
    history, length = start.history(beams), start.prompt.shape[1]
    # All beams are the same row at first: only the first one may be continued.
    log_probabilities = logits.new_full((beams,), -1e9)
    log_probabilities[0] = 0
    running: list[list[int]] = [[] for _ in range(beams)]
    ended: list[Hypothesis] = []

    for step in range(start.steps):
        if progress.stopped():
            break
        scores = logits.log_softmax(-1)
        penalise_(scores, history[:, : length + step], sampling.repetition_penalty)
        if step < sampling.min_new_tokens:
            scores[:, ends] = -math.inf
        values, places = (scores + log_probabilities[:, None]).flatten().topk(looked_at)
        ranks = (values / (step + 1) ** sampling.length_penalty).tolist()
        places = places.tolist()
        parents = [place // scores.shape[-1] for place in places]
        tokens = [place % scores.shape[-1] for place in places]
        last = step + 1 == start.steps
        for i in range(beams):
            if tokens[i] in ends:
                ended.append(Hypothesis(ranks[i], Answer(tuple(running[parents[i]]), True)))
            elif last:
                ended.append(Hypothesis(ranks[i], Answer((*running[parents[i]], tokens[i]), False)))
        ended = sorted(ended, key=lambda hypothesis: -hypothesis.score)[:beams]
        going_on = [i for i in range(looked_at) if tokens[i] not in ends][:beams]
        running = [[*running[parents[i]], tokens[i]] for i in going_on]
        if last or (len(ended) == beams and ranks[going_on[0]] <= ended[-1].score):
            progress.report(start.steps)
            return [hypothesis.answer for hypothesis in ended]
        progress.report(step + 1)

        log_probabilities = values[going_on]
        rows = torch.tensor([parents[i] for i in going_on], device=logits.device)
        history = history[rows]
        history[:, length + step] = torch.tensor([tokens[i] for i in going_on], device=logits.device)
        steps.reorder(rows)
        logits = steps(history[:, length + step])

    unfinished = [Answer(tuple(tokens), False) for tokens in running]
    return ([hypothesis.answer for hypothesis in ended] + unfinished)[:beams]
