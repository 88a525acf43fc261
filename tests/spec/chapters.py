"""The specification as data: chapters of Markdown whose tables are run, and the page that is made of them.

A chapter is a file of this folder. Its YAML blocks are criteria as they stand in ``trials/``; the table below one says,
row by row, what a chart holds and what the criterion comes to. Headers of chart columns are those of an example patient
(``results``, ``problems``, ``drugs`` …); an empty cell holds nothing, and `` ; `` stands between entries.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from pathlib import Path

from cds.core.evaluate import evaluate
from cds.core.explain import explain
from cds.core.finding import Finding
from cds.core.recognise import recognise
from tests.shipped import vocabulary
from tests.spec.notation import chart_of_cells, criterion_of

FOLDER = Path(__file__).resolve().parent
REPOSITORY = FOLDER.parents[1]
MANUAL = REPOSITORY / "docs" / "criteria.md"
AS_OF = dt.date(2026, 6, 15)
OUTCOMES = ("finding", "why", "dates")
_BLOCK = re.compile(r"```yaml\n(?P<yaml>.*?)```\n\n(?P<table>(?:\|[^\n]*\n)+)", re.DOTALL)
_HEADING = re.compile(r"^##? (?P<title>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """One row of a table: what the chart holds, cell by cell, and what the criterion is said to come to."""

    place: str
    criterion: str
    cells: dict[str, str] = field(hash=False)

    @property
    def expected(self) -> tuple[str, str, str]:
        """The truth, its basis or cause, and the dates that go with it."""
        finding, why, dates = (self.cells.get(name, "") for name in OUTCOMES)
        return finding, why, dates

    def found(self) -> Finding:
        """Hold the chart against the criterion."""
        rows = {name: cell for name, cell in self.cells.items() if name not in OUTCOMES}
        chart = chart_of_cells(rows, vocabulary(), self.place)
        return evaluate(criterion_of(self.criterion, vocabulary(), self.place), recognise(chart, vocabulary(), AS_OF))


def told(finding: Finding) -> tuple[str, str, str]:
    """Give what a finding came to in the words of the tables."""
    why = finding.basis.value if finding.basis else finding.cause.value if finding.cause else ""
    dates = {"resolves": finding.resolves_on, "expires": finding.expires_on}
    if finding.resolves_on is None:
        dates["clears"] = finding.clears_on
    return finding.truth.value, why, " ".join(f"{word} {day}" for word, day in dates.items() if day is not None)


def chapters() -> list[Path]:
    """Give the chapters in the order of their numbers."""
    return sorted(FOLDER.glob("[0-9][0-9]-*.md"))


def examples(chapter: Path) -> list[Example]:
    """Give the rows of all tables of a chapter."""
    text, found = chapter.read_text("utf-8"), []
    for block in _BLOCK.finditer(text):
        titles = _HEADING.findall(text, 0, block.start())
        for number, cells in enumerate(_rows(block["table"]), start=1):
            found.append(Example(f"{chapter.stem}: {titles[-1]}: row {number}", block["yaml"], cells))
    return found


def _rows(table: str) -> list[dict[str, str]]:
    lines = [[cell.strip() for cell in line.strip().split("|")[1:-1]] for line in table.strip().split("\n")]
    header, _, *rows = lines
    return [dict(zip(header, row, strict=True)) for row in rows]


def manual() -> str:
    """Make the page for readers: the chapters, each row with the sentence a card would say."""
    preface = (FOLDER / "preface.md").read_text("utf-8").rstrip()
    return "\n\n".join([preface, *(_chapter(each) for each in chapters())]) + "\n"


def _chapter(path: Path) -> str:
    rows = iter(examples(path))

    def with_sentences(block: re.Match[str]) -> str:
        lines = [line.rstrip() for line in block["table"].strip().split("\n")]
        shown = [f"{lines[0]} says |", f"{lines[1]}---|"]
        for line in lines[2:]:
            says = explain(next(rows).found(), vocabulary()).replace("|", "\\|")
            shown.append(f"{line} {says} |")
        return f"```yaml\n{block['yaml']}```\n\n" + "\n".join(shown) + "\n"

    text = path.read_text("utf-8").rstrip() + "\n"
    return re.sub(r"^#", "##", _BLOCK.sub(with_sentences, text), flags=re.MULTILINE).rstrip()
