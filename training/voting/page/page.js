// Shows one pair after the other and sends the votes. All texts are set as text: a prompt is never read as HTML.
"use strict";

const TEXTS = {
  en: {
    title: "Which picture is better?",
    question: "Which picture is the better one for this prompt?",
    left: "Left", right: "Right", upper: "Upper", lower: "Lower", tie: "Equal",
    undo: "Take back", someoneElse: "New voter",
    end: "That was the last pair. Thank you!",
    failed: "The server does not answer.",
    picture: "A picture could not be loaded.",
    again: "Try again",
    alone: "The next votes count as somebody else's. Go on?",
    leftPicture: "left picture", rightPicture: "right picture",
  },
  zh: {
    title: "哪张图更好？",
    question: "对于这段提示词，哪张图更好？",
    left: "左图", right: "右图", upper: "上图", lower: "下图", tie: "不相上下",
    undo: "撤回上一票", someoneElse: "换人投票",
    end: "已是最后一组，谢谢参与！",
    failed: "服务器没有响应。",
    picture: "有图片无法加载。",
    again: "重试",
    alone: "接下来的投票将算作另一个人的。继续吗？",
    leftPicture: "左边的图片", rightPicture: "右边的图片",
  },
};
const KEYS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "tie", " ": "tie" };
const CHOICES = ["left", "tie", "right"];

const texts = TEXTS[document.documentElement.lang] ?? TEXTS.en;
const byId = (id) => document.getElementById(id);
const pictures = { left: byId("left-picture"), right: byId("right-picture") };
let shown = null; // what the server said of the pair on the screen
let busy = true; // nothing is taken for a vote before both pictures are seen, nor twice

async function ask(path, content) {
  const options = content && {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(content),
  };
  const response = await fetch(path, { cache: "no-store", ...options });
  if (response.status === 409) return ask("pair"); // voted in another tab: on with what is next
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

async function show(answer) {
  shown = answer;
  byId("bar").max = answer.total;
  byId("bar").value = answer.done;
  byId("count").textContent = `${answer.done} / ${answer.total}`;
  byId("prompt").textContent = answer.raw_prompt ?? "";
  byId("question").hidden = !answer.pair;
  byId("choice").hidden = !answer.pair;
  say(answer.pair ? "" : texts.end);
  if (answer.pair) {
    // Both at once, or the one that comes first would have an advantage.
    await Promise.all(Object.entries(pictures).map(([side, picture]) => {
      picture.src = `picture/${answer[side]}`;
      return picture.decode().catch(() => { throw new PictureError(); });
    }));
    Object.values(pictures).forEach(enlarge);
  }
  ready(true);
}

class PictureError extends Error {}

// A picture keeps its shape and fills its half of the screen, also where it is smaller than that.
function enlarge(picture) {
  const room = picture.parentElement.getBoundingClientRect();
  const scale = Math.min(room.width / picture.naturalWidth, room.height / picture.naturalHeight);
  picture.style.width = `${Math.floor(picture.naturalWidth * scale)}px`;
  picture.style.height = `${Math.floor(picture.naturalHeight * scale)}px`;
}

function ready(yes) {
  busy = !yes;
  byId("choice").setAttribute("aria-busy", String(!yes));
  for (const choice of CHOICES) byId(choice).disabled = !yes || !shown?.pair;
  byId("undo").disabled = !yes || !shown?.undo;
}

function say(message, retry) {
  const place = byId("message");
  place.textContent = message;
  place.hidden = !message;
  if (!retry) return;
  const button = document.createElement("button");
  button.textContent = texts.again;
  button.addEventListener("click", retry);
  place.append(button);
}

// One request at a time: what comes meanwhile is no vote.
async function go(request) {
  if (busy) return;
  ready(false);
  document.activeElement?.blur?.(); // or the space bar would press the same button again
  await load(request);
}

async function load(request) {
  try {
    await show(await request());
  } catch (error) {
    console.error(error);
    shown = shown && { ...shown, pair: null };
    byId("choice").hidden = true;
    say(error instanceof PictureError ? texts.picture : texts.failed, () => load(() => ask("pair")));
  }
  for (const each of document.querySelectorAll(".chosen")) each.classList.remove("chosen");
}

function choose(choice) {
  if (busy || !shown.pair) return;
  byId(choice).classList.add("chosen");
  pictures[choice]?.classList.add("chosen");
  go(() => ask("vote", { pair: shown.pair, left: shown.left, choice }));
}

function undo() {
  if (shown?.undo) go(() => ask("undo", {}));
}

for (const choice of CHOICES) {
  byId(choice).addEventListener("click", () => choose(choice));
  pictures[choice]?.addEventListener("click", () => choose(choice));
}
byId("undo").addEventListener("click", undo);
byId("someone-else").addEventListener("click", () => {
  if (confirm(texts.alone)) go(() => ask("someone-else", {}).then(() => ask("pair")));
});
document.addEventListener("keydown", (event) => {
  if (event.repeat || event.altKey || event.ctrlKey && event.key !== "z" || event.metaKey && event.key !== "z") return;
  if (event.key === " " && event.target.closest?.("button")) return; // reached with Tab: it presses that button
  if (event.key in KEYS) {
    event.preventDefault();
    choose(KEYS[event.key]);
  } else if (event.key === "z" || event.key === "Z") {
    event.preventDefault();
    undo();
  }
});
addEventListener("resize", () => { if (shown?.pair) Object.values(pictures).forEach(enlarge); });

document.title = texts.title;
for (const each of document.querySelectorAll("[data-text]")) each.textContent = texts[each.dataset.text];
pictures.left.alt = texts.leftPicture;
pictures.right.alt = texts.rightPicture;
load(() => ask("pair"));
