"""Load Scorer, Score Images and Pick Best on a stand-in for ComfyUI, with small random scorers."""

import asyncio
import importlib
import json
import math
from types import SimpleNamespace

import pytest
import torch

from prompt_beautifier.beautifier.checkpoints.catalog import Checkpoint, File
from prompt_beautifier.beautifier.images import picking
from prompt_beautifier.beautifier.images.scorer_kinds import SCORERS
from prompt_beautifier.beautifier.images.scorer_parts import Part
from prompt_beautifier.beautifier.images.scorers import load_scorer

from ..stand_ins import comfy_stand_in, tiny_scorers

LOAD, SCORE, PICK = (f"PromptBeautifier{name}" for name in ("LoadScorer", "ScoreImages", "PickBest"))
OURS = {"tiny-pickscore": "pickscore", "small/aesthetic": "aesthetic"}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A models folder with small scorers of the user's own in scorers."""
    folder = tmp_path_factory.mktemp("models")
    for name, kind in OURS.items():
        place = folder / "scorers" / name
        files = {part: path.name for part, path in tiny_scorers.save_scorer(place, kind).items()}
        (place / "scorer.json").write_text(json.dumps({"kind": kind, "files": files}), encoding="utf-8")
    return folder


@pytest.fixture
def comfy(models):
    with comfy_stand_in.installed(models) as stand_in:
        pack = importlib.import_module("prompt_beautifier")
        extension = asyncio.run(pack.comfy_entrypoint())
        stand_in.nodes = asyncio.run(extension.get_node_list())
        yield stand_in


@pytest.fixture
def nodes(comfy):
    """Node classes by id."""
    return {node.define_schema().node_id: node for node in comfy.nodes}


@pytest.fixture
def load(nodes):
    return nodes[LOAD].execute


@pytest.fixture
def score(nodes):
    """Score Images by what its outputs are called; all its inputs are lists, as ComfyUI gives them."""

    def run(loaded, images, *prompts):
        output = nodes[SCORE].execute([loaded], images, *([list(prompts)] if prompts else []))
        ids = [each.id for each in nodes[SCORE].define_schema().outputs]
        return SimpleNamespace(**dict(zip(ids, output.args, strict=True)), ui=output.ui)

    return run


@pytest.fixture
def pick(nodes):
    """Pick Best by what its outputs are called."""

    def run(images, scores, **inputs):
        output = nodes[PICK].execute(images, scores, **inputs)
        ids = [each.id for each in nodes[PICK].define_schema().outputs]
        return SimpleNamespace(**dict(zip(ids, output.args, strict=True)), ui=output.ui)

    return run


@pytest.fixture
def loaded(load):
    return load("tiny-pickscore").args[0]


def pictures(count, size=48, seed=0, channels=3):
    """A batch [count, size, size, channels] of random pictures with large shapes in them."""
    random = torch.Generator().manual_seed(seed)
    small = torch.rand((count, channels, 4, 4), generator=random)
    return torch.nn.functional.interpolate(small, (size, size), mode="bilinear").movedim(1, -1)


# -- loading


def test_the_menu_has_published_scorers_with_their_state_and_the_users_own(comfy, nodes):
    menu = nodes[LOAD].define_schema().inputs[0].options
    assert [name.partition(" (")[0] for name in menu["options"]] == [
        *(name for name, kind in SCORERS.items() if any(part.download for part in kind.parts.values())),
        "small/aesthetic",
        "tiny-pickscore",
    ]
    assert menu["options"][0] == menu["default"] == "pickscore (3.94 GB download)"
    validate = nodes[LOAD].validate_inputs
    for known in ("pickscore", "pickscore (3.94 GB download)", "tiny-pickscore", None):
        assert validate(known) is True
    assert "there is no scorer 'gone'" in validate("gone")


