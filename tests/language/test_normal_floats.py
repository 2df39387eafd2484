"""4-bit weights that bitsandbytes multiplies: what is stored, by whom it is multiplied, and where it is not."""

import ctypes
from importlib import metadata
from types import SimpleNamespace

import pytest
import torch
from safetensors import safe_open

from prompt_beautifier.beautifier.language import normal_floats, packed
from prompt_beautifier.beautifier.language.int4 import Int4Linear
from prompt_beautifier.beautifier.language.normal_floats import GROUP, LEVELS, ROWS, NormalLinear
from prompt_beautifier.beautifier.language.weights import load_network

from ..stand_ins import tiny

THERE = normal_floats.library() is not None
with_bitsandbytes = pytest.mark.skipif(
    not THERE, reason="bitsandbytes is not here, or this processor is not one of its"
)
TOKENS = torch.arange(5, 65).view(3, 20)


def memory(where: int, *shape: int, dtype: torch.dtype) -> torch.Tensor:
    """The numbers at an address."""
    size = torch.Size(shape).numel() * dtype.itemsize
    return torch.frombuffer((ctypes.c_char * size).from_address(where), dtype=dtype).view(shape)


def stand_in(rows, out, columns, x, weight, scales, result, group, x_step, result_step):
    """What the function of bitsandbytes does, by its arguments."""
    assert (group, x_step, result_step) == (GROUP, columns, out) and out % ROWS == 0
    pairs = memory(weight, out * columns // 64, ROWS, dtype=torch.uint8)
    codes = torch.cat((pairs & 15, pairs >> 4), 1).view(out // ROWS, columns // 2, ROWS, 2).transpose(1, 2)
    codes = codes.reshape(out, columns)
    stored = normal_floats.unpacked(codes, memory(scales, columns // GROUP, out, dtype=torch.bfloat16))
    product = memory(x, rows, columns, dtype=torch.bfloat16).float() @ stored.t()
    memory(result, rows, out, dtype=torch.bfloat16).copy_(product)


@pytest.fixture
def installed(monkeypatch):
    """Bitsandbytes, or what stands in for it; a list of the numbers of threads that it was told."""
    threads = []
    if not THERE:
        monkeypatch.setattr(normal_floats, "library", lambda: (stand_in, threads.append))
    return threads


def scores(network, tokens):
    with torch.inference_mode():
        return network.logits(network(tokens)).float()


def test_a_group_takes_the_scale_that_is_nearest():
    """Also the negative one: there are more levels above zero than below."""
    weight = torch.randn(64, 128, generator=torch.Generator().manual_seed(0))
    weight[3], weight[4] = 0, -weight[5]
    codes, scales = normal_floats.quantised_normal(weight)
    off = (normal_floats.unpacked(codes, scales) - weight).square()
    largest = weight.unflatten(1, (-1, GROUP)).abs().amax(-1).bfloat16().t().contiguous()
    groups, levels = weight.unflatten(1, (-1, GROUP)), torch.tensor(LEVELS)
    nearest = ((groups / largest.t().float()[..., None].clamp(min=1e-8))[..., None] - levels).abs().argmin(-1)
    plain = (normal_floats.unpacked(nearest.flatten(1), largest) - weight).square()
    assert off.sum() < 0.9 * plain.sum() and off[3].max() < 1e-12
    assert torch.equal(off[4].view(-1, GROUP).sum(1), off[5].view(-1, GROUP).sum(1))
    assert (off.sum() / weight.square().sum()).sqrt() < 0.082  # of a format with a middle of its own: 0.077


def test_a_layer_is_a_product_of_rounded_matrices(installed):
    """Against the definition; 50 rows are no multiple of what the function wants."""
    generator = torch.Generator().manual_seed(0)
    weight, x = torch.randn(50, 96, generator=generator), torch.randn(4, 96, generator=generator)
    layer = NormalLinear(*normal_floats.normal_parts(weight), 50)
    layer.bias = torch.randn(50, generator=generator)
    stored = normal_floats.unpacked(*normal_floats.quantised_normal(weight))
    expected = x.bfloat16().float() @ stored.t() + layer.bias
    torch.testing.assert_close(layer(x), expected, atol=0.05, rtol=0.02)
    torch.testing.assert_close(layer(x[:, None])[:, 0], layer(x))


@pytest.mark.parametrize("architecture", ["bloom", "llama"])
def test_a_checkpoint_is_stored_for_it_while_it_is_there(architecture, tmp_path, monkeypatch, installed):
    folder = tiny.save_checkpoint(tmp_path / "checkpoint", architecture, hidden=128, vocab_size=700)
    network = packed.load_packed(folder, packed.INT4)
    assert isinstance(network.h[0].mlp.dense_h_to_4h, NormalLinear) and isinstance(network.head[0], NormalLinear)
    expected, found = scores(load_network(folder), TOKENS), scores(network, TOKENS)
    assert 0 < (found - expected).norm() <= 0.5 * expected.norm()
    written = (folder / packed.INT4_FILE).stat().st_mtime_ns
    assert torch.equal(scores(packed.load_packed(folder, packed.INT4), TOKENS), found)
    assert (folder / packed.INT4_FILE).stat().st_mtime_ns == written
    with safe_open(folder / packed.INT4_FILE, framework="pt") as file:
        assert file.metadata()["by"] == "bitsandbytes"
    monkeypatch.setattr(normal_floats, "library", lambda: None)
    try:
        without = packed.load_packed(folder, packed.INT4)
    except ValueError:
        pytest.skip("torch multiplies no 4-bit weights here")
    assert isinstance(without.h[0].mlp.dense_h_to_4h, Int4Linear)
    assert (scores(without, TOKENS) - expected).norm() <= 0.5 * expected.norm()


def test_it_takes_the_threads_that_torch_has(installed, monkeypatch):
    monkeypatch.setattr(normal_floats, "library", lambda: (stand_in, installed.append))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    NormalLinear(*normal_floats.normal_parts(torch.ones(32, 32)), 32)(torch.ones(1, 32))
    assert installed == [3]


def test_weights_that_were_packed_for_it_say_so_without_it(monkeypatch):
    monkeypatch.setattr(normal_floats, "library", lambda: None)
    layer = NormalLinear(*normal_floats.normal_parts(torch.ones(32, 32)), 32)
    with pytest.raises(RuntimeError, match="load the checkpoint anew"):
        layer(torch.ones(1, 32))


# -- whether it is used


class Opened:
    """A library whose functions are those of the stand-in."""

    has_avx512bf16_cpu = staticmethod(lambda: 1)
    omp_set_num_threads = staticmethod(lambda count: None)

    def __init__(self, multiply=stand_in):
        self.gemv_4bit_inference_cpu_nf4_bf16 = lambda *arguments: multiply(*arguments)


@pytest.fixture
def package(monkeypatch, tmp_path):
    """A package of that name, of a version that is known; the test says what its library has."""
    monkeypatch.setattr(normal_floats.sys, "platform", "linux")
    monkeypatch.setattr(metadata, "version", lambda name: "0.50.2")
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(normal_floats.util, "find_spec", lambda name: spec)

    def has(library):
        monkeypatch.setattr(normal_floats.ctypes, "CDLL", lambda path: library)
        return normal_floats.library.__wrapped__()

    return has


def test_a_library_that_multiplies_rightly_is_used(package):
    multiply, set_threads = package(Opened())
    assert callable(multiply) and callable(set_threads)


def of_other_layout(*arguments):
    stand_in(*arguments)
    memory(arguments[6], arguments[0], arguments[1], dtype=torch.bfloat16)[:, 0] += 1


@pytest.mark.parametrize("library", [Opened(lambda *_: None), Opened(of_other_layout), SimpleNamespace()])
def test_one_that_does_not_is_not_used(package, library):
    assert package(library) is None


def test_a_processor_without_bfloat16_is_left_to_torch(package):
    library = Opened()
    library.has_avx512bf16_cpu = lambda: 0
    assert package(library) is None


@pytest.mark.parametrize("version", ["0.48.2", "0.51.0", "1.0"])
def test_a_version_that_is_not_known_is_not_called(package, monkeypatch, version):
    monkeypatch.setattr(metadata, "version", lambda name: version)
    assert package(Opened()) is None


def test_nothing_is_looked_for_elsewhere(package, monkeypatch):
    monkeypatch.setattr(normal_floats.sys, "platform", "win32")
    assert package(Opened()) is None


def test_it_need_not_be_installed(monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert normal_floats.library.__wrapped__() is None


# -- the library itself


@with_bitsandbytes
def test_rows_do_not_depend_on_each_other_nor_on_where_weights_lie():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(40, 256, generator=generator)
    weight, scales = normal_floats.normal_parts(torch.randn(96, 256, generator=generator))
    layer = NormalLinear(weight, scales, 96)
    whole = layer(x)
    assert all(
        torch.equal(layer(x[row : row + many]), whole[row : row + many]) for row in (0, 3) for many in range(1, 10)
    )
    moved = torch.zeros(weight.numel() + 9, dtype=torch.uint8)[9:].view_as(weight).copy_(weight)
    assert torch.equal(NormalLinear(moved, scales, 96)(x), whole)
