"""Values computed from results: which one decides, how old it is, and what is shown of it (2026-06-15)."""

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.core.chart import Chart, Measurement, Person, ResultStatus, Sex
from cds.core.criteria import Measured, Not
from cds.core.dates import PartialDate
from cds.core.evaluate import evaluate
from cds.core.explain import describe, explain
from cds.core.finding import Basis, Cause, Finding
from cds.core.limits import Formula
from cds.core.recognise import recognise
from cds.core.truth import Truth
from tests.core.builders import AS_OF, PERSON, VOCABULARY, chart, find, lab, limit

# Born 1960-03-01 and female: (140 - 66) × 60 / (72 × 1) × 0.85 = 52.4 mL/min.
CLEARANCE = Measured(
    ("creatinine-clearance",), low=limit("50 mL/min"), computed=(Formula.COCKCROFT_GAULT_ACTUAL,), within_days=14
)
CREATININE = lab("creatinine", "1 mg/dL", "2026-06-10", ref="Observation/creatinine")
WEIGHT = lab("body-weight", "60 kg", "2026-06-01", ref="Observation/weight")


def reported(value: str, on: str, status: ResultStatus = ResultStatus.FINAL) -> Measurement:
    return lab("creatinine-clearance", value, on, status=status, ref="Observation/reported")


def test_a_value_is_computed_where_none_is_reported_and_shows_its_inputs() -> None:
    finding = find(CLEARANCE, chart(CREATININE, WEIGHT))
    assert (finding.truth, finding.basis) == (Truth.MET, Basis.DOCUMENTED)
    assert [(each.reference, each.label, each.value, each.date) for each in finding.evidence] == [
        (
            "Observation/creatinine",
            "Creatinine clearance (Cockcroft-Gault, actual weight), computed",
            "52.42 mL/min",
            "2026-06-10",
        ),
        ("Observation/creatinine", "Creatinine", "1 mg/dL", "2026-06-10"),
        ("Observation/weight", "Body weight", "60 kg", "2026-06-01"),
        ("Patient", "Age and sex", "66, female", "2026-06-10"),
    ]


@pytest.mark.parametrize(
    ("entries", "truth", "cause"),
    [
        ((reported("80 mL/min", "2026-06-10"),), "met", None),
        ((reported("40 mL/min", "2026-06-12"), CREATININE, WEIGHT), "unmet", None),
        ((reported("40 mL/min", "2026-06-10"), CREATININE, WEIGHT), "unmet", None),
        ((reported("40 mL/min", "2026-06-09"), CREATININE, WEIGHT), "met", None),
        ((reported("clotted", "2026-06-12"), CREATININE, WEIGHT), "unknown", Cause.IMPLAUSIBLE),
        ((reported("clotted", "2026-06-09"), CREATININE, WEIGHT), "met", None),
        ((reported("40 mL/min", "2026-05-01"), CREATININE, WEIGHT), "met", None),
        ((reported("40 mL/min", "2026-06-09"), CREATININE), "unmet", None),
        ((reported("40 mL/min", "2026-05-01"), CREATININE), "unknown", Cause.TOO_OLD),
        ((CREATININE,), "unknown", Cause.NO_RECORD),
        ((WEIGHT,), "unknown", Cause.NO_RECORD),
    ],
)
def test_the_newest_decides_and_on_the_same_day_the_reported_one(
    entries: tuple[Measurement, ...], truth: str, cause: Cause | None
) -> None:
    finding = find(CLEARANCE, chart(*entries))
    assert (finding.truth.value, finding.cause) == (truth, cause)


def test_inputs_that_are_missing_are_asked_for() -> None:
    finding = find(CLEARANCE, chart(CREATININE))
    assert finding.wanted is not None
    assert finding.wanted.concepts == ("creatinine-clearance", "body-weight")
    assert "Body weight" in finding.wanted.question
    assert explain(finding, VOCABULARY) == (
        "No creatinine clearance on record, nor body weight to compute it; the trial asks for at least 50 mL/min."
    )


