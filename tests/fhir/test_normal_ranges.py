"""The normal ranges sent with a result: their limits, the patients they are for, and what is no normal range."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from cds.core.chart import Chart, ReferenceRange, Sex
from cds.core.codes import SNOMED

Read = Callable[..., Chart]
Json = dict[str, Any]
LOW, HIGH = {"value": Decimal(12)}, {"value": Decimal(16)}
GENDER = "http://hl7.org/fhir/administrative-gender"
V2_SEX = "http://terminology.hl7.org/CodeSystem/v2-0001"
MEANING = "http://terminology.hl7.org/CodeSystem/referencerange-meaning"


def sent_with(chart: Read, *ranges: object) -> tuple[ReferenceRange, ...]:
    result = {"resourceType": "Observation", "id": "1", "status": "final", "code": {"text": "haemoglobin"}}
    value = {"value": Decimal("13.1"), "unit": "g/dL"}
    (found,) = chart(result | {"valueQuantity": value, "referenceRange": list(ranges)}).measurements
    return found.ranges


def one(chart: Read, **members: object) -> ReferenceRange:
    (found,) = sent_with(chart, {"low": LOW, "high": HIGH, **members})
    return found


def concept(code: str, system: str = "") -> Json:
    return {"coding": [{"system": system, "code": code} if system else {"code": code}]}


# ---------------------------------------------------------------------------------------------------------- in words
@pytest.mark.parametrize(
    ("words", "low", "high"),
    [
        ("12-16", "12 g/dL", "16 g/dL"),
        ("12.0 – 16.0 g/L", "12.0 g/L", "16.0 g/L"),
        ("12 to 16", "12 g/dL", "16 g/dL"),
        ("[12 - 16] mg/dL", "12 mg/dL", "16 mg/dL"),
        ("Normal range: 12-16", "12 g/dL", "16 g/dL"),
        ("150-400 10*3/uL", "150 10*3/uL", "400 10*3/uL"),
        ("4.5-11.0 x10^3/uL", "4.5 x10^3/uL", "11.0 x10^3/uL"),
        ("<40", "None", "40 g/dL"),
        ("≤ 40 U/L", "None", "40 U/L"),
        ("<= 40", "None", "40 g/dL"),
        ("up to 40", "None", "40 g/dL"),
        ("Less than 40", "None", "40 g/dL"),
        (">= 60", "60 g/dL", "None"),
        ("> 60 mL/min/1.73 m2", "60 mL/min/1.73 m2", "None"),
        ("at least 60", "60 g/dL", "None"),
    ],
)
def test_limits_in_words(chart: Read, words: str, low: str, high: str) -> None:
    (found,) = sent_with(chart, {"text": words})
    assert (str(found.low), str(found.high), found.text, found.specific) == (low, high, words, False)


@pytest.mark.parametrize(
    "words",
    [
        "see report",
        "1,200-1,500",
        "16-12",
        "-2 - 2",
        "12-16-18",
        "18-65 years",
        "negative",
        "12-16 in adults",
        "adults M: 13-17",
        "M: 13-17 M: 12-16",
        "M: 13-17 F: see report",
        "0.5-1.2 " + "x" * 300,
    ],
)
def test_words_that_are_not_plainly_limits_stay_words(chart: Read, words: str) -> None:
    (found,) = sent_with(chart, {"text": words})
    assert (found.low, found.high, found.text, found.sex) == (None, None, words, None)


@pytest.mark.parametrize(
    "words",
    ["M: 13-17 F: 12-16", "Male 13-17; Female 12-16", "Men: 13-17 g/dL, women: 12-16 g/dL", "M 13-17 / F 12-16"],
)
def test_words_with_a_range_for_each_sex(chart: Read, words: str) -> None:
    told = [(each.sex, str(each.low), str(each.high)) for each in sent_with(chart, {"text": words})]
    assert told == [(Sex.MALE, "13 g/dL", "17 g/dL"), (Sex.FEMALE, "12 g/dL", "16 g/dL")]
    (only,) = sent_with(chart, {"text": words, "appliesTo": [concept("female", GENDER)]})
    assert (only.sex, str(only.high)) == (Sex.FEMALE, "16 g/dL")


def test_numbers_outrank_words_and_inverted_ones_are_not_used(chart: Read) -> None:
    assert str(one(chart, text="10-20").high) == "16 g/dL"
    assert one(chart, text="Female").sex is Sex.FEMALE
    assert sent_with(chart, {"low": HIGH, "high": LOW}) == ()
    assert sent_with(chart, {"low": HIGH, "high": LOW, "text": "see report"}) == (ReferenceRange(text="see report"),)


# ---------------------------------------------------------------------------------------------------------- for whom
@pytest.mark.parametrize(
    ("groups", "sex", "other"),
    [
        ([concept("male", GENDER)], Sex.MALE, False),
        ([concept("248152002", SNOMED)], Sex.FEMALE, False),
        ([concept("248153007", SNOMED) | {"text": "Male (finding)"}], Sex.MALE, False),
        ([concept("F", V2_SEX)], Sex.FEMALE, False),
        ([concept("M")], Sex.MALE, False),
        ([{"text": "Women"}], Sex.FEMALE, False),
        (concept("female"), Sex.FEMALE, False),
        ([concept("male"), concept("female")], None, False),
        ([concept("F", "urn:laboratory")], None, True),
        ([concept("77386006", SNOMED)], None, True),
        ([concept("female") | {"text": "pregnant women"}], Sex.FEMALE, True),
        ([concept("female"), {"text": "African American"}], Sex.FEMALE, True),
        ([7], None, True),
        ([], None, False),
    ],
)
def test_the_sex_it_is_for_and_groups_not_looked_into(
    chart: Read, groups: object, sex: Sex | None, other: object
) -> None:
    found = one(chart, appliesTo=groups)
    assert (found.sex, found.other, str(found.low)) == (sex, other, "12 g/dL")


def age(value: object, unit: str = "a") -> Json:
    return {"value": value, "code": unit}


@pytest.mark.parametrize(
    ("ages", "start", "end"),
    [
        ({"low": age(18), "high": age(64)}, 18, 65),
        ({"low": age(65)}, 65, None),
        ({"high": age(17)}, None, 18),
        ({"high": age(Decimal("17.99"))}, None, 18),
        ({"low": age(18, "years")}, 18, None),
        ({"low": age(6, "mo"), "high": age(11, "mo")}, Fraction(1, 2), 1),
        ({"low": age(1461, "d")}, 4, None),
        ({"low": {"value": 18, "unit": "Years"}}, 18, None),
    ],
)
def test_the_ages_it_is_for_in_years(chart: Read, ages: Json, start: object, end: object) -> None:
    found = one(chart, age=ages)
    assert (found.from_years, found.to_years, found.other) == (start, end, False)


@pytest.mark.parametrize(
    "ages",
    [
        {"low": {"value": 18}},
        {"low": age("old")},
        {"low": age(-1)},
        {"low": age(18) | {"comparator": ">"}},
        {"low": age(65), "high": age(18)},
        {"low": age(18), "high": age(3, "score")},
        {"text": "adult"},
        "adult",
    ],
)
def test_ages_that_cannot_be_read_make_it_a_range_for_some_others(chart: Read, ages: object) -> None:
    found = one(chart, age=ages)
    assert (found.from_years, found.to_years, found.other) == (None, None, True)


# ------------------------------------------------------------------------------------------------------- what for
@pytest.mark.parametrize("kind", ["recommended", "treatment", "therapeutic", "pre", "post", "critical"])
def test_what_is_aimed_for_or_raises_an_alarm_is_no_normal_range(chart: Read, kind: str) -> None:
    plain = {"low": LOW}
    for place in ("type", "meaning"):
        assert sent_with(chart, plain | {place: concept(kind, MEANING)}) == ()
    assert sent_with(chart, plain | {"type": {"text": kind}}) == ()


@pytest.mark.parametrize("words", ["Therapeutic: 12-16", "critical < 7", "Target 5-7"])
def test_nor_is_what_calls_itself_so_in_words(chart: Read, words: str) -> None:
    assert sent_with(chart, {"text": words}, {"low": LOW, "text": words}) == ()


@pytest.mark.parametrize(
    ("members", "other"),
    [
        ({"type": concept("normal", MEANING)}, False),
        ({"type": {"text": "Normal Range"}}, False),
        ({"type": {}}, False),
        ({"type": concept("luteal", MEANING)}, True),
        ({"type": concept("postmenopausal", MEANING)}, True),
        ({"text": "First trimester"}, True),
        ({"text": "Children"}, True),
    ],
)
def test_what_is_normal_in_some_state_only(chart: Read, members: Json, other: object) -> None:
    assert one(chart, **members).other is other


def test_one_bad_range_loses_no_other(chart: Read) -> None:
    good = {"low": LOW, "high": HIGH}
    broken: list[object] = [7, None, "1-2", {"low": 7, "appliesTo": 3, "age": [], "type": "x"}, {"low": {"value": {}}}]
    for bad in (*broken, {}):
        assert [str(each.high) for each in sent_with(chart, bad, good)] == ["16 g/dL"]
