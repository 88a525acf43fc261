"""A registry record as a study: what it is called, whom it is for, who runs it, where, and the text of who may join.

Everything a record does not say is empty, for the registry requires next to nothing: a withheld study has a number and
a status and no more. What is there must be of the kind that the registry promises, else the record is told as bad:
half a record read is a trial told wrong. What we do not know is passed over, so that a new element of the registry
changes nothing here. Source: the OpenAPI description of the ClinicalTrials.gov API v2 (``Study`` and what it holds).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from cds.errors import BadTrial

__all__ = ["Arm", "Contact", "Facility", "Intervention", "Study", "study_of"]

_NUMBER: Final = re.compile(r"NCT[0-9]{8}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FAR: Final = 180
"""No latitude or longitude is larger, and no record holds another number that is read."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Someone to ask: a name, a role (``CONTACT``, ``PRINCIPAL_INVESTIGATOR`` …), and how to reach them."""

    name: str
    role: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Facility:
    """A place that takes part. ``status`` is its own recruitment status; empty where the registry gives none.

    ``position`` is where it lies, as latitude and longitude in degrees (WGS 84), where the registry says so.
    """

    name: str
    city: str = ""
    state: str = ""
    country: str = ""
    status: str = ""
    contacts: tuple[Contact, ...] = ()
    postcode: str = ""
    position: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Arm:
    """An arm as the registry lists it: its label, its kind (``EXPERIMENTAL`` …), and what happens in it."""

    label: str
    kind: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Intervention:
    """What is given or done: its kind (``DRUG``, ``BIOLOGICAL`` …), its name, and what else it is called.

    ``arms`` are the labels of the arms that get it.
    """

    kind: str
    name: str
    other_names: tuple[str, ...] = ()
    description: str = ""
    arms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Study:
    """One record. ``text`` is the eligibility text exactly as the registry gives it, ``updated`` its last posting.

    Ages are words such as ``18 Years``; ``start`` and ``end`` may be a year or a month; ``contacts`` are those of the
    whole study; ``summary`` is the registry's brief one, in paragraphs.
    """

    nct_id: str
    title: str
    official_title: str
    status: str
    why_stopped: str
    phases: tuple[str, ...]
    study_type: str
    conditions: tuple[str, ...]
    keywords: tuple[str, ...]
    interventions: tuple[Intervention, ...]
    text: str
    sex: str
    minimum_age: str
    maximum_age: str
    facilities: tuple[Facility, ...]
    contacts: tuple[Contact, ...]
    sponsor: str
    updated: str
    start: str
    summary: str
    end: str = ""
    arms: tuple[Arm, ...] = ()


def study_of(record: Mapping[str, Any]) -> Study:
    """Read a record; raise :class:`~cds.errors.BadTrial` with its number and the element that cannot be used."""
    named = _Element.of(record, "a record", "")
    protocol = named.part("protocolSection")
    identity = protocol.part("identificationModule")
    nct_id = identity.text("nctId")
    if not _NUMBER.fullmatch(nct_id):
        raise BadTrial("a record: protocolSection.identificationModule.nctId: there is no NCT number")
    return _study(nct_id, _Element.of(record, nct_id, "").part("protocolSection"))


def _study(nct_id: str, protocol: _Element) -> Study:
    identity, status = protocol.part("identificationModule"), protocol.part("statusModule")
    design, eligibility = protocol.part("designModule"), protocol.part("eligibilityModule")
    conditions, places = protocol.part("conditionsModule"), protocol.part("contactsLocationsModule")
    given = protocol.part("armsInterventionsModule")
    return Study(
        nct_id=nct_id,
        title=identity.text("briefTitle"),
        official_title=identity.text("officialTitle"),
        status=status.needed("overallStatus"),
        why_stopped=status.text("whyStopped"),
        phases=design.texts("phases"),
        study_type=design.text("studyType"),
        conditions=conditions.texts("conditions"),
        keywords=conditions.texts("keywords"),
        interventions=tuple(map(_intervention, given.parts("interventions"))),
        text=eligibility.text("eligibilityCriteria"),
        sex=eligibility.text("sex"),
        minimum_age=eligibility.text("minimumAge"),
        maximum_age=eligibility.text("maximumAge"),
        facilities=tuple(map(_facility, places.parts("locations"))),
        contacts=tuple(map(_contact, places.parts("centralContacts"))),
        sponsor=protocol.part("sponsorCollaboratorsModule").part("leadSponsor").text("name"),
        updated=status.part("lastUpdatePostDateStruct").day("date"),
        start=status.part("startDateStruct").text("date"),
        summary=protocol.part("descriptionModule").text("briefSummary"),
        end=status.part("completionDateStruct").text("date"),
        arms=tuple(map(_arm, given.parts("armGroups"))),
    )