def test_a_date_of_birth_that_is_missing_is_asked_for() -> None:
    nobody = dataclasses.replace(PERSON, born=None)
    for rule, asked in ((CLEARANCE, True), (dataclasses.replace(CLEARANCE, computed=()), False)):
        finding = find(rule, chart(CREATININE, WEIGHT, person=nobody))
        assert finding.wanted is not None
        assert ("date of birth" in finding.wanted.question) is asked


@pytest.mark.parametrize(
    ("creatinine", "weight", "truth", "cause"),
    [
        ("2026-06-01", "2026-06-01", "met", None),
        ("2026-05-31", "2026-06-01", "unknown", Cause.TOO_OLD),
        ("2026-06-10", "2026-05-18", "met", None),
        ("2026-06-10", "2026-05-17", "unknown", Cause.NO_RECORD),
        ("2026-06-10", None, "unknown", Cause.NO_RECORD),
        (None, "2026-06-01", "unknown", Cause.NO_RECORD),
    ],
)
def test_a_computed_value_is_as_old_as_its_leading_input_and_needs_fresh_others(
    creatinine: str | None, weight: str | None, truth: str, cause: Cause | None
) -> None:
    finding = find(CLEARANCE, chart(lab("creatinine", "1 mg/dL", creatinine), lab("body-weight", "60 kg", weight)))
    assert (finding.truth.value, finding.cause) == (truth, cause)


def test_a_computed_value_lapses_with_the_first_of_its_inputs() -> None:
    assert find(CLEARANCE, chart(CREATININE, WEIGHT)).expires_on == dt.date(2026, 6, 24)
    older = lab("body-weight", "60 kg", "2026-05-20", ref="Observation/weight")
    assert find(CLEARANCE, chart(CREATININE, older)).expires_on == dt.date(2026, 6, 17)


def test_a_low_value_does_not_clear_because_an_input_grows_old() -> None:
    older = lab("body-weight", "40 kg", "2026-05-20", ref="Observation/weight")
    finding = find(CLEARANCE, chart(CREATININE, older, reported("80 mL/min", "2026-06-09")))
    assert (finding.truth, finding.resolves_on, finding.clears_on) == (Truth.UNMET, None, None)


def test_an_input_that_cannot_be_read_gives_no_value() -> None:
    unreadable = lab("creatinine", "clotted", "2026-06-12", ref="Observation/2")
    assert find(CLEARANCE, chart(CREATININE, WEIGHT, unreadable)).cause is Cause.NO_RECORD
    assert find(CLEARANCE, chart(CREATININE, lab("body-weight", "132 furlongs"))).cause is Cause.NO_RECORD


def test_inputs_of_one_day_that_differ_are_all_heard() -> None:
    other = lab("creatinine", "1.1 mg/dL", "2026-06-10", ref="Observation/2")
    assert find(CLEARANCE, chart(CREATININE, WEIGHT, other)).cause is Cause.CONFLICTING
    heavier = lab("body-weight", "90 kg", "2026-06-01", ref="Observation/2")
    finding = find(CLEARANCE, chart(CREATININE, WEIGHT, heavier))
    assert (finding.truth, finding.evidence[0].value) == (Truth.MET, "52.42 to 78.62 mL/min")
    lighter = lab("body-weight", "50 kg", "2026-06-01", ref="Observation/2")
    assert find(CLEARANCE, chart(CREATININE, WEIGHT, lighter)).cause is Cause.TOO_GENERAL


def test_a_comparator_of_an_input_goes_into_the_value() -> None:
    below = lab("creatinine", "< 0.8 mg/dL", "2026-06-10")
    finding = find(CLEARANCE, chart(below, WEIGHT))
    assert (finding.truth, finding.evidence[0].value) == (Truth.MET, "> 65.52 mL/min")


