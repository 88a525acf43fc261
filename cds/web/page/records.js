// The open chart, read from its FHIR server by the searches that the service tells, and an honest account of what came.
// It agrees with how the service itself reads (cds/fhir/asking, cds/fhir/reading/coverage.py).

import { readDrugs } from "./drugs.js";
import { oldRelease, settled, statement } from "./coverage.js";
import { about, announced, expected, following, incomplete, matches, theOther } from "./bundles.js";
import { below } from "./session.js";

const AT_ONCE = 6;
const MOST_PAGES = 50;
const DEADLINE_MS = 30_000;
const PAGE_SIZE = 200;
const CODES_PER_SEARCH = 20;
const ASKS_OTHERWISE = [400, 413, 414, 422, 431];
const NOT_OFFERED = [404, 405, 501];
const NOT_LET = "this sign-in does not let the page read it";
const PART_LET = "this sign-in lets the page read a part of it";
const PATIENT = "{{context.patientId}}";

// Read the chart of the session's patient. `needs` is what /api/needs tells. Gives { bundle, covered, gaps }: per resource
// type how completely it was read, and why not where it was not. Throws an Error that may be shown where the patient could
// not be read, whether they refuse research could not, the server speaks an old release, or the sign-in has ended.
export async function readChart(session, needs, { deadlineMs = DEADLINE_MS, pages = MOST_PAGES, onProgress = () => {} } = {}) {
  const signal = AbortSignal.timeout(deadlineMs);
  const visit = { session, signal, pages, gate: gate(AT_ONCE), asked: new Map(), statement: statement(session, signal) };
  let done = 0;
  const answers = await Promise.all(
    needs.searches.map(async (search) => {
      const answer = await answerOf(search, visit);
      onProgress((done += 1), needs.searches.length);
      return { search, ...answer };
    }),
  );
  const ended = answers.find(({ fault }) => fault?.again);
  if (ended) throw ended.fault;
  if (oldRelease(await visit.statement)) throw new Error("This FHIR server speaks a release that is not read.");
  const { covered, gaps } = await settled(answers, visit);
  const resources = answers.flatMap(({ resources: some }) => some);
  const drugs = await readDrugs(resources, visit, (id) => one(`Medication/${encodeURIComponent(id)}`, visit), (query) => walk(query, visit));
  return { bundle: bundled(session, [...resources, ...drugs]), covered, gaps };
}

// Each resource once: several searches may find it. Where two of one id differ, both go: the service settles versions.
function bundled(session, resources) {
  const known = new Map(resources.map((each, place) => [each.id ? JSON.stringify(each) : place, each]));
  const entry = [...known.values()].map((resource) => ({
    ...(resource.id ? { fullUrl: `${session.fhir}/${resource.resourceType}/${resource.id}` } : {}),
    resource,
  }));
  return { resourceType: "Bundle", type: "collection", entry };
}

// ------------------------------------------------------------------------------------------------------------ one search

// What the sign-in lets the page read may shrink while it reads: the worse of before and after counts.
async function answerOf(search, visit) {
  const before = visit.session.canRead(search.resourceType);
  if (!before) return { state: "not-granted", resources: [], why: NOT_LET };
  const answer = search.search.includes("?") ? await searched(search, visit) : await one(filled(search.search, visit), visit);
  const after = visit.session.canRead(search.resourceType);
  if (answer.state !== "complete") return answer;
  if (!after) return { ...answer, state: answer.resources.length ? "partial" : "not-granted", why: NOT_LET };
  return [before, after].includes("part") ? { ...answer, state: "partial", why: PART_LET } : answer;
}

function filled(template, { session }) {
  return template.replaceAll(PATIENT, encodeURIComponent(session.patientId));
}

// As it stands, with large pages and what is referred to; where the server wants less, plainly; then by codes.
async function searched(search, visit) {
  const plain = filled(search.search, visit);
  const more = `&_count=${PAGE_SIZE}${search.include ? `&_include=${search.include}` : ""}`;
  let answer = await walk(`${plain}${more}`, visit, search.resourceType);
  if (refused(answer)) answer = await walk(plain, visit, search.resourceType);
  if (refused(answer) && search.codes?.length) answer = await byCodes(search, visit);
  return answer;
}

async function byCodes(search, visit) {
  const base = filled(`${search.resourceType}?patient=${PATIENT}`, visit);
  const parts = [];
  for (let start = 0; start < search.codes.length; start += CODES_PER_SEARCH) {
    const codes = search.codes.slice(start, start + CODES_PER_SEARCH).map((each) => encodeURIComponent(each)).join(",");
    parts.push(walk(`${base}&code=${codes}`, visit, search.resourceType));
  }
  const answers = await Promise.all(parts);
  const worst = answers.find(({ state }) => state !== "complete");
  const resources = answers.flatMap((each) => each.resources);
  if (!worst) return { state: "complete", resources };
  return { ...worst, state: resources.length ? "partial" : worst.state, resources };
}

