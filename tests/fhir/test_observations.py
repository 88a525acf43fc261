from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from cds.core.chart import Chart, Extent, Kind, Measurement, ReferenceRange, ResultStatus
from cds.core.codes import LOINC, Code, Coded
from cds.core.dates import PartialDate
from cds.core.quantities import Comparator, Quantity

Read = Callable[..., Chart]
PLATELETS = {"coding": [{"system": LOINC, "code": "777-3", "display": "Platelets"}], "text": "PLT"}


def observation(**members: object) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": "1", "status": "final", "code": PLATELETS, **members}


def one(chart: Read, **members: object) -> Measurement:
    (found,) = chart(observation(**members)).measurements
    return found


def test_a_plain_result(chart: Read) -> None:
    found = one(
        chart,
        effectiveDateTime="2026-06-10T23:30:00-04:00",
        valueQuantity={
            "value": Decimal("210.0"),
            "unit": "K/uL",
            "code": "10*3/uL",
            "system": "http://unitsofmeasure.org",
        },
        referenceRange=[{"low": {"value": 150}, "high": {"value": 400, "unit": "K/uL"}}],
        interpretation=[{"coding": [{"code": "N"}]}],
    )
    assert found == Measurement(
        Coded((Code(LOINC, "777-3"),), "PLT"),
        "Observation/1",
        Quantity(Decimal("210.0"), ("10*3/uL", "K/uL")),
        PartialDate.parse("2026-06-10"),
        ResultStatus.FINAL,
        (ReferenceRange(Quantity(Decimal(150), ("10*3/uL", "K/uL")), Quantity(Decimal(400), ("K/uL",))),),
        ("N",),
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"valueQuantity": {"value": 1.1}}, Quantity(Decimal("1.1"))),
        ({"valueQuantity": {"value": "1.1", "unit": "mg/dL"}}, Quantity(Decimal("1.1"), ("mg/dL",))),
        ({"valueQuantity": {"value": "<0.5", "code": "mg/dL"}}, Quantity(Decimal("0.5"), ("mg/dL",), Comparator.BELOW)),
        ({"valueQuantity": {"value": 5, "comparator": " >= "}}, Quantity(Decimal(5), (), Comparator.AT_LEAST)),
        ({"valueQuantity": {"value": 5, "comparator": ""}}, Quantity(Decimal(5))),
        ({"valueQuantity": {"value": 5, "comparator": "~", "unit": "U/L"}}, "~ 5 U/L"),
        ({"valueQuantity": {"value": "<5", "comparator": ">"}}, "> < 5"),
        ({"valueQuantity": {"value": "haemolysed", "unit": "U/L"}}, "haemolysed U/L"),
        ({"valueQuantity": {"value": [1]}}, "(cannot be read)"),
        ({"valueQuantity": {"value": True}}, "(cannot be read)"),
        ({"valueQuantity": {"unit": "U/L"}}, None),
        ({"valueQuantity": "12 U/L"}, Quantity(Decimal(12), ("U/L",))),
        ({"valueString": "1.1"}, Quantity(Decimal("1.1"))),
        ({"valueString": " <0.5 "}, Quantity(Decimal("0.5"), (), Comparator.BELOW)),
        ({"valueString": ">=100"}, Quantity(Decimal(100), (), Comparator.AT_LEAST)),
        ({"valueString": "≤3 mg/dL"}, Quantity(Decimal(3), ("mg/dL",), Comparator.AT_MOST)),
        ({"valueString": "1,200"}, "1,200"),
        ({"valueString": "120/80"}, "120/80"),
        ({"valueString": "2-3"}, "2-3"),
        ({"valueString": "NO GROWTH.  "}, "NO GROWTH."),
        ({"valueString": "  "}, None),
        ({"valueString": "WNL"}, "WNL"),
        ({"valueString": " Within normal limits "}, "Within normal limits"),
        ({"valueCodeableConcept": {"text": "Normal"}}, Coded((), "Normal")),
        ({"valueInteger": 2}, Quantity(Decimal(2))),
        ({"valueBoolean": True}, "true"),
        ({"valueBoolean": False}, "false"),
        ({"valueDateTime": "2026-01-01"}, "2026-01-01"),
        ({"valueRange": {"low": {"value": 2}, "high": {"value": 5, "unit": "d"}}}, "2 – 5 d"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 80}}}, "1 : 80"),
        ({"valueSampledData": {"origin": {}}}, "(cannot be read)"),
        ({"valueCodeableConcept": {"text": "positive"}}, Coded((), "positive")),
        ({"valueCodeableConcept": {}}, "(cannot be read)"),
        ({"valueQuantity": {"value": 5}, "valueString": "5"}, Quantity(Decimal(5))),
        ({"valueQuantity": {"value": 5}, "valueString": "<5"}, "5 / < 5"),
        ({"valueQuantity": None, "valueString": "7"}, Quantity(Decimal(7))),
    ],
)
def test_values_of_any_kind(chart: Read, value: dict[str, Any], expected: object) -> None:
    assert one(chart, **value).value == expected


