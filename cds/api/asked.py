"""What ``/api/assessments`` may be asked: a chart, what a person says besides, and how it is read as a question."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from cds.api.models import Extents, Truths
from cds.assessment import Question
from cds.core.finding import Attestation
from cds.core.quantities import Comparator
from cds.core.said import Said
from cds.core.truth import Truth
from cds.hooks.wire import PatientId, checked

__all__ = ["AssessmentRequest", "read_question"]


def _day(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("must be a date of the form YYYY-MM-DD")
    return value


Day = Annotated[dt.date, BeforeValidator(_day)]
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_DIGITS, _FINEST = 15, -400
"""So many digits before the point, and so small a part: what goes beyond is no laboratory's, and is not worked out."""


def _number(value: object) -> object:
    """Take a number, or the text of one, with the digits it was sent with."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and exponent >= _FINEST and number.adjusted() < _DIGITS:
            return number
    raise ValueError(f"must be a number of no more than {_DIGITS} digits before the point")


Number = Annotated[
    Decimal,
    BeforeValidator(_number),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": -(10**_DIGITS), "exclusiveMaximum": 10**_DIGITS},
                {"type": "string", "pattern": f"^{_NUMBER.pattern}$"},
            ]
        }
    ),
]
"""An exact number: ``104``, ``0.85``, or either as text."""


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class AttestationIn(_Asked):
    """What a person says of a criterion of a trial."""

    criterion: str
    trial: str
    truth: Truths
    note: str = ""


class NormalIn(_Asked):
    """The limits of normal that go with a result, in its unit."""

    low: Number | None = None
    high: Number | None = None


class ResultIn(_Asked):
    """What a person says was measured: it counts as a result of its day, and takes the place of records of that day."""

    concept: str = Field(description="As a finding's `measured` names it.")
    value: Number
    comparator: Literal["<", "<=", ">=", ">"] | None = None
    unit: str = Field("", max_length=100, description="A unit that the concept can be compared in; blank for a score.")
    date: Day
    range: NormalIn | None = None
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
    results: tuple[ResultIn, ...] = ()
    series: bool = Field(default=False, description="Whether findings that rest on results tell these over time.")


def read_question(body: object) -> Question:
    """Read a decoded body, an assessment request or a bare Bundle, as a question; raise ``BadCall`` naming elements."""
    if isinstance(body, dict) and body.get("resourceType") == "Bundle":
        return Question(body)
    asked = checked(AssessmentRequest, body)
    attestations = tuple(
        Attestation(each.criterion, each.trial, Truth(each.truth), each.note) for each in asked.attestations
    )
    return Question(
        asked.bundle,
        asked.patientId,
        asked.trials,
        asked.asOf,
        asked.covered,
        attestations,
        tuple(map(_said, asked.results)),
        asked.series,
    )


def _said(each: ResultIn) -> Said:
    normal = each.range or NormalIn()
    comparator = Comparator(each.comparator or Comparator.EXACTLY.value)
    return Said(each.concept, each.value, each.unit, each.date, comparator, normal.low, normal.high, each.note)
