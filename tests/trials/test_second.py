"""The second reader: which lines it is asked about, what it is told, and how little what it proposes may do."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cds.core.criteria import Age, Asked, Criterion, Diagnosis, HasCondition, Not, Readings, Reason, Rule, Section
from cds.core.trial import Trial
from cds.core.truth import Truth
from cds.core.vocabulary import Concept, ConceptKind, Scale, Vocabulary
from cds.trials.drafting import Drafting
from cds.trials.proposals import OpenLine, Proposal
from cds.trials.saved import SavedReader, saved
from cds.trials.second import batches, instructions, open_lines, question, with_proposals
from cds.trials.study import Study, study_of
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers import READERS
from cds.trials.text.reading import ReadingKind
from tests.core.builders import chart, find, problem
from tests.registry.fake import record

TEXT = """Inclusion Criteria:

* Age 18 years or older
* Room 1 is free
* Either of the following:
  * Room 2 is free
  * Room 3 is free
* Cohort B: room 4 is free

Exclusion Criteria:

* Lives with a virus of the human sort
"""
CONCEPTS = (
    Concept("hiv", ConceptKind.CONDITION, "HIV"),
    Concept("rash", ConceptKind.CONDITION, "rash"),
    Concept("cisplatin", ConceptKind.INGREDIENT, "cisplatin"),
    Concept("platelets", ConceptKind.MEASUREMENT, "platelets", scale=Scale("10*9/L")),
    Concept("grade", ConceptKind.MEASUREMENT, "grade", scale=Scale("")),
    Concept("iv", ConceptKind.ROUTE, "into a vein"),
)
VOCABULARY = Vocabulary({each.id: each for each in CONCEPTS})
WORDS = "Lives with a virus of the human sort"
HIV = Not(HasCondition(("hiv",)))


@pytest.fixture(scope="module")
def study() -> Study:
    return study_of(record(1, text=TEXT))


@pytest.fixture(scope="module")
def trial(study: Study) -> Trial:
    return Drafting(READERS, Lexicon.of(VOCABULARY), frozenset(ReadingKind)).trial(study)


def found(trial: Trial, words: str) -> Criterion:
    (criterion,) = [each for each in trial.criteria if words in each.label]
    return criterion


# ---------------------------------------------------------------------------------------------- what it is asked about
def test_it_is_asked_about_lines_that_were_left_to_review_and_stand_for_themselves(trial: Trial, study: Study) -> None:
    assert open_lines(trial, study) == (
        OpenLine(found(trial, "Room 1").id, "Room 1 is free", Section.INCLUSION),
        OpenLine(found(trial, "virus").id, WORDS, Section.EXCLUSION),
    )


def test_headings_above_a_line_are_told_with_it() -> None:
    study = study_of(record(1, text="Inclusion Criteria:\n\n* Rooms, all of them:\n  * Room 1 is free"))
    trial = Drafting(READERS, Lexicon.of(VOCABULARY), frozenset()).trial(study)
    assert [each.above for each in open_lines(trial, study)] == [("Rooms, all of them:",)]


def test_it_is_not_asked_about_what_a_person_has_written(trial: Trial, study: Study) -> None:
    reviewed = replace(trial, criteria=tuple(replace(each, note="Seen.") for each in trial.criteria))
    assert open_lines(reviewed, study) == ()


@pytest.mark.parametrize("text", ["", "Room 1 is free", f"Inclusion Criteria:\n\n* {'Room 1 is free ' * 200}"])
def test_it_is_not_asked_where_no_section_is_told_or_a_line_is_too_long(text: str) -> None:
    study = replace(study_of(record(1)), text=text)
    trial = Drafting(READERS, Lexicon.of(VOCABULARY), frozenset()).trial(study)
    assert open_lines(trial, study) == ()


def test_lines_are_asked_about_in_groups() -> None:
    lines = [OpenLine(str(number), "x" * 100, Section.INCLUSION) for number in range(30)]
    groups = list(batches(lines))
    assert [line for group in groups for line in group] == lines
    assert [len(group) for group in groups] == [12, 12, 6]
    long = [OpenLine(str(number), "x" * 1500, Section.INCLUSION) for number in range(6)]
    assert [len(group) for group in batches(long)] == [4, 2]
    assert list(batches([])) == []


def test_a_question_holds_the_lines_as_data() -> None:
    words = 'Room "1"\nis ≥ free'
    lines = [OpenLine("t1", words, Section.EXCLUSION, ("Rooms:",)), OpenLine("t2", "Room 2", Section.INCLUSION)]
    assert json.loads(question(lines)) == {
        "lines": [
            {"line": 1, "section": "exclusion", "under": ["Rooms:"], "text": words},
            {"line": 2, "section": "inclusion", "under": [], "text": "Room 2"},
        ]
    }


def test_it_is_told_every_concept_a_rule_may_name_and_no_other() -> None:
    told = instructions(VOCABULARY)
    assert "\ncondition: hiv, rash\n" in told
    assert "\nmeasured: grade, platelets (10*9/L)\n" in told
    assert "\ndrug: cisplatin\n" in told
    assert "iv" not in told.rpartition("Ids, and")[2].replace("hiv", "")


# ------------------------------------------------------------------------------------------------ what comes of it
@pytest.fixture
def read(trial: Trial) -> Trial:
    proposals = {found(trial, "virus").id: Proposal(HIV, "a virus of the human sort")}
    return with_proposals(trial, proposals, VOCABULARY, "some/model\n7b")


def test_a_proposal_stands_beside_the_question_marked_with_where_it_comes_from(trial: Trial, read: Trial) -> None:
    criterion = found(read, "virus")
    assert criterion.rule == Readings((HIV, Asked(WORDS, Reason.NOT_COMPUTABLE)))
    assert criterion.draft
    assert criterion.note.endswith(
        "SECOND READER (some/model 7b, a language model), unchecked: no HIV, from “a virus of the human sort”."
    )
    assert [each for each in read.criteria if each != criterion] == [
        each for each in trial.criteria if each.id != criterion.id
    ]
    assert read.draft


def test_what_was_proposed_can_be_kept_and_read_back(read: Trial) -> None:
    assert SavedReader(VOCABULARY).trial(saved(read), read.nct_id) == read


@pytest.mark.parametrize("proposed", [Age(18), Age(90), Not(Age(90)), Not(Age(18))])
def test_a_proposal_settles_nothing_whatever_the_chart_says(trial: Trial, proposed: Rule) -> None:
    assert find(proposed, chart()).truth is not Truth.UNKNOWN
    name = found(trial, "virus").id
    read = with_proposals(trial, {name: Proposal(proposed, "virus")}, VOCABULARY, "some/model")
    assert find(found(read, "virus").rule, chart()).truth is Truth.UNKNOWN


def test_a_proposed_disease_never_rules_a_trial_out(trial: Trial) -> None:
    lung, elsewhere = Diagnosis(sites=("lung",)), chart(problem("gilbert-syndrome"))
    assert find(lung, elsewhere).ruled_out
    criterion = found(trial, "virus")
    read = found(with_proposals(trial, {criterion.id: Proposal(lung, WORDS)}, VOCABULARY, "some/model"), "virus")
    assert not find(read.rule, elsewhere).ruled_out
    assert read.disease == criterion.disease
