// What this pack adds to ComfyUI's page: the list of candidates on Beautify Prompt, "Beautify text" on every text box,
// a panel with the history, and a page of settings.

import { app } from "../../scripts/app.js";
import { beautifyCurrent, beautifyWidget, textWidgets } from "./anywhere.js";
import { addCandidateList } from "./candidates.js";
import { withoutEarlyForm } from "./form.js";
import { knowsItsPlace } from "./graph.js";
import { addHistoryPanel, openHistory } from "./history.js";
import { showInputsInUse } from "./inputs.js";
import { tellErrors } from "./messages.js";
import { startReviews } from "./review.js";
import { noteModels, SETTINGS, startWithSettings } from "./settings.js";
import { text } from "./strings.js";
import { startWords } from "./words.js";

const BEAUTIFY = "PromptBeautifierBeautifyPrompt";
const PACK = "PromptBeautifier";
const COMMAND = "PromptBeautifier.BeautifyText";
const MAC = navigator.platform.startsWith("Mac");

app.registerExtension({
  name: "promptbeautifier.page",
  settings: SETTINGS,
  commands: [{ id: COMMAND, label: "Beautify text", icon: "pi pi-sparkles", function: beautifyCurrent }],
  // On a Mac, Alt (Option) makes another character of b.
  keybindings: (MAC ? ["b", "∫"] : ["b"]).map((key) => ({ commandId: COMMAND, combo: { key, alt: true } })),

  setup() {
    tellErrors();
    startReviews();
    startWords();
    addHistoryPanel();
  },

  beforeRegisterNodeDef(_, nodeData) {
    noteModels(nodeData);
  },

  beforeConfigureGraph(graph) {
    withoutEarlyForm(graph);
  },

  nodeCreated(node) {
    if (node.comfyClass === BEAUTIFY) addCandidateList(node);
    startWithSettings(node);
    showInputsInUse(node);
    if (node.comfyClass?.startsWith(PACK)) knowsItsPlace(node);
  },

  getSelectionToolboxCommands(item) {
    return textWidgets(item).length ? [COMMAND] : [];
  },

  getNodeMenuItems(node) {
    const widgets = textWidgets(node);
    const entries = widgets.map((widget) => ({
      content: widgets.length > 1 ? text("beautify_widget", { name: widget.label ?? widget.name }) : text("beautify"),
      callback: () => {
        beautifyWidget(node, widget);
      },
    }));
    if (node.comfyClass === BEAUTIFY) entries.push({ content: text("history"), callback: openHistory });
    return entries.length ? [null, ...entries] : []; // null is a line
  },
});
