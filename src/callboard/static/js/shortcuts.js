// Keys. Single letters work only outside text boxes; Ctrl/Cmd+Enter sends the box that one writes in.

import { mark, markNext, markedTurn, nextView, rate, score, toggleEdit } from "./work.js";

const TYPING = "input:not([type=radio], [type=checkbox], [type=button]), textarea, select, [contenteditable]";

const letters = {
  e: () => { const turn = markedTurn(); mark(turn); toggleEdit(turn, true); },
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

function onKey(event) {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    const form = event.target.closest("form:has([data-send])") ?? document.getElementById("verdict");
    if (form) { event.preventDefault(); form.requestSubmit(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.matches(TYPING) || document.querySelector("dialog[open]")) return;
  const named = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (named) { event.preventDefault(); press(named); return; }
  if (/^[1-5]$/.test(event.key)) {
    if (document.getElementById("verdict") ? score(event.key) : rate(event.key)) event.preventDefault();
    return;
  }
  if (Object.hasOwn(letters, event.key)) { event.preventDefault(); letters[event.key](); }
}

export function startShortcuts() {
  if (/Mac|iPhone|iPad/.test(navigator.platform)) {
    for (const key of document.querySelectorAll("kbd")) key.textContent = key.textContent.replace("Ctrl", "⌘");
  }
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  });
}
