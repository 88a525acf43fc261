"""Quirks of results: numbers, units, ranges, statuses and panels of Observations."""

from decimal import Decimal

from cds.core.finding import Cause
from tests.quirks.quirk import Json, copied, of_entries
from tests.quirks.sources import ORACLE_RESULTS, SUPPOSED, fhir, issue

_QUANTITIES = fhir("datatypes.html#Quantity", "Quantity")
_OBSERVATION = fhir("observation.html", "Observation")
_NO_UNIT = (Cause.UNIT_NOT_COMPARABLE, Cause.CONDITION_UNKNOWN)
_AN_INTERVAL = (Cause.TOO_GENERAL, Cause.CONDITION_UNKNOWN)
"""An interval that a limit lies within; the second where the condition of another rule stays open for it."""
_WORDS = (Cause.IMPLAUSIBLE, Cause.CONDITION_UNKNOWN)


def _quantity(resource: Json) -> Json | None:
    found = resource.get("valueQuantity")
    return found if isinstance(found, dict) and "value" in found else None


def _bare(quantity: Json) -> Json:
    return {name: each for name, each in quantity.items() if name in {"value", "comparator"}}


def _spelled(quantity: Json) -> str:
    return str(quantity.get("unit") or quantity.get("code") or "")


def _with_value(resource: Json, **value: object) -> Json:
    return {name: each for name, each in resource.items() if not name.startswith("value")} | value


# ------------------------------------------------------------------------------------------------------- comparators
def _compared(resource: Json, sign: str) -> Json | None:
    quantity = _quantity(resource)
    if quantity is None or "comparator" in quantity:
        return None
    return _with_value(resource, valueQuantity=quantity | {"comparator": sign})


@of_entries(
    "Observation", seen=_QUANTITIES, does="held as an interval: all of it must answer alike", causes=_AN_INTERVAL
)
def at_most(resource: Json) -> Json | None:
    """A result below a limit of detection is sent with the comparator `<=`."""
    return _compared(resource, "<=")


@of_entries(
    "Observation", seen=_QUANTITIES, does="held as an interval: all of it must answer alike", causes=_AN_INTERVAL
)
def at_least(resource: Json) -> Json | None:
    """A result above what an instrument measures is sent with the comparator `>=`."""
    return _compared(resource, ">=")


@of_entries("Observation", seen=_QUANTITIES, does="kept as words, which settle nothing", causes=_WORDS)
def a_comparator_that_is_none(resource: Json) -> Json | None:
    """The comparator is a sign that R4 does not know, such as `~`."""
    return _compared(resource, "~")


# ------------------------------------------------------------------------------------------------------ value as words
@of_entries("Observation", seen=ORACLE_RESULTS, does="the number and its unit are read out of the words")
def value_in_words(resource: Json) -> Json | None:
    """A number is sent as `valueString`, with its unit in the same text."""
    quantity = _quantity(resource)
    if quantity is None or "comparator" in quantity or not _spelled(quantity)[:1].isalpha():
        return None
    return _with_value(resource, valueString=f"{quantity['value']} {_spelled(quantity)}")


@of_entries("Observation", seen=ORACLE_RESULTS, does="the sign is read with the number", causes=_AN_INTERVAL)
def sign_in_words(resource: Json) -> Json | None:
    """A comparator stands in the text of a `valueString`."""
    quantity = _quantity(resource)
    if quantity is None or "comparator" in quantity or not _spelled(quantity)[:1].isalpha():
        return None
    return _with_value(resource, valueString=f"<={quantity['value']} {_spelled(quantity)}")


@of_entries("Observation", seen=_QUANTITIES, does="read as the number it is")
def number_as_text(resource: Json) -> Json | None:
    """`valueQuantity.value` is a string of digits in place of a JSON number."""
    quantity = _quantity(resource)
    return quantity and _with_value(resource, valueQuantity=quantity | {"value": str(quantity["value"])})


@of_entries("Observation", seen=_OBSERVATION, does="two forms that agree are one value")
def value_in_two_forms(resource: Json) -> Json | None:
    """The same number is sent as a quantity and as text, though one form only is allowed."""
    quantity = _quantity(resource)
    spelled_once = quantity is not None and quantity.get("unit") == quantity.get("code")
    if quantity is None or "comparator" in quantity or not spelled_once or not _spelled(quantity)[:1].isalpha():
        return None
    return resource | {"valueString": f"{quantity['value']} {quantity['code']}"}


