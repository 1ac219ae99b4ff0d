// Passages: selected in the reply or, by keyboard, in its source; shown as marks where they stand.

import { change } from "./desk.js";
import { say } from "./words.js";
import { toast } from "./toasts.js";

const points = (text) => [...text].length;

function places(text, part) {
  const found = [];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) found.push(at);
  return found;
}

// Every text node of a rendered reply with where it begins in the text of all of them.
function texts(prose) {
  const walker = document.createTreeWalker(prose, NodeFilter.SHOW_TEXT);
  const nodes = [];
  let length = 0;
  while (walker.nextNode()) {
    nodes.push({ node: walker.currentNode, from: length });
    length += walker.currentNode.data.length;
  }
  return nodes;
}

function rangeOf(nodes, from, to) {
  const range = document.createRange();
  const at = (place, end) => nodes.findLast((one) => (end ? one.from < place : one.from <= place)) ?? nodes[0];
  const first = at(from, false);
  const last = at(to, true);
  range.setStart(first.node, from - first.from);
  range.setEnd(last.node, to - last.from);
  return range;
}

function paint() {
  if (!globalThis.Highlight || !CSS.highlights) return;
  const ranges = [];
  for (const mark of document.querySelectorAll(".passage[data-quote]")) {
    const text = mark.dataset.in ? `[data-marks="${mark.dataset.in}"]` : "[data-marks]";
    const around = mark.closest(".candidate, .says-bot");
    const quote = mark.dataset.quote;
    if (!around || !quote) continue;
    // In the text, and in what an edit changed of it where it stands there in one piece.
    for (const prose of [around.querySelector(text), around.querySelector(":scope > .panels > .panel-changes")]) {
      if (!prose) continue;
      const nodes = texts(prose);
      const found = places(nodes.map((one) => one.node.data).join(""), quote);
      const from = found[Math.min(Number(mark.dataset.nth), found.length - 1)];
      if (from !== undefined) ranges.push(rangeOf(nodes, from, from + quote.length));
    }
  }
  CSS.highlights.set("passage", new Highlight(...ranges));
}

function markerOf(prose) {
  return prose.closest(".candidate, .says-bot")?.querySelector(".marker");
}

// What was selected in the rendered reply, found again in its source: the same one of equal passages.
function onSelect() {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return;
  const prose = selection.anchorNode?.parentElement?.closest("[data-marks]");
  const marker = prose && prose.contains(selection.focusNode) ? markerOf(prose) : null;
  const part = selection.toString().trim();
  if (!marker || !part) return;
  const source = marker.querySelector("[data-source]");
  const nodes = texts(prose);
  const range = selection.getRangeAt(0);
  const begin = (nodes.find((one) => one.node === range.startContainer)?.from ?? 0) + range.startOffset;
  const nth = places(nodes.map((one) => one.node.data).join(""), part).filter((at) => at < begin).length;
  const found = places(source.value, part);
  marker.open = true;
  if (!found.length) return;
  const at = found[Math.min(nth, found.length - 1)];
  source.setSelectionRange(at, at + part.length);
}

export function openMarker(turn) {
  const marker = turn?.querySelector(".candidate:focus .marker, .candidate:focus-within .marker, .marker");
  if (!marker) return false;
  marker.open = true;
  const source = marker.querySelector("[data-source]");
  source.focus();
  source.setSelectionRange(0, 0);
  return true;
}

function mark(marker) {
  const source = marker.querySelector("[data-source]");
  const chosen = marker.querySelector('.marker-labels :checked, .marker-labels input[type="text"]');
  const reason = marker.querySelector("[data-reason]");
  const { selectionStart: from, selectionEnd: to } = source;
  if (to <= from) { toast(say("select_first")); source.focus(); return; }
  if (!chosen?.value.trim()) { toast(say("label_first")); marker.querySelector(".marker-labels input")?.focus(); return; }
  if (chosen.hasAttribute("data-needs-reason") && !reason.value.trim()) { toast(say("reason_first")); reason.focus(); return; }
  const fields = {
    from: points(source.value.slice(0, from)), to: points(source.value.slice(0, to)),
    text_version: marker.dataset.version, label: chosen.value, reason: reason.value,
  };
  change(`turns/${marker.dataset.marker}/spans`, fields).then((done) => {
    if (!done) return;
    marker.open = false;
    reason.value = "";
    source.setSelectionRange(0, 0);
    marker.closest(".turn")?.focus({ preventScroll: true });
  });
}

export function startPassages() {
  // Whoever only reads sees the marks as well.
  paint();
  const place = document.querySelector(".work[data-base]");
  if (!place) return;
  document.body.addEventListener("desk:changed", paint);
  document.body.addEventListener("htmx:afterSettle", paint);
  // A box that is read-only has no caret to select with, so this one can be walked through and refuses what would change it.
  place.addEventListener("beforeinput", (event) => { if (event.target.matches("[data-source]")) event.preventDefault(); });
  place.addEventListener("input", (event) => { if (event.target.matches("[data-source]")) event.target.value = event.target.defaultValue; });
  document.addEventListener("mouseup", () => setTimeout(onSelect));
  place.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !event.target.closest(".marker") || event.target.matches("textarea, button, summary")) return;
    event.preventDefault();
    mark(event.target.closest(".marker"));
  });
  place.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.hasAttribute("data-mark")) mark(button.closest(".marker"));
    if (button?.dataset.unmark) change(`spans/${button.dataset.unmark}/remove`);
  });
}
