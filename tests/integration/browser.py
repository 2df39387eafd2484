"""ComfyUI's page in a browser, and what the tests do to it."""

import itertools
import time

import pytest

from .conftest import BEAUTIFY, LOAD

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
READY = "!!(window.app?.graph && window.LiteGraph?.registered_node_types['KSampler'])"
LIST = ".prompt-beautifier-candidates"
ROW = f"{LIST} .candidate"
SLOWEST = 90_000  # milliseconds that anything may take on a computer that is busy
TEXT = "an old lighthouse"

SEEDS = itertools.count(int(time.time()))  # a graph that has run before would not run again

# What the tests ask of every page; it is there again after a reload.
HELPERS = """
  window.nodeOf = type => app.graph.nodes.find(node => node.type === type);
  window.values = node => Object.fromEntries(node.widgets.map(widget => [widget.name, widget.value]));
  window.ended = [];  // of each run that is over: null, or what went wrong
  window.countRuns = () => {
    const api = comfyAPI.api.api, end = what => window.ended.push(what);
    api.addEventListener('execution_success', () => end(null));
    api.addEventListener('execution_interrupted', () => end('interrupted'));
    api.addEventListener('execution_error', event => end(event.detail.exception_message)) };
  window.frames = async () => { for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame) };
"""

BUILD = """async ([load, beautify, model, seed, text]) => {
  document.activeElement.blur();
  const ids = app.graph.last_node_id;
  app.graph.clear();
  app.graph.last_node_id = ids;  // a new node with an old id may be given the old one's values
  const add = (type, x, y, size) => {
    const node = LiteGraph.createNode(type); node.pos = [x, y]; app.graph.add(node); if (size) node.setSize(size);
    return node };
  const loader = add(load, 50, 100), made = add(beautify, 520, 60, [460, 720]);
  const shown = add('PreviewAny', 1060, 100), box = add('CLIPTextEncode', 50, 430, [400, 200]);
  loader.widgets.find(widget => widget.name === 'model').value = model;
  made.widgets.find(widget => widget.name === 'seed').value = seed;
  loader.connect(0, made, 0); made.connect(0, shown, 0);
  box.widgets[0].value = text;
  await frames();
  app.canvas.deselectAll();
  await app.extensionManager.command.execute('Comfy.Canvas.FitView') }"""