@pytest.mark.parametrize(
    ("person", "creatinine", "truth", "cause"),
    [
        (dataclasses.replace(PERSON, sex=None), "1 mg/dL", "met", None),
        (dataclasses.replace(PERSON, sex=Sex.OTHER), "1.1 mg/dL", "unknown", Cause.TOO_GENERAL),
        (dataclasses.replace(PERSON, sex=Sex.MALE), "1.1 mg/dL", "met", None),
        (dataclasses.replace(PERSON, born=PartialDate.parse("1960")), "1.04 mg/dL", "met", None),
        (dataclasses.replace(PERSON, born=PartialDate.parse("1960")), "1.055 mg/dL", "unknown", Cause.TOO_GENERAL),
        (dataclasses.replace(PERSON, born=None), "1 mg/dL", "unknown", Cause.NO_RECORD),
        (dataclasses.replace(PERSON, born=PartialDate.parse("2010-03-01")), "1 mg/dL", "unknown", Cause.NO_RECORD),
        (dataclasses.replace(PERSON, born=PartialDate.parse("2030")), "1 mg/dL", "unknown", Cause.NO_RECORD),
    ],
)
def test_age_and_sex_as_far_as_they_are_known(person: Person, creatinine: str, truth: str, cause: Cause | None) -> None:
    finding = find(CLEARANCE, chart(lab("creatinine", creatinine), WEIGHT, person=person))
    assert (finding.truth.value, finding.cause) == (truth, cause)


def test_an_egfr_is_never_a_creatinine_clearance() -> None:
    by_mdrd = dataclasses.replace(CLEARANCE, computed=(Formula.MDRD,))
    assert find(by_mdrd, chart(CREATININE, WEIGHT)).cause is Cause.NO_RECORD
    filtration = Measured(("egfr-mdrd",), low=limit("30 mL/min/{1.73_m2}"), computed=(Formula.COCKCROFT_GAULT_ACTUAL,))
    assert find(filtration, chart(CREATININE, WEIGHT)).cause is Cause.NO_RECORD
    assert find(dataclasses.replace(filtration, computed=(Formula.MDRD,)), chart(CREATININE)).truth is Truth.MET


NEUTROPHILS = Measured(("absolute-neutrophil-count",), low=limit("1500 /uL"), computed=(Formula.ANC_FROM_PERCENT,))


@pytest.mark.parametrize(
    ("cells", "share", "truth"),
    [
        ("2026-06-10", "2026-06-10", "met"),
        ("2026-06-10", "2026-06-09", "unknown"),
        ("2026-06", "2026-06", "met"),
    ],
)
def test_a_differential_needs_the_white_cells_of_its_own_day(cells: str, share: str, truth: str) -> None:
    blood = chart(lab("leukocytes", "3000 /uL", cells), lab("neutrophil-percent", "50 %", share))
    assert find(NEUTROPHILS, blood).truth.value == truth


def test_white_cells_alone_do_not_hide_the_last_differential() -> None:
    blood = chart(
        lab("leukocytes", "2 10*9/L", "2026-06-12", ref="Observation/3"),
        lab("leukocytes", "4 10*9/L", "2026-06-10"),
        lab("neutrophil-percent", "50 %", "2026-06-10", ref="Observation/2"),
    )
    finding = find(NEUTROPHILS, blood)
    assert (finding.truth, finding.evidence[0].value, finding.evidence[0].date) == (
        Truth.MET,
        "2 10*9/L",
        "2026-06-10",
    )


QTC = Measured(("qtc-fridericia",), high=limit("470 ms"), computed=(Formula.QTC_FRIDERICIA,))


def test_a_qt_takes_every_heart_rate_of_its_day() -> None:
    tracing = lab("qt-interval", "470 ms", "2026-06-10")
    slow, fast = lab("heart-rate", "60 /min", ref="Observation/2"), lab("heart-rate", "61 /min", ref="Observation/3")
    assert find(QTC, chart(tracing, slow)).truth is Truth.MET
    assert find(QTC, chart(tracing, fast)).truth is Truth.UNMET
    assert find(QTC, chart(tracing, slow, fast)).cause is Cause.TOO_GENERAL


