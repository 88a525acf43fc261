// What if: a person answers a criterion, says a result, or moves the day of the first dose; nothing is written anywhere.

import { make } from "./nodes.js";
import { saveButton } from "./notes.js";
import { resultForm } from "./result-form.js";
import { attestationWords, attestedOf, everyFinding, measuresOf, resultWords, saidInShort, usualDay } from "./said.js";
import { count, dateWords } from "./words.js";

// ------------------------------------------------------------------------------------------------- within one criterion

const ANSWERS = [
  ["", "as the records say", ""],
  ["met", "met", "yes"],
  ["unmet", "not met", "no"],
  ["unknown", "cannot tell", ""],
];

export function whatIfControls(found, trial, state, act) {
  const id = `if-${trial.nctId}-${found.cohort ?? ""}-${found.criterion}`;
  const measures = measuresOf(found);
  return make(
    "div",
    { class: "what-if-controls screen-only" },
    answers(found, trial, state, act, id),
    measures.length ? resultForm(measures, state, act, `${id}-result`) : null,
  );
}

function answers(found, trial, state, act, id) {
  const said = attestedOf(found, trial, state.ask);
  const others = asking(found, trial, state);
  const note = make("input", { type: "text", id: `${id}-note`, maxlength: 300, autocomplete: "off", value: said?.note ?? "" });
  const also = make("input", { type: "checkbox", id: `${id}-also`, checked: saidOfAll(others, said, state.ask) });
  const tell = (truth) => act.ask({ attestations: told(truth, note.value.trim(), found, trial, also.checked ? others : [], state.ask) });
  const radios = ANSWERS.map(([truth, words, answer]) => {
    const input = make("input", { type: "radio", name: id, id: `${id}-${truth || "records"}`, checked: (said?.truth ?? "") === truth });
    input.addEventListener("change", () => input.checked && tell(truth));
    return make("label", { class: "box", for: input.id }, input, ` ${words}${answer && found.kind === "question" ? ` (${answer})` : ""}`);
  });
  const again = () => {
    const now = attestedOf(found, trial, state.ask);
    if (now) tell(now.truth);
  };
  note.addEventListener("change", again);
  also.addEventListener("change", () => {
    const now = attestedOf(found, trial, state.ask);
    if (now) act.ask({ attestations: also.checked ? told(now.truth, note.value.trim(), found, trial, others, state.ask) : without(others, state.ask) });
  });
  return make(
    "fieldset",
    {},
    make("legend", {}, "A person says"),
    make("div", { class: "toolbar" }, ...radios),
    make("label", { class: "noted", for: note.id }, "Note (who says so, how it is known)", note),
    others.length ? make("label", { class: "box", for: also.id }, also, ` also for ${count(others.length, "other trial")} that ask${others.length === 1 ? "s" : ""} the same`) : null,
  );
}

// The criteria of other trials that ask the very same, one for each trial.
function asking(found, trial, state) {
  return state.answer.trials
    .filter(({ nctId }) => nctId !== trial.nctId)
    .map((other) => [other, everyFinding(other).find(({ asks }) => asks === found.asks)])
    .filter(([, same]) => same)
    .map(([other, same]) => ({ trial: other.nctId, criterion: same.criterion }));
}

function saidOfAll(others, said, ask) {
  return Boolean(said) && others.length > 0 && others.every((each) => ask.attestations.some((other) => same(each, other) && other.truth === said.truth));
}

function same(one, other) {
  return one.trial === other.trial && one.criterion === other.criterion;
}

function without(places, ask) {
  return ask.attestations.filter((each) => !places.some((place) => same(place, each)));
}

function told(truth, note, found, trial, others, ask) {
  const places = [{ trial: trial.nctId, criterion: found.criterion }, ...others];
  const kept = without(places, ask);
  return truth ? [...kept, ...places.map((place) => ({ ...place, truth, note }))] : kept;
}

// ------------------------------------------------------------------------------------------------------ above all of it

export function whatIfBar(state, act) {
  const short = saidInShort(state);
  return make(
    "section",
    { class: short ? "what-if said" : "what-if", id: "what-if", tabindex: "-1", "aria-label": "What if" },
    firstDose(state, act),
    short ? list(state, act, short) : null,
  );
}

const YEARS = 5;
const ISO = /^\d{4}-\d{2}-\d{2}$/;

// While somebody types a date it is a day of the year 2 at first: it counts when they leave the field, or press Enter.
function firstDose(state, act) {
  const input = make("input", { type: "date", id: "first-dose", required: true, value: state.ask.asOf, "aria-describedby": "first-dose-fault" });
  const fault = make("span", { class: "fault-words", id: "first-dose-fault", role: "alert" });
  let typing = false;
  const commit = () => {
    typing = false;
    if (input.value === state.ask.asOf) return fault.replaceChildren();
    const wrong = wrongDay(input.value, state);
    fault.replaceChildren(wrong);
    input.setAttribute("aria-invalid", String(Boolean(wrong)));
    if (!wrong) act.ask({ asOf: input.value });
  };
  input.addEventListener("keydown", ({ key }) => {
    typing = true;
    if (key === "Enter") commit();
  });
  input.addEventListener("change", () => typing || commit());
  input.addEventListener("blur", commit);
  return make("p", { class: "first-dose" }, make("label", { for: "first-dose" }, "First dose on"), " ", input, " ", fault);
}

function wrongDay(day, state) {
  if (!ISO.test(day)) return "Choose a day.";
  const year = Number(usualDay(state).slice(0, 4));
  if (Math.abs(Number(day.slice(0, 4)) - year) > YEARS) return `Choose a day within ${YEARS} years of today.`;
  const late = state.ask.results.find(({ date }) => date > day);
  return late ? `A result of ${dateWords(late.date)} is entered below: take it out first, or choose a day no earlier.` : "";
}

function list(state, act, short) {
  const { attestations, results, asOf } = state.ask;
  const back = (changes) => () => {
    document.getElementById("what-if")?.focus();
    act.ask(changes());
  };
  const items = [
    ...attestations.map((each) => item(attestationWords(each, state.answer), [remove(back(() => ({ attestations: state.ask.attestations.filter((other) => !same(other, each)) })))])),
    ...results.map((each) => item(resultWords(each, state.answer), [remove(back(() => ({ results: state.ask.results.filter((other) => other !== each) }))), saveButton(each, state, act)])),
    asOf !== usualDay(state) ? item(`First dose on ${dateWords(asOf)}, not on ${dateWords(usualDay(state))}`, [remove(back(() => (wrongDay(usualDay(state), state) ? { results: [], asOf: usualDay(state) } : { asOf: usualDay(state) })))]) : null,
  ];
  const over = make("button", { type: "button", class: "screen-only" }, "Start over");
  // What was entered may lie after the usual day; so all of it goes at once.
  over.addEventListener("click", back(() => ({ attestations: [], results: [], asOf: usualDay(state) })));
  return make(
    "div",
    { class: "said-here" },
    make("p", {}, make("strong", {}, `Attested here: ${short}.`), " ", saved(state.saved ?? 0), over),
    make("ul", {}, ...items),
  );
}

function saved(number) {
  return number ? `${count(number, "result")} ${number === 1 ? "was" : "were"} saved to the record; nothing else is written to it. ` : "Nothing is written to the record. ";
}

function item(words, buttons) {
  return make("li", {}, make("span", {}, words), " ", ...buttons.filter(Boolean).flatMap((each) => [each, " "]));
}

function remove(go) {
  const button = make("button", { type: "button", class: "screen-only small" }, "Remove");
  button.addEventListener("click", go);
  return button;
}
