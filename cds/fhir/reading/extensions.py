"""Concepts that mCODE keeps in extensions: histology, the intent of a treatment, why it was ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.codes import Coded
from cds.fhir.values import Json, many, text

if TYPE_CHECKING:
    from cds.fhir.reading.elements import Elements

HISTOLOGY = ("histologymorphologybehavior",)
INTENT = ("procedureintent", "treatmentintent")
TERMINATION = ("terminationreason",)
"""How the extensions are recognised in all their versions' URLs, hyphens and case left out.

The current ones, below http://hl7.org/fhir/us/mcode/StructureDefinition/, are mcode-histology-morphology-behavior,
mcode-procedure-intent (of drugs as well; STU1 called it mcode-treatment-intent) and mcode-treatment-termination-reason.
"""


def extended(resource: Json, names: tuple[str, ...], elements: Elements) -> tuple[Coded, ...]:
    """Give the concepts that an entry's extensions of such a name hold."""
    extensions = resource.get("extension")
    if not extensions:
        return ()
    found: list[Coded] = []
    for each in many(extensions):
        if isinstance(each, dict) and _is_one(each.get("url"), names):
            found.extend(elements.all_coded(each.get("valueCodeableConcept") or each.get("valueCoding")))
    return tuple(found)


def _is_one(url: object, names: tuple[str, ...]) -> bool:
    sent = text(url).replace("-", "").casefold()
    return any(name in sent for name in names)


_NO_INTENT = Coded()


def intent_of(resource: Json, elements: Elements) -> Coded:
    """Give what a treatment is for; nothing where two intents are told, as they rule each other out."""
    told = dict.fromkeys(extended(resource, INTENT, elements))
    return next(iter(told)) if len(told) == 1 else _NO_INTENT
