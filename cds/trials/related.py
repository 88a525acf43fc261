"""Trials that are like one trial: in what they are about, in what the drugs act on, and in the line of treatment.

What two trials share is told in words, as no number convinces anyone; the number only orders. What few trials share
counts for more than what many do (the inverse of how many share it, in logarithms: Spärck Jones 1972, *A statistical
interpretation of term specificity*). The line is read from titles and keywords alone, never from eligibility text.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cds.core.vocabulary import ConceptKind
from cds.trials.filters import rank_of
from cds.trials.landscape import DRUGS
from cds.trials.text.tokens import compared, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cds.core.vocabulary import Vocabulary
    from cds.trials.study import Study
    from cds.trials.text.lexicon import Lexicon

__all__ = ["Kinship", "Reason", "Related"]

_WEIGHTS: Final = {"condition": 0.5, "intervention": 0.35, "line": 0.15}
_MOST_NAMED = 3
_MOST_MEMBERS = 50
"""A class with more drugs than that (targeted therapy, cytotoxic chemotherapy) is no target."""
_LEAST = 0.05
_AS_WRITTEN: Final = "="
"""Begins what stands for a name that the tables do not know, as it is written."""

_NO_TARGET: Final = re.compile(r"(?:cyp\d|p-gp|bcrp|ugt\d|qt-)")
"""Begins classes that say what a drug does to other drugs or to the heart, not what it is given for."""

_KINDS_OF_DISEASE: Final = frozenset({ConceptKind.HISTOLOGY, ConceptKind.SITE, ConceptKind.CONDITION})
_KINDS_OF_DRUG: Final = frozenset({ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS})
_ASIDE: Final = frozenset({_AS_WRITTEN, f"{_AS_WRITTEN}placebo"})
"""What says nothing of a trial."""

_FIRST: Final = "first-line treatment"
_LATER: Final = "treatment after the first line"
_SAID: Final = (
    (_FIRST, "first line; 1 st line; frontline; front line; treatment naive; treatment naïve"),
    (_FIRST, "previously untreated; newly diagnosed"),
    (_LATER, "second line; 2 nd line; third line; 3 rd line; previously treated"),
    ("relapsed or refractory disease", "relapsed; refractory; recurrent"),
    ("maintenance treatment", "maintenance"),
    ("treatment before surgery", "neoadjuvant; neo adjuvant; preoperative; perioperative"),
    ("treatment after surgery", "adjuvant; postoperative; perioperative"),
)
_PHRASES: Final = {
    first: tuple((line, words) for line, said in _SAID for words in map(compared, said.split(";")) if words[0] == first)
    for first in {compared(each)[0] for _, said in _SAID for each in said.split(";")}
}
"""The ways in which each line is said, by their first word."""
_BEHIND: Final = frozenset({"after", "following", "failed", "failure", "failing", "progressed", "progression", "post"})
_WITHIN_WORDS = 4


@dataclass(frozen=True, slots=True)
class Reason:
    """What two trials share: in ``condition``, ``intervention`` or ``line``, said in words."""

    kind: str
    says: str


@dataclass(frozen=True, slots=True)
class Related:
    """A trial that is like another: from 0 (hardly) to 1 (in all that is compared), and why."""

    study: Study
    similarity: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Traits:
    """What is compared of a study: of each kind, what it names and all that is more general."""

    study: Study
    of: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Ladder:
    """What is more general than what: for a concept what is broader, for a drug or class the classes it belongs to."""

    vocabulary: Vocabulary
    classes: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> _Ladder:
        """Find the classes of every drug, and of every class those that hold all of its drugs and more."""
        telling = {
            name: members.keys()
            for name, members in vocabulary.members.items()
            if len(members) <= _MOST_MEMBERS and not _NO_TARGET.match(name)
        }
        found: defaultdict[str, set[str]] = defaultdict(set)
        for name, members in telling.items():
            for drug in members:
                found[drug].add(name)
            found[name] |= {other for other, theirs in telling.items() if members < theirs}
        return cls(vocabulary, {name: frozenset(classes) for name, classes in found.items()})

    def above(self, trait: str) -> frozenset[str]:
        """Give all that is more general than a trait, itself left out."""
        return self.vocabulary.broader(trait) | self.classes.get(trait, frozenset())

    def counts(self, trait: str) -> bool:
        """Say whether sharing a trait says anything: a class of half of all drugs does not."""
        return trait not in self.vocabulary.members or trait in self.classes


@dataclass(frozen=True, slots=True)
class Kinship:
    """Studies ready to be compared, and how much what they may share counts."""

    _ladder: _Ladder = field(repr=False)
    _traits: Mapping[str, _Traits] = field(repr=False)
    _counts: Mapping[str, float] = field(repr=False)
    _written: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, studies: Iterable[Study], lexicon: Lexicon) -> Kinship:
        """Look through studies once."""
        ladder = _Ladder.of(lexicon.vocabulary)
        every = tuple(studies)
        traits = {each.nct_id: _traits_of(each, lexicon, ladder) for each in every}
        shared = Counter(trait for each in traits.values() for kind in each.of.values() for trait in kind)
        counts = {trait: math.log((len(traits) + 1) / count) for trait, count in shared.items()}
        own = (name for each in every for name in (*each.conditions, *_drugs(each)))
        return cls(ladder, traits, counts, {_as_written(name): " ".join(name.split()) for name in own})

    def related(self, nct_id: str, most: int = 10) -> tuple[Related, ...]:
        """Give the studies that share a condition or an intervention with one, the most alike first.

        A study that is not among them is like none.
        """
        ours = self._traits.get(nct_id)
        if ours is None:
            return ()
        held = (self._held(ours, each) for each in self._traits.values() if each.study.nct_id != nct_id)
        best = sorted((each for each in held if each[0] >= _LEAST), key=_order)[:most]
        return tuple(
            Related(each.study, round(similarity, 3), tuple(self._reasons(ours, each))) for similarity, each in best
        )

    def _held(self, ours: _Traits, theirs: _Traits) -> tuple[float, _Traits]:
        shares = {kind: self._share(ours.of[kind], theirs.of[kind]) for kind in _WEIGHTS}
        if not shares["condition"] and not shares["intervention"]:
            return 0.0, theirs
        return sum(_WEIGHTS[kind] * share for kind, share in shares.items()), theirs

    def _share(self, ours: frozenset[str], theirs: frozenset[str]) -> float:
        """Say how much of what either has both have."""
        both = ours & theirs
        return self._weight(both) / self._weight(ours | theirs) if both else 0.0

    def _weight(self, traits: Iterable[str]) -> float:
        return math.fsum(self._counts[each] for each in traits)

    def _reasons(self, ours: _Traits, theirs: _Traits) -> Iterator[Reason]:
        shared = {kind: self._telling(ours.of[kind] & theirs.of[kind]) for kind in _WEIGHTS}
        classes = [each for each in shared["intervention"] if each in self._ladder.vocabulary.members]
        given = [each for each in shared["intervention"] if each not in classes]
        for kind, lead, traits in (
            ("condition", "Same disease", shared["condition"]),
            ("intervention", "Same drug", given),
            ("intervention", "Drugs of the same class", classes),
            ("line", "Same line", shared["line"]),
        ):
            if traits:
                yield Reason(kind, f"{lead}: {self._listed(traits)}.")

    def _telling(self, shared: frozenset[str]) -> list[str]:
        """Give the most particular of what is shared, what few trials share first."""
        general = {above for each in shared for above in self._ladder.above(each)}
        return sorted(shared - general, key=lambda each: (-self._counts[each], each))

    def _listed(self, traits: list[str]) -> str:
        names = (self._written.get(each) or self._ladder.vocabulary.display(each) for each in traits)
        distinct = list({name.casefold(): name for name in names}.values())
        more = len(distinct) - _MOST_NAMED
        return ", ".join(distinct[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _order(held: tuple[float, _Traits]) -> tuple[float, int, str]:
    similarity, traits = held
    return -similarity, rank_of(traits.study.status), traits.study.nct_id


def _traits_of(study: Study, lexicon: Lexicon, ladder: _Ladder) -> _Traits:
    titles = (study.title, study.official_title)
    about = (*study.conditions, *study.keywords, *titles)
    given = (name for each in study.interventions for name in (each.name, *each.other_names))
    traits = {
        "condition": _meant(about, study.conditions, _KINDS_OF_DISEASE, lexicon),
        "intervention": _meant(given, _drugs(study), _KINDS_OF_DRUG, lexicon),
    }
    raised = {
        kind: frozenset(filter(ladder.counts, found.union(*map(ladder.above, found)))) for kind, found in traits.items()
    }
    return _Traits(study, {**raised, "line": frozenset(_lines_in(about))})


def _meant(names: Iterable[str], own: Sequence[str], kinds: frozenset[ConceptKind], lexicon: Lexicon) -> frozenset[str]:
    """Give what names mean; an own name in which nothing is known stands for itself."""
    found: set[str] = set()
    for name in dict.fromkeys(names):
        named = lexicon.find(tokens_of(name))
        known = {each for one in named for each in one.concepts if lexicon.vocabulary.concepts[each].kind in kinds}
        if not known and name in own:
            known = {_as_written(name)} - _ASIDE
        found |= known
    return frozenset(found)


def _drugs(study: Study) -> tuple[str, ...]:
    """Give what the registry calls a drug, so that a new one that no table knows is still the same in two trials."""
    return tuple(each.name for each in study.interventions if each.kind in DRUGS)


def _as_written(name: str) -> str:
    return f"{_AS_WRITTEN}{' '.join(compared(name))}"


def _lines_in(names: Iterable[str]) -> Iterator[str]:
    """Give the lines of treatment that names speak of; what comes after the first line is not of the first."""
    for name in dict.fromkeys(names):
        words = compared(name)
        for place, word in enumerate(words):
            for line, phrase in _PHRASES.get(word, ()):
                if words[place : place + len(phrase)] == phrase and not _is_before_surgery(phrase, words, place):
                    before = words[max(0, place - _WITHIN_WORDS) : place]
                    yield _LATER if line == _FIRST and not _BEHIND.isdisjoint(before) else line


def _is_before_surgery(phrase: tuple[str, ...], words: tuple[str, ...], place: int) -> bool:
    """Say whether "adjuvant" is the end of "neo-adjuvant"."""
    return phrase == ("adjuvant",) and words[place - 1 : place] == ("neo",)
