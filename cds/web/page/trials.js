// The coordinator's page: the loaded trials, one definition beside its registry text, and what changed. Read-only.

import { changesView, today } from "./changes.js";
import { definitionView } from "./definition.js";
import { listing } from "./listing.js";
import { make } from "./nodes.js";
import { getJson, setProof } from "./service.js";
import { beginLaunch, finishLaunch } from "./smart.js";

const FILTERS = ["condition", "drug", "phase", "status", "country", "site", "text"];
const place = (id) => document.getElementById(id);
let turn = 0;
let settings = { servers: [] };
let all = null;

// What an address asks for: the list with its filters, one trial, or the changes since a day.
export function routeOf(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  const asked = new URLSearchParams(query);
  if (/^NCT\d{8}$/.test(path)) return { view: "trial", nctId: path, asked };
  return { view: path === "changes" ? "changes" : "list", asked };
}

async function start() {
  settings = { ...settings, ...(await getJson("/app/settings.json")) };
  if (/[?&](code|error)=/.test(location.search)) await comeBack();
  document.querySelector(".skip").addEventListener("click", skip);
  globalThis.addEventListener("hashchange", () => show(true));
  await show(false);
}

// The address names what is shown, so skipping must not change it.
function skip(event) {
  event.preventDefault();
  place("content").focus();
}

// The launch server sends the browser back here; its answer leaves the address at once.
async function comeBack() {
  const session = await finishLaunch(settings, location);
  setProof(() => session.idToken());
}

async function show(moved) {
  turn += 1;
  const mine = turn;
  const route = routeOf(location.hash);
  point(route);
  say("Reading …");
  try {
    const { title, told, nodes } = await VIEWS[route.view](route);
    if (mine !== turn) return;
    document.title = `${title}: Trialcards`;
    const held = document.activeElement?.id;
    place("view").replaceChildren(...nodes);
    say(told);
    if (moved) (route.view === "list" && held ? place(held) : place("content"))?.focus();
  } catch (fault) {
    if (mine === turn) tellFault(fault);
  }
}

function point(route) {
  for (const [id, view] of [["to-list", "list"], ["to-changes", "changes"]]) {
    if (route.view === view) place(id).setAttribute("aria-current", "page");
    else place(id).removeAttribute("aria-current");
  }
  if (route.view === "list") place("to-list").setAttribute("href", location.hash || "#/");
}

const VIEWS = {
  async list({ asked }) {
    const filters = new URLSearchParams([...asked].filter(([name]) => FILTERS.includes(name)));
    const query = String(filters);
    const whole = all ?? getJson("/api/trials");
    const found = await (query ? getJson(`/api/trials?${query}`) : whole);
    all = await whole;
    const told = query ? `${found.trials.length} of ${all.trials.length} trials` : `${all.trials.length} trials`;
    return { title: "Trials", told, nodes: listing(found.trials, all.trials, asked, go) };
  },
  async trial({ nctId }) {
    const path = `/api/trials/${nctId}`;
    const extras = ["lint", "feedback", "related"].map((name) => getJson(`${path}/${name}`));
    const [trial, ...rest] = await Promise.allSettled([getJson(path), ...extras]);
    if (trial.status === "rejected") throw trial.reason;
    const [lint, feedback, related] = rest.map(orFault);
    const nodes = definitionView(trial.value, { lint, feedback, related }, place("to-list").getAttribute("href"));
    return { title: nctId, told: "", nodes };
  },
  async changes({ asked }) {
    const since = asked.get("since") ?? today(settings.today, -30);
    const news = await getJson(`/api/changes?since=${encodeURIComponent(since)}`).then((value) => ({ value }), missing);
    return { title: "What changed", told: "", nodes: changesView(orFault(news), since, go) };
  },
};

// An extra that cannot be had is told as such; it takes nothing else off the page.
function orFault({ value, reason, fault }) {
  return value ?? { fault: reason ?? fault };
}

function missing(fault) {
  if (fault.status === 401) throw fault;
  return { fault };
}

function go(hash) {
  location.hash = hash;
}

function say(words) {
  place("status").textContent = words;
}

function tellFault(fault) {
  say("");
  if (fault.status === 401) place("view").replaceChildren(...signIn());
  else place("view").replaceChildren(make("div", { class: "fault", role: "alert" }, ...faultWords(fault)));
}

function faultWords(fault) {
  const known = (fault.outcome?.issue ?? []).map((issue) => issue.diagnostics).filter(Boolean);
  const words = known.length ? known : [fault.message || "The service cannot be reached."];
  return [make("p", {}, make("strong", {}, "This could not be read.")), ...words.map((each) => make("p", {}, each))];
}

// Nobody's chart is needed, so the launch asks for who signs in and for no patient.
function signIn() {
  const offered = (settings.servers ?? []).filter((each) => each.standalone);
  const words = offered.length
    ? "This service shows its trials to who has signed in. Only your sign-in is asked for, no patient."
    : "This service shows its trials to who has signed in, and no server is listed to sign in at (docs/launch.md).";
  const buttons = offered.map((server) => {
    const button = make("button", { type: "button", class: "primary" }, `Sign in at ${server.id}`);
    button.addEventListener("click", () => {
      say(`Going to ${server.id} …`);
      beginLaunch(settings, { iss: server.fhir, scopes: ["openid", "fhirUser"] }).catch(tellFault);
    });
    return make("li", {}, button, make("small", {}, server.fhir));
  });
  const list = buttons.length ? make("ul", { class: "servers" }, ...buttons) : null;
  return [make("section", { class: "sign-in" }, make("h2", {}, "Sign in"), make("p", {}, words), list)].filter(Boolean);
}

start().catch(tellFault);