def _intervention(told: _Element) -> Intervention:
    return Intervention(
        kind=told.text("type"),
        name=told.text("name"),
        other_names=told.texts("otherNames"),
        description=told.text("description"),
        arms=told.texts("armGroupLabels"),
    )


def _arm(told: _Element) -> Arm:
    return Arm(told.text("label"), told.text("type"), told.text("description"))


def _facility(told: _Element) -> Facility:
    return Facility(
        name=told.text("facility"),
        city=told.text("city"),
        state=told.text("state"),
        country=told.text("country"),
        status=told.text("status"),
        contacts=tuple(map(_contact, told.parts("contacts"))),
        postcode=told.text("zip"),
        position=_position(told.part("geoPoint")),
    )


def _position(told: _Element) -> tuple[float, float] | None:
    latitude, longitude = told.number("lat"), told.number("lon")
    return None if latitude is None or longitude is None else (latitude, longitude)


def _contact(told: _Element) -> Contact:
    phone, extension = told.text("phone"), told.text("phoneExt")
    whole = f"{phone} ext. {extension}" if phone and extension else phone
    return Contact(told.text("name"), told.text("role"), whole, told.text("email"))


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text) and dt.date.fromisoformat(text))
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class _Element:
    """One JSON object of a record, with where it stands. What is null is absent."""

    values: Mapping[str, Any]
    whose: str
    path: str

    @classmethod
    def of(cls, value: object, whose: str, path: str) -> _Element:
        """Take an object; raise ``BadTrial`` for anything else."""
        if not isinstance(value, Mapping):
            raise BadTrial(f"{whose}: {path + ': ' if path else ''}must be an object")
        return cls(value, whose, path)

    def part(self, name: str) -> _Element:
        """Give an object within; an absent one is empty."""
        value = self.values.get(name)
        return _Element.of({} if value is None else value, self.whose, self._within(name))

    def parts(self, name: str) -> Iterator[_Element]:
        """Give the objects of a list within."""
        for number, value in enumerate(self._list(name)):
            yield _Element.of(value, self.whose, f"{self._within(name)}[{number}]")

    def text(self, name: str) -> str:
        """Give a text within, empty where there is none."""
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._fault(name, "must be text")
        return value

    def number(self, name: str) -> float | None:
        """Give a number within, nothing where there is none."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not -_FAR <= value <= _FAR:
            raise self._fault(name, f"must be a number from -{_FAR} to {_FAR}")
        return float(value)

    def needed(self, name: str) -> str:
        """Give a text without which there is no study."""
        return self.text(name) or self._missing(name)

    def day(self, name: str) -> str:
        """Give a day as ISO text, empty where there is none."""
        value = self.text(name)
        if value and not _is_day(value):
            raise self._fault(name, "must be a day such as 2026-01-31")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Give the texts of a list within."""
        values = self._list(name)
        if not all(isinstance(value, str) for value in values):
            raise self._fault(name, "must be a list of texts")
        return tuple(values)

    def _list(self, name: str) -> list[Any]:
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._fault(name, "must be a list")
        return value

    def _missing(self, name: str) -> str:
        raise self._fault(name, "is missing")

    def _within(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _fault(self, name: str, reason: str) -> BadTrial:
        return BadTrial(f"{self.whose}: {self._within(name)}: {reason}")
