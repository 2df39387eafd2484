"""Decoding: filters and searches against transformers', and what is promised of seeds, steps and stopping."""

import math
from itertools import product

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_beautifier.beautifier.language import sampling as language_sampling
from prompt_beautifier.beautifier.language.decoding import BLOCK, generate
from prompt_beautifier.beautifier.language.sampling import TIE_ROOM
from prompt_beautifier.beautifier.language.steps import Answer
from prompt_beautifier.beautifier.language.weights import load_network
from prompt_beautifier.beautifier.request import Sampling

from ..stand_ins import tiny

PROMPT = [5, 9, 4, 17, 9]
OFF = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "repetition_penalty": 1.0}


@pytest.fixture(scope="module")
def bloom(tmp_path_factory):
    return load_network(tiny.save_bloom(tmp_path_factory.mktemp("bloom"), vocab_size=60))


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    return load_network(tiny.save_gpt2(tmp_path_factory.mktemp("gpt2"), vocab_size=60, positions=64))


def counted(network, monkeypatch) -> list[tuple[int, int]]:
    """The shapes of the tokens that are read from now on, by forward passes and steps."""
    shapes, embed = [], network.embed

    def counting(tokens, places):
        shapes.append(tuple(tokens.shape))
        return embed(tokens, places)

    monkeypatch.setattr(network, "embed", counting)
    return shapes


def never_ending(network, monkeypatch) -> None:
    """Make the end token impossible, so that every answer has all its tokens."""
    logits = network.logits

    def without_end(hidden):
        scores = logits(hidden).clone()
        scores[..., network.config.eos_token_id] = -math.inf
        return scores

    monkeypatch.setattr(network, "logits", without_end)


# -- settings


@pytest.mark.parametrize(
    "field, values",
    {
        "temperature": (0, 0.0, -1, math.nan, math.inf, "1", True, None),
        "top_k": (-1, 1.5, True, "5", None),
        "top_p": (0, 0.0, -0.1, 1.01, math.nan, True, None),
        "min_p": (-0.1, 1.01, math.nan, True, None),
        "repetition_penalty": (0, -1.2, math.nan, math.inf, False),
        "max_new_tokens": (0, -1, 3.0, True, None),
        "max_length": (1, 0, 5.0, True),
        "greedy": (1, "yes", None),
        "num_beams": (0, -8, 2.0, True),
        "length_penalty": (math.nan, math.inf, "1", True),
    }.items(),
)
def test_bad_settings_are_named(field, values):
    for value in values:
        with pytest.raises(ValueError, match=rf"^{field} must be .*{value!r}"):
            Sampling(**{field: value})


def test_temperature_zero_points_to_greedy():
    with pytest.raises(ValueError, match="greedy=True"):
        Sampling(temperature=0)


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"num_candidates": 0}, "num_candidates"),
        ({"num_candidates": True}, "num_candidates"),
        ({"num_candidates": 2.0}, "num_candidates"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**64}, "seed"),
        ({"seed": 1.0}, "seed"),
        ({"prompt_tokens": []}, "no tokens"),
        ({"prompt_tokens": [4, 60]}, "token id 60"),
        ({"prompt_tokens": [-1]}, "token id -1"),
    ],
)
def test_bad_arguments_are_named(bloom, changed, message):
    good = {"prompt_tokens": PROMPT, "num_candidates": 1, "seed": 0}
    with pytest.raises(ValueError, match=message):
        generate(bloom, sampling=Sampling(max_new_tokens=1), **good | changed)


# -- the filters

SETTINGS = [
    {},
    {"temperature": 0.7},
    {"temperature": 2.5, "top_k": 7},
    {"top_k": 50, "top_p": 0.95, "repetition_penalty": 1.2},
    {"top_k": 50, "top_p": 0.3, "temperature": 0.9, "repetition_penalty": 0.8},
    {"top_p": 0.9},
    {"top_k": 80, "top_p": 0.95, "temperature": 0.5, "min_p": 0.05},
    {"min_p": 0.3},
    {"top_p": 0.01},
    {"top_p": 1e-9},
    {"top_k": 1},
    {"top_k": 10**6, "top_p": 0.5},
]


