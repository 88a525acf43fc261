// The words and shapes of verdicts, findings and dates, the same on every page: never colour alone.

import { make } from "./nodes.js";
import { shape } from "./shapes.js";

export const VERDICTS = {
  candidate: { sign: "●", word: "Candidate", says: "nothing that is recorded stands in the way" },
  near: { sign: "◐", word: "Near", says: "what stands in the way passes with time, or may be corrected" },
  possible: { sign: "○", word: "Possible", says: "nothing stands in the way, but not everything could be told" },
  "does-not-fit": { sign: "✕", word: "Does not fit", says: "something stands in the way" },
  "not-relevant": { sign: "–", word: "Not relevant", says: "the records show no such disease, or another in its place" },
};

// What a verdict says. Where it stands on a person's word, it says nothing of what is recorded.
export function verdictSays(verdict, attested) {
  const says = VERDICTS[verdict]?.says ?? "";
  return attested ? `${says.replace("nothing that is recorded stands", "nothing stands")}, if what was attested here is so` : says;
}

// From when time alone takes away what stands in the way; said only where nothing else does, as cards say it.
export function waiting({ verdict, earliestDate }, day = dateWords) {
  return verdict === "near" && earliestDate ? `Eligible from ${day(earliestDate)}, if nothing else changes` : "";
}

// Which kinds of entry were not read whole, and how many entries could not be read.
export function unreadWords({ covered, lost }) {
  const partly = Object.entries(covered).filter(([, extent]) => extent !== "complete");
  const words = partly.map(([type, extent]) => `${typeWords(type)}: ${extent === "partial" ? "read in part" : "not read"}`);
  return lost.length ? [...words, `${count(lost.length, "entry", "entries")} could not be read`] : words;
}

export const SORTS = {
  unmet: { sign: "✕", word: "Unmet", few: "unmet", heading: "Stands in the way" },
  unknown: { sign: "?", word: "Unknown", few: "unknown", heading: "Not known" },
  judgement: { sign: "✎", word: "To judge", few: "to judge", heading: "For a person to judge" },
  met: { sign: "✓", word: "Met", few: "met", heading: "Met" },
};

const BASES = {
  documented: "A record shows it.",
  "no-record": "Entries of this kind were read whole, and none is about it.",
  assumed: "A convention stands in for what is not recorded.",
  attested: "A person said so on this page.",
};

const CAUSES = {
  "not-read": "this kind of entry was not read, or not completely",
  "no-record": "no record of it",
  "too-old": "the newest record is too old",
  "date-imprecise": "the date is not precise enough",
  "unit-not-comparable": "the unit cannot be compared",
  "no-reference-range": "the result has no reference range",
  implausible: "the value cannot be right",
  conflicting: "records contradict each other",
  unmapped: "the code is not verified",
  "too-general": "it is recorded too generally",
  "condition-unknown": "it depends on something that is not known",
  judgement: "it needs a person's judgement",
  "not-computable": "it is text for a person to read",
};

const OPEN_QUESTIONS = new Set(["judgement", "not-computable"]);

// Which of the four sorts a finding is told under: unknowns that only a person can settle stand apart.
export function sortOf({ truth, cause }) {
  if (truth === "unknown" && OPEN_QUESTIONS.has(cause)) return "judgement";
  return Object.hasOwn(SORTS, truth) ? truth : "unknown";
}

export function truthMark(found) {
  const sort = sortOf(found);
  return make("span", { class: `truth ${sort}` }, shape(sort), make("span", { class: "word" }, SORTS[sort].word));
}

export function verdictMark(verdict) {
  const kind = Object.hasOwn(VERDICTS, verdict) ? verdict : "possible";
  return make("span", { class: `verdict ${kind}` }, shape(kind), make("span", { class: "word" }, VERDICTS[kind].word));
}

export function verdictWord(verdict) {
  return VERDICTS[verdict]?.word ?? String(verdict);
}

export function causeWords(cause) {
  return CAUSES[cause] ?? "";
}

export function basisWords(basis) {
  return BASES[basis] ?? "";
}

const PARTS = [{ year: "numeric" }, { year: "numeric", month: "long" }, { year: "numeric", month: "long", day: "numeric" }];
const FORMS = PARTS.map((parts) => new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: "UTC" }));
const SHORT = new Intl.DateTimeFormat("en-GB", { month: "long", day: "numeric", timeZone: "UTC" });

// An ISO date of whatever precision in words; what is none stays as it is.
export function dateWords(iso) {
  const parts = /^\d{4}(?:-\d{2}(?:-\d{2})?)?/.exec(iso ?? "")?.[0].split("-");
  if (!parts) return String(iso ?? "");
  const moment = new Date(`${[...parts, "01", "01"].slice(0, 3).join("-")}T00:00:00Z`);
  return Number.isNaN(moment.getTime()) ? parts.join("-") : FORMS[parts.length - 1].format(moment);
}

// The same without the year, where it is the year of the day that is looked from.
export function shortDate(iso, from) {
  const whole = /^\d{4}-\d{2}-\d{2}$/.test(iso ?? "") && iso.slice(0, 4) === from?.slice(0, 4);
  return whole ? SHORT.format(new Date(`${iso}T00:00:00Z`)) : dateWords(iso);
}

export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

const STATUSES = { RECRUITING: "recruiting", NOT_YET_RECRUITING: "not yet recruiting", ENROLLING_BY_INVITATION: "by invitation" };

export function statusWords(status) {
  return STATUSES[status] ?? String(status ?? "").toLowerCase().replaceAll("_", " ");
}

const TYPES = {
  Patient: "patient", Condition: "diagnoses", Observation: "results", MedicationStatement: "medication statements",
  MedicationRequest: "medication orders", MedicationAdministration: "medication given", MedicationDispense: "medication dispensed",
  Medication: "drugs", Procedure: "procedures", Immunization: "vaccinations", AllergyIntolerance: "allergies",
  DiagnosticReport: "reports", Specimen: "specimens", Flag: "flags", Consent: "consents",
};

// What entries of a FHIR type are called in a chart.
export function typeWords(type) {
  return TYPES[type] ?? type;
}
