// SMART App Launch 2.2 in the browser: from an EHR's launch, or standalone, to a session that may read one chart.
// Source: hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html; RFC 6749, 7636 (S256) and 9207 (iss);
// openid.net/specs/openid-connect-core-1_0.html section 3.1.3.7.

import { checkedIdToken } from "./id-token.js";
import { asked } from "./scopes.js";
import { openSession } from "./session.js";

const KEPT = "trialcards-launch:";
const TOO_OLD_MS = 3_600_000;
const RANDOM_BYTES = 32;
const DEADLINE_MS = 30_000;

// Go to where people sign in; the browser leaves the page. `iss` is the FHIR server, `launch` what its EHR said (none:
// standalone). `scopes` are asked for in place of a chart's: then there need be no patient. Throws an Error that may be
// shown.
export async function beginLaunch(settings, { iss, launch = null, scopes = null } = {}) {
  const server = listed(settings, iss);
  if (!launch && !server.standalone) throw new Error("This server opens the page from its own windows only: open it from the patient's chart.");
  if (!globalThis.crypto?.subtle) throw new Error("The page was not opened over https, so nobody can sign in safely.");
  const about = await discover(server);
  const state = random();
  const pending = {
    iss: launch ? iss : server.fhir,
    launch,
    scopes,
    token: endpoint(server, about.token_endpoint, "tokens are had"),
    issuer: server.issuer || (typeof about.issuer === "string" ? about.issuer : null),
    strict: about.authorization_response_iss_parameter_supported === true,
    scope: scopes ? scopes.join(" ") : asked(settings, server, about, Boolean(launch)),
    back: here(),
    begun: Date.now(),
    nonce: random(),
    verifier: random(),
  };
  const address = new URL(endpoint(server, about.authorization_endpoint, "people sign in"));
  const told = {
    response_type: "code",
    client_id: server.clientId,
    redirect_uri: pending.back,
    ...(launch ? { launch } : {}),
    scope: pending.scope,
    state,
    aud: pending.iss,
    nonce: pending.nonce,
    code_challenge: await challenge(pending.verifier),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(told)) address.searchParams.set(name, value);
  keep(state, pending);
  location.assign(address);
}

// Take what the launch server sent back, clean the address of it, and give the session. Throws an Error that may be shown.
export async function finishLaunch(settings, { search, pathname, hash } = location) {
  const sent = new URLSearchParams(search);
  history.replaceState(null, "", `${pathname}${hash}`);
  const pending = take(sent.get("state"));
  if (!pending) throw new Error("This answer belongs to no launch that began in this window. Open the page again.");
  const named = sent.has("iss") || pending.strict;
  if (named && (!pending.issuer || sent.get("iss") !== pending.issuer)) throw new Error("The answer is another server's than the one that was asked.");
  if (sent.has("error")) throw new Error(refusal("The server did not let you in", sent.get("error"), sent.get("error_description")));
  if (!sent.get("code")) throw new Error("The server sent nothing that could be exchanged for access.");
  const server = listed(settings, pending.iss);
  const answer = await exchange(pending.token, {
    grant_type: "authorization_code",
    code: sent.get("code"),
    redirect_uri: pending.back,
    client_id: server.clientId,
    code_verifier: pending.verifier,
  });
  if (!pending.scopes && (typeof answer.patient !== "string" || !answer.patient)) throw new Error("The server did not say whose chart is open.");
  const expected = { nonce: pending.nonce, clientId: server.clientId, issuer: pending.issuer };
  const claims = answer.id_token === undefined ? null : checkedIdToken(answer.id_token, expected);
  return openSession({
    server,
    answer,
    claims,
    asked: pending.scope,
    refresh: (token) => exchange(pending.token, { grant_type: "refresh_token", refresh_token: token, client_id: server.clientId }),
    check: (token) => checkedIdToken(token, { ...expected, nonce: null, subject: claims?.sub }),
    again: () => beginLaunch(settings, { iss: pending.iss, launch: pending.launch, scopes: pending.scopes }),
  });
}

// ------------------------------------------------------------------------------------------------------ the launch server

