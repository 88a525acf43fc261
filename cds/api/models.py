"""The JSON that ``/api`` answers with, for the published contract; what may be asked is in :mod:`cds.api.asked`."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

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


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EvidenceOut(_Told):
    """One entry that decided."""

    reference: str = Field(description="Of a result that a person said: `attested/1`, counted as in the request.")
    label: str
    value: str | None = None
    range: str | None = None
    date: str | None = None
    note: str | None = Field(None, description="What a person said about a result of theirs.")


class EdgeOut(_Told):
    """One end of what a rule allows."""

    value: float = Field(description="In the unit that is told with it; where there is `times`, a multiple.")
    inclusive: bool
    times: Literal["ULN", "LLN"] | None = Field(
        None, description="That it is a multiple of the upper or lower limit of normal of each result."
    )


class NormalOut(_Told):
    """The limits of normal that a result is held against: those sent with it, or the site's."""

    low: float | None = None
    high: float | None = None


class PointOut(_Told):
    """One result. All numbers are in the unit that is told with the series."""

    reference: str
    date: str = Field(description="A day, or a month or a year where no more is known.")
    value: float
    comparator: Literal["<", "<=", ">=", ">"] | None = None
    low: float | None = Field(None, description="What the rule asks of this result, where that is a multiple.")
    high: float | None = Field(None, description="As `low`.")
    normal: NormalOut | None = None
    own: Literal[True] | None = Field(None, description="That it is a record of the very concept, as it was sent.")


class MeasuredOut(_Told):
    """What a rule measures, and between which ends; with `series`, the results that it looks at, newest last."""

    concept: str
    name: str
    unit: str
    unitShown: str | None = Field(None, description="As a person reads it; a score has none.")  # noqa: N815 - the contract's name
    units: list[str] = Field(description="To choose from where a result is entered; the rule's own first.")
    low: EdgeOut | None = None
    high: EdgeOut | None = None
    forbidden: Literal[True] | None = Field(None, description="That the trial excludes what lies between these ends.")
    points: list[PointOut] | None = None
    left: int | None = Field(None, description="How many results are no points: they cannot be compared or dated.")
    older: int | None = Field(None, description="How many older results are left out.")


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
    measured: MeasuredOut | None = None
    parts: list[PartOut] | None = None


class FindingOut(PartOut):
    """What a criterion came to."""

    criterion: str
    cohort: str | None = Field(None, description="The cohort whose own criterion it is; absent: of the whole trial.")
    section: Literal["inclusion", "exclusion"]
    asks: str = Field(description="What the criterion asks, in one sentence for a clinician.")
    plain: str | None = Field(None, description="The same for the patient, in words for everyone.")
    note: str | None = None
    heading: list[str] | None = Field(
        None, description="The registry's headings above its line, outermost first; of relevant trials."
    )
    source: SourceOut | None = None
    span: SpanOut | None = None


class DefinitionOut(_Told):
    """What is known of the definition itself."""

    version: str | None = None
    recordDate: dt.date | None = None  # noqa: N815 - the contract's name
    complete: bool
    draft: bool
    reviewedOn: dt.date | None = None  # noqa: N815 - the contract's name


class CountsOut(_Told):
    """How many findings of each sort."""

    met: int
    unmet: int
    unknown: int
    judgement: int


class CohortOut(_Told):
    """What a cohort is to the patient. It counts all its findings, those of the whole trial included."""

    id: str
    label: str
    open: bool
    verdict: Standings
    earliestDate: dt.date | None = None  # noqa: N815 - the contract's name
    counts: CountsOut
    findings: list[FindingOut] = Field(description="Of the criteria that are the cohort's own.")


class TrialOut(_Told):
    """What a trial is to the patient."""

    nctId: str  # noqa: N815 - the contract's name
    title: str
    overallStatus: str  # noqa: N815 - the contract's name
    here: bool | None = Field(None, description="Whether it is open at the site's own facilities, where it names any.")
    verdict: Standings
    earliestDate: dt.date | None = None  # noqa: N815 - the contract's name
    definition: DefinitionOut
    cohorts: list[CohortOut]
    counts: CountsOut
    findings: list[FindingOut] = Field(description="Of the whole trial, and of the cohort that the verdict is of.")


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
    edition: str | None = Field(
        default=None, description="One word for program, tables and trials: the same where processes answer alike."
    )
    store: Literal["up", "down", "none"] | None = None
    stored_trials: Literal["read", "not-read", "none"] | None = Field(
        default=None,
        description="Whether the trials in the store were read at the start; not read: definitions alone are loaded.",
    )
