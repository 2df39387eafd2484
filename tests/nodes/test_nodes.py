"""The nodes on a stand-in for ComfyUI: schemas, running, memory, metadata, translations, workflows, cost."""

import asyncio
import dataclasses
import importlib
import inspect
import itertools
import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from prompt_beautifier.beautifier import beautify as library
from prompt_beautifier.beautifier import path as the_path
from prompt_beautifier.beautifier.checkpoints.catalog import CATALOG, USUAL_FILES, Checkpoint
from prompt_beautifier.beautifier.checkpoints.progress import DownloadError
from prompt_beautifier.beautifier.prompts.clip_tokens import count_clip_tokens
from prompt_beautifier.beautifier.request import MAX_SEED, MODES, MOST_CANDIDATES, Candidate, Request, Sampling

from ..stand_ins import comfy_stand_in, drawn_workflows, tiny
from ..stand_ins.shown_texts import leaves, shown_texts

CHECKPOINT = "someone/tiny"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A models folder with one checkpoint in LLM."""
    folder = tmp_path_factory.mktemp("models")
    tiny.save_checkpoint(folder / "LLM" / CHECKPOINT)
    return folder


@pytest.fixture
def comfy(models):
    """The stand-in for ComfyUI, as it is once the pack is registered."""
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
    return nodes["PromptBeautifierLoadBeautifier"].execute


@pytest.fixture
def beautify(nodes):
    return nodes["PromptBeautifierBeautifyPrompt"].execute


@pytest.fixture
def loaded(load):
    return load(CHECKPOINT).args[0]


def schemas(comfy):
    return [node.define_schema() for node in comfy.nodes]


# -- schemas


def test_nodes_are_registered_under_the_prefix(comfy):
    found = schemas(comfy)
    ids = [schema.node_id for schema in found]
    assert ids[:5] == [  # saved workflows hold these
        "PromptBeautifierLoadBeautifier",
        "PromptBeautifierBeautifyPrompt",
        "PromptBeautifierConnectPromptLLM",
        "PromptBeautifierLoadRewardModel",
        "PromptBeautifierRankPrompts",
    ]
    assert len(set(ids)) == len(ids) and all(each.startswith("PromptBeautifier") for each in ids)
    assert {schema.category for schema in found} == {"Prompt Beautifier"}
    assert not hasattr(importlib.import_module("prompt_beautifier"), "NODE_CLASS_MAPPINGS")  # would hide V3


def test_everything_is_explained(comfy):
    for schema in schemas(comfy):
        assert schema.description
        for each in schema.inputs:
            assert each.options["tooltip"].endswith("."), each.id
        for each in schema.outputs:
            assert each.tooltip.endswith("."), each.id


def test_no_prompt_is_forced_to_run_again(comfy):
    for node in comfy.nodes:
        asked = getattr(node, "fingerprint_inputs", dict)
        assert asked() == asked() and not hasattr(node, "IS_CHANGED")


def test_search_words_are_given_only_to_a_comfyui_that_knows_them(comfy, monkeypatch):
    assert not any(hasattr(schema, "search_aliases") for schema in schemas(comfy))
    io = sys.modules["comfy_api.latest"].io
    monkeypatch.setattr(io, "Schema", comfy_stand_in.NewerSchema)
    assert "magic prompt" in schemas(comfy)[1].search_aliases
    assert all(schema.search_aliases for schema in schemas(comfy))


def test_inputs_offer_what_the_library_takes(nodes):
    inputs = {each.id: each.options for each in nodes["PromptBeautifierBeautifyPrompt"].define_schema().inputs}
    assert inputs["mode"]["options"] == list(MODES)
    assert inputs["num_candidates"]["max"] == inputs["candidate"]["max"] == MOST_CANDIDATES
    assert inputs["seed"]["max"] == MAX_SEED
    for field in dataclasses.fields(Sampling):
        if field.name in inputs:
            assert inputs[field.name]["default"] == field.default
            for bound in ("min", "max"):
                Sampling(**{field.name: inputs[field.name][bound]})  # both ends are valid


def test_model_choices_are_embedded_and_the_checkpoints_found(comfy, nodes, models):
    def choices():
        return nodes["PromptBeautifierLoadBeautifier"].define_schema().inputs[0].options["options"]

    terms = {name: f"licence {each.terms}, " if each.terms else "" for name, each in CATALOG.items()}
    published = [f"{name} ({each.bytes / 1e9:.2f} GB, {terms[name]}not downloaded)" for name, each in CATALOG.items()]
    assert choices() == ["embedded", *published, CHECKPOINT]
    elsewhere = models.parent / "elsewhere"
    shutil.copytree(models / "LLM" / CHECKPOINT, elsewhere / "another")
    comfy.folders["LLM"].append(str(elsewhere))  # as extra_model_paths.yaml does
    assert choices() == ["embedded", *published, "another", CHECKPOINT]


# -- loading and running


def test_prompt_is_the_librarys(loaded, beautify, models):
    output = beautify(loaded, "a cat", seed=5, num_candidates=3, candidate=2)
    expected = [
        each.text
        for each in library.load_beautifier(models / "LLM" / CHECKPOINT).beautify("a cat", num_candidates=3, seed=5)
    ]
    prompt, candidates, overview, negative, width, height = output.args
    assert (width, height) == (1024, 1024)
    assert negative == ""
    assert candidates == expected and len(set(expected)) == 3
    assert prompt == expected[1]
    assert overview == f"1. {expected[0]}\n\n2. {expected[1]}\n\n3. {expected[2]}"
    listed = {"texts": expected, "scores": None, "seed": 5, "used": 1, "notice": None, "aim": "", "notes": []}
    tokens = [f"{count_clip_tokens(text)} CLIP tokens" for text in expected]
    listed |= {"raw_prompt": "a cat", "target": "", "entry": output.ui["prompt_beautifier"][0]["entry"]}
    assert output.ui == {"text": expected, "prompt_beautifier": [listed | {"tokens": tokens}]}


def test_settings_reach_the_model(loaded, beautify, monkeypatch):
    asked = []

    def answer(writer, request, on_step, **_):
        asked.append(request)
        return [Candidate("x")]

    monkeypatch.setattr(the_path, "beautify", answer)
    custom = {"temperature": 0.5, "top_k": 7, "top_p": 0.8, "repetition_penalty": 1.1, "max_new_tokens": 9}
    beautify(loaded, "a cat", 3, 4, mode="append", clip_tokens=75, sampling="custom", **custom)
    beautify(loaded, "a cat", 3, 4, mode="rewrite", clip_tokens=0, sampling="model default", **custom)
    others = {"style": "tags", "strength": "strict", "length": "long"}
    beautify(loaded, "a cat", 3, keep="ohwx", avoid="hat", **others)
    assert asked == [
        Request("a cat", 4, 3, Sampling(**custom), "append", 75),
        Request("a cat", 4, 3, None, "rewrite", None),
        Request("a cat", 5, 3, keep=("ohwx",), avoid=("hat",), **others),
    ]


def test_a_prompt_without_words_comes_back_whatever_candidate_is_chosen(loaded, beautify):
    assert beautify(loaded, "<lora:film:0.8>", seed=0, candidate=4).args[:2] == (
        "<lora:film:0.8>",
        ["<lora:film:0.8>"],
    )


def test_for_a_candidate_that_is_not_made_the_last_one_is_taken_and_said_so(loaded, beautify):
    output = beautify(loaded, "a cat", seed=0, num_candidates=2, candidate=6)
    assert output.args[0] == output.args[1][1]
    (listed,) = output.ui["prompt_beautifier"]
    assert listed["used"] == 1 and listed["notice"].startswith("candidate is 6, but num_candidates is 2: the last one")


def test_a_missing_checkpoint_is_named(load):
    with pytest.raises(FileNotFoundError, match=r"no checkpoint 'gone'.*LLM.*promptist"):
        load("gone")


def test_a_checkpoint_without_beautifier_json_needs_its_family(load, models):
    shutil.copytree(models / "LLM" / CHECKPOINT, models / "LLM" / "plain")
    (models / "LLM" / "plain" / "beautifier.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"beautifier\.json"):
        load("plain")
    assert load("plain", family="magicprompt").args[0].beautifier.family.name == "magicprompt"


def test_a_checkpoint_is_asked_by_a_template_of_the_users_own(load, beautify, models):
    loaded = load(CHECKPOINT, family="custom", template="say {raw_prompt}:").args[0]
    assert loaded.beautifier.family.template == "say {raw_prompt}:"
    assert beautify(loaded, "a cat", seed=0, num_candidates=1).args[0]
    with pytest.raises(ValueError, match=r"template must have \{raw_prompt\} in it"):
        load(CHECKPOINT, family="custom", template="say it")
    assert load(CHECKPOINT, template="not used").args[0].beautifier.family.name == "embedded"


# -- published models


@pytest.fixture
def published(hub, comfy, monkeypatch, tmp_path):
    """A small checkpoint called tiny, on a hub, and an empty models/LLM."""
    folder = tiny.save_checkpoint(tmp_path / "published", family=None)
    hub.files = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub.add("someone/Tiny", hub.files)
    entry = Checkpoint("tiny", "someone/Tiny", None, USUAL_FILES, "text2prompt-v1", "MIT", bytes=200_000)
    monkeypatch.setitem(CATALOG, "tiny", entry)
    comfy.folders["LLM"] = [str(tmp_path / "models" / "LLM"), str(tmp_path / "elsewhere")]
    return hub


def model_menu(nodes):
    return nodes["PromptBeautifierLoadBeautifier"].define_schema().inputs[0].options["options"]


def test_a_published_model_is_downloaded_when_the_node_runs(published, comfy, nodes, load, tmp_path):
    shown = "tiny (200.0 kB, not downloaded)"
    assert shown in model_menu(nodes) and not published.requests
    comfy.running = "4"
    loaded = load(shown).args[0]
    assert loaded.beautifier.family.name == "text2prompt-v1"
    assert (tmp_path / "models" / "LLM" / "someone" / "Tiny" / "model.safetensors").is_file()
    size = sum(map(len, published.files.values()))
    assert comfy.progress == sorted(comfy.progress) and comfy.progress[-1] == (size, size)
    assert comfy.progress_texts[-1] == ("4", f"{size / 1e3:.1f} kB / {size / 1e3:.1f} kB")
    assert "tiny (downloaded)" in model_menu(nodes) and "someone/Tiny" not in model_menu(nodes)
    asked = len(published.requests)
    for saved in (shown, "tiny (downloaded)", "tiny", "someone/Tiny"):  # in workflows, then and now
        assert load(saved).args[0].beautifier.name == "Tiny"
    assert len(published.requests) == asked


def test_comfyui_does_not_compare_a_saved_model_with_the_menu(nodes):
    """It leaves out the comparison for what validate_inputs takes by name."""
    validate = nodes["PromptBeautifierLoadBeautifier"].validate_inputs
    assert inspect.getfullargspec(validate).args == ["cls", "model"]
    for known in ("embedded", "promptist (downloaded)", "microsoft/Promptist", CHECKPOINT, None):
        assert validate(known) is True
    assert "there is no checkpoint 'gone'" in validate("gone")


@pytest.mark.slow
def test_cancel_ends_a_download_and_the_next_run_goes_on(published, comfy, load, tmp_path):
    published.fail("/content/", "slow", at=0.02)
    comfy.interrupt_after = 2
    with pytest.raises(comfy_stand_in.InterruptProcessingException):
        load("tiny")
    assert len(comfy.progress) == 2
    waiting = tmp_path / "models" / "LLM" / "someone" / ".Tiny.download"
    assert sum(path.stat().st_size for path in waiting.iterdir()) > 0
    published.recover()
    comfy.interrupt_after = None
    begun = len(comfy.progress)
    assert load("tiny").args[0].beautifier.name == "Tiny"
    assert comfy.progress[begun][0] > 0


def test_a_failed_download_says_what_to_do(published, load):
    published.fail("config.json", "status", status=401)
    with pytest.raises(RuntimeError, match=r"tiny: .*`hf auth login`") as caught:
        load("tiny")
    assert type(caught.value) is RuntimeError, "ComfyUI would name a class of the pack's with its folder"
    assert isinstance(caught.value.__cause__, DownloadError)


# -- memory, progress, devices


def test_the_whole_network_is_loaded_with_room_to_work(comfy, loaded, beautify):
    beautify(loaded, "a cat", seed=0, sampling="custom", max_new_tokens=40)
    (request,) = comfy.loads
    assert request.models == [loaded.patcher] and request.full
    cache = loaded.beautifier.network.new_cache(5, 40)
    assert cache.keys.nbytes + cache.values.nbytes < request.memory < 2**28
    assert loaded.patcher.model.network is loaded.beautifier.network
    assert "device" not in vars(loaded.beautifier.network)  # what ComfyUI notes stands on the holder


def test_more_tokens_ask_for_more_memory(comfy, loaded, beautify):
    for tokens in (10, 100):
        beautify(loaded, "a cat", seed=0, sampling="custom", max_new_tokens=tokens)
    assert comfy.loads[0].memory < comfy.loads[1].memory


def test_progress_goes_to_its_end(comfy, loaded, beautify):
    beautify(loaded, "a cat", seed=0, num_candidates=7, sampling="custom", max_new_tokens=4)
    done, totals = zip(*comfy.progress, strict=True)
    assert list(done) == sorted(done) and set(totals) == {8}  # two blocks of four steps
    assert done[-1] <= 8 and len(done) >= 2


def test_cancel_acts_within_one_token(comfy, loaded, beautify):
    comfy.interrupt_after = 3
    with pytest.raises(comfy_stand_in.InterruptProcessingException):
        beautify(loaded, "a cat", seed=0, sampling="custom", max_new_tokens=50)
    assert len(comfy.progress) == 3


@pytest.mark.parametrize(
    ("device", "runs_on"),
    [("auto", torch.device("cpu")), ("cpu", torch.device("cpu")), ("gpu", torch.device("meta"))],
)
def test_devices(load, device, runs_on):
    patcher = load(CHECKPOINT, device=device).args[0].patcher
    assert patcher.load_device == runs_on
    assert patcher.offload_device == torch.device("cpu")


@pytest.mark.parametrize(
    ("device", "comfys", "dtype", "expected"),
    [
        ("cpu", torch.float16, "auto", torch.float32),
        ("gpu", torch.float16, "auto", torch.float16),
        ("gpu", torch.bfloat16, "auto", torch.bfloat16),
        ("gpu", torch.float8_e4m3fn, "auto", torch.float16),
        ("cpu", torch.float16, "bfloat16", torch.bfloat16),
    ],
)
def test_dtypes(comfy, load, device, comfys, dtype, expected):
    comfy.text_encoder_dtype = comfys
    network = load(CHECKPOINT, device=device, dtype=dtype).args[0].beautifier.network
    assert {parameter.dtype for parameter in network.parameters()} == {expected}


# -- metadata


@pytest.fixture
def metadata(comfy):
    return importlib.import_module("prompt_beautifier.nodes.metadata")


def request(prompt="a cat", sampler_seed=1, **extra_data):
    """The JSON of POST /prompt for a small graph with a Beautify Prompt as node 7."""
    graph = {
        "1": {"class_type": "PromptBeautifierLoadBeautifier", "inputs": {"model": "embedded"}},
        "7": {
            "class_type": "PromptBeautifierBeautifyPrompt",
            "inputs": {"beautifier": ["1", 0], "prompt": ["2", 0]},
        },
        "2": {"class_type": "PrimitiveString", "inputs": {"value": prompt}},
        "9": {"class_type": "KSampler", "inputs": {"positive": ["7", 0], "seed": sampler_seed}},
    }
    return {"prompt": graph, "extra_data": extra_data} if extra_data else {"prompt": graph}


def pnginfo(queued):
    return queued["extra_data"]["extra_pnginfo"]


def test_the_prompt_is_written_beside_the_workflow(comfy, beautify, loaded):
    (prepare,) = comfy.handlers
    workflow = {"nodes": []}
    queued = prepare(request(extra_pnginfo={"workflow": workflow}, client_id="me"))
    beautify.__self__.hidden.extra_pnginfo = pnginfo(queued)
    prompt, candidates, *_ = beautify(loaded, "a cat", seed=3, num_candidates=2, candidate=2).args
    assert json.loads(json.dumps(pnginfo(queued))) == {
        "workflow": workflow,
        "prompt_beautifier": {
            "7": [
                {
                    "raw_prompt": "a cat",
                    "prompt": prompt,
                    "candidates": candidates,
                    "seed": 3,
                    "model": "tiny",
                },
            ]
        },
    }
    assert queued["extra_data"]["client_id"] == "me"


def test_a_run_served_from_the_cache_has_the_prompts_too(metadata):
    first = metadata.prepare(request())
    waiting = metadata.prepare(request(sampler_seed=2))  # queued before the first has run
    metadata.write(pnginfo(first), "7", 0, {"prompt": "detailed"})
    later = metadata.prepare(request(sampler_seed=3))
    for queued in (first, waiting, later):
        assert pnginfo(queued) == {"prompt_beautifier": {"7": [{"prompt": "detailed"}]}}


def test_another_input_has_another_prompt(metadata):
    cat, dog = metadata.prepare(request("a cat")), metadata.prepare(request("a dog"))
    metadata.write(pnginfo(cat), "7", 0, {"prompt": "detailed cat"})
    assert pnginfo(dog) == pnginfo(metadata.prepare(request("a dog"))) == {"prompt_beautifier": {}}
    metadata.write(pnginfo(dog), "7", 0, {"prompt": "detailed dog"})
    assert pnginfo(cat)["prompt_beautifier"]["7"] == [{"prompt": "detailed cat"}]


def test_a_node_that_runs_for_each_item_has_an_entry_for_each(metadata):
    queued = metadata.prepare(request())
    for _run in range(2):  # a second run does not add to the first
        for index, word in enumerate(("one", "two")):
            metadata.write(pnginfo(queued), "7", index, {"prompt": word})
    assert pnginfo(queued)["prompt_beautifier"]["7"] == [{"prompt": "one"}, {"prompt": "two"}]


def test_graphs_without_the_node_are_left_alone(metadata):
    for body in ({}, {"prompt": None}, {"prompt": {"1": {"class_type": "KSampler", "inputs": {}}, "2": "?"}}):
        before = json.dumps(body)
        assert metadata.prepare(body) is body and json.dumps(body) == before


@pytest.mark.parametrize("inputs", [{"a": ["7", 0]}, {"a": [["x"], 0]}, {"a": ["gone", 0]}, None])
def test_odd_graphs_do_no_harm(metadata, inputs):
    graph = {"7": {"class_type": "PromptBeautifierBeautifyPrompt", "inputs": inputs}}
    assert pnginfo(metadata.prepare({"prompt": graph})) == {"prompt_beautifier": {}}


def test_memory_of_prompts_is_bounded(metadata):
    for number in range(metadata.MOST_REMEMBERED + 50):
        queued = metadata.prepare(request(f"prompt {number}"))
        metadata.write(pnginfo(queued), "7", 0, {"prompt": "x"})
    assert len(metadata._written) == metadata.MOST_REMEMBERED
    assert len(metadata._queued) <= 2


def test_without_a_server_nothing_is_written(metadata, beautify, loaded):
    metadata.write(None, "7", 0, {"prompt": "x"})
    alone = {}
    metadata.write(alone, "7", 0, {"prompt": "x"})
    assert alone == {"prompt_beautifier": {"7": [{"prompt": "x"}]}}


# -- what comes with the nodes


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_english_texts_are_the_schemas(comfy, repository):
    assert read(repository / "locales" / "en" / "nodeDefs.json") == shown_texts(schemas(comfy))


@pytest.mark.parametrize("file", ["main.json", "nodeDefs.json"])
def test_chinese_texts_are_complete(repository, file):
    english, chinese = (leaves(read(repository / "locales" / language / file)) for language in ("en", "zh"))
    assert chinese.keys() == english.keys()
    assert all(value.strip() for value in chinese.values())
    translated = sum(chinese[path] != english[path] for path in english)
    assert translated >= len(english) - 2  # top_k and top_p are called so in Chinese too


@pytest.mark.parametrize("language", ["en", "zh"])
def test_texts_have_nothing_the_frontend_would_interpret(repository, language):
    for file in ("main.json", "nodeDefs.json"):
        for path, text in leaves(read(repository / "locales" / language / file)).items():
            assert not set("{}@|") & set(text), path


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_node_has_a_help_page_that_names_all_its_inputs(comfy, repository, language):
    docs = repository / importlib.import_module("prompt_beautifier").WEB_DIRECTORY / "docs"
    for schema in schemas(comfy):
        page = (docs / schema.node_id / f"{language}.md").read_text(encoding="utf-8")
        assert "\n|" not in page, "a table does not fit into the side panel"
        for each in [*schema.inputs, *schema.outputs]:
            assert each.id in page, (schema.node_id, each.id)


# -- workflows

WORKFLOWS = {name: title for name, (title, _) in drawn_workflows.TEMPLATES.items()}
MADE = drawn_workflows.files()
MOST_WIDE, MOST_HIGH = 1900, 1100  # of a graph whose texts can be read as it opens


@pytest.fixture(params=WORKFLOWS)
def workflow(request, repository):
    folder = repository / "workflows"
    title = WORKFLOWS[request.param]
    ui = read(folder / f"{title}.json")
    definitions = ui.get("definitions", {}).get("subgraphs", [])
    return SimpleNamespace(
        title=title,
        ui=ui,
        inside=[node for each in definitions for node in each["nodes"]],
        api=read(folder / "api" / f"{request.param}.json"),
        picture=folder / f"{title}.jpg",
    )


@pytest.mark.parametrize("path", MADE)
def test_a_graph_is_what_its_script_draws(repository, path):
    drawn = drawn_workflows.text_of(MADE[path])
    assert (repository / path).read_text(encoding="utf-8") == drawn, "run `make graphs`"


def test_the_folders_hold_these_graphs(repository):
    written = {path.relative_to(repository).as_posix() for path in repository.glob("workflows/**/*.json")}
    written |= {path.relative_to(repository).as_posix() for path in repository.glob("subgraphs/*.json")}
    assert written == set(MADE)
    assert {path.stem for path in repository.glob("workflows/*.jpg")} == set(WORKFLOWS.values())


def test_links_of_a_workflow_fit(workflow):
    nodes = {node["id"]: node for node in workflow.ui["nodes"]}
    for number, source, slot, target, position, kind in workflow.ui["links"]:
        assert number in nodes[source]["outputs"][slot]["links"]
        assert nodes[target]["inputs"][position]["link"] == number
        assert nodes[source]["outputs"][slot]["type"] == kind or kind == "*"


def test_nodes_of_a_workflow_do_not_overlap_and_fit_a_screen(workflow):
    title = 30
    for one, other in itertools.combinations(workflow.ui["nodes"], 2):
        apart = [
            one["pos"][axis] + one["size"][axis] <= other["pos"][axis] - before
            or other["pos"][axis] + other["size"][axis] <= one["pos"][axis] - before
            for axis, before in ((0, 0), (1, title))
        ]
        assert any(apart), (one["type"], other["type"])
    for axis, most in ((0, MOST_WIDE), (1, MOST_HIGH)):
        assert max(node["pos"][axis] + node["size"][axis] for node in workflow.ui["nodes"]) <= most


def test_a_workflow_gives_the_nodes_what_they_take(comfy, nodes, workflow):
    ours = [node for node in workflow.api.values() if node["class_type"] in nodes]
    assert len(ours) >= 2
    for node in ours:
        schema = nodes[node["class_type"]].define_schema()
        assert set(node["inputs"]) <= {each.id for each in schema.inputs}
        for each in schema.inputs:
            if each.id not in node["inputs"]:
                assert each.options["optional"], each.id
                continue
            value = node["inputs"][each.id]
            if isinstance(value, list):
                continue
            if "options" in each.options:  # what a menu says of a download is not part of a name
                assert value in {option.partition(" (")[0] for option in each.options["options"]}
            elif "min" in each.options:
                assert each.options["min"] <= value <= each.options["max"]


def test_a_workflow_says_what_to_try_in_two_languages(workflow):
    notes = [node for node in workflow.ui["nodes"] if node["type"] == "MarkdownNote"]
    assert [node["title"] for node in notes] == ["What to try", "试一试"]
    for note in notes:
        (text,) = note["widgets_values"]
        assert text.startswith("## ") and "`" not in text, "code cannot be read in a note of Vue nodes"


def test_a_workflow_says_where_its_models_come_from(workflow):
    names = {"ckpt_name", "unet_name", "clip_name", "vae_name"}
    asked = {v for node in workflow.api.values() for name, v in node["inputs"].items() if name in names}
    linked = [m for node in workflow.ui["nodes"] + workflow.inside for m in node["properties"].get("models", [])]
    assert {model["name"] for model in linked} == asked
    for model in linked:
        assert model["url"].startswith("https://huggingface.co/") and model["url"].endswith(f"/{model['name']}")
        assert model["directory"] in ("checkpoints", "diffusion_models", "text_encoders", "vae")


def test_a_workflow_has_a_small_picture_free_where_a_badge_sits(workflow):
    image = pytest.importorskip("PIL.Image")
    assert workflow.picture.stat().st_size < 150_000
    picture = image.open(workflow.picture).convert("L")
    badge = picture.crop((0, 0, picture.width // 2, picture.height * 3 // 20))
    dark, light = badge.getextrema()
    assert light - dark < 40


def test_the_form_shows_inputs_and_an_output_that_are_there(repository, nodes):
    drawn = read(repository / "workflows" / f"{WORKFLOWS['app']}.json")
    by_id = {str(node["id"]): node for node in drawn["nodes"]}
    form = drawn["extra"]["linearData"]
    assert drawn["extra"]["linearMode"] and [by_id[each]["type"] for each in form["outputs"]] == ["SaveImage"]
    for node, widget, *_ in form["inputs"]:
        if widget != "prompt_beautifier_candidates":  # the list, which the page adds
            promoted = [name for _, name in by_id[node]["properties"].get("proxyWidgets", [])]
            schema = nodes.get(by_id[node]["type"])
            assert widget in (promoted or [each.id for each in schema.define_schema().inputs])


def test_blueprints_say_what_they_are(repository):
    for path in (repository / "subgraphs").glob("*.json"):
        (inner,) = read(path)["definitions"]["subgraphs"]
        assert inner["name"] == path.stem and inner["description"].endswith(".") and inner["category"]


# -- cost

# What a running ComfyUI has imported before it comes to a pack is not counted: torch, and its server's aiohttp.
IMPORT = """
import asyncio, sys
if {torch}:
    import torch, aiohttp.web
