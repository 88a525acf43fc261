"""Conditions: diagnoses and problems with their sites, histology, course and certainty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.chart import ClinicalStatus, Condition, Verification
from cds.fhir.elements import Elements
from cds.fhir.values import CannotReadError, Json, many, text, true, word

if TYPE_CHECKING:
    from cds.core.codes import Coded
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

_HISTOLOGY = "histologymorphologybehavior"
"""How the mCODE histology extension is recognised in all its versions' URLs, hyphens and case left out.

The current one: http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-histology-morphology-behavior.
"""


def read_condition(resource: Json, reference: str, elements: Elements) -> list[Condition]:
    """Give the diagnosis of one Condition; raises :class:`CannotReadError` where it does not say what it is.

    A verification status that is not known here counts as unconfirmed, a clinical status as unknown.
    """
    code = elements.coded(resource.get("code"))
    if code is None:
        raise CannotReadError("it does not say which condition it is")
    extensions = resource.get("extension")
    sites = resource.get("bodySite")
    return [
        Condition(
            code,
            reference,
            elements.all_coded(sites) if sites else (),
            _histology(extensions, elements) if extensions else (),
            _clinical(resource),
            _VERIFICATION.get(word(resource.get("verificationStatus")), Verification.UNCONFIRMED),
            elements.moment(resource, "onset"),
            elements.moment(resource, "abatement"),
            _recorded(resource, elements),
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


def _histology(extensions: object, elements: Elements) -> tuple[Coded, ...]:
    found: list[Coded] = []
    for each in many(extensions):
        if isinstance(each, dict) and _HISTOLOGY in text(each.get("url")).replace("-", "").casefold():
            found.extend(elements.all_coded(each.get("valueCodeableConcept") or each.get("valueCoding")))
    return tuple(found)
