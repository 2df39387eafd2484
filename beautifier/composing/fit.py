"""The fit network: how well a phrase fits a raw prompt, and how good a whole prompt is, read by an encoder.

One BERT-shaped encoder reads the raw prompt and, behind it, a phrase or a whole prompt; a linear head on the mean
state gives three numbers:

    fits        log-odds that the phrase is true of the picture and contradicts nothing that was asked for
    choice      how gladly an art director takes it, beside the other phrases that may be added
    preference  how good the whole prompt is (Bradley-Terry: the difference of two is the log-odds of the first)

training/fit.py makes it. The folder holds config.json, model.safetensors, tokenizer.json and README.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from ..language.encoder import Encoder, EncoderConfig, mean_state, read_encoder_config
from ..language.threads import one_thread

HEAD = "fit_head"  # the head's tensors in model.safetensors: fit_head.weight [3, width], fit_head.bias [3]
FITS, CHOICE, PREFERENCE = range(3)
LONGEST = 96  # tokens of both texts together; a longer raw prompt loses its end, then the answer its end
BATCH = 32  # rows read at once


class FitNetwork(nn.Module):
    """An encoder with three numbers per pair of texts."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.encoder = Encoder(config)
        self.head = nn.Linear(config.hidden_size, 3)

    def forward(self, tokens: Tensor, lengths: Tensor, segments: Tensor) -> Tensor:
        """float32 [rows, 3]: fits, choice, preference. Tokens and segments int64 [rows, positions], lengths [rows]."""
        states = self.encoder(tokens, lengths, segments)
        return self.head(mean_state(states, lengths).float())


@dataclass(frozen=True)
class PairReader:
    """Turns a raw prompt and a second text into one row of tokens: [CLS] raw prompt [SEP] second text [SEP]."""

    tokenizer: Tokenizer

    def rows(self, raw_prompt: str, texts: Sequence[str]) -> list[tuple[list[int], int]]:
        """For each text its token ids, and how many of them belong to the raw prompt ([CLS] and [SEP] included)."""
        start, end = self.mark("[CLS]"), self.mark("[SEP]")
        asked = self.tokenizer.encode(raw_prompt, add_special_tokens=False).ids
        read = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        rows = []
        for text in read:
            first = [start, *asked[: max(LONGEST // 2, LONGEST - 3 - len(text.ids))], end]
            rows.append(([*first, *text.ids[: LONGEST - 1 - len(first)], end], len(first)))
        return rows

    def mark(self, text: str) -> int:
        """The id of a mark between texts. Raises ValueError where the tokenizer has none."""
        number = self.tokenizer.token_to_id(text)
        if number is None:
            raise ValueError(f"the fit network's tokenizer.json has no token {text}: it is of another model")
        return number


def collate(rows: Sequence[tuple[list[int], int]]) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens int64 [rows, positions] padded with 0 on the right, lengths int64 [rows], segments int64 like tokens."""
    width = max(len(ids) for ids, _ in rows)
    tokens, segments = (
        torch.zeros(len(rows), width, dtype=torch.int64),
        torch.zeros(len(rows), width, dtype=torch.int64),
    )
    for i, (ids, first) in enumerate(rows):
        tokens[i, : len(ids)] = torch.tensor(ids)
        segments[i, first : len(ids)] = 1
    return tokens, torch.tensor([len(ids) for ids, _ in rows]), segments


@dataclass(eq=False)
class Fit:
    """A fit network ready to read texts."""

    network: FitNetwork = field(repr=False)
    reader: PairReader = field(repr=False)

    @torch.inference_mode()
    def read(self, raw_prompt: str, texts: Sequence[str]) -> Tensor:
        """float32 [texts, 3] on the CPU: fits, choice and preference of each text for the raw prompt."""
        rows = self.reader.rows(raw_prompt, texts)
        order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
        found = torch.zeros(len(rows), 3)
        device = self.network.head.weight.device
        with one_thread():  # a batch takes milliseconds: threads that wait for each other cost more than they save
            for start in range(0, len(order), BATCH):
                batch = order[start : start + BATCH]
                found[batch] = self.network(*(each.to(device) for each in collate([rows[i] for i in batch]))).cpu()
        return found


def load_fit(folder: Path, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32) -> Fit:
    """Read a fit network's folder. Raises FileNotFoundError or ValueError for files that are missing or damaged."""
    network = FitNetwork(read_encoder_config(folder / "config.json"))
    weights = load_file(folder / "model.safetensors")
    named = {
        (f"head.{name[len(HEAD) + 1 :]}" if name.startswith(HEAD) else f"encoder.{name}"): w
        for name, w in weights.items()
    }
    with one_thread():
        network.load_state_dict({name: w.float() for name, w in named.items()}, assign=True)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    network.encoder.to(dtype)
    return Fit(network.train(False).to(device), PairReader(tokenizer))
