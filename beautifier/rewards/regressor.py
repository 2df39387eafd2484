"""One term of a reward model: what it reads, its network, and the folder it is loaded from."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..files import read_json
from ..language.network import DecoderOnly
from ..language.threads import threads_for
from ..language.weight_names import weight_files
from ..language.weights import load_network
from ..prompts.syntax import set_aside
from ..request import is_number
from ..weight_file import WeightFile, check_floats
from .folders import NOTES, check_is_reward_folder

if TYPE_CHECKING:
    from tokenizers import Tokenizer


HEAD = "score.weight"

PAIR = "Input: {raw_prompt}\nOutput: {prompt}"  # what r_ps reads, followed by the end-of-text token
ALONE = "{prompt}"  # what r_aes reads
MAX_LENGTH = 384
BATCH = 32


@dataclass(frozen=True)
class Reading:
    """How a raw prompt and a prompt become the tokens of a regressor.

    reads       the text, with {prompt} and, where it is read, {raw_prompt}; the end-of-text token follows
    lower_case  True for a network that knows lower case only
    max_length  longest text in tokens, its end; what comes before is cut off
    """

    reads: str = PAIR
    lower_case: bool = False
    max_length: int = MAX_LENGTH

    def text(self, raw_prompt: str, prompt: str) -> str:
        """The text without the end-of-text token.

        Of both prompts only the words are read: a weight like (x:1.2) or a <lora:x:1> changes the picture in ways
        that words do not tell, and the labels a regressor is trained on were given for words.
        """
        words = {"raw_prompt": plain_words(raw_prompt), "prompt": plain_words(prompt)}
        text = re.sub(r"\{(raw_prompt|prompt)\}", lambda slot: words[slot[1]], self.reads)
        return text.lower() if self.lower_case else text

    def tokens(self, tokenizer: Tokenizer, end: int | None, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text and the id `end`, if there is one, behind them, cut on the left.

        Nothing in a text is taken for a special token where the tokenizer has encode_special_tokens set.
        """
        encoded = tokenizer.encode_batch(list(texts), add_special_tokens=False)
        behind = [] if end is None else [end]
        return [[*each.ids, *behind][-self.max_length :] for each in encoded]


def plain_words(prompt: str) -> str:
    """A prompt without ComfyUI syntax, on one line; of a weight the words inside stay."""
    return set_aside(prompt).words


class ScoreNetwork(nn.Module):
    """A decoder-only network with one number per text: a row of weights on the last token's hidden state."""

    def __init__(self, transformer: DecoderOnly, head: Tensor):
        super().__init__()
        self.transformer = transformer
        self.score = nn.Parameter(head, requires_grad=False)  # [1, hidden]

    def forward(self, tokens: Tensor, last: Tensor) -> Tensor:
        """float32 [rows] for tokens int64 [rows, length], padded on the right, and the index of the token to read
        in each row, int64 [rows]."""
        hidden = self.transformer(tokens)[torch.arange(len(tokens), device=tokens.device), last]
        return F.linear(hidden.float(), self.score.float())[:, 0]


@dataclass(eq=False)
class Regressor:
    """One term of a reward model, in the unit of the scores it was trained on: network output · std + mean.

    padding  the token that transformers' ...ForSequenceClassification does not count as a text's last one; None
             where the checkpoint names none
    """

    name: str
    reading: Reading
    network: ScoreNetwork
    tokenizer: Tokenizer
    mean: float = 0.0
    std: float = 1.0
    padding: int | None = None

    def __post_init__(self):
        # Whatever a user types is text: "</s>" in a prompt must not end it.
        self.tokenizer.encode_special_tokens = True
        positions = self.network.transformer.config.max_positions
        if positions is not None and positions < self.reading.max_length:
            self.reading = replace(self.reading, max_length=positions)

    def score(
        self,
        raw_prompts: Sequence[str],
        prompts: Sequence[str],
        batch_size: int = BATCH,
        on_step: Callable[[int, int], object] | None = None,
    ) -> Tensor:
        """The term for each pair: float32 [N] on the CPU. `on_step(done, total)` is called after each batch.

        Raises ValueError where there is nothing to score, or a result is no finite number.
        """
        check_prompts(raw_prompts, prompts)
        texts = [self.reading.text(*pair) for pair in zip(raw_prompts, prompts, strict=True)]
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}  # equal texts are scored once
        rows = self.reading.tokens(self.tokenizer, self.network.transformer.config.eos_token_id, list(places))
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))  # like lengths together: little padding
        scores = torch.empty(len(rows))
        for first in range(0, len(rows), batch_size):
            batch = order[first : first + batch_size]
            scores[batch] = self._batch([rows[i] for i in batch])
            if on_step:
                on_step(len(texts) * (first + len(batch)) // len(rows), len(texts))
        scores = scores[[places[text] for text in texts]]
        if not scores.isfinite().all():
            raise ValueError(
                f"the reward model {self.name} gave a score that is no finite number: "
                "its weights are damaged, or too large for this dtype (try float32)"
            )
        return scores * self.std + self.mean

    @torch.inference_mode()
    def _batch(self, rows: list[list[int]]) -> Tensor:
        filler = 0 if self.padding is None else self.padding  # behind a row's end nothing is read
        tokens = torch.full((len(rows), max(map(len, rows))), filler)
        for i, row in enumerate(rows):
            tokens[i, : len(row)] = torch.tensor(row)
        last = torch.tensor([last_token(row, self.padding) for row in rows])
        device = self.network.score.device
        # Training may call this from within its own autocast.
        with torch.autocast(device.type, enabled=False), threads_for(self.network.transformer):
            return self.network(tokens.to(device), last.to(device)).cpu()


def last_token(row: list[int], padding: int | None) -> int:
    """The index of the token a score is read from: the last one that is not `padding` (0 where all are), as in
    transformers' BloomForSequenceClassification and GPT2ForSequenceClassification."""
    return next((i for i in reversed(range(len(row))) if row[i] != padding), 0)


def check_prompts(raw_prompts: Sequence[str], prompts: Sequence[str]) -> None:
    """Raise ValueError unless both are lists of texts, of one length and not empty."""
    for name, texts in (("raw_prompts", raw_prompts), ("prompts", prompts)):
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"{name} must be a list of strings")
    if len(raw_prompts) != len(prompts):
        raise ValueError(
            f"there are {len(raw_prompts)} raw prompts and {len(prompts)} prompts: give a raw prompt for each prompt"
        )
    if not prompts:
        raise ValueError("there is no prompt to score")


