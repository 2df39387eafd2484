// The list of candidates on Beautify Prompt: shown after a run, a click chooses one for the next run.
//
// What is shown is kept in the node's properties, so it is saved with the graph, copied with the node and undone with
// it. Choosing sets the node's own inputs (candidate, seed, control after generate): the graph runs the same without
// a browser.

import { app } from "../../scripts/app.js";
import { endStep, leastHeight, onChange, widgetFor } from "./graph.js";
import { answer, askOf, onAsk } from "./review.js";
import { text, toast } from "./strings.js";
import { onWords } from "./words.js";

const PROPERTY = "prompt_beautifier";
const WIDGET = "prompt_beautifier_candidates";
const EMPTY_HEIGHT = 56;
const LIST_HEIGHT = 320; // five candidates of three lines
const PATCHED = 50; // milliseconds after which Vue has drawn what has changed

// Each list brings its style along: the page itself is left as it is.
const style = fetch(new URL("./prompt_beautifier.css", import.meta.url)).then((file) => (file.ok ? file.text() : ""));

const controlOf = (node) => widgetFor(node, "control_after_generate");

/** Add the list to a new Beautify Prompt node. */
export function addCandidateList(node) {
  const frame = element("div", "prompt-beautifier-frame"); // has the size, however long the list in it is
  const box = element("div", "prompt-beautifier-candidates");
  frame.append(styleElement(), box);
  box.dataset.captureWheel = "true"; // Vue nodes: the wheel is for this element
  box.addEventListener("wheel", scrollOrZoom, { passive: false });
  // Vue nodes: dragging over the words selects them, and does not move the node.
  for (const kind of ["pointerdown", "pointermove", "pointerup"]) {
    box.addEventListener(kind, (event) => event.button < 1 && event.stopPropagation());
  }
  box.addEventListener("copy", (event) => selectedIn(box) && event.stopPropagation()); // the words, not the node
  const widget = node.addDOMWidget(WIDGET, WIDGET, frame, {
    serialize: false, // not an input of the node
    hideOnZoom: false,
    hideInPanel: true, // there is one list, and the panel of a selected node would take it off the node
    getMinHeight: () => (state(node) ? LIST_HEIGHT : EMPTY_HEIGHT),
    getValue: () => "",
    setValue: () => {},
  });
  widget.serialize = false; // nor a value in the saved graph
  widget.label = text("candidates");
  onChange(node, (output) => show(node, box, output?.[PROPERTY]), "onExecuted");
  onAsk(node, (listed) => {
    if (!listed) return draw(node, box);
    show(node, box, [{ ...listed, used: null }]);
    if (document.activeElement?.matches("body, canvas")) focus(box, 0); // nobody is typing
  });
  onWords(node, (texts) => (texts ? drawWords(box, texts) : draw(node, box)));
  onChange(node, () => draw(node, box), "onConfigure");
  onChange(node, () => setTimeout(() => takePlace(node, frame), PATCHED), "onAdded");
  draw(node, box);
}

function styleElement() {
  const made = element("style", "");
  style.then((rules) => (made.textContent = rules));
  return made;
}

/** Vue may still show the list of the node of the same id that was there before, as it does after Undo. */
function takePlace(node, frame) {
  const shown = document.querySelector(`[data-node-id="${node.id}"] .prompt-beautifier-frame`);
  if (shown && shown !== frame && app.canvas?.graph === node.graph) shown.replaceWith(frame);
}

/** The wheel scrolls a list that is longer than its box; else it zooms the graph, as beside the list. */
function scrollOrZoom(event) {
  const box = event.currentTarget;
  const zoom = event.ctrlKey || event.metaKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
  event.stopPropagation();
  if (!zoom && box.scrollHeight > box.clientHeight) return;
  event.preventDefault();
  app.canvas.canvas.dispatchEvent(new WheelEvent("wheel", event));
}

function selectedIn(box) {
  const selection = getSelection();
  return !selection.isCollapsed && box.contains(selection.anchorNode);
}

