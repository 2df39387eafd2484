"""Whether two states of the repository write the same texts: to see that a change which should not matter does not.

    python benchmarks/same_texts.py REVISION REVISION --prompts FILE [--limit 1000] [--style phrases]

FILE has one raw prompt a line, or JSON rows with "raw_prompt". Each state writes in a process of its own, the embedded
model with seed 0, five candidates a raw prompt. Prints how many raw prompts have the same candidates letter for letter
and the first three that have not; exits with 1 where there are any.
"""

import argparse
import json
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

WRITE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from prompt_beautifier.beautifier.beautify import load_beautifier
beautifier = load_beautifier()
for line in sys.stdin:
    found = beautifier.beautify(json.loads(line), num_candidates=5, seed=0, style=sys.argv[2])
    print(json.dumps([each.text for each in found]), flush=True)
"""


def raw_prompts(path: Path, limit: int) -> list[str]:
    """The first `limit` raw prompts of a file, each once."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    texts = [json.loads(line)["raw_prompt"] if line.startswith("{") else line for line in lines]
    return list(dict.fromkeys(texts))[:limit]


def unpack(revision: str, folder: Path) -> None:
    """Write the files of a revision into folder/prompt_beautifier."""
    packed = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder / "prompt_beautifier", filter="data")


def written(folder: Path, style: str) -> subprocess.Popen:
    """A process that reads raw prompts and writes their candidates, a line each."""
    command = [sys.executable, "-c", WRITE, str(folder), style]
    return subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revisions", nargs=2, metavar="REVISION")
    parser.add_argument("--prompts", type=Path, required=True, metavar="FILE")
    parser.add_argument("--limit", type=int, default=1000)
    parser.add_argument("--style", choices=("sentences", "phrases", "tags"), default="phrases")
    args = parser.parse_args()
    raws = raw_prompts(args.prompts, args.limit)
    with tempfile.TemporaryDirectory() as folder:
        writers = []
        for number, revision in enumerate(args.revisions):
            unpack(revision, Path(folder) / str(number))
            writers.append(written(Path(folder) / str(number), args.style))
        different = []
        for raw in raws:
            for writer in writers:
                print(json.dumps(raw), file=writer.stdin, flush=True)
            answers = [writer.stdout.readline() for writer in writers]
            if not all(answers):
                return 2  # a writer has ended, and said why
            if answers[0] != answers[1]:
                different.append((raw, *map(json.loads, answers)))
        for writer in writers:
            writer.stdin.close()
            writer.wait()
    print(f"{len(raws) - len(different)} of {len(raws)} raw prompts have the same candidates ({args.style})")
    for raw, *both in different[:3]:
        first = next(pair for pair in zip(*both, strict=False) if pair[0] != pair[1])
        print(f"{raw}\n  {first[0]}\n  {first[1]}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
