"""From logits to tokens: the sampling filters, one random stream a candidate, greedy and beam search."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from numbers import Integral, Real

import torch

from .cuda_graphs import has_graphs, recorded_step
from .threads import threads_for

# Candidates are decoded in blocks of exactly this many rows: candidate k is row k % BLOCK of block k //
# BLOCK, and the unused rows of the last block are copies whose work is thrown away. Floating-point matmul
# kernels choose another order of summation for another number of rows, and a difference in the last bit is
# enough to tip a sampled token. Only one fixed shape makes "candidate k of seed s" the same text whatever the
# number of candidates. Where the rows of a network are independent to the last bit (see packed.py: int8, float16)
# there are as many rows as candidates, and those that have ended are left out.
BLOCK = 5
MOST_ROWS = 16  # of such a network at once: more save no time, and need memory

# Half-precision logits tie often. As transformers does, every token that ties with the k-th best stays in the
# top k; this is the room for them. Were there more, the surplus of equally unlikely tokens would be left out.
TIE_ROOM = 256

# The best words of a vocabulary are found group by group where there are as many words to a group.
LEAST_GROUP = 8

# Dividing by a temperature below this would overflow float32; the distribution is a spike long before.
COLDEST = 1e-6

MAX_SEED = 2**64 - 1


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen from the logits; the fields mean what they mean in transformers'
    `generate`.

    temperature         > 0; divides the logits
    top_k               keep the k best tokens (and those that tie with the k-th); 0 is off
    top_p               keep the best tokens that together reach this probability, 0 < top_p <= 1; 1 is off
    repetition_penalty  > 0; makes tokens of the prompt and of the answer less likely; 1 is off
    max_new_tokens      longest answer, in tokens
    min_new_tokens      an answer does not end before it has this many tokens
    max_length          prompt and answer together, in tokens; None is no limit
    greedy              the best token each time: one answer, temperature, top_k, top_p and num_beams unused
    num_beams           above 1: beam search, at most num_beams answers, the best first, no chance
    length_penalty      beams are ranked by log probability / length ** length_penalty

    Raises ValueError naming the field, what it was and what it may be.
    """

    temperature: float = 1.0
    top_k: int = 50
    top_p: float = 0.95
    repetition_penalty: float = 1.2
    max_new_tokens: int = 128
    min_new_tokens: int = 0
    max_length: int | None = None
    greedy: bool = False
    num_beams: int = 1
    length_penalty: float = 1.0

    def __post_init__(self):
        if not is_number(self.temperature) or self.temperature <= 0:
            raise ValueError(
                f"temperature must be a number above 0, not {self.temperature!r}; "
                "for the most likely prompt every time use greedy=True"
            )
        if not is_whole(self.top_k, least=0):
            raise ValueError(f"top_k must be a whole number, 0 (off) or more, not {self.top_k!r}")
        if not is_number(self.top_p) or not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be above 0 and at most 1 (off), not {self.top_p!r}")
        if not is_number(self.repetition_penalty) or self.repetition_penalty <= 0:
            raise ValueError(f"repetition_penalty must be a number above 0 (1 is off), not {self.repetition_penalty!r}")
        if not is_whole(self.max_new_tokens, least=1):
            raise ValueError(f"max_new_tokens must be a whole number, 1 or more, not {self.max_new_tokens!r}")
        if not is_whole(self.min_new_tokens, least=0):
            raise ValueError(f"min_new_tokens must be a whole number, 0 or more, not {self.min_new_tokens!r}")
        if self.max_length is not None and not is_whole(self.max_length, least=2):
            raise ValueError(f"max_length must be None or a whole number, 2 or more, not {self.max_length!r}")
        if not isinstance(self.greedy, bool):
            raise ValueError(f"greedy must be True or False, not {self.greedy!r}")
        if not is_whole(self.num_beams, least=1):
            raise ValueError(f"num_beams must be a whole number, 1 (no beam search) or more, not {self.num_beams!r}")
        if not is_number(self.length_penalty):
            raise ValueError(f"length_penalty must be a finite number, not {self.length_penalty!r}")


