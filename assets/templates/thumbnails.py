"""Make workflows/*.jpg, the pictures of the template browser: each graph in ComfyUI's page, and words that it wrote.

    python assets/templates/thumbnails.py http://127.0.0.1:8188        (a running ComfyUI with the pack in it)

It needs the Python package playwright, and Chromium on the PATH. Empty files are enough for the templates' models, for
only what comes before the picture is run; without any the page frames their node in red. It sets the language and
the kind of nodes. The upper left of a picture stays free, for there ComfyUI puts a badge.
"""

import base64
import html
import json
import shutil
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SIZE = 640
BEAUTIFY = "PromptBeautifierBeautifyPrompt"
SAID = {  # by the number of the template: what it is for
    "0": "A form: type, choose, draw",
    "1": "A few words become a picture",
    "2": "A picture of every candidate",
    "3": "Your words beside the beautified ones",
    "4": "The best of five",
    "5": "Your own pictures, the best first",
    "6": "Z-Image-Turbo writes its own prompt",
    "7": "Phrases for SDXL",
    "8": "Tags for Illustrious, NoobAI, Pony",
    "9": "Sentences for Flux",
}
USUAL = {  # the page's settings; what a first visit would open lies over the graph
    **{"Comfy.Locale": "en", "Comfy.VueNodes.Enabled": False, "Comfy.Minimap.Visible": False},
    "Comfy.TutorialCompleted": True,
}
PAGE = """<body style="margin:0;width:640px;height:640px;background:linear-gradient(135deg,#2b1a5e,#0e1030);
font-family:'DejaVu Sans',sans-serif;color:#fff;overflow:hidden"><div style="height:104px"></div>
<img src="data:image/png;base64,{graph}" style="display:block;margin:0 auto;width:592px;border-radius:10px">
<div style="margin:16px 28px 0;font-size:19px;line-height:1.35">{words}</div>
<div style="position:absolute;bottom:20px;width:100%;text-align:center;font-size:27px;font-weight:700">{said}</div>"""
FIT = """async graph => { await app.loadGraphData(graph); app.canvas.deselectAll();
  await new Promise(done => setTimeout(done, 800));
  const nodes = app.graph.nodes, left = Math.min(...nodes.map(node => node.pos[0])) - 20;
  const top = Math.min(...nodes.map(node => node.pos[1])) - 60;
  const right = Math.max(...nodes.map(node => node.pos[0] + node.size[0])) + 20;
  const bottom = Math.max(...nodes.map(node => node.pos[1] + node.size[1])) + 20;
  const scale = Math.min(1750 / (right - left), 1000 / (bottom - top));
  app.canvas.ds.scale = scale; app.canvas.ds.offset = [-left + 100 / scale, -top + 100 / scale];
  app.canvas.setDirty(true, true); return [(right - left) * scale, (bottom - top) * scale] }"""
SHOW = """([type, shown]) => { const node = app.graph.nodes.find(each => each.type === type);
  node?.onExecuted?.({ prompt_beautifier: shown }) }"""


def setting(url: str, values: dict) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    data = json.dumps(values).encode()
    direct.open(urllib.request.Request(f"{url}/settings", data, {"Content-Type": "application/json"})).close()


def ask(url: str, body: dict | None = None) -> dict:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    data = body and json.dumps(body).encode()
    with direct.open(urllib.request.Request(url, data, {"Content-Type": "application/json"})) as answer:
        return json.load(answer)


def written(url: str, graph: dict) -> list[dict] | None:
    """What Beautify Prompt lists of a graph; None where there is none, or where a text encoder would have to be."""
    node = next((key for key, each in graph.items() if each["class_type"] == BEAUTIFY), None)
    if node is None or any(each["class_type"] == "PromptBeautifierUseTextEncoder" for each in graph.values()):
        return None
    ends = ("SaveImage", "PreviewImage", "PreviewAny")  # without them no picture is drawn
    graph = {key: each for key, each in graph.items() if each["class_type"] not in ends}
    graph = {**graph, "shown": {"class_type": "PreviewAny", "inputs": {"source": [node, 2]}}}
    run = ask(f"{url}/prompt", {"prompt": graph})["prompt_id"]
    while run not in (history := ask(f"{url}/history/{run}")):
        time.sleep(0.2)
    return history[run]["outputs"][node]["prompt_beautifier"]


def words_of(graph: dict, shown: list[dict] | None) -> str:
    """The raw prompt and the first candidate, as HTML."""
    if not shown:
        return ""
    raw = next(each for each in graph.values() if each["class_type"] == BEAUTIFY)["inputs"]["prompt"]
    raw = graph[raw[0]]["inputs"]["value"] if isinstance(raw, list) else raw
    text = shown[0]["texts"][0]
    text = text if len(text) < 130 else text[:128].rsplit(" ", 1)[0] + " …"
    return f'<b style="color:#ffb86b">{html.escape(raw)}</b> → {html.escape(text)}'


def main(url: str) -> None:
    browser_path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1920, "height": 1200})
        setting(url, USUAL)
        page.goto(url)
        page.wait_for_function("!!(window.app?.graph && LiteGraph.registered_node_types['KSampler'])", timeout=90_000)
        page.wait_for_timeout(3000)
        card = browser.new_page(viewport={"width": SIZE, "height": SIZE})
        apis = sorted((ROOT / "workflows" / "api").glob("*.json"))
        for path in sorted((ROOT / "workflows").glob("*.json")):
            drawn = json.loads(path.read_text(encoding="utf-8"))
            drawn["extra"].pop("linearMode", None)  # as a graph
            graph = next(found for found in map(read, apis) if same_nodes(found, drawn))
            shown = written(url, graph)
            width, height = page.evaluate(FIT, drawn)
            page.evaluate(SHOW, [BEAUTIFY, shown])
            page.add_style_tag(content=".p-toast, [role=status], .actionbar-container { display: none }")
            page.wait_for_timeout(1000)
            clip = {"x": 100, "y": 100, "width": width, "height": height}
            picture = base64.b64encode(page.screenshot(clip=clip)).decode()
            said = SAID[path.stem.split(" ")[2]]
            card.set_content(PAGE.format(graph=picture, words=words_of(graph, shown), said=said))
            card.screenshot(path=path.with_suffix(".jpg"), type="jpeg", quality=82)
        browser.close()


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def same_nodes(graph: dict, drawn: dict) -> bool:
    """Whether a graph for scripts is the one that is drawn: by the values of its nodes outside subgraphs."""
    outer = {str(node["id"]): node for node in drawn["nodes"]}
    found = {key for key in graph if ":" not in key}
    same = all(key in outer and outer[key]["type"] == graph[key]["class_type"] for key in found)
    prefixes = [each["inputs"]["filename_prefix"] for each in graph.values() if "filename_prefix" in each["inputs"]]
    return same and all(any(prefix in node.get("widgets_values", []) for node in outer.values()) for prefix in prefixes)


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
