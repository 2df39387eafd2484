// The row of the settings page that says what was learnt of a person, exports it and empties it.

import { element } from "./elements.js";
import { post } from "./server.js";
import { text, toast } from "./strings.js";

const FILE = "prompt_beautifier_picks.jsonl";

/** The element of the row: how many picks there are, and two buttons. */
export function keptButtons() {
  const row = element("div", "");
  const state = element("span", "", "…");
  row.style.cssText = "display: flex; gap: 8px; align-items: center; justify-content: flex-end; flex-wrap: wrap";
  const show = ({ picks, needed }) => (state.textContent = text("taste_state", { number: picks, needed }));
  const ask = async (what) => {
    try {
      return await post("taste", what);
    } catch (error) {
      toast("error", error.message);
      return null;
    }
  };
  let sure = false;
  const empty = button(text("taste_empty"), async () => {
    sure = !sure;
    empty.textContent = text(sure ? "taste_empty_sure" : "taste_empty");
    if (sure) return;
    const left = await ask({ empty: true });
    if (left) show(left);
  });
  const save = button(text("taste_export"), async () => {
    const rows = await ask({ rows: true });
    if (rows) download(rows.text);
  });
  row.append(state, save, empty);
  ask({}).then((found) => found && show(found));
  return row;
}

function button(label, action) {
  const made = element("button", "p-button p-component p-button-secondary p-button-sm", label);
  made.type = "button";
  made.addEventListener("click", action);
  return made;
}

function download(words) {
  const link = element("a", "");
  link.href = URL.createObjectURL(new Blob([words], { type: "application/jsonl" }));
  link.download = FILE;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
