"""All of a centre's trials, as a person meets them: the curated decide as before, and others that fit are found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ran
from tests.golden.cases import FOLDER
from tests.registry.fake import record

CHART = FOLDER / "colon-nec-near" / "chart.json"
TEXT = """Inclusion Criteria:

* Age 18 years or older
* ECOG performance status 0-1
* Histologically confirmed solid tumor
* Signed informed consent

Exclusion Criteria:

* Live vaccine within 30 days before the first dose
* Something that nobody has thought of"""
Found = dict[str, dict[str, Any]]


def screened(run: Callable[..., Ran]) -> Found:
    ran = run("screen", CHART, "--as-of", "2026-06-15", "--all", "--json")
    assert ran.code == 0, ran.err
    return {each["nctId"]: each for each in json.loads(ran.out)["trials"]}


def titled(number: int, title: str, condition: str, text: str = TEXT) -> dict[str, Any]:
    made = record(number, condition=condition, text=text)
    made["protocolSection"]["identificationModule"]["briefTitle"] = title
    return made


@pytest.fixture
def imported(run: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Found, Found]:
    """The golden chart of a colon NEC held against the curated trials, without and with records of other trials."""
    monkeypatch.setenv("CDS_STORE_URL", f"sqlite:///{tmp_path / 'trials.sqlite3'}")
    before = screened(run)
    records = [
        titled(1, "A drug for advanced solid tumors", "Solid Tumor"),
        titled(2, "A drug for breast cancer", "Breast Cancer", TEXT.replace("solid tumor", "breast cancer")),
        titled(3, "A drug for a disease that no table knows", "Zebra Syndrome"),
        titled(4, "A drug for solid tumors of the very old", "Solid Tumor", TEXT.replace("18 years", "95 years")),
    ]
    file = tmp_path / "records.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    ran = run("trials", "import", "--file", file)
    assert ran.code == 0, ran.err
    return before, screened(run)


def test_the_curated_trials_decide_as_before(imported: tuple[Found, Found]) -> None:
    before, after = imported
    assert before
    assert {nct_id: after[nct_id] for nct_id in before} == before


def test_trials_that_concern_the_patient_are_found_with_reasons(imported: tuple[Found, Found]) -> None:
    _, after = imported
    found, other = after["NCT00000001"], after["NCT00000002"]
    assert (found["verdict"], other["verdict"]) == ("possible", "not-relevant")
    assert found["definition"]["draft"] is True
    by_label = {each["label"]: each for each in found["findings"]}
    assert by_label["Age 18 years or older"]["truth"] == "met"
    assert by_label["Something that nobody has thought of"]["cause"] == "not-computable"
    assert all(each["note"].startswith("Draft, not reviewed.") for each in found["findings"])
    disease = next(each for each in found["findings"] if each["criterion"] == "disease")
    assert disease["truth"] == "met"
    assert disease["evidence"]


def test_a_disease_that_is_not_understood_puts_no_trial_aside(imported: tuple[Found, Found]) -> None:
    _, after = imported
    assert after["NCT00000003"]["verdict"] == "possible"


def test_the_real_records_leave_the_curated_trials_as_they_are(
    run: Callable[..., Ran], shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first hundred of them: all take a minute or more."""
    import gzip  # noqa: PLC0415 - for this test alone

    monkeypatch.setenv("CDS_STORE_URL", f"sqlite:///{tmp_path / 'trials.sqlite3'}")
    before = screened(run)
    with gzip.open(shared / "data" / "oncology-trials.dev.jsonl.gz") as lines:
        few = [line for line, _ in zip(lines, range(100), strict=False)]
    file = tmp_path / "few.jsonl"
    file.write_bytes(b"".join(few))
    assert run("trials", "import", "--file", file).code == 0
    after = screened(run)
    assert {nct_id: after[nct_id] for nct_id in before} == before
    drafts = [each for nct_id, each in after.items() if nct_id not in before]
    assert {each["verdict"] for each in drafts} >= {"possible", "not-relevant"}