def test_where_comfyui_users_keep_such_files_is_looked_through(comfy, models):
    helper = importlib.import_module("prompt_beautifier.nodes.comfy.folders")
    comfy.folders["clip_vision"] = ["vision"]
    folders = helper.scorer_folders()
    assert [str(folder) for folder in folders["clip_vision"]] == ["vision"]
    assert folders["scorers"] == [models / "scorers"] and folders["LLM"] == [models / "LLM"]
    assert set(folders) == {"scorers", "clip_vision", "text_encoders", "LLM"}


def test_a_scorer_of_another_architecture_is_refused(load, models, tmp_path):
    place = models / "scorers" / "wrong"
    tiny_scorers.save_head(place / "clip.safetensors")
    (place / "scorer.json").write_text('{"kind": "pickscore"}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"clip\.safetensors"):
        load("wrong")
    with pytest.raises(FileNotFoundError, match=r"no scorer 'gone'.*pickscore"):
        load("gone")


@pytest.mark.parametrize(
    ("device", "runs_on"),
    [("auto", torch.device("cpu")), ("cpu", torch.device("cpu")), ("gpu", torch.device("meta"))],
)
def test_devices_and_precisions(load, device, runs_on):
    loaded = load("tiny-pickscore", device=device).args[0]
    assert (loaded.patcher.load_device, loaded.patcher.offload_device) == (runs_on, torch.device("cpu"))
    expected = torch.float16 if device == "gpu" else torch.float32
    network = loaded.scorer.network
    assert {each.dtype for each in network.clip.vision.parameters()} == {expected}
    assert loaded.patcher.model.network is network and not hasattr(network, "device")
    half = load("tiny-pickscore", device=device, dtype="bfloat16").args[0].scorer.network
    assert {each.dtype for each in half.clip.vision.parameters()} == {torch.bfloat16}


# -- downloading


@pytest.fixture
def published(hub, comfy, monkeypatch, tmp_path):
    """A small pickscore on a hub in the place of the published one, and an empty models/scorers."""
    small = {"width": 64, "heads": 1, "text_width": 64, "text_heads": 1}
    path = tiny_scorers.save_scorer(tmp_path / "published", "pickscore", **small)["clip"]
    hub.add("someone/Pick", {"model.safetensors": path.read_bytes()})
    size = path.stat().st_size
    files = (File("model.safetensors"),)
    entry = Checkpoint("pickscore", "someone/Pick", None, files, None, "MIT", bytes=size)
    part = Part("model.safetensors", ("PickScore",), ({"logit_scale": ()},), entry)
    monkeypatch.setitem(SCORERS["pickscore"].parts, "clip", part)
    comfy.folders["scorers"] = [str(tmp_path / "scorers")]
    return SimpleNamespace(hub=hub, size=size, place=tmp_path / "scorers" / "someone" / "Pick")


@pytest.mark.slow
def test_a_published_scorer_is_downloaded_when_the_node_runs(published, comfy, nodes, load):
    menu = nodes[LOAD].define_schema().inputs[0].options["options"]
    assert "download)" in menu[0] and not published.hub.requests
    assert load(menu[0]).args[0].scorer.name == "PickScore"
    assert (published.place / "model.safetensors").stat().st_size == published.size
    assert comfy.progress == sorted(comfy.progress) and comfy.progress[-1] == (published.size, published.size)
    asked = len(published.hub.requests)
    assert nodes[LOAD].define_schema().inputs[0].options["options"][0] == "pickscore"
    for saved in (menu[0], "pickscore"):  # in workflows, then and now
        assert load(saved).args[0].scorer.kind.name == "pickscore"
    assert len(published.hub.requests) == asked


@pytest.mark.slow
def test_cancel_ends_a_download_and_the_next_run_goes_on(published, comfy, load):
    published.hub.fail("/content/", "slow", at=0.001)
    comfy.interrupt_after = 2
    with pytest.raises(comfy_stand_in.InterruptProcessingException):
        load("pickscore")
    assert len(comfy.progress) == 2
    published.hub.recover()
    comfy.interrupt_after = None
    begun = len(comfy.progress)
    assert load("pickscore").args[0].scorer.name == "PickScore"
    assert comfy.progress[begun][0] > 0


# -- scoring


def test_scores_are_the_librarys(score, loaded, models):
    images = pictures(5)
    told = score(loaded, [images], "a cat")
    direct = load_scorer("pickscore", {"clip": models / "scorers" / "tiny-pickscore" / "model.safetensors"})
    expected = direct.score(images, "a cat")
    assert told.scores == pytest.approx(expected.tolist()) and len(set(told.scores)) == 5
    assert told.best_index == int(expected.argmax())
    assert told.probabilities == pytest.approx(expected.softmax(0).tolist())
    assert told.ui == {
        "text": [told.report],
        "scores": told.scores,
        "probabilities": told.probabilities,
        "best_index": [told.best_index],
    }
    assert told.report.startswith("tiny-pickscore: which image people choose")
    rows = [line.split() for line in told.report.splitlines()]
    assert ["Prompt:", "a", "cat"] in rows
    best = rows[-5:][told.best_index]
    assert best == [
        str(told.best_index),
        f"{max(told.scores):.2f}",
        f"{100 * max(told.probabilities):.1f}",
        "%",
        "best",
    ]
    assert sum("best" in row for row in rows) == 1


def test_a_list_of_any_sizes_is_scored_as_a_batch_is(score, loaded):
    batch, other = pictures(3), pictures(1, size=70, seed=1)
    together = score(loaded, [batch, other], "a cat").scores
    assert len(together) == 4
    assert together[:3] == pytest.approx(score(loaded, list(batch.split(1)), "a cat").scores, rel=1e-5)
    assert together[3:] == pytest.approx(score(loaded, [other], "a cat").scores, rel=1e-5)


def test_each_image_may_have_its_own_prompt(score, loaded):
    images = pictures(4)
    cats, dogs = score(loaded, [images], "a cat").scores, score(loaded, [images], "a dog").scores
    told = score(loaded, [images], "a cat", "a dog", "a cat", "a dog")
    assert told.scores == pytest.approx([cats[0], dogs[1], cats[2], dogs[3]])
    assert told.probabilities[0] + told.probabilities[2] == pytest.approx(1)
    assert told.probabilities[1] + told.probabilities[3] == pytest.approx(1)
    assert told.report.count("best") == 2 and "Prompt: a dog" in told.report
    by_batch = score(loaded, [images[:3], images[3:]], "a cat", "a dog")
    assert by_batch.scores == pytest.approx([*cats[:3], dogs[3]])


def test_comfyui_syntax_is_not_read_as_words(score, loaded):
    images = pictures(2)
    plain = score(loaded, [images], "a red cat").scores
    for written in ("a (red:1.3) cat", "a red cat <lora:film:0.8>", "a red cat embedding:nice"):
        assert score(loaded, [images], written).scores == pytest.approx(plain)


def test_a_prompt_that_is_not_read_to_its_end_is_told(score, loaded):
    told = score(loaded, [pictures(2)], "cat " * 100)
    assert "75 tokens" in told.report and "the last 25 of 100 were not read" in told.report
    assert told.scores == pytest.approx(score(loaded, [pictures(2)], "cat " * 75).scores)
    assert "not read" not in score(loaded, [pictures(2)], "cat " * 75).report


def test_aesthetic_needs_no_prompt(score, load):
    aesthetic = load("small/aesthetic").args[0]
    told = score(aesthetic, [pictures(3)])
    assert told.scores == pytest.approx(score(aesthetic, [pictures(3)], "").scores)
    assert told.scores == pytest.approx(score(aesthetic, [pictures(3)], "a cat").scores)
    assert sum(told.probabilities) == pytest.approx(1)
    assert "Prompt" not in told.report


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("", "prompt 1 is empty"),
        ("  \n", "prompt 1 is empty"),
        ("<lora:film:0.8>", "prompt 1 has no words of its own, only '<lora:film:0.8>'"),
        ("__animal__", "prompt 1 has no words of its own, only '__animal__'"),
    ],
)
def test_a_prompt_without_words_is_an_error_where_one_is_read(score, loaded, prompt, says):
    with pytest.raises(ValueError, match=says):
        score(loaded, [pictures(2)], prompt)


