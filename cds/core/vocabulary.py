"""What codes mean: concepts, the codes that reach them, drug classes, units and the policy of each concept.

These are the types of the tables in ``mappings/``; the room ``cds.terms`` fills them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cds.core.codes import Code, Coded, fault_of, normalised_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from fractions import Fraction

    from cds.core.chart import Sex


class ConceptKind(enum.Enum):
    """What sort of thing a concept is."""

    MEASUREMENT = "measurement"
    CONDITION = "condition"
    SITE = "site"
    HISTOLOGY = "histology"
    BEHAVIOUR = "behaviour"
    INGREDIENT = "ingredient"
    DRUG_CLASS = "drug-class"
    PROCEDURE = "procedure"
    VACCINE = "vaccine"
    SUBSTANCE = "substance"
    ROUTE = "route"
    INTENT = "intent"


class Absence(enum.Enum):
    """What it means that a chart which was read holds no record of a concept.

    ``CLOSED``: it is taken not to be there (chronic diagnoses, drugs, transplants). ``OPEN``: nothing follows
    (pregnancy, metastases, infections that a test defines). DESIGN §3.3.
    """

    OPEN = "open"
    CLOSED = "closed"


class Relation(enum.Enum):
    """How a code stands to its concept (the words are SKOS's).

    ``EXACT`` and ``NARROW`` (the code says something narrower) count; ``BROAD`` (the code says something more general)
    can only make a finding unknown; ``RELATED`` never counts and is shown as a near miss.
    """

    EXACT = "exact"
    NARROW = "narrow"
    BROAD = "broad"
    RELATED = "related"


@dataclass(frozen=True, slots=True)
class Meaning:
    """One claim of the tables: this code stands so to this concept. Unverified claims can only yield unknown."""

    concept: str
    relation: Relation = Relation.EXACT
    verified: bool = True

    @property
    def counts(self) -> bool:
        """Whether it may settle a finding."""
        return self.verified and (self.relation is Relation.EXACT or self.relation is Relation.NARROW)


@dataclass(frozen=True, slots=True)
class Shifted:
    """A unit whose nought is not that of the canonical one: degrees Fahrenheit count five ninths each, above 32."""

    factor: Fraction
    above: Fraction


@dataclass(frozen=True, slots=True)
class Scale:
    """How results of a measured concept are read: units, answers, how long they count and what cannot be true.

    ``factors`` turns each spelling of a unit into the canonical ``unit``; a spelling that is not there cannot be
    compared. ``shifted`` holds the few units that are counted from another nought first: results are read in them,
    limits and ranges of normal are not. ``answers`` gives the score of a coded answer. ``plausible`` is in the
    canonical unit, both ends included. ``quantifiable_from`` is, of a viral load, the number from which on every assay
    in use can measure it.
    """

    unit: str
    unit_display: str = ""
    factors: Mapping[str, Fraction] = field(default_factory=dict)
    freshness_days: int | None = None
    plausible: tuple[Fraction, Fraction] | None = None
    category: str | None = None
    answers: Mapping[Code, Fraction] = field(default_factory=dict)
    quantifiable_from: Fraction | None = None
    shifted: Mapping[str, Shifted] = field(default_factory=dict)


SYSTEMIC_ROUTE, LOCAL_ROUTE = "systemic-route", "local-route"
"""The two concepts of kind ``route``: into the whole body, or onto or into one place of it."""


class Reaches(enum.Enum):
    """Where a drug acts whose entry names no route: in the whole body, or that cannot be told (creams exist)."""

    SYSTEMIC = "systemic"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class HalfLife:
    """The terminal half-life of a drug in days, as its source gives it: from the shortest to the longest."""

    low_d: Fraction
    high_d: Fraction
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Equivalent:
    """How many milligrams of a scale's drug one milligram of a drug stands for; published sets differ: low to high."""

    low: Fraction
    high: Fraction
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Normal:
    """A site's own range of normal for a concept, in its canonical unit, and for whom: always *assumed*.

    Ages in years, from the first up to but not including the second; ``None`` is open.
    """

    low: Fraction | None = None
    high: Fraction | None = None
    sex: Sex | None = None
    from_years: int | None = None
    to_years: int | None = None


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing a criterion can speak of, with the policy that goes with it.

    ``reaches`` says of an ingredient what an entry without a route means; ``undated`` of a condition that its codes say
    that something was, not when ("history of", "status post").
    """

    id: str
    kind: ConceptKind
    display: str
    broader: tuple[str, ...] = ()
    absence: Absence = Absence.OPEN
    remediable: bool = False
    scale: Scale | None = None
    reaches: Reaches = Reaches.EITHER
    undated: bool = False


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """One step of a convention from one score to another: Karnofsky 70 stands for ECOG 1 or 2. Always *assumed*."""

    source: str
    source_low: Fraction
    source_high: Fraction
    target: str
    target_low: Fraction
    target_high: Fraction


@dataclass(frozen=True, slots=True)
class Reach:
    """What some concepts reach together: everything narrower, everything broader, and the ingredients behind them."""

    narrower: frozenset[str]
    above: frozenset[str]
    ingredients: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All tables together, ready to be asked.

    ``exact`` holds codes in their normalised form; ``prefixes`` holds, per system, the beginnings that stand for all
    longer codes; ``denied`` holds what a code is stated *not* to mean; ``members`` holds each drug class with its
    ingredients, and whether that membership is verified. ``half_lives`` is by ingredient, ``equivalents`` by scale and
    ingredient (``prednisone`` → ``dexamethasone`` → 6.25), ``normals`` by measured concept: a site's own ranges.
    """

    concepts: Mapping[str, Concept]
    exact: Mapping[Code, tuple[Meaning, ...]] = field(default_factory=dict)
    prefixes: Mapping[str, Mapping[str, tuple[Meaning, ...]]] = field(default_factory=dict)
    denied: Mapping[Code, frozenset[str]] = field(default_factory=dict)
    members: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    crosswalks: tuple[Crosswalk, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    half_lives: Mapping[str, HalfLife] = field(default_factory=dict)
    equivalents: Mapping[str, Mapping[str, Equivalent]] = field(default_factory=dict)
    normals: Mapping[str, tuple[Normal, ...]] = field(default_factory=dict)
    _narrower: dict[str, frozenset[str]] = field(default_factory=dict, repr=False, compare=False)
    _broader: dict[str, frozenset[str]] = field(default_factory=dict, repr=False, compare=False)
    _asked: dict[tuple[str, ...], Reach] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Close the trees once, so that asking is a look-up."""
        for concept in self.concepts.values():
            self._broader[concept.id] = frozenset(self._climb(concept.id))
        below: dict[str, set[str]] = {name: {name} for name in self.concepts}
        for name, above in self._broader.items():
            for other in above:
                below.setdefault(other, set()).add(name)
        self._narrower.update({name: frozenset(names) for name, names in below.items()})

    def _climb(self, name: str) -> set[str]:
        seen: set[str] = set()
        waiting = list(self.concepts[name].broader)
        while waiting:
            parent = waiting.pop()
            if parent not in seen:
                seen.add(parent)
                concept = self.concepts.get(parent)
                waiting.extend(concept.broader if concept else ())
        return seen

    def broader(self, concept: str) -> frozenset[str]:
        """Give everything more general than a concept, itself left out."""
        return self._broader.get(concept, frozenset())

    def narrower(self, concepts: Iterable[str]) -> frozenset[str]:
        """Give the concepts together with everything more specific."""
        return self._reach(concepts).narrower

    def above(self, concepts: Iterable[str]) -> frozenset[str]:
        """Give everything more general than any of the concepts."""
        return self._reach(concepts).above

    def _reach(self, concepts: Iterable[str]) -> Reach:
        """Look up what some concepts reach, worked out once for each combination that rules ask for."""
        names = tuple(concepts)
        if names not in self._asked:
            self._asked[names] = Reach(
                frozenset[str]().union(*(self._narrower.get(name, frozenset({name})) for name in names)),
                frozenset[str]().union(*(self.broader(name) for name in names)),
                self._ingredients(names),
            )
        return self._asked[names]

    def display(self, concept: str) -> str:
        """Give the words for a concept; its id where it has none."""
        known = self.concepts.get(concept)
        return known.display if known else concept

    def canonical(self, code: Code) -> Code:
        """Give a code as the tables hold it: its system by its usual name, its value in its usual form."""
        system = self.aliases.get(code.system)
        return normalised_code(code if system is None else Code(system, code.value))

    def meanings(self, coded: Coded) -> tuple[Meaning, ...]:
        """Give what an entry's codings mean, each concept once, the claim that counts first.

        A code's own row wins over a prefix row of the same kind, and a longer prefix over a shorter one.
        """
        found: dict[str, Meaning] = {}
        for code in coded.codes:
            for meaning in self._of_code(self.canonical(code)):
                earlier = found.get(meaning.concept)
                if earlier is None or (meaning.counts and not earlier.counts):
                    found[meaning.concept] = meaning
        return tuple(found.values())

    def recognises(self, coded: Coded) -> bool:
        """Say whether the tables speak of any of an entry's codes, if only to say what it is not."""
        canonical = [self.canonical(code) for code in coded.codes]
        return any(code in self.denied or self._of_code(code) for code in canonical)

    def _of_code(self, code: Code) -> tuple[Meaning, ...]:
        own = self.exact.get(code, ())
        beginnings = self.prefixes.get(code.system)
        if not beginnings or fault_of(code):  # "C15-C26" is no longer code of C15: a range of blocks, or a slip
            return own
        denied = self.denied.get(code, frozenset())
        kinds = {self.concepts[meaning.concept].kind for meaning in own}
        found = list(own)
        for length in range(len(code.value), 0, -1):
            rows = beginnings.get(code.value[:length], ())
            fresh = [row for row in rows if self.concepts[row.concept].kind not in kinds]
            found.extend(row for row in fresh if row.concept not in denied)
            kinds |= {self.concepts[row.concept].kind for row in fresh}
        return tuple(found)

    def with_meanings(self, extra: Mapping[Code, tuple[Meaning, ...]]) -> Vocabulary:
        """Give the vocabulary with further codes, for one call: what the tables themselves say of a code stands."""
        held = {code: found for code, found in extra.items() if not self.recognises(Coded((code,)))}
        return replace(self, exact={**self.exact, **held}) if held else self

    def codes_of(self, concepts: Iterable[str]) -> tuple[Code, ...]:
        """Give every code that counts for the concepts or anything narrower, sorted: what a search by code asks."""
        wanted = self.narrower(concepts)
        return tuple(
            sorted(
                code
                for code, meanings in self.exact.items()
                if any(meaning.counts and meaning.concept in wanted for meaning in meanings)
            )
        )

    def ingredients_of(self, concepts: Iterable[str]) -> Mapping[str, bool]:
        """Give the ingredients that drugs and drug classes stand for, each with whether that is verified."""
        return self._reach(concepts).ingredients

    def _ingredients(self, concepts: tuple[str, ...]) -> Mapping[str, bool]:
        found: dict[str, bool] = {}
        for name in concepts:
            for ingredient, verified in self.members.get(name, {name: True}).items():
                found[ingredient] = found.get(ingredient, False) or verified
        return found
