// The landscape: the loaded trials as a table, narrowed and sorted as the address says, so that a view can be sent on.

import { fold, make } from "./nodes.js";

const CHUNK = 100;
const NAMED = 3;
const STATUSES = [
  "RECRUITING", "NOT_YET_RECRUITING", "ENROLLING_BY_INVITATION", "AVAILABLE", "ACTIVE_NOT_RECRUITING",
  "TEMPORARILY_NOT_AVAILABLE", "SUSPENDED", "COMPLETED", "TERMINATED", "WITHDRAWN", "NO_LONGER_AVAILABLE",
  "APPROVED_FOR_MARKETING", "WITHHELD", "UNKNOWN",
];
const PHASES = [["EARLY_PHASE1", "early 1"], ["PHASE1", "1"], ["PHASE2", "2"], ["PHASE3", "3"], ["PHASE4", "4"], ["NA", "none"]];
const FIELDS = [
  ["condition", "Condition", (all) => named(all, "conditions")],
  ["drug", "Drug or class", (all) => named(all, "drugs")],
  ["phase", "Phase", null, PHASES],
  ["status", "Status", null, STATUSES.map((each) => [each, spoken(each)])],
  ["country", "Country", (all) => named(all, "countries")],
  ["site", "Place", null],
  ["text", "Words of the text", null],
];
const COLUMNS = [
  ["nctId", "Trial", (each) => each.nctId],
  ["title", "Title", (each) => each.title],
  ["phase", "Phase", (each) => phases(each.registry?.phases)],
  ["status", "Status", (each) => String(STATUSES.indexOf(each.overallStatus)).padStart(2, "0")],
  ["conditions", "Conditions", (each) => (each.registry?.conditions ?? []).join(" ")],
  ["drugs", "Drugs", (each) => (each.registry?.drugs ?? []).join(" ")],
  ["sponsor", "Sponsor", (each) => each.registry?.sponsor ?? ""],
  ["sites", "Sites", (each) => each.registry?.sites ?? -1],
  ["updated", "Updated", (each) => each.registry?.updated ?? ""],
  ["definition", "Definition", (each) => definitionWords(each.definition).join(" ")],
];

export function spoken(status) {
  return status.toLowerCase().replaceAll("_", " ");
}

export function phases(names) {
  const said = new Map(PHASES);
  return (names ?? []).map((each) => said.get(each) ?? spoken(each)).join(", ");
}

// What is known of a definition, in words: who looked at it, how it was made, whether lines are left.
export function definitionWords({ draft, complete, reviewedOn }) {
  const looked = reviewedOn ? `reviewed on ${reviewedOn}` : "not reviewed";
  return [draft ? "draft" : null, looked, complete ? null : "incomplete"].filter(Boolean);
}

export function definitionMarks(definition) {
  const kinds = { draft: "near", incomplete: "near" };
  const kind = (words) => kinds[words] ?? (words.startsWith("reviewed on") ? "candidate" : "");
  return definitionWords(definition).flatMap((words) => [make("span", { class: `mark ${kind(words)}`.trim() }, words), " "]);
}

export function listing(found, all, asked, go) {
  const open = globalThis.matchMedia("(min-width: 48rem)").matches;
  const filters = fold("Narrow the list", { open, class: "narrow" }, filterForm(all, asked, go));
  return [filters, chips(asked, go), table(found, asked, go)].filter(Boolean);
}

function address(asked) {
  const query = String(asked);
  return query ? `#/?${query}` : "#/";
}

function named(all, member) {
  const names = all.flatMap((each) => each.registry?.[member] ?? []);
  return [...new Set(names)].sort((a, b) => a.localeCompare(b));
}

function filterForm(all, asked, go) {
  const form = make("form", { class: "filters", role: "search", "aria-label": "Narrow the list" });
  const add = make("button", { type: "submit", id: "add" }, "Add");
  form.append(...FIELDS.map((each) => field(all, each)), make("div", { class: "field" }, add));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const next = new URLSearchParams(asked);
    for (const input of form.querySelectorAll("input, select")) {
      const value = input.value.trim();
      if (value && !next.getAll(input.name).includes(value)) next.append(input.name, value);
    }
    go(address(next));
  });
  for (const select of form.querySelectorAll("select")) select.addEventListener("change", () => form.requestSubmit());
  return form;
}

