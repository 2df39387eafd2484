"""What collect does with one part of the rows: every function here reads files of OUT/parts and says what others hold.

They run in any process, in any order. Their output depends only on their input files and on the rules.
"""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import numpy as np

from ...beautifier.prompts.spacing import repair_spacing
from ..run.parts import Made, as_json, as_jsonl, as_npy, read_json, read_rows
from . import near_duplicates as near
from . import pairs
from .captions import Captioner
from .drop_table import DropTable
from .pairs import words
from .person_names import Uses
from .safety import unsafe_words
from .sessions import refinements
from .sources import read_excluded, read_part

SAME_HEAD = 30  # rows that may begin with the same five words

# Of near-duplicates the row stays that comes first: what people wrote before what is made of it.
SOURCES = ("refinements", "sessions", "descriptions", "pairs", "captions", "prompts", "expansions")


@dataclass(frozen=True)
class Rules:
    """What decides which rows are kept, for processes that do the work. Scores: see the options of the same name."""

    artists: Path | None
    modifiers: Path | None
    exclude: tuple[Path, ...]
    image_folder: Path | None
    max_unsafe: float
    least_overlap: float
    least_aesthetic: float | None
    aesthetic_reward: Path | None
    least_consistency: float | None
    consistency_reward: Path | None
    summarize: float
    expand: float
    session_minutes: float


@dataclass(frozen=True)
class Chunk:
    """Some thousand rows of a source in a file of OUT/parts; `first` is the number of the first one in its source."""

    source: str
    file: str
    first: int
    count: int

    def order(self, index: int) -> int:
        """A number for row `index` of this chunk; smaller ones go before larger ones, in the whole run."""
        return (SOURCES.index(self.source) << 48) + self.first + index


@dataclass(frozen=True)
class Run:
    """All that a process must know to work on one part: the folder, the rules and the chunks."""

    folder: Path
    name_words: Path
    rules: Rules
    chunks: tuple[Chunk, ...] = ()

    def with_chunks(self, more: Sequence[Chunk]) -> "Run":
        """The same run with further chunks behind its own."""
        return replace(self, chunks=(*self.chunks, *more))

    def path(self, kind: str, part: int, suffix: str) -> Path:
        return self.folder / f"{kind}-{part:05d}.{suffix}"

    def paths(self, kind: str, suffix: str, count: int) -> list[Path]:
        return [self.path(kind, part, suffix) for part in range(count)]

    def source(self, part: int) -> Path:
        """The file of a part's rows."""
        return self.folder / self.chunks[part].file

    def high(self, part: int) -> Path:
        """The file of a part's good rows."""
        return self.path("high", part, "jsonl")

    def rows(self, part: int, content: bytes | None = None) -> Iterator[dict]:
        """The rows of a part; `content` is its file, where somebody has read it."""
        return read_part(self.source(part), self.rules.image_folder, content)


@dataclass(frozen=True)
class Known:
    """Word lists, loaded once in every process."""

    named: frozenset[str]
    modifiers: frozenset[str]
    excluded: frozenset[str]


@lru_cache(maxsize=1)
def known(name_words: Path, rules: Rules) -> Known:
    named = frozenset(name_words.read_text(encoding="utf-8-sig").split())
    modifiers = read_modifiers(rules.modifiers) if rules.modifiers else frozenset()
    return Known(named, modifiers, read_excluded(rules.exclude))


