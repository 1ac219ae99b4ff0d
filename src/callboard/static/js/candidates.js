// Candidates: heard all at once as they are written, then chosen or ranked by press or key.

import { change, reload } from "./desk.js";
import { say } from "./words.js";
import { toast } from "./toasts.js";

const MOST_BREAKS = 60;
const MOST_RESTARTS = 3;
const AGAIN_MS = 1000;

let ranking = [], tie = false, rankingOf = "";

export function choosing() {
  return document.querySelector("[data-choosing]");
}

function part(block, slot, name) {
  return block.querySelector(`[data-slot="${slot}"] [${name}]`);
}

// `slots`, with commas between them: of these alone; empty: of all that are missing.
function begin(block, slots) {
  const asked = slots ? slots.split(",") : null;
  for (const card of block.querySelectorAll('.candidate[data-state]:not([data-state="ready"])')) {
    if (asked && !asked.includes(card.dataset.slot)) continue;
    card.dataset.state = "waiting";
    if (!card.querySelector("[data-words]")) {
      const body = document.createElement("div");
      body.className = "candidate-text plain-text";
      body.dir = "auto";
      body.setAttribute("data-words", "");
      card.querySelector(":scope > .stack")?.replaceWith(body);
    }
    card.querySelector("[data-words]").textContent = "";
    for (const sign of card.querySelectorAll("[data-writing], [data-until-words]")) sign.hidden = false;
  }
}

function listen(block, slots = "", restarts = 0, breaks = 0) {
  block.dataset.streaming = "yes";
  for (const button of block.querySelectorAll("[data-ask-slot], [data-ask-candidates]")) button.disabled = true;
  const source = new EventSource(block.dataset.candidates + (slots ? `&slots=${slots}` : ""));
  let lost = false;
  source.addEventListener("start", () => begin(block, slots));
  source.addEventListener("words", (event) => {
    breaks = 0;
    const { slot, text } = JSON.parse(event.data);
    const ghost = part(block, slot, "data-until-words");
    if (ghost) ghost.hidden = true;
    part(block, slot, "data-words")?.append(text);
  });
  source.addEventListener("ended", (event) => {
    const { slot, code } = JSON.parse(event.data);
    lost ||= code === "bot_restarted";
    const sign = part(block, slot, "data-writing");
    if (sign) sign.hidden = true;
  });
  source.addEventListener("end", async (event) => {
    source.close();
    if (!block.isConnected) return;
    block.removeAttribute("data-streaming");
    // A server that was killed has left its bots alone; they are asked once more by themselves.
    if (lost && restarts < MOST_RESTARTS) { listen(block, slots, restarts + 1); return; }
    const problem = JSON.parse(event.data);
    if (problem) toast(problem.text);
    await settle();
    document.body.dispatchEvent(new CustomEvent("reply:arrived"));
    const ready = document.querySelectorAll('[data-choosing] .candidate[data-state="ready"]').length;
    if (ready) document.getElementById("announce").textContent = say("candidates_there", { n: ready });
  });
  source.onerror = () => {
    breaks += 1;
    if (!block.isConnected || breaks > MOST_BREAKS) {
      source.close();
      block.removeAttribute("data-streaming");
    } else if (source.readyState === EventSource.CLOSED) {
      setTimeout(() => { if (block.isConnected) listen(block, slots, restarts, breaks); }, AGAIN_MS);
    }
  };
}

async function settle() {
  for (let tries = 0; tries < MOST_BREAKS; tries += 1) {
    try { if (await reload()) return; } catch { /* away for a moment */ }
    await new Promise((done) => { setTimeout(done, AGAIN_MS); });
  }
}

function look() {
  for (const block of document.querySelectorAll("[data-asking]:not([data-streaming])")) listen(block, block.dataset.slots);
  showRanking();
}

export function askAgain(slots = "") {
  const block = choosing();
  if (!block || block.dataset.streaming || !block.querySelector("[data-ask-candidates]")) return false;
  listen(block, slots);
  return true;
}

function idOf(block, slot) {
  return block.querySelector(`.candidate[data-slot="${slot}"]`)?.dataset.candidate || null;
}

function ready(block) {
  return [...block.querySelectorAll('.candidate[data-state="ready"]')].map((card) => Number(card.dataset.slot));
}

