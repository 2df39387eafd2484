// What is being written: the words of each candidate so far, on the list of the Beautify Prompt node that runs.

import { api } from "../../scripts/api.js";
import { nodeById } from "./graph.js";

const listeners = new WeakMap(); // by node: what is called with the texts so far, or with nothing once the run is over
const written = new Map(); // by id of the run: texts by candidate

/** Have a node's list told what is being written, and when a run ends without a result. */
export function onWords(node, tell) {
  listeners.set(node, tell);
}

export function startWords() {
  api.addEventListener("prompt_beautifier.words", ({ detail }) => hear(detail));
  api.addEventListener("executed", ({ detail }) => written.delete(String(detail?.node)));
  for (const end of ["execution_error", "execution_interrupted"]) api.addEventListener(end, forget);
}

function hear({ node: id, candidate, text }) {
  const texts = written.get(String(id)) ?? [];
  texts[candidate] = text;
  written.set(String(id), texts);
  listeners.get(nodeById(id))?.(texts);
}

/** The lists go back to what they had: nothing has come of what was being written. */
function forget() {
  for (const id of written.keys()) listeners.get(nodeById(id))?.(null);
  written.clear();
}
