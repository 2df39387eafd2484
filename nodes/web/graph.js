// What the parts of this pack ask of ComfyUI's graph: its undo history, its nodes and its links.

import { app } from "../../scripts/app.js";

/** What has changed up to now becomes a step that Ctrl+Z takes back by itself. */
export function endStep() {
  const tracker = app.extensionManager.workflow?.activeWorkflow?.changeTracker;
  if (tracker?.captureCanvasState) tracker.captureCanvasState();
  else tracker?.checkState?.(); // its name in older frontends
}

/** The node with an id of a run, which names the subgraphs it is in: "12:3"., or null. */
export function nodeById(id) {
  let graph = app.rootGraph ?? app.graph?.rootGraph ?? app.graph;
  let node = null;
  for (const part of String(id).split(":")) {
    node = graph?.getNodeById(part) ?? graph?.getNodeById(Number(part));
    graph = node?.subgraph;
  }
  return node;
}

/** Whether a link brings an input of a node, so that what its widget holds is not used. */
export function isLinked(node, name) {
  return slotOf(node, name) >= 0 && node.isInputConnected(slotOf(node, name));
}

/** The widget an input has its value from: its own, or that of the subgraph node which has it outside; else null. */
export function widgetFor(node, name) {
  if (!isLinked(node, name)) return node.widgets?.find((widget) => widget.name === name) ?? null;
  const link = node.getInputLink(slotOf(node, name));
  const outside = Number(link?.origin_id) === SUBGRAPH_INPUTS ? node.graph.inputs?.[link.origin_slot] : null;
  const hosts = hostsOf(node.graph);
  return outside && hosts.length === 1 ? widgetFor(hosts[0], outside.name) : null;
}

/** The nodes that stand for a subgraph; none of the root. */
export function hostsOf(graph) {
  const root = graph.rootGraph ?? graph;
  const graphs = [root, ...(root.subgraphs?.values() ?? [])];
  return graphs.flatMap((each) => each.nodes).filter((node) => node.subgraph === graph);
}

const SUBGRAPH_INPUTS = -10; // the id of the node inside a subgraph that its inputs come from

const slotOf = (node, name) => (node.inputs ?? []).findIndex((input) => input.widget?.name === name);

/** Run `action` behind a handler of one node or widget: its callback, or another by name. */
export function onChange(owner, action, name = "callback") {
  const before = owner[name];
  owner[name] = function (...values) {
    const result = before?.apply(this, values);
    action(...values);
    return result;
  };
}

const BELOW = 10; // of a text box that comes last: ComfyUI lets it reach over the node's edge

/** The least height in which a node holds all that it shows. */
export const leastHeight = (node) => node.computeSize()[1] + BELOW;

/** Have a node that takes another's place know that it is in the graph: ComfyUI tells those alone that are added, and
 * text boxes and lists show only then. */
export function knowsItsPlace(node) {
  let told = false;
  onChange(node, () => (told = true), "onAdded");
  setTimeout(() => {
    if (told || !node.graph) return;
    node.onAdded(node.graph);
    node.setSize([Math.max(node.size[0], node.computeSize()[0]), Math.max(node.size[1], leastHeight(node))]);
  });
}
