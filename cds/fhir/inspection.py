"""How a server took each search that the trials need: what it says of it beforehand, and how it went.

It holds numbers, types and reasons: nothing of the patient with whom it was tried.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cds.fhir.answer import AnswerState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cds.core.chart import Lost
    from cds.fhir.asking.capability import Capability
    from cds.fhir.searches import Search
    from cds.fhir.strict import Fault

__all__ = ["Asked", "Listed", "Went", "listed", "reasons", "strict_counts"]


@dataclass(frozen=True, slots=True)
class Listed:
    """What the CapabilityStatement says of a search; ``None``: it does not say.

    ``unlisted`` names the parameters that it leaves out of a list it gives; ``include`` whether it follows the
    reference to the drug, for a search that wants it.
    """

    offered: bool | None
    unlisted: tuple[str, ...] = ()
    include: bool | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that went out: the type it asked for, or its operation, and the status of the answer."""

    target: str
    status: int

    @classmethod
    def of(cls, url: str, base: str, status: int) -> Asked:
        """Take from an address what may be kept of it: no id, no value."""
        below = urlsplit(url).path.removeprefix(urlsplit(base).path).strip("/")
        return cls(below.partition("/")[0], status)

    @property
    def answered(self) -> bool:
        """Whether it was answered."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP's statuses of success


@dataclass(frozen=True, slots=True)
class Went:
    """How one search went; ``otherwise`` names the way in which the server had to be asked instead."""

    state: AnswerState
    why: str = ""
    entries: int = 0
    pages: int = 0
    requests: int = 0
    seconds: float = 0.0
    otherwise: str = ""

    @property
    def answered(self) -> bool:
        """Whether it was answered in full."""
        return self.state is AnswerState.COMPLETE


def listed(search: Search, capability: Capability) -> Listed:
    """Say what a server's statement says of a search."""
    offered = capability.offers(search.resource_type)
    names = [] if search.resource_type == "Patient" else ["patient", *(name for name, _ in search.params)]
    unlisted = tuple(each for each in names if capability.searches_by(search.resource_type, each) is False)
    include = capability.includes(search.resource_type, search.includes) if search.includes else None
    return Listed(offered, unlisted, include)


def reasons(lost: Iterable[Lost]) -> dict[str, int]:
    """Count why entries could not be read, by kind; what stood in them is left out."""
    told = (f"{each.kind.value if each.kind else 'any kind'}: {_without_value(each.why)}" for each in lost)
    return dict(sorted(Counter(told).items(), key=lambda pair: (-pair[1], pair[0])))


def _without_value(why: str) -> str:
    """Leave out of a reason what a colon announces: it may have stood in the chart."""
    return why.partition(":")[0].strip()


_ELEMENT = re.compile(r"[a-z][A-Za-z]{0,60}(?:\[x\])?")


def strict_counts(faults: Iterable[Fault]) -> dict[str, int]:
    """Count departures from the letter of FHIR R4B by type, element and reason; ids and positions are left out.

    An element that R4B does not know is not named: the name is the server's, and could hold anything.
    """
    told = Counter(_told(each) for each in faults)
    return dict(sorted(told.items(), key=lambda pair: (-pair[1], pair[0])))


def _told(fault: Fault) -> str:
    place, _, path = fault.place.partition(" ")
    if path.startswith("(entry"):
        path = path.partition(") ")[2]
    kind = place.partition("/")[0]
    steps = re.sub(r"\[\d+\]", "", path).split(".")
    known = all(map(_ELEMENT.fullmatch, steps)) and "no such element" not in fault.reason
    element = f".{'.'.join(steps)}" if known else ""
    return f"{kind if kind.isalpha() else 'entry'}{element}: {fault.reason}"
