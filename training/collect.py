"""Collect training pairs (raw prompt -> detailed prompt) from prompts that people wrote.

Raw prompts are split by length and quality tags into low and high ones. Pairs come from
  - the subject of a high prompt, cut out by rule                               (--prompts)
  - a high prompt's summary by a large language model                           (--summarize)
  - a low prompt's expansion by a large language model                          (--expand)
  - the caption of an image, by BLIP, and the prompt it was made with           (--images)
  - a short prompt and the richer one its author wrote next                     (--prompts with user and time)
  - files of pairs that are ready                                               (--refinements, --descriptions, --pairs)

Every detailed prompt passes the same steps: repair the spacing, refuse what is not a plain English prompt, refuse
unsafe text, cut artists' and other people's names out of it, drop an unfinished tail, ask for enough detail, drop
near-duplicates; every pair then those for consistency, aesthetic score and evaluation sets. What each step dropped
is printed with samples.

    python -m prompt_beautifier.training.collect --prompts prompts.tsv.xz --refinements refinements.jsonl \\
        --descriptions descriptions.jsonl --artists artists.txt --modifiers flavors.txt \\
        --exclude PartiPrompts.tsv --workers 2 --out runs/pairs

Writes OUT/train.jsonl, OUT/heldout.jsonl (about 1 % of the subjects, none of which is in train.jsonl), and
OUT/name_words.txt (the words taken for people's names, which the evaluation needs again). Rows are
{"raw_prompt": str, "prompt": str, "source": str} and the scores that their source gives. The same input gives the
same files, with any number of workers. A run that was stopped, or killed, goes on with the same command; answers of
a language model are kept in OUT/answers.sqlite for good.

On a cluster (--address) the input and OUT must be the same folders on all computers.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from functools import partial
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from .data import near_duplicates as near
from .data.captions import BLIP
from .data.collect_parts import (
    CaptionPart,
    Chunk,
    PairsOfPart,
    Rules,
    Run,
    clean_part,
    count_uses,
    find_near_duplicates,
    find_same_heads,
    find_sessions,
    sort_by_author,
    summaries_wanted,
)
from .data.drop_table import DropTable
from .data.person_names import merged
from .data.sources import cut, read_part
from .run import options
from .run.cluster import actors, add_cluster_options, cluster
from .run.dataset import each
from .run.kept import Kept
from .run.parts import (
    Made,
    Manifest,
    atomic_write,
    file_identity,
    read_json,
    read_rows,
    run_stage,
    write_json,
    write_rows,
)

KEYS_PER_RANGE = 1_000_000  # of near-duplicates looked at in one go: some 100 MB
ROWS_PER_SESSION_RANGE = 100_000
IMAGES_PER_PART = 256  # a kill costs so many captions at most, of each GPU
NO_ANSWER = ("", "no answer")
CONFIG = "training/configs/collect-beautifulprompt.yaml"
RESULTS = ("train.jsonl", "heldout.jsonl", "name_words.txt")


def main(argv: list[str] | None = None) -> None:
    args = options.parse(option_parser(), argv)
    check(args)
    rules = rules_of(args)
    args.out.mkdir(parents=True, exist_ok=True)
    for unfinished in args.out.glob(".*.part.*"):  # of a merge that was killed
        unfinished.unlink()
    settings = manifest_settings(args, rules)
    manifest = Manifest(args.out / "parts", settings, args.restart)
    if manifest.done and not all((args.out / name).exists() for name in RESULTS):
        manifest = Manifest(args.out / "parts", settings, restart=True)
    if manifest.done is None:
        goes_on, started = any((args.out / "parts").glob("*-*.json")), time.monotonic()
        with cluster(args.workers, args.address) as with_ray:
            report = run_stages(args, rules, Stages(args.out / "parts", with_ray))
        report["lines"].append(speed(report["rows"], time.monotonic() - started, goes_on))
        manifest.finish(report, args.keep_parts)
    else:
        print("nothing is left to do; of the run that did it:")
    print("\n".join(manifest.done["lines"]))


def option_parser() -> argparse.ArgumentParser:
    parser = options.new_parser(__doc__)
    add_sources(parser.add_argument_group("sources (.parquet, .jsonl, .tsv or .txt; texts also .xz)").add_argument)
    add_rules(parser.add_argument_group("what is kept").add_argument)
    add_models(parser.add_argument_group("models").add_argument)
    add_cluster_options(parser)
    add = parser.add_argument_group("the run").add_argument
    add("--rows-per-part", type=int, default=20_000, help="what a kill costs at most, of each worker")
    add("--restart", action="store_true", help="forget the parts of an earlier run")
    add("--keep-parts", action="store_true", help="leave OUT/parts when all is done")
    add("--out", type=Path, required=True, help="folder for train.jsonl and heldout.jsonl")
    return parser


def add_sources(add: Callable) -> None:
    files = {"type": Path, "nargs": "+", "default": [], "metavar": "FILE"}
    add("--prompts", **files, help="raw prompts; a TSV is count<TAB>prompt")
    add("--images", **files, help="rows of image (a file) and prompt")
    add("--image-folder", type=Path, help="where the names of images begin")
    add("--refinements", type=Path, metavar="FILE", help="rows of raw_prompt and prompt")
    add("--descriptions", type=Path, metavar="FILE", help="rows of raw_prompt and prompt")
    add("--pairs", **files, help="further rows of raw_prompt and prompt")
    add("--limit", type=int, help="read so many rows of each file of prompts or images, for a trial")


def add_rules(add: Callable) -> None:
    add("--artists", type=Path, metavar="FILE", help="one artist's full name a line")
    modifiers = "one modifier a line, most frequent first: quality tags, one of which a high prompt has"
    add("--modifiers", type=Path, metavar="FILE", help=modifiers)
    excluded = "evaluation sets: TSV, CSV, JSONL, text"
    add("--exclude", type=Path, nargs="*", default=[], metavar="FILE", help=excluded)
    unsafe = "largest image_nsfw and prompt_nsfw, where rows have them"
    add("--max-unsafe", type=float, default=0.5, help=unsafe)
    overlap = "share of the raw prompt's content words that the detailed one must have"
    add("--least-overlap", type=float, default=0.6, help=overlap)
    add("--least-aesthetic", type=float, help="least aesthetic_score, where rows have one")
    add("--aesthetic-reward", type=Path, metavar="FOLDER", help="reward model that must give it, too")
    add("--least-consistency", type=float, help="least score by --consistency-reward")
    consistency = "reward model that judges raw prompt and prompt"
    add("--consistency-reward", type=Path, metavar="FOLDER", help=consistency)
    minutes = "how long after a short prompt its author may refine it; 0: no sessions"
    add("--session-minutes", type=float, default=30.0, help=minutes)


def add_models(add: Callable) -> None:
    add("--endpoints", type=Path, metavar="FILE", help="JSON file of OpenAI-compatible servers")
    add("--endpoint", default="", help="the server's name in it")
    add("--llm", default="", help="the model to ask; default: the endpoint's")
    add("--summarize", type=float, default=0.0, metavar="SHARE", help="share of high prompts to be summarised")
    add("--expand", type=float, default=0.0, metavar="SHARE", help="share of low prompts to be expanded")
    add("--concurrency", type=int, default=16, help="prompts asked about at the same time")
    add("--max-tokens", type=int, default=1024, help="of an answer, thinking included")
    add("--blip", default=BLIP, help="captioning model: folder or repository")


def rules_of(args: argparse.Namespace) -> Rules:
    values = {field.name: getattr(args, field.name) for field in fields(Rules)}
    return Rules(**values | {"exclude": tuple(args.exclude)})


def manifest_settings(args: argparse.Namespace, rules: Rules) -> dict:
    """All that decides what the rows are, for the manifest; not where and how fast they are made."""
    names = ("refinements", "descriptions", "pairs", "images", "prompts", "artists", "modifiers", "exclude")
    inputs = {}
    for name in names:
        paths = getattr(args, name) or []
        inputs[name] = [file_identity(path) for path in (paths if isinstance(paths, list) else [paths])]
    plain = {name: value for name, value in asdict(rules).items() if name not in names}
    others = {name: getattr(args, name) for name in ("limit", "rows_per_part", "blip", "endpoint", "llm")}
    return {**{name: str(value) for name, value in (plain | others).items()}, **inputs}


def check(args: argparse.Namespace) -> None:
    """Raise ValueError for options that do not fit each other, FileNotFoundError for files that are not there."""
    sources = [args.refinements, args.descriptions, *args.pairs, *args.images, *args.prompts]
    for path in filter(None, (*sources, args.artists, args.modifiers, *args.exclude)):
        if not path.is_file():
            raise FileNotFoundError(
                f"there is no file {path}: where published sources are had stands in {CONFIG}, and training.tiny "
                "makes pairs without any"
            )
    if not any(sources):
        raise ValueError("there is nothing to collect from: give --prompts, --pairs or another source")
    for name in ("summarize", "expand"):
        if not 0 <= getattr(args, name) <= 1:
            raise ValueError(f"--{name} is a share from 0 to 1, not {getattr(args, name)}")
    if (args.summarize or args.expand) and not (args.endpoints and args.endpoint):
        raise ValueError("--summarize and --expand need a language model: give --endpoints and --endpoint")
    if (args.consistency_reward is None) != (args.least_consistency is None):
        raise ValueError("--consistency-reward and --least-consistency go together")
    if args.aesthetic_reward is not None and args.least_aesthetic is None:
        raise ValueError("--aesthetic-reward needs --least-aesthetic")
    if args.rows_per_part < 1:
        raise ValueError(f"--rows-per-part must be 1 or more, not {args.rows_per_part}")


@dataclass(frozen=True)
class Stages:
    """Has the parts of a run worked on, one stage after the other, here or with Ray."""

    folder: Path
    with_ray: bool

    def __call__(
        self,
        name: str,
        count: int,
        work: Callable[[int, bytes | None], Made],
        title: str = "",
        reads: Callable[[int], Path] | None = None,
        loads: bool = False,
    ) -> list[Path]:
        """Have work(part, content) done for the parts 0 to count - 1 that are not done yet; the done-files of all, in
        order.

        reads  which file is the content of a part; None where it has none of its own
        loads  whether the work loads a network: then it stays in processes that live on, one a GPU
        """
        resources = actors() if loads and self.with_ray else {}

        def on_each(work: Callable[[int, bytes | None], dict[str, bytes]], parts: list[int]) -> None:
            each(work, parts, self.folder, self.with_ray, reads, title or name, **resources)

        return run_stage(self.folder, name, count, work, on_each)


def run_stages(args: argparse.Namespace, rules: Rules, stage: Stages) -> dict:
    """All stages, one after the other. Returns the report: rows read, and lines to print."""
    chunks = cut_all(args, stage.folder)
    rows = sum(chunk.count for chunk in chunks)
    print(f"{rows:,} rows in {len(chunks)} parts", flush=True)
    run = Run(stage.folder, args.out / "name_words.txt", rules, tuple(chunks))
    learn_names(run, stage)

    run = run.with_chunks(sessions(run, stage))
    clean = stage("clean", len(run.chunks), partial(clean_part, run), "cleaning", run.source)
    drops = DropTable()
    if rules.expand:
        run = run.with_chunks(expansions(args, run, drops))
        clean = stage("clean", len(run.chunks), partial(clean_part, run), "cleaning expansions", run.source)

    keys = sum(read_json(path)["rows"] for path in clean) * near.BANDS
    ranges = keys // KEYS_PER_RANGE + 1
    stage("duplicates", ranges, partial(find_near_duplicates, run, ranges), "near-duplicates")
    stage("same-heads", ranges, partial(find_same_heads, run, ranges), "same first words")
    write_short_sides(args, run, ranges, stage)
    loads = bool(rules.aesthetic_reward or rules.consistency_reward)
    pairs = stage("pairs", len(run.chunks), PairsOfPart(run, ranges), "pairs", run.high, loads)
    return {"rows": rows, **finish(args.out, run, drops, [*clean, *pairs])}


def learn_names(run: Run, stage: Stages) -> None:
    """Write OUT/name_words.txt: the words taken for people's names, learnt from what people wrote."""
    taught = tuple(chunk for chunk in run.chunks if chunk.source in ("prompts", "captions"))
    lessons = Run(run.folder, run.name_words, run.rules, taught or run.chunks)
    uses = stage("names", len(lessons.chunks), partial(count_uses, lessons), "people's names", lessons.source)
    if not run.name_words.exists() or not (run.folder / "names.json").exists():
        named = merged([partial(read_json, path) for path in uses]).name_words()
        with atomic_write(run.name_words) as unfinished:
            unfinished.write_text("\n".join(sorted(named)) + "\n", encoding="utf-8")
        write_json(run.folder / "names.json", {"words": len(named)})


