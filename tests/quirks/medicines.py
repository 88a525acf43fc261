"""Quirks of drugs: how entries name them, and the types of entry that tell of them."""

from cds.core.finding import Cause
from tests.quirks.quirk import Json, copied, of_entries
from tests.quirks.sources import ORACLE_ORDERS, fhir, issue

_ALL = ("MedicationStatement", "MedicationRequest", "MedicationAdministration", "MedicationDispense")
_MIMIC = "[MIMIC-IV on FHIR](https://physionet.org/content/mimic-iv-fhir/)"
_R5 = "[R5 CodeableReference](https://hl7.org/fhir/R5/references.html#codeablereference)"
_UNREAD = (Cause.NOT_READ, Cause.NO_RECORD, Cause.CONDITION_UNKNOWN)
_BASE = "http://example.org/fhir"


def _concept(resource: Json) -> Json | None:
    found = resource.get("medicationCodeableConcept")
    return found if isinstance(found, dict) else None


def _pointing(resource: Json, reference: str, **more: object) -> Json:
    return {k: v for k, v in resource.items() if k != "medicationCodeableConcept"} | {
        "medicationReference": {"reference": reference},
        **more,
    }


def _words(told: Json) -> str:
    return told.get("text") or next((c["display"] for c in told.get("coding", []) if c.get("display")), "")


@of_entries(*_ALL, seen=ORACLE_ORDERS, does="the drug inside the entry is read")
def drug_inside(resource: Json) -> Json | None:
    """The drug is a contained Medication."""
    told = _concept(resource)
    return told and _pointing(resource, "#m1", contained=[{"resourceType": "Medication", "id": "m1", "code": told}])


@of_entries(*_ALL, seen=issue(("drajer-health/eCRNow", 406)), does="the drug beside the entry is read")
def drug_beside(resource: Json) -> list[Json] | None:
    """The drug is a Medication of its own, referred to by its id."""
    told, name = _concept(resource), f"drug-{resource['id']}"
    return (
        None
        if told is None
        else [
            _pointing(resource, f"Medication/{name}"),
            {"resourceType": "Medication", "id": name, "code": told},
        ]
    )


@of_entries(
    *_ALL,
    seen=issue(("onc-healthit/onc-certification-g10-test-kit", 345)),
    does="the address is followed within the Bundle",
)
def drug_by_address(resource: Json) -> list[Json] | None:
    """The drug is referred to by an absolute address."""
    told, name = _concept(resource), f"drug-{resource['id']}"
    if told is None:
        return None
    pointed = _pointing(resource, f"{_BASE}/Medication/{name}/_history/1")
    return [pointed, {"resourceType": "Medication", "id": name, "code": told}]


@of_entries(
    *_ALL,
    seen=fhir("bundle.html#references", "references in Bundles"),
    does="the id behind the `urn:uuid:` is followed",
)
def drug_by_urn(resource: Json) -> list[Json] | None:
    """The drug is referred to by a `urn:uuid:`."""
    told, name = _concept(resource), f"drug-{resource['id']}"
    return (
        None
        if told is None
        else [_pointing(resource, f"urn:uuid:{name}"), {"resourceType": "Medication", "id": name, "code": told}]
    )


@of_entries(
    *_ALL,
    seen=issue(("cqframework/clinical_quality_language", 1226), ("nhsconnect/gpconnect-demonstrator", 315)),
    does="lost, and its kind no longer counts as read",
    causes=_UNREAD,
)
def drug_not_sent(resource: Json) -> Json | None:
    """The drug is referred to and not sent."""
    return _pointing(resource, "Medication/elsewhere") if _concept(resource) else None


@of_entries(
    *_ALL,
    seen=issue(("onc-healthit/onc-certification-g10-test-kit", 345)),
    does="known by its words where these name one ingredient",
    causes=(Cause.NO_RECORD, Cause.UNMAPPED, Cause.CONDITION_UNKNOWN, Cause.TOO_GENERAL),
    unseen=True,
)
def drug_by_its_display(resource: Json) -> Json | None:
    """A reference that leads nowhere shows the drug's name."""
    told = _concept(resource)
    if told is None or not _words(told):
        return None
    return {k: v for k, v in resource.items() if k != "medicationCodeableConcept"} | {
        "medicationReference": {"reference": "Medication/elsewhere", "display": _words(told)}
    }


@of_entries(
    *_ALL,
    seen=_MIMIC,
    does="known by its words where these name one ingredient",
    causes=(Cause.NO_RECORD, Cause.UNMAPPED, Cause.CONDITION_UNKNOWN, Cause.TOO_GENERAL),
    unseen=True,
)
def drug_in_words_only(resource: Json) -> Json | None:
    """The drug is named in words, without a code."""
    told = _concept(resource)
    return resource | {"medicationCodeableConcept": {"text": _words(told)}} if told and _words(told) else None


@of_entries(
    *_ALL,
    seen=_MIMIC,
    does="counted as not recognised where no table and no server knows the product",
    causes=(Cause.NO_RECORD, Cause.UNMAPPED, Cause.CONDITION_UNKNOWN, Cause.TOO_GENERAL),
    unseen=True,
)
def drug_by_ndc_only(resource: Json) -> Json | None:
    """The drug is a package by its NDC, without words."""
    code = {"system": "http://hl7.org/fhir/sid/ndc", "code": "99999-0999-99"}
    return resource | {"medicationCodeableConcept": {"coding": [code]}} if _concept(resource) else None


