"""Which FHIR servers may be asked: base addresses compared by what makes them the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable


def may_ask(server: str | None, allowed: Iterable[str]) -> bool:
    """Say whether a server that a call names is one of those that this site lists."""
    return server is not None and _address(server) in {_address(each) for each in allowed}


def _address(base: str) -> tuple[str, str, int, str] | None:
    """Give what makes two addresses the same base: scheme, host, port (the usual one if unsaid) and path."""
    try:
        parts = urlsplit(base)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    if parts.query or parts.fragment or parts.username is not None or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port, parts.path.rstrip("/")


_PORTS = {"http": 80, "https": 443}
