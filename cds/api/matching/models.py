"""The answer of ``POST /getClinicalTrial`` for the published contract, with an example of a call and of an answer."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ANSWER", "ASKED", "BODY", "MatchesOut"]

Json = dict[str, Any]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MatchSearchOut(_Told):
    """How well a trial fits."""

    mode: Literal["match"]
    score: Annotated[float, Field(gt=0, lt=1)] = Field(description="It only orders; see docs/matching-service.md.")
    extension: list[Json] = Field(description="FHIR's match-grade, and what was found of each criterion.")


class MatchOut(_Told):
    """One trial that may fit."""

    fullUrl: str = Field(description="The trial's page at the registry.")  # noqa: N815 - FHIR's name
    resource: Json = Field(description="A FHIR R4 ResearchStudy, which says nothing of the patient.")
    search: MatchSearchOut


class OutcomeSearchOut(_Told):
    """That an entry is no match, but says how it went."""

    mode: Literal["outcome"]


class OutcomeEntryOut(_Told):
    """What is to be said beside the matches."""

    resource: Json = Field(description="A FHIR R4 OperationOutcome: what was not heeded or read, and why none is told.")
    search: OutcomeSearchOut


class MatchesOut(_Told):
    """The trials that may fit, best first, in a FHIR R4 searchset."""

    resourceType: Literal["Bundle"]  # noqa: N815 - FHIR's name
    type: Literal["searchset"]
    total: int = Field(description="How many trials may fit, those beyond the first few included.")
    entry: list[MatchOut | OutcomeEntryOut]


ASKED: Final[Json] = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {
            "resource": {
                "resourceType": "Parameters",
                "id": "0",
                "parameter": [
                    {"name": "zipCode", "valueString": "67446"},
                    {"name": "travelRadius", "valueString": "1500"},
                    {"name": "phase", "valueString": "phase-2"},
                ],
            }
        },
        {
            "fullUrl": "urn:uuid:example",
            "resource": {"resourceType": "Patient", "id": "example", "gender": "female", "birthDate": "1960"},
        },
    ],
}
BODY: Final[Json] = {
    "description": "A FHIR R4 Bundle with one patient's chart and, if anything is asked, a Parameters resource.",
    "anyOf": [
        {
            "type": "object",
            "properties": {"resourceType": {"const": "Bundle"}},
            "required": ["resourceType"],
        },
        {
            "type": "object",
            "description": "The Bundle within an object.",
            "properties": {"patientData": {"type": "object", "properties": {"resourceType": {"const": "Bundle"}}}},
            "required": ["patientData"],
        },
    ],
}
_FOUND: Final[Json] = {
    "url": "https://trialcards.example.org/fhir/StructureDefinition/trial-match",
    "extension": [
        {"url": "verdict", "valueCode": "candidate"},
        {
            "url": "finding",
            "extension": [
                {"url": "criterion", "valueString": "age"},
                {"url": "truth", "valueCode": "met"},
                {"url": "basis", "valueCode": "documented"},
            ],
        },
    ],
}
ANSWER: Final[Json] = {
    "resourceType": "Bundle",
    "type": "searchset",
    "total": 1,
    "entry": [
        {
            "fullUrl": "https://clinicaltrials.gov/study/NCT00000000",
            "resource": {
                "resourceType": "ResearchStudy",
                "id": "NCT00000000",
                "identifier": [{"use": "official", "system": "http://clinicaltrials.gov", "value": "NCT00000000"}],
                "title": "Example of a trial in neuroendocrine carcinoma",
                "status": "active",
                "category": [{"text": "Study Type: Interventional"}],
            },
            "search": {
                "extension": [
                    {"url": "http://hl7.org/fhir/StructureDefinition/match-grade", "valueCode": "probable"},
                    _FOUND,
                ],
                "mode": "match",
                "score": 0.95,
            },
        },
        {
            "resource": {
                "resourceType": "OperationOutcome",
                "issue": [
                    {
                        "severity": "warning",
                        "code": "not-supported",
                        "diagnostics": "zipCode, travelRadius: this service knows no postal codes",
                    }
                ],
            },
            "search": {"mode": "outcome"},
        },
    ],
}
