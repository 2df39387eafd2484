// What went wrong in a node of the pack, in its own words: ComfyUI's notice says only that a node failed.

import { api } from "../../scripts/api.js";
import { toast } from "./strings.js";

const OURS = /^PromptBeautifier/;

/** Show the sentence of each error of the pack's nodes: of a run, and of inputs that were refused before it. */
export function tellErrors() {
  api.addEventListener("execution_error", ({ detail }) => {
    if (OURS.test(detail?.node_type)) tell(detail.node_type, detail.exception_message);
  });
  // ComfyUI has no event for refused inputs: they are in the answer to the request that would have queued the run.
  const queue = api.queuePrompt;
  api.queuePrompt = async function (...values) {
    try {
      const answer = await queue.apply(this, values);
      tellRefused(answer?.node_errors);
      return answer;
    } catch (error) {
      tellRefused(error?.response?.node_errors);
      throw error;
    }
  };
}

function tellRefused(nodes) {
  for (const { class_type, errors } of Object.values(nodes ?? {})) {
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
