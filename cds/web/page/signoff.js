// One trial to be signed off on paper: each criterion with what we found, and room for what a person decides.

import { make, outward } from "./nodes.js";
import { actions } from "./patient.js";
import { attestationWords, onAWord, resultWords, usualDay } from "./said.js";
import { chosenCohort, closed, findingsOf } from "./cohorts.js";
import { dateWords, statusWords, truthMark, unreadWords, verdictMark, verdictSays } from "./words.js";

const SECTIONS = { inclusion: "Inclusion", exclusion: "Exclusion" };
const HEADS = ["Criterion", "Our finding", "Evidence and date", "Source", "Decided", "Initials"];

export function signOffSheet(trial, detail, state) {
  const cohort = chosenCohort(trial, state);
  const findings = findingsOf(trial, cohort);
  return make(
    "article",
    { class: "sheet signoff" },
    actions(trial, { ...state, patient: null }),
    make("h2", { tabindex: "-1" }, trial.title),
    make("p", { class: "sheet-facts" }, outward(detail?.url ?? `https://clinicaltrials.gov/study/${trial.nctId}`, trial.nctId), ` · ${statusWords(trial.overallStatus)}`),
    make("p", { class: "standing" }, verdictMark((cohort ?? trial).verdict), ` ${verdictSays((cohort ?? trial).verdict, findings.some(onAWord))}${closed(cohort)}`),
    facts(trial, detail, cohort, state),
    besides(trial, findings, state),
    make("div", { class: "sheet-table", role: "region", tabindex: "0", "aria-label": "Criteria" }, table(findings)),
    make("p", { class: "quiet" }, "Findings are told from the patient's side: met means that nothing stands in the way, of exclusion criteria too. The machine's findings decide nothing: the study team does, by the protocol."),
    signatures(),
  );
}

function facts(trial, detail, cohort, state) {
  const { version, recordDate, draft, complete, reviewedOn } = trial.definition;
  const made = [version ?? "no version", draft ? "draft, read by a machine" : reviewedOn ? `reviewed on ${dateWords(reviewedOn)}` : "not clinically reviewed", complete ? "" : "incomplete"];
  const pairs = [
    ["Definition", made.filter(Boolean).join(", ")],
    ["Registry record", recordDate ? dateWords(recordDate) : "day not known"],
    ["Posted last", detail?.registry?.updated ? dateWords(detail.registry.updated) : ""],
    ["Cohort", cohort?.label],
    ["First dose on", `${dateWords(state.answer.asOf)}${state.ask.asOf === usualDay(state) ? "" : " (assumed)"}`],
    ["Printed", dateWords(state.settings.today)],
    ["Not read whole", unreadWords(state.answer.chart).join("; ")],
    ["Screening number", blank()],
  ];
  return make("dl", { class: "sheet-facts" }, ...pairs.filter(([, words]) => words).map(([term, words]) => make("div", {}, make("dt", {}, term), make("dd", {}, words))));
}

function blank() {
  return make("span", { class: "blank" }, make("span", { class: "away" }, "to be filled in"));
}

function besides(trial, findings, { ask, answer }) {
  const own = ask.attestations.filter((each) => each.trial === trial.nctId && findings.some(({ criterion }) => criterion === each.criterion));
  const said = [...own.map((each) => attestationWords(each, answer)), ...ask.results.map((each) => resultWords(each, answer))];
  if (!said.length) return null;
  return make("div", { class: "attested-here" }, make("p", {}, make("strong", {}, "Attested by a person, not in the record:")), make("ul", {}, ...said.map((words) => make("li", {}, words))));
}

function table(findings) {
  const bodies = Object.entries(SECTIONS).map(([section, name]) => [name, findings.filter((each) => each.section === section)]).filter(([, some]) => some.length);
  return make(
    "table",
    {},
    make("caption", { class: "away" }, "Every criterion, what was found, and room for the decision"),
    make("thead", {}, make("tr", {}, ...HEADS.map((words) => make("th", { scope: "col" }, words)))),
    ...bodies.map(([name, some]) => make("tbody", {}, make("tr", { class: "part" }, make("th", { colspan: HEADS.length, scope: "rowgroup" }, `${name} criteria (${some.length})`)), ...some.map(row))),
  );
}

function row(found) {
  const { label, cohort, asks, source } = found;
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, label, make("small", {}, asks), cohort ? make("small", {}, `of cohort ${cohort} only`) : null),
    make("td", {}, truthMark(found), onAWord(found) ? make("span", { class: "mark attested" }, "attested") : null, make("small", {}, found.explanation)),
    make("td", {}, ...evidence(found.evidence)),
    make("td", {}, source ? `Line ${(source.lines ?? [source.line]).join(", ")}` : "none", source?.text ? make("small", {}, source.text) : null),
    make("td", { class: "boxes" }, ...["yes", "no", "n.a."].map((word) => make("span", {}, make("span", { "aria-hidden": "true" }, "☐ "), word))),
    make("td", { class: "initials" }),
  );
}

const SHOWN = 3;

function evidence(entries = []) {
  const shown = entries.slice(0, SHOWN).map(({ label, value, date, reference }) => make("div", {}, [label, value].filter(Boolean).join(": "), make("small", {}, `${date ? dateWords(date) : "undated"}${reference.startsWith("attested/") ? ", attested" : ""}`)));
  if (!shown.length) return ["none"];
  return entries.length > SHOWN ? [...shown, make("small", {}, `and ${entries.length - SHOWN} more`)] : shown;
}

function signatures() {
  return make("dl", { class: "sheet-facts signatures" }, ...["Checked by", "Signature", "Date"].map((term) => make("div", {}, make("dt", {}, term), make("dd", {}, blank()))));
}
