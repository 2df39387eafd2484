// A graph of the pack that opens as a form (app mode) opens as a graph where the frontend has no forms yet.

const FIRST = 49; // of 1.49; frontends before it have a view of such graphs in which one thing lies over another

/** Have a graph that is about to open not open in that view. */
export function withoutEarlyForm(graph) {
  const [, minor] = /^1\.(\d+)\./.exec(globalThis.__COMFYUI_FRONTEND_VERSION__ ?? "") ?? [];
  const ours = graph?.nodes?.some((node) => node.type?.startsWith("PromptBeautifier"));
  if (minor && Number(minor) < FIRST && ours && graph.extra?.linearMode) graph.extra.linearMode = false;
}
