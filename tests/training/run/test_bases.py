"""A checkpoint out of the Hugging Face cache, where all files are links, is a base to start from."""

import json

import pytest

pytest.importorskip("transformers")

from prompt_beautifier.beautifier.families import FAMILIES
from prompt_beautifier.beautifier.language.weights import load_network
from prompt_beautifier.training import sft
from prompt_beautifier.training.run import bases

from ...stand_ins import tiny

COMMIT = "1f" * 20


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """What snapshot_download gives for owner/tiny: a folder of links to blobs, as the hub's cache has it."""
    import huggingface_hub

    made = tiny.save_checkpoint(tmp_path / "made", family=None)
    repository = tmp_path / "hub" / "models--owner--tiny"
    snapshot, blobs = repository / "snapshots" / COMMIT, repository / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, path in enumerate(sorted(made.iterdir())):
        path.rename(blobs / f"{number:064x}")
        (snapshot / path.name).symlink_to(f"../../blobs/{number:064x}")
    asked = []
    monkeypatch.setattr(
        huggingface_hub,
        "snapshot_download",
        lambda name, allow_patterns: asked.append((name, tuple(allow_patterns))) or str(snapshot),
    )
    return asked


def test_a_repository_of_the_hub_is_a_base(cached):
    folder, family = bases.find_base("owner/tiny", "text2prompt-v1")
    assert family is FAMILIES["text2prompt-v1"] and (folder / "model.safetensors").is_symlink()
    ((name, patterns),) = cached
    assert name == "owner/tiny" and "*.safetensors" in patterns
    assert not any(pattern.endswith((".bin", ".pt", ".py")) for pattern in patterns)
    tokenizer, config = bases.base_tokenizer(folder)
    assert tokenizer.get_vocab_size() and config.num_layers == 2
    assert load_network(folder).config == config


@pytest.mark.slow
def test_weights_that_are_damaged_are_named(tmp_path):
    folder = tiny.save_checkpoint(tmp_path / "made", family="text2prompt-v1")
    (folder / "model.safetensors").write_bytes(b"half")
    with pytest.raises(ValueError, match="model.safetensors cannot be read as safetensors .*download or copy it again"):
        bases.base_tokenizer(folder)


@pytest.mark.slow
def test_the_first_documented_command_starts(cached, tmp_path):
    row = json.dumps({"raw_prompt": "red cat", "prompt": "a red cat, soft light"}) + "\n"
    for side in ("train", "heldout"):
        (tmp_path / f"{side}.jsonl").write_text(row * 4)
    few = "--cpu --max-steps 1 --batch-size 4 --micro-batch 4 --family text2prompt-v1".split()
    sft.main(["--model", "owner/tiny", "--data", str(tmp_path), "--out", str(tmp_path / "run"), *few])
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()


def test_a_repository_without_safetensors_says_what_to_do(cached, tmp_path):
    for path in tmp_path.rglob("*.safetensors"):
        path.unlink()
    with pytest.raises(FileNotFoundError, match="owner/tiny has no safetensors: convert its weights"):
        bases.find_base("owner/tiny", "text2prompt-v1")
