"""The fit network's stage: what it learns, where it goes on, and that what it exports is read as it was trained."""

import json

import pytest
import torch

from prompt_beautifier.beautifier.composing.fit import FITS, PREFERENCE, load_fit
from prompt_beautifier.training import fit

from ..stand_ins import tiny_fit

# A cat has paws and never a sail; of two prompts the longer one is preferred where it names the moon.
PICKS = [
    {
        "raw_prompt": f"{color} cat {number}",
        "options": [{"role": "detail", "phrase": phrase} for phrase in ("paw", "stone paw", "sail", "wave sail")],
        "best": [0, 1],
        "bad": [2, 3],
    }
    for number, color in enumerate(["red", "blue", "stone", "red blue"] * 4)
]
PAIRS = [
    {"raw_prompt": f"dog {number}", "a": "dog, moon", "b": "dog, lamp", "preferred": 1.0}
    if number % 2
    else {"raw_prompt": f"dog {number}", "a": "dog, lamp", "b": "dog, moon", "preferred": 0.0}
    for number in range(16)
]


@pytest.fixture(scope="module", autouse=True)
def threads():
    """The stage sets how many threads torch uses: the tests behind these have as many as before."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit")
    tiny_fit.save_encoder(folder / "base")
    for name, rows in (("picks", PICKS), ("pairs", PAIRS)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def arguments(files, out, *more):
    given = ["--base", files / "base", "--picks", files / "picks.jsonl", "--pairs", files / "pairs.jsonl", "--out", out]
    return [*map(str, given), "--vocabulary", "1000", "--lr", "2e-3", "--threads", "1", "--every", "5", *more]


@pytest.fixture(scope="module")
def trained(files):
    fit.main(arguments(files, files / "out", "--epochs", "6"))
    return files / "out" / "model"


@pytest.mark.slow
def test_it_learns_what_fits_and_what_is_preferred(trained):
    network = load_fit(trained)
    fits = network.read("blue cat", ["detail: paw", "detail: sail"])[:, FITS]
    assert fits[0] > fits[1] + 1
    values = network.read("a dog", ["dog, lamp", "dog, moon"])[:, PREFERENCE]
    assert values[1] > values[0] + 0.5


@pytest.mark.slow
def test_a_text_is_read_the_same_alone_and_among_others(trained):
    network = load_fit(trained)
    together = network.read("red cat", ["detail: paw", "a much longer text of sea and stone and lamp", "moon"])
    alone = torch.cat([network.read("red cat", [text]) for text in ("detail: paw", "moon")])
    assert torch.allclose(together[[0, 2]], alone, atol=1e-5)


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_to_the_same_weights(files, trained, capsys):
    """The checkpoint of step 5 is taken as if the run had been stopped there."""
    out = files / "again"

    class Stopped(Exception):
        pass

    def stop(*_):  # what comes behind the checkpoint
        raise Stopped

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Stopped):
        patch.setattr(fit, "evaluate", stop)
        fit.main(arguments(files, out, "--epochs", "6"))
    fit.main(arguments(files, out, "--epochs", "6"))
    assert "continue at step 5" in capsys.readouterr().out
    first, second = ((path / "model.safetensors").read_bytes() for path in (trained, out / "model"))
    assert first == second


def test_a_smaller_vocabulary_still_reads_every_letter(files):
    tokenizer, network = fit.start_from(files / "base", 70, [])
    assert tokenizer.get_vocab_size() < len(tiny_fit.WORDS) + 61
    assert "[UNK]" not in tokenizer.encode("a purple zebra", add_special_tokens=False).tokens
    assert network.encoder.config.vocab_size == tokenizer.get_vocab_size()


def test_length_and_quality_words_are_counted():
    assert fit.surface_of("a cat, highly detailed, 8k") == [0.5, 2.0]


def test_held_out_prompts_are_told_by_their_words_alone():
    assert fit.is_held_out("A  Cat") == fit.is_held_out("a cat")
    assert 0 < sum(fit.is_held_out(f"prompt {number}") for number in range(320)) < 60
