"""Which entries a wish speaks of, and the part each plays."""

import pytest

from prompt_beautifier.beautifier.subjects.entries import load, read_entries
from prompt_beautifier.beautifier.subjects.find import find
from prompt_beautifier.beautifier.subjects.names import spelled
from prompt_beautifier.beautifier.wishes.wish import read

from .few import few

ENTRIES = few()


def parts(text):
    findings = find(read(text), ENTRIES)
    head = findings.head_entry.subject if findings.head_entry else None
    return head, {(f.entry.subject, f.part) for f in findings.found if f.part != "head"}


@pytest.mark.parametrize(
    ("text", "head", "others"),
    [
        ("a photo of a cat", "cat", set()),
        ("Cats", "cat", set()),
        ("watercolor of a lighthouse", "lighthouse", {("watercolor", "medium")}),
        ("lighthouse watercolor", "lighthouse", {("watercolor", "medium")}),
        ("a lighthouse, watercolor", "lighthouse", {("watercolor", "medium")}),
        ("a cat in a library", "cat", {("library", "setting")}),
        ("a woman reading in the rain", "woman", {("reading", "action"), ("rain", "setting")}),
        ("a cat and a dog", "cat", {("dog", "other")}),
        ("glass cat", "cat", {("glass", "quality")}),
        ("logo of a cat", "cat", {("logo", "medium")}),
        ("a pair of cats", "cat", set()),
        ("masterpiece, best quality, a cat", "cat", set()),
        ("portrait of ada lovelace", "woman", set()),
        ("a ligthhouse", "lighthouse", set()),
        ("zorblax", None, set()),
    ],
)
def test_parts(text, head, others):
    assert parts(text) == (head, others)


def test_an_artist_brings_a_medium():
    assert parts("a cat by jan vermeer") == ("cat", {("watercolor", "medium")})


def test_a_modifier_is_not_the_head():
    head, _ = parts("cat ornithopter")
    assert head is None


@pytest.mark.parametrize(
    "text", ["a cat made of smoke", "glass cat", "cat as a knight", "cat hybrid", "a cat that looks like a cup"]
)
def test_a_thing_made_another_is_mixed(text):
    assert find(read(text), ENTRIES).mixed


def test_what_was_ruled_out_is_not_found():
    assert parts("a library without cats") == ("library", set())


def test_an_entry_within_a_compound_is_not_found():
    assert parts("a cat-shaped lamp")[0] is None


@pytest.mark.parametrize("word", ["lihgthouse", "lighthose", "lightthouse", "lighthouze"])
def test_one_slip_is_mended(word):
    assert spelled(word, ENTRIES) in ("lighthouse", None)
    assert spelled("lihgthouse", ENTRIES) == "lighthouse"


@pytest.mark.parametrize("word", ["cot", "lighthousekeeper", "floor"])
def test_short_and_known_words_are_not_mended(word):
    assert spelled(word, ENTRIES) is None


def test_a_line_that_is_no_entry_is_named():
    with pytest.raises(ValueError, match="line 2"):
        read_entries(['{"subject": "cat", "kinds": ["animal"]}', '{"kinds": []}'])


@pytest.mark.parametrize("text", ["a robot in a garden", "a ghost in a library", "an old robot in a garden", "zombie"])
def test_a_word_that_makes_another_thing_of_things_is_itself_a_thing(text):
    found = find(read(text), load())
    assert found.head_entry is not None and not found.mixed and not found.restyled


@pytest.mark.parametrize("text", ["a robot elephant", "lego wizard", "zombie hamster"])
def test_such_a_word_before_a_thing_makes_another_of_it(text):
    assert find(read(text), load()).mixed


def test_age_alone_makes_no_other_thing():
    assert not find(read("an old castle"), load()).restyled
    assert find(read("a cyberpunk castle"), load()).restyled


@pytest.mark.parametrize("text", ["wheelchair basketball player", "a field of sunflowers", "the love of satan"])
def test_a_thing_named_beside_the_head_narrows_it(text):
    assert find(read(text), load()).narrowed


@pytest.mark.parametrize("text", ["a basketball player", "a red field", "a cat on a table", "a beautiful old castle"])
def test_other_words_do_not(text):
    assert not find(read(text), load()).narrowed


def test_a_quality_of_clothes_is_none_of_who_wears_them():
    assert not find(read("a woman in a plaid skirt"), load()).of("quality")


@pytest.mark.parametrize("text", ["a cat by zorblax mingeth", "a cat, art by zorblax mingeth, quorn obbel"])
def test_an_artist_whom_nobody_knows_makes_a_prompt_no_harder_to_read(text):
    assert not find(read(text), load()).ill_read
    assert find(read("a zorblax mingeth quorn cat"), load()).ill_read


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("In front of the Egyptian pyramid, a camel stands still.", "camel"),
        ("After the rain, a girl cries on the roadside.", "girl"),
        ("Because of the noise, a big wolf stops.", "wolf"),
        ("a camel in front of a pyramid, sunset", "camel"),
    ],
)
def test_a_sentence_is_about_what_stands_behind_the_place_it_begins_with(text, head):
    assert find(read(text), load()).head_entry.subject == head


def test_a_verb_in_the_past_ends_its_subject():
    assert find(read("The white piano sat in front of the curtains."), load()).head_entry.subject == "piano"


def test_looking_before_a_thing_is_no_action():
    assert not find(read("a funny looking zombie"), load()).of("action")
    assert find(read("a zombie looking at a house"), load()).head_entry.subject == "zombie"


@pytest.mark.parametrize("text", ["city birds eye view, games", "a city, eye level", "a city from bird's eye view"])
def test_an_eye_of_a_view_is_no_thing(text):
    assert find(read(text), load()).head_entry.subject == "city"


def test_a_site_where_pictures_trend_is_not_in_the_picture():
    found = find(read("an anthropomorphic fox, trending on furaffinity"), load())
    assert "user interface" not in [each.entry.subject for each in found.found]