@dataclass(frozen=True)
class Answer:
    """What one candidate wrote: token ids without the end token, and whether it came to its end by itself."""

    tokens: tuple[int, ...]
    finished: bool


def is_whole(value: object, least: int) -> bool:
    """Whether value is an integer (True and False are not) of at least `least`."""
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= least


def is_number(value: object) -> bool:
    """Whether value is a finite real number (True and False are not)."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


@torch.inference_mode()
def generate(
    network,
    prompt_tokens: list[int],
    num_candidates: int,
    seed: int,
    sampling: Sampling,
    on_step: Callable[[int, int], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> list[Answer]:
    """Let the network answer a prompt.

    network         a DecoderOnly, on any device
    prompt_tokens   token ids of the whole prompt, template included
    num_candidates  how many answers; greedy gives one, beam search at most num_beams
    seed            0 to 2**64 - 1; answer k depends on (seed, k) and not on num_candidates or earlier calls
    on_step         called with (done, total) after each token step, both in steps
    should_stop     asked before each token step; once it says True the answers end where they are

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

    watch = Watch(steps * blocks, on_step, should_stop)
    if watch.stopped():
        return [Answer((), False)] * num_candidates
    with threads_for(network):
        start = prefill(network, prompt_tokens, steps)
        if searching:
            return search_beams(start, sampling, watch)[:num_candidates]
        if sampling.greedy:
            return decode_rows(start, 1, 1, sampling, lambda scores, *_: scores.argmax(-1), watch)
        answers = []
        for block, first in enumerate(range(0, num_candidates, most)):
            wanted = min(most, num_candidates - first)
            answers += sample_block(start, seed, first, wanted, sampling, watch, block * steps)
        return answers


def check_request(network, prompt_tokens: list[int], num_candidates: int, seed: int) -> None:
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


def check_seed(seed: int) -> None:
    """Raise a ValueError when a seed is not one that ComfyUI can have."""
    if not is_whole(seed, least=0) or seed > MAX_SEED:
        raise ValueError(f"seed must be a whole number from 0 to {MAX_SEED}, not {seed!r}")


def total_tokens(network, sampling: Sampling) -> int | None:
    """Most tokens prompt and answer may have together; None when nothing limits them."""
    limits = [limit for limit in (network.config.max_positions, sampling.max_length) if limit is not None]
    return min(limits, default=None)


def room_for_answer(network, prompt_length: int, sampling: Sampling) -> int:
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


class Watch:
    """Reports steps to on_step and remembers that should_stop once said True."""

    def __init__(self, total: int, on_step: Callable | None, should_stop: Callable | None):
        self.total, self.on_step, self.should_stop = total, on_step, should_stop
        self.has_stopped = False

    def stopped(self) -> bool:
        if self.should_stop is not None:
            self.has_stopped = bool(self.should_stop())
        return self.has_stopped

    def report(self, done: int) -> None:
        if self.on_step is not None:
            self.on_step(done, self.total)


@dataclass(frozen=True)
class Start:
    """The prompt, read once: what every candidate continues from."""

    network: object
    prompt: torch.Tensor  # int64 [1, prompt tokens]
    cache: object  # one row, the prompt's
    logits: torch.Tensor  # float32 [1, vocabulary]: the first token of the answer
    steps: int

    def history(self, rows: int) -> torch.Tensor:
        """int64 [rows, prompt + answer]: the tokens of every row; the answer's part is zero until written."""
        answer = self.prompt.new_zeros((rows, self.steps))
        return torch.cat((self.prompt.expand(rows, -1), answer), dim=1)


def prefill(network, prompt_tokens: list[int], steps: int) -> Start:
    device = next(chain(network.parameters(), network.buffers())).device
    prompt = torch.tensor([prompt_tokens], dtype=torch.int64, device=device)
    cache = network.new_cache(1, len(prompt_tokens))
    hidden = network(prompt, cache)
    return Start(network, prompt, cache, network.logits(hidden[:, -1]).float(), steps)


