"""Figures of texts against counts made by hand, and the tables and page that show them."""

import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from prompt_beautifier.training.evaluation.page import TEMPLATE, Entry, Shown, Table, markdown, write_page
from prompt_beautifier.training.evaluation.statistics import Interval
from prompt_beautifier.training.evaluation.tables import (
    as_json,
    best_cells,
    cell,
    difference_table,
    kind_table,
    main_table,
)
from prompt_beautifier.training.evaluation.texts import (
    KEPT,
    NAMES,
    UNSAFE,
    WORDS,
    Figure,
    Numbers,
    difference,
    distinct_2,
    has_new_name,
    has_unsafe_word,
    interval,
    kept_words,
    plain_figures,
)

MEAN = Figure("mean", 1, better=1)


def test_content_words_kept():
    assert kept_words("a red fox in the snow", "portrait of a fox, snow, 8k") == (2, 3)
    assert kept_words("the", "anything") == (0, 0)
    assert kept_words("fox fox", "fox") == (1, 1)
    for raw in ("a (red:1.2) t-shirt", "1girl", "naïve café", "<lora:x:1> a cat"):
        kept, wanted = kept_words(raw, raw)
        assert kept == wanted > 0, "a raw prompt keeps all of itself"


def test_unsafe_words_and_names_of_the_users_own_do_not_count():
    assert has_unsafe_word("a knight", "a bloody knight")
    assert not has_unsafe_word("a bloody knight", "a bloody knight, 8k")
    named = frozenset({"rutkowski"})
    assert has_new_name("a castle", "a castle, rutkowski", named)
    assert not has_new_name("a castle like rutkowski", "a castle, rutkowski", named)


def test_distinct_2():
    # (a b) (b a) (a b): two different pairs of three; the pair across texts is none.
    assert distinct_2(["a b a b"]) == pytest.approx(2 / 3)
    assert distinct_2(["a b", "a b"]) == pytest.approx(1 / 2)
    assert math.isnan(distinct_2(["one", ""]))


def test_the_figures_of_a_method():
    figures = plain_figures(["a red fox", "a cat"], ["a fox, 8k", "a cat, nude"], frozenset({"fox"}))
    values = {figure.title: interval(figure, numbers).value for figure, numbers in figures.items()}
    assert values == {"words": 3.0, "content words kept": 2 / 3, "unsafe": 0.5, "names added": 0.0}
    assert NAMES not in plain_figures(["a"], ["b"], None)


def test_a_perplexity_is_over_tokens_and_not_over_prompts():
    figure = Figure("perplexity", log=True)
    numbers = Numbers(np.array([math.log(4) * 1, math.log(2) * 9]), np.array([1.0, 9.0]))
    assert interval(figure, numbers).value == pytest.approx(math.exp((math.log(4) + 9 * math.log(2)) / 10))
    half = Numbers(numbers.parts / 2, numbers.wholes)
    assert difference(figure, numbers, half).value == pytest.approx(
        interval(figure, numbers).value - interval(figure, half).value
    )


def test_a_ratio_of_nothing_has_no_figure():
    nothing = Numbers(np.zeros(2), np.zeros(2))
    assert interval(KEPT, nothing) is None and difference(KEPT, nothing, nothing) is None
    assert cell(KEPT, None) == "–"


FIGURES = {
    "raw": {WORDS: Numbers.of([2, 2, 2, 2]), MEAN: Numbers.of([1.0, 2.0, 3.0, 4.0])},
    "long": {WORDS: Numbers.of([20, 22, 20, 22]), MEAN: Numbers.of([2.0, 3.0, 4.0, 5.0])},
}


def test_cells():
    assert cell(MEAN, Interval(1.25, 1.0, 2.0)) == "1.2 [1.0, 2.0]"
    assert cell(MEAN, Interval(1.0, -1.0, 2.0), signed=True) == "+1.0 [-1.0, +2.0]"
    assert cell(MEAN, Interval(1.0, math.nan, math.nan)) == "1.0"


def test_the_best_of_a_column_is_marked_where_better_means_something():
    rows = [[Interval(1, 0, 2), Interval(5, 0, 9), None], [Interval(2, 0, 3), Interval(6, 0, 9), Interval(1, 1, 1)]]
    less = Figure("less", better=-1)
    assert best_cells(rows, [MEAN, less, MEAN]) == {(1, 0), (0, 1)}
    assert best_cells(rows, [WORDS, WORDS, WORDS]) == frozenset()
    assert best_cells([[Interval(1, 1, 1)]] * 2, [MEAN]) == frozenset(), "equals are not best"


