// What went wrong in a node of the pack, in its own words: ComfyUI's notice says only that a node failed.

import { api } from "../../scripts/api.js";
import { app } from "../../scripts/app.js";
import { toast } from "./strings.js";

const OURS = /^PromptBeautifier/;
const LOOK = 100; // milliseconds between two looks at whether a run was refused
const LONGEST = 60_000; // that a server takes to say so

/** Show the sentence of each error of the pack's nodes: of a run, and of inputs that were refused before it. */
export function tellErrors() {
  api.addEventListener("execution_error", ({ detail }) => {
    if (OURS.test(detail?.node_type)) tell(detail.node_type, detail.exception_message);
  });
  api.addEventListener("promptQueueing", watch);
  api.addEventListener("promptQueued", tellRefused); // part of a graph can be refused
}

let looksUntil = 0;

/** Look for refused inputs from the request for a run until its answer: ComfyUI has no event for them. */
function watch() {
  const looks = looksUntil > Date.now();
  looksUntil = Date.now() + LONGEST;
  if (!looks) look();
}

function look() {
  setTimeout(() => {
    tellRefused();
    if (looksUntil > Date.now()) look();
  }, LOOK);
}

const seen = new WeakSet();

function tellRefused(event) {
  const nodes = app.lastNodeErrors;
  const news = nodes && !seen.has(nodes);
  if (news || event) looksUntil = 0; // answered
  if (!news) return;
  seen.add(nodes);
  for (const { class_type, errors } of Object.values(nodes)) {
    if (OURS.test(class_type)) errors.forEach((error) => tell(class_type, refusal(error)));
  }
}

/** What an input was refused for: what the pack says of it, or what ComfyUI says. */
function refusal({ type, message, details }) {
  if (type === "custom_validation_failed") return details.replace(/^\w+ - /, "");
  return details ? `${message}: ${details}` : message;
}

function tell(type, message) {
  const title = globalThis.LiteGraph?.registered_node_types[type]?.title;
  toast("error", String(message).trim(), title);
}