class Steps:
    """What a network says after each token: a row of its cache for every line of text."""

    def __init__(self, network, cache):
        self.network, self.cache = network, cache

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:
        """Scores float32 [rows, vocabulary] after tokens int64 [rows]."""
        return self.network.logits(self.network(tokens[:, None], self.cache)[:, -1]).float()

    def reorder(self, rows: torch.Tensor) -> None:
        """Row i becomes what row rows[i] is (int64 [any number of rows])."""
        self.cache = self.cache.reorder(rows)


def begin(start: Start, rows: int):
    """The steps that continue a prompt in so many rows: recorded on a GPU that can, flat on a CPU, else a Steps."""
    device, capacity = start.prompt.device, start.prompt.shape[1] + start.steps
    recorded = recorded_step(start.network, rows, capacity) if has_graphs(device) else None
    if recorded is None:
        # Not before a network is there: every start of ComfyUI would wait for it.
        from .cpu_steps import CpuSteps

        kind = CpuSteps if device.type == "cpu" else Steps
        return kind(start.network, start.cache.expand(rows, capacity))
    recorded.begin(start.cache)
    return recorded


def on_its_way(tokens: torch.Tensor) -> Callable[[], list[int]]:
    """Send tokens to the CPU: what comes back waits for them. Meanwhile the next step can be started."""
    if tokens.device.type != "cuda":
        return tokens.tolist
    arrived = torch.cuda.Event()
    there = torch.empty(tokens.shape, dtype=tokens.dtype, pin_memory=True)
    there.copy_(tokens, non_blocking=True)
    arrived.record()

    def wait() -> list[int]:
        arrived.synchronize()
        return there.tolist()

    return wait


def decode_rows(
    start: Start,
    rows: int,
    wanted: int,
    sampling: Sampling,
    choose: Callable[[torch.Tensor, int, list[int]], torch.Tensor],
    watch: Watch,
    done: int = 0,
) -> list[Answer]:
    """Continue the prompt in `rows` rows, of which the first `wanted` count: the end is when they have ended.

    choose  picks the next tokens: (scores float32 [n, vocabulary], step, which of the rows these are) -> int64 [n]
    done    steps that were reported before
    """
    network, eos = start.network, start.network.config.eos_token_id
    steps, scores = begin(start, rows), start.logits.repeat(rows, 1)
    history, length = start.history(rows), start.prompt.shape[1]
    written, finished = [[] for _ in range(wanted)], [False] * wanted
    present = list(range(rows))  # the row that each line of cache, history and scores belongs to
    # A GPU works on while its tokens travel: they are read one step late, and a step is done in vain at the end.
    late, sent = int(scores.device.type == "cuda"), deque()

    def read(tokens: list[int]) -> None:
        for row, token in zip(present, tokens, strict=True):
            if row < wanted:
                finished[row] = finished[row] or token == eos
                if not finished[row]:
                    written[row].append(token)

    for step in range(start.steps):
        if watch.stopped():
            break
        penalise_(scores, history[:, : length + step], sampling.repetition_penalty)
        if step < sampling.min_new_tokens:
            scores[:, eos] = -math.inf
        tokens = choose(scores, step, present)
        history[:, length + step] = tokens
        sent.append(on_its_way(tokens))
        if len(sent) > late:
            read(sent.popleft()())
        if all(finished) or step + 1 == start.steps:
            watch.report(done + start.steps)
            break
        watch.report(done + step + 1)
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
    start: Start, seed: int, first: int, wanted: int, sampling: Sampling, watch: Watch, done: int
) -> list[Answer]:
    """Sample candidates first .. first + wanted - 1, each with its own random stream, after `done` steps."""
    if watch.has_stopped:
        return [Answer((), False)] * wanted
    rows = wanted if start.network.rows_are_independent else BLOCK
    chances = [uniforms(seed, first + row, start.steps) for row in range(rows)]
    chances = torch.tensor(chances, dtype=torch.float32).to(start.logits.device)

    def choose(scores: torch.Tensor, step: int, present: list[int]) -> torch.Tensor:
        probabilities, tokens = shortlist(scores, sampling)
        return draw(probabilities, tokens, chances[present if len(present) < rows else slice(None), step])

    return decode_rows(start, rows, wanted, sampling, choose, watch, done)


