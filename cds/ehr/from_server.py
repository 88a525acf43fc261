"""Prefetch out of a FHIR server: every question as the template asks it, its pages put together where wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from cds.ehr.belonging import is_of_another
from cds.ehr.exchange import Limits, NoReplyError, exchange
from cds.ehr.templates import LeftOutError
from cds.fhir.addresses import is_below, origin_of
from cds.fhir.values import many

if TYPE_CHECKING:
    from cds.ehr.templates import Question

__all__ = ["FromServer"]

Json = dict[str, Any]
_GONE = frozenset({404, 410})
_SAID = {
    401: "the FHIR server does not accept the authorisation (401)",
    403: "the authorisation does not cover this (403)",
    404: "the FHIR server does not offer this (404)",
}


@dataclass(frozen=True, slots=True)
class FromServer:
    """Asks one FHIR server, by its base; its token goes nowhere else. ``pages``: how many of a search are taken.

    What is left of a search is then told by the ``next`` link of what is sent, as the specification allows.
    """

    client: httpx.AsyncClient
    base: str
    token: str | None
    limits: Limits
    pages: int

    async def ask(self, asked: Question) -> Json | None:
        """Give the answer to one question."""
        base = self.base.rstrip("/")
        status, whole = await self._get(f"{base}/{asked.relative}")
        if whole is None:
            if asked.id is not None and status in _GONE:
                return None
            raise LeftOutError(_SAID.get(status, f"the FHIR server answered {status}"))
        _check(whole, asked)
        if asked.id is not None:
            return whole
        joined = await self._joined(whole, base)
        if is_of_another(many(joined.get("entry")), asked):
            raise LeftOutError("the FHIR server sent entries that are not of this patient, so none of them is sent")
        return joined

    async def _joined(self, whole: Json, base: str) -> Json:
        """Put the pages that follow into the first; the ``next`` link that is left is that of the last one taken."""
        seen: set[str] = set()
        entries, page = list(many(whole.get("entry"))), whole
        for _ in range(self.pages - 1):
            url = _next(page)
            if url is None or url in seen or not _is_here(url, base):
                break
            seen.add(url)
            _, following = await self._get(url)
            if following is None or following.get("resourceType") != "Bundle":
                raise LeftOutError("the FHIR server broke off between two pages")
            page = following
            entries += many(page.get("entry"))
        links = [each for each in many(whole.get("link")) if isinstance(each, dict) and each.get("relation") != "next"]
        further = [{"relation": "next", "url": url}] if (url := _next(page)) else []
        put = {"entry": entries, "link": [*links, *further]}
        return {
            **{name: each for name, each in whole.items() if name not in put},
            **{k: v for k, v in put.items() if v},
        }

    async def _get(self, url: str) -> tuple[int, Json | None]:
        headers = {"accept": "application/fhir+json"}
        headers |= {"authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            reply = await exchange(self.client, ("GET", url), headers, self.limits)
            body = reply.read() if reply.is_success else None
        except NoReplyError as why:
            raise LeftOutError(f"the FHIR server {why}") from None
        if body is not None and not isinstance(body, dict):
            raise LeftOutError("the FHIR server sent something that is not FHIR")
        return reply.status, body


def _check(resource: Json, asked: Question) -> None:
    """Refuse what was not asked for: a lenient server may answer another question, about somebody else."""
    wanted = "Bundle" if asked.id is None else asked.resource_type
    if resource.get("resourceType") != wanted:
        raise LeftOutError("the FHIR server sent something else than was asked for")
    if asked.id is not None and resource.get("id") != asked.id:
        raise LeftOutError("the FHIR server sent another resource than was asked for")


def _next(page: Json) -> str | None:
    for link in many(page.get("link")):
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"])
    return None


def _is_here(url: str, base: str) -> bool:
    try:
        return origin_of(url) == origin_of(base) and is_below(url, base)
    except ValueError:
        return False