def published_distribution(scores, seen, sampling):
    """What transformers' generate would sample from, float32 [rows, vocabulary]."""
    processors = pytest.importorskip("transformers").generation.logits_process
    chain = []
    if sampling.repetition_penalty != 1:
        chain.append(processors.RepetitionPenaltyLogitsProcessor(sampling.repetition_penalty))
    if sampling.temperature != 1:
        chain.append(processors.TemperatureLogitsWarper(sampling.temperature))
    if sampling.top_k:
        chain.append(processors.TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1:
        chain.append(processors.TopPLogitsWarper(sampling.top_p))
    if sampling.min_p > 0:
        chain.append(processors.MinPLogitsWarper(sampling.min_p))
    for processor in chain:
        scores = processor(seen, scores)
    return scores.softmax(-1)


def our_distribution(scores, seen, sampling):
    scores = scores.clone()
    language_sampling.penalise_(scores, seen, sampling.repetition_penalty)
    probabilities, tokens = language_sampling.shortlist(scores, sampling)
    probabilities = probabilities / probabilities.sum(-1, keepdim=True)
    return torch.zeros_like(scores).scatter_add_(1, tokens, probabilities)


@pytest.mark.parametrize("changed", SETTINGS)
@pytest.mark.parametrize("vocabulary", [11, 1000, 5000])
def test_distribution_is_that_of_transformers(changed, vocabulary):
    sampling = Sampling(**OFF | changed)
    generator = torch.Generator().manual_seed(vocabulary)
    scores = 3 * torch.randn(4, vocabulary, generator=generator)
    seen = torch.randint(vocabulary, (4, 30), generator=generator)
    expected = published_distribution(scores, seen, sampling)
    found = our_distribution(scores, seen, sampling)
    assert torch.equal(found > 0, expected > 0)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)


def test_tokens_that_tie_with_the_kth_stay_as_in_transformers():
    # Half precision: of 2000 logits there are only some 200 different ones, and every top k cuts through a
    # tie.
    scores = (3 * torch.randn(4, 2000, generator=torch.Generator().manual_seed(0))).bfloat16().float()
    sampling = Sampling(**OFF | {"top_k": 50})
    expected = published_distribution(scores, None, sampling)
    assert ((expected > 0).sum(-1) > 50).any(), "the example must have ties"
    torch.testing.assert_close(our_distribution(scores, None, sampling), expected)


def test_more_ties_than_there_is_room_for_only_lose_the_surplus():
    found = our_distribution(torch.zeros(1, 5000), None, Sampling(**OFF | {"top_k": 3}))
    assert (found > 0).sum() == 3 + TIE_ROOM
    assert found.max() == found[found > 0].min()


@pytest.mark.parametrize("words", [128 * 300, 128 * 300 + 17, 4096])
@pytest.mark.parametrize("k", [1, 51, 299, 4096])
def test_the_best_of_a_large_vocabulary_are_those_that_topk_finds(words, k):
    scores = torch.randn(5, words, generator=torch.Generator().manual_seed(k))
    scores[0, -40:] += 9
    scores[1, 128:256] += 9
    scores[2, ::100] += 9  # in few groups, whatever their number
    values, tokens = language_sampling.highest(scores, k)
    assert torch.equal(values, scores.topk(k).values) and torch.equal(values, scores.gather(1, tokens))
    assert all(len(set(row)) == k for row in tokens.tolist())


def test_ties_across_blocks_of_a_large_vocabulary_stay():
    scores = torch.zeros(1, 128 * 300)
    scores[0, ::1000] = 1.0  # 39 of them
    found = our_distribution(scores, None, Sampling(**OFF | {"top_k": 5}))
    assert (found > 0).sum() == 39


@pytest.mark.parametrize("temperature", [1e-300, 1e-30, 1e-5, 1e30])
@pytest.mark.parametrize("top_k", [0, 5])
def test_extreme_temperatures_stay_a_distribution(temperature, top_k):
    scores = 100 * torch.randn(3, 50, generator=torch.Generator().manual_seed(1))
    found = our_distribution(scores, None, Sampling(**OFF | {"temperature": temperature, "top_k": top_k}))
    torch.testing.assert_close(found.sum(-1), torch.ones(3))
    if temperature < 1:
        assert torch.equal(found.argmax(-1), scores.argmax(-1)) and found.max(-1).values.min() > 0.999


def test_impossible_tokens_are_never_drawn():
    scores = torch.full((1, 400), -math.inf)
    scores[0, [7, 300]] = 0.0
    for top_k, top_p in ((0, 1.0), (50, 1.0), (0, 0.99), (50, 0.99)):
        probabilities, tokens = language_sampling.shortlist(scores, Sampling(top_k=top_k, top_p=top_p))
        drawn = {
            int(language_sampling.draw(probabilities, tokens, torch.tensor([chance])))
            for chance in (0.0, 0.3, 0.5, 0.7, 1 - 2**-24)
        }
        assert drawn == {7, 300}


