"""Packed networks: the same logits as the plain one, int8 within its rounding, and its file kept and made anew."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from prompt_beautifier.beautifier import beautify
from prompt_beautifier.beautifier.language import fbgemm, int4, int8_file, kept_file, packed, threads
from prompt_beautifier.beautifier.language import layers as language_layers
from prompt_beautifier.beautifier.language.decoding import generate
from prompt_beautifier.beautifier.language.weights import load_network
from prompt_beautifier.beautifier.request import Sampling

from ..stand_ins import tiny

SIZES = {"hidden": 128, "vocab_size": 700}  # 700 words: the output layer's last piece is a smaller one


def needs(condition, what: str):
    return pytest.mark.skipif(not condition, reason=f"this processor has no {what}")


def int8_works() -> bool:
    try:
        language_layers.check_int8()
    except ValueError:
        return False
    return True


def int4_works() -> bool:
    try:
        int4.check_int4(torch.device("cpu"))
    except ValueError:
        return False
    return True


can_pack = needs(packed.can_pack(torch.float32), "oneDNN")
can_multiply_halves = needs(language_layers.can_multiply_halves(), "FBGEMM")
can_int8 = needs(int8_works(), "exact int8")
can_int4 = needs(int4_works(), "product of 4-bit weights")
KEPT = [
    pytest.param(torch.int8, packed.INT8_FILE, marks=can_int8),
    pytest.param(packed.INT4, packed.INT4_FILE, marks=can_int4),
]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(packed, "LEAST_PIECE", 128)


@pytest.fixture(params=["bloom", "gpt2", "llama"])
def checkpoint(request, tmp_path, monkeypatch):
    if request.param == "gpt2":
        monkeypatch.setattr(packed, "FBGEMM_TO", 0)  # int8 by oneDNN, as in large networks
    return tiny.save_checkpoint(tmp_path / "checkpoint", request.param, **SIZES)


def scores(network, tokens):
    with torch.inference_mode():
        return network.logits(network(tokens)).float()


TOKENS = torch.arange(5, 65).view(3, 20)


@can_pack
@pytest.mark.parametrize("dtype, most", [(torch.float32, 1e-4), (torch.bfloat16, 0.05)])
def test_packed_logits_are_those_of_the_plain_network(checkpoint, dtype, most):
    if not packed.can_pack(dtype):
        pytest.skip("this processor has no bfloat16")
    network = packed.load_packed(checkpoint, dtype)
    expected = scores(load_network(checkpoint), TOKENS)
    assert len(network.head) == 2
    assert (scores(network, TOKENS) - expected).norm() <= most * expected.norm()


def stored_as_float16(folder: Path) -> Path:
    weights = load_file(folder / "model.safetensors")
    save_file({name: weight.half() for name, weight in weights.items()}, folder / "model.safetensors")
    return folder


@can_pack
@can_multiply_halves
def test_float16_weights_of_a_small_network_are_multiplied_as_they_are(checkpoint):
    folder = stored_as_float16(checkpoint)
    network = packed.load_packed(folder, torch.float32)
    layers = [network.h[0].self_attention.dense, network.h[1].mlp.dense_4h_to_h, *network.head]
    assert {type(layer) for layer in layers} == {language_layers.HalfLinear}
    expected = scores(load_network(folder), TOKENS)  # the same weights, in float32
    assert (scores(network, TOKENS) - expected).norm() <= 1e-5 * expected.norm()
    # 64 of 1 + 2**-10 are seen to the last bit by sums in float32 alone.
    layer = language_layers.HalfLinear(torch.full((8, 64), 1 + 2**-10))
    assert torch.equal(layer(torch.full((1, 64), 1 + 2**-13)), torch.full((1, 8), 64 * (1 + 2**-10) * (1 + 2**-13)))


@can_pack
def test_other_weights_and_other_builds_keep_float32(checkpoint, monkeypatch):
    assert type(packed.load_packed(checkpoint, torch.float32).head[0]) is language_layers.PackedLinear
    folder = stored_as_float16(checkpoint)
    monkeypatch.delattr(torch, "fbgemm_pack_gemm_matrix_fp16", raising=False)
    network = packed.load_packed(folder, torch.float32)
    assert type(network.head[0]) is language_layers.PackedLinear and not network.rows_are_independent


@can_pack
def test_a_large_network_keeps_float32(checkpoint, monkeypatch):
    """float16 weights are multiplied on one thread."""
    monkeypatch.setattr(threads, "ONE_THREAD_BELOW", 128)
    network = packed.load_packed(stored_as_float16(checkpoint), torch.float32)
    assert type(network.head[0]) is language_layers.PackedLinear


@pytest.mark.slow
def test_the_embedded_model_warns_of_nothing():
    code = "from prompt_beautifier.beautifier.beautify import load_beautifier\n"
    code += "print(load_beautifier().beautify('a cat', num_candidates=1))"
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "cat" in done.stdout and done.stderr == ""


@can_pack
def test_a_cache_changes_nothing(checkpoint):
    network = packed.load_packed(checkpoint, packed.fast_dtype())
    with torch.inference_mode():
        cache = network.new_cache(3, 20)
        parts = [network(TOKENS[:, a:b], cache) for a, b in ((0, 11), (11, 12), (12, 20))]
        together = network(TOKENS)
    tolerance = 1e-4 if together.dtype == torch.float32 else 0.1
    torch.testing.assert_close(torch.cat(parts, 1), together, atol=tolerance, rtol=tolerance)


LAYERS = {
    "oneDNN": lambda whole, scales: language_layers.Int8Linear(language_layers.pack_int8(whole), scales),
    "FBGEMM": fbgemm.FbgemmLinear,
}


@can_int8
@pytest.mark.parametrize(
    "multiplier", ["oneDNN", pytest.param("FBGEMM", marks=needs(fbgemm.fbgemm_is_exact(), "exact FBGEMM"))]
)
def test_int8_is_a_product_of_rounded_matrices(multiplier):
    """Against the definition, in float64."""
    generator = torch.Generator().manual_seed(0)
    weight, x = torch.randn(70, 90, generator=generator), torch.randn(4, 90, generator=generator)
    weight[3], x[2] = 0, 0
    whole, scales = language_layers.quantised_weight(weight)
    layer = LAYERS[multiplier](whole, scales)
    layer.bias = torch.randn(70, generator=generator)
    rows = (x.double() / (x.double().abs().amax(1, keepdim=True) / 127).clamp(min=1e-30)).round()
    expected = (rows @ whole.double().t()) * (x.double().abs().amax(1, keepdim=True) / 127) * scales.double()
    torch.testing.assert_close(layer(x).double(), expected + layer.bias.double(), atol=1e-4, rtol=1e-4)
    assert (whole.float() * scales[:, None] - weight).abs().max() <= 0.51 * scales.max()
    assert torch.equal(layer(x[None, 1:3])[0], layer(x)[1:3]), "a row is the same whatever the others are"


@can_int8
def test_where_fbgemm_would_be_inexact_onednn_multiplies(checkpoint, monkeypatch):
    expected = scores(packed.load_packed(checkpoint, torch.int8), TOKENS)
    monkeypatch.setattr(packed, "fbgemm_is_exact", lambda: False)
    network = packed.load_packed(checkpoint, torch.int8)
    assert isinstance(network.h[0].mlp.dense_4h_to_h, language_layers.Int8Linear)
    # What lies halfway between two steps may be rounded another way.
    assert (scores(network, TOKENS) - expected).norm() <= 0.01 * expected.norm()


@can_int4
def test_int4_is_a_product_of_rounded_matrices():
    """Against the definition, in float64; 50 rows are no multiple of what a processor wants."""
    generator = torch.Generator().manual_seed(0)
    weight, x = torch.randn(50, 96, generator=generator), torch.randn(4, 96, generator=generator)
    weight[3] = 0
    layer = int4.Int4Linear(*int4.int4_parts(weight), 50)
    layer.bias = torch.randn(50, generator=generator)
    codes, numbers = int4.quantised_int4(weight)
    assert codes.max() == 15 and codes.min() == 0
    scale, middle = numbers.double().transpose(0, 1).split(1, -1)
    stored = ((codes.double().unflatten(1, (-1, 32)) - 8) * scale + middle).flatten(1)
    expected = x.bfloat16().double() @ stored.t()
    torch.testing.assert_close(layer(x).double(), expected + layer.bias.double(), atol=0.02, rtol=0.01)
    assert ((stored - weight).unflatten(1, (-1, 32)).abs() <= 2 * scale).all(), "what is cut off is little"
    assert (stored - weight).norm() <= 0.1 * weight.norm()


@can_int4
def test_a_group_takes_the_scale_that_is_nearest():
    """All weights together are nearer than with codes from the least to the largest weight."""
    weight = torch.randn(16, 32, generator=torch.Generator().manual_seed(1))
    codes, numbers = int4.quantised_int4(weight)
    scale, middle = numbers.float()[0].split(1, -1)
    off = ((codes.float() - 8) * scale + middle - weight).square().sum()
    low, high = weight.amin(1, keepdim=True), weight.amax(1, keepdim=True)
    plain = ((weight - low) / (high - low) * 15).round() / 15 * (high - low) + low
    assert off < (plain - weight).square().sum()


@pytest.mark.parametrize(
    ("dtype", "most"),
    [pytest.param(torch.int8, 0.1, marks=can_int8), pytest.param(packed.INT4, 0.5, marks=can_int4)],
)
def test_few_bits_are_near_float32(checkpoint, dtype, most):
    expected = scores(load_network(checkpoint), TOKENS)
    found = scores(packed.load_packed(checkpoint, dtype), TOKENS)
    assert 0 < (found - expected).norm() <= most * expected.norm()


@can_int4
def test_a_width_without_groups_is_refused(tmp_path):
    folder = tiny.save_checkpoint(tmp_path / "checkpoint", hidden=48)
    with pytest.raises(ValueError, match="int4 needs rows of weights that divide into groups of 32, and here are some"):
        beautify.load_beautifier(folder, dtype=torch.int4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "dtype",
    [
        pytest.param(torch.int8, marks=can_int8),
        pytest.param(packed.INT4, marks=can_int4),
        pytest.param(torch.float32, marks=can_multiply_halves),
    ],
)
def test_rows_do_not_depend_on_each_other(checkpoint, dtype):
    network = packed.load_packed(stored_as_float16(checkpoint), dtype)
    assert network.rows_are_independent
    sampling = Sampling(temperature=2.0, top_k=0, top_p=1.0, max_new_tokens=25)
    end = generate(network, [5, 9, 4], 20, 7, sampling)[2].tokens[8]
    network.config = replace(network.config, eos_token_id=end)
    twenty = generate(network, [5, 9, 4], 20, 7, sampling)
    assert len(set(twenty)) > 15
    assert 0 < sum(answer.finished for answer in twenty) < 20, "those that end early leave the others alone"
    for count in (1, 2, 7, 17):
        assert generate(network, [5, 9, 4], count, 7, sampling) == twenty[:count]


@pytest.mark.parametrize(("dtype", "name"), KEPT)
def test_the_file_is_safetensors_and_read_the_next_time(checkpoint, dtype, name, monkeypatch):
    first = scores(packed.load_packed(checkpoint, dtype), TOKENS)
    tensors = load_file(checkpoint / name)
    assert {kind.rpartition(".")[2] for kind in tensors} <= {"packed", "whole", "scales", "numbers"}
    assert [each.name for each in checkpoint.iterdir() if each.name.startswith(".")] == []
    monkeypatch.setattr(kept_file, "write", None)
    assert torch.equal(scores(packed.load_packed(checkpoint, dtype), TOKENS), first)


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "name"), KEPT)
@pytest.mark.parametrize("change", ["checkpoint", "cut", "other"])
def test_a_file_that_is_not_up_to_date_is_written_again(checkpoint, change, dtype, name):
    packed.load_packed(checkpoint, dtype)
    path, weights = checkpoint / name, checkpoint / "model.safetensors"
    if change == "checkpoint":
        model_type = json.loads((checkpoint / "config.json").read_text())["model_type"]
        tiny.SAVERS["llama" if model_type == "qwen3" else model_type](checkpoint, seed=9, **SIZES)
        os.utime(weights, ns=(1, 1))  # the same size, at another time
    elif change == "cut":
        path.write_bytes(path.read_bytes()[:-10])
    else:
        path.write_bytes(b"something else")
    found = scores(packed.load_packed(checkpoint, dtype), TOKENS)
    expected = scores(load_network(checkpoint), TOKENS)
    assert (found - expected).norm() <= 0.5 * expected.norm()
    assert path.stat().st_size > 100_000


@pytest.mark.parametrize(("dtype", "name"), KEPT)
def test_where_no_file_can_be_written_few_bits_work_all_the_same(checkpoint, dtype, name, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "No space left on device")

    expected = scores(packed.load_packed(checkpoint, dtype), TOKENS)
    (checkpoint / name).unlink()
    monkeypatch.setattr(kept_file, "write", full)
    assert torch.equal(scores(packed.load_packed(checkpoint, dtype), TOKENS), expected)
    assert "No space left" in caplog.text


def test_int8_that_would_be_inexact_is_refused(checkpoint, monkeypatch):
    monkeypatch.setattr(language_layers, "multiply_int8", lambda whole, *_: torch.zeros(2, 32))
    monkeypatch.setattr(int8_file, "pack_int8", lambda weight: weight)
    monkeypatch.setattr(language_layers, "pack_int8", lambda weight: weight)
    with pytest.raises(ValueError, match="int8 needs a processor with VNNI"):
        beautify.load_beautifier(checkpoint, dtype=torch.int8)


@pytest.mark.parametrize(
    ("dtype", "message"), [(torch.int8, "int8 is for the CPU"), (packed.INT4, "int4 is for a CPU")]
)
def test_few_bits_need_a_processor_that_has_them(checkpoint, dtype, message, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=message):
        beautify.load_beautifier(checkpoint, "cpu", dtype, stays=False)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_int4_on_a_gpu(checkpoint):
    expected = scores(load_network(checkpoint), TOKENS)
    network = beautify.load_beautifier(checkpoint, "cpu", torch.int4, stays=False).network
    assert network.device.type == "cpu" and network.dtype == torch.bfloat16
    network.to("cuda")
    found = scores(network, TOKENS.cuda()).cpu()
    assert 0 < (found - expected).norm() <= 0.5 * expected.norm()


@can_pack
def test_what_is_loaded_for_a_cpu_is_packed_and_what_moves_is_not(checkpoint):
    staying = beautify.load_beautifier(checkpoint).network
    moving = beautify.load_beautifier(checkpoint, "cpu", torch.float32, stays=False).network
    assert isinstance(staying.head, torch.nn.ModuleList) and not isinstance(moving.head, torch.nn.ModuleList)
    assert len(list(moving.parameters())) > len(list(staying.parameters())) > 0
