"""What a list of trials is narrowed by, read from how people write it: condition, drug, phase, status, place, words."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from cds.core.place_names import normalised
from cds.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["FILTERS", "PHASES", "STATUSES", "Filters", "country_of", "filters_of", "phases_of", "rank_of", "spoken"]

STATUSES: Final = (
    "RECRUITING",
    "NOT_YET_RECRUITING",
    "ENROLLING_BY_INVITATION",
    "AVAILABLE",
    "ACTIVE_NOT_RECRUITING",
    "TEMPORARILY_NOT_AVAILABLE",
    "SUSPENDED",
    "COMPLETED",
    "TERMINATED",
    "WITHDRAWN",
    "NO_LONGER_AVAILABLE",
    "APPROVED_FOR_MARKETING",
    "WITHHELD",
    "UNKNOWN",
)
"""The registry's statuses (its API v2: ``Status``), those first in which patients are taken now or soon."""

PHASES: Final = ("EARLY_PHASE1", "PHASE1", "PHASE2", "PHASE3", "PHASE4", "NA")
"""The registry's phases (its API v2: ``Phase``)."""

_LONGEST: Final = 200
_COUNTRIES: Final = {
    **dict.fromkeys(("usa", "us", "united states of america"), "united states"),
    **dict.fromkeys(("uk", "great britain"), "united kingdom"),
    **dict.fromkeys(("korea", "korea republic of", "republic of korea"), "south korea"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a trial must be to be listed: one of each filter that is given. A phase may be two, as in ``1/2``."""

    condition: tuple[str, ...] = ()
    drug: tuple[str, ...] = ()
    phase: tuple[frozenset[str], ...] = ()
    status: frozenset[str] = frozenset()
    country: frozenset[str] = frozenset()
    site: tuple[str, ...] = ()
    text: tuple[str, ...] = ()


FILTERS: Final = tuple(each.name for each in fields(Filters))


def filters_of(asked: Mapping[str, Sequence[str]]) -> Filters:
    """Read filters as they are written; raise :class:`BadCall` with the filter's name for what is none."""
    for name, texts in asked.items():
        if name not in FILTERS:
            raise BadCall(f"{name}: there is no such filter; there are {', '.join(FILTERS)}")
        if any(not each.strip() or len(each) > _LONGEST for each in texts):
            raise BadCall(f"{name}: must be 1 to {_LONGEST} characters")
    return Filters(
        condition=_worded("condition", asked),
        drug=_worded("drug", asked),
        phase=tuple(map(phases_of, asked.get("phase", ()))),
        status=frozenset(map(_status, asked.get("status", ()))),
        country=frozenset(country_of(each) for each in _worded("country", asked)),
        site=tuple(normalised(each) for each in _worded("site", asked)),
        text=tuple(spoken(each) for each in asked.get("text", ())),
    )


def _worded(name: str, asked: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    texts = tuple(asked.get(name, ()))
    if not all(normalised(each) for each in texts):
        raise BadCall(f"{name}: must hold a letter or a figure")
    return texts


def phases_of(text: str) -> frozenset[str]:
    """Read a phase however it is written: ``2``, ``phase 2``, ``PHASE2``, ``1/2`` (both), ``early 1``, ``na``."""
    found = set()
    for part in re.split(r"[/,|]", text.upper()):
        short = re.sub(r"[\s_-]|PHASE", "", part)
        name = {"EARLY1": "EARLY_PHASE1", "NOTAPPLICABLE": "NA", "NA": "NA"}.get(short, f"PHASE{short}")
        if name not in PHASES:
            raise BadCall("phase: must be early 1, 1, 2, 3, 4, na, or two of them as in 1/2")
        found.add(name)
    return frozenset(found)


def _status(text: str) -> str:
    name = re.sub(r"[\s-]+", "_", text.strip().upper())
    if name not in STATUSES:
        raise BadCall(f"status: must be one of {', '.join(STATUSES)}")
    return name


def rank_of(status: str) -> int:
    """Give the place of a status among the registry's, those first in which patients are taken; one unknown is last."""
    return STATUSES.index(status) if status in STATUSES else len(STATUSES)


def country_of(text: str) -> str:
    """Give a country in the form in which countries are compared."""
    name = normalised(text)
    return _COUNTRIES.get(name, name)


def spoken(text: str) -> str:
    """Give words in the form in which they are looked for in a text."""
    return " ".join(text.casefold().split())
