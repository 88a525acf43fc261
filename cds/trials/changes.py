"""What became of a trial between two versions of its record: status, phase, places, and who may join, line by line.

A line is compared by its words: bullets, capitals, the spelling of a sign and the order of lines are no change, a line
that moves from what includes to what excludes is. The time it takes grows with the length of the texts, whatever is in
them: only so many lines are held against each other to find which was reworded, the others are told as come and gone.
"""

from __future__ import annotations

import enum
from collections import Counter, defaultdict
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from cds.core.place_names import normalised
from cds.settings import readers
from cds.trials.text.outline import outline
from cds.trials.text.tokens import Sort, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cds.trials.study import Facility, Intervention, Study
    from cds.trials.text.outline import Line

__all__ = ["Change", "How", "Matter", "changes"]

OPEN: Final = frozenset(readers.STATUSES)
"""The registry's statuses in which patients are taken, now or soon."""

_ALIKE = 0.6
_MOST_PAIRED = 100
_MOST_WORDS = 200


class Matter(enum.Enum):
    """What of a trial has changed. ``RECORD`` is all of it: the registry has it no more."""

    RECORD = "record"
    STATUS = "status"
    TITLE = "title"
    PHASE = "phase"
    SITE = "site"
    CONDITION = "condition"
    INTERVENTION = "intervention"
    AGE_AND_SEX = "age-and-sex"
    ELIGIBILITY = "eligibility"


