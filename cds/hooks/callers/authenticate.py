"""Who calls: proved by a signed token (JWT), or taken for granted where the site has settled it otherwise.

Read :meth:`Authenticator.caller` first: it is the whole procedure, from header to caller. Whatever is wrong, the
caller learns nothing but that it is not let in; the log gets one word.
Source: https://cds-hooks.hl7.org/2.0/#trusting-cds-clients, and the best practices at
https://cds-hooks.org/best-practices/.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from cds.hooks.callers.algorithms import is_signed_by
from cds.hooks.callers.caller import Caller
from cds.hooks.callers.keys import Fetch, FetchedKeys, KeySource, StaticKeys
from cds.hooks.callers.listed import ListedCaller
from cds.hooks.callers.replays import Replays
from cds.hooks.callers.signed_in import SignedIn
from cds.hooks.callers.tokens import Claims, Header, Parts, Token, bearer, refuse, take_apart, token_of

__all__ = ["Anyone", "Authenticator", "Door", "Replays"]


class Door(Protocol):
    """What every call that may tell or keep anything comes through."""

    async def caller(self, authorization: str | None, endpoint: str) -> Caller:
        """Say who calls this address. Raises ``NotAuthenticated``."""
        ...


@dataclass(frozen=True, slots=True)
class Anyone:
    """Lets everybody in as one caller: where a gateway proves callers, and on a machine that serves itself alone."""

    one: Caller

    async def caller(self, authorization: str | None, endpoint: str) -> Caller:
        """Give that caller; what the call says of itself is not looked at."""
        del authorization, endpoint
        return self.one


class Authenticator:
    """Lets in the callers that the site lists, each by a token of its own for each call.

    With ``signed_in``, the page is let in as well, by the id token of whoever has signed in to it.
    """

    def __init__(
        self,
        listed: Iterable[ListedCaller],
        *,
        fetch: Fetch,
        replays: Replays,
        now: Callable[[], dt.datetime],
        signed_in: SignedIn | None = None,
    ) -> None:
        self._signed_in = signed_in
        self._listed: Mapping[tuple[str, str | None], ListedCaller] = {
            (each.issuer, tenant): each for each in listed for tenant in each.tenants or (None,)
        }
        self._issuers = frozenset(issuer for issuer, _ in self._listed)
        self._replays = replays
        self._now = now
        addresses = {url for each in self._listed.values() if not each.keys for url in each.jku}
        self._fetched = {url: FetchedKeys(url, fetch, now) for url in addresses}

    @property
    def several(self) -> bool:
        """Whether there is more than one caller, so that one could stand in another's way."""
        pages = self._signed_in.ids if self._signed_in else frozenset()
        return len({each.id for each in self._listed.values()} | pages) > 1

    async def caller(self, authorization: str | None, endpoint: str) -> Caller:
        """Say who calls this address, by the token in its ``Authorization`` header.

        The order matters: nothing is fetched before the token names a listed issuer, algorithm and address, and its
        times and audience hold; nothing is remembered of a token whose signature does not hold. Raises
        ``NotAuthenticated``, and ``Unavailable`` where used tokens cannot be remembered.
        """
        parts = take_apart(bearer(authorization))
        if self._signed_in is not None and self._is_of_the_page(parts, self._signed_in):
            return await self._signed_in.caller(parts)
        token = token_of(parts)
        listed = self._of(token.claims)
        self._check_times(token.claims, listed)
        if not {endpoint, f"{endpoint}/", *listed.audiences}.intersection(token.claims.audiences):
            refuse("wrong-audience")
        if token.header.algorithm not in listed.algorithms:
            refuse("unlisted-algorithm")
        await self._check_signature(token, listed)
        until = dt.datetime.fromtimestamp(token.claims.expires + listed.profile.leeway_s + 1, tz=dt.UTC)
        if not await self._replays.first_use(token.claims.issuer, token.claims.id, until):
            refuse("replayed")
        return listed.as_caller(token.claims.tenant)

    def _is_of_the_page(self, parts: Parts, signed_in: SignedIn) -> bool:
        """Say which proof a token is to be held against, by what it says of itself: each proof is whole on its own.

        An EHR may sign its own calls under the name by which its people sign in: then the audience parts the two.
        """
        if signed_in.server_of(parts.body) is not None:
            return True
        return signed_in.issued(parts.body) and parts.body.get("iss") not in self._issuers

    def _of(self, claims: Claims) -> ListedCaller:
        listed = self._listed.get((claims.issuer, claims.tenant))
        if listed is None:
            refuse("unlisted-tenant" if claims.issuer in self._issuers else "unlisted-issuer")
        return listed

    def _check_times(self, claims: Claims, listed: ListedCaller) -> None:
        """Hold the token's times against the clock: clocks may differ by the leeway, and no token lives long."""
        now, leeway = self._now().timestamp(), listed.profile.leeway_s
        if claims.expires <= now - leeway:
            refuse("expired")
        if claims.issued > now + leeway or (claims.not_before or 0) > now + leeway:
            refuse("not-yet")
        if not 0 < claims.expires - claims.issued <= listed.profile.max_lifetime_s:
            refuse("lives-too-long" if claims.expires > claims.issued else "bad-claims")

    async def _check_signature(self, token: Token, listed: ListedCaller) -> None:
        algorithm = token.header.algorithm
        keys = await self._source(token.header, listed).keys(token.header.kid, algorithm)
        if not any(is_signed_by(each.public, algorithm, token.said, token.signature) for each in keys):
            refuse("bad-signature")

    def _source(self, header: Header, listed: ListedCaller) -> KeySource:
        """Say where the key may come from: never from an address that is not listed for this very caller."""
        if header.jku is not None and header.jku not in listed.jku:
            refuse("unlisted-address")
        if listed.keys:
            return StaticKeys(listed.keys)
        if header.jku is None and len(listed.jku) > 1:
            refuse("no-address")
        return self._fetched[header.jku or listed.jku[0]]
