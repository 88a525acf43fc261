"""The shape of an eligibility text: sections, headings that govern what stands under them, bullets, cohorts.

Nothing is understood here but the shape, and nothing is dropped: the lines together hold every word of the text.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cds.core.criteria import Section
from cds.trials.text.headings import Mode, asks_nothing, mode_of, names_part, scope_of, section_of
from cds.trials.text.marks import counted, going_on, marks_in
from cds.trials.text.source import Clean, Span, cleaned

__all__ = ["Lead", "Line", "outline"]


@dataclass(frozen=True, slots=True)
class Lead:
    """A line that others stand under, and how it takes them: all of them, any one, none, or as exceptions.

    ``start`` is its place in the clean text: two lines may have the same words.
    """

    text: str
    mode: Mode
    start: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One bullet, paragraph or heading, without its bullet sign.

    ``span`` is its place in the record's text; ``number`` the registry line it begins in (1 is the first, blank lines
    count) and ``last_number`` the one it ends in. ``section`` is nothing where the text has not said yet whether it
    includes or excludes. ``scope`` names the part of the trial (a cohort, an arm, donors) that it holds for; blank:
    all. ``leads`` are the lines it stands under, the nearest last. ``heading``: it states nothing of its own.
    ``alternative``: it is joined to a neighbour by "or"; ``continues``: to the one before.
    """

    text: str
    span: Span
    number: int
    last_number: int
    section: Section | None
    scope: str = ""
    leads: tuple[Lead, ...] = ()
    heading: bool = False
    alternative: bool = False
    continues: bool = False


class _Style(enum.Enum):
    NONE = "none"
    SIGN = "sign"
    NUMBER = "number"
    LETTER = "letter"
    ROMAN = "roman"


_DEEP = r"(?:\d{1,2}\.){2,3}\d{1,2}"
"""The number of a section of the protocol: ``3.1.5``; two figures alone may be an amount."""
_BULLET = re.compile(
    rf"(?P<indent> *)(?:(?P<sign>[*•·▪◦●‣–—-]{{1,4}}|o(?= [A-Z]))\s*"
    rf"(?:\(?(?:\d{{1,2}}[.)]|{_DEEP}\.?)\s+(?=[A-Z≥≤<>]))?|"
    rf"(?P<number>{_DEEP}\.?(?=\s+[A-Z])|\(?\d{{1,3}}[.)](?!\d))\s*|"
    r"\(?(?P<roman>[ivx]{1,5}|[IVX]{1,5})[.)]\s+|\(?(?P<letter>[a-zA-Z])[.)]\s+)?"
)
_OR_ALONE = re.compile(r"\W*(?:and\s*/\s*)?or\W*", re.IGNORECASE)
_AND_ALONE = re.compile(r"\W*and\W*", re.IGNORECASE)
_ENDS_IN_OR = re.compile(r"[\s,;](?:and/)?or\W{0,3}$", re.IGNORECASE)
_BEGINS_WITH_OR = re.compile(r"\W{0,3}(?:and/)?or\b", re.IGNORECASE)


@dataclass(slots=True)
class _Item:
    """A bullet or paragraph being put together: where it begins and ends in the clean text."""

    start: int
    end: int
    number: int
    last_number: int
    indent: int
    style: _Style


def outline(raw: str) -> tuple[Line, ...]:
    """Take an eligibility text apart into its lines, in their order."""
    clean = cleaned(raw)
    items = [part for item in _items(clean.text) for part in _inline_parts(clean.text, item)]
    return _Shaping(clean).lines(items)


