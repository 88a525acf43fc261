"""A curated definition over the draft of the registry's record, line by line, as the record stands today.

What a person wrote stands for its lines; the draft stands for those that nobody curated. When the record changes, lines
are found again by their words: a criterion whose line is no more as it was stays and is flagged, and a line that is new
comes in as a draft.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cds.core.criteria import Age, Criterion, Section, SexIs, leaves
from cds.trials.facilities import sites_of
from cds.trials.records import text_sha256
from cds.trials.text.outline import outline
from cds.trials.text.source import cleaned

if TYPE_CHECKING:
    from cds.core.trial import Trial
    from cds.trials.definition import Definition
    from cds.trials.study import Study

__all__ = ["Flag", "Layered", "layered", "lines_found_again"]


@dataclass(frozen=True, slots=True)
class Flag:
    """What a person should look at in a definition: which criterion (blank: none), and why."""

    criterion: str
    reason: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"criterion {self.criterion}: {self.reason}" if self.criterion else self.reason


@dataclass(frozen=True, slots=True)
class Layered:
    """A curated trial brought up to the record of today; ``headings`` are those of today's text."""

    trial: Trial
    flags: tuple[Flag, ...]
    headings: tuple[int, ...] = ()


def layered(definition: Definition, draft: Trial, study: Study, older: str | None) -> Layered:
    """Lay a definition over the draft of a record.

    ``older`` is the text that the definition was made of; nothing where that version is not known. The definition then
    stands alone, and is flagged unless it never had a text. What is flagged is not complete: nobody is a candidate on
    text that nobody has read.
    """
    known = _current(definition.trial, study)
    if older is None:
        if not definition.record.sha256:
            return Layered(known, (), definition.headings)
        return Layered(replace(known, complete=False), (Flag("", _NOT_THERE),), definition.headings)
    found = lines_found_again(older, study.text)
    moving = _Moving(older.split("\n"), study.text.split("\n"), found)
    trial = replace(
        known,
        criteria=tuple(map(moving.criterion, known.criteria)),
        cohorts=tuple(replace(each, criteria=tuple(map(moving.criterion, each.criteria))) for each in known.cohorts),
    )
    headings = tuple(sorted(found[each] for each in definition.headings if each in found))
    new = tuple(_uncurated(trial, headings, draft))
    flags = (*moving.flags(known), *(_came(each) for each in new if older != study.text and each.lines))
    brought = replace(
        trial,
        criteria=(*trial.criteria, *new),
        complete=trial.complete and not flags,
        text_sha256=text_sha256(study.text),
    )
    return Layered(brought, flags, headings)


_NOT_THERE = "the registry's text is not the one that it was made of, and that one is not in the store"


def _current(trial: Trial, study: Study) -> Trial:
    """Give a trial the status, the day and the places of the record."""
    day = dt.date.fromisoformat(study.updated) if study.updated else trial.record_date
    return replace(trial, status=study.status, record_date=day, facilities=sites_of(study))


def _came(criterion: Criterion) -> Flag:
    return Flag(criterion.id, f"line {criterion.lines[0]} of the registry's text is new: a draft")


# ------------------------------------------------------------------------------------------ lines, found by their words
def lines_found_again(older: str, newer: str) -> Mapping[int, int]:
    """Say where each line of an older text stands in a newer one, both counted from 1; a changed line is in neither.

    Words decide, not blanks, bullets or escapes, and the section: what includes is not what excludes. Lines that say
    the same are taken in their order.
    """
    places: defaultdict[_Key, deque[int]] = defaultdict(deque)
    for at, key in _keys(newer):
        places[key].append(at)
    return {at: places[key].popleft() for at, key in _keys(older) if places[key]}


_Key = tuple[Section | None, str]


def _keys(text: str) -> Iterator[tuple[int, _Key]]:
    sections = {at: line.section for line in outline(text) for at in range(line.number, line.last_number + 1)}
    for at, line in enumerate(text.split("\n"), start=1):
        words = _words(line)
        if words:
            yield at, (sections.get(at), words)


def _words(line: str) -> str:
    return " ".join(cleaned(line).text.casefold().split()).lstrip("*-•·.()0123456789 ").rstrip(" .;,:")


@dataclass(slots=True)
class _Moving:
    """The lines of two versions of a text, and where those of the first stand in the second."""

    older: Sequence[str]
    newer: Sequence[str]
    found: Mapping[int, int]

    def criterion(self, criterion: Criterion) -> Criterion:
        """Give a criterion the lines of today; say in its note which are no more as they were."""
        lines = tuple(self.found[each] for each in criterion.lines if each in self.found)
        lost = self._lost(criterion)
        if not lost:
            return replace(criterion, lines=lines)
        return replace(criterion, lines=lines, note=f"{criterion.note} To be reviewed: {'; '.join(lost)}.".strip())

    def flags(self, trial: Trial) -> Iterable[Flag]:
        """Give, of the trial as it was written, each criterion that has lost a line."""
        criteria = (*trial.criteria, *(each for cohort in trial.cohorts for each in cohort.criteria))
        told = ((each, self._lost(each)) for each in criteria)
        return tuple(Flag(each.id, "; ".join(lost)) for each, lost in told if lost)

    def _lost(self, criterion: Criterion) -> list[str]:
        return [
            f"line {each} of the registry's text {self._became(each)} since this was written"
            for each in criterion.lines
            if each not in self.found and each <= len(self.older) and _words(self.older[each - 1])
        ]

    def _became(self, line: int) -> str:
        """Say whether something else stands in the place of a line, or nothing."""
        before = next((self.found[each] for each in range(line - 1, 0, -1) if each in self.found), 0)
        after = next(
            (self.found[each] for each in range(line + 1, len(self.older) + 1) if each in self.found),
            len(self.newer) + 1,
        )
        kept = set(self.found.values())
        between = (each for each in range(before + 1, after) if each not in kept and _words(self.newer[each - 1]))
        return "was changed" if next(between, None) is not None else "was taken out"


# ------------------------------------------------------------------------------------------------- what nobody curated
def _uncurated(trial: Trial, headings: Sequence[int], draft: Trial) -> Iterable[Criterion]:
    """Give the draft criteria that have a line which no curated criterion stands for."""
    curated = (*trial.criteria, *(each for cohort in trial.cohorts for each in cohort.criteria))
    told = {*headings, *(line for each in curated for line in each.lines)}
    taken = {each.id for each in curated}
    for each in draft.criteria:
        wanted = not set(each.lines) <= told if each.lines else not trial.complete and _is_missing(each, curated)
        if wanted and not each.disease and each.id not in taken:
            yield each


def _is_missing(field: Criterion, curated: Iterable[Criterion]) -> bool:
    """Say whether a field of the record (age, sex) is asked by nothing that was curated."""
    kinds = tuple(type(leaf) for leaf in leaves(field.rule) if isinstance(leaf, Age | SexIs))
    return not any(isinstance(leaf, kinds) for each in curated for leaf in leaves(each.rule))
