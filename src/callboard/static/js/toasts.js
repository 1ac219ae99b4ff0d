// A short message that goes away by itself, and the question before something that cannot be taken back.

const STAY_MILLISECONDS = 7000;

export function toast(text) {
  const place = document.getElementById("toasts");
  const box = document.createElement("div");
  box.className = "toast";
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "×";
  close.setAttribute("aria-label", "×");
  close.addEventListener("click", () => box.remove());
  box.append(words, close);
  place.append(box);
  setTimeout(() => box.remove(), STAY_MILLISECONDS);
}

// Resolves to true or false. The first button is the safe one and has the focus.
export function ask(question) {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("[data-question]").textContent = question;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
