"""A curated definition over the draft of its record: what was written survives, and what changed is flagged."""

import hashlib
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cds.core.criteria import Age, Asked, Criterion, HasCondition, Not, Section
from cds.core.trial import Cohort, Trial
from cds.trials.definition import Definition, RecordNote
from cds.trials.drafting import Drafting
from cds.trials.layering import Layered, layered, lines_found_again
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers import READERS
from cds.trials.text.reading import ReadingKind
from tests.core.builders import VOCABULARY
from tests.trials.studies import place, study

DRAFTING = Drafting(READERS, Lexicon.of(VOCABULARY), frozenset(ReadingKind))
OLD = """Inclusion Criteria:

* Cancer that spread to the liver
* Good appetite
* Age ≥ 18 years

Exclusion Criteria:

* Bad mood"""

DISEASE = Criterion("disease", "Liver", HasCondition(("liver-metastasis",)), lines=(3,), disease=True)
APPETITE = Criterion("appetite", "Hungry", Asked("Hungry?"), lines=(4,), note="As we see it.")
GROWN_UP = Criterion("grown-up", "Adult", Age(18), lines=(5,))
MOOD = Criterion("mood", "No bad mood", Not(HasCondition(("vitiligo",))), Section.EXCLUSION, (9,))


def definition(
    *criteria: Criterion, headings: tuple[int, ...] = (1, 7), text: str = OLD, complete: bool = True
) -> Definition:
    lines = text.split("\n") if text else []
    note = RecordNote(None, "RECRUITING", len(lines), (), hashlib.sha256(text.encode()).hexdigest() if text else "")
    trial = Trial("NCT00000001", "Ours", "RECRUITING", criteria, version="1", complete=complete)
    return Definition("NCT00000001.yaml", trial, note, headings)


WHOLE = definition(DISEASE, APPETITE, GROWN_UP, MOOD)


def over(text: str, of: Definition = WHOLE, older: str | None = OLD) -> Layered:
    record = study(text=text, status="SUSPENDED", facilities=(place(),))
    return layered(of, DRAFTING.trial(record), record, older)


def names(found: Layered) -> list[str]:
    return [each.id for each in found.trial.criteria]


def test_over_its_own_text_a_whole_definition_decides_as_before() -> None:
    found = over(OLD)
    assert found.trial.criteria == WHOLE.trial.criteria
    assert (found.flags, found.headings) == ((), (1, 7))


def test_status_and_places_are_those_of_the_record() -> None:
    trial = over(OLD).trial
    assert (trial.status, str(trial.record_date)) == ("SUSPENDED", "2026-06-01")
    assert [each.name for each in trial.facilities] == ["Example Hospital"]
    assert (trial.title, trial.draft) == ("Ours", False)


def test_lines_that_nobody_curated_come_as_drafts() -> None:
    found = over(OLD, definition(DISEASE, complete=False))
    ours, *drafts = found.trial.criteria
    assert ours == DISEASE
    assert [each.lines for each in drafts] == [(4,), (5,), (9,)]
    assert all(each.draft for each in drafts)
    assert not any(each.disease for each in drafts)
    assert found.flags == ()


def test_a_field_of_the_record_comes_only_where_nothing_says_it() -> None:
    record = study(text="Inclusion Criteria:\n\n* Words", minimum_age="18 Years")
    of = definition(DISEASE, text=record.text, headings=(1,), complete=False)
    found = layered(of, DRAFTING.trial(record), record, record.text)
    assert "registry-age" in names(found)
    of = definition(DISEASE, GROWN_UP, text=record.text, headings=(1,), complete=False)
    assert "registry-age" not in names(layered(of, DRAFTING.trial(record), record, record.text))
    of = definition(DISEASE, text=record.text, headings=(1,))
    assert "registry-age" not in names(layered(of, DRAFTING.trial(record), record, record.text))


def test_lines_that_moved_are_found_by_their_words() -> None:
    new = OLD.replace("* Good appetite", "* A new one\n* good   appetite.").replace(
        "Exclusion Criteria:\n\n* Bad", "Exclusion Criteria:\n\n\n1. Bad"
    )
    found = over(new)
    assert [(each.id, each.lines) for each in found.trial.criteria[:4]] == [
        ("disease", (3,)),
        ("appetite", (5,)),
        ("grown-up", (6,)),
        ("mood", (11,)),
    ]
    (new_one,) = found.trial.criteria[4:]
    assert (new_one.lines, new_one.draft) == ((4,), True)
    assert [str(each) for each in found.flags] == [
        f"criterion {new_one.id}: line 4 of the registry's text is new: a draft"
    ]
    assert found.headings == (1, 8)


