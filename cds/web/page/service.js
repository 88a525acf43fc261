// Asks this service, with what proves whose page it is; every fault is an Error that says what happened.

let proof = () => null;

// Tell how the page proves itself: a function that gives the id token of the moment, or nothing (a promise will do).
export function setProof(give) {
  proof = give;
}

// Give what stands at a path of this service. Throws an Error with `status` (0: it was not reached) and `outcome`, the
// OperationOutcome where one was sent.
export function getJson(path) {
  return ask(path, {});
}

export function postJson(path, body, { signal } = {}) {
  const headers = { "Content-Type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body), signal });
}

// What was sent in place of an answer, in plain sentences.
export function outcomeWords(outcome) {
  const issues = Array.isArray(outcome?.issue) ? outcome.issue : [];
  return issues.map((issue) => issue?.details?.text ?? issue?.diagnostics).filter((words) => typeof words === "string" && words);
}

async function ask(path, options) {
  if (new URL(path, location.href).origin !== location.origin) throw fault("That is not an address of this service.", 0);
  const response = await sent(path, options);
  const said = await body(response);
  if (response.ok && said !== null) return said;
  const words = outcomeWords(said).join(" ");
  throw fault(words || SAYS[response.status] || `The service answered ${response.status}.`, response.status, said);
}

async function sent(path, options) {
  const token = await proof();
  const headers = { Accept: "application/json", ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  try {
    return await fetch(path, { ...options, headers, credentials: "same-origin", redirect: "error" });
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw fault("The service cannot be reached.", 0);
  }
}

async function body(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

const SAYS = {
  401: "The service does not know who asks: sign in again.",
  413: "The chart is larger than this service takes.",
  429: "The service is asked too much at the moment: wait a little.",
  503: "The service is busy, or not available, at the moment.",
};

function fault(words, status, outcome = null) {
  return Object.assign(new Error(words), { status, outcome });
}
