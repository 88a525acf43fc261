"""What the linter says of trials that are loaded: definitions as their files, drafts as they were made."""

from dataclasses import replace
from pathlib import Path

import pytest

from cds.core.trial import Trial
from cds.trials.definition import Definition, RecordNote
from cds.trials.layering import Flag
from cds.trials.records import Record, record_of, text_sha256
from cds.trials.remarks import Curated, Level, Remark, Remarks
from tests.core.builders import VOCABULARY
from tests.service import world
from tests.shipped import TRIALS, definition, drafting, vocabulary
from tests.trials.studies import place, study

FILE = "NCT07328490.yaml"


def shipped(*flags: Flag) -> Remarks:
    read = definition("NCT07328490")
    return Remarks(vocabulary(), Curated({"NCT07328490": read}, {"NCT07328490": flags}, TRIALS))


def test_a_definition_that_lints_is_remarked_on_only_where_the_registry_says_otherwise_today() -> None:
    trial = definition("NCT07328490").trial
    assert shipped().of(trial, None) == ()
    flag = Flag("platelets", "line 20 of the registry's text was changed since this was written")
    assert shipped(flag).of(trial, None) == (Remark(Level.WARNING, FILE, str(flag)),)
    other = Record(trial.nct_id, "", "RECRUITING", "2026-09-01", "Inclusion Criteria:")
    assert shipped().of(trial, other) == ()


def test_a_record_of_the_same_text_is_held_against_the_definition() -> None:
    text = "Inclusion Criteria:\n* Age 18 or over"
    note = RecordNote(None, "RECRUITING", 2, (), text_sha256(text))
    record = Record(world.NEC.nct_id, "", "COMPLETED", "2026-09-01", text)
    found = Remarks(VOCABULARY, Curated({record.nct_id: Definition("x", world.NEC, note, ())})).of(world.NEC, record)
    assert [each.says for each in found if each.level is Level.WARNING] == [
        "record: date is  here and 2026-09-01 in the registry's record",
        "record: status is RECRUITING here and COMPLETED in the registry's record",
    ]


def test_a_definition_without_a_text_is_told_when_there_is_one() -> None:
    read = definition("NCT00569127")
    remarks = Remarks(vocabulary(), Curated({"NCT00569127": read}))
    (found,) = remarks.of(read.trial, record_of(study("NCT00569127")))
    assert (found.level, found.says) == (
        Level.WARNING,
        "the registry's text is held now, and this was written without it",
    )


def test_what_is_wrong_comes_before_what_has_changed(tmp_path: Path) -> None:
    read = definition("NCT07328490")
    broken = replace(read, headings=read.headings[:-1])
    curated = Curated({"NCT07328490": broken}, {"NCT07328490": (Flag("", "look"),)}, tmp_path)
    assert [(each.level.value, each.says) for each in Remarks(vocabulary(), curated).of(read.trial, None)] == [
        ("error", "has 0 example patients; a complete definition needs 2"),
        ("error", "line 39 of the registry's text is not accounted for"),
        ("warning", "look"),
    ]


def draft() -> Trial:
    return drafting().trial(study(facilities=(place(),)))


def test_a_draft_as_it_was_made_is_not_remarked_on_with_its_text_or_without() -> None:
    remarks = Remarks(vocabulary())
    assert remarks.of(draft(), record_of(study())) == ()
    assert remarks.of(draft(), None) == ()


@pytest.mark.parametrize("held", [True, False])
def test_what_is_wrong_with_a_draft_is_told_by_its_number(held: bool) -> None:  # noqa: FBT001 - a case of the test
    trial = draft()
    twice = replace(trial, criteria=(*trial.criteria, trial.criteria[-1]))
    name = trial.criteria[-1].id
    assert Remarks(vocabulary()).of(twice, record_of(study()) if held else None) == (
        Remark(Level.ERROR, "NCT00000001", f"criterion {name}: the id stands 2 times"),
    )


def test_a_line_that_the_text_does_not_have_is_told_where_the_text_is_held() -> None:
    trial = replace(world.NEC, draft=True)
    short = Record(trial.nct_id, "", "RECRUITING", "", "one\ntwo")
    said = {each.says for each in Remarks(VOCABULARY).of(trial, short)}
    assert "line 14: the registry's text has only 2 lines" in said
    assert Remarks(VOCABULARY).of(trial, None) == ()


def test_a_trial_is_linted_once_for_each_version_of_its_text() -> None:
    text = "Inclusion Criteria:\n* Age 18 or over"
    known = Definition("x.yaml", world.NEC, RecordNote(None, "RECRUITING", 2, (), text_sha256(text)), ())
    remarks = Remarks(VOCABULARY, Curated({world.NEC.nct_id: known}))
    record = Record(world.NEC.nct_id, "", "RECRUITING", "2026-09-01", text)
    first = remarks.of(world.NEC, record)
    assert remarks.of(world.NEC, record) is first
    assert remarks.of(world.NEC, replace(record, text=f"{text}\n* More")) != first
