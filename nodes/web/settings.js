// The settings page of this pack: what new nodes start with, and how "Beautify text" works.

import { app } from "../../scripts/app.js";
import { tasteRow } from "./taste_row.js";

const LOAD = "PromptBeautifierLoadBeautifier";
const BEAUTIFY = "PromptBeautifierBeautifyPrompt";
const MODEL = "PromptBeautifier.Model";
const CANDIDATES = "PromptBeautifier.Candidates";
const MODE = "PromptBeautifier.Mode";
const IMAGE_MODEL = "PromptBeautifier.ImageModel";
const STYLE = "PromptBeautifier.Style";
const KEEP = "PromptBeautifier.Keep";
const AVOID = "PromptBeautifier.Avoid";
const TASTE = "PromptBeautifier.Taste";
const HISTORY = "PromptBeautifier.History";
const KEPT = "PromptBeautifier.Kept";
const group = (name) => ["Prompt Beautifier", "What new nodes start with", name];
const known = (name) => ["Prompt Beautifier", "What it knows of you", name];

const models = ["embedded"]; // as the menu of Load Beautifier shows them
const imageModels = ["auto"]; // as the menu of Beautify Prompt shows them

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
  {
    id: IMAGE_MODEL,
    category: group("Image model"),
    sortOrder: 0,
    name: "Image model of new Beautify Prompt nodes and of Beautify text",
    tooltip: "auto: the one that the graph loads. Name one where your graphs do not say it.",
    type: "combo",
    options: () => imageModels.map((name) => ({ text: name, value: name })),
    defaultValue: "auto",
  },
  {
    id: STYLE,
    category: group("Style"),
    sortOrder: -1,
    name: "Style of new Beautify Prompt nodes and of Beautify text",
    tooltip: "auto: what the image model reads. phrases, sentences, tags: always this.",
    type: "combo",
    options: ["auto", "phrases", "sentences", "tags"],
    defaultValue: "auto",
  },
  {
    id: KEEP,
    category: group("Keep"),
    sortOrder: -2,
    name: "Words that every prompt must have",
    tooltip: "Trigger words and names, with commas between them: every prompt has them letter for letter.",
    type: "text",
    defaultValue: "",
  },
  {
    id: AVOID,
    category: group("Avoid"),
    sortOrder: -3,
    name: "Words that no prompt may have",
    tooltip: "Words and phrases, with commas between them, that are never added. What you type yourself stays.",
    type: "text",
    defaultValue: "",
  },
  {
    id: TASTE,
    category: known("Taste"),
    sortOrder: -4,
    name: "Learn which candidates you like",
    tooltip: "What you click, change and star is kept on this computer, and ranks the candidates from ten picks on.",
    type: "boolean",
    defaultValue: true,
  },
  {
    id: HISTORY,
    category: known("History"),
    sortOrder: -5,
    name: "Keep a history of what was beautified",
    tooltip: "It is kept on this computer, in ComfyUI's user folder, and shown in the panel with the sparkles.",
    type: "boolean",
    defaultValue: true,
  },
  {
    id: KEPT,
    category: known("Kept"),
    sortOrder: -6,
    name: "What was learnt",
    tooltip: "Export writes your picks as rows to train a model on. Empty forgets them all.",
    type: tasteRow,
    defaultValue: "",
  },
];

const value = (id) => app.extensionManager.setting.get(id);

/** What is asked for a node's text besides its words: by the settings, and on Beautify Prompt by the node. `target` is
 * null where the image model is to be found. */
export function wanted(node) {
  const widgets = node.comfyClass === BEAUTIFY ? node.widgets : [];
  const own = (name) => widgets.find((widget) => widget.name === name)?.value;
  const words = (name, id) => [own(name), value(id)].filter(Boolean).join(", ");
  const model = own("image_model") ?? value(IMAGE_MODEL) ?? "auto";
  return {
    mode: own("mode") ?? value(MODE),
    target: model === "auto" ? null : model === "none" ? "" : model,
    style: own("style") ?? value(STYLE),
    keep: words("keep", KEEP),
    avoid: words("avoid", AVOID),
    strength: own("strength"),
    length: own("length"),
  };
}

/** Remember what the menus of the pack's nodes offer, for the settings page to offer the same. */
export function noteModels(nodeData) {
  if (nodeData.name === LOAD) note(models, nodeData.input?.required?.model, ["embedded"]);
  if (nodeData.name === BEAUTIFY) note(imageModels, nodeData.input?.optional?.image_model, ["auto"]);
}

function note(list, input, otherwise) {
  const [kind, options] = input ?? [];
  list.splice(0, list.length, ...(Array.isArray(kind) ? kind : (options?.options ?? otherwise)));
}

/** Give a new node the user's own defaults. A node of a saved graph gets its own values right afterwards. */
export function startWithSettings(node) {
  const wanted = {
    [LOAD]: { model: value(MODEL) },
    [BEAUTIFY]: {
      num_candidates: value(CANDIDATES),
      mode: value(MODE),
      image_model: value(IMAGE_MODEL),
      style: value(STYLE),
    },
  }[node.comfyClass];
  for (const [name, chosen] of Object.entries(wanted ?? {})) {
    const widget = node.widgets?.find((each) => each.name === name);
    if (!widget || chosen == null) continue;
    const options = widget.options?.values;
    if (!Array.isArray(options)) widget.value = chosen;
    else widget.value = options.find((shown) => nameIn(shown) === nameIn(chosen)) ?? widget.value; // else it is gone
  }
}
