// Builds DOM nodes. Data only ever becomes text or a checked attribute: nothing here parses HTML.

export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== ""));
  return node;
}

// A link to somewhere else; anything but https stays plain text.
export function outward(url, ...words) {
  let parsed = null;
  try {
    parsed = new URL(url);
  } catch {
    // not an address: stays text
  }
  if (parsed?.protocol !== "https:") return make("span", {}, ...words);
  return make("a", { href: parsed.href, target: "_blank", rel: "noopener noreferrer" }, ...words);
}

export function fold(summary, { open = false, ...attributes } = {}, ...children) {
  return make("details", { open, ...attributes }, make("summary", {}, ...[summary].flat()), ...children);
}