def penalise_(scores: torch.Tensor, seen: torch.Tensor, penalty: float) -> None:
    """Make the tokens `seen` [rows, any] less likely in `scores` [rows, vocabulary], in place.

    Scores below 0 are multiplied by the penalty, others divided by it (CTRL, arXiv 1909.05858, section 4.1,
    as in transformers' RepetitionPenaltyLogitsProcessor: once for each token, however often it was seen).
    """
    if penalty == 1:
        return
    values = scores.gather(1, seen)
    scores.scatter_(1, seen, torch.where(values < 0, values * penalty, values / penalty))


def shortlist(scores: torch.Tensor, sampling: Sampling) -> tuple[torch.Tensor, torch.Tensor]:
    """The tokens that may come next and how likely each is, after temperature, top_k and top_p.

    scores: float32 [rows, vocabulary]. Returns probabilities float32 [rows, n] (0 for tokens filtered out,
    not normalised after top_p) and token ids int64 [rows, n]. The distribution is that of transformers'
    Temperature-, TopK- and TopPLogitsWarper in this order; because temperature keeps the order of the tokens
    the top k can be taken first, and all that follows works on k numbers instead of the whole vocabulary.
    """
    vocabulary = scores.shape[-1]
    if 0 < sampling.top_k < vocabulary:
        scores, tokens = best_and_ties(scores, sampling.top_k)
    elif sampling.top_p < 1:
        scores, tokens = scores.sort(descending=True)
    else:
        tokens = torch.arange(vocabulary, device=scores.device).expand_as(scores)
    probabilities = (scores / max(sampling.temperature, COLDEST)).softmax(-1)
    if sampling.top_p < 1:
        # A token goes when it and all less likely ones together have at most 1 - top_p; the best one stays.
        at_or_below = probabilities.flip(-1).cumsum(-1).flip(-1)
        out = at_or_below <= 1 - sampling.top_p
        out[:, 0] = False
        probabilities = probabilities.masked_fill(out, 0)
    return probabilities, tokens


