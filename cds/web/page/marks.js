// Small things that several views show alike: what is known of a definition, counts with their bar, a box to tick.

import { make } from "./nodes.js";
import { shape, stacked } from "./shapes.js";
import { SORTS, dateWords } from "./words.js";

// What is known of a definition, and whether the trial is open at a place of this site.
export function marks({ definition, here }) {
  const looked = definition.reviewedOn ? `reviewed on ${dateWords(definition.reviewedOn)}` : "not clinically reviewed";
  const told = [
    here ? ["here", "open here"] : null,
    definition.draft ? ["draft", "draft, read by a machine"] : null,
    ["", looked],
    definition.complete ? null : ["", "definition incomplete"],
  ];
  return told.filter(Boolean).map(([kind, words]) => make("span", { class: `mark ${kind}`.trim() }, words));
}

// The counts as small numbers with their words, and as a bar that says the same at a glance.
export function tally(counts) {
  const parts = Object.entries(SORTS).map(([sort, { few }]) => ({ sort, few, number: counts[sort] ?? 0 }));
  const numbers = parts.map(({ sort, few, number }) =>
    make("span", { class: `number ${sort}${number ? "" : " none"}` }, shape(sort), make("strong", {}, String(number)), ` ${few} `),
  );
  return make("div", { class: "tally" }, make("p", { class: "numbers" }, ...numbers), stacked(parts.map(({ sort, number }) => [sort, number])));
}

export function box(id, words, checked, change) {
  const input = make("input", { type: "checkbox", id, checked });
  input.addEventListener("change", () => change(input.checked));
  return make("label", { class: "box", for: id }, input, ` ${words}`);
}