# ------------------------------------------------------------------------------------- lines of the file into bullets
def _items(text: str) -> list[_Item]:
    items: list[_Item] = []
    place, blank = 0, True
    for number, line in enumerate(text.split("\n"), start=1):
        begun = place
        place += len(line) + 1
        if not line.strip():
            blank = True
            continue
        found = _BULLET.match(line)
        style = _style(found)
        body = found.end() if found and style is not _Style.NONE else len(line) - len(line.lstrip())
        if not line[body:].strip():
            blank = False
            continue
        end = begun + len(line.rstrip())
        if items and style is _Style.NONE and _goes_on(items[-1], text, line, after_blank=blank):
            items[-1].end, items[-1].last_number = end, number
        else:
            items.append(_Item(begun + body, end, number, number, len(line) - len(line.lstrip()), style))
        blank = False
    return items


def _style(found: re.Match[str] | None) -> _Style:
    if found is None:
        return _Style.NONE
    for name, style in (
        ("sign", _Style.SIGN),
        ("number", _Style.NUMBER),
        ("roman", _Style.ROMAN),
        ("letter", _Style.LETTER),
    ):
        if found[name]:
            return style
    return _Style.NONE


def _goes_on(before: _Item, text: str, line: str, *, after_blank: bool) -> bool:
    """Say whether a line without a bullet belongs to the bullet or paragraph before it."""
    told = line.strip()
    if section_of(told) is not None or section_of(text[before.start : before.end]) is not None:
        return False
    if _OR_ALONE.fullmatch(told) or _AND_ALONE.fullmatch(told):
        return False
    ended = text[before.end - 1] in ".:;"
    if after_blank:
        return told[0].islower() and not ended
    return before.style is not _Style.NONE or not ended or told[0].islower()


def _inline_parts(text: str, item: _Item) -> list[_Item]:
    """Part a line whose bullets run together: ``1) … 2) …``, ``• … • …``; or ``… 5) … 6) …``, which began above."""
    marks = marks_in(text, item.start, item.end)
    cuts = counted(marks)
    if not cuts:
        return _further(text, item, going_on(marks, text[max(0, item.start - 4) : item.start].rstrip())) or [item]
    first = _cut(item, item.start, cuts[0].start())
    ends = [each.start() for each in cuts[1:]] + [item.end]
    style = (
        _Style.SIGN
        if cuts[0]["sign"]
        else _Style.NUMBER
        if cuts[0]["number"]
        else _Style.LETTER
        if cuts[0]["letter"]
        else _Style.ROMAN
    )
    rest = [
        _Item(cut.end(), end, item.number, item.last_number, item.indent + 1, style)
        for cut, end in zip(cuts, ends, strict=True)
    ]
    lead = [first] if text[first.start : first.end].strip(" :;,.-") else []
    return lead + [each for each in rest if text[each.start : each.end].strip()]


def _further(text: str, item: _Item, cuts: Sequence[re.Match[str]]) -> list[_Item]:
    """Part a line in which those behind it have run on (``… 5) … 6) …``): they stand beside it, not under it."""
    starts = [item.start, *(each.end() for each in cuts)]
    ends = [*(each.start() for each in cuts), item.end]
    parts = [_cut(item, start, end) for start, end in zip(starts, ends, strict=True) if text[start:end].strip(" :;,.-")]
    return parts if cuts else []


def _cut(item: _Item, start: int, end: int) -> _Item:
    """Give the same item with another extent."""
    return _Item(start, end, item.number, item.last_number, item.indent, item.style)


# ------------------------------------------------------------------------------------------------ bullets into a tree
@dataclass(slots=True)
class _Open:
    """A line that others may stand under."""

    indent: int
    style: _Style
    lead: Lead
    scope: str


