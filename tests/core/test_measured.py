"""Results against limits. Each row: what the chart holds, then what the trial's limit comes to on 2026-06-15."""

import dataclasses
import datetime as dt

import pytest

from cds.core.chart import Extent, Kind, Measurement, ReferenceRange, ResultStatus
from cds.core.criteria import Measured, Not, PerformanceStatus
from cds.core.finding import Basis, Cause
from cds.core.quantities import Quantity
from cds.core.truth import Truth
from tests.core.builders import EVERYTHING, chart, coded, find, lab, limit, quantity

PLATELETS = Measured(("platelets",), low=limit("100 10*9/L"))
AST = Measured(("ast",), high=limit("3 ULN"))


@pytest.mark.parametrize(
    ("value", "truth", "cause"),
    [
        ("210 10*9/L", "met", None),
        ("100 10*9/L", "met", None),
        ("99 10*9/L", "unmet", None),
        ("99.9999 10*9/L", "unmet", None),
        ("210 K/uL", "met", None),
        ("210000 /uL", "met", None),
        ("99999 /uL", "unmet", None),
        ("> 90 10*9/L", "unknown", Cause.TOO_GENERAL),
        ("< 100 10*9/L", "unmet", None),
        (">= 100 10*9/L", "met", None),
        ("210 G/l", "unknown", Cause.UNIT_NOT_COMPARABLE),
        ("210", "unknown", Cause.UNIT_NOT_COMPARABLE),
        ("210000 10*9/L", "unknown", Cause.IMPLAUSIBLE),
        ("haemolysed", "unknown", Cause.IMPLAUSIBLE),
    ],
)
def test_platelets_of_at_least_100(value: str, truth: str, cause: Cause | None) -> None:
    finding = find(PLATELETS, chart(lab("platelets", value)))
    assert (finding.truth.value, finding.cause) == (truth, cause)
    assert [each.reference for each in finding.evidence] == ["Observation/1"]


@pytest.mark.parametrize(
    ("value", "normal", "truth", "cause"),
    [
        ("120 U/L", "10-40", "met", None),
        ("120.0 U/L", "-40", "met", None),
        ("120.1 U/L", "-40", "unmet", None),
        ("120 U/L", "", "unknown", Cause.NO_REFERENCE_RANGE),
        ("120 U/L", "10-", "unknown", Cause.NO_REFERENCE_RANGE),
        ("120 U/L", "-0", "unknown", Cause.NO_REFERENCE_RANGE),
        ("120 furlongs", "-40", "met", None),
        ("121 furlongs", "-40", "unmet", None),
    ],
)
def test_ast_of_at_most_three_times_its_own_upper_limit(
    value: str, normal: str, truth: str, cause: Cause | None
) -> None:
    finding = find(AST, chart(lab("ast", value, normal=normal)))
    assert (finding.truth.value, finding.cause) == (truth, cause)


def test_a_strict_limit_is_not_touched() -> None:
    strict = Measured(("ast",), high=limit("< 3 ULN"))
    assert find(strict, chart(lab("ast", "120 U/L", normal="-40"))).truth is Truth.UNMET
    assert find(strict, chart(lab("ast", "119.99 U/L", normal="-40"))).truth is Truth.MET


def test_ranges_that_differ_do_not_make_a_limit() -> None:
    ranges = tuple(ReferenceRange(high=quantity(f"{high} U/L")) for high in (40, 45))
    result = Measurement(coded("ast"), "Observation/1", quantity("100 U/L"), lab("ast", "1 U/L").date, ranges=ranges)
    assert find(AST, chart(result)).cause is Cause.NO_REFERENCE_RANGE


def test_a_range_for_some_patients_gives_way_to_the_general_one() -> None:
    ranges = (
        ReferenceRange(high=quantity("10 U/L"), other=True),
        ReferenceRange(high=quantity("40 U/L")),
    )
    result = Measurement(coded("ast"), "Observation/1", quantity("100 U/L"), lab("ast", "1 U/L").date, ranges=ranges)
    assert find(AST, chart(result)).truth is Truth.MET


def test_creatinine_in_either_unit_is_the_same_creatinine() -> None:
    rule = Measured(("creatinine",), high=limit("1.5 mg/dL"))
    assert find(rule, chart(lab("creatinine", "132 umol/L"))).truth is Truth.MET
    assert find(rule, chart(lab("creatinine", "133 umol/L"))).truth is Truth.UNMET


@pytest.mark.parametrize(
    ("on", "within", "truth", "cause"),
    [
        ("2026-06-15", None, "met", None),
        ("2026-05-18", None, "met", None),
        ("2026-05-17", None, "unknown", Cause.TOO_OLD),
        ("2026-06-01", 14, "met", None),
        ("2026-05-31", 14, "unknown", Cause.TOO_OLD),
        ("2026-06", 14, "met", None),
        ("2026-05", 14, "unknown", Cause.TOO_OLD),
        ("2026-05", 28, "unknown", Cause.DATE_IMPRECISE),
        (None, None, "unknown", Cause.DATE_IMPRECISE),
        ("2026-06-16", None, "unknown", Cause.NO_RECORD),
    ],
)
def test_a_result_counts_within_its_window(on: str | None, within: int | None, truth: str, cause: Cause | None) -> None:
    rule = Measured(("platelets",), low=limit("100 10*9/L"), within_days=within)
    finding = find(rule, chart(lab("platelets", "210 10*9/L", on)))
    assert (finding.truth.value, finding.cause) == (truth, cause)


