"""Multiples of the limit of normal: whose range it is, what a flag says, and the site's table (2026-06-15)."""

import dataclasses
from decimal import Decimal
from fractions import Fraction

import pytest

from cds.core.chart import Measurement, Person, ReferenceRange, Sex
from cds.core.criteria import Measured, Not
from cds.core.dates import PartialDate
from cds.core.evaluate import evaluate
from cds.core.explain import explain
from cds.core.finding import Basis, Cause, Finding
from cds.core.needs import needs_of
from cds.core.quantities import Quantity
from cds.core.recognise import recognise
from cds.core.truth import Truth
from cds.core.vocabulary import Normal
from tests.core.builders import AS_OF, PERSON, VOCABULARY, chart, coded, find, lab, limit

AST = Measured(("ast",), high=limit("3 ULN"))
NORMAL_AST = Measured(("ast",), high=limit("1 ULN"))
PLATELETS = Measured(("platelets",), low=limit("1 LLN"))
WOMAN, MAN = PERSON, dataclasses.replace(PERSON, sex=Sex.MALE)
UNKNOWN_SEX = dataclasses.replace(PERSON, sex=None)


def up_to(
    high: int, sex: Sex | None = None, ages: tuple[str | None, str | None] = (None, None), *, other: bool = False
) -> ReferenceRange:
    start, end = (None if age is None else Fraction(age) for age in ages)
    return ReferenceRange(None, Quantity(Decimal(high), ("U/L",)), "", sex, start, end, other)


def result(value: str, *ranges: ReferenceRange, flags: tuple[str, ...] = ()) -> Measurement:
    return dataclasses.replace(lab("ast", value), ranges=ranges, interpretation=flags)


BY_SEX = (up_to(50, Sex.MALE), up_to(40, Sex.FEMALE))


@pytest.mark.parametrize(
    ("ranges", "person", "truth", "cause"),
    [
        (BY_SEX, WOMAN, "unmet", None),
        (BY_SEX, MAN, "met", None),
        (BY_SEX, UNKNOWN_SEX, "unknown", Cause.NO_REFERENCE_RANGE),
        ((up_to(45, Sex.MALE), up_to(45, Sex.FEMALE)), UNKNOWN_SEX, "met", None),
        ((up_to(45), up_to(40, Sex.FEMALE)), WOMAN, "unmet", None),
        ((up_to(45), up_to(40, Sex.FEMALE)), MAN, "met", None),
        ((up_to(50, Sex.MALE),), WOMAN, "unknown", Cause.NO_REFERENCE_RANGE),
        ((up_to(40, Sex.FEMALE), up_to(41, Sex.FEMALE)), WOMAN, "unknown", Cause.NO_REFERENCE_RANGE),
        ((up_to(50, other=True), up_to(40, Sex.FEMALE)), WOMAN, "unmet", None),
        ((up_to(50, other=True),), WOMAN, "met", None),
        ((up_to(50, other=True), up_to(40, other=True)), WOMAN, "unknown", Cause.NO_REFERENCE_RANGE),
        ((up_to(50, other=True), up_to(40, Sex.MALE)), WOMAN, "unknown", Cause.NO_REFERENCE_RANGE),
    ],
)
def test_ast_of_130_against_three_times_the_limit_for_this_patient(
    ranges: tuple[ReferenceRange, ...], person: Person, truth: str, cause: Cause | None
) -> None:
    finding = find(AST, chart(result("130 U/L", *ranges), person=person))
    assert (finding.truth.value, finding.cause) == (truth, cause)


BY_AGE = (up_to(40, ages=(None, "66")), up_to(50, ages=("66", None)))


