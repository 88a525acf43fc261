"""Quirks of whose and what an entry is, and of the Bundle around the entries."""

import random

from cds.core.finding import Cause
from tests.quirks.quirk import Json, Pick, copied, of_bundles, of_entries
from tests.quirks.sources import ORACLE_RESULTS, fhir, issue

_STRICT = "[fhir.resources](https://pypi.org/project/fhir.resources/) refuses the whole Bundle for it"
_UNREAD = tuple(Cause)
"""What is missing may leave any of the other causes behind: the coverage of every kind is in doubt."""
_LOST = (
    Cause.NOT_READ,
    Cause.NO_RECORD,
    Cause.CONDITION_UNKNOWN,
    Cause.TOO_OLD,
    Cause.TOO_GENERAL,
    Cause.DATE_IMPRECISE,
)


def _pointer(resource: Json) -> str | None:
    return next((name for name in ("subject", "patient") if isinstance(resource.get(name), dict)), None)


def _patient_id(bundle: Json) -> str:
    return next(
        str(e["resource"]["id"])
        for e in bundle["entry"]
        if isinstance(e, dict)
        and isinstance(e.get("resource"), dict)
        and e["resource"].get("resourceType") == "Patient"
    )


# --------------------------------------------------------------------------------------------------------- whose it is
def _about(resource: Json, **pointer: object) -> Json | None:
    name = _pointer(resource)
    return None if name is None else resource | {name: pointer}


@of_entries(seen=fhir("references.html", "References"), does="the same patient where server and id are")
def subject_by_address(resource: Json) -> Json | None:
    """The patient is referred to by an absolute address."""
    name = _pointer(resource)
    return _about(resource, reference=f"http://example.org/fhir/{resource[name]['reference']}") if name else None


@of_entries(
    seen=fhir("references.html#logical", "logical references"),
    does="lost: it does not say which patient it is about",
    causes=_LOST,
)
def subject_by_number(resource: Json) -> Json | None:
    """The patient is given by an identifier and no reference."""
    return _about(resource, identifier={"system": "urn:example:mrn", "value": "1"})


@of_entries(
    seen=fhir("references.html", "References"), does="lost: it does not say which patient it is about", causes=_LOST
)
def subject_by_name(resource: Json) -> Json | None:
    """The patient is given by a name to be shown, and no reference."""
    return _about(resource, display="A. Patient")


@of_entries(seen=_STRICT, does="taken for the patient's where nobody else is in the Bundle")
def subject_missing(resource: Json) -> Json | None:
    """An entry does not say whose it is."""
    name = _pointer(resource)
    return {k: v for k, v in resource.items() if k != name} if name else None


@of_bundles(fhir("security.html", "security"), "another patient's entries are told apart, listed and not read")
def another_patient_s_entries(bundle: Json, pick: Pick) -> Json:
    """Entries of another patient stand among the results."""
    mine, others = _patient_id(bundle), []
    for entry in bundle["entry"]:
        resource = entry.get("resource")
        if isinstance(resource, dict) and pick(resource) and (name := _pointer(resource)):
            theirs = {"id": f"other-{resource.get('id')}", name: {"reference": f"Patient/not-{mine}"}}
            others.append({"resource": copied(resource) | theirs})
    other = {
        "resource": {"resourceType": "Patient", "id": f"not-{mine}", "birthDate": "1999-01-01", "gender": "female"}
    }
    return bundle | {"entry": [*bundle["entry"], other, *others]}


# ---------------------------------------------------------------------------------------------------------- what it is
@of_entries(seen=_STRICT, does="ids are taken as they come")
def underscores_in_ids(resource: Json) -> Json | None:
    """Ids hold underscores, which FHIR does not allow."""
    is_target = resource.get("resourceType") in {"Patient", "Medication"}
    return None if is_target or "id" not in resource else resource | {"id": f"{resource['id']}_1"}


@of_entries(seen=fhir("resource.html#Meta", "Meta"), does="not needed where there is one version")
def meta_with_profiles(resource: Json) -> Json | None:
    """An entry names its version, its source and the profiles that it claims to follow."""
    told = {"versionId": "3", "source": "#1", "profile": ["http://example.org/p"], "tag": [{"code": "x"}]}
    return resource | {"meta": told}


@of_entries(seen=_STRICT, does="passed over where there is one version")
def meta_of_another_form(resource: Json) -> Json | None:
    """`meta.versionId` is a number and `lastUpdated` no instant."""
    return resource | {"meta": {"versionId": 7, "lastUpdated": "06/15/2026 09:00"}}


@of_entries(seen=_STRICT, does="passed over")
def unknown_members(resource: Json) -> Json | None:
    """An entry has members and extensions that no profile knows."""
    odd = {"url": "http://example.org/odd", "valueMarvel": {"a": [1, None]}}
    return resource | {"extension": [*(resource.get("extension") or []), odd], "vendorField": {"x": 1}, "_status": None}


