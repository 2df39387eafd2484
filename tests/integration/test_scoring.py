"""Scoring in a real ComfyUI: the best of n, what its files tell, lists and batches, Cancel, memory, and folders."""

import io
import json
import time

import numpy
import pytest
import torch

from prompt_beautifier.beautifier.prompts.clip_tokens import clip_token_ids

from .client import messages
from .conftest import AESTHETIC, CHECKPOINT, PICKSCORE, SCORERS, SLOW_SCORER, node_of

Image = pytest.importorskip("PIL.Image")

LOAD, SCORE, PICK = (f"PromptBeautifier{name}" for name in ("LoadScorer", "ScoreImages", "PickBest"))
BEAUTIFY = "PromptBeautifierBeautifyPrompt"


def files_of(server, history: dict, node: str) -> list[bytes]:
    """The PNG files of one node of a run, in order."""
    return server.images({"outputs": {node: history["outputs"][node]}})


def told_in(png: bytes) -> dict:
    """What the pack wrote into a PNG file."""
    return json.loads(Image.open(io.BytesIO(png)).text["prompt_beautifier"])


def as_published(base, pngs: list[bytes], prompt: str) -> list[float]:
    """PickScores by transformers' CLIPModel, and by Pillow for the pixels, as the model card does it."""
    from transformers import CLIPModel

    network = CLIPModel.from_pretrained(base / "models" / "scorers" / PICKSCORE, torch_dtype=torch.float32).eval()
    size = network.config.vision_config.image_size
    mean, std = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    pixels = []
    for png in pngs:
        picture = Image.open(io.BytesIO(png)).convert("RGB")
        assert picture.width == picture.height
        values = numpy.asarray(picture.resize((size, size), Image.Resampling.BICUBIC), dtype=numpy.float32)
        pixels.append(((values / 255 - mean) / std).transpose(2, 0, 1))
    pixels = torch.tensor(numpy.stack(pixels), dtype=torch.float32)
    tokens = torch.tensor([[49406, *clip_token_ids(prompt), 49407]])
    with torch.no_grad():
        output = network(input_ids=tokens, pixel_values=pixels)
    return output.logits_per_image[:, 0].tolist()


# -- registering


def test_the_nodes_are_there(server):
    info = {name: server.get(f"/object_info/{name}")[name] for name in (LOAD, SCORE, PICK)}
    assert {each["category"] for each in info.values()} == {"Prompt Beautifier"}
    menu = info[LOAD]["input"]["required"]["scorer"][1]["options"]
    assert [
        name.partition(" ")[0] for name in menu[:5]
    ] == "pickscore aesthetic clip-score hps-v2.1 imagereward".split()
    assert sorted(menu[5:]) == sorted(SCORERS)
    assert info[SCORE]["output"] == ["FLOAT", "FLOAT", "STRING", "INT"]
    assert info[SCORE]["output_is_list"] == [True, True, False, False]
    assert info[PICK]["output"] == ["IMAGE", "LATENT", "MASK", "STRING", "FLOAT", "INT"]
    assert all(info[PICK]["output_is_list"])
    assert list(info[PICK]["input"]["required"]) == "images top_k threshold none_passes".split()
    assert list(info[PICK]["input"]["optional"]) == "scores latents masks prompts raw_prompts choose".split()


# -- the best of n


def test_the_best_of_n_is_the_image_with_the_highest_score(server, api_workflow, base):
    graph = api_workflow("best_of_n")
    history = server.run(graph)
    beautify, score, pick = (node_of(graph, each) for each in (BEAUTIFY, SCORE, PICK))
    everything = files_of(server, history, node_of(graph, "PreviewImage"))
    (best,) = files_of(server, history, node_of(graph, "SaveImage"))
    assert len(everything) == graph[beautify]["inputs"]["num_candidates"] == 5

    raw = graph[node_of(graph, "PrimitiveStringMultiline")]["inputs"]["value"]
    expected = as_published(base, everything, raw)
    found = history["outputs"][score]["scores"]
    assert found == pytest.approx(expected, abs=0.02)
    winner = max(range(5), key=expected.__getitem__)
    assert sorted(expected)[-1] - sorted(expected)[-2] > 0.1, "the test needs a clear winner"
    assert history["outputs"][score]["best_index"] == [winner] == history["outputs"][pick]["indices"]
    pixels = [numpy.asarray(Image.open(io.BytesIO(png))) for png in (best, everything[winner])]
    assert numpy.array_equal(*pixels)
    shares = torch.tensor(expected).softmax(0).tolist()
    assert history["outputs"][score]["probabilities"] == pytest.approx(shares, abs=0.02)

    told = told_in(best)
    candidates = history["outputs"][beautify]["text"]
    assert told[beautify][0]["candidates"] == candidates
    assert told[score][0]["scorer"] == PICKSCORE and told[score][0]["raw_prompts"] == [raw]
    assert told[score][0]["scores"] == found
    own = {"index": winner, "score": found[winner], "prompt": candidates[winner]}
    assert told[pick] == [
        {"kept": [winner], "scores": [found[winner]], "prompts": [candidates[winner]], "this_image": own}
    ]
    texts = [
        output["text"][0] for node, output in history["outputs"].items() if graph[node]["class_type"] == "PreviewAny"
    ]
    assert history["outputs"][score]["text"][0] in texts


