"""Tags: the candidates of one prompt differ, what is added goes together, and a sentence stays only where tags fail."""

import pytest

from prompt_beautifier.beautifier.composing.writer import load_embedded


def candidates(raw_prompt, count=5, target="illustrious"):
    """The tags of each candidate, without the image model's own."""
    found = load_embedded().beautify(raw_prompt, count, seed=1, target=target)
    return [each.text.split(", ")[2:] for each in found]


def test_five_candidates_are_five_pictures():
    found = candidates("a girl in a red dress holding an umbrella")
    assert len({frozenset(tags) for tags in found}) == 5
    hair = [next(tag for tag in tags if tag.endswith(("hair", "cut"))) for tags in found]
    assert len(set(hair)) > 2


@pytest.mark.parametrize("raw_prompt", ["a girl in a red dress holding an umbrella", "1boy, knight, castle, sunset"])
def test_what_is_added_goes_together(raw_prompt):
    for tags in candidates(raw_prompt):
        assert len({"from above", "from below", "from side", "from behind"} & set(tags)) <= 1
        assert len({"open mouth", "closed mouth"} & set(tags)) <= 1
        assert "still life" not in tags and not {"sunset", "rain"} <= set(tags)


@pytest.mark.slow
def test_a_sentence_goes_where_its_tags_say_everything():
    for raw_prompt in ("a girl in a red dress holding an umbrella", "1girl, a girl in a red dress holding an umbrella"):
        (tags,) = candidates(raw_prompt, 1)
        assert {"1girl", "solo", "red dress", "holding umbrella"} <= set(tags)
        assert not any(len(tag.split()) > 3 for tag in tags)


@pytest.mark.slow
def test_of_a_sentence_only_what_no_tag_says_stays():
    (tags,) = candidates("A young woman with silver hair sits on a swing at night. She looks at the moon.", 1)
    assert {"silver hair", "sitting", "swing", "night"} <= set(tags) and "looking at viewer" not in tags
    (chase,) = candidates("a red fox chasing a white hare", 1)
    assert "red fox chasing a white hare" in chase


def test_words_that_lead_to_drawn_text_are_no_tag_and_brackets_stay():
    (tags,) = candidates('a poster of a lighthouse that says "KEEP OUT"', 1)
    assert r"poster \(medium\)" in tags and '"KEEP OUT"' in tags and "says" not in tags
