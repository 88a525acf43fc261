"""Medications read by reference, many in one request where the server can, else one by one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

from cds.fhir.answer import Answer, AnswerState
from cds.fhir.asking.attempts import within
from cds.fhir.asking.pages import Pages, Visit, absolute, get, walk
from cds.fhir.asking.references import medication_ids
from cds.fhir.asking.servers import Learned, Servers
from cds.fhir.values import Json, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["MOST_READ", "read_drugs"]

MOST_READ = 200
"""Medications for one patient; what is beyond stays unread."""
AT_ONCE = 50
_KEY, _ONE_BY_ONE = "Medication", "one by one"
_NOT_ALL = "not every drug that is referred to could be read"


async def read_drugs(references: Sequence[str], visit: Visit, servers: Servers) -> Answer:
    """Read them under the visit's deadline; complete where each came. Never raises."""
    ids = medication_ids(references, visit.base)
    wanted = list(ids)[:MOST_READ]
    found: dict[str, Json] = {}
    learned = servers.way(visit.base, _KEY)
    if learned is None or learned.way != _ONE_BY_ONE:
        chunks = [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]
        for some in await asyncio.gather(*(_searched(chunk, visit) for chunk in chunks)):
            found |= some
    missing = [each for each in wanted if each not in found]
    if missing and (not found or len(missing) <= AT_ONCE):
        one_by_one = await asyncio.gather(*(_read(each, visit) for each in missing))
        came = {each: some[each] for each, some in zip(missing, one_by_one, strict=True) if each in some}
        if came and not found:
            servers.learn(visit.base, _KEY, Learned(_ONE_BY_ONE, 1))
        found |= came
    resources = tuple(found.values())
    if len(found) == len(references):
        return Answer(AnswerState.COMPLETE, resources)
    return Answer(AnswerState.PARTIAL if found else AnswerState.FAILED, resources, _NOT_ALL)


async def _searched(ids: Sequence[str], visit: Visit) -> dict[str, Json]:
    """Search for some by their ids. What else a server sends, which may not know the parameter, is left out."""
    pages = Pages()
    await within(visit, pages, lambda: walk(f"Medication?_id={quote(','.join(ids), safe=',')}", visit, pages))
    return _by_id(pages.resources, ids)


async def _read(identity: str, visit: Visit) -> dict[str, Json]:
    pages = Pages()

    async def read() -> None:
        pages.resources.append(await get(absolute(visit.base + "/", f"Medication/{identity}"), visit))

    await within(visit, pages, read)
    return _by_id(pages.resources, (identity,))


def _by_id(resources: Iterable[object], ids: Sequence[str]) -> dict[str, Json]:
    wanted = frozenset(ids)
    return {
        name: each
        for each in resources
        if isinstance(each, dict) and each.get("resourceType") == "Medication"
        if (name := text(each.get("id"))) in wanted
    }