class How(enum.Enum):
    """How it has changed. ``OPENED`` and ``CLOSED`` are said of places, ``REWORDED`` and ``MOVED`` of lines."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    OPENED = "opened"
    CLOSED = "closed"
    REWORDED = "reworded"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Change:
    """One change: what stood there before and what stands there now, blank for nothing.

    ``where`` says of a place which it is, and of a line which part of the text it stands in.
    """

    matter: Matter
    how: How
    before: str = ""
    after: str = ""
    where: str = ""


def changes(older: Study, newer: Study) -> tuple[Change, ...]:
    """Give everything that changed from one version of a record to a later one, the most telling first."""
    return (
        *_values(older, newer),
        *_sites(older, newer),
        *_members(Matter.CONDITION, older.conditions, newer.conditions),
        *_members(Matter.INTERVENTION, map(_given, older.interventions), map(_given, newer.interventions)),
        *_lines(outline(older.text), outline(newer.text)),
    )


def _values(older: Study, newer: Study) -> Iterator[Change]:
    for matter, told in (
        (Matter.STATUS, _status),
        (Matter.TITLE, lambda study: _single(study.title)),
        (Matter.PHASE, lambda study: ", ".join(study.phases)),
        (Matter.AGE_AND_SEX, _age_and_sex),
    ):
        before, after = told(older), told(newer)
        if before != after:
            yield Change(matter, How.CHANGED, before, after)


def _status(study: Study) -> str:
    return f"{study.status} ({_single(study.why_stopped)})" if study.why_stopped else study.status


def _age_and_sex(study: Study) -> str:
    ages = " to ".join((study.minimum_age or "any age", study.maximum_age or "any age"))
    return f"{study.sex or 'ALL'}, {ages}"


def _given(told: Intervention) -> str:
    return f"{told.name} ({told.kind})" if told.kind else told.name


def _single(text: str) -> str:
    return " ".join(text.split())


def _members(matter: Matter, older: Iterable[str], newer: Iterable[str]) -> Iterator[Change]:
    """Tell what is named no longer, and what is named now; the order and the capitals do not count."""
    before, after = ({_single(each).casefold(): _single(each) for each in names} for names in (older, newer))
    yield from (Change(matter, How.ADDED, after=after[each]) for each in after if each not in before)
    yield from (Change(matter, How.REMOVED, before=before[each]) for each in before if each not in after)


# -------------------------------------------------------------------------------------------------------------- places


def _sites(older: Study, newer: Study) -> Iterator[Change]:
    before, after = _places(older.facilities), _places(newer.facilities)
    for key in dict.fromkeys((*after, *before)):
        was, now = before.get(key, []), after.get(key, [])
        unmatched = Counter(each.status for each in now)
        unmatched.subtract(each.status for each in was)
        come = [each for each in now if _take(unmatched, each.status, 1)]
        gone = [each for each in was if _take(unmatched, each.status, -1)]
        yield from _place_changes(gone, come, older.status, newer.status)


def _take(counts: Counter[str], status: str, sign: int) -> bool:
    """Say whether one more of a status is on this side than on the other, and count it off."""
    if counts[status] * sign <= 0:
        return False
    counts[status] -= sign
    return True


def _place_changes(
    gone: Sequence[Facility], come: Sequence[Facility], older_status: str, newer_status: str
) -> Iterator[Change]:
    for place in range(max(len(gone), len(come))):
        was = gone[place] if place < len(gone) else None
        now = come[place] if place < len(come) else None
        told = was or now
        if told is not None:
            is_open = now is not None and (now.status or newer_status) in OPEN
            was_open = was is not None and (was.status or older_status) in OPEN
            yield Change(
                Matter.SITE,
                _how(was, now, was_open=was_open, is_open=is_open),
                _listed(was),
                _listed(now),
                ", ".join(filter(None, map(_single, (told.name, told.city, told.state, told.country)))),
            )


def _how(was: Facility | None, now: Facility | None, *, was_open: bool, is_open: bool) -> How:
    if is_open is not was_open:
        return How.OPENED if is_open else How.CLOSED
    if was is None:
        return How.ADDED
    return How.CHANGED if now is not None else How.REMOVED


def _listed(place: Facility | None) -> str:
    return "" if place is None else place.status or "listed"


def _places(facilities: Iterable[Facility]) -> Mapping[tuple[str, str, str], list[Facility]]:
    found: defaultdict[tuple[str, str, str], list[Facility]] = defaultdict(list)
    for each in facilities:
        found[normalised(each.name), normalised(each.city), normalised(each.country)].append(each)
    return found


# --------------------------------------------------------------------------------------------------------------- lines


@dataclass(frozen=True, slots=True)
class _Said:
    """A line with the words it is compared by, and the part of the text it stands in."""

    text: str
    words: tuple[str, ...]
    part: str

    @classmethod
    def of(cls, line: Line) -> _Said:
        section = line.section.value if line.section else ""
        return cls(line.text, _words(line.text), ", ".join(filter(None, (section, line.scope))))


_IDLE: Final = frozenset(".,;:*•-–—·()[]'\"")


def _words(text: str) -> tuple[str, ...]:
    return tuple(each.form for each in tokens_of(text) if each.sort is not Sort.SIGN or each.text not in _IDLE)


def _lines(older: Iterable[Line], newer: Iterable[Line]) -> Iterator[Change]:
    was, now = [_Said.of(line) for line in older], [_Said.of(line) for line in newer]
    gone, come = _left(was, now), _left(now, was)
    pairs = _moved(gone, come)
    pairs |= _reworded([each for each in range(len(gone)) if each not in pairs.values()], gone, come, pairs)
    for place, line in enumerate(come):
        partner = pairs.get(place)
        if partner is None:
            yield Change(Matter.ELIGIBILITY, How.ADDED, after=line.text, where=line.part)
        elif gone[partner].words == line.words:
            before, after = gone[partner].part or "no section", line.part or "no section"
            yield Change(Matter.ELIGIBILITY, How.MOVED, before, after, line.text)
        else:
            yield Change(Matter.ELIGIBILITY, How.REWORDED, gone[partner].text, line.text, line.part)
    paired = frozenset(pairs.values())
    for place, line in enumerate(gone):
        if place not in paired:
            yield Change(Matter.ELIGIBILITY, How.REMOVED, before=line.text, where=line.part)


def _left(lines: Iterable[_Said], others: Iterable[_Said]) -> list[_Said]:
    """Give the lines that the other version does not have in the same part, as often as it lacks them."""
    there = Counter((each.part, each.words) for each in others)
    left = []
    for each in lines:
        if there[each.part, each.words] > 0:
            there[each.part, each.words] -= 1
        else:
            left.append(each)
    return left


def _moved(gone: Sequence[_Said], come: Sequence[_Said]) -> dict[int, int]:
    """Pair lines of the same words in different parts: the place of what came with that of what went."""
    waiting: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for place in range(len(gone) - 1, -1, -1):
        waiting[gone[place].words].append(place)
    return {place: waiting[line.words].pop() for place, line in enumerate(come) if waiting.get(line.words)}


def _reworded(
    free: Sequence[int], gone: Sequence[_Said], come: Sequence[_Said], taken: Mapping[int, int]
) -> dict[int, int]:
    """Pair lines of one part that share most of their words, the most alike first."""
    fresh = [place for place in range(len(come)) if place not in taken]
    alike = sorted(
        (-ratio, place, other)
        for place in fresh[:_MOST_PAIRED]
        for other, ratio in _alike(come[place], free[:_MOST_PAIRED], gone)
    )
    pairs: dict[int, int] = {}
    used: set[int] = set()
    for _, place, other in alike:
        if place not in pairs and other not in used:
            pairs[place] = other
            used.add(other)
    return pairs


def _alike(line: _Said, places: Iterable[int], gone: Sequence[_Said]) -> Iterator[tuple[int, float]]:
    matcher: SequenceMatcher[str] = SequenceMatcher(None, "", line.words[:_MOST_WORDS], autojunk=False)
    for place in places:
        if gone[place].part == line.part:
            matcher.set_seq1(gone[place].words[:_MOST_WORDS])
            if matcher.real_quick_ratio() >= _ALIKE and (ratio := matcher.quick_ratio()) >= _ALIKE:
                yield place, ratio
