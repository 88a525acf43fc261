"""The files of the pages, and the headers under which a browser runs nothing else and asks nobody else.

Source: https://www.w3.org/TR/CSP3/, https://www.w3.org/TR/permissions-policy/,
https://html.spec.whatwg.org/multipage/browsers.html#cross-origin-opener-policies.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from fastapi import Response

from cds.errors import UnknownService

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import Request

__all__ = ["ASSETS", "asset", "content_policy", "json_file", "page"]

_FOLDER: Final = Path(__file__).resolve().parent / "page"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
ASSETS: Final = {each.name: _TYPES[each.suffix] for each in sorted(_FOLDER.iterdir()) if each.suffix in _TYPES}
"""Every file that a page may load, by name, with its media type: what lies in the folder when the service starts."""

_HTML: Final = "text/html; charset=utf-8"
_DENIED: Final = (
    "accelerometer",
    "camera",
    "clipboard-read",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)
"""What the pages never ask a browser for. They write to the clipboard, where a clinician presses for it."""

_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_ALONE: Final = "same-origin"
_OPENED: Final = "unsafe-none"
"""An EHR that opened the page in a window of its own must be able to close it when it leaves the patient. A page that
cut itself off from its opener would stay open, with the chart of the patient before."""


def content_policy(
    connect: Iterable[str] = (), frames: Iterable[str] = (), *, framed_here: bool = False, holds_pages: bool = False
) -> str:
    """Write the Content-Security-Policy of a page: its own files, and nothing inline.

    ``connect`` are the other origins that its scripts may ask; ``frames`` those that may embed it, ``framed_here``: its
    own as well. ``holds_pages``: it may embed pages of its own origin.
    """
    asked = ("'self'", *dict.fromkeys(connect))
    around = (*(["'self'"] if framed_here else []), *dict.fromkeys(frames)) or ("'none'",)
    rules = {
        "default-src": ("'none'",),
        "script-src": ("'self'",),
        "style-src": ("'self'",),
        "connect-src": asked,
        "img-src": ("'self'",),
        **({"frame-src": ("'self'",)} if holds_pages else {}),
        "base-uri": ("'none'",),
        "form-action": ("'none'",),
        "frame-ancestors": around,
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in rules.items())


def page(name: str, policy: str, request: Request, *, opened_by_others: bool = False) -> Response:
    """Give a page under a content policy. ``opened_by_others``: by an EHR, in a window that it keeps hold of."""
    headers = {
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": _OPENED if opened_by_others else _ALONE,
        "Permissions-Policy": ", ".join(f"{each}=()" for each in _DENIED),
    }
    return _file(name, _HTML, request, headers)


def asset(name: str, policy: str, request: Request) -> Response:
    """Give a file that a page loads; raise :class:`UnknownService` for anything else."""
    if name not in ASSETS:
        raise UnknownService("the pages have no such file")
    return _file(name, ASSETS[name], request, {"Content-Security-Policy": policy})


def json_file(document: object) -> Response:
    """Give what a page reads, as JSON."""
    headers = {"Content-Security-Policy": content_policy(), **_ALWAYS}
    return Response(msgspec.json.encode(document), media_type="application/json", headers=headers)


def _file(name: str, media_type: str, request: Request, headers: dict[str, str]) -> Response:
    """Give a file, or say that the browser has it already: it asks each time, so a new version is seen at once."""
    body = (_FOLDER / name).read_bytes()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**headers, **_ALWAYS, "ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
