"""From a prompt's tokens to answers: the loop over steps and rows, sampled, greedy or by beam search."""

import math
from collections import deque
from collections.abc import Callable

import torch

from ..request import Sampling, check_seed, is_whole
from .beams import search_beams
from .sampling import draw, penalise_, shortlist, uniforms
from .steps import Answer, Network, Progress, Start, begin, on_its_way, prefill
from .threads import threads_for

# Candidates are decoded in blocks of exactly this many rows: candidate k is row k % BLOCK of block k //
# BLOCK, and the unused rows of the last block are copies whose work is thrown away. Floating-point matmul
# kernels choose another order of summation for another number of rows, and a difference in the last bit is
# enough to tip a sampled token. Only one fixed shape makes "candidate k of seed s" the same text whatever the
# number of candidates. Where the rows of a network are independent to the last bit (see layers.py: int8, float16)
# there are as many rows as candidates, and those that have ended are left out.
BLOCK = 5
MOST_ROWS = 16  # of such a network at once: more save no time, and need memory


@torch.inference_mode()
def generate(
    network: Network,
    prompt_tokens: list[int],
    num_candidates: int,
    seed: int,
    sampling: Sampling,
    on_step: Callable[[int, int], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
    on_tokens: Callable[[int, list[int]], object] | None = None,
) -> list[Answer]:
    """Let the network answer a prompt.

    network         a DecoderOnly or another Network, on any device
    prompt_tokens   token ids of the whole prompt, template included
    num_candidates  how many answers; greedy gives one, beam search at most num_beams
    seed            0 to 2**64 - 1; answer k depends on (seed, k) and not on num_candidates or earlier calls
    on_step         called with (done, total) after each token step, both in steps
    should_stop     asked before each token step; once it says True the answers end where they are
    on_tokens       called with (answer, its tokens so far) as they are drawn; not by beam search, whose beams change

    A network with a limited number of positions gets as many new tokens as fit behind the prompt. Raises
    ValueError for a prompt that is empty, leaves no room for an answer, or holds ids the network lacks.
    """
    check_request(network, prompt_tokens, num_candidates, seed)
    steps = room_for_answer(network, len(prompt_tokens), sampling)
    searching = sampling.num_beams > 1 and not sampling.greedy
    if sampling.greedy:
        num_candidates = 1
    elif searching:
        num_candidates = min(num_candidates, sampling.num_beams)
    most = MOST_ROWS if network.rows_are_independent else BLOCK
    blocks = 1 if searching else -(-num_candidates // most)

    progress = Progress(steps * blocks, on_step, should_stop, on_tokens)
    if progress.stopped():
        return [Answer((), False)] * num_candidates
    with threads_for(network):
        start = prefill(network, prompt_tokens, steps)
        if searching:
            return search_beams(start, sampling, progress)[:num_candidates]
        if sampling.greedy:
            return decode_rows(start, 1, 1, sampling, lambda scores, *_: scores.argmax(-1), progress)
        answers = []
        for block, first in enumerate(range(0, num_candidates, most)):
            wanted = min(most, num_candidates - first)
            answers += sample_block(start, seed, first, wanted, sampling, progress, block * steps)
        return answers


def check_request(network: Network, prompt_tokens: list[int], num_candidates: int, seed: int) -> None:
    """Raise a ValueError that names the argument `generate` cannot work with."""
    if not is_whole(num_candidates, least=1):
        raise ValueError(f"num_candidates must be a whole number, 1 or more, not {num_candidates!r}")
    check_seed(seed)
    if not prompt_tokens:
        raise ValueError("the prompt has no tokens; a network needs at least one to start from")
    stranger = next((token for token in prompt_tokens if not 0 <= token < network.config.vocab_size), None)
    if stranger is not None:
        raise ValueError(
            f"token id {stranger} is outside the network's vocabulary of {network.config.vocab_size}: "
            "tokenizer.json and config.json are not of the same checkpoint"
        )


def total_tokens(network: Network, sampling: Sampling) -> int | None:
    """Most tokens prompt and answer may have together; None when nothing limits them."""
    limits = [limit for limit in (network.config.max_positions, sampling.max_length) if limit is not None]
    return min(limits, default=None)


def room_for_answer(network: Network, prompt_length: int, sampling: Sampling) -> int:
    """How many tokens may be written behind the prompt."""
    total = total_tokens(network, sampling)
    if total is None:
        return sampling.max_new_tokens
    if prompt_length >= total:
        raise ValueError(
            f"the prompt has {prompt_length} tokens and prompt and answer together may have {total}: "
            "shorten the prompt, or raise max_length if that is the limit"
        )
    return min(sampling.max_new_tokens, total - prompt_length)


def decode_rows(
    start: Start,
    rows: int,
    wanted: int,
    sampling: Sampling,
    choose: Callable[[torch.Tensor, int, list[int]], torch.Tensor],
    progress: Progress,
    done: int = 0,
    first: int = 0,
) -> list[Answer]:
    """Continue the prompt in `rows` rows, of which the first `wanted` count: the end is when they have ended.

    choose  picks the next tokens: (scores float32 [n, vocabulary], step, which of the rows these are) -> int64 [n]
    done    steps that were reported before
    first   which answer the first row is
    """
    network, ends = start.network, start.network.config.ends
    steps, scores = begin(start, rows), start.logits.repeat(rows, 1)
    history, length = start.history(rows), start.prompt.shape[1]
    written, finished = [[] for _ in range(wanted)], [False] * wanted
    present = list(range(rows))  # the row that each line of cache, history and scores belongs to
    # A GPU works on while its tokens travel: they are read one step late, and a step is done in vain at the end.
    late, sent = int(scores.device.type == "cuda"), deque()

    def read(tokens: list[int]) -> None:
        for row, token in zip(present, tokens, strict=True):
            if row < wanted:
                finished[row] = finished[row] or token in ends
                if not finished[row]:
                    written[row].append(token)
                    progress.tell(first + row, written[row])

    for step in range(start.steps):
        if progress.stopped():
            break
        penalise_(scores, history[:, : length + step], sampling.repetition_penalty)
        if step < sampling.min_new_tokens:
            scores[:, ends] = -math.inf
        tokens = choose(scores, step, present)
        history[:, length + step] = tokens
        sent.append(on_its_way(tokens))
        if len(sent) > late:
            read(sent.popleft()())
        if all(finished) or step + 1 == start.steps:
            progress.report(done + start.steps)
            break
        progress.report(done + step + 1)
        if network.rows_are_independent and any(finished[row] for row in present):
            left = [line for line, row in enumerate(present) if not finished[row]]
            present = [present[line] for line in left]
            index = torch.tensor(left, device=tokens.device)
            history, tokens = history[index], tokens[index]
            steps.reorder(index)
        scores = None  # gone before there are new ones: of 250 880 words they are megabytes
        scores = steps(tokens)
    for wait in sent:
        read(wait())
    return [Answer(tuple(tokens), ended) for tokens, ended in zip(written, finished, strict=True)]


def sample_block(
    start: Start, seed: int, first: int, wanted: int, sampling: Sampling, progress: Progress, done: int
) -> list[Answer]:
    """Sample candidates first .. first + wanted - 1, each with its own random stream, after `done` steps."""
    if progress.has_stopped:
        return [Answer((), False)] * wanted
    rows = wanted if start.network.rows_are_independent else BLOCK
    chances = [uniforms(seed, first + row, start.steps) for row in range(rows)]
    chances = torch.tensor(chances, dtype=torch.float32).to(start.logits.device)

    def choose(scores: torch.Tensor, step: int, present: list[int]) -> torch.Tensor:
        probabilities, tokens = shortlist(scores, sampling)
        return draw(probabilities, tokens, chances[present if len(present) < rows else slice(None), step])

    return decode_rows(start, rows, wanted, sampling, choose, progress, done, first)
