"""What is asked of the registry: a condition, other words, statuses, a day of change, numbers.

Source of every parameter: the OpenAPI description of the ClinicalTrials.gov API v2, ``listStudies``. Lists are parted
by strokes, which it takes as it does commas.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cds.errors import BadCall

__all__ = ["FIELDS", "Query", "by_number", "numbers", "read_query"]

FIELDS: Final = "ProtocolSection"
"""What is had of a record: all that the sponsor says of the study, and none of its results, which may be megabytes."""
_NUMBER: Final = re.compile(r"NCT[0-9]{8}", re.IGNORECASE)
_AT_ONCE: Final = 200
"""Numbers in one question: the address stays below 4,000 characters."""
_DAYS: Final = "AREA[LastUpdatePostDate]RANGE[{},MAX]"
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Query:
    """A search: by condition, by other words, among these statuses (all where none is named)."""

    condition: str = ""
    words: str = ""
    statuses: tuple[str, ...] = field(default=())

    @property
    def text(self) -> str:
        """Give the search as it is remembered."""
        told = {"condition": self.condition, "words": self.words, "statuses": sorted(self.statuses)}
        return json.dumps(told, ensure_ascii=False, sort_keys=True)

    @property
    def key(self) -> str:
        """Give what tells one search from another."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def asked(self, since: str = "") -> Mapping[str, str]:
        """Give the parameters; with a day, only records that were posted anew on it or later."""
        told = {
            "query.cond": self.condition,
            "query.term": self.words,
            "filter.overallStatus": "|".join(sorted(self.statuses)),
            "filter.advanced": _DAYS.format(since) if _DAY.fullmatch(since) else "",
        }
        return {name: value for name, value in told.items() if value}

    def __str__(self) -> str:
        """Say it in words."""
        about = " and ".join(filter(None, (self.condition, self.words))) or "all conditions"
        return f"{about} ({', '.join(sorted(self.statuses)).lower().replace('_', ' ') or 'any status'})"


def read_query(text: str) -> Query:
    """Read a search as it was remembered."""
    told: dict[str, Any] = json.loads(text)
    return Query(told["condition"], told["words"], tuple(told["statuses"]))


def numbers(named: Iterable[str]) -> tuple[str, ...]:
    """Give NCT numbers, each once, in the registry's writing; raise ``BadCall`` for what is none."""
    told = tuple(dict.fromkeys(each.strip().upper() for each in named))
    bad = next((each for each in told if not _NUMBER.fullmatch(each)), None)
    if bad is not None:
        raise BadCall(f"{bad[:40]}: is no NCT number (NCT and eight digits)")
    return told


def by_number(nct_ids: Sequence[str]) -> Iterable[Mapping[str, str]]:
    """Give the questions that ask for these numbers, some hundred in each."""
    for start in range(0, len(nct_ids), _AT_ONCE):
        yield {"filter.ids": "|".join(nct_ids[start : start + _AT_ONCE])}
