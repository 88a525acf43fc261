"""A chart held against the vocabulary: each entry found under the concepts it speaks of."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from cds.core.chart import (
    Allergy,
    ClinicalStatus,
    Condition,
    Exposure,
    Kind,
    Lost,
    Measurement,
    Procedure,
    Vaccination,
    Verification,
)
from cds.core.codes import ICD9CM, ICD10CM
from cds.core.truth import Truth
from cds.core.vocabulary import ConceptKind, Meaning, Relation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cds.core.chart import Chart
    from cds.core.codes import Coded
    from cds.core.counting import Count
    from cds.core.courses import Course
    from cds.core.finding import Cause
    from cds.core.quantities import Interval
    from cds.core.vocabulary import Vocabulary


class _Entry(Protocol):
    @property
    def code(self) -> Coded: ...


EntryT = TypeVar("EntryT", bound=_Entry)


@dataclass(frozen=True, slots=True)
class Known(Generic[EntryT]):
    """An entry of the chart together with one thing its code means."""

    entry: EntryT
    meaning: Meaning


Shelf = dict[str, list[Known[EntryT]]]


@dataclass(frozen=True, slots=True)
class Tumour:
    """A neoplasm on the problem list: what its codes, body sites and histology say it is, and where it began."""

    entry: Condition
    histologies: tuple[Meaning, ...]
    sites: tuple[Meaning, ...]
    behaviours: frozenset[str]


@dataclass(frozen=True, slots=True)
class Results:
    """The usable results of some measured concepts, newest first; those that may be the newest, or why none may."""

    every: list[Known[Measurement]]
    newest: list[Known[Measurement]]
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class Case:
    """One chart, recognised, on one day: what every rule is evaluated against.

    ``as_of`` stands for the first dose. ``known_on`` is the day the records speak for: it stays when ``as_of`` is moved
    ahead to ask what time alone will change. ``ageing`` is switched off to ask which obstacles time takes away: that a
    bad result grows too old to count takes none away. ``results`` keeps what was looked up of a combination of measured
    concepts, ``courses`` what was put together of an ingredient, ``amounts`` what a result of the chart amounts to on a
    scale, and ``told`` the tumours that tell something: all depend on nothing but the chart and ``known_on``. ``lines``
    keeps counts of lines of treatment, by what is counted and the day.

    ``listed`` are the diagnoses that stand: neither refuted nor in error nor of a later day. ``unread_tumours`` are
    those among them whose words speak of a tumour while their codes say nothing. ``ruled_out`` are the diagnoses that
    the chart holds as refuted, under their concepts.
    """

    chart: Chart
    vocabulary: Vocabulary
    as_of: dt.date
    known_on: dt.date
    measurements: Mapping[str, list[Known[Measurement]]]
    conditions: Mapping[str, list[Known[Condition]]]
    exposures: Mapping[str, list[Known[Exposure]]]
    procedures: Mapping[str, list[Known[Procedure]]]
    vaccinations: Mapping[str, list[Known[Vaccination]]]
    allergies: Mapping[str, list[Known[Allergy]]]
    listed: tuple[Condition, ...]
    tumours: tuple[Tumour, ...]
    unread_tumours: tuple[Condition, ...]
    unrecognised: Mapping[Kind, int]
    ruled_out: Mapping[str, list[Known[Condition]]] = field(default_factory=dict)
    ageing: bool = True
    results: dict[tuple[str, ...], Results] = field(default_factory=dict)
    courses: dict[tuple[str, Cause | None], tuple[Course, ...]] = field(default_factory=dict)
    amounts: dict[tuple[int, int], tuple[Interval | Cause, bool]] = field(default_factory=dict)
    lines: dict[tuple[object, ...], Count] = field(default_factory=dict)
    told: list[tuple[tuple[Tumour, ...], tuple[Tumour, ...]]] = field(default_factory=list)


def recognise(chart: Chart, vocabulary: Vocabulary, as_of: dt.date) -> Case:
    """Find every entry of a chart under the concepts it speaks of."""
    unrecognised: dict[Kind, int] = {}
    known: dict[int, tuple[tuple[Meaning, ...], bool]] = {}

    def look_up(coded: Coded) -> tuple[tuple[Meaning, ...], bool]:
        """Look codings up once for all entries that share them: readers give equal codings as one object."""
        found = known.get(id(coded))
        if found is None:
            meanings = vocabulary.meanings(coded)
            telling = tuple(meaning for meaning in meanings if meaning.relation is not Relation.RELATED)
            found = known[id(coded)] = telling, bool(meanings) or vocabulary.recognises(coded)
        return found

    def shelve(entries: Iterable[EntryT], kind: Kind | None) -> Shelf[EntryT]:
        shelf: Shelf[EntryT] = defaultdict(list)
        unknown = 0
        for entry in entries:
            meanings, recognised = look_up(entry.code)
            for meaning in meanings:
                shelf[meaning.concept].append(Known(entry, meaning))
            unknown += not recognised
        if kind is not None:
            unrecognised[kind] = unknown
        return shelf

    listed = tuple(_as_it_stands(entry, as_of) for entry in chart.conditions if _stands(entry, as_of))
    return Case(
        chart=chart,
        vocabulary=vocabulary,
        as_of=as_of,
        known_on=as_of,
        measurements=_with_said(
            shelve((entry for entry in chart.measurements if entry.attested is None), Kind.MEASUREMENT), chart
        ),
        conditions=shelve(listed, Kind.CONDITION),
        exposures=shelve(chart.exposures, Kind.MEDICATION),
        procedures=_by_site(shelve(chart.procedures, Kind.PROCEDURE), vocabulary),
        vaccinations=shelve(chart.vaccinations, Kind.IMMUNIZATION),
        allergies=shelve(chart.allergies, Kind.ALLERGY),
        listed=listed,
        tumours=_told_once(filter(None, (tumour_of(entry, vocabulary) for entry in listed))),
        unread_tumours=tuple(
            entry for entry in listed if not look_up(entry.code)[1] and _may_be_a_tumour(entry, vocabulary)
        ),
        unrecognised=unrecognised,
        ruled_out=shelve((entry for entry in chart.conditions if _is_ruled_out(entry, as_of)), None),
    )


def _with_said(shelf: Shelf[Measurement], chart: Chart) -> Shelf[Measurement]:
    """Lay the results that people said beside those of the records: they name their concept, and no code speaks."""
    for entry in chart.measurements:
        if entry.attested is not None:
            shelf[entry.attested.concept].append(Known(entry, Meaning(entry.attested.concept)))
    return shelf


_DONE_TO = {("radiotherapy", "brain"): "brain-radiotherapy"}
"""What was done, and to which site, as one narrower concept: mCODE has one code for every course of radiotherapy."""


def _by_site(shelf: Shelf[Procedure], vocabulary: Vocabulary) -> Shelf[Procedure]:
    """Put procedures under the narrower concept that their body site makes of them."""
    for (done, site), narrower in _DONE_TO.items():
        sites = vocabulary.narrower((site,))
        for known in tuple(shelf.get(done, ())) if narrower in vocabulary.narrower((done,)) else ():
            told = (meaning for each in known.entry.sites for meaning in vocabulary.meanings(each))
            if known.meaning.counts and any(meaning.counts and meaning.concept in sites for meaning in told):
                shelf[done].remove(known)
                shelf[narrower].append(Known(known.entry, replace(known.meaning, concept=narrower)))
    return shelf


def _is_ruled_out(entry: Condition, known_on: dt.date) -> bool:
    """Say whether an entry records that a diagnosis was looked for and refuted, on a day the records speak for."""
    return (
        entry.verification is Verification.REFUTED
        and entry.recorded is not None
        and entry.recorded.earliest <= known_on
    )


def _stands(entry: Condition, known_on: dt.date) -> bool:
    """Say whether a diagnosis counts at all: not refuted, not in error, begun and recorded by the records' day."""
    if entry.verification in {Verification.REFUTED, Verification.ENTERED_IN_ERROR}:
        return False
    said = entry.onset or entry.recorded
    return said is None or said.earliest <= known_on


