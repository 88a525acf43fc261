"""Formulas against numbers that others published or compute, their boundaries, and inputs that are not exact.

The numbers come from the tests and examples of named programs: the R packages admiral (pharmaverse), scicalc, clinPK,
transplantr and tabletools, whose values are in part those of the National Kidney Foundation's, MDCalc's and the CDC's
calculators; the Swift package MiniQTc; and worked examples of the University of Washington's neutropenia registry.
"""

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.core import equations
from cds.core.chart import Sex
from cds.core.derive import INPUT_UNITS, inputs_of, value_of
from cds.core.enclosures import power
from cds.core.limits import Formula
from cds.core.quantities import Bound, Comparator, Interval
from cds.core.truth import Truth

MALE, FEMALE = Sex.MALE, Sex.FEMALE


def exact(value: str | int) -> Interval:
    return Interval.exactly(Fraction(value))


def between(low: str, high: str) -> Interval:
    return Interval(Bound(Fraction(low)), Bound(Fraction(high)))


def micromoles(value: int) -> str:
    """Convert as transplantr and the registries do: 88.4 µmol/L is 1 mg/dL."""
    return str(Fraction(value) / Fraction("88.4"))


def rounded(value: Interval | None, digits: int) -> str:
    """Give a value as its source prints it; both ends must print alike."""
    assert value is not None
    assert value.low is not None
    assert value.high is not None
    low, high = (f"{float(end.at):.{digits}f}" for end in (value.low, value.high))
    assert low == high
    return low


@pytest.mark.parametrize(
    ("equation", "creatinine", "age", "sex", "value"),
    [
        # MDRD: scicalc, twice; MDCalc by admiral. (transplantr gives the older form, with 186.)
        (equations.mdrd, "1", "24", MALE, "91.803"),
        (equations.mdrd, "1", "24", FEMALE, "68.118"),
        (equations.mdrd, "1.09", "55", MALE, "70.2"),
        # CKD-EPI 2009: scicalc, twice; transplantr at 120 µmol/L.
        (equations.ckd_epi_2009, "1", "24", MALE, "104.877"),
        (equations.ckd_epi_2009, "1", "24", FEMALE, "78.790"),
        (equations.ckd_epi_2009, micromoles(120), "45.2", MALE, "62.5"),
        # CKD-EPI 2021: the National Kidney Foundation by admiral; tabletools, twice, on both sides of kappa.
        (equations.ckd_epi_2021, "1.09", "55", MALE, "80"),
        (equations.ckd_epi_2021, "0.8", "70", MALE, "95.2"),
        (equations.ckd_epi_2021, "0.8", "70", FEMALE, "79.2"),
    ],
)
def test_filtration(
    equation: Callable[[Interval, Interval, Sex], Interval], creatinine: str, age: str, sex: Sex, value: str
) -> None:
    digits = len(value.partition(".")[2])
    assert rounded(equation(exact(creatinine), exact(age), sex), digits) == value


def test_the_coefficient_for_race_is_never_applied() -> None:
    # MDCalc by admiral: 70.6 for a Black woman of 65 at 85 µmol/L, which is 1.212 times what is given here.
    value = equations.mdrd(exact(micromoles(85)), exact(65), FEMALE)
    assert rounded(value, 1) == "58.2"
    assert value.low is not None
    assert f"{float(value.low.at * Fraction('1.212')):.1f}" == "70.6"


@pytest.mark.parametrize(
    ("creatinine", "age", "sex", "weight", "value"),
    [
        ("1.09", 55, MALE, 90, "97"),  # National Kidney Foundation, by admiral
        ("1", 25, FEMALE, 60, "81.46"),  # transplantr
        ("1", 40, MALE, 80, "111"),  # clinPK
    ],
)
def test_cockcroft_gault_by_the_actual_weight(creatinine: str, age: int, sex: Sex, weight: int, value: str) -> None:
    clearance = equations.cockcroft_gault(exact(creatinine), exact(age), sex, exact(weight))
    assert rounded(clearance, len(value.partition(".")[2])) == value


