// Cards as an EHR shows them: summary and indicator, source, detail, links; and the way to the page behind a card.

import { make, outward } from "./nodes.js";
import { render } from "./markdown.js";

const INDICATORS = { info: "Information", warning: "Warning", critical: "Critical" };
const REGISTRY = "https://clinicaltrials.gov";

// `behind` gives the link to the page for a trial, or for no trial in particular.
export function cardNodes(response, behind) {
  return response.cards.map((told, number) => card(told, number, behind));
}

// The one trial that a card tells: its topic names it by the registry's number. Other cards tell of several, or none.
export function trialOf({ source: { topic } }) {
  return topic?.system === REGISTRY && /^NCT\d{8}$/.test(topic.code) ? topic.code : null;
}

function card(told, number, behind) {
  const heading = `card-${number}`;
  const indicator = Object.hasOwn(INDICATORS, told.indicator) ? told.indicator : "info";
  return make(
    "article",
    { class: `card ${indicator}`, "aria-labelledby": heading },
    make("p", { class: "indicator" }, INDICATORS[indicator]),
    make("h3", { id: heading }, told.summary),
    make("p", { class: "source" }, "Source: ", source(told.source)),
    make("p", { class: "behind" }, behind(trialOf(told))),
    make("div", { class: "detail" }, ...render(told.detail ?? "")),
    links(told.links ?? []),
  );
}

function source({ label, url, topic }) {
  const name = url ? outward(url, label) : label;
  return make("span", {}, name, topic ? make("span", { class: "topic" }, topic.code) : null);
}

function links(told) {
  if (!told.length) return null;
  return make("ul", { class: "links" }, ...told.map((each) => make("li", {}, outward(each.url, each.label))));
}

export function faultNode(outcome, status) {
  const issues = Array.isArray(outcome?.issue) ? outcome.issue : [];
  const said = issues.map((issue) => issue.diagnostics ?? issue.details?.text ?? issue.code).filter(Boolean);
  return make(
    "div",
    { class: "fault", role: "alert" },
    make("p", {}, make("strong", {}, `The service answered ${status}.`)),
    ...said.map((words) => make("p", {}, words)),
  );
}
