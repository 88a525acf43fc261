// A result that a person says: which, how much, in which unit, on which day; looked at here before it counts.

import { make } from "./nodes.js";
import { isPresence, unitWords } from "./said.js";
import { dateWords } from "./words.js";

const AMOUNT = /^(<=|>=|<|>|≤|≥)?\s*(-?\d{1,12}(?:\.\d{1,12})?)$/;
const LIMIT = /^\d{1,12}(?:\.\d{1,12})?$/;
const COMPARATORS = { "≤": "<=", "≥": ">=" };

// `measures` are what the criterion looks at: one, or several to choose from.
export function resultForm(measures, state, act, id) {
  const entered = measures.findIndex(({ concept }) => state.ask.results.some((each) => each.concept === concept));
  const fields = make("div", { class: "result-fields" });
  const show = (measured) => fields.replaceChildren(...fieldsOf(measured, state, act, id));
  const first = measures[Math.max(0, entered)];
  show(first);
  if (measures.length === 1) return make("fieldset", {}, make("legend", {}, `Enter a result: ${first.name}`), fields);
  const which = make("select", { id: `${id}-which` }, ...measures.map((each, place) => make("option", { value: place, selected: each === first }, each.name)));
  which.addEventListener("change", () => show(measures[Number(which.value)]));
  return make("fieldset", {}, make("legend", {}, "Enter a result"), field("What was measured", which), fields);
}

// A result is of today or before, and not after the first dose.
function latest({ ask, settings }) {
  return ask.asOf < settings.today ? ask.asOf : settings.today;
}

function fieldsOf(measured, state, act, id) {
  const inputs = {
    value: isPresence(measured) ? presence(`${id}-value`) : make("input", { type: "text", id: `${id}-value`, inputmode: "decimal", size: 8, autocomplete: "off" }),
    unit: make("select", { id: `${id}-unit` }, ...measured.units.map((unit) => make("option", { value: unit }, unitWords(unit, measured) || "no unit"))),
    date: make("input", { type: "date", id: `${id}-date`, value: latest(state), max: latest(state) }),
    note: make("input", { type: "text", id: `${id}-note`, maxlength: 300, autocomplete: "off" }),
    low: limitInput(measured, "LLN", `${id}-low`),
    high: limitInput(measured, "ULN", `${id}-high`),
  };
  const use = make("button", { type: "button", id: `${id}-use` }, "Use this result");
  const go = () => take(measured, inputs, state, act);
  use.addEventListener("click", go);
  for (const input of Object.values(inputs)) {
    if (input?.tagName === "INPUT") input.addEventListener("keydown", (event) => event.key === "Enter" && go());
  }
  const bare = isPresence(measured) || (measured.units.length === 1 && !unitWords(measured.unit, measured));
  return [
    field(isPresence(measured) ? measured.name : "Value", inputs.value),
    bare ? null : field("Unit", inputs.unit),
    field("Date", inputs.date),
    field("Lower limit of normal, if known", inputs.low),
    field("Upper limit of normal, if known", inputs.high),
    field("Note", inputs.note),
    make("p", {}, use),
  ].filter(Boolean);
}

function presence(id) {
  const options = [["", "choose"], ["1", "positive (yes)"], ["0", "negative (no)"]];
  return make("select", { id }, ...options.map(([value, words]) => make("option", { value }, words)));
}

// Asked for only where the rule is a multiple of it.
function limitInput({ low, high }, times, id) {
  return [low, high].some((edge) => edge?.times === times) ? make("input", { type: "text", id, inputmode: "decimal", size: 8, autocomplete: "off" }) : null;
}

function field(words, input) {
  if (!input) return null;
  const fault = make("span", { class: "fault-words", id: `${input.id}-fault` });
  input.setAttribute("aria-describedby", fault.id);
  return make("div", { class: "entry" }, make("label", { for: input.id }, words), input, fault);
}

function take(measured, inputs, state, act) {
  const { result, faults } = read(measured, inputs, state.ask.asOf);
  for (const [name, input] of Object.entries(inputs)) {
    if (!input) continue;
    const fault = faults[name] ?? "";
    input.parentElement?.querySelector(".fault-words").replaceChildren(fault);
    if (fault) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
  const wrong = Object.keys(inputs).find((name) => faults[name]);
  if (wrong) {
    inputs[wrong].focus();
    act.say(faults[wrong]);
    return;
  }
  const others = state.ask.results.filter((each) => each.concept !== result.concept || each.date !== result.date);
  act.ask({ results: [...others, result] });
}

function read(measured, inputs, asOf) {
  const amount = AMOUNT.exec(inputs.value.value.trim());
  const date = inputs.date.value;
  const ends = { low: inputs.low?.value.trim() ?? "", high: inputs.high?.value.trim() ?? "" };
  const faults = {
    value: amount ? "" : valueFault(inputs.value, measured),
    date: !date ? "Choose the day of the result." : date > asOf ? `The first dose is on ${dateWords(asOf)}: a later result cannot count.` : "",
    ...Object.fromEntries(Object.entries(ends).map(([name, words]) => [name, !words || LIMIT.test(words) ? "" : "Write a number, as 40 or 1.2, or leave it empty."])),
  };
  if (!faults.high && ends.low && ends.high && Number(ends.low) > Number(ends.high)) faults.high = "The upper limit is below the lower.";
  const [, sign, value] = amount ?? [];
  const range = Object.fromEntries(Object.entries(ends).filter(([, words]) => words));
  const note = inputs.note.value.trim();
  const result = {
    concept: measured.concept,
    value,
    ...(sign ? { comparator: COMPARATORS[sign] ?? sign } : {}),
    unit: inputs.unit.value,
    date,
    ...(Object.keys(range).length ? { range } : {}),
    ...(note ? { note } : {}),
  };
  return { result, faults };
}

function valueFault(input, measured) {
  if (isPresence(measured)) return "Choose positive or negative.";
  const words = input.value.trim();
  if (!words) return "Write the value.";
  return words.includes(",") ? "Write the number with a point and no comma, as 1.5 or 1500." : "Write a number, as 104 or 0.85; < or > may stand before it.";
}
