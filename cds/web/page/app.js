// The clinician's page, top to bottom: what the site has set, where the chart comes from, what the trials need of it, what
// the service says of it, and which view of that is shown. The service keeps nothing, and neither does the browser.

import { keepingPlace } from "./kept.js";
import { matrix, standing, stepBetween } from "./matrix.js";
import { make } from "./nodes.js";
import { patientSheet } from "./patient.js";
import { personNodes } from "./person.js";
import { readChart } from "./records.js";
import { getJson, postJson, setProof } from "./service.js";
import { signOffSheet } from "./signoff.js";
import { finishLaunch } from "./smart.js";
import { faultView, startView, withheldView } from "./start.js";
import { trialView } from "./trial.js";
import { dateWords, verdictWord } from "./words.js";

const PAUSE_MS = 120;
const VIEW = /^#\/(NCT\d{8})(?:\/(patient|signoff))?$/;

const state = {
  settings: null,
  source: null,
  bundle: null,
  patient: null,
  covered: {},
  gaps: {},
  trials: null, // those that were asked for; nothing: all that are loaded
  ask: { asOf: "", attestations: [], results: [] },
  usual: "", // the chart's own day, from which somebody may move
  answer: null,
  filters: { hideMet: false, onlyUnknown: false, mySites: false, byWeight: false },
  cohorts: {}, // by trial, the cohort that was chosen
  opened: new Set(), // the folds that are open, by id
  details: new Map(), // by trial, what the service tells of it by itself
  route: { view: "" },
};

const act = {
  // Take what somebody says, ask again after a moment, and draw the answer. Of several questions the latest counts.
  ask(changes) {
    Object.assign(state.ask, changes);
    state.stale = true;
    clearTimeout(waiting);
    waiting = setTimeout(() => assess().then((words) => words && told(words), fail), PAUSE_MS);
  },
  filter(changes) {
    Object.assign(state.filters, changes);
    render();
  },
  cohort(trial, id) {
    state.cohorts[trial] = id;
    render();
  },
  go(hash) {
    location.hash = hash;
  },
  say(words) {
    place("status").textContent = words;
  },
};

const place = (id) => document.getElementById(id);
let waiting = 0;
let running = null;

async function start() {
  state.settings = await getJson("/app/settings.json");
  const sent = new URLSearchParams(location.search);
  if (["code", "error", "state"].some((name) => sent.has(name))) await fromServer();
  else if (state.settings.demo && sent.has("chart")) await fromDemo(sent.get("chart"));
  else return show(await startView(state.settings, act));
  const words = await assess();
  globalThis.addEventListener("hashchange", () => turn().catch(fail));
  document.addEventListener("keydown", keys);
  await turn();
  act.say(words);
}

// ------------------------------------------------------------------------------------------ where the chart comes from

