"""What a patient reads of a trial and of each criterion: there, in words for everyone, not the clinician's again."""

from pathlib import Path

import pytest
import textstat

from cds.core.criteria import Criterion
from cds.trials.lint import criteria_of
from cds.trials.load import definition_files
from tests.shipped import definition

REPOSITORY = Path(__file__).resolve().parents[2]
HARDEST = 8
LONGEST = 5
EVERY = [
    (path.stem, criterion)
    for path in definition_files(REPOSITORY / "trials")
    for criterion in criteria_of(definition(path.stem))
]


def _grade(text: str) -> float:
    """Give the Flesch-Kincaid grade: the years of (American) school it takes to read a text easily."""
    return float(textstat.textstat.flesch_kincaid_grade(text))


def test_the_measure_tells_hard_words_from_plain_ones() -> None:
    assert _grade("You can walk and care for yourself.") < HARDEST
    assert _grade("Adequate haematological parameters notwithstanding transfusional supplementation.") > HARDEST


@pytest.mark.parametrize(("nct_id", "criterion"), EVERY, ids=[f"{nct_id}-{each.id}" for nct_id, each in EVERY])
def test_a_patient_can_read_what_is_asked(nct_id: str, criterion: Criterion) -> None:
    assert criterion.plain, nct_id
    assert _grade(criterion.plain) <= HARDEST, criterion.plain
    assert criterion.plain.casefold() != criterion.label.casefold()


@pytest.mark.parametrize("nct_id", [path.stem for path in definition_files(REPOSITORY / "trials")])
def test_a_patient_can_read_what_a_trial_is_for(nct_id: str) -> None:
    trial = definition(nct_id).trial
    assert _grade(trial.purpose) <= HARDEST, trial.purpose
    assert 2 <= trial.purpose.count(". ") + 1 <= LONGEST
    assert "phase" not in trial.purpose.casefold()


@pytest.mark.parametrize("nct_id", [path.stem for path in definition_files(REPOSITORY / "trials")])
def test_without_the_record_a_patient_is_told_where_the_words_come_from(nct_id: str) -> None:
    read = definition(nct_id)
    assert (read.record.lines == 0) is ("list of trials" in read.trial.purpose)
