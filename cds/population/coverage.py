"""What an export covers: of types with files it has all there is, but for what could not be read of them.

Files in one folder are one export, whose files of a type hold everybody's. A Bundle is an export of its own: it tells
of its patient alone, and has of them the types that are in it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

from cds.core.chart import Extent, Kind
from cds.fhir.names import KIND_OF, TYPES_OF
from cds.fhir.reading.coverage import Coverage, covered_by_types
from cds.fhir.reading.refusals import refusal_searches
from cds.population.exported import NOTHING_TOLD, Told
from cds.population.lines import BUNDLE, WANTED, faults_that_count

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from cds.population.job import Job
    from cds.population.lines import Account, Row

__all__ = ["Covered", "covered_by"]

Types = frozenset[str]


@dataclass(frozen=True, slots=True)
class Covered:
    """What the exports of a run have of everybody, and what they lack of single patients.

    ``exports`` says of each, by its number, which types it has whole; ``shared`` are types of exports that hold no
    patients, and complete the others. ``lacks`` says why a kind is nobody's whole, and ``lacking`` of which patients a
    kind is not. ``refusals`` are the types that tell who refuses research, and ``refusals_broken``: some of them could
    not be read; ``refusals_lacking`` are patients of whom some could not.
    """

    exports: Mapping[int, Types]
    shared: Types = frozenset()
    lacks: Mapping[Kind, str] = field(default_factory=dict)
    lacking: Mapping[str, frozenset[Kind]] = field(default_factory=dict)
    refusals: Types = frozenset()
    refusals_broken: bool = False
    refusals_lacking: frozenset[str] = frozenset()

    def of(self, patient: str, rows: Sequence[Row]) -> Coverage:
        """Give what is covered of one patient, to be taken back from as their entries are read."""
        whole = self._whole(rows)
        part = {each.type for each in rows} & WANTED - whole
        coverage = covered_by_types(None, whole | part)
        if not whole & _ORDERS and any(each.origin != BUNDLE for each in rows):
            coverage.dent(Kind.MEDICATION, _NO_ORDERS)
        for name in sorted(part):
            for kind in _kinds_of(name):
                coverage.dent(kind, _NOT_IN_ALL)
        for kind, why in self.lacks.items():
            coverage.dent(kind, why)
        for kind in sorted(self.lacking.get(patient, ()), key=lambda each: each.value):
            coverage.dent(kind, _OF_THIS_PATIENT)
        return coverage

    def refusals_unread(self, rows: Sequence[Row]) -> bool:
        """Say whether it cannot be seen if a patient refuses research, where the site has flags or consents for it."""
        if not self.refusals:
            return False
        lacking = any(each.patient in self.refusals_lacking for each in rows)
        return self.refusals_broken or lacking or bool(self.refusals - self._whole(rows))

    def _whole(self, rows: Sequence[Row]) -> Types:
        """Give the types of which all there is of a patient is there: those of every export that holds the patient."""
        origins = sorted({each.origin for each in rows if each.type == "Patient"})
        own = frozenset(each.type for each in rows if each.origin == BUNDLE) & WANTED
        held = [own if origin == BUNDLE else self.exports.get(origin, frozenset()) for origin in origins]
        return reduce(frozenset.__and__, held) | self.shared if held else frozenset()

    @property
    def extents(self) -> dict[str, str]:
        """Say per kind of entry how much of it the exports have of everybody, in words; of Bundles nothing is said."""
        if not self.exports:
            return {}
        whole = reduce(frozenset.__and__, self.exports.values()) | self.shared
        coverage = covered_by_types(None, whole)
        if not whole & _ORDERS:
            coverage.dent(Kind.MEDICATION, _NO_ORDERS)
        for kind, why in self.lacks.items():
            coverage.dent(kind, why)
        return {kind.value: coverage.extents.get(kind, Extent.NOT_READ).value for kind in Kind}

    @property
    def gaps(self) -> tuple[str, ...]:
        """Say why something is nobody's whole, or is not told to anybody."""
        said = {*self.lacks.values()}
        everywhere = self.refusals.intersection(*self.exports.values()) | self.shared
        missing = sorted(self.refusals - everywhere)
        if missing:
            said.add(f"an export holds no {' and no '.join(missing)}, so that it cannot be seen who refuses research")
        if self.refusals and self.refusals_broken:
            said.add("a Flag or Consent could not be read, so that it cannot be seen who refuses research")
        return tuple(sorted(said))


_NOT_IN_ALL = "not every export that holds the patient has all of them"
_IN_PART = "the export tells of faults, or holds only a part of them"
_OF_ANYBODY = "a line of the export could not be read, and may be anybody's"
_OF_THIS_PATIENT = "a line of the export about the patient could not be read"
_NO_ORDERS = "the export holds neither orders nor statements of drugs"
_ORDERS = frozenset({"MedicationStatement", "MedicationRequest"})
"""Of one of these there must be all there is, as with searches, for drugs to be known whole."""
_REFUSALS = frozenset({"Flag", "Consent"})


def covered_by(accounts: Sequence[Account], job: Job, told: Mapping[int, Told] | None = None) -> Covered:
    """Put together what the files held; ``told`` is what the client of each export said of it."""
    said = told or {}
    held: dict[int, set[str]] = defaultdict(set)
    for source, account in zip(job.sources, accounts, strict=True):
        held[source.export] |= {*account.loose} & WANTED
    for export in held:
        held[export] |= said.get(export, NOTHING_TOLD).whole & WANTED
    part = {name for each in said.values() for name in each.part} & WANTED
    lacks = {kind: _IN_PART for name in sorted(part) for kind in _kinds_of(name)}
    lacking: defaultdict[str, set[Kind]] = defaultdict(set)
    broken, unseen = bool(part & _REFUSALS), set[str]()
    for fault in faults_that_count(accounts):
        kinds, refusal = _kinds_of(fault.type), fault.type in {*_REFUSALS, ""}
        if fault.patient:
            lacking[fault.patient].update(kinds)
            unseen |= {fault.patient} if refusal else set()
        else:
            lacks.update(dict.fromkeys(kinds, _OF_ANYBODY))
            broken |= refusal
    return Covered(
        exports={export: frozenset(types) for export, types in held.items() if "Patient" in types},
        shared=frozenset(name for types in held.values() if "Patient" not in types for name in types),
        lacks=lacks,
        lacking={patient: frozenset(kinds) for patient, kinds in lacking.items()},
        refusals=frozenset(each.resource_type for each in refusal_searches(job.opt_out, consents=job.consents)),
        refusals_broken=broken,
        refusals_lacking=frozenset(unseen),
    )


def _kinds_of(name: str) -> Collection[Kind]:
    """Give the kinds of entry that a line of a type may have been of (a blank type: any).

    Never *person*: that a patient is there is seen by their own resource.
    """
    if name in _REFUSALS:
        return ()
    if name == "Medication":
        return (Kind.MEDICATION,)
    kind = KIND_OF.get(name)
    return [each for each in TYPES_OF if each is not Kind.PERSON and kind in {None, each}]


def said_of(covered: Covered) -> Iterable[object]:
    """Give what an export covers as values whose ``repr`` is the same in every run."""
    yield sorted((export, sorted(types)) for export, types in covered.exports.items())
    yield sorted(covered.shared)
    yield sorted((kind.value, why) for kind, why in covered.lacks.items())
    yield sorted((patient, sorted(kind.value for kind in kinds)) for patient, kinds in covered.lacking.items())
    yield sorted(covered.refusals), covered.refusals_broken, sorted(covered.refusals_lacking)
