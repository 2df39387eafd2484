// Which inputs of the pack's nodes are on the page: what has no effect as the node is set is hidden until it has one.

import { isLinked, leastHeight, onChange } from "./graph.js";

const LOAD = "PromptBeautifierLoadBeautifier";
const BEAUTIFY = "PromptBeautifierBeautifyPrompt";
const PROMPT_HEIGHT = 76; // three lines
const NEW_WIDTH = { [LOAD]: 320, [BEAUTIFY]: 440 };

const valueOf = (node, name) => node.widgets.find((widget) => widget.name === name)?.value;

/** Whether an input has a value, which another node may give it. */
const may = (node, name, value) => isLinked(node, name) || valueOf(node, name) === value;

const sampled = (node) => may(node, "sampling", "custom");
const checkpoint = (node) => isLinked(node, "model") || valueOf(node, "model") !== "embedded";

// By node and input: whether it has an effect.
const IN_USE = {
  [LOAD]: {
    device: checkpoint,
    dtype: checkpoint,
    family: checkpoint,
    template: (node) => checkpoint(node) && may(node, "family", "custom"),
  },
  [BEAUTIFY]: {
    temperature: sampled,
    top_k: sampled,
    top_p: sampled,
    repetition_penalty: sampled,
    max_new_tokens: sampled,
  },
};

/** Have a new node of the pack show the inputs that are in use, and start in a size that holds them. */
export function showInputsInUse(node) {
  const rules = IN_USE[node.comfyClass];
  if (!rules) return;
  const prompt = node.widgets.find((widget) => widget.name === "prompt");
  if (prompt?.options) prompt.options.getMinHeight = () => PROMPT_HEIGHT;
  const update = () => {
    if (!hideOthers(node, rules)) return;
    fit(node);
    redraw(node);
  };
  for (const widget of node.widgets.filter((each) => ["model", "family", "sampling"].includes(each.name))) {
    onChange(widget, update);
  }
  onChange(node, update, "onConfigure");
  onChange(node, update, "onConnectionsChange");
  hideOthers(node, rules);
  node.setSize([NEW_WIDTH[node.comfyClass], leastHeight(node)]);
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
