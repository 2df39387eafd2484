"""The table of image models, and which of them a name, or what was seen in a graph, means.

TARGETS is the whole of it: nothing of an image model is known anywhere else. A row says where its facts are from and
when they were read.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace

from . import clip, language, others
from .target import Target

TARGETS: dict[str, Target] = {row.name: row for row in (*clip.ROWS, *language.ROWS, *others.ROWS)}

# What has a prompt and draws nothing: models of sound, and those that look for what is in a picture.
NOT_DRAWN = re.compile(r"\bace ?step|acestepaudio|stable ?audio|music|\bsong|\byue\b|\bsam ?[23]")


def find_target(name: str) -> Target:
    """The row of a name or title, letter case and punctuation aside, or of a model file's name ("juggernautXL_v9").

    Raises ValueError with the names that come close for one that is none.
    """
    if name in TARGETS:
        return TARGETS[name]
    asked = bare(name)
    for target in TARGETS.values():
        if asked and asked in (bare(target.name), bare(target.title)):
            return target
    named = find_seen(Seen(files=(name,)))
    if named and named.target:
        return named.target
    called = {bare(each): target.name for target in TARGETS.values() for each in (target.title, target.name)}
    close = dict.fromkeys(called[each] for each in difflib.get_close_matches(asked, called, n=3, cutoff=0.5))
    hint = f"did you mean {' or '.join(close)}?" if close else f"known are {', '.join(TARGETS)}"
    raise ValueError(f"there is no image model {name!r}: {hint}")


def bare(name: str) -> str:
    """A name's letters and digits in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


@dataclass(frozen=True)
class Seen:
    """What was seen of an image model, in a graph or of a connected text encoder; each may be missing.

    files      names of model files, the most telling first: the checkpoint or diffusion model, then text encoders
    kinds      what CLIP loaders have as their `type`
    tokenizer  module and class of the tokenizer of a text encoder
    nodes      types of the nodes that take the prompt or load the text encoder
    still      whether what is drawn is saved or shown as a picture, and not as a video
    """

    files: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    tokenizer: str = ""
    nodes: tuple[str, ...] = ()
    still: bool = False

    @property
    def of_no_picture(self) -> bool:
        """Whether what was seen writes sound, or looks at pictures."""
        return any(NOT_DRAWN.search(plain_name(each)) for each in (*self.files[:1], *self.kinds, *self.nodes[:1]))


@dataclass(frozen=True)
class Found:
    """The image model that was found.

    target  its row; None where there was nothing to go by
    by      what told: the name of a file, the type of a loader or a node, the class of a tokenizer; "" for nothing
    sure    False where `target` is no more than what is usual
    """

    target: Target | None
    by: str = ""
    sure: bool = True


def find_seen(seen: Seen) -> Found | None:
    """The row of what was seen, and by what it was found; None where nothing tells."""
    found = _found(seen)
    if found and found.target and seen.still and found.target.still:
        return replace(found, target=TARGETS[found.target.still])
    return found


def _found(seen: Seen) -> Found | None:
    """The row by the files, text encoder and nodes that were seen.

    A node whose model others run decides. Else the text encoder leaves the models that use it; among these a file name
    decides, else the last row holds. Where nothing is known of the encoder the file name alone decides, and at last
    the type of the node.
    """
    rows = list(TARGETS.values())
    if seen.of_no_picture:
        return None
    for node in seen.nodes:
        for row in rows:
            if row.hosted and re.search(row.nodes, node):
                return Found(row, node)
    name = seen.tokenizer.lower()
    read_by = [row for row in rows if name and row.encoder and re.search(row.encoder, name)]
    of_kind = [row for row in rows if not set(row.kinds).isdisjoint(seen.kinds)]
    possible = [row for row in read_by if row in of_kind] or read_by or of_kind
    for file in seen.files:
        for row in possible or rows:
            if row.files and re.search(row.files, plain_name(file)):
                return Found(row, re.split(r"[/\\]", file)[-1])
    if read_by:
        return Found(possible[-1], seen.tokenizer.split(".")[-1])
    if of_kind:
        return Found(of_kind[-1], f"type {next(kind for kind in seen.kinds if kind in of_kind[-1].kinds)}")
    for node in seen.nodes:
        for row in rows:
            if row.nodes and re.search(row.nodes, node):
                return Found(row, node)
    return None


def usual(seen: Seen) -> Found:
    """The row that is usual for loaders of these types, where nothing else tells."""
    for row in () if seen.of_no_picture else TARGETS.values():
        for node in seen.nodes:
            if row.otherwise and re.search(row.otherwise, node):
                return Found(row, node, sure=False)
    return Found(None, sure=False)


def reads_prompts(node: str) -> bool:
    """Whether nodes of a type are known to take the prompt of an image model, or to load its text encoder."""
    return any(row.nodes and re.search(row.nodes, node) for row in TARGETS.values())


def plain_name(file: str) -> str:
    """A file's name as patterns look at it: with its folders, in lower case, a blank for every mark."""
    return re.sub(r"[^a-z0-9]+", " ", file.lower()).strip()
