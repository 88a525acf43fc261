"""The ClinicalTrials.gov API v2: records by number, and searches page by page, asked for patiently.

A registry that is busy (429) or unwell (5xx) is asked again, when it says or after a pause that doubles; a connection
that breaks is made again. Nothing of a patient is ever sent. Source: the OpenAPI description of the API, version 2.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeAlias

import httpx
import msgspec

from cds import __version__
from cds.errors import NoSuchStudy, RegistryError
from cds.network import ForbiddenAddress
from cds.registry.queries import FIELDS

__all__ = ["Page", "Patience", "Registry", "TokenRefused"]

Json: TypeAlias = dict[str, Any]

_AGAIN: Final = frozenset({429, 500, 502, 503, 504})
_NONE: Final = frozenset({httpx.codes.NOT_FOUND, httpx.codes.GONE})
_MOVED: Final = frozenset({httpx.codes.MOVED_PERMANENTLY, httpx.codes.PERMANENT_REDIRECT})
"""Other redirects are of a moment, such as to where one signs in."""
_UNPACKED: Final = frozenset({"", "identity", "gzip"})
"""One packing at most: what is packed twice unpacks to any size before it can be counted."""
_HEADERS: Final = {
    "accept": "application/json",
    "accept-encoding": "gzip",
    "user-agent": f"trialcards/{__version__}",
}
_TOKEN: Final = re.compile(r"[!-~]{1,2000}")
_MOST_PAGES: Final = 100_000


class TokenRefused(RegistryError):
    """The registry does not take the token of a page any more: the search must begin again."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one request may take, how often it is made, and how long is waited in between, in seconds."""

    request_s: float = 60.0
    tries: int = 8
    pause_s: float = 1.0
    longest_s: float = 120.0
    most_bytes: int = 200_000_000
    page_size: int = 200


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search: its records as they came, how many there are in all (first page only), the next token."""

    studies: tuple[object, ...]
    total: int | None
    token: str | None


class Registry:
    """The registry at one address."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        base: str,
        patience: Patience | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._base = base.rstrip("/")
        self._patience = patience or Patience()
        self._pause = pause

    async def study(self, nct_id: str) -> Json:
        """Give the record of one number. Raises ``NoSuchStudy`` and ``RegistryError``."""
        response = await self._get(f"/studies/{nct_id}", {"format": "json", "fields": FIELDS})
        if response.status_code in _NONE and not _is_page(response):
            raise NoSuchStudy(f"{nct_id}: the registry has no such study")
        if response.status_code in _MOVED:
            raise NoSuchStudy(f"{nct_id}: the registry has this study under another number")
        return _object(_read(response))

    async def pages(
        self, asked: Mapping[str, str], *, token: str | None = None, fields: str = FIELDS
    ) -> AsyncGenerator[Page]:
        """Give the pages of a search, from the first one on or from the one that a token names.

        Raises ``TokenRefused`` where the registry does not take that token, and ``RegistryError``. A token that comes
        again ends the search with an error: it would go round for ever. A page may be empty.
        """
        common = {**asked, "format": "json", "fields": fields, "pageSize": str(self._patience.page_size)}
        seen = {token}
        for number in range(_MOST_PAGES):
            page = await self._page(common | ({"pageToken": token} if token else {"countTotal": "true"}), number)
            yield page
            if page.token is None:
                return
            if page.token in seen:
                raise RegistryError("the registry's pages go round in a circle")
            seen.add(page.token)
            token = page.token
        raise RegistryError("the registry's pages do not end")

    async def _page(self, parameters: Mapping[str, str], number: int) -> Page:
        response = await self._get("/studies", parameters)
        refused = response.status_code in {httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND, httpx.codes.GONE}
        if refused and "pageToken" in parameters and number == 0:
            raise TokenRefused("the registry does not take the page's token any more")
        body = _object(_read(response))
        studies, total, token = body.get("studies"), body.get("totalCount"), body.get("nextPageToken")
        if not isinstance(studies, list):
            raise RegistryError("the registry sent something else than a page of studies")
        if token is not None and not (isinstance(token, str) and _TOKEN.fullmatch(token)):
            raise RegistryError("the registry names a next page by something that is no token")
        return Page(tuple(studies), total if isinstance(total, int) else None, token)

    async def _get(self, path: str, parameters: Mapping[str, str]) -> httpx.Response:
        """Ask, as often as patience lasts; give whatever answer is not worth asking again."""
        wait_s, patience = self._patience.pause_s, self._patience
        for left in reversed(range(patience.tries)):
            problem, told_s = "", None
            try:
                response = await self._once(path, parameters)
            except ForbiddenAddress as forbidden:
                raise RegistryError(f"the registry cannot be reached: {forbidden}") from None
            except httpx.InvalidURL:
                raise RegistryError("the registry cannot be reached: CDS_REGISTRY_URL is no address") from None
            except (httpx.HTTPError, httpx.StreamError, OSError):
                problem = "the registry cannot be reached, or broke off"
            else:
                if response.status_code not in _AGAIN:
                    return response
                problem, told_s = f"the registry answered {response.status_code}", _retry_after_s(response)
            pause_s = wait_s if told_s is None else max(told_s, wait_s)
            if not left or pause_s > patience.longest_s:
                raise RegistryError(f"{problem}: try again later; what has come is kept")
            await self._pause(pause_s)
            wait_s *= 2
        raise RegistryError("the registry was not asked")

    async def _once(self, path: str, parameters: Mapping[str, str]) -> httpx.Response:
        async with asyncio.timeout(self._patience.request_s):
            request = self._client.build_request(
                "GET", f"{self._base}{path}", params=dict(parameters), headers=_HEADERS, timeout=None
            )
            response = await self._client.send(request, stream=True, follow_redirects=False)
            try:
                body = await self._body(response)
            finally:
                await response.aclose()
        return httpx.Response(response.status_code, headers=_kept(response), content=body)

    async def _body(self, response: httpx.Response) -> bytes:
        if response.headers.get("content-encoding", "").strip().lower() not in _UNPACKED:
            raise RegistryError("the registry sent its answer packed in a way that is not taken")
        taken = bytearray()
        async for chunk in response.aiter_bytes():
            taken += chunk
            if len(taken) > self._patience.most_bytes:
                raise RegistryError("the registry sent more than is taken at once")
        return bytes(taken)


