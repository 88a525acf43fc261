// What is taken away from the page: a note for the chart, by the clipboard; and one result for the record, where that is
// allowed, never by itself.

import { make } from "./nodes.js";
import { amountWords, attestationWords, isPresence, measureNamed, onAWord, resultWords, usualDay } from "./said.js";
import { chosenCohort, closed, findingsOf } from "./cohorts.js";
import { dateWords, sortOf, statusWords, unreadWords, verdictSays, verdictWord, waiting } from "./words.js";

const REGISTRY = "https://clinicaltrials.gov/study/";

// ---------------------------------------------------------------------------------------------------------------- a note

// Plain text; it names no person. What people typed as notes is theirs, and is told as they typed it.
export function noteText(trial, state) {
  const { answer, ask } = state;
  const cohort = chosenCohort(trial, state);
  const findings = findingsOf(trial, cohort);
  const told = cohort ?? trial;
  const of = (sort) => findings.filter((each) => sortOf(each) === sort);
  const wait = waiting(told);
  const words = findings.some(onAWord);
  const lines = [
    `Trial screen: ${trial.nctId}, ${trial.title}`,
    `${verdictWord(told.verdict)}${cohort && trial.cohorts.length > 1 ? ` (${cohort.label})` : ""}${closed(cohort)}: ${verdictSays(told.verdict, words)}.`,
    ...(wait ? [`${wait}.`] : []),
    `Held against the chart as if the first dose were on ${dateWords(answer.asOf)}. Registry: ${statusWords(trial.overallStatus)}.`,
    ...section("Stands in the way", of("unmet").map(obstacle)),
    ...section("Not known", of("unknown").map(unknown)),
    ...section("For a person to judge", of("judgement").map(({ asks }) => asks)),
    ...section("Not everything could be read", unreadWords(answer.chart)),
    ...section("Attested on the page, not in the record", attested(trial, findings, ask, state)),
    "",
    `Made by Trialcards from the chart; ${versions(trial.definition)}. Signposting only: the study team decides on eligibility.`,
    `${REGISTRY}${trial.nctId}`,
  ];
  return `${lines.join("\n")}\n`;
}

function section(title, items) {
  return items.length ? ["", `${title}:`, ...items.map((words) => `- ${words}`)] : [];
}

function obstacle({ label, explanation, resolvesOn, clearsOn }) {
  const when = resolvesOn ? ` Met from ${dateWords(resolvesOn)}.` : clearsOn ? ` May pass from ${dateWords(clearsOn)}.` : "";
  return `${label}. ${explanation}${when}`;
}

function unknown({ label, explanation, settledBy }) {
  return `${label}. ${explanation}${settledBy?.question ? ` To settle it: ${settledBy.question}` : ""}`;
}

function attested(trial, findings, ask, state) {
  const own = ask.attestations.filter((each) => each.trial === trial.nctId && findings.some(({ criterion }) => criterion === each.criterion));
  const moved = ask.asOf !== usualDay(state) ? [`First dose on ${dateWords(ask.asOf)} is an assumption.`] : [];
  return [...own.map((each) => `${attestationWords(each, state.answer).slice(trial.nctId.length + 2)}${recorded(each, findings)}`), ...ask.results.map((each) => resultWords(each, state.answer)), ...moved];
}

// What the record shows of a criterion that a person answered otherwise, or beside it.
function recorded({ criterion }, findings) {
  const shown = (findings.find((each) => each.criterion === criterion)?.evidence ?? []).filter(({ reference }) => !reference.startsWith("attested/"));
  const words = shown.slice(0, 2).map(({ label, value, date }) => [label, value, date ? `on ${date}` : ""].filter(Boolean).join(" "));
  return words.length ? `; the record shows ${words.join(", ")}` : "";
}

function versions({ version, recordDate, draft, complete, reviewedOn }) {
  const made = [`definition ${version ?? "without a version"}`, recordDate ? `registry record of ${dateWords(recordDate)}` : "", draft ? "draft read by a machine" : reviewedOn ? "" : "not clinically reviewed", complete ? "" : "incomplete"];
  return made.filter(Boolean).join(", ");
}

// Where the browser does not let the page write the clipboard, as in an EHR's frame, the text is shown to be copied.
export function noteButton(trial, state, act) {
  const button = make("button", { type: "button", class: "screen-only", id: "copy-note" }, "Copy as note");
  const beside = make("span", { class: "note-copy" }, button);
  button.addEventListener("click", async () => {
    if (state.stale) return act.say("This is not yet the answer to what was entered last: wait, or try again.");
    const text = noteText(trial, state);
    try {
      await navigator.clipboard.writeText(text);
      act.say("Copied");
    } catch {
      beside.querySelector("textarea")?.remove();
      const area = make("textarea", { class: "screen-only", readonly: true, rows: 12, "aria-label": "The note, to be copied" }, text);
      beside.append(area);
      area.focus();
      area.select();
      act.say("The browser does not let the page copy: the note is selected, to be copied by hand.");
    }
  });
  return beside;
}