def finish(out: Path, run: Run, drops: DropTable, done: list[Path]) -> dict:
    """Merge what was made of all parts into OUT/train.jsonl and OUT/heldout.jsonl; their rows, and lines to print.

    done  the done-files of cleaning and of the last stage
    """
    counts = {"train": 0, "heldout": 0}
    for path in done:
        part = read_json(path)
        drops.merge(part["drops"])
        for side in counts:
            counts[side] += part.get(side, 0)
    for side in counts:
        merge_files(out / f"{side}.jsonl", [run.path(side, part, "jsonl") for part in in_order(run.chunks)])
    names = read_json(run.folder / "names.json")["words"]
    last = f"{counts['train']:,} training rows, {counts['heldout']:,} held-out rows in {out}; "
    return {"lines": [*drops.lines(), f"{last}{names:,} words of people's names"], **counts}


def in_order(chunks: Sequence[Chunk]) -> list[int]:
    """Numbers of the parts in the order of their rows in the whole run."""
    return sorted(range(len(chunks)), key=lambda part: chunks[part].order(0))


def merge_files(path: Path, parts: Iterable[Path]) -> None:
    with atomic_write(path) as unfinished, open(unfinished, "wb") as file:
        for part in parts:
            with open(part, "rb") as rows:
                shutil.copyfileobj(rows, file)


