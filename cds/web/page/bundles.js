// What a page of search results holds: whose it is, what the server warns of, and how much it says there is.

const BESIDES = ["include", "outcome"];
const HARMLESS = ["informational", "success", "not-supported"];
const MILD = ["information", "success", "warning"];
const WHOSE = ["subject", "patient", "beneficiary", "individual"];
const BESIDE = ["OperationOutcome", "Patient", "Provenance"];
const DIGITS = /^\d+$/;
const NOTHING_FOUND = "returns no results";

// Give the resources of a Bundle, those of Bundles inside it and R5's issues included; null for each thing that is there
// and cannot be read.
export function about(bundle, depth = 3) {
  const issues = bundle.issues ? [bundle.issues] : [];
  return [...entries(bundle).map((each) => each?.resource), ...issues].flatMap((resource) => {
    if (typeof resource?.resourceType !== "string") return [null];
    if (resource.resourceType !== "Bundle") return [resource];
    return depth ? [...about(resource, depth - 1), ...(goesOn(resource) ? [null] : [])] : [null];
  });
}

// Give the link to the next page, or nothing.
export function following(bundle) {
  return [bundle.link ?? []].flat().find((each) => each?.relation === "next");
}

// Nobody turns the pages of a Bundle inside another.
function goesOn(bundle) {
  return Boolean(following(bundle)) || announced(bundle) > matches(bundle);
}

// Count what the search found, without what only came with it.
export function matches(bundle) {
  return entries(bundle).filter((each) => !BESIDES.includes(each?.search?.mode)).length;
}

// Give the number of matches that a Bundle announces, or null. Some servers write it as text.
export function announced({ total }) {
  if (typeof total === "string" && DIGITS.test(total)) return Number(total);
  return Number.isFinite(total) ? total : null;
}

// Say whether a resource is an OperationOutcome by which something may be missing: not one that only remarks on something,
// says that a parameter was not applied (which finds more), or that nothing was found.
export function incomplete(resource) {
  if (resource.resourceType !== "OperationOutcome") return false;
  const issues = Array.isArray(resource.issue) ? resource.issue : [];
  return !issues.length || issues.some(counts);
}

function counts(issue) {
  if (!MILD.includes(issue?.severity)) return true;
  const shown = JSON.stringify([issue.details ?? "", issue.diagnostics ?? ""]).toLowerCase();
  return !(HARMLESS.includes(issue.code) || shown.includes(NOTHING_FOUND));
}

// Say whether a resource is about another patient. One of the type that was asked for must name this one; what comes along
// need name nobody.
export function theOther(resource, patientId, type) {
  if (resource.resourceType === "Patient") return resource.id !== patientId;
  const named = WHOSE.map((element) => idOf(resource[element])).filter((id) => id !== null);
  if (named.length) return named.some((id) => id !== patientId);
  return resource.resourceType === type;
}

// Say whether a search for a type may be answered with such a resource: that type, and what may come along.
export function expected(resource, type) {
  const also = type?.startsWith("Medication") ? [...BESIDE, "Medication"] : BESIDE;
  return type === undefined || resource.resourceType === type || also.includes(resource.resourceType);
}

function idOf(reference) {
  const steps = typeof reference?.reference === "string" ? reference.reference.trim().split("/_history/")[0].split("/") : [];
  return steps.at(-2) === "Patient" ? steps.at(-1) : null;
}

function entries(bundle) {
  return [bundle.entry ?? []].flat();
}