/** What is listed: {texts, scores, tokens, aim, notes, seed, used, chosen, before, more}, or null where the node has not run. */
function state(node) {
  const kept = node.properties?.[PROPERTY];
  return Array.isArray(kept?.texts) && kept.texts.length ? kept : null;
}

/** List what a run has made: `items` has one entry for each prompt, more than one where a list of prompts came in. */
function show(node, box, items) {
  const made = items?.[0];
  if (!made) return;
  const earlier = state(node);
  const still = earlier?.chosen != null && earlier.seed === made.seed && earlier.chosen === made.used;
  node.properties[PROPERTY] = {
    texts: made.texts,
    scores: made.scores ?? null,
    tokens: made.tokens ?? null, // of each, in words
    aim: made.aim ?? "", // the image model, and what it wants
    notes: made.notes ?? [],
    seed: made.seed,
    used: made.used,
    chosen: still ? earlier.chosen : null,
    before: still ? earlier.before : null,
    more: items.length - 1,
  };
  draw(node, box);
  if (made.notice) toast("warn", made.notice, node.title);
  node.setSize([node.size[0], Math.max(node.size[1], leastHeight(node))]);
  node.setDirtyCanvas?.(true, true);
  endStep(); // or the next Ctrl+Z would take the list back with what was done after the run
}

function draw(node, box) {
  const listed = state(node);
  box.replaceChildren();
  box.classList.toggle("empty", !listed);
  box.parentElement.style.minHeight = `${listed ? LIST_HEIGHT : EMPTY_HEIGHT}px`; // of a Vue node
  if (!listed) {
    box.removeAttribute("role");
    box.textContent = text("none_yet");
    return;
  }
  box.role = "list";
  box.ariaLabel = text("candidates");
  if (askOf(node)) box.append(askOf(node).header);
  if (listed.aim) box.append(element("div", "aim", listed.aim));
  listed.texts.forEach((prompt, index) => box.append(row(node, box, listed, prompt, index)));
  for (const note of listed.notes ?? []) box.append(element("div", "note", note));
  if (listed.more) box.append(element("div", "more", text("more", { number: listed.more })));
}

/** List what is being written, in the place of what was there before. */
function drawWords(box, texts) {
  box.replaceChildren();
  box.classList.remove("empty");
  box.removeAttribute("role");
  Array.from(texts, (words, index) => {
    const line = element("div", "candidate writing");
    line.append(element("span", "number", String(index + 1)), element("div", "words", words || "…"));
    box.append(line);
  });
}

function element(tag, name, content = "") {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = content;
  return made;
}

function row(node, box, listed, prompt, index) {
  const chosen = listed.chosen === index;
  const line = element("div", "candidate");
  line.role = "listitem";
  line.classList.toggle("chosen", chosen);
  line.classList.toggle("used", listed.chosen == null && listed.used === index);
  line.addEventListener("click", () => {
    if (!selectedIn(box) && !words.isContentEditable) choose(node, box, index); // else the words were selected with the mouse
  });
  const number = element("span", "number", String(index + 1));
  number.title = listed.tokens?.[index] ?? "";
  const words = element("div", "words", prompt);
  words.tabIndex = 0;
  words.role = "button";
  words.ariaPressed = String(chosen);
  words.title = text(chosen ? "release" : "choose");
  words.addEventListener("keydown", (event) => onKey(event, node, box, index));
  line.append(number, words);
  if (askOf(node)) line.append(pencil(node, words, prompt, index));
  if (listed.scores?.[index] != null) {
    const score = element("span", "score", Number(listed.scores[index]).toFixed(3));
    score.title = text("score");
    line.append(score);
  }
  const copy = element("button", "copy pi pi-copy");
  copy.type = "button";
  copy.title = copy.ariaLabel = text("copy");
  copy.addEventListener("click", (event) => {
    event.stopPropagation();
    copyText(prompt, line);
  });
  line.append(copy);
  return line;
}

