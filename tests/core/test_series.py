"""What rules measure and the results behind them: units, limits, and which results can be drawn."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given

from cds.core.chart import Chart, Measurement, ReferenceRange, Sex
from cds.core.criteria import Measured, PerformanceStatus
from cds.core.limits import Formula
from cds.core.recognise import recognise
from cds.core.series import MOST_POINTS, Edge, Point, Series, gauge_of, series_of
from cds.core.truth import Truth
from cds.core.vocabulary import Concept, ConceptKind, Meaning, Scale
from tests.core.builders import AS_OF, VOCABULARY, chart, coded, find, hearing, lab, limit, quantity, says
from tests.core.strategies import charts, measured

PLATELETS = Measured(("platelets",), low=limit("100 10*9/L"))
AST = Measured(("ast",), high=limit("3 ULN"))
ECOG = PerformanceStatus(at_most=2, at_least=1)


def _series(rule: Measured | PerformanceStatus, the_chart: Chart) -> Series:
    gauge = gauge_of(rule, VOCABULARY)
    assert gauge is not None
    return series_of(rule, gauge, recognise(the_chart, VOCABULARY, AS_OF))


def test_what_a_rule_measures() -> None:
    gauge = gauge_of(PLATELETS, VOCABULARY)
    assert gauge is not None
    assert (gauge.concept, gauge.name, gauge.unit, gauge.shown) == ("platelets", "Platelets", "10*9/L", "10*9/L")
    assert gauge.units == ("10*9/L", "/uL")
    assert (gauge.low, gauge.high) == (Edge(Fraction(100)), None)


@pytest.mark.parametrize(
    ("rule", "low", "high"),
    [
        (Measured(("platelets",), low=limit("> 100000 /uL")), Edge(Fraction(100), inclusive=False), None),
        (AST, None, Edge(Fraction(3), times="ULN")),
        (
            Measured(("ast",), low=limit("1 LLN"), high=limit("< 2.5 ULN")),
            Edge(Fraction(1), times="LLN"),
            Edge(Fraction(5, 2), inclusive=False, times="ULN"),
        ),
        (Measured(("creatinine",), high=limit("88.4 furlongs")), None, None),
        (ECOG, Edge(Fraction(1)), Edge(Fraction(2))),
        (PerformanceStatus(at_most=1), None, Edge(Fraction(1))),
    ],
)
def test_its_ends(rule: Measured | PerformanceStatus, low: Edge | None, high: Edge | None) -> None:
    gauge = gauge_of(rule, VOCABULARY)
    assert gauge is not None
    assert (gauge.low, gauge.high) == (low, high)


def test_a_score_has_no_unit_to_be_read() -> None:
    gauge = gauge_of(ECOG, VOCABULARY)
    assert gauge is not None
    assert (gauge.concept, gauge.unit, gauge.shown) == ("ecog", "{score}", "")


def test_what_has_no_scale_is_not_measured() -> None:
    assert gauge_of(Measured(("nonsense",)), VOCABULARY) is None


def test_results_are_drawn_in_one_unit_the_newest_last() -> None:
    results = (
        lab("platelets", "210 10*9/L", "2026-06-10", ref="Observation/3"),
        lab("platelets", "90000 /uL", "2026-01-02", ref="Observation/1"),
        lab("platelets", "< 20 10*9/L", "2026-03", ref="Observation/2"),
        lab("leukocytes", "4 10*9/L", "2026-06-10", ref="Observation/9"),
    )
    assert _series(PLATELETS, chart(*results)) == Series(
        (
            Point("Observation/1", "2026-01-02", Fraction(90)),
            Point("Observation/2", "2026-03", Fraction(20), "<"),
            Point("Observation/3", "2026-06-10", Fraction(210)),
        )
    )


def test_a_concept_of_another_unit_is_drawn_in_the_first_ones() -> None:
    scale = Scale("/uL", factors={"/uL": Fraction(1), "10*9/L": Fraction(1000)})
    cells = Concept("platelets-by-hand", ConceptKind.MEASUREMENT, "Platelets by hand", scale=scale)
    words = replace(
        VOCABULARY,
        concepts={**VOCABULARY.concepts, cells.id: cells},
        exact={**VOCABULARY.exact, **{code: (Meaning(cells.id),) for code in coded(cells.id).codes}},
    )
    rule = Measured(("platelets", cells.id), low=limit("100 10*9/L"))
    gauge = gauge_of(rule, words)
    assert gauge is not None
    by_hand = lab(cells.id, "90000 /uL", normal="150000-400000")
    (point,) = series_of(rule, gauge, recognise(chart(by_hand), words, AS_OF)).points
    assert (point.value, point.normal) == (Fraction(90), (Fraction(150), Fraction(400)))


@pytest.mark.parametrize(("value", "sign"), [("<= 20", "<="), (">= 20", ">="), ("> 20", ">"), ("20", "")])
def test_how_a_value_stands_to_its_number(value: str, sign: str) -> None:
    (point,) = _series(PLATELETS, chart(lab("platelets", f"{value} 10*9/L"))).points
    assert (point.value, point.comparator) == (Fraction(20), sign)


@pytest.mark.parametrize(
    "result",
    [
        lab("platelets", "210 furlongs"),
        lab("platelets", "clotted"),
        lab("platelets", "210000 10*9/L"),
        lab("platelets", "210 10*9/L", None),
        lab("platelets-unverified", "210 10*9/L"),
        lab("platelets-or-so", "210 10*9/L"),
    ],
)
def test_what_cannot_be_compared_or_dated_is_counted(result: Measurement) -> None:
    assert _series(PLATELETS, chart(result, lab("platelets", "90 10*9/L", ref="Observation/2"))) == Series(
        (Point("Observation/2", "2026-06-10", Fraction(90)),), left=1
    )


def test_each_result_has_the_limit_of_its_own_range() -> None:
    results = (
        lab("ast", "88 U/L", "2026-05-13", normal="10-40", ref="Observation/1"),
        lab("ast", "160 U/L", "2026-06-10", normal="-35", ref="Observation/2"),
        lab("ast", "30 U/L", "2026-06-11", ref="Observation/3"),
        lab("ast", "30 U/L", "2026-06-12", normal="-90000", ref="Observation/4"),
    )
    points = _series(AST, chart(*results)).points
    assert [(each.low, each.high, each.normal) for each in points] == [
        (None, Fraction(120), (Fraction(10), Fraction(40))),
        (None, Fraction(105), (None, Fraction(35))),
        (None, None, (None, None)),
        (None, None, (None, None)),
    ]


def test_a_range_is_the_one_for_this_patient() -> None:
    ranges = tuple(
        ReferenceRange(high=quantity(f"{high} U/L"), sex=sex) for sex, high in ((Sex.FEMALE, 30), (Sex.MALE, 50))
    )
    result = lab("ast", "88 U/L")
    women = chart(type(result)(result.code, result.reference, result.value, result.date, ranges=ranges))
    assert _series(AST, women).points[0].high == 90


def test_there_is_room_for_so_many() -> None:
    results = [
        lab(
            "platelets",
            f"{number} 10*9/L",
            f"2026-{1 + number // 28:02}-{1 + number % 28:02}",
            ref=f"Observation/{number:03}",
        )
        for number in range(MOST_POINTS + 7)
    ]
    series = _series(PLATELETS, chart(*results))
    assert (len(series.points), series.older, series.left) == (MOST_POINTS, 7, 0)
    assert series.points[-1].value == MOST_POINTS + 6


def test_scores_of_another_scale_are_drawn_where_they_stand_for_one_grade() -> None:
    results = (
        lab("karnofsky", "80", "2026-05-01", ref="Observation/1"),
        lab("karnofsky", "75", "2026-05-02", ref="Observation/2"),
        lab("karnofsky", "65", "2026-05-03", ref="Observation/3"),
        lab("ecog", "2", "2026-06-01", ref="Observation/4"),
        lab("karnofsky", "100", "2026-06-01", ref="Observation/5"),
    )
    series = _series(ECOG, chart(*results))
    assert [(each.reference, int(each.value)) for each in series.points] == [
        ("Observation/1", 1),
        ("Observation/2", 1),
        ("Observation/4", 2),
    ]
    assert [each.own for each in series.points] == [False, False, True]
    assert series.left == 1


def test_a_computed_value_stands_at_the_day_of_its_leading_input() -> None:
    clearance = Measured(("creatinine-clearance",), low=limit("60 mL/min"), computed=(Formula.COCKCROFT_GAULT_ACTUAL,))
    inputs = (
        lab("creatinine", "1 mg/dL", "2026-06-10"),
        lab("body-weight", "72 kg", "2026-06-01", ref="Observation/2"),
    )
    reported = lab("creatinine-clearance", "70 mL/min", "2026-05-01", ref="Observation/3")
    first, second = _series(clearance, chart(*inputs, reported)).points
    assert (first.reference, int(first.value)) == ("Observation/3", 70)
    assert (second.reference, second.date) == ("Observation/1", "2026-06-10")
    assert (first.own, second.own) == (True, False)
    assert second.value == Fraction(140 - 66) * 72 / 72 * Fraction(85, 100)


def test_what_a_person_says_is_a_point_and_takes_the_place_of_its_day() -> None:
    records = chart(lab("platelets", "210 10*9/L", "2026-06-10"), lab("platelets", "90 10*9/L", "2026-06-15"))
    series = _series(PLATELETS, hearing(records, says("platelets", "64000 /uL")))
    assert [(each.reference, int(each.value)) for each in series.points] == [("Observation/1", 210), ("attested/1", 64)]


@given(measured(), charts())
def test_what_met_a_rule_is_drawn_between_its_limits(rule: Measured, the_chart: Chart) -> None:
    series = _series(rule, the_chart)
    finding = find(rule, the_chart)
    drawn = {each.reference: each for each in series.points}
    for seen in finding.evidence if finding.truth is not Truth.UNKNOWN else ():
        point, gauge = drawn.get(seen.reference), gauge_of(rule, VOCABULARY)
        if point is None or gauge is None or point.comparator or finding.truth is not Truth.MET:
            continue
        low = gauge.low.value if gauge.low and not gauge.low.times else point.low
        high = gauge.high.value if gauge.high and not gauge.high.times else point.high
        assert low is None or point.value >= low
        assert high is None or point.value <= high
