// What was read of the chart, what could not be, and which kinds of entry were not read whole.

import { remembered } from "./kept.js";
import { fold, make } from "./nodes.js";
import { count, typeWords } from "./words.js";

const EXTENTS = { partial: "read in part", "not-read": "not read" };

export function account(state) {
  const { chart } = state.answer;
  const partly = Object.entries(chart.covered).filter(([, extent]) => extent !== "complete");
  const id = "fold-read";
  const short = [...partly.map(([type, extent]) => `${typeWords(type)} ${EXTENTS[extent] ?? extent}`), chart.lost.length ? `${count(chart.lost.length, "entry", "entries")} unreadable` : ""].filter(Boolean);
  const told = short.length ? `Not everything could be read: ${short.join(", ")}` : "The chart was read whole";
  const kind = short.length ? "account faults" : "account";
  return remembered(fold(told, { id, class: kind, open: state.opened.has(id) }, ...inside(chart, partly, { ...chart.gaps, ...state.gaps })), state);
}

function inside(chart, partly, gaps) {
  const read = Object.entries(chart.read).filter(([type]) => type !== "Patient");
  const words = read.map(([type, number]) => `${number} ${typeWords(type)}`).join(", ");
  const why = partly.map(([type, extent]) => make("li", {}, `${capital(typeWords(type))} ${type === typeWords(type) ? "" : `(${type}) `}${EXTENTS[extent] ?? extent}${gaps[type] ? `: ${gaps[type]}` : ""}.`));
  const lost = chart.lost.map(({ reference, why: reason }) => make("li", {}, make("code", {}, reference), ` ${reason}`));
  return [
    make("p", {}, `Read: ${words || "nothing"}.`),
    why.length ? make("ul", {}, ...why) : null,
    lost.length ? make("p", {}, "Entries that could not be read; what they would have decided is told as unknown:") : null,
    lost.length ? make("ul", {}, ...lost) : null,
  ];
}

function capital(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