def test_each_kept_image_tells_its_own_score_and_prompt_also_from_the_cache(server, api_workflow):
    graph = api_workflow("best_of_n")
    beautify, score, pick, save = (node_of(graph, each) for each in (BEAUTIFY, SCORE, PICK, "SaveImage"))
    graph[beautify]["inputs"]["seed"] = 2001
    graph[pick]["inputs"]["top_k"] = 3
    first = server.run(graph)
    graph[save]["inputs"]["filename_prefix"] = "again"
    again = server.run(graph, extra_pnginfo={"workflow": {"nodes": []}})
    assert {score, pick} <= set(messages(again, "execution_cached")[0]["nodes"])
    for history in (first, again):
        files = files_of(server, history, save)
        scores = first["outputs"][score]["scores"]
        order = sorted(range(5), key=lambda k: -scores[k])[:3]
        own = [told_in(png)[pick][0]["this_image"] for png in files]
        assert [each["index"] for each in own] == order
        assert [each["score"] for each in own] == [scores[k] for k in order]
        assert [each["prompt"] for each in own] == [first["outputs"][beautify]["text"][k] for k in order]
        assert all(told_in(png)[score][0]["scores"] == scores for png in files)
    assert "this_image" not in json.dumps(again["prompt"]), "the history is of all images"


def test_an_image_that_was_changed_on_the_way_still_tells_it(server, api_workflow):
    graph = api_workflow("best_of_n")
    pick, save = node_of(graph, PICK), node_of(graph, "SaveImage")
    graph[pick]["inputs"]["top_k"] = 2
    graph["invert"] = {"class_type": "ImageInvert", "inputs": {"image": [pick, 0]}}
    graph[save]["inputs"]["images"] = ["invert", 0]
    history = server.run(graph)
    own = [told_in(png)[pick][0]["this_image"]["index"] for png in files_of(server, history, save)]
    assert own == history["outputs"][pick]["indices"] and len(own) == 2


# -- lists, batches, thresholds


def batch_graph(size: int = 3, scorer: str = PICKSCORE, seed: int = 1, **picked) -> dict:
    """A batch of images of one prompt; the latents of those that are kept are decoded and saved."""
    sampler = {
        "steps": 1,
        "cfg": 1,
        "sampler_name": "euler",
        "scheduler": "normal",
        "denoise": 1,
        "seed": seed,
    }
    return {
        "1": {
            "class_type": "CheckpointLoaderSimple",
            "inputs": {"ckpt_name": CHECKPOINT},
        },
        "2": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": size}},
        "3": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "a cat"}},
        "4": {
            "class_type": "KSampler",
            "inputs": {
                **sampler,
                **{"model": ["1", 0], "positive": ["3", 0], "negative": ["3", 0], "latent_image": ["2", 0]},
            },
        },
        "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["1", 2]}},
        "6": {"class_type": LOAD, "inputs": {"scorer": scorer, "device": "auto"}},
        "7": {"class_type": SCORE, "inputs": {"scorer": ["6", 0], "images": ["5", 0], "prompt": "a cat"}},
        "8": {
            "class_type": PICK,
            "inputs": {
                **{"images": ["5", 0], "scores": ["7", 0], "latents": ["4", 0]},
                **{"top_k": 1, "threshold": -1000, "none_passes": "keep the best", **picked},
            },
        },
        "9": {"class_type": "VAEDecode", "inputs": {"samples": ["8", 1], "vae": ["1", 2]}},
        "10": {"class_type": "SaveImage", "inputs": {"images": ["9", 0], "filename_prefix": "kept"}},
        "11": {"class_type": "PreviewImage", "inputs": {"images": ["5", 0]}},
        "12": {"class_type": "PreviewAny", "inputs": {"source": ["7", 2]}},
    }


def same_picture(one: bytes, other: bytes) -> bool:
    return numpy.array_equal(*(numpy.asarray(Image.open(io.BytesIO(png))) for png in (one, other)))


def test_of_a_batch_the_latent_of_the_best_goes_on(server):
    history = server.run(batch_graph(top_k=2))
    scores = history["outputs"]["7"]["scores"]
    order = sorted(range(3), key=lambda k: -scores[k])[:2]
    everything, kept = files_of(server, history, "11"), files_of(server, history, "10")
    assert len(kept) == 2
    assert all(same_picture(png, everything[k]) for png, k in zip(kept, order, strict=True))


