"""The table of image models: what every row says of itself."""

from datetime import date

import pytest

from prompt_beautifier.beautifier.targets.table import TARGETS
from prompt_beautifier.beautifier.targets.target import PARTS


@pytest.mark.parametrize("name", TARGETS)
def test_a_row_names_its_source_and_the_day_it_was_read(name):
    row = TARGETS[name]
    assert row.source and date.fromisoformat(row.read) <= date.today()


@pytest.mark.parametrize("name", TARGETS)
def test_the_parts_of_a_row_are_known_and_moving_pictures_move(name):
    row = TARGETS[name]
    assert set(row.parts) <= set(PARTS) and len(set(row.parts)) == len(row.parts)
    assert row.video == ("motion" in row.parts) == ("camera" in row.parts)


def test_tags_of_one_prompt_are_about_as_many_for_every_image_model():
    wanted = [row.words[0] + row.words[1] for row in TARGETS.values() if row.style == "tags"]
    assert max(wanted) < 1.5 * min(wanted)
