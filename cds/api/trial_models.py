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


class LineOut(_Told):
    """One line of the registry's eligibility text, and what was read of it."""

    line: int = Field(description="Its number, counted from 1; blank lines count.")
    text: str = Field(description="As a person should read it, without the registry's escapes; blank lines are empty.")
    criteria: list[str] = Field(description="The ids of the criteria that were read of it.")
    heading: Literal[True] | None = Field(None, description="That it says nothing by itself, where that is known.")


class RegistryRecord(RegistryFacts):
    """What the registry's record says of one trial, where it is held, with its text."""

    title: str | None = Field(None, description="The official title.")
    summary: str | None = Field(None, description="The registry's brief summary, in paragraphs.")
    eligibility: list[LineOut] | None = Field(
        None, description="The very version of the text in which the lines of criteria are counted, where it is held."
    )


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
    own: Literal[True] | None = Field(None, description="That it is one of the site's own facilities.")
    contact: str | None = None


class ContactOut(_Told):
    """Whom to ask about the whole study, as the registry tells it."""

    name: str | None = None
    role: str | None = None
    phone: str | None = None
    email: str | None = None


class TrialDetail(TrialListed):
    """One trial in full: its criteria in the order of its definition, and its places."""

    purpose: str | None = Field(
        None, description="What is studied and what happens to those who join, in plain words for the patient."
    )
    note: str | None = None
    registry: RegistryRecord | None = None
    eligibility: list[CriterionOut]
    facilities: list[FacilityOut]
    phases: list[str] | None = Field(None, description="As the definition says them, in the registry's words.")
    sites: list[str] | None = Field(None, description="Places as the definition names them, in words.")
    contacts: list[ContactOut] | None = Field(None, description="Of the whole study, where its record is held.")


class RemarkOut(_Told):
    """One thing that the linter says of a definition."""

    level: Literal["error", "warning"] = Field(
        description="error: a fault of the definition; warning: the registry's record says otherwise today."
    )
    place: str = Field(description="The file, or the number of a trial that has none.")
    says: str


class TrialRemarks(_Told):
    """What the linter says of one trial: of its definition, or of its draft."""

    nctId: str  # noqa: N815 - the contract's name
    remarks: list[RemarkOut]


class ReasonCount(_Told):
    """How many cards were overridden for one reason."""

    code: str = Field(description="HL7's code for the reason; `none`, `other`.")
    says: str = Field(description="The reason in words.")
    count: int


class FeedbackOnTrial(_Told):
    """How the cards that told one trial fared. Each counts once, as accepted, overridden or unanswered."""

    nctId: str  # noqa: N815 - the contract's name
    told: int
    accepted: int
    overridden: int
    unanswered: int = Field(description="No feedback came. That is no rejection.")
    reasons: list[ReasonCount] = Field(description="Of the cards that were overridden, the most frequent first.")


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