def best_and_ties(scores: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The k best of scores [rows, vocabulary] and those that tie with the k-th: values (-inf for what is neither) and
    token ids, both [rows, k or more], best first."""
    vocabulary = scores.shape[-1]
    if scores.device.type == "cpu":  # where looking is cheap, and ties are rare
        values, tokens = best(scores, min(k + 1, vocabulary))
        if not (values[:, k - 1] == values[:, -1]).any():
            return values[:, :k], tokens[:, :k]
    values, tokens = best(scores, min(k + TIE_ROOM, vocabulary))
    return values.masked_fill(values < values[:, k - 1, None], -math.inf), tokens


def best(scores: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """scores.topk(k), quicker for a large vocabulary: the k best words are in the k groups of words whose best ones are
    the best."""
    size = 2 ** round(math.log2(scores.shape[-1] / k) / 2)  # as much to look through first as afterwards
    if size < LEAST_GROUP:
        return scores.topk(k)
    groups = scores.shape[-1] // size
    # A group is of words that lie apart: quick to compare.
    together = scores[:, : groups * size].unflatten(1, (size, groups))
    chosen = together.amax(1).topk(k, sorted=False).indices
    inside = torch.arange(0, groups * size, groups, device=scores.device)
    tokens = (chosen[:, None] + inside[:, None]).flatten(1)
    if groups * size < scores.shape[-1]:
        left = torch.arange(groups * size, scores.shape[-1], device=scores.device).expand(len(scores), -1)
        tokens = torch.cat((tokens, left), 1)
    values, places = scores.gather(1, tokens).topk(k)
    return values, tokens.gather(1, places)


def draw(probabilities: torch.Tensor, tokens: torch.Tensor, chances: torch.Tensor) -> torch.Tensor:
    """A token for each row: the cumulative distribution inverted at `chances` (float32 [rows], in [0, 1))."""
    cumulative = probabilities.cumsum(-1)
    # A float32 chance is at most 1 - 2**-24, and times the total it is less than the total however it is
    # rounded: the last token always counts as beyond it, so that the index is one of a token.
    index = (cumulative <= chances[:, None] * cumulative[:, -1:]).sum(-1)
    return tokens.gather(1, index[:, None]).squeeze(1)


def uniforms(seed: int, candidate: int, count: int) -> list[float]:
    """`count` numbers, 0 <= u < 1 with 24 bits each: the random stream of one candidate of one seed.

    SplitMix64 (Steele, Lea and Flood 2014) from a state that mixes seed and candidate: it needs no generator
    whose state others could disturb, and gives the same numbers with every version of every library.
    """
    state = mix64(mix64(int(seed)) + candidate)
    return [(mix64(state + step * GOLDEN_GAMMA) >> 40) * 2.0**-24 for step in range(1, count + 1)]


GOLDEN_GAMMA = 0x9E3779B97F4A7C15


def mix64(number: int) -> int:
    """SplitMix64's finaliser: each bit of the 64-bit input flips each bit of the result half of the time."""
    number &= MAX_SEED
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9 & MAX_SEED
    number = (number ^ (number >> 27)) * 0x94D049BB133111EB & MAX_SEED
    return number ^ (number >> 31)


@dataclass(frozen=True)
class Hypothesis:
    """A beam that has ended: its rank (log probability / length ** length_penalty) and what it wrote."""

    score: float
    answer: Answer


def search_beams(start: Start, sampling: Sampling, watch: Watch) -> list[Answer]:
    """Beam search as transformers 5 does it with early_stopping=False: num_beams answers, the best first.

    Twice as many continuations as beams are looked at, so that num_beams remain when the best ones end. The
    search is over when num_beams hypotheses have ended and the best running beam, at its present length,
    ranks no higher than the worst of them.
    """
    eos, beams = start.network.config.eos_token_id, sampling.num_beams
    steps, logits = begin(start, beams), start.logits.repeat(beams, 1)
    history, length = start.history(beams), start.prompt.shape[1]
    # All beams are the same row at first: only the first one may be continued.
    log_probabilities = logits.new_full((beams,), -1e9)
    log_probabilities[0] = 0
    running: list[list[int]] = [[] for _ in range(beams)]
    ended: list[Hypothesis] = []

    for step in range(start.steps):
        if watch.stopped():
            break
        scores = logits.log_softmax(-1)
        penalise_(scores, history[:, : length + step], sampling.repetition_penalty)
        if step < sampling.min_new_tokens:
            scores[:, eos] = -math.inf
        values, places = (scores + log_probabilities[:, None]).flatten().topk(2 * beams)
        ranks = (values / (step + 1) ** sampling.length_penalty).tolist()
        places = places.tolist()
        parents = [place // scores.shape[-1] for place in places]
        tokens = [place % scores.shape[-1] for place in places]
        last = step + 1 == start.steps
        for i in range(beams):
            if tokens[i] == eos:
                ended.append(Hypothesis(ranks[i], Answer(tuple(running[parents[i]]), True)))
            elif last:
                ended.append(Hypothesis(ranks[i], Answer((*running[parents[i]], tokens[i]), False)))
        ended = sorted(ended, key=lambda hypothesis: -hypothesis.score)[:beams]
        going_on = [i for i in range(2 * beams) if tokens[i] != eos][:beams]
        running = [[*running[parents[i]], tokens[i]] for i in going_on]
        if last or (len(ended) == beams and ranks[going_on[0]] <= ended[-1].score):
            watch.report(start.steps)
            return [hypothesis.answer for hypothesis in ended]
        watch.report(step + 1)

        log_probabilities = values[going_on]
        rows = torch.tensor([parents[i] for i in going_on], device=logits.device)
        history = history[rows]
        history[:, length + step] = torch.tensor([tokens[i] for i in going_on], device=logits.device)
        steps.reorder(rows)
        logits = steps(history[:, length + step])

    unfinished = [Answer(tuple(tokens), False) for tokens in running]
    return ([hypothesis.answer for hypothesis in ended] + unfinished)[:beams]
