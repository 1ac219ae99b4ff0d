// Times as people read them: local dates, ages, and countdowns that warn in words, shape and colour.
// Leases are judged by the database; the countdown here only shows them.

import { say } from "./words.js";
import { toast } from "./toasts.js";

const formats = {
  datetime: { dateStyle: "medium", timeStyle: "short" },
  time: { timeStyle: "short" },
  date: { dateStyle: "medium" },
};
const announced = new Set();

export function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return say("seconds", { s });
  const m = Math.floor(s / 60);
  if (m < 60) return say("minutes", { m });
  const h = Math.floor(m / 60);
  if (h < 24) return say(m % 60 ? "hours" : "whole_hours", { h, m: m % 60 });
  return say("days", { d: Math.floor(h / 24), h: h % 24 });
}

function left(seconds) {
  if (seconds <= 0) return say("over");
  if (seconds >= 3600) return duration(seconds);
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tickClock(time, now) {
  const seconds = (Date.parse(time.dateTime) - now) / 1000;
  write(time, left(seconds));
  const clock = time.closest(".clock");
  if (clock) {
    const near = seconds < Number(clock.dataset.warn ?? 300);
    clock.toggleAttribute("data-near", near && seconds > 0);
    clock.toggleAttribute("data-over", seconds <= 0);
    if (near && seconds > 0 && document.body.classList.contains("focus")) warnOnce(time, seconds);
  }
  if (seconds <= 0 && time.hasAttribute("data-refresh")) {
    time.removeAttribute("data-refresh");
    document.body.dispatchEvent(new CustomEvent("refresh"));
  }
}

function warnOnce(time, seconds) {
  if (announced.has(time.dateTime)) return;
  announced.add(time.dateTime);
  toast(say("near", { left: duration(seconds) }));
}

function tick() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-clock]")) tickClock(time, now);
  for (const time of document.querySelectorAll("time[data-ago]")) {
    write(time, duration((now - Date.parse(time.dateTime)) / 1000));
  }
}

function localise() {
  const language = document.documentElement.lang;
  for (const time of document.querySelectorAll("time[data-local]")) {
    const moment = new Date(time.dateTime);
    const style = time.dataset.local;
    const text = new Intl.DateTimeFormat(language, formats[style] ?? formats.datetime).format(moment);
    write(time, text);
    time.title = moment.toISOString();
  }
}

export function startClocks() {
  const all = () => { localise(); tick(); };
  all();
  setInterval(tick, 1000);
  // Before the browser paints, so that nobody sees the server's form of a time.
  document.body.addEventListener("htmx:afterSwap", all);
  document.body.addEventListener("htmx:oobAfterSwap", all);
}
