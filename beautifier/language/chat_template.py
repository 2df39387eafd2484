"""The chat template of a checkpoint: how a conversation is written down for it.

It is a program in Jinja, run as transformers runs it: in a sandbox that reaches nothing but the messages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from jinja2 import Environment, TemplateError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from ..files import read_json

LARGEST_TEMPLATE = 1_000_000  # characters; the longest published ones have some ten thousand
WORDS = "{raw_prompt}"  # where the user's words go in what is written down
# Some templates ask for the date. One that does not change keeps the promise of seeds.
TODAY = datetime(2025, 1, 1)


class Generation(Extension):
    """{% generation %} ... {% endgeneration %}, which marks what an assistant says for training: what is inside."""

    tags = {"generation"}

    def parse(self, parser) -> list[nodes.Node]:
        """What Jinja asks of an extension: the statements up to {% endgeneration %}, as they are."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


@dataclass(frozen=True)
class ChatTemplate:
    """A template and the names of special tokens that it may use, such as bos_token."""

    path: Path
    source: str
    tokens: Mapping[str, str]

    def render(self, messages: list[dict[str, str]]) -> str:
        """A conversation up to where the assistant's answer begins, without thinking where that can be left out.

        Raises ValueError where the template is no template or refuses the messages.
        """
        try:
            template = environment().from_string(
                self.source, {"raise_exception": refuse, "strftime_now": TODAY.strftime}
            )
            return template.render(
                messages=messages,
                add_generation_prompt=True,
                enable_thinking=False,
                tools=None,
                documents=None,
                **self.tokens,
            )
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
            raise ValueError(f"{self.path}: its chat template cannot be used: {error}") from error

    def asked(self, instruction: str) -> str:
        """What the network reads: the instruction, and {raw_prompt} where the user's words are to go.

        The instruction is a system message, or stands before the words for a template that takes none. Raises
        ValueError where the template cannot be used.
        """
        turns = [{"role": "system", "content": instruction}, {"role": "user", "content": WORDS}]
        try:
            text = self.render(turns)
        except ValueError:
            text = ""
        if instruction not in text:
            text = self.render([{"role": "user", "content": f"{instruction}\n\n{WORDS}"}])
        if text.count(WORDS) != 1 or instruction not in text:
            raise ValueError(f"{self.path}: its chat template does not show what the user says")
        return text


def environment() -> Environment:
    """The sandbox, with the extensions and the filter that transformers gives templates."""
    extensions = [Generation, loopcontrols]
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=extensions)
    made.filters["tojson"] = to_json
    return made


def to_json(value: object, ensure_ascii: bool = False, indent: int | None = None, **options) -> str:
    """The filter tojson as transformers has it: without HTML's escapes."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **options)


def refuse(message: str) -> NoReturn:
    """What a template calls for a conversation that it cannot write down."""
    raise TemplateError(message)


def load_chat_template(folder: Path) -> ChatTemplate | None:
    """The chat template of a checkpoint folder: chat_template.jinja, or that in tokenizer_config.json; None without.

    Raises ValueError for a file that is not what its name says.
    """
    settings_path, path = folder / "tokenizer_config.json", folder / "chat_template.jinja"
    settings = read_json(settings_path) if settings_path.is_file() else {}
    if path.is_file():
        source = path.read_text(encoding="utf-8-sig") if path.stat().st_size <= LARGEST_TEMPLATE else None
    else:
        path, source = settings_path, settings.get("chat_template")
    if isinstance(source, list):  # several, by name
        named = {each.get("name"): each.get("template") for each in source if isinstance(each, dict)}
        source = named.get("default")
        if source is None:
            return None
    elif source is None and path == settings_path:
        return None
    if not isinstance(source, str) or len(source) > LARGEST_TEMPLATE:
        raise ValueError(f"{path}: the chat template must be a text of at most {LARGEST_TEMPLATE:,} characters")
    return ChatTemplate(path, source, special_tokens(settings))


def end_of_turn(folder: Path, tokenizer: Tokenizer) -> int | None:
    """The token that ends what an assistant says, as tokenizer_config.json has it; None where it names none."""
    path = folder / "tokenizer_config.json"
    name = special_tokens(read_json(path)).get("eos_token") if path.is_file() else None
    return None if name is None else tokenizer.token_to_id(name)


def special_tokens(settings: Mapping) -> dict[str, str]:
    """The special tokens that a tokenizer_config.json names, such as bos_token, each as text."""
    found = {}
    for name, value in settings.items():
        value = value.get("content") if isinstance(value, dict) else value
        if name.endswith("_token") and isinstance(value, str):
            found[name] = value
    return found
