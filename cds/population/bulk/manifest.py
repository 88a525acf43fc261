"""The manifest of a finished export: which files there are, of what, where, and what went wrong.

Nothing in it becomes a path or is shown: a type must be one that was asked for, and a link is only ever asked.
Source: https://hl7.org/fhir/uv/bulkdata/STU2/export.html, "Response - Complete Status"; ``outcome`` in the place of
``error``, and ``link``, are of the continuous build, https://build.fhir.org/ig/HL7/bulk-data/.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import httpx

from cds.errors import ExportFailed
from cds.fhir.values import Json, many, part, text, word
from cds.population.bulk.order import is_instant, is_type

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["Link", "Manifest", "joined", "read_manifest"]

_MOST_FILES: Final = 1_000_000
_OTHER: Final = "(other)"


@dataclass(frozen=True, slots=True)
class Link:
    """A file to be fetched: its name in our folder, the type of its entries, its address, the server's count.

    ``key`` tells it from the others of the manifest, also where the manifest is had again with addresses signed anew.
    """

    name: str
    type: str
    url: str
    expected: int | None
    key: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a finished export offers. ``doubles`` counts addresses that were listed more than once."""

    transaction_time: str
    needs_token: bool
    output: tuple[Link, ...]
    deleted: tuple[Link, ...]
    errors: tuple[Link, ...]
    unasked: dict[str, int]
    doubles: int
    following: str

    @property
    def links(self) -> tuple[Link, ...]:
        """All files."""
        return (*self.output, *self.deleted, *self.errors)


def read_manifest(sent: object, here: str, asked: Collection[str]) -> Manifest:
    """Read a manifest, or a page of one; :func:`joined` makes it whole. Raises ``ExportFailed`` for what is none."""
    if not isinstance(sent, dict) or not isinstance(sent.get("output"), list):
        raise ExportFailed("the FHIR server says that the export is ready, and sent no list of its files")
    moment = text(sent.get("transactionTime"))
    if not is_instant(moment):
        raise ExportFailed("the FHIR server does not say up to which moment its export tells")
    output = _listed(sent["output"], here)
    wanted = [each for each in output if each.type in asked]
    left = Counter(each.type if is_type(each.type) else _OTHER for each in output if each.type not in asked)
    errors = [*many(sent.get("error")), *many(sent.get("outcome"))]
    return Manifest(
        moment,
        sent.get("requiresAccessToken") is not False,
        _named(wanted, "{type}.{number:03}.ndjson"),
        _named(_listed(many(sent.get("deleted")), here, "Bundle"), "deleted-{number:03}.bundles"),
        _named(_listed(errors, here, "OperationOutcome"), "errors-{number:03}.bundles"),
        dict(sorted(left.items())),
        0,
        _following(sent, here),
    )


def joined(parts: Iterable[Manifest]) -> Manifest:
    """Put the pages of one manifest together. Raises ``ExportFailed`` where they are of two exports."""
    pages = list(parts)
    if len({(each.transaction_time, each.needs_token) for each in pages}) != 1:
        raise ExportFailed("the pages of the FHIR server's list of files contradict each other")
    output, doubles = _without_doubles([link for each in pages for link in each.output])
    unasked: Counter[str] = Counter()
    for each in pages:
        unasked.update(each.unasked)
    return replace(
        pages[0],
        output=_named(output, "{type}.{number:03}.ndjson"),
        deleted=_named([link for each in pages for link in each.deleted], "deleted-{number:03}.bundles"),
        errors=_named([link for each in pages for link in each.errors], "errors-{number:03}.bundles"),
        unasked=dict(sorted(unasked.items())),
        doubles=doubles,
        following="",
    )


def _listed(items: Iterable[object], here: str, of: str = "") -> list[Link]:
    found = []
    for item in items:
        count = part(item, "count")
        expected = count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None
        found.append(Link("", of or text(part(item, "type")), _whole(text(part(item, "url")), here), expected, ""))
        if len(found) > _MOST_FILES:
            raise ExportFailed(f"the FHIR server lists more than {_MOST_FILES} files")
    return found


def _whole(url: str, here: str) -> str:
    try:
        found = httpx.URL(here).join(url) if url else None
    except httpx.InvalidURL:
        found = None
    if found is None or found.scheme not in {"http", "https"} or not found.host or found.userinfo:
        raise ExportFailed("the FHIR server lists a file without an address that can be asked")
    return str(found.copy_with(fragment=None))


def _without_doubles(links: list[Link]) -> tuple[list[Link], int]:
    once: dict[tuple[str, str], Link] = {}
    for each in links:
        once.setdefault((each.type, each.url), each)
    return list(once.values()), len(links) - len(once)


def _named(links: list[Link], form: str) -> tuple[Link, ...]:
    """Give each file the name it will have, counted by type, and its key."""
    bare = Counter(each.url.partition("?")[0] for each in links)
    counts: Counter[str] = Counter()
    found = []
    for each in links:
        place = each.url.partition("?")[0]
        key = hashlib.sha256((place if bare[place] == 1 else each.url).encode()).hexdigest()
        found.append(replace(each, name=form.format(type=each.type, number=counts[each.type]), key=key))
        counts[each.type] += 1
    return tuple(found)


def _following(sent: Json, here: str) -> str:
    for each in many(sent.get("link")):
        if word(part(each, "relation")) == "next":
            return _whole(text(part(each, "url")), here)
    return ""