@pytest.mark.parametrize("changed", [{}, {"top_k": 4}, {"top_k": 6, "top_p": 0.8, "temperature": 0.7}])
def test_draws_have_the_frequencies_of_the_distribution(changed):
    sampling, rows = Sampling(**OFF | changed), 40_000
    scores = torch.tensor([[0.3, -1.0, 2.0, 0.0, 1.5, -0.2, 0.9, -3.0]])
    expected = our_distribution(scores, None, sampling)[0]
    probabilities, tokens = language_sampling.shortlist(scores, sampling)
    chances = torch.tensor([language_sampling.uniforms(3, row, 1)[0] for row in range(rows)])
    drawn = language_sampling.draw(probabilities.expand(rows, -1), tokens.expand(rows, -1), chances)
    counts = torch.bincount(drawn, minlength=8).double()
    wanted = expected.double() * rows
    assert torch.equal(counts > 0, expected > 0)
    chi_squared = ((counts - wanted) ** 2 / wanted.clamp(min=1e-9))[expected > 0].sum()
    assert chi_squared < 24.3, "less likely than 1 in 1000 for 7 degrees of freedom"


@pytest.mark.slow
@given(st.integers(0, 2**24 - 1), st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40).filter(any))
@settings(deadline=None, max_examples=300)
def test_draw_inverts_the_cumulative_distribution(chance, weights):
    probabilities = torch.tensor([weights])
    tokens, chances = torch.arange(len(weights))[None], torch.tensor([chance * 2.0**-24])
    index = int(language_sampling.draw(probabilities, tokens, chances))
    assert probabilities[0, index] > 0
    cumulative = probabilities[0].double().cumsum(0)
    chance = chance * 2.0**-24 * float(cumulative[-1])
    assert cumulative[index] >= chance - 1e-5 and (index == 0 or cumulative[index - 1] <= chance + 1e-5)


# -- random streams


def test_splitmix64_is_the_published_one():
    state, numbers = 1234567, []
    for step in range(1, 6):
        numbers.append(language_sampling.mix64(state + step * language_sampling.GOLDEN_GAMMA))
    assert numbers == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_streams_are_uniform_and_independent():
    seeds = (0, 1, 2, 2**32, 2**63, 2**64 - 1)
    streams = [language_sampling.uniforms(seed, k, 64) for seed in seeds for k in range(64)]
    streams = torch.tensor(streams, dtype=torch.float64)
    assert streams.min() >= 0 and streams.max() < 1
    assert len({tuple(row) for row in streams.tolist()}) == len(streams)
    deviations = 1 / math.sqrt(12 * streams.numel())
    assert abs(streams.mean() - 0.5) < 4 * deviations
    correlations = torch.corrcoef(streams).fill_diagonal_(0)
    assert correlations.abs().max() < 0.65, "64 numbers of two independent streams correlate less than this"


def test_a_seed_may_be_a_numpy_integer():
    assert language_sampling.uniforms(numpy.uint64(2**63), 1, 9) == language_sampling.uniforms(2**63, 1, 9)


def test_every_float_of_a_stream_is_exact_in_float32():
    stream = language_sampling.uniforms(9, 9, 1000)
    assert torch.tensor(stream, dtype=torch.float32).double().tolist() == stream


# -- what a seed promises


@pytest.mark.parametrize("name", ["bloom", "gpt2"])
def test_a_candidate_is_the_same_whatever_the_number_of_candidates(request, name):
    network = request.getfixturevalue(name)
    sampling = Sampling(max_new_tokens=40)
    twelve = generate(network, PROMPT, 12, 7, sampling)
    assert len(twelve) == 12 and len(set(twelve)) > 9
    for count in (1, 3, BLOCK, BLOCK + 1, 11):
        assert generate(network, PROMPT, count, 7, sampling) == twelve[:count]


def test_other_calls_between_change_nothing(bloom, gpt2):
    sampling = Sampling(max_new_tokens=30)
    first = generate(bloom, PROMPT, 4, 2**64 - 1, sampling)
    generate(gpt2, PROMPT, 7, 3, sampling)
    generate(bloom, PROMPT[:2], 2, 1, Sampling(max_new_tokens=50, num_beams=3))
    torch.manual_seed(5)
    assert generate(bloom, PROMPT, 4, 2**64 - 1, sampling) == first


def test_other_seeds_give_other_answers(bloom):
    sampling = Sampling(max_new_tokens=30)
    answers = [generate(bloom, PROMPT, 1, seed, sampling)[0] for seed in (0, 1, 2**32, 2**63)]
    assert len(set(answers)) == 4


