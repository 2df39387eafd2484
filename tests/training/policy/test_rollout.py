"""Rollouts: many prompts at once answer as each would alone, and by the network's own distribution."""

from collections import Counter
from dataclasses import replace

import pytest
import torch

pytest.importorskip("accelerate")

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.language.steps import Answer
from prompt_beautifier.beautifier.language.weights import load_network
from prompt_beautifier.training.policy.asked import adds_nothing, prompt_of, question
from prompt_beautifier.training.policy.rollout import answer_in, draw, sample

from ...stand_ins import tiny

PROMPTS = [[5, 9, 200], [7], [40, 41, 42, 43, 44, 45, 46, 47, 48, 49], [300, 301, 12, 13], [7]]


@pytest.fixture(scope="module", params=["bloom", "gpt2", "llama"])
def network(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    tiny.SAVERS[request.param](folder, heads=4)
    network = load_network(folder)
    # Random weights hardly ever write the end token: let one that they do write end an answer.
    written = Counter(token for answer in sample(network, PROMPTS * 8, 20, chances(40, 20)) for token in answer.tokens)
    network.config = replace(network.config, eos_token_id=written.most_common(1)[0][0])
    return network


def chances(rows, tokens, seed=0):
    return torch.rand(rows, tokens, generator=torch.Generator().manual_seed(seed))


def test_padded_rows_have_the_hidden_states_they_have_alone(network):
    longest = max(map(len, PROMPTS))
    tokens = torch.zeros(len(PROMPTS), longest, dtype=torch.int64)
    for row, prompt in enumerate(PROMPTS):
        tokens[row, longest - len(prompt) :] = torch.tensor(prompt)
    padding = torch.tensor([longest - len(prompt) for prompt in PROMPTS])
    with torch.inference_mode():
        cache = network.new_cache(len(PROMPTS), longest + 2)
        together = network(tokens, cache, padding)
        more = network(torch.full((len(PROMPTS), 1), 99), cache, padding)
        for row, prompt in enumerate(PROMPTS):
            alone = network(torch.tensor([[*prompt, 99]]))[0]
            torch.testing.assert_close(together[row, longest - len(prompt) :], alone[:-1], atol=1e-4, rtol=1e-3)
            torch.testing.assert_close(more[row, 0], alone[-1], atol=1e-4, rtol=1e-3)


@pytest.mark.slow
def test_an_answer_does_not_depend_on_its_neighbours(network):
    prompts, numbers = PROMPTS * 12, chances(60, 40)
    together = sample(network, prompts, 40, numbers)
    assert len({len(answer.tokens) for answer in together}) > 1  # some end earlier, and are taken out
    assert sample(network, prompts, 40, numbers, rows_at_once=7) == together
    for row in range(len(PROMPTS)):
        assert sample(network, [prompts[row]], 40, numbers[row : row + 1]) == [together[row]]
    assert sample(network, prompts, 40, chances(60, 40, seed=1)) != together


def test_answers_end_at_the_end_token_or_where_there_is_no_room(network):
    answers = sample(network, PROMPTS * 12, 30, chances(60, 30))
    assert any(answer.finished for answer in answers) and not all(answer.finished for answer in answers)
    for answer in answers:
        assert network.config.eos_token_id not in answer.tokens
        assert len(answer.tokens) < 30 if answer.finished else len(answer.tokens) == 30
    if network.config.max_positions:
        assert all(len(a.tokens) <= 128 - 10 for a in sample(network, PROMPTS, 500, chances(5, 500)))
        with pytest.raises(ValueError, match="leaves no room"):
            sample(network, [[1] * 128], 5, chances(1, 5))


@pytest.mark.slow
def test_the_first_two_tokens_follow_the_networks_distribution(network):
    rows = 8_000
    answers = sample(network, [PROMPTS[0]] * rows, 2, chances(rows, 2), rows_at_once=4000)
    with torch.inference_mode():
        first = network.logits(network(torch.tensor([PROMPTS[0]]))[0, -1]).softmax(-1)
        first_two = first.topk(2).indices.tolist()
        top = next(token for token in first_two if token != network.config.eos_token_id)
        second = network.logits(network(torch.tensor([[*PROMPTS[0], top]]))[0, -1]).softmax(-1)
    begun = [(*answer.tokens, *([network.config.eos_token_id] if answer.finished else [])) for answer in answers]
    for tokens, expected in (
        ([row[0] for row in begun], first),
        ([row[1] for row in begun if row[0] == top and len(row) > 1], second),
    ):
        found = torch.bincount(torch.tensor(tokens), minlength=len(expected)).double()
        count = found.sum()
        assert count > 200
        likely = expected * count > 5
        distance = ((found - expected * count).square() / (expected * count))[likely].sum()
        freedom = int(likely.sum())
        assert distance < freedom + 5 * (2 * freedom) ** 0.5  # chi-squared


def test_the_draw_inverts_the_cumulative_distribution():
    logits = torch.randn(64, 3001, generator=torch.Generator().manual_seed(0)).mul(4)
    numbers = torch.rand(64, generator=torch.Generator().manual_seed(1))
    cumulative = logits.double().softmax(-1).cumsum(-1)
    expected = (cumulative <= numbers[:, None].double()).sum(-1)
    assert (draw(logits.clone(), numbers) == expected).float().mean() > 0.98  # float32 may tip a neighbour
    at_the_edges = draw(
        torch.tensor([[0.0, -1e9, 0.0], [0.0, -1e9, 0.0], [-1e9, 0.0, -1e9]]), torch.tensor([0.0, 1 - 2**-24, 0.7])
    )
    assert at_the_edges.tolist() == [0, 2, 1]


@pytest.fixture(scope="module")
def beautifier(tmp_path_factory):
    return load_beautifier(tiny.save_checkpoint(tmp_path_factory.mktemp("base"), family="embedded"))


def test_a_raw_prompt_is_asked_and_read_as_the_beautifier_does(beautifier, monkeypatch):
    raw = "(Red Castle:1.2), a Cat <lora:x:0.8>"
    asked = question(beautifier, raw, max_new_tokens=40)
    answer = Answer(tuple(beautifier.encode(" red castle, a cat, soft light, soft light")), True)
    seen = {}

    def generate(network, tokens, *rest):
        seen["tokens"] = tuple(tokens)
        return [answer]

    monkeypatch.setattr("prompt_beautifier.beautifier.language.writer.generate", generate)
    expected = beautifier.beautify(raw, num_candidates=1)[0].text
    assert asked.tokens == seen["tokens"]
    assert prompt_of(beautifier, asked, answer) == expected
    assert "<lora:x:0.8>" in expected and "soft light" in expected


def test_what_cannot_be_asked_or_read(beautifier):
    assert question(beautifier, "<lora:x:0.8>", 40) is None
    assert question(beautifier, "漢字", 40) is None
    asked = question(beautifier, "A Cat", 40)
    nothing = prompt_of(beautifier, asked, Answer((), True))
    assert adds_nothing(asked, nothing) and adds_nothing(asked, "")
    something = prompt_of(beautifier, asked, Answer(tuple(beautifier.encode(" a cat, soft light")), True))
    assert something == "a cat, soft light" and not adds_nothing(asked, something)


def test_an_answer_of_another_sampler_ends_at_its_first_end_token():
    assert answer_in([5, 6, 3, 2, 7], (2, 3)) == Answer((5, 6), True)
    assert answer_in([5, 6], (2, 3)) == Answer((5, 6), False)
