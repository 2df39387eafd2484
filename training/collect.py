"""Collect training pairs (raw prompt -> detailed prompt) from prompts that people wrote.

Three sources, all text:
  - prompts.tsv       detailed prompts; their subject is cut out by rule and becomes the raw prompt,
  - refinements.jsonl a short prompt and the richer one somebody made of it,
  - descriptions.jsonl a plain description and the prompt it describes.

Every detailed prompt passes the same steps, in this order: repair the spacing, refuse what is not a plain English
prompt, refuse unsafe text, cut artists' and other people's names out of it, drop an unfinished tail, ask for enough
detail, drop near-duplicates, drop what an evaluation set contains. What each step dropped is printed with samples.

    python -m prompt_beautifier.training.collect --prompts prompts.tsv.xz --refinements refinements.jsonl \\
        --descriptions descriptions.jsonl --artists artists.txt --modifiers flavors.txt \\
        --exclude PartiPrompts.tsv --out runs/pairs

Writes OUT/train.jsonl, OUT/heldout.jsonl (about 1 % of the subjects, none of which is in train.jsonl), and
OUT/name_words.txt (the words taken for people's names, which the evaluation needs again). Rows are
{"raw_prompt": str, "prompt": str, "source": str}. The same input gives the same files.
"""

import argparse
import json
import lzma
import random
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..beautifier.cleaning import repair_spacing
from .person_names import name_words
from .safety import unsafe_words

WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")
STOP_WORDS = frozenset(
    "a an the of in on at to for with and or by from as is are it its his her their this that very some into over"
    " under up down out off no not be being been was were who which one two three".split()
)


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def content_words(text: str) -> set[str]:
    """The words that carry a prompt's meaning: no articles, prepositions or single letters."""
    return {word for word in words(text) if word not in STOP_WORDS and len(word) > 1}


# -- reading ----------------------------------------------------------------------------------------------


