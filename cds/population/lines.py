"""A line of an export, and what a file of it held: resources by type, and faults that are named by their place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from cds.fhir.names import KIND_OF

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["BUNDLE", "MOST_NAMED", "NOTHING", "SHARED", "WANTED", "Account", "Fault", "Row", "faults_that_count"]

SHARED = -1
"""The part of what belongs to no patient: drugs that entries refer to."""

MOST_NAMED = 1000
"""So many faults of a file are named; the others are counted."""

_BESIDES = frozenset({"Medication", "Flag", "Consent"})
_OF_OTHER_RELEASES = frozenset({"MedicationOrder", "MedicationPrescription", "MedicationUsage"})
"""They tell of drugs and are not read: the patient's drugs are then known in part."""
WANTED = frozenset(KIND_OF) | _BESIDES | _OF_OTHER_RELEASES
"""The types that are looked into."""

NOTHING = "-"
"""The type of a fault that takes nothing from any chart."""

BUNDLE = -1
"""The origin of what stood in a Bundle."""


class Row(NamedTuple):
    """A line and whose it is: ``part`` of the population, patient, type, id, entry URL, ids of drugs it refers to.

    ``origin`` is the number of the export that it stood in, on a line of its own.
    """

    part: int
    patient: str
    type: str
    id: str
    url: str
    drugs: str
    line: str
    origin: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """Something of a file that could not be used: where, why, the type it may be of (blank: any), and of which patient.

    Without a patient it may be anybody's.
    """

    file: str
    line: int
    why: str
    type: str = ""
    patient: str = ""

    def __str__(self) -> str:
        """Say where it is and what is wrong; nothing of what stands there."""
        place = f"{self.file}: line {self.line}" if self.line else self.file
        return f"{place}: {self.why}"


@dataclass(slots=True)
class Account:
    """What a file held: resources by type, those of no use here too, and its faults.

    ``loose`` are those on lines of their own, not in Bundles. ``unnamed`` counts faults beyond those that are named.
    """

    file: str
    lines: int = 0
    types: dict[str, int] = field(default_factory=dict)
    loose: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    unnamed: int = 0

    def found(self, fault: Fault, seen: set[tuple[str, str]]) -> None:
        """Keep a fault, the first of each type and patient in any case; ``seen`` are those that were kept before."""
        alike = fault.type, fault.patient
        if len(self.faults) < MOST_NAMED or alike not in seen:
            seen.add(alike)
            self.faults.append(fault)
        else:
            self.unnamed += 1


def faults_that_count(accounts: Iterable[Account]) -> Iterator[Fault]:
    """Give the faults that may have taken something from a chart."""
    for account in accounts:
        yield from (each for each in account.faults if each.type != NOTHING)
