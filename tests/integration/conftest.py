"""A real ComfyUI with the pack in it, for the tests of this folder.

    COMFYUI_PATH=/path/to/ComfyUI python -m pytest tests/integration

    COMFYUI_PATH      a checkout of ComfyUI 0.8 or newer; without it these tests are skipped
    COMFYUI_FRONTEND  another frontend than its own: a folder with comfyui_frontend_package in it (pip install
                      --target FOLDER --no-deps comfyui-frontend-package==VERSION), or with an index.html
    COMFYUI_PYTHON    the Python that runs it; the one that runs pytest by default
    COMFYUI_ARGS      more arguments for its main.py
    COMFYUI_PACK      the pack's folder; this repository by default, or an unpacked archive
    COMFYUI_RUNS      how many runs test_memory.py makes; 500 by default

The last lines say which ComfyUI and which frontend they ran on, and what was measured: clicks and seconds, memory, how
soon Cancel acts.

The server runs on the CPU, listens on 127.0.0.1 only, has all its files in a temporary folder, and downloads from a
hub of the tests' own.
"""

import contextlib
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ..stand_ins import drawn_workflows, fake_hub, tiny, tiny_scorers
from . import small_checkpoint, small_encoder
from .client import Client

STARTS_WITHIN = 180  # seconds

LOAD, BEAUTIFY = "PromptBeautifierLoadBeautifier", "PromptBeautifierBeautifyPrompt"
CONNECT, LOAD_REWARD = "PromptBeautifierConnectPromptLLM", "PromptBeautifierLoadRewardModel"
WORKFLOWS = {name: title for name, (title, _) in drawn_workflows.TEMPLATES.items()}  # what scripts read: the template
# What the workflows ask for; the file is a small random one, by each of these names.
CHECKPOINT, *OTHER_CHECKPOINTS = (
    name for name, _ in (drawn_workflows.SD15, drawn_workflows.SDXL, drawn_workflows.ILLUSTRIOUS, drawn_workflows.FLUX)
)
TINY, SLOW, ELSEWHERE = "random/tiny", "random-slow", "random-elsewhere"
PICKSCORE, AESTHETIC, SLOW_SCORER = "random/pickscore", "random-aesthetic", "random-slow-scorer"
SCORERS = {PICKSCORE: "pickscore", AESTHETIC: "aesthetic", SLOW_SCORER: "pickscore"}


def pytest_collection_modifyitems(items):
    comfyui = os.environ.get("COMFYUI_PATH")
    for item in items:
        if Path(__file__).parent in item.path.parents and "comfyui" in item.fixturenames:
            item.add_marker(pytest.mark.comfyui)
            if not comfyui:
                item.add_marker(pytest.mark.skip(reason="needs COMFYUI_PATH, a checkout of ComfyUI"))


RAN_ON = []  # what the tests ran on and measured, in words


def pytest_terminal_summary(terminalreporter):
    for line in RAN_ON:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def comfyui() -> Path:
    folder = Path(os.environ["COMFYUI_PATH"]).resolve()
    if not (folder / "main.py").is_file():
        pytest.fail(f"COMFYUI_PATH is {folder}, which has no main.py")
    return folder


@pytest.fixture(scope="session")
def python() -> str:
    return os.environ.get("COMFYUI_PYTHON", sys.executable)


@pytest.fixture(scope="session")
def pack(repository) -> Path:
    return Path(os.environ.get("COMFYUI_PACK", repository)).resolve()


@pytest.fixture(scope="session")
def base(tmp_path_factory, pack):
    """ComfyUI's base directory: the pack, a small image model, and text models with random weights."""
    folder = tmp_path_factory.mktemp("comfyui")
    for name in ("custom_nodes", "input", "output", "temp", "user"):
        (folder / name).mkdir()
    (folder / "custom_nodes" / "prompt-beautifier").symlink_to(pack, target_is_directory=True)
    small_encoder.install(folder / "custom_nodes")
    shutil.copy(Path(__file__).with_name("offline_switch.py"), folder / "custom_nodes")
    checkpoint = small_checkpoint.write(folder / "models" / "checkpoints" / CHECKPOINT)
    for name in OTHER_CHECKPOINTS:
        checkpoint.with_name(name).symlink_to(checkpoint)
    tiny.save_checkpoint(folder / "models" / "LLM" / TINY)
    tiny.save_checkpoint(folder / "models" / "LLM" / SLOW, hidden=256, layers=12)
    tiny.save_checkpoint(folder / "models" / "LLM" / "microsoft" / "Promptist", "gpt2", "promptist")
    tiny.save_checkpoint(folder / "elsewhere" / ELSEWHERE)
    for name, kind in SCORERS.items():
        large = {"width": 512, "heads": 8, "layers": 12, "image_size": 224} if name == SLOW_SCORER else {}
        save_scorer(folder / "models" / "scorers" / name, kind, **large)
    paths = f"elsewhere:\n    base_path: {folder.as_posix()}\n    LLM: elsewhere\n"
    (folder / "paths.yaml").write_text(paths, encoding="utf-8")
    yield folder
    checkpoint.unlink()  # pytest keeps temporary folders, and this file is large


def save_scorer(folder: Path, kind: str, **sizes) -> None:
    """A small scorer of random weights as one of the user's own."""
    files = {part: path.name for part, path in tiny_scorers.save_scorer(folder, kind, **sizes).items()}
    (folder / "scorer.json").write_text(json.dumps({"kind": kind, "files": files}), encoding="utf-8")