class Page:
    """ComfyUI's page in a browser, with what the tests do to it."""

    def __init__(self, chromium, server, model):
        self.chromium, self.server, self.model = chromium, server, model
        self.complaints = []
        self.seed = None
        self.browser = None
        self.open()

    def open(self):
        """Open the page in a browser that has not seen it yet."""
        if self.browser:
            self.browser.context.close()
        context = self.chromium.new_context(viewport={"width": 1600, "height": 1000})
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.browser = page = context.new_page()
        self.evaluate, self.locator, self.keyboard = page.evaluate, page.locator, page.keyboard
        page.set_default_timeout(SLOWEST)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self.listen)
        page.add_init_script(HELPERS)
        page.goto(self.server.url)
        self.wait_for_start()
        self.must_reopen = False

    def listen(self, message):
        """Note what a browser's console says about the pack."""
        said = f"{message.text} {message.location.get('url', '')}".lower().replace("_", "-")
        if message.type in ("error", "warning") and "prompt-beautifier" in said:
            self.complaints.append(said)

    def reload(self):
        self.browser.reload()
        self.wait_for_start()

    def wait_for_start(self):
        self.until(f"() => {READY}")
        self.until("() => app.extensionManager.command.commands.some(each => each.id.startsWith('PromptBeautifier'))")
        self.evaluate("countRuns")

    def build(self):
        """Load Beautifier → Beautify Prompt → Preview as Text, and a CLIP Text Encode beside them."""
        if self.must_reopen:  # lists in subgraphs, for one, stay on the page when the graph is cleared
            self.open()
        self.seed = next(SEEDS)
        self.evaluate(BUILD, [LOAD, BEAUTIFY, self.model, self.seed, TEXT])
        self.locator(LIST).wait_for()

    def until(self, condition, argument=None):
        self.browser.wait_for_function(condition, arg=argument, timeout=SLOWEST, polling=100)

    def act_until(self, act, condition, argument=None, times=10):
        """Do something until a condition holds: the page may not be ready for it at first."""
        for _ in range(times):
            act()
            for _ in range(30):
                if self.evaluate(condition, argument):
                    return
                self.browser.wait_for_timeout(100)
        pytest.fail(f"it was done in vain: {condition}")

    def press_until(self, key, condition):
        self.act_until(lambda: self.keyboard.press(key), condition)

    def run(self, fails=False):
        """Run the graph to its end; returns what went wrong, which is nothing unless it `fails`."""
        runs = self.evaluate("() => ended.length")
        self.evaluate("() => app.queuePrompt(0, 1)")
        self.until("runs => ended.length > runs || Object.keys(app.lastNodeErrors ?? {}).length", runs)
        wrong = self.evaluate("runs => ended.length > runs ? ended.at(-1) : JSON.stringify(app.lastNodeErrors)", runs)
        assert bool(wrong) == fails, wrong
        return wrong

    def undo(self, condition, argument=None):
        """Undo until a condition holds: the layout of a new node can be a step of its own."""
        undo = "() => app.extensionManager.command.execute('Comfy.Undo')"
        self.act_until(lambda: self.evaluate(undo), condition, argument, times=3)

    def fit(self):
        """Bring the whole graph into view."""
        self.evaluate("() => app.extensionManager.command.execute('Comfy.Canvas.FitView')")
        self.browser.wait_for_timeout(1000)

    def select(self, node):
        self.evaluate("type => { app.canvas.deselectAll(); app.canvas.selectNode(nodeOf(type)) }", node)

    def listed(self):
        return self.locator(f"{ROW} .words").all_inner_texts()

    def chosen(self):
        return self.locator(f"{ROW}.chosen .words").all_inner_texts()

    def inputs(self, node=BEAUTIFY):
        return self.evaluate("type => values(nodeOf(type))", node)

    def text(self):
        return self.inputs("CLIPTextEncode")["text"]

    def until_text(self, condition):
        """Wait until the text of CLIP Text Encode is as a JavaScript condition on `text` says; it comes back."""
        self.until(f"() => {{ const text = nodeOf('CLIPTextEncode')?.widgets[0].value; return text && {condition} }}")
        return self.text()

    def box(self):
        """The text area of CLIP Text Encode."""
        # Marked, for its place among the text areas changes while nodes are still being drawn.
        mark = "text => [...document.querySelectorAll('textarea')].find(a => a.value.startsWith(text)).dataset.box = ''"
        self.evaluate(mark, TEXT)
        return self.locator("textarea[data-box]")

    def toast(self, text):
        self.browser.get_by_text(text).last.wait_for()

    def title_of(self, node):
        """A place in the title of a node, on the page."""
        return self.evaluate(
            """type => { const node = nodeOf(type), drawn = document.querySelector(`[data-node-id="${node.id}"]`);
               const box = app.canvas.canvas.getBoundingClientRect(), scale = app.canvas.ds.scale;
               if (drawn) { const at = drawn.getBoundingClientRect(); return [at.left + 90, at.top + 14 * scale] }
               const [x, y] = app.canvas.ds.convertOffsetToCanvas([node.pos[0] + 90, node.pos[1] - 14]);
               return [x + box.left, y + box.top] }""",
            node,
        )


def photograph(page, path):
    """A picture of the whole graph, for people to look at."""
    page.evaluate("() => app.extensionManager.command.execute('Comfy.Canvas.FitView')")
    page.wait_for_timeout(1500)
    page.screenshot(path=path)
