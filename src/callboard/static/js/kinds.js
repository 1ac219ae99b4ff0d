// Forms that a project declares: a number for every choice, arrow keys for a ranking, passages of a text. Without this
// script every field is still there as a box, a list or a line of text.

const ASKS = "[data-keys], .kind-ask";
const TYPING = "input:not([type=radio], [type=checkbox]), textarea, select";

function tell(text) {
  const place = document.getElementById("announce");
  if (place) place.textContent = text;
}

function changed(field) {
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

// ---- Choices and scales

function open(group) {
  return !group.querySelector("input:checked") && !group.querySelector("[data-rank][data-placed]");
}

function groups() {
  return [...document.querySelectorAll(`#kind-form .kind-ask, .kind-preview .kind-ask`)];
}

function current() {
  const inside = document.activeElement?.closest?.(".kind-ask");
  if (inside) return inside;
  // In a review the digits belong to the scales of the verdict, unless one stands in the correction.
  if (document.getElementById("verdict")) return null;
  const choices = groups().filter((group) => group.matches("[data-keys]"));
  return choices.find((group) => group.hasAttribute("data-marked")) ?? choices.find(open) ?? choices[0];
}

function mark(group) {
  for (const other of document.querySelectorAll(".kind-ask[data-marked]")) other.removeAttribute("data-marked");
  if (!group) return;
  group.setAttribute("data-marked", "");
  const first = group.querySelector("[data-rank], input:checked") ?? group.querySelector("input, textarea, select");
  first?.focus({ preventScroll: true });
  group.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

function step(by) {
  const all = groups();
  const at = all.indexOf(document.activeElement?.closest?.(".kind-ask") ?? all.find((one) => one.hasAttribute("data-marked")));
  mark(all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))]);
}

function pick(group, digit) {
  const inputs = [...group.querySelectorAll("input")];
  const scale = group.dataset.keys === "scale";
  const input = scale ? inputs.find((one) => one.value === digit) : inputs[Number(digit) - 1];
  if (!input) return false;
  input.checked = input.type === "checkbox" ? !input.checked : true;
  changed(input);
  // One answer, one key: the next question is the one that the next digit is for.
  const all = groups();
  if (input.type === "radio" && !document.getElementById("verdict")) mark(all[all.indexOf(group) + 1] ?? group);
  return true;
}

// ---- Rankings: rows in their order; a row may share the place of the one above it

function rows(list) {
  return [...list.querySelectorAll("[data-rank]")];
}

function ranked(list) {
  return rows(list).every((row) => row.querySelector("select").value);
}

function showPlaces(list) {
  const all = rows(list);
  for (const [n, row] of all.entries()) {
    const place = row.querySelector("select").value;
    const before = n > 0 ? all[n - 1].querySelector("select").value : "";
    row.toggleAttribute("data-placed", place !== "");
    row.toggleAttribute("data-tied", place !== "" && place === before);
  }
}

function sortRows(list) {
  if (ranked(list)) {
    const focused = document.activeElement;
    const order = rows(list).sort((one, other) => one.querySelector("select").value - other.querySelector("select").value);
    list.append(...order);
    if (list.contains(focused)) focused.focus();
  }
  showPlaces(list);
}

// Writes the places of rows in `order`; `tied` are those that share the place of the one above.
function write(list, order, tied) {
  let place = 0;
  for (const [n, row] of order.entries()) {
    if (n === 0 || !tied.has(row)) place += 1;
    row.querySelector("select").value = String(place);
  }
  list.append(...order);
  showPlaces(list);
  changed(order[0].querySelector("select"));
}

function tiesOf(list) {
  return new Set(rows(list).filter((row) => row.hasAttribute("data-tied")));
}

function moveTo(list, row, to) {
  const order = rows(list);
  const tied = tiesOf(list);
  const from = order.indexOf(row);
  const target = Math.max(0, Math.min(order.length - 1, to));
  // Who stood behind in the same place stays there: it leads its place now.
  const follower = order[from + 1];
  if (follower && tied.has(follower) && !tied.has(row)) tied.delete(follower);
  tied.delete(row);
  order.splice(from, 1);
  order.splice(target, 0, row);
  write(list, order, tied);
  row.focus();
  const select = row.querySelector("select");
  tell(`${row.getAttribute("aria-label")}: ${select.value}`);
}

function tie(list, row) {
  const order = rows(list);
  const tied = tiesOf(list);
  if (list.dataset.ties !== "yes" || order.indexOf(row) === 0) return;
  if (tied.has(row)) tied.delete(row); else tied.add(row);
  write(list, order, tied);
  row.focus();
  tell(`${row.getAttribute("aria-label")}: ${row.querySelector("select").value}`);
}

function rankKey(row, key) {
  const list = row.closest("[data-ranking]");
  const at = rows(list).indexOf(row);
  if (key === "ArrowUp") moveTo(list, row, at - 1);
  else if (key === "ArrowDown") moveTo(list, row, at + 1);
  else if (key === "=") tie(list, row);
  else if (/^[1-9]$/.test(key) && Number(key) <= rows(list).length) moveTo(list, row, Number(key) - 1);
  else return false;
  return true;
}