function refused({ state, status, resources }) {
  return state === "failed" && ASKS_OTHERWISE.includes(status) && !resources.length;
}

// ------------------------------------------------------------------------------------------------------------- its pages

// Take page after page. Never throws; what came before a failure is kept. Two searches that need one request share it.
function walk(query, visit, type) {
  if (!visit.asked.has(query)) visit.asked.set(query, visit.gate(() => walked(query, visit, type)));
  return visit.asked.get(query);
}

async function walked(query, visit, type) {
  const found = { resources: [], matched: 0, total: null, dents: new Set(), seen: new Set() };
  try {
    for (let next = query; next; ) next = await turned(next, found, visit, type);
  } catch (fault) {
    const { status = 0 } = fault;
    const absent = NOT_OFFERED.includes(status) && found.seen.size < 2;
    const state = found.resources.length ? "partial" : absent ? "not-offered" : "failed";
    return { state, status, fault, resources: found.resources, why: whyOf(fault) };
  }
  if (found.total !== null && found.total > found.matched) found.dents.add("the FHIR server counts more entries than it sent");
  const why = [...found.dents].join("; ");
  return { state: why ? "partial" : "complete", resources: found.resources, ...(why ? { why } : {}) };
}

async function turned(next, found, visit, type) {
  const address = below(visit.session.fhir, next);
  if (found.seen.has(address)) throw new Error("the FHIR server's pages go round in a circle");
  if (found.seen.size >= visit.pages) throw new Error(`there are more than ${visit.pages} pages`);
  found.seen.add(address);
  const bundle = await got(address, visit);
  if (bundle.resourceType !== "Bundle") throw new Error("the FHIR server sent something else than search results");
  take(bundle, found, visit.session.patientId, type);
  const link = following(bundle);
  if (link && !(typeof link.url === "string" && link.url)) throw new Error("the FHIR server names a next page without its address");
  return link ? new URL(link.url, address).href : null;
}

function take(bundle, found, patientId, type) {
  found.matched += matches(bundle);
  found.total = announced(bundle) ?? found.total;
  for (const resource of about(bundle)) {
    if (resource === null) found.dents.add("entries that cannot be read came along");
    else if (incomplete(resource)) found.dents.add("the FHIR server says that something may be missing");
    else if (theOther(resource, patientId, type)) found.dents.add("entries of another patient came along, and were left out");
    else if (!expected(resource, type)) found.dents.add("entries that were not asked for came along, and were left out");
    else if (resource.resourceType !== "OperationOutcome") found.resources.push(resource);
  }
}

async function one(path, visit) {
  try {
    const resource = await visit.gate(() => got(below(visit.session.fhir, path), visit));
    const [type, id] = path.split("/");
    if (resource.resourceType !== type || resource.id !== decodeURIComponent(id)) throw new Error("the FHIR server sent something else");
    return { state: "complete", resources: [resource] };
  } catch (fault) {
    return { state: "failed", status: fault.status ?? 0, fault, resources: [], why: whyOf(fault) };
  }
}

const SAID = {
  401: "the FHIR server does not accept this sign-in (401)",
  403: "this sign-in does not cover it (403)",
  429: "the FHIR server is asked too much at the moment (429)",
  503: "the FHIR server is not available at the moment (503)",
};

async function got(address, { session, signal }) {
  const response = await session.fetch(address, { signal });
  if (!response.ok) {
    const words = SAID[response.status] ?? (NOT_OFFERED.includes(response.status) ? `the FHIR server does not offer this (${response.status})` : null);
    throw Object.assign(new Error(words ?? `the FHIR server answered ${response.status}`), { status: response.status });
  }
  const resource = await response.json().catch((fault) => {
    throw fault.name === "SyntaxError" ? new Error("the FHIR server sent something that is not FHIR") : fault;
  });
  if (typeof resource?.resourceType !== "string") throw new Error("the FHIR server sent something that is not FHIR");
  return resource;
}

function whyOf(fault) {
  if (fault.name === "TimeoutError" || fault.name === "AbortError") return "the FHIR server took too long";
  if (fault.name === "TypeError") return "the FHIR server cannot be reached, or broke off";
  return fault.message;
}

// Let so many run at a time; the others wait their turn.
function gate(most) {
  let free = most;
  const waiting = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise((go) => waiting.push(go));
    try {
      return await work();
    } finally {
      const go = waiting.shift();
      if (go) go();
      else free += 1;
    }
  };
}
