"""Danbooru tags for anime models: counts of people first, the user's words as tags, then tags of what was chosen.

A tag that is added exists in the table and is safe; what the user typed stays, as a tag where it is one and as plain
words where it is none.
"""

from collections.abc import Sequence

from ..subjects.find import Findings
from ..wishes.wish import Wish
from .added_tags import added_tags, goes_with, more_tags
from .fitting import Option
from .scene import scene_of
from .tag_people import people_tags
from .typed_tags import typed_tags

LONGEST, MOST, FEWEST = 4, 28, 12


def write(wish: Wish, findings: Findings, chosen: Sequence[Option], possible: Sequence[Option] = ()) -> str:
    """The user's words and what was chosen as comma-separated tags, counts of people first, 12 to 28 where they last.

    possible: the options that were not chosen; they fill up to the fewest where they make tags.
    """
    scene = scene_of(wish, findings)
    said = typed_tags(wish, findings)
    counts = people_tags(wish, findings, said)
    plain = ("girl", "boy", "woman", "man", "girls", "boys", "women", "men") if counts and wish.kind != "tags" else ()
    tags = list(dict.fromkeys([*counts, *(tag for tag in said if tag not in counts and tag not in plain)]))
    for tag in added_tags(wish, findings, chosen, scene):
        if len(tags) >= max(MOST, len(said)):
            break
        if tag not in tags and goes_with(tag, tags, scene):
            tags.append(tag)
    for tag in more_tags(findings, possible, chosen, scene):
        if len(tags) >= FEWEST + 2:
            break
        if tag not in tags and goes_with(tag, tags, scene):
            tags.append(tag)
    return ", ".join(tags)