@pytest.fixture(scope="session")
def slow_hub():
    """In the place of huggingface.co: one published model, text2prompt-v2, of 20 MB that come slowly."""
    files = {"config.json": b'{"model_type": "bloom"}', "tokenizer.json": b"{}"}
    with fake_hub.FakeHub() as hub:
        hub.add("alibaba-pai/pai-bloom-1b1-text2prompt-sd-v2", {**files, "model.safetensors": bytes(20_000_000)})
        hub.fail("model.safetensors", "slow", at=0.01)
        yield hub


@pytest.fixture(scope="session")
def server(comfyui, python, base, slow_hub):
    """A running ComfyUI: a Client of it, which also has its log."""
    port = free_port()
    log = base / "log.txt"
    command = [
        *(python, "main.py", "--cpu", "--listen", "127.0.0.1", "--port", str(port)),
        *("--base-directory", str(base), "--extra-model-paths-config", str(base / "paths.yaml")),
        *("--database-url", "sqlite:///:memory:", "--disable-api-nodes"),
        *shlex.split(os.environ.get("COMFYUI_ARGS", "")),
    ]
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment["HF_ENDPOINT"] = slow_hub.url
    command += use_frontend(environment)
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=comfyui, stdout=output, stderr=subprocess.STDOUT, env=environment)
    try:
        client = Client(port, log)
        client.pid = process.pid
        wait_for_start(client, process)
        RAN_ON.append(
            f"ComfyUI {client.get('/system_stats')['system']['comfyui_version']}, frontend {frontend(client)}"
        )
        yield client
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture
def held(server):
    """How many bytes of memory the server holds, once that no longer changes."""
    statm = Path(f"/proc/{server.pid}/statm")
    if not statm.is_file():
        pytest.skip("only Linux says how much memory a process holds")

    def settled() -> int:
        readings = []
        while len(readings) < 8 or max(readings[-8:]) - min(readings[-8:]) > 2**20:
            time.sleep(0.25)
            readings.append(int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
        return readings[-1]

    return settled


def use_frontend(environment: dict[str, str]) -> list[str]:
    """Have a server take the frontend of COMFYUI_FRONTEND, by its environment or by the arguments that come back."""
    if not (folder := os.environ.get("COMFYUI_FRONTEND")):
        return []
    if (Path(folder) / "index.html").is_file():
        return ["--front-end-root", folder]
    if not (Path(folder) / "comfyui_frontend_package").is_dir():
        pytest.fail(f"COMFYUI_FRONTEND is {folder}, which has neither comfyui_frontend_package nor index.html")
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (folder, environment.get("PYTHONPATH"))))
    return []


def frontend(client: Client) -> str:
    """The version of the frontend that a server has, or where it lies."""
    found = re.search(r"(?i)frontend[^\n]{0,12} version: (\S+)", client.log)
    given = os.environ.get("COMFYUI_FRONTEND", "")
    return found[1] if found and not (Path(given) / "index.html").is_file() else given or "unknown"


def free_port() -> int:
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_start(client: Client, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            client.get("/system_stats")
            return
        time.sleep(0.3)
    state = "ended" if process.poll() is not None else f"did not answer within {STARTS_WITHIN} s"
    pytest.fail(f"ComfyUI {state}:\n{client.log[-4000:]}")


@pytest.fixture(scope="session")
def model(pack) -> str:
    """The beautifier that workflows run with: the embedded one once it is there."""
    return "embedded" if (pack / "beautifier" / "embedded" / "model.safetensors").is_file() else TINY


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser for tests of the frontend."""
    pytest.importorskip("playwright.sync_api", reason="needs the Python package playwright")
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("needs Chromium on the PATH")


@pytest.fixture(scope="module", params=["canvas", "Vue"])
def opened(request, server, chromium, model):
    """ComfyUI's page, in one kind of nodes and then in the other."""
    from playwright.sync_api import sync_playwright

    from .browser import FLAGS, Page

    settings = {
        "Comfy.TutorialCompleted": True,
        "Comfy.Locale": "en",
        "Comfy.Window.UnloadConfirmation": False,
        "Comfy.Minimap.Visible": False,  # it lies over the graph
    }
    server.post("/settings", {**settings, "Comfy.VueNodes.Enabled": request.param == "Vue"})
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = Page(browser, server, model)
        page.looks = request.param
        page.is_old = page.evaluate("() => String(globalThis.__COMFYUI_FRONTEND_VERSION__).startsWith('1.35.')")
        yield page
        browser.close()
    server.post("/settings", {"Comfy.VueNodes.Enabled": False})


@pytest.fixture
def page(opened, server):
    """The page with a new graph, where nothing has been learnt; after the test it must have had no errors."""
    server.post("/prompt_beautifier/taste", {"empty": True})
    opened.complaints.clear()
    opened.build()
    yield opened
    assert opened.complaints == []


@pytest.fixture
def writes(model):
    if model != "embedded":
        pytest.skip("the embedded model's weights are not there")


@pytest.fixture(scope="session")
def api_workflow(repository, model):
    """A workflow's API format by name, made small enough for a CPU, with models that are there."""
    small = {"KSampler": {"steps": 1}, "EmptyLatentImage": {"width": 64, "height": 64}}
    small["PromptBeautifierLoadBeautifier"] = {"model": model}
    scorers = {"pickscore": PICKSCORE, "aesthetic": AESTHETIC}

    def read(name: str) -> dict:
        graph = json.loads((repository / "workflows" / "api" / f"{name}.json").read_text(encoding="utf-8"))
        for node in graph.values():
            inputs = node["inputs"]
            inputs.update(small.get(node["class_type"], {}))
            if node["class_type"] == "PromptBeautifierLoadScorer":
                inputs["scorer"] = scorers[inputs["scorer"]]
        return graph

    return read


def node_of(graph: dict, class_type: str) -> str:
    """The id of the first node of a type."""
    return next(key for key, node in graph.items() if node["class_type"] == class_type)
