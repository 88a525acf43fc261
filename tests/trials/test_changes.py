"""What changed between two versions of a record: told for what it is, nothing told that is none, and in linear time."""

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.trials.changes import Change, How, Matter, changes
from cds.trials.study import Study
from tests.trials.studies import TEXT, drug, place, study

OLD = study()
LINES = st.lists(
    st.sampled_from(["* Age over 18", "* Carcinoma", "Exclusion Criteria:", "* No HIV", "", "x"]), max_size=8
)


def after(**changed: Any) -> tuple[Change, ...]:  # noqa: ANN401 - any member of a study
    return changes(OLD, replace(OLD, **changed))


def worded(old: str, new: str) -> tuple[Change, ...]:
    assert old in TEXT
    return after(text=TEXT.replace(old, new))


def test_nothing_changed() -> None:
    assert changes(OLD, OLD) == ()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"status": "TERMINATED", "why_stopped": "no\nmoney", "facilities": OLD.facilities},
            Change(Matter.STATUS, How.CHANGED, "RECRUITING", "TERMINATED (no money)"),
        ),
        ({"phases": ("PHASE2", "PHASE3")}, Change(Matter.PHASE, How.CHANGED, "PHASE2", "PHASE2, PHASE3")),
        ({"phases": ()}, Change(Matter.PHASE, How.CHANGED, "PHASE2", "")),
        ({"title": "Another"}, Change(Matter.TITLE, How.CHANGED, OLD.title, "Another")),
        (
            {"minimum_age": "21 Years", "sex": "FEMALE"},
            Change(Matter.AGE_AND_SEX, How.CHANGED, "ALL, 18 Years to any age", "FEMALE, 21 Years to any age"),
        ),
        ({"conditions": (*OLD.conditions, "Sarcoma")}, Change(Matter.CONDITION, How.ADDED, after="Sarcoma")),
        (
            {"interventions": (drug("CARBOPLATIN"), drug("Scan", kind=""))},
            Change(Matter.INTERVENTION, How.ADDED, after="Scan"),
        ),
        ({"interventions": ()}, Change(Matter.INTERVENTION, How.REMOVED, before="Carboplatin (DRUG)")),
    ],
)
def test_a_value_that_changed(changed: dict[str, Any], told: Change) -> None:
    assert after(**changed) == (told,)


WHERE = "Example Hospital, Springfield, Ruritania"


@pytest.mark.parametrize(
    ("facilities", "how", "before", "now"),
    [
        ((), How.CLOSED, "RECRUITING", ""),
        ((place(status="COMPLETED"),), How.CLOSED, "RECRUITING", "COMPLETED"),
        ((place(status="NOT_YET_RECRUITING"),), How.CHANGED, "RECRUITING", "NOT_YET_RECRUITING"),
    ],
)
def test_a_place_that_changed(facilities: Any, how: How, before: str, now: str) -> None:  # noqa: ANN401 - facilities
    assert after(facilities=facilities) == (Change(Matter.SITE, how, before, now, WHERE),)


def test_places_that_come_and_go_while_closed_were_not_opened() -> None:
    shut = replace(OLD, facilities=(place(status="WITHDRAWN"),))
    none = replace(OLD, facilities=())
    assert changes(none, OLD) == (Change(Matter.SITE, How.OPENED, "", "RECRUITING", WHERE),)
    assert changes(shut, OLD) == (Change(Matter.SITE, How.OPENED, "WITHDRAWN", "RECRUITING", WHERE),)
    assert changes(none, shut) == (Change(Matter.SITE, How.ADDED, "", "WITHDRAWN", WHERE),)
    assert changes(shut, none) == (Change(Matter.SITE, How.REMOVED, "WITHDRAWN", "", WHERE),)


def test_a_place_without_a_status_of_its_own_is_open_as_its_study_is() -> None:
    silent = (*OLD.facilities, place("Other House", status=""))
    (told,) = after(facilities=silent)
    assert (told.how, told.after) == (How.OPENED, "listed")
    done = replace(OLD, status="COMPLETED")
    (told,) = changes(done, replace(done, facilities=silent))
    assert told.how is How.ADDED


def test_a_place_that_is_only_written_otherwise_has_not_changed() -> None:
    assert after(facilities=(place("EXAMPLE  HOSPITAL."),)) == ()


def test_of_several_places_in_one_city_without_names_each_is_counted() -> None:
    three = replace(OLD, facilities=(place(""), place(""), place("", status="COMPLETED")))
    two = replace(OLD, facilities=(place(""), place("", status="COMPLETED")))
    assert [each.how for each in changes(three, two)] == [How.CLOSED]
    assert [each.how for each in changes(two, three)] == [How.OPENED]


