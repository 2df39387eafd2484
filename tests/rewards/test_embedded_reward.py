"""The embedded reward model: what was asked for and what fits come first, bare words and shuffled words last."""

import json
import random
from pathlib import Path

import pytest

from prompt_beautifier.beautifier.request import Candidate
from prompt_beautifier.beautifier.rewards.model import load_reward_model
from prompt_beautifier.training.fit import is_held_out

PAIRS = {
    "a cat": "a cat, sitting on a windowsill with potted herbs, soft window light from one side, long white whiskers",
    "an old lighthouse": "an old lighthouse, salt-stained masonry, rocky headland, stormy gray light, aerial view",
    "a bowl of ramen": "a bowl of ramen, steam over the broth, wooden counter, warm light from a paper lantern",
    "a castle on a hill": "a castle on a hill, ivy-covered curtain wall, low evening sun, winding road below",
}


@pytest.fixture(scope="module")
def model(embedded):
    return load_reward_model("embedded")


@pytest.mark.parametrize("raw_prompt", PAIRS)
def test_a_prompt_that_kept_the_subject_comes_first(model, raw_prompt):
    ranked = model.rank(raw_prompt, [Candidate(text) for text in PAIRS.values()])
    assert ranked[0].text == PAIRS[raw_prompt]
    assert [each.score for each in ranked] == sorted((each.score for each in ranked), reverse=True)


@pytest.mark.parametrize("raw_prompt", PAIRS)
def test_words_in_disorder_come_last(model, raw_prompt):
    words = PAIRS[raw_prompt].split()
    shuffled = " ".join(random.Random(1).sample(words, len(words)))
    ranked = model.rank_prompts(raw_prompt, [shuffled, PAIRS[raw_prompt]])
    assert ranked[0].prompt == PAIRS[raw_prompt]


def test_its_terms_are_named(model):
    terms = model.terms(["a red cat"], ["a blue dog"])
    assert set(terms) == {"preference", "lost"} and terms["lost"].item() >= 2
    score = model.score(["a red cat"], ["a blue dog"]).item()
    assert score == pytest.approx(terms["preference"].item() - 3 * terms["lost"].item(), abs=1e-6)


ROWS = Path(__file__).parents[2] / "training" / "data" / "expert" / "rows.jsonl"
STOCK = "highly detailed, 8k, sharp focus, intricate, cinematic lighting, digital painting, trending on artstation"


@pytest.mark.slow
@pytest.mark.parametrize("style", ["phrases", "sentences"])
def test_an_experts_row_comes_before_bare_words_stock_words_and_its_own_words_in_disorder(model, style):
    rows = [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if is_held_out(row["raw_prompt"])][:24]
    dice, asked, said = random.Random(1), [], []
    for row in rows:
        raw, words = row["raw_prompt"], row[style].split()
        asked += [raw] * 4
        said += [row[style], raw, f"{raw}, {STOCK}", " ".join(dice.sample(words, len(words)))]
    scores = model.score(asked, said).view(-1, 4).t()
    expert, bare, stock, disorder = scores
    assert (expert > bare).float().mean() >= 0.75
    assert (expert > stock).float().mean() >= 0.85
    assert (expert > disorder).float().mean() >= 0.95
    assert (bare > stock).all()
    assert (scores.argmax(0) == 1).float().mean() <= 0.25  # bare words are seldom the best


def test_words_said_otherwise_cost_less_than_what_was_asked_for(model):
    said = model.terms(
        ["a big carrier bag", "two red bags", 'a bag that says "Sale"'],
        ["a large plastic carrier bag", "a red bag", "a bag that says sales"],
    )["lost"].tolist()
    assert 0 < said[0] < 1 <= min(said[1:])


def test_it_has_no_alpha():
    with pytest.raises(ValueError, match="alpha"):
        load_reward_model("embedded", alpha=0.5)


def test_candidates_in_json_are_ranked_by_their_words(model):
    texts = ["a red fox in pale snow, firs behind it", "a red fox, nothing"]
    plain = model.rank("a red fox", [Candidate(text) for text in texts])
    asked = '{"prompt": "a red fox"}'
    in_json = model.rank(asked, [Candidate(json.dumps({"prompt": text})) for text in texts])
    assert [each.score for each in in_json] == [each.score for each in plain]
