// The list of candidates on Beautify Prompt: shown after a run, a click chooses one for the next run.
//
// What is shown is kept in the node's properties, so it is saved with the graph, copied with the node and undone with
// it. Choosing sets the node's own inputs (candidate, seed, control after generate): the graph runs the same without
// a browser.

import { app } from "../../scripts/app.js";
import { copyText, element, styleElement, toolButton } from "./elements.js";
import { endStep, leastHeight, onChange, widgetFor } from "./graph.js";
import { answer, askOf, onAsk } from "./review.js";
import { text, toast } from "./strings.js";
import { onWords } from "./words.js";
import { placeOf, starButton, tellPick, tellStar } from "./taste.js";

const PROPERTY = "prompt_beautifier";
const WIDGET = "prompt_beautifier_candidates";
const EMPTY_HEIGHT = 56;
const LIST_HEIGHT = 320; // five candidates of three lines
const PATCHED = 50; // milliseconds after which Vue has drawn what has changed

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

/** What is listed: {texts, scores, tokens, aim, notes, seed, used, chosen, before, more, raw_prompt, target, entry, taste,
 * places, stars}, or null where the node has not run. */
function state(node) {
  const kept = node.properties?.[PROPERTY];
  return Array.isArray(kept?.texts) && kept.texts.length ? kept : null;
}

/** List what a run has made: `items` has one entry for each prompt, more than one where a list of prompts came in. */
function show(node, box, items) {
  const made = items?.[0];
  if (!made) return;
  const earlier = state(node);
  const place = made.used == null ? null : placeOf(made, made.used);
  const still = earlier?.chosen != null && earlier.seed === made.seed && placeOf(earlier, earlier.chosen) === place;
  const same = earlier && sameTexts(earlier.texts, made.texts);
  node.properties[PROPERTY] = {
    texts: made.texts,
    scores: made.scores ?? null,
    tokens: made.tokens ?? null, // of each, in words
    seed: made.seed,
    used: made.used,
    taste: made.taste ?? null, // how many picks the order follows
    places: made.places ?? null, // of each, in the order in which they were made
    stars: same ? earlier.stars : [],
    ...(still && same ? inOrderOf(earlier) : {}),
    aim: made.aim ?? "", // the image model, and what it wants
    notes: made.notes ?? [],
    raw_prompt: made.raw_prompt ?? null,
    target: made.target ?? "",
    entry: made.entry ?? null, // of the history
    chosen: still ? (same ? earlier.chosen : made.used) : null,
    before: still ? earlier.before : null,
    more: items.length - 1,
  };
  draw(node, box);
  if (made.notice) toast("warn", made.notice, node.title);
  node.setSize([node.size[0], Math.max(node.size[1], leastHeight(node))]);
  node.setDirtyCanvas?.(true, true);
  endStep(); // or the next Ctrl+Z would take the list back with what was done after the run
}

const sameTexts = (one, other) => JSON.stringify([...one].sort()) === JSON.stringify([...other].sort());

/** What a list shows in its order: a candidate that was clicked stays where it is, though the next run makes it k-th. */
function inOrderOf({ texts, scores, tokens, taste, places, stars, chosen }) {
  return { texts, scores, tokens, taste, places, stars, used: chosen };
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
  if (listed.taste) box.append(element("div", "aim taste", text("taste", { number: listed.taste })));
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
  const starred = Boolean(listed.stars?.includes(index));
  if (listed.raw_prompt != null) line.append(starButton(starred, (now) => star(node, box, index, now)));
  line.append(toolButton("pi-copy copy", text("copy"), () => copyText(prompt, line)));
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
  const button = toolButton("pi-pencil", text("edit"), () => {
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

async function star(node, box, index, starred) {
  const listed = state(node);
  await tellStar({ ...listed, prompts: listed.texts }, index, starred);
  const others = (listed.stars ?? []).filter((each) => each !== index);
  const place = box.scrollTop;
  node.properties[PROPERTY] = { ...listed, stars: starred ? [...others, index] : others };
  draw(node, box);
  box.scrollTop = place;
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
  const taste = widgetFor(node, "taste");
  const before = listed.before ?? { control: control?.value ?? null, taste: taste?.value ?? null };
  node.properties[PROPERTY] = { ...listed, chosen: index, before };
  set(control, "fixed");
  set(seed, listed.seed);
  // In the order in which they were made, which the seed gives on any computer, whatever is learnt meanwhile.
  if (listed.places) set(taste, "off");
  set(candidate, placeOf(listed, index) + 1);
  tellPick(listed, index, "click");
  draw(node, box);
  endStep();
  refresh(node); // last: for a moment the node has no seed
}

/** Back to the first candidate, and to new seeds if there were new ones before. */
function release(node, box) {
  const listed = state(node);
  endStep();
  if (listed.before?.control) set(controlOf(node), listed.before.control);
  if (listed.before?.taste) set(widgetFor(node, "taste"), listed.before.taste);
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
