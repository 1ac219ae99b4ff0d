// Topics: filtered by what is asked for; a topic that opens with a question leaves the first message to the bot. Where
// somebody else was there first, the list is read again, and what was typed and chosen stays.

export function startTopics() {
  const place = document.querySelector("[data-topics]");
  if (!place) return;
  const chosen = () => place.querySelector("input[name=topic]:checked");
  const filters = () => [...place.querySelectorAll("[data-topic-filter]")];
  const show = () => {
    const own = place.querySelector("[data-own-topic]");
    if (own) own.hidden = !chosen()?.value.startsWith("quota:");
    const first = document.querySelector("[data-first-message]");
    const speaks = Boolean(chosen()?.closest("[data-bot-opens]"));
    if (first) {
      first.hidden = speaks;
      first.querySelector("textarea").required = !speaks;
    }
  };
  const filter = () => {
    const wanted = filters().filter((one) => one.value).map((one) => [one.dataset.topicFilter, one.value]);
    for (const card of place.querySelectorAll(".topic-card")) card.hidden = !wanted.every(([name, value]) => ["", value].includes(card.dataset[name]));
  };
  const renew = async () => {
    const answer = await fetch(`${place.closest("[data-base]").dataset.base}/desk`);
    const next = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-topics]");
    if (!next || !place.isConnected) return;
    const own = place.querySelector("#own-topic")?.value;
    const before = [chosen()?.value, ...filters().map((one) => [one.dataset.topicFilter, one.value])];
    place.replaceChildren(...next.childNodes);
    for (const radio of place.querySelectorAll("input[name=topic]")) radio.checked = radio.value === before[0];
    for (const one of filters()) {
      const value = before.slice(1).find(([name]) => name === one.dataset.topicFilter)?.[1] ?? "";
      if ([...one.options].some((option) => option.value === value)) one.value = value;
    }
    if (own && place.querySelector("#own-topic")) place.querySelector("#own-topic").value = own;
    filter();
    show();
  };
  place.addEventListener("change", (event) => { if (event.target.matches("[data-topic-filter]")) filter(); else show(); });
  document.body.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 409 && place.isConnected && event.target.contains(place)) renew();
  });
  show();
}
