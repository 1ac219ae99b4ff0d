// Counts what is pasted while a text is written: how often and how many characters, never which. Shown to whoever writes.

const counts = new WeakMap();

export function startPaste() {
  document.addEventListener("paste", (event) => {
    const form = event.target.closest?.("textarea[data-send]")?.form;
    if (!form) return;
    const { times, characters } = counts.get(form) ?? { times: 0, characters: 0 };
    counts.set(form, { times: times + 1, characters: characters + [...(event.clipboardData?.getData("text") ?? "")].length });
  });
  document.body.addEventListener("htmx:configRequest", (event) => {
    const found = counts.get(event.detail.elt.closest?.("form"));
    if (!found) return;
    event.detail.parameters.pastes = String(found.times);
    event.detail.parameters.pasted_characters = String(found.characters);
  });
}
