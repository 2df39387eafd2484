// Every text the page shows that ComfyUI's own locales/ files cannot carry, by language. A test compares the keys.

import { app } from "../../scripts/app.js";

export const STRINGS = {
  en: {
    candidates: "Candidates",
    none_yet: "After a run the candidates are listed here. Click one to use it in the next run.",
    choose: "Use this candidate in the next run",
    release: "In use. Click to go back to the first candidate and new seeds",
    inputs_linked: "The seed or the candidate of this node comes from another node: choose it there",
    more: "And {number} more prompts of the list that came in: the overview shows their candidates",
    ask: "Choose one: click it, or press its number. The pencil changes its words.",
    ask_until: "Choose one: click it, or press its number. In {seconds} s the run goes on by itself.",
    asks: "The run waits for your choice in the list",
    edit: "Change the words, then press Enter",
    copy: "Copy",
    copied: "Copied",
    copy_failed: "The browser did not allow copying",
    score: "Score of the reward model",
    beautify: "Beautify text",
    beautify_widget: "Beautify text: {name}",
    failed: "The text was not beautified",
    no_text: "Select a node with a text box, or click into one, and try again",
    empty_text: "There is nothing to beautify: type a few words first",
    changed_meanwhile: "The text was changed meanwhile, so it was left as it is",
    linked: "The text of this box comes from another node",
    no_server: "The server did not answer. Is ComfyUI still running?",
    for_model: "Written for {title} ({by})",
    for_usual: "The image model was not recognised: written as for {title}. Name it in Settings → Prompt Beautifier.",
    for_none: "No image model was found for this text. Name one in Settings → Prompt Beautifier.",
  },
  zh: {
    candidates: "候选提示词",
    none_yet: "运行之后，候选提示词会列在这里。点击其中一条，下次运行就使用它。",
    choose: "下次运行使用这一条",
    release: "正在使用。再次点击则恢复为第一条候选和新的种子",
    inputs_linked: "这个节点的种子或候选序号来自另一个节点：请在那里选择",
    more: "传入的列表中还有 {number} 条提示词：它们的候选见“候选一览”输出",
    ask: "请选择：点击一条，或按它的数字键。点铅笔可以改写。",
    ask_until: "请选择：点击一条，或按它的数字键。{seconds} 秒后会自动继续。",
    asks: "运行在等您从列表中选择",
    edit: "改写这一条，然后按回车",
    copy: "复制",
    copied: "已复制",
    copy_failed: "浏览器不允许复制",
    score: "奖励模型的评分",
    beautify: "美化文本",
    beautify_widget: "美化文本：{name}",
    failed: "文本没有被美化",
    no_text: "请先选中一个带文本框的节点，或点击文本框，然后再试",
    empty_text: "没有可以美化的内容：请先输入几个词",
    changed_meanwhile: "文本在此期间已被修改，因此保持原样",
    linked: "这个文本框的内容来自另一个节点",
    no_server: "服务器没有响应。ComfyUI 还在运行吗？",
    for_model: "已为 {title} 写成（{by}）",
    for_usual: "没有认出图像模型，暂按 {title} 写成。可在“设置 → 提示词美化”中指定。",
    for_none: "没有为这段文本找到图像模型。可在“设置 → 提示词美化”中指定。",
  },
};

/** The text of a key in the language chosen in ComfyUI's settings; English where there is no other. */
export function text(key, values = {}) {
  const locale = String(app.extensionManager?.setting?.get("Comfy.Locale") ?? "en");
  const table = STRINGS[locale.split("-")[0]] ?? STRINGS.en;
  return table[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** A notice in the corner of the page, with the name of a node or of the pack above it. */
export function toast(severity, detail, summary = "Prompt Beautifier") {
  const life = severity === "error" ? 15000 : 4000; // errors say what to do
  app.extensionManager.toast.add({ severity, summary, detail, life });
}
