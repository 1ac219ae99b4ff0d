// Scales by keyboard and press; a comment appears where a low value asks for one; what is missing is jumped to.

import { change } from "./desk.js";

const QUIET_MS = 1000;
const timers = new WeakMap();
const stored = new Map(); // by scale: what the server has confirmed since the page was laid

function value(scale) {
  return scale.querySelector(".steps :checked")?.value ?? "";
}

function shown(scale) {
  return scale.offsetParent !== null;
}

function needsWhy(scale) {
  return scale.dataset.commentAt !== "" && value(scale) !== "" && Number(value(scale)) <= Number(scale.dataset.commentAt);
}

// What the server holds, as far as this page knows.
function standing(id) {
  const scale = document.getElementById(id);
  return stored.get(id) ?? { was: scale?.querySelector(".steps [checked]")?.value ?? "", was_comment: scale?.querySelector("[data-why]").dataset.start ?? "" };
}

function store(scale) {
  const why = scale.querySelector("[data-why]");
  const wanted = value(scale);
  if (!wanted) return;
  const comment = why.value;
  const id = scale.id;
  const isThere = () => {
    const now = document.getElementById(id);
    return now && now.querySelector(".steps [checked]")?.value === wanted && (now.querySelector("[data-why]").dataset.start ?? "") === comment;
  };
  const given = { turn: scale.closest("[data-scales]").dataset.turn, dimension: scale.dataset.dimension, value: wanted, comment };
  change("scores", () => ({ ...given, ...standing(id) }), isThere).then((done) => {
    if (!done) return;
    why.dataset.start = comment;
    stored.set(id, { was: wanted, was_comment: comment });
  });
}

function onChange(event) {
  const scale = event.target.closest(".dimension");
  if (!scale) return;
  if (event.target.matches(".steps input")) {
    const box = scale.querySelector(".why-box");
    if (needsWhy(scale)) box.hidden = false;
    else if (!scale.querySelector("[data-why]").value) box.hidden = true;
    store(scale);
  } else if (event.target.matches("[data-why]")) {
    clearTimeout(timers.get(scale));
    if (event.target.value !== (event.target.dataset.start ?? "")) store(scale);
  }
}

function onInput(event) {
  if (!event.target.matches("[data-why]")) return;
  const scale = event.target.closest(".dimension");
  clearTimeout(timers.get(scale));
  timers.set(scale, setTimeout(() => { if (scale.isConnected && event.target.value !== (event.target.dataset.start ?? "")) store(scale); }, QUIET_MS));
}

function scales(within) {
  return [...within.querySelectorAll(".dimension:not([disabled])")].filter(shown);
}

function focusOn(element) {
  if (!element) return;
  for (let fold = element.closest("details:not([open])"); fold; fold = fold.parentElement.closest("details:not([open])")) fold.open = true;
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

// A digit sets the focused scale, else the first one without a value of the exchange that is marked.
export function rateScale(key, turn) {
  const focused = document.activeElement?.closest?.(".dimension");
  const scale = focused ?? (turn && scales(turn).find((one) => !value(one)));
  const radio = scale?.querySelector(`.steps [value="${key}"]`);
  if (!radio) return false;
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
  const why = scale.querySelector("[data-why]");
  if (needsWhy(scale) && !why.value) { focusOn(why); return true; }
  const all = scales(scale.closest("[data-scales]"));
  const next = all[all.indexOf(scale) + 1];
  focusOn(next ?? scale);
  if (!next) document.body.dispatchEvent(new CustomEvent("scales:done"));
  return true;
}

export function firstScale(within) {
  const scale = scales(within).find((one) => !value(one));
  focusOn(scale);
  return Boolean(scale);
}

// Each press goes on from where the focus is.
export function jumpToMissing() {
  const targets = [...document.querySelectorAll("#missing [data-jump]")].map((one) => document.getElementById(one.dataset.jump)).filter(Boolean);
  if (!targets.length) return false;
  const at = targets.findIndex((one) => one.contains(document.activeElement));
  jump(targets[(at + 1) % targets.length]);
  return true;
}

function jump(target) {
  focusOn(target.matches(".dimension") && needsWhy(target) ? target.querySelector("[data-why]") : target.id === "composer" ? target.querySelector("textarea") ?? target : target);
}

// Enter in a comment goes on to the next scale; Shift+Enter makes a line.
function onKey(event) {
  if (!event.target.matches("[data-why]") || event.key !== "Enter" || event.shiftKey || event.isComposing || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const scale = event.target.closest(".dimension");
  onChange({ target: event.target });
  const all = scales(scale.closest("[data-scales]"));
  focusOn(all[all.indexOf(scale) + 1] ?? scale);
}

export function startRubric() {
  const place = document.querySelector(".work[data-base]");
  if (!place) return;
  document.body.addEventListener("desk:changed", () => stored.clear());
  place.addEventListener("change", onChange);
  place.addEventListener("input", onInput);
  place.addEventListener("keydown", onKey);
  place.addEventListener("click", (event) => {
    const link = event.target.closest("[data-jump]");
    const target = link && document.getElementById(link.dataset.jump);
    if (!target) return;
    event.preventDefault();
    jump(target);
  });
  // A comment that was kept as a draft and not taken over: it is now.
  for (const why of place.querySelectorAll("[data-why]")) if (why.value !== (why.dataset.start ?? "")) store(why.closest(".dimension"));
}
