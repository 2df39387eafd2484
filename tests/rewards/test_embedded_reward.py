"""The reward model that comes with the pack: it is small, and puts a prompt that kept the subject before others."""

import pytest

from prompt_beautifier.beautifier.request import Candidate
from prompt_beautifier.beautifier.rewards.folders import EMBEDDED_REWARD
from prompt_beautifier.beautifier.rewards.model import load_reward_model

PAIRS = {
    "a cat": "a cute cat sitting on a windowsill, soft light, highly detailed, digital painting",
    "an old lighthouse": "an old lighthouse on a cliff, stormy sea, dramatic lighting, oil painting",
    "a bowl of ramen": "a bowl of ramen on a wooden table, food photography, steam, 8k",
    "a castle on a hill": "a castle on a hill at sunset, matte painting, fantasy, intricate",
}


@pytest.fixture(scope="module")
def model():
    return load_reward_model("embedded")


def test_it_is_small():
    assert sum(path.stat().st_size for path in EMBEDDED_REWARD.rglob("*") if path.is_file()) <= 8_000_000


@pytest.mark.parametrize("raw_prompt", PAIRS)
def test_a_prompt_that_kept_the_subject_comes_first(model, raw_prompt):
    candidates = [Candidate(text) for text in PAIRS.values()]
    ranked = model.rank(raw_prompt, candidates)
    assert ranked[0].text == PAIRS[raw_prompt]
    assert [each.score for each in ranked] == sorted((each.score for each in ranked), reverse=True)


def test_its_terms_are_named(model):
    terms = model.terms(["a cat"], [PAIRS["a cat"]])
    assert set(terms) == {"score", "consistency"}
    assert model.score(["a cat"], [PAIRS["a cat"]]).item() == pytest.approx(
        0.5 * terms["score"].item() + terms["consistency"].item(), abs=1e-6
    )