def _kept(response: httpx.Response) -> dict[str, str]:
    return {name: response.headers[name] for name in ("retry-after", "date") if name in response.headers}


def _is_page(response: httpx.Response) -> bool:
    """Say whether an answer is a page of a web site, which the API never sends: then it is not the API that answers."""
    return response.content.lstrip().startswith(b"<")


def _read(response: httpx.Response) -> object:
    if httpx.codes.is_redirect(response.status_code):
        raise RegistryError(f"the registry points elsewhere ({response.status_code}), which is not followed")
    if not response.is_success:
        raise RegistryError(_SAID.get(response.status_code, f"the registry answered {response.status_code}"))
    try:
        value: object = msgspec.json.decode(response.content)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise RegistryError("the registry sent something that is not JSON") from None
    return value


_SAID: Final = {
    400: "the registry does not understand the question (400): look at the words of the search",
    403: "the registry does not answer this machine (403)",
    404: "there is no registry at this address (404): CDS_REGISTRY_URL must end where the API begins, as in …/api/v2",
}


def _object(value: object) -> Json:
    if not isinstance(value, dict):
        raise RegistryError("the registry sent something else than a study")
    return value


def _retry_after_s(response: httpx.Response) -> float | None:
    """Say how long to wait: a number of seconds, or a moment held against the answer's own (RFC 9110, 10.2.3)."""
    sent = response.headers.get("retry-after", "").strip()
    if sent.isascii() and sent.isdigit():
        return float(sent[:9])
    try:
        until = parsedate_to_datetime(sent)
        now = parsedate_to_datetime(response.headers.get("date", ""))
        return max(0.0, (until - now) / dt.timedelta(seconds=1))
    except (ValueError, TypeError):
        return None
