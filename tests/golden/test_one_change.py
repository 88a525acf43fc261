"""Every computable criterion of the full trials, flipped by one change of one record, and nothing else with it."""

import os
from collections import Counter

import pytest

from cds.core.truth import Truth
from tests.golden.one_change import (
    FOLDER,
    FULL,
    Variant,
    asked_of_base,
    base_findings,
    base_truths,
    computable,
    criteria_of,
    flipped,
    open_silence,
    proposed,
    stored,
    trial,
    written,
)

FEWEST = 150
OPEN_SILENCES = 2
"""A base patient has so many criteria at most that are unknown for silence alone."""


@pytest.fixture(scope="module", autouse=True)
def _written_anew() -> None:
    if os.environ.get("REWRITE"):
        FOLDER.mkdir(exist_ok=True)
        for nct_id in FULL:
            (FOLDER / f"{nct_id}.yaml").write_text(written(nct_id, list(proposed(nct_id))), "utf-8")


def _every() -> list[tuple[str, Variant]]:
    return [(nct_id, each) for nct_id in FULL for each in stored(nct_id)]


@pytest.mark.parametrize("nct_id", FULL)
def test_the_base_patient_meets_every_computable_criterion_but_for_open_silences(nct_id: str) -> None:
    """Of a recent operation, say, a chart that names none does not tell that there was none."""
    findings = base_findings(nct_id)
    asked = [findings[each.id] for each in asked_of_base(nct_id) if computable(each)]
    assert [each for each in asked if each.truth is not Truth.MET and not open_silence(each)] == []
    assert sum(each.truth is Truth.MET for each in asked) >= len(asked) - OPEN_SILENCES


@pytest.mark.parametrize("nct_id", FULL)
def test_one_change_flips_one_criterion_and_no_other(nct_id: str) -> None:
    for variant in stored(nct_id):
        assert variant.was == base_truths(nct_id)[variant.criterion].value
        now = {name: truth.value for name, truth in flipped(nct_id, variant.change).items()}
        assert now == {variant.criterion: variant.becomes}, variant


@pytest.mark.parametrize("nct_id", FULL)
def test_every_computable_criterion_has_such_a_change(nct_id: str) -> None:
    named = {variant.criterion for variant in stored(nct_id)}
    assert {each.id for each in filter(computable, criteria_of(trial(nct_id)))} - named == set()


def test_there_are_enough_of_them_and_they_differ() -> None:
    every = _every()
    assert len(every) >= FEWEST
    assert max(Counter(every).values()) == 1