def test_a_changed_line_keeps_its_criterion_and_is_flagged() -> None:
    found = over(OLD.replace("Good appetite", "Very good appetite"))
    appetite = found.trial.criteria[1]
    assert (appetite.id, appetite.rule, appetite.lines) == ("appetite", APPETITE.rule, ())
    assert appetite.note == (
        "As we see it. To be reviewed: line 4 of the registry's text was changed since this was written."
    )
    assert [each.criterion for each in found.flags] == ["appetite", found.trial.criteria[4].id]
    assert found.trial.criteria[4].rule == Asked("Very good appetite", found.trial.criteria[4].rule.reason)  # type: ignore[union-attr]


def test_a_line_taken_out_is_flagged() -> None:
    found = over(OLD.replace("* Good appetite\n", ""))
    (flag,) = found.flags
    assert str(flag) == "criterion appetite: line 4 of the registry's text was taken out since this was written"
    assert names(found) == ["disease", "appetite", "grown-up", "mood"]


def test_criteria_of_cohorts_are_layered_too() -> None:
    of = definition(DISEASE, GROWN_UP, MOOD)
    cohort = Cohort("a", "A", (APPETITE,))
    of = Definition(of.file, replace(of.trial, cohorts=(cohort,)), of.record, of.headings)
    found = over(OLD.replace("Good appetite", "Great appetite"), of)
    assert "To be reviewed" in found.trial.cohorts[0].criteria[0].note
    assert found.flags[0].criterion == "appetite"


def test_where_the_version_is_not_known_the_definition_stands_alone_and_says_so() -> None:
    found = over("Something else", older=None)
    assert found.trial.criteria == WHOLE.trial.criteria
    assert "not in the store" in str(found.flags[0])
    assert over("Something else", definition(DISEASE, text="", headings=()), None).flags == ()


def test_nobody_is_a_candidate_on_text_that_nobody_has_read() -> None:
    assert over(OLD).trial.complete
    for text in ("* A new one", "* Great appetite"):
        assert not over(OLD.replace("* Good appetite", text)).trial.complete
    assert not over(f"{OLD}\n* A new one").trial.complete
    assert not over(OLD.replace("* Good appetite\n", "")).trial.complete
    assert not over("Something else", older=None).trial.complete
    assert over(f"{OLD}\n\n").trial.complete


def test_a_note_of_an_earlier_review_is_no_flag() -> None:
    noted = replace(APPETITE, note="To be reviewed: line 2 of the registry's text was changed since this was written.")
    found = over(OLD, definition(DISEASE, noted, GROWN_UP, MOOD))
    assert (found.flags, found.trial.complete) == ((), True)


def test_it_says_which_text_its_lines_are_of() -> None:
    newer = f"{OLD}\n* A new one"
    assert over(newer).trial.text_sha256 == hashlib.sha256(newer.encode()).hexdigest()
    of = replace(WHOLE, trial=replace(WHOLE.trial, text_sha256=WHOLE.record.sha256))
    assert over("Something else", of, None).trial.text_sha256 == WHOLE.record.sha256


_LINES = st.lists(st.sampled_from(["* a", "* b", "c", "", "* a."]), max_size=12)


@given(_LINES, _LINES)
def test_each_line_is_found_at_most_once_and_by_the_same_words(older: list[str], newer: list[str]) -> None:
    found = lines_found_again("\n".join(older), "\n".join(newer))
    assert len(set(found.values())) == len(found)
    for old, new in found.items():
        assert older[old - 1].strip("* .") == newer[new - 1].strip("* .")
    whole = "\n".join(older)
    assert lines_found_again(whole, whole) == {at: at for at, line in enumerate(older, 1) if line}


def test_a_line_that_went_from_one_section_to_the_other_is_another_line() -> None:
    found = over(OLD.replace("* Age ≥ 18 years\n", "") + "\n* Age ≥ 18 years")
    assert found.flags[0].criterion == "grown-up"


@given(st.lists(st.sampled_from([*OLD.split("\n"), "* Other", "* Third"]), max_size=14))
def test_no_curated_criterion_and_no_line_is_ever_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    record = study(text=text)
    draft = DRAFTING.trial(record)
    found = layered(WHOLE, draft, record, OLD)
    assert [each.id for each in found.trial.criteria[:4]] == ["disease", "appetite", "grown-up", "mood"]
    told = {line for each in found.trial.criteria for line in each.lines} | set(found.headings)
    assert {line for each in draft.criteria for line in each.lines} <= told
    gone = [each for each in WHOLE.trial.criteria if each.lines[0] not in lines_found_again(OLD, text)]
    assert {each.id for each in gone} == {each.criterion for each in found.flags if "since this" in each.reason}
