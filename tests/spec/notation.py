"""Charts and criteria out of the cells and blocks of a chapter, in the notation of the example patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.chart import Extent, Kind, Person, Sex
from cds.core.dates import PartialDate
from cds.errors import BadTrial
from cds.files import parse_yaml
from cds.trials.codebook import Codebook
from cds.trials.definition import rule_of
from cds.trials.fields import Fields, Place
from cds.trials.notation import EVERYTHING, chart_of
from cds.trials.rules import RuleReader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cds.core.chart import Chart
    from cds.core.criteria import Rule
    from cds.core.vocabulary import Vocabulary

BETWEEN = " ; "
_SEXES = frozenset(sex.value for sex in Sex)
_BOOKS: dict[int, Codebook] = {}


def chart_of_cells(cells: Mapping[str, str], vocabulary: Vocabulary, place: str) -> Chart:
    """Make a chart of cells: `` ; `` stands between entries; ``patient`` and ``covered`` are written in words.

    ``patient``: ``female, born 1964-02-03``; ``covered``: ``condition not-read, measurement partial``, all else read
    whole.
    """
    where = Place(place)
    rows = {
        section: tuple(cell.split(BETWEEN)) if cell else ()
        for section, cell in cells.items()
        if section not in {"patient", "covered"}
    }
    person, covered = _person(cells.get("patient", ""), where), _covered(cells.get("covered", ""), where)
    return chart_of(rows, _codebook(vocabulary), where, person=person, covered=covered)


def criterion_of(text: str, vocabulary: Vocabulary, place: str) -> Rule:
    """Read a block with one of ``require``, ``forbid``, ``ask`` and ``review`` as the rule it states."""
    where = Place(place)
    fields = Fields.of(parse_yaml(text, place, BadTrial), where)
    reader = RuleReader(vocabulary)
    rule = rule_of(reader, fields)
    fields.done()
    return rule


def _codebook(vocabulary: Vocabulary) -> Codebook:
    known = _BOOKS.get(id(vocabulary))
    if known is None or known.vocabulary is not vocabulary:
        known = _BOOKS[id(vocabulary)] = Codebook.of(vocabulary)
    return known


def _person(cell: str, place: Place) -> Person:
    born, sex, words = None, None, {part.strip() for part in cell.split(",")} - {""}
    for part in sorted(words):
        if part in _SEXES:
            sex = Sex(part)
        elif part.startswith("born "):
            born = PartialDate.parse(part.removeprefix("born "))
        else:
            raise place.fault(f"patient: must be like 'female, born 1964-02-03', not {cell!r}")
    return Person(born=born, sex=sex, reference="patient")


def _covered(cell: str, place: Place) -> Mapping[Kind, Extent]:
    if cell in {"", "all"}:
        return EVERYTHING
    try:
        told = [part.strip().split(" ") for part in cell.split(",")]
        return {**EVERYTHING, **{Kind(kind): Extent(extent) for kind, extent in told}}
    except ValueError as problem:
        raise place.fault(f"covered: must be like 'condition not-read', not {cell!r}") from problem
