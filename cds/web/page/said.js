// What people said on this page, beside the records: read from the page's state, and told in words.

import { count, dateWords } from "./words.js";

// Every finding of a trial, those of cohorts that were not chosen included; each once.
export function everyFinding(trial) {
  const own = trial.cohorts.flatMap(({ findings }) => findings ?? []);
  const known = new Map([...trial.findings, ...own].map((found) => [`${found.cohort ?? ""} ${found.criterion}`, found]));
  return [...known.values()];
}

// What a finding or its parts measure, each concept once.
export function measuresOf(found) {
  const all = [found.measured, ...(found.parts ?? []).flatMap(measuresOf)].filter(Boolean);
  return [...new Map(all.map((each) => [each.concept, each])).values()];
}

// What the trials measure under this name, told by whichever finding has it.
export function measureNamed(concept, answer) {
  const all = answer.trials.flatMap(everyFinding).flatMap(measuresOf);
  return all.find((each) => each.concept === concept) ?? null;
}

export function attestedOf(found, trial, ask) {
  return ask.attestations.find((each) => each.trial === trial.nctId && each.criterion === found.criterion) ?? null;
}

const UNITS = { "{score}": "", "{presence}": "", "10*9/L": "× 10⁹/L", "10*3/uL": "× 10³/µL", "10*4/uL": "× 10⁴/µL", "10*6/L": "× 10⁶/L", "/uL": "/µL" };

export function unitWords(unit, measured) {
  if (unit === measured?.unit && measured.unitShown) return measured.unitShown;
  return UNITS[unit] ?? unit.replace(/^u(?=mol|kat|g)/, "µ").replace(/^m?\[?IU\]?/, (words) => words.replace(/[[\]]/g, ""));
}

export function isPresence({ unit }) {
  return unit === "{presence}";
}

export function amountWords(result, measured) {
  if (measured && isPresence(measured)) return Number(result.value) === 1 ? "positive (yes)" : "negative (no)";
  return [`${result.comparator ?? ""}${result.value}`, unitWords(result.unit, measured)].filter(Boolean).join(" ");
}

export function resultWords(result, answer) {
  const measured = measureNamed(result.concept, answer);
  const { low, high } = result.range ?? {};
  const normal = [low ? `from ${low}` : "", high ? `up to ${high}` : ""].filter(Boolean).join(" ");
  const words = `${measured?.name ?? result.concept}: ${amountWords(result, measured)} on ${dateWords(result.date)}`;
  return [words, normal ? `normal ${normal}` : "", result.note ? `“${result.note}”` : ""].filter(Boolean).join(", ");
}

const SAID = { met: "met", unmet: "not met", unknown: "cannot be told" };

export function attestationWords({ criterion, trial, truth, note }, answer) {
  const told = answer.trials.find(({ nctId }) => nctId === trial);
  const label = (told ? everyFinding(told).find((each) => each.criterion === criterion)?.label : null) ?? criterion;
  return `${trial}, ${label}: ${SAID[truth]}${note ? `, “${note}”` : ""}`;
}

// Whether a finding stands on a person's word, of the criterion or of a result.
export function onAWord({ basis, evidence = [] }) {
  return basis === "attested" || evidence.some(({ reference }) => String(reference).startsWith("attested/"));
}

export function usualDay(state) {
  return state.usual || state.settings.today;
}

// Everything that makes this more than what the records say, in short.
export function saidInShort(state) {
  const { attestations, results, asOf } = state.ask;
  const moved = asOf !== usualDay(state) ? `first dose on ${dateWords(asOf)}` : "";
  return [attestations.length ? count(attestations.length, "answer") : "", results.length ? count(results.length, "result") : "", moved].filter(Boolean).join(", ");
}