def test_behind_nothing_nothing_runs_and_the_rest_does(server):
    history = server.run(batch_graph(threshold=900, none_passes="keep nothing", seed=2))
    assert "10" not in history["outputs"] and len(history["outputs"]["11"]["images"]) == 3
    assert history["outputs"]["8"] == {"indices": [], "scores": []}


def test_the_run_can_be_stopped_with_an_error_that_says_why(server):
    history = server.wait(server.queue(batch_graph(threshold=900, none_passes="stop with an error", seed=3)))
    (error,) = messages(history, "execution_error")
    assert error["node_id"] == "8"
    assert "no image reaches the threshold 900" in error["exception_message"]


def test_an_output_without_its_input_blocks_what_is_behind_it(server):
    graph = batch_graph(seed=4)
    graph["13"] = {"class_type": "PreviewAny", "inputs": {"source": ["8", 3]}}
    history = server.run(graph)
    assert "13" not in history["outputs"] and len(history["outputs"]["10"]["images"]) == 1


def test_aesthetic_needs_no_prompt(server):
    graph = batch_graph(scorer=AESTHETIC, seed=5)
    del graph["7"]["inputs"]["prompt"]
    history = server.run(graph)
    assert len(set(history["outputs"]["7"]["scores"])) == 3


def test_an_empty_prompt_is_named_where_one_is_read(server):
    graph = batch_graph(seed=6)
    graph["7"]["inputs"]["prompt"] = " "
    history = server.wait(server.queue(graph))
    (error,) = messages(history, "execution_error")
    assert "is empty" in error["exception_message"] and error["node_id"] == "7"


def test_a_scorer_that_is_not_there_is_refused(server):
    answer = server.post("/prompt", {"prompt": batch_graph(scorer="gone")})
    assert "there is no scorer 'gone'" in json.dumps(answer["node_errors"]["6"])


# -- memory and cancel


def scoring_alone(count: int, **inputs) -> dict:
    """A graph that holds no other model than a scorer of 150 MB, which takes about a second for eight images."""
    blank = {"width": 64, "height": 64, "batch_size": count, "color": 255}
    return {
        "1": {"class_type": "EmptyImage", "inputs": blank},
        "2": {"class_type": LOAD, "inputs": {"scorer": SLOW_SCORER, "device": "auto"}},
        "3": {
            "class_type": SCORE,
            "inputs": {"scorer": ["2", 0], "images": ["1", 0], "prompt": "a cat", **inputs},
        },
        "4": {"class_type": "PreviewAny", "inputs": {"source": ["3", 2]}},
    }


def test_freed_memory_is_given_back_and_taken_again(server, held):
    everything = {"unload_models": True, "free_memory": True}
    server.post("/free", everything)
    empty = held()
    before = server.run(scoring_alone(1))["outputs"]["3"]
    full = held()
    assert full > empty + 100 * 2**20
    server.post("/free", everything)
    assert held() < full - 100 * 2**20
    after = server.run(scoring_alone(1))
    assert "3" not in messages(after, "execution_cached")[0]["nodes"]
    assert after["outputs"]["3"] == before


def test_cancel_acts_between_two_batches(server):
    server.run(scoring_alone(1, prompt="loaded: only scoring is left to do"))
    run = server.queue(scoring_alone(80))
    time.sleep(1.5)
    assert run not in server.get(f"/history/{run}"), "the run was over before it could be cancelled"
    cancelled = time.monotonic()
    server.post("/interrupt", {})
    history = server.wait(run)
    assert messages(history, "execution_interrupted")[0]["node_id"] == "3"
    assert time.monotonic() - cancelled < 10, "the batches that were begun have to end"


# -- folders


def test_a_folder_is_saved_in_the_order_of_its_scores(server, api_workflow, base):
    folder = base / "input" / "four_pictures"
    folder.mkdir(exist_ok=True)
    random = numpy.random.default_rng(0)
    for number, (width, height, mode) in enumerate([(64, 64, "RGB"), (90, 50, "RGB"), (33, 80, "RGBA"), (64, 64, "L")]):
        small = Image.fromarray(random.integers(0, 255, (4, 4, 3), dtype=numpy.uint8)).convert(mode)
        small.resize((width, height), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    graph = api_workflow("score_a_folder")
    graph[node_of(graph, "LoadImageDataSetFromFolder")]["inputs"]["folder"] = "four_pictures"
    history = server.run(graph)
    pick, score = node_of(graph, PICK), node_of(graph, SCORE)
    scores = history["outputs"][score]["scores"]
    assert len(set(scores)) == 4
    files = files_of(server, history, node_of(graph, "SaveImage"))
    own = [told_in(png)[pick][0]["this_image"]["score"] for png in files]
    assert own == sorted(scores, reverse=True) == history["outputs"][pick]["scores"]
    report = history["outputs"][node_of(graph, "PreviewAny")]["text"][0]
    assert all(f"{value:.2f}" in report for value in scores)
