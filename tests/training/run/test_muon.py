"""Muon beside torch's own, in the precision that the CPU is quick in."""

import pytest
import torch

from prompt_beautifier.training.run import muon
from prompt_beautifier.training.run.muon import Muon, orthogonal, products_dtype


def steps_of(optimizer, matrices, targets):
    for _ in range(5):
        for matrix, target in zip(matrices, targets, strict=True):
            matrix.grad = 2 * (matrix.detach() - target)
        optimizer.step()
    return [matrix.detach().clone() for matrix in matrices]


def test_in_bfloat16_its_steps_are_torchs():
    chance = torch.Generator().manual_seed(0)
    shapes = [(24, 8), (8, 24), (16, 16)]
    starts, targets = ([torch.randn(shape, generator=chance) for shape in shapes] for _ in range(2))
    ours, theirs, exact = ([start.clone().requires_grad_() for start in starts] for _ in range(3))
    expected = steps_of(torch.optim.Muon(theirs, lr=0.1, weight_decay=0.01, momentum=0.95), theirs, targets)
    found = steps_of(Muon(ours, 0.1, weight_decay=0.01, dtype=torch.bfloat16), ours, targets)
    torch.testing.assert_close(found, expected)
    precise = steps_of(Muon(exact, 0.1, weight_decay=0.01, dtype=torch.float32), exact, targets)
    for mine, theirs, start in zip(precise, expected, starts, strict=True):
        assert not torch.equal(mine, theirs)
        assert (mine - theirs).norm() < 0.02 * (theirs - start).norm()


def test_singular_values_come_near_one():
    matrix = torch.randn(12, 30, generator=torch.Generator().manual_seed(1))
    values = torch.linalg.svdvals(orthogonal(matrix, torch.float32))
    assert 0.5 < values.min() and values.max() < 1.3
    torch.testing.assert_close(orthogonal(matrix.t(), torch.float32), orthogonal(matrix, torch.float32).t())


@pytest.mark.parametrize(("capable", "dtype"), [(False, torch.float32), (True, torch.bfloat16)])
def test_a_cpu_without_instructions_for_bfloat16_works_in_float32(monkeypatch, capable, dtype):
    monkeypatch.setattr(muon, "cpu_has_bfloat16", lambda: capable)
    assert products_dtype(torch.device("cpu")) == dtype
    used = []
    monkeypatch.setattr(muon, "orthogonal", lambda matrix, dtype: used.append(dtype) or matrix)
    matrix = torch.ones(2, 3, requires_grad=True)
    matrix.grad = torch.ones(2, 3)
    Muon([matrix], lr=0.1).step()
    assert used == [dtype]


def test_capabilities_are_those_that_torch_names(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "avx512_bf16": False}, raising=False)
    assert not muon.cpu_has_bfloat16()
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "amx_bf16": True}, raising=False)
    assert muon.cpu_has_bfloat16()
