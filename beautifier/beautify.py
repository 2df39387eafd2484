"""Beautifier: the one path from a raw prompt to detailed candidates."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE

from .cleaning import clean
from .clip_tokens import limit_clip_tokens
from .decoding import Answer, Sampling, check_seed, generate, is_whole, total_tokens
from .families import FAMILIES, Family, read, render
from .network import DecoderOnly, check_inside, load_network, read_config, read_json
from .packed import BFLOAT16_HIDDEN_SIZE, SMALLEST_HIDDEN_SIZE, can_pack, fast_dtype, load_packed
from .syntax import SetAside, append, content_words, put_back, set_aside

EMBEDDED = Path(__file__).parent / "embedded"

# What a small model is asked for when it can read nothing of the raw prompt: only its manner is of use then.
UNKNOWN_SUBJECT = "scenery, soft light, highly detailed"

MODES = ("rewrite", "append")
MOST_CANDIDATES = 64
# More than the characters of an average token of any text people write.
CHARACTERS_PER_TOKEN = 32
# Bytes; BLOOM's tokenizer of 250,680 tokens has 15 million.
LARGEST_TOKENIZER = 200_000_000
GPT2_END = "<|endoftext|>"


@dataclass(frozen=True)
class Candidate:
    """A detailed prompt in ComfyUI syntax; the score is there once a reward model has ranked it."""

    text: str
    score: float | None = None


@dataclass(eq=False)
class Beautifier:
    """A checkpoint ready to answer: its network, its tokenizer and how its family is asked."""

    name: str
    family: Family
    network: DecoderOnly | None = field(repr=False)
    tokenizer: Tokenizer = field(repr=False)

    def __post_init__(self):
        # Whatever a user types is text: "</s>" in a raw prompt must not end it.
        self.tokenizer.encode_special_tokens = True

    def beautify(
        self,
        raw_prompt: str,
        num_candidates: int = 5,
        seed: int = 0,
        sampling: Sampling | None = None,
        mode: str = "rewrite",
        clip_tokens: int | None = None,
        on_step: Callable[[int, int], object] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> list[Candidate]:
        """Write detailed prompts for a raw prompt.

        raw_prompt      what the user typed; ComfyUI syntax in it comes back unchanged in every candidate
        num_candidates  1 to 64; greedy sampling gives one, beam search at most num_beams
        seed            0 to 2**64 - 1; candidate k of a seed is the same text whatever num_candidates is
        sampling        None is the family's published settings
        mode            "rewrite": the model's text replaces the raw prompt's words; "append": the raw prompt
                        as it was typed, then new details. A raw prompt too long for the model is always
                        appended to: its beginning is read, and nothing of it is lost.
        clip_tokens     most CLIP tokens a candidate may have, None is no limit; the user's own syntax stays
                        even if it alone has more
        on_step         called with (done, total) after each token step
        should_stop     asked before each token step; once it says True, what was written so far comes back

        A raw prompt without words (empty, or only syntax) comes back unchanged, as the one candidate.
        Raises ValueError naming the argument that cannot be worked with.
        """
        check_arguments(raw_prompt, num_candidates, seed, sampling, mode, clip_tokens)
        sampling = self.family.sampling if sampling is None else sampling

        def write(words: str) -> tuple[str, list[str]]:
            known = english(words) if self.family.small else words
            words = self.readable(known or UNKNOWN_SUBJECT, sampling)
            tokens = self.encode(render(self.family, words))
            answers = generate(self.network, tokens, num_candidates, seed, sampling, on_step, should_stop)
            texts = [self.read(words if known else "", answer) for answer in answers]
            return words, texts if known else [manner(text) for text in texts]

        return candidates(raw_prompt, write, mode, clip_tokens, self.family.weights)

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, in which nothing is taken for a special token."""
        return self.tokenizer.encode(text).ids

    def readable(self, words: str, sampling: Sampling) -> str:
        """As much of the words, from their beginning, as the network can read with room left to answer.

        Raises ValueError when sampling.max_length has no room for a single character in the template.
        """
        limit = self.family.max_prompt_tokens
        total = total_tokens(self.network, sampling)
        if total is not None:
            limit = min(limit, total - min(sampling.max_new_tokens, total // 2))
        beginning = longest_beginning(
            words[: limit * CHARACTERS_PER_TOKEN],
            lambda text: len(self.encode(render(self.family, text))) <= limit,
        )
        if not beginning:
            raise ValueError(
                f"the {self.family.name} template and a raw prompt do not fit into {limit} tokens: "
                "raise max_length or lower max_new_tokens"
            )
        return words if len(beginning) == len(words) else at_word_boundary(beginning, words)

    def read(self, words: str, answer: Answer) -> str:
        """The prompt in the network's answer to the words, cleaned; "" when nothing of use was written."""
        text = self.tokenizer.decode(list(answer.tokens), skip_special_tokens=True)
        return read_cleaned(self.family, words, text, answer.finished)


def read_cleaned(family: Family, words: str, text: str, finished: bool) -> str:
    """The prompt in the text that was answered to the words, cleaned; "" when nothing of use was written."""
    text = clean(read(family, words, text), truncated=not finished)
    if family.continues and len(text) < len(words):
        return ""  # the tail that was cut off was the user's own words
    if family.small and loses_subject(words, text):
        return append(words, text)
    return text


def english(words: str) -> str:
    """The words that are written in ASCII, accents taken off; "" where there is no letter among them."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    plain = re.sub(r"\s*,[\s,]*", ", ", " ".join(plain.split())).strip(" ,")
    return plain if re.search("[A-Za-z]", plain) else ""


def manner(answer: str) -> str:
    """The second half of an answer's details: prompts say first what there is to see, and then in which manner."""
    details = answer.split(", ")
    return ", ".join(details[(len(details) + 1) // 2 :])


def loses_subject(words: str, answer: str) -> bool:
    """Whether an answer says less than two thirds of what the user's words say."""
    wanted = {word.lstrip("0123456789") for word in content_words(words)} - {""}  # "1girl" is a girl
    return 3 * len(wanted.intersection(content_words(answer))) < 2 * len(wanted)


def candidates(
    raw_prompt: str,
    write: Callable[[str], tuple[str, list[str]]],
    mode: str,
    clip_tokens: int | None,
    weights: bool,
) -> list[Candidate]:
    """The way around every model: syntax is set aside, the model writes, the syntax comes back.

    write    given the raw prompt's words, returns those of them that the model read (a beginning; if it is
             not all of them, the answers are appended) and the model's cleaned answers
    weights  whether the answers have weights in ComfyUI syntax

    The other arguments are those of `Beautifier.beautify`.
    """
    aside = set_aside(raw_prompt)
    if not aside.words:
        return [Candidate(raw_prompt)]
    words, answers = write(aside.words)
    if words != aside.words:
        mode = "append"
    texts = [finish(raw_prompt, aside, answer, mode, weights) for answer in answers]
    if clip_tokens is not None:
        texts = [shorten(text, aside, int(clip_tokens)) for text in texts]
    return [Candidate(text) for text in texts]


def finish(raw_prompt: str, aside: SetAside, answer: str, mode: str, weights: bool) -> str:
    """One candidate of a cleaned answer; where nothing is left of it the raw prompt's words stand in."""
    if mode == "append":
        return append(raw_prompt, answer)
    return put_back(answer, aside, weights=weights) or aside.words


def shorten(text: str, aside: SetAside, clip_tokens: int) -> str:
    """A candidate within the limit; where no word of it fits, as many of the raw prompt's words as do."""
    pieces = [piece.text for piece in aside.pieces]
    return limit_clip_tokens(text, clip_tokens, keep=pieces) or limit_clip_tokens(aside.words, clip_tokens)


def check_arguments(raw_prompt, num_candidates, seed, sampling, mode, clip_tokens) -> None:
    """Raise a ValueError that names the argument of `beautify` that is wrong, and what it may be."""
    if not isinstance(raw_prompt, str):
        raise ValueError(f"raw_prompt must be a string, not {type(raw_prompt).__name__}")
    if not is_whole(num_candidates, least=1) or num_candidates > MOST_CANDIDATES:
        raise ValueError(f"num_candidates must be a whole number from 1 to {MOST_CANDIDATES}, not {num_candidates!r}")
    check_seed(seed)
    if sampling is not None and not isinstance(sampling, Sampling):
        raise ValueError(f"sampling must be a Sampling or None, not {type(sampling).__name__}")
    if mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(map(repr, MODES))}, not {mode!r}")
    if clip_tokens is not None and not is_whole(clip_tokens, least=1):
        raise ValueError(f"clip_tokens must be None or a whole number, 1 or more, not {clip_tokens!r}")


def longest_beginning(text: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning of the text that fits, by bisection: "" when not even one character does."""
    if fits(text):
        return text
    least, most = 0, len(text)
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if fits(text[:middle]) else (least, middle)
    return text[:least]


def at_word_boundary(beginning: str, text: str) -> str:
    """The beginning of a text cut back to whole words, where that costs less than half of it."""
    whole = beginning if text[len(beginning)].isspace() else beginning.rpartition(" ")[0]
    return whole.strip() if 2 * len(whole) > len(beginning) else beginning.strip()


def load_beautifier(
    model: str | Path = "embedded",
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
    family: str | Family | None = None,
    stays: bool = True,
) -> Beautifier:
    """Load the embedded model, or a checkpoint folder (config.json, tokenizer.json and safetensors).

    dtype   None is float16 on a GPU; on a CPU float32 for the embedded model and others as small, for larger ones
            bfloat16 where the processor has it. torch.int8 is for a CPU alone: see packed.py
    family  how the checkpoint is asked: a name in FAMILIES or a Family; None reads it from beautifier.json,
            which training writes beside the weights
    stays   False: the weights will be moved to another device; on a CPU they are laid out for it otherwise

    Raises FileNotFoundError for files that are not there, ValueError for files that cannot be understood.
    """
    folder = EMBEDDED if model == "embedded" else Path(model)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"there is no checkpoint folder {folder}: "
            "give 'embedded' or a folder with config.json, tokenizer.json and *.safetensors"
        )
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"{folder} has no config.json: it is no checkpoint, or a copy is incomplete")
    family = find_family(folder, family)
    tokenizer = load_tokenizer(folder)
    device = torch.device(device)
    name = "embedded" if folder == EMBEDDED else folder.resolve().name
    network = load_fastest(folder, dtype, device, stays)
    return Beautifier(name, family, network, tokenizer)


def load_fastest(folder: Path, dtype: torch.dtype | None, device: torch.device, stays: bool) -> DecoderOnly:
    """The network in the form that is fastest where it runs; arguments as those of load_beautifier."""
    if device.type != "cpu" or not stays:
        if dtype == torch.int8:
            raise ValueError("int8 is for the CPU: choose it as the device, or another dtype")
        return load_network(folder, dtype or torch.float16, device)
    width = read_config(folder).hidden_size
    if dtype is None:
        dtype = torch.float32 if width < BFLOAT16_HIDDEN_SIZE else fast_dtype()
    if dtype == torch.int8 or (width >= SMALLEST_HIDDEN_SIZE and can_pack(dtype)):
        return load_packed(folder, dtype)
    return load_network(folder, dtype, device)


def find_family(folder: Path, family: str | Family | None) -> Family:
    """The family a caller named, or else the one named in the folder's beautifier.json."""
    if isinstance(family, Family):
        return family
    known = ", ".join(FAMILIES)
    if family is None:
        path = folder / "beautifier.json"
        if not path.is_file():
            raise FileNotFoundError(
                f"{folder} has no beautifier.json, which says how to ask a checkpoint: "
                f'name its family ({known}), or write {{"family": "..."}} into that file'
            )
        try:
            family = read_json(path)["family"]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ValueError(f'{path} must hold {{"family": ...}}, one of {known}: {error!r}') from error
    if not isinstance(family, str) or family not in FAMILIES:
        raise ValueError(f"{family!r} is not a family of checkpoints: {folder} needs one of {known}")
    return FAMILIES[family]


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a checkpoint folder: its tokenizer.json, or GPT-2's made of vocab.json and merges.txt."""
    path, vocabulary, merges = (folder / name for name in ("tokenizer.json", "vocab.json", "merges.txt"))
    made_of = [path] if path.is_file() else [vocabulary, merges]
    if not all(part.is_file() for part in made_of):
        raise FileNotFoundError(f"{folder} has no tokenizer.json: copy it there from where the checkpoint came from")
    for part in made_of:
        check_inside(part)
        if part.stat().st_size > LARGEST_TOKENIZER:
            raise ValueError(f"{part} has more than {LARGEST_TOKENIZER:,} bytes: it is no tokenizer")
    try:
        tokenizer = Tokenizer.from_file(str(path)) if made_of == [path] else gpt2_tokenizer(vocabulary, merges)
    except Exception as error:  # tokenizers raises plain Exception for a damaged file
        names = " with ".join(str(part) for part in made_of)
        raise ValueError(f"{names} is no tokenizer ({error}): download or copy it again") from error
    # Settings that a file may bring along for batches: here they would cut a prompt, or add to it.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def gpt2_tokenizer(vocabulary: Path, merges: Path) -> Tokenizer:
    """GPT-2's byte-level BPE of a vocabulary and its merges, as in repositories without a tokenizer.json."""
    tokenizer = Tokenizer(BPE.from_file(str(vocabulary), str(merges)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    if tokenizer.token_to_id(GPT2_END) is not None:
        tokenizer.add_special_tokens([GPT2_END])
    return tokenizer
