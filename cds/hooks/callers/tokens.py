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

__all__ = [
    "Claims",
    "Header",
    "Json",
    "Parts",
    "Token",
    "audiences",
    "bearer",
    "moment",
    "read_header",
    "read_token",
    "refuse",
    "take_apart",
    "token_of",
    "word",
]

_LONGEST_TOKEN: Final = 8192
_LONGEST_WORD: Final = 512
_LONGEST_ID: Final = 256
_LAST_MOMENT: Final = 253_402_300_799  # the end of the year 9999
_PART: Final = re.compile(r"[A-Za-z0-9_-]+")
_KEYS_IN_HEADER: Final = frozenset({"jwk", "x5c", "x5u"})
_NOT_UNDERSTOOD: Final = frozenset({"crit", "b64", "enc", "zip"})

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parts:
    """What any signed token holds, before it is asked what kind it is; its signature is over ``said``."""

    head: Json
    body: Json
    said: bytes = field(repr=False)
    signature: bytes = field(repr=False)


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
        refuse("no-token")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        refuse("no-token")
    if len(token) > _LONGEST_TOKEN:
        refuse("too-long")
    return token


def take_apart(text: str) -> Parts:
    """Take any signed token apart. Raises ``NotAuthenticated``."""
    parts = text.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        refuse("not-a-token")
    head, body = _object(parts[0]), _object(parts[1])
    return Parts(head, body, f"{parts[0]}.{parts[1]}".encode("ascii"), _bytes(parts[2]))


def token_of(parts: Parts) -> Token:
    """Read the parts as a token that CDS Hooks asks for. Raises ``NotAuthenticated``."""
    if parts.head.get("typ") != "JWT":
        refuse("wrong-type")
    return Token(read_header(parts.head), _claims(parts.body), parts.said, parts.signature)


def read_token(text: str) -> Token:
    """Take apart a token that CDS Hooks asks for. Raises ``NotAuthenticated``."""
    return token_of(take_apart(text))


def _bytes(part: str) -> bytes:
    """Decode base64url as RFC 7515 writes it: no padding, no other letters, one spelling of each value."""
    if not _PART.fullmatch(part) or len(part) % 4 == 1:
        refuse("not-a-token")
    decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != part.encode("ascii"):
        refuse("not-a-token")
    return decoded


def _object(part: str) -> Json:
    try:
        read = json.loads(_bytes(part).decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        refuse("not-a-token")
    if not isinstance(read, dict):
        refuse("not-a-token")
    return read


def _once(pairs: list[tuple[str, Any]]) -> Json:
    """Refuse a name that stands twice: two programs could each believe another of its values."""
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name stands twice")
    return read


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def read_header(said: Json) -> Header:
    """Read how a token says that it is signed; one that brings its key, or asks for anything special, is refused."""
    if not _NOT_UNDERSTOOD.isdisjoint(said):
        refuse("not-understood")
    if not _KEYS_IN_HEADER.isdisjoint(said):
        refuse("brings-its-key")
    jku = word(said, "jku", "bad-header") if "jku" in said else None
    return Header(word(said, "alg", "bad-header"), word(said, "kid", "bad-header"), jku)


def _claims(said: Json) -> Claims:
    return Claims(
        issuer=word(said, "iss", "bad-claims"),
        audiences=audiences(said.get("aud")),
        expires=moment(said, "exp"),
        issued=moment(said, "iat"),
        not_before=moment(said, "nbf") if "nbf" in said else None,
        id=word(said, "jti", "bad-claims", _LONGEST_ID),
        tenant=word(said, "tenant", "bad-claims") if "tenant" in said else None,
    )


def word(said: Json, name: str, reason: str, longest: int = _LONGEST_WORD) -> str:
    """Give a text that must be there, or refuse for this reason."""
    value = said.get(name)
    if not isinstance(value, str) or not value or len(value) > longest or not value.isprintable():
        refuse(reason)
    return value


def audiences(value: object) -> tuple[str, ...]:
    """Give whom a token is for: one, or a list of several."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed or not all(isinstance(each, str) and each for each in listed):
        refuse("bad-claims")
    return tuple(listed)


def moment(said: Json, name: str) -> float:
    """Give a moment in Unix seconds that must be there."""
    value = said.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _LAST_MOMENT:
        refuse("bad-claims")
    return value


def refuse(reason: str) -> NoReturn:
    """Let nobody in; the reason is one word for the log."""
    raise NotAuthenticated(reason)
