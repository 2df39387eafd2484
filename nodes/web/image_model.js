// Which image model a text box is for: the server decides it by this page's graph, as it does for a graph that runs.

import { app } from "../../scripts/app.js";
import { hostsOf } from "./graph.js";
import { post } from "./server.js";

const LONGEST = 300; // characters of a value that are sent: names of files are shorter, texts and pictures are not

/** What is found for the text of a node: {target, title, by, sure}; target is null where nothing is. */
export async function imageModelOf(node, value) {
  try {
    const { output } = await app.graphToPrompt();
    return await post("image_model", { graph: shortened(output), node: idInRun(node), text: value.slice(0, LONGEST) });
  } catch (error) {
    // A graph may hold what cannot be run, a recording that was not made for one: the text is beautified all the same.
    console.debug("Prompt Beautifier: no image model was found", error);
    return { target: null, title: "", by: "", sure: false };
  }
}

/** The id of a node in a graph that runs: in subgraphs with those of the nodes that stand for them, "57:3". */
function idInRun(node) {
  const [host] = hostsOf(node.graph);
  return host ? `${idInRun(host)}:${node.id}` : String(node.id);
}

function shortened(graph) {
  const cut = (value) => (typeof value === "string" ? value.slice(0, LONGEST) : value);
  const inputs = (node) => Object.fromEntries(Object.entries(node.inputs).map(([name, value]) => [name, cut(value)]));
  const nodes = Object.entries(graph).map(([id, node]) => [id, { class_type: node.class_type, inputs: inputs(node) }]);
  return Object.fromEntries(nodes);
}
