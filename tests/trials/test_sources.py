"""Where a definition comes from, and which edition of it there is: told from what it says, invented nowhere."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from cds.core.attributes import Attributes
from cds.core.chart import Kind
from cds.core.criteria import Age
from cds.core.trial import Site
from cds.trials.definition import Definition, RecordNote
from cds.trials.editions import Editions, edition_of
from cds.trials.sources import SourceAttributes, source_attributes
from tests.core.builders import VOCABULARY
from tests.service.world import LUNG, NEC
from tests.trials.studies import study

ATTRIBUTES = Attributes(VOCABULARY)
STUDY = replace(study("NCT00000001"), official_title=" A Phase 2\nStudy. ", sponsor="Example Institute")


def told(trial: Any = NEC, **given: Any) -> SourceAttributes:  # noqa: ANN401 - a trial and what is known besides
    return source_attributes(trial, ATTRIBUTES, **given)


def test_the_citation_names_the_record_by_number_day_and_address() -> None:
    assert told(LUNG).citation == (
        "Drug in small cell lung cancer. ClinicalTrials.gov, NCT00000002, record day of posting not recorded. "
        "https://clinicaltrials.gov/study/NCT00000002"
    )
    assert told(study=STUDY).citation == (
        "A Phase 2 Study. ClinicalTrials.gov, NCT00000001, record posted 2026-06-07. "
        "https://clinicaltrials.gov/study/NCT00000001"
    )
    assert told(study=replace(STUDY, official_title="", title="Short.")).citation.startswith("Short. Clin")


def test_nobody_is_invented_who_reviewed() -> None:
    assert told().review == "Not clinically reviewed: no person has been named who looked at it."
    assert told(replace(NEC, reviewer="Dr A. Example", reviewed_on=dt.date(2026, 7, 1))).review == (
        "Reviewed by Dr A. Example on 2026-07-01."
    )
    assert told(replace(NEC, reviewer="Dr A. Example")).review.endswith("on a day that is not recorded.")


def test_a_draft_says_that_a_machine_made_it() -> None:
    assert told(replace(NEC, draft=True)).translation.startswith("A draft: made by machine")
    assert told().translation == "Written as rules by the developer."


def test_the_day_it_was_made_from_is_told_beside_the_record_s_day() -> None:
    made = Definition("a.yaml", NEC, RecordNote(dt.date(2026, 1, 2), "RECRUITING", 9, (), "x"), ())
    both = told(definition=made)
    assert (both.made_from, both.posted) == (dt.date(2026, 1, 2), dt.date(2026, 6, 7))
    assert told().made_from == NEC.record_date
    assert told(definition=replace(made, record=replace(made.record, date=None))).made_from is None


def test_the_sponsor_is_the_record_s() -> None:
    assert (told().sponsor, told(study=STUDY).sponsor) == ("", "Example Institute")


def test_what_is_read_is_that_of_the_trial_and_of_its_cohorts() -> None:
    reads = told().reads
    assert {"platelets", "creatinine", "ecog", "karnofsky"} == reads[Kind.MEASUREMENT]
    assert {"digestive-system", "lung", "neuroendocrine-carcinoma"} <= reads[Kind.CONDITION]
    assert told(replace(NEC, cohorts=())).reads[Kind.CONDITION] == {"neuroendocrine-carcinoma", "myocardial-infarction"}


# ------------------------------------------------------------------------------------------------------------ editions
CHANGES: dict[str, dict[str, Any]] = {
    "a criterion": {"criteria": (*NEC.criteria[:-1],)},
    "a limit": {"criteria": (NEC.criteria[0], replace(NEC.criteria[1], rule=Age(at_least=17)), *NEC.criteria[2:])},
    "a label": {"criteria": (replace(NEC.criteria[0], label="Consent"), *NEC.criteria[1:])},
    "a cohort": {"cohorts": NEC.cohorts[:1]},
    "status": {"status": "COMPLETED"},
    "version": {"version": "2"},
    "review": {"reviewer": "Dr A. Example"},
    "draft": {"draft": True},
    "completeness": {"complete": False},
    "the record's day": {"record_date": dt.date(2026, 6, 8)},
    "the text": {"text_sha256": "0"},
}


@pytest.mark.parametrize("name", CHANGES)
def test_another_wording_is_another_edition(name: str) -> None:
    assert edition_of(replace(NEC, **CHANGES[name])).sha256 != edition_of(NEC).sha256


def test_places_make_no_other_edition_and_neither_does_another_reading() -> None:
    assert edition_of(replace(NEC, facilities=(Site("Example Hospital"),), sites=("x",))) == edition_of(NEC)
    assert edition_of(replace(NEC, criteria=tuple(replace(each) for each in NEC.criteria))) == edition_of(NEC)
    assert len(edition_of(NEC).sha256) == 64


def test_editions_are_those_of_the_loaded_trials() -> None:
    editions = Editions((NEC, LUNG), "1.0", "tables")
    assert (editions.software, editions.tables, len(editions)) == ("1.0", "tables", 2)
    assert [each.nct_id for each in editions] == ["NCT00000001", "NCT00000002"]
    assert editions.of("NCT00000001") == edition_of(NEC)
    assert "NCT00000003" not in editions
    with pytest.raises(KeyError):
        editions.of("NCT00000003")


def test_one_checksum_stands_for_all_definitions_in_whatever_order() -> None:
    both = Editions((NEC, LUNG), "1").definitions
    assert Editions((LUNG, NEC), "2", "other").definitions == both
    assert Editions((NEC,), "1").definitions != both
    assert Editions((replace(NEC, version="2"), LUNG), "1").definitions != both
