// Whose chart is open, in a line, so that nobody reads one patient's trials for another's. Never in the page's title.

import { make } from "./nodes.js";
import { dateWords } from "./words.js";

export function personNodes(patient, asOf) {
  if (!patient) return [];
  const { gender, birthDate } = patient;
  const told = [gender, ageOf(birthDate, asOf), birthDate ? `born ${dateWords(birthDate)}` : null].filter(Boolean);
  return [make("strong", {}, nameOf(patient) || "No name recorded"), make("span", {}, told.join(" · "))];
}

function nameOf({ name }) {
  const all = Array.isArray(name) ? name : [];
  const chosen = all.find((each) => each?.use === "official") ?? all[0];
  return chosen?.text ?? [...(chosen?.given ?? []), chosen?.family].filter(Boolean).join(" ");
}

function ageOf(born, asOf) {
  if (!/^\d{4}-\d{2}-\d{2}/.test(born ?? "")) return null;
  return `${Number(asOf.slice(0, 4)) - Number(born.slice(0, 4)) - (asOf.slice(5) < born.slice(5, 10) ? 1 : 0)} years`;
}
