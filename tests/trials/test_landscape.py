"""The trials known from a landscape page alone: what is decided of them, and that none says more than *possible*."""

import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from cds.core.finding import Attestation
from cds.core.plan import Plan
from cds.core.screen import screen
from cds.core.trial import Trial
from cds.core.truth import Truth
from cds.core.verdict import Standing, Verdict
from cds.core.vocabulary import Vocabulary
from cds.hooks.cards import Telling, tell
from cds.hooks.detail import Unread
from cds.trials.codebook import Codebook
from cds.trials.definition import Definition
from cds.trials.examples import ExamplePatient, example_files, load_example
from cds.trials.lint import lint_definition
from cds.trials.load import load_definition
from cds.trials.trying import disagreements
from tests import shipped

FOLDER = Path(__file__).resolve().parents[2] / "trials"
CLOSED = "NCT00569127"
OPEN = ("NCT04665739", "NCT05746208", "NCT05773274", "NCT06788938", "NCT06943755", "NCT06955169", "NCT07037420")
LANDSCAPE = (CLOSED, *OPEN)
IN_DOUBT = ("NCT06955169", "NCT07037420")
"""Trials of which other sources say that they are for another disease than the page does."""
EXAMPLES = [path for name in LANDSCAPE for path in example_files(FOLDER, name)]


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    return shipped.codebook()


@pytest.fixture(scope="module")
def definitions(codebook: Codebook) -> dict[str, Definition]:
    return {name: load_definition(FOLDER / f"{name}.yaml", codebook.vocabulary) for name in LANDSCAPE}


def fitting(name: str, codebook: Codebook) -> ExamplePatient:
    return load_example(FOLDER / "examples" / name / "fits-what-is-known.yaml", codebook)


def verdict_of(trial: Trial, example: ExamplePatient, vocabulary: Vocabulary, *said: Attestation) -> Verdict:
    (verdict,) = screen(example.chart, Plan.of((trial,), vocabulary), example.as_of, said)
    return verdict


def all_attested(trial: Trial) -> tuple[Attestation, ...]:
    return tuple(Attestation(each.id, trial.nct_id, Truth.MET, "looked up") for each in trial.criteria)


@pytest.mark.parametrize("name", LANDSCAPE)
def test_it_is_told_as_incomplete_and_says_what_is_not_loaded(name: str, definitions: dict[str, Definition]) -> None:
    definition = definitions[name]
    assert (definition.trial.complete, definition.record.lines, definition.trial.record_date) == (False, 0, None)
    assert "Not loaded: the registry's eligibility text" in definition.trial.note
    assert definition.trial.criteria[-1].id == "rest-of-protocol"


@pytest.mark.parametrize("name", LANDSCAPE)
def test_it_has_no_faults(name: str, definitions: dict[str, Definition], codebook: Codebook) -> None:
    assert [str(fault) for fault in lint_definition(definitions[name], codebook)] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_each_example_comes_to_what_it_says(path: Path, definitions: dict[str, Definition], codebook: Codebook) -> None:
    example = load_example(path, codebook)
    assert list(disagreements(example, definitions[path.parent.name].trial, codebook.vocabulary)) == []


@pytest.mark.parametrize("name", LANDSCAPE)
def test_each_has_an_example_that_may_fit_and_one_that_does_not(name: str, codebook: Codebook) -> None:
    verdicts = {load_example(path, codebook).verdict for path in example_files(FOLDER, name)}
    assert Standing.POSSIBLE in verdicts
    assert verdicts & {Standing.DOES_NOT_FIT, Standing.NOT_RELEVANT}


@pytest.mark.parametrize("name", LANDSCAPE)
def test_it_is_never_a_candidate_even_when_a_person_has_settled_every_criterion(
    name: str, definitions: dict[str, Definition], codebook: Codebook
) -> None:
    trial, example = definitions[name].trial, fitting(name, codebook)
    settled = verdict_of(trial, example, codebook.vocabulary, *all_attested(trial))
    assert {each.finding.truth for each in settled.findings} == {Truth.MET}
    assert settled.standing is Standing.POSSIBLE
    whole = verdict_of(replace(trial, complete=True), example, codebook.vocabulary, *all_attested(trial))
    assert whole.standing is Standing.CANDIDATE


@pytest.mark.parametrize("name", IN_DOUBT)
def test_a_trial_that_may_be_for_another_disease_leaves_the_disease_to_a_person(
    name: str, definitions: dict[str, Definition], codebook: Codebook
) -> None:
    trial, example = definitions[name].trial, fitting(name, codebook)
    refused = Attestation("disease-in-doubt", name, Truth.UNMET, "the record names another disease")
    assert verdict_of(trial, example, codebook.vocabulary).standing is Standing.POSSIBLE
    assert verdict_of(trial, example, codebook.vocabulary, refused).standing is Standing.NOT_RELEVANT


def test_a_trial_that_is_not_recruiting_is_never_on_a_card(
    definitions: dict[str, Definition], codebook: Codebook
) -> None:
    trial, example = definitions[CLOSED].trial, fitting(CLOSED, codebook)
    telling = Telling(codebook.vocabulary, lambda: str(uuid.UUID(int=1)))
    assert trial.status == "ACTIVE_NOT_RECRUITING"
    assert tell((verdict_of(trial, example, codebook.vocabulary),), Unread(), telling) == ()
    recruiting = replace(trial, status="RECRUITING")
    (card,) = tell((verdict_of(recruiting, example, codebook.vocabulary),), Unread(), telling)
    assert CLOSED in (card.detail or "")


@pytest.mark.parametrize("name", OPEN)
def test_the_others_are_offered_as_possible(name: str, definitions: dict[str, Definition], codebook: Codebook) -> None:
    telling = Telling(codebook.vocabulary, lambda: str(uuid.UUID(int=1)))
    verdict = verdict_of(definitions[name].trial, fitting(name, codebook), codebook.vocabulary)
    (card,) = tell((verdict,), Unread(), telling)
    assert name in (card.detail or "")


def test_a_definition_without_the_registrys_text_must_own_up_to_it(
    definitions: dict[str, Definition], codebook: Codebook
) -> None:
    good = definitions[CLOSED]
    faults = {
        "record: lines and sha256 go together": replace(good, record=replace(good.record, sha256="00ff")),
        "complete: a definition without the registry's text": replace(good, trial=replace(good.trial, complete=True)),
        "note: must say what a definition": replace(good, trial=replace(good.trial, note="")),
        "stands for no line of the registry's text": replace(good, record=replace(good.record, lines=3, sha256="0f")),
    }
    for reason, bad in faults.items():
        assert any(reason in str(fault) for fault in lint_definition(bad, codebook)), reason
