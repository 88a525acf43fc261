// One definition beside the registry's text: each line left, what was read of it right, and what else is known.

import { definitionMarks, phases, spoken } from "./listing.js";
import { fold, make, outward } from "./nodes.js";

export function definitionView(trial, extras, back) {
  return [
    make("p", { class: "back" }, make("a", { href: back }, "← Loaded trials")),
    about(trial),
    make("div", { class: "extras" }, remarks(extras.lint), feedback(extras.feedback), related(extras.related), places(trial)),
    beside(trial),
  ];
}

function about(trial) {
  const facts = trial.registry ?? {};
  const definition = trial.definition;
  const said = [
    ["Status", spoken(trial.overallStatus)],
    ["Phase", phases(facts.phases)],
    ["Sponsor", facts.sponsor],
    ["Conditions", (facts.conditions ?? []).join(", ")],
    ["Drugs", (facts.drugs ?? []).join(", ")],
    ["Registry's record", [facts.updated ? `posted ${facts.updated}` : "", readFrom(definition)].filter(Boolean).join("; ")],
    ["Version of the definition", definition.version],
    ["Cohorts", (trial.cohorts ?? []).map(cohort).join("; ")],
    ["Criteria", counts(trial.criteria)],
  ];
  const rows = said.filter(([, words]) => words).map(([name, words]) => make("div", {}, make("dt", {}, name), make("dd", {}, words)));
  return make(
    "header",
    { class: "about" },
    make("h2", {}, trial.title),
    make("p", { class: "marks" }, outward(trial.url, `${trial.nctId} on ClinicalTrials.gov`), ...definitionMarks(definition)),
    facts.title && facts.title !== trial.title ? make("p", { class: "quiet" }, facts.title) : null,
    make("dl", { class: "facts" }, ...rows),
    trial.purpose ? make("p", {}, make("strong", {}, "In plain words: "), trial.purpose) : null,
    trial.note ? make("p", {}, make("strong", {}, "Note: "), trial.note) : null,
    facts.summary ? fold("The registry's summary", {}, ...paragraphs(facts.summary)) : null,
  );
}

function readFrom({ recordDate }) {
  return recordDate ? `the definition was read from that of ${recordDate}` : "";
}

function cohort({ label, open }) {
  return open ? label : `${label} (closed)`;
}

function counts(criteria) {
  if (!criteria) return "";
  return `${criteria.inclusion} to include, ${criteria.exclusion} to exclude; ${criteria.questions} only a person can settle`;
}

function paragraphs(text) {
  return text.split(/\n\s*\n/).map((each) => make("p", {}, each));
}

// ------------------------------------------------------------------------------------------------------ line by line

