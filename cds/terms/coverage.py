"""How much of what charts hold the tables know: counted by use and by code, with the codes that nobody looked at.

Pure counting. What is counted are entries as they stand in charts, whatever their status: a code that comes often is
worth a row, also where an entry was a mistake.
"""

from __future__ import annotations

import enum
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from cds.core.codes import ICD9CM, ICD10CM, NOT_SENT, Code, Coded
from cds.core.recognise import names_a_tumour
from cds.core.vocabulary import ConceptKind, Relation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from cds.core.vocabulary import Meaning, Vocabulary


class Sort(enum.Enum):
    """What is counted apart. Neoplasms are conditions too and are counted among both."""

    LABORATORY = "laboratory"
    VITAL_SIGNS = "vital signs"
    OTHER_RESULTS = "other results"
    MEDICATIONS = "medications"
    CONDITIONS = "conditions"
    NEOPLASMS = "neoplasms"


class Outcome(enum.Enum):
    """What the tables make of an entry, from the best to the worst.

    ``REACHED``: a verified row that counts. ``OPEN``: only rows that are too general or not verified, which leave a
    finding unknown. ``SET_ASIDE``: looked at and not needed, either a look-alike of a concept or out of scope.
    """

    REACHED = "reached"
    OPEN = "open"
    SET_ASIDE = "set aside"
    UNMAPPED = "unmapped"


_WORST_LAST = tuple(Outcome)


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry of a chart: what sort it is, what it says it is and, of a diagnosis, the histology attached to it."""

    sort: Sort
    code: Coded
    histology: tuple[Coded, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """How many entries of one sort (``uses``) and how many different codes came to which outcome."""

    sort: Sort
    uses: Mapping[Outcome, int] = field(default_factory=dict)
    codes: Mapping[Outcome, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A code that no table speaks of, with the words it came with and how often it came."""

    sort: Sort
    code: str
    display: str
    uses: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """The tallies, those sorts left out of which nothing was seen, and the unmapped codes, the commonest first."""

    tallies: tuple[Tally, ...]
    unmapped: tuple[Unmapped, ...]


def share(counts: Mapping[Outcome, int]) -> Fraction:
    """Give the share that is known: reached, left open or set aside. All of nothing is known."""
    total = sum(counts.values())
    return Fraction(total - counts.get(Outcome.UNMAPPED, 0), total) if total else Fraction(1)


def coverage_of(entries: Iterable[Seen], vocabulary: Vocabulary, out_of_scope: Collection[Code]) -> Coverage:
    """Count entries by what the tables make of them."""
    counting = _Counting(vocabulary, out_of_scope)
    for entry in entries:
        counting.add(entry)
    tallies = tuple(counting.tally(sort) for sort in Sort if counting.uses[sort])
    return Coverage(tallies, tuple(each for tally in tallies for each in counting.unmapped(tally.sort)))


_Key: TypeAlias = str


@dataclass(slots=True)
class _Counting:
    """The counts so far, by sort."""

    vocabulary: Vocabulary
    out_of_scope: Collection[Code]
    uses: dict[Sort, Counter[tuple[_Key, Outcome]]] = field(default_factory=lambda: defaultdict(Counter))
    words: dict[_Key, str] = field(default_factory=dict)

    def add(self, entry: Seen) -> None:
        """Count one entry; a diagnosis that is a neoplasm, or may be one, twice."""
        key, outcome = self._key(entry.code), self._outcome(entry.code)
        self.words.setdefault(key, entry.code.text)
        self.uses[entry.sort][key, outcome] += 1
        if entry.sort is Sort.CONDITIONS and (read := self._as_neoplasm(entry, outcome)) is not None:
            self.uses[Sort.NEOPLASMS][key, read] += 1

    def tally(self, sort: Sort) -> Tally:
        """Give the counts of one sort; a code that came to several outcomes (by its words) counts as the worst."""
        uses: Counter[Outcome] = Counter()
        worst: dict[_Key, Outcome] = {}
        for (key, outcome), count in self.uses[sort].items():
            uses[outcome] += count
            worst[key] = max(outcome, worst.get(key, outcome), key=_WORST_LAST.index)
        return Tally(sort, dict(uses), dict(Counter(worst.values())))

    def unmapped(self, sort: Sort) -> list[Unmapped]:
        """Give the unmapped codes of one sort, the commonest first."""
        found = [
            Unmapped(sort, key, self.words[key], count)
            for (key, outcome), count in self.uses[sort].items()
            if outcome is Outcome.UNMAPPED
        ]
        return sorted(found, key=lambda each: (-each.uses, each.code))

    def _key(self, coded: Coded) -> _Key:
        """Give what entries of the same code share: their codes in the tables' form, or the words where none came."""
        codes = [str(self.vocabulary.canonical(code)) for code in coded.codes if code.system not in NOT_SENT]
        return ", ".join(codes) or coded.text

    def _outcome(self, coded: Coded) -> Outcome:
        meanings = self.vocabulary.meanings(coded)
        if any(meaning.counts for meaning in meanings):
            return Outcome.REACHED
        if any(meaning.relation is not Relation.RELATED for meaning in meanings):
            return Outcome.OPEN
        return Outcome.SET_ASIDE if meanings or self._looked_at(coded) else Outcome.UNMAPPED

    def _looked_at(self, coded: Coded) -> bool:
        listed = any(self.vocabulary.canonical(code) in self.out_of_scope for code in coded.codes)
        return listed or self.vocabulary.recognises(coded)

    def _as_neoplasm(self, entry: Seen, outcome: Outcome) -> Outcome | None:
        """Say what a diagnosis comes to as a neoplasm; nothing where it is none.

        One of the chapters of ICD has to be read as a tumour, by a histology or a behaviour: only where, or some other
        condition, is not enough. Of other codes the words can but suggest a tumour; if the tables know the code, what
        they say of it goes ("suspected cancer" is a condition of its own).
        """
        parts = [entry.code, *entry.histology]
        told = [
            meaning for each in parts for meaning in self.vocabulary.meanings(each) if self._tells_a_tumour(meaning)
        ]
        if told:
            return Outcome.REACHED if any(meaning.counts for meaning in told) else Outcome.OPEN
        in_chapter = _in_a_neoplasm_chapter(entry.code, self.vocabulary)
        if in_chapter is None:
            return outcome if names_a_tumour(entry.code.text) else None
        return Outcome.UNMAPPED if in_chapter else None

    def _tells_a_tumour(self, meaning: Meaning) -> bool:
        tumour = self.vocabulary.concepts[meaning.concept].kind in _TUMOUR_KINDS
        return tumour and meaning.relation is not Relation.RELATED


_TUMOUR_KINDS = frozenset({ConceptKind.HISTOLOGY, ConceptKind.BEHAVIOUR})
_NEOPLASM_CHAPTERS = {ICD10CM: ("C00", "D49"), ICD9CM: ("140", "239")}


def _in_a_neoplasm_chapter(coded: Coded, vocabulary: Vocabulary) -> bool | None:
    """Say whether an ICD code of an entry stands in the chapter of neoplasms; nothing where it has no ICD code."""
    codes = [vocabulary.canonical(code) for code in coded.codes]
    chapters = [
        (code.value[:3], _NEOPLASM_CHAPTERS[code.system]) for code in codes if code.system in _NEOPLASM_CHAPTERS
    ]
    return any(first <= category <= last for category, (first, last) in chapters) if chapters else None
