// What a page of search results holds: whose it is, what the server warns of, and how much it says there is.

const BESIDES = ["include", "outcome"];
const HARMLESS = ["informational", "success", "not-supported"];
const MILD = ["information", "success", "warning"];
const WHOSE = ["subject", "patient", "beneficiary", "individual"];
const BESIDE = ["OperationOutcome", "Patient", "Provenance"];
const NOTHING_FOUND = "returns no results";

// Give the resources of a Bundle, those of Bundles inside it included.
export function about(bundle, depth = 3) {
  return entries(bundle).flatMap(({ resource }) => {
    if (typeof resource?.resourceType !== "string") return [];
    return resource.resourceType === "Bundle" ? (depth ? about(resource, depth - 1) : []) : [resource];
  });
}

// Count what the search found, without what only came with it.
export function matches(bundle) {
  return entries(bundle).filter((each) => !BESIDES.includes(each.search?.mode)).length;
}

// Give the number of matches that a Bundle announces, or null.
export function announced(bundle) {
  return Number.isFinite(bundle.total) ? bundle.total : null;
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
  return Array.isArray(bundle.entry) ? bundle.entry.filter((each) => each && typeof each === "object") : [];
}
