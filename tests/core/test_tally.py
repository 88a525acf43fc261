"""A tally counts what a screen tells, trial by trial; without everything, of trials that concern the patient."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.core.chart import Chart, Extent, Kind
from cds.core.criteria import AllOf, AnyOf, Asked, Criterion, Diagnosis, HasCondition, IfThen, Measured, Not, Rule
from cds.core.plan import Plan
from cds.core.screen import screen
from cds.core.tally import Tally, concerned, tally
from cds.core.trial import Cohort, Trial
from cds.core.truth import Truth
from cds.core.verdict import Standing, Verdict
from tests.core.builders import AS_OF, VOCABULARY, chart, criterion, lab, limit, problem
from tests.core.strategies import charts, rules

if TYPE_CHECKING:
    from collections.abc import Iterable

NEC = criterion("disease", Diagnosis(("neuroendocrine-carcinoma",)), disease=True)
COLON = criterion("disease", Diagnosis(("adenocarcinoma",), ("digestive-system",)), disease=True)
PLATELETS = criterion("platelets", Measured(("platelets",), low=limit("100 10*9/L")))
ALBUMIN = criterion("albumin", Measured(("albumin",), low=limit("3 g/dL")))
CONSENT = criterion("consent", Asked("Does the patient consent?"))
PATIENT = chart(problem("nec-of-pancreas"), lab("platelets", "80 10*9/L"))


def trial(number: int, *criteria: Criterion, cohorts: tuple[Cohort, ...] = (), complete: bool = True) -> Trial:
    return Trial(f"NCT0000000{number}", "", "RECRUITING", criteria, cohorts, complete=complete)


def tallied(the_chart: Chart, *trials: Trial, everything: bool = False) -> list[Tally]:
    return list(tally(the_chart, Plan.of(trials, VOCABULARY), AS_OF, everything=everything))


def numbers(told: Iterable[Tally]) -> list[int]:
    return [int(each.trial.nct_id[3:]) for each in told]


def ids(verdict: Verdict, truth: Truth) -> tuple[str, ...]:
    return tuple(each.criterion.id for each in verdict.having(truth))


def check(counted: Tally, verdict: Verdict) -> None:
    """Hold what was counted of a trial against the verdict of the screen."""
    assert counted.trial.nct_id == verdict.trial.nct_id
    assert (counted.standing, counted.earliest) == (verdict.standing, verdict.earliest)
    assert counted.cohort == next(each.id for each in verdict.cohorts if each.findings is verdict.findings)
    assert (counted.unmet, counted.unknown) == (ids(verdict, Truth.UNMET), ids(verdict, Truth.UNKNOWN))
    assert (counted.met, counted.for_a_person) == (len(verdict.having(Truth.MET)), len(verdict.for_a_person))
    assert tuple(counted.findings) == tuple(verdict.findings)
    assert (counted.disease is None) == (verdict.standing is Standing.NOT_RELEVANT)


_MARKED = st.sampled_from([False, False, True])


@st.composite
def _trials(draw: st.DrawFn) -> tuple[Trial, ...]:
    """Give trials, and drafts that ask each rule beside a line's words, of a small pool of rules."""
    plain = draw(st.lists(rules, min_size=1, max_size=4))
    drafted: list[Rule] = [AnyOf((each, Asked("Or by the line's words?"))) for each in plain]
    pool = st.sampled_from([*plain, *drafted, Asked("?")])

    def criteria(place: str, most: int) -> tuple[Criterion, ...]:
        drawn = draw(st.lists(st.tuples(pool, _MARKED), max_size=most))
        return tuple(
            Criterion(f"{place}{number}", "", rule, disease=disease) for number, (rule, disease) in enumerate(drawn)
        )

    def one(number: int) -> Trial:
        names = draw(st.sampled_from(["", "", "b", "ba", "aa"]))
        cohorts = tuple(Cohort(name, "", criteria(name, 2), open=draw(st.booleans())) for name in names)
        made = trial(number, *criteria("c", 4), cohorts=cohorts)
        return dataclasses.replace(made, complete=draw(st.booleans()), draft=draw(st.booleans()))

    return tuple(one(number) for number in range(draw(st.integers(1, 4))))


@given(_trials(), charts())
def test_it_counts_what_the_screen_tells(trials: tuple[Trial, ...], the_chart: Chart) -> None:
    plan = Plan.of(trials, VOCABULARY)
    told = list(tally(the_chart, plan, AS_OF, everything=True))
    assert [each.trial for each in told] == list(plan.trials)
    verdicts = {each.trial.nct_id: each for each in screen(the_chart, plan, AS_OF)}
    for each in told:
        check(each, verdicts[each.trial.nct_id])


@given(_trials(), charts())
def test_those_that_concern_somebody_are_told_as_among_all(trials: tuple[Trial, ...], the_chart: Chart) -> None:
    plan = Plan.of(trials, VOCABULARY)
    everything = {each.trial.nct_id: each for each in tally(the_chart, plan, AS_OF, everything=True)}
    some = list(tally(the_chart, plan, AS_OF))
    assert [dataclasses.replace(each, findings=()) for each in some] == [
        dataclasses.replace(everything[each.trial.nct_id], findings=()) for each in some
    ]
    assert numbers(some) == sorted(numbers(some))
    assert concerned(the_chart, plan, AS_OF) == bool(some)


# ----------------------------------------------------------------------------------------------------- whom it concerns


