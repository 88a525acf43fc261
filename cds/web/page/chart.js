// A FHIR Bundle as a chart that can be read: one fold per resource type, newest entries first.

import { fold, make } from "./nodes.js";

const GROUPS = [
  ["Condition", "Conditions", condition],
  ["Observation", "Observations", observation],
  ["MedicationStatement", "Medication statements", medication],
  ["MedicationRequest", "Medication orders", medication],
  ["MedicationAdministration", "Medication given", medication],
  ["MedicationDispense", "Medication dispensed", medication],
  ["Procedure", "Procedures", procedure],
  ["Immunization", "Immunizations", immunization],
  ["AllergyIntolerance", "Allergies", allergy],
];
const OPEN = new Set(["Condition", "Observation", "MedicationStatement"]);

export function chartNodes(bundle, asOf) {
  const resources = (bundle.entry ?? []).map((entry) => entry.resource).filter((each) => each?.resourceType);
  const drugs = new Map(resources.filter(ofType("Medication")).map((each) => [each.id, words(each.code)]));
  const known = new Set(["Patient", "Medication", ...GROUPS.map(([type]) => type)]);
  const groups = GROUPS.map(([type, title, row]) => group(title, resources.filter(ofType(type)), row, OPEN.has(type), drugs));
  const rest = group("Other entries", resources.filter((each) => !known.has(each.resourceType)), other, false, drugs);
  const patient = resources.find(ofType("Patient"));
  return [patient ? person(patient, asOf) : null, ...groups, rest].filter(Boolean);
}

function ofType(type) {
  return (resource) => resource.resourceType === type;
}

function person(patient, asOf) {
  const name = patient.name?.[0];
  const called = name?.text ?? [...(name?.given ?? []), name?.family].filter(Boolean).join(" ");
  const died = patient.deceasedDateTime ?? (patient.deceasedBoolean ? "yes" : null);
  const born = patient.birthDate ? `born ${patient.birthDate}${age(patient.birthDate, asOf)}` : null;
  return make(
    "div",
    { class: "person" },
    make("strong", {}, called || "No name"),
    make("span", {}, [patient.gender, born, died ? `deceased ${died}` : null].filter(Boolean).join(" · ")),
  );
}

function age(born, asOf) {
  if (born.length < 10) return "";
  const years = Number(asOf.slice(0, 4)) - Number(born.slice(0, 4)) - (asOf.slice(5) < born.slice(5) ? 1 : 0);
  return ` (${years})`;
}

function group(title, resources, row, open, drugs) {
  if (!resources.length) return null;
  const rows = resources.map((each) => row(each, drugs)).sort((a, b) => (b.date ?? "").localeCompare(a.date ?? ""));
  const heads = ["What", "Value or state", "Date"].map((words) => make("th", { scope: "col" }, words));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows.map(line)));
  return fold([title, " ", make("span", { class: "count" }, String(resources.length))], { open }, table);
}

function line({ what, value, note, date, faded }) {
  const cells = [
    make("th", { scope: "row" }, what || "no code"),
    make("td", {}, value ?? "", note ? make("small", {}, note) : null),
    make("td", { class: "date" }, date ? date.slice(0, 10) : "undated"),
  ];
  return make("tr", { class: faded ? "faded" : null }, ...cells);
}

function condition(each) {
  const sites = (each.bodySite ?? []).map(words).join(", ");
  const sure = words(each.verificationStatus);
  return {
    what: words(each.code),
    value: [words(each.clinicalStatus), sure && sure.toLowerCase() !== "confirmed" ? sure : null].filter(Boolean).join(", "),
    note: sites,
    date: each.onsetDateTime ?? each.onsetPeriod?.start ?? each.recordedDate,
    faded: ["inactive", "resolved", "remission"].includes(first(each.clinicalStatus)?.code),
  };
}

function observation(each) {
  const parts = (each.component ?? []).map((part) => `${words(part.code)} ${value(part)}`);
  const range = each.referenceRange?.[0];
  const open = each.status && !["final", "amended", "corrected"].includes(each.status) ? each.status : null;
  return {
    what: words(each.code),
    value: value(each) || parts.join("; ") || words(each.dataAbsentReason),
    note: [range ? `range ${range.text ?? between(range)}${side(each, range)}` : null, open].filter(Boolean).join(" · "),
    date: each.effectiveDateTime ?? each.effectivePeriod?.start ?? each.effectiveInstant ?? each.issued,
    faded: ["entered-in-error", "cancelled"].includes(each.status),
  };
}

function value(each) {
  if (each.valueQuantity) return amount(each.valueQuantity);
  if (each.valueCodeableConcept) return words(each.valueCodeableConcept);
  const plain = each.valueString ?? each.valueInteger ?? each.valueBoolean ?? each.valueDateTime;
  return plain === undefined ? "" : String(plain);
}

function amount({ comparator = "", value: number = "", unit, code }) {
  return `${comparator}${number} ${unit ?? code ?? ""}`.trim();
}

function between({ low, high }) {
  if (low && high) return `${low.value ?? ""}–${high.value ?? ""}`;
  return low ? `from ${low.value}` : `up to ${high?.value ?? ""}`;
}

function side({ valueQuantity: seen }, { low, high }) {
  if (seen?.value === undefined || seen.comparator) return "";
  const same = (end) => end?.value !== undefined && (end.unit === undefined || end.unit === seen.unit);
  if (same(high) && seen.value > high.value) return ", above";
  return same(low) && seen.value < low.value ? ", below" : "";
}

function medication(each, drugs) {
  const referred = each.medicationReference;
  const contained = (each.contained ?? []).find((inner) => `#${inner.id}` === referred?.reference);
  const drug = words(each.medicationCodeableConcept) || words(contained?.code) || drugs.get(tail(referred?.reference));
  const period = each.effectivePeriod;
  const until = period?.end ? `until ${period.end.slice(0, 10)}` : null;
  return {
    what: drug || referred?.display,
    value: [each.status, until].filter(Boolean).join(", "),
    note: each.dosage?.[0]?.text ?? each.dosageInstruction?.[0]?.text ?? each.dosage?.text,
    date: period?.start ?? each.effectiveDateTime ?? each.authoredOn ?? each.whenHandedOver,
    faded: each.status === "entered-in-error" || each.status === "not-taken",
  };
}

function procedure(each) {
  const date = each.performedDateTime ?? each.performedPeriod?.start;
  const note = (each.bodySite ?? []).map(words).join(", ");
  return { what: words(each.code), value: each.status, note, date, faded: each.status !== "completed" };
}

function immunization(each) {
  const date = each.occurrenceDateTime ?? each.occurrenceString;
  return { what: words(each.vaccineCode), value: each.status, date, faded: each.status !== "completed" };
}

function allergy(each) {
  const state = [words(each.clinicalStatus), words(each.verificationStatus)].filter(Boolean).join(", ");
  return { what: words(each.code), value: state, date: each.recordedDate ?? each.onsetDateTime };
}

function other(each) {
  return { what: `${each.resourceType}: ${words(each.code) || each.id || ""}`, value: each.status, date: each.effectiveDateTime };
}

function words(concept) {
  return concept?.text ?? first(concept)?.display ?? first(concept)?.code ?? "";
}

function first(concept) {
  return concept?.coding?.[0];
}

function tail(reference) {
  return reference?.split("/").at(-1);
}
