"""A warm answer of the embedded model, and its fit network beside transformers' BertModel on the same texts.

python benchmarks/embedded.py [ROUNDS]
"""

import json
import sys
import time

import torch

from prompt_beautifier.beautifier.composing.fit import collate
from prompt_beautifier.beautifier.composing.options import options
from prompt_beautifier.beautifier.composing.writer import EMBEDDED, load_embedded
from prompt_beautifier.beautifier.rewards.model import load_reward_model

PROMPTS = ("1 girl", "a lighthouse", "two dogs and one cat under a red umbrella", "portrait of an old sailor")


def measure(rounds: int) -> dict[str, list[float]]:
    """Seconds a raw prompt, a value a round: answer (5 candidates, ranked), network, transformers."""
    from transformers import BertModel

    writer, reward = load_embedded(), load_reward_model()
    torch.set_num_threads(1)  # as the fit network runs
    reference = BertModel.from_pretrained(EMBEDDED, dtype=torch.float32, add_pooling_layer=False).eval()
    texts = {raw: texts_of(writer, raw) for raw in PROMPTS}
    found: dict[str, list[float]] = {"answer": [], "network": [], "transformers": []}
    for round_ in range(rounds + 1):
        for name, work in (
            ("answer", lambda raw, seed=round_: reward.rank(raw, writer.beautify(raw, 5, seed))),
            ("network", lambda raw: writer.fit.read(raw, texts[raw])),
            ("transformers", lambda raw: read_by(reference, writer.fit.reader, raw, texts[raw])),
        ):
            started = time.perf_counter()
            for raw in PROMPTS:
                work(raw)
            if round_:  # what is done once is not counted
                found[name].append((time.perf_counter() - started) / len(PROMPTS))
    return found


def texts_of(writer, raw: str) -> list[str]:
    """What the fit network reads of a raw prompt's options."""
    reading = writer.read(raw)
    possible = options(reading.wish, reading.findings)
    return list(dict.fromkeys(f"{option.role}: {option.phrase}" for option in possible))


@torch.inference_mode()
def read_by(reference, reader, raw: str, texts: list[str]) -> torch.Tensor:
    """The states that transformers' network gives the same rows, all in one batch."""
    tokens, lengths, segments = collate(reader.rows(raw, texts))
    mask = (torch.arange(tokens.shape[1]) < lengths[:, None]).long()
    return reference(tokens, attention_mask=mask, token_type_ids=segments).last_hidden_state


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5), indent=2))