def read_prompts(path: Path) -> Iterator[str]:
    """Prompts of a `count<TAB>prompt` file, plain or .xz."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            yield line.rstrip("\n").partition("\t")[2]


def read_pairs(path: Path) -> Iterator[tuple[str, str]]:
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield row["raw_prompt"], row["prompt"]


def read_excluded(paths: Iterable[Path]) -> set[str]:
    """Prompts of evaluation sets (first column of TSV files with a header), as normalised word sequences."""
    excluded = set()
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            next(lines)
            excluded |= {" ".join(words(line.partition("\t")[0])) for line in lines}
    return excluded - {""}


def read_modifiers(path: Path, most_frequent: int = 3000) -> frozenset[str]:
    """The modifiers ("sharp focus") that tell a detailed prompt from a plain one."""
    lines = path.read_text(encoding="utf-8").splitlines()[:most_frequent]
    return frozenset(repair_spacing(line.lower().strip()) for line in lines)


# -- one detailed prompt ----------------------------------------------------------------------------------

# Flags of the Discord bot and of Midjourney come last: the first one and all behind it is cut.
FLAGS = re.compile(
    r"[\s\"”]+(?:--?|—)\s?(?:[a-z]{1,2}\d*|aspect|seed|steps|cfg|uplight|upbeta|width|height|quality|test\w*)"
    r"(?=[\s=:]*(?:\d|k_|-|—|$)).*$",
    re.IGNORECASE,
)
REMARK = re.compile(r"\([^()]*\)")
NOT_PLAIN = re.compile(
    r"[\[\](){}<>|\\^~*_=+#@$/]|: ?:|https?|www\.|: ?-?\d|\d ?%|[^\x00-\x7f]|\d{5,}|!!|\?\?|(?:^| )--?\w"
)
FOREIGN = frozenset(
    "une des les dans avec und der das mit ein eine los las con por una il della het een du sur pour".split()
)
CREDIT = re.compile(
    r"(?:,?\s*\b(?:and|in|at|with)\b)?\s*(?:\b(?:a|an|the|art|artwork|painting|paintings|painted|illustration|illustrated"
    r"|drawing|drawn|photo|photograph|photography|photographed|concept|cover|poster|render|rendered|sculpture|style"
    r"|designed|directed|created|made|composed|shot|filmed|written|composition|lighting|work|works|digital|oil|matte"
    r"|fantasy|character|design|film|movie|still|inspired|portrait|by)\s+)*?"
    r"\b(?:by|(?:in\s+)?(?:the\s+)?styles?\s+of|inspired\s+by|as\s+(?:painted|drawn)\s+by|(?:in\s+)?(?:the\s+)?manner\s+of)\s+[^,.;:]*"
)
# "by" that credits nobody: "surrounded by flowers", "by the sea", "lit by candles".
PLAIN_BY = re.compile(
    r"\b(?:surrounded|lit|illuminated|covered|followed|framed|backlit|lighted|overgrown|sitting|standing|driven|powered"
    r"|worn|held|carried|caused|possessed|chased|guarded|protected|consumed|engulfed|ruled|decorated|adorned|made|built"
    r"|pulled|ridden|topped|bathed|side|night|step|one|two)\s+by\b|\bby\s+(?:the|a|an|his|her|its|their|night|day|moonlight"
    r"|candlelight|sunlight|firelight|side|sea)\b"
)
TAIL = frozenset(
    "and or with by of in on at a an the from to for as very highly ultra extremely super is are".split()
)


def plain_text(prompt: str) -> str:
    """A prompt in lower case with its spacing repaired, without command-line flags and remarks in brackets."""
    text = FLAGS.sub(" ", repair_spacing(prompt.lower()))
    return " ".join(REMARK.sub(" ", text).strip(" .,\"'").split())


def remove_credits(segment: str) -> str:
    """A segment without "by ..." and "in the style of ..." where they credit an artist."""
    if PLAIN_BY.search(segment) and " style of " not in segment:
        return segment
    return CREDIT.sub("", segment).strip()


def segments_of(prompt: str) -> list[str]:
    parts = [part.strip(" .\"'-;:!?()") for part in re.split(r"[,;]|\.(?=\s|$)|\s-\s|!", prompt)]
    return [part for part in parts if part]


def tidy_target(
    prompt: str, named: frozenset[str], modifiers: frozenset[str]
) -> tuple[list[str] | None, str]:
    """The segments of a detailed prompt fit for training, or None and the reason why not."""
    text = plain_text(prompt)
    if NOT_PLAIN.search(text) or len(FOREIGN.intersection(text.split())) > 1:
        return None, "not a plain English prompt"
    if not 5 <= text.count(" ") + 1 <= 90:
        return None, "too short or too long"
    if unsafe_words(text):
        return None, "unsafe text"
    kept, seen = [], set()
    for i, segment in enumerate(segments_of(text)):
        segment = remove_credits(segment)
        found = words(segment)
        if named.intersection(part for word in found for part in re.split(r"['-]", word)):
            if i == 0:
                return None, "subject names a person"
            continue
        while found and found[-1] in TAIL:
            segment = segment.rpartition(" ")[0].strip(" ,.-")
            found = words(segment)
        key = " ".join(word for word in found if word not in STOP_WORDS)
        if key and key not in seen and len(found) <= 24:
            seen.add(key)
            kept.append(segment)
    # What Discord or the model cut off stands in the last segment.
    if prompt and prompt.rstrip()[-1] in ",-" or text.rstrip().endswith(tuple(f" {word}" for word in TAIL)):
        kept = kept[:-1]
    if len(kept) < 3 or sum(len(words(segment)) for segment in kept) < 12:
        return None, "too little detail"
    if modifiers and not modifiers.intersection(kept[1:]):
        return None, "no known modifier"
    return kept, ""


# -- the raw prompt of a detailed one ---------------------------------------------------------------------

ADJECTIVE = (
    r"(?:beautiful|stunning|gorgeous|detailed|highly|hyper|ultra|very|extremely|intricate|realistic|photorealistic"
    r"|hyperrealistic|digital|oil|acrylic|watercolor|watercolour|cinematic|dramatic|epic|amazing|professional|full|body"
    r"|close|up|closeup|wide|angle|shot|macro|aerial|symmetrical|symmetric|award|winning|colorful|vibrant|studio|fashion"
    r"|fantasy|black|white|and|3d|2d|4k|8k|hd|unreal|engine|octane|surreal|surrealist|abstract|minimalist|concept|matte"
    r"|anime|cartoon|comic|book|pencil|ink|charcoal|vector|low|poly|pixel|polaroid|vintage|old|scifi|sci-fi|gothic|dark"
    r"|moody|ethereal|dreamy|elegant|cute|photographic|analog|color|long|medium|front|side|view|upper|half|length"
    r"|impressionist|impressionistic|expressive|baroque|renaissance|art|nouveau|deco|isometric|character|landscape"
    r"|hand|drawn|hyperdetailed|hyperreal|hyper-realistic|hyper-detailed|ultra-detailed|perfect|precise|great|good|a|an|the|of)"
)
MEDIUM = (
    r"(?:portrait|photo|photograph|photography|picture|image|painting|illustration|drawing|sketch|render|rendering|art"
    r"|artwork|shot|close-up|closeup|still|poster|print|sculpture|statue|depiction|view|scene|wallpaper|screenshot|rendition"
    r"|headshot|study|masterpiece|design|cover|sticker|logo|icon|concept|film|movie|engraving|mural|tapestry|model)"
)
FRAMING = re.compile(
    rf"^(?:{ADJECTIVE}\s+)*{MEDIUM}(?:\s+{MEDIUM})*\s+(?:of|from|featuring|showing|depicting)\s+"
)
CUT = re.compile(
    r"\s(?:in|on|at|with|from|by|under|over|near|behind|inside|between|through|into|while|who|which|that|made|as|for"
    r"|against|above|beside|during|among|and|is|are|has|have|wearing|holding|sitting|standing|looking|riding|walking|flying|playing|eating"
    r"|made|covered|surrounded|dressed|filled|painted|floating|sleeping|running|dancing|smiling|hiding|reading|drinking"
    r"|(?!building|evening|morning|ceiling|clothing|wedding|painting|viking|duckling|darling|sibling|dumpling|pudding"
    r"|earring|lightning|nothing|something|everything|offspring)\w{4,}ing)\s"
)
FRAMING_WORD = re.compile(rf"^(?:{ADJECTIVE}|{MEDIUM})$")
GIRLS = frozenset("girl woman lady maiden princess queen".split())
BOYS = frozenset("boy man guy prince king".split())
NO_NOUN = frozenset(
    "it he she they them him me you i we this that these those something everything nothing".split()
)


def shorter_subject(subject: str) -> str:
    """The head of a subject, without what is said about it: "a red fox in a forest" -> "a red fox"."""
    return CUT.split(f" {subject} ", maxsplit=1)[0].strip()


def bare_noun(subject: str) -> str:
    """What a subject is, in one or two words: "a small red fox in a forest" -> "a fox"."""
    found = shorter_subject(subject).split()
    if (
        not found
        or "of" in found
        or not found[-1].isalpha()
        or found[-1] in NO_NOUN
        or FRAMING_WORD.match(found[-1])
    ):
        return ""
    article = "an" if found[-1][0] in "aeiou" else "a"
    return f"{article} {found[-1]}" if found[0] in ("a", "an", "one") else found[-1]


def raw_prompt_of(segments: list[str], rng: random.Random) -> str:
    """What somebody might have typed who wanted the picture of a detailed prompt; "" when no subject can be told.

    Very short inputs are made common on purpose: they are what people type.
    """
    head = segments[0]
    subject = FRAMING.sub("", head).strip()
    if all(FRAMING_WORD.match(word) for word in content_words(subject)) or len(words(subject)) > 16:
        return ""
    choice = rng.random()
    if choice < 0.30:
        noun = bare_noun(subject)
        return tag_of(noun, rng) or noun or subject
    if choice < 0.55:
        shorter = shorter_subject(subject)
        return subject if all(FRAMING_WORD.match(word) for word in content_words(shorter)) else shorter
    if choice < 0.85:
        return subject
    if choice < 0.93:
        return head
    return ", ".join([subject, *rng.sample(segments[1:], min(len(segments) - 1, rng.choice((1, 1, 2))))])


def tag_of(noun: str, rng: random.Random) -> str:
    """The way image boards write a person ("1girl", "1 girl"), in half of the cases that allow it."""
    kind = noun.removeprefix("a ").removeprefix("an ")
    if (kind not in GIRLS and kind not in BOYS) or rng.random() > 0.5:
        return ""
    return rng.choice(("1 {}", "1{}", "one {}")).format("girl" if kind in GIRLS else "boy")


# -- near-duplicates --------------------------------------------------------------------------------------

MASKS = np.random.default_rng(0).integers(0, 2**32, 9, dtype=np.uint64)


class NearDuplicates:
    """MinHash over runs of three words: nine minima in bands of three; texts that agree in a whole band are
    near-duplicates (of texts that share 80 % of their runs 88 % are found; of those that share 30 %, 8 %)."""

    def __init__(self):
        self.seen = [set(), set(), set()]

    def has(self, text: str) -> bool:
        """True when a text like this one was seen; else it counts as seen from now on."""
        found = words(text)
        runs = {zlib.crc32(" ".join(found[i : i + 3]).encode()) for i in range(max(1, len(found) - 2))}
        hashes = np.fromiter(runs, dtype=np.uint64)
        minima = ((hashes[:, None] ^ MASKS) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)).min(axis=0)
        bands = [hash(tuple(band)) for band in minima.reshape(3, 3).tolist()]
        if any(band in seen for band, seen in zip(bands, self.seen, strict=True)):
            return True
        for band, seen in zip(bands, self.seen, strict=True):
            seen.add(band)
        return False


# -- the whole --------------------------------------------------------------------------------------------


class Report:
    """How many rows each step dropped, with a few samples."""

    def __init__(self):
        self.counts, self.samples = Counter(), defaultdict(list)
        self.rng = random.Random(0)

    def add(self, reason: str, text: str) -> None:
        self.counts[reason] += 1
        samples = self.samples[reason]
        if len(samples) < 3:
            samples.append(text)
        elif self.rng.random() < 3 / self.counts[reason]:
            samples[self.rng.randrange(3)] = text

    def print(self) -> None:
        for reason, count in self.counts.most_common():
            print(f"{count:>9,}  {reason}")
            for sample in self.samples[reason]:
                print(f"           | {sample[:150]}")


def is_held_out(subject: str) -> bool:
    """About one subject in a hundred, by a hash of its content words, so that no subject is on both sides."""
    return zlib.crc32(" ".join(sorted(content_words(subject))).encode()) % 100 == 0


def pair_rows(
    source: str,
    pairs: Iterable[tuple[str | None, str]],
    named: frozenset[str],
    modifiers: frozenset[str],
    excluded: set[str],
    duplicates: NearDuplicates,
    report: Report,
) -> Iterator[dict]:
    """Training rows of one source. Where the raw prompt is None, up to two are cut out of the detailed one."""
    heads = Counter()
    for raw, detailed in pairs:
        segments, reason = tidy_target(detailed, named, modifiers)
        target = ", ".join(segments or [])
        head = " ".join(words(target)[:5])
        if not reason and heads[head] >= 30:
            reason = "the same first words 30 times already"
        if not reason and duplicates.has(target):
            reason = "near-duplicate"
        if reason:
            report.add(f"{source}: {reason}", detailed)
            continue
        heads[head] += 1
        rng = random.Random(zlib.crc32(target.encode()))
        raws = [raw] if raw is not None else [raw_prompt_of(segments, rng) for _ in range(2)]
        for given in dict.fromkeys(tidy_raw(text, excluded) for text in raws):
            reason = row_problem(given, target, named, excluded) or "kept"
            report.add(f"{source}: {reason}", f"{given} -> {target}")
            if reason == "kept":
                yield {"raw_prompt": given, "prompt": target, "source": source}


def tidy_raw(raw: str, excluded: set[str]) -> str:
    """A raw prompt as the model will see it, without its article where it would equal an evaluation prompt."""
    raw = plain_text(raw)
    return re.sub(r"^(?:a|an|the) ", "", raw) if " ".join(words(raw)) in excluded else raw


def row_problem(raw: str, target: str, named: frozenset[str], excluded: set[str]) -> str:
    """Why a pair is no good for training; "" when it is."""
    subject = content_words(raw)
    if not raw:
        return "no subject found"
    if NOT_PLAIN.search(raw) or len(words(raw)) > 40:
        return "raw prompt is no plain text"
    if unsafe_words(raw):
        return "unsafe raw prompt"
    if named.intersection(part for word in words(raw) for part in re.split(r"['-]", word)):
        return "raw prompt names a person"
    kept = subject & content_words(target)
    tagged = re.match(r"(?:1 ?|one )(?:girl|boy)$", raw)
    if subject and not tagged and len(kept) < 0.6 * len(subject):
        return "another subject"
    if len(words(target)) < len(words(raw)) + 4:
        return "no richer than the raw prompt"
    if " ".join(words(raw)) in excluded or " ".join(words(target)) in excluded:
        return "in an evaluation set"
    return ""


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prompts", type=Path, required=True, help="count<TAB>prompt lines, plain or .xz")
    parser.add_argument("--refinements", type=Path, help="JSONL of raw_prompt and prompt")
    parser.add_argument("--descriptions", type=Path, help="JSONL of raw_prompt and prompt")
    parser.add_argument("--artists", type=Path, help="one artist's full name a line")
    parser.add_argument(
        "--modifiers", type=Path, help="one modifier a line, most frequent first: tags of a detailed prompt"
    )
    parser.add_argument(
        "--exclude", type=Path, nargs="*", default=[], help="evaluation sets: TSV, prompt first"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for train.jsonl and heldout.jsonl")
    args = parser.parse_args(argv)

    args.out.mkdir(parents=True, exist_ok=True)
    artists = args.artists.read_text(encoding="utf-8").splitlines() if args.artists else []
    print("Learning which words name people ...", flush=True)
    named = name_words((prompt.lower() for prompt in read_prompts(args.prompts)), artists)
    (args.out / "name_words.txt").write_text("\n".join(sorted(named)) + "\n", encoding="utf-8")
    print(f"{len(named):,} words")

    excluded, duplicates, report = read_excluded(args.exclude), NearDuplicates(), Report()
    modifiers = read_modifiers(args.modifiers) if args.modifiers else frozenset()
    prompts = tqdm(read_prompts(args.prompts), desc="prompts", unit=" rows", unit_scale=True)
    sources = {"refinements": args.refinements, "descriptions": args.descriptions}
    sources = {name: read_pairs(path) for name, path in sources.items() if path}
    sources["prompts"] = ((None, prompt) for prompt in prompts)
    counts = Counter()
    with (
        open(args.out / "train.jsonl.part", "w", encoding="utf-8") as train,
        open(args.out / "heldout.jsonl.part", "w", encoding="utf-8") as heldout,
    ):
        for source, pairs in sources.items():
            for row in pair_rows(source, pairs, named, modifiers, excluded, duplicates, report):
                side = heldout if is_held_out(FRAMING.sub("", segments_of(row["prompt"])[0])) else train
                side.write(json.dumps(row, ensure_ascii=False) + "\n")
                counts["heldout" if side is heldout else "train"] += 1
    for side in ("train", "heldout"):
        (args.out / f"{side}.jsonl.part").replace(args.out / f"{side}.jsonl")
    report.print()
    print(f"{counts['train']:,} training rows, {counts['heldout']:,} held-out rows in {args.out}")


if __name__ == "__main__":
    main()
