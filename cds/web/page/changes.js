// What became of the trials since a day: by day and trial, line by line, each change by sign and word as well as colour.

import { spoken } from "./listing.js";
import { make } from "./nodes.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const SIGNS = { added: "+", removed: "−", changed: "~", opened: "+", closed: "−", reworded: "~", moved: "→" };
const KINDS = { "+": "come", "−": "gone" };

// The service's own day, or the browser's where it is not told, moved by so many days.
export function today(iso, by = 0) {
  const from = iso ? new Date(`${iso}T00:00:00Z`) : new Date();
  return new Date(from.getTime() + by * DAY_MS).toISOString().slice(0, 10);
}

export function changesView(told, since, go) {
  const feed = `/api/changes.atom?since=${encodeURIComponent(since)}`;
  const link = make("p", {}, make("a", { href: feed, type: "application/atom+xml" }, "The same as a feed (Atom)"));
  const head = make("div", { class: "since" }, make("h2", {}, "What changed"), dayForm(since, go), told.fault ? null : link);
  return [head, ...(told.fault ? [absent(told.fault)] : days(told.news ?? []))];
}

function dayForm(since, go) {
  const input = make("input", { id: "since", name: "since", type: "date", value: since, required: true });
  const form = make("form", { class: "filters" });
  const label = make("label", { for: "since" }, "Since");
  form.append(make("div", { class: "field" }, label, input), make("div", { class: "field" }, make("button", { type: "submit" }, "Show")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value) go(`#/changes?since=${input.value}`);
  });
  return form;
}

function absent(fault) {
  const why = fault.status === 404 ? "this service does not tell changes" : fault.outcome?.issue?.[0]?.diagnostics;
  return make("p", { class: "nothing" }, why ? `Not available: ${why}.` : "Not available.");
}

function days(news) {
  if (!news.length) return [make("p", { class: "nothing" }, "Nothing that is told has changed since that day.")];
  const byDay = new Map();
  for (const each of news) {
    const on = each.seen.slice(0, 10);
    byDay.set(on, [...(byDay.get(on) ?? []), each]);
  }
  return [...byDay].map(([on, told]) =>
    make("section", { class: "day", "aria-labelledby": `day-${on}` }, make("h3", { id: `day-${on}` }, shown(on)), ...told.map(trial)),
  );
}

function shown(iso) {
  const form = { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
  return new Intl.DateTimeFormat("en-GB", form).format(new Date(`${iso}T00:00:00Z`));
}

function trial(each) {
  const number = make("a", { href: `#/${each.nctId}` }, each.nctId);
  const state = [spoken(each.overallStatus), each.posted ? `posted ${each.posted}` : ""].filter(Boolean).join(" · ");
  const fresh = each.new ? make("li", { class: "come" }, sign("+"), make("div", {}, make("strong", {}, "New here"), " all of the trial")) : null;
  return make(
    "article",
    { class: "news" },
    make("h4", {}, number, ` ${each.title}`),
    make("p", { class: "quiet" }, state),
    make("ul", {}, fresh, ...(each.changes ?? []).map(change)),
  );
}

function sign(words) {
  return make("span", { class: "sign", "aria-hidden": "true" }, words);
}

function change({ matter, how, before, after, where }) {
  const mark = SIGNS[how] ?? "~";
  const of = matter === "eligibility" ? "eligibility, a line" : matter.replaceAll("-", " ");
  const name = `${of} ${how}`;
  const what = make("p", {}, make("strong", {}, name[0].toUpperCase() + name.slice(1)), where ? ` (${where})` : null);
  return make("li", { class: KINDS[mark] ?? "turned" }, sign(mark), make("div", {}, what, was(said(matter, before)), is(said(matter, after))));
}

function said(matter, words) {
  return words && matter === "status" ? words.replace(/^[A-Z_]+/, spoken) : words;
}

function was(words) {
  return words ? make("p", {}, make("span", { class: "side" }, "before"), make("del", {}, words)) : null;
}

function is(words) {
  return words ? make("p", {}, make("span", { class: "side" }, "now"), make("ins", {}, words)) : null;
}
