"""Load Reward Model, Rank Prompts, and Beautify Prompt with a reward model, on a stand-in for ComfyUI."""

import asyncio
import importlib
import inspect
import itertools
import json

import pytest
import torch

from prompt_beautifier.beautifier.rewards import regressor
from prompt_beautifier.beautifier.rewards.model import load_reward_model

from ..stand_ins import comfy_stand_in, tiny
from ..stand_ins.tiny_rewards import save_combination, save_reward

PICK = {"term": "pick_score", "reads": regressor.PAIR, "mean": 20.0, "std": 1.5}
AESTHETIC = {"term": "aesthetic_score", "reads": regressor.ALONE, "mean": 5.5, "std": 0.5}
PROMPTS = ["a cat, 8k", "a dog, soft light", "a cat, oil on canvas", "castle", "(a cat:1.2), 8k"]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A models folder with a beautifier, a reward model of two terms and one of one term in LLM."""
    folder = tmp_path_factory.mktemp("models")
    tiny.save_checkpoint(folder / "LLM" / "writer")
    save_combination(folder / "LLM" / "someone" / "both", PICK, AESTHETIC)
    save_reward(folder / "LLM" / "alone")
    return folder


@pytest.fixture
def comfy(models):
    with comfy_stand_in.installed(models) as stand_in:
        pack = importlib.import_module("prompt_beautifier")
        stand_in.nodes = asyncio.run(asyncio.run(pack.comfy_entrypoint()).get_node_list())
        yield stand_in


@pytest.fixture
def nodes(comfy):
    return {node.define_schema().node_id: node for node in comfy.nodes}


@pytest.fixture
def load(nodes):
    return nodes["PromptBeautifierLoadRewardModel"].execute


@pytest.fixture
def rank(nodes):
    return nodes["PromptBeautifierRankPrompts"].execute


@pytest.fixture
def loaded(load):
    return load("someone/both").args[0]


@pytest.fixture
def beautify(nodes):
    return nodes["PromptBeautifierBeautifyPrompt"].execute


@pytest.fixture
def writer(nodes):
    return nodes["PromptBeautifierLoadBeautifier"].execute("writer").args[0]


@pytest.fixture
def library(models):
    return load_reward_model(models / "LLM" / "someone" / "both")


# -- Load Reward Model


def menu(nodes, node_id):
    return nodes[node_id].define_schema().inputs[0].options["options"]


def test_the_menu_has_the_reward_folders_behind_the_embedded_one(nodes):
    assert menu(nodes, "PromptBeautifierLoadRewardModel") == ["embedded", "alone", "someone/both"]


def test_beautifiers_and_reward_models_are_in_their_own_menus(nodes):
    assert menu(nodes, "PromptBeautifierLoadBeautifier")[-1:] == ["writer"]
    assert "writer" not in menu(nodes, "PromptBeautifierLoadRewardModel")


def test_a_saved_model_that_is_gone_is_named_before_the_run(nodes, comfy):
    validate = nodes["PromptBeautifierLoadRewardModel"].validate_inputs
    assert inspect.getfullargspec(validate).args == ["cls", "model"]
    assert validate("alone") is True and validate(None) is True
    assert "there is no reward model 'gone'" in validate("gone")


def test_a_model_that_is_gone_is_named_in_the_run(load):
    with pytest.raises(FileNotFoundError, match=r"no reward model 'gone'.*LLM"):
        load("gone")


def test_alpha_below_zero_is_the_models_own(load, library):
    own = [weight for weight, _ in load("someone/both").args[0].reward_model.weighted]
    assert own == [weight for weight, _ in library.weighted] == [0.7, 0.3]
    chosen = load("someone/both", alpha=0.25).args[0].reward_model
    assert [weight for weight, _ in chosen.weighted] == [0.25, 0.75]
    with pytest.raises(ValueError, match="alpha weighs two terms"):
        load("alone", alpha=0.5)


@pytest.mark.parametrize(
    ("device", "runs_on", "dtype", "expected"),
    [
        ("auto", "cpu", "auto", torch.float32),
        ("cpu", "cpu", "bfloat16", torch.bfloat16),
        ("gpu", "meta", "auto", torch.float16),
    ],
)
def test_devices_and_dtypes(load, device, runs_on, dtype, expected):
    loaded = load("someone/both", device=device, dtype=dtype).args[0]
    assert loaded.patcher.load_device == torch.device(runs_on)
    assert loaded.patcher.offload_device == torch.device("cpu")
    assert {each.dtype for each in loaded.reward_model.networks.parameters()} == {expected}


def test_comfyui_moves_the_networks_that_score(loaded):
    """What a ModelPatcher does to its model must reach every term."""
    loaded.patcher.model.to(torch.bfloat16)
    dtypes = {each.dtype for _, term in loaded.reward_model.weighted for each in term.network.parameters()}
    assert dtypes == {torch.bfloat16}


# -- Rank Prompts


def test_prompts_are_ranked_as_by_the_library(loaded, rank, library):
    output = rank([loaded], ["a cat"], prompts=PROMPTS)
    best, ranked, scores, report = output.args
    expected = library.score(["a cat"] * 5, PROMPTS).tolist()
    assert scores == pytest.approx(sorted(expected, reverse=True), abs=1e-5)
    assert best == ranked[0] and sorted(ranked) == sorted(PROMPTS)
    by_prompt = dict(zip(PROMPTS, expected, strict=True))
    assert [by_prompt[prompt] for prompt in ranked] == pytest.approx(scores, abs=1e-5)
    assert ranked.index("a cat, 8k") < ranked.index("(a cat:1.2), 8k")  # equal scores stay in order
    assert all(isinstance(score, float) for score in scores)
    terms = library.terms(["a cat"], [best])
    pick, aesthetic = terms["pick_score"].item(), terms["aesthetic_score"].item()
    first, *_ = report.split("\n\n")
    assert first == f"1. [{scores[0]:.3f}: pick_score {pick:.3f}, aesthetic_score {aesthetic:.3f}] {best}"
    assert report.count("\n\n") == 4 and output.ui == {"text": [report]}


def test_typed_lines_follow_the_list(loaded, rank):
    _, ranked, scores, _ = rank([loaded], ["a cat"], PROMPTS[:2], ["castle\n\n  a robot \r\n"]).args
    assert sorted(ranked) == sorted([*PROMPTS[:2], "castle", "a robot"]) and len(scores) == 4
    assert rank([loaded], ["a cat"], text=["castle"]).args[:2] == ("castle", ["castle"])


def test_nothing_to_rank_is_an_error(loaded, rank):
    with pytest.raises(ValueError, match="no prompt to rank: connect a list"):
        rank([loaded], ["a cat"], text=["\n"])


def test_prompts_of_several_raw_prompts_are_not_compared(loaded, rank):
    assert rank([loaded], ["a cat", "a cat"], PROMPTS).args[0]
    with pytest.raises(ValueError, match="one raw_prompt, and 2 different ones"):
        rank([loaded], ["a cat", "a dog"], PROMPTS)


def test_networks_are_loaded_whole_with_room_to_work(comfy, loaded, rank):
    rank([loaded], ["a cat"], PROMPTS[:1])
    rank([loaded], ["a cat"], ["a cat, " * 40] * 8)
    small, large = comfy.loads
    assert small.models == large.models == [loaded.patcher] and small.full
    hidden = 8 * 280 * 32 * 4
    assert hidden < large.memory < 2**28 and small.memory < large.memory


MANY = [f"{prompt}, {number}" for prompt in PROMPTS for number in range(4)]


def test_progress_goes_to_its_end(comfy, loaded, rank):
    rank([loaded], ["a cat"], MANY)
    assert comfy.progress[-1] == (40, 40) and len(comfy.progress) == 4
    assert all(one < other for one, other in itertools.pairwise(comfy.progress))


def test_cancel_acts_between_two_batches(comfy, loaded, rank):
    comfy.interrupt_after = 2
    with pytest.raises(comfy_stand_in.InterruptProcessingException):
        rank([loaded], ["a cat"], MANY)
    assert len(comfy.progress) == 2


# -- Beautify Prompt


@pytest.mark.slow
def test_candidates_are_ordered_by_the_reward_model(writer, beautify, loaded, library):
    plain = beautify(writer, "a cat", seed=5, num_candidates=6).args
    prompt, candidates, overview, *_ = beautify(writer, "a cat", seed=5, num_candidates=6, reward_model=loaded).args
    assert sorted(candidates) == sorted(plain[1]) and candidates != plain[1]
    scores = library.score(["a cat"] * 6, candidates).tolist()
    assert scores == sorted(scores, reverse=True) and prompt == candidates[0]
    assert overview == "\n\n".join(
        f"{k}. [{score:.3f}] {text}" for k, (score, text) in enumerate(zip(scores, candidates, strict=True), 1)
    )
    second = beautify(writer, "a cat", seed=5, num_candidates=6, candidate=2, reward_model=loaded)
    assert second.args[0] == candidates[1]


@pytest.mark.slow
def test_scores_are_in_the_metadata_only_with_a_reward_model(writer, beautify, loaded, library):
    beautify.__self__.hidden.extra_pnginfo = kept = {}
    _, candidates, *_ = beautify(writer, "a cat", seed=5, num_candidates=3, reward_model=loaded).args
    (entry,) = json.loads(json.dumps(kept))["prompt_beautifier"]["7"]
    assert entry["reward_model"] == "both" and entry["candidates"] == candidates
    assert entry["scores"] == pytest.approx(library.score(["a cat"] * 3, candidates).tolist(), abs=1e-5)
    beautify(writer, "a cat", seed=5, num_candidates=3)
    (entry,) = kept["prompt_beautifier"]["7"]
    assert not {"scores", "reward_model"} & entry.keys()
    beautify.__self__.hidden.extra_pnginfo = None


def test_a_prompt_without_words_can_be_ranked(writer, beautify, loaded):
    output = beautify(writer, "<lora:film:0.8>", seed=0, reward_model=loaded).args
    assert output[:2] == ("<lora:film:0.8>", ["<lora:film:0.8>"])


def test_the_reward_model_is_an_optional_input_and_newer_ones_are_behind_it(nodes):
    inputs = nodes["PromptBeautifierBeautifyPrompt"].define_schema().inputs
    newer = ["style", "image_model", "keep", "avoid", "strength", "length", "clip"]
    at = [each.id for each in inputs].index("reward_model")
    assert [each.id for each in inputs[at : at + 8]] == ["reward_model", *newer]  # saved workflows hold this order
    assert all(each.options["optional"] for each in inputs[at:])
    reward_model = inputs[at]
    assert reward_model.type == "PROMPT_BEAUTIFIER_REWARD_MODEL"
    made = nodes["PromptBeautifierLoadRewardModel"].define_schema().outputs[0]
    assert made.type == reward_model.type
    taken = nodes["PromptBeautifierRankPrompts"].define_schema()
    assert taken.inputs[0].type == made.type and taken.is_input_list
