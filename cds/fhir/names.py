"""Which FHIR resource types tell of which kind of entry, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.chart import Extent, Kind

if TYPE_CHECKING:
    from cds.core.chart import Chart

KIND_OF = {
    "Patient": Kind.PERSON,
    "Observation": Kind.MEASUREMENT,
    "Condition": Kind.CONDITION,
    "MedicationStatement": Kind.MEDICATION,
    "MedicationRequest": Kind.MEDICATION,
    "MedicationAdministration": Kind.MEDICATION,
    "MedicationDispense": Kind.MEDICATION,
    "Procedure": Kind.PROCEDURE,
    "Immunization": Kind.IMMUNIZATION,
    "AllergyIntolerance": Kind.ALLERGY,
}
"""The kind of entry that a resource of this type is."""

TYPES_OF = {kind: tuple(name for name, other in KIND_OF.items() if other is kind) for kind in Kind}
"""The resource types that tell of a kind of entry; several only for medication."""

KNOWN = {name.casefold(): name for name in (*KIND_OF, "Medication", "Consent", "Flag", "Bundle", "OperationOutcome")}
"""Every type that is looked into, by its name in lower case: servers have been seen to send other spellings."""


def covered_types(chart: Chart) -> dict[str, Extent]:
    """Say per resource type how completely it was read, for showing.

    Of the medication types only those that were seen are named; where none was, statements and requests stand for all.
    """
    told: dict[str, Extent] = {}
    for kind, extent in chart.covered.items():
        names = TYPES_OF[kind]
        seen = [name for name in names if chart.read.get(name)]
        told.update(dict.fromkeys(seen or names[:2], extent))
    return told
