// What the page asks to be let do, as version 1 or 2 of SMART's scopes writes it, and what it was let do.
// Source: hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html (v1 read means rs, write cud).

const READ = ["AllergyIntolerance", "Condition", "Immunization", "Medication", "MedicationAdministration", "MedicationDispense"];
READ.push("MedicationRequest", "MedicationStatement", "Observation", "Patient", "Procedure");
const FORM = /^(?:patient|user)\/(\*|[A-Z][A-Za-z]{1,60})\.(read|write|\*|(?=[cruds])c?r?u?d?s?)(\?.+)?$/;
const GRANULAR = /^(?:patient|user)\/[^.]+\.(?=[cruds])c?r?u?d?s?(?:\?.+)?$/;
const MEANS = { read: "rs", write: "cud", "*": "cruds" };

// Write the scopes of a launch: to read what the service needs, to know who signs in, and to save where the site lets us.
// `about` is the server's smart-configuration. Access that outlasts the window is never asked for.
export function asked(settings, server, about, fromEhr) {
  const can = words(about.capabilities);
  const offered = words(about.scopes_supported);
  const granular = can.includes("permission-v2") || offered.some((each) => GRANULAR.test(each));
  const version = granular ? "v2" : "v1";
  const read = settings.scopes?.[version] ?? READ.map((type) => `patient/${type}.${granular ? "rs" : "read"}`);
  const save = server.saveObservations ? [`patient/Observation.${granular ? "c" : "write"}`] : [];
  const online = can.includes("permission-online") || offered.includes("online_access") ? ["online_access"] : [];
  return [fromEhr ? "launch" : "launch/patient", "openid", "fhirUser", ...online, ...read, ...save].join(" ");
}

// Say what the granted scopes permit with a type: all of the letters `wanted` (cruds), for all of its resources ("whole"),
// for some ("part"), or not at all ("").
export function permits(granted, type, wanted) {
  const of = granted.split(/\s+/).map((each) => FORM.exec(each)).filter((found) => found && ["*", type].includes(found[1]));
  const may = (found) => new Set(found.flatMap(([, , letters]) => [...(MEANS[letters] ?? letters)]));
  const all = (letters) => [...wanted].every((each) => letters.has(each));
  if (all(may(of.filter(([, , , narrowed]) => !narrowed)))) return "whole";
  return all(may(of)) ? "part" : "";
}

// Give the types that were asked for to be read, and are not, or not all of them, granted.
export function lacking(wanted, granted) {
  const types = wanted.split(/\s+/).map((each) => FORM.exec(each)?.[1]).filter((type) => type && type !== "*");
  return [...new Set(types)].filter((type) => permits(wanted, type, toRead(type)) && permits(granted, type, toRead(type)) !== "whole");
}

// The letters by which a type is read: patient and drugs by their ids, all else by searching.
export function toRead(type) {
  return ["Patient", "Medication"].includes(type) ? "r" : "rs";
}

function words(listed) {
  return Array.isArray(listed) ? listed.filter((each) => typeof each === "string") : [];
}