sys.path.insert(0, {tests!r})
if {torch}:
    import comfy_stand_in, pathlib
    context = comfy_stand_in.installed(pathlib.Path("models"))
    context.__enter__()
before = set(sys.modules)
import prompt_beautifier
if {torch}:
    nodes = asyncio.run(asyncio.run(prompt_beautifier.comfy_entrypoint()).get_node_list())
    [node.define_schema() for node in nodes]
print(*sorted(set(sys.modules) - before))
"""
HEAVY = {"torch", "transformers", "tokenizers", "numpy", "huggingface_hub", "requests", "sqlite3", "PIL"}


def imported_with_the_pack(tests, with_torch):
    """The names of the modules that importing the pack brings, with the schemas of its nodes where there is a torch."""
    code = IMPORT.format(torch=with_torch, tests=str(tests))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tests, check=True)
    return set(done.stdout.split())


def test_importing_without_comfyui_brings_nothing(repository):
    brought = imported_with_the_pack(repository / "tests" / "stand_ins", with_torch=False)
    assert len(brought) < 40 and not brought & HEAVY and "prompt_beautifier.nodes" not in brought


@pytest.mark.slow
def test_registering_in_comfyui_brings_little(repository):
    # Every module is read from disk at every start of ComfyUI; what only a run needs is imported by the run.
    brought = imported_with_the_pack(repository / "tests" / "stand_ins", with_torch=True)
    assert not brought & HEAVY
    assert len({name for name in brought if name.startswith("prompt_beautifier")}) <= 90