@pytest.mark.parametrize(
    "number", [Decimal("1e999999"), Decimal("1e-31"), Decimal("0." + "1" * 60), 10**60, "1e99", "9" * 59]
)
def test_absurd_numbers_stay_words(chart: Read, number: object) -> None:
    """An exact fraction of a million digits would stop the service."""
    assert isinstance(one(chart, valueQuantity={"value": number}).value, str)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("final", ResultStatus.FINAL),
        ("Corrected ", ResultStatus.FINAL),
        ("amended", ResultStatus.FINAL),
        ("registered", ResultStatus.PRELIMINARY),
        ("Entered in Error", ResultStatus.ENTERED_IN_ERROR),
        ("entered-in-error", ResultStatus.ENTERED_IN_ERROR),
        ("cancelled", ResultStatus.CANCELLED),
        ("unknown", ResultStatus.UNKNOWN),
        (None, ResultStatus.UNKNOWN),
        (7, ResultStatus.UNKNOWN),
    ],
)
def test_statuses_in_any_case_and_with_blanks(chart: Read, sent: object, status: ResultStatus) -> None:
    assert one(chart, status=sent).status is status


@pytest.mark.parametrize(
    ("sent", "day"),
    [
        ({"effectiveDateTime": "2026-06-10T02:00:00Z"}, "2026-06-09"),
        ({"effectiveDateTime": "2026-06-10T02:00:00"}, "2026-06-10"),
        ({"effectiveDateTime": "2026-06-10T02:00"}, "2026-06-10"),
        ({"effectiveDateTime": "2026-06-10T02:00Z"}, "2026-06-09"),
        ({"effectiveDateTime": "2026-06-10T25:99:00Z"}, "2026-06-10"),
        ({"effectiveDateTime": "2026-06"}, "2026-06"),
        ({"effectiveDateTime": "2026"}, "2026"),
        ({"effectiveInstant": "2026-06-10T12:00:00Z"}, "2026-06-10"),
        ({"effectivePeriod": {"start": "2026-06-10", "end": "2026-06-12"}}, "2026-06-10..2026-06-12"),
        ({"effectivePeriod": {"start": "2026-06-10"}}, "2026-06-10"),
        ({"effectiveTiming": {"event": ["2026-06-10"]}}, "2026-06-10"),
        ({"issued": "2026-06-11T12:00:00Z"}, "2026-06-11"),
        ({"effectiveDateTime": "2026-06-31", "issued": "2026-07-01T12:00:00Z"}, "None"),
        ({"effectiveDateTime": "yesterday"}, "None"),
        ({"effectiveDateTime": "0000-01-01"}, "None"),
        ({"effectiveDateTime": "0001-01-01T00:00:00Z"}, "None"),
        ({}, "None"),
    ],
)
def test_days(chart: Read, sent: dict[str, Any], day: str) -> None:
    found = one(chart, valueQuantity={"value": 1}, **sent)
    assert str(found.date) == day
    assert found.value == Quantity(Decimal(1))


