"""Which files of a folder are the weights: any name, shards, pickled ones, and the links of the hub's cache."""

import json
import os

import pytest
import torch
from safetensors.torch import load_file, save_file

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.checkpoints import folders
from prompt_beautifier.beautifier.language.config import NetworkConfig
from prompt_beautifier.beautifier.language.network import DecoderOnly
from prompt_beautifier.beautifier.language.packed import can_pack, load_packed
from prompt_beautifier.beautifier.language.weight_names import weight_files
from prompt_beautifier.beautifier.language.weights import load_network

from ..stand_ins import tiny


@pytest.fixture(params=["bloom", "gpt2", "llama"])
def checkpoint(request, tmp_path):
    return tiny.save_checkpoint(tmp_path / "models" / "checkpoint", request.param)


def assert_loads(folder, expected: dict[str, torch.Tensor]) -> None:
    loaded = load_network(folder).state_dict()
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(loaded[name], expected[name]) for name in expected)
    assert load_beautifier(folder).beautify("a cat", num_candidates=1)
    assert folders.is_complete(folder)
    assert list(folders.list_checkpoints([folder.parent]).values()) == [folder]


def test_weights_may_have_any_name(checkpoint):
    expected = load_network(checkpoint).state_dict()
    (checkpoint / "model.safetensors").rename(checkpoint / "my_prompt_model.safetensors")
    assert_loads(checkpoint, expected)


def test_weights_may_lie_in_several_files_without_an_index(checkpoint):
    expected, weights = load_network(checkpoint).state_dict(), load_file(checkpoint / "model.safetensors")
    names = sorted(weights)
    for number in range(3):
        save_file({name: weights[name] for name in names[number::3]}, checkpoint / f"part-{number}.safetensors")
    (checkpoint / "model.safetensors").unlink()
    assert_loads(checkpoint, expected)
    save_file({names[0]: weights[names[0]]}, checkpoint / "x.safetensors")
    with pytest.raises(ValueError, match="is there twice, in part-0.safetensors and x.safetensors: keep one of them"):
        load_network(checkpoint)


def test_packed_weights_beside_a_checkpoint_are_not_its_weights(checkpoint):
    (checkpoint / "model.safetensors").rename(checkpoint / "weights.safetensors")
    save_file({"h.0.x.packed": torch.zeros(3)}, checkpoint / "model.int8.safetensors")
    assert weight_files(checkpoint) == [checkpoint / "weights.safetensors"]


def pickled(folder, **more) -> dict[str, torch.Tensor]:
    """Put pytorch_model.bin in the place of safetensors; the network's parameters as they were."""
    expected, weights = load_network(folder).state_dict(), load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights | more, folder / "pytorch_model.bin")
    return expected


def test_pickled_weights_are_read_as_they_are(checkpoint):
    expected = pickled(checkpoint, **{"transformer.h.0.attn.bias": torch.ones(1, 1, 9, 9, dtype=torch.bool)})
    assert_loads(checkpoint, expected)
    if can_pack(torch.float32):
        packed = load_packed(checkpoint, torch.float32)
        tokens = torch.tensor([[5, 6, 7]])
        with torch.inference_mode():
            scores = load_network(checkpoint)(tokens)
            torch.testing.assert_close(packed(tokens), scores, atol=1e-4, rtol=1e-3)