def speed(rows: int, seconds: float, goes_on: bool) -> str:
    """What a run took, for its last line; a rate only where it did all of the work."""
    rate = "of which an earlier run did a part" if goes_on else f"{rows / seconds:,.0f} rows/s"
    return f"{rows:,} rows in {seconds:,.0f} s ({rate})"


def cut_all(args: argparse.Namespace, folder: Path) -> list[Chunk]:
    """All sources in chunks; those that are cut already are not cut again."""
    chunks, given = (
        [],
        {
            "refinements": args.refinements and [args.refinements],
            "descriptions": args.descriptions and [args.descriptions],
            "pairs": args.pairs,
            "captions": args.images,
            "prompts": args.prompts,
        },
    )
    for source, paths in given.items():
        first = 0
        for number, path in enumerate(paths or ()):
            done = folder / f"{source}-{number}.cut.json"
            if not done.exists():
                print(f"cutting {path} into parts ...", flush=True)
                size = min(args.rows_per_part, IMAGES_PER_PART if source == "captions" else args.rows_per_part)
                limit = args.limit if source in ("prompts", "captions") else None
                write_json(done, {"parts": cut(path, folder, f"{source}-{number}", size, limit)})
            for part in read_json(done)["parts"]:
                chunks.append(Chunk(source, part["file"], first + part["first"], part["count"]))
            first += sum(part["count"] for part in read_json(done)["parts"])
    return chunks


