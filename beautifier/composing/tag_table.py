"""The Danbooru tags there are, and by which words each is named."""

import gzip
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..prompts.vocabulary import singular

TABLE = Path(__file__).with_name("tags.tsv.gz")
# Tags of everyday words that mean something else there, or say nothing.
UNWANTED = frozenset(
    "bow set back body figure head point line frame edge center top side cross v star heart ring comb drill head "
    "focus view general still cut sheet model stand play reach x y z :) hair hand face arm leg skin mouth nose eye "
    "foot color one two light photo picture image subject original fine plain corner weight opening stain outline "
    "shapes plume tools machine quality column shadow layer layers print sink door looks half sub bloom throw plane "
    "tail fin hole bolt mortar object ball net ground wall floor side top bottom mark dial shade space track post bar "
    "stall band stain field step texture stand row leaf white black red blue green end table corner spot patch string "
    "cap belt plate cover".split()
)


@dataclass(frozen=True)
class TagTable:
    """Which tags there are: `kind` by tag ("g" general, "c" a character or a copyright), and the tag of each alias."""

    kind: dict[str, str]
    alias: dict[str, str]

    def canonical(self, words: str) -> str | None:
        """The tag that folded words name, also by an alias, in the plural or singular; None when there is none."""
        for name in (
            words,
            singular(words) if " " not in words else " ".join((*words.split()[:-1], singular(words.split()[-1]))),
        ):
            if name in self.kind:
                return name
            if name in self.alias and not self.alias[name].startswith("unused "):
                return self.alias[name]
        return None

    def general(self, words: str) -> str | None:
        """The same among general tags only."""
        tag = self.canonical(words)
        return tag if tag and self.kind[tag] == "g" else None


@lru_cache(maxsize=1)
def table() -> TagTable:
    """The table shipped with the pack, read once."""
    kind: dict[str, str] = {}
    alias: dict[str, str] = {}
    with gzip.open(TABLE, "rt", encoding="utf-8") as lines:
        for line in lines:
            tag, sort, also = line.rstrip("\n").split("\t")
            kind[tag] = sort
            for name in filter(None, also.split(",")):
                alias.setdefault(name, tag)
    return TagTable(kind, alias)


def own_tag(words: str) -> str | None:
    """A general tag by its own name, in the plural or singular, not by an alias."""
    for name in (words, singular(words)):
        if table().kind.get(name) == "g":
            return name
    return None
