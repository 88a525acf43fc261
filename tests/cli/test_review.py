"""``trialcards trials review``, and a screen of what was imported beside what is curated."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import respx

from cds.cli.screen import _has_its_disease
from cds.core.criteria import Criterion, HasCondition
from cds.core.finding import Basis, Cause, CriterionFinding, Finding
from cds.core.trial import Trial
from cds.core.truth import Truth
from cds.core.verdict import Standing, Verdict
from tests.cli.conftest import Ran
from tests.registry.fake import nct, record

Run = Callable[..., Ran]
TEXT = "Inclusion Criteria:\n\n* Age ≥ 18 years\n* Room 1 is free"


@pytest.fixture
def imported(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Import two trials that never were into a store of their own."""
    monkeypatch.setenv("CDS_STORE_URL", f"sqlite:///{tmp_path / 'store.sqlite3'}")
    file = tmp_path / "records.jsonl"
    file.write_text("\n".join(json.dumps(record(number, text=TEXT)) for number in (1, 2)))
    told = run("trials", "import", "--file", file)
    assert (told.code, "2 drafts" in told.out) == (0, True)
    return tmp_path


def test_a_draft_beside_its_lines_that_lints_and_stands_in_the_place_of_the_draft(run: Run, imported: Path) -> None:
    printed = run("trials", "review", nct(1))
    assert printed.code == 0
    assert "#   3 | * Age ≥ 18 years" in printed.out
    folder = imported / "trials"
    folder.mkdir()
    assert run("trials", "review", nct(1), "--folder", folder).out == f"{nct(1)}.yaml: written\n"
    assert (folder / f"{nct(1)}.yaml").read_text() == printed.out
    assert run("trials", "lint", folder).code == 0
    again = run("trials", "review", nct(1), "--folder", folder)
    assert (again.code, "is there already" in again.err) == (3, True)


ADDRESS = "http://127.0.0.1:8080/v1/chat/completions"


def test_the_second_reader_is_asked_where_the_site_has_named_one(
    run: Run, imported: Path, monkeypatch: pytest.MonkeyPatch, respx_mock: respx.MockRouter
) -> None:
    del imported
    proposal = {"line": 1, "quote": "Room 1 is free", "require": {"condition": {"of": ["liver-metastasis"]}}}
    content = json.dumps({"proposals": [proposal]})
    respx_mock.post(ADDRESS).respond(json={"choices": [{"message": {"content": content}}]})
    before = run("trials", "review", nct(1))
    assert respx_mock.calls.call_count == 0
    monkeypatch.setenv("CDS_EXTRACTOR_LLM_URL", "http://127.0.0.1:8080/v1")
    assert "CDS_EXTRACTOR_LLM_MODEL" in run("trials", "review", nct(1)).err
    monkeypatch.setenv("CDS_EXTRACTOR_LLM_MODEL", "some/model-7b")
    told = run("trials", "review", nct(1))
    assert told.code == 0
    assert told.err == f"trialcards: {nct(1)}: second reader: of 1 open lines a rule was proposed for 1, 0 refused\n"
    assert "SECOND READER (some/model-7b, a language model), unchecked" in told.out
    assert "SECOND READER" not in before.out


def test_the_second_reader_is_not_asked_in_the_clear(
    run: Run, imported: Path, monkeypatch: pytest.MonkeyPatch, respx_mock: respx.MockRouter
) -> None:
    del imported
    monkeypatch.setenv("CDS_EXTRACTOR_LLM_URL", "http://llm.example.org/v1")
    monkeypatch.setenv("CDS_EXTRACTOR_LLM_MODEL", "some/model-7b")
    told = run("trials", "review", nct(1))
    assert (told.code, "over http" in told.err, respx_mock.calls.call_count) == (4, True, 0)


def test_what_was_not_imported_is_told(run: Run, imported: Path) -> None:
    del imported
    told = run("trials", "review", nct(7))
    assert (told.code, told.err) == (3, f"trialcards: {nct(7)}: was not imported: trialcards trials import {nct(7)}\n")


def test_without_a_store_there_is_nothing_to_review_and_none_is_made(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "none.sqlite3"
    monkeypatch.setenv("CDS_STORE_URL", f"sqlite:///{file}")
    told = run("trials", "review", nct(1))
    assert (told.code, "no trial was imported yet" in told.err, file.exists()) == (3, True, False)


def test_a_screen_takes_imported_trials_in_and_curated_ones_decide_as_before(
    run: Run, imported: Path, golden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart = golden / "colon-nec-near" / "chart.json"
    beside = json.loads(run("screen", chart, "--as-of", "2026-06-15", "--json").out)["trials"]
    told = run("screen", chart, "--as-of", "2026-06-15")
    assert "Not listed: 2 drafts" in told.out
    assert "A made-up study" in run("screen", chart, "--as-of", "2026-06-15", "--all").out
    monkeypatch.setenv("CDS_STORE_URL", f"sqlite:///{imported / 'none.sqlite3'}")
    alone = json.loads(run("screen", chart, "--as-of", "2026-06-15", "--json").out)["trials"]
    drafts = [each for each in beside if each["definition"]["draft"]]
    assert {each["nctId"] for each in drafts} == {nct(1), nct(2)}
    assert [each for each in beside if each not in drafts] == alone
    for each in drafts:
        assert all(found["note"].startswith("Draft, not reviewed.") for found in each["findings"])


@pytest.mark.parametrize(
    ("truths", "known"),
    [((Truth.MET,), True), ((Truth.MET, Truth.UNKNOWN), False), ((Truth.UNKNOWN,), False), ((), False)],
)
def test_a_draft_is_listed_where_all_of_its_disease_is_known_to_be_there(
    truths: tuple[Truth, ...],
    known: bool,  # noqa: FBT001 - a parameter of a test
) -> None:
    rule = HasCondition(("liver-metastasis",))
    met, unknown = Finding(rule, Truth.MET, Basis.DOCUMENTED), Finding(rule, Truth.UNKNOWN, cause=Cause.NO_RECORD)
    other = Criterion("other", "Other", rule)
    found = [CriterionFinding(other, met)]
    found += [CriterionFinding(replace(other, disease=True), met if each is Truth.MET else unknown) for each in truths]
    trial = Trial(nct(1), "A draft", "RECRUITING", tuple(each.criterion for each in found), draft=True)
    assert _has_its_disease(Verdict(trial, Standing.POSSIBLE, (), found)) is known
