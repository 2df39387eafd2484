r"""Text reward models: how good a picture a prompt is going to make, told from its words alone.

A reward model is a weighted sum of terms, r(x, y) = sum of weight · term(x, y), for a raw prompt x and a detailed
prompt y. Each term is a regressor: a BLOOM or GPT-2 network with one output on its last token. BeautifulPrompt
(arXiv 2311.06752) has r = α · r_ps(x, y) + (1 - α) · r_aes(y) with α = 0.7; an earlier description of the same
system has a term for the consistency of y with x. training/reward.py makes them.

A folder with one term holds config.json, model.safetensors, tokenizer.json and reward.json:

    {"term": "pick_score", "reads": "Input: {raw_prompt}\nOutput: {prompt}", "mean": 20.9, "std": 1.2}

A folder with several terms holds a folder for each, and a reward.json that weighs them:

    {"terms": [{"folder": "pick_score", "weight": 0.7}, {"folder": "aesthetic_score", "weight": 0.3}]}
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn import functional as F

from . import reward_folders
from .network import DecoderOnly, check_inside, load_network, read_json, weight_files
from .reward_folders import NOTES
from .syntax import set_aside
from .threads import threads_for

if TYPE_CHECKING:  # they import tokenizers, for which a start of ComfyUI would wait
    from tokenizers import Tokenizer

    from .beautify import Candidate

HEAD = "score.weight"

PAIR = "Input: {raw_prompt}\nOutput: {prompt}"  # what r_ps reads, followed by the end-of-text token
ALONE = "{prompt}"  # what r_aes reads
ALPHA = 0.7
MAX_LENGTH = 384
BATCH = 32


# -- what a regressor reads


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

    def tokens(self, tokenizer: Tokenizer, end: int, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text and the id `end` behind them, cut on the left. Nothing in a text is taken for a
        special token where the tokenizer has encode_special_tokens set."""
        encoded = tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [[*each.ids, end][-self.max_length :] for each in encoded]


def plain_words(prompt: str) -> str:
    """A prompt without ComfyUI syntax, on one line; of a weight the words inside stay."""
    return set_aside(prompt).words


# -- one term


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


# -- all terms


@dataclass(frozen=True)
class RankedPrompt:
    """A prompt, its score, and the terms by name that the score is the weighted sum of."""

    prompt: str
    score: float
    terms: dict[str, float]


@dataclass(eq=False)
class RewardModel:
    """A weighted sum of terms.

    weighted  (weight, term) in order. A term is a Regressor, or any object with a `name` and a Regressor's `score`:
              so a measure of your own, of consistency for example, can be one.
    """

    name: str
    weighted: tuple[tuple[float, Regressor], ...]

    def score(
        self,
        raw_prompts: Sequence[str],
        prompts: Sequence[str],
        batch_size: int = BATCH,
        on_step: Callable[[int, int], object] | None = None,
    ) -> Tensor:
        """r(x, y) of each pair: float32 [N] on the CPU, higher is better.

        Only the words are read; a prompt without any is scored as an empty text. Raises ValueError for lists that
        are empty or of different lengths, and where a term is no finite number.
        """
        return self.weigh(self.terms(raw_prompts, prompts, batch_size, on_step))

    def terms(
        self,
        raw_prompts: Sequence[str],
        prompts: Sequence[str],
        batch_size: int = BATCH,
        on_step: Callable[[int, int], object] | None = None,
    ) -> dict[str, Tensor]:
        """Each term by its name, not weighted: float32 [N] on the CPU. Arguments and errors are those of score."""
        check_prompts(raw_prompts, prompts)
        total = len(prompts) * len(self.weighted)
        values = {}
        for before, (_, term) in enumerate(self.weighted):

            def step(done: int, _: int, before: int = before) -> None:
                if on_step:
                    on_step(before * len(prompts) + done, total)

            values[term.name] = term.score(raw_prompts, prompts, batch_size, step)
        return values

    def weigh(self, terms: dict[str, Tensor]) -> Tensor:
        """The weighted sum of the terms, which are what `terms` returns."""
        return torch.stack([weight * terms[term.name] for weight, term in self.weighted]).sum(0)

    def rank(
        self,
        raw_prompt: str,
        candidates: list[Candidate],
        batch_size: int = BATCH,
        on_step: Callable[[int, int], object] | None = None,
    ) -> list[Candidate]:
        """The candidates with their scores, highest first; equal ones stay in the order they came in."""
        texts = [candidate.text for candidate in candidates]
        scores = self.score([raw_prompt] * len(texts), texts, batch_size, on_step).tolist()
        scored = [replace(each, score=score) for each, score in zip(candidates, scores, strict=True)]
        return sorted(scored, key=lambda each: -each.score)

    def rank_prompts(
        self,
        raw_prompt: str,
        prompts: Sequence[str],
        batch_size: int = BATCH,
        on_step: Callable[[int, int], object] | None = None,
    ) -> list[RankedPrompt]:
        """Prompts that were written for a raw prompt, ranked as by `rank`, each with its terms."""
        terms = self.terms([raw_prompt] * len(prompts), prompts, batch_size, on_step)
        scores = self.weigh(terms).tolist()
        ranked = [
            RankedPrompt(prompt, scores[i], {name: values[i].item() for name, values in terms.items()})
            for i, prompt in enumerate(prompts)
        ]
        return sorted(ranked, key=lambda each: -each.score)

    @property
    def networks(self) -> nn.ModuleList:
        """The networks of all terms, to be moved between devices as one."""
        return nn.ModuleList(term.network for _, term in self.weighted if isinstance(term, Regressor))


