// Pictures to choose from, over the page: Pick Best with choose on "by hand" waits until one of them is clicked.

import { api } from "../../scripts/api.js";
import { element, styleElement } from "./elements.js";
import { text, toast } from "./strings.js";

/** Show pictures, with their scores, until one is clicked; `choose` is called with its index. The one who calls removes
 * the element that comes back. */
export function showPictures({ pictures, scores }, choose) {
  const panel = element("dialog", "prompt-beautifier-pictures");
  const grid = element("div", "grid");
  pictures.forEach((file, index) => grid.append(picture(file, index, scores?.[index], choose)));
  panel.append(styleElement(), element("div", "ask", text("ask_picture")), grid, cancelButton());
  panel.addEventListener("keydown", (event) => {
    event.stopPropagation(); // ComfyUI's own keys
    const index = Number.parseInt(event.key, 10) - 1;
    if (index >= 0 && index < pictures.length) choose(index);
  });
  document.documentElement.append(panel);
  panel.show(); // beside the graph, which can be looked at meanwhile; it focuses the first picture
  return panel;
}

function picture(file, index, score, choose) {
  const button = element("button", "picture");
  button.type = "button";
  const image = element("img", "");
  image.src = api.apiURL(`/view?${new URLSearchParams(file)}`);
  image.alt = text("picture", { number: index + 1 });
  const told = Number.isFinite(score) ? `${index + 1} · ${score.toFixed(3)}` : String(index + 1);
  button.append(image, element("span", "", told));
  button.addEventListener("click", () => choose(index));
  return button;
}

function cancelButton() {
  const button = element("button", "plain", text("cancel_run"));
  button.type = "button";
  button.addEventListener("click", () => {
    api.fetchApi("/interrupt", { method: "POST" }).catch(() => toast("error", text("no_server")));
  });
  return button;
}
