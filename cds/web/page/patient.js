// One trial for the patient, to be printed: in plain words, with what is not known said, and no name unless it is wanted.

import { make, outward } from "./nodes.js";
import { onAWord, usualDay } from "./said.js";
import { chosenCohort, findingsOf } from "./cohorts.js";
import { count, dateWords, sortOf } from "./words.js";

// `detail` is what the service tells of the trial by itself; without it less is told.
export function patientSheet(trial, detail, state) {
  const findings = findingsOf(trial, chosenCohort(trial, state));
  const told = chosenCohort(trial, state) ?? trial;
  const parts = [
    about(trial, detail),
    steps(detail?.registry?.phases?.length ? detail.registry.phases : detail?.phases),
    fits(findings),
    toCheck(findings),
    against(findings, told),
    places(trial, detail),
    questions(),
    read(trial, detail, state),
    isNot(trial.definition),
  ];
  return make("article", { class: "sheet patient" }, actions(trial, state), make("h2", { class: "name", tabindex: "-1" }, trial.title), make("p", { class: "sheet-facts" }, trial.nctId), name(state), ...parts);
}

function section(title, ...children) {
  return make("section", {}, make("h3", {}, title), ...children);
}

function list(items) {
  return make("ul", {}, ...items.map((words) => make("li", {}, words)));
}

// ------------------------------------------------------------------------------------------------------ not to be printed

export function actions(trial, state) {
  const print = make("button", { type: "button", class: "primary", id: "print" }, "Print");
  print.addEventListener("click", () => globalThis.print());
  return make("p", { class: "actions screen-only" }, make("a", { href: `#/${trial.nctId}` }, "‹ Back to the trial"), print, state.patient && called(state.patient) ? wantsName(state) : null);
}

function wantsName(state) {
  const input = make("input", { type: "checkbox", id: "wants-name" });
  input.addEventListener("change", () => {
    const line = document.getElementById("sheet-name");
    line.replaceChildren(...(input.checked ? [`For ${called(state.patient)}`] : []));
    line.hidden = !input.checked;
  });
  return make("label", { class: "box", for: "wants-name" }, input, " Put my name on it");
}

function name() {
  return make("p", { class: "name", id: "sheet-name", hidden: true });
}

function called(patient) {
  const names = Array.isArray(patient.name) ? patient.name : [];
  const best = names.find(({ use }) => use === "official") ?? names.find(({ use }) => use === "usual") ?? names[0];
  return best?.text ?? [...(best?.given ?? []), best?.family].filter(Boolean).join(" ");
}

// ---------------------------------------------------------------------------------------------------------- what it says

function about(trial, detail) {
  return section("What the study is about", ...said(trial, detail));
}

// The definition's own plain words; else a sentence made from what the registry names.
function said(trial, detail) {
  if (detail?.purpose) return [make("p", {}, detail.purpose)];
  const { conditions = [], drugs = [] } = detail?.registry ?? {};
  if (!conditions.length && !drugs.length) return [make("p", {}, "Nobody has put this study into plain words yet. Ask the study team to tell you about it.")];
  return [
    conditions.length ? make("p", {}, "It is for people with: ", named(conditions)) : null,
    drugs.length ? make("p", {}, "It looks at: ", named(drugs)) : null,
    make("p", {}, "Nobody has put more of it into plain words yet. Ask the study team."),
  ];
}

function named(words) {
  return make("span", { class: "name" }, `${words.join(", ")}.`);
}

const PHASES = {
  EARLY_PHASE1: "This is one of the first tests of it in people. Only a few people join, and they get small doses.",
  PHASE1: "This is an early test. It looks for a safe dose and for side effects. Only some people join.",
  PHASE2: "This test looks at how well it works, and at side effects. Some of it is still not known.",
  PHASE3: "This test holds it up against the usual care. Many people join. Chance may decide who gets which.",
  PHASE4: "Doctors can use it now. This test looks at how people do with it over time.",
  NA: "This study has no phase. It may test something that is not a drug.",
};

function steps(phases = []) {
  const known = phases.filter((each) => Object.hasOwn(PHASES, each));
  const words = known.length ? known.map((each) => PHASES[each]) : ["The phase of this study is not known here. Ask the study team how much is known of the treatment so far."];
  const more = known.length > 1 ? ["This study has more than one part."] : [];
  return section("How far along the testing is", make("p", {}, "New treatments are tested in steps. Each step is called a phase."), ...[...more, ...words].map((each) => make("p", {}, each)));
}

// What was read in plain words of these findings, and how many there are without.
function plainly(findings, say = (found) => found.plain) {
  const told = findings.filter(({ plain }) => plain);
  const bare = findings.length - told.length;
  return [told.length ? list(told.map(say)) : null, bare ? make("p", {}, `Your care team will check ${count(bare, "more rule")}.`) : null].filter(Boolean);
}

function bySaid(found) {
  return onAWord(found) ? `${found.plain} (Someone said so. It is not from your records.)` : found.plain;
}

function fits(findings) {
  const met = findings.filter(({ truth }) => truth === "met");
  if (!met.length) return section("What seems to fit", make("p", {}, "We found nothing in your records that we could match yet."));
  return section("What seems to fit", make("p", {}, "The study has rules on who can join. By your records, these seem to fit:"), ...plainly(met, bySaid));
}

