"""Every row of the specification is run, and the page made from it is the one that is published."""

import os

import pytest

from tests.spec.chapters import MANUAL, Example, chapters, examples, manual, told

ROWS = [row for chapter in chapters() for row in examples(chapter)]


@pytest.mark.parametrize("row", ROWS, ids=[row.place for row in ROWS])
def test_a_chart_comes_to_what_the_table_says(row: Example) -> None:
    assert told(row.found()) == row.expected


def test_the_published_manual_is_not_stale() -> None:
    if os.environ.get("REWRITE"):
        MANUAL.parent.mkdir(exist_ok=True)
        MANUAL.write_text(manual(), "utf-8")
    assert MANUAL.read_text("utf-8") == manual(), "run `make manual` and review the diff"