@of_entries("Observation", seen=_OBSERVATION, does="told as words with both, which settle nothing", causes=_WORDS)
def two_values_that_differ(resource: Json) -> Json | None:
    """Two forms of the value are sent that do not agree."""
    quantity = _quantity(resource)
    return quantity and resource | {"valueString": "see comment"}


@of_entries("Observation", seen=_QUANTITIES, does="the same exact number")
def digits_beyond_need(resource: Json) -> Json | None:
    """A number comes with noughts behind it: 5.4 as 5.40000000."""
    quantity = _quantity(resource)
    if quantity is None:
        return None
    value = Decimal(str(quantity["value"]))
    return _with_value(resource, valueQuantity=quantity | {"value": value.quantize(Decimal("0.00000001"))})


@of_entries("Observation", seen=fhir("datatypes.html#decimal", "decimal"), does="the same exact number")
def number_with_exponent(resource: Json) -> Json | None:
    """A number is written with an exponent: 150 as 1.5E+2."""
    quantity = _quantity(resource)
    if quantity is None or not quantity["value"]:
        return None
    sign, digits, exponent = Decimal(str(quantity["value"])).normalize().as_tuple()
    assert isinstance(exponent, int)
    written = Decimal((sign, digits, exponent))
    return _with_value(resource, valueQuantity=quantity | {"value": written})


@of_entries("Observation", seen=issue(("athenahealth/apiserver-athenaFlex", 224)), does="read as the number it is")
def score_as_quantity(resource: Json) -> Json | None:
    """A score is sent as a quantity, with `{score}` for its unit or with none."""
    value = resource.get("valueInteger")
    return None if value is None else _with_value(resource, valueQuantity={"value": value, "unit": "{score}"})


# -------------------------------------------------------------------------------------------------------------- units


@of_entries(
    "Observation",
    seen=issue(("argonautproject/implementation-program", 19), ("athenahealth/apiserver-athenaFlex", 224)),
    does="not guessed: a number without a unit is not compared",
    causes=_NO_UNIT,
)
def unit_missing(resource: Json) -> Json | None:
    """A quantity has neither unit nor code."""
    quantity = _quantity(resource)
    return quantity and _with_value(resource, valueQuantity=_bare(quantity))


@of_entries("Observation", seen=issue(("jami-fhir-jp-wg/jp-core-v1x", 961)), does="the words of the unit are looked up")
def unit_without_code(resource: Json) -> Json | None:
    """A quantity has a unit in words, and neither system nor code."""
    quantity = _quantity(resource)
    if quantity is None or not _spelled(quantity):
        return None
    return _with_value(resource, valueQuantity=_bare(quantity) | {"unit": _spelled(quantity)})


def _counted(resource: Json, spelling: str) -> Json | None:
    quantity = _quantity(resource)
    if quantity is None or quantity.get("code") not in {"10*3/uL", "10*9/L"}:
        return None
    told = _bare(quantity) | {"unit": spelling, "system": "http://unitsofmeasure.org", "code": spelling}
    return _with_value(resource, valueQuantity=told)


_SYNTHEA = "[Synthea's encounters](https://github.com/synthetichealth/synthea/tree/master/src/main/resources/modules)"
_SPELLED = "the tables hold these spellings before UCUM is asked, in which K is kelvin"


@of_entries("Observation", seen=_SYNTHEA, does=_SPELLED)
def thousands_as_K(resource: Json) -> Json | None:  # noqa: N802 - the unit is written so
    """Counts are sent in `K/uL`, said to be UCUM."""
    return _counted(resource, "K/uL")


@of_entries("Observation", seen=SUPPOSED, does=_SPELLED)
def thousands_as_x10E3(resource: Json) -> Json | None:  # noqa: N802 - the unit is written so
    """Counts are sent in `x10E3/uL`."""
    return _counted(resource, "x10E3/uL")


@of_entries("Observation", seen=fhir("valueset-ucum-units.html", "UCUM units"), does=_SPELLED)
def thousands_as_10_9(resource: Json) -> Json | None:
    """The same counts are sent in `10*9/L`."""
    return _counted(resource, "10*9/L")


@of_entries("Observation", seen=SUPPOSED, does="the sign for micro is read in each of its forms")
def micro_by_another_sign(resource: Json) -> Json | None:
    """The unit's µ is the Greek letter (U+03BC) or the micro sign (U+00B5), or a plain u."""
    quantity = _quantity(resource)
    if quantity is None or not {"\u00b5", "\u03bc"} & set(_spelled(quantity)):
        return None
    spelled = _spelled(quantity).replace("\u00b5", "\u03bc")
    return _with_value(resource, valueQuantity=_bare(quantity) | {"unit": spelled})


