"""Whom an answer is about: what a FHIR server sends for one patient is sent on only if it is that patient's.

A server may ignore a search parameter that it does not know, or that its type does not have, and answer with everything
it holds (https://hl7.org/fhir/R4/search.html#errors). A CDS service writes the search, so it could ask for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from cds.fhir.values import many, part

if TYPE_CHECKING:
    from cds.ehr.templates import Question

__all__ = ["is_of_another"]

Json = dict[str, Any]
_WHOSE = ("subject", "patient", "beneficiary", "individual", "for", "candidate", "individualSubject")
"""The elements by which entries of R4 say whose they are; ``participant.actor`` is looked at besides."""
_WHERE = ("encounter", "context")
_AFTER_TYPE = 2


def is_of_another(entries: Iterable[object], asked: Question) -> bool:
    """Say whether any entry is another patient's; one of the type that was asked for must name the patient itself.

    What came along with it (a practitioner, a drug) need name nobody, but may not name another patient either.
    """
    return any(_foreign(each, asked) for entry in entries if (each := part(entry, "resource")) is not None)


def _foreign(resource: object, asked: Question) -> bool:
    if not isinstance(resource, dict):
        return False
    kind = resource.get("resourceType")
    if kind == "OperationOutcome":
        return False
    if kind == "Patient":
        return resource.get("id") != asked.scene.patient_id
    named = set(_patients_of(resource))
    if named:
        return named != {asked.scene.patient_id}
    return kind == asked.resource_type and not _of_this_call(resource, asked)


def _of_this_call(resource: Json, asked: Question) -> bool:
    """Say whether an entry that names no patient belongs to the call by its own id, or by its encounter's."""
    scene = asked.scene
    if f"{resource.get('resourceType')}/{resource.get('id')}" == scene.user:
        return True
    if scene.encounter_id is None:
        return False
    own = resource.get("resourceType") == "Encounter" and resource.get("id") == scene.encounter_id
    return own or scene.encounter_id in {
        name for element in _WHERE for name in _ids_in(resource.get(element), "Encounter")
    }


def _patients_of(resource: Json) -> Iterator[str]:
    for element in _WHOSE:
        yield from _ids_in(resource.get(element), "Patient")
    for each in many(resource.get("participant")):
        yield from _ids_in(part(each, "actor"), "Patient")


def _ids_in(value: object, kind: str) -> Iterator[str]:
    """Give the ids of the resources of a kind that a reference, or a list of them, leads to."""
    for each in many(value):
        reference = part(each, "reference")
        if isinstance(reference, str):
            steps = reference.strip().partition("/_history/")[0].split("/")
            if len(steps) >= _AFTER_TYPE and steps[-_AFTER_TYPE] == kind:
                yield steps[-1]
