"""The JSON of ``/api/about``: where the rules come from that charts are held against, and what of a person they use."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from cds.core.attributes import Attribute, Way
from cds.core.chart import Kind

__all__ = ["ABOUT", "ABOUT_TRIAL", "About", "AboutTrial"]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Funding(_Told):
    """Who paid for the technical implementation, as far as whoever runs this has said."""

    stated: bool
    says: str


class SoftwareOut(_Told):
    """The program, and the tables by which it understands codes."""

    name: Literal["Trialcards"]
    version: str
    tables: str = Field(description="SHA-256 of the mapping tables, a site's own among them; blank: not known.")


class DefinitionsOut(_Told):
    """All loaded definitions together."""

    sha256: str
    curated: int = Field(description="Written by hand.")
    drafts: int = Field(description="Made by machine out of the registry's text.")
    reviewed: int = Field(description="With a named person who looked at them.")


class AboutListed(_Told):
    """One definition in short; the whole is at ``/api/about/{nctId}``."""

    nctId: str  # noqa: N815 - the contract's name
    title: str
    url: str
    draft: bool
    reviewed: bool
    version: str
    sha256: str
    posted: dt.date | None = Field(None, description="The day of the registry record that it stands for.")
    uses: list[Attribute] = Field(description="Which data about the person its criteria use.")


class About(_Told):
    """The program, who answers for it, and every definition that charts are held against."""

    rule: str = Field(description="The paragraph whose source attributes are told here.")
    software: SoftwareOut
    developer: str
    funding: Funding
    definitions: DefinitionsOut
    always: str = Field(description="What is read of every patient, whatever the trials.")
    trials: list[AboutListed]


class ReferenceOut(_Told):
    """The registry's record that a definition puts into rules."""

    madeFrom: dt.date | None = Field(None, description="The day of the record it was written from.")  # noqa: N815 - the contract's name
    posted: dt.date | None = Field(None, description="The day of the record that it was brought up to.")
    textSha256: str | None = Field(None, description="Which version of the eligibility text.")  # noqa: N815 - the contract's name
    sponsor: str | None = Field(None, description="Who runs the trial, where its record is held.")


class TranslationOut(_Told):
    """Who put the record into rules, and who has looked at them."""

    developer: str
    says: str = Field(description="By hand or by machine.")
    review: str = Field(description="Who reviewed it; said plainly where nobody did.")
    reviewer: str | None = None
    reviewedOn: dt.date | None = None  # noqa: N815 - the contract's name
    version: str
    sha256: str


class UseOut(_Told):
    """One way in which criteria use an attribute."""

    way: Way
    criteria: list[str]


class AttributeOut(_Told):
    """One sort of data about a person, and whether criteria use it."""

    attribute: Attribute
    paragraph: str
    used: bool
    uses: list[UseOut]


class ConceptOut(_Told):
    """One thing that is looked for in a chart."""

    id: str
    display: str


class DataOut(_Told):
    """One kind of entry that is read, and what is looked for there."""

    kind: Kind
    concepts: list[ConceptOut]


class AboutTrial(_Told):
    """The source attributes of one definition."""

    nctId: str  # noqa: N815 - the contract's name
    title: str
    url: str
    draft: bool
    complete: bool
    citation: str
    reference: ReferenceOut
    translation: TranslationOut
    funding: Funding
    attributes: list[AttributeOut]
    data: list[DataOut]


Json = dict[str, Any]

_SHA256: Final = "2557ffe3efccadfd7c9d0c13428cb01a658fe48c055d2859d9075f263da749c4"
_FUNDING: Final[Json] = {"stated": False, "says": "No source of funding has been stated by whoever runs this."}
_SHORT: Final[Json] = {
    "nctId": "NCT00000000",
    "title": "Example of a trial in neuroendocrine carcinoma",
    "url": "https://clinicaltrials.gov/study/NCT00000000",
    "draft": False,
}
ABOUT: Final[Json] = {
    "rule": "45 CFR 170.315(b)(11)(iv)(A)",
    "software": {"name": "Trialcards", "version": "1.0.0", "tables": _SHA256},
    "developer": "The Trialcards project",
    "funding": _FUNDING,
    "definitions": {"sha256": _SHA256, "curated": 1, "drafts": 0, "reviewed": 0},
    "always": "Whether the patient has died.",
    "trials": [
        _SHORT
        | {
            "reviewed": False,
            "version": "2026-06-07.1",
            "sha256": _SHA256,
            "posted": "2026-06-07",
            "uses": ["sex", "date-of-birth"],
        }
    ],
}
ABOUT_TRIAL: Final[Json] = _SHORT | {
    "complete": True,
    "citation": (
        "Example of a trial in neuroendocrine carcinoma. ClinicalTrials.gov, NCT00000000, record posted 2026-06-07. "
        "https://clinicaltrials.gov/study/NCT00000000"
    ),
    "reference": {"madeFrom": "2026-06-07", "posted": "2026-06-07", "sponsor": "Example Institute"},
    "translation": {
        "developer": "The Trialcards project",
        "says": "Written as rules by the developer.",
        "review": "Not clinically reviewed: no person has been named who looked at it.",
        "version": "2026-06-07.1",
        "sha256": _SHA256,
    },
    "funding": _FUNDING,
    "attributes": [
        {"attribute": "race", "paragraph": "45 CFR 170.315(b)(11)(iv)(A)(5)", "used": False, "uses": []},
        {
            "attribute": "sex",
            "paragraph": "45 CFR 170.315(b)(11)(iv)(A)(10)",
            "used": True,
            "uses": [{"way": "range", "criteria": ["bilirubin"]}],
        },
    ],
    "data": [
        {"kind": "person", "concepts": []},
        {"kind": "measurement", "concepts": [{"id": "bilirubin-total", "display": "Total bilirubin"}]},
    ],
}