@of_entries("Observation", seen=SUPPOSED, does="blanks of every kind around and before a unit are dropped")
def blanks_in_units(resource: Json) -> Json | None:
    """A unit has blanks around it, no-break spaces among them."""
    quantity = _quantity(resource)
    if quantity is None or not _spelled(quantity):
        return None
    return _with_value(resource, valueQuantity=_bare(quantity) | {"unit": f"\u00a0{_spelled(quantity)} "})


# ----------------------------------------------------------------------------------------------------- ranges and flags
@of_entries(
    "Observation",
    seen=fhir("observation-definitions.html#Observation.referenceRange.text", "range in words"),
    does="limits are read out of the words",
)
def range_in_words(resource: Json) -> Json | None:
    """The normal range has words only, `0.6 - 1.2`."""
    ranges = resource.get("referenceRange")
    if not ranges or not all({"low", "high"} <= set(each) for each in ranges):
        return None
    told = [
        {
            **{k: v for k, v in each.items() if k in {"type", "appliesTo", "age"}},
            "text": f"{each['low']['value']} - {each['high']['value']}",
        }
        for each in ranges
    ]
    return resource | {"referenceRange": told}


@of_entries(
    "Observation",
    seen=fhir("observation.html#referenceRange", "reference ranges"),
    does="multiples of the upper limit stay open",
    causes=(Cause.NO_REFERENCE_RANGE,),
)
def range_without_a_high(resource: Json) -> Json | None:
    """The normal range has a lower limit only."""
    ranges = resource.get("referenceRange")
    if not ranges:
        return None
    return resource | {
        "referenceRange": [{k: v for k, v in each.items() if k not in {"high", "text"}} for each in ranges]
    }


@of_entries(
    "Observation",
    seen=issue(("argonautproject/implementation-program", 19)),
    does="multiples of a limit stay open, unless the site's own table stands in",
    causes=(Cause.NO_REFERENCE_RANGE,),
)
def range_missing(resource: Json) -> Json | None:
    """No normal range comes with the result."""
    return {k: v for k, v in resource.items() if k != "referenceRange"} if "referenceRange" in resource else None


@of_entries(
    "Observation", seen="[STU3 Observation](https://hl7.org/fhir/STU3/observation.html)", does="read in both shapes"
)
def interpretation_as_object(resource: Json) -> Json | None:
    """The interpretation is one object, as in STU3, in place of a list."""
    told = resource.get("interpretation")
    return resource | {"interpretation": told[0]} if told else None


# ------------------------------------------------------------------------------------------------- what does not count
def _twin(resource: Json, ending: str, **more: object) -> list[Json]:
    return [resource, copied(resource) | {"id": f"{resource['id']}-{ending}", **more}]


_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


@of_entries("Observation", seen=ORACLE_RESULTS, does="skipped: the result with a value decides")
def masked_twin(resource: Json) -> list[Json] | None:
    """Beside the result stands another of the same day whose value is masked (`dataAbsentReason`)."""
    if _quantity(resource) is None:
        return None
    original, twin = _twin(resource, "masked")
    reason = {"coding": [{"system": _ABSENT, "code": "masked"}], "text": "Masked"}
    return [original, _with_value(twin, dataAbsentReason=reason)]


@of_entries("Observation", seen=ORACLE_RESULTS, does="no result: as if it had not been sent", causes=(Cause.NO_RECORD,))
def value_absent(resource: Json) -> Json | None:
    """A result has no value but a reason for that, `error`."""
    if _quantity(resource) is None:
        return None
    return _with_value(resource, dataAbsentReason={"coding": [{"system": _ABSENT, "code": "error"}]})


@of_entries(
    "Observation",
    seen=fhir("observation.html#invs", "invariant obs-6"),
    does="told as words, which settle nothing",
    causes=_WORDS,
)
def value_and_reason_for_none(resource: Json) -> Json | None:
    """A result has a value and also a reason for having none."""
    if _quantity(resource) is None:
        return None
    return resource | {"dataAbsentReason": {"coding": [{"system": _ABSENT, "code": "unknown"}]}}


@of_entries("Observation", seen=ORACLE_RESULTS, does="skipped")
def entered_in_error_twin(resource: Json) -> list[Json] | None:
    """Beside the result stands a wrong one that was entered in error."""
    quantity = _quantity(resource)
    if quantity is None:
        return None
    return _twin(resource, "wrong", status="entered-in-error", valueQuantity=quantity | {"value": Decimal(999)})


@of_entries("Observation", seen=ORACLE_RESULTS, does="the final one decides with the same value")
def preliminary_twin(resource: Json) -> list[Json] | None:
    """The preliminary result is still there beside the final one."""
    stands = _quantity(resource) is not None and resource.get("status") == "final"
    return _twin(resource, "prelim", status="preliminary") if stands else None


