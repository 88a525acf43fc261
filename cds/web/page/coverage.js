// How completely each type was read: complete only where every page of every search came.

const MEDICATION = ["MedicationStatement", "MedicationRequest", "MedicationAdministration", "MedicationDispense"];
const MAIN = MEDICATION.slice(0, 2);
const REFUSALS = ["Flag", "Consent"];
const NOTHING = ["failed", "not-offered", "not-granted"];
const READ = ["complete", "not-offered"];
const OLD = /^[13]\./;

// Settle { covered, gaps } by resource type. Throws an Error that may be shown where no trial may be told of.
export async function settled(answers, visit) {
  const [patient] = of(answers, ["Patient"]);
  if (patient?.state !== "complete") throw new Error(`The patient could not be read: ${patient?.why ?? "it was not asked for"}.`);
  const refusals = of(answers, REFUSALS).filter(({ state }) => !READ.includes(state));
  if (refusals.length) {
    throw new Error(`Whether the patient refuses research could not be read, so no trial is told: ${refusals[0].why}.`);
  }
  const drugs = await offered(of(answers, MEDICATION), visit);
  const told = [...answers.filter(({ search }) => ![...MEDICATION, ...REFUSALS].includes(search.resourceType)), ...drugs];
  const covered = {};
  const gaps = {};
  for (const group of groups(told)) {
    const extent = extentOf(group);
    const why = [...new Set(group.map((each) => each.why && `${each.search.key}: ${each.why}`).filter(Boolean))].join("; ");
    for (const { search } of group) {
      covered[search.resourceType] = extent;
      if (extent !== "complete") gaps[search.resourceType] = why || "it was not read";
    }
  }
  return { covered, gaps };
}

function of(answers, types) {
  return answers.filter(({ search }) => types.includes(search.resourceType));
}

// The searches that tell of the same thing: those of one type, and those of all types of medication together.
function groups(answers) {
  const found = new Map();
  for (const each of answers) {
    const name = MEDICATION.includes(each.search.resourceType) ? "Medication" : each.search.resourceType;
    found.set(name, [...(found.get(name) ?? []), each]);
  }
  return found.values();
}

function extentOf(group) {
  const medication = MEDICATION.includes(group[0].search.resourceType);
  if (group.every(({ state }) => NOTHING.includes(state))) return "not-read";
  const main = !medication || of(group, MAIN).length > 0;
  return main && group.every(({ state }) => state === "complete") ? "complete" : "partial";
}

// Of the types of medication servers offer some. What one has no resources of is no gap, as long as statements or requests
// are among the others; where it turned the question away, its own statement is asked whether it has the type at all.
async function offered(drugs, visit) {
  const away = drugs.filter(({ state, status }) => state === "not-granted" || (state === "failed" && [400, 403, 422].includes(status)));
  const listed = away.length && away.length < drugs.length ? typesIn(await visit.statement) : null;
  const states = drugs.map((each) => (away.includes(each) && listed && !listed.has(each.search.resourceType) ? { ...each, state: "not-offered" } : each));
  const told = states.filter(({ state }) => state !== "not-offered");
  return told.length ? told : states;
}

// Give what a server says of itself, or null.
export async function statement(session, signal) {
  try {
    const response = await session.fetch("metadata", { signal });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

// Say whether a server says that it speaks a release before R4: its charts look alike, and mean something else.
export function oldRelease(told) {
  return told?.resourceType === "Conformance" || OLD.test(told?.fhirVersion);
}

// Give the types that a server's CapabilityStatement lists, where it is to be believed: it names at least patients,
// observations, and statements or requests of medication.
function typesIn(told) {
  const listed = [told?.rest ?? []].flat().flatMap((each) => each?.resource ?? []);
  const types = new Set(listed.map((each) => each?.type));
  const credible = ["Patient", "Observation"].every((type) => types.has(type)) && MAIN.some((type) => types.has(type));
  return credible ? types : null;
}
