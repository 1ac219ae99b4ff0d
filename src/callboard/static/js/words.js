// The few words that scripts say, in the reader's language; the server writes them into a meta tag.

export const words = JSON.parse(document.querySelector('meta[name="callboard-messages"]').content);

export function say(key, values = {}) {
  return (words[key] ?? key).replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
}

export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]').content;
}
