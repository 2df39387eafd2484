"""Small networks run on one thread, and nobody else's threads are touched."""

import threading
from types import SimpleNamespace

import pytest
import torch

from prompt_beautifier.beautifier.language import threads
from prompt_beautifier.beautifier.language.decoding import generate
from prompt_beautifier.beautifier.language.threads import one_thread, threads_for
from prompt_beautifier.beautifier.language.weights import load_network
from prompt_beautifier.beautifier.request import Sampling

from ..stand_ins import tiny


@pytest.fixture(autouse=True)
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def in_a_new_thread() -> int:
    found = []
    thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return found[0]


def test_only_the_calling_thread_is_alone():
    with one_thread():
        assert torch.get_num_threads() == 1
        assert in_a_new_thread() == 3
    assert torch.get_num_threads() == 3 == in_a_new_thread()


def test_an_error_gives_the_threads_back():
    with pytest.raises(KeyError), one_thread():
        raise KeyError
    assert torch.get_num_threads() == 3


def test_generate_runs_a_small_network_on_one_thread_and_a_large_one_on_all(tmp_path, monkeypatch):
    network = load_network(tiny.save_checkpoint(tmp_path / "checkpoint"))
    seen = set()

    def look(*_):
        seen.add(torch.get_num_threads())

    generate(network, [5, 6], 1, 0, Sampling(max_new_tokens=4), on_step=look)
    assert seen == {1} and torch.get_num_threads() == 3
    monkeypatch.setattr(threads, "ONE_THREAD_BELOW", 0)
    seen.clear()
    generate(network, [5, 6], 1, 0, Sampling(max_new_tokens=4), on_step=look)
    assert seen == {3}


def test_one_thread_stays_one():
    torch.set_num_threads(1)

    class Small:
        device, config = torch.device("cpu"), SimpleNamespace(hidden_size=8)

    with threads_for(Small):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 1