@pytest.mark.parametrize(
    ("born", "truth"),
    [
        ("1960-06-10", "met"),
        ("1960-06-11", "unmet"),
        ("1961", "unmet"),
        ("1960", "unknown"),
        (None, "unknown"),
        ("2030-01-01", "unknown"),
    ],
)
def test_the_age_on_the_day_of_the_result_chooses_the_range(born: str | None, truth: str) -> None:
    person = dataclasses.replace(PERSON, born=PartialDate.parse(born) if born else None)
    assert find(AST, chart(result("130 U/L", *BY_AGE), person=person)).truth.value == truth


def test_a_boundary_within_a_year_of_life_leaves_both_ranges_open() -> None:
    halves = (up_to(40, ages=(None, "66.5")), up_to(50, ages=("66.5", None)))
    assert find(AST, chart(result("130 U/L", *halves))).cause is Cause.NO_REFERENCE_RANGE


def test_the_range_for_this_patient_is_the_one_that_is_shown() -> None:
    finding = find(AST, chart(result("130 U/L", *BY_SEX), person=WOMAN))
    assert finding.evidence[0].range == "<= 40"


@pytest.mark.parametrize(
    ("rule", "flags", "truth", "cause"),
    [
        (AST, ("N",), "met", None),
        (AST, ("L",), "met", None),
        (AST, ("H",), "unknown", Cause.NO_REFERENCE_RANGE),
        (AST, ("A",), "unknown", Cause.NO_REFERENCE_RANGE),
        (AST, (), "unknown", Cause.NO_REFERENCE_RANGE),
        (AST, ("N", "H"), "unknown", Cause.NO_REFERENCE_RANGE),
        (AST, ("A", "N"), "met", None),
        (NORMAL_AST, ("N",), "met", None),
        (NORMAL_AST, ("normal",), "met", None),
        (NORMAL_AST, ("H",), "unmet", None),
        (NORMAL_AST, ("HH",), "unmet", None),
        (NORMAL_AST, ("HU",), "unmet", None),
        (NORMAL_AST, (">",), "unmet", None),
        (NORMAL_AST, ("LL",), "met", None),
        (Measured(("ast",), high=limit("< 1 ULN")), ("N",), "unknown", Cause.NO_REFERENCE_RANGE),
        (Measured(("ast",), low=limit("1 LLN")), ("N",), "met", None),
        (Measured(("ast",), low=limit("1 LLN")), ("H",), "met", None),
        (Measured(("ast",), low=limit("1 LLN")), ("L",), "unmet", None),
        (Measured(("ast",), low=limit("1 LLN")), ("LU",), "unmet", None),
        (Measured(("ast",), low=limit("1 LLN"), high=limit("1 ULN")), ("N",), "met", None),
        (Measured(("ast",), low=limit("2 LLN")), ("N",), "unknown", Cause.NO_REFERENCE_RANGE),
        (Measured(("ast",), high=limit("100 U/L")), ("H",), "met", None),
        (Not(Measured(("ast",), low=limit("> 1 ULN"))), ("H",), "unmet", None),
    ],
)
def test_a_flag_where_no_range_was_sent(
    rule: Measured | Not, flags: tuple[str, ...], truth: str, cause: Cause | None
) -> None:
    finding = find(rule, chart(result("60 U/L", flags=flags)))
    assert (finding.truth.value, finding.cause) == (truth, cause)


def test_a_flag_that_decided_is_shown_and_the_numbers_outrank_it() -> None:
    finding = find(AST, chart(result("60 U/L", flags=("N",))))
    assert (finding.basis, finding.evidence[0].value) == (Basis.DOCUMENTED, "60 U/L (flagged N)")
    assert find(NORMAL_AST, chart(result("60 U/L", up_to(40), flags=("N",)))).truth is Truth.UNMET
    assert find(NORMAL_AST, chart(result("30 U/L", up_to(40), flags=("H",)))).truth is Truth.MET


