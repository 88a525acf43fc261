"""What a criterion came to for a patient: the answer, why, on what evidence, and what would settle it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.truth import Truth

if TYPE_CHECKING:
    import datetime as dt

    from cds.core.chart import Kind
    from cds.core.criteria import Criterion, Rule


class Basis(enum.Enum):
    """What a settled finding stands on.

    A record shows it; we read that kind of entry and found none; a site table or a crosswalk stands in; a person said
    so.
    """

    DOCUMENTED = "documented"
    NO_RECORD = "no-record"
    ASSUMED = "assumed"
    ATTESTED = "attested"


class Cause(enum.Enum):
    """Why a finding is unknown: the closed list of DESIGN §3.2."""

    NOT_READ = "not-read"
    NO_RECORD = "no-record"
    TOO_OLD = "too-old"
    DATE_IMPRECISE = "date-imprecise"
    UNIT_NOT_COMPARABLE = "unit-not-comparable"
    NO_REFERENCE_RANGE = "no-reference-range"
    IMPLAUSIBLE = "implausible"
    CONFLICTING = "conflicting"
    UNMAPPED = "unmapped"
    TOO_GENERAL = "too-general"
    CONDITION_UNKNOWN = "condition-unknown"
    JUDGEMENT = "judgement"
    NOT_COMPUTABLE = "not-computable"

    @property
    def for_a_person(self) -> bool:
        """Whether only a person can settle it; such findings are listed apart and do not count against a trial."""
        return self in {Cause.JUDGEMENT, Cause.NOT_COMPUTABLE}


SAID = "attested/"
"""How the reference of a result begins that a person said: ``attested/1`` is the first that was given."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One entry that decided: its FHIR reference and what it is; value, range and date as text where it has any.

    ``note`` is what a person said about a result of theirs.
    """

    reference: str
    label: str
    value: str = ""
    range: str = ""
    date: str = ""
    note: str = ""

    @property
    def attested(self) -> bool:
        """Whether it is a person's word and not an entry of the chart."""
        return self.reference.startswith(SAID)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What would settle an unknown: entries of a kind about some concepts, or the question to ask."""

    question: str
    kind: Kind | None = None
    concepts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of one rule, told from the patient's side.

    ``basis`` goes with met and unmet, ``cause`` with unknown. ``resolves_on``: the first day on which an unmet finding
    is met with no new record. ``clears_on``: the first day on which time has taken the obstacle away, though it may be
    unknown then, and not met. ``expires_on``: the last day on which a met finding still is, with no new record.
    ``turns`` are the days on which time alone may change the answer of this rule.
    ``unrecognised`` counts entries of the kind that the tables do not know. ``ruled_out`` says of a disease that the
    records, read whole, show none. ``forbidden`` says that the rule must *not* hold. ``parts`` are the findings of a
    composite rule. ``answered`` says that a person answered the criterion itself, whatever the records give.
    """

    rule: Rule
    truth: Truth
    basis: Basis | None = None
    cause: Cause | None = None
    evidence: tuple[Evidence, ...] = ()
    wanted: Wanted | None = None
    resolves_on: dt.date | None = None
    clears_on: dt.date | None = None
    expires_on: dt.date | None = None
    unrecognised: int = 0
    ruled_out: bool = False
    forbidden: bool = False
    note: str = ""
    turns: tuple[dt.date, ...] = ()
    parts: tuple[Finding, ...] = ()
    answered: bool = False

    def __post_init__(self) -> None:
        """Refuse a settled finding without a basis and an unknown one without a cause."""
        if (self.truth is Truth.UNKNOWN) is not (self.cause is not None) or (self.cause is None) is (
            self.basis is None
        ):
            message = "a finding has a basis when it is settled and a cause when it is unknown"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class CriterionFinding:
    """A criterion of a trial with what it came to."""

    criterion: Criterion
    finding: Finding


@dataclass(frozen=True, slots=True)
class Attestation:
    """What a person said of a criterion of a trial; it takes the place of what the records give."""

    criterion: str
    trial: str
    truth: Truth
    note: str = ""
