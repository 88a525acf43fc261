// What an id token says, as far as a browser must look at it. That the signature holds is for the service to find out,
// which takes no proof without.
// Source: openid.net/specs/openid-connect-core-1_0.html sections 3.1.3.7 and 12.2.

const CLOCKS_APART_S = 120;

// Give the claims. `nonce` null: a refreshed token, which may have none; `subject`: whose it must be still. Throws an
// Error that may be shown.
export function checkedIdToken(token, { nonce, clientId, issuer, subject }) {
  const claims = claimsOf(token);
  const now = Date.now() / 1000;
  const audiences = [claims.aud].flat();
  const faults = [
    [nonce !== null && claims.nonce !== nonce, "it was made for another launch"],
    [typeof claims.iss !== "string" || (issuer && claims.iss !== issuer), "another server made it"],
    [!audiences.includes(clientId) || (claims.azp !== undefined && claims.azp !== clientId), "it was made for somebody else"],
    [typeof claims.sub !== "string" || (subject && claims.sub !== subject), "it does not say who signed in, or says another"],
    [!(claims.exp > now - CLOCKS_APART_S), "it has expired, or this machine's clock is wrong"],
    [!(claims.iat < now + CLOCKS_APART_S), "it is of the future, or this machine's clock is wrong"],
  ];
  const fault = faults.find(([wrong]) => wrong);
  if (fault) throw new Error(`The server's word on who signed in cannot be trusted: ${fault[1]}.`);
  return claims;
}

function claimsOf(token) {
  try {
    const [, body, , more] = token.split(".");
    if (more !== undefined) return {};
    const bytes = Uint8Array.from(atob(body.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
    return Object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return {};
  }
}