def test_the_tables_of_two_methods():
    table = main_table("all", FIGURES, {"raw": ["a b", "a b"], "long": ["a b", "c d"]})
    assert table.columns == ("words", "mean", "distinct-2")
    assert [name for name, _ in table.rows] == ["raw", "long"]
    assert table.rows[0][1][0] == "2.0 [2.0, 2.0]" and table.rows[0][1][2] == "0.500"
    assert table.best == {(1, 1), (1, 2)}

    apart = difference_table("apart", FIGURES, "raw")
    assert apart.rows == (("long", ("+19.0 [+18.0, +20.0]", "+1.0 [+1.0, +1.0]")),)
    assert apart.best == {(0, 0), (0, 1)}

    kinds = kind_table("kinds", MEAN, FIGURES, ["x", "y", "x", "y"])
    assert kinds.columns == ("x (2)", "y (2)")
    assert kinds.rows[0][1] == ("2.0 [1.0, 3.0]", "3.0 [2.0, 4.0]")


def test_the_numbers_as_json():
    one = {"raw": {MEAN: Numbers.of([3.0])}}
    numbers = json.loads(json.dumps(as_json(one, "raw"), allow_nan=False))
    assert numbers["raw"]["mean"]["figure"] == {"value": 3.0, "low": None, "high": None}
    assert as_json(FIGURES, "raw")["long"]["mean"]["above raw"] == {"value": 1.0, "low": 1.0, "high": 1.0}


def test_shares_have_intervals_that_know_of_small_numbers():
    table = main_table("t", {"a": {UNSAFE: Numbers.of([False] * 100)}})
    assert table.rows[0][1] == ("0.000 [0.000, 0.037]",)


def test_markdown_survives_what_is_in_a_prompt():
    table = Table("Title", "Note.", ("one",), (("a | b", ("x\ny | z",)),), frozenset({(0, 0)}))
    lines = markdown(table).splitlines()
    assert lines[-1] == "| a \\| b | **x y \\| z** |"
    assert lines[-2] == "|---|---|" and lines[0] == "### Title"


NASTY = """</script><script>alert(1)</script> "quoted" 'single' & <img src=x onerror=alert(1)> 猫"""


class Elements(HTMLParser):
    """The start tags of a page with their attributes, and its texts."""

    def __init__(self, page: str):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.texts.append(data)


def page_with(tmp_path):
    shown = Shown(NASTY, NASTY, ("pictures/ab-1.jpg", "pictures/2.jpg"), (("score", "1.0"),))
    entries = [Entry(NASTY, NASTY, (shown,)), Entry("a cat", "animals")]
    table = Table(NASTY, NASTY, (NASTY,), ((NASTY, (NASTY,)),))
    return write_page(tmp_path / "report", NASTY, [(NASTY, NASTY)], [table], entries).read_text(encoding="utf-8")


def test_texts_in_the_page_are_texts(tmp_path):
    page = Elements(page_with(tmp_path))
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert sum(text.strip() == NASTY for text in page.texts) >= 8, "title, facts, table, prompts: unchanged"
    article = next(attributes for tag, attributes in page.tags if tag == "article")
    assert article["data-kind"] == NASTY


def test_the_page_needs_nothing_from_outside(tmp_path):
    text = page_with(tmp_path)
    page = Elements(text)
    sources = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert sources.count("pictures/ab-1.jpg") == 2 and sources.count("pictures/2.jpg") == 2
    assert all(source.startswith("pictures/") for source in sources)
    assert not re.search(r"https?://|@import|url\(", text)
    assert all(attributes["loading"] == "lazy" for tag, attributes in page.tags if tag == "img")


def test_the_script_of_the_page_has_its_backslashes(tmp_path):
    assert r"split(/\s+/)" in page_with(tmp_path)


def test_the_template_is_installed_with_the_package(repository):
    project = (repository / "pyproject.toml").read_text(encoding="utf-8")
    assert '"prompt_beautifier.training.evaluation" = ["page.html"]' in project and TEMPLATE.name == "page.html"
