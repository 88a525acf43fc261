"""Quirks of codes, words, dates and statuses, in entries of every type."""

from collections.abc import Callable

from cds.core.finding import Cause
from tests.quirks.quirk import Json, of_entries
from tests.quirks.sources import ORACLE_CONDITIONS, ORACLE_RESULTS, SUPPOSED, fhir, issue

_CODED = (
    "Observation",
    "Condition",
    "Procedure",
    "MedicationStatement",
    "MedicationRequest",
    "MedicationAdministration",
)
_CONCEPTS = ("code", "medicationCodeableConcept", "vaccineCode")
_LOCAL = {"system": "https://fhir.cerner.com/ec2458f2-1e24-41c8-b71b-0e701af7583d/codeSet/72", "code": "21705335"}
_ICD = ("http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/icd-9-cm")
_NO_RECORD = (Cause.NO_RECORD, Cause.UNMAPPED, Cause.CONDITION_UNKNOWN, Cause.TOO_GENERAL, Cause.TOO_OLD)


def _recoded(resource: Json, change: Callable[[Json], Json]) -> Json | None:
    found = {name: change(resource[name]) for name in _CONCEPTS if isinstance(resource.get(name), dict)}
    return resource | found if found else None


def _each_coding(resource: Json, change: Callable[[Json], Json]) -> Json | None:
    return _recoded(resource, lambda told: told | {"coding": [change(each) for each in told.get("coding", [])]})


# -------------------------------------------------------------------------------------------------------------- codes
@of_entries(*_CODED, seen=ORACLE_RESULTS, does="every coding is looked up, in any order")
def local_code_first(resource: Json) -> Json | None:
    """A local code stands before the standard ones."""
    return _recoded(resource, lambda told: told | {"coding": [_LOCAL, *told.get("coding", [])]})


@of_entries(
    "Observation",
    "Condition",
    "Procedure",
    seen=ORACLE_RESULTS,
    does="counted as not recognised; a site may map it",
    causes=_NO_RECORD,
    unseen=True,
)
def local_code_only(resource: Json) -> Json | None:
    """An entry has a local code and no standard one."""
    return _recoded(resource, lambda told: {"coding": [_LOCAL], "text": told.get("text") or _shown(told)})


def _shown(told: Json) -> str:
    return next((each["display"] for each in told.get("coding", []) if each.get("display")), "")


@of_entries(
    "Observation",
    "Condition",
    "Procedure",
    seen=issue(("openemr/openemr", 13828)),
    does="words make no diagnosis and no result; those that may speak of a tumour keep a disease from being ruled out",
    causes=_NO_RECORD,
    unseen=True,
)
def words_only(resource: Json) -> Json | None:
    """An entry has words and no code at all."""
    return _recoded(resource, lambda told: {"text": told.get("text") or _shown(told)})


@of_entries("Condition", seen="[MIMIC-IV on FHIR](https://physionet.org/content/mimic-iv-fhir/)", does="the same code")
def icd_without_dots(resource: Json) -> Json | None:
    """ICD codes come without the dot, `C7A8`."""
    return _each_coding(resource, lambda c: c | {"code": c["code"].replace(".", "")} if c.get("system") in _ICD else c)


@of_entries("Condition", seen=SUPPOSED, does="the same code")
def icd_in_small_letters(resource: Json) -> Json | None:
    """ICD codes come in small letters, `c34.90`."""
    return _each_coding(resource, lambda c: c | {"code": c["code"].lower()} if c.get("system") in _ICD else c)


@of_entries(*_CODED, seen=ORACLE_CONDITIONS, does="blanks around codes and systems are dropped")
def blanks_around_codes(resource: Json) -> Json | None:
    """A code has blanks around it."""
    return _each_coding(resource, lambda c: c | {"code": f" {c['code']} ", "system": f"{c.get('system', '')} "})


_OIDS = {
    "http://loinc.org": "urn:oid:2.16.840.1.113883.6.1",
    "http://snomed.info/sct": "urn:oid:2.16.840.1.113883.6.96",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "urn:oid:2.16.840.1.113883.6.88",
    "http://hl7.org/fhir/sid/icd-10-cm": "urn:oid:2.16.840.1.113883.6.90",
}


@of_entries(*_CODED, seen=fhir("terminologies-systems.html", "code systems"), does="the same system")
def systems_by_oid(resource: Json) -> Json | None:
    """Code systems are named by their OID."""
    return _each_coding(resource, lambda c: c | {"system": _OIDS.get(str(c.get("system")), c.get("system"))})


@of_entries(*_CODED, seen=SUPPOSED, does="codes decide; what is shown is only shown")
def markup_in_displays(resource: Json) -> Json | None:
    """What a code displays holds HTML."""
    return _each_coding(resource, lambda c: c | {"display": f"<b>{c.get('display', '')}</b>&nbsp;"})


@of_entries(*_CODED, seen=issue(("openemr/openemr", 13828)), does="empty codings are passed over")
def empty_codings(resource: Json) -> Json | None:
    """Nulls, blanks and empty objects stand among the codings."""
    return _recoded(resource, lambda told: told | {"coding": [None, {}, {"code": ""}, *told.get("coding", [])]})


