"""What the EHR sent along, key by key. Absent, null, failed, garbled, empty and paged are different facts.

Source: https://cds-hooks.hl7.org/2.0/#prefetch-template.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from cds.errors import TooLarge

MOST_RESOURCES: Final = 20_000
"""Altogether in one call: more hold every other call up while they are read."""


class PrefetchState(enum.Enum):
    """What one prefetch key says.

    ``ABSENT``: the EHR did not look. ``NULL``: it looked and has nothing. ``FAILED``: it tried and could not (an
    OperationOutcome). ``GARBLED``: not what was asked for (HTML, a number, a Bundle without its form). ``EMPTY``: a
    search that found nothing. ``DATA``: all that was found. ``PAGED``: a first part, with more on the server (a next
    link, or a total above what was sent).
    """

    ABSENT = "absent"
    NULL = "null"
    FAILED = "failed"
    GARBLED = "garbled"
    EMPTY = "empty"
    DATA = "data"
    PAGED = "paged"


@dataclass(frozen=True, slots=True)
class Prefetched:
    """One key's state, the resources it brought (raw JSON that nobody has judged yet), and why it is not whole."""

    state: PrefetchState
    resources: tuple[object, ...] = ()
    why: str = ""


_ABSENT = Prefetched(PrefetchState.ABSENT, why="the EHR did not send it")


def prefetched(
    prefetch: Mapping[str, object] | None, keys: Iterable[str], *, single: frozenset[str]
) -> dict[str, Prefetched]:
    """Say for each key what the EHR sent.

    ``single`` names the keys whose template reads one resource instead of searching (the patient). Raises ``TooLarge``.
    """
    sent = prefetch or {}
    read = {key: _one(sent[key], single=key in single) if key in sent else _ABSENT for key in keys}
    if sum(len(each.resources) for each in read.values()) > MOST_RESOURCES:
        raise TooLarge(f"prefetch: holds more than {MOST_RESOURCES} resources")
    return read


def _one(value: object, *, single: bool) -> Prefetched:
    if value is None:
        return Prefetched(PrefetchState.NULL, why="the EHR has none")
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        return Prefetched(PrefetchState.GARBLED, why="what the EHR sent is not a FHIR resource")
    match value["resourceType"]:
        case "OperationOutcome":
            return Prefetched(PrefetchState.FAILED, why="the EHR could not read it")
        case "Bundle":
            return _bundle(value)
        case _ if single:
            return Prefetched(PrefetchState.DATA, (value,))
        case _:
            why = "the EHR sent one resource where a search was asked for"
            return Prefetched(PrefetchState.GARBLED, (value,), why=why)


def _bundle(bundle: dict[str, object]) -> Prefetched:
    entries = bundle.get("entry")
    if entries is None:
        entries = []
    if not isinstance(entries, list):
        return Prefetched(PrefetchState.GARBLED, why="the EHR sent a Bundle whose entry is not a list")
    resources = tuple(_resource(entry) for entry in entries)
    if _has_next(bundle.get("link")) or _fewer_than_total(bundle.get("total"), entries):
        return Prefetched(PrefetchState.PAGED, resources, why="the EHR sent the first part only")
    return Prefetched(PrefetchState.DATA if resources else PrefetchState.EMPTY, resources)


def _resource(entry: object) -> object:
    """Give an entry's resource; the entry itself where it has none, so that it is counted as unreadable."""
    if isinstance(entry, dict) and "resource" in entry:
        return entry["resource"]
    return entry


def _has_next(links: object) -> bool:
    every = links if isinstance(links, list) else [links]
    relations = (each.get("relation") for each in every if isinstance(each, dict))
    return any(isinstance(name, str) and name.strip().casefold() == "next" for name in relations)


def _fewer_than_total(total: object, entries: list[object]) -> bool:
    """Say whether the search found more than was sent; what was included or is a remark does not count as found."""
    try:
        announced = Decimal(str(total))
    except InvalidOperation:
        return False
    return sum(_mode(entry) not in ("include", "outcome") for entry in entries) < announced


def _mode(entry: object) -> object:
    search = entry.get("search") if isinstance(entry, dict) else None
    return search.get("mode") if isinstance(search, dict) else None
