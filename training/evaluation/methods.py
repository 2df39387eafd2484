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

What a model has written is kept by raw prompt, so that a run that was stopped goes on where it was.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from ...beautifier.beautify import load_beautifier
from ...beautifier.composing.writer import EMBEDDED
from ...beautifier.families import Family
from ...beautifier.language.weight_names import weight_files
from ...beautifier.language.writer import Beautifier
from ...beautifier.request import Sampling
from ..run.bases import find_base
from ..run.kept import Kept
from ..run.rows import read_jsonl
from .language_models import FewShot

MODIFIERS = "highly detailed, 8k, sharp focus, intricate, cinematic lighting, digital painting, trending on artstation"

TABLE_LENGTH = 384  # tokens of raw prompt and answer together in BeautifulPrompt's table
BEST_OF = re.compile(r"best-of-(\d+):(.+)", re.DOTALL)
NEVER_WRITTEN = ("raw", "reference")  # specs, besides "raw + ..." and "jsonl:...", that need no model


@dataclass(frozen=True)
class Method:
    """One column of the comparison.

    name     as in the tables
    spec     who writes
    best_of  prompts that are written, of which the reward model takes one; 1 takes the first
    alpha    weight of the reward model's first term, against 1 - alpha for its second; None is the model's own
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
class WriterSettings:
    """How all methods write.

    kept       where their prompts are kept
    seed       of the first candidate
    greedy     as in BeautifulPrompt's table, see greedy_sampling (MODEL only)
    endpoints  the file with the servers of endpoint:NAME
    device     of local models
    target     the image model that MODEL and endpoint:NAME write for, by its name in targets.TARGETS; "" for none
    """

    kept: Kept
    seed: int = 0
    greedy: bool = False
    endpoints: Path | None = None
    device: str = "cpu"
    target: str = ""


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


def candidates_of(
    method: Method, raw_prompts: Sequence[str], references: Sequence[str | None], settings: WriterSettings
) -> list[list[str]] | None:
    """The prompts of a method for each raw prompt, best_of of them; None where the data has no references.

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
        return prompts_in(Path(spec.removeprefix("jsonl:")), raw_prompts)
    return write_missing(method, raw_prompts, settings)


def prompts_in(path: Path, raw_prompts: Sequence[str]) -> list[list[str]]:
    """The prompts in a file of raw_prompt and prompt."""
    prompts = {row["raw_prompt"]: row["prompt"] for row in read_jsonl(path, "raw_prompt", "prompt")}
    missing = [raw for raw in raw_prompts if raw not in prompts]
    if missing:
        raise ValueError(f"{path} has no prompt for {len(missing)} raw prompts, the first is {missing[0]!r}")
    return [[prompts[raw]] for raw in raw_prompts]


def write_missing(method: Method, raw_prompts: Sequence[str], settings: WriterSettings) -> list[list[str]]:
    """Have a method write for all raw prompts it has not written for before; its prompts for all of them."""
    kept, key = settings.kept, key_of(method, settings)
    done = {raw for raw in raw_prompts if kept.get(*key, raw) is not None}
    if not done.issuperset(raw_prompts):
        for pairs in answers_of(method, raw_prompts, done, settings):
            kept.put(((*key, raw), prompts) for raw, prompts in pairs)
    return [kept.get(*key, raw) for raw in raw_prompts]


def key_of(method: Method, settings: WriterSettings) -> tuple:
    """What a method's prompts are kept under: another key for other settings, and for weights that have changed."""
    files = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in weights_of(method.spec)]
    target = (settings.target,) if settings.target else ()
    return method.spec, method.best_of, settings.seed, settings.greedy, files, *target


def weights_of(spec: str) -> list[Path]:
    """The weights of a local model; none for a server or a model by its published name, which stay the same."""
    path = EMBEDDED if spec == "embedded" else Path(spec.removeprefix("few-shot:"))
    if path.is_file():
        return [path]
    return sorted(weight_files(path)) if (path / "config.json").is_file() else []


def answers_of(
    method: Method, raw_prompts: Sequence[str], done: set[str], settings: WriterSettings
) -> Iterator[list[tuple[str, list[str]]]]:
    """What a model writes for the raw prompts that are not done: (raw prompt, its prompts) in the pieces that are to
    be kept whole."""
    if method.spec.startswith("few-shot:"):
        model = FewShot(method.spec.removeprefix("few-shot:"), settings.device)
        yield from model.write(raw_prompts, method.best_of, settings.seed, done)
        return
    beautifier = open_beautifier(method.spec, settings)
    sampling = beautifier.sampling
    if settings.greedy and method.best_of > 1:
        raise ValueError(f"{method.name}: greedy decoding has one candidate, and best-of-N needs several")
    if settings.greedy and isinstance(beautifier, Beautifier):
        sampling = greedy_sampling(beautifier.family)
    missing = [raw for raw in raw_prompts if raw not in done]
    for raw in tqdm(missing, desc=method.name, unit=" prompts", disable=None):
        answers = beautifier.beautify(raw, method.best_of, settings.seed, sampling, target=settings.target)
        yield [(raw, [answer.text for answer in answers])]


def greedy_sampling(family: Family) -> Sampling:
    """How a checkpoint of a family writes for BeautifulPrompt's table: the likeliest token each time, with a repetition
    penalty of 1.2. Beams, which are a family's own way to search for the likeliest answer, stay as published. A family
    that goes on from the raw prompt has no end of its own to wait for: there the limit is the table's, 384 tokens in
    all."""
    sampling = family.sampling
    if sampling.num_beams > 1:
        return sampling
    length = {"max_new_tokens": TABLE_LENGTH, "max_length": TABLE_LENGTH} if family.continues else {}
    return replace(sampling, greedy=True, repetition_penalty=1.2, **length)


def open_beautifier(spec: str, settings: WriterSettings):
    """The beautifier of MODEL, or of endpoint:NAME."""
    if spec == "embedded":
        return load_beautifier()
    if not spec.startswith("endpoint:"):
        folder, family = find_base(spec)
        return load_beautifier(folder, settings.device, family=family)
    from ...beautifier.servers.writer import connect

    if settings.endpoints is None:
        raise ValueError(f"{spec} needs --endpoints, the file that has the server's address")
    return connect(settings.endpoints, spec.removeprefix("endpoint:"), unusable="raw prompt")
