// Beside a text box: how long the text is, whether it was said before, copied, or is in another language than asked.
// Counting waits for a moment in which nobody types; a key never waits for it.

import { otherLanguage } from "./languages.js";
import { say } from "./words.js";

const PAUSE_MS = 150;
const LONG = 20000; // beyond this the words are estimated
const COPIED_SHARE = 0.8;
const COPIED_LEAST = 200;
const LEAST_LETTERS = 12;
const SCRIPTS = { zh: "Han", ja: "Han}\\p{Hiragana}\\p{Katakana", ko: "Hangul", ru: "Cyrillic", uk: "Cyrillic", bg: "Cyrillic", ar: "Arabic", fa: "Arabic", ur: "Arabic", he: "Hebrew", hi: "Devanagari", th: "Thai", el: "Greek", ka: "Georgian", hy: "Armenian", bn: "Bengali", ta: "Tamil" };

const pasted = new WeakMap();
const timers = new WeakMap();
const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;

function words(text, language) {
  if (text.length > LONG || !Intl.Segmenter) return (text.match(wide) ?? []).length / 1.6 + text.replace(wide, " ").split(/\s+/).filter(Boolean).length;
  let count = 0;
  for (const part of new Intl.Segmenter(language, { granularity: "word" }).segment(text)) count += part.isWordLike ? 1 : 0;
  return count;
}

// No tokenizer is asked: about four characters of alphabetic text, or one Chinese, Japanese or Korean one, to a token.
function tokens(text) {
  const dense = (text.match(wide) ?? []).length;
  return dense + (text.length - dense) / 4;
}

function inScript(text, language) {
  const letters = (text.match(/\p{L}/gu) ?? []).length;
  if (letters < LEAST_LETTERS) return true;
  const script = SCRIPTS[language.split("-")[0]] ?? "Latin";
  const own = (text.match(new RegExp(`[${script.split("}\\p{").map((one) => `\\p{Script=${one}}`).join("")}]`, "gu")) ?? []).length;
  return own / letters >= 0.4;
}

function named(tag) {
  try { return new Intl.DisplayNames([document.documentElement.lang], { type: "language" }).of(tag) ?? tag; } catch { return tag; }
}

const plain = (text) => text.toLowerCase().replace(/[\p{P}\s]+/gu, " ").trim();

function hints(box, text) {
  const found = [];
  const mine = plain(text);
  if (box.dataset.meter === "message") {
    const said = [...document.querySelectorAll("[data-said]")].map((one) => plain(one.textContent));
    if (mine.length > 3 && said.includes(mine)) found.push(say("said_before"));
    const replies = [...document.querySelectorAll(".says-bot [data-marks]")].map((one) => plain(one.textContent));
    if (mine.length > 80 && replies.some((one) => one.includes(mine.slice(0, 80)))) found.push(say("from_reply"));
    if (text.length >= COPIED_LEAST && (pasted.get(box) ?? 0) / text.length > COPIED_SHARE) found.push(say("copied"));
  }
  const language = document.querySelector(".work").dataset.language ?? "";
  if (language && !inScript(text, language)) found.push(say("other_language"));
  else if (language) {
    const seen = otherLanguage(text, language);
    if (seen) found.push(say("seems_to_be", { seen: named(seen), asked: named(language) }));
  }
  return found;
}

function measure(box) {
  const language = document.querySelector(".work").dataset.language || undefined;
  let line = box.nextElementSibling;
  if (!line?.classList.contains("meter")) {
    line = document.createElement("p");
    line.className = "meter small";
    box.after(line);
  }
  const text = box.value;
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const count = document.createElement("span");
  count.className = "faint";
  if (text) count.textContent = say("count", { w: number.format(Math.round(words(text, language))), c: number.format([...text].length), t: number.format(Math.ceil(tokens(text))) });
  count.title = say("token_note");
  const notes = text ? hints(box, text) : [];
  if (line.dataset.notes !== notes.join()) line.dataset.notes = notes.join();
  line.replaceChildren(count, ...notes.map((note) => { const one = document.createElement("span"); one.className = "hint"; one.textContent = note; return one; }));
}

export function startMeter() {
  if (!document.querySelector(".work[data-base]")) return;
  const soon = (box) => {
    clearTimeout(timers.get(box));
    timers.set(box, setTimeout(() => (globalThis.requestIdleCallback ?? setTimeout)(() => { if (box.isConnected) measure(box); }), PAUSE_MS));
  };
  document.addEventListener("input", (event) => {
    if (!event.target.matches?.("[data-meter]")) return;
    if (!event.target.value) pasted.delete(event.target);
    soon(event.target);
  });
  document.addEventListener("paste", (event) => {
    const box = event.target.closest?.("[data-meter]");
    if (box) pasted.set(box, (pasted.get(box) ?? 0) + (event.clipboardData?.getData("text").length ?? 0));
  });
  document.addEventListener("focusin", (event) => { if (event.target.matches?.("[data-meter]") && event.target.value) soon(event.target); });
}