// ----------------------------------------------------------------------------------------------------- one result, saved

const UCUM = "http://unitsofmeasure.org";

// How this record itself files the test: its newest result in the same unit, whose code and category are taken. Nothing where it holds none: a code
// that a program chose might say what nobody measured (mass or moles, by which method).
function earlierOf(result, measured, bundle) {
  const resources = new Map((bundle?.entry ?? []).map(({ resource: each }) => [`${each?.resourceType}/${each?.id}`, each]));
  const own = (measured?.points ?? []).filter((each) => each.own);
  const earlier = own.map(({ reference }) => resources.get(reference)).filter((each) => each?.code?.coding?.length);
  return earlier.findLast((each) => sameUnit(each, result)) ?? null;
}

function sameUnit({ valueQuantity: seen, valueInteger }, { unit }) {
  if (!unit || unit.startsWith("{")) return seen !== undefined || valueInteger !== undefined;
  return [seen?.code, seen?.unit].includes(unit);
}

// One result as a FHIR R4 Observation; nothing where the record does not show by which code it is recorded.
export function observationOf(result, measured, { session, bundle }) {
  const earlier = isPresence(measured) ? null : earlierOf(result, measured, bundle);
  if (!earlier) return null;
  const { code, category } = earlier;
  const unit = { unit: result.unit, system: UCUM, code: result.unit };
  const ends = Object.entries(result.range ?? {}).map(([end, value]) => [end, { value: Number(value), ...unit }]);
  return {
    resourceType: "Observation",
    status: "final",
    ...(category ? { category } : {}),
    code: { coding: code.coding, text: code.text ?? measured.name },
    subject: { reference: `Patient/${session.patientId}` },
    ...(session.encounter ? { encounter: { reference: `Encounter/${session.encounter}` } } : {}),
    effectiveDateTime: result.date,
    ...(session.user ? { performer: [{ reference: session.user }] } : {}),
    valueQuantity: { value: Number(result.value), ...(result.comparator ? { comparator: result.comparator } : {}), ...unit },
    ...(ends.length ? { referenceRange: [Object.fromEntries(ends)] } : {}),
    note: [{ text: ["Entered by a person on the Trialcards page.", result.note].filter(Boolean).join(" ") }],
  };
}

// A button, then exactly what will be written, then the writing. Nothing, where it may not be.
export function saveButton(result, state, act) {
  const { kind, session } = state.source;
  if (kind !== "smart" || !session.save || !session.canWrite("Observation")) return null;
  if (result.date > state.settings.today) return null;
  const measured = measureNamed(result.concept, state.answer);
  const observation = observationOf(result, measured, { session, bundle: state.bundle });
  if (!observation) return null;
  if (result.saved) return make("span", { class: "mark" }, "saved to the record");
  const id = `save-${result.concept}-${result.date}`;
  const ask = make("button", { type: "button", class: "screen-only small", id }, "Save to the record …");
  const beside = make("span", {}, ask);
  ask.addEventListener("click", () => {
    const step = confirmation(observation, { result, measured, session, state, act, close: () => beside.replaceChildren(ask) });
    beside.replaceChildren(step);
    step.querySelector("button").focus();
  });
  return beside;
}

function confirmation(observation, { result, measured, session, state, act, close }) {
  const write = make("button", { type: "button", class: "primary" }, "Write this to the record");
  const leave = make("button", { type: "button" }, "Do not write");
  const fault = make("p", { class: "fault-words", role: "alert" });
  leave.addEventListener("click", () => {
    close();
    document.getElementById(`save-${result.concept}-${result.date}`)?.focus();
  });
  write.addEventListener("click", async () => {
    write.disabled = true;
    try {
      await session.save(observation);
    } catch (problem) {
      write.disabled = false;
      fault.replaceChildren(problem.message);
      return;
    }
    state.saved = (state.saved ?? 0) + 1;
    document.getElementById("what-if")?.focus();
    act.ask({ results: state.ask.results.map((each) => (each === result ? { ...each, saved: true } : each)) });
  });
  return make(
    "div",
    { class: "confirm screen-only", role: "group", "aria-label": "Save to the record" },
    make("p", {}, `One new entry: ${measured.name} ${amountWords(result, measured)} of ${dateWords(result.date)}. Everyone who reads this chart will see it. Exactly this is written:`),
    make("pre", { tabindex: "0" }, JSON.stringify(observation, null, 2)),
    make("p", {}, write, " ", leave),
    fault,
  );
}
