"""The JSON of ``/api/trials``: the trials that are loaded, one of them in full, and those that are like it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cds.api.models import SourceOut, SpanOut, TrialListed


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RegistryFacts(_Told):
    """What the registry's record says of a trial, where it is held."""

    phases: list[str]
    conditions: list[str]
    drugs: list[str]
    sponsor: str | None = None
    countries: list[str]
    sites: int = Field(description="How many places the registry names.")
    start: str | None = Field(None, description="A day, a month or a year.")
    updated: str | None = Field(None, description="The day of the record's last posting.")


class TrialEntry(TrialListed):
    """A trial that charts are held against, with what the registry says of it."""

    registry: RegistryFacts | None = None


class TrialList(_Told):
    """The trials that are loaded and as is asked for."""

    trials: list[TrialEntry]


class CriterionOut(_Told):
    """One criterion of a definition, and where and how it was read."""

    criterion: str
    cohort: str | None = Field(None, description="The cohort it belongs to; absent: to the whole trial.")
    section: Literal["inclusion", "exclusion"]
    label: str
    kind: str
    asks: str = Field(description="What the criterion asks, in one sentence for a clinician.")
    plain: str | None = None
    disease: bool = Field(description="Whether it says which disease the trial is about.")
    question: bool = Field(description="Whether only a person can settle it.")
    note: str | None = Field(None, description="How the text was read, where that is not plain.")
    source: SourceOut | None = None
    span: SpanOut | None = None


class FacilityOut(_Told):
    """A place of the registry's record, and whom to ask there."""

    name: str | None = None
    city: str | None = None
    country: str | None = None
    status: str | None = None
    open: bool = Field(description="Whether it takes patients now or will.")
    contact: str | None = None


class TrialDetail(TrialEntry):
    """One trial in full: its criteria in the order of its definition, and its places."""

    note: str | None = None
    eligibility: list[CriterionOut]
    facilities: list[FacilityOut]


class ReasonOut(_Told):
    """What two trials share."""

    kind: Literal["condition", "intervention", "line"]
    says: str


class RelatedTrial(_Told):
    """A trial that is like another, and why."""

    nctId: str  # noqa: N815 - the contract's name
    title: str
    overallStatus: str  # noqa: N815 - the contract's name
    url: str
    similarity: float = Field(description="From 0 (hardly) to 1 (in all that is compared); it only orders.")
    reasons: list[ReasonOut]


class RelatedTrials(_Told):
    """The trials that are like one, the most alike first."""

    trials: list[RelatedTrial]
