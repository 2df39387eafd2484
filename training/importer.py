"""Rows from data sets that others published, and from votes and choices: what collect and label would take days to
make.

    python -m prompt_beautifier.training.importer beautifulprompt data.json --test test.json --out runs/authors
        The data set of BeautifulPrompt: pairs with PickScore, aesthetic score, ImageReward and type, for sft, reward
        and ppo as they are. data.json and test.json are linked in the README of github.com/alibaba/EasyNLP, below
        examples/BeautifulPrompt. Rows of data.json whose raw prompt is in test.json are left out.
    python -m prompt_beautifier.training.importer aesthetic rm_aesthetic.json --out runs/authors-aesthetic
        More of their rows, with an aesthetic score alone, for reward --term aesthetic_score; linked at the same place.
    python -m prompt_beautifier.training.importer diffusiondb metadata.parquet --images images --out runs/images
        OUT/images.jsonl for collect --images: the unpacked images of DiffusionDB with their prompts. All of it is at
        huggingface.co/datasets/poloclub/diffusiondb; collect reads metadata.parquet itself, too (--prompts).
    python -m prompt_beautifier.training.importer sac sac_public_2022_06_29.sqlite --out runs/sac
        Prompts with people's mean rating of their pictures, for reward --term rating --reads prompt:
        github.com/JD-P/simulacra-aesthetic-captions (CC0).
    python -m prompt_beautifier.training.importer pickapic train-*.parquet --out runs/pickapic
        Captions that people typed, as raw prompts for ppo, rl and evaluate:
        huggingface.co/datasets/yuvalkirstain/pickapic_v2_no_images.
    python -m prompt_beautifier.training.importer comparisons FILE.csv --raw-prompt description --first left \\
        --second right --winner label --first-wins left --out runs/preferences
        Preferences out of any table of choices between two prompts, such as the crowd's of
        github.com/toloka/BestPrompts.
    python -m prompt_beautifier.training.importer votes votes.sqlite --pictures runs/eval --out runs/preferences
        Preferences out of the votes that training.prefer gathered on the pictures of training.evaluate.
    python -m prompt_beautifier.training.importer choices pairs.jsonl --out runs/preferences
        Preferences out of rows {"raw_prompt", "a", "b", "preferred": 1 for a, 0 for b, 0.5 for neither}.
    python -m prompt_beautifier.training.importer picks prompt_beautifier_picks.jsonl --out runs/preferences
        Preferences out of what you chose in ComfyUI, as its settings export it.

Writes OUT/train.jsonl and OUT/heldout.jsonl (--heldout says how much of it), no raw prompt on both sides. Nothing is
downloaded. Rows are taken as they are: unsafe text, names and duplicates that collect would refuse are in them, and
`collect --pairs OUT/train.jsonl` sends pairs through its filters.
"""

from __future__ import annotations

import argparse
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from .data import published
from .data.preferences import of_votes, write_sides
from .run.options import as_command, new_parser
from .run.parts import write_rows
from .run.rows import read_jsonl


def main(argv: list[str] | None = None) -> None:
    args = option_parser().parse_args(argv)
    args.read(args)


