// Where an EHR opens the page, and where people begin who open it by themselves: both go on to sign in.

import { make } from "./nodes.js";
import { getJson } from "./service.js";
import { beginLaunch } from "./smart.js";

const place = (id) => document.getElementById(id);

async function start() {
  const sent = new URLSearchParams(location.search);
  const [iss, launch] = [sent.get("iss"), sent.get("launch")];
  history.replaceState(null, "", location.pathname);
  const settings = await getJson("/app/settings.json");
  if (iss) return go(settings, { iss, launch });
  const offered = settings.servers.filter((each) => each.standalone);
  say(offered.length ? "Choose where to sign in. You will then be asked for a patient." : NOWHERE);
  place("view").replaceChildren(make("ul", { class: "servers" }, ...offered.map((server) => entry(settings, server))));
}

const NOWHERE = "This page opens from a patient's chart in the EHR: follow the link on a card there.";

async function go(settings, launch) {
  say("Going to where you sign in …");
  place("view").replaceChildren();
  await beginLaunch(settings, launch).catch(tell);
}

function entry(settings, server) {
  const button = make("button", { type: "button", class: "primary" }, `Sign in at ${server.id}`);
  button.addEventListener("click", () => go(settings, { iss: server.fhir }));
  return make("li", {}, button, make("small", {}, server.fhir));
}

function say(words) {
  place("status").textContent = words;
}

function tell(fault) {
  say("");
  place("view").replaceChildren(make("div", { class: "fault", role: "alert" }, make("p", {}, fault.message)));
}

start().catch(tell);
