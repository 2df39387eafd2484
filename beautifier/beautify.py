"""Beautifier: the one path from a raw prompt to detailed candidates."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from tokenizers import Tokenizer

from .families import FAMILIES, Family, read, render
from .files import read_json
from .language.architectures.table import read_config
from .language.decoding import generate, total_tokens
from .language.network import DecoderOnly
from .language.packed import BFLOAT16_HIDDEN_SIZE, SMALLEST_HIDDEN_SIZE, can_pack, fast_dtype, load_packed
from .language.steps import Answer
from .language.tokenizer import load_tokenizer
from .language.weights import load_network
from .prompts.append import append
from .prompts.cleaning import clean
from .prompts.clip_tokens import limit_clip_tokens
from .prompts.put_back import put_back
from .prompts.syntax import SetAside, set_aside
from .prompts.words import content_words
from .request import Candidate, Sampling, check_arguments

EMBEDDED = Path(__file__).parent / "embedded"

# What a small model is asked for when it can read nothing of the raw prompt: only its manner is of use then.
UNKNOWN_SUBJECT = "scenery, soft light, highly detailed"
# More than the characters of an average token of any text people write.
CHARACTERS_PER_TOKEN = 32


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
            bfloat16 where the processor has it. torch.int8 is for a CPU alone: see language/packed.py
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