def test_a_json_prompt_is_judged_by_its_texts(score, loaded):
    told = score(loaded, [pictures(2)], '{"prompt": "a cat", "seed": 7}')
    assert told.scores == pytest.approx(score(loaded, [pictures(2)], "a cat").scores)


def test_what_is_not_read_needs_no_words(score, load):
    aesthetic = load("small/aesthetic").args[0]
    assert len(score(aesthetic, [pictures(2)], "__animal__").scores) == 2


@pytest.mark.parametrize(
    ("images", "says"),
    [
        ([], "there are no images"),
        ([pictures(1)[:0]], "there are no images"),
        (["cat.png"], "this is no image"),
        ([{"samples": torch.zeros(1, 4, 8, 8)}], "this is no image"),
        ([pictures(2) * math.nan], "NaN"),
        ([pictures(2) * 255], "0..1"),
        ([pictures(2, channels=2)], "channels"),
    ],
)
def test_what_cannot_be_scored_is_named(score, loaded, images, says):
    with pytest.raises(ValueError, match=says):
        score(loaded, images, "a cat")


def test_counts_that_do_not_fit_are_both_named(score, loaded):
    with pytest.raises(ValueError, match="there are 2 prompts for 3 images"):
        score(loaded, [pictures(3)], "a cat", "a dog")


