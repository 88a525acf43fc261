"""One request to a server for authorisation: no redirect, no cookie, no more than so many bytes, no longer than it may.

What goes wrong becomes a sentence. None holds what was sent or answered: a client assertion, a token, a page of HTML.
"""

from __future__ import annotations

import asyncio
import logging
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Final

import httpx

from cds.errors import BadCall, NoAccess
from cds.fhir.wire import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cds.fhir.values import Json

__all__ = ["Exchange"]

_HEADERS: Final = {"accept": "application/json", "accept-encoding": "identity"}
_SAID: Final = {429: "is asked too much at the moment", 503: "is not available at the moment"}


class Exchange:
    """Asks servers with this HTTP client, without its request log and without cookies."""

    def __init__(self, client: httpx.AsyncClient, *, deadline_s: float) -> None:
        self._client = client
        self._deadline_s = deadline_s
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def get(self, url: str, whose: str, longest: int) -> Json | None:
        """Give the JSON object at an address; nothing where a server has none there. Raises ``NoAccess``."""
        status, body = await self._once("GET", url, whose, longest)
        return _object(body) if status == httpx.codes.OK else None

    async def post(self, url: str, whose: str, longest: int, form: Mapping[str, str]) -> tuple[int, Json]:
        """Send a form, and give the status and the JSON object that came back. Raises ``NoAccess``."""
        status, body = await self._once("POST", url, whose, longest, form)
        if httpx.codes.is_redirect(status):
            raise NoAccess(f"{whose} points elsewhere ({status}), which is not followed")
        if status in _SAID:
            raise NoAccess(f"{whose} {_SAID[status]} ({status})")
        said = _object(body)
        if said is None:
            raise NoAccess(f"{whose} answered {status} with something that is no JSON object")
        return status, said

    async def _once(
        self, method: str, url: str, whose: str, longest: int, form: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._read(method, url, whose, longest, form)
        except TimeoutError:
            raise NoAccess(f"{whose} took too long") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError):
            raise NoAccess(f"{whose} cannot be reached, or broke off") from None

    async def _read(
        self, method: str, url: str, whose: str, longest: int, form: Mapping[str, str] | None
    ) -> tuple[int, bytes]:
        body = bytearray()
        async with self._client.stream(
            method, url, data=form, headers=_HEADERS, follow_redirects=False, timeout=None
        ) as answer:
            if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
                raise NoAccess(f"{whose} sent its answer packed, which was not asked for")
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > longest:
                    raise NoAccess(f"{whose} sent more than is taken")
        return answer.status_code, bytes(body)


def _object(body: bytes) -> Json | None:
    try:
        said = decode(body)
    except BadCall:
        return None
    return said if isinstance(said, dict) else None
