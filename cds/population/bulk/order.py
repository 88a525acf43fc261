"""What an export is asked for: whose records, of which types, since when. The one place that writes the request.

Source: https://hl7.org/fhir/uv/bulkdata/STU2/export.html, "Bulk Data Kick-off Request" and its query parameters.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from cds.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cds.fhir.values import Json

__all__ = ["FORMAT", "Level", "Order", "is_instant", "is_type"]

FORMAT: Final = "application/fhir+ndjson"
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}|[A-Za-z0-9._-]{1,200}")
"""An id as FHIR has it, or longer and with underscores, as servers have been seen to write them."""
_INSTANT: Final = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?"
    r"(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)",
    re.ASCII,
)
_TYPE: Final = re.compile(r"[A-Z][A-Za-z]{1,63}", re.ASCII)


class Level(enum.Enum):
    """Whose records: those of all patients, of the patients of a group, or all that the server has."""

    PATIENT = "patient"
    GROUP = "group"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Order:
    """One request for an export. ``filters`` are searches (``Observation?category=laboratory``) that narrow a type."""

    base: str
    types: tuple[str, ...]
    level: Level = Level.PATIENT
    group: str = ""
    since: str | None = None
    filters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not be written into a request. Raises ``BadCall``."""
        strange = next((each for each in self.types if not is_type(each)), None)
        if strange is not None or not self.types:
            raise BadCall("--type: must be names of FHIR resource types, separated by commas")
        if (self.level is Level.GROUP) != bool(self.group) or (self.group and not _ID.fullmatch(self.group)):
            raise BadCall("--group: must be the id of a Group resource")
        if self.since is not None and not is_instant(self.since):
            raise BadCall("--since: must be a moment with its time zone, as in 2026-11-01T00:00:00Z")
        if any(each.partition("?")[0] not in self.types or "?" not in each for each in self.filters):
            raise BadCall(
                "--filter: must be a search of a type that is asked for, as in Observation?category=laboratory"
            )

    @property
    def endpoint(self) -> str:
        """The address of the operation."""
        whose = {Level.PATIENT: "Patient/", Level.GROUP: f"Group/{quote(self.group, safe='')}/", Level.SYSTEM: ""}
        return f"{self.base}/{whose[self.level]}$export"

    @property
    def filtered(self) -> tuple[str, ...]:
        """The types of which only a part is asked for."""
        return tuple(sorted({each.partition("?")[0] for each in self.filters}))

    @property
    def url(self) -> str:
        """The whole request as an address."""
        listed = [
            ("_outputFormat", quote(FORMAT, safe="/")),
            ("_type", ",".join(self.types)),
            *([("_since", quote(self.since, safe=""))] if self.since else ()),
            *(("_typeFilter", quote(each, safe="")) for each in self.filters),
        ]
        return f"{self.endpoint}?{'&'.join(f'{name}={text}' for name, text in listed)}"

    @property
    def parameters(self) -> Json:
        """The same as a Parameters resource, for servers that take the request by POST alone."""
        listed: list[Json] = [
            {"name": "_outputFormat", "valueString": FORMAT},
            {"name": "_type", "valueString": ",".join(self.types)},
            *([{"name": "_since", "valueInstant": self.since}] if self.since else ()),
            *({"name": "_typeFilter", "valueString": each} for each in self.filters),
        ]
        return {"resourceType": "Parameters", "parameter": listed}

    def without(self, types: Iterable[str]) -> Order:
        """Give the same order without some types, and without the filters for them."""
        left = tuple(each for each in self.types if each not in set(types))
        kept = tuple(each for each in self.filters if each.partition("?")[0] in left)
        return replace(self, types=left, filters=kept)


def is_type(text: str) -> bool:
    """Say whether a text can be the name of a resource type: letters alone, so that it can stand in a file's name."""
    return _TYPE.fullmatch(text) is not None


def is_instant(text: str) -> bool:
    """Say whether a text is a moment as FHIR writes one (``instant``)."""
    return _INSTANT.fullmatch(text) is not None