# -- reward folders


def load_reward_model(
    model: str | Path = "embedded",
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
    alpha: float | None = None,
) -> RewardModel:
    """Load the embedded reward model, or a reward folder.

    dtype  None is float32 on a CPU, float16 elsewhere
    alpha  0 to 1: the weight of the first term, 1 - alpha that of the second; further terms keep theirs. None takes
           the weights in reward.json, or 0.7 and 0.3 where two terms have none.

    Raises FileNotFoundError for files that are not there, ValueError for files that cannot be understood or hold
    weights that are no finite numbers, and for an alpha that cannot be used.
    """
    folder = reward_folders.EMBEDDED_REWARD if model == "embedded" else Path(model)
    check_alpha(alpha)
    check_is_reward_folder(folder)
    device = torch.device(device)
    if dtype is None:
        dtype = torch.float32 if device.type == "cpu" else torch.float16
    notes = read_json(folder / NOTES)
    if "terms" in notes:
        parts, weights = combined_folders(folder / NOTES, notes["terms"])
    else:
        parts, weights = [folder], [1.0]
    if alpha is not None:
        if len(parts) < 2:
            raise ValueError(f"alpha weighs two terms against each other, and {folder} has one: leave alpha out")
        weights[:2] = alpha, 1 - alpha
    terms = [load_regressor(part, device, dtype) for part in parts]
    names = [term.name for term in terms]
    if len(set(names)) < len(names):
        raise ValueError(f"{folder}: its terms are called {', '.join(names)}: each needs a name of its own")
    name = "embedded" if folder == reward_folders.EMBEDDED_REWARD else folder.resolve().name
    return RewardModel(name, tuple(zip(weights, terms, strict=True)))


def check_alpha(alpha: float | None) -> None:
    """Raise ValueError unless alpha is None or a number from 0 to 1."""
    if alpha is not None and not (is_number(alpha) and 0 <= alpha <= 1):
        raise ValueError(f"alpha must be a number from 0 to 1, not {alpha!r}")


def check_is_reward_folder(folder: Path) -> None:
    """Raise FileNotFoundError or ValueError that says what a folder without reward.json is."""
    if (folder / NOTES).is_file():
        return
    if folder == reward_folders.EMBEDDED_REWARD:
        raise FileNotFoundError(
            f"the embedded reward model is not in this copy of the pack ({folder} is missing): "
            "give a reward folder, which training/reward.py makes"
        )
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no reward folder {folder}: give 'embedded' or a folder with {NOTES}")
    if (folder / "beautifier.json").is_file():
        raise ValueError(
            f"{folder} is a beautifier, which writes prompts, and not a reward model, which scores them: "
            f"it has no {NOTES}"
        )
    raise FileNotFoundError(f"{folder} has no {NOTES}: it is no reward model, or a copy of one is incomplete")


def combined_folders(path: Path, terms: object) -> tuple[list[Path], list[float]]:
    """The folders and the weights of a combination's terms. Raises ValueError naming the entry that is wrong."""
    if not isinstance(terms, list) or not terms or not all(isinstance(term, dict) for term in terms):
        raise ValueError(f'{path}: "terms" must be a list of {{"folder": ..., "weight": ...}}')
    if len(terms) == 2 and not any("weight" in term for term in terms):
        terms = [{**terms[0], "weight": ALPHA}, {**terms[1], "weight": 1 - ALPHA}]
    folders, weights = [], []
    for term in terms:
        name, weight = term.get("folder"), term.get("weight")
        if not isinstance(name, str) or Path(name).name != name or name.startswith("."):
            raise ValueError(f"{path}: {name!r} is no folder beside {NOTES}")
        if not is_number(weight):
            raise ValueError(f"{path}: the weight of {name!r} must be a finite number, not {weight!r}")
        check_inside(path.parent / name)
        folders.append(path.parent / name)
        weights.append(float(weight))
    return folders, weights


def load_regressor(folder: Path, device: torch.device, dtype: torch.dtype) -> Regressor:
    """One term from its folder; the errors are those of load_reward_model."""
    from .beautify import load_tokenizer

    check_is_reward_folder(folder)
    notes = read_notes(folder)
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"{folder} has no config.json: a copy of the reward model is incomplete")
    config = read_json(folder / "config.json")
    check_head(folder, config)
    tokenizer = load_tokenizer(folder)
    transformer = load_network(folder, dtype, device)
    head = read_head(folder, transformer.config.hidden_size).to(device=device, dtype=dtype)
    network = ScoreNetwork(transformer, head).eval()
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
        with safe_open(path, framework="pt", device="cpu") as file:
            if HEAD in file.keys():
                shape = tuple(file.get_slice(HEAD).get_shape())
                if shape != (1, hidden):
                    raise ValueError(f"{path}: {HEAD} has shape {shape}, a reward model's has {(1, hidden)}")
                return file.get_tensor(HEAD)
    raise ValueError(f"{folder} has no {HEAD}: its weights are not those of a reward model")


def is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, (int, float)) and math.isfinite(value)
