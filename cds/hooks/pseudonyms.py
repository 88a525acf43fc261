"""Keyed hashes that stand for patients, viewers and findings wherever something is kept: HMAC-SHA256, ``key-id:hex``.

Without the key nobody can tell whether a hash is that of a given patient, although patient ids are easy to guess. Keys
are replaced by putting a new one in front: it makes all new hashes, and the others are still tried in look-ups, until
the longest quiet period is over and they may go (docs/feedback.md). Source: RFC 2104.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from typing import Final, Self

from cds.errors import BadSetting

_KEY_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,14}[a-z0-9])?")
_SHORTEST: Final = 32
_FEWEST_DIFFERENT: Final = 16
"""Of 32 random bytes about 30 differ from each other; a typed word, or zeros, do not pass."""


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """The keys of one site by their ids, the current one first; the keys themselves are never shown."""

    keys: tuple[tuple[str, bytes], ...] = field(repr=False)

    @classmethod
    def read(cls, text: str) -> Self:
        """Read ``k2:base64,k1:base64``; raise ``BadSetting`` where a key is weak or cannot be read."""
        keys = tuple(_key(part.strip(), place) for place, part in enumerate(text.split(","), start=1))
        if len({name for name, _ in keys}) < len(keys) or len({key for _, key in keys}) < len(keys):
            raise BadSetting("CDS_PSEUDONYM_KEYS: two keys, or their ids, are the same")
        return cls(keys)

    def current(self, purpose: str, *parts: str) -> str:
        """Give the hash under the current key of parts that belong together, for one purpose."""
        name, key = self.keys[0]
        return _hashed(name, key, purpose, parts)

    def every(self, purpose: str, *parts: str) -> tuple[str, ...]:
        """Give the hashes under every key, the current one first: under one of them something may have been kept."""
        return tuple(_hashed(name, key, purpose, parts) for name, key in self.keys)

    def same(self, kept: str, purpose: str, *parts: str) -> bool:
        """Say whether a hash that was kept is that of these parts, under whichever key it was made."""
        return any(hmac.compare_digest(kept, each) for each in self.every(purpose, *parts))


def _hashed(name: str, key: bytes, purpose: str, parts: tuple[str, ...]) -> str:
    """Hash a list, in a form in which no two different lists look the same."""
    return f"{name}:{hmac.new(key, json.dumps([purpose, *parts]).encode(), hashlib.sha256).hexdigest()}"


def _key(text: str, place: int) -> tuple[str, bytes]:
    name, _, encoded = text.partition(":")
    if not _KEY_ID.fullmatch(name):
        raise BadSetting(f"CDS_PSEUDONYM_KEYS: the id of key {place} must be 1 to 16 of a-z, 0-9 and '-'")
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise BadSetting(f"CDS_PSEUDONYM_KEYS: key {place} must be id:base64") from None
    if len(key) < _SHORTEST or len(set(key)) < _FEWEST_DIFFERENT:
        raise BadSetting(f"CDS_PSEUDONYM_KEYS: key {place} is weak: it must be {_SHORTEST} random bytes or more")
    return name, key