@of_entries("Observation", seen=_OBSERVATION, does="the newest version of one id counts")
def corrected_version(resource: Json) -> list[Json] | None:
    """One id comes in two versions, the older with another value."""
    quantity = _quantity(resource)
    if quantity is None or resource.get("status") != "final":
        return None
    older = {"versionId": "1", "lastUpdated": "2026-01-01T00:00:00Z"}
    newer = {"versionId": "2", "lastUpdated": "2026-01-02T00:00:00Z"}
    wrong = copied(resource) | {"meta": older, "valueQuantity": quantity | {"value": Decimal(999)}}
    return [resource | {"meta": newer, "status": "corrected"}, wrong]


@of_entries(
    "Observation",
    seen=issue(("LinuxForHealth/FHIR", 440)),
    does="neither is trusted: lost, and named as such",
    causes=(Cause.NOT_READ, Cause.NO_RECORD),
)
def two_versions_of_no_order(resource: Json) -> list[Json] | None:
    """One id comes in two versions that differ and do not say which is newer."""
    quantity = _quantity(resource)
    bare = {k: v for k, v in resource.items() if k != "meta"}
    return None if quantity is None else [bare, copied(bare) | {"valueQuantity": quantity | {"value": Decimal(999)}}]


# ------------------------------------------------------------------------------------------------------------- panels
_PANEL = {"coding": [{"system": "http://loinc.org", "code": "24323-8"}], "text": "Comprehensive metabolic panel"}


def _inside(resource: Json) -> Json | None:
    if _quantity(resource) is None or "component" in resource:
        return None
    moved = ("code", "valueQuantity", "referenceRange", "interpretation")
    return {name: resource[name] for name in moved if name in resource}


@of_entries("Observation", seen=issue(("hl7au/au-fhir-test-data", 66)), does="each component is a result of its own")
def result_as_component(resource: Json) -> Json | None:
    """A result is sent as a component of a panel."""
    component = _inside(resource)
    if component is None:
        return None
    kept = {name: each for name, each in resource.items() if name not in component}
    return kept | {"code": _PANEL, "component": [component]}


@of_entries("Observation", seen=issue(("hl7au/au-fhir-test-data", 66)), does="the empty component is skipped")
def empty_component(resource: Json) -> Json | None:
    """A panel has a component without a value, and the reason for that."""
    component = _inside(resource)
    if component is None:
        return None
    empty = {"code": component["code"], "dataAbsentReason": {"coding": [{"system": _ABSENT, "code": "not-performed"}]}}
    kept = {name: each for name, each in resource.items() if name not in component}
    return kept | {"code": _PANEL, "component": [empty, component]}


@of_entries("Observation", seen=_OBSERVATION, does="the panel is passed over, its members are read")
def panel_with_members(resource: Json) -> list[Json] | None:
    """A panel without a value points to its results by `hasMember`."""
    if _quantity(resource) is None:
        return None
    pointer = {"reference": f"Observation/{resource['id']}"}
    panel = {k: resource[k] for k in ("resourceType", "status", "subject", "effectiveDateTime") if k in resource}
    return [resource, panel | {"id": f"{resource['id']}-panel", "code": _PANEL, "hasMember": [pointer]}]


@of_entries(
    "Observation", seen="[HL7 blood pressure](https://hl7.org/fhir/R4/bp.html)", does="read as the same two results"
)
def blood_pressure_apart(resource: Json) -> list[Json] | None:
    """Systolic and diastolic pressure come as results of their own in place of components."""
    components = resource.get("component")
    if not components or not all("valueQuantity" in each for each in components):
        return None
    kept = {name: each for name, each in resource.items() if name not in {"component", "code"}}
    return [kept | each | {"id": f"{resource['id']}{'' if not n else f'-{n}'}"} for n, each in enumerate(components)]


# ---------------------------------------------------------------------------------------------------------- categories
@of_entries(
    "Observation",
    seen="[SMART sample data](https://github.com/smart-on-fhir/generated-sample-data)",
    does="a result is known by its code",
)
def category_mistyped(resource: Json) -> Json | None:
    """The category of vital signs reads `vital-sign`."""
    return resource | {"category": [{"coding": [{"code": "vital-sign"}]}]}


@of_entries("Observation", "Condition", seen=_OBSERVATION, does="a result is known by its code")
def category_missing(resource: Json) -> Json | None:
    """An entry has no category."""
    return {name: each for name, each in resource.items() if name != "category"}
