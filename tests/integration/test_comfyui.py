"""The pack in a real ComfyUI: registering, running, cancelling, caching, metadata, and what it serves."""

import copy
import io
import json
import os
import subprocess
import time
from urllib.parse import quote

import pytest

from prompt_beautifier.beautifier.checkpoints.catalog import CATALOG

from .client import messages
from .conftest import BEAUTIFY, CONNECT, ELSEWHERE, LOAD, RAN_ON, SLOW, TINY, WORKFLOWS, node_of

MOST_MODULES = 150  # that registering the nodes may bring: each costs a part of a millisecond
PICTURES = [("every_candidate", 4), ("original_vs_beautified", 1), ("text_to_image", 1)]


def beautify_graph(model: str = TINY, **inputs) -> dict:
    """A graph that only writes prompts."""
    return {
        "1": {"class_type": LOAD, "inputs": {"model": model, "device": "auto"}},
        "2": {
            "class_type": BEAUTIFY,
            "inputs": {
                "beautifier": ["1", 0],
                **{"prompt": "a cat", "seed": 1, "num_candidates": 2, "candidate": 1},
                **{"mode": "rewrite", "clip_tokens": 0},
                **inputs,
            },
        },
        "3": {"class_type": "PreviewAny", "inputs": {"source": ["2", 2]}},
    }


def prompts_in(png: bytes) -> dict:
    """What the pack wrote into a PNG file."""
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(png))
    return json.loads(image.text["prompt_beautifier"])


# -- registering


def test_all_nodes_are_there(server):
    info = {name: server.get(f"/object_info/{name}")[name] for name in (LOAD, BEAUTIFY, CONNECT)}
    assert {each["category"] for each in info.values()} == {"Prompt Beautifier"}
    assert info[LOAD]["output"] == ["PROMPT_BEAUTIFIER"]
    assert list(info[LOAD]["input"]["required"]) == ["model", "device"]
    assert list(info[LOAD]["input"]["optional"]) == ["dtype", "family", "template", "instruction"]
    beautify = info[BEAUTIFY]
    assert beautify["display_name"] == "Beautify Prompt"
    assert beautify["output_name"] == ["prompt", "candidates", "overview", "negative", "width", "height"]
    assert beautify["output_is_list"] == [False, True, False, False, False, False]
    required, optional = beautify["input"]["required"], beautify["input"]["optional"]
    assert list(required) == "beautifier prompt seed num_candidates candidate mode clip_tokens".split()
    settings = "sampling temperature top_k top_p repetition_penalty max_new_tokens"
    assert list(optional)[:8] == [*settings.split(), "reward_model", "style"]
    assert required["seed"][1]["control_after_generate"] and required["prompt"][1]["multiline"]
    assert all(options["tooltip"] for _, options in (*required.values(), *optional.values()))
    assert all(optional[name][1]["advanced"] for name in settings.split())
    assert f"Error while calling comfy_entrypoint in {server.log_file.parent}" not in server.log


def test_checkpoints_are_found_in_both_model_folders(server):
    options = server.get(f"/object_info/{LOAD}")[LOAD]["input"]["required"]["model"][1]["options"]
    missing = [name for name in options if "not downloaded" in name]
    assert len(missing) == len(CATALOG) - 1
    there = [name for name in options if name not in missing]
    assert there == ["embedded", "promptist (downloaded)", ELSEWHERE, SLOW, TINY]


IMPORT = """
import asyncio, importlib.util, sys, time
sys.argv = ["main.py", "--cpu"]
import comfy.options
comfy.options.enable_args_parsing()
import nodes, comfy_api.latest, comfy_execution.utils, aiohttp.web  # as its server does
before = set(sys.modules)
began = time.process_time()
spec = importlib.util.spec_from_file_location("the pack", {pack!r} + "/__init__.py")
module = importlib.util.module_from_spec(spec)
sys.modules["the pack"] = module
spec.loader.exec_module(module)
async def register():
    return await (await module.comfy_entrypoint()).get_node_list()
for node in asyncio.run(register()):
    node.GET_SCHEMA()
print(time.process_time() - began)
new = set(sys.modules) - before
print(len(new))
print(*(name for name in new if name.split(".")[0] in ("torch", "transformers", "tokenizers")))
"""


def test_startup_is_not_slowed_down(comfyui, python, pack, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path)

    def seconds_and_modules():
        command = [python, "-c", IMPORT.format(pack=str(pack))]
        done = subprocess.run(command, cwd=comfyui, capture_output=True, text=True, check=True, env=environment)
        return done.stdout.splitlines()[-3:]

    runs = [seconds_and_modules() for _ in range(2)]  # the first may have to compile the files
    seconds, modules, heavy = runs[1]
    RAN_ON.append(f"Registering the nodes: {1000 * float(seconds):.0f} ms of processor time, {modules} modules")
    assert int(modules) < MOST_MODULES and heavy.strip() == ""


