"""What is plainly told of a dosing is read; nothing of it is guessed."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from cds.core.chart import Chart, Exposure
from cds.core.codes import SNOMED, Code, Coded
from cds.core.quantities import Quantity

Read = Callable[..., Chart]
Json = dict[str, Any]
GTS = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
MG5, MG10 = {"value": 5, "unit": "mg"}, {"value": 10, "unit": "mg"}


def taken(chart: Read, *dosages: object, name: str = "MedicationRequest") -> Exposure:
    place = "dosage" if name in {"MedicationStatement", "MedicationAdministration"} else "dosageInstruction"
    sent: object = dosages[0] if name == "MedicationAdministration" else list(dosages)
    drug = {"resourceType": name, "id": "1", "status": "active", "medicationCodeableConcept": {"text": "prednisone"}}
    (found,) = chart(drug | {place: sent}).exposures
    return found


def dose(amount: Json, **members: object) -> Json:
    return {"doseAndRate": [{"doseQuantity": amount}], **members}


def repeat(**members: object) -> Json:
    return {"timing": {"repeat": members}}


def coded(code: str, system: str = GTS, **members: object) -> Json:
    return {"timing": {"code": {"coding": [{"system": system, "code": code}]}, **members}}


ONCE, TWICE = repeat(frequency=1, period=1, periodUnit="d"), repeat(frequency=2, period=1, periodUnit="d")


# ----------------------------------------------------------------------------------------------------------- doses
@pytest.mark.parametrize(
    ("name", "dosage"),
    [
        ("MedicationRequest", dose(MG5)),
        ("MedicationDispense", dose(MG5)),
        ("MedicationStatement", dose(MG5)),
        ("MedicationStatement", {"doseQuantity": MG5}),
        ("MedicationStatement", {"quantityQuantity": MG5}),
        ("MedicationAdministration", {"dose": MG5}),
        ("MedicationAdministration", {"quantity": MG5}),
    ],
)
def test_the_dose_at_one_time_wherever_it_stands(chart: Read, name: str, dosage: Json) -> None:
    assert taken(chart, dosage, name=name).dose == Quantity(Decimal(5), ("mg",))


def test_tablets_stay_tablets(chart: Read) -> None:
    assert taken(chart, dose({"value": 1, "code": "{tbl}"})).dose == Quantity(Decimal(1), ("{tbl}",))


@pytest.mark.parametrize(
    "dosage",
    [
        {"doseAndRate": [{"doseRange": {"low": MG5, "high": MG10}}]},
        {"doseAndRate": [{"doseQuantity": MG5, "doseRange": {"low": MG5, "high": MG10}}]},
        {"doseAndRate": [{"rateQuantity": {"value": 5, "unit": "mg/h"}}]},
        dose(MG5 | {"comparator": "<"}),
        dose({"value": "one or two", "unit": "tablets"}),
        dose({"value": 0, "unit": "mg"}),
        {"doseAndRate": [{"doseQuantity": MG5}, {"doseQuantity": MG10}]},
        {"text": "5 mg once daily"},
        {"doseAndRate": "5 mg"},
        "5 mg",
    ],
)
def test_a_range_a_rate_or_words_are_no_dose(chart: Read, dosage: object) -> None:
    assert taken(chart, dosage).dose is None


def test_of_doses_told_in_two_ways_the_calculated_one_counts(chart: Read) -> None:
    def of(kind: str, amount: Json) -> Json:
        return {"type": {"coding": [{"code": kind}]}, "doseQuantity": amount}

    ordered, calculated = of("ordered", {"value": 60, "unit": "mg/m2"}), of("calculated", {"value": 110, "unit": "mg"})
    assert str(taken(chart, {"doseAndRate": [ordered, calculated]}).dose) == "110 mg"
    assert str(taken(chart, {"doseAndRate": [ordered, of("local", MG5)]}).dose) == "60 mg/m2"
    assert taken(chart, {"doseAndRate": [calculated, of("calculated", MG5)]}).dose is None


# ---------------------------------------------------------------------------------------------------- times a day
@pytest.mark.parametrize(
    ("dosage", "times"),
    [
        (ONCE, 1),
        (TWICE, 2),
        (repeat(frequency=1, period=8, periodUnit="h"), 3),
        (repeat(frequency=1, period=2, periodUnit="d"), Fraction(1, 2)),
        (repeat(frequency=1, period=1, periodUnit="wk"), Fraction(1, 7)),
        (repeat(period=12, periodUnit="h"), 2),
        (repeat(frequency=2, period=1, periodUnits="d"), 2),
        (repeat(when=["MORN", "EVE"]), 2),
        (repeat(when="HS"), 1),
        (repeat(when=["CM", "CD", "CV"], frequency=3, period=1, periodUnit="d"), 3),
        (repeat(when=["AC"], frequency=3, period=1, periodUnit="d"), 3),
        (repeat(timeOfDay=["08:00:00", "20:00:00"]), 2),
        (repeat(dayOfWeek=["mon", "wed", "fri"]), Fraction(3, 7)),
        (repeat(dayOfWeek=["mon"], frequency=1, period=1, periodUnit="wk"), Fraction(1, 7)),
        (repeat(dayOfWeek=["sat", "sun"], frequency=1, period=1, periodUnit="d"), Fraction(2, 7)),
        (coded("QD"), 1),
        (coded("bid"), 2),
        (coded("TID"), 3),
        (coded("QID"), 4),
        (coded("QOD"), Fraction(1, 2)),
        (coded("Q4H"), 6),
        (coded("AM"), 1),
        (coded("BED"), 1),
        (coded("WK"), Fraction(1, 7)),
        (coded("Q12H", "urn:hospital"), 2),
        ({"timing": {"code": {"text": "b.i.d."}}}, 2),
        (coded("BID", repeat={"frequency": 2, "period": 1, "periodUnit": "d"}), 2),
        (coded("BID", repeat={"boundsPeriod": {"start": "2026-05-01"}}), 2),
    ],
)
def test_times_a_day(chart: Read, dosage: Json, times: Fraction | int) -> None:
    assert taken(chart, dosage).per_day == times


@pytest.mark.parametrize(
    "dosage",
    [
        {"text": "once daily"},
        {"timing": {"code": {"text": "twice daily"}}},
        ONCE | {"asNeededBoolean": True},
        ONCE | {"asNeededCodeableConcept": {"text": "pain"}},
        ONCE | {"asNeeded": "true"},
        repeat(frequency=3),
        repeat(frequency=1, period=1, periodUnit="mo"),
        repeat(frequency=1, frequencyMax=2, period=1, periodUnit="d"),
        repeat(frequency=1, period=3, periodMax=5, periodUnit="d"),
        repeat(frequency=0, period=1, periodUnit="d"),
        repeat(frequency="often", period=1, periodUnit="d"),
        repeat(frequency=1, period=1),
        repeat(frequency=1, period=1, periodUnit="d", count=1),
        repeat(frequency=1, period=1, periodUnit="d", when=["MORN", "EVE"]),
        repeat(when=["AC"]),
        repeat(when=["AC"], period=1, periodUnit="d"),
        repeat(when=["MORN"], timeOfDay=["08:00:00"]),
        repeat(dayOfWeek=["mon"], frequency=2, period=1, periodUnit="d"),
        repeat(dayOfWeek=["montag"]),
        coded("BID", repeat={"frequency": 3, "period": 1, "periodUnit": "d"}),
        coded("MO"),
        coded("WK", "urn:hospital"),
        coded("696547", "urn:hospital"),
        {"timing": {"event": ["2026-06-15"], "repeat": {"boundsPeriod": {"start": "2026-06-15"}}}},
        {"timing": "QD"},
    ],
)
def test_what_is_not_plainly_told_gives_no_times_a_day(chart: Read, dosage: Json) -> None:
    assert taken(chart, dosage).per_day is None


# ------------------------------------------------------------------------------------------- several instructions
@pytest.mark.parametrize(
    ("dosages", "amount", "times"),
    [
        ([dose(MG5, **ONCE), dose(MG5, **ONCE)], "5 mg", 1),
        ([dose(MG5, **repeat(when=["MORN"])), dose(MG5, **repeat(when=["EVE"]))], "5 mg", None),
        ([dose(MG5, sequence=1, **repeat(when=["MORN"])), dose(MG5, sequence=1, **repeat(when=["EVE"]))], "5 mg", 2),
        ([dose(MG5, sequence=1, **ONCE), dose(MG5, sequence=2, **ONCE)], "5 mg", 1),
        ([dose(MG5, sequence=1, **TWICE), dose(MG5, sequence=2, **ONCE)], "5 mg", None),
        ([dose(MG10, sequence=1, **ONCE), dose(MG5, sequence=2, **ONCE)], "None", None),
        ([dose(MG5, sequence=1, **ONCE), dose(MG5, sequence=1, asNeededBoolean=True, **ONCE)], "5 mg", None),
        ([dose(MG5, **ONCE), {"text": "then 2.5 mg"}], "None", None),
        ([dose(MG5, **ONCE), None, {}], "5 mg", 1),
    ],
)
def test_instructions_are_joined_only_where_their_sequence_says_how(
    chart: Read, dosages: list[Any], amount: str, times: int | None
) -> None:
    found = taken(chart, *dosages)
    assert (str(found.dose), found.per_day) == (amount, times)


ORAL = {"coding": [{"system": SNOMED, "code": "26643006"}]}


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        ([ORAL], Coded((Code(SNOMED, "26643006"),))),
        ([ORAL, ORAL | {"text": "Oral"}], Coded((Code(SNOMED, "26643006"),), "Oral")),
        ([{"text": "Oral"}, {"text": "ORAL "}], Coded((), "Oral")),
        ([None, ORAL], Coded((Code(SNOMED, "26643006"),))),
        ([ORAL, {"text": "intravenous"}], Coded()),
    ],
)
def test_the_route_is_told_where_all_instructions_have_the_same(
    chart: Read, routes: list[Any], expected: Coded
) -> None:
    assert taken(chart, *[{"text": str(number), "route": each} for number, each in enumerate(routes)]).route == expected
