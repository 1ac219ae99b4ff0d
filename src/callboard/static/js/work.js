// The dialogue workspace and the review: opening an edit, marking an exchange, rating and judging by keyboard.

import { sent } from "./drafts.js";

export function markedTurn() {
  return document.querySelector(".turn[data-marked]")
    ?? [...document.querySelectorAll(".turn:has(.rate)")].find((turn) => !turn.querySelector(".rate :checked"))
    ?? [...document.querySelectorAll(".turn")].at(-1);
}

// Marks without moving focus or page: for a reply that has just arrived while somebody types.
export function point(turn) {
  for (const other of document.querySelectorAll(".turn[data-marked]")) if (other !== turn) other.removeAttribute("data-marked");
  turn?.setAttribute("data-marked", "");
}

export function mark(turn) {
  point(turn);
  if (!turn) return;
  turn.focus({ preventScroll: true });
  turn.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

export function markNext(step) {
  const turns = [...document.querySelectorAll(".turn")];
  const at = turns.findIndex((turn) => turn.hasAttribute("data-marked"));
  const next = at < 0 ? (step > 0 ? 0 : turns.length - 1) : at + step;
  mark(turns[Math.max(0, Math.min(turns.length - 1, next))]);
}

export function rate(value) {
  const radio = markedTurn()?.querySelector(`.rate [name=rating][value="${value}"]`);
  if (!radio) return false;
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

function scales() {
  return [...document.querySelectorAll("[data-scale]")];
}

function markScale(scale) {
  for (const other of scales()) other.toggleAttribute("data-marked", other === scale);
}

// Scores the marked scale (else the first without a score, else the first) and goes on to the next one.
export function score(value) {
  const open = (scale) => !scale.querySelector(":checked");
  const scale = document.querySelector("[data-scale][data-marked]") ?? scales().find(open) ?? scales()[0];
  const radio = scale?.querySelector(`[value="${value}"]`);
  if (!radio) return false;
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
  markScale(scales()[scales().indexOf(scale) + 1] ?? null);
  return true;
}

export function toggleEdit(turn, open) {
  const editor = turn?.querySelector(".editor");
  const button = turn?.querySelector("[data-edit]");
  if (!editor || !button) return;
  const show = open ?? editor.hidden;
  editor.hidden = !show;
  turn.querySelector(".panels").hidden = show;
  button.setAttribute("aria-expanded", String(show));
  if (show) {
    const box = editor.querySelector("textarea");
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
  }
}

export function nextView(turn) {
  const views = [...(turn?.querySelectorAll(".views input") ?? [])];
  if (!views.length) return;
  views[(views.findIndex((view) => view.checked) + 1) % views.length].checked = true;
}

function onClick(event) {
  const button = event.target.closest("button");
  const turn = event.target.closest(".turn");
  if (turn) point(turn);
  if (!button) return;
  if (button.hasAttribute("data-edit")) toggleEdit(turn);
  const box = button.closest(".editor")?.querySelector("textarea");
  if (button.hasAttribute("data-edit-cancel")) {
    box.value = box.dataset.start;
    toggleEdit(turn, false);
    turn.querySelector("[data-edit]").focus();
    // What may be handed in follows from the drafts.
    sent().then(() => htmx.trigger("#checks", "drafts:changed"));
  }
  if (button.hasAttribute("data-edit-over")) {
    const form = button.closest(".editor");
    form.querySelector("[name=seen_at]").value = button.dataset.editOver;
    form.requestSubmit();
  }
  if (button.hasAttribute("data-edit-take")) {
    // Nothing of one's own is left: the draft goes first, then the exchange is shown as it stands.
    box.value = button.dataset.editTake;
    box.dataset.start = box.value;
    toggleEdit(turn, false);
    const { base } = turn.closest("[data-base]").dataset;
    sent().then(() => htmx.ajax("GET", `${base}/turns/${turn.dataset.turn}`, { target: turn, swap: "outerHTML" }));
  }
  if (button.hasAttribute("data-edit-reset")) {
    box.value = button.dataset.editReset;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  }
  if (button.dataset.fill) {
    const target = document.getElementById(button.dataset.fill);
    // What somebody has begun to write is never replaced by what a bot left behind.
    const begun = button.dataset.reveal && target.value.trim() && target.value !== button.dataset.text;
    target.value = begun ? `${target.value}\n\n${button.dataset.text}` : button.dataset.text;
    target.dispatchEvent(new Event("input", { bubbles: true }));
    target.focus();
  }
  if (button.dataset.reveal) {
    const form = document.getElementById(button.dataset.reveal);
    form.hidden = false;
    form.querySelector("textarea").focus();
  }
}

// A reason is required exactly when it is shown.
function requireReason() {
  const outcome = document.querySelector(".verdict [name=outcome]:checked")?.value;
  const needed = outcome === "rework" || outcome === "reject";
  for (const field of document.querySelectorAll("[data-required-with-reason]")) field.required = needed;
}

// The side panel; whether it is open is remembered for the next task.
function startGuidelines(place) {
  const button = document.querySelector("[data-guidelines]");
  if (!button) return;
  const show = (open) => {
    place.toggleAttribute("data-alone", !open);
    button.setAttribute("aria-expanded", String(open));
  };
  let kept = null;
  try { kept = localStorage.getItem("callboard:guidelines"); } catch { /* shown, then */ }
  if (kept === "closed") show(false);
  button.addEventListener("click", () => {
    const open = place.hasAttribute("data-alone");
    show(open);
    try { localStorage.setItem("callboard:guidelines", open ? "open" : "closed"); } catch { /* for this page alone */ }
  });
}

export function startWork() {
  const place = document.querySelector(".work");
  if (!place) return;
  if (matchMedia("(max-width: 66rem)").matches) {
    for (const fold of document.querySelectorAll("[data-fold-narrow]")) fold.open = false;
  }
  place.addEventListener("click", onClick);
  startGuidelines(place);
  // Keys act on the exchange that has the focus, also when Tab brought it there.
  place.addEventListener("focusin", (event) => { const turn = event.target.closest(".turn"); if (turn) point(turn); });
  place.addEventListener("change", requireReason);
  requireReason();
  document.querySelector("[name=own_topic]")?.addEventListener("focus", (event) => {
    event.target.closest("label").querySelector("[type=radio]").checked = true;
  });
  document.body.addEventListener("reply:arrived", () => point([...document.querySelectorAll(".turn")].at(-1)));
  // The list promised more than is there: an edit was left open since it was drawn.
  document.body.addEventListener("htmx:responseError", (event) => {
    if (event.target.closest("#checks") && event.detail.xhr.status === 409) htmx.trigger("#checks", "drafts:changed");
  });
  document.body.addEventListener("htmx:afterSettle", (event) => {
    const turn = event.target.closest?.(".turn") ?? event.detail.elt?.closest?.(".turn");
    if (["waiting", "choosing"].includes(turn?.dataset.state)) turn.scrollIntoView({ block: "center", behavior: "smooth" });
    if (event.detail.requestConfig?.verb !== "get") sent();
  });
}