function toCheck(findings) {
  const open = ["unknown", "judgement"].flatMap((sort) => findings.filter((each) => sortOf(each) === sort));
  if (!open.length) return section("What must still be checked", make("p", {}, "We found no open points. The study team will still check all of it."));
  return section("What must still be checked", make("p", {}, "We do not know if these fit. Your care team or the study team can find out:"), ...plainly(open));
}

function against(findings, { verdict, earliestDate }) {
  const unmet = findings.filter(({ truth }) => truth === "unmet");
  if (!unmet.length) return section("What does not fit now", make("p", {}, "We found no rule that keeps you out."));
  const other = verdict === "not-relevant" ? make("p", {}, "By your records, this study is for people with some other illness.") : null;
  const lead = make("p", {}, "The study asks for this. It is not so now. It is not your fault.");
  const when = verdict === "near" && earliestDate ? make("p", {}, "Time alone may change this. If nothing else changes, ask again from ", make("strong", {}, dateWords(earliestDate)), ".") : null;
  return section("What does not fit now", other, lead, ...plainly(unmet, (found) => `${bySaid(found)}${passing(found)}`), when);
}

function passing({ resolvesOn, clearsOn }) {
  if (resolvesOn) return ` With time alone, this will fit from ${dateWords(resolvesOn)}.`;
  return clearsOn ? ` With time alone, this may pass from ${dateWords(clearsOn)}.` : "";
}

// --------------------------------------------------------------------------------------------------- where, whom, what to ask

const TAKES = {
  RECRUITING: "It takes new people now.",
  NOT_YET_RECRUITING: "It does not take people yet. It plans to.",
  ENROLLING_BY_INVITATION: "It takes people only if it asks them to join.",
};
const MOST_PLACES = 8;

function places(trial, detail) {
  const all = (detail?.facilities ?? []).toSorted((one, other) => rank(one) - rank(other));
  const shown = all.slice(0, MOST_PLACES);
  const told = shown.length ? shown.map(place) : (detail?.sites ?? []).map((words) => make("li", { class: "name" }, words));
  const contacts = (detail?.contacts ?? []).map(({ name: who, role, phone, email }) => [who, role ? role.toLowerCase().replaceAll("_", " ") : "", phone, email].filter(Boolean).join(", "));
  return section(
    "Where it is, and whom to ask",
    make("p", {}, TAKES[trial.overallStatus] ?? "By the public list of studies, it takes no new people now."),
    told.length ? make("ul", {}, ...told) : make("p", {}, "The places are not known here. You can find them on the public list of studies."),
    all.length > shown.length ? make("p", {}, `There are ${all.length - shown.length} more. The public list of studies has them all.`) : null,
    contacts.length ? make("p", {}, "For the whole study, ask:") : null,
    contacts.length ? make("ul", { class: "name" }, ...contacts.map((words) => make("li", {}, words))) : null,
    make("p", {}, "Or ask your doctor or nurse. They can call the study team for you."),
  );
}

function rank({ own, open }) {
  return (own ? 0 : 2) + (open ? 0 : 1);
}

function place({ name: where, city, country, open, own, contact }) {
  const marks = [own ? "your clinic" : "", open ? "open" : "not open now"].filter(Boolean).join(", ");
  return make("li", {}, make("span", { class: "name" }, [where, city, country].filter(Boolean).join(", ")), ` (${marks})`, contact ? make("span", { class: "name" }, `. Ask: ${contact}`) : null);
}

function questions() {
  const asked = [
    "What will happen to me, and for how long?",
    "What good could it do me? What harm?",
    "What else could I do? What if I do not join?",
    "How often must I come in? How far is it?",
    "Who pays for what? Will it cost me?",
    "Can I keep taking my drugs?",
    "Can I stop at any time?",
    "Who sees my health data?",
  ];
  return section("Questions to bring", list(asked));
}

function read(trial, detail, state) {
  const { asOf } = state.answer;
  const link = detail?.url ?? `https://clinicaltrials.gov/study/${trial.nctId}`;
  const { recordDate } = trial.definition;
  return section(
    "Where this comes from",
    make("p", {}, "The study is on a public list: ", make("span", { class: "name" }, outward(link, link)), "."),
    make("p", {}, recordDate ? `We used the list as it was on ${dateWords(recordDate)}.` : "We do not know the day of the list that was used."),
    make("p", {}, `This page was made on ${dateWords(state.settings.today)}.${asOf === usualDay(state) && asOf === state.settings.today ? "" : ` It looks at your records as if you would start on ${dateWords(asOf)}.`}`),
    state.ask.attestations.length || state.ask.results.length ? make("p", {}, "Some answers were given by a person today. They are not in your records.") : null,
  );
}

function isNot({ draft, reviewedOn }) {
  const checked = draft ? "A machine read the rules of this study. No person has checked how." : reviewedOn ? "" : "No doctor has checked how the rules of this study were read.";
  return section(
    "What this page is not",
    make("p", {}, "It is not health advice. It does not ask you to join. Do not change your care due to this page."),
    make("p", {}, "A machine made it from your records. Records can be wrong, or not whole. Your care team has not checked this page."),
    checked ? make("p", {}, checked) : null,
    make("p", {}, "Only the study team can say if you can join. You are free to say no."),
  );
}
