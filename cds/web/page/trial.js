// One trial: what it is to the patient, what stands in the way, and every criterion, grouped as the registry groups them.

import { account } from "./account.js";
import { chosenCohort, closed, findingsOf, idOf } from "./cohorts.js";
import { findingRow } from "./finding.js";
import { remembered } from "./kept.js";
import { box, marks, tally } from "./marks.js";
import { fold, make, outward } from "./nodes.js";
import { noteButton } from "./notes.js";
import { onAWord } from "./said.js";
import { shape } from "./shapes.js";
import { whatIfBar } from "./what-if.js";
import { SORTS, dateWords, shortDate, sortOf, statusWords, verdictMark, verdictSays, waiting } from "./words.js";

export { chosenCohort, findingsOf, idOf };

const SECTIONS = { inclusion: "Inclusion criteria", exclusion: "Exclusion criteria" };
const MOST = 6;

export function trialView(trial, state, act) {
  const cohort = chosenCohort(trial, state);
  const findings = findingsOf(trial, cohort);
  const shown = findings.filter((each) => passes(each, state.filters));
  const left = findings.length - shown.length;
  return [
    head(trial, cohort, state, act),
    make(
      "div",
      { class: "beside-list" },
      make("div", { class: "aside" }, cohorts(trial, cohort, act), obstacles(findings, trial, state, act), whatIfBar(state, act), account(state)),
      make(
        "div",
        { class: "criteria" },
        toolbar(state, act),
        ...sections(shown, state.filters).map((each) => section(each, trial, state, act)),
        left ? make("p", { class: "quiet" }, `${left} of ${findings.length} criteria are hidden by the filters.`) : null,
      ),
    ),
  ];
}

// ------------------------------------------------------------------------------------------------- the trial in short

function head(trial, cohort, state, act) {
  const { nctId, definition } = trial;
  const told = cohort ?? trial;
  const record = definition.recordDate ? make("span", {}, `record of ${dateWords(definition.recordDate)}`) : null;
  const wait = waiting(told, (day) => shortDate(day, state.answer.asOf));
  const when = wait ? make("strong", { class: "when" }, wait) : null;
  return make(
    "header",
    { class: "trial-head" },
    make("p", { class: "back screen-only" }, make("a", { href: "#/", id: "to-all" }, "‹ All trials")),
    make("h2", { tabindex: "-1", id: "view-heading" }, trial.title),
    make("p", { class: "facts" }, outward(`https://clinicaltrials.gov/study/${nctId}`, nctId), make("span", {}, statusWords(trial.overallStatus)), record, ...marks(trial)),
    make("div", { class: "told" }, make("p", { class: "standing" }, verdictMark(told.verdict), make("span", {}, `${verdictSays(told.verdict, findingsOf(trial, cohort).some(onAWord))}${closed(cohort)}`), when), tally(told.counts ?? trial.counts)),
    make("p", { class: "actions screen-only" }, make("a", { href: `#/${nctId}/patient` }, "Page for the patient"), make("a", { href: `#/${nctId}/signoff` }, "Sheet to sign off"), noteButton(trial, state, act)),
  );
}

function cohorts(trial, chosen, act) {
  if ((trial.cohorts ?? []).length < 2) return null;
  const buttons = trial.cohorts.map(({ id, label, open, verdict }) => {
    const button = make("button", { type: "button", id: `cohort-${trial.nctId}-${id}`, "aria-pressed": String(id === chosen?.id) }, make("span", {}, label, open ? "" : " (closed)"), verdictMark(verdict));
    button.addEventListener("click", () => act.cohort(trial.nctId, id));
    return button;
  });
  return make("div", { class: "panel cohorts", role: "group", "aria-label": "Cohorts" }, make("h3", {}, "Cohorts"), ...buttons);
}

