// Renews the lease while somebody works: a sign of life every 30 s, only when there was activity since the last one.

import { csrfToken } from "./words.js";

const EVERY_MILLISECONDS = 30000;

export function startHeartbeat() {
  const place = document.querySelector("[data-heartbeat-url]");
  if (!place) return;
  let active = true;
  for (const kind of ["keydown", "pointerdown", "scroll", "touchstart", "pointermove"]) {
    addEventListener(kind, () => { active = true; }, { passive: true, capture: true });
  }
  const beat = async () => {
    if (!place.isConnected || !active || document.hidden) return;
    active = false;
    try {
      const answer = await fetch(place.dataset.heartbeatUrl, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": csrfToken() },
        body: JSON.stringify({ epoch: Number(place.dataset.epoch) }),
      });
      if (answer.ok) {
        const { lease_until: until, deadline } = await answer.json();
        const end = document.querySelector("#deadline time");
        if (deadline && end) end.dateTime = deadline; // a manager may have granted more time
        const time = document.querySelector("#lease time");
        if (until && time) time.dateTime = until;
      } else if (answer.status === 409) {
        location.reload();
      }
    } catch {
      active = true; // the server is away for a moment: try at the next beat
    }
  };
  setInterval(beat, EVERY_MILLISECONDS);
}
