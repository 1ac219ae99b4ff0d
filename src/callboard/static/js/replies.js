// A bot's reply as it arrives: words are appended as plain text, then the server's finished exchange replaces them.
// The reply belongs to the server: a lost line is taken up again behind the last words that came.

import { say } from "./words.js";
import { toast } from "./toasts.js";

const MOST_BREAKS = 30;
const AGAIN_MS = 2000;

function listen(turn, heard = "", breaks = 0) {
  turn.dataset.streaming = "yes";
  const source = new EventSource(turn.dataset.stream + (heard ? `&heard=${encodeURIComponent(heard)}` : ""));
  const words = turn.querySelector("[data-words]");
  const waiting = turn.querySelector("[data-until-words]");
  // Sent before the words of a call that the reader has heard nothing of: what stands there belongs to another one.
  source.addEventListener("start", () => { words.textContent = ""; });
  source.addEventListener("words", (event) => {
    breaks = 0;
    heard = event.lastEventId;
    if (waiting) waiting.hidden = true;
    words.append(JSON.parse(event.data));
  });
  source.addEventListener("end", (event) => {
    source.close();
    // Not when the person has left meanwhile or the exchange was replaced.
    if (turn.isConnected) htmx.swap(turn, JSON.parse(event.data), { swapStyle: "outerHTML", settleDelay: 0 });
    document.body.dispatchEvent(new CustomEvent("reply:arrived"));
  });
  source.onerror = () => {
    breaks += 1;
    if (!turn.isConnected || breaks > MOST_BREAKS) {
      source.close();
      if (turn.isConnected) { turn.removeAttribute("data-streaming"); toast(say("offline")); }
    } else if (source.readyState === EventSource.CLOSED) {
      // The browser gives up by itself after an answer that is no stream, as a proxy sends while the server restarts.
      setTimeout(() => { if (turn.isConnected) listen(turn, heard, breaks); }, AGAIN_MS);
    }
  };
}

function look() {
  for (const turn of document.querySelectorAll("[data-stream]:not([data-streaming])")) listen(turn);
}

export function startReplies() {
  look();
  document.body.addEventListener("htmx:afterSettle", look);
  document.body.addEventListener("desk:changed", look);
  // After a break of the line: whoever is back asks again.
  addEventListener("online", look);
}
