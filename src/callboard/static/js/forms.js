// What plain forms and htmx need beside: confirmations in our own dialog, errors in place, theme without a reload.

import { say } from "./words.js";
import { ask, toast } from "./toasts.js";

const MOST_TRIES = 10;
const AGAIN_MILLISECONDS = 1000;

function startPreferences() {
  for (const form of document.querySelectorAll("[data-preferences]")) {
    form.addEventListener("submit", (event) => {
      const button = event.submitter;
      if (button?.name !== "theme") return; // the language needs the server's words: the form is sent
      event.preventDefault();
      const root = document.documentElement;
      if (button.value === "auto") root.removeAttribute("data-theme");
      else root.dataset.theme = button.value;
      document.cookie = `callboard_theme=${button.value}; path=/; max-age=31536000; samesite=lax`;
      // Signed in, the choice goes along to other browsers; without an answer it still holds here.
      fetch(form.action, { method: "POST", body: new FormData(form, button), redirect: "manual" }).catch(() => {});
      for (const other of document.querySelectorAll("button[name=theme]")) {
        other.setAttribute("aria-pressed", String(other.value === button.value));
      }
    });
  }
}

function startConfirm() {
  document.body.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.question).then((yes) => { if (yes) event.detail.issueRequest(true); });
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-confirm]");
    if (!button || button.dataset.asked) return;
    event.preventDefault();
    ask(button.dataset.confirm).then((yes) => {
      if (!yes) return;
      button.dataset.asked = "yes";
      button.form.requestSubmit(button);
      delete button.dataset.asked;
    });
  });
}

// An error answer is shown where the server says (HX-Retarget); anything else becomes a message at the foot.
function startErrors() {
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    for (const old of document.querySelectorAll("[data-notice]")) old.replaceChildren();
    if (xhr.status < 400) return;
    if (xhr.getResponseHeader("HX-Retarget")) {
      // Nearer is better: beside the form that was sent, if it has a place for it.
      const near = requestConfig.elt.closest("form")?.querySelector("[data-notice]");
      if (near) event.detail.target = near;
      event.detail.shouldSwap = true;
      return;
    }
    event.detail.shouldSwap = false;
    let text = say("failed");
    try { text = JSON.parse(xhr.responseText).detail ?? text; } catch { /* not a problem+json body */ }
    toast(text);
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    const checked = document.getElementById(event.detail.target?.dataset?.checkOf); // a reply that arrived names no target
    if (checked) checked.setAttribute("aria-invalid", String(event.detail.target.querySelector("[data-fault]") !== null));
    if (event.detail.xhr?.status >= 400) event.detail.target.scrollIntoView({ block: "nearest", behavior: "smooth" });
  });
  document.body.addEventListener("htmx:sendError", () => toast(say("offline")));
  document.body.addEventListener("htmx:timeout", () => toast(say("offline")));
}

// What was sent while the server was away is sent again by itself, where sending twice does the same as sending once
// (data-again). The form keeps its text meanwhile.
function startAgain() {
  const tries = new WeakMap();
  const again = (event) => {
    const form = event.detail.requestConfig?.elt?.closest?.("form[data-again]");
    if (!form) return;
    const count = (tries.get(form) ?? 0) + 1;
    tries.set(form, count);
    if (count > MOST_TRIES) { tries.delete(form); return; }
    setTimeout(() => {
      if (form.isConnected) htmx.trigger(form, form.getAttribute("hx-trigger") ?? "submit");
    }, AGAIN_MILLISECONDS * Math.min(count, 4));
  };
  document.body.addEventListener("htmx:sendError", again);
  document.body.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status === 503) again(event); });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.requestConfig?.elt?.closest?.("form[data-again]");
    if (form && event.detail.successful) tries.delete(form);
  });
}

