// Keys. Single letters work only outside text boxes; Ctrl/Cmd+Enter sends the box that one writes in.

import { askAgain, choose, choosing, equal, noneGood, takeBack } from "./candidates.js";
import { openMarker } from "./passages.js";
import { firstScale, jumpToMissing, rateScale } from "./rubric.js";
import { mark, markNext, markedTurn, nextView, rate, score, toggleEdit } from "./work.js";

const TYPING = "input:not([type=radio], [type=checkbox], [type=button]), textarea, select, [contenteditable]";

const letters = {
  e: () => { const turn = markedTurn(); mark(turn); toggleEdit(turn, true); },
  a: () => askAgain(),
  g: () => document.querySelector("[data-guidelines]")?.click(),
  m: () => jumpToMissing(),
  r: () => { const turn = markedTurn(); if (turn) firstScale(turn); },
  s: () => openMarker(markedTurn()),
  u: () => takeBack(),
  "=": () => equal(),
  0: () => noneGood(),
  d: () => nextView(markedTurn()),
  j: () => markNext(1),
  k: () => markNext(-1),
  "?": () => document.getElementById("shortcuts")?.showModal(),
};

function press(target) {
  if (target.matches("[type=radio]")) {
    target.checked = true;
    target.dispatchEvent(new Event("change", { bubbles: true }));
    target.focus();
  } else {
    target.click();
  }
}

// While somebody spells a word out (Chinese, Japanese, Korean), every key belongs to that.
function isSpelling(event) {
  return event.isComposing || event.keyCode === 229;
}

// A digit belongs to the scale that has the focus, then to the candidates that wait, then to the reply that is marked.
function digit(key) {
  if (document.getElementById("verdict")) return score(key);
  if (document.activeElement?.closest?.(".dimension")) return rateScale(key, null);
  if (choosing() && choose(Number(key))) return true;
  return rateScale(key, markedTurn()) || (/^[1-5]$/.test(key) && rate(key));
}

function onKey(event) {
  if (isSpelling(event)) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !event.shiftKey && !event.target.matches(TYPING)) {
    if (takeBack()) event.preventDefault();
    return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    const form = event.target.closest("form:has([data-send])") ?? document.getElementById("verdict");
    if (form) { event.preventDefault(); form.requestSubmit(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches(TYPING) || document.querySelector("dialog[open]")) return;
  const named = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (named) { event.preventDefault(); press(named); return; }
  if (/^[0-9]$/.test(event.key) && digit(event.key)) { event.preventDefault(); return; }
  if (Object.hasOwn(letters, event.key)) { event.preventDefault(); letters[event.key](); }
}

export function startShortcuts() {
  if (/Mac|iPhone|iPad/.test(navigator.platform)) {
    for (const key of document.querySelectorAll("kbd")) key.textContent = key.textContent.replace("Ctrl", "⌘");
  }
  document.addEventListener("keydown", onKey);
  // After a decision the reply that was preferred is what the next digits are about.
  document.body.addEventListener("choice:made", () => {
    const turn = [...document.querySelectorAll(".turn")].at(-1);
    if (turn) { mark(turn); firstScale(turn); }
  });
  document.body.addEventListener("scales:done", () => {
    const box = document.getElementById("message");
    if (box) box.focus({ preventScroll: false });
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
    const opener = event.target.closest("[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  });
}
