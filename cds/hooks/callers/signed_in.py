"""Who has signed in to the page: proved by the id token that an EHR's authorisation server gave to it.

The token is for the page (``aud`` is its client id there), so it proves whose page calls, and is good for many calls
until it expires. Who the person is is never looked at: the caller is the page of that EHR. ``nonce`` is between the
page and the authorisation server; the page checks it.
Source: https://openid.net/specs/openid-connect-core-1_0.html section 3.1.3.7 (ID Token Validation); RFC 8725;
https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cds.hooks.callers.algorithms import is_signed_by
from cds.hooks.callers.caller import GENERIC, Caller
from cds.hooks.callers.keys import Fetch, FetchedKeys
from cds.hooks.callers.launch import LaunchServer
from cds.hooks.callers.tokens import Header, Json, Parts, audiences, moment, read_header, refuse, word

__all__ = ["SignedIn"]

_LONGEST_SUBJECT = 255
"""OpenID Connect Core section 2: at most 255 ASCII characters."""


@dataclass(frozen=True, slots=True)
class _IdToken:
    """What an id token claims. ``party`` is to whom it was given (``azp``)."""

    header: Header
    audiences: tuple[str, ...]
    party: str | None
    expires: float
    issued: float
    not_before: float | None


class SignedIn:
    """Lets in the page, as opened from the launch servers that the site lists."""

    def __init__(self, servers: Iterable[LaunchServer], *, fetch: Fetch, now: Callable[[], dt.datetime]) -> None:
        self._servers = {(each.issuer, each.client_id): each for each in servers if each.issuer and each.jwks}
        self._issuers = frozenset(issuer for issuer, _ in self._servers)
        self._now = now
        self._keys = {url: FetchedKeys(url, fetch, now) for url in {each.jwks for each in self._servers.values()}}

    @property
    def ids(self) -> frozenset[str]:
        """What the page may be called in logs and counts, by where it was opened."""
        return frozenset(each.caller_id for each in self._servers.values())

    def issued(self, body: Json) -> bool:
        """Say whether a token says that it is by a listed issuer of id tokens."""
        issuer = body.get("iss")
        return isinstance(issuer, str) and issuer in self._issuers

    def server_of(self, body: Json) -> LaunchServer | None:
        """Give the launch server by which a token says that it was made for the page, if it says so of any."""
        issuer, said = body.get("iss"), body.get("aud")
        named = said if isinstance(said, list) else [said]
        told = ((issuer, each) for each in named if isinstance(issuer, str) and isinstance(each, str))
        return next((self._servers[each] for each in told if each in self._servers), None)

    async def caller(self, parts: Parts) -> Caller:
        """Say from which EHR the page was opened, by an id token taken apart.

        Nothing is fetched before all that the token says holds. Raises ``NotAuthenticated``.
        """
        server = self.server_of(parts.body)
        if server is None:
            refuse("wrong-audience")
        token = _read(parts)
        _check_audiences(token, server)
        self._check_times(token, server)
        if token.header.algorithm not in server.algorithms:
            refuse("unlisted-algorithm")
        if token.header.jku not in {None, server.jwks}:
            refuse("unlisted-address")
        await self._check_signature(token.header, parts, server)
        return Caller(server.caller_id, GENERIC, issuer=server.issuer, rate_per_s=server.rate_per_s, page=True)

    def _check_times(self, token: _IdToken, server: LaunchServer) -> None:
        now, leeway = self._now().timestamp(), server.leeway_s
        if token.expires <= now - leeway:
            refuse("expired")
        if token.issued > now + leeway or (token.not_before or 0) > now + leeway:
            refuse("not-yet")
        if token.expires <= token.issued:
            refuse("bad-claims")
        if token.expires - token.issued > server.max_lifetime_s:
            refuse("lives-too-long")

    async def _check_signature(self, header: Header, parts: Parts, server: LaunchServer) -> None:
        keys = await self._keys[server.jwks].keys(header.kid, header.algorithm)
        if not any(is_signed_by(each.public, header.algorithm, parts.said, parts.signature) for each in keys):
            refuse("bad-signature")


def _read(parts: Parts) -> _IdToken:
    """Read the parts as an id token: unlike one of CDS Hooks, it need not say its type, and has no id of its own."""
    head, body = parts.head, parts.body
    if str(head.get("typ", "JWT")).upper() != "JWT" or "events" in body:
        refuse("wrong-type")  # an access token, or a logout token, which has the same issuer and audience
    word(body, "sub", "bad-claims", _LONGEST_SUBJECT)
    return _IdToken(
        header=read_header(head),
        audiences=audiences(body.get("aud")),
        party=word(body, "azp", "bad-claims") if "azp" in body else None,
        expires=moment(body, "exp"),
        issued=moment(body, "iat"),
        not_before=moment(body, "nbf") if "nbf" in body else None,
    )


def _check_audiences(token: _IdToken, server: LaunchServer) -> None:
    """Hold the token to the page: for nobody besides whom the site does not trust, and given to the page itself."""
    if not {server.client_id, *server.audiences}.issuperset(token.audiences):
        refuse("wrong-audience")
    if token.party is None and len(token.audiences) > 1:
        refuse("wrong-party")
    if token.party not in {None, server.client_id}:
        refuse("wrong-party")
