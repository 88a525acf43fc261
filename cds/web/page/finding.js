// One criterion: what it came to in a line; unfolded, what would settle it, on what evidence, and what the registry says.

import { idOf } from "./cohorts.js";
import { remembered } from "./kept.js";
import { fold, make } from "./nodes.js";
import { onAWord } from "./said.js";
import { shape } from "./shapes.js";
import { timeline } from "./timeline.js";
import { whatIfControls } from "./what-if.js";
import { SORTS, basisWords, causeWords, count, dateWords, shortDate, sortOf, truthMark } from "./words.js";

const SOON_DAYS = 21;
const DAY_MS = 86_400_000;

// What is inside is made when it is first opened: a trial has many criteria, and few are looked into.
export function findingRow(found, trial, state, act) {
  const id = idOf(trial, found);
  const sort = sortOf(found);
  const word = make("span", { class: `truth ${sort}` }, make("span", { class: "word" }, SORTS[sort].word));
  const said = make("span", { class: "said" }, word, " ", found.explanation);
  const what = make("span", { class: "what" }, make("span", { class: "label" }, found.label, ...flags(found, state.answer.asOf)), said);
  const details = make("details", { class: `finding ${sort}`, id, open: state.opened.has(id) }, make("summary", { id: `${id}-summary` }, shape(sort), what));
  const fill = () => details.open && details.children.length === 1 && details.append(body(found, trial, state, act));
  details.addEventListener("toggle", fill);
  fill();
  return remembered(details, state);
}

function flags(found, asOf) {
  const { basis, resolvesOn, clearsOn, expiresOn } = found;
  const told = [
    onAWord(found) ? ["attested", "attested"] : null,
    basis === "assumed" ? ["", "assumed"] : null,
    resolvesOn ? ["later", `met from ${shortDate(resolvesOn, asOf)}`] : clearsOn ? ["later", `may pass on ${shortDate(clearsOn, asOf)}`] : null,
    expiresOn && days(asOf, expiresOn) <= SOON_DAYS ? ["", `holds until ${shortDate(expiresOn, asOf)}`] : null,
  ];
  return told.filter(Boolean).map(([kind, words]) => make("span", { class: `mark ${kind}`.trim() }, words));
}

function days(from, to) {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS;
}

// Of what is not known, first what would settle it and room to say so; of what is, first the evidence.
function body(found, trial, state, act) {
  const { asOf } = state.answer;
  const drawn = timeline(main(found), asOf);
  const said = make("div", { class: "screen-only" }, ...[whatIfControls(found, trial, state, act)].flat().filter(Boolean));
  const open = found.truth === "unknown";
  return make(
    "div",
    { class: "body" },
    settle(found),
    open ? said : null,
    make("div", { class: drawn ? "shown drawn" : "shown" }, evidence(found.evidence), drawn),
    time(found),
    besides(found, trial),
    parts(found.parts, asOf),
    open ? null : said,
  );
}

// The results to draw: the rule's own, or of its parts those that gave the answer; none where the limit depends on
// something, as each part then draws its own.
function main(found) {
  if (found.measured) return found.measured;
  const measured = (found.parts ?? []).filter((each) => each.measured?.points?.length);
  const chosen = (measured.find(({ truth }) => truth === found.truth) ?? measured[0])?.measured ?? null;
  const differs = (each) => each.concept === chosen?.concept && ends(each) !== ends(chosen);
  const rivals = (found.parts ?? []).filter((part) => gauges({ parts: [part] }).some(differs));
  return found.truth === "unknown" && rivals.length ? null : rivals.some(({ truth }) => truth === found.truth) ? null : chosen;
}

function gauges({ parts = [] }) {
  return parts.flatMap((part) => [part.measured, ...gauges(part)]).filter(Boolean);
}

function ends({ low, high, forbidden }) {
  return JSON.stringify([low, high, forbidden]);
}

function settle(found) {
  if (found.truth !== "unknown") return null;
  const { question, search } = found.settledBy ?? {};
  const why = sortOf(found) === "judgement" ? null : make("p", {}, `Unknown: ${causeWords(found.cause)}.`);
  const asked = question && question !== found.explanation ? make("p", {}, make("strong", {}, "To settle it: "), question) : null;
  const searched = search ? fold("As a search of the record", { class: "plain" }, make("code", { class: "search" }, search)) : null;
  return why || asked || searched ? make("div", { class: "settle" }, why, asked, searched) : null;
}

function evidence(entries) {
  if (!entries?.length) return null;
  const heads = ["Evidence", "Value", "Date"].map((words) => make("th", { scope: "col" }, words));
  const rows = entries.map(({ label, value, range, date, reference, note }) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, label, make("small", {}, ...reference.split("/").flatMap((piece, place) => (place ? ["/", make("wbr"), piece] : [piece]))), note ? make("small", {}, `“${note}”`) : null),
      make("td", {}, value ?? "", range ? make("small", {}, `range ${range}`) : null),
      make("td", { class: "date" }, date ? dateWords(date) : "undated"),
    ),
  );
  return make("table", { class: "evidence" }, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
}

// On what it stands, and what time will do to it.
function time({ basis, resolvesOn, clearsOn, expiresOn, unrecognised }) {
  const words = [
    basis ? basisWords(basis) : "",
    resolvesOn ? `Time alone removes this obstacle: it is met from ${dateWords(resolvesOn)}.` : "",
    clearsOn ? `On ${dateWords(clearsOn)} time has taken this obstacle away; it may be unknown then.` : "",
    expiresOn ? `It holds until ${dateWords(expiresOn)}; after that something newer is needed.` : "",
    unrecognised ? `${count(unrecognised, "other entry", "other entries")} of this kind could not be recognised.` : "",
  ].filter(Boolean);
  return words.length ? make("p", { class: "quiet" }, words.join(" ")) : null;
}

const BULLETS = /^[ \t]*[*•-][ \t]+/gm;

// The registry's own line beside ours: whoever doubts the reading sees both.
function besides({ source, asks, note, section }, trial) {
  const several = source?.lines?.length > 1;
  const place = source ? `${several ? "lines" : "line"} ${several ? source.lines.join(", ") : source.line}` : "";
  const words = source?.text ? make("blockquote", {}, source.text.replace(BULLETS, "")) : make("p", { class: "quiet" }, source ? "The registry's text is not loaded here." : "Not from a line of the registry's text.");
  return make(
    "div",
    { class: "besides" },
    make("div", {}, make("h4", { class: "minor" }, `${trial.nctId}, ${section}${place ? `, ${place}` : ""}`), words),
    make("div", {}, make("h4", { class: "minor" }, "How it is read here"), make("p", {}, asks), note ? make("p", { class: "quiet" }, note) : null),
  );
}

function parts(some, asOf) {
  if (!some?.length) return null;
  return make("div", {}, make("h4", { class: "minor" }, "What it is decided from"), partList(some, asOf));
}

function partList(some, asOf) {
  return make("ul", { class: "parts" }, ...some.map((part) => {
    const drawn = timeline(part.measured, asOf);
    const search = part.settledBy?.question && part.truth === "unknown" ? make("p", {}, `To settle it: ${part.settledBy.question}`) : null;
    return make(
      "li",
      {},
      make("p", { class: "part" }, truthMark(part), " ", make("span", {}, part.label)),
      part.explanation ? make("p", { class: "quiet" }, part.explanation) : null,
      search,
      drawn ? fold("Over time", { class: "plain" }, drawn) : null,
      part.parts?.length ? partList(part.parts, asOf) : null,
    );
  }));
}
