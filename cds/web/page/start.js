// What is shown where there is no chart to tell of: how to open one, why none is told, what went wrong.

import { make } from "./nodes.js";
import { getJson } from "./service.js";
import { againNodes } from "./session.js";
import { beginLaunch } from "./smart.js";

export async function startView(settings, act) {
  act.say("");
  const servers = (settings.servers ?? []).filter((each) => each.standalone);
  return [
    make(
      "section",
      { class: "panel start" },
      make("h2", { tabindex: "-1" }, "No chart is open"),
      make("p", {}, "This page opens from a patient's chart in the EHR: follow the link on a card there."),
      servers.length ? make("p", {}, "Or sign in here; you will be asked for a patient.") : null,
      servers.length ? make("ul", { class: "servers" }, ...servers.map((each) => signIn(each, settings, act))) : null,
    ),
    settings.demo ? await examples() : null,
  ];
}

function signIn(server, settings, act) {
  const button = make("button", { type: "button", class: "primary" }, `Sign in at ${server.id}`);
  button.addEventListener("click", () => {
    act.say("Going to where you sign in …");
    beginLaunch(settings, { iss: server.fhir }).catch((fault) => act.say(fault.message));
  });
  return make("li", {}, button, make("small", {}, server.fhir));
}

async function examples() {
  const { charts } = await getJson("/demo/charts");
  const links = charts.map(({ slug, title }) => make("li", {}, make("a", { href: `/app/?chart=${encodeURIComponent(slug)}#/` }, title)));
  return make("section", { class: "panel start" }, make("h3", {}, "Example charts"), make("p", { class: "quiet" }, "Of people who do not exist."), make("ul", {}, ...links));
}

const WITHHELD = {
  deceased: "The record says that the patient has died.",
  "opted-out": "The record says that the patient does not want to hear of research.",
  viewer: "This page is for clinicians, not for patients and their relatives.",
};

export function withheldView({ answer }) {
  const why = WITHHELD[answer.withheld] ?? "No trial may be told of this patient.";
  return make("section", { class: "panel nothing" }, make("h2", { tabindex: "-1" }, "No trials are told"), make("p", {}, why));
}

// What went wrong, and what can be done: sign in again where that has ended, else try again.
export function faultView(fault, session, again) {
  if (session && (fault.again || fault.status === 401)) return againNodes(session, fault.message);
  const button = make("button", { type: "button" }, "Try again");
  button.addEventListener("click", again);
  const known = typeof fault.status === "number" || fault instanceof Error;
  return make("section", { class: "fault", role: "alert" }, make("h2", {}, "This could not be done"), make("p", {}, known && fault.message ? fault.message : "Something went wrong."), make("p", {}, button));
}