def test_one_scorer_at_a_time(nodes, loaded):
    with pytest.raises(ValueError, match="scorer is a list of 2"):
        nodes[SCORE].execute([loaded, loaded], [pictures(1)], ["a cat"])


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 400, 3), (60, 40, 4), (50, 50, 1)])
def test_odd_images_have_a_score(score, loaded, shape):
    (value,) = score(loaded, [torch.rand((1, *shape), generator=torch.Generator().manual_seed(0))], "a cat").scores
    assert math.isfinite(value)


# -- memory, progress, cancel


def test_the_whole_network_is_loaded_with_room_to_work(comfy, score, loaded):
    score(loaded, [pictures(3)], "a cat")
    (request,) = comfy.loads
    assert request.models == [loaded.patcher] and request.full
    assert request.memory == loaded.scorer.working_memory(3) > 0


def test_progress_goes_to_its_end(comfy, score, loaded):
    score(loaded, [pictures(20)], "a cat")
    done, totals = zip(*comfy.progress, strict=True)
    assert list(done) == sorted(set(done)) and done[-1] == 20 and set(totals) == {20} and len(done) > 1


def test_cancel_acts_between_two_batches(comfy, score, loaded):
    comfy.interrupt_after = 1
    with pytest.raises(comfy_stand_in.InterruptProcessingException):
        score(loaded, [pictures(64)], "a cat")
    assert len(comfy.progress) == 1


# -- picking


def values(images):
    return [image.flatten()[0].item() for image in images]


def greys(*of, size=4):
    return torch.stack([torch.full((size, size, 3), float(value)) for value in of])


def test_the_best_comes_with_all_that_belongs_to_it(pick):
    latents = [{"samples": torch.arange(3.0).reshape(3, 1, 1, 1)}, {"samples": torch.tensor([[[[9.0]]]])}]
    told = pick(
        [greys(0, 1, 2), greys(3, size=8)],
        [20.0, 22.0, 19.0, 21.0],
        top_k=[2],
        latents=latents,
        masks=[torch.zeros(3, 4, 4), torch.ones(8, 8)],
        prompts=["a", "b", "c", "d"],
    )
    assert values(told.images) == [1, 3] and [tuple(each.shape) for each in told.images] == [
        (1, 4, 4, 3),
        (1, 8, 8, 3),
    ]
    assert [each["samples"].flatten().tolist() for each in told.latents] == [[1.0], [9.0]]
    assert [tuple(each.shape) for each in told.masks] == [(1, 4, 4), (1, 8, 8)]
    assert (told.prompts, told.scores, told.indices) == (["b", "d"], [22.0, 21.0], [1, 3])
    assert told.ui == {"indices": [1, 3], "scores": [22.0, 21.0]}