def test_a_preliminary_input_is_told() -> None:
    early = dataclasses.replace(CREATININE, status=ResultStatus.PRELIMINARY)
    assert find(CLEARANCE, chart(early, WEIGHT)).evidence[0].value == "52.42 mL/min (preliminary)"


def test_a_computed_value_is_forbidden_like_any_other() -> None:
    assert find(Not(CLEARANCE), chart(CREATININE, WEIGHT)).truth is Truth.UNMET


def test_a_computed_value_in_words() -> None:
    assert explain(find(CLEARANCE, chart(CREATININE, WEIGHT)), VOCABULARY) == (
        "Creatinine clearance (Cockcroft-Gault, actual weight), computed 52.42 mL/min on 2026-06-10, "
        "from Creatinine 1 mg/dL on 2026-06-10; Body weight 60 kg on 2026-06-01; Age and sex 66, female on 2026-06-10; "
        "the trial asks for at least 50 mL/min."
    )
    assert describe(CLEARANCE, VOCABULARY) == (
        "creatinine clearance of at least 50 mL/min (reported or computed: Cockcroft-Gault, actual weight)"
    )


CALCIUM = Measured(("calcium-corrected",), high=limit("1 ULN"), computed=(Formula.CORRECTED_CALCIUM,))


def calcium(value: str, albumin: str, normal: str = "8.5-10.5") -> Chart:
    """Give a chart with a total calcium and the albumin of the same day."""
    return chart(
        lab("calcium-total", value, normal=normal, ref="Observation/calcium"),
        lab("albumin", albumin, normal="3.5-5", ref="Observation/albumin"),
    )


@pytest.mark.parametrize(
    ("value", "albumin", "truth"),
    [
        ("9.7 mg/dL", "3 g/dL", "met"),
        ("9.71 mg/dL", "3 g/dL", "unmet"),
        ("10.6 mg/dL", "4.5 g/dL", "met"),
        ("10.4 mg/dL", "30 g/L", "unmet"),
        ("< 9.7 mg/dL", "3 g/dL", "met"),
        ("> 9 mg/dL", "3 g/dL", "unknown"),
    ],
)
def test_corrected_calcium_is_held_against_the_range_of_the_total_calcium(value: str, albumin: str, truth: str) -> None:
    finding = find(CALCIUM, calcium(value, albumin))
    assert finding.truth.value == truth
    assert finding.basis is (None if truth == "unknown" else Basis.DOCUMENTED)
    assert finding.evidence[0].range == "8.5-10.5"


def test_corrected_calcium_takes_the_range_in_its_own_unit_and_its_lower_limit_too() -> None:
    millimoles = calcium("2.45 mmol/L", "3 g/dL", "2.1-2.6")
    assert find(CALCIUM, millimoles).truth is Truth.UNMET
    least = dataclasses.replace(CALCIUM, low=limit("1 LLN"), high=None)
    assert find(least, millimoles).truth is Truth.MET
    assert find(least, calcium("7.6 mg/dL", "3 g/dL")).truth is Truth.UNMET


def test_without_a_range_of_the_total_calcium_there_is_none_for_the_corrected_one() -> None:
    finding = find(CALCIUM, calcium("9.7 mg/dL", "3 g/dL", ""))
    assert (finding.truth, finding.cause) == (Truth.UNKNOWN, Cause.NO_REFERENCE_RANGE)


def test_other_computed_values_take_no_range_from_what_they_are_computed_from() -> None:
    creatinine = lab("creatinine", "1 mg/dL", normal="0.5-1.2", ref="Observation/creatinine")
    weight = lab("body-weight", "70 kg", ref="Observation/weight")
    rule = dataclasses.replace(CLEARANCE, low=limit("1 LLN"))
    assert find(rule, chart(creatinine, weight)).cause is Cause.NO_REFERENCE_RANGE