@pytest.mark.parametrize("words", ["normal", "Within normal  limits", "WNL"])
def test_a_value_in_words_that_says_normal(words: str) -> None:
    assert find(AST, chart(result(words))).truth is Truth.MET
    in_codes = dataclasses.replace(result("1 U/L"), value=dataclasses.replace(coded("LA6626-1"), text=words))
    assert find(AST, chart(in_codes)).truth is Truth.MET
    assert find(Measured(("ast",), high=limit("120 U/L")), chart(result(words))).cause is Cause.IMPLAUSIBLE
    assert find(AST, chart(result("not normal"))).cause is Cause.IMPLAUSIBLE


def test_a_flag_says_nothing_of_a_value_that_cannot_be() -> None:
    assert find(AST, chart(result("600000 U/L", flags=("N",)))).cause is Cause.IMPLAUSIBLE
    assert find(AST, chart(result("haemolysed", flags=("N",)))).cause is Cause.IMPLAUSIBLE


TABLE = dataclasses.replace(
    VOCABULARY,
    normals={
        "ast": (Normal(high=Fraction(40), sex=Sex.FEMALE, from_years=18), Normal(high=Fraction(50), sex=Sex.MALE)),
        "platelets": (Normal(low=Fraction(150), high=Fraction(400)),),
    },
)


def by_table(rule: Measured | Not, *entries: Measurement, person: Person = PERSON) -> Finding:
    return evaluate(rule, recognise(chart(*entries, person=person), TABLE, AS_OF))


def test_the_sites_table_stands_in_as_an_assumption() -> None:
    finding = by_table(AST, result("130 U/L"))
    assert (finding.truth, finding.basis) == (Truth.UNMET, Basis.ASSUMED)
    assert finding.evidence[0].range == "<= 40 by the site's table"
    assert explain(finding, TABLE) == (
        "Ast 130 U/L (range <= 40 by the site's table) on 2026-06-10; the trial asks for at most 3 × ULN. "
        "The range is the site's own; none that can be used was sent with the result."
    )
    assert by_table(AST, result("130 U/L"), person=MAN).truth is Truth.MET
    assert by_table(AST, result("130 U/L"), person=UNKNOWN_SEX).cause is Cause.NO_REFERENCE_RANGE
    assert by_table(AST, result("110 U/L"), person=UNKNOWN_SEX).cause is Cause.NO_REFERENCE_RANGE
    assert by_table(PLATELETS, lab("platelets", "149000 /uL"), person=UNKNOWN_SEX).truth is Truth.UNMET


def test_the_sites_table_gives_way_to_the_results_own_range_and_to_its_flag() -> None:
    own = by_table(AST, result("130 U/L", up_to(45)))
    assert (own.truth, own.basis) == (Truth.MET, Basis.DOCUMENTED)
    flagged = by_table(NORMAL_AST, result("42 U/L", flags=("N",)))
    assert (flagged.truth, flagged.basis) == (Truth.MET, Basis.DOCUMENTED)
    high = by_table(AST, result("110 U/L", flags=("H",)))
    assert (high.truth, high.basis) == (Truth.MET, Basis.ASSUMED)


def test_one_side_by_the_table_makes_the_whole_an_assumption() -> None:
    both = Measured(("platelets",), low=limit("1 LLN"), high=limit("1 ULN"))
    half = dataclasses.replace(lab("platelets", "200 10*9/L", normal="-400"))
    assert by_table(both, half).basis is Basis.ASSUMED
    too_many = dataclasses.replace(lab("platelets", "410 10*9/L", normal="-400"))
    assert (by_table(both, too_many).truth, by_table(both, too_many).basis) == (Truth.UNMET, Basis.DOCUMENTED)


def test_the_table_needs_a_number_in_a_known_unit() -> None:
    assert by_table(AST, result("130 furlongs")).cause is Cause.UNIT_NOT_COMPARABLE
    assert by_table(AST, result("haemolysed")).cause is Cause.IMPLAUSIBLE


def test_ranges_need_the_patient() -> None:
    assert {kind.value for kind in needs_of(AST)} == {"person", "measurement"}
    assert {kind.value for kind in needs_of(Measured(("ast",), high=limit("100 U/L")))} == {"measurement"}