def sessions(run: Run, stage: Stages) -> list[Chunk]:
    """The refinements found in prompts whose authors and times are known, as chunks."""
    authored = tuple(chunk for chunk in run.chunks if chunk.source == "prompts" and has_authors(run, chunk))
    if not authored or not run.rules.session_minutes:
        return []
    run = Run(run.folder, run.name_words, run.rules, authored)
    stage("authors", len(authored), partial(sort_by_author, run), reads=run.source)
    ranges = sum(chunk.count for chunk in authored) // ROWS_PER_SESSION_RANGE + 1
    found = stage("sessions", ranges, partial(find_sessions, run, len(authored), ranges))
    chunks, first = [], 0
    for index, path in enumerate(found):
        count = read_json(path)["rows"]
        if count:
            chunks.append(Chunk("sessions", run.path("sessions", index, "raw.jsonl").name, first, count))
        first += count
    return chunks


def has_authors(run: Run, chunk: Chunk) -> bool:
    first = islice(read_part(run.folder / chunk.file), 100)
    return any("user" in row and "time" in row for row in first)


def expansions(args: argparse.Namespace, run: Run, drops: DropTable) -> list[Chunk]:
    """Low prompts with the detailed prompts that a language model made of them, as chunks."""
    from .data import llm_pairs

    done = run.folder / "expansions.json"
    if not done.exists():
        lows: dict[str, None] = {}
        for part in range(len(run.chunks)):
            lows |= dict.fromkeys(row["raw_prompt"] for row in read_rows(run.path("low", part, "jsonl")))
        rows, dropped = [], DropTable()
        with answers_for(args, "expansions", lambda: map(llm_pairs.expansion_messages, lows)) as answer:
            for raw in lows:
                text = answer(llm_pairs.expansion_messages(raw))
                text, problem = llm_pairs.read_expansion(text, raw) if text else NO_ANSWER
                if problem:
                    dropped.add(f"expansions: {problem}", raw)
                else:
                    rows.append({"raw_prompt": raw, "prompt": text})
        chunks = []
        for first in range(0, len(rows), args.rows_per_part):
            path = run.path("expansions", len(chunks), "raw.jsonl")
            write_rows(path, rows[first : first + args.rows_per_part])
            chunks.append(["expansions", path.name, first, min(args.rows_per_part, len(rows) - first)])
        write_json(done, {"chunks": chunks, "drops": dropped.as_json()})
    drops.merge(read_json(done)["drops"])
    return [Chunk(*chunk) for chunk in read_json(done)["chunks"]]