// ---- Passages, counted in characters of Unicode as the server counts them

function characters(text, units) {
  return [...text.slice(0, units)].length;
}

function drawPassages(box) {
  const source = [...box.querySelector("[data-span-source]").value];
  const raw = box.querySelector("[data-span-raw] textarea");
  const list = box.querySelector("[data-span-list]");
  const names = new Map([...box.querySelectorAll("[data-span-label]")].map((one) => [one.dataset.spanLabel, one.dataset.spanName]));
  list.replaceChildren(...raw.value.split("\n").filter((line) => line.trim()).map((line) => {
    const found = /^(\d+)-(\d+) (.+)$/.exec(line.trim());
    const item = document.createElement("li");
    const text = document.createElement("span");
    text.textContent = found ? `${source.slice(Number(found[1]), Number(found[2])).join("")} · ${names.get(found[3]) ?? found[3]}` : line;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-quiet btn-icon btn-small";
    button.textContent = "×";
    button.setAttribute("aria-label", `${list.dataset.remove}: ${text.textContent}`);
    button.addEventListener("click", () => {
      raw.value = raw.value.split("\n").filter((other) => other !== line).join("\n");
      changed(raw);
      drawPassages(box);
      box.querySelector("[data-span-source]").focus();
    });
    item.append(text, button);
    return item;
  }));
}

function addPassage(box, button) {
  const source = box.querySelector("[data-span-source]");
  const { selectionStart: begin, selectionEnd: end, value } = source;
  if (begin === end) { source.focus(); return; }
  const raw = box.querySelector("[data-span-raw] textarea");
  const line = `${characters(value, begin)}-${characters(value, end)} ${button.dataset.spanLabel}`;
  const lines = raw.value.split("\n").filter((other) => other.trim() && other !== line);
  raw.value = [...lines, line].sort((one, other) => parseInt(one, 10) - parseInt(other, 10)).join("\n");
  changed(raw);
  drawPassages(box);
  source.focus();
  source.setSelectionRange(end, end);
  tell(`${value.slice(begin, end)}: ${button.dataset.spanName}`);
}

// A text that cannot be written in has no caret, and nothing to begin a selection at by keyboard. So it can, and nothing
// comes of it.
function onlyRead(source) {
  if (!source.readOnly) return;
  const text = source.value;
  source.readOnly = false;
  source.setAttribute("aria-readonly", "true");
  source.addEventListener("beforeinput", (event) => event.preventDefault());
  source.addEventListener("input", () => { source.value = text; });
  source.setSelectionRange(0, 0);
}

// ---- Wiring

function onKey(event) {
  if (!document.querySelector(ASKS) || document.querySelector("dialog[open]") || event.isComposing) return;
  const { key, target } = event;
  const taken = () => { event.preventDefault(); event.stopImmediatePropagation(); };
  if ((event.ctrlKey || event.metaKey) && key === "Enter") {
    const form = document.getElementById("kind-form");
    if (form) { taken(); form.requestSubmit(document.getElementById("hand-in")); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.matches("[data-rank]") && rankKey(target, key)) { taken(); return; }
  if (target.matches("[data-span-source]") && /^[1-9]$/.test(key)) {
    const button = target.closest("[data-spans]").querySelectorAll("[data-span-label]")[Number(key) - 1];
    if (button) { taken(); addPassage(target.closest("[data-spans]"), button); }
    return;
  }
  if (target.matches(TYPING)) return;
  if (/^[1-9]$/.test(key)) {
    const group = current();
    if (group && pick(group, key)) taken();
    return;
  }
  if ((key === "j" || key === "k") && document.getElementById("kind-form")) { taken(); step(key === "j" ? 1 : -1); }
}

function onClick(event) {
  const move = event.target.closest("[data-move]");
  const row = event.target.closest("[data-rank]");
  const list = row?.closest("[data-ranking]");
  if (move) moveTo(list, row, rows(list).indexOf(row) + Number(move.dataset.move));
  else if (event.target.closest("[data-tie]")) tie(list, row);
  const label = event.target.closest("[data-span-label]");
  if (label) addPassage(label.closest("[data-spans]"), label);
}

// Also of what came in by a swap.
function wire() {
  for (const part of document.querySelectorAll("[data-needs-script][hidden]")) part.hidden = false;
  for (const list of document.querySelectorAll("[data-ranking]")) sortRows(list);
  for (const box of document.querySelectorAll("[data-spans]")) {
    box.querySelector("[data-span-raw]").classList.add("visually-hidden");
    box.querySelector("[data-span-raw] textarea").tabIndex = -1;
    onlyRead(box.querySelector("[data-span-source]"));
    drawPassages(box);
  }
}

export function startKinds() {
  document.addEventListener("keydown", onKey);
  document.body.addEventListener("htmx:afterSwap", wire);
  document.addEventListener("click", onClick);
  document.addEventListener("change", (event) => {
    if (event.isTrusted && event.target.matches("[data-rank] select")) sortRows(event.target.closest("[data-ranking]"));
  });
  wire();
}
