"""The methods that an evaluation compares: who writes the prompts, and the prompts they wrote.

A method is NAME=SPEC. SPEC is one of

    raw                     the raw prompt as it is
    raw + modifiers         the raw prompt and MODIFIERS, the same ones for every prompt
    raw + TEXT              the raw prompt and a text of your own
    reference               the data set's own prompt for the raw prompt
    MODEL                   'embedded', a checkpoint folder, a published model (text2prompt-v1, promptist, magicprompt)
    endpoint:NAME           a chat model on a server of the endpoints file; where it refuses, the raw prompt counts
    few-shot:FOLDER         a language model (transformers folder or .gguf file) that is shown four examples
    jsonl:FILE              rows of raw_prompt and prompt, written by something else
    best-of-N:SPEC          of N prompts by MODEL, endpoint or few-shot the one that the reward model ranks first

What was written is kept by prompt, so that a run that was stopped goes on where it was.
"""

import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from ...beautifier.beautify import EMBEDDED, load_beautifier
from ...beautifier.language.weights import weight_files
from ..run.bases import find_base
from ..run.kept import whole_lines
from ..run.rows import read_jsonl
from .language_models import FewShot

MODIFIERS = "highly detailed, 8k, sharp focus, intricate, cinematic lighting, digital painting, trending on artstation"

BEST_OF = re.compile(r"best-of-(\d+):(.+)", re.DOTALL)
NEVER_WRITTEN = ("raw", "reference")  # specs, besides "raw + ..." and "jsonl:...", that need no model


@dataclass(frozen=True)
class Method:
    """name   as in the tables
    spec   who writes
    best_of  prompts that are written, of which the reward model takes one; 1 takes the first
    alpha  weight of the reward model's first term, against 1 - alpha for its second; None is the model's own
    """

    name: str
    spec: str
    best_of: int = 1
    alpha: float | None = None

    @property
    def writes(self) -> bool:
        """Whether somebody has to write, and not only to read."""
        return self.spec not in NEVER_WRITTEN and not self.spec.startswith(("raw +", "jsonl:"))


@dataclass(frozen=True)
class Writing:
    """How all methods write.

    folder     where what was written is kept
    seed       of the first candidate
    greedy     the likeliest token each time with a repetition penalty of 1.2, as in the paper's tables (MODEL only)
    endpoints  the file with the servers of endpoint:NAME
    device     of local models
    """

    folder: Path
    seed: int = 0
    greedy: bool = False
    endpoints: Path | None = None
    device: str = "cpu"


def parse_method(text: str) -> Method:
    """A method of NAME=SPEC; ValueError says what is wrong with one."""
    name, equals, spec = (part.strip() for part in text.partition("="))
    if not name or not equals or not spec:
        raise ValueError(f"a method is NAME=SPEC, for example 'sft=runs/sft/model' or 'raw=raw', not {text!r}")
    found = BEST_OF.fullmatch(spec)
    if not found:
        return Method(name, spec)
    method = Method(name, found[2].strip(), int(found[1]))
    if method.best_of < 1 or not method.writes or BEST_OF.fullmatch(method.spec):
        raise ValueError(f"{text!r}: there is one prompt to choose from; best-of-N needs N >= 1 and a model")
    return method


def with_alphas(method: Method, alphas: Sequence[float]) -> list[Method]:
    """The same method once for every weight of the reward model's terms."""
    if method.best_of < 2:
        raise ValueError(f"{method.name}: alpha chooses among candidates, so it needs best-of-N:{method.spec}")
    for alpha in alphas:
        if not 0 <= alpha <= 1:
            raise ValueError(f"alpha is from 0 to 1, not {alpha}")
    return [replace(method, name=f"{method.name}, α = {alpha:g}", alpha=alpha) for alpha in alphas]


# -- what was written


def candidates_of(
    method: Method, raw_prompts: Sequence[str], references: Sequence[str | None], writing: Writing
) -> list[list[str]] | None:
    """The prompts a method wrote for each raw prompt, best_of of them; None where the data has no references.

    Raises ValueError for a file that lacks some of the raw prompts, and what loading a model raises.
    """
    spec = method.spec
    if spec == "raw":
        return [[raw] for raw in raw_prompts]
    if spec.startswith("raw +"):
        added = spec.removeprefix("raw +").strip()
        added = MODIFIERS if added == "modifiers" else added
        return [[f"{raw}, {added}"] for raw in raw_prompts]
    if spec == "reference":
        return None if None in references else [[reference] for reference in references]
    if spec.startswith("jsonl:"):
        return read_written(Path(spec.removeprefix("jsonl:")), raw_prompts)
    return write(method, raw_prompts, writing)


