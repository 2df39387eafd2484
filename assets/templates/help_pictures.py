"""Make the pictures of the help pages (nodes/web/docs/images) and assets/hero.png: nodes in ComfyUI's page after a run.

    python assets/templates/help_pictures.py http://127.0.0.1:8188     (a running ComfyUI with the pack in it)

It needs the Python package playwright, and Chromium on the PATH. It sets the language and the kind of nodes. The
pictures of a download are left as they are: they show no prompt.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from thumbnails import BEAUTIFY, FIT, ROOT, SHOW, USUAL, read, setting, written

IMAGES = ROOT / "nodes" / "web" / "docs" / "images"
TEMPLATE, API = "Prompt Beautifier 1 - Text to image.json", "text_to_image.json"
LIST = ".prompt-beautifier-candidates"
MARGIN = 14
ADD = """async ([text, selected]) => { app.graph.clear();
  const add = (type, x, y, size) => { const node = LiteGraph.createNode(type); node.pos = [x, y];
    if (selected) node.id = 50;  // one of a number used before would keep that one's badge
    app.graph.add(node); if (size) node.setSize(size); return node };
  const value = (node, name, value) => { node.widgets.find(each => each.name === name).value = value };
  app.canvas.ds.scale = 1; app.canvas.ds.offset = [0, 0];
  if (selected) {
    const box = add('CLIPTextEncode', 300, 300, [400, 200]); value(box, 'text', text); window.shown = box;
  } else {
    const loader = add('PromptBeautifierLoadBeautifier', -900, 100), made = add('%s', 300, 120, [470, 1120]);
    const reward = add('PromptBeautifierLoadRewardModel', -900, 400), seen = add('PreviewAny', 2000, 100);
    value(made, 'prompt', text); value(made, 'seed', 7); value(made, 'control_after_generate', 'fixed');
    loader.connect(0, made, 0); reward.connect(0, made, made.findInputSlot('reward_model')); made.connect(0, seen, 0);
    window.shown = made; }
  await new Promise(done => setTimeout(done, 800)) }""".replace("%s", BEAUTIFY)


def opened(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_function("!!(window.app?.graph && LiteGraph.registered_node_types['KSampler'])", timeout=90_000)
    page.wait_for_timeout(3000)
    page.add_style_tag(content=".p-toast, [role=status] { visibility: hidden }")


def pictured(page: Page, path: Path, above: int = 0) -> None:
    """The node that is shown, with what is `above` it in pixels."""
    box = page.locator(f'[data-node-id="{page.evaluate("String(shown.id)")}"]').first.bounding_box()
    x, y = box["x"] - MARGIN, box["y"] - MARGIN - above
    size = {"width": box["width"] + 2 * MARGIN, "height": box["height"] + 2 * MARGIN + above}
    page.screenshot(path=path, clip={"x": x, "y": y, **size})


def help_pictures(page: Page, language: str) -> None:
    page.evaluate(ADD, ["a castle on a hill", False])
    page.evaluate("() => app.queuePrompt(0, 1)")
    page.locator(f"{LIST} .candidate").nth(4).wait_for()
    page.locator(f"{LIST} .candidate .words").nth(1).click()
    page.mouse.move(5, 5)
    page.evaluate("() => { document.activeElement.blur(); app.canvas.deselectAll() }")
    page.wait_for_timeout(1000)
    pictured(page, IMAGES / f"candidates.{language}.png")
    page.evaluate(ADD, ["an old lighthouse", True])
    page.evaluate("() => app.canvas.selectNode(shown)")
    page.wait_for_timeout(500)
    page.evaluate("() => app.extensionManager.command.execute('PromptBeautifier.BeautifyText')")
    page.wait_for_function("() => shown.widgets[0].value !== 'an old lighthouse'", timeout=60_000)
    page.wait_for_timeout(1500)
    pictured(page, IMAGES / f"beautify_text.{language}.png", above=60)


def hero(page: Page, url: str) -> None:
    """The first template after a run."""
    drawn, graph = (read(ROOT / "workflows" / name) for name in (TEMPLATE, f"api/{API}"))
    width, height = page.evaluate(FIT, drawn)
    page.evaluate(SHOW, [BEAUTIFY, written(url, graph)])
    page.wait_for_timeout(1000)
    page.screenshot(path=ROOT / "assets" / "hero.png", clip={"x": 100, "y": 100, "width": width, "height": height})


def main(url: str) -> None:
    browser_path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1920, "height": 1500})
        for language in ("en", "zh"):
            setting(url, {**USUAL, "Comfy.Locale": language, "Comfy.VueNodes.Enabled": True})
            opened(page, url)
            help_pictures(page, language)
        setting(url, USUAL)
        page.set_viewport_size({"width": 1920, "height": 1250})
        opened(page, url)
        hero(page, url)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