@of_entries(
    *_ALL,
    seen=ORACLE_ORDERS,
    does="counted as not recognised; a site may map it",
    causes=(Cause.NO_RECORD, Cause.UNMAPPED, Cause.CONDITION_UNKNOWN, Cause.TOO_GENERAL),
    unseen=True,
)
def drug_by_local_code_only(resource: Json) -> Json | None:
    """The drug has a local code and nothing else."""
    code = {"system": "https://fhir.cerner.com/ec2458f2/synonym", "code": "2749795"}
    return resource | {"medicationCodeableConcept": {"coding": [code]}} if _concept(resource) else None


@of_entries(*_ALL, seen=_R5, does="read in both shapes")
def drug_in_the_shape_of_R5(resource: Json) -> Json | None:  # noqa: N802 - a release's name
    """The drug is a CodeableReference `medication`, as in R5."""
    told = _concept(resource)
    kept = {k: v for k, v in resource.items() if k != "medicationCodeableConcept"}
    return told and kept | {"medication": {"concept": told}}


@of_entries(
    "MedicationStatement",
    seen="[R5 MedicationStatement](https://hl7.org/fhir/R5/medicationstatement.html)",
    does="whether it is taken is read from `adherence`, and else not known",
    causes=(
        Cause.NO_RECORD,
        Cause.DATE_IMPRECISE,
        Cause.NOT_READ,
        Cause.CONDITION_UNKNOWN,
        Cause.CONFLICTING,
        Cause.TOO_GENERAL,
        Cause.UNMAPPED,
    ),
)
def statement_recorded(resource: Json) -> Json | None:
    """A statement has the status `recorded` of R5, which says nothing of the taking."""
    return resource | {"status": "recorded"}


@of_entries(
    *_ALL,
    seen=fhir("medicationrequest-definitions.html#MedicationRequest.doNotPerform", "doNotPerform"),
    does="no drug is taken by it",
)
def order_not_to_give_twin(resource: Json) -> list[Json] | None:
    """Beside an entry stands an order not to give another drug."""
    drug = {
        "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "28031"}],
        "text": "Itraconazole",
    }
    order = {
        "resourceType": "MedicationRequest",
        "id": f"{resource['id']}-not",
        "status": "active",
        "intent": "order",
        "doNotPerform": True,
        "medicationCodeableConcept": drug,
        "subject": resource["subject"],
        "authoredOn": "2026-06-01",
    }
    return [resource, order]


@of_entries(
    "MedicationStatement",
    seen="[US Core](https://hl7.org/fhir/us/core/STU6.1/medication-list.html)",
    does="an order that runs is read as a drug that is taken",
    causes=(
        Cause.NO_RECORD,
        Cause.DATE_IMPRECISE,
        Cause.TOO_OLD,
        Cause.CONFLICTING,
        Cause.NOT_READ,
        Cause.CONDITION_UNKNOWN,
    ),
)
def order_in_place_of_statement(resource: Json) -> Json | None:
    """Drugs are told as MedicationRequest where there are no statements."""
    since = resource.get("effectiveDateTime") or resource.get("effectivePeriod", {}).get("start")
    kept = {k: v for k, v in resource.items() if not k.startswith(("effective", "dosage"))}
    bounds = {"boundsPeriod": resource["effectivePeriod"]} if "effectivePeriod" in resource else None
    dosage = [
        each | {"timing": {"repeat": each.get("timing", {}).get("repeat", {}) | bounds}} if bounds else each
        for each in resource.get("dosage", [{}])
    ]
    when = {"authoredOn": since} if since else {}
    return kept | when | {"resourceType": "MedicationRequest", "intent": "order", "dosageInstruction": dosage}


@of_entries(
    "MedicationStatement",
    seen=_MIMIC,
    does="handed over: that it is still taken is not known",
    causes=(
        Cause.NO_RECORD,
        Cause.DATE_IMPRECISE,
        Cause.TOO_OLD,
        Cause.NOT_READ,
        Cause.CONDITION_UNKNOWN,
        Cause.CONFLICTING,
        Cause.TOO_GENERAL,
        Cause.UNMAPPED,
    ),
)
def dispense_in_place_of_statement(resource: Json) -> Json | None:
    """Drugs are told as dispensed only."""
    since = resource.get("effectiveDateTime") or resource.get("effectivePeriod", {}).get("start")
    kept = {k: v for k, v in resource.items() if not k.startswith(("effective", "dosage", "status"))}
    when = {"whenHandedOver": since} if since else {}
    return kept | when | {"resourceType": "MedicationDispense", "status": "completed"}


@of_entries("MedicationStatement", "MedicationRequest", seen=_MIMIC, does="the entries are one course of the drug")
def the_same_as_statement_and_order(resource: Json) -> list[Json] | None:
    """One drug is told twice, by two entries that agree."""
    return [resource, copied(resource) | {"id": f"{resource['id']}-again"}]