# -- running


@pytest.mark.parametrize(("name", "pictures"), PICTURES)
def test_a_workflow_runs_to_saved_images_that_carry_the_prompt(server, api_workflow, name, pictures):
    graph = api_workflow(name)
    history = server.run(graph)
    files = server.images(history)
    assert len(files) == pictures and len(set(files)) == pictures
    node = node_of(graph, BEAUTIFY)
    candidates = history["outputs"][node]["text"]
    assert len(candidates) == graph[node]["inputs"]["num_candidates"]
    raw = graph[node]["inputs"]["prompt"]
    if isinstance(raw, list):
        raw = graph[raw[0]]["inputs"]["value"]
    (entry,) = prompts_in(files[0])[node]
    assert entry["raw_prompt"] == raw and entry["prompt"] == candidates[0] and entry["candidates"] == candidates


def test_the_same_inputs_are_served_from_the_cache(server, api_workflow):
    graph = api_workflow("text_to_image")
    node = node_of(graph, BEAUTIFY)
    graph[node]["inputs"]["seed"] = 1001
    first = server.run(graph)
    assert all(node not in cached["nodes"] for cached in messages(first, "execution_cached"))
    again = server.run(graph)
    assert set(graph) <= {key for cached in messages(again, "execution_cached") for key in cached["nodes"]}


def test_images_of_a_cached_prompt_carry_it_too(server, api_workflow):
    graph = api_workflow("text_to_image")
    node, sampler = node_of(graph, BEAUTIFY), node_of(graph, "KSampler")
    graph[node]["inputs"]["seed"] = 1002
    entries = []
    for seed in range(2):  # queued at once, as "batch count" does
        graph[sampler]["inputs"]["seed"] = seed
        entries.append(server.queue(copy.deepcopy(graph)))
    histories = [server.wait(run) for run in entries]
    graph[sampler]["inputs"]["seed"] = 2
    histories.append(server.run(graph, extra_pnginfo={"workflow": {"nodes": []}}))
    assert node in messages(histories[1], "execution_cached")[0]["nodes"]
    assert node in messages(histories[2], "execution_cached")[0]["nodes"]
    written = [prompts_in(server.images(history)[0])[node] for history in histories]
    assert written[0] == written[1] == written[2]
    assert written[0][0]["prompt"] == histories[0]["outputs"][node]["text"][0]


def test_prompts_of_a_list_are_each_kept(server, api_workflow):
    graph = api_workflow("every_candidate")
    first = node_of(graph, BEAUTIFY)
    graph["again"] = copy.deepcopy(graph[first])
    graph["again"]["inputs"] |= {"prompt": [first, 1], "num_candidates": 1}
    graph[node_of(graph, "CLIPTextEncode")]["inputs"]["text"] = ["again", 0]
    history = server.run(graph)
    entries = prompts_in(server.images(history)[0])["again"]
    assert [entry["raw_prompt"] for entry in entries] == history["outputs"][first]["text"]
    assert [entry["prompt"] for entry in entries] == history["outputs"]["again"]["text"]


def test_lines_are_prompts_of_their_own_and_each_is_drawn(server, api_workflow):
    graph = api_workflow("text_to_image")
    graph["lines"] = {"class_type": "PromptBeautifierPromptLines", "inputs": {"text": "a cat\n\nan old lighthouse"}}
    node = node_of(graph, BEAUTIFY)
    graph[node]["inputs"] |= {"prompt": ["lines", 0], "num_candidates": 2}
    pictures = server.images(server.run(graph))
    assert len(pictures) == 2
    entries = prompts_in(pictures[-1])[node]
    assert [entry["raw_prompt"] for entry in entries] == ["a cat", "an old lighthouse"]


def test_a_checkpoint_from_extra_model_paths_runs(server):
    history = server.run(beautify_graph(ELSEWHERE))
    assert len(history["outputs"]["2"]["text"]) == 2


def test_a_published_model_runs_whatever_the_menu_said_when_the_workflow_was_saved(server):
    for model in ("promptist (0.50 GB, not downloaded)", "promptist (downloaded)", "promptist"):
        history = server.run(beautify_graph(model, sampling="custom", max_new_tokens=8))
        assert len(history["outputs"]["2"]["text"]) == 2


