"""Conditions: diagnoses and problems with their sites, histology, stage, course and certainty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.chart import ClinicalStatus, Condition, Verification
from cds.fhir.reading.elements import Elements
from cds.fhir.reading.extensions import HISTOLOGY, extended
from cds.fhir.values import CannotReadError, Json, many, part, true, word

if TYPE_CHECKING:
    from cds.core.dates import PartialDate

_CLINICAL = {
    "active": ClinicalStatus.ACTIVE,
    "recurrence": ClinicalStatus.ACTIVE,
    "relapse": ClinicalStatus.ACTIVE,
    "inactive": ClinicalStatus.INACTIVE,
    "remission": ClinicalStatus.INACTIVE,
    "resolved": ClinicalStatus.INACTIVE,
}

_VERIFICATION = {
    "confirmed": Verification.CONFIRMED,
    "": Verification.CONFIRMED,
    "refuted": Verification.REFUTED,
    "entered-in-error": Verification.ENTERED_IN_ERROR,
}

_RECURRED = frozenset({"recurrence", "relapse"})


def read_condition(resource: Json, reference: str, elements: Elements) -> list[Condition]:
    """Give the diagnosis of one Condition; raises :class:`CannotReadError` where it does not say what it is.

    A verification status that is not known here counts as unconfirmed, a clinical status as unknown.
    """
    code = elements.coded(resource.get("code"))
    if code is None:
        raise CannotReadError("it does not say which condition it is")
    sites, stages = resource.get("bodySite"), resource.get("stage")
    return [
        Condition(
            code,
            reference,
            elements.all_coded(sites) if sites else (),
            extended(resource, HISTOLOGY, elements),
            _clinical(resource),
            _VERIFICATION.get(word(resource.get("verificationStatus")), Verification.UNCONFIRMED),
            elements.moment(resource, "onset"),
            elements.moment(resource, "abatement"),
            _recorded(resource, elements),
            elements.all_coded([part(each, "summary") for each in many(stages)]) if stages else (),
            word(resource.get("clinicalStatus")) in _RECURRED,
        )
    ]


def _clinical(resource: Json) -> ClinicalStatus:
    told = _CLINICAL.get(word(resource.get("clinicalStatus")), ClinicalStatus.UNKNOWN)
    if told is ClinicalStatus.UNKNOWN and true(resource.get("abatementBoolean")):
        return ClinicalStatus.INACTIVE
    return told


def _recorded(resource: Json, elements: Elements) -> PartialDate | None:
    for name in ("recordedDate", "assertedDate", "dateRecorded"):
        if (day := elements.date(resource.get(name))) is not None:
            return day
    return None
