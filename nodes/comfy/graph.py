"""The image model that a node of the running graph, or of the page's, writes for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...beautifier.graph import image_model_of
from .beside import architecture, base_named, with_words

if TYPE_CHECKING:
    from ...beautifier.graph import Graph
    from ...beautifier.targets.table import Found


def target_of(prompt: Graph | None, unique_id: str | None, clip: Any = None, text: str = "") -> Found:
    """What is found for the node `unique_id` of a graph, as nodes get them in `hidden.prompt` and `hidden.unique_id`.

    clip  the text encoder connected to the node, if one is; what class its tokenizer has says more than a name
    text  the text of the node's box, where it may be a subgraph's

    Names of files are read together with the base model that a note beside the file names. Where that does not say it,
    the file's own header may: many models share an architecture, so what it gives is not `sure`.
    """
    asked = str(unique_id), tokenizer_of(clip), text
    found = image_model_of(with_words(prompt or {}, base_named), *asked)
    if found.sure:
        return found
    read = image_model_of(with_words(prompt or {}, architecture), *asked)
    return replace(read, sure=False) if read.sure else found


def is_wired(prompt: Graph | None, unique_id: str | None, output: int) -> bool:
    """Whether another node of a graph takes an output of the node `unique_id`."""
    links = (value for node in (prompt or {}).values() for value in (node.get("inputs") or {}).values())
    return any(isinstance(link, list) and link[:2] == [str(unique_id), output] for link in links)


def tokenizer_of(clip: Any) -> str:
    """The module and class of a text encoder's tokenizer; "" where there is none."""
    kind = type(getattr(clip, "tokenizer", None))
    return "" if kind is type(None) else f"{kind.__module__}.{kind.__qualname__}"
