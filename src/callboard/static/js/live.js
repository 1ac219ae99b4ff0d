// Live pages: the htmx SSE extension holds the connection; a "floor" message is a nudge, upon which the fragment is
// fetched again. At most one refresh a second, the last nudge is never dropped, and a hidden tab waits until it is seen.

const AT_MOST_EVERY_SECONDS = 1;
const known = new WeakSet();
const state = new Map();

function refresh(target) {
  const mine = state.get(target) ?? { last: 0, timer: null };
  state.set(target, mine);
  if (mine.timer) return;
  const every = Number(target.dataset.liveSeconds ?? AT_MOST_EVERY_SECONDS) * 1000;
  const wait = Math.max(0, mine.last + every - Date.now());
  mine.timer = setTimeout(() => {
    mine.timer = null;
    if (document.hidden) { mine.missed = true; return; }
    mine.last = Date.now();
    htmx.trigger(target, `live:${target.dataset.live}`);
  }, wait);
}

function nudge(kind) {
  for (const target of document.querySelectorAll(`[data-live="${kind}"]`)) refresh(target);
}

function show(value) {
  const indicator = document.getElementById("live");
  if (indicator) indicator.dataset.state = value;
}

export function startLive() {
  // A refresh must not close what the reader has opened.
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && node.matches("details"));
  document.body.addEventListener("htmx:sseOpen", (event) => {
    show("open");
    const { source } = event.detail;
    if (!known.has(source)) {
      known.add(source);
      for (const kind of ["floor", "queue"]) source.addEventListener(kind, () => nudge(kind));
      return;
    }
    nudge("floor"); // what happened while the line was down
    nudge("queue");
  });
  document.body.addEventListener("htmx:sseError", () => show("retry"));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    for (const [target, mine] of state) if (mine.missed) { mine.missed = false; refresh(target); }
  });
}
