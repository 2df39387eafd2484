"""Networks of transformers with random weights, saved to a folder, and what they say and write: what ours is compared
with."""

import json
import re
from pathlib import Path

import pytest
import torch

from prompt_beautifier.beautifier.language.decoding import generate
from prompt_beautifier.beautifier.language.weights import load_network
from prompt_beautifier.beautifier.request import Sampling

VOCABULARY = 200
transformers = pytest.importorskip("transformers", reason="transformers is what the network is compared with")
VERSION = tuple(map(int, re.findall(r"\d+", transformers.__version__)[:2]))
TOKENS = torch.randint(4, VOCABULARY, (3, 40), generator=torch.Generator().manual_seed(0))


def skip_where_unknown(kind: str, settings: dict) -> None:
    """Skip a test of what the transformers that is installed does not know, or does not do as it says."""
    if kind == "qwen3" and VERSION < (4, 51):
        pytest.skip("Qwen3 came with transformers 4.51")
    if kind == "qwen2" and isinstance(settings.get("sliding_window"), int) and VERSION < (4, 53):
        pytest.skip("before transformers 4.53 a window held for all layers of Qwen2, whatever config.json says")


def older(settings: dict) -> dict:
    """Settings as the transformers that is installed knows them: before 5 there were no rope_parameters."""
    rope = settings.get("rope_parameters")
    if rope is None or VERSION >= (5,):
        return settings
    others = {name: value for name, value in settings.items() if name != "rope_parameters"}
    scaling = {name: value for name, value in rope.items() if name != "rope_theta"}
    scaled = scaling if scaling.get("rope_type", "default") != "default" else None
    return others | {"rope_theta": rope.get("rope_theta", 10_000.0), "rope_scaling": scaled}


def plain_attention(config):
    """A configuration for attention as it is written down: before 5 the fused one left GPT-2's scales out."""
    config._attn_implementation = "eager"
    return config


def save(model: torch.nn.Module, folder: Path) -> torch.nn.Module:
    """Save a network; biases and norms, which start as 0 and 1 and would hide mistakes, get random values first."""
    for parameter in model.parameters():
        if parameter.dim() == 1:
            torch.nn.init.normal_(parameter, mean=parameter[0].item(), std=0.1)
    settings = model.generation_config
    if settings.pad_token_id is not None and settings.pad_token_id < 0:  # with which some versions do not save
        settings.pad_token_id = None
    model.eval().save_pretrained(folder)
    return model


def change_config(folder: Path, **values) -> None:
    """Change or add fields of a folder's config.json; those that are ... are taken out."""
    path = folder / "config.json"
    config = json.loads(path.read_text()) | values
    path.write_text(json.dumps({name: value for name, value in config.items() if value is not ...}))


@torch.inference_mode()
def assert_same_logits(model: torch.nn.Module, network: torch.nn.Module, most: float = 1e-4) -> None:
    ours, theirs = network.logits(network(TOKENS)), model(TOKENS).logits
    assert theirs.std() > 0.3  # else the comparison says nothing
    assert (ours - theirs).abs().max() <= most


@torch.inference_mode()
def assert_same_texts(model: torch.nn.Module, network: torch.nn.Module, new: int = 24) -> None:
    """Greedy and beam search write what transformers' generate writes."""
    for prompt in (TOKENS[:1, :7], TOKENS[1:2, :1]):
        for arguments, sampling in (
            ({}, Sampling(greedy=True, repetition_penalty=1.2, max_new_tokens=new)),
            (
                {"num_beams": 3, "num_return_sequences": 3},
                Sampling(num_beams=3, repetition_penalty=1.2, max_new_tokens=new),
            ),
        ):
            rows = model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                do_sample=False,
                repetition_penalty=1.2,
                max_new_tokens=new,
                pad_token_id=3,
                early_stopping=False,
                **arguments,
            )
            found = [list(answer.tokens) for answer in generate(network, prompt[0].tolist(), 3, 0, sampling)]
            assert found == [until(network.config.ends, row) for row in rows[:, prompt.shape[1] :].tolist()]


def until(ends: tuple[int, ...], row: list[int]) -> list[int]:
    return row[: next((place for place, token in enumerate(row) if token in ends), len(row))]


def load(folder: Path) -> torch.nn.Module:
    return load_network(folder, torch.float32, "cpu")