@pytest.mark.parametrize(
    ("entries", "concerns"),
    [
        ((problem("nec-of-pancreas"),), [1]),
        ((problem("adenocarcinoma-of-colon"),), [2]),
        ((problem("gilbert-syndrome"),), []),
        ((), []),
    ],
)
def test_a_disease_that_no_entry_speaks_for_concerns_nobody(entries: tuple[object, ...], concerns: list[int]) -> None:
    trials = trial(1, NEC), trial(2, COLON), trial(3, PLATELETS)
    the_chart = chart(*entries)  # type: ignore[arg-type]
    assert numbers(tallied(the_chart, *trials)) == concerns
    assert concerned(the_chart, Plan.of(trials, VOCABULARY), AS_OF) == bool(concerns)


def test_a_disease_that_only_a_person_can_know_of_is_not_everybodys() -> None:
    asked = dataclasses.replace(CONSENT, disease=True)
    either = criterion("either", AnyOf((Diagnosis(("adenocarcinoma",)), Asked("Or as the line says?"))), disease=True)
    trials = trial(1, asked), trial(2, either), trial(3, NEC)
    assert numbers(tallied(PATIENT, *trials)) == [3]
    assert [each.standing for each in tallied(PATIENT, *trials, everything=True)[:2]] == [Standing.POSSIBLE] * 2


def test_a_diagnosis_too_general_to_settle_it_speaks_for_a_disease() -> None:
    told = tallied(chart(problem("cancer-of-pancreas")), trial(1, NEC))
    assert [(each.disease, each.standing) for each in told] == [(Truth.UNKNOWN, Standing.POSSIBLE)]


def test_a_tumour_that_no_table_knows_may_be_the_one() -> None:
    assert numbers(tallied(chart(problem("carcinoma of an unheard-of kind")), trial(1, NEC), trial(2, COLON))) == [1, 2]


def test_another_tumour_speaks_for_no_disease_though_not_all_was_read() -> None:
    part = dataclasses.replace(PATIENT, covered={**PATIENT.covered, Kind.CONDITION: Extent.PARTIAL})
    assert numbers(tallied(part, trial(1, NEC), trial(2, COLON))) == [1]
    assert tallied(part, trial(2, COLON), everything=True)[0].disease is Truth.UNKNOWN


def test_a_disease_of_which_an_entry_speaks_but_which_is_ruled_out_concerns_nobody() -> None:
    both = criterion("disease", AllOf((NEC.rule, COLON.rule)), disease=True)
    assert numbers(tallied(PATIENT, trial(1, both), trial(2, NEC))) == [2]


def test_an_illness_of_which_nothing_is_recorded_concerns_nobody() -> None:
    gilbert = criterion("disease", AnyOf((HasCondition(("gilbert-syndrome",)), Asked("Or?"))), disease=True)
    assert numbers(tallied(PATIENT, trial(1, gilbert))) == []
    assert numbers(tallied(chart(problem("gilbert-syndrome")), trial(1, gilbert))) == [1]


def test_a_disease_that_one_cohort_is_about_makes_the_trial_concern() -> None:
    cohorts = Cohort("a", "", (COLON,)), Cohort("b", "", (NEC, PLATELETS))
    (told,) = tallied(PATIENT, trial(1, ALBUMIN, cohorts=cohorts))
    assert (told.cohort, told.unmet, told.unknown) == ("b", ("platelets",), ("albumin",))


# ------------------------------------------------------------------------------------------------------ what it counts


def test_what_only_a_person_settles_is_counted_apart() -> None:
    drafted = criterion("drafted", AnyOf((PLATELETS.rule, Asked("Or?"))))
    (told,) = tallied(PATIENT, trial(1, NEC, PLATELETS, ALBUMIN, CONSENT, drafted))
    assert (told.met, told.unmet, told.unknown, told.for_a_person) == (1, ("platelets",), ("albumin",), 2)


def test_what_is_met_by_way_of_a_question_is_the_persons_too() -> None:
    had = HasCondition(("gilbert-syndrome",))
    choice = criterion("choice", IfThen(had, Asked("Is it mild?"), PLATELETS.rule))
    (told,) = tallied(chart(problem("nec-of-pancreas"), problem("gilbert-syndrome")), trial(1, NEC, choice))
    assert (told.met, told.unmet, told.unknown, told.for_a_person) == (1, (), (), 1)


def test_an_open_cohort_is_told_before_a_better_one_that_is_closed() -> None:
    cohorts = Cohort("shut", "", open=False), Cohort("open", "", (PLATELETS,))
    (told,) = tallied(PATIENT, trial(1, NEC, cohorts=cohorts))
    assert (told.cohort, told.unmet) == ("open", ("platelets",))


def test_of_equal_cohorts_the_one_with_less_unmet_is_told() -> None:
    low = criterion("low", Not(Measured(("platelets",), high=limit("90 10*9/L"))))
    cohorts = Cohort("a", "", (PLATELETS, low)), Cohort("b", "", (PLATELETS,))
    (told,) = tallied(PATIENT, trial(1, NEC, cohorts=cohorts))
    assert (told.cohort, told.unmet) == ("b", ("platelets",))


def test_an_incomplete_trial_is_possible_at_most() -> None:
    (told,) = tallied(chart(problem("nec-of-pancreas")), trial(1, NEC, complete=False))
    assert (told.standing, told.disease) == (Standing.POSSIBLE, Truth.MET)


def test_the_diseases_of_a_plan_say_what_it_takes_to_see_whom_it_concerns() -> None:
    plan = Plan.of([trial(1, NEC, PLATELETS)], VOCABULARY)
    assert set(plan.disease_needs()) == {Kind.CONDITION}
    assert set(plan.needs) == {Kind.CONDITION, Kind.MEASUREMENT}
