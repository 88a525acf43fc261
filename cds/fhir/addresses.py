"""Which FHIR servers may be asked: base addresses compared by what makes them the same place.

The one room where that is said: who may ask, where a next page may lead, and which server a patient's id is of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

_PORTS = {"http": 80, "https": 443}


def may_ask(server: str, allowed: Iterable[str]) -> bool:
    """Say whether a server that a call names is one of those that this site lists."""
    base = base_of(server)
    return base is not None and base in {base_of(each) for each in allowed}


def base_of(url: str) -> str | None:
    """Give a server's base in the one form bases are compared in; nothing for what cannot be one."""
    try:
        parts = urlsplit(url.strip())
        scheme, host, port = origin_of(url.strip())
    except ValueError:
        return None
    if scheme not in _PORTS or not host or "@" in parts.netloc or parts.query or parts.fragment:
        return None
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{parts.path.rstrip('/')}"


def origin_of(url: str) -> tuple[str, str, int]:
    """Give scheme, host and port, the usual one if unsaid. Raises ``ValueError`` for what is no address."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(scheme, 0)


def is_below(url: str, base: str) -> bool:
    """Say whether a URL lies within the base's path, without a user's name in it or steps that lead out.

    Some servers take a backslash for a slash, and leave out what follows a semicolon (``..;``) before they take steps.
    """
    parts, root = urlsplit(url), urlsplit(base).path
    inside = parts.path == root or parts.path.startswith(root + "/")
    steps = unquote(parts.path).replace("\\", "/").split("/")
    return inside and "@" not in parts.netloc and all(step.partition(";")[0] != ".." for step in steps)