// What stands in the way and what is not known, in short: each leads to its criterion.
function obstacles(findings, trial, state, act) {
  const of = (sort) => findings.filter((each) => sortOf(each) === sort);
  const [unmet, unknown, judgement] = [of("unmet"), of("unknown"), of("judgement")];
  if (!unmet.length && !unknown.length && !judgement.length) return make("p", { class: "panel" }, "Every criterion is met.");
  const items = (sort, some) => some.map((found) => make("li", {}, shape(sort), jump(found, trial, act)));
  const listed = (sort, some) => make("ul", { class: "ways" }, ...items(sort, some));
  const rest = (sort, some, words) => remembered(fold(`${some.length} ${words}`, { class: "plain", id: `more-${sort}`, open: state.opened.has(`more-${sort}`) }, listed(sort, some)), state);
  return make(
    "nav",
    { class: "panel obstacles", "aria-label": "What stands in the way, and what is not known" },
    make("h3", {}, unmet.length ? "What stands in the way" : "Nothing recorded stands in the way"),
    unmet.length ? listed("unmet", unmet) : null,
    unknown.length ? make("h3", {}, "Not known") : null,
    unknown.length ? listed("unknown", unknown.slice(0, MOST)) : null,
    unknown.length > MOST ? rest("unknown", unknown.slice(MOST), "more not known") : null,
    judgement.length ? rest("judgement", judgement, "for a person to judge") : null,
  );
}

function jump(found, trial, act) {
  const id = idOf(trial, found);
  const link = make("a", { href: `#${id}` }, make("span", { class: "away" }, `${SORTS[sortOf(found)].word}: `), found.label);
  link.addEventListener("click", (event) => {
    event.preventDefault();
    if (!document.getElementById(id)) act.filter({ hideMet: false, onlyUnknown: false });
    const row = document.getElementById(id);
    row.open = true;
    row.querySelector("summary").focus({ preventScroll: true });
    row.scrollIntoView({ block: "start" });
  });
  return link;
}

// ---------------------------------------------------------------------------------------------------- its criteria

function toolbar(state, act) {
  const { hideMet, onlyUnknown, byWeight } = state.filters;
  const order = (chosen, words, weight) => {
    const button = make("button", { type: "button", id: `order-${weight ? "weight" : "registry"}`, "aria-pressed": String(chosen) }, words);
    button.addEventListener("click", () => act.filter({ byWeight: weight }));
    return button;
  };
  return make(
    "div",
    { class: "toolbar screen-only", role: "group", "aria-label": "Which criteria are shown, and in what order" },
    make("div", { class: "either" }, order(!byWeight, "As in the registry", false), order(Boolean(byWeight), "By what matters", true)),
    box("filter-met", "Hide met", hideMet, (chosen) => act.filter({ hideMet: chosen })),
    box("filter-unknown", "Only unknown", onlyUnknown, (chosen) => act.filter({ onlyUnknown: chosen })),
  );
}

function passes(found, { hideMet, onlyUnknown }) {
  if (onlyUnknown) return found.truth === "unknown";
  return !(hideMet && found.truth === "met");
}

// By section, and in it by the registry's headings, in the order of lines; or by what the criteria came to.
function sections(findings, { byWeight }) {
  if (byWeight) {
    return Object.entries(SORTS)
      .map(([sort, { heading }]) => ({ name: heading, groups: [["", findings.filter((each) => sortOf(each) === sort)]] }))
      .filter(({ groups: [[, some]] }) => some.length);
  }
  return Object.entries(SECTIONS)
    .map(([section, name]) => ({ name, groups: headed(findings.filter((each) => each.section === section)) }))
    .filter(({ groups }) => groups.length);
}

function headed(findings) {
  const line = (each) => each.source?.line ?? Infinity;
  const groups = new Map();
  for (const each of findings.toSorted((a, b) => line(a) - line(b))) {
    const name = headingOf(each);
    groups.set(name, [...(groups.get(name) ?? []), each]);
  }
  return [...groups];
}

const PLAIN = /^\W*(?:(?:key|main|major)\s+)?(?:inclusion|exclusion)(?:\s+criteria)?\W*$/i;

function headingOf({ heading = [] }) {
  return heading.filter((words) => !PLAIN.test(words)).map((words) => words.replace(/\s*:\s*$/, "")).join(" › ");
}

function section({ name, groups }, trial, state, act) {
  const all = groups.reduce((sum, [, some]) => sum + some.length, 0);
  const nodes = groups.flatMap(([heading, some]) => [
    heading ? make("h4", {}, heading) : null,
    make("div", { class: "findings" }, ...some.map((found) => findingRow(found, trial, state, act))),
  ]);
  return make("section", { class: "group" }, make("h3", {}, name, " ", make("span", { class: "count" }, String(all))), ...nodes);
}
