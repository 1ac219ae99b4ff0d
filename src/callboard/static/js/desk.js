// The dialogue on the page and on the server: changes are sent one after another, each naming the version that was seen,
// and the answer is laid over the page without touching what somebody types, plays or has opened.

import { csrfToken, say } from "./words.js";
import { toast } from "./toasts.js";

const MOST_TRIES = 60;
const AGAIN_MS = 1000;

let place, chain = Promise.resolve(), waiting = 0;
const sending = new Set(); // requests of forms that change something and have not ended
let heard = []; // who waits until none of those is under way

export function desk() {
  return place?.isConnected ? place : null;
}

// What belongs to the person stays as it is: text boxes, open editors and folds, streams that run.
function keeps(old, next) {
  if (!(old instanceof Element)) return false;
  if (old.matches("textarea[data-draft], input[type=text], [data-streaming], .views")) {
    return !old.hasAttribute("data-streaming") || next.matches?.("[data-stream], [data-asking]");
  }
  return old.matches(".marker[open]");
}

const callbacks = {
  beforeNodeMorphed: (old, next) => !keeps(old, next),
  beforeAttributeUpdated: (name, node) => {
    if (name === "hidden" && node.matches(".panels, .editor, [data-own], [data-topic-hidden]")) return false;
    if (name === "open" && node.matches("details")) return false;
    if (name === "hidden" && node.matches(".why-box") && node.contains(document.activeElement)) return false;
    return name !== "data-marked" && name !== "data-now";
  },
};

export function lay(html) {
  const parts = new DOMParser().parseFromString(html, "text/html");
  for (const id of ["desk", "checks"]) {
    const old = document.getElementById(id);
    const next = parts.getElementById(id);
    if (!old || !next) continue;
    Idiomorph.morph(old, next, { callbacks, restoreFocus: true });
    htmx.process(document.getElementById(id));
  }
  document.body.dispatchEvent(new CustomEvent("desk:changed"));
}

export async function reload() {
  const answer = await fetch(`${place.dataset.base}/desk`);
  if (answer.ok) lay(await answer.text());
  return answer.ok;
}

function version() {
  return document.getElementById("checks")?.dataset.version ?? "";
}

async function post(path, fields) {
  for (let tries = 1; ; tries += 1) {
    try {
      const body = new URLSearchParams({ ...fields, epoch: place.dataset.epoch });
      const answer = await fetch(`${place.dataset.base}/${path}`, { method: "POST", headers: { "X-CSRF-Token": csrfToken() }, body });
      if (answer.status !== 503 || tries >= MOST_TRIES) return answer;
    } catch (error) {
      if (tries >= MOST_TRIES) throw error;
      if (tries === 2) toast(say("offline"));
    }
    await new Promise((done) => { setTimeout(done, AGAIN_MS); });
  }
}

// Another tab has changed the dialogue: its state is shown, and this change waits for a decision.
function offer(path, fields, isThere) {
  const box = document.getElementById("moved").content.firstElementChild.cloneNode(true);
  box.querySelector("[data-again]").addEventListener("click", () => { box.remove(); change(path, typeof fields === "function" ? fields : { ...fields, version: version() }, isThere); });
  box.querySelector("[data-leave]").addEventListener("click", () => box.remove());
  document.getElementById("notice").replaceChildren(box);
  box.scrollIntoView({ block: "nearest", behavior: "smooth" });
  box.querySelector("button").focus();
}

async function formsAnswered() {
  while (sending.size) await new Promise((done) => { heard.push(done); });
}

// `fields` may be a function: what the page shows when its turn comes.
async function perform(path, fields, isThere) {
  await formsAnswered();
  const given = typeof fields === "function" ? fields() : fields;
  let answer;
  try {
    answer = await post(path, { version: version(), ...given });
  } catch {
    toast(say("offline"));
    return false;
  }
  if (answer.ok) {
    const html = await answer.text();
    if (waiting <= 1) lay(html);
    else document.getElementById("checks").dataset.version = new DOMParser().parseFromString(html, "text/html").getElementById("checks").dataset.version;
    return true;
  }
  let problem = {};
  try { problem = await answer.json(); } catch { /* no problem+json */ }
  if (["lease_lost", "stale_epoch", "already_submitted"].includes(problem.code)) { location.reload(); return false; }
  await reload();
  if (problem.code === "conversation_moved" && isThere?.()) return true; // this very change was stored, its answer lost
  if (problem.code === "conversation_moved") offer(path, fields, isThere);
  else toast(problem.detail || problem.title || say("failed"));
  return false;
}

export function change(path, fields = {}, isThere = null) {
  waiting += 1;
  const mine = chain.then(() => perform(path, fields, isThere)).finally(() => { waiting -= 1; });
  chain = mine.catch(() => {});
  return mine;
}

// Null where nothing is under way, else resolves when the changes of this page have been answered.
export function underWay() {
  return waiting ? chain : null;
}

// What forms send and what is changed here take turns, so that neither takes the other for another tab's.
function queue(event) {
  const { verb, question, issueRequest } = event.detail;
  if (!(waiting || sending.size) || verb === "get" || question || event.defaultPrevented || event.target.matches("[data-save-first]")) return;
  event.preventDefault();
  chain.then(formsAnswered).then(() => issueRequest(true));
}

export function startDesk() {
  place = document.querySelector(".work[data-base]");
  if (!place) return;
  document.body.addEventListener("htmx:confirm", queue);
  document.body.addEventListener("htmx:beforeSend", ({ detail }) => { if (detail.requestConfig.verb !== "get") sending.add(detail.xhr); });
  document.body.addEventListener("htmx:afterRequest", ({ detail }) => { if (sending.delete(detail.xhr)) { for (const done of heard.splice(0)) done(); } });
}
