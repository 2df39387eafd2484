// The history: what was beautified, in a panel at the side of the page, searched, with stars.

import { app } from "../../scripts/app.js";
import { putText } from "./anywhere.js";
import { copyText, element, styleElement, sureButton, toolButton } from "./elements.js";
import { post } from "./server.js";
import { text } from "./strings.js";
import { starButton, tellStar } from "./taste.js";

const TAB = "prompt-beautifier-history";
const forgotten = new Set(); // numbers of entries: an answer that was under way may still have one
const TYPING = 250; // milliseconds without a key after which the words are looked for

/** Have the page offer the panel. */
export function addHistoryPanel() {
  app.extensionManager.registerSidebarTab({
    id: TAB,
    icon: "pi pi-sparkles",
    title: text("history"),
    tooltip: text("history_tooltip"),
    type: "custom",
    render: draw,
  });
}

/** Open the panel; where it is open, it is closed, as by its icon. */
export function openHistory() {
  app.extensionManager.command.execute(`Workspace.ToggleSidebarTab.${TAB}`);
}

function draw(panel) {
  const frame = element("div", "prompt-beautifier-history");
  const words = element("input", "words");
  words.type = "search";
  words.placeholder = words.ariaLabel = text("history_search");
  const stars = element("input", "");
  stars.type = "checkbox";
  const only = element("label", "only");
  only.append(stars, text("history_starred"));
  const list = element("div", "entries");
  list.role = "list";
  const seek = () => fill(list, { words: words.value, starred: stars.checked });
  let timer;
  words.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(seek, TYPING);
  });
  words.addEventListener("keydown", (event) => event.stopPropagation()); // ComfyUI's own keys
  stars.addEventListener("change", seek);
  const clear = sureButton("plain", text("history_clear"), text("history_clear_sure"), async () => {
    await post("forget", { all: true });
    seek();
  });
  frame.append(styleElement(), element("h3", "", text("history")), words, only, list, clear);
  panel.replaceChildren(frame);
  seek();
}

/** List what is found, from `skip` on; what was listed before stays where there is any of it to skip. */
async function fill(list, asked, skip = 0) {
  const asks = (list.dataset.asks = String(Number(list.dataset.asks ?? 0) + 1));
  let found;
  try {
    found = await post("history", { ...asked, skip });
  } catch (error) {
    return list.replaceChildren(element("div", "note", error.message));
  }
  if (list.dataset.asks !== asks) return; // other words were typed meanwhile
  if (!skip) list.replaceChildren();
  const there = found.entries.filter(({ number }) => !forgotten.has(number));
  there.forEach((entry) => list.append(entryOf(entry)));
  if (!list.children.length) list.append(element("div", "note", text(asked.words ? "history_none" : "history_empty")));
  if (!found.more) return;
  const more = element("button", "plain", text("history_more"));
  more.addEventListener("click", () => {
    more.remove();
    fill(list, asked, skip + found.entries.length);
  });
  list.append(more);
}

function entryOf(entry) {
  const box = element("div", "entry");
  box.role = "listitem";
  const head = element("div", "head");
  const forget = toolButton("pi-times", text("history_forget"), async () => {
    await post("forget", { entry: entry.number });
    forgotten.add(entry.number);
    const list = box.parentElement;
    box.remove();
    if (!list.children.length) list.append(element("div", "note", text("history_empty")));
  });
  head.append(element("div", "raw", entry.raw_prompt), ...tools(entry.raw_prompt), forget);
  const when = new Date(1000 * entry.at).toLocaleString();
  box.append(head, element("div", "note", [when, entry.target, entry.model].filter(Boolean).join(" · ")));
  entry.prompts.forEach((prompt, index) => box.append(candidate(entry, prompt, index)));
  return box;
}

function candidate(entry, prompt, index) {
  const line = element("div", "candidate");
  const starred = entry.stars.includes(index);
  const star = starButton(starred, async (now) => {
    await tellStar({ ...entry, entry: entry.number }, index, now);
    entry.stars = now ? [...entry.stars, index] : entry.stars.filter((each) => each !== index);
    line.replaceWith(candidate(entry, prompt, index));
  });
  line.append(element("div", "words", prompt), star, ...tools(prompt));
  return line;
}

/** What can be done with any text of the history. */
function tools(words) {
  return [
    toolButton("pi-arrow-right", text("history_put"), () => putText(words)),
    toolButton("pi-copy", text("copy"), (button) => copyText(words, button.parentElement)),
  ];
}
