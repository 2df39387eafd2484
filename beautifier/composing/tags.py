"""Danbooru tags for anime models: counts of people first, the user's words as tags, then tags of what was chosen.

A tag that is added exists in the table and is safe; what the user typed stays, as a tag where it is one and as plain
words where it is none.
"""

from collections.abc import Sequence

from ..faithful import added, check, stem
from ..prompts.vocabulary import STOP, singular, words_of
from ..prompts.words import small
from ..subjects.find import Findings
from ..wishes.wish import Wish
from .added_tags import added_tags, goes_with, may_tag, more_tags
from .fitting import Option
from .phrases import as_phrases
from .scene import scene_of
from .tag_looks import looks
from .tag_parts import unsaid_parts
from .tag_people import ALONE, is_count, people_tags
from .tag_table import table
from .typed_tags import typed_tags

LONGEST, MOST, FEWEST = 4, 28, 12


def write(
    wish: Wish,
    findings: Findings,
    chosen: Sequence[Option],
    possible: Sequence[Option] = (),
    given: Sequence[str] = (),
    least: int = FEWEST,
    pure: bool = False,
    seed: int = 0,
    k: int | None = None,
) -> str:
    """The user's words and what was chosen as comma-separated tags, counts of people first, 12 to 28 where they last.

    possible: the options that were not chosen; they fill up to `least` and two more where they make tags.
    A strict wish gets none but its own. pure: of the text as typed only those parts stay that its tags do not say.
    given: tags that come before those of the chosen phrases. k: which candidate of a seed it is, so that they differ.
    """
    scene = scene_of(wish, findings)
    said = typed_tags(wish, findings)
    counts = people_tags(wish, findings, said)
    plain = ("girl", "boy", "woman", "man", "girls", "boys", "women", "men") if counts and wish.kind != "tags" else ()
    whole = typed_whole(wish)
    if pure and whole:
        whole = unsaid_parts(wish, findings, [*counts, *said])
    if whole:
        said = [tag for tag in said if tag in table().kind or pure and not any(tag in part for part in whole)]
    tags = list(
        dict.fromkeys([*counts, *whole, *(tag for tag in said if not is_count(tag) and tag not in (*counts, *plain))])
    )
    if wish.strict:
        tags = [tag for tag in tags if not says_more(wish, tag)]
    tags += [part for part in unsaid_segments(wish, tags) if part not in tags]
    if wish.strict:
        return ", ".join(tags)
    head = next((found for found in findings.found if found.part == "head"), None)
    own = [tag for tag in given if tag not in ALONE and not is_count(tag) and may_tag(tag, head, scene)]
    differing = looks(wish, findings, scene, tags, seed, k) if k is not None and not own else []
    further = own or [*differing, *added_tags(wish, findings, chosen, scene, f"{seed}/{k}" * (k is not None))]
    for tag in further:
        if len(tags) >= max(MOST, len(said)):
            break
        if tag not in tags and goes_with(tag, tags, scene):
            tags.append(tag)
    for tag in more_tags(findings, possible, chosen, scene):
        if len(tags) >= least + 2:
            break
        if tag not in tags and goes_with(tag, tags, scene):
            tags.append(tag)
    return ", ".join(tags)


# Words of tags that show nothing new: how nobody, one person or a text is tagged, what kind of thing a word is.
OF_TAGS = frozenset("humans solo english text medium".split())


def says_more(wish: Wish, tag: str) -> bool:
    """Whether a tag that stands for the user's words shows more than they do: "art nouveau" for a painter's name."""
    return not is_count(tag) and any(word.casefold() not in OF_TAGS for word in added(wish, tag))


PEOPLE = frozenset("person people human nobody anyone anybody one".split())


def unsaid_segments(wish: Wish, tags: Sequence[str]) -> list[str]:
    """The parts of a wish, as typed, of which tags lose a word, a count, or that something is not there."""
    lost = check(wish, ", ".join(tags)).lost
    gone = {stem(singular(word.folded)) for name in lost for word in words_of(name)}
    found = []
    for start, end in wish.segments:
        words = wish.words[start:end]
        ruled_out = {singular(words[i - start].folded) for i in range(start, end) if i in wish.outside} - STOP
        told = "no humans" in tags and ruled_out <= PEOPLE
        if ruled_out and not told or any(stem(singular(word.folded)) in gone for word in words):
            found.append(small(wish.words_between(start, end)))
    return found


def typed_whole(wish: Wish) -> list[str]:
    """The text as typed where tags alone would lose how its things stand to each other; [] for lists and short ones.

    Of several sentences each stands by itself.
    """
    if wish.kind in ("tags", "list") or len(wish.words) < 4:
        return []
    return as_phrases(wish.text)