def test_the_weights_of_cockcroft_gault() -> None:
    # clinPK: Devine at 160 cm; the clearance of a man of 150 kg and 180 cm by ideal and by adjusted weight.
    assert rounded(equations.ideal_weight(exact(160), FEMALE), 6) == "52.381890"
    assert rounded(equations.ideal_weight(exact(160), MALE), 6) == "56.881890"
    given_of = {"creatinine": exact(1), "body-weight": exact(150), "body-height": exact(180)}
    assert rounded(value_of(Formula.COCKCROFT_GAULT_IDEAL, given_of, exact(40), (MALE,)), 0) == "104"
    assert rounded(value_of(Formula.COCKCROFT_GAULT_ADJUSTED, given_of, exact(50), (MALE,)), 0) == "131"
    assert rounded(value_of(Formula.COCKCROFT_GAULT_ACTUAL, given_of, exact(40), (MALE,)), 0) == "208"


@pytest.mark.parametrize(
    ("equation", "first", "second", "value"),
    [
        # The neutropenia registry: 2.0 × (14.8 + 5.0)/100 and 0.3 + 0.1; bit1024.com: 9.2 and 33 + 1 percent.
        (equations.anc_from_percent, "2.0", "19.8", "0.396"),
        (equations.anc_from_percent, "9.2", "34", "3.128"),
        (equations.anc_from_counts, "0.3", "0.1", "0.4"),
        # MiniQTc: 334 ms at 112 a minute, 278 at 88.
        (equations.qtc_bazett, "334", "112", "456.3"),
        (equations.qtc_bazett, "278", "88", "336.7"),
        (equations.qtc_fridericia, "334", "112", "411.2"),
        (equations.qtc_fridericia, "278", "88", "315.9"),
        # admiral: 75 kg and 180 or 170 cm, 90 kg and 185 cm.
        (equations.bmi, "75", "180", "23.148"),
        (equations.bsa_mosteller, "75", "170", "1.882"),
        (equations.bsa_mosteller, "90", "185", "2.151"),
        (equations.bsa_du_bois, "75", "170", "1.864"),
        (equations.bsa_du_bois, "90", "185", "2.141"),
        # 7.8 + 0.8 × (4 - 2.5); in millimoles (The Guidewire), 1.83 and 26 g/L come to 2.11: 4.008 mg/dL to 1 mmol/L.
        (equations.corrected_calcium, "7.8", "2.5", "9.0"),
        (equations.corrected_calcium, "7.33464", "2.6", "8.5"),
    ],
)
def test_formulas_of_two_results(
    equation: Callable[[Interval, Interval], Interval], first: str, second: str, value: str
) -> None:
    assert rounded(equation(exact(first), exact(second)), len(value.partition(".")[2])) == value


def test_exact_powers_stay_exact() -> None:
    assert power(Fraction(1), Fraction("-1.154")) == exact(1)
    assert power(Fraction(8, 27), Fraction(1, 3)) == exact("2/3")
    assert power(Fraction(4), Fraction(-1, 2)) == exact("1/2")
    assert equations.qtc_fridericia(exact(470), exact(60)) == exact(470)
    assert equations.bsa_mosteller(exact(72), exact(200)) == exact(2)
    assert equations.qtc_fridericia(exact(470), exact(60)).at_most(Bound(Fraction(470))) is Truth.MET
    assert equations.qtc_fridericia(exact(470), exact(60)).at_most(Bound(Fraction(470), inclusive=False)) is Truth.UNMET


@given(st.fractions(Fraction(1, 100), 1000, max_denominator=1000), st.sampled_from([2, 3, 5]))
def test_a_root_lies_within_its_interval(base: Fraction, degree: int) -> None:
    root = power(base, Fraction(1, degree))
    assert root.low is not None
    assert root.high is not None
    assert root.low.at**degree <= base <= root.high.at**degree
    assert root.high.at - root.low.at < Fraction(1, 10**30)


def test_nothing_is_rounded_before_it_is_compared() -> None:
    clearance = equations.cockcroft_gault(exact("1.2"), exact(66), FEMALE, exact("70.5"))
    assert clearance == exact(Fraction(74) * Fraction("70.5") * Fraction("0.85") / (72 * Fraction("1.2")))  # type: ignore[arg-type]
    nearly = equations.anc_from_percent(exact("2"), exact("74.99999"))
    assert nearly.at_least(Bound(Fraction("1.5"))) is Truth.UNMET


def _given(formula: Formula, value: str = "60") -> dict[str, Interval]:
    return {concept: exact(180 if concept == "body-height" else value) for concept in inputs_of(formula)}