def test_components_are_measurements_of_their_own(chart: Read) -> None:
    systolic = {
        "code": {"coding": [{"system": LOINC, "code": "8480-6"}]},
        "valueQuantity": {"value": 120, "unit": "mmHg"},
    }
    diastolic = {"code": {"text": "diastolic"}, "dataAbsentReason": {"coding": [{"code": "not-performed"}]}}
    found = chart(observation(effectiveDateTime="2026-06-10", component=[systolic, diastolic])).measurements
    assert [(str(each.code), each.value, each.absent, each.reference, str(each.date)) for each in found] == [
        ("http://loinc.org|8480-6", Quantity(Decimal(120), ("mmHg",)), "", "Observation/1", "2026-06-10"),
        ("diastolic", None, "not-performed", "Observation/1", "2026-06-10"),
    ]
    with_own = chart(observation(valueInteger=3, component=[systolic])).measurements
    assert [str(each.code) for each in with_own] == ["PLT", "http://loinc.org|8480-6"]


def test_a_component_that_cannot_be_read_is_lost_and_uncovers(chart: Read) -> None:
    read = chart(observation(component=[{"valueInteger": 3}]))
    assert [(each.reference, each.why, each.kind) for each in read.lost] == [
        ("Observation/1", "it does not say what was measured", Kind.MEASUREMENT)
    ]
    assert read.extent(Kind.MEASUREMENT) is Extent.PARTIAL
    assert "Observation" not in read.read


def test_data_absent_reasons(chart: Read) -> None:
    absent = one(chart, dataAbsentReason={"coding": [{"code": "masked"}]})
    assert (absent.value, absent.absent) == (None, "masked")
    assert one(chart, dataAbsentReason="garbled [").absent == "garbled-["
    assert one(chart, dataAbsentReason=[]).absent == "unknown"
    both = one(chart, valueInteger=3, dataAbsentReason={"coding": [{"code": "error"}]})
    assert (both.value, both.absent) == ("3 (sent with a reason for having no value)", "")


def test_reference_ranges(chart: Read) -> None:
    sent = [
        {"high": {"value": Decimal("1.2")}},
        {"text": "0.5-1.2 mg/dL"},
        {"text": "see report"},
        {"low": {"value": 1}, "type": {"coding": [{"code": "treatment"}]}},
        {"low": {"value": 1}, "type": {"coding": [{"code": "normal"}]}},
        {"low": {"value": 1}, "appliesTo": [{"text": "pregnant"}]},
        {"low": {"value": 1}, "age": {"high": {"value": 18}}},
        {"high": {"value": 5, "comparator": "<"}},
        "1-2",
        {},
    ]
    found = one(chart, valueQuantity={"value": 1, "unit": "mg/dL"}, referenceRange=sent).ranges
    unit = ("mg/dL",)
    assert found[0] == ReferenceRange(high=Quantity(Decimal("1.2"), unit))
    assert found[1] == ReferenceRange(Quantity(Decimal("0.5"), unit), Quantity(Decimal("1.2"), unit), "0.5-1.2 mg/dL")
    assert found[2] == ReferenceRange(text="see report")
    assert [each.specific for each in found[3:]] == [False, True, True], "a range aimed for in treatment is not normal"


def test_interpretation_in_the_forms_of_r4_and_stu3(chart: Read) -> None:
    assert one(chart, interpretation=[{"coding": [{"code": "H"}]}, {"text": "high"}]).interpretation == ("H", "high")
    assert one(chart, interpretation={"coding": [{"code": "L"}]}).interpretation == ("L",)


def test_codes_are_kept_as_sent(chart: Read) -> None:
    code = {
        "coding": [{"system": "urn:oid:1.2", "code": 77}, {"system": LOINC + " ", "code": " 777-3"}, {"code": ""}, "x"]
    }
    assert one(chart, code=code).code == Coded((Code("urn:oid:1.2", "77"), Code(LOINC, "777-3")), "")
    assert one(chart, code="platelets").code == Coded((), "platelets")


def test_ranges_alike_but_for_a_digit_are_not_mistaken_for_each_other(chart: Read) -> None:
    sent = [
        observation(id=name, valueQuantity={"value": 1, "unit": unit}, referenceRange=[{"low": {"value": low}}])
        for name, low, unit in (("1", Decimal("2.0"), "g"), ("2", Decimal("2.00"), "g"), ("3", Decimal("2.0"), "mg"))
    ]
    lows = [each.ranges[0].low for each in chart(*sent).measurements]
    assert list(map(str, lows)) == ["2.0 g", "2.00 g", "2.0 mg"]