def write_short_sides(args: argparse.Namespace, run: Run, ranges: int, stage: Stages) -> None:
    """Write the captions and summaries of the good rows, for each part: {order of the row: [text, problem]}."""
    captioned = [part for part, chunk in enumerate(run.chunks) if chunk.source == "captions"]
    if captioned:
        work = CaptionPart(run, ranges, captioned, args.blip)
        stage("captions", len(captioned), work, reads=lambda index: run.high(captioned[index]), loads=True)
    done = run.folder / "summaries.json"
    if run.rules.summarize and not done.exists():
        parts = [part for part, chunk in enumerate(run.chunks) if chunk.source == "prompts"]
        write_summaries(args, run, ranges, parts)
        write_json(done, {"parts": len(parts)})


def write_summaries(args: argparse.Namespace, run: Run, ranges: int, parts: list[int]) -> None:
    from .data import llm_pairs

    def asked() -> Iterator[list[dict]]:
        for part in parts:
            yield from (llm_pairs.summary_messages(row["prompt"]) for row in summaries_wanted(run, ranges, part))

    with answers_for(args, "summaries", asked) as answer:
        for part in parts:
            found = {}
            for row in summaries_wanted(run, ranges, part):
                text = answer(llm_pairs.summary_messages(row["prompt"]))
                found[row["order"]] = llm_pairs.read_summary(text, row["prompt"]) if text else NO_ANSWER
            write_json(run.path("short", part, "json"), found)


@contextmanager
def answers_for(args: argparse.Namespace, what: str, asked: Callable[[], Iterable[list[dict]]]) -> Iterator[Callable]:
    """Have all messages that `asked` lists answered; yields a function from messages to the answer or None."""
    from ..beautifier.servers.endpoints import find_endpoint
    from .data.llm_pairs import answer_all

    count = sum(1 for _ in asked())
    print(f"{what}: {count:,} prompts for {args.endpoint!r}, {args.concurrency} at a time", flush=True)
    endpoint, answers = find_endpoint(args.endpoints, args.endpoint), Kept(args.out / "answers.sqlite", often=True)
    with answers, tqdm(total=count, desc=what, unit=" answers") as bar:
        model, _ = answer_all(
            endpoint, args.llm, asked(), answers, args.concurrency, args.max_tokens, on_answer=bar.update
        )
        yield partial(answers.get, model)


if __name__ == "__main__":
    options.as_command("collect", main)
