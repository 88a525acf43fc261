// The Medications that entries refer to, read in the time that is left: what does not come stays away, and the service then
// says of each entry that its drug was not sent.

const MOST = 200;
const AT_ONCE = 50;
const MIXTURES = 2;
const ID = /^Medication\/([A-Za-z0-9][A-Za-z0-9._-]{0,127})$/;

// Give the Medications that `resources` name and that are not among them, those that mixtures are made of included.
// `one` reads by id, `walk` searches.
export async function readDrugs(resources, { session, signal }, one, walk) {
  const tried = new Set(resources.filter(({ resourceType }) => resourceType === "Medication").map(({ id }) => id));
  const drugs = [];
  if (!session.canRead("Medication")) return drugs;
  for (let round = 0, from = resources; round < MIXTURES && !signal.aborted; round += 1) {
    const wanted = [...new Set(from.flatMap((each) => idsIn(each, session.fhir)))].filter((id) => !tried.has(id)).slice(0, MOST);
    for (const id of wanted) tried.add(id);
    from = await fetched(wanted, one, walk);
    drugs.push(...from);
  }
  return drugs;
}

async function fetched(ids, one, walk) {
  const chunks = Array.from({ length: Math.ceil(ids.length / AT_ONCE) }, (_, place) => ids.slice(place * AT_ONCE, (place + 1) * AT_ONCE));
  const found = (await Promise.all(chunks.map((some) => walk(`Medication?_id=${some.join(",")}`)))).flatMap((each) => each.resources);
  const known = new Map(found.filter(({ resourceType, id }) => resourceType === "Medication" && ids.includes(id)).map((each) => [each.id, each]));
  const missing = ids.filter((id) => !known.has(id));
  if (missing.length > AT_ONCE && known.size) return [...known.values()];
  const more = await Promise.all(missing.map((id) => one(id)));
  return [...known.values(), ...more.flatMap((each) => each.resources)];
}

// References of R4 and of R5, and a mixture's ingredients; those on this very server only.
function idsIn(resource, fhir) {
  if (!resource.resourceType.startsWith("Medication")) return [];
  const mixed = (Array.isArray(resource.ingredient) ? resource.ingredient : []).flatMap((each) => [each?.itemReference, each?.item?.reference, each?.item]);
  const places = resource.resourceType === "Medication" ? mixed : [resource.medicationReference, resource.medication?.reference, resource.medication];
  return places.map((each) => idOf(each?.reference, fhir)).filter(Boolean);
}

function idOf(reference, fhir) {
  if (typeof reference !== "string") return null;
  const bare = reference.trim().split("/_history/")[0];
  return ID.exec(bare.startsWith(`${fhir}/`) ? bare.slice(fhir.length + 1) : bare)?.[1] ?? null;
}
