// Card details are GitHub-Flavored Markdown. This renders the part of it that our cards use: paragraphs, headings,
// lists, bold, italics, code, links, backslash escapes and character references. It makes DOM nodes and no HTML.

import { make, outward } from "./nodes.js";

const NAMED = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\u00a0" };
const ITEM = /^(\s*)(?:[-*+]|\d{1,9}[.)])\s+(.*)$/;
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;

// Renders Markdown as a list of nodes; headings begin at the level below `under`.
export function render(text, under = 3) {
  const nodes = [];
  const lines = text.split(/\r\n|\r|\n/);
  for (let at = 0; at < lines.length; ) {
    const heading = HEADING.exec(lines[at]);
    if (!lines[at].trim()) {
      at += 1;
    } else if (heading) {
      nodes.push(make(`h${Math.min(6, under + heading[1].length)}`, {}, ...inline(heading[2])));
      at += 1;
    } else if (ITEM.test(lines[at])) {
      const end = endOfList(lines, at);
      nodes.push(list(lines.slice(at, end)));
      at = end;
    } else {
      const end = endOfParagraph(lines, at);
      nodes.push(make("p", {}, ...inline(joined(lines.slice(at, end)))));
      at = end;
    }
  }
  return nodes;
}

function joined(lines) {
  return lines.map((line) => line.trim()).join(" ");
}

function endOfParagraph(lines, from) {
  let end = from + 1;
  while (end < lines.length && lines[end].trim() && !ITEM.test(lines[end]) && !HEADING.test(lines[end])) end += 1;
  return end;
}

function endOfList(lines, from) {
  let end = from + 1;
  while (end < lines.length && lines[end].trim() && !HEADING.test(lines[end])) end += 1;
  return end;
}

function list(lines) {
  const indent = ITEM.exec(lines[0])[1].length;
  const items = [];
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item && item[1].length <= indent) items.push({ own: [item[2]], inner: [] });
    else if (item || items.at(-1).inner.length) items.at(-1).inner.push(line);
    else items.at(-1).own.push(line);
  }
  const tag = /^\s*\d/.test(lines[0]) ? "ol" : "ul";
  const made = items.map(({ own, inner }) =>
    make("li", {}, ...inline(joined(own)), inner.length ? list(inner) : null),
  );
  return make(tag, {}, ...made);
}

// Renders one line's worth of text as nodes and strings.
export function inline(text) {
  const out = [];
  let words = "";
  const put = (node) => {
    if (words) out.push(words);
    words = "";
    out.push(node);
  };
  for (let at = 0; at < text.length; ) {
    const part = escapedSign(text, at) ?? marked(text, at);
    if (part?.node) put(part.node);
    else words += part?.text ?? text[at];
    at = part?.end ?? at + 1;
  }
  if (words) out.push(words);
  return out;
}

function escapedSign(text, at) {
  if (text[at] === "\\" && /[!-/:-@[-`{-~]/.test(text[at + 1] ?? "")) return { text: text[at + 1], end: at + 2 };
  if (text[at] !== "&") return null;
  const reference = /^&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|([a-z]{2,6}));/.exec(text.slice(at, at + 12));
  if (!reference) return null;
  const [whole, decimal, hex, name] = reference;
  if (name) return NAMED[name] ? { text: NAMED[name], end: at + whole.length } : null;
  const point = decimal ? Number(decimal) : Number.parseInt(hex, 16);
  const sign = point === 0 || point > 0x10ffff ? "\ufffd" : String.fromCodePoint(point);
  return { text: sign, end: at + whole.length };
}

function marked(text, at) {
  if (text[at] === "`") return code(text, at);
  if (text[at] === "[") return anchor(text, at);
  if (text.startsWith("**", at)) return wrapped(text, at, "**", "strong");
  if (text[at] === "*") return wrapped(text, at, "*", "em");
  if (text[at] === "_" && !/\w/.test(text[at - 1] ?? " ")) return wrapped(text, at, "_", "em");
  return null;
}

function code(text, at) {
  const end = text.indexOf("`", at + 1);
  return end < 0 ? null : { node: make("code", {}, text.slice(at + 1, end)), end: end + 1 };
}

function wrapped(text, at, sign, tag) {
  const end = closing(text, at + sign.length, sign);
  if (end < 0 || /\s/.test(text[at + sign.length])) return null;
  return { node: make(tag, {}, ...inline(text.slice(at + sign.length, end))), end: end + sign.length };
}

function anchor(text, at) {
  const middle = closing(text, at + 1, "](");
  const end = middle < 0 ? -1 : text.indexOf(")", middle);
  if (end < 0) return null;
  return { node: outward(text.slice(middle + 2, end), ...inline(text.slice(at + 1, middle))), end: end + 1 };
}

// Where a sign closes: not escaped, not inside code, and with something before it.
function closing(text, from, sign) {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "`") at = Math.max(at, text.indexOf("`", at + 1));
    else if (at > from && text.startsWith(sign, at)) return at;
  }
  return -1;
}