def test_all_inputs_but_images_and_scores_have_defaults(pick):
    told = pick([greys(0, 1, 2)], [1.0, 3.0, 3.0])
    assert told.indices == [1] and values(told.images) == [1]
    for missing in ("latents", "masks", "prompts"):
        blocker = getattr(told, missing)
        assert isinstance(blocker, comfy_stand_in.ExecutionBlocker)
        assert f"nothing is connected to the input {missing}" in blocker.message


def test_nothing_runs_behind_nothing(pick):
    told = pick([greys(0, 1)], [1.0, 2.0], threshold=[2.5], none_passes=[picking.KEEP_NOTHING], prompts=["x"])
    for output in (told.images, told.prompts, told.scores, told.indices):
        assert isinstance(output, comfy_stand_in.ExecutionBlocker) and output.message is None
    assert told.ui == {"indices": [], "scores": []}


def test_thresholds(pick):
    images, scores = [greys(0, 1, 2)], [-2000.0, 2.0, 1.0]
    assert pick(images, scores, top_k=[0]).indices == [1, 2, 0], "at its lowest the threshold is off"
    assert pick(images, scores, top_k=[0], threshold=[1.0]).indices == [1, 2]
    assert pick(images, scores, top_k=[0], threshold=[5.0]).indices == [1]
    with pytest.raises(ValueError, match=r"threshold 5: the highest of 3 scores is 2 \(index 1\)"):
        pick(images, scores, threshold=[5.0], none_passes=[picking.STOP])


def test_the_best_of_each_raw_prompt(pick):
    told = pick([greys(0, 1), greys(2, 3)], [1.0, 2.0, 9.0, 8.0], raw_prompts=["cat", "dog"])
    assert told.indices == [1, 2]
    assert pick([greys(0, 1)], [1.0, 2.0], raw_prompts=["cat"]).indices == [1]


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"scores": [1.0]}, "there are 1 scores for 2 images"),
        ({"scores": [1.0, math.nan]}, "the score at index 1 is nan"),
        ({"images": []}, "there are no images"),
        ({"latents": [{"samples": torch.zeros(3, 4, 1, 1)}]}, "there are 3 latents for 2 images"),
        ({"latents": [torch.zeros(2, 4, 1, 1)]}, "this is no latent"),
        ({"masks": [torch.zeros(1, 4, 4)]}, "there are 1 masks for 2 images"),
        ({"prompts": ["a", "b", "c"]}, "there are 3 prompts for 2 images"),
        ({"top_k": [1, 2]}, "top_k is a list of 2"),
    ],
)
def test_what_does_not_fit_is_named(pick, inputs, says):
    with pytest.raises(ValueError, match=says):
        pick(**({"images": [greys(0, 1)], "scores": [1.0, 2.0]} | inputs))


# -- metadata


def test_scores_are_written_beside_the_workflow(nodes, score, pick, loaded, monkeypatch):
    pnginfo = {"workflow": {}}
    for number, node in enumerate((SCORE, PICK), 8):
        hidden = SimpleNamespace(unique_id=str(number), extra_pnginfo=pnginfo)
        monkeypatch.setattr(nodes[node], "hidden", hidden)
    told = score(loaded, [pictures(3)], "a cat")
    pick([pictures(3)], told.scores, top_k=[2], prompts=["x", "y", "z"])
    order = picking.ranked(told.scores)[:2]
    assert json.loads(json.dumps(pnginfo["prompt_beautifier"])) == {
        "8": [
            {
                "scorer": "tiny-pickscore",
                "raw_prompts": ["a cat"],
                "scores": told.scores,
                "probabilities": told.probabilities,
                "best_index": told.best_index,
            }
        ],
        "9": [
            {
                "kept": order,
                "scores": [told.scores[k] for k in order],
                "prompts": ["xyz"[k] for k in order],
            }
        ],
    }
