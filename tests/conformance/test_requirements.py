"""The table of duties is whole and true: each SHALL has a test that exists or a reason, and the page is not stale."""

import dataclasses

import pytest

from cds.settings import HOOKS
from tests.conformance.requirements import (
    LEVELS,
    NOT_APPLICABLE,
    OPEN,
    PAGE,
    PROVEN,
    STATES,
    VERSIONS,
    Requirement,
    counts_table,
    missing_tests,
    page,
    requirements,
)

ROWS = requirements()

NAMES_THE_SERVICE = tuple(
    number
    for first, last in (
        *((1, 14), (16, 16), (27, 29), (34, 36), (52, 52), (54, 61), (74, 78), (80, 85), (87, 90), (92, 96)),
        *((98, 100), (103, 113), (115, 125), (127, 136), (138, 142), (144, 148), (168, 168), (175, 177), (179, 179)),
        *((195, 195), (199, 201), (203, 203), (205, 208), (210, 220)),
    )
    for number in range(first, last + 1)
)
"""The rows of the public list (set ``cds-hooks_2.0``) that name the service among those who owe something."""


def faults(each: Requirement) -> list[str]:
    """Say what is wrong with a row by itself."""
    found = []
    if each.level not in LEVELS or each.version not in VERSIONS or each.status not in STATES:
        found.append("an unknown level, version or state")
    if not each.anchor.startswith("https://") or not each.requirement:
        found.append("no anchor or no words")
    if each.status == PROVEN and not each.tests:
        found.append("proven by nothing")
    if each.status == NOT_APPLICABLE and not each.reason:
        found.append("not applicable for no reason")
    if each.binding and each.status != OPEN and not each.tests and not each.reason:
        found.append("a SHALL with neither test nor reason")
    if each.status != OPEN:
        found += [f"there is no test {name}" for name in missing_tests(each)]
    return found


@pytest.mark.parametrize("each", ROWS, ids=[each.id for each in ROWS])
def test_every_duty_has_what_it_needs(each: Requirement) -> None:
    assert faults(each) == []


def test_no_binding_duty_is_open() -> None:
    assert [each.id for each in ROWS if each.binding and each.status == OPEN] == []


def test_no_id_stands_twice_and_no_public_number_does() -> None:
    ids = [each.id for each in ROWS]
    numbers = [number for each in ROWS for number in each.public]
    assert len(set(ids)) == len(ids)
    assert len(set(numbers)) == len(numbers)


def test_every_public_row_that_names_the_service_is_answered() -> None:
    assert len(NAMES_THE_SERVICE) == 120
    told = {number for each in ROWS for number in each.public}
    assert told == {f"I-{number}" for number in NAMES_THE_SERVICE}


def test_every_section_of_the_specification_is_there() -> None:
    assert {each.id[0] for each in ROWS} == set("ABCDEFGHV")
    assert len(HOOKS) == 5


def test_the_published_page_is_not_stale(rewrite: bool) -> None:  # noqa: FBT001 - a fixture
    told = page(ROWS)
    if rewrite:
        PAGE.write_text(told, "utf-8")
    assert PAGE.read_text("utf-8") == told, (
        "the table has changed: run `REWRITE=1 make conformance` and review the page"
    )


GOOD = next(each for each in ROWS if each.binding and each.status == PROVEN)


@pytest.mark.parametrize(
    "changes",
    [
        {"tests": ()},
        {"tests": ("tests/conformance/test_requirements.py::test_nothing",)},
        {"tests": ("tests/conformance/test_nothing.py::test_every_duty_has_what_it_needs",)},
        {"status": NOT_APPLICABLE, "tests": (), "reason": ""},
        {"status": "done"},
        {"level": "MUST"},
        {"anchor": "#use-of-json"},
    ],
    ids=range(7),
)
def test_a_row_that_proves_nothing_is_seen(changes: dict[str, object]) -> None:
    assert faults(GOOD) == []
    assert faults(dataclasses.replace(GOOD, **changes))  # type: ignore[arg-type] # any member of a row


def test_the_counts_add_up() -> None:
    head, *lines, total = counts_table(ROWS)
    assert head[1:4] == list(STATES)
    assert [sum(int(line[place]) for line in lines) for place in range(1, 5)] == [int(each) for each in total[1:]]
    assert int(total[4]) == len(ROWS)
