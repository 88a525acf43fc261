// All trials, one below the other, best first: what each is to the patient in a shape, a word and four counts, and what
// stands in its way.

import { account } from "./account.js";
import { remembered } from "./kept.js";
import { box, marks, tally } from "./marks.js";
import { fold, make } from "./nodes.js";
import { shape } from "./shapes.js";
import { whatIfBar } from "./what-if.js";
import { count, shortDate, sortOf, statusWords, verdictMark, waiting } from "./words.js";

const FOLDED = {
  "does-not-fit": (number) => (number === 1 ? "1 trial does not fit" : `${number} trials do not fit`),
  "not-relevant": (number) => (number === 1 ? "1 trial is not about this disease" : `${number} trials are not about this disease`),
};
const TOLD = 2;

export function matrix(state, act) {
  const { trials } = state.answer;
  const shown = state.filters.mySites ? trials.filter((each) => each.here) : trials;
  const open = shown.filter(({ verdict }) => !Object.hasOwn(FOLDED, verdict));
  return [
    make("h2", { class: "away", tabindex: "-1", id: "view-heading" }, "All trials"),
    make("div", { class: "tools" }, whatIfBar(state, act), toolbar(trials, state, act)),
    open.length ? list(open, state, "Trials worth a look") : nothing(trials, shown),
    ...Object.keys(FOLDED).map((verdict) => folded(verdict, shown, state)),
    account(state),
    keys(),
  ];
}

function nothing(trials, shown) {
  if (!trials.length) return make("p", { class: "nothing" }, "No trials are loaded here.");
  const words = shown.length ? "No loaded trial is worth a look by what is recorded." : "No trial is left by these filters.";
  return make("p", { class: "nothing" }, words);
}

function list(trials, state, label) {
  return make("ul", { class: "matrix", "aria-label": label }, ...trials.map((each) => row(each, state)));
}

function row(trial, state) {
  const { nctId, title, verdict, counts } = trial;
  const { asOf } = state.answer;
  const wait = waiting(trial, (day) => shortDate(day, asOf)).replace(", if nothing else changes", "");
  const when = wait ? make("span", { class: "when" }, wait) : null;
  const link = make("a", { class: "title", href: `#/${nctId}`, id: `row-${nctId}` }, title);
  const facts = make("p", { class: "facts" }, make("span", {}, nctId), make("span", {}, statusWords(trial.overallStatus)), ...marks(trial));
  const ways = Object.hasOwn(FOLDED, verdict) && verdict !== "does-not-fit" ? null : obstacles(trial, state, asOf);
  return make("li", { class: `row ${verdict}` }, make("div", { class: "standing" }, verdictMark(verdict), when), make("div", { class: "what" }, link, facts, ways), tally(counts));
}

function obstacles(trial, state, asOf) {
  const unmet = trial.findings.filter((each) => sortOf(each) === "unmet"); // of the cohort that the verdict is of
  if (!unmet.length) return null;
  const items = unmet.slice(0, TOLD).map((found) => {
    const now = beside(found, asOf);
    return make("li", {}, shape("unmet"), make("span", {}, make("span", { class: "away" }, "Unmet: "), found.label, now ? make("span", { class: "quiet" }, ` (${now})`) : null));
  });
  const more = unmet.length - TOLD;
  return make("ul", { class: "ways" }, ...items, more > 0 ? make("li", { class: "quiet" }, `and ${more} more unmet`) : null);
}

// What is there now, or when it passes.
function beside({ resolvesOn, clearsOn, measured, evidence }, asOf) {
  if (resolvesOn) return `met from ${shortDate(resolvesOn, asOf)}`;
  if (clearsOn) return `may pass on ${shortDate(clearsOn, asOf)}`;
  return measured && evidence?.[0]?.value ? `now ${evidence[0].value}` : "";
}

function folded(verdict, shown, state) {
  const trials = shown.filter((each) => each.verdict === verdict);
  if (!trials.length) return null;
  const id = `fold-${verdict}`;
  const words = FOLDED[verdict](trials.length);
  return remembered(fold(words, { id, class: "others", open: state.opened.has(id) }, list(trials, state, words)), state);
}

function toolbar(trials, state, act) {
  if (!trials.some((each) => each.here !== undefined)) return null;
  const sites = box("filter-sites", "Only at my sites", state.filters.mySites, (mySites) => act.filter({ mySites }));
  return make("div", { class: "toolbar screen-only", role: "group", "aria-label": "Which trials are shown" }, sites);
}

// How many trials are what, in one line.
export function standing(trials) {
  const number = (verdict) => trials.filter((each) => each.verdict === verdict).length;
  const told = ["candidate", "near", "possible"].map((verdict) => [number(verdict), verdict]).filter(([some]) => some);
  const words = told.map(([some, verdict]) => `${some} ${verdict}`).join(", ");
  return words ? `${words} of ${count(trials.length, "trial")}` : count(trials.length, "trial");
}

function keys() {
  const told = [["↑ ↓", "from one to the next"], ["Enter", "opens"], ["Esc", "goes back"]];
  return make("p", { class: "keys-told quiet screen-only" }, ...told.flatMap(([key, words]) => [make("kbd", {}, key), ` ${words} `]));
}

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

// Go from one trial, or from one criterion, to the next by the arrows, and to the ends by Home and End. True: it was done.
export function stepBetween(key, all) {
  const shown = all.filter((each) => each.checkVisibility());
  const at = shown.indexOf(document.activeElement);
  const within = at >= 0 || document.activeElement === document.body || ["view-heading", "content"].includes(document.activeElement?.id);
  const ends = { Home: 0, End: shown.length - 1 };
  const to = at >= 0 && Object.hasOwn(ends, key) ? ends[key] : at + (STEPS[key] ?? NaN);
  if (!shown.length || !within || Number.isNaN(to)) return false;
  shown[Math.min(shown.length - 1, Math.max(0, to))].focus();
  return true;
}