def test_a_longer_limit_only_adds_tokens(bloom):
    short = generate(bloom, PROMPT, 5, 1, Sampling(max_new_tokens=8))
    long = generate(bloom, PROMPT, 5, 1, Sampling(max_new_tokens=30))
    assert [answer.tokens[:8] for answer in long] == [answer.tokens for answer in short]


def test_no_global_random_state_is_used_or_changed(bloom):
    before = torch.random.get_rng_state()
    generate(bloom, PROMPT, 3, 0, Sampling(max_new_tokens=5))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_blocks_have_one_shape(bloom, monkeypatch):
    never_ending(bloom, monkeypatch)
    shapes = counted(bloom, monkeypatch)
    generate(bloom, PROMPT, 7, 0, Sampling(max_new_tokens=4))
    # One prefill, two blocks; the last token is never fed.
    assert shapes == [(1, len(PROMPT))] + 2 * 3 * [(BLOCK,)]


# -- the end


def test_the_end_token_ends_an_answer_and_is_not_in_it(bloom):
    answers = generate(bloom, PROMPT, 40, 0, Sampling(**OFF | {"temperature": 3.0, "max_new_tokens": 60}))
    ended = [answer for answer in answers if answer.finished]
    assert ended and len(ended) < 40
    assert all(len(answer.tokens) < 60 for answer in ended)
    assert all(len(answer.tokens) == 60 for answer in answers if not answer.finished)
    assert not any(tiny.EOS in answer.tokens for answer in answers)


def test_a_block_ends_with_its_last_real_candidate(bloom, monkeypatch):
    hot = Sampling(**OFF | {"temperature": 3.0, "max_new_tokens": 60})
    seed = next(s for s in range(100) if generate(bloom, PROMPT, 1, s, hot)[0].finished)
    (answer,) = generate(bloom, PROMPT, 1, seed, hot)
    shapes, steps = counted(bloom, monkeypatch), []
    generate(bloom, PROMPT, 1, seed, hot, on_step=lambda done, total: steps.append((done, total)))
    assert len(shapes) == 1 + len(answer.tokens) == len(steps)
    assert steps[-1] == (60, 60)


def test_a_network_without_room_writes_less(gpt2):
    positions = gpt2.config.max_positions
    prompt = [5] * (positions - 6)
    for sampling in (Sampling(greedy=True), Sampling(num_beams=3), Sampling()):
        answers = generate(gpt2, prompt, 2, 0, sampling)
        assert max(len(answer.tokens) for answer in answers) <= 6
        assert any(len(answer.tokens) == 6 and not answer.finished for answer in answers)
    with pytest.raises(ValueError, match="64 tokens"):
        generate(gpt2, [5] * positions, 1, 0, Sampling())


def test_max_length_counts_the_prompt(bloom, monkeypatch):
    never_ending(bloom, monkeypatch)
    (answer,) = generate(bloom, PROMPT, 1, 0, Sampling(max_length=len(PROMPT) + 4))
    assert len(answer.tokens) == 4
    with pytest.raises(ValueError, match="max_length"):
        generate(bloom, PROMPT, 1, 0, Sampling(max_length=len(PROMPT)))


# -- progress and stopping

