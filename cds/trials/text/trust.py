"""Which kinds of statement are read well enough to speak against a patient: ``mappings/precision.csv``, and the rule.

Lines drawn by chance were labelled by hand before anyone saw what was read of them; a row tells how many readings of a
kind were right and wrong in one round: ``kind, round, right, wrong``. A later round is of fresh lines, after readers
were mended, so the last round of a kind counts and no other. A kind is trusted where the lower bound of its precision,
exact after Clopper and Pearson (Biometrika 1934;26:404-413), one-sided at 95 %, is at least 95 %: 59 right without an
error do, 58 do not; with one error it takes 92 right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cds.errors import BadMapping
from cds.files import read_rows
from cds.trials.text.reading import ReadingKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from cds.files import Row

__all__ = ["Round", "last_rounds", "load_precision", "precision_table", "trusted_kinds"]

FILE: Final = "precision.csv"
_COLUMNS = ("kind", "round", "right", "wrong")
_LEAST = 20
"""One in so many may be wrong, and one in so many samples may mislead: 5 % both."""
_STEPS = 60
"""Halvings until a bound is as exact as a number of the machine."""
_DIGITS = 6
_MEASURED = {each.value: each for each in ReadingKind if each is not ReadingKind.JUDGEMENT}
"""Kinds that give a rule: a question to a person cannot be wrong about the patient."""


@dataclass(frozen=True, slots=True)
class Round:
    """How many readings of a kind a hand check found right and wrong."""

    kind: ReadingKind
    number: int
    right: int
    wrong: int

    @property
    def trusted(self) -> bool:
        """Say whether the lower bound is at least 95 %, in whole numbers and so without rounding.

        It is where so few errors would come up in at most one of twenty such samples if one reading in twenty were
        wrong.
        """
        count = self.right + self.wrong
        ways = sum(math.comb(count, errors) * (_LEAST - 1) ** (count - errors) for errors in range(self.wrong + 1))
        return bool(count) and ways * _LEAST <= _LEAST**count

    @property
    def bound(self) -> float:
        """Give the one-sided 95 % lower bound of precision after Clopper and Pearson; 0 where nothing was right."""
        if not self.right:
            return 0.0
        low, high = 0.0, 1.0
        for _ in range(_STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if self._chance(middle) * _LEAST <= 1 else (low, middle)
        return low

    def _chance(self, precision: float) -> float:
        """Give the chance of no more errors than these where readings are right with this precision."""
        count = self.right + self.wrong
        term = precision**count
        told = [term]
        for errors in range(self.wrong):
            term *= (count - errors) / (errors + 1) * (1 - precision) / precision
            told.append(term)
        return math.fsum(told)


def load_precision(mappings: Path) -> tuple[Round, ...]:
    """Give all rounds in the order of the file; raise ``BadMapping`` with file and line for a row that cannot be."""
    found: dict[tuple[ReadingKind, int], Round] = {}
    for row in read_rows(mappings / FILE, FILE, _COLUMNS, BadMapping):
        each = _round(row)
        if (each.kind, each.number) in found:
            raise BadMapping(f"{row.place}: round {each.number} of {each.kind.value} stands twice")
        found[each.kind, each.number] = each
    return tuple(found.values())


def last_rounds(rounds: Iterable[Round]) -> dict[ReadingKind, Round]:
    """Give the last round of each kind that was measured: the one that counts."""
    return {each.kind: each for each in sorted(rounds, key=lambda each: each.number)}


def trusted_kinds(mappings: Path) -> frozenset[ReadingKind]:
    """Give the kinds of statement that may speak against a patient, as measured; raise ``BadMapping`` as the table."""
    return frozenset(kind for kind, last in last_rounds(load_precision(mappings)).items() if last.trusted)


def precision_table(rounds: Iterable[Round]) -> str:
    """Write what was measured as the table of ``docs/extraction.md``: every kind, its first round and its last."""
    told = tuple(rounds)
    last = last_rounds(told)
    first = {each.kind: each for each in sorted(told, key=lambda each: -each.number)}
    return "\n".join(
        [
            "| kind | first round, right | last round, right | lower bound | may speak against a patient |",
            "| --- | ---: | ---: | ---: | --- |",
            *(_told(name, first.get(kind), last.get(kind)) for name, kind in _MEASURED.items()),
        ]
    )


def _told(name: str, first: Round | None, last: Round | None) -> str:
    if first is None or last is None:
        return f"| {name} | – | – | – | no: not measured |"
    answer = "yes" if last.trusted else "no"
    bound = math.floor(last.bound * 1000) / 10
    return f"| {name} | {_counted(first)} | {_counted(last)} | {bound} % | {answer} |"


def _counted(each: Round) -> str:
    return f"{each.right} of {each.right + each.wrong}"


def _round(row: Row) -> Round:
    kind = _MEASURED.get(row["kind"])
    if kind is None:
        raise BadMapping(f"{row.place}: kind is {row['kind']!r}, not one of {', '.join(_MEASURED)}")
    number, right, wrong = _whole(row)
    if not number:
        raise BadMapping(f"{row.place}: rounds are counted from 1")
    return Round(kind, number, right, wrong)


def _whole(row: Row) -> Iterator[int]:
    for column in _COLUMNS[1:]:
        text = row[column]
        if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
            raise BadMapping(f"{row.place}: {column} is {text!r}, not a whole number")
        yield int(text)
