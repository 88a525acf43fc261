// Cards as an EHR shows them: summary and indicator, source, detail, links.

import { make, outward } from "./nodes.js";
import { render } from "./markdown.js";

const INDICATORS = { info: "Information", warning: "Warning", critical: "Critical" };

export function cardNodes(response) {
  return response.cards.map(card);
}

function card(told, number) {
  const heading = `card-${number}`;
  const indicator = Object.hasOwn(INDICATORS, told.indicator) ? told.indicator : "info";
  return make(
    "article",
    { class: `card ${indicator}`, "aria-labelledby": heading },
    make("p", { class: "indicator" }, INDICATORS[indicator]),
    make("h3", { id: heading }, told.summary),
    make("p", { class: "source" }, "Source: ", source(told.source)),
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
