// The demo: an EHR in little. Opening a chart makes the call an EHR would make, shows what comes back, and from each card
// the page behind it.

import { cardNodes, faultNode, trialOf } from "./cards.js";
import { chartNodes } from "./chart.js";
import { render } from "./markdown.js";
import { fold, make } from "./nodes.js";

const HOOK = "patient-view";
const ALL = "all";
const VERDICTS = {
  candidate: "candidate",
  near: "near",
  possible: "possible",
  "does-not-fit": "does not fit",
  "not-relevant": "not relevant",
};
const WIDE = globalThis.matchMedia("(min-width: 75rem)");
const place = (id) => document.getElementById(id);
let turn = 0;
let first = "";
let shown = { slug: "", page: "" };

async function json(path, options) {
  const response = await fetch(path, options);
  return { status: response.status, ok: response.ok, body: await response.json() };
}

async function start() {
  const { body } = await json("/demo/charts");
  place("day").textContent = `For the service it is ${day(body.today)}, the day these charts play.`;
  place("charts").replaceChildren(...body.charts.map(entry));
  first = (body.charts.find(({ verdicts, withheld }) => !withheld && fitting(verdicts)) ?? body.charts[0]).slug;
  place("chooser").open = WIDE.matches;
  WIDE.addEventListener("change", () => (place("chooser").open = WIDE.matches));
  document.querySelector(".skip").addEventListener("click", skip);
  place("close").addEventListener("click", () => (location.hash = shown.slug));
  globalThis.addEventListener("hashchange", () => choose(true));
  await choose(false);
}

// The address names what is shown, so skipping must not change it.
function skip(event) {
  event.preventDefault();
  place("cards-column").focus();
}

function fitting(verdicts) {
  return Object.values(verdicts).includes("candidate");
}

function day(iso) {
  const form = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
  return new Intl.DateTimeFormat("en-GB", form).format(new Date(`${iso}T00:00:00Z`));
}

function entry({ slug, title, verdicts, withheld }) {
  const told = Object.entries(verdicts).filter(([, verdict]) => verdict !== "not-relevant" && verdict !== "does-not-fit");
  const marks = told.map(([trial, verdict]) => mark(trial, verdict));
  if (withheld) marks.splice(0, marks.length, make("span", { class: "mark" }, `no cards: ${withheld}`));
  if (!marks.length) marks.push(make("span", { class: "mark" }, "no trial"));
  return make("li", {}, make("a", { href: `#${slug}` }, make("span", {}, title), make("span", { class: "marks" }, ...marks)));
}

function mark(trial, verdict) {
  const kind = Object.hasOwn(VERDICTS, verdict) ? verdict : "possible";
  return make("span", { class: `mark ${kind}` }, `${trial} ${VERDICTS[kind]}`);
}

// ------------------------------------------------------------------------------- which chart, and whether the page is open

// The address names the chart and, behind a slash, the trial whose page is open: #colon-nec-near/NCT07328490.
async function choose(moved) {
  const [slug, page = ""] = decodeURIComponent(location.hash.slice(1)).split("/");
  const links = [...document.querySelectorAll("#charts a")];
  const wanted = slug || first;
  const chosen = links.find((link) => link.getAttribute("href") === `#${wanted}`);
  if (!chosen) return;
  openPage(wanted, page, moved);
  if (wanted === shown.slug) return;
  shown.slug = wanted;
  for (const link of links) link.removeAttribute("aria-current");
  chosen.setAttribute("aria-current", "true");
  place("chosen").textContent = chosen.firstChild.textContent;
  if (moved && !WIDE.matches) place("chooser").open = false;
  else chosen.scrollIntoView({ block: "nearest" });
  turn += 1;
  const mine = turn;
  place("status").textContent = "Asking …";
  for (const id of ["chart", "cards", "exchange"]) place(id).replaceChildren();
  try {
    await play(wanted, () => mine === turn);
  } catch {
    if (mine === turn) place("status").textContent = "The service cannot be reached.";
  }
}

// The page stands beside the cards in a frame of its own, as EHRs embed such pages.
function openPage(slug, page, moved) {
  const open = page === ALL || /^NCT\d{8}$/.test(page);
  const before = shown.page;
  shown.page = open ? `${slug}/${page}` : "";
  place("page-column").hidden = !open;
  place("frame").classList.toggle("with-page", open);
  step("step-page", open);
  pointOut();
  if (!open) {
    place("page").replaceChildren();
    if (before && moved) document.querySelector(`a[href="#${CSS.escape(before)}"]`)?.focus();
    return;
  }
  if (shown.page === before) return;
  const address = `/app/?chart=${encodeURIComponent(slug)}#/${page === ALL ? "" : page}`;
  const name = page === ALL ? "Every trial" : `Every criterion of ${page}`;
  place("page-heading").textContent = name;
  place("wide").href = address;
  place("page").replaceChildren(make("iframe", { src: address, title: name }));
  if (moved) place("page-column").focus();
}

