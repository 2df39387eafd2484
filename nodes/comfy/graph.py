"""The image model that a node of the running graph, or of the page's, writes for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...beautifier.graph import image_model_of

if TYPE_CHECKING:
    from ...beautifier.graph import Graph
    from ...beautifier.targets import Found


def target_of(prompt: Graph | None, unique_id: str | None, clip: Any = None, text: str = "") -> Found:
    """What is found for the node `unique_id` of a graph, as nodes get them in `hidden.prompt` and `hidden.unique_id`.

    clip  the text encoder connected to the node, if one is; what class its tokenizer has says more than a name
    text  the text of the node's box, where it may be a subgraph's
    """
    return image_model_of(prompt or {}, str(unique_id), tokenizer_of(clip), text)


def tokenizer_of(clip: Any) -> str:
    """The module and class of a text encoder's tokenizer; "" where there is none."""
    kind = type(getattr(clip, "tokenizer", None))
    return "" if kind is type(None) else f"{kind.__module__}.{kind.__qualname__}"
