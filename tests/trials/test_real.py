"""The definitions in trials/ with the tables in mappings/: they load, lint clean, and say what they should."""

from fractions import Fraction
from pathlib import Path

import pytest

from cds.core.criteria import Asked, Criterion, IfThen, Measured, Readings, Reason, Rule, leaves
from cds.core.limits import Against, Formula, Limit
from cds.core.trial import Trial
from cds.core.vocabulary import Vocabulary
from cds.trials.lint import lint_trials
from tests import shipped

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tables() -> Vocabulary:
    return shipped.vocabulary()


@pytest.fixture(scope="module")
def trials() -> dict[str, Trial]:
    return {trial.nct_id: trial for trial in shipped.trials()}


def rule(trial: Trial, name: str) -> Rule:
    found: list[Criterion] = [each for each in trial.criteria if each.id == name]
    return found[0].rule


def test_they_have_no_faults(tables: Vocabulary) -> None:
    assert [str(fault) for fault in lint_trials(REPOSITORY / "trials", tables)] == []


def test_they_agree_with_the_registrys_records(tables: Vocabulary, shared: Path) -> None:
    faults = lint_trials(REPOSITORY / "trials", tables, shared / "trials" / "ctgov")
    assert [str(fault) for fault in faults] == []


def test_nobody_is_said_to_have_reviewed_them(trials: dict[str, Trial]) -> None:
    assert {(trial.reviewer, trial.reviewed_on) for trial in trials.values()} == {("", None)}


def test_the_neuroendocrine_trial_has_its_two_open_cohorts(trials: dict[str, Trial]) -> None:
    cohorts = trials["NCT06893783"].cohorts
    assert [(cohort.id, cohort.open) for cohort in cohorts] == [("1", True), ("2", True)]
    assert all(criterion.disease for cohort in cohorts for criterion in cohort.criteria)


def test_strict_and_inclusive_limits_are_kept_apart(trials: dict[str, Trial]) -> None:
    trial = trials["NCT06893783"]
    assert rule(trial, "haemoglobin") == Measured(("haemoglobin",), low=Limit(Fraction(9), "g/dL", inclusive=False))
    assert rule(trial, "platelets") == Measured(("platelets",), low=Limit(Fraction(100), "10*9/L"))
    ast = rule(trial, "ast")
    assert isinstance(ast, IfThen)
    assert ast.then == Measured(("ast",), high=Limit(Fraction(5), "", Against.ULN, inclusive=False))
    assert ast.otherwise == Measured(("ast",), high=Limit(Fraction(3), "", Against.ULN, inclusive=False))


def test_garbled_and_double_wordings_are_read_as_noted(trials: dict[str, Trial]) -> None:
    trial = trials["NCT07343453"]
    assert rule(trial, "neutrophils") == Measured(
        ("absolute-neutrophil-count",),
        low=Limit(Fraction(3, 2), "10*9/L"),
        within_days=14,
        computed=(Formula.ANC_FROM_PERCENT, Formula.ANC_FROM_COUNTS),
    )
    assert isinstance(rule(trial, "age"), Readings)
    notes = {criterion.id: criterion.note for criterion in trial.criteria}
    assert all(notes[name] for name in ("neutrophils", "platelets", "coagulation", "prior-study-drug", "transaminases"))


def test_what_is_not_computed_is_there_as_text_to_review_and_only_where_the_protocol_is_not_at_hand(
    trials: dict[str, Trial],
) -> None:
    for trial in trials.values():
        review = {
            each.id
            for each in (*trial.criteria, *(each for cohort in trial.cohorts for each in cohort.criteria))
            if any(isinstance(leaf, Asked) and leaf.reason is Reason.NOT_COMPUTABLE for leaf in leaves(each.rule))
        }
        assert review == (set() if trial.complete else {"rest-of-protocol"}), trial.nct_id


def test_five_trials_are_complete_and_eight_say_that_they_are_not(trials: dict[str, Trial]) -> None:
    complete = {nct_id for nct_id, trial in trials.items() if trial.complete}
    assert complete == {"NCT05058651", "NCT06161532", "NCT06893783", "NCT07328490", "NCT07343453"}
    assert len(trials) == 13
