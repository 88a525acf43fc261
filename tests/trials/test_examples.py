"""Example patients: what their files say, and that a trial is tried on them before it is used."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from cds.core.chart import Extent, Kind, Sex
from cds.core.dates import PartialDate
from cds.core.truth import Truth
from cds.core.verdict import Standing
from cds.core.vocabulary import Vocabulary
from cds.errors import BadTrial
from cds.files import Fault
from cds.trials import load_trials
from cds.trials.codebook import Codebook
from cds.trials.examples import ExamplePatient, load_example
from cds.trials.lint import lint_trials

Write = Callable[..., Path]
TEXT = """\
about: Man of 66 with small cell carcinoma of the bladder.
as_of: 2026-06-15
verdict: candidate
cohorts: {"1": candidate}
findings: {platelets: met, prior-platinum: met}
patient: {born: 1960-01, sex: male}
results:
  - platelets 210 10*9/L on 2026-06-10
problems:
  - small-cell-carcinoma + bladder, since 2026-05-01
"""
PLACE = "examples/NCT00000001/first.yaml"


@pytest.fixture
def put(write: Write) -> Callable[..., Path]:
    """Write the definition and one example patient of it, with passages changed, and give the definitions' folder."""

    def putter(*changes: tuple[str, str]) -> Path:
        text = TEXT
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} must stand once"
            text = text.replace(old, new)
        folder = write()
        file = folder / PLACE
        file.write_text(text, encoding="utf-8")
        return folder

    return putter


def read(folder: Path, vocabulary: Vocabulary) -> ExamplePatient:
    return load_example(folder / PLACE, Codebook.of(vocabulary))


def test_all_that_a_file_says_is_read(put: Write, vocabulary: Vocabulary) -> None:
    example = read(put(), vocabulary)
    assert example.file == PLACE
    assert example.about == "Man of 66 with small cell carcinoma of the bladder."
    assert example.as_of == dt.date(2026, 6, 15)
    assert example.verdict is Standing.CANDIDATE
    assert example.cohorts == {"1": Standing.CANDIDATE}
    assert example.findings == {"platelets": Truth.MET, "prior-platinum": Truth.MET}
    assert (example.person.born, example.person.sex) == (PartialDate.parse("1960-01"), Sex.MALE)
    assert example.rows["results"] == ("platelets 210 10*9/L on 2026-06-10",)
    assert example.rows["drugs"] == ()
    assert set(example.covered.values()) == {Extent.COMPLETE}
    assert [len(example.chart.measurements), len(example.chart.conditions)] == [1, 1]
    assert example.chart.person is example.person


def test_kinds_that_are_not_named_were_read_whole(put: Write, vocabulary: Vocabulary) -> None:
    folder = put(("results:", "covered: {condition: partial, allergy: not-read}\nresults:"))
    covered = read(folder, vocabulary).chart.covered
    assert covered[Kind.CONDITION] is Extent.PARTIAL
    assert covered[Kind.ALLERGY] is Extent.NOT_READ
    assert [kind for kind, extent in covered.items() if extent is not Extent.COMPLETE] == [Kind.CONDITION, Kind.ALLERGY]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("candidate\ncohorts", "perhaps\ncohorts", "verdict: must be one of candidate, near, possible"),
        ("platelets: met", "platelets: maybe", "findings: platelets: must be one of met, unknown, unmet"),
        ("sex: male", "sex: man", "patient: sex: must be one of male, female, other, unknown, not 'man'"),
        ("1960-01", "sixty", "patient: born: must be a date, not 'sixty'"),
        ("about: Man", "abuot: Man", "about is missing"),
        ("as_of: 2026-06-15", "as_of: soon", "as_of: must be a day, YYYY-MM-DD, not 'soon'"),
        ("as_of: 2026-06-15", "as_of: null", "as_of is missing"),
        ("results:", "covered: {lungs: partial}\nresults:", "covered: there is no kind 'lungs'"),
        ("results:", "labs: []\nresults:", "unknown field: labs"),
        ("210 10*9/L", "plenty", "results: row 1: 'plenty' is no value here"),
        ("problems:", "problems:\n  - toothache", "problems: row 1: there is no concept 'toothache'"),
    ],
)
def test_a_fault_is_told_with_its_place(put: Write, vocabulary: Vocabulary, old: str, new: str, told: str) -> None:
    with pytest.raises(BadTrial) as caught:
        load_trials(put((old, new)), vocabulary)
    assert str(caught.value).startswith(PLACE)
    assert told in str(caught.value)


def test_a_trial_that_comes_to_what_its_examples_say_is_loaded(put: Write, vocabulary: Vocabulary) -> None:
    assert [trial.nct_id for trial in load_trials(put(), vocabulary)] == ["NCT00000001"]


DISAGREEMENTS = [
    pytest.param(
        ("210 10*9/L", "90 10*9/L"),
        "verdict: expected candidate, came to does-not-fit; unmet: platelets",
        id="an obstacle",
    ),
    pytest.param(
        ("on 2026-06-10", "on 2026-06"),
        None,
        id="what makes no difference",
    ),
    pytest.param(
        ("small-cell-carcinoma + bladder, since 2026-05-01", "'\"small cell cancer\", since 2026-05-01'"),
        "verdict: expected candidate, came to possible; unknown: disease (unmapped), site (unmapped)",
        id="a disease in words",
    ),
    pytest.param(
        ("210 10*9/L", "210 furlongs"),
        "findings: platelets: expected met, came to unknown (unit-not-comparable)",
        id="an unknown",
    ),
    pytest.param(
        ('{"1": candidate}', '{"1": possible}'), "cohorts: 1: expected possible, came to candidate", id="a cohort"
    ),
    pytest.param(
        ('{"1": candidate}', "{A: possible}"), "cohorts: there is no cohort 'A' (there are 1)", id="no cohort"
    ),
    pytest.param(
        ("platelets: met", "platelets: unmet"), "findings: platelets: expected unmet, came to met", id="finding"
    ),
    pytest.param(
        ("platelets: met", "plateaus: met"), "findings: there is no criterion 'plateaus'", id="no such criterion"
    ),
]


@pytest.mark.parametrize(("change", "told"), DISAGREEMENTS)
def test_a_trial_that_comes_to_something_else_is_refused(
    put: Write, vocabulary: Vocabulary, change: tuple[str, str], told: str | None
) -> None:
    folder = put(change)
    if told is None:
        assert load_trials(folder, vocabulary)
        return
    with pytest.raises(BadTrial) as caught:
        load_trials(folder, vocabulary)
    assert str(caught.value) == f"{PLACE}: {told}"


def test_the_linter_lists_every_disagreement(put: Write, vocabulary: Vocabulary) -> None:
    folder = put(("210 10*9/L", "90 10*9/L"))
    expected = {
        Fault(PLACE, "verdict: expected candidate, came to does-not-fit; unmet: platelets"),
        Fault(PLACE, "cohorts: 1: expected candidate, came to does-not-fit; unmet: platelets"),
        Fault(PLACE, "findings: platelets: expected met, came to unmet"),
    }
    assert expected <= set(lint_trials(folder, vocabulary))


def test_examples_of_a_trial_that_is_not_there_are_told(put: Write, vocabulary: Vocabulary) -> None:
    folder = put()
    (folder / "examples" / "NCT00000002").mkdir()
    assert Fault("examples/NCT00000002", "there is no definition of this trial") in lint_trials(folder, vocabulary)
