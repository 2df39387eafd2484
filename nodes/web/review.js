// A run that waits for a choice: Beautify Prompt with review on "ask" lists its candidates, Pick Best shows pictures, and
// it goes on with the one that is clicked.

import { api } from "../../scripts/api.js";
import { nodeById } from "./graph.js";
import { showPictures } from "./pictures.js";
import { post } from "./server.js";
import { text, toast } from "./strings.js";
import { tellPick } from "./taste.js";

const RETRY = 1000; // milliseconds until a node is looked for again: its workflow may not be the one that is open

const asks = new Map(); // by token: {token, node, header, timer} of a list, {token, panel} of pictures
const listeners = new WeakMap(); // by node: what is called with what to list, or with nothing when the run goes on

/** Have a node's list told when a run waits for it, and when it does no more. */
export function onAsk(node, tell) {
  listeners.set(node, tell);
}

/** The question that waits on a node, or null. */
export function askOf(node) {
  return [...asks.values()].find((each) => each.node === node) ?? null;
}

export function startReviews() {
  api.addEventListener("prompt_beautifier.review", ({ detail }) => begin(detail));
  api.addEventListener("prompt_beautifier.reviewed", ({ detail }) => end(detail.token));
  askAgain();
}

/** What waited for this page before it was loaded anew. */
async function askAgain() {
  const page = api.clientId ?? api.initialClientId;
  if (!page) return;
  const { asks: waiting } = await post("review", { page }).catch(() => ({ asks: [] }));
  waiting.filter(({ token }) => !asks.has(token)).forEach(begin);
}

function begin({ token, node: id, seconds, listed }) {
  const ask = { token, node: null };
  asks.set(token, ask);
  if (listed.pictures) ask.panel = showPictures(listed, (choice) => decide(ask, { choice }));
  else list(ask, id, seconds, listed);
  post("review", { token, seen: true }).then(({ open }) => open || end(token), () => {});
  toast("info", text(listed.pictures ? "ask_picture" : "asks"), nodeById(id)?.title);
}

/** Have the candidates on the node, below a line that says what to do and for how long it waits. */
function list(ask, id, seconds, listed) {
  ask.header = document.createElement("div");
  ask.header.className = "ask";
  ask.header.role = "status";
  const ends = Date.now() + 1000 * seconds;
  const tick = () => {
    const left = Math.max(0, Math.ceil((ends - Date.now()) / 1000));
    ask.header.textContent = seconds ? text("ask_until", { seconds: left }) : text("ask");
    ask.node ??= place(ask, id, listed);
  };
  tick();
  ask.timer = setInterval(tick, RETRY);
}

/** Show the question on its node; null where the node is in no open workflow. */
function place(ask, id, listed) {
  const node = nodeById(id);
  if (!node || !listeners.has(node)) return null;
  ask.node = node;
  listeners.get(node)(listed);
  return node;
}

function end(token) {
  const ask = asks.get(token);
  if (!ask) return;
  asks.delete(token);
  clearInterval(ask.timer);
  ask.panel?.remove();
  if (ask.node) listeners.get(ask.node)?.(null);
}

/** Go on with a candidate; `words` where they were changed. */
export async function answer(node, choice, words) {
  const ask = askOf(node);
  if (!ask) return;
  const listed = node.properties?.prompt_beautifier;
  const changed = words && words !== listed?.texts?.[choice];
  if (!(await decide(ask, { choice, ...(changed ? { text: words } : {}) }))) return;
  if (listed) tellPick(listed, choice, changed ? "edit" : "review", changed ? words : undefined);
}

/** Tell the server what was chosen; whether it has heard it. */
async function decide(ask, choice) {
  try {
    await post("review", { token: ask.token, ...choice });
    end(ask.token);
    return true;
  } catch (error) {
    toast("error", error.message);
    return false;
  }
}
