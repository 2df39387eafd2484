// Elements of the page that the pack's lists and panels are made of.

import { text, toast } from "./strings.js";

// Each list brings its style along: the page itself is left as it is.
const style = fetch(new URL("./prompt_beautifier.css", import.meta.url)).then((file) => (file.ok ? file.text() : ""));

export function styleElement() {
  const made = element("style", "");
  style.then((rules) => (made.textContent = rules));
  return made;
}

export function element(tag, name, content = "") {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = content;
  return made;
}

/** A small button with an icon, as rows have them behind their words. What `action` throws is told. */
export function toolButton(icon, title, action) {
  const made = element("button", `tool pi ${icon}`);
  made.type = "button";
  made.title = made.ariaLabel = title;
  made.addEventListener("click", async (event) => {
    event.stopPropagation(); // a click on the row chooses
    try {
      await action(made);
    } catch (error) {
      toast("error", error.message);
    }
  });
  return made;
}

/** A button for what cannot be taken back: its first click asks, the second does it. */
export function sureButton(name, label, question, action) {
  const made = element("button", name, label);
  made.type = "button";
  const ask = (asks) => (made.textContent = asks ? question : label);
  made.addEventListener("blur", () => ask(false)); // something else was clicked
  made.addEventListener("click", async () => {
    if (made.textContent !== question) return ask(true);
    ask(false);
    try {
      await action();
    } catch (error) {
      toast("error", error.message);
    }
  });
  return made;
}

/** Copy a text to the clipboard; `place` is an element of the page where a box can be for a moment. */
export async function copyText(words, place) {
  try {
    await navigator.clipboard.writeText(words);
  } catch {
    // Pages that do not come by https or from this computer have no clipboard of their own.
    const area = document.createElement("textarea");
    area.value = words;
    place.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) return toast("warn", text("copy_failed"));
  }
  toast("success", text("copied"));
}