def test_the_window_names_the_last_day_on_which_the_result_still_counts() -> None:
    finding = find(PLATELETS, chart(lab("platelets", "210 10*9/L", "2026-06-10")))
    assert finding.expires_on == dt.date(2026, 7, 8)


def test_a_histology_marker_without_a_freshness_never_lapses() -> None:
    finding = find(Measured(("ki-67",), low=limit("20 %")), chart(lab("ki-67", "55 %", "2019-03-02")))
    assert (finding.truth, finding.expires_on) == (Truth.MET, None)


def test_the_newest_result_decides() -> None:
    older, newer = lab("platelets", "40 10*9/L", "2026-06-01"), lab("platelets", "150 10*9/L", "2026-06-02")
    assert find(PLATELETS, chart(newer, older)).truth is Truth.MET
    assert find(PLATELETS, chart(older, newer)).truth is Truth.MET


@pytest.mark.parametrize("status", [ResultStatus.ENTERED_IN_ERROR, ResultStatus.CANCELLED])
def test_a_withdrawn_result_is_passed_over(status: ResultStatus) -> None:
    wrong = lab("platelets", "9 10*9/L", "2026-06-12", status=status, ref="Observation/2")
    finding = find(PLATELETS, chart(lab("platelets", "150 10*9/L", "2026-06-01"), wrong))
    assert [each.reference for each in finding.evidence] == ["Observation/1"]


def test_a_newest_result_that_cannot_be_read_shows_the_older_one() -> None:
    unreadable = lab("platelets", "clotted", "2026-06-12", ref="Observation/2")
    finding = find(PLATELETS, chart(lab("platelets", "150 10*9/L", "2026-06-01"), unreadable))
    assert finding.cause is Cause.IMPLAUSIBLE
    assert [each.reference for each in finding.evidence] == ["Observation/2", "Observation/1"]


def test_results_of_one_day_that_disagree_settle_nothing() -> None:
    one, two = lab("platelets", "90 10*9/L"), lab("platelets", "110 10*9/L", ref="Observation/2")
    assert find(PLATELETS, chart(one, two)).cause is Cause.CONFLICTING
    agreeing = lab("platelets", "120 10*9/L", ref="Observation/2")
    assert find(PLATELETS, chart(two, agreeing)).truth is Truth.MET


def test_an_imprecise_date_that_may_be_newer_is_heard() -> None:
    exact, vague = (
        lab("platelets", "150 10*9/L", "2026-06-10"),
        lab("platelets", "50 10*9/L", "2026-06", ref="Observation/2"),
    )
    assert find(PLATELETS, chart(exact, vague)).cause is Cause.DATE_IMPRECISE


def test_unverified_codes_settle_nothing_and_look_alikes_are_not_heard() -> None:
    assert find(PLATELETS, chart(lab("platelets-unverified", "210 10*9/L"))).cause is Cause.UNMAPPED
    assert find(PLATELETS, chart(lab("platelets-or-so", "210 10*9/L"))).cause is Cause.TOO_GENERAL
    assert find(PLATELETS, chart(lab("platelet-volume", "210 10*9/L"))).cause is Cause.NO_RECORD


def test_nothing_on_record_differs_from_nothing_read() -> None:
    assert find(PLATELETS, chart()).cause is Cause.NO_RECORD
    partly = {**EVERYTHING, Kind.MEASUREMENT: Extent.PARTIAL}
    assert find(PLATELETS, chart(covered=partly)).cause is Cause.NOT_READ
    assert find(PLATELETS, chart(lab("platelets", "210 10*9/L"), covered=partly)).truth is Truth.MET


def test_a_forbidden_value_is_told_the_other_way_round() -> None:
    prolonged = Not(Measured(("ast",), low=limit("470 U/L")))
    assert find(prolonged, chart(lab("ast", "471 U/L"))).truth is Truth.UNMET
    assert find(prolonged, chart(lab("ast", "469 U/L"))).truth is Truth.MET
    assert find(prolonged, chart()).truth is Truth.UNKNOWN


ECOG = PerformanceStatus(at_most=1)


@pytest.mark.parametrize(
    ("name", "value", "truth", "basis"),
    [
        ("ecog", "1", "met", Basis.DOCUMENTED),
        ("ecog", "2", "unmet", Basis.DOCUMENTED),
        ("karnofsky", "70", "met", Basis.ASSUMED),
        ("karnofsky", "60", "unmet", Basis.ASSUMED),
    ],
)
def test_performance_status(name: str, value: str, truth: str, basis: Basis) -> None:
    finding = find(ECOG, chart(lab(name, value)))
    assert (finding.truth.value, finding.basis) == (truth, basis)