def load_regressor(folder: Path, device: torch.device, dtype: torch.dtype) -> Regressor:
    """One term from its folder; the errors are those of load_reward_model."""
    from ..language.tokenizer import load_tokenizer

    check_is_reward_folder(folder)
    notes = read_notes(folder)
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"{folder} has no config.json: a copy of the reward model is incomplete")
    config = read_json(folder / "config.json")
    check_head(folder, config)
    tokenizer = load_tokenizer(folder)
    transformer = load_network(folder, dtype, device)
    if transformer.config.eos_token_id is None:
        raise ValueError(f"{folder}/config.json has no eos_token_id of its vocabulary: a score is read at a text's end")
    head = read_head(folder, transformer.config.hidden_size).to(device=device, dtype=dtype)
    network = ScoreNetwork(transformer, head).train(False)
    for name, parameter in network.named_parameters():
        if not parameter.isfinite().all():
            raise ValueError(
                f"{folder}: the weights {name.removeprefix('transformer.')} are not all finite numbers in "
                f"{str(dtype).removeprefix('torch.')}: the file is damaged, or needs another dtype"
            )
    padding = config.get("pad_token_id")
    return Regressor(network=network, tokenizer=tokenizer, padding=padding, **notes)


def read_notes(folder: Path) -> dict:
    """The fields of a Regressor that reward.json has: name, reading, mean, std. Raises ValueError naming what is
    wrong."""
    path = folder / NOTES
    notes = read_json(path)
    if "terms" in notes:
        raise ValueError(f"{path}: a combination inside a combination is not supported")
    term, reads = notes.get("term"), notes.get("reads")
    if not isinstance(term, str) or not re.fullmatch(r"[\w.-]{1,100}", term):
        raise ValueError(f'{path}: "term" must be the name of the score, such as "pick_score", not {term!r}')
    if not isinstance(reads, str) or "{prompt}" not in reads:
        raise ValueError(f'{path}: "reads" must be a text with {{prompt}} in it, not {reads!r}')
    mean, std = notes.get("mean"), notes.get("std")
    if not is_number(mean) or not is_number(std) or std <= 0:
        raise ValueError(f'{path}: "mean" and "std" must be numbers, "std" above 0; they are {mean!r} and {std!r}')
    lower_case, max_length = notes.get("lower_case", False), notes.get("max_length", MAX_LENGTH)
    if not isinstance(lower_case, bool):
        raise ValueError(f'{path}: "lower_case" must be true or false, not {lower_case!r}')
    if isinstance(max_length, bool) or not isinstance(max_length, int) or max_length < 1:
        raise ValueError(f'{path}: "max_length" must be a whole number, 1 or more, not {max_length!r}')
    reading = Reading(reads, lower_case, max_length)
    return {"name": term, "reading": reading, "mean": float(mean), "std": float(std)}


def check_head(folder: Path, config: dict) -> None:
    """Raise ValueError unless config.json is one of a network with a single score."""
    architectures = config.get("architectures") or ["nothing"]
    if not str(architectures[0]).endswith("ForSequenceClassification"):
        raise ValueError(
            f"{folder}/config.json is one of {architectures[0]}, not of a ...ForSequenceClassification: "
            "it is no reward model"
        )
    labels = config.get("num_labels", len(config.get("id2label") or {"0": "score"}))
    if labels != 1:
        raise ValueError(f"{folder}/config.json: num_labels is {labels!r}; a reward model has 1")


def read_head(folder: Path, hidden: int) -> Tensor:
    """The weights of the score, [1, hidden]. Raises ValueError where they are missing or of another shape."""
    for path in weight_files(folder):
        file = WeightFile(path)
        headers = file.headers()
        if HEAD in headers:
            shape, dtype = headers[HEAD]
            if shape != (1, hidden):
                raise ValueError(f"{path}: {HEAD} has shape {shape}, a reward model's has {(1, hidden)}")
            check_floats(path, HEAD, dtype)
            return file.tensor(HEAD)
    raise ValueError(f"{folder} has no {HEAD}: its weights are not those of a reward model")
