"""A plan answers what trials share once and leaves alone what nobody asks of; no answer may show that it does."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.core.chart import Chart, Kind, Sex
from cds.core.criteria import (
    AllOf,
    AnyOf,
    Asked,
    Criterion,
    Diagnosis,
    HasCondition,
    IfThen,
    Measured,
    Not,
    Readings,
    Reason,
    Rule,
    SexIs,
)
from cds.core.evaluate import evaluate
from cds.core.finding import Attestation
from cds.core.needs import joined, needs_of
from cds.core.plan import Plan
from cds.core.recognise import recognise
from cds.core.screen import screen
from cds.core.sketches import Sketch, Sketches, sketched
from cds.core.trial import Cohort, Trial
from cds.core.truth import Truth
from cds.core.verdict import Standing
from tests.core.builders import AS_OF, VOCABULARY, chart, criterion, lab, limit, problem
from tests.core.plainly import plain_screen, terms_of
from tests.core.strategies import charts, rules

NEC = criterion("disease", Diagnosis(("neuroendocrine-carcinoma",)), disease=True)
COLON = criterion("disease", Diagnosis(("adenocarcinoma",), ("digestive-system",)), disease=True)
PLATELETS = Measured(("platelets",), low=limit("100 10*9/L"))
PATIENT = chart(problem("nec-of-pancreas"), lab("platelets", "80 10*9/L"))


def trial(number: int, *criteria: Criterion, cohorts: tuple[Cohort, ...] = ()) -> Trial:
    return Trial(f"NCT0000000{number}", "", "RECRUITING", criteria, cohorts, complete=True)


class Untouched(SexIs):
    """A rule that nobody may look into."""

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __init__(self) -> None:
        """Ask nothing."""

    @property
    def sex(self) -> Sex:
        raise AssertionError("it was looked into")


_QUESTIONS = st.sampled_from(["First line?", "Another line?"]).map(lambda words: Asked(words, Reason.NOT_COMPUTABLE))


@st.composite
def _pools(draw: st.DrawFn) -> list[Rule]:
    """Give a few rules, as they stand and as drafts ask them: beside the words of a line, one way or the other."""
    plain = draw(st.lists(rules, min_size=1, max_size=4))
    drafted: list[Rule] = [AnyOf((each, draw(_QUESTIONS))) for each in plain]
    drafted += [AllOf((Not(each), draw(_QUESTIONS))) for each in plain]
    return [*plain, *drafted, draw(_QUESTIONS), draw(_QUESTIONS)]


_SELDOM = st.sampled_from([False, False, False, True])


@st.composite
def _trials(draw: st.DrawFn) -> tuple[Trial, ...]:
    """Give trials that draw their rules from one small pool, so that most are asked several times."""
    pool = st.sampled_from(draw(_pools()))

    def criteria(place: str, most: int) -> tuple[Criterion, ...]:
        drawn = draw(st.lists(st.tuples(pool, _SELDOM), max_size=most))
        return tuple(
            Criterion(f"{place}{number}", "", rule, disease=disease) for number, (rule, disease) in enumerate(drawn)
        )

    def one(number: int) -> Trial:
        names = draw(st.sampled_from(["", "", "b", "ba", "aa"]))
        cohorts = tuple(Cohort(name, "", criteria(name, 2), open=draw(st.booleans())) for name in names)
        made = trial(number, *criteria("c", 4), cohorts=cohorts)
        return dataclasses.replace(made, complete=draw(st.booleans()), draft=draw(st.booleans()))

    return tuple(one(number) for number in range(draw(st.integers(1, 4))))


_SAID = st.lists(
    st.builds(
        Attestation,
        st.sampled_from(["c0", "c1", "a0", "b0"]),
        st.sampled_from(["NCT00000000", "NCT00000001"]),
        st.sampled_from(Truth),
    ),
    max_size=3,
).map(tuple)


@given(_trials(), charts(), _SAID, st.booleans())
def test_it_answers_as_each_trial_does_by_itself(
    trials: tuple[Trial, ...],
    the_chart: Chart,
    said: tuple[Attestation, ...],
    brief: bool,  # noqa: FBT001 - drawn
) -> None:
    told = screen(the_chart, Plan.of(trials, VOCABULARY), AS_OF, said, relevant_only=brief)
    plainly = plain_screen(the_chart, trials, terms_of(VOCABULARY, AS_OF), said, relevant_only=brief)
    assert [each.trial.nct_id for each in told] == [each.trial.nct_id for each in plainly]
    assert told == plainly


@given(rules, charts())
def test_a_sketch_says_what_the_finding_says(rule: Rule, the_chart: Chart) -> None:
    case, opposite = recognise(the_chart, VOCABULARY, AS_OF), Not(rule)
    sketches = Sketches(case, {})
    for each in (rule, opposite):
        assert sketches.of(each) == sketched(evaluate(each, case))


_HAD = HasCondition(("gilbert-syndrome",))
_LOW = Measured(("albumin",), low=limit("3 g/dL"))
_SKETCHED: list[tuple[Rule, Sketch]] = [
    (AnyOf((Asked("?"), PLATELETS)), Sketch(Truth.UNKNOWN)),
    (IfThen(_HAD, PLATELETS, Asked("?")), Sketch(Truth.UNKNOWN)),
    (IfThen(_HAD, Asked("?"), PLATELETS), Sketch(Truth.UNKNOWN, for_a_person=True)),
    (AnyOf((NEC.rule, NEC.rule)), Sketch(Truth.UNKNOWN, ruled_out=True)),
    (AnyOf((NEC.rule, Asked("?"))), Sketch(Truth.UNKNOWN)),
    (AnyOf((NEC.rule, _LOW)), Sketch(Truth.UNKNOWN, ruled_out=True)),
    (Readings((NEC.rule, _LOW)), Sketch(Truth.UNKNOWN)),
    (Not(IfThen(_HAD, _LOW, Asked("?"))), Sketch(Truth.MET)),
    (Not(IfThen(_HAD, _LOW, Not(_LOW))), Sketch(Truth.MET)),
]


@pytest.mark.parametrize(("rule", "said"), _SKETCHED)
def test_a_sketch_tells_what_only_a_person_settles_and_what_is_ruled_out(rule: Rule, said: Sketch) -> None:
    case = recognise(chart(problem("gilbert-syndrome"), lab("albumin", "2 g/dL")), VOCABULARY, AS_OF)
    assert Sketches(case, {}).of(rule) == said == sketched(evaluate(rule, case))


def test_what_only_a_person_settles_puts_no_trial_behind_another() -> None:
    haemoglobin = criterion("haemoglobin", Measured(("haemoglobin",), low=limit("9 g/dL")))
    limits = [Measured(("platelets",), low=limit(f"{number} 10*9/L")) for number in (100, 150)]
    drafted = [criterion(f"c{place}", AnyOf((each, Asked("Or?")))) for place, each in enumerate(limits)]
    plan = Plan.of((trial(1, NEC, haemoglobin), trial(2, NEC, *drafted)), VOCABULARY)
    told = screen(PATIENT, plan, AS_OF)
    assert [(each.trial.nct_id, len(each.for_a_person)) for each in told] == [("NCT00000002", 2), ("NCT00000001", 0)]


@given(_trials(), charts(), st.sets(st.integers(0, 3)), st.booleans())
def test_some_of_its_trials_are_a_plan_of_their_own(
    trials: tuple[Trial, ...],
    the_chart: Chart,
    chosen: set[int],
    brief: bool,  # noqa: FBT001 - drawn
) -> None:
    names = {f"NCT0000000{number}" for number in chosen}
    some = Plan.of(trials, VOCABULARY, near_days=5).only(names)
    anew = Plan.of([each for each in trials if each.nct_id in names], VOCABULARY, near_days=5)
    assert some.trials == anew.trials
    assert some.needs == anew.needs
    assert screen(the_chart, some, AS_OF, relevant_only=brief) == screen(the_chart, anew, AS_OF, relevant_only=brief)


@given(_trials())
def test_it_needs_what_its_trials_need(trials: tuple[Trial, ...]) -> None:
    every = [
        each for one in trials for each in (*one.criteria, *(c for cohort in one.cohorts for c in cohort.criteria))
    ]
    assert Plan.of(trials, VOCABULARY).needs == joined(needs_of(each.rule) for each in every)


def test_equal_rules_are_answered_once() -> None:
    other = Measured(("platelets",), low=limit("100 10*9/L"))
    assert other is not PLATELETS
    first, second = trial(1, NEC, criterion("one", PLATELETS)), trial(2, NEC, criterion("two", other))
    told = screen(PATIENT, Plan.of([first, second], VOCABULARY), AS_OF)
    assert told[0].findings[1].finding is told[1].findings[1].finding


def test_a_rule_that_is_part_of_others_is_answered_once() -> None:
    either, choice = AnyOf((PLATELETS, SexIs(Sex.MALE))), IfThen(SexIs(Sex.MALE), PLATELETS, Not(Not(PLATELETS)))
    made = trial(1, NEC, criterion("one", PLATELETS), criterion("two", either), criterion("three", choice))
    _, alone, joint, chosen = screen(PATIENT, Plan.of([made], VOCABULARY), AS_OF)[0].findings
    assert joint.finding.parts[0] == alone.finding
    assert joint.finding.parts[0] is chosen.finding.parts[1] is chosen.finding.parts[2]


def test_lines_in_other_words_ask_the_records_the_same() -> None:
    lines = [AnyOf((PLATELETS, Asked(words))) for words in ("Platelets of 100 or more", "Enough platelets")]
    plan = Plan.of([trial(number, NEC, criterion("line", each)) for number, each in enumerate(lines)], VOCABULARY)
    assert len(plan.rules) == len((NEC.rule, lines[0]))
    told = screen(PATIENT, plan, AS_OF)
    asked = [each.findings[1].finding.wanted for each in told]
    assert [each.question for each in asked if each] == ["Platelets of 100 or more", "Enough platelets"]


def test_a_question_of_another_kind_is_another_question() -> None:
    lines = [AnyOf((PLATELETS, Asked("?", reason))) for reason in Reason]
    plan = Plan.of([trial(number, NEC, criterion("line", each)) for number, each in enumerate(lines)], VOCABULARY)
    assert len(plan.rules) == 1 + len(lines)


def test_nothing_is_asked_of_a_trial_that_is_about_another_disease() -> None:
    secret = criterion("secret", AnyOf((Untouched(), Asked("?"))))
    plan = Plan.of([trial(1, COLON, secret), trial(2, NEC)], VOCABULARY)
    fits, other = screen(PATIENT, plan, AS_OF, relevant_only=True)
    assert (fits.standing, other.standing) == (Standing.CANDIDATE, Standing.NOT_RELEVANT)
    assert [each.criterion.id for each in other.findings] == ["disease"]


def test_findings_are_made_when_they_are_looked_at() -> None:
    told = screen(PATIENT, Plan.of([trial(1, NEC, criterion("one", PLATELETS))], VOCABULARY), AS_OF)[0]
    assert len(told.findings) == len(("disease", "one"))
    assert told.findings is told.cohorts[0].findings
    assert list(told.findings) == [told.findings[0], told.findings[1]] == list(told.findings[:])
    assert told.findings[1] is told.findings[1]
    assert (hash(told.findings), repr(told.findings)) == (hash(tuple(told.findings)), repr(tuple(told.findings)))
    assert told.findings != list(told.findings)


def test_a_plan_that_is_cut_down_lays_nothing_out_again() -> None:
    plan = Plan.of([trial(1, NEC), trial(2, COLON, criterion("one", PLATELETS))], VOCABULARY)
    some = plan.only({"NCT00000002", "NCT99999999"})
    assert some.laid == plan.laid[1:]
    assert some.laid[0] is plan.laid[1]
    assert set(some.needs) == {Kind.CONDITION, Kind.MEASUREMENT}
    assert set(plan.only({"NCT00000001"}).needs) == {Kind.CONDITION}
