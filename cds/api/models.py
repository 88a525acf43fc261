"""The JSON of ``/api``: what may be asked and what comes back, for the published contract and for reading requests."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from cds.hooks.wire import PatientId


def _day(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("must be a date of the form YYYY-MM-DD")
    return value


Day = Annotated[dt.date, BeforeValidator(_day)]
Truths = Literal["met", "unmet", "unknown"]
Extents = Literal["complete", "partial", "not-read"]
Standings = Literal["candidate", "near", "possible", "does-not-fit", "not-relevant"]
Causes = Literal[
    "not-read",
    "no-record",
    "too-old",
    "date-imprecise",
    "unit-not-comparable",
    "no-reference-range",
    "implausible",
    "conflicting",
    "unmapped",
    "too-general",
    "condition-unknown",
    "judgement",
    "not-computable",
]


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AttestationIn(_Asked):
    """What a person says of a criterion of a trial."""

    criterion: str
    trial: str
    truth: Truths
    note: str = ""


class AssessmentRequest(_Asked):
    """A chart in one Bundle, and what is asked of it. A bare Bundle is accepted too."""

    bundle: dict[str, Any] = Field(description="A FHIR R4 Bundle that holds the patient and the chart.")
    patientId: PatientId | None = Field(None, description="Needed only if the bundle holds several patients.")  # noqa: N815 - the contract's name
    trials: tuple[str, ...] | None = Field(None, description="NCT numbers; all that are loaded, unless given.")
    asOf: Day | None = Field(None, description="The day that stands for the first dose; today, unless given.")  # noqa: N815 - the contract's name
    covered: dict[str, Extents] | None = Field(
        None,
        description="Per resource type, how completely the bundle holds it; types that are present count as complete.",
    )
    attestations: tuple[AttestationIn, ...] = ()


class EvidenceOut(_Told):
    """One entry that decided."""

    reference: str
    label: str
    value: str | None = None
    range: str | None = None
    date: str | None = None


class SettledBy(_Told):
    """What would settle an unknown: a search (without the patient), a question."""

    search: str | None = None
    question: str | None = None


class SourceOut(_Told):
    """Where a criterion stands in the registry's text (lines from 1), and its words where the record is loaded."""

    line: int
    lines: list[int] | None = None
    text: str | None = None


class SpanOut(_Told):
    """A piece of the registry's eligibility text: its first character, counted from 0, and the one behind its last."""

    start: int
    end: int


class PartOut(_Told):
    """A part of a composite criterion."""

    label: str
    kind: str
    truth: Truths
    basis: Literal["documented", "no-record", "assumed", "attested"] | None = None
    cause: Causes | None = None
    explanation: str
    resolvesOn: dt.date | None = None  # noqa: N815 - the contract's name
    clearsOn: dt.date | None = None  # noqa: N815 - as its neighbours
    expiresOn: dt.date | None = None  # noqa: N815 - the contract's name
    settledBy: SettledBy | None = None  # noqa: N815 - the contract's name
    unrecognised: int | None = None
    evidence: list[EvidenceOut]
    parts: list[PartOut] | None = None


class FindingOut(PartOut):
    """What a criterion came to."""

    criterion: str
    section: Literal["inclusion", "exclusion"]
    asks: str = Field(description="What the criterion asks, in one sentence for a clinician.")
    plain: str | None = Field(None, description="The same for the patient, in words for everyone.")
    note: str | None = None
    source: SourceOut | None = None
    span: SpanOut | None = None


class DefinitionOut(_Told):
    """What is known of the definition itself."""

    version: str | None = None
    recordDate: dt.date | None = None  # noqa: N815 - the contract's name
    complete: bool
    draft: bool
    reviewedOn: dt.date | None = None  # noqa: N815 - the contract's name


class CohortOut(_Told):
    """What a cohort is to the patient."""

    id: str
    label: str
    open: bool
    verdict: Standings


class CountsOut(_Told):
    """How many findings of each sort."""

    met: int
    unmet: int
    unknown: int
    judgement: int


class TrialOut(_Told):
    """What a trial is to the patient."""

    nctId: str  # noqa: N815 - the contract's name
    title: str
    overallStatus: str  # noqa: N815 - the contract's name
    verdict: Standings
    earliestDate: dt.date | None = None  # noqa: N815 - the contract's name
    definition: DefinitionOut
    cohorts: list[CohortOut]
    counts: CountsOut
    findings: list[FindingOut]


class LostOut(_Told):
    """An entry that could not be read."""

    reference: str
    why: str


class ChartOut(_Told):
    """What was read, and how completely."""

    read: dict[str, int]
    lost: list[LostOut]
    covered: dict[str, Extents]
    gaps: dict[str, str] | None = None


class AssessmentOut(_Told):
    """The screen of one chart."""

    asOf: dt.date  # noqa: N815 - the contract's name
    withheld: Literal["deceased", "opted-out", "viewer"] | None = None
    chart: ChartOut
    trials: list[TrialOut]


class CriteriaCounts(_Told):
    """How many criteria a definition has, cohorts' own included; questions are those that only a person can settle."""

    inclusion: int
    exclusion: int
    questions: int


class CohortListed(_Told):
    """A cohort of a trial."""

    id: str
    label: str
    open: bool


class TrialListed(_Told):
    """A trial that charts are held against."""

    nctId: str  # noqa: N815 - the contract's name
    title: str
    overallStatus: str  # noqa: N815 - the contract's name
    url: str
    definition: DefinitionOut
    cohorts: list[CohortListed]
    criteria: CriteriaCounts


class Health(_Told):
    """Whether the service runs, and what it has loaded."""

    status: Literal["alive", "ready"]
    trials: int | None = None
    store: Literal["up", "down", "none"] | None = None
