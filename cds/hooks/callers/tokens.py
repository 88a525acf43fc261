"""A caller's token taken apart, strictly: what is not plainly a signed JWT with what CDS Hooks asks for is refused.

Nothing here trusts a token; it only says what it claims. Every refusal is a word for the log that holds nothing of the
token itself.
Source: https://cds-hooks.hl7.org/2.0/#trusting-cds-clients, RFC 7515, RFC 7519, RFC 8725 (best current practices).
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from cds.errors import NotAuthenticated

__all__ = ["Claims", "Header", "Token", "bearer", "read_token"]

_LONGEST_TOKEN: Final = 8192
_LONGEST_WORD: Final = 512
_LONGEST_ID: Final = 256
_LAST_MOMENT: Final = 253_402_300_799  # the end of the year 9999
_PART: Final = re.compile(r"[A-Za-z0-9_-]+")
_KEYS_IN_HEADER: Final = frozenset({"jwk", "x5c", "x5u"})
_NOT_UNDERSTOOD: Final = frozenset({"crit", "b64", "enc", "zip"})

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Header:
    """How a token says that it is signed. ``jku`` is where it says that its key can be had: no reason to go there."""

    algorithm: str
    kid: str
    jku: str | None


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token claims: who calls, whom it is for (``audiences``), and between which moments, in Unix seconds."""

    issuer: str
    audiences: tuple[str, ...]
    expires: float
    issued: float
    not_before: float | None
    id: str
    tenant: str | None


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart; its signature is over ``said``."""

    header: Header
    claims: Claims
    said: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def bearer(authorization: str | None) -> str:
    """Give the token of an ``Authorization`` header."""
    if authorization is None:
        _refuse("no-token")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        _refuse("no-token")
    if len(token) > _LONGEST_TOKEN:
        _refuse("too-long")
    return token


def read_token(text: str) -> Token:
    """Take a token apart. Raises ``NotAuthenticated``."""
    parts = text.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        _refuse("not-a-token")
    header, claims = _header(_object(parts[0])), _claims(_object(parts[1]))
    return Token(header, claims, f"{parts[0]}.{parts[1]}".encode("ascii"), _bytes(parts[2]))


def _bytes(part: str) -> bytes:
    """Decode base64url as RFC 7515 writes it: no padding, no other letters, one spelling of each value."""
    if not _PART.fullmatch(part) or len(part) % 4 == 1:
        _refuse("not-a-token")
    decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != part.encode("ascii"):
        _refuse("not-a-token")
    return decoded


def _object(part: str) -> Json:
    try:
        read = json.loads(_bytes(part).decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        _refuse("not-a-token")
    if not isinstance(read, dict):
        _refuse("not-a-token")
    return read


def _once(pairs: list[tuple[str, Any]]) -> Json:
    """Refuse a name that stands twice: two programs could each believe another of its values."""
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name stands twice")
    return read


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _header(said: Json) -> Header:
    if said.get("typ") != "JWT":
        _refuse("wrong-type")
    if not _NOT_UNDERSTOOD.isdisjoint(said):
        _refuse("not-understood")
    if not _KEYS_IN_HEADER.isdisjoint(said):
        _refuse("brings-its-key")
    jku = _word(said, "jku", "bad-header") if "jku" in said else None
    return Header(_word(said, "alg", "bad-header"), _word(said, "kid", "bad-header"), jku)


def _claims(said: Json) -> Claims:
    return Claims(
        issuer=_word(said, "iss", "bad-claims"),
        audiences=_audiences(said.get("aud")),
        expires=_moment(said, "exp"),
        issued=_moment(said, "iat"),
        not_before=_moment(said, "nbf") if "nbf" in said else None,
        id=_word(said, "jti", "bad-claims", _LONGEST_ID),
        tenant=_word(said, "tenant", "bad-claims") if "tenant" in said else None,
    )


def _word(said: Json, name: str, reason: str, longest: int = _LONGEST_WORD) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value or len(value) > longest or not value.isprintable():
        _refuse(reason)
    return value


def _audiences(value: object) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed or not all(isinstance(each, str) and each for each in listed):
        _refuse("bad-claims")
    return tuple(listed)


def _moment(said: Json, name: str) -> float:
    value = said.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _LAST_MOMENT:
        _refuse("bad-claims")
    return value


def _refuse(reason: str) -> NoReturn:
    raise NotAuthenticated(reason)
