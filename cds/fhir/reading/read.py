"""FHIR resources into a chart: each read on its own, none ever failing the rest, none ever lost in silence."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cds.core.chart import Chart, Kind, Lost, Person
from cds.errors import BadCall, NoPatient
from cds.fhir.names import KIND_OF
from cds.fhir.reading.absences import Absence, absence_in
from cds.fhir.reading.conditions import read_condition
from cds.fhir.reading.coverage import Coverage, covered_by_answers, covered_by_types
from cds.fhir.reading.elements import Elements
from cds.fhir.reading.implications import Implications
from cds.fhir.reading.medications import Drugs, read_exposures
from cds.fhir.reading.observations import read_observations
from cds.fhir.reading.others import read_allergy, read_procedure, read_vaccination
from cds.fhir.reading.person import OTHER_PATIENT, Subjects, read_person
from cds.fhir.reading.refusals import FLAG_OR_CONSENT, flagged, refusals_in, refuses_research
from cds.fhir.reading.sorting import (
    Sent,
    Sorted,
    bundle_entries,
    holds_document,
    is_bundle,
    pages_missing,
    sort,
    type_of,
)
from cds.fhir.reading.versions import Entry
from cds.fhir.values import CannotReadError, Json, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from zoneinfo import ZoneInfo

    from cds.core.codes import Code
    from cds.fhir.answer import Answer
    from cds.fhir.searches import Search

_MAY_BE_INCOMPLETE = "the server says that something may be missing"
_CANNOT_READ = "it is not put together as FHIR says"
_MIXED_WITH = "a product, or an ingredient of a mixture, was not sent, or does not say what it is"
_NOTHING_IS_KNOWN = "an entry says that nothing is known of them"


def chart_of(
    answers: Mapping[str, Answer],
    searches: tuple[Search, ...],
    *,
    patient_id: str | None,
    zone: ZoneInfo,
    opt_out: frozenset[Code] = frozenset(),
    server: str = "",
) -> Chart:
    """Read what the searches of one patient's record gave, and say how completely each kind was read.

    Never raises: a patient that cannot be read, or is another one, leaves ``Kind.PERSON`` *not read*. ``opt_out`` are
    the labels, and codes of flags, by which a site marks patients who do not want to be told of research. ``server``
    is the base of the FHIR server that the record is on, where it is known.
    """
    asked = {search.key: search for search in searches}
    coverage = covered_by_answers(answers, searches)
    entries: list[Sent] = []
    for key, answer in answers.items():
        entries += _told(asked.get(key), answer, coverage)
    found = sort(entries)
    known = patient_id.strip().rpartition("/")[2] if patient_id else None
    patient = next((each for each in found.of("Patient") if known in {None, text(each.resource.get("id"))}), None)
    subjects = Subjects([known or (text(patient.resource.get("id")) if patient else "")], (), lonely=True)
    if patient is None and Kind.PERSON in coverage.extents:
        coverage.lose(Kind.PERSON, "the patient cannot be read")
    return _Reading(found, coverage, subjects, Elements(zone), server).chart(patient, opt_out)


_MORE_INSIDE = "a Bundle inside it announces more pages or entries than came"
_BESIDES = frozenset({"OperationOutcome", "Bundle", "Patient", "Provenance", "Medication"})


def _told(search: Search | None, answer: Answer, coverage: Coverage) -> list[Sent]:
    """Give what a search's answer holds, Bundles inside it opened; what it should not hold makes its kind partial."""
    kind = search.kind if search else None
    if search is not None and search.resource_type in FLAG_OR_CONSENT:
        return [(resource, url, None) for resource, url in refusals_in(answer)]
    told: list[Sent] = []
    for each in answer.resources:
        if is_bundle(each):
            told += [(resource, url, kind) for resource, url, _ in bundle_entries(each)]
        else:
            told.append((each, "", kind))
    if search is None:
        return told
    if any(is_bundle(each) and pages_missing(each) for each in answer.resources):
        coverage.dent(kind, f"{search.key}: {_MORE_INSIDE}")
    strange = sum(type_of(resource) not in {None, *_expected(search)} for resource, *_ in told)
    if strange:
        coverage.dent(kind, f"{search.key}: {strange} of its entries are not of the type that was asked for")
    return told