@pytest.mark.parametrize("formula", Formula)
def test_every_formula_gives_a_value_and_names_its_units(formula: Formula) -> None:
    assert value_of(formula, _given(formula), exact(50), (MALE,)) is not None
    assert set(inputs_of(formula)) <= INPUT_UNITS.keys()


@pytest.mark.parametrize("formula", Formula)
def test_what_cannot_be_gives_nothing(formula: Formula) -> None:
    for concept in inputs_of(formula):
        wrong = {**_given(formula), concept: exact(-1)}
        assert value_of(formula, wrong, exact(50), (MALE,)) is None


def test_nought_counts_for_cells_and_not_for_a_weight() -> None:
    none_left = {"leukocytes": exact("0.1"), "neutrophil-percent": exact(0)}
    assert value_of(Formula.ANC_FROM_PERCENT, none_left, None, (MALE,)) == exact(0)
    weightless = {"body-weight": exact(0), "body-height": exact(170)}
    assert value_of(Formula.BMI, weightless, None, (MALE,)) is None
    too_many = {"leukocytes": exact(2), "neutrophil-percent": exact(101)}
    assert value_of(Formula.ANC_FROM_PERCENT, too_many, None, (MALE,)) is None


@pytest.mark.parametrize(
    ("age", "given_any"),
    [(exact(18), True), (exact(17), False), (between("17", "18"), False), (exact(140), False), (None, False)],
)
def test_the_equations_of_adults_hold_from_18_years(age: Interval | None, *, given_any: bool) -> None:
    for formula in (Formula.MDRD, Formula.CKD_EPI_2021, Formula.COCKCROFT_GAULT_ACTUAL):
        assert (value_of(formula, _given(formula, "1"), age, (MALE,)) is not None) is given_any


@pytest.mark.parametrize(("height", "given_any"), [("152.4", True), ("152.3", False)])
def test_below_five_feet_there_is_no_ideal_weight(height: str, *, given_any: bool) -> None:
    small = {"creatinine": exact(1), "body-weight": exact(60), "body-height": exact(height)}
    for formula in (Formula.COCKCROFT_GAULT_IDEAL, Formula.COCKCROFT_GAULT_ADJUSTED):
        assert (value_of(formula, small, exact(50), (FEMALE,)) is not None) is given_any
    assert value_of(Formula.COCKCROFT_GAULT_ACTUAL, small, exact(50), (FEMALE,)) is not None


def test_a_creatinine_below_what_is_measured_leaves_the_filtration_open_upwards() -> None:
    low = {"creatinine": Interval.of(Fraction("0.5"), Comparator.BELOW)}
    value = value_of(Formula.CKD_EPI_2021, low, exact(50), (MALE,))
    at = equations.ckd_epi_2021(exact("0.5"), exact(50), MALE).low
    assert value is not None
    assert at is not None
    assert value.high is None
    assert value.low == Bound(at.at, inclusive=False)


def test_an_age_known_to_the_year_and_an_unknown_sex_are_worked_out_for_all_they_may_be() -> None:
    creatinine = {"creatinine": exact(1)}
    value = value_of(Formula.MDRD, creatinine, between("49", "50"), (MALE, FEMALE))
    least = equations.mdrd(exact(1), exact(50), FEMALE)
    most = equations.mdrd(exact(1), exact(49), MALE)
    assert value == Interval(least.low, most.high)


_POSITIVE = st.fractions(Fraction(1, 10), 300, max_denominator=10)


@given(st.sampled_from(Formula), st.data())
def test_the_value_of_an_interval_holds_the_value_of_each_of_its_points(formula: Formula, data: st.DataObject) -> None:
    point, wide = {}, {}
    for concept in inputs_of(formula):
        least = 160 if concept == "body-height" else 0
        low, at, high = sorted(least + data.draw(_POSITIVE) / 4 for _ in range(3))
        point[concept] = Interval.exactly(at)
        wide[concept] = Interval(Bound(low), Bound(high))
    one = value_of(formula, point, exact(60), (FEMALE,))
    every = value_of(formula, wide, between("55", "65"), (MALE, FEMALE))
    assert one is not None
    assert every is not None
    assert one.low is not None
    assert one.high is not None
    assert every.low is not None
    assert every.high is not None
    assert every.low.at <= one.low.at
    assert one.high.at <= every.high.at
