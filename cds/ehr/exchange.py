"""One HTTP exchange with somebody who is not trusted: an end in time and in size, and a sentence for each failure."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from cds.errors import BadCall
from cds.fhir.wire import decode
from cds.network import ForbiddenAddress

__all__ = ["Limits", "NoReplyError", "Reply", "exchange"]

_UNPACKED = frozenset({"", "identity", "gzip"})


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one exchange may take, and how many bytes of an answer are taken."""

    seconds: float = 10.0
    most_bytes: int = 20_000_000


class NoReplyError(Exception):
    """There was no answer, or none that is taken. The message goes on after the other's name: *took longer than …*."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came; ``took_s`` is from the first byte sent to the last one taken."""

    status: int
    media_type: str
    body: bytes
    took_s: float

    @property
    def is_success(self) -> bool:
        """Whether the status is one of success."""
        return httpx.codes.is_success(self.status)

    def read(self) -> object:
        """Read the body as JSON, numbers with the digits they have; raise ``NoReplyError`` for what is none."""
        try:
            return decode(self.body)
        except BadCall as problem:
            raise NoReplyError(str(problem).replace("the body is not JSON", "sent no JSON", 1)) from None


async def exchange(
    client: httpx.AsyncClient,
    request: tuple[str, str],
    headers: Mapping[str, str],
    limits: Limits,
    content: bytes = b"",
) -> Reply:
    """Send one request (its method and address) and take the answer, whatever its status; raise ``NoReplyError``."""
    method, url = request
    sent = {"accept-encoding": "gzip", **headers}
    began = time.perf_counter()
    try:
        async with asyncio.timeout(limits.seconds):
            made = client.build_request(method, url, headers=sent, content=content or None, timeout=None)
            response = await client.send(made, stream=True, follow_redirects=False)
            try:
                body = await _body(response, limits.most_bytes)
            finally:
                await response.aclose()
    except TimeoutError:
        raise NoReplyError(f"took longer than {limits.seconds:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as problem:
        raise NoReplyError(_said(problem)) from None
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Reply(response.status_code, media_type, body, time.perf_counter() - began)


async def _body(response: httpx.Response, most: int) -> bytes:
    if response.headers.get("content-encoding", "").strip().lower() not in _UNPACKED:
        raise NoReplyError("sent its answer packed in a way that is not taken")
    taken = bytearray()
    async for chunk in response.aiter_bytes():
        taken += chunk
        if len(taken) > most:
            raise NoReplyError(f"sent more than {most} bytes")
    return bytes(taken)


def _said(problem: Exception) -> str:
    """Say what went wrong by the kind of failure: a message of the HTTP library may hold an address with an id."""
    if isinstance(problem, ForbiddenAddress):
        return "has an address in a private network that CDS_PRIVATE_NETWORKS does not list"
    if isinstance(problem, httpx.ConnectError):
        untrusted = "CERTIFICATE_VERIFY_FAILED" in str(problem)
        return "has a certificate that is not trusted" if untrusted else "cannot be reached"
    if isinstance(problem, (httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return "has an address that is none"
    return "broke off, or answered with something that is not HTTP"