// Only servers of the site's list are ever asked or gone to. A trailing slash is all that may differ.
function listed(settings, iss) {
  const wanted = bare(iss);
  const server = (settings.servers ?? []).find((each) => bare(each.fhir) === wanted);
  if (wanted && server) return { ...server, fhir: bare(server.fhir) };
  throw new Error(`This service does not open from ${hostOf(iss)}. Its site lists the servers that it opens from.`);
}

function bare(address) {
  return typeof address === "string" ? address.replace(/\/$/, "") : "";
}

function hostOf(address) {
  try {
    return new URL(address).host || "there";
  } catch {
    return "there";
  }
}

async function discover(server) {
  const said = await answered(`${server.fhir}/.well-known/smart-configuration`, { headers: { Accept: "application/json" } });
  if (!said?.ok || typeof said.body !== "object" || said.body === null) {
    throw new Error(`${hostOf(server.fhir)} does not say how to sign in.`);
  }
  return said.body;
}

// An endpoint may be relative, as old servers have it. It must be where the site lists it, and over https.
function endpoint(server, named, what) {
  const address = typeof named === "string" && URL.canParse(named, `${server.fhir}/`) ? new URL(named, `${server.fhir}/`) : null;
  if (!address || address.username || address.password || address.hash) throw new Error(`${hostOf(server.fhir)} does not say where ${what}.`);
  const near = ["127.0.0.1", "localhost", "[::1]"].includes(address.hostname);
  if (address.protocol !== "https:" && !(address.protocol === "http:" && near)) throw new Error(`Where ${what} is not reached over https.`);
  const origins = [new URL(server.fhir).origin, ...(server.origins ?? [])];
  if (!origins.includes(address.origin)) throw new Error(`Where ${what} (${address.host}) is not on this site's list.`);
  return address.href;
}

async function exchange(address, form) {
  const headers = { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" };
  const said = await answered(address, { method: "POST", headers, body: new URLSearchParams(form) });
  if (!said) throw Object.assign(new Error("The server where tokens are had cannot be reached."), { passing: true });
  if (!said.ok) {
    const words = refusal("The server gave no access", said.body?.error, said.body?.error_description);
    throw Object.assign(new Error(words), { passing: said.status === 429 || said.status >= 500 });
  }
  const { access_token: token, token_type: kind } = said.body ?? {};
  if (typeof token !== "string" || !token || String(kind).toLowerCase() !== "bearer") throw new Error("The server's answer holds no token that could be used.");
  return said.body;
}

// No cookies, no cache, nowhere else: what comes back is for this page alone.
const ALONE = { credentials: "omit", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer" };

async function answered(address, options) {
  try {
    const response = await fetch(address, { ...options, ...ALONE, signal: AbortSignal.timeout(DEADLINE_MS) });
    return { ok: response.ok, status: response.status, body: await response.json().catch(() => null) };
  } catch {
    return null;
  }
}

const SHORT = 300;

function refusal(what, code, description) {
  const words = [code, description].filter((each) => typeof each === "string" && each).map((each) => each.slice(0, SHORT));
  return `${what}${words.length ? `: ${words.join(": ")}` : ""}.`.replace(/\.\.$/, ".");
}

// ---------------------------------------------------------------------------------------- what is kept until the way back

function here() {
  return `${location.origin}${location.pathname === "/app/trials" ? "/app/trials" : "/app/"}`;
}

function keep(state, pending) {
  for (const key of Object.keys(sessionStorage).filter((each) => each.startsWith(KEPT))) {
    if (!(JSON.parse(sessionStorage.getItem(key))?.begun > Date.now() - TOO_OLD_MS)) sessionStorage.removeItem(key);
  }
  sessionStorage.setItem(KEPT + state, JSON.stringify(pending));
}

// Used once: a second answer with the same state finds nothing.
function take(state) {
  const kept = state && sessionStorage.getItem(KEPT + state);
  if (!kept) return null;
  sessionStorage.removeItem(KEPT + state);
  const pending = JSON.parse(kept);
  return pending.begun > Date.now() - TOO_OLD_MS ? pending : null;
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)));
}

async function challenge(verifier) {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