def _expected(search: Search) -> frozenset[str]:
    """Give the types a search may be answered with: its own, and what may come along."""
    beside = _BESIDES if search.kind is Kind.MEDICATION else _BESIDES - {"Medication"}
    return beside | {search.resource_type}


def chart_of_bundle(
    bundle: object,
    *,
    patient_id: str | None,
    covered: Mapping[str, str] | None,
    zone: ZoneInfo,
    opt_out: frozenset[Code] = frozenset(),
) -> Chart:
    """Read a Bundle that holds one patient's chart, or several patients' where one is named.

    ``covered`` says per resource type how completely the bundle holds it; types that are present count as complete,
    but as partial in a document, which holds what its author chose.
    Raises :class:`BadCall` for what is not a Bundle or is one of other patients only, and :class:`NoPatient` where it
    holds no patient, or several and none is named. A bad entry never fails the rest.
    """
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise BadCall("bundle: is not a FHIR Bundle")
    if not isinstance(bundle.get("entry", []), list):
        raise BadCall("bundle.entry: is not a list")
    found = sort(bundle_entries(bundle))
    patient = _chosen(found.of("Patient"), patient_id)
    coverage = covered_by_types(covered, found.groups, chosen=holds_document(bundle))
    if pages_missing(bundle):
        coverage.dent(None, "the bundle is not whole: more pages or entries were announced")
    others = [name for each in found.of("Patient") if each is not patient for name in _names(each)]
    subjects = Subjects(_names(patient), others, lonely=not others)
    return _Reading(found, coverage, subjects, Elements(zone)).chart(patient, opt_out)


def chart_of_entries(
    sent: Iterable[Sent],
    *,
    patient_id: str,
    coverage: Coverage,
    zone: ZoneInfo,
    opt_out: frozenset[Code] = frozenset(),
) -> Chart:
    """Read entries that are known to be one patient's, however they were found; ``coverage`` says what they are of.

    Raises :class:`NoPatient` where no Patient resource of this id is among them. A bad entry never fails the rest.
    """
    found = sort(sent)
    patient = next((each for each in found.of("Patient") if patient_id in _names(each)), None)
    if patient is None:
        raise NoPatient("there is no Patient resource of this id")
    subjects = Subjects({*_names(patient), patient_id}, (), lonely=True)
    return _Reading(found, coverage, subjects, Elements(zone)).chart(patient, opt_out)


def _chosen(patients: list[Entry], patient_id: str | None) -> Entry:
    wanted = patient_id.strip().rpartition("/")[2] if patient_id else None
    if not patients:
        raise NoPatient("bundle: holds no Patient")
    if wanted is None:
        if len(patients) > 1:
            raise NoPatient("bundle: holds several Patients; patientId must say which one is meant")
        return patients[0]
    for patient in patients:
        if wanted in _names(patient):
            return patient
    raise BadCall("bundle: its Patient is not the one that patientId names")


def _names(patient: Entry) -> set[str]:
    """Give what a patient can be referred to by: id, entry URL, and what the URL ends in."""
    tail = patient.url.rpartition("/")[2].rpartition(":")[2]
    return {text(patient.resource.get("id")), patient.url, tail} - {""}


_READERS: dict[str, tuple[str, Callable[[Json, str, Elements], list[Any]]]] = {
    "Condition": ("conditions", read_condition),
    "Procedure": ("procedures", read_procedure),
    "Immunization": ("vaccinations", read_vaccination),
    "AllergyIntolerance": ("allergies", read_allergy),
}