def option_parser() -> argparse.ArgumentParser:
    parser = new_parser(__doc__)
    kinds = parser.add_subparsers(title="what is read", metavar="KIND", required=True)

    def kind(name: str, read: Callable, several: bool = False, share: float = 0.01) -> Callable:
        """A subcommand that read(args) does the work of; returns what adds options to it."""
        own = kinds.add_parser(name)
        own.add_argument("files" if several else "file", type=Path, nargs="+" if several else None)
        own.add_argument("--out", type=Path, required=True)
        if share:
            held = f"share of the raw prompts to hold out (default: {share:g})"
            own.add_argument("--heldout", type=float, default=share, metavar="SHARE", help=held)
        own.set_defaults(read=read)
        return own.add_argument

    add = kind("beautifulprompt", import_beautifulprompt)
    add("--test", type=Path, metavar="FILE", help="the authors' test.json: OUT/test.jsonl, for evaluate")
    kind("aesthetic", lambda args: import_rows(args, published.aesthetic_rows(args.file)))
    kind("sac", lambda args: import_rows(args, published.sac_rows(args.file)), share=0.05)
    kind("pickapic", lambda args: import_rows(args, published.pickapic_captions(args.files)), several=True)
    kind("choices", lambda args: import_rows(args, published.choice_rows(args.file)), share=0.05)
    kind("picks", lambda args: import_rows(args, published.pick_rows(args.file)), share=0.05)
    add = kind("diffusiondb", import_diffusiondb, share=0)
    add("--images", type=Path, required=True, help="folder in which part-000001 and the others lie")
    add = kind("votes", import_votes, share=0.05)
    add("--pictures", type=Path, required=True, help="folder that evaluate wrote, with pictures.jsonl")
    add = kind("comparisons", import_comparisons, share=0.05)
    for name in ("raw-prompt", "first", "second", "winner"):
        add(f"--{name}", required=True, metavar="COLUMN")
    add("--first-wins", required=True, metavar="VALUE", help="what stands in --winner where the first was chosen")
    add("--tie", metavar="VALUE", help="what stands there for neither")
    return parser


def import_rows(args: argparse.Namespace, rows: Iterator[dict]) -> None:
    """Write rows to both sides, and say how many."""
    counts = write_sides(args.out, rows, args.heldout)
    print(f"{counts['train']:,} training rows, {counts['heldout']:,} held-out rows in {args.out}")


def import_beautifulprompt(args: argparse.Namespace) -> None:
    rows, tested = published.beautifulprompt_rows(args.file), set()
    if args.test:
        test = list(published.beautifulprompt_rows(args.test, ("raw_prompt",)))
        tested = {row["raw_prompt"].strip().casefold() for row in test}
        args.out.mkdir(parents=True, exist_ok=True)
        write_rows(args.out / "test.jsonl", test)
        print(f"{len(test):,} raw prompts to evaluate in {args.out / 'test.jsonl'}")
    left_out = itertools.count()
    import_rows(args, published.without(rows, tested, left_out.__next__))
    print(f"{next(left_out):,} rows left out whose raw prompt is in the test")


def import_diffusiondb(args: argparse.Namespace) -> None:
    args.out.mkdir(parents=True, exist_ok=True)
    rows = list(published.diffusiondb_images(args.file, args.images))
    if not rows:
        raise FileNotFoundError(f"{args.images} has no image of {args.file}: unpack part-000001.zip and others there")
    write_rows(args.out / "images.jsonl", rows)
    print(f"{len(rows):,} images in {args.out / 'images.jsonl'}; collect needs --image-folder {args.images}, too")


def import_comparisons(args: argparse.Namespace) -> None:
    columns = (args.raw_prompt, args.first, args.second, args.winner, args.first_wins, args.tie)
    import_rows(args, published.comparison_rows(args.file, published.Columns(*columns)))


def import_votes(args: argparse.Namespace) -> None:
    from .voting.votes import Votes

    if not args.file.is_file():
        raise FileNotFoundError(f"there is no file of votes {args.file}")
    votes = Votes(args.file)
    try:
        cast = list(votes)
    finally:
        votes.close()
    choices = Counter(vote.choice for vote in cast)
    import_rows(args, of_votes(cast, written_prompts(args.pictures / "pictures.jsonl")))
    print(f"{choices.total():,} votes, {choices['tie']:,} of them ties, which say nothing here")


def written_prompts(path: Path) -> dict[tuple[str, str], str]:
    """What every method wrote for every raw prompt, by (raw prompt, method), of evaluate's pictures.jsonl."""
    rows = read_jsonl(path, "raw_prompt")
    return {(row["raw_prompt"], name): text for row in rows for name, text in row.get("prompts", {}).items()}


if __name__ == "__main__":
    as_command("importer", main)
