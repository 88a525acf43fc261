"""Procedures, vaccinations and allergies: three kinds of entry that take a few lines each to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.chart import Allergy, Procedure, Vaccination
from cds.fhir.reading.elements import Elements, merged
from cds.fhir.reading.extensions import intent_of
from cds.fhir.values import CannotReadError, Json, many, part, word

if TYPE_CHECKING:
    from cds.core.codes import Coded

_NOT_DONE = frozenset({"not-done", "entered-in-error", "preparation"})


def read_procedure(resource: Json, reference: str, elements: Elements) -> list[Procedure]:
    """Give what was done, or none where it was planned, not done or entered in error."""
    if word(resource.get("status")) in _NOT_DONE or resource.get("notDone") is True:
        return []
    code = _said(elements.coded(resource.get("code")), "it does not say what was done")
    start, end = elements.span(resource, "performed")
    if start is None and end is None:
        start, end = elements.span(resource, "occurrence")
    sites = resource.get("bodySite")
    where = elements.all_coded(sites) if sites else ()
    return [Procedure(code, reference, start, end, where, intent_of(resource, elements))]


_GIVEN = {"completed": True, "not-done": False, "entered-in-error": False}


def read_vaccination(resource: Json, reference: str, elements: Elements) -> list[Vaccination]:
    """Give the vaccination, or none where it was not done; one that does not say whether it was done is not read."""
    given = _GIVEN.get(word(resource.get("status")))
    if given is None:
        raise CannotReadError("it does not say whether the vaccine was given")
    if not given or resource.get("wasNotGiven") is True or resource.get("notGiven") is True:
        return []
    code = _said(elements.named(resource.get("vaccineCode")), "it does not say which vaccine")
    when = elements.moment(resource, "occurrence") or elements.date(resource.get("date"))
    return [Vaccination(code, reference, when)]


_NO_ALLERGY = frozenset({"refuted", "entered-in-error"})


def read_allergy(resource: Json, reference: str, elements: Elements) -> list[Allergy]:
    """Give the allergy with all the substances it names, or none where it was refuted or entered in error."""
    sureness = word(resource.get("verificationStatus"))
    if sureness in _NO_ALLERGY or word(resource.get("status")) in _NO_ALLERGY:
        return []
    told = [elements.named(part(each, "substance")) for each in many(resource.get("reaction"))]
    code = merged(elements.named(resource.get("code")), elements.named(resource.get("substance")), *told)
    return [Allergy(_said(code, "it does not say to what"), reference, sureness in {"", "confirmed"})]


def _said(code: Coded | None, otherwise: str) -> Coded:
    if code is None:
        raise CannotReadError(otherwise)
    return code