@dataclass(slots=True)
class _Reading:
    """One chart being read."""

    found: Sorted
    coverage: Coverage
    subjects: Subjects
    elements: Elements
    server: str = ""
    lost: list[Lost] = field(default_factory=list)
    facts: dict[str, list[Any]] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    drugs: Drugs | None = None

    def chart(self, patient: Entry | None, opt_out: frozenset[Code]) -> Chart:
        """Read everything and put the chart together."""
        person = self._person(patient, opt_out)
        self.elements.born = person.born
        for lost in self.found.lost:
            self._lose(lost)
        for name in KIND_OF:
            if name != "Patient" and name in self.found.groups:
                self._read_all(name)
        for kind in self.found.warned:
            self.coverage.dent(kind, _MAY_BE_INCOMPLETE)
        return Chart(
            person=person,
            covered=self.coverage.extents,
            lost=tuple(sorted(self.lost, key=lambda each: (each.reference, each.why))),
            read={name: count for name, count in self.read.items() if count},
            gaps=self.coverage.gaps,
            **{place: tuple(facts) for place, facts in self.facts.items()},
        )

    def _person(self, patient: Entry | None, opt_out: frozenset[Code]) -> Person:
        for each in self.found.of("Patient"):
            if each is not patient:
                self._lose(Lost("Patient", OTHER_PATIENT, Kind.PERSON), dents=False)
        flags, consents = self._own("Flag"), self._own("Consent")
        self.read |= {"Flag": len(flags), "Consent": len(consents), "Medication": len(self.found.of("Medication"))}
        refused = any(map(refuses_research, consents)) or any(flagged(each, opt_out) for each in flags)
        if patient is None:
            return Person(opted_out=refused)
        self.read["Patient"] = 1
        person = read_person(patient.resource, self.elements, opt_out, refused=refused)
        for twin in self.found.twins:
            if twin.reference == patient.reference:
                told = read_person(twin.resource, self.elements, opt_out, refused=refused)
                person = replace(
                    person,
                    deceased=person.deceased or told.deceased,
                    died=person.died or told.died,
                    opted_out=person.opted_out or told.opted_out,
                )
        return person

    def _own(self, name: str) -> list[Json]:
        return [each.resource for each in self.found.of(name) if self.subjects.may_be_own(each.resource)]

    def _read_all(self, name: str) -> None:
        """Read the entries of one type."""
        kind = KIND_OF[name]
        place, reader = _READERS.get(name) or self._with_others(name)
        into = self.facts.setdefault(place, [])
        elements, fault_of, lost_before = self.elements, self.subjects.fault, len(self.lost)
        for entry in self.found.groups[name]:
            resource, reference = entry.resource, entry.reference
            fault = fault_of(resource)
            if fault is not None:
                self._lose(Lost(reference, fault, kind), dents=not self.subjects.knows_as_other(resource))
                continue
            try:
                into += self._there(kind, reader(resource, reference, elements))
            except CannotReadError as why:
                self._lose(Lost(reference, str(why), kind))
            except GARBLED:
                self._lose(Lost(reference, _CANNOT_READ, kind))
        if kind is Kind.MEDICATION and self.drugs is not None and self.drugs.unsent:
            self.coverage.dent(kind, _MIXED_WITH)
        self.read[name] = len(self.found.groups[name]) - (len(self.lost) - lost_before)

    def _there(self, kind: Kind, told: list[Any]) -> list[Any]:
        """Leave out what only says that there is nothing to record, and remember where nothing is known."""
        said = None if kind is Kind.MEASUREMENT else absence_in([each.code for each in told])
        if said is Absence.NO_INFORMATION:
            self.coverage.dent(kind, _NOTHING_IS_KNOWN)
        return told if said is None else []

    def _with_others(self, name: str) -> tuple[str, Callable[[Json, str, Elements], list[Any]]]:
        """Give the reader of a type whose entries are read together with others that came."""
        if name == "Observation":
            sent = self.found.of(name)
            told = any("derivedFrom" in each.resource for each in sent)
            own = [each for each in sent if self.subjects.may_be_own(each.resource)] if told else []
            return "measurements", read_observations(Implications(own))
        self.drugs = Drugs(self.found.of("Medication"), self.server)
        return "exposures", read_exposures(name, self.drugs)

    def _lose(self, lost: Lost, *, dents: bool = True) -> None:
        self.lost.append(lost)
        if dents:
            self.coverage.dent(lost.kind, "an entry could not be read")


GARBLED = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RecursionError)
"""What reading may raise for an entry that is not put together as FHIR says, besides :class:`CannotReadError`."""
