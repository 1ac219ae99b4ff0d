// Nothing typed is lost: every text box with data-draft is kept in this browser at once and on the server within 2 s.
// The browser's copy is dropped only when the server has confirmed the same words.

import { underWay } from "./desk.js";
import { csrfToken, say } from "./words.js";
import { toast } from "./toasts.js";

const QUIET_MILLISECONDS = 1200; // after the last key
const LONGEST_MILLISECONDS = 1900; // after the first unsaved key
const RETRY_MILLISECONDS = 5000;
const KEEPALIVE_CHARACTERS = 20000; // browsers let a leaving page send 64 kB

let place, key, quietTimer, firstChange, sending, dirty, version, stopped;

function ticked(field) {
  return field.type === "radio" || field.type === "checkbox";
}

function fields() {
  return [...document.querySelectorAll("[data-draft]")].filter((field) => !ticked(field) || field.checked);
}

function values() {
  const found = {};
  for (const field of fields()) {
    // A closed editor is kept too where it holds other words than the reply.
    if ((field.closest("[hidden]") || field.hasAttribute("data-why")) && field.value === (field.dataset.start ?? "")) continue;
    found[field.dataset.draft] = field.value;
  }
  return found;
}

function show(state, text) {
  const status = document.getElementById("save-state");
  if (!status) return;
  status.dataset.state = state;
  status.textContent = text;
}

function keepHere(draft) {
  try {
    localStorage.setItem(key, JSON.stringify({ at: Date.now(), draft }));
  } catch {
    // Private windows and full storage: the server's copy still comes within 2 s.
  }
}

function forgetHere() {
  try { localStorage.removeItem(key); } catch { /* nothing was kept */ }
}

function changed() {
  dirty = true;
  keepHere(values());
  const now = Date.now();
  firstChange ??= now;
  clearTimeout(quietTimer);
  quietTimer = setTimeout(save, Math.max(0, Math.min(QUIET_MILLISECONDS, firstChange + LONGEST_MILLISECONDS - now)));
}

export async function save() {
  if (!place?.isConnected || !dirty || sending || stopped) return;
  sending = true;
  dirty = false;
  firstChange = undefined;
  clearTimeout(quietTimer);
  show("saving", say("saving"));
  const body = JSON.stringify({ version, draft: values() });
  try {
    const answer = await fetch(place.dataset.draftUrl, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": csrfToken() },
      body,
      keepalive: body.length < KEEPALIVE_CHARACTERS,
    });
    if (answer.status === 412) {
      // Another tab has saved: writing over it would lose that text, so this tab keeps its own and says so.
      stopped = true;
      show("kept", say("elsewhere"));
      await offerBoth();
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    version = (await answer.json()).version;
    if (!dirty) forgetHere();
    const time = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short" }).format(new Date());
    show("saved", `${say("saved")} ${time}`);
  } catch {
    dirty = true;
    version = null; // whether the last save arrived is unknown
    show("kept", say("kept"));
    quietTimer = setTimeout(save, RETRY_MILLISECONDS);
  } finally {
    sending = false;
    if (dirty && firstChange) quietTimer = setTimeout(save, QUIET_MILLISECONDS);
  }
}

// Two tabs: both versions of every text that differs are shown, and one is taken by a press. Until then neither is lost.
async function offerBoth() {
  const answer = await fetch(place.dataset.draftUrl);
  const template = document.getElementById("two-drafts");
  if (!answer.ok || !template) return;
  const there = await answer.json();
  const differing = fields().filter((field) => field.value !== (there.draft[field.dataset.draft] ?? field.dataset.start ?? ""));
  const box = template.content.firstElementChild.cloneNode(true);
  const row = box.querySelector("[data-row]");
  for (const field of differing) {
    const one = row.cloneNode(true);
    one.querySelector("[data-here]").textContent = field.value;
    one.querySelector("[data-there]").textContent = there.draft[field.dataset.draft] ?? "";
    row.before(one);
  }
  row.remove();
  const end = (takeOther) => {
    if (takeOther) {
      for (const field of differing) {
        field.value = there.draft[field.dataset.draft] ?? field.dataset.start ?? "";
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }
    version = there.version;
    stopped = false;
    dirty = true;
    box.remove();
    save();
  };
  box.querySelector("[data-take-here]").addEventListener("click", () => end(false));
  box.querySelector("[data-take-there]").addEventListener("click", () => end(true));
  if (!differing.length) { end(false); return; }
  document.getElementById("notice").replaceChildren(box);
  box.scrollIntoView({ block: "nearest" });
}

// A browser copy is there only when the server never confirmed it, so it is newer than what the page shows.
function restore() {
  let kept;
  try { kept = JSON.parse(localStorage.getItem(key) ?? "null"); } catch { kept = null; }
  if (!kept) return;
  let restored = false;
  for (const field of document.querySelectorAll("[data-draft]")) {
    const value = kept.draft[field.dataset.draft];
    if (value === undefined || value === "") continue;
    if (ticked(field)) {
      if (value !== field.value || field.checked || !field.closest("[data-keys], .kind-ask")) continue;
      field.checked = true;
    } else {
      if (field.value === value) continue;
      field.value = value;
    }
    restored = true;
    field.closest(".turn")?.querySelector("[data-edit][aria-expanded='false']")?.click();
  }
  if (!restored) { forgetHere(); return; }
  toast(say("restored"));
  dirty = true;
  save();
}

// Resolves when the server has what is on the page now, or could not be reached.
async function settled() {
  while (sending) await new Promise((done) => { setTimeout(done, 50); });
  await save();
}

export function sent() {
  // What was sent lives on the server now; the remaining boxes are saved afresh.
  dirty = true;
  return settled();
}

// Handing in looks at the drafts on the server: what was typed a moment ago has to be there.
function saveFirst(event) {
  if (!event.target.matches("form[data-save-first]") || !(dirty || sending || underWay())) return;
  event.preventDefault();
  Promise.all([settled(), underWay()]).then(() => event.detail.issueRequest(true));
}

export function startDrafts() {
  place = document.querySelector("[data-draft-url]");
  if (!place) return;
  key = `callboard:draft:${place.dataset.work}`;
  version = place.dataset.draftVersion ? Number(place.dataset.draftVersion) : null;
  restore();
  const onChange = (event) => { if (event.target.closest("[data-draft]")) changed(); };
  document.addEventListener("input", onChange);
  document.addEventListener("change", onChange);
  document.body.addEventListener("htmx:confirm", saveFirst);
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
  addEventListener("pagehide", () => save());
  addEventListener("beforeunload", (event) => { if (dirty) { save(); if (sending) event.preventDefault(); } });
}
