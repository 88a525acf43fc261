// The demo: lists the example charts; choosing one makes the call an EHR would make and shows what comes back.

import { cardNodes, faultNode } from "./cards.js";
import { chartNodes } from "./chart.js";
import { render } from "./markdown.js";
import { fold, make } from "./nodes.js";

const HOOK = "patient-view";
const VERDICTS = {
  candidate: "candidate",
  near: "near",
  possible: "possible",
  "does-not-fit": "does not fit",
  "not-relevant": "not relevant",
};
const place = (id) => document.getElementById(id);
let turn = 0;

async function json(path, options) {
  const response = await fetch(path, options);
  return { status: response.status, ok: response.ok, body: await response.json() };
}

async function start() {
  const { body } = await json("/demo/charts");
  place("day").textContent = `For the service it is ${day(body.today)}, the day these charts play.`;
  place("charts").replaceChildren(...body.charts.map(entry));
  globalThis.addEventListener("hashchange", choose);
  await choose();
}

function day(iso) {
  const shown = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
  return new Intl.DateTimeFormat("en-GB", shown).format(new Date(`${iso}T00:00:00Z`));
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

async function choose() {
  const slug = decodeURIComponent(location.hash.slice(1));
  const links = [...document.querySelectorAll("#charts a")];
  const chosen = links.find((link) => link.getAttribute("href") === `#${slug}`);
  if (!chosen) return;
  for (const link of links) link.removeAttribute("aria-current");
  chosen.setAttribute("aria-current", "true");
  chosen.scrollIntoView({ block: "nearest" });
  turn += 1;
  const mine = turn;
  place("status").textContent = "Asking …";
  for (const id of ["chart", "cards", "exchange"]) place(id).replaceChildren();
  try {
    await play(slug, () => mine === turn);
  } catch {
    if (mine === turn) place("status").textContent = "The service cannot be reached.";
  }
}

async function play(slug, current) {
  const address = `/demo/charts/${encodeURIComponent(slug)}`;
  const [about, prefetch, discovery] = await Promise.all([json(address), json(`${address}/prefetch`), json("/cds-services")]);
  if (!current()) return;
  place("chart").replaceChildren(...chartNodes(about.body.chart, about.body.asOf), why(about.body));
  const service = discovery.body.services.find((each) => each.hook === HOOK);
  const request = {
    hook: HOOK,
    hookInstance: uuid(),
    context: { userId: "Practitioner/demo", patientId: about.body.patientId },
    prefetch: prefetch.body,
  };
  const path = `/cds-services/${encodeURIComponent(service.id)}`;
  const body = JSON.stringify(request);
  const began = performance.now();
  const answer = await json(path, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  const took = Math.round(performance.now() - began);
  if (!current()) return;
  tellCards(answer, about.body, took);
  tellExchange({ path, request, body, answer, took, service });
}

function why(about) {
  if (!about.why) return null;
  return fold("Why this chart is here", { class: "why" }, ...render(about.why, 2));
}

function tellCards(answer, about, took) {
  if (!answer.ok) {
    place("status").textContent = `Answered in ${took} ms.`;
    place("cards").replaceChildren(faultNode(answer.body, answer.status));
    return;
  }
  const count = answer.body.cards.length;
  place("status").textContent = `${count} ${count === 1 ? "card" : "cards"} in ${took} ms.`;
  const expected = Object.entries(about.verdicts).map(([trial, verdict]) => mark(trial, verdict));
  const nodes = count ? cardNodes(answer.body) : [nothing(about.withheld)];
  place("cards").replaceChildren(make("p", { class: "marks" }, "Expected: ", ...expected), ...nodes);
}

function nothing(withheld) {
  const reason = withheld ? `Cards are withheld: ${withheld}. ` : "";
  return make("p", { class: "nothing" }, `${reason}The service answered with no cards, so an EHR shows nothing.`);
}

function tellExchange({ path, request, body, answer, took, service }) {
  const kib = (text) => `${(new Blob([text]).size / 1024).toFixed(1)} KiB`;
  const response = JSON.stringify(answer.body, null, 1);
  place("exchange").replaceChildren(
    make("p", {}, make("code", {}, `POST ${path}`)),
    make("ul", { class: "keys" }, ...Object.entries(request.prefetch).map(prefetched)),
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