function pointOut() {
  for (const link of document.querySelectorAll("#cards a.primary")) {
    if (shown.page && link.getAttribute("href") === `#${shown.page}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

function behind(slug) {
  return (trial) => {
    const more = trial ? make("span", { class: "away" }, ` of ${trial}`) : null;
    return make("a", { class: "primary", href: `#${slug}/${trial ?? ALL}` }, trial ? "Every criterion" : "Every trial for this chart", more);
  };
}

// ------------------------------------------------------------------------------------------------------------- the call

async function play(slug, current) {
  const address = `/demo/charts/${encodeURIComponent(slug)}`;
  const [about, prefetch, discovery] = await Promise.all([json(address), json(`${address}/prefetch`), json("/cds-services")]);
  if (!current()) return;
  place("chart").replaceChildren(why(about.body) ?? "", ...chartNodes(about.body.chart, about.body.asOf));
  const service = discovery.body.services.find((each) => each.hook === HOOK);
  const request = {
    hook: HOOK,
    hookInstance: uuid(),
    context: { userId: "Practitioner/demo", patientId: about.body.patientId },
    prefetch: prefetch.body,
  };
  const path = `/cds-services/${encodeURIComponent(service.id)}`;
  const body = JSON.stringify(request);
  step("step-chart", true, "The EHR posts ", make("code", {}, HOOK), ` with ${kib(body)} of the chart.`);
  const began = performance.now();
  const answer = await json(path, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  const took = Math.round(performance.now() - began);
  if (!current()) return;
  tellCards(slug, answer, about.body, took);
  tellExchange({ path, request, body, answer, took, service });
}

function kib(text) {
  return `${(new Blob([text]).size / 1024).toFixed(1)} KiB`;
}

function step(id, done, ...words) {
  place(id).classList.toggle("done", done);
  if (words.length) place(id).querySelector(":scope > span").replaceChildren(...words);
}

function why(about) {
  if (!about.why) return null;
  return fold("Why this chart is here", { class: "why" }, ...render(about.why, 2));
}

function tellCards(slug, answer, about, took) {
  const link = behind(slug);
  if (!answer.ok) {
    place("status").textContent = `Answered in ${took} ms.`;
    place("cards").replaceChildren(faultNode(answer.body, answer.status));
    return;
  }
  const cards = answer.body.cards;
  const count = `${cards.length} ${cards.length === 1 ? "card" : "cards"} in ${took} ms.`;
  place("status").textContent = count;
  const expected = Object.entries(about.verdicts).map(([trial, verdict]) => mark(trial, verdict));
  const nodes = cards.length ? cardNodes(answer.body, link) : [nothing(about.withheld, link)];
  place("cards").replaceChildren(make("p", { class: "marks" }, "Expected: ", ...expected), ...nodes);
  pointOut();
  const told = cards.map(trialOf).find(Boolean) ?? null;
  step("step-cards", true, cards.length ? count : "None this time, so the EHR shows nothing.");
  const through = make("a", { href: `#${slug}/${told ?? ALL}` }, told ? `Every criterion of ${told}` : "Every trial for this chart");
  step("step-page", Boolean(shown.page), through, " (an EHR: by SMART launch)");
}

function nothing(withheld, link) {
  const reason = withheld ? `Cards are withheld: ${withheld}. ` : "";
  const words = make("p", {}, `${reason}The service answered with no cards, so an EHR shows nothing.`);
  return make("div", { class: "nothing" }, words, make("p", { class: "behind" }, link(null)));
}

function tellExchange({ path, request, body, answer, took, service }) {
  const response = JSON.stringify(answer.body, null, 1);
  place("exchange").replaceChildren(
    make(
      "div",
      {},
      make("p", {}, make("code", {}, `POST ${path}`)),
      make("ul", { class: "keys", "aria-label": "Prefetch" }, ...Object.entries(request.prefetch).map(prefetched)),
    ),
    fold(`Request, ${kib(body)}`, {}, listing(JSON.stringify(request, null, 1), "Request")),
    fold(`Response ${answer.status}, ${kib(response)}, ${took} ms`, { open: true }, listing(response, "Response")),
    fold("What discovery asks for", {}, listing(JSON.stringify(service.prefetch ?? {}, null, 1), "Prefetch templates")),
  );
}

function prefetched([key, value]) {
  const found = value?.resourceType === "Bundle" ? value.entry.length : value ? 1 : 0;
  return make("li", {}, make("code", {}, key), ` ${found}`);
}

function listing(text, label) {
  return make("pre", { tabindex: "0", role: "region", "aria-label": label }, text);
}

// crypto.randomUUID exists on secure origins only; the demo may be looked at from another machine.
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

start().catch(() => {
  place("status").textContent = "The service cannot be reached.";
});
