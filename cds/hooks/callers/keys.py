"""The public keys of a caller: out of a file of the site, or from an address that the site lists.

Keys are fetched when they are first needed, kept for a while, and fetched once more when a token names one that is not
among them, which is how an EHR changes its keys. However many tokens with invented key ids come, no address is asked
more often than once in ``pause_s``.
Source: RFC 7517; https://cds-hooks.hl7.org/2.0/#trusting-cds-clients.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import jwt
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from cds.errors import KeysUnavailable, NotAuthenticated
from cds.hooks.callers.algorithms import PublicKey, fits

__all__ = ["Fetch", "FetchedKeys", "Key", "KeySource", "StaticKeys", "keys_in"]

Fetch = Callable[[str], Awaitable[bytes]]
"""Gets the document at an address. Raises ``KeysUnavailable``, and takes no longer than it should by itself."""

_MOST_KEYS: Final = 100
_MOST_TRIED: Final = 4
_TYPES: Final[Mapping[str, Callable[[Any], object]]] = {"EC": ECAlgorithm.from_jwk, "RSA": RSAAlgorithm.from_jwk}
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class Key:
    """A public key that may sign, by its id. ``algorithm`` is the only one it may be used with, if it says so."""

    kid: str
    algorithm: str | None
    public: PublicKey

    def may_sign(self, algorithm: str) -> bool:
        """Say whether a signature of this algorithm can be this key's."""
        return self.algorithm in {None, algorithm} and fits(algorithm, self.public)


class KeySource(Protocol):
    """Where the keys of a caller come from."""

    async def keys(self, kid: str, algorithm: str) -> tuple[Key, ...]:
        """Give the keys of this id that fit the algorithm. Raises ``NotAuthenticated`` where there are none."""
        ...


def keys_in(document: bytes) -> tuple[Key, ...]:
    """Read a JSON Web Key Set. Keys that cannot sign for a caller are left out; raises ``ValueError`` if it is none."""
    try:
        read = json.loads(document)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    listed = read.get("keys") if isinstance(read, dict) else None
    if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
        raise ValueError(f"it must hold a list of up to {_MOST_KEYS} keys")
    return tuple(key for each in listed if (key := _key(each)) is not None)


def _key(said: object) -> Key | None:
    """Read one key; ``None`` for one of another type or use, one without an id, and one whose secret lies open."""
    if not isinstance(said, dict) or not _PRIVATE.isdisjoint(said) or not _is_for_signing(said):
        return None
    kid, algorithm, read = said.get("kid"), said.get("alg"), _TYPES.get(str(said.get("kty")))
    if not isinstance(kid, str) or not kid or not isinstance(algorithm, (str, type(None))) or read is None:
        return None
    try:
        public = read(said)
    except (jwt.InvalidKeyError, ValueError, TypeError, KeyError):
        return None
    return Key(kid, algorithm, public) if isinstance(public, PublicKey) else None


def _is_for_signing(said: Mapping[str, object]) -> bool:
    operations = said.get("key_ops", ["verify"])
    return said.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _chosen(keys: Iterable[Key], kid: str, algorithm: str) -> tuple[Key, ...]:
    of_this_id = [each for each in keys if each.kid == kid]
    if not of_this_id:
        raise NotAuthenticated("unknown-key")
    fitting = tuple(each for each in of_this_id if each.may_sign(algorithm))[:_MOST_TRIED]
    if not fitting:
        raise NotAuthenticated("unfit-key")
    return fitting


@dataclass(frozen=True, slots=True)
class StaticKeys:
    """Keys out of a file: nothing is ever fetched. A new key needs a new file and a restart."""

    held: tuple[Key, ...]

    async def keys(self, kid: str, algorithm: str) -> tuple[Key, ...]:
        """Give the keys of this id that fit the algorithm."""
        return _chosen(self.held, kid, algorithm)


class FetchedKeys:
    """Keys from one address, which the site lists.

    Fetched again after ``ttl_s``. Where that fails, the old ones hold until ``stale_s``: an EHR whose keys cannot be
    had for a while goes on, and a key that was withdrawn is let in no longer than that.
    """

    def __init__(
        self,
        url: str,
        fetch: Fetch,
        now: Callable[[], dt.datetime],
        *,
        ttl_s: float = 600.0,
        stale_s: float = 3600.0,
        pause_s: float = 30.0,
    ) -> None:
        self._url = url
        self._fetch = fetch
        self._now = now
        self._ttl_s, self._stale_s, self._pause_s = ttl_s, stale_s, pause_s
        self._held: tuple[Key, ...] = ()
        self._got_at: dt.datetime | None = None
        self._asked_at: dt.datetime | None = None
        self._one_at_a_time = asyncio.Lock()

    async def keys(self, kid: str, algorithm: str) -> tuple[Key, ...]:
        """Give the keys of this id that fit the algorithm, fetched if they must be."""
        if self._must_ask(kid):
            async with self._one_at_a_time:
                if self._must_ask(kid):
                    await self._ask()
        if not self._age(self._got_at) < self._stale_s:
            raise NotAuthenticated("no-keys")
        return _chosen(self._held, kid, algorithm)

    def _must_ask(self, kid: str) -> bool:
        if self._age(self._asked_at) < self._pause_s:
            return False
        return not self._age(self._got_at) < self._ttl_s or all(each.kid != kid for each in self._held)

    async def _ask(self) -> None:
        """Fetch the keys. Only then does it count as asked: whoever comes meanwhile waits for the answer."""
        try:
            self._held = keys_in(await self._fetch(self._url))
            self._got_at = self._now()
        except (KeysUnavailable, ValueError):
            pass
        self._asked_at = self._now()

    def _age(self, moment: dt.datetime | None) -> float:
        """Give the seconds since a moment; endless where there was none."""
        return float("inf") if moment is None else (self._now() - moment).total_seconds()
