// The row of the settings page that says what was learnt of a person, exports it and empties it.

import { element, sureButton } from "./elements.js";
import { post } from "./server.js";
import { text, toast } from "./strings.js";

const FILE = "prompt_beautifier_picks.jsonl";

const LOOK = "p-button p-component p-button-secondary p-button-sm"; // of ComfyUI's own buttons

/** The element of the row: how many picks there are, and two buttons. */
export function tasteRow() {
  const row = element("div", "");
  const state = element("span", "", "…");
  row.style.cssText = "display: flex; gap: 8px; align-items: center; justify-content: flex-end; flex-wrap: wrap";
  const show = ({ picks, needed }) => (state.textContent = text("taste_state", { number: picks, needed }));
  const tell = (error) => toast("error", error.message);
  const save = element("button", LOOK, text("taste_export"));
  save.type = "button";
  save.addEventListener("click", () => post("taste", { rows: true }).then((rows) => download(rows.text), tell));
  const empty = sureButton(LOOK, text("taste_empty"), text("taste_empty_sure"), async () => {
    show(await post("taste", { empty: true }));
  });
  row.append(state, save, empty);
  post("taste", {}).then(show, tell);
  return row;
}

function download(words) {
  const link = element("a", "");
  link.href = URL.createObjectURL(new Blob([words], { type: "application/jsonl" }));
  link.download = FILE;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
