"""Trials as ResearchStudy: shipped ones and records at hand are valid FHIR R4B, and read as the app reads them."""

import datetime as dt
import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cds.api.matching.study import PHASE_CODES, STATUS_CODES, bare_study, research_study
from cds.core.trial import OFFERED, Trial
from cds.fhir.strict import check_file
from cds.trials.facilities import study_of_trial
from cds.trials.filters import PHASES, STATUSES
from cds.trials.study import Study, study_of
from tests.api.matching_app import read
from tests.shipped import trials
from tests.trials.studies import place, study

Json = dict[str, Any]
TRIAL = Trial("NCT00000001", "A trial", "RECRUITING", (), phases=("PHASE2",))


def told(trial: Trial, record: Study | None = None, text: str = "") -> Json:
    return research_study(trial, record or study_of_trial(trial), text, OFFERED)


def seen(resource: Json) -> Any:  # noqa: ANN401 - the app's own view
    return read({"resource": resource, "search": {}})


@pytest.mark.parametrize("trial", trials(), ids=lambda each: each.nct_id)
def test_every_shipped_trial_is_valid_fhir(trial: Trial) -> None:
    for made in (told(trial), bare_study(trial)):
        assert check_file([made]) == []
    shown = seen(told(trial))
    assert (shown.trial, shown.kind) == (trial.nct_id, "Interventional")
    assert shown.conditions
    assert all(each.label in shown.eligibility for each in trial.criteria)


def test_the_registrys_records_make_valid_fhir(shared: Path) -> None:
    faults: dict[str, list[object]] = {}
    with gzip.open(shared / "data" / "oncology-trials.dev.jsonl.gz") as lines:
        every = [study_of(json.loads(line)) for line in lines]
    for record in every:
        trial = Trial(record.nct_id, record.title, record.status, (), draft=True)
        made = told(trial, record, record.text)
        if found := check_file([made]):
            faults[record.nct_id] = list(found)
        assert seen(made).eligibility == record.text.strip()
        assert len(seen(made).places) == sum((each.status or record.status) in OFFERED for each in record.facilities)
    assert every
    assert faults == {}


def test_every_status_and_phase_of_the_registry_has_a_code() -> None:
    assert set(STATUSES) - STATUS_CODES.keys() == {"WITHHELD", "UNKNOWN"}
    assert {each for phases in PHASE_CODES for each in phases} == set(PHASES)
    for status in STATUSES:
        assert check_file([told(replace(TRIAL, status=status))]) == []
    assert told(replace(TRIAL, status="PAUSED_FOR_MOON"))["status"] == "in-review"
    assert "phase" not in told(replace(TRIAL, phases=("PHASE1", "PHASE4")))


def test_the_study_type_is_known_from_the_record_or_from_having_a_phase() -> None:
    assert seen(told(TRIAL)).kind == "Interventional"
    assert seen(told(TRIAL, study(study_type="EXPANDED_ACCESS"))).kind == "Expanded access"
    assert seen(told(replace(TRIAL, phases=()))).kind == "Unknown Study Type"


def test_places_that_take_nobody_are_left_out() -> None:
    places = (place("A"), place("B", status="COMPLETED"), place("C", status=""))
    assert [each["name"] for each in seen(told(TRIAL, study(facilities=places))).places] == ["A", "C"]
    closed = replace(TRIAL, status="COMPLETED")
    assert [each["name"] for each in seen(told(closed, study(facilities=places))).places] == ["A"]


def test_a_reviewed_definition_wears_no_tag() -> None:

    assert seen(told(replace(TRIAL, reviewed_on=dt.date(2026, 6, 1)))).keywords == []