WAYS = {
    "sampling": (7, Sampling(max_new_tokens=6), 12),
    "greedy": (1, Sampling(max_new_tokens=6, greedy=True), 6),
    "beams": (3, Sampling(max_new_tokens=6, num_beams=3), 6),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_step_is_reported(bloom, monkeypatch, way):
    never_ending(bloom, monkeypatch)
    candidates, sampling, total = WAYS[way]
    steps = []
    generate(bloom, PROMPT, candidates, 0, sampling, on_step=lambda *step: steps.append(step))
    assert steps == [(done, total) for done in range(1, total + 1)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("tokens", [0, 1, 4])
def test_stopping_takes_at_most_one_token(bloom, monkeypatch, way, tokens):
    never_ending(bloom, monkeypatch)
    candidates, sampling, _ = WAYS[way]
    whole = generate(bloom, PROMPT, candidates, 0, sampling)
    steps, shapes = [], counted(bloom, monkeypatch)
    answers = generate(
        bloom,
        PROMPT,
        candidates,
        0,
        sampling,
        on_step=lambda done, total: steps.append(done),
        should_stop=lambda: len(steps) >= tokens,
    )
    assert len(steps) == tokens and len(shapes) <= tokens + 1
    assert len(answers) == candidates and not any(answer.finished for answer in answers)
    assert [len(answer.tokens) for answer in answers[:BLOCK]] == [tokens] * min(candidates, BLOCK)
    assert answers[BLOCK:] == [Answer((), False)] * max(candidates - BLOCK, 0)
    if way != "beams":
        assert [answer.tokens for answer in answers[:BLOCK]] == [a.tokens[:tokens] for a in whole[:BLOCK]]


def test_a_stop_that_is_said_once_holds(bloom, monkeypatch):
    never_ending(bloom, monkeypatch)
    says = iter([False, False, True])
    answers = generate(bloom, PROMPT, 12, 0, Sampling(max_new_tokens=9), should_stop=lambda: next(says))
    assert [len(answer.tokens) for answer in answers] == [1] * BLOCK + [0] * 7


def test_an_error_in_on_step_comes_through(bloom):
    class Interrupted(Exception):
        pass

    def interrupt(done, total):
        raise Interrupted

    with pytest.raises(Interrupted):
        generate(bloom, PROMPT, 2, 0, Sampling(max_new_tokens=5), on_step=interrupt)


# -- greedy and beams against transformers


@pytest.fixture(scope="module", params=product(("bloom", "gpt2", "llama"), (12, 40)), ids=str)
def pairs(request, tmp_path_factory):
    """Three times the same random weights, in transformers and here. With 12 tokens answers soon end."""
    transformers = pytest.importorskip("transformers")
    architecture, vocab_size = request.param
    folders = [
        tiny.SAVERS[architecture](tmp_path_factory.mktemp(architecture), seed=seed, vocab_size=vocab_size, heads=heads)
        for seed, heads in ((0, 4), (1, 4), (2, 8))
    ]
    return [
        (transformers.AutoModelForCausalLM.from_pretrained(folder).float().eval(), load_network(folder))
        for folder in folders
    ]


def published_answers(model, prompt: list[int], sampling: Sampling) -> list[Answer]:
    """The answers of transformers' generate with the same settings."""
    prompt = torch.tensor([prompt])
    with torch.inference_mode():
        rows = model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            do_sample=False,
            num_beams=sampling.num_beams,
            num_return_sequences=sampling.num_beams,
            length_penalty=sampling.length_penalty,
            early_stopping=False,
            repetition_penalty=float(sampling.repetition_penalty),
            max_new_tokens=sampling.max_new_tokens,
            pad_token_id=3,
        )
    rows = rows[:, prompt.shape[1] :].tolist()
    ends = [row.index(tiny.EOS) if tiny.EOS in row else None for row in rows]
    return [Answer(tuple(row[:end]), end is not None) for row, end in zip(rows, ends, strict=True)]


PROMPTS = [[5], [4, 9, 7], [11, 4, 4, 8, 10, 6, 9], [6, 5] * 10]


@pytest.mark.slow
def test_greedy_is_that_of_transformers(pairs):
    sampling = Sampling(greedy=True, repetition_penalty=1.2, max_new_tokens=75)
    for model, network in pairs:
        for prompt in PROMPTS:
            assert generate(network, prompt, 5, 0, sampling) == published_answers(model, prompt, sampling)


@pytest.mark.slow
@pytest.mark.parametrize(
    "num_beams, length_penalty, max_new_tokens, repetition_penalty",
    [(8, -1.0, 75, 1.0), (8, 1.0, 20, 1.0), (3, 2.0, 30, 1.2), (4, 0.0, 12, 1.0), (2, -0.5, 1, 1.0)],
)
def test_beam_search_is_that_of_transformers(pairs, num_beams, length_penalty, max_new_tokens, repetition_penalty):
    sampling = Sampling(
        num_beams=num_beams,
        length_penalty=length_penalty,
        max_new_tokens=max_new_tokens,
        repetition_penalty=repetition_penalty,
    )
    some_ended = False
    for model, network in pairs:
        for prompt in PROMPTS:
            expected = published_answers(model, prompt, sampling)
            assert generate(network, prompt, num_beams, 0, sampling) == expected
            assert generate(network, prompt, 2, 9, sampling) == expected[:2]
            some_ended |= any(answer.finished for answer in expected)
    assert some_ended or pairs[0][1].config.vocab_size > 12, "the example must have answers that end"


def test_tokens_are_told_as_they_are_drawn(bloom):
    heard = {}
    sampling = Sampling(max_new_tokens=6, min_new_tokens=6)
    told = lambda answer, tokens: heard.setdefault(answer, []).append(tuple(tokens))  # noqa: E731
    answers = generate(bloom, PROMPT, 7, 3, sampling, on_tokens=told)
    for k, answer in enumerate(answers):
        assert heard[k] == [answer.tokens[: count + 1] for count in range(6)]