def test_pickled_weights_in_shards(checkpoint):
    expected = pickled(checkpoint)
    weights = torch.load(checkpoint / "pytorch_model.bin", weights_only=True)
    (checkpoint / "pytorch_model.bin").unlink()
    index = {name: f"pytorch_model-{number % 2}.bin" for number, name in enumerate(sorted(weights))}
    for file in set(index.values()):
        torch.save({name: weights[name] for name in weights if index[name] == file}, checkpoint / file)
    (checkpoint / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": index}))
    assert_loads(checkpoint, expected)


@pytest.mark.parametrize("name", ["my_prompts.bin", "model.pt", "weights.pth", "pytorch_model.fp16.bin"])
def test_pickled_weights_may_have_any_name_and_stand_beside_what_a_training_left(checkpoint, name):
    expected = pickled(checkpoint)
    (checkpoint / "pytorch_model.bin").rename(checkpoint / name)
    for other in ("training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state_0.pth"):
        torch.save({"lr": 1e-4}, checkpoint / other)
    save_file({"lora_A.weight": torch.zeros(3)}, checkpoint / "adapter_model.safetensors")
    assert_loads(checkpoint, expected)


@pytest.mark.parametrize("under", ["state_dict", "model_state_dict", "model", "module"])
def test_weights_are_found_in_what_a_training_saved(checkpoint, under):
    expected = pickled(checkpoint)
    weights = torch.load(checkpoint / "pytorch_model.bin", weights_only=True)
    saved = {"epoch": 3, under: weights, "optimizer": {"state": {0: {"exp_avg": torch.ones(2)}}}}
    torch.save(saved, checkpoint / "pytorch_model.bin")
    assert_loads(checkpoint, expected)


def test_whole_weights_come_before_an_index_that_was_left_behind(checkpoint):
    expected = load_network(checkpoint).state_dict()
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors"}}
    (checkpoint / "model.safetensors.index.json").write_text(json.dumps(index))
    assert_loads(checkpoint, expected)


class Canary:
    """Makes a folder when it is unpickled by someone who lets it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickled_file_that_runs_something_is_not_opened(checkpoint, tmp_path):
    pickled(checkpoint, code=Canary(tmp_path / "canary"))
    with pytest.raises(ValueError, match=r"pytorch_model.bin wants to run \w+.mkdir, so it was not opened"):
        load_beautifier(checkpoint)
    assert not (tmp_path / "canary").exists()


def test_a_pickled_file_that_is_cut_off_is_no_checkpoint(checkpoint):
    pickled(checkpoint)
    path = checkpoint / "pytorch_model.bin"
    path.write_bytes(path.read_bytes()[:-100])
    assert not folders.is_complete(checkpoint)
    with pytest.raises(ValueError, match="pytorch_model.bin"):
        load_network(checkpoint)


def in_the_hubs_cache(folder, cache):
    """A checkpoint as huggingface_hub keeps it: links in snapshots/COMMIT to files in blobs."""
    repository = cache / "models--someone--prompts"
    snapshot, blobs = repository / "snapshots" / "0123abc", repository / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, path in enumerate(sorted(folder.iterdir())):
        path.rename(blobs / f"{number:064x}")
        (snapshot / path.name).symlink_to(f"../../blobs/{number:064x}")
    return snapshot


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_the_links_of_the_hubs_cache_are_followed(checkpoint, tmp_path):
    expected = load_network(checkpoint).state_dict()
    snapshot = in_the_hubs_cache(checkpoint, tmp_path / "hub")
    assert_loads(snapshot, expected)
    assert load_beautifier(snapshot).name == "someone/prompts"
    checkpoint.rmdir()
    checkpoint.symlink_to(snapshot, target_is_directory=True)  # as one brings it into ComfyUI's folder
    assert_loads(checkpoint, expected)


@pytest.mark.parametrize(
    "config",
    [
        NetworkConfig("bloom", 300, 32, 3, 2, 128),
        NetworkConfig(
            "gpt2", 300, 32, 3, 2, 100, max_positions=64, positions="learned", interleaved=False, embeddings_norm=False
        ),
    ],
    ids=["bloom", "gpt2"],
)
def test_the_number_of_weights_is_that_of_the_network(config):
    assert config.num_weights == sum(parameter.numel() for parameter in DecoderOnly(config).parameters())


@pytest.mark.parametrize(("stored", "dtype"), [("bfloat16", torch.bfloat16), ("float32", torch.float16)])
def test_what_is_stored_in_bfloat16_needs_its_range(checkpoint, stored, dtype):
    path = checkpoint / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"torch_dtype": stored}))
    assert load_beautifier(checkpoint, "cpu", stays=False).network.dtype == dtype