# -------------------------------------------------------------------------------------------------------------- dates
_DATES = (
    "effectiveDateTime",
    "onsetDateTime",
    "recordedDate",
    "authoredOn",
    "performedDateTime",
    "occurrenceDateTime",
    "abatementDateTime",
)


def _dated(resource: Json, change: Callable[[str], str]) -> Json | None:
    found = {name: change(resource[name]) for name in _DATES if isinstance(resource.get(name), str)}
    return resource | found if any(resource[name] != told for name, told in found.items()) else None


@of_entries(seen=issue(("FirelyTeam/spark", 69), ("chaseastewart/fhir-converter", 2)), does="the day that it names")
def time_without_zone(resource: Json) -> Json | None:
    """A time comes without its zone."""
    return _dated(resource, lambda told: told[:10] + "T12:00:00" if len(told) >= 10 else told)


@of_entries(seen=issue(("hapifhir/hapi-fhir", 887)), does="the day that it names")
def time_to_the_minute(resource: Json) -> Json | None:
    """A time has no seconds."""
    return _dated(resource, lambda told: told[:10] + "T12:00" if len(told) >= 10 else told)


@of_entries(
    "Observation",
    "MedicationAdministration",
    "MedicationStatement",
    "MedicationRequest",
    "Procedure",
    seen=fhir("datatypes.html#dateTime", "dateTime"),
    does="held as any day of that year",
    causes=(Cause.DATE_IMPRECISE, Cause.TOO_OLD, Cause.CONFLICTING, Cause.NO_RECORD),
)
def year_only(resource: Json) -> Json | None:
    """A date is given to the year."""
    return _dated(resource, lambda told: told[:4])


@of_entries(
    "Observation",
    "MedicationAdministration",
    "Procedure",
    zone="America/New_York",
    seen=fhir("datatypes.html#dateTime", "dateTime"),
    does="either of the two days",
    causes=(Cause.DATE_IMPRECISE, Cause.TOO_OLD, Cause.CONFLICTING),
)
def day_as_midnight_utc(resource: Json) -> Json | None:
    """A mere day is sent as midnight of Greenwich, which at the site is the evening before."""
    return _dated(resource, lambda told: told + "T00:00:00Z" if len(told) == 10 else told)


@of_entries(
    "Observation",
    seen=fhir("observation.html", "Observation"),
    does="a result of no day counts for none",
    causes=(Cause.DATE_IMPRECISE, Cause.NO_RECORD, Cause.TOO_OLD),
)
def date_missing(resource: Json) -> Json | None:
    """A result has no date."""
    return {name: each for name, each in resource.items() if name not in {"effectiveDateTime", "issued"}}


@of_entries(
    "Observation",
    seen=fhir("datatypes.html#dateTime", "dateTime"),
    does="a result of no day counts for none",
    causes=(Cause.DATE_IMPRECISE, Cause.NO_RECORD, Cause.TOO_OLD),
)
def date_of_no_day(resource: Json) -> Json | None:
    """A date names no day of the calendar, or is in another form."""
    return _dated(resource, lambda _told: "06/31/2026")


# ----------------------------------------------------------------------------------------------------------- statuses
@of_entries(seen=ORACLE_RESULTS, does="blanks around a status are dropped")
def blanks_after_status(resource: Json) -> Json | None:
    """A status has a blank behind it."""
    return resource | {"status": resource["status"] + " "} if isinstance(resource.get("status"), str) else None


@of_entries(seen=SUPPOSED, does="the same status")
def status_in_capitals(resource: Json) -> Json | None:
    """A status is written `Final`, `ACTIVE`."""
    return resource | {"status": resource["status"].upper()} if isinstance(resource.get("status"), str) else None


@of_entries(
    "Condition",
    seen="[MIMIC-IV on FHIR](https://physionet.org/content/mimic-iv-fhir/)",
    does="whether it is still there is not known, and not taken for no",
    causes=(Cause.CONDITION_UNKNOWN, Cause.NO_RECORD, Cause.NOT_READ, Cause.DATE_IMPRECISE, Cause.CONFLICTING),
)
def clinical_status_missing(resource: Json) -> Json | None:
    """A diagnosis does not say whether it is active."""
    return {name: each for name, each in resource.items() if name != "clinicalStatus"}


@of_entries("Condition", seen="[STU3 Condition](https://hl7.org/fhir/STU3/condition.html)", does="read in both shapes")
def statuses_as_bare_words(resource: Json) -> Json | None:
    """Clinical and verification status are bare words, as in STU3."""
    told = {n: resource[n]["coding"][0]["code"] for n in ("clinicalStatus", "verificationStatus") if n in resource}
    return resource | told if told else None


@of_entries("Condition", seen=ORACLE_CONDITIONS, does="skipped")
def diagnosis_in_error_twin(resource: Json) -> list[Json] | None:
    """Beside a diagnosis stands the same, entered in error."""
    wrong = {"coding": [{"code": "entered-in-error"}]}
    twin = {k: v for k, v in resource.items() if k != "clinicalStatus"}
    return [resource, twin | {"id": f"{resource['id']}-wrong", "verificationStatus": wrong}]
