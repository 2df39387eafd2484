// "Beautify text": replaces what stands in any multiline text box with a beautified prompt, without queueing a graph.

import { app } from "../../scripts/app.js";
import { endStep, isLinked } from "./graph.js";
import { imageModelOf } from "./image_model.js";
import { post } from "./server.js";
import { wanted } from "./settings.js";
import { text, toast } from "./strings.js";

/** What was made of a box before: asked again, it is given another version of what was typed at first. */
const lastMade = new WeakMap();
const lastTold = new WeakMap(); // the image model that was named for a box
const busy = new WeakSet();

const PULSE = { opacity: [1, 0.5], cursor: ["progress", "progress"] }; // of a box that waits for its text

/** The text boxes of a node whose text its own user writes: not those that only show a text. */
export function textWidgets(node) {
  return (node?.widgets ?? []).filter(
    (widget) =>
      typeof widget.value === "string" &&
      (widget.type === "customtext" || widget.options?.multiline === true) &&
      !(widget.hidden || widget.disabled || widget.options?.read_only || widget.element?.readOnly),
  );
}

/** The node and the widget of the box the cursor is in, or else of the first one of the selected node. */
function currentTarget() {
  const selected = [...(app.canvas?.selectedItems ?? [])];
  const area = document.activeElement;
  if (area instanceof HTMLTextAreaElement) {
    return (
      found(app.canvas?.graph?.nodes ?? [], (node, widget) => areaOf(node, widget) === area) ??
      found(selected, (_, widget) => widget.value === area.value) // in ComfyUI's panel of the selected node
    );
  }
  return found(selected, (node, widget) => !isLinked(node, widget.name));
}

function found(nodes, matches) {
  for (const node of nodes) {
    const widget = textWidgets(node).find((each) => matches(node, each));
    if (widget) return { node, widget };
  }
  return null;
}

/** Replace what stands in the box of the selected node, as Ctrl+Z can take back. */
export function putText(words) {
  const target = currentTarget();
  if (!target) return toast("warn", text("no_box"));
  if (isLinked(target.node, target.widget.name)) return toast("warn", text("linked"));
  replaceText(target.node, target.widget, words);
}

export async function beautifyCurrent() {
  const target = currentTarget();
  if (!target) return toast("warn", text("no_text"));
  await beautifyWidget(target.node, target.widget);
}

export async function beautifyWidget(node, widget) {
  if (busy.has(widget)) return;
  if (isLinked(node, widget.name)) return toast("warn", text("linked"));
  const before = widget.value;
  if (!before.trim()) return toast("warn", text("empty_text"));
  const made = lastMade.get(widget);
  const again = made?.result === before;
  const raw = again ? made.raw : before;
  const seed = again ? made.seed + 1 : 0;
  busy.add(widget);
  const pulse = areaOf(node, widget)?.animate(PULSE, { duration: 400, direction: "alternate", iterations: Infinity });
  try {
    const asked = wanted(node);
    const found = asked.target === null ? await imageModelOf(node, before) : null;
    const target = asked.target ?? found.target ?? "";
    const { prompt, notes } = await post("beautify", { ...asked, target, text: raw, seed });
    if (widget.value !== before) return toast("info", text("changed_meanwhile"));
    replaceText(node, widget, prompt);
    lastMade.set(widget, { raw, seed, result: prompt });
    tell(widget, found, notes);
  } catch (error) {
    toast("error", `${text("failed")}: ${error.message}`);
  } finally {
    busy.delete(widget);
    pulse?.cancel();
  }
}

/** Say for which image model a text was written, once for each box and model, and what else there is to know. */
function tell(widget, found, notes) {
  const said = found && lastTold.get(widget) !== found.target ? [named(found)] : [];
  if (found) lastTold.set(widget, found.target);
  if (said.length || notes.length) toast("info", [...said, ...notes].join(" "));
}

function named(found) {
  if (!found.target) return text("for_none");
  return found.sure ? text("for_model", found) : text("for_usual", found);
}

/** Replace the text so that Ctrl+Z brings the old one back: in the box while the cursor is in it, else in the graph. */
function replaceText(node, widget, value) {
  const area = areaOf(node, widget);
  endStep(); // what was typed up to now is a step of its own
  if (area && area === document.activeElement) {
    area.select();
    if (document.execCommand("insertText", false, value) && widget.value === value) {
      endStep();
      return;
    }
  }
  widget.value = value;
  widget.callback?.(value);
  app.canvas?.setDirty(true, true);
  endStep();
}

/** The text area that shows a widget, if one does: its own, or the one that a Vue node has drawn for it. */
function areaOf(node, widget) {
  if (widget.element?.isConnected) return widget.element;
  const drawn = [...document.querySelectorAll(`[data-node-id="${node.id}"] textarea`)];
  const widgets = textWidgets(node);
  if (drawn.length === widgets.length) return drawn[widgets.indexOf(widget)];
  return drawn.find((area) => area.value === widget.value);
}