function beside(trial) {
  const lines = trial.registry?.eligibility?.filter(({ text }) => text?.trim());
  const rows = lines?.length ? ofText(lines, trial.eligibility) : ofCriteria(trial.eligibility);
  const heads = ["Line", "Registry's text", "What is read of it"].map((words) => make("th", { scope: "col" }, words));
  const table = make("table", { class: "beside" }, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
  linkTheTwo(table);
  const words = lines?.length
    ? "Each line of the registry’s text, and the criteria that were read of it. Point at one to see which belong together."
    : "The registry’s text is not loaded here, so the criteria stand alone, with the numbers of their lines.";
  return make("section", { "aria-labelledby": "beside" }, make("h2", { id: "beside" }, "Line by line"), make("p", { class: "quiet" }, words), table);
}

function ofText(lines, criteria) {
  const known = new Map(criteria.map((each) => [each.criterion, each]));
  const told = new Set();
  const rows = lines.map(({ line, text, criteria: ids = [], heading }) => {
    const read = ids.filter((id) => known.has(id)).map((id) => inItsLine(known.get(id), told));
    return row(line, text, read, ids, leftOver(text, heading));
  });
  const rest = criteria.filter((each) => !told.has(each.criterion));
  return rest.length ? [...rows, row("none", "of no line of this text", rest.map(criterion), rest.map((each) => each.criterion))] : rows;
}

// A criterion of several lines stands whole at the first of them, and by its name at the others.
function inItsLine(each, told) {
  const again = told.has(each.criterion);
  told.add(each.criterion);
  return again ? byName(each) : criterion(each);
}

function byName(each) {
  return make("li", { class: "again", "data-criterion": each.criterion }, `also ${each.label} (line ${each.source?.line ?? "above"})`);
}

function leftOver(text, heading) {
  if (heading === true) return "heading";
  if (heading === false) return "left to review";
  return /:\s*$/.test(text) ? "heading" : "heading, or left to review";
}

function ofCriteria(criteria) {
  const byLine = new Map();
  for (const each of criteria) {
    const at = (each.source?.lines ?? [each.source?.line ?? "none"]).join(", ");
    byLine.set(at, [...(byLine.get(at) ?? []), each]);
  }
  return [...byLine].map(([at, read]) => row(at, read[0].source?.text ?? "", read.map(criterion), read.map((each) => each.criterion)));
}

function row(number, text, read, ids, left) {
  const right = read.length ? make("ul", { class: "read" }, ...read) : make("span", { class: "left" }, left ?? "");
  return make(
    "tr",
    { "data-ids": ids.join(" ") || null, class: read.length ? null : "bare" },
    make("th", { scope: "row" }, make("span", { class: "away" }, "line "), String(number)),
    make("td", { class: "words" }, text),
    make("td", {}, right),
  );
}

function criterion(each) {
  const marks = [
    make("span", { class: `mark ${each.section}` }, each.section === "exclusion" ? "− excludes" : "+ includes"),
    each.question ? make("span", { class: "mark near" }, "? for a person") : null,
    each.disease ? make("span", { class: "mark" }, "the disease") : null,
    each.cohort ? make("span", { class: "mark" }, `cohort ${each.cohort}`) : null,
    each.draft ? make("span", { class: "mark near" }, "draft") : null,
  ];
  const button = make("button", { type: "button", class: "plain", "aria-pressed": "false" }, each.label);
  return make(
    "li",
    { "data-criterion": each.criterion },
    make("p", {}, button, " ", ...marks.filter(Boolean).flatMap((mark) => [mark, " "])),
    make("p", {}, each.asks),
    each.plain ? make("p", { class: "quiet" }, `To the patient: ${each.plain}`) : null,
    each.note ? make("p", { class: "quiet" }, `Read so: ${each.note}`) : null,
    make("small", {}, `${each.criterion} · ${each.kind}`),
  );
}

// Pointing at a line, or at a criterion, shows what belongs to it; a pressed criterion stays shown.
function linkTheTwo(table) {
  const light = (ids) => {
    for (const each of table.querySelectorAll("[data-criterion]")) each.classList.toggle("linked", ids.has(each.dataset.criterion));
    for (const each of table.querySelectorAll("tr[data-ids]")) each.classList.toggle("linked", of(each).some((id) => ids.has(id)));
  };
  const of = (row) => row.dataset.ids.split(" ");
  let pinned = new Set();
  const pointed = ({ target }) => {
    const one = target.closest("[data-criterion]");
    const line = target.closest("tr[data-ids]");
    light(one ? new Set([one.dataset.criterion, ...pinned]) : new Set([...(line ? of(line) : []), ...pinned]));
  };
  table.addEventListener("pointerover", pointed);
  table.addEventListener("focusin", pointed);
  table.addEventListener("pointerleave", () => light(pinned));
  table.addEventListener("focusout", () => light(pinned));
  table.addEventListener("click", ({ target }) => {
    const button = target.closest("button[aria-pressed]");
    if (!button) return;
    const on = button.getAttribute("aria-pressed") !== "true";
    for (const each of table.querySelectorAll("button[aria-pressed]")) each.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", String(on));
    pinned = on ? new Set([button.closest("[data-criterion]").dataset.criterion]) : new Set();
    light(pinned);
  });
}

// ---------------------------------------------------------------------------------------------------- what else is known

function absent(fault) {
  const why = fault.status === 404 ? "this service does not tell it" : fault.outcome?.issue?.[0]?.diagnostics;
  return make("p", {}, why ? `Not available: ${why}.` : "Not available.");
}

function remarks(lint) {
  if (lint.fault) return fold("The lint’s remarks", {}, absent(lint.fault));
  const told = lint.remarks ?? [];
  const items = told.map(({ level, place, says }) =>
    make("li", {}, make("span", { class: `mark ${level === "error" ? "unmet" : "near"}` }, level), " ", place ? make("code", {}, place) : null, ` ${says}`),
  );
  const body = items.length ? make("ul", {}, ...items) : make("p", {}, "The lint finds nothing to remark on.");
  return fold(`The lint’s remarks: ${told.length}`, { open: told.some(({ level }) => level === "error") }, body);
}

function feedback(told) {
  if (told.fault) return fold("Feedback on its cards", {}, absent(told.fault));
  const rows = [["told", "told"], ["accepted", "accepted"], ["overridden", "dismissed"], ["unanswered", "left without an answer"]];
  const items = rows.filter(([name]) => told[name] !== undefined).map(([name, words]) => make("li", {}, `${told[name]} ${words}`));
  const reasons = (told.reasons ?? []).map(({ code, says, count }) => make("li", {}, `${count} × ${says ?? code}`));
  const why = reasons.length ? [make("p", {}, "Reasons given for dismissing:"), make("ul", {}, ...reasons)] : [];
  return fold(`Feedback on its cards: told ${told.told ?? 0} times`, {}, make("ul", {}, ...items), ...why);
}

function related(told) {
  if (told.fault) return fold("Related trials", {}, absent(told.fault));
  const items = (told.trials ?? []).map((each) =>
    make(
      "li",
      {},
      make("a", { href: `#/${each.nctId}` }, each.nctId),
      ` ${each.title} (${spoken(each.overallStatus)})`,
      ...each.reasons.map(({ says }) => make("small", {}, says)),
    ),
  );
  const body = items.length ? make("ul", {}, ...items) : make("p", {}, "No loaded trial is like it.");
  return fold(`Related trials: ${items.length}`, {}, body);
}

function places({ facilities = [], contacts = [] }) {
  const items = facilities.map((each) => {
    const where = [each.name, each.city, each.country].filter(Boolean).join(", ");
    const state = each.open ? make("span", { class: "mark candidate" }, "open") : make("span", { class: "mark" }, each.status ? spoken(each.status) : "closed");
    const own = each.own ? make("span", { class: "mark near" }, "ours") : null;
    return make("li", {}, where, " ", state, own ? " " : null, own, each.contact ? make("small", {}, each.contact) : null);
  });
  const people = contacts.map((each) => make("li", {}, typeof each === "string" ? each : [each.name, each.role, each.phone, each.email].filter(Boolean).join(", ")));
  const whom = people.length ? [make("p", {}, "For the whole study:"), make("ul", {}, ...people)] : [];
  const body = items.length ? make("ul", {}, ...items) : make("p", {}, "No place is known.");
  return fold(`Places: ${items.length}`, {}, body, ...whom);
}
