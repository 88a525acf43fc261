// Whoever signed in, and the one chart that is open: tokens live in this closure and nowhere else.

import { make } from "./nodes.js";
import { lacking, permits, toRead } from "./scopes.js";

const AHEAD_S = 60;
const ODD = /[%\s\p{Cc}]/u;

// Open a session on a token server's answer. `refresh` exchanges a refresh token, `check` looks at a new id token,
// `again` begins the launch anew.
export function openSession({ server, answer, claims, asked, refresh, check, again }) {
  let scopes = typeof answer.scope === "string" ? answer.scope : asked;
  let held = taken(answer, {});
  let idClaims = claims;
  let refreshing = null;

  // One at a time: a refresh token may be good for one use only, and is used up also where its answer is not believed.
  // True: there is a new token.
  function renew() {
    refreshing ??= (held.refresh ? refresh(held.refresh) : Promise.reject(new Error()))
      .then((fresh) => {
        if (fresh.patient !== undefined && fresh.patient !== answer.patient) throw new Error();
        if (fresh.id_token !== undefined) idClaims = check(fresh.id_token);
        if (typeof fresh.scope === "string") scopes = fresh.scope;
        held = taken(fresh, held);
        return true;
      })
      .catch((fault) => {
        if (!fault.passing) held.refresh = null;
        return false;
      })
      .finally(() => (refreshing = null));
    return refreshing;
  }

  async function ask(address, options) {
    if (held.refresh && soon(held.until)) await renew();
    const { access } = held;
    const first = await sent(address, options, access);
    if (first.status !== 401) return first;
    const renewed = held.access !== access || (await renew());
    const second = renewed ? await sent(address, options, held.access) : first;
    if (second.status === 401) throw signInAgain();
    return second;
  }

  async function save(resource) {
    if (!canWrite(resource.resourceType)) throw new Error("This sign-in does not let the page save.");
    if (resource.subject?.reference !== `Patient/${answer.patient}`) throw new Error("That is not about the patient whose chart is open.");
    const headers = { "Content-Type": "application/fhir+json" };
    const response = await ask(below(server.fhir, resource.resourceType), { method: "POST", headers, body: JSON.stringify(resource) });
    if (!response.ok) throw Object.assign(new Error(`The server did not save it (${response.status}).`), { status: response.status });
    return response.json().catch(() => null);
  }

  function canWrite(type) {
    return Boolean(server.saveObservations) && type === "Observation" && permits(scopes, type, "c") === "whole";
  }

  return Object.freeze({
    server: server.id,
    fhir: server.fhir,
    patientId: answer.patient ?? null,
    encounter: word(answer.encounter),
    appContext: word(answer.appContext),
    user: word(claims?.fhirUser) ?? word(claims?.profile),
    get scopes() {
      return scopes;
    },
    get lacking() {
      return lacking(asked, scopes);
    },
    canRead: (type) => permits(scopes, type, toRead(type)),
    canWrite,
    fetch: async (address, options = {}) => ask(below(server.fhir, address), options),
    async idToken() {
      if (held.id && held.refresh && soon(idClaims.exp * 1000)) await renew();
      return held.id;
    },
    again,
    ...(canWrite("Observation") ? { save } : {}),
    get expiresAt() {
      return held.until;
    },
  });
}

// What may be shown in place of a chart when a sign-in has ended: the reason, and the way back in.
export function againNodes(session, words) {
  const button = make("button", { type: "button", class: "primary" }, "Sign in again");
  const says = make("p", {}, words);
  button.addEventListener("click", () => session.again().catch((fault) => says.replaceChildren(fault.message)));
  return make("section", { class: "fault sign-in", role: "alert" }, says, make("p", {}, button));
}

function signInAgain() {
  return Object.assign(new Error("The sign-in has ended: sign in again."), { status: 401, again: true });
}

function taken(answer, before) {
  const seconds = Number(answer.expires_in);
  return {
    access: answer.access_token,
    until: seconds > 0 ? Date.now() + seconds * 1000 : null,
    refresh: word(answer.refresh_token) ?? before.refresh ?? null,
    id: word(answer.id_token) ?? before.id ?? null,
  };
}

function soon(moment) {
  return moment !== null && moment - Date.now() < AHEAD_S * 1000;
}

function word(value) {
  return typeof value === "string" && value ? value : null;
}

// Give an address in full; none but those of this FHIR server ever get the token. Some servers take a backslash for a
// slash, leave out what follows a semicolon before they take steps, or unescape twice.
export function below(fhir, address) {
  const url = URL.canParse(address, `${fhir}/`) ? new URL(address, `${fhir}/`) : null;
  const base = new URL(fhir);
  const root = base.pathname.replace(/\/$/, "");
  const steps = url ? unescaped(url.pathname).replaceAll("\\", "/").split("/") : [".."];
  const outside = !url || url.origin !== base.origin || url.username || url.password || !(url.pathname === root || url.pathname.startsWith(`${root}/`));
  const odd = steps.some((step) => step.split(";")[0] === ".." || ODD.test(step));
  if (outside || odd) throw new Error("That address is not on the FHIR server that you signed in to.");
  return url.href;
}

function unescaped(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return "..";
  }
}

async function sent(address, options, token) {
  const headers = { Accept: "application/fhir+json", ...options.headers, Authorization: `Bearer ${token}` };
  return fetch(address, { ...options, headers, credentials: "omit", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer" });
}