def test_a_coded_grade_is_a_grade() -> None:
    graded = Measurement(coded("ecog"), "Observation/1", coded("grade-1"), lab("ecog", "1").date)
    assert find(ECOG, chart(graded)).truth is Truth.MET
    other = Measurement(coded("ecog"), "Observation/1", coded("not a grade"), lab("ecog", "1").date)
    assert find(ECOG, chart(other)).cause is Cause.UNMAPPED


@pytest.mark.parametrize(("score", "truth"), [("95", "met"), ("85", "met"), ("65", "unknown"), ("45", "unmet")])
def test_a_score_between_two_steps_may_be_either(score: str, truth: str) -> None:
    assert find(ECOG, chart(lab("karnofsky", score))).truth.value == truth


def test_a_score_outside_the_scale_is_implausible() -> None:
    assert find(ECOG, chart(lab("karnofsky", "170"))).cause is Cause.IMPLAUSIBLE
    assert find(ECOG, chart(lab("ecog", "7"))).cause is Cause.IMPLAUSIBLE


def test_a_result_without_a_date_may_be_the_newest() -> None:
    dated, undated = lab("platelets", "150 10*9/L"), lab("platelets", "20 10*9/L", None, ref="Observation/2")
    assert find(PLATELETS, chart(dated, undated)).cause is Cause.DATE_IMPRECISE
    agreeing = lab("platelets", "160 10*9/L", None, ref="Observation/2")
    assert find(PLATELETS, chart(dated, agreeing)).truth is Truth.MET


def test_a_result_whose_value_is_absent_is_passed_over() -> None:
    absent = dataclasses.replace(lab("platelets", "9 10*9/L", "2026-06-12", ref="Observation/2"), absent="error")
    assert find(PLATELETS, chart(lab("platelets", "150 10*9/L"), absent)).truth is Truth.MET


@pytest.mark.parametrize(
    ("value", "normal", "cause"),
    [
        ("-5 furlongs", "-40", Cause.UNIT_NOT_COMPARABLE),
        ("120 U/L", "-400000", Cause.NO_REFERENCE_RANGE),
        ("haemolysed", "-40", Cause.IMPLAUSIBLE),
    ],
)
def test_a_multiple_of_nonsense_is_nothing(value: str, normal: str, cause: Cause) -> None:
    assert find(AST, chart(lab("ast", value, normal=normal))).cause is cause


def test_answers_in_words_are_scores_where_the_table_says_so() -> None:
    words = Measurement(coded("ecog"), "Observation/1", " Grade  ONE ", lab("ecog", "1").date)
    assert find(ECOG, chart(words)).truth is Truth.MET


def test_ecog_of_the_same_day_outranks_karnofsky_and_a_newer_karnofsky_outranks_ecog() -> None:
    ecog, karnofsky = lab("ecog", "1"), lab("karnofsky", "50", ref="Observation/2")
    assert find(ECOG, chart(ecog, karnofsky)).basis is Basis.DOCUMENTED
    later = lab("karnofsky", "50", "2026-06-12", ref="Observation/2")
    assert find(ECOG, chart(ecog, later)).truth is Truth.UNMET


def test_a_range_in_a_unit_of_its_own_makes_no_multiple() -> None:
    ranges = (ReferenceRange(high=Quantity(quantity("1").value, ("kat/L",))),)
    result = Measurement(coded("ast"), "Observation/1", quantity("100 U/L"), lab("ast", "1 U/L").date, ranges=ranges)
    assert find(AST, chart(result)).cause is Cause.UNIT_NOT_COMPARABLE


def test_a_final_result_outranks_a_preliminary_one_of_its_day() -> None:
    early = lab("platelets", "90 10*9/L", status=ResultStatus.PRELIMINARY, ref="Observation/2")
    finding = find(PLATELETS, chart(early, lab("platelets", "110 10*9/L")))
    assert (finding.truth, [each.reference for each in finding.evidence]) == (Truth.MET, ["Observation/1"])


def test_a_preliminary_result_that_is_the_newest_decides_and_is_told() -> None:
    early = lab("platelets", "90 10*9/L", "2026-06-12", status=ResultStatus.PRELIMINARY, ref="Observation/2")
    finding = find(PLATELETS, chart(early, lab("platelets", "110 10*9/L")))
    assert (finding.truth, finding.evidence[0].value) == (Truth.UNMET, "90 10*9/L (preliminary)")


def test_within_one_month_a_preliminary_result_may_be_the_later_one() -> None:
    early = lab("platelets", "90 10*9/L", "2026-06", status=ResultStatus.PRELIMINARY, ref="Observation/2")
    assert find(PLATELETS, chart(early, lab("platelets", "110 10*9/L", "2026-06"))).cause is Cause.DATE_IMPRECISE


def test_a_preliminary_result_of_another_thing_is_not_outranked() -> None:
    rule = Measured(("platelets", "ast"), low=limit("100 10*9/L"))
    early = lab("platelets", "90 10*9/L", status=ResultStatus.PRELIMINARY, ref="Observation/2")
    assert find(rule, chart(early, lab("ast", "40 U/L"))).truth is not Truth.MET
    assert "Observation/2" in [each.reference for each in find(rule, chart(early, lab("ast", "40 U/L"))).evidence]