@st.composite
def kidneys(draw: st.DrawFn) -> Chart:
    """Give charts with creatinine, weights and reported clearances of all ages."""
    entries = []
    for place in range(draw(st.integers(0, 5))):
        name, unit = draw(
            st.sampled_from([("creatinine", "mg/dL"), ("body-weight", "kg"), ("creatinine-clearance", "mL/min")])
        )
        least, most = {"creatinine": (1, 3), "body-weight": (30, 120), "creatinine-clearance": (20, 90)}[name]
        value = draw(st.sampled_from(["", "", "", "< ", "> "])) + f"{draw(st.integers(least, most))} {unit}"
        day = (AS_OF - dt.timedelta(days=draw(st.integers(0, 40)))).isoformat()
        on = draw(st.sampled_from([day, day, day, day[:7], None]))
        status = draw(st.sampled_from([ResultStatus.FINAL] * 3 + [ResultStatus.PRELIMINARY]))
        entries.append(lab(name, value, on, status=status, ref=f"Observation/{place}"))
    born = draw(st.sampled_from([None, "1960-03-01", "1960", "1941-06-20", "2008-06-20"]))
    person = Person(PartialDate.parse(born) if born else None, draw(st.sampled_from([None, *Sex])))
    return chart(*entries, person=person)


_RULES = st.builds(
    lambda days, formulas: dataclasses.replace(CLEARANCE, within_days=days, computed=tuple(formulas)),
    st.none() | st.integers(1, 30),
    st.lists(
        st.sampled_from([Formula.COCKCROFT_GAULT_ACTUAL, Formula.COCKCROFT_GAULT_IDEAL, Formula.MDRD]), max_size=2
    ),
)


def _on(rule: Measured, the_chart: Chart, day: dt.date, *, ageing: bool = True) -> Finding:
    case = dataclasses.replace(recognise(the_chart, VOCABULARY, AS_OF), as_of=day, ageing=ageing)
    return evaluate(rule, case)


@given(_RULES, kidneys(), st.randoms(use_true_random=False))
def test_law_order_changes_nothing(rule: Measured, the_chart: Chart, shuffle: object) -> None:
    mixed = shuffle.sample(the_chart.measurements, len(the_chart.measurements))  # type: ignore[attr-defined]
    assert find(rule, dataclasses.replace(the_chart, measurements=tuple(mixed))) == find(rule, the_chart)


@given(_RULES, kidneys())
def test_law_a_computed_value_lapses_on_the_day_told_and_no_obstacle_clears(rule: Measured, the_chart: Chart) -> None:
    finding = find(rule, the_chart)
    assert finding.clears_on is None
    assert finding.resolves_on is None
    if finding.expires_on is not None:
        assert _on(rule, the_chart, finding.expires_on).truth is Truth.MET
        assert _on(rule, the_chart, finding.expires_on + dt.timedelta(days=1)).truth is not Truth.MET
    for days in range(1, 50):
        later = _on(rule, the_chart, AS_OF + dt.timedelta(days=days)).truth
        assert later in {finding.truth, Truth.UNKNOWN}
        if finding.truth is Truth.MET and finding.expires_on is not None:
            stands = AS_OF + dt.timedelta(days=days) <= finding.expires_on
            assert (later is Truth.MET) is stands


@given(_RULES, kidneys())
def test_law_without_a_record_of_the_inputs_it_is_the_reported_result_that_decides(
    rule: Measured, the_chart: Chart
) -> None:
    bare = dataclasses.replace(
        the_chart,
        measurements=tuple(each for each in the_chart.measurements if "weight" not in str(each.code)),
    )
    alone, beside = (
        find(dataclasses.replace(rule, computed=()), bare),
        find(dataclasses.replace(rule, computed=(Formula.COCKCROFT_GAULT_ACTUAL,)), bare),
    )
    assert (alone.truth, alone.cause, alone.evidence) == (beside.truth, beside.cause, beside.evidence)
