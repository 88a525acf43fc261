"""Fetches keys over HTTP: one request, no redirects, no more than so many bytes, no longer than so many seconds."""

from __future__ import annotations

import asyncio
from typing import Final

import httpx

from cds.errors import KeysUnavailable
from cds.hooks.callers.keys import Fetch

__all__ = ["over_http"]

_LONGEST: Final = 200_000
_DEADLINE_S: Final = 3.0
_HEADERS: Final = {"accept": "application/json", "accept-encoding": "identity"}


def over_http(client: httpx.AsyncClient, *, longest: int = _LONGEST, deadline_s: float = _DEADLINE_S) -> Fetch:
    """Give the port that fetches with this client."""

    async def fetch(url: str) -> bytes:
        try:
            async with asyncio.timeout(deadline_s):
                return await _document(client, url, longest)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError):
            raise KeysUnavailable from None

    return fetch


async def _document(client: httpx.AsyncClient, url: str, longest: int) -> bytes:
    """Read the document as it comes: packed ones are refused, as a small one may unpack into a huge one."""
    body = bytearray()
    async with client.stream("GET", url, headers=_HEADERS, follow_redirects=False) as answer:
        if answer.status_code != httpx.codes.OK or answer.headers.get("content-encoding", "identity") != "identity":
            raise KeysUnavailable
        async for piece in answer.aiter_raw():
            body += piece
            if len(body) > longest:
                raise KeysUnavailable
    return bytes(body)
