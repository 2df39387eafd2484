// What the parts of this pack ask of ComfyUI's graph: its undo history and its links.

import { app } from "../../scripts/app.js";

/** What has changed up to now becomes a step that Ctrl+Z takes back by itself. */
export function endStep() {
  const tracker = app.extensionManager.workflow?.activeWorkflow?.changeTracker;
  if (tracker?.captureCanvasState) tracker.captureCanvasState();
  else tracker?.checkState?.(); // its name in older frontends
}

/** Whether a link brings an input of a node, so that what its widget holds is not used. */
export function isLinked(node, name) {
  const slot = (node.inputs ?? []).findIndex((input) => input.widget?.name === name);
  return slot >= 0 && node.isInputConnected(slot);
}
