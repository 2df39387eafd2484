// Which inputs of the pack's nodes are on the page: what has no effect as the node is set is hidden until it has one.

import { isLinked, leastHeight, onChange } from "./graph.js";

const LOAD = "PromptBeautifierLoadBeautifier";
const BEAUTIFY = "PromptBeautifierBeautifyPrompt";
const PROMPT_HEIGHT = [76, 160]; // three lines, and at most nine: the rest of the node is for the candidates
const NEW_WIDTH = { [LOAD]: 320, [BEAUTIFY]: 440 };

const valueOf = (node, name) => node.widgets.find((widget) => widget.name === name)?.value;

/** Whether an input has a value, which another node may give it. */
const may = (node, name, value) => isLinked(node, name) || valueOf(node, name) === value;

/** Whether another model than the embedded one writes, as far as the graph tells. */
function chooses(node) {
  const loader = node.graph ? node.getInputNode(node.findInputSlot("beautifier")) : null;
  return loader?.comfyClass !== LOAD || checkpoint(loader) || valueOf(node, "sampling") === "custom";
}

const sampled = (node) => may(node, "sampling", "custom");
const checkpoint = (node) => isLinked(node, "model") || valueOf(node, "model") !== "embedded";

// By node and input: whether it has an effect.
const IN_USE = {
  [LOAD]: {
    device: checkpoint,
    dtype: checkpoint,
    family: checkpoint,
    template: (node) => checkpoint(node) && may(node, "family", "custom"),
    instruction: checkpoint,
  },
  [BEAUTIFY]: {
    sampling: chooses,
    temperature: sampled,
    top_k: sampled,
    top_p: sampled,
    repetition_penalty: sampled,
    max_new_tokens: sampled,
    review_seconds: (node) => may(node, "review", "ask"),
    taste: (node) => may(node, "taste", "off"), // the settings switch it off everywhere
  },
};

/** Have a new node of the pack show the inputs that are in use, and start in a size that holds them. */
export function showInputsInUse(node) {
  const rules = IN_USE[node.comfyClass];
  if (!rules) return;
  const prompt = node.widgets.find((widget) => widget.name === "prompt");
  if (prompt?.options) {
    prompt.options.getMinHeight = () => PROMPT_HEIGHT[0];
    prompt.options.getMaxHeight = () => PROMPT_HEIGHT[1];
  }
  const update = () => {
    if (hideOthers(node, rules)) {
      fit(node);
      redraw(node);
    }
    if (node.comfyClass === LOAD) writersOf(node).forEach((each) => updates.get(each)?.());
  };
  updates.set(node, update);
  for (const widget of node.widgets.filter((each) => ["model", "family", "sampling", "review", "taste"].includes(each.name))) {
    onChange(widget, update);
  }
  onChange(node, update, "onConfigure");
  onChange(node, update, "onConnectionsChange");
  hideOthers(node, rules);
  node.setSize([NEW_WIDTH[node.comfyClass], leastHeight(node)]);
}

const updates = new WeakMap(); // by node: what shows and hides its inputs

/** The nodes that a loader's model writes for. */
function writersOf(loader) {
  if (!loader.graph) return []; // it is being copied into a subgraph
  const links = (loader.outputs?.[0]?.links ?? []).map((id) => loader.graph?.getLink?.(id) ?? loader.graph?.links?.[id]);
  return links.map((link) => loader.graph.getNodeById(link?.target_id)).filter(Boolean);
}

/** Hide what is not in use; returns whether that has changed anything. */
function hideOthers(node, rules) {
  let changed = false;
  for (const [name, inUse] of Object.entries(rules)) {
    const widget = node.widgets.find((each) => each.name === name);
    const hidden = !(inUse(node) || isLinked(node, name));
    if (!widget || Boolean(widget.hidden) === hidden) continue;
    widget.hidden = hidden;
    widget.options = Object.assign(widget.options ?? {}, { hidden }); // where Vue nodes look
    changed = true;
  }
  return changed;
}

/** Make a node that has become too low for its inputs higher; Vue nodes do so by themselves. */
function fit(node) {
  const least = leastHeight(node);
  if (globalThis.LiteGraph?.vueNodesMode) return;
  if (node.size[1] < least) node.setSize([node.size[0], least]);
}

/** Vue nodes look at the list of widgets, not into each. */
function redraw(node) {
  node.setDirtyCanvas?.(true, true);
  if (globalThis.LiteGraph?.vueNodesMode) node.widgets.push(node.widgets.pop());
}
