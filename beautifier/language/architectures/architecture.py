"""What an architecture's file says: how config.json is read, what tensors are called, and how they lie in the files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from ...request import is_whole
from ..config import NetworkConfig

# The fields of a config.json. What is in them is unknown until a NetworkConfig has checked it.
Fields = Mapping[str, Any]
ABSENT: Any = None  # a field without a default that is not there: NetworkConfig names and refuses it

# What activation functions of transformers are here.
ACTIVATIONS = {
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_python_tanh": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_accurate": "gelu_tanh",
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_10": "gelu_10",
    "silu": "silu",
    "swish": "silu",
    "relu": "relu",
    "quick_gelu": "quick_gelu",
    "mish": "mish",
    "tanh": "tanh",
}


@dataclass(frozen=True)
class Architecture:
    """How the checkpoints of a model_type are written down.

    read     the fields of a config.json -> the network's shape; raises ValueError that names the field
    prefix   what the tensors' names begin with in a checkpoint that writes; files of the bare network leave it out
    names    the network's name of a module, a layer's without "h.3." -> its names in the files, which may be several:
             what they hold is put below each other. A module that is not there has the same name in both.
    layers   what "h" is called in the files
    flipped  modules whose weights the files hold as [in, out]
    """

    read: Callable[[Fields], NetworkConfig]
    prefix: str
    names: Mapping[str, str | tuple[str, ...]]
    layers: str = "h"
    flipped: frozenset[str] = frozenset()

    def stored_names(self, name: str) -> tuple[str, ...]:
        """The names in the files, without the prefix, of what makes up a parameter of the network."""
        layer, module, kind = split(name)
        found = self.names.get(module, module)
        before = "" if layer is None else f"{self.layers}.{layer}."
        return tuple(f"{before}{each}.{kind}" for each in ((found,) if isinstance(found, str) else found))

    def with_prefix(self, stored: str) -> str:
        """A name as a checkpoint that writes has it: the output layer stands outside the bare network."""
        return stored if stored == OUTPUT else self.prefix + stored

    def is_flipped(self, name: str) -> bool:
        """Whether the files hold a parameter of the network as [in, out]."""
        _, module, kind = split(name)
        return kind == "weight" and module in self.flipped


OUTPUT = "lm_head.weight"  # the output layer's weights in the files of every architecture


def split(name: str) -> tuple[str | None, str, str]:
    """A parameter's name as the number of its layer, its module, and which parameter it is.

    "h.3.mlp.dense_h_to_4h.bias" -> "3", "mlp.dense_h_to_4h", "bias";  "ln_f.weight" -> None, "ln_f", "weight"
    """
    module, _, kind = name.rpartition(".")
    if not module.startswith("h."):
        return None, module, kind
    _, layer, module = module.split(".", 2)
    return layer, module, kind


def rows_of(name: str, config: NetworkConfig) -> tuple[int, ...]:
    """How many rows of a parameter come from each of the tensors that may make it up."""
    module = split(name)[1]
    if module == "self_attention.query_key_value":
        return config.query_key_value_sizes
    return (config.intermediate_size,) * 2 if module == "mlp.dense_h_to_4h" else ()


def refuse(raw: Fields, **plain: object) -> None:
    """Raise a ValueError that names the first of some fields that asks for what is not implemented.

    plain  what each field has to be, or an absent one stands for
    """
    for name, value in plain.items():
        if raw.get(name) not in (None, value):
            raise ValueError(f"config.json: {name} {raw[name]!r} is not supported, only {value!r}")


def activation(raw: Fields, field: str, default: str) -> str:
    """The name in config.ACTIVATIONS that a field means."""
    name = raw.get(field) or default
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(f"config.json: {field} {name!r} is not supported, only {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


def renamed(raw: Fields, **own: str) -> dict[str, Any]:
    """The fields of a config.json, those under a name that all architectures share by the architecture's own name.

    own  its own name for a shared one; where both are there its own counts
    """
    doubled = {name for name in own if own[name] in raw}
    return {own.get(name, name): value for name, value in raw.items() if name not in doubled}


def is_tied(raw: Fields, default: bool) -> bool:
    """Whether the output layer is the word embeddings. A network that scores texts has none of its own."""
    scores = str((raw.get("architectures") or [""])[0]).endswith("ForSequenceClassification")
    return scores or bool(raw.get("tie_word_embeddings", default))


class SpecialTokens(TypedDict):
    """The fields of a NetworkConfig about tokens that end an answer or fill rows up."""

    eos_token_id: int | None
    stop_token_ids: tuple[int, ...]
    pad_token_id: int


def special_tokens(raw: Fields, default: int | None) -> SpecialTokens:
    """The fields of a NetworkConfig about tokens that end an answer or fill rows up.

    eos_token_id may be a token, a list of them, or null. A token that the vocabulary does not have is never written,
    and ends nothing. Raises ValueError for what is no token.
    """
    words = raw.get("vocab_size")
    eos = raw.get("eos_token_id", default)
    given: Sequence = eos if isinstance(eos, list) else [] if eos is None else [eos]
    for token in given:
        if not is_whole(token, least=-(2**63)):
            raise ValueError(f"config.json: eos_token_id must be a token, a list of tokens or null, not {eos!r}")
    ends = [token for token in dict.fromkeys(given) if is_whole(words, least=0) and 0 <= token < words]
    pad = raw.get("pad_token_id")
    is_token = is_whole(pad, least=0) and is_whole(words, least=0) and pad < words
    return {
        "eos_token_id": ends[0] if ends else None,
        "stop_token_ids": tuple(ends[1:]),
        "pad_token_id": pad if is_token else ends[0] if ends else 0,
    }
