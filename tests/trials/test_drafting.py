"""A record into a draft trial: every line in it, the record's own fields, and nothing that turns everybody away."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.core.chart import Sex
from cds.core.criteria import Age, AllOf, AnyOf, Asked, Criterion, HasCondition, Not, Rule, SexIs
from cds.core.trial import Trial
from cds.errors import BadTrial
from cds.files import parse_yaml
from cds.trials.codebook import Codebook
from cds.trials.definition import definition_of
from cds.trials.drafting import Drafting, fingerprint, heading_lines
from cds.trials.lint import lint_definition
from cds.trials.review import review_text
from cds.trials.saved import SavedReader, saved
from cds.trials.study import Study
from cds.trials.text.draft import Drafted
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers import READERS
from cds.trials.text.reading import Part, Reading, ReadingKind
from tests.core.builders import VOCABULARY
from tests.trials.studies import TEXT, place, study

LEXICON = Lexicon.of(VOCABULARY)
DISEASE = Criterion("disease", "The disease", HasCondition(("liver-metastasis",)), disease=True)
EVERY = frozenset(ReadingKind)


def disease(of: Study, lexicon: Lexicon, drafts: Sequence[Drafted]) -> Criterion:
    del of, lexicon, drafts
    return DISEASE


DRAFTING = Drafting(READERS, LEXICON, EVERY, disease)


def draft(**changes: Any) -> Trial:  # noqa: ANN401 - any member of a study
    return DRAFTING.trial(study(**changes))


def by_id(trial: Trial, name: str) -> Criterion | None:
    return next((each for each in trial.criteria if each.id == name), None)


def test_what_a_draft_says_of_itself() -> None:
    trial = draft(updated="2026-03-04", facilities=(place(),))
    assert (trial.draft, trial.complete, trial.reviewer, trial.status) == (True, False, "", "RECRUITING")
    assert (trial.version, trial.record_date) == ("2026-03-04.draft", dt.date(2026, 3, 4))
    assert [each.name for each in trial.facilities] == ["Example Hospital"]
    assert all(each.draft for each in trial.criteria)


def test_a_draft_is_complete_once_nothing_is_left_to_review() -> None:
    read = "Inclusion Criteria:\n\n* Age 18 years or older\n"
    assert draft(text=read).complete
    assert draft(text=f"{read}* Signed informed consent\n").complete
    assert not draft(text=f"{read}* The moon is in the seventh house\n").complete


def test_every_line_is_a_criterion_or_a_heading() -> None:
    trial = draft()
    told = {line for each in trial.criteria for line in each.lines}
    assert told == {3, 4, 5, 9}
    assert heading_lines(TEXT, trial.criteria) == (1, 7)


def test_without_a_text_a_draft_is_not_complete() -> None:
    trial = draft(text="", minimum_age="18 Years")
    assert not trial.complete
    assert [each.id for each in trial.criteria] == ["disease", "registry-age"]


def test_the_disease_is_told_by_one_criterion_alone() -> None:
    def reader(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
        del lexicon
        rule = HasCondition(("myocardial-infarction",))
        return [Reading(ReadingKind.DISEASE, rule, 0, len(part.tokens), "So.", disease=True)]

    trial = Drafting([reader], LEXICON, EVERY, disease).trial(study())
    assert [each.id for each in trial.criteria if each.disease] == ["disease"]
    assert not any(each.disease for each in Drafting([reader], LEXICON, EVERY).trial(study()).criteria)


# ---------------------------------------------------------------------------------------------------------- age and sex
@pytest.mark.parametrize(
    ("lowest", "highest", "rule"),
    [
        ("18 Years", "", Age(18)),
        ("18 Years", "75 Years", Age(18, 75)),
        ("", "17 Years", Age(at_most=17)),
        ("12 Months", "30 Years", Age(1, 30)),
        ("4 Weeks", "", None),
        ("", "", None),
        ("N/A", "", None),
        ("75 Years", "18 Years", None),
    ],
)
def test_the_ages_of_the_record(lowest: str, highest: str, rule: Rule | None) -> None:
    trial = draft(text="Good appetite", minimum_age=lowest, maximum_age=highest)
    found = by_id(trial, "registry-age")
    assert (found.rule if found else None) == rule


def test_an_age_of_no_whole_years_is_asked_besides() -> None:
    found = by_id(draft(text="", minimum_age="18 Months"), "registry-age")
    assert found is not None
    assert isinstance(found.rule, AllOf)
    assert found.rule.rules[0] == Age(1)
    assert isinstance(found.rule.rules[1], Asked)


def test_the_text_goes_before_the_fields_where_it_settles_the_same() -> None:
    assert by_id(draft(minimum_age="18 Years"), "registry-age") is None
    untrusted = Drafting(READERS, LEXICON, frozenset()).trial(study(minimum_age="18 Years"))
    assert by_id(untrusted, "registry-age") is not None


@pytest.mark.parametrize(("told", "sex"), [("FEMALE", Sex.FEMALE), ("MALE", Sex.MALE), ("ALL", None), ("", None)])
def test_the_sex_of_the_record(told: str, sex: Sex | None) -> None:
    found = by_id(draft(sex=told), "registry-sex")
    assert (found.rule if found else None) == (SexIs(sex) if sex else None)


# ---------------------------------------------------------------------------------------------------- what is not sound
def saying(*rules: Rule) -> Trial:
    """Draft a text of as many lines as there are rules, each read as one of them."""

    def reader(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
        del lexicon
        return [Reading(ReadingKind.LAB, rules[int(part.tokens[-1].text)], 0, len(part.tokens), "Read so.")]

    lines = "\n".join(f"* Words {at}" for at in range(len(rules)))
    return Drafting([reader], LEXICON, EVERY).trial(study(text=f"Inclusion Criteria:\n\n{lines}", minimum_age=""))


@pytest.mark.parametrize(
    "rule",
    [
        Age(),
        HasCondition(("no-such-thing",)),
        HasCondition(("platelets",)),
        AllOf((Age(18),)),
        Age(75, 18),
        HasCondition(("liver-metastasis",), within_days=0),
    ],
)
def test_what_cannot_be_kept_or_met_is_left_to_review(rule: Rule) -> None:
    (only,) = saying(rule).criteria
    assert isinstance(only.rule, Asked)
    assert only.rule.question == "Words 0"
    assert "Left to review" in only.note


def test_criteria_at_odds_turn_nobody_away() -> None:
    one, other, asked = saying(SexIs(Sex.MALE), SexIs(Sex.FEMALE), Not(Age(18))).criteria
    for each in (one, other, asked):
        assert isinstance(each.rule, AnyOf)
        assert isinstance(each.rule.rules[1], Asked)
        assert "no patient could meet all" in each.note


# ------------------------------------------------------------------------------------------------- saved, and to review
_TEXTS = st.lists(
    st.sampled_from(
        ["Inclusion Criteria:\n", "Exclusion Criteria:\n", "* Age ≥ 18 years\n", "null\n", "~\n", "* a: #b\n"]
    )
    | st.text(max_size=15),
    max_size=12,
).map("".join)


@given(_TEXTS)
def test_any_draft_is_read_back_as_it_was_saved(text: str) -> None:
    trial = draft(text=text, sex="MALE", minimum_age="18 Months", facilities=(place(),))
    assert SavedReader(VOCABULARY).trial(saved(trial), trial.nct_id) == trial


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"nct_id": 1}', "\x00"])
def test_what_is_no_saved_draft_is_told(text: str) -> None:
    with pytest.raises(BadTrial, match="NCT00000001: the saved draft cannot be read"):
        SavedReader(VOCABULARY).trial(text, "NCT00000001")


def test_a_saved_criterion_without_a_rule_is_told() -> None:
    text = saved(draft()).replace('"review":', '"plain":')
    with pytest.raises(BadTrial, match="holds no rule"):
        SavedReader(VOCABULARY).trial(text, "NCT00000001")


@given(_TEXTS)
def test_any_draft_to_review_is_a_definition_that_lints(text: str) -> None:
    trial = draft(text=text, minimum_age="18 Months", title="A: title # with signs")
    of = study(text=text, title="A: title # with signs")
    definition = definition_of(parse_yaml(review_text(trial, of), "a file", BadTrial), "a file", VOCABULARY)
    assert sorted(definition.trial.criteria, key=lambda each: each.id) == sorted(
        trial.criteria, key=lambda each: each.id
    )
    assert lint_definition(definition, Codebook.of(VOCABULARY)) == []
    assert definition.trial.draft


def test_what_a_trial_is_for_is_written_and_read_back() -> None:
    trial = replace(draft(), purpose="This study tests a drug: it is new.\nYou get it.")
    block = parse_yaml(review_text(trial, study()), "a file", BadTrial)
    assert definition_of(block, "a file", VOCABULARY).trial.purpose == "This study tests a drug: it is new. You get it."
    assert "purpose" not in review_text(draft(), study())


def test_the_lines_of_the_registry_stand_above_what_was_made_of_them() -> None:
    written = review_text(draft(), study())
    assert written.index("#   3 | * Age of 18 years or more") < written.index("Read as age at least 18 years.")
    assert "#   7 | Exclusion Criteria:" in written
    assert written.count(" | ") == 6


# ------------------------------------------------------------------------------------------------------------ made with
def test_a_changed_table_makes_another_fingerprint(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("a,b\n")
    first = fingerprint([tmp_path])
    assert fingerprint([tmp_path]) == first
    (tmp_path / "note.md").write_text("no table")
    assert fingerprint([tmp_path]) == first
    table.write_text("a,c\n")
    assert fingerprint([tmp_path]) != first
