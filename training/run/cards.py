"""README.md of what a stage hands over, filled in from its run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it brings torch, which tables do without
    from ...beautifier.families import Family

INHERITED = "that of the checkpoint it started from and of the data"


@dataclass(frozen=True)
class Card:
    """What the cards of all models have.

    title     name of the model
    task      pipeline_tag and first tag, as the hub knows them
    summary   what the model is, in a sentence or two
    facts     lines below it, by name
    sections  heading and text of what follows, in this order
    """

    title: str
    task: tuple[str, str]
    summary: str
    facts: Mapping[str, object]
    sections: Sequence[tuple[str, str]]

    def __str__(self) -> str:
        lines = ["---", f"pipeline_tag: {self.task[0]}", f"tags: [{self.task[1]}, text-to-image]", "---", ""]
        lines += [f"# {self.title}", "", self.summary, ""]
        lines += [f"- {name}: {value}" for name, value in self.facts.items()]
        for heading, text in self.sections:
            lines += ["", f"## {heading}", "", text]
        return "\n".join([*lines, ""])


def beautifier_card(
    out: Path,
    stage: str,
    base: str,
    family: Family,
    data: str,
    settings: Mapping[str, object],
    figures: Mapping[str, object],
    note: str = "",
) -> str:
    """The card of a trained beautifier.

    out       folder of the run, after which the model is called
    stage     what was done, for example "supervised fine-tuning"
    base      the checkpoint it started from
    data      a few words on the rows
    settings  options by name, as given on the command line
    figures   what was measured, by name
    note      what must be known to read the figures
    """
    from ...beautifier.families import render

    how = (
        '```bash\nbeautify --model FOLDER "a cat"\n```\n\n'
        "FOLDER is this one. In ComfyUI: put it into `models/LLM` and choose it in *Load Beautifier*. Family "
        f"`{family.name}`: the network reads {render(family, 'RAW PROMPT')!r} and answers until its end token."
    )
    measured = table(("figure", "value"), figures.items())
    return str(
        Card(
            out.resolve().name,
            ("text-generation", "prompt-enhancement"),
            "A language model that makes a detailed image prompt of a short one.",
            {"stage": stage, "started from": base, "data": data, "licence": INHERITED},
            (
                ("How to ask it", how),
                ("Figures", f"{note}\n\n{measured}" if note else measured),
                ("Settings", table(("option", "value"), settings.items())),
            ),
        )
    )


def reward_card(
    out: Path, facts: Mapping[str, object], figures: str, command: str, settings: Mapping[str, object]
) -> str:
    """The card of a reward model with one term.

    out      folder of the run, after which the model is called
    facts    what it started from, what it reads, its target, data and licence
    figures  a table of what was measured on held-out rows
    command  the options that make the same run
    """
    name = out.resolve().name
    use = (
        "In ComfyUI: put the folder into `models/LLM` and choose it in *Load Reward Model*. On the command line: "
        f'`beautify --reward-model {name} "a cat"`.'
    )
    return str(
        Card(
            name,
            ("text-classification", "reward-model"),
            "A reward model for image prompts: it predicts a score from the words alone. It has seen no picture "
            "itself, and its score of a prompt unlike its data is a guess.",
            facts,
            (
                ("Figures", f"{figures}\n\nOn held-out rows, by `load_reward_model` on these files."),
                ("How to use it", use),
                ("Command", f"```bash\npython -m prompt_beautifier.training.reward {command}\n```"),
                ("Settings", table(("option", "value"), settings.items())),
            ),
        )
    )


def combination_card(out: Path, terms: Mapping[str, float]) -> str:
    """The card of a reward model that is a weighted sum of others, which lie in folders of their names."""
    rows = ((f"[{term}]({term}/README.md)", f"{weight:g}") for term, weight in terms.items())
    return str(
        Card(
            out.resolve().name,
            ("text-classification", "reward-model"),
            "A reward model for image prompts: the weighted sum of these terms.",
            {},
            (("Terms", table(("term", "weight"), rows)),),
        )
    )


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(map(plain, row))} |" for row in rows)])


def plain(value: object) -> str:
    """A value for a cell of a table: numbers short, lists in a row, of a path its name alone."""
    if isinstance(value, Path):
        return value.name
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value))
    return str(value).replace("|", "\\|").replace("\n", "\\n")


def short_name(model: str) -> str:
    """What a card calls `--model`: of a path the last two parts, which say which run it is of."""
    return "/".join(Path(model).parts[-2:])


def command_line(args: Mapping[str, object], defaults: Mapping[str, object]) -> str:
    """The options that make the same run, as they stand on the command line; of paths the names alone."""
    words = []
    for name, value in args.items():
        if name == "config" or value == defaults.get(name) or value is None:
            continue
        flag = f"--{name.replace('_', '-')}"
        if value is True or value is False:
            words.append(flag if value else flag.replace("--", "--no-", 1))
        else:
            text = ",".join(map(str, value)) if isinstance(value, tuple) else plain(value)
            words.append(f"{flag} {json.dumps(text) if ' ' in text else text}")
    return " ".join(words)