function field(all, [name, label, suggested, options]) {
  const id = `filter-${name}`;
  const head = make("label", { for: id }, label);
  if (options) {
    const chosen = options.map(([value, words]) => make("option", { value }, words));
    return make("div", { class: "field" }, head, make("select", { id, name }, make("option", { value: "" }, "any"), ...chosen));
  }
  const list = suggested ? `${id}-names` : null;
  const input = make("input", { id, name, type: "text", list, maxlength: 200, autocomplete: "off" });
  const names = suggested ? make("datalist", { id: list }, ...suggested(all).map((value) => make("option", { value }))) : null;
  return make("div", { class: "field" }, head, input, names);
}

// The filters that are on, each with a button that takes it off.
function chips(asked, go) {
  const on = [...asked].filter(([name]) => FIELDS.some(([known]) => known === name));
  if (!on.length) return null;
  const items = on.map(([name, value]) => {
    const label = FIELDS.find(([known]) => known === name)[1];
    const words = name === "status" ? spoken(value) : name === "phase" ? phases([value]) : value;
    const off = make("button", { type: "button", class: "chip", "aria-label": `Take off ${label}: ${words}` });
    off.append(`${label}: ${words} `, make("span", { "aria-hidden": "true" }, "✕"));
    off.addEventListener("click", () => {
      go(address(new URLSearchParams([...asked].filter(([key, words]) => key !== name || words !== value))));
    });
    return make("li", {}, off);
  });
  return make("ul", { class: "chips", "aria-label": "Filters that are on" }, ...items);
}

function table(found, asked, go) {
  const key = COLUMNS.some(([name]) => name === asked.get("sort")) ? asked.get("sort") : "";
  const down = asked.has("down");
  const rows = sorted(found, key, down);
  const head = make("tr", {}, ...COLUMNS.map(([name, label]) => heading(name, label, { key, down }, asked, go)));
  const body = make("tbody", {});
  const more = make("button", { type: "button" });
  const grid = make("table", { class: "landscape" });
  grid.append(make("caption", { class: "away" }, "Loaded trials"), make("thead", {}, head), body);
  const next = () => {
    const shown = body.childElementCount;
    body.append(...rows.slice(shown, shown + CHUNK).map(line));
    const left = rows.length - body.childElementCount;
    more.hidden = left <= 0;
    more.textContent = `Show ${Math.min(CHUNK, left)} more (${body.childElementCount} of ${rows.length} are shown)`;
    return body.children[shown];
  };
  more.addEventListener("click", () => next()?.querySelector("a")?.focus());
  next();
  const nothing = make("p", { class: "nothing" }, "No loaded trial is like that.");
  return make("div", { class: "landscape-frame" }, rows.length ? grid : nothing, more);
}

function sorted(found, key, down) {
  const column = COLUMNS.find(([name]) => name === key);
  if (!column) return found;
  const of = column[2];
  const compared = (a, b) => (typeof of(a) === "number" ? of(a) - of(b) : of(a).localeCompare(of(b), "en"));
  const ordered = [...found].sort(compared);
  return down ? ordered.reverse() : ordered;
}

function heading(name, label, { key, down }, asked, go) {
  const now = key === name;
  const sign = now ? (down ? " ▼" : " ▲") : "";
  const button = make("button", { type: "button", class: "sort", id: `sort-${name}` }, label, sign ? arrow(sign) : null);
  button.addEventListener("click", () => {
    const next = new URLSearchParams(asked);
    next.set("sort", name);
    if (now && !down) next.set("down", "1");
    else next.delete("down");
    go(address(next));
  });
  return make("th", { scope: "col", "aria-sort": now ? (down ? "descending" : "ascending") : null }, button);
}

function arrow(sign) {
  return make("span", { "aria-hidden": "true" }, sign);
}

function line(trial) {
  const facts = trial.registry ?? {};
  const told = [
    ["title", "Title", trial.title],
    ["phase", "Phase", phases(facts.phases)],
    ["status", "Status", spoken(trial.overallStatus)],
    ["conditions", "Conditions", few(facts.conditions)],
    ["drugs", "Drugs", few(facts.drugs)],
    ["sponsor", "Sponsor", facts.sponsor],
    ["sites", "Sites", facts.sites === undefined ? "" : String(facts.sites)],
    ["updated", "Updated", facts.updated],
    ["definition", "Definition", definitionMarks(trial.definition)],
  ];
  const cells = told.map(([name, label, words]) => make("td", { class: name, "data-label": label }, words ?? ""));
  const number = make("th", { scope: "row", class: "nct" }, make("a", { href: `#/${trial.nctId}` }, trial.nctId));
  return make("tr", {}, number, ...cells);
}

function few(names) {
  const given = names ?? [];
  const left = given.length - NAMED;
  return left > 0 ? `${given.slice(0, NAMED).join(", ")} and ${left} more` : given.join(", ");
}