def _as_it_stands(entry: Condition, known_on: dt.date) -> Condition:
    """Give a diagnosis that has abated as inactive, whatever its status says."""
    gone = entry.abated is not None and entry.abated.on_or_before(known_on) is Truth.MET
    return replace(entry, clinical=ClinicalStatus.INACTIVE) if gone else entry


SECONDARY = "secondary"
_TUMOUR_WORDS = re.compile(
    r"cancer|carcin|tumou?r|neoplas|malign|sarcoma|lymphoma|leuk|melanoma|blastoma|thymoma|myeloma|metasta|oncolog",
    re.IGNORECASE,
)
_TUMOUR_LETTERS = re.compile(
    r"\b(?:(?i:LCNEC|N?SCLC|HCC|RCC|CRC|GIST|PDAC|CLL|AML|CML|DLBCL|NHL|GBM)|(?:p|pan|GEP-?)?NETs?|C[Aa]"
    r"|NEC(?!(?<=, NEC)\W*$))\b"
)
"""Abbreviations in common use; ``, NEC`` at the end of a term is "not elsewhere classified"."""
_NEOPLASMS_COMPLETE = frozenset({ICD10CM, ICD9CM})
_OTHER_WORDS = re.compile(r"histor|screen|family|risk|benign|fear|counsel|encounter|antineoplas|pain", re.IGNORECASE)
_NOT_OWN = re.compile(r"histor|screening for|risk of|benign|fear of", re.IGNORECASE)
"""What speaks against an abbreviation: fewer words, as it names one disease and not cancer at large."""


