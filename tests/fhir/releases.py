"""An R4 resource as R5 would have it, so far as what is read differs. Source: R5 (5.0.0) StructureDefinitions."""

from typing import Any

Json = dict[str, Any]

_ADHERENCE = {
    "active": "taking-as-directed",
    "on-hold": "on-hold",
    "completed": "stopped-as-directed",
    "stopped": "stopped",
    "unknown": "unknown",
}
_MOVED = {
    "Procedure": ("performed", "occurrence"),
    "MedicationAdministration": ("effective", "occurence"),
}


def as_r5(bundle: Json) -> Json:
    """Give the whole Bundle in the shape of R5."""
    return bundle | {"entry": [each | {"resource": resource_as_r5(each["resource"])} for each in bundle["entry"]]}


def resource_as_r5(sent: Json) -> Json:
    """Give one resource in the shape of R5."""
    told = {name: value for name, value in sent.items() if name != "contained"}
    if "contained" in sent:
        told["contained"] = [resource_as_r5(each) for each in sent["contained"]]
    kind = told.get("resourceType")
    _choice_joined(told, "medication")
    if kind in _MOVED:
        _renamed(told, *_MOVED[kind])
    if kind == "MedicationStatement" and told.get("status") in _ADHERENCE:
        told["adherence"] = {"code": {"coding": [{"code": _ADHERENCE[told["status"]]}]}}
        told["status"] = "recorded"
    if kind == "Medication":
        told["ingredient"] = [_choice_joined(dict(each), "item") for each in told.get("ingredient", [])]
    if kind == "MedicationRequest" and "reportedBoolean" in told:
        told["reported"] = told.pop("reportedBoolean")
    if kind == "Condition":
        told["participant"] = [{"actor": told.pop(name)} for name in ("recorder", "asserter") if name in told]
    if kind == "Consent":
        told = _consent(told)
    return told


def _choice_joined(told: Json, stem: str) -> Json:
    """Make ``[stem]CodeableConcept`` and ``[stem]Reference`` one CodeableReference."""
    for ending, name in (("CodeableConcept", "concept"), ("Reference", "reference")):
        if stem + ending in told:
            told[stem] = told.get(stem, {}) | {name: told.pop(stem + ending)}
    return told


def _renamed(told: Json, stem: str, other: str) -> None:
    for name in [name for name in told if name.startswith(stem)]:
        told[other + name.removeprefix(stem)] = told.pop(name)


def _consent(told: Json) -> Json:
    rule = told.pop("provision", {})
    told["subject"] = told.pop("patient", None)
    told["category"] = [*told.get("category", []), told.pop("scope", {})]
    told["decision"] = rule.get("type", "permit")
    told["provision"] = [
        {name: value for name, value in each.items() if name != "type"} for each in rule.get("provision", [])
    ]
    return told