// Whether this very decision is what the page shows now. Of a ranking that cannot be seen, and is asked.
function stands(id, fields) {
  if (fields.outcome === "all_bad") return Boolean(document.querySelector(`[data-choosing][data-id="${id}"][data-state="all_bad"]`));
  const done = document.querySelector(`[data-choosing-done="${id}"]`);
  return fields.outcome === "chosen" && Boolean(done) && !done.querySelector(`[data-prefer="${fields.chosen}"]`);
}

async function decide(block, fields) {
  if (!block.dataset.id) return;
  block.dataset.deciding = "yes";
  ranking = [];
  tie = false;
  const done = await change(`choices/${block.dataset.id}`, fields, () => stands(block.dataset.id, fields));
  if (block.isConnected) delete block.dataset.deciding;
  if (done) document.body.dispatchEvent(new CustomEvent("choice:made"));
}

function send(block) {
  const groups = ranking.map((group) => group.map((slot) => idOf(block, slot)).join(","));
  decide(block, { outcome: "ranked", ranking: groups.join(";") });
}

function give(block, slot) {
  if (ranking.some((group) => group.includes(slot))) return;
  if (tie && ranking.length) ranking.at(-1).push(slot);
  else ranking.push([slot]);
  tie = false;
  showRanking();
  if (ranking.flat().length === ready(block).length) send(block);
}

function showRanking() {
  const block = choosing();
  if (block?.dataset.id !== rankingOf) { ranking = []; tie = false; rankingOf = block?.dataset.id ?? ""; }
  if (!block) return;
  for (const card of block.querySelectorAll(".candidate")) {
    const at = ranking.findIndex((group) => group.includes(Number(card.dataset.slot)));
    if (at < 0) card.removeAttribute("data-now");
    else card.dataset.now = String(at + 1);
  }
  const shown = block.querySelector("[data-ranking]");
  if (shown && ranking.length) shown.textContent = ranking.map((group) => group.join(" = ")).join("  ›  ") + (tie ? " =" : "");
}

export function choose(slot) {
  const block = choosing();
  if (!block || block.dataset.deciding || block.dataset.state !== "open" || !ready(block).includes(slot)) return false;
  if (block.dataset.decision === "rank") give(block, slot);
  else decide(block, { outcome: "chosen", chosen: idOf(block, slot) });
  return true;
}

export function equal() {
  const block = choosing();
  if (!block?.dataset.ties || block.dataset.state !== "open" || block.dataset.deciding) return false;
  const all = ready(block);
  if (all.length < 2) return false;
  if (block.dataset.decision === "rank" && ranking.length) { tie = !tie; showRanking(); return true; }
  ranking = [all];
  send(block);
  return true;
}

export function noneGood() {
  const block = choosing();
  if (!block?.dataset.allBad || block.dataset.state !== "open" || block.dataset.deciding || !ready(block).length) return false;
  decide(block, { outcome: "all_bad" });
  return true;
}

export function takeBack() {
  const block = choosing();
  if (block && ranking.length) {
    if (tie) tie = false;
    else {
      ranking.at(-1).pop();
      if (!ranking.at(-1).length) ranking.pop();
    }
    const shown = block.querySelector("[data-ranking]");
    if (shown && !ranking.length) shown.textContent = "";
    showRanking();
    return true;
  }
  if (!document.querySelector("[data-undo]")) return false;
  change("undo").then((done) => { if (done) choosing()?.scrollIntoView({ block: "nearest", behavior: "smooth" }); });
  return true;
}

function onClick(event) {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.choose) choose(Number(button.dataset.choose));
  else if (button.hasAttribute("data-equal")) equal();
  else if (button.hasAttribute("data-none-good")) noneGood();
  else if (button.dataset.askSlot) askAgain(button.dataset.askSlot);
  else if (button.hasAttribute("data-ask-candidates")) askAgain();
  else if (button.hasAttribute("data-undo")) { event.preventDefault(); takeBack(); }
  else if (button.dataset.restart) change(`restart/${button.dataset.restart}`);
  else if (button.dataset.prefer) {
    change(`choices/${button.closest("[data-choosing-done]").dataset.choosingDone}`, { outcome: "chosen", chosen: button.dataset.prefer });
  }
}

export function startCandidates() {
  const place = document.querySelector(".work[data-base]");
  if (!place) return;
  place.addEventListener("click", onClick);
  document.body.addEventListener("htmx:afterSettle", look);
  document.body.addEventListener("desk:changed", look);
  addEventListener("online", look);
  look();
}