def read_modifiers(path: Path, most_frequent: int = 3000) -> frozenset[str]:
    """The modifiers ("sharp focus") that tell a detailed prompt from a plain one."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()[:most_frequent]
    return frozenset(repair_spacing(line.lower().strip()) for line in lines)


def chosen(text: str, share: float) -> bool:
    """Whether a text is among the `share` of all texts that a language model is asked about: by its hash."""
    return near.text_hash(text) < share * 2**64


def count_uses(run: Run, part: int, content: bytes | None = None) -> Made:
    """What person_names learns from one part."""
    artists = run.rules.artists.read_text(encoding="utf-8-sig").splitlines() if run.rules.artists else []
    return Made(Uses((row["prompt"].lower() for row in run.rows(part, content)), artists).as_json())


def sort_by_author(run: Run, part: int, content: bytes | None = None) -> Made:
    """One part's prompts in the order of a hash of their authors, for `find_sessions` to take slices of."""
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    found = [
        (near.text_hash(str(row["user"])) >> 1, float(row["time"]), run.chunks[part].order(i), row["prompt"])
        for i, row in enumerate(run.rows(part, content))
        if row.get("user") is not None and "time" in row
    ]
    found.sort()
    columns = list(zip(*found, strict=True)) or [()] * 4
    kinds = (arrow.int64(), arrow.float64(), arrow.int64(), arrow.string())
    names = ("author", "time", "order", "prompt")
    arrays = [arrow.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    file = io.BytesIO()
    parquet.write_table(arrow.table(arrays, names=names), file, row_group_size=1000)
    return Made({"rows": len(found)}, {run.path("authors", part, "parquet").name: file.getvalue()})


def find_sessions(run: Run, parts: int, ranges: int, index: int, _: None = None) -> Made:
    """The refinements of the authors whose hash is in one of `ranges` ranges."""
    import pyarrow.parquet as parquet

    first, last = index * 2**63 // ranges, (index + 1) * 2**63 // ranges - 1
    rows = []
    for path in run.paths("authors", "parquet", parts):
        table = parquet.read_table(path, filters=[("author", ">=", first), ("author", "<=", last)])
        rows += zip(*(table[name].to_pylist() for name in table.column_names), strict=True)
    rows.sort()
    found = []
    for _, session in groupby(rows, key=lambda row: row[0]):
        session = [(time, prompt) for _, time, _, prompt in session]
        for short, richer in refinements(session, 60 * run.rules.session_minutes):
            found.append({"raw_prompt": session[short][1], "prompt": session[richer][1]})
    return Made({"rows": len(found)}, {run.path("sessions", index, "raw.jsonl").name: as_jsonl(found)})


def clean_part(run: Run, part: int, content: bytes | None = None) -> Made:
    """What is good of one part (high), its keys for near-duplicates, and low prompts for expansion."""
    chunk, rules, drops = run.chunks[part], run.rules, DropTable()
    lists = known(run.name_words, rules)
    high, low = [], []
    for i, row in enumerate(run.rows(part, content)):
        prompt = row["prompt"]
        segments, reason = pairs.tidy_target(prompt, lists.named, lists.modifiers)
        if row.get("unsafe", 0.0) > rules.max_unsafe:
            reason = "unsafe by the source's own score"
        elif not reason and too_ugly(row, rules.least_aesthetic):
            reason = "aesthetic score too low"
        if not reason and "raw_prompt" not in row and chunk.source not in ("prompts", "captions"):
            raise ValueError(f"{chunk.source}, row {chunk.first + i + 1}: it has no raw_prompt")
        if not reason:
            kept = {key: value for key, value in row.items() if key not in ("user", "time", "unsafe")}
            high.append({"order": chunk.order(i), **kept, "prompt": ", ".join(segments)})
            continue
        # Of unsafe text the words are shown that give it away, not the text.
        shown = ", ".join(sorted(unsafe_words(prompt))) if reason == "unsafe text" else prompt
        drops.add(f"{chunk.source}: {reason}", shown)
        if rules.expand and chunk.source == "prompts":
            raw = pairs.low_prompt(prompt, reason, lists.named, lists.excluded)
            if raw and chosen(raw, rules.expand):
                low.append({"raw_prompt": raw})
    texts = [row["prompt"] for row in high]
    orders = np.array([row["order"] for row in high], dtype=np.uint64)
    heads = [near.text_hash(" ".join(words(text)[:5])) for text in texts]
    bands = near.band_hashes(texts)
    files = {
        run.high(part).name: as_jsonl(high),
        run.path("low", part, "jsonl").name: as_jsonl(low),
        run.path("bands", part, "npy").name: as_npy(near.sorted_keys(bands.ravel(), np.repeat(orders, bands.shape[1]))),
        run.path("heads", part, "npy").name: as_npy(near.sorted_keys(np.array(heads, dtype=np.uint64), orders)),
    }
    return Made({"rows": len(high), "drops": drops.as_json()}, files)


def too_ugly(row: dict, least: float | None) -> bool:
    return least is not None and row.get("aesthetic_score", least) < least


def find_near_duplicates(run: Run, ranges: int, index: int, _: None = None) -> Made:
    keys = near.key_range(run.paths("bands", "npy", len(run.chunks)), index, ranges)
    return Made({}, {run.path("duplicates", index, "npy").name: as_npy(near.beyond_first(keys))})


def find_same_heads(run: Run, ranges: int, index: int, _: None = None) -> Made:
    """Rows that begin like SAME_HEAD rows before them, near-duplicates not counted."""
    keys = near.key_range(run.paths("heads", "npy", len(run.chunks)), index, ranges)
    keys = keys[~near.is_in(keys[:, 1], run.paths("duplicates", "npy", ranges))]
    return Made({}, {run.path("same-heads", index, "npy").name: as_npy(near.beyond_first(keys, SAME_HEAD))})


def survivors(
    run: Run, ranges: int, part: int, drops: DropTable | None = None, content: bytes | None = None
) -> list[dict]:
    """The good rows of a part that are no near-duplicates; others are counted in `drops`. `content` is the file of the
    good rows, where somebody has read it."""
    rows = read_rows(run.high(part)) if content is None else [json.loads(line) for line in content.splitlines()]
    orders = np.array([row["order"] for row in rows], dtype=np.uint64)
    twice = near.is_in(orders, run.paths("duplicates", "npy", ranges))
    heads = near.is_in(orders, run.paths("same-heads", "npy", ranges))
    if drops is not None:
        for row, is_twice, is_head in zip(rows, twice, heads, strict=True):
            if is_twice or is_head:
                reason = "near-duplicate" if is_twice else f"the same first words {SAME_HEAD} times already"
                drops.add(f"{run.chunks[part].source}: {reason}", row["prompt"])
    return [row for row, drop in zip(rows, twice | heads, strict=True) if not drop]


class CaptionPart:
    """Captions of the images of one part; BLIP is loaded when the first one is asked for."""

    def __init__(self, run: Run, ranges: int, parts: list[int], model: str):
        self.run, self.ranges, self.parts, self.model, self.captioner = run, ranges, parts, model, None

    def __call__(self, index: int, content: bytes | None = None) -> Made:
        part = self.parts[index]
        rows = [row for row in survivors(self.run, self.ranges, part, content=content) if "image" in row]
        if rows and self.captioner is None:
            self.captioner = Captioner(self.model)
        captions = self.captioner.captions([row["image"] for row in rows]) if rows else []
        short = {
            row["order"]: [text, "" if text else "no image to be read"]
            for row, text in zip(rows, captions, strict=True)
        }
        return Made({}, {self.run.path("short", part, "json").name: as_json(short)})


def summaries_wanted(run: Run, ranges: int, part: int) -> list[dict]:
    return [row for row in survivors(run, ranges, part) if chosen(row["prompt"], run.rules.summarize)]


class PairsOfPart:
    """The last step: the pairs of one part, with what is wrong with some counted, as training and held-out rows."""

    def __init__(self, run: Run, ranges: int):
        self.run, self.ranges, self.rewards = run, ranges, {}

    def __call__(self, part: int, content: bytes | None = None) -> Made:
        run, drops = self.run, DropTable()
        rows = self.above(list(self.candidates(part, drops, content)), drops)
        sides = {"train": [], "heldout": []}
        for row in rows:
            drops.add(f"{row['source']}: kept", f"{row['raw_prompt']} -> {row['prompt']}")
            sides["heldout" if pairs.held_out(row["prompt"]) else "train"].append(row)
        files = {run.path(side, part, "jsonl").name: as_jsonl(found) for side, found in sides.items()}
        return Made({"drops": drops.as_json(), **{side: len(found) for side, found in sides.items()}}, files)

    def candidates(self, part: int, drops: DropTable, content: bytes | None = None) -> Iterator[dict]:
        """Pairs that are good by their words alone."""
        run, source = self.run, self.run.chunks[part].source
        lists, path = known(run.name_words, run.rules), run.path("short", part, "json")
        short_sides = read_json(path) if path.exists() else {}
        for row in survivors(run, self.ranges, part, drops, content):
            order, target, image = row.pop("order"), row.pop("prompt"), row.pop("image", None)
            raw, segments = row.pop("raw_prompt", None), target.split(", ")
            raws = [(source, raw)]
            if source == "prompts" and raw is None:
                rng = pairs.row_random(target)
                raws = [("prompts", pairs.raw_prompt_of(segments, rng)) for _ in range(2)]
            text, problem = short_sides.get(str(order), (None, ""))
            if source == "captions":
                raws = [(source, text)]
                problem = problem or ("" if image else "no image is named")
            elif text is not None and not problem:
                raws.append(("summaries", text))
            if problem:
                drops.add(f"{'captions' if source == 'captions' else 'summaries'}: {problem}", target)
                if source == "captions":
                    continue
            tidied: dict[str, str] = {}
            for name, text in raws:
                tidied.setdefault(pairs.tidy_raw(text, lists.excluded), name)
            for given, name in tidied.items():
                problem = pairs.row_problem(given, target, lists.named, lists.excluded, run.rules.least_overlap)
                if problem == "unsafe raw prompt":
                    drops.add(f"{name}: {problem}", ", ".join(sorted(unsafe_words(given))))
                elif problem:
                    drops.add(f"{name}: {problem}", f"{given} -> {target}")
                else:
                    yield {"raw_prompt": given, "prompt": target, "source": name, **row}

    def above(self, rows: list[dict], drops: DropTable) -> list[dict]:
        """The rows whose rewards, where reward models are to judge them, are not too low."""
        rules = self.run.rules
        for name, folder, least in (
            ("consistency", rules.consistency_reward, rules.least_consistency),
            ("aesthetic score", rules.aesthetic_reward, rules.least_aesthetic),
        ):
            if folder is None or not rows:
                continue
            scores = self.reward(folder).score([row["raw_prompt"] for row in rows], [row["prompt"] for row in rows])
            kept = []
            for row, score in zip(rows, scores.tolist(), strict=True):
                if score >= least:
                    kept.append(row)
                else:
                    drops.add(f"{row['source']}: {name} too low", f"{row['raw_prompt']} -> {row['prompt']}")
            rows = kept
        return rows

    def reward(self, folder: Path):
        if folder not in self.rewards:
            import torch

            from ...beautifier.rewards.model import load_reward_model

            self.rewards[folder] = load_reward_model(folder, "cuda" if torch.cuda.is_available() else "cpu")
        return self.rewards[folder]
