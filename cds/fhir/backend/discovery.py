"""Where the tokens of a FHIR server are had, as the server itself says it.

The newer place is ``.well-known/smart-configuration``; servers that have none may say it in their CapabilityStatement.
Source: https://hl7.org/fhir/smart-app-launch/conformance.html; its first version had the statement's extension
``oauth-uris`` in place of the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx

from cds.errors import NoAccess
from cds.fhir.values import Json, many, part, word
from cds.settings.readers import in_clear

if TYPE_CHECKING:
    from cds.fhir.backend.exchange import Exchange

__all__ = ["Endpoint", "discover", "trusted"]

_OAUTH_URIS: Final = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_LONGEST_DOCUMENT: Final = 500_000
_LONGEST_STATEMENT: Final = 20_000_000
_SERVER: Final = "the FHIR server"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where tokens are had, whether scopes may be written as version 2 has them, and which signatures it takes.

    No algorithms: the server does not say.
    """

    url: str
    granular: bool = False
    algorithms: frozenset[str] = frozenset()


async def discover(exchange: Exchange, base: str) -> Endpoint:
    """Ask a FHIR server where its tokens are had. Raises ``NoAccess`` where it does not say."""
    document = await exchange.get(f"{base}/.well-known/smart-configuration", _SERVER, _LONGEST_DOCUMENT) or {}
    url = document.get("token_endpoint")
    if not isinstance(url, str) or not url:
        url = _in_statement(await exchange.get(f"{base}/metadata", _SERVER, _LONGEST_STATEMENT) or {})
    if not url:
        raise NoAccess(f"{_SERVER} does not say where its tokens are had; name the address, or ask without a token")
    return Endpoint(
        _absolute(base, url),
        "permission-v2" in _words(document.get("capabilities")),
        _words(document.get("token_endpoint_auth_signing_alg_values_supported")),
    )


def trusted(url: str, *, allow_http: bool) -> str:
    """Give an address that a client assertion may be sent to. Raises ``NoAccess`` for any other."""
    try:
        parts = urlsplit(url)
        host, odd = parts.hostname or "", "@" in parts.netloc or parts.fragment
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        host, odd, parts = "", True, urlsplit("")
    if not host or odd or parts.scheme not in {"http", "https"}:
        raise NoAccess("the address where tokens are said to be had is none")
    if in_clear(url, allow_http=allow_http):
        raise NoAccess("the address where tokens are said to be had is not https, so nothing is sent there")
    return url


def _in_statement(statement: Json) -> str:
    """Give the token endpoint that a CapabilityStatement names, if it names one."""
    for rest in many(statement.get("rest")):
        for extension in many(part(rest, "security", "extension")) if isinstance(rest, dict) else ():
            if word(part(extension, "url")) == _OAUTH_URIS.lower():
                return next(filter(None, map(_token_uri, many(part(extension, "extension")))), "")
    return ""


def _token_uri(extension: object) -> str:
    uri = part(extension, "valueUri")
    return uri if word(part(extension, "url")) == "token" and isinstance(uri, str) else ""


def _absolute(base: str, url: str) -> str:
    """Give an address as it was written, or, where it is not a whole one, as it stands below the server's base."""
    try:
        return url if urlsplit(url).scheme else str(httpx.URL(base + "/").join(url))
    except (ValueError, httpx.InvalidURL):
        return ""


def _words(listed: object) -> frozenset[str]:
    return frozenset(each for each in many(listed) if isinstance(each, str))
