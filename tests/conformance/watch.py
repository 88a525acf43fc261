"""Every answer of the CDS Hooks routes, looked at as it leaves: whatever test made the call, it must conform.

The application's outermost middleware is the one place all answers pass, however a test calls: through httpx, through a
test client, over a socket. There the body is held against both oracles, and faults are told at the end of the test.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.conformance.inferno import complaints_of_discovery, complaints_of_response
from tests.conformance.invariants import faults_of_discovery, faults_of_response

_ROOT = "/cds-services"
_App = Callable[..., Awaitable[None]]
_OK, _NOT_KNOWN = 200, 401
_ONLY_OF_THE_KIT = "9: topic is missing"
"""What the kit asks for and CDS Hooks does not: a caller's profile may leave topics out."""


@contextmanager
def watching() -> Iterator[list[str]]:
    """Give a list in which faults gather as long as this lasts; nothing is watched where no application is loaded.

    One within another takes its place, so that a test may send what is broken and look at what is seen of it.
    """
    faults: list[str] = []
    module = sys.modules.get("cds.api.guard")
    if module is None:
        yield faults
        return
    guard: Any = module.__dict__["Guard"]
    before = guard.__call__
    guard.__call__ = _watched(getattr(before, "watched", before), faults)
    try:
        yield faults
    finally:
        guard.__call__ = before


def _watched(original: _App, faults: list[str]) -> _App:
    async def called(self: object, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own shapes
        path = str(scope.get("path", ""))
        if scope["type"] != "http" or not (path == _ROOT or path.startswith(f"{_ROOT}/")):
            await original(self, scope, receive, send)
            return
        sent: list[Any] = []

        async def kept(message: Any) -> None:  # noqa: ANN401 - ASGI's own shapes
            sent.append(message)
            await send(message)

        await original(self, scope, receive, kept)
        faults.extend(f"{scope['method']} {path}: {each}" for each in _faults(scope["method"], path, sent))

    called.watched = original  # type: ignore[attr-defined] # functions take attributes
    return called


def _faults(method: str, path: str, sent: list[Any]) -> list[str]:
    started = [each for each in sent if each["type"] == "http.response.start"]
    if not started or method == "HEAD":
        return []
    body = b"".join(each.get("body", b"") for each in sent if each["type"] == "http.response.body")
    return faults_of_answer(method, path, started[0]["status"], dict(started[0]["headers"]), body)


def faults_of_answer(method: str, path: str, status: int, headers: dict[bytes, bytes], body: bytes) -> list[str]:
    """Say what is wrong with one answer: of discovery, of a service, or an error of either."""
    if status == _NOT_KNOWN:
        return ["a refusal says something"] if body else []
    if not headers.get(b"content-type", b"").startswith(b"application/json"):
        return ["the body is not said to be JSON"]
    try:
        told = json.loads(body, parse_constant=_no_constant)
    except ValueError:
        return ["the body is not JSON"]
    if status != _OK:
        return (
            [] if isinstance(told, dict) and told.get("resourceType") == "OperationOutcome" else ["no OperationOutcome"]
        )
    if method == "GET":
        return [*faults_of_discovery(told), *complaints_of_discovery(told)]
    if path.rstrip("/").endswith("/feedback"):
        return []
    asked = (each for each in complaints_of_response(told) if not each.startswith(_ONLY_OF_THE_KIT))
    return [*faults_of_response(told), *asked]


def _no_constant(name: str) -> object:
    raise ValueError(name)