@dataclass(slots=True)
class _Shaping:
    """The reading of one text from top to bottom."""

    clean: Clean
    section: Section | None = None
    section_scope: str = ""
    open: list[_Open] = field(default_factory=list)
    done: list[Line] = field(default_factory=list)

    def lines(self, items: list[_Item]) -> tuple[Line, ...]:
        """Give the lines of all items."""
        for place, item in enumerate(items):
            self._take(item, items[place + 1] if place + 1 < len(items) else None)
        return tuple(_joined_by_or(self.done))

    def _take(self, item: _Item, following: _Item | None) -> None:
        text = self.clean.text[item.start : item.end]
        heading = section_of(text)
        if heading is not None:
            self.section, self.section_scope = heading.section, heading.scope
            self.open = []
            self._add(item, item.start, item.start + heading.length, heading=True)
            if text[heading.length :].strip(" :.-"):
                self._take(_cut(item, item.start + heading.length, item.end), following)
            return
        if self.section is None and following is not None and asks_nothing(text):
            self.section = Section.INCLUSION
        self._close(item)
        scope = scope_of(text)
        mode = mode_of(text) if following is not None and self._is_under(following, item) else None
        if mode is None and scope is not None and not text[scope.length :].strip(" :.-") and following is not None:
            mode = Mode.ALL
        self._add(
            item,
            item.start,
            item.end,
            heading=(mode is not None and text.rstrip().endswith(":")) or (following is not None and names_part(text)),
            scope=scope.name if scope else "",
        )
        told = Lead(" ".join(text.split()), mode or Mode.ALL, item.start)
        self.open.append(_Open(item.indent, item.style, told, scope.name if scope else ""))

    def _is_under(self, following: _Item, item: _Item) -> bool:
        """Say whether the next item stands under this one: further in, or of another style at the same place."""
        if following.indent > item.indent:
            return True
        if following.indent < item.indent or following.style is item.style:
            return False
        if any(each.style is following.style and each.indent == following.indent for each in self.open):
            return False
        text = self.clean.text[item.start : item.end].rstrip()
        return item.style is _Style.NONE or text.endswith(":") or following.style in {_Style.LETTER, _Style.ROMAN}

    def _close(self, item: _Item) -> None:
        """Leave the lines under which this one does not stand."""
        while self.open:
            last = self.open[-1]
            if last.indent > item.indent or (last.indent == item.indent and self._siblings(last, item)):
                self.open.pop()
            else:
                return

    def _siblings(self, last: _Open, item: _Item) -> bool:
        if last.style is item.style or item.style is _Style.NONE:
            return True
        if any(each.style is item.style and each.indent == item.indent for each in self.open[:-1]):
            return True
        ended = last.lead.text.endswith(":") or names_part(last.lead.text)
        if last.style is _Style.NONE:
            return not ended
        return not ended and item.style not in {_Style.LETTER, _Style.ROMAN}

    def _add(self, item: _Item, start: int, end: int, *, heading: bool, scope: str = "") -> None:
        text = self.clean.text
        while start < end and text[start] in " \n:":
            start += 1
        while end > start and text[end - 1] in " \n":
            end -= 1
        if start == end:
            return
        scopes = [self.section_scope, *(each.scope for each in self.open), scope]
        line = Line(
            " ".join(text[start:end].split()),
            self.clean.span(start, end),
            item.number,
            item.last_number,
            self.section,
            "; ".join(dict.fromkeys(filter(None, scopes))),
            tuple(each.lead for each in self.open),
            heading,
        )
        self.done.append(line)


def _joined_by_or(lines: list[Line]) -> list[Line]:
    """Mark the neighbours that "or" joins; a line that is nothing but "or" or "and" is a heading."""
    marked = list(lines)
    for place, line in enumerate(lines):
        alone = _OR_ALONE.fullmatch(line.text) is not None
        if alone or _AND_ALONE.fullmatch(line.text):
            marked[place] = replace(marked[place], heading=True)
        if alone or _ENDS_IN_OR.search(line.text[-12:]):
            _mark(marked, place - 1 if alone else place)
            _mark(marked, place + 1, continues=True)
        if not alone and _BEGINS_WITH_OR.match(line.text):
            _mark(marked, place - 1)
            _mark(marked, place, continues=True)
    return marked


def _mark(lines: list[Line], place: int, *, continues: bool = False) -> None:
    if 0 <= place < len(lines) and not lines[place].heading:
        line = lines[place]
        lines[place] = replace(line, alternative=True, continues=continues or line.continues)
