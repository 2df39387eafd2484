// What the page asks of the pack's own routes on ComfyUI's server.

import { api } from "../../scripts/api.js";
import { text } from "./strings.js";

/** The JSON that a route answers a POST with. Throws an Error with a message for the user. */
export async function post(route, body) {
  let response;
  try {
    response = await api.fetchApi(`/prompt_beautifier/${route}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error(text("no_server"));
  }
  const reply = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(reply.error ?? `HTTP ${response.status}`);
  return reply;
}