def test_freed_memory_is_taken_again(server):
    before = server.run(beautify_graph(seed=77))["outputs"]["2"]
    after = server.run_anew(beautify_graph(seed=77), "2")
    assert after["outputs"]["2"] == before


# -- Beautify text


def test_a_text_is_beautified_while_a_graph_runs(server, writes):
    def seconds_for(seed: int) -> float:
        began = time.monotonic()
        prompt = server.post("/prompt_beautifier/beautify", {"text": "an old lighthouse", "seed": seed})["prompt"]
        assert "lighthouse" in prompt and len(prompt) > 40
        return time.monotonic() - began

    seconds_for(0)  # the model is loaded
    RAN_ON.append(f"Beautify text: {1000 * min(map(seconds_for, range(1, 6))):.0f} ms")
    custom = {"sampling": "custom", "temperature": 5.0}
    run = server.queue(beautify_graph(SLOW, num_candidates=64, max_new_tokens=1000, seed=6, **custom))
    try:
        while not server.get("/queue")["queue_running"]:
            time.sleep(0.05)
        seconds_for(7)
        assert run not in server.get(f"/history/{run}"), "the graph should still be running"
    finally:
        server.post("/interrupt", {})
    assert messages(server.wait(run), "execution_interrupted")


# -- what goes wrong


def test_cancel_acts_before_the_run_is_over(server):
    custom = {"sampling": "custom", "temperature": 5.0}
    server.run(beautify_graph(SLOW, max_new_tokens=1, **custom))  # loaded: only writing is left to do
    run = server.queue(beautify_graph(SLOW, num_candidates=64, max_new_tokens=1000, **custom))
    time.sleep(2)
    assert run not in server.get(f"/history/{run}"), "the run was over before it could be cancelled"
    cancelled = time.monotonic()
    server.post("/interrupt", {})
    history = server.wait(run)
    RAN_ON.append(f"Cancel of a checkpoint that writes: {time.monotonic() - cancelled:.2f} s")
    assert messages(history, "execution_interrupted")[0]["node_id"] == "2"
    assert server.run(beautify_graph(seed=5))["outputs"]["2"]["text"]  # the next run is as usual


def test_a_model_that_is_not_there_is_refused(server):
    answer = server.post("/prompt", {"prompt": beautify_graph("gone")})
    assert "there is no checkpoint 'gone'" in json.dumps(answer["node_errors"]["1"])


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"num_candidates": 65}, "bigger than max"),
        ({"mode": "shorten"}, "Value not in list"),
    ],
)
def test_inputs_that_cannot_be_are_named(server, inputs, says):
    answer = server.post("/prompt", {"prompt": beautify_graph(**inputs)})
    if "prompt_id" in answer:
        answer = server.wait(answer["prompt_id"])["status"]["messages"]
    assert says in json.dumps(answer)


@pytest.mark.parametrize(("model", "says"), [(5, "model is 5"), (None, "model is null"), ({"a": 1}, "model is {")])
def test_what_is_no_name_of_a_model_is_answered_with_a_sentence(server, model, says):
    answer = server.post("/prompt", {"prompt": beautify_graph(model)})
    told = answer["node_errors"]["1"]["errors"] if answer.get("node_errors") else None
    if told is None:
        told = messages(server.wait(answer["prompt_id"]), "execution_error")
    assert says in json.dumps(told).replace('\\"', '"') and "such as embedded" in json.dumps(told)


def test_messages_are_built_in_errors_without_folders(server, base):
    history = server.wait(server.queue(beautify_graph() | custom_template("no place")))
    (error,) = messages(history, "execution_error")
    assert error["exception_type"] == "ValueError" and "{raw_prompt} in it" in error["exception_message"]


def custom_template(template: str) -> dict:
    inputs = {"model": TINY, "device": "auto", "family": "custom", "template": template}
    return {"1": {"class_type": LOAD, "inputs": inputs}}


# -- what is served


def test_templates_are_the_workflows_and_their_pictures(server):
    assert set(server.get("/workflow_templates")["prompt-beautifier"]) == set(WORKFLOWS.values())
    for name in WORKFLOWS.values():
        at = f"/api/workflow_templates/prompt-beautifier/{quote(name)}"
        assert server.get(f"{at}.json")["nodes"]
        assert server.get_bytes(f"{at}.jpg").startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("node", [LOAD, BEAUTIFY, CONNECT])
def test_help_and_translations_are_served(server, node, language):
    page = server.get_bytes(f"/extensions/prompt-beautifier/docs/{node}/{language}.md").decode()
    assert page.startswith("# ")
    assert server.get("/i18n")[language]["nodeDefs"][node]["display_name"] == page.splitlines()[0].removeprefix("# ")
