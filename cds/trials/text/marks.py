"""Marks of an enumeration that has run together in one line: ``1) … 2) … 3) …``, ``• … • …``, ``… ii. … iii. …``.

Only marks that count up are taken for marks; any other number belongs to its sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["Mark", "counted", "going_on", "marks_in"]

Mark = re.Match[str]

_INLINE = re.compile(
    r"(?<=[\s:;,.])(?<!\d\.)(?:\(?(?P<number>\d{1,2})[.)]|\((?P<letter>[a-z])\)|(?P<sign>[•▪●‣])|"
    r"(?P<roman>i{1,3}|iv|vi{0,3}|ix|x)[.)](?=\s))\s*(?=[^\s\d.)])"
)
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
_NUMBERED = (
    r"\b(?:grades?|stages?|phases?|class|types?|table|section|appendix|cohorts?|parts?|steps?|days?|cycles?|version|least|"
    r"than|most)|[≤≥<>=/×]"
)
_NOT_A_MARK = re.compile(rf"(?:{_NUMBERED})\s*$", re.IGNORECASE)
_HARDLY_A_MARK = re.compile(
    rf"(?:{_NUMBERED}|\b(?:to|of|and|or|arms?|groups?|weeks?|months?|years?|by|is|was|within|last|every)|[(x-])\s*$",
    re.IGNORECASE,
)
"""What stands before a number that belongs to its sentence, and marks no line."""
_BEFORE = 12
"""Characters before a number that are looked at: the longest of those words."""
_ENOUGH = 2
"""Marks that make an enumeration."""


def marks_in(text: str, start: int, end: int) -> tuple[Mark, ...]:
    """Give everything in a stretch of text that may be the mark of an enumeration."""
    return tuple(
        each
        for each in _INLINE.finditer(text, start, end)
        if not (each["number"] and _NOT_A_MARK.search(text[max(0, each.start() - _BEFORE) : each.start()]))
    )


def counted(found: Sequence[Mark]) -> list[Mark]:
    """Give the marks of the longest-standing enumeration: signs, or numbers or letters that count up from the first."""
    signs = [each for each in found if each["sign"]]
    if signs:
        return signs
    for group in ("number", "letter", "roman"):
        marks = [each for each in found if each[group]]
        run: list[Mark] = []
        for each in marks:
            if _count(each, group) == len(run) + 1:
                run.append(each)
        if len(run) >= _ENOUGH:
            return run
    return []


def going_on(found: Sequence[Mark], before: str) -> list[Mark]:
    """Give the marks of two or more lines that count on from above, each before a capital letter or a sign.

    ``before`` is what stands before the line: roman numbers count on only from the line's own ``i.``.
    """
    for group in ("number", "roman"):
        marks = [each for each in found if each[group]]
        begun_within = any(_count(each, group) == 1 for each in marks)
        if begun_within or (group == "roman" and not before.endswith(("i.", "i)"))):
            continue
        run = _counting_on([each for each in marks if _begins_a_line(each)], group)
        if len(run) >= _ENOUGH:
            return run
    return []


def _counting_on(marks: Sequence[Mark], group: str) -> list[Mark]:
    run: list[Mark] = []
    for each in marks:
        if run and _count(each, group) == _count(run[-1], group) + 1:
            run.append(each)
        elif len(run) < _ENOUGH:
            run = [each]
    return run


def _begins_a_line(mark: Mark) -> bool:
    ahead = mark.string[mark.end()]
    before = mark.string[max(0, mark.start() - _BEFORE) : mark.start()]
    return (ahead.isupper() or ahead in "≥≤<>") and not _HARDLY_A_MARK.search(before)


def _count(mark: Mark, group: str) -> int:
    match group:
        case "number":
            return int(mark[group])
        case "letter":
            return ord(mark[group]) - ord("a") + 1
        case _:
            return _ROMAN.index(mark[group]) + 1