/** Enter and Space choose, the arrow keys go from one candidate to the next. */
function onKey(event, node, box, index) {
  if (event.target.isContentEditable) return event.stopPropagation(); // words that are being changed
  const place = askOf(node) ? Number.parseInt(event.key, 10) - 1 : -1;
  if (place >= 0 && place < state(node).texts.length) {
    event.preventDefault();
    event.stopPropagation();
    return answer(node, place);
  }
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step && event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  event.stopPropagation();
  if (step) focus(box, index + step);
  else choose(node, box, index);
}

/** The button that makes the words of a candidate editable while the run waits: Enter goes on with them. */
function pencil(node, words, prompt, index) {
  const button = element("button", "copy pi pi-pencil");
  button.type = "button";
  button.title = button.ariaLabel = text("edit");
  button.addEventListener("click", (event) => {
    event.stopPropagation();
    words.contentEditable = "plaintext-only";
    words.focus();
  });
  words.addEventListener("keydown", (event) => {
    if (!words.isContentEditable || (event.key !== "Enter" && event.key !== "Escape") || event.isComposing) return;
    event.preventDefault();
    words.contentEditable = "false";
    if (event.key === "Escape") words.textContent = prompt;
    else answer(node, index, words.innerText.trim());
  });
  return button;
}

function focus(box, index) {
  box.querySelectorAll(".words")[index]?.focus();
}

/** Use a candidate in the next run; the one that is in use already is released. */
function choose(node, box, index) {
  if (askOf(node)) return answer(node, index);
  const place = box.scrollTop;
  if (state(node).chosen === index) release(node, box);
  else pin(node, box, index);
  box.scrollTop = place;
  focus(box, index);
}

/** Have the next run make the same candidates and use this one of them. */
function pin(node, box, index) {
  const [seed, candidate] = [widgetFor(node, "seed"), widgetFor(node, "candidate")];
  if (!seed || !candidate) return toast("warn", text("inputs_linked"));
  const listed = state(node);
  endStep();
  const control = controlOf(node);
  const before = listed.before ?? { control: control?.value ?? null };
  node.properties[PROPERTY] = { ...listed, chosen: index, before };
  set(control, "fixed");
  set(seed, listed.seed);
  set(candidate, index + 1);
  draw(node, box);
  endStep();
  refresh(node); // last: for a moment the node has no seed
}

/** Back to the first candidate, and to new seeds if there were new ones before. */
function release(node, box) {
  const listed = state(node);
  endStep();
  if (listed.before?.control) set(controlOf(node), listed.before.control);
  set(widgetFor(node, "candidate"), 1);
  node.properties[PROPERTY] = { ...listed, chosen: null, before: null };
  draw(node, box);
  endStep();
  refresh(node); // last: for a moment the node has no seed
}

function set(widget, value) {
  if (!widget || value == null || widget.value === value) return;
  if (typeof value === "number" && !Number.isSafeInteger(value)) return; // a seed only the API could have set
  widget.value = value;
  widget.callback?.(value);
}

/** Have Vue nodes draw the seed anew: they read its "control after generate" once only. */
function refresh(node) {
  app.canvas?.setDirty(true, true);
  const place = node.widgets.findIndex((widget) => widget.name === "seed");
  if (place < 0 || !globalThis.LiteGraph?.vueNodesMode) return;
  const [seed] = node.widgets.splice(place, 1);
  // Vue draws in a microtask, and this one comes behind it: nothing else sees the node without its seed.
  Promise.resolve().then(() => node.widgets.splice(place, 0, seed));
}

async function copyText(prompt, line) {
  try {
    await navigator.clipboard.writeText(prompt);
  } catch {
    // Pages that do not come by https or from this computer have no clipboard of their own.
    const area = document.createElement("textarea");
    area.value = prompt;
    line.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) return toast("warn", text("copy_failed"));
  }
  toast("success", text("copied"));
}