def _may_be_a_tumour(entry: Condition, vocabulary: Vocabulary) -> bool:
    """Say whether an entry's words may speak of a tumour that its codes do not tell.

    Words never make a tumour: they only keep a disease from being ruled out. Where there is an ICD code, the words add
    nothing, since the tables hold every neoplasm of ICD.
    """
    if any(vocabulary.canonical(code).system in _NEOPLASMS_COMPLETE for code in entry.code.codes):
        return False
    return names_a_tumour(entry.code.text)


def names_a_tumour(words: str) -> bool:
    """Say whether words may speak of a tumour that is there: not of a history, a family's, a fear or a screening."""
    if _TUMOUR_LETTERS.search(words):
        return not _NOT_OWN.search(words)
    return _TUMOUR_WORDS.search(words) is not None and not _OTHER_WORDS.search(words)


def _told_once(tumours: Iterable[Tumour]) -> tuple[Tumour, ...]:
    """Leave the newest of the entries that say the same of a tumour: charts repeat a diagnosis at each encounter."""
    kept: dict[object, Tumour] = {}
    for tumour in sorted(tumours, key=_told_on, reverse=True):
        entry = tumour.entry
        same = (tumour.histologies, tumour.sites, tumour.behaviours, entry.clinical, entry.verification)
        kept.setdefault(same, tumour)
    return tuple(sorted(kept.values(), key=lambda tumour: tumour.entry.reference))


def _told_on(tumour: Tumour) -> tuple[dt.date, str]:
    date = tumour.entry.recorded or tumour.entry.onset
    return (date.latest if date is not None else dt.date.min), tumour.entry.reference


def tumour_of(entry: Condition, vocabulary: Vocabulary) -> Tumour | None:
    """Read a condition as a neoplasm, or not at all.

    A body site alone does not make one: its own code must say histology or behaviour, or a histology must be attached.
    """

    def of_kind(kind: ConceptKind, codeds: Iterable[Coded]) -> tuple[Meaning, ...]:
        found: dict[str, Meaning] = {}
        for coded in codeds:
            for meaning in vocabulary.meanings(coded):
                if vocabulary.concepts[meaning.concept].kind is kind and meaning.relation is not Relation.RELATED:
                    found.setdefault(meaning.concept, meaning)
        return tuple(found.values())

    behaving = of_kind(ConceptKind.BEHAVIOUR, (entry.code, *entry.histology))
    behaviours = frozenset(meaning.concept for meaning in behaving if meaning.counts or meaning.concept == SECONDARY)
    histologies = of_kind(ConceptKind.HISTOLOGY, (entry.code, *entry.histology))
    if not behaving and not histologies:
        return None
    sites = of_kind(ConceptKind.SITE, (entry.code, *entry.sites))
    return Tumour(entry, _most_specific(histologies, vocabulary), _most_specific(sites, vocabulary), behaviours)


def _most_specific(meanings: tuple[Meaning, ...], vocabulary: Vocabulary) -> tuple[Meaning, ...]:
    """Leave out what another of them says more exactly: "carcinoma" beside "small cell carcinoma"."""
    above = frozenset[str]().union(*(vocabulary.broader(meaning.concept) for meaning in meanings if meaning.counts))
    return tuple(meaning for meaning in meanings if meaning.concept not in above)


def unreadable_values(chart: Chart, vocabulary: Vocabulary) -> tuple[Lost, ...]:
    """Name the results that should be numbers and are words, so that nothing is lost in silence."""
    lost = []
    for result in chart.measurements:
        if not isinstance(result.value, str):
            continue
        scales = (vocabulary.concepts[meaning.concept].scale for meaning in vocabulary.meanings(result.code))
        if any(scale is not None and scale.factors and not scale.answers for scale in scales):
            lost.append(Lost(result.reference, f"value is not a number: {result.value!r}", Kind.MEASUREMENT))
    return tuple(sorted(lost, key=lambda each: each.reference))
