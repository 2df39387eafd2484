// What a person chooses is told to the server, which learns from it: a click, changed words, a star.

import { toolButton } from "./elements.js";
import { post } from "./server.js";
import { text } from "./strings.js";

/** The candidates of a list in the order in which they were made: the place of each. */
export const placeOf = (listed, index) => listed.places?.[index] ?? index;

/** Tell which candidate was chosen, in its own words or in `words`. Whether it is kept is nothing to wait for. */
export function tellPick(listed, index, how, words) {
  const chosen = words ?? listed.texts[index];
  const others = listed.texts.filter((each) => each !== chosen);
  if (listed.raw_prompt == null || !others.length) return;
  const { raw_prompt, target } = listed;
  post("pick", { raw_prompt, target: target ?? "", how, chosen, others }).catch((error) => console.info(error.message));
}

/** Give a candidate a star, or take it away; `made` is {raw_prompt, target, prompts, entry}, the last its number in the
 * history, or null. Throws an Error with a message for the user. */
export async function tellStar({ raw_prompt, target, prompts, entry }, index, starred) {
  const star = { raw_prompt: raw_prompt ?? "", target: target ?? "", prompts, index, starred };
  try {
    await post("star", { ...star, entry: entry ?? null });
  } catch (error) {
    if (entry == null) throw error;
    await post("star", { ...star, entry: null }); // the history has forgotten it
  }
}

/** A button with a star, filled where there is one; `change` is called with whether there shall be one. */
export function starButton(starred, change) {
  const icon = starred ? "pi-star-fill" : "pi-star";
  const button = toolButton(icon, text(starred ? "unstar" : "star"), () => change(!starred));
  button.ariaPressed = String(starred);
  return button;
}