async function fromServer() {
  act.say("Signing in …");
  const session = await finishLaunch(state.settings);
  if (/(?:^|\/)(?:Patient|RelatedPerson)\//i.test(session.user ?? "")) throw new Error("This page is for clinicians, not for patients and their relatives.");
  state.source = { kind: "smart", session };
  setProof(() => session.idToken());
  const needs = await getJson("/api/needs");
  const onProgress = (done, all) => act.say(`Reading the chart: ${done} of ${all} …`);
  const { bundle, covered, gaps } = await readChart(session, needs, { onProgress });
  take(bundle, covered, gaps, state.settings.today, needs.trials);
  openedFor(session.appContext);
}

// A card tells the page which trial it is about.
function openedFor(context) {
  if (location.hash.length > 2) return;
  try {
    const { trial } = JSON.parse(context ?? "null") ?? {};
    if (/^NCT\d{8}$/.test(trial)) history.replaceState(null, "", `${location.pathname}#/${trial}`);
  } catch {
    // an EHR may send anything: the matrix is shown
  }
}

// An example chart is whole: what is not in it was not there.
async function fromDemo(slug) {
  act.say("Reading the chart …");
  const [chart, needs] = await Promise.all([getJson(`/demo/charts/${encodeURIComponent(slug)}`), getJson("/api/needs")]);
  state.source = { kind: "demo", slug };
  const types = needs.searches.map(({ resourceType }) => resourceType).filter((type) => !["Patient", "Flag", "Consent"].includes(type));
  take(chart.chart, Object.fromEntries(types.map((type) => [type, "complete"])), {}, chart.asOf, needs.trials);
}

function take(bundle, covered, gaps, asOf, trials = null) {
  const resources = (bundle.entry ?? []).map((entry) => entry?.resource);
  const patient = resources.find((each) => each?.resourceType === "Patient") ?? null;
  Object.assign(state, { bundle, covered, gaps, patient, trials, usual: asOf });
  state.ask.asOf = asOf;
  place("person").replaceChildren(...personNodes(patient, asOf));
}

// ---------------------------------------------------------------------------------------------- what the service says

// Ask with everything that was said, and give what is new in words; nothing, where a later question took the place of this.
async function assess() {
  running?.abort();
  const mine = (running = new AbortController());
  act.say("Holding the chart against the trials …");
  place("content").setAttribute("aria-busy", "true");
  try {
    const before = state.answer;
    const asked = { ...state.ask };
    state.answer = await postJson("/api/assessments", question(), { signal: mine.signal });
    Object.assign(state, { stale: false, answered: asked });
    return news(before, state.answer);
  } catch (fault) {
    if (mine.signal.aborted) return null;
    throw fault;
  } finally {
    if (running === mine) place("content").removeAttribute("aria-busy");
  }
}

function question() {
  const { bundle, patient, trials, covered, ask } = state;
  return { bundle, ...(patient?.id ? { patientId: patient.id } : {}), ...(trials ? { trials } : {}), covered, ...ask, series: true };
}

// What is said of a new answer: the day it is of, and the verdicts that became others.
function news(before, { asOf, trials, withheld }) {
  if (withheld) return `As of ${dateWords(asOf)}.`;
  const old = new Map((before?.trials ?? []).map(({ nctId, verdict }) => [nctId, verdict]));
  const turned = trials.filter(({ nctId, verdict }) => old.has(nctId) && old.get(nctId) !== verdict);
  const words = turned.map(({ nctId, verdict }) => `${nctId} is ${verdictWord(verdict).toLowerCase()} now`);
  const end = before ? words.join("; ") || "the verdicts stay as they were" : standing(trials);
  return `As of ${dateWords(asOf)}: ${end}.`;
}

async function detailOf(trial) {
  if (state.answer.withheld || !state.answer.trials.some(({ nctId }) => nctId === trial)) return null;
  if (!state.details.has(trial)) {
    const asked = getJson(`/api/trials/${trial}`).catch(() => state.details.delete(trial) && null);
    state.details.set(trial, asked);
  }
  return state.details.get(trial);
}

// ------------------------------------------------------------------------------------------------------ what is shown

// The address names the view. Going to one begins at its top, with the focus on its heading; back in the matrix, it is
// on the trial that was looked at.
async function turn() {
  const [, trial = "", sheet = ""] = VIEW.exec(location.hash) ?? [];
  const before = state.route;
  const moved = before.trial !== trial || before.view !== (sheet || "trial");
  const route = (state.route = trial ? { view: sheet || "trial", trial } : { view: "matrix" });
  const detail = sheet ? await detailOf(trial) : null;
  if (state.route !== route) return;
  state.detail = detail;
  document.title = `${trial || "Trials for this chart"}: Trialcards`;
  show(nodes());
  const back = before.trial && !trial ? place(`row-${before.trial}`) : null;
  if (back) {
    if (back.closest("details")) back.closest("details").open = true;
    back.focus();
  } else if (trial && moved && before.view) {
    globalThis.scrollTo(0, 0);
    document.querySelector("#view h2")?.focus({ preventScroll: true });
  }
}

// Draws the view again; whoever was somewhere in it stays there.
function render() {
  if (state.answer) keepingPlace(() => show(nodes()));
}

function told(words) {
  render();
  act.say(words);
}

function nodes() {
  if (state.answer.withheld) return withheldView(state);
  const { view, trial: nctId } = state.route;
  if (view === "matrix") return matrix(state, act);
  const trial = state.answer.trials.find((each) => each.nctId === nctId);
  if (!trial) return make("p", { class: "panel nothing" }, `${nctId} is not among the trials of this service. `, make("a", { href: "#/" }, "All trials"));
  if (view === "patient") return patientSheet(trial, state.detail, state);
  if (view === "signoff") return signOffSheet(trial, state.detail, state);
  return trialView(trial, state, act);
}

function show(nodes) {
  place("view").replaceChildren(...[nodes].flat().filter(Boolean));
}

const TYPED = "input:not([type=checkbox]), select, textarea";

function keys(event) {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.target.closest?.(TYPED)) return;
  const { view, trial } = state.route;
  if (event.key === "Escape" && trial) act.go(view === "trial" ? "#/" : `#/${trial}`);
  else if (!stepBetween(event.key, [...document.querySelectorAll(view === "matrix" ? ".matrix .title, .others > summary" : ".finding > summary")])) return;
  event.preventDefault();
}

// A question that failed leaves the last answer standing, and says so; without one there is nothing to show.
function fail(fault) {
  const ended = fault.again || fault.status === 401;
  if (state.answer && !ended) {
    // What was entered and not answered is taken back: nothing may stand beside a verdict that does not heed it.
    Object.assign(state, { ask: { ...state.answered }, stale: false });
    show(nodes());
  }
  act.say(state.answer && !ended ? `${fault.message} What was entered last is taken back.` : "");
  if (!state.answer || ended) show(faultView(fault, state.source?.session, () => (state.source?.session ? state.source.session.again().catch(fail) : location.reload())));
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  place("content").focus();
});
start().catch(fail);