function startSmall() {
  // On a narrow page the tab that one is on may stand outside.
  for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    const place = tab.getBoundingClientRect(), all = tab.parentElement.getBoundingClientRect();
    tab.parentElement.scrollLeft = place.left - all.left - (all.width - place.width) / 2;
  }
  for (const button of document.querySelectorAll("[data-fill-email]")) {
    button.addEventListener("click", () => {
      document.getElementById("email").value = button.dataset.fillEmail;
      document.getElementById("password").value = button.dataset.fillPassword;
      document.getElementById("sign-in-button").focus();
    });
  }
  for (const form of document.querySelectorAll("[data-submit-on-change]")) {
    form.addEventListener("change", () => form.requestSubmit());
  }
  // An address that is shared says only what was chosen.
  for (const form of document.querySelectorAll("[data-drop-empty]")) {
    form.addEventListener("formdata", ({ formData }) => {
      const shown = [];
      for (const [name, value] of [...formData]) {
        if (name.startsWith("show.")) shown.push(name.slice(5));
        if (value === "" || name.startsWith("show.")) formData.delete(name);
      }
      if (shown.length && shown.join() !== form.dataset.usual) formData.set("show", shown.join());
    });
  }
  for (const form of document.querySelectorAll("[data-once]")) {
    form.addEventListener("submit", () => setTimeout(() => { for (const button of form.querySelectorAll("button")) { button.disabled = true; button.setAttribute("aria-busy", "true"); } }));
  }
  const retry = document.querySelector("[data-retry-seconds]");
  if (retry) setTimeout(() => location.assign(retry.href), Number(retry.dataset.retrySeconds) * 1000);
}

function startBulk() {
  const form = document.querySelector("[data-bulk]");
  if (!form) return;
  const counter = form.querySelector("[data-count]");
  form.addEventListener("change", (event) => {
    const boxes = [...form.querySelectorAll("[name=id]")];
    if (event.target.hasAttribute("data-all")) for (const box of boxes) box.checked = event.target.checked;
    if (counter) counter.textContent = counter.dataset.count.replace("{count}", boxes.filter((box) => box.checked).length);
  });
}

// Where a field of a numbered row stands after the server has moved or removed rows; null: its row is gone.
function placeAfter(name, op) {
  const [, stem, digits] = /^(.*_)(\d+)$/.exec(name) ?? [];
  if (!stem) return name;
  const [word, at] = op.split(":");
  const n = Number(digits), k = Number(at);
  if (word === "remove") return n === k ? null : `${stem}${n > k ? n - 1 : n}`;
  const other = { up: k - 1, down: k + 1 }[word];
  return `${stem}${n === k && other ? other : n === other ? k : n}`;
}

// Rows are added, moved and removed by the server, which answers with the whole form as it was sent (buttons named op).
// What was typed while it answered is laid over the answer, at the place where its row stands now.
function startRows() {
  const under = new WeakMap(); // by request: the form as it was sent, then what was typed since
  const ticked = (field) => field.type === "checkbox" || field.type === "radio";
  const state = (field) => (ticked(field) ? field.checked : field.value);
  const fields = (form) => [...form.elements].filter((field) => field.name && field.matches("input:not([type=hidden]), textarea, select"));
  document.body.addEventListener("htmx:beforeSend", ({ detail: { elt, xhr } }) => {
    if (elt.name === "op" && elt.form) under.set(xhr, { form: elt.form, op: elt.value, sent: new Map(fields(elt.form).map((field) => [field, state(field)])) });
  });
  document.body.addEventListener("htmx:beforeSwap", ({ detail: { xhr } }) => {
    const one = under.get(xhr);
    if (one) one.typed = fields(one.form).filter((field) => one.sent.has(field) && one.sent.get(field) !== state(field));
    if (one) one.active = one.typed.find((field) => field === document.activeElement);
  });
  document.body.addEventListener("htmx:afterSettle", ({ detail: { xhr } }) => {
    const one = under.get(xhr);
    under.delete(xhr);
    const form = one?.typed?.length && document.getElementById(one.form.id);
    for (const field of form ? one.typed : []) {
      const name = placeAfter(field.name, one.op);
      const next = fields(form).find((other) => other.name === name && (field.type !== "radio" || other.value === field.value));
      if (!next) continue;
      if (ticked(field)) next.checked = field.checked;
      else next.value = field.value;
      if (field === one.active) next.focus();
      next.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
}

export function startForms() {
  startPreferences();
  startConfirm();
  startErrors();
  startAgain();
  startRows();
  startSmall();
  startBulk();
}
