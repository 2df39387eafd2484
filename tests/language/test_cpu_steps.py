"""The flat decoding step of a CPU says what the network's forward pass says."""

import pytest
import torch

from prompt_beautifier.beautifier.language import packed
from prompt_beautifier.beautifier.language.cpu_steps import CpuSteps
from prompt_beautifier.beautifier.language.weights import load_network

from ..stand_ins import tiny

PROMPT = torch.tensor([[5, 9, 4, 30]])
TOKENS = torch.tensor([[7, 8, 9], [100, 101, 5], [11, 11, 12], [60, 61, 62], [300, 3, 200]])


@pytest.fixture(params=["bloom", "gpt2", "llama"])
def checkpoint(request, tmp_path):
    return tiny.save_checkpoint(tmp_path / "checkpoint", request.param, hidden=128)


def by_steps(network, tokens):
    """Scores after each token, [rows, tokens, vocabulary]."""
    cache = network.new_cache(1, 4)
    network(PROMPT, cache)
    steps = CpuSteps(network, cache.expand(len(tokens), 10))
    return torch.stack([steps(column) for column in tokens.t()], 1)


def by_forward(network, tokens):
    rows = PROMPT.expand(len(tokens), -1)
    return network.logits(network(torch.cat((rows, tokens), 1)))[:, 4:].float()


@pytest.mark.parametrize("dtype, most", [(torch.float32, 1e-5), (torch.float16, 0.02), (torch.bfloat16, 0.1)])
@torch.inference_mode()
def test_steps_are_the_forward_pass(checkpoint, dtype, most):
    expected = by_forward(load_network(checkpoint), TOKENS)
    found = by_steps(load_network(checkpoint, dtype), TOKENS)
    assert found.dtype == torch.float32
    assert (found - expected).norm() <= most * expected.norm()


@pytest.mark.slow
@pytest.mark.skipif(not packed.can_pack(torch.float32), reason="this processor has no oneDNN")
@torch.inference_mode()
def test_steps_of_packed_weights_are_the_forward_pass(checkpoint):
    expected = by_forward(load_network(checkpoint), TOKENS)
    for dtype in {torch.float32, packed.fast_dtype()}:
        found = by_steps(packed.load_packed(checkpoint, dtype), TOKENS)
        assert (found - expected).norm() <= (1e-5 if dtype == torch.float32 else 0.1) * expected.norm()


@torch.inference_mode()
def test_rows_that_are_put_in_another_order_go_on_as_they_were(checkpoint):
    network = load_network(checkpoint)
    expected = by_forward(network, TOKENS)
    cache = network.new_cache(1, 4)
    network(PROMPT, cache)
    steps = CpuSteps(network, cache.expand(5, 10))
    steps(TOKENS[:, 0])
    order = torch.tensor([3, 0, 3])  # beams branch, and rows that have ended go
    steps.reorder(order)
    torch.testing.assert_close(steps(TOKENS[order, 1]), expected[order, 1], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(steps(TOKENS[order, 2]), expected[order, 2], atol=1e-4, rtol=1e-4)
