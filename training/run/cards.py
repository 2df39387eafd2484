"""README.md of a trained model, filled in from its run."""

from collections.abc import Mapping
from pathlib import Path

from ...beautifier.families import Family, render


def model_card(
    name: str,
    stage: str,
    base: str,
    family: Family,
    data: str,
    settings: Mapping[str, object],
    figures: Mapping[str, object],
    note: str = "",
) -> str:
    """README.md of a trained checkpoint, filled in from its run.

    stage     what was done, for example "Supervised fine-tuning"
    base      the checkpoint it started from
    data      a sentence on the rows
    settings  options by name, as given on the command line
    figures   what was measured, by name
    """
    rows = [f"| {key} | {plain(value)} |" for key, value in settings.items() if value is not None]
    measured = [f"| {key} | {plain(value)} |" for key, value in figures.items()]
    return "\n".join(
        [
            "---",
            "pipeline_tag: text-generation",
            "tags: [prompt-enhancement, text-to-image]",
            "---",
            "",
            f"# {name}",
            "",
            "A language model that makes a detailed image prompt of a short one.",
            "",
            f"- stage: {stage}",
            f"- started from: {base}",
            f"- data: {data}",
            "- licence: that of the checkpoint it started from and of the data",
            "",
            "## How to ask it",
            "",
            "```bash",
            'beautify --model FOLDER "a cat"',
            "```",
            "",
            f"FOLDER is this one. In ComfyUI: put it into `models/LLM` and choose it in *Load Beautifier*. Family "
            f"`{family.name}`: the network reads {render(family, 'RAW PROMPT')!r} and answers until its end token.",
            "",
            *([note, ""] if note else []),
            "## Figures",
            "",
            "| figure | value |",
            "|---|---|",
            *measured,
            "",
            "## Settings",
            "",
            "| option | value |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def plain(value: object) -> str:
    """A value for a cell of the card: numbers short, lists in a row, of a path its name alone."""
    if isinstance(value, Path):
        return value.name
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value))
    return str(value).replace("|", "\\|").replace("\n", "\\n")
