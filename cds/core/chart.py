"""A patient's record as dated facts, each with its source, and an account of what was read to make it.

Charts keep the sender's codes and words; what they mean is decided later, against the vocabulary.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cds.core.codes import Coded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from cds.core.dates import PartialDate
    from cds.core.quantities import Quantity


class Kind(enum.Enum):
    """The kinds of entry a chart is made of; what was read is told per kind."""

    PERSON = "person"
    MEASUREMENT = "measurement"
    CONDITION = "condition"
    MEDICATION = "medication"
    PROCEDURE = "procedure"
    IMMUNIZATION = "immunization"
    ALLERGY = "allergy"


class Extent(enum.Enum):
    """How completely a kind of entry was read. Only *complete* lets the absence of a record speak."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    NOT_READ = "not-read"


class Sex(enum.Enum):
    """Administrative sex (FHIR ``Patient.gender``)."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the chart is about. No name, address or number: none of them decides a criterion."""

    born: PartialDate | None = None
    sex: Sex | None = None
    deceased: bool = False
    died: PartialDate | None = None
    opted_out: bool = False
    reference: str = "Patient"


class ResultStatus(enum.Enum):
    """How far a result has come (FHIR ``Observation.status``, its synonyms joined)."""

    FINAL = "final"
    PRELIMINARY = "preliminary"
    ENTERED_IN_ERROR = "entered-in-error"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ReferenceRange:
    """The normal range sent with a result, and for whom it holds.

    ``sex`` and the ages (in years, from the first up to but not including the second) say for which patients; ``other``
    that it holds only for some other group or state (a pregnancy, a phase of the cycle) that is not looked into.
    """

    low: Quantity | None = None
    high: Quantity | None = None
    text: str = ""
    sex: Sex | None = None
    from_years: Fraction | None = None
    to_years: Fraction | None = None
    other: bool = False

    @property
    def specific(self) -> bool:
        """Whether it holds only for some patients."""
        return self.other or (self.sex, self.from_years, self.to_years) != (None, None, None)


@dataclass(frozen=True, slots=True)
class Word:
    """That a person said a result and no record holds it: which concept it is of, and what was said about it."""

    concept: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One result, or one component of one: a laboratory value, a vital sign, a score.

    ``value`` is a quantity, a coded answer, or words; ``absent`` is the sender's reason for there being none.
    ``attested`` is there where a person said it, and in what is computed from such a result.
    """

    code: Coded
    reference: str
    value: Quantity | Coded | str | None = None
    date: PartialDate | None = None
    status: ResultStatus = ResultStatus.FINAL
    ranges: tuple[ReferenceRange, ...] = ()
    interpretation: tuple[str, ...] = ()
    absent: str = ""
    attested: Word | None = None


class ClinicalStatus(enum.Enum):
    """Whether a condition is there now (FHIR ``Condition.clinicalStatus``); where it is not sent, that is unknown."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"


class Verification(enum.Enum):
    """How sure a diagnosis is (FHIR ``Condition.verificationStatus``); not sent counts as confirmed."""

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    REFUTED = "refuted"
    ENTERED_IN_ERROR = "entered-in-error"


@dataclass(frozen=True, slots=True)
class Condition:
    """One diagnosis or problem, with the body sites and the histology it was recorded with.

    ``stage`` is what its stage was recorded as; ``recurred`` says that the sender calls it a recurrence or relapse.
    """

    code: Coded
    reference: str
    sites: tuple[Coded, ...] = ()
    histology: tuple[Coded, ...] = ()
    clinical: ClinicalStatus = ClinicalStatus.UNKNOWN
    verification: Verification = Verification.CONFIRMED
    onset: PartialDate | None = None
    abated: PartialDate | None = None
    recorded: PartialDate | None = None
    stage: tuple[Coded, ...] = ()
    recurred: bool = False


class ExposureStatus(enum.Enum):
    """Whether a drug is, was or was never taken. ``ENDED`` covers completed and stopped."""

    ACTIVE = "active"
    ENDED = "ended"
    ON_HOLD = "on-hold"
    UNKNOWN = "unknown"
    NEVER = "never"


class Told(enum.Enum):
    """How a drug came to be in the chart (the FHIR type of the entry): only *given* counts doses and days.

    *Drafted* is no entry of a chart: an order that is being written, which no older entry can have ended.
    """

    STATED = "stated"
    ORDERED = "ordered"
    DISPENSED = "dispensed"
    GIVEN = "given"
    DRAFTED = "drafted"


@dataclass(frozen=True, slots=True)
class Exposure:
    """A drug stated, ordered, dispensed or given. ``code`` also holds its words as codes of the system ``name``.

    ``dose`` is the amount at one time, ``per_day`` how many times a day it is taken (a half: every other day); neither
    is guessed. ``intent`` says what the treatment is for (palliative, adjuvant …), ``stopped_for`` why it was ended.
    """

    code: Coded
    reference: str
    status: ExposureStatus = ExposureStatus.UNKNOWN
    start: PartialDate | None = None
    end: PartialDate | None = None
    route: Coded = field(default_factory=Coded)
    said: str = ""
    told: Told = Told.STATED
    dose: Quantity | None = None
    per_day: Fraction | None = None
    intent: Coded = field(default_factory=Coded)
    stopped_for: tuple[Coded, ...] = ()


@dataclass(frozen=True, slots=True)
class Procedure:
    """Something that was done to the patient; entries that were planned or not done are not here."""

    code: Coded
    reference: str
    start: PartialDate | None = None
    end: PartialDate | None = None
    sites: tuple[Coded, ...] = ()
    intent: Coded = field(default_factory=Coded)


@dataclass(frozen=True, slots=True)
class Vaccination:
    """A vaccine given; entries that were not done or entered in error are not here."""

    code: Coded
    reference: str
    date: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class Allergy:
    """A known reaction to a substance; refuted entries are not here. ``code`` also holds its words as names."""

    code: Coded
    reference: str
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Lost:
    """An entry that could not be read: which, why, and the kind of entry it may have been (none: it could be any)."""

    reference: str
    why: str
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything read about one patient, and how completely.

    ``covered`` tells per kind how much of it was read (a kind that is missing was not read); ``read`` counts entries
    by FHIR resource type; ``gaps`` says in words, per kind, why it is not complete.
    """

    person: Person = field(default_factory=Person)
    measurements: tuple[Measurement, ...] = ()
    conditions: tuple[Condition, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    vaccinations: tuple[Vaccination, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    covered: Mapping[Kind, Extent] = field(default_factory=dict)
    lost: tuple[Lost, ...] = ()
    read: Mapping[str, int] = field(default_factory=dict)
    gaps: Mapping[Kind, str] = field(default_factory=dict)

    def extent(self, kind: Kind) -> Extent:
        """Say how completely a kind of entry was read."""
        return self.covered.get(kind, Extent.NOT_READ)
