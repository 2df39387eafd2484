"""Beautify text writes for the image model that a box is for, in a browser; in both kinds of nodes."""

import re

import pytest

from .browser import TEXT

# Loaders before a text encode node and a sampler: the widgets of each say which image model it is.
GRAPHS = {
    "Z-Image": {
        "UNETLoader": {"unet_name": "z_image_turbo_bf16.safetensors"},
        "CLIPLoader": {"clip_name": "qwen_3_4b.safetensors", "type": "lumina2"},
    },
    "Illustrious": {"CheckpointLoaderSimple": {"ckpt_name": "waiIllustriousSDXL_v140.safetensors"}},
}
DRAW = """async ([loaders, text]) => {
  document.activeElement.blur();
  app.graph.clear();
  const add = (type, x, y, size) => {
    const node = LiteGraph.createNode(type); node.pos = [x, y]; app.graph.add(node); if (size) node.setSize(size);
    return node };
  const box = add('CLIPTextEncode', 520, 100, [460, 300]), sampler = add('KSampler', 1060, 100);
  Object.entries(loaders).forEach(([type, chosen], place) => {
    const loader = add(type, 50, 100 + 220 * place, [400, 120]);
    for (const widget of loader.widgets) if (widget.name in chosen) widget.value = chosen[widget.name];
    loader.outputs.forEach(({ type }, slot) => {
      if (type === 'CLIP') loader.connect(slot, box, box.findInputSlot('clip'));
      if (type === 'MODEL') loader.connect(slot, sampler, sampler.findInputSlot('model')) }) });
  box.connect(0, sampler, sampler.findInputSlot('positive'));
  box.widgets[0].value = text;
  await frames();
  app.canvas.deselectAll();
  await app.extensionManager.command.execute('Comfy.Canvas.FitView') }"""

# Text Encode becomes a subgraph of its own.
WRAP = """text => {
  const box = nodeOf('CLIPTextEncode'); box.widgets[0].value = text;
  app.canvas.deselectAll(); app.canvas.select(box);
  window.group = app.graph.convertToSubgraph(app.canvas.selectedItems).node;
  window.inside = group.subgraph.nodes.find(node => node.type === 'CLIPTextEncode') }"""
ENTER = """text => {
  app.canvas.openSubgraph(group.subgraph, group); inside.widgets[0].value = text;
  const slot = inside.findInputSlot('text');
  if (inside.isInputConnected(slot)) inside.disconnectInput(slot) }"""
SELECT = "name => { app.canvas.deselectAll(); app.canvas.selectNode(window[name]) }"
SET = """async wanted => { for (const [id, value] of Object.entries(wanted))
            await app.extensionManager.setting.set('PromptBeautifier.' + id, value) }"""


def is_written_for(name: str, text: str) -> bool:
    """Whether a text has the style of an image model: tags behind quality tags, or whole sentences."""
    tags = text.startswith("masterpiece, best quality") and ". " not in text
    sentences = re.search(r"[a-z]\. [A-Z]", text) and text.endswith(".") and "best quality" not in text
    return "lighthouse" in text and bool(tags if name == "Illustrious" else sentences)


@pytest.fixture
def drawn(page):
    page.must_reopen = True
    return lambda name: page.evaluate(DRAW, [GRAPHS[name], TEXT])


@pytest.mark.parametrize("name", GRAPHS)
def test_the_style_is_that_of_the_graphs_image_model(page, writes, drawn, tmp_path, name):
    drawn(name)
    page.select("CLIPTextEncode")
    page.keyboard.press("Alt+b")
    made = page.until_text(f"text !== '{TEXT}'")
    assert is_written_for(name, made), made
    page.toast(f"Written for {name} (")
    page.browser.screenshot(path=tmp_path / f"{name} {page.looks}.png")


@pytest.mark.parametrize("name", GRAPHS)
def test_the_image_model_is_found_from_a_subgraph_and_from_inside_it(page, writes, drawn, name):
    drawn(name)
    page.evaluate(WRAP, TEXT)
    if page.evaluate("() => group.widgets?.some(widget => widget.name === 'text')"):  # newer frontends show it there
        page.evaluate(SELECT, "group")
        page.keyboard.press("Alt+b")
        page.until(f"() => values(group).text !== '{TEXT}'")
        assert is_written_for(name, page.evaluate("() => values(group).text"))
    page.evaluate(ENTER, TEXT)
    page.until("() => app.canvas.graph === group.subgraph")
    page.evaluate(SELECT, "inside")
    page.keyboard.press("Alt+b")
    page.until(f"() => values(inside).text !== '{TEXT}'")
    assert is_written_for(name, page.evaluate("() => values(inside).text"))


def test_settings_beat_the_graph(page, writes, drawn):
    drawn("Illustrious")
    page.evaluate(SET, {"ImageModel": "z-image", "Keep": "ohwx lamp"})
    try:
        page.select("CLIPTextEncode")
        page.keyboard.press("Alt+b")
        made = page.until_text(f"text !== '{TEXT}'")
        assert is_written_for("Z-Image", made) and "ohwx lamp" in made
    finally:
        page.evaluate(SET, {"ImageModel": "auto", "Keep": ""})