@of_entries(seen=_STRICT, does="passed over")
def nulls_in_lists(resource: Json) -> Json | None:
    """Nulls stand in lists."""
    return {
        k: [None, *v] if k in {"category", "identifier", "note", "bodySite", "extension"} and isinstance(v, list) else v
        for k, v in resource.items()
    }


@of_entries(seen=_STRICT, does="passed over")
def empty_texts(resource: Json) -> Json | None:
    """Empty strings, lists and objects stand where nothing is known."""
    return resource | {"note": [], "language": "", "performer": [{}], "encounter": {"reference": ""}}


@of_entries(seen=ORACLE_RESULTS, does="passed over")
def a_long_narrative(resource: Json) -> Json | None:
    """Each entry repeats all that it says as HTML."""
    return resource | {"text": {"status": "generated", "div": "<div>" + "<p><b>Value</b>: 1</p>" * 50 + "</div>"}}


@of_entries(
    "Observation", "Condition", seen=fhir("references.html#contained", "contained resources"), does="passed over"
)
def a_patient_inside(resource: Json) -> Json | None:
    """Each entry holds a copy of its patient, `contained`."""
    return resource | {"contained": [{"resourceType": "Patient", "id": "pat", "birthDate": "1900-01-01"}]}


# ---------------------------------------------------------------------------------------------------------- the Bundle
@of_bundles(issue(("LinuxForHealth/FHIR", 265), ("LinuxForHealth/FHIR", 1766)), "each resource counts once")
def entries_twice(bundle: Json, pick: Pick) -> Json:
    """The same resource comes twice, with and without its address."""
    again = [
        {"resource": copied(e["resource"])}
        for e in bundle["entry"]
        if isinstance(e.get("resource"), dict) and pick(e["resource"])
    ]
    return bundle | {"entry": [*bundle["entry"], *again]}


@of_bundles(issue(("medplum/medplum", 4608)), "the order of entries decides nothing")
def entries_reversed(bundle: Json, _pick: Pick) -> Json:
    """Entries come in the reverse order, the patient last."""
    return bundle | {"entry": list(reversed(bundle["entry"]))}


@of_bundles(issue(("medplum/medplum", 4608)), "the order of entries decides nothing")
def entries_shuffled(bundle: Json, _pick: Pick) -> Json:
    """Entries come in no order."""
    entries = list(bundle["entry"])
    random.Random(len(entries)).shuffle(entries)  # noqa: S311 - the same order in every run is wanted
    return bundle | {"entry": entries}


def _remark(bundle: Json, **issue_: object) -> Json:
    said = {"resourceType": "OperationOutcome", "issue": [issue_]}
    return bundle | {"entry": [*bundle["entry"], {"resource": said, "search": {"mode": "outcome"}}]}


@of_bundles(issue(("onc-healthit/inferno-program", 229)), "harmless remarks change nothing")
def a_harmless_remark(bundle: Json, _pick: Pick) -> Json:
    """An OperationOutcome among the entries only informs."""
    return _remark(bundle, severity="information", code="informational")


@of_bundles(issue(("onc-healthit/inferno-program", 229)), "every kind counts as partly read", _UNREAD)
def a_remark_that_something_may_be_missing(bundle: Json, _pick: Pick) -> Json:
    """An OperationOutcome warns that the result may not be the whole record."""
    return _remark(bundle, severity="warning", code="suppressed", details={"text": "may not contain the entire record"})


@of_bundles(ORACLE_RESULTS, "types that tell of nothing we ask are passed over")
def noise_among_the_entries(bundle: Json, _pick: Pick) -> Json:
    """Provenance, Encounter and Practitioner stand among the entries."""
    noise = [
        {"resource": {"resourceType": name, "id": f"n-{name}"}} for name in ("Provenance", "Encounter", "Practitioner")
    ]
    return bundle | {"entry": [*noise, *bundle["entry"], *noise]}


@of_bundles(_STRICT, "one bad entry costs itself; every kind counts as partly read", _UNREAD)
def entries_that_are_none(bundle: Json, _pick: Pick) -> Json:
    """Entries are empty, null, or no resource."""
    return bundle | {"entry": [*bundle["entry"], {}, {"resource": None}, {"resource": {"resourceType": 7}}]}


@of_bundles(_STRICT, "an unknown type is passed over")
def a_type_that_is_not_known(bundle: Json, _pick: Pick) -> Json:
    """An entry is of a type that R4 does not have."""
    return bundle | {"entry": [*bundle["entry"], {"resource": {"resourceType": "VendorThing", "id": "1"}}]}


@of_bundles(fhir("bundle.html", "Bundle"), "Bundles inside a Bundle are opened")
def a_bundle_in_the_bundle(bundle: Json, _pick: Pick) -> Json:
    """The record is wrapped in another Bundle."""
    return bundle | {"entry": [{"resource": bundle | {"type": "searchset"}}]}
