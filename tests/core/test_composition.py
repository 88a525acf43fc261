"""Rules made of rules: alternatives, exceptions, conditional limits, readings, questions; age and sex."""

import datetime as dt

import pytest

from cds.core.chart import Person, Sex
from cds.core.criteria import (
    Age,
    AllOf,
    AnyOf,
    Asked,
    Exposed,
    HasCondition,
    IfThen,
    Measured,
    Not,
    Readings,
    Reason,
    SexIs,
)
from cds.core.dates import PartialDate
from cds.core.finding import Basis, Cause
from cds.core.truth import Truth
from tests.core.builders import chart, drug, find, lab, limit, problem

AST = IfThen(
    HasCondition(("liver-metastasis",), active=True),
    Measured(("ast",), high=limit("5 ULN")),
    Measured(("ast",), high=limit("3 ULN")),
)
LIVER = problem("liver-metastasis")


@pytest.mark.parametrize(
    ("multiple", "with_metastasis", "unknown"),
    [("2", "met", "met"), ("4", "met", "unknown"), ("6", "unmet", "unmet")],
)
def test_an_unknown_condition_tests_both_limits(multiple: str, with_metastasis: str, unknown: str) -> None:
    result = lab("ast", f"{int(multiple) * 40} U/L", normal="-40")
    assert find(AST, chart(result, LIVER)).truth.value == with_metastasis
    finding = find(AST, chart(result))
    assert finding.truth.value == unknown
    assert finding.cause is (Cause.CONDITION_UNKNOWN if unknown == "unknown" else None)


def test_an_exception_that_nobody_recorded_does_not_settle_an_exclusion() -> None:
    exclusion = Not(AllOf((HasCondition(("myocardial-infarction",)), Asked("Was it long ago?"))))
    finding = find(exclusion, chart(problem("myocardial-infarction")))
    assert (finding.truth, finding.cause) == (Truth.UNKNOWN, Cause.JUDGEMENT)
    assert find(exclusion, chart(LIVER)).basis is Basis.NO_RECORD


def test_the_weakest_basis_is_told() -> None:
    both = AllOf((Measured(("ast",), high=limit("3 ULN")), Not(Exposed(("platinum",)))))
    assert find(both, chart(lab("ast", "40 U/L", normal="-40"))).basis is Basis.NO_RECORD


def test_an_alternative_is_settled_by_the_part_that_holds() -> None:
    either = AnyOf((Measured(("platelets",), low=limit("100 10*9/L")), Measured(("ast",), high=limit("3 ULN"))))
    finding = find(
        either, chart(lab("platelets", "50 10*9/L"), lab("ast", "40 U/L", normal="-40", ref="Observation/2"))
    )
    assert [each.reference for each in finding.evidence] == ["Observation/2"]


def test_what_a_record_can_settle_is_asked_before_what_a_person_must() -> None:
    both = AllOf((Asked("Consent?"), Measured(("platelets",), low=limit("100 10*9/L"))))
    assert find(both, chart()).cause is Cause.NO_RECORD


@pytest.mark.parametrize("node", [AllOf, AnyOf, Readings])
def test_a_composite_of_nothing_is_refused(node: type[AllOf | AnyOf | Readings]) -> None:
    with pytest.raises(ValueError, match="at least one part"):
        node(())


def test_a_condition_that_only_silence_settles_weakens_the_basis() -> None:
    rule = IfThen(Not(HasCondition(("gilbert-syndrome",))), AST.then, AST.otherwise)
    other = problem("myocardial-infarction")
    assert find(rule, chart(lab("ast", "40 U/L", normal="-40"), other)).basis is Basis.NO_RECORD


def test_readings_settle_only_together() -> None:
    older_than_18 = Readings((Age(at_least=18), Age(at_least=19)))
    born = {17: "2008-06-16", 18: "2008-06-15", 19: "2007-06-15"}
    found = {
        age: find(older_than_18, chart(person=Person(PartialDate.parse(day)))).truth.value for age, day in born.items()
    }
    assert found == {17: "unmet", 18: "unknown", 19: "met"}


def test_questions_stay_questions_even_forbidden() -> None:
    assert find(Asked("Consent?"), chart()).cause is Cause.JUDGEMENT
    assert find(Not(Asked("?", Reason.NOT_COMPUTABLE)), chart()).cause is Cause.NOT_COMPUTABLE


@pytest.mark.parametrize(
    ("born", "truth", "resolves"),
    [
        ("2007-06-15", "met", None),
        ("2007-06-16", "unmet", "2026-06-16"),
        ("2007", "unknown", None),
        ("2006", "met", None),
        ("2030-01-01", "unknown", None),
        (None, "unknown", None),
    ],
)
def test_nineteen_or_over(born: str | None, truth: str, resolves: str | None) -> None:
    finding = find(Age(at_least=19), chart(person=Person(PartialDate.parse(born) if born else None)))
    assert finding.truth.value == truth
    assert finding.resolves_on == (dt.date.fromisoformat(resolves) if resolves else None)


def test_what_time_changes_in_thirty_years_is_not_told() -> None:
    young = chart(person=Person(PartialDate.parse("2000-01-01")))
    assert find(Age(at_least=61), young).resolves_on is None


def test_an_upper_age_expires_on_the_day_before_the_birthday() -> None:
    finding = find(Age(at_most=75), chart(person=Person(PartialDate.parse("1950-07-01"))))
    assert (finding.truth, finding.expires_on) == (Truth.MET, dt.date(2026, 6, 30)) or finding.truth is Truth.UNMET
    younger = find(Age(at_most=75), chart(person=Person(PartialDate.parse("1951-03-04"))))
    assert (younger.truth, younger.expires_on) == (Truth.MET, dt.date(2027, 3, 3))


@pytest.mark.parametrize(
    ("sex", "truth"),
    [(Sex.MALE, "met"), (Sex.FEMALE, "unmet"), (Sex.OTHER, "unknown"), (Sex.UNKNOWN, "unknown"), (None, "unknown")],
)
def test_sex(sex: Sex | None, truth: str) -> None:
    assert find(SexIs(Sex.MALE), chart(person=Person(sex=sex))).truth.value == truth


def test_a_composite_resolves_when_its_last_obstacle_does() -> None:
    washouts = AllOf(
        (
            Not(Exposed(("cyp3a-inhibitor",), within_days=7)),
            Not(Exposed(("cytotoxic-chemotherapy",), within_days=14)),
        )
    )
    taken = chart(
        drug("itraconazole", "2026-06-01", "2026-06-13"),
        drug("etoposide", "2026-06-08", "2026-06-10", ref="MedicationStatement/2"),
    )
    assert find(washouts, taken).resolves_on == dt.date(2026, 6, 24)
    with_unknown = AllOf((*washouts.rules, Measured(("platelets",), low=limit("100 10*9/L"))))
    assert find(with_unknown, taken).resolves_on is None
