// Topics: filtered by what is asked for; a topic that opens with a question leaves the first message to the bot.

export function startTopics() {
  const place = document.querySelector("[data-topics]");
  if (!place) return;
  const cards = [...place.querySelectorAll(".topic-card")];
  const own = place.querySelector("[data-own-topic]");
  const first = document.querySelector("[data-first-message]");
  const show = () => {
    const chosen = place.querySelector("input[name=topic]:checked");
    if (own) own.hidden = !chosen?.value.startsWith("quota:");
    const speaks = Boolean(chosen?.closest("[data-bot-opens]"));
    if (first) {
      first.hidden = speaks;
      first.querySelector("textarea").required = !speaks;
    }
  };
  const filter = () => {
    const wanted = [...place.querySelectorAll("[data-topic-filter]")].filter((one) => one.value).map((one) => [one.dataset.topicFilter, one.value]);
    for (const card of cards) card.hidden = !wanted.every(([name, value]) => ["", value].includes(card.dataset[name]));
  };
  place.addEventListener("change", (event) => { if (event.target.matches("[data-topic-filter]")) filter(); else show(); });
  show();
}
