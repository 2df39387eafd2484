// The settings page of this pack: what new nodes start with, and how "Beautify text" works.

import { app } from "../../scripts/app.js";

const LOAD = "PromptBeautifierLoadBeautifier";
const BEAUTIFY = "PromptBeautifierBeautifyPrompt";
const MODEL = "PromptBeautifier.Model";
const CANDIDATES = "PromptBeautifier.Candidates";
const MODE = "PromptBeautifier.Mode";
const group = (name) => ["Prompt Beautifier", "What new nodes start with", name];

const models = ["embedded"]; // as the menu of Load Beautifier shows them

/** The name of a model in what a menu shows: the state of its download, which changes, is left out. */
const nameIn = (shown) => shown.replace(/ \([^()]*downloaded\)$/, "");

// locales/<language>/settings.json translates names and tooltips, main.json the category.
export const SETTINGS = [
  {
    id: MODEL,
    category: group("Model"),
    sortOrder: 3,
    name: "Model of new Load Beautifier nodes",
    tooltip: "Published models are downloaded when a graph first runs with them.",
    type: "combo",
    options: () => models.map((shown) => ({ text: shown, value: nameIn(shown) })),
    defaultValue: "embedded",
  },
  {
    id: CANDIDATES,
    category: group("Candidates"),
    sortOrder: 2,
    name: "Number of candidates of new Beautify Prompt nodes",
    tooltip: "How many prompts a new node makes; it can be changed on each node.",
    type: "slider",
    attrs: { min: 1, max: 64, step: 1 },
    defaultValue: 5,
  },
  {
    id: MODE,
    category: group("Mode"),
    sortOrder: 1,
    name: "Mode of new Beautify Prompt nodes and of Beautify text",
    tooltip: "rewrite: the model's text replaces your words. append: your words stay and details follow them.",
    type: "combo",
    options: ["rewrite", "append"],
    defaultValue: "rewrite",
  },
];

const value = (id) => app.extensionManager.setting.get(id);

export const mode = () => value(MODE) ?? "rewrite";

/** Remember which models the menu of Load Beautifier offers, for the settings page to offer the same. */
export function noteModels(nodeData) {
  if (nodeData.name !== LOAD) return;
  const [kind, options] = nodeData.input?.required?.model ?? [];
  models.splice(0, models.length, ...(Array.isArray(kind) ? kind : (options?.options ?? ["embedded"])));
}

/** Give a new node the user's own defaults. A node of a saved graph gets its own values right afterwards. */
export function startWithSettings(node) {
  const wanted = {
    [LOAD]: { model: value(MODEL) },
    [BEAUTIFY]: { num_candidates: value(CANDIDATES), mode: value(MODE) },
  }[node.comfyClass];
  for (const [name, chosen] of Object.entries(wanted ?? {})) {
    const widget = node.widgets?.find((each) => each.name === name);
    if (!widget || chosen == null) continue;
    const options = widget.options?.values;
    if (!Array.isArray(options)) widget.value = chosen;
    else widget.value = options.find((shown) => nameIn(shown) === nameIn(chosen)) ?? widget.value; // else it is gone
  }
}