def test_a_line_that_came_and_one_that_went() -> None:
    assert worded("* Active infection", "* Active infection\n* Pregnancy") == (
        Change(Matter.ELIGIBILITY, How.ADDED, after="Pregnancy", where="exclusion"),
    )
    assert worded("* ECOG performance status 0 or 1\n", "") == (
        Change(Matter.ELIGIBILITY, How.REMOVED, before="ECOG performance status 0 or 1", where="inclusion"),
    )


def test_a_line_with_another_number_is_reworded() -> None:
    assert worded("status 0 or 1", "status 0, 1 or 2") == (
        Change(
            Matter.ELIGIBILITY,
            How.REWORDED,
            "ECOG performance status 0 or 1",
            "ECOG performance status 0, 1 or 2",
            "inclusion",
        ),
    )


def test_what_shares_few_words_is_no_rewording() -> None:
    told = worded("ECOG performance status 0 or 1", "No live vaccine in the last month")
    assert [each.how for each in told] == [How.ADDED, How.REMOVED]


def test_a_line_that_moves_from_inclusion_to_exclusion_is_told() -> None:
    moved = TEXT.replace("* ECOG performance status 0 or 1\n", "") + "* ECOG performance status 0 or 1\n"
    assert after(text=moved) == (
        Change(Matter.ELIGIBILITY, How.MOVED, "inclusion", "exclusion", "ECOG performance status 0 or 1"),
    )


def test_a_line_that_changes_and_moves_is_no_rewording_for_it_may_say_the_opposite() -> None:
    moved = TEXT.replace("* ECOG performance status 0 or 1\n", "") + "* ECOG performance status 0 or 2\n"
    assert [(each.how, each.where) for each in after(text=moved)] == [
        (How.ADDED, "exclusion"),
        (How.REMOVED, "inclusion"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("* ", "1. "),
        TEXT.replace("Age", "AGE").replace("cancer", "cancer."),
        TEXT.replace("* ECOG performance status 0 or 1\n", "").replace(
            "* Age", "* ECOG performance status 0 or 1\n* Age"
        ),
    ],
    ids=["bullets", "capitals and stops", "order"],
)
def test_what_reads_the_same_has_not_changed(text: str) -> None:
    assert after(text=text) == ()


def test_another_spelling_of_a_sign_is_no_change_and_another_sign_is_one() -> None:
    old, same, other = (
        replace(OLD, text=f"Inclusion Criteria:\n\n* Platelets {sign} 100") for sign in (">=", "≥", "≤")
    )
    assert changes(old, same) == ()
    assert [each.how for each in changes(old, other)] == [How.REWORDED]


@given(LINES, LINES)
def test_every_line_of_either_version_is_accounted_for(old: list[str], new: list[str]) -> None:
    older, newer = (replace(OLD, text="Inclusion Criteria:\n" + "\n".join(lines)) for lines in (old, new))
    forth, back = changes(older, newer), changes(newer, older)
    assert changes(older, older) == ()
    swapped = {How.ADDED: How.REMOVED, How.REMOVED: How.ADDED}
    assert sorted(swapped.get(each.how, each.how).value for each in forth) == sorted(each.how.value for each in back)


def hostile(seed: str, length: int) -> Study:
    return replace(
        OLD, text="Inclusion Criteria:\n" + "".join(f"* {seed} a{number % 7} b\n" for number in range(length))
    )


def test_the_time_it_takes_does_not_grow_beyond_the_length() -> None:
    def spent(length: int) -> float:
        begun = time.perf_counter()
        changes(hostile("spam eggs", length), hostile("eggs ham spam", length))
        return time.perf_counter() - begun

    spent(100)
    short, long = min(spent(1000) for _ in range(2)), spent(8000)
    assert long < 24 * short + 0.2


def test_a_change_is_found_behind_more_lines_than_are_paired() -> None:
    told = changes(hostile("one", 300), hostile("two", 300))
    assert {each.how for each in told} <= {How.ADDED, How.REMOVED, How.REWORDED}
    assert sum(each.how is How.ADDED for each in told) + sum(each.how is How.REWORDED for each in told) == 300


def test_a_line_that_stood_twice_and_stands_once_is_told() -> None:
    twice = replace(OLD, text=TEXT + "* Active infection\n")
    assert [each.how for each in changes(OLD, twice)] == [How.ADDED]
    assert [each.how for each in changes(twice, OLD)] == [How.REMOVED]