def read_written(path: Path, raw_prompts: Sequence[str]) -> list[list[str]]:
    """The prompts in a file of raw_prompt and prompt."""
    prompts = {row["raw_prompt"]: row["prompt"] for row in read_jsonl(path, "raw_prompt", "prompt")}
    missing = [raw for raw in raw_prompts if raw not in prompts]
    if missing:
        raise ValueError(f"{path} has no prompt for {len(missing)} raw prompts, the first is {missing[0]!r}")
    return [[prompts[raw]] for raw in raw_prompts]


def write(method: Method, raw_prompts: Sequence[str], writing: Writing) -> list[list[str]]:
    """Have a method write for all raw prompts it has not written for before."""
    path = kept_at(method, writing)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = {row["raw_prompt"]: row["prompts"] for row in whole_lines(path)}
    if any(raw not in written for raw in raw_prompts):
        with open(path, "a", encoding="utf-8") as file:
            for rows in writer(method, raw_prompts, set(written), writing):
                lines = [
                    json.dumps({"raw_prompt": raw, "prompts": prompts}, ensure_ascii=False) + "\n"
                    for raw, prompts in rows
                ]
                file.write("".join(lines))
                file.flush()
                written.update(rows)
    return [written[raw] for raw in raw_prompts]


def kept_at(method: Method, writing: Writing) -> Path:
    """The file for what a method wrote: another one for other settings, and for weights that have changed."""
    settings = [method.spec, method.best_of, writing.seed, writing.greedy]
    for path in weight_files_of(method.spec):
        settings += [path.name, path.stat().st_size, path.stat().st_mtime_ns]
    name = re.sub(r"[^A-Za-z0-9.]+", "-", method.spec).strip("-.")[-60:]
    return writing.folder / f"{name}-{zlib.crc32(json.dumps(settings).encode()):08x}.jsonl"


def weight_files_of(spec: str) -> list[Path]:
    """The weights of a local model; none for a server or a model by its published name, which stay the same."""
    path = EMBEDDED if spec == "embedded" else Path(spec.removeprefix("few-shot:"))
    if path.is_file():
        return [path]
    return sorted(weight_files(path)) if (path / "config.json").is_file() else []


# -- who writes

Written = list[tuple[str, list[str]]]  # raw prompts, each with the prompts written for it


def writer(method: Method, raw_prompts: Sequence[str], done: set[str], writing: Writing) -> Iterator[Written]:
    """What a model writes for the raw prompts that are not done, in the pieces that are to be kept whole."""
    if method.spec.startswith("few-shot:"):
        model = FewShot(method.spec.removeprefix("few-shot:"), writing.device)
        yield from model.write(raw_prompts, method.best_of, writing.seed, done)
        return
    beautifier = (
        connected(method.spec, writing) if method.spec.startswith("endpoint:") else loaded(method.spec, writing)
    )
    sampling = beautifier.family.sampling
    if writing.greedy:
        if method.best_of > 1:
            raise ValueError(f"{method.name}: greedy decoding has one candidate, and best-of-N needs several")
        sampling = replace(sampling, greedy=True, num_beams=1, repetition_penalty=1.2)
    missing = [raw for raw in raw_prompts if raw not in done]
    for raw in tqdm(missing, desc=method.name, unit=" prompts", disable=None):
        answers = beautifier.beautify(raw, num_candidates=method.best_of, seed=writing.seed, sampling=sampling)
        yield [(raw, [answer.text for answer in answers])]


def loaded(spec: str, writing: Writing):
    folder, family = find_base(spec)
    return load_beautifier(folder, writing.device, family=family)


def connected(spec: str, writing: Writing):
    from ...beautifier.servers.writer import connect

    if writing.endpoints is None:
        raise ValueError(f"{spec} needs --endpoints, the file that has the server's address")
    return connect(writing.endpoints, spec.removeprefix("endpoint:"), unusable="raw prompt")
