"""Recorded decoding steps: the same answers as without, kept, and dropped when the weights move. On a CPU a recording
is the function itself; the test that records for real needs a GPU."""

import pytest
import torch

from prompt_beautifier.beautifier.language import cuda_graphs, decoding, steps
from prompt_beautifier.beautifier.language.decoding import generate
from prompt_beautifier.beautifier.language.weights import load_network
from prompt_beautifier.beautifier.request import Sampling

from ..stand_ins import tiny

PROMPT = [5, 9, 4, 11, 30]
WAYS = {
    "sampling": Sampling(max_new_tokens=70, top_k=20),
    "greedy": Sampling(max_new_tokens=70, greedy=True),
    "beams": Sampling(max_new_tokens=20, num_beams=4),
}


class Recorder:
    """Stands for CUDA: counts what is recorded and replayed, and writes on nothing but what a graph could."""

    def __init__(self):
        self.recorded = self.replayed = 0

    def record(self, run, device):
        self.recorded += 1
        for _ in range(3):
            run()

        def replay():
            self.replayed += 1
            run()

        return replay


@pytest.fixture
def recorder(monkeypatch):
    found = Recorder()
    monkeypatch.setattr(cuda_graphs, "record", found.record)
    monkeypatch.setattr(steps, "has_graphs", lambda device: True)
    return found


@pytest.fixture(params=["bloom", "gpt2", "llama"])
def network(request, tmp_path):
    return load_network(tiny.save_checkpoint(tmp_path / "checkpoint", request.param))


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_recorded_steps_give_the_same_answers(network, monkeypatch, way):
    expected = [generate(network, PROMPT[:n], 7, 3, WAYS[way]) for n in (5, 3)]
    found = Recorder()
    monkeypatch.setattr(cuda_graphs, "record", found.record)
    monkeypatch.setattr(steps, "has_graphs", lambda device: True)
    assert [generate(network, PROMPT[:n], 7, 3, WAYS[way]) for n in (5, 3)] == expected
    assert found.recorded == 1, "both prompts and both blocks fit into one recording"
    assert found.replayed > 20


def test_another_shape_replaces_the_recording(network, recorder):
    generate(network, PROMPT, 5, 0, Sampling(max_new_tokens=8))
    assert list(network.recorded) == [(decoding.BLOCK, 64)]
    generate(network, PROMPT, 5, 0, Sampling(max_new_tokens=80))
    assert list(network.recorded) == [(decoding.BLOCK, 128)]
    generate(network, PROMPT, 1, 0, Sampling(max_new_tokens=8, num_beams=3))
    assert list(network.recorded) == [(3, 64)]
    assert recorder.recorded == 3


def test_weights_that_move_take_the_recording_with_them(network, recorder):
    """What ComfyUI does when it needs the memory."""
    sampling = Sampling(max_new_tokens=8)
    before = generate(network, PROMPT, 2, 0, sampling)
    holder = torch.nn.Module()
    holder.network = network
    holder.to(torch.float64)
    assert network.recorded == {}
    holder.to(torch.float32)
    assert generate(network, PROMPT, 2, 0, sampling) == before
    assert recorder.recorded == 2


def test_a_part_that_moves_alone_is_noticed(network, recorder):
    sampling = Sampling(max_new_tokens=8)
    generate(network, PROMPT, 2, 0, sampling)
    network.h[0].to(torch.float64).to(torch.float32)
    generate(network, PROMPT, 2, 0, sampling)
    assert recorder.recorded == 2


def test_packed_weights_that_move_alone_are_noticed(network, recorder):
    """They are buffers of their layer, which has no parameter."""
    sampling, layer = Sampling(max_new_tokens=8), network.h[0].self_attention.dense
    packed, elsewhere = torch.zeros(8), torch.zeros(8)
    layer.register_buffer("packed", packed)
    generate(network, PROMPT, 2, 0, sampling)
    generate(network, PROMPT, 2, 0, sampling)
    assert recorder.recorded == 1
    layer.packed = elsewhere
    generate(network, PROMPT, 2, 0, sampling)
    assert recorder.recorded == 2


def test_a_gpu_that_cannot_record_is_asked_once(network, monkeypatch, caplog):
    sampling, asked = Sampling(max_new_tokens=8), []
    expected = generate(network, PROMPT, 2, 0, sampling)

    def refuse(*_):
        asked.append(1)
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(cuda_graphs, "record", refuse)
    monkeypatch.setattr(steps, "has_graphs", lambda device: True)
    assert generate(network, PROMPT, 2, 0, sampling) == expected
    assert generate(network, PROMPT, 2, 0, sampling) == expected
    assert len(asked) == 1 and "cannot record" in caplog.text


def test_memory_that_is_missing_is_no_refusal(network, monkeypatch):
    def full(*_):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(cuda_graphs, "record", full)
    monkeypatch.setattr(steps, "has_graphs", lambda device: True)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        generate(network, PROMPT, 2, 0, Sampling(max_new_tokens=8))
    assert not network.cannot_record


def test_only_nvidia_gpus_record(monkeypatch):
    assert not any(cuda_graphs.has_graphs(torch.device(name)) for name in ("cpu", "mps", "xpu"))
    monkeypatch.setattr(torch.version, "hip", None)
    assert cuda_graphs.has_graphs(torch.device("cuda"))
    monkeypatch.setattr(torch.version, "hip", "6.4")
    assert not cuda_graphs.has_graphs(torch.device("cuda"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("way", WAYS)
def test_on_a_gpu(network, monkeypatch, way):
    network = network.to("cuda")
    assert cuda_graphs.has_graphs(torch.device("cuda"))
    recorded = generate(network, PROMPT, 7, 3, WAYS[way])
    assert len(network.recorded) == 1 and not network.cannot_record
    monkeypatch.setattr(steps, "has_graphs", lambda device: False)
    assert generate(network, PROMPT, 7, 3, WAYS[way]) == recorded
    network.to("cpu")
    assert network.recorded == {}
