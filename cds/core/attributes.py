"""Which data about a person a trial's criteria use: sex, age, race, health status … and through what.

Rules on decision support ask for it by name (45 CFR 170.315(b)(11)(iv)(A)(5) to (13), in the order of
:class:`Attribute`). It is worked out of the criteria themselves: of the kind of node, of what equations and ranges of
normal take, and of the codes by which the tables reach a concept. Nobody writes it down, so that it is never
forgotten.

What the words cover is that of USCDI version 3, to which the rule points (45 CFR 170.213).
"""

from __future__ import annotations

import enum
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final, assert_never

from cds.core.codes import ICD10CM, LOINC, SNOMED, Code
from cds.core.criteria import (
    PERFORMANCE_SCORES,
    Age,
    AllergicTo,
    AllOf,
    AnyOf,
    Asked,
    Cycles,
    Diagnosis,
    Exposed,
    HasCondition,
    IfThen,
    Lines,
    Measured,
    Not,
    OtherMalignancy,
    PerformanceStatus,
    Progressed,
    Readings,
    Received,
    SexIs,
    Underwent,
    Undetectable,
    Vaccinated,
    leaves,
)
from cds.core.derive import recipe
from cds.core.limits import Against
from cds.core.needs import needs_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cds.core.criteria import Rule
    from cds.core.trial import Trial
    from cds.core.vocabulary import Meaning, Vocabulary

__all__ = ["Attribute", "Attributes", "Use", "Way"]


class Attribute(enum.Enum):
    """One sort of data about a person, in the order in which the rule lists them."""

    RACE = "race"
    ETHNICITY = "ethnicity"
    LANGUAGE = "language"
    SEXUAL_ORIENTATION = "sexual-orientation"
    GENDER_IDENTITY = "gender-identity"
    SEX = "sex"
    DATE_OF_BIRTH = "date-of-birth"
    SOCIAL_DETERMINANTS = "social-determinants-of-health"
    HEALTH_STATUS = "health-status-assessments"


class Way(enum.Enum):
    """Through what an attribute comes into an answer.

    ``ASKED``: the criterion is about it. ``COMPUTED``: an equation takes it (kidney function takes age and sex).
    ``RANGE``: it chooses among the ranges of normal that came with a result, where they differ by sex or age.
    """

    ASKED = "asked"
    COMPUTED = "computed"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class Use:
    """That criteria (their ids, in the order of the definition) use an attribute in one way."""

    attribute: Attribute
    way: Way
    criteria: tuple[str, ...]


_Pair = tuple[Attribute, Way]

_BY_CODE: Final[Mapping[Code, Attribute]] = {
    Code(LOINC, "32624-9"): Attribute.RACE,
    Code(LOINC, "72826-1"): Attribute.RACE,
    Code(LOINC, "69490-1"): Attribute.ETHNICITY,
    Code(LOINC, "69854-8"): Attribute.ETHNICITY,
    Code(LOINC, "54899-0"): Attribute.LANGUAGE,
    Code(LOINC, "76690-7"): Attribute.SEXUAL_ORIENTATION,
    Code(LOINC, "76691-5"): Attribute.GENDER_IDENTITY,
    Code(LOINC, "71802-3"): Attribute.SOCIAL_DETERMINANTS,
    Code(LOINC, "93025-5"): Attribute.SOCIAL_DETERMINANTS,
    Code(LOINC, "72166-2"): Attribute.HEALTH_STATUS,
    Code(LOINC, "82810-3"): Attribute.HEALTH_STATUS,
    Code(LOINC, "86645-9"): Attribute.HEALTH_STATUS,
    Code(LOINC, "89247-1"): Attribute.HEALTH_STATUS,
    Code(SNOMED, "77386006"): Attribute.HEALTH_STATUS,
}
"""Codes that tell an attribute, as US Core has them: race, ethnicity, language, orientation, identity, housing, the
PRAPARE screening, smoking, pregnancy and the intention of it, performance status; and the finding *pregnant*."""
_SOCIAL: Final = tuple(f"Z{number}" for number in range(55, 66))
"""The chapters of ICD-10-CM on hazards by socioeconomic and psychosocial circumstances."""
_BY_CATEGORY: Final[Mapping[str, Attribute]] = {
    "sdoh": Attribute.SOCIAL_DETERMINANTS,
    "survey": Attribute.HEALTH_STATUS,
    "social-history": Attribute.HEALTH_STATUS,
    "functional-status": Attribute.HEALTH_STATUS,
    "disability-status": Attribute.HEALTH_STATUS,
    "cognitive-status": Attribute.HEALTH_STATUS,
}
"""Categories under which servers file observations of an attribute (FHIR's own, and those of US Core)."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """Says of trials which attributes they use, by the tables of one vocabulary."""

    vocabulary: Vocabulary
    _marked: dict[str, set[Attribute]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find the concepts that tell an attribute, once."""
        marked: dict[str, set[Attribute]] = defaultdict(set)
        for concept, attribute in _marks(self.vocabulary):
            marked[concept].add(attribute)
        object.__setattr__(self, "_marked", dict(marked))

    def uses(self, trial: Trial) -> tuple[Use, ...]:
        """Give what a trial's criteria use, those of its cohorts included: by attribute, then by way."""
        found: dict[_Pair, dict[str, None]] = defaultdict(dict)
        for criterion in chain(trial.criteria, *(cohort.criteria for cohort in trial.cohorts)):
            for leaf in leaves(criterion.rule):
                for pair in (*_by_node(leaf), *self._by_concept(leaf)):
                    found[pair][criterion.id] = None
        return tuple(
            Use(attribute, way, tuple(found[attribute, way]))
            for attribute in Attribute
            for way in Way
            if (attribute, way) in found
        )

    def _by_concept(self, leaf: Rule) -> Iterator[_Pair]:
        """Give what a rule uses by the concepts that it names, and all that is narrower."""
        for names in needs_of(leaf).values():
            for concept in self.vocabulary.narrower(sorted(names)):
                for attribute in self._marked.get(concept, ()):
                    yield attribute, Way.ASKED


def _marks(vocabulary: Vocabulary) -> Iterator[tuple[str, Attribute]]:
    """Give each concept that tells an attribute: by its name, a code that reaches it, or where it is filed."""
    yield from ((name, Attribute.HEALTH_STATUS) for name in PERFORMANCE_SCORES)
    for code, attribute in _BY_CODE.items():
        yield from ((each.concept, attribute) for each in vocabulary.exact.get(vocabulary.canonical(code), ()))
    yield from ((each.concept, Attribute.SOCIAL_DETERMINANTS) for each in _socially(vocabulary))
    for concept in vocabulary.concepts.values():
        filed = _BY_CATEGORY.get(concept.scale.category or "") if concept.scale else None
        if filed is not None:
            yield concept.id, filed


def _socially(vocabulary: Vocabulary) -> Iterator[Meaning]:
    """Give what the codes of social circumstances mean, and beginnings of codes that reach into them."""
    for code, meanings in vocabulary.exact.items():
        if code.system == ICD10CM and code.value.startswith(_SOCIAL):
            yield from meanings
    for start, meanings in vocabulary.prefixes.get(ICD10CM, {}).items():
        if start.startswith(_SOCIAL) or any(each.startswith(start) for each in _SOCIAL):
            yield from meanings


def _by_node(leaf: Rule) -> tuple[_Pair, ...]:
    """Give what a rule uses of the person by the kind of node that it is."""
    match leaf:
        case Age():
            return ((Attribute.DATE_OF_BIRTH, Way.ASKED),)
        case SexIs():
            return ((Attribute.SEX, Way.ASKED),)
        case PerformanceStatus():
            return ((Attribute.HEALTH_STATUS, Way.ASKED),)
        case Measured():
            return tuple(_of_results(leaf))
        case Diagnosis() | HasCondition() | OtherMalignancy() | Progressed() | Lines() | Undetectable():
            return ()
        case Exposed() | Received() | Cycles() | Underwent() | Vaccinated() | AllergicTo() | Asked():
            return ()
        case AllOf() | AnyOf() | Readings() | Not() | IfThen():
            raise AssertionError("a composite rule is no leaf")
    assert_never(leaf)


def _of_results(leaf: Measured) -> Iterator[_Pair]:
    """Give what limits take of the person: equations for adults age and sex, ranges of normal whom they are for."""
    ways = [Way.COMPUTED] if any(recipe(each).adult for each in leaf.computed) else []
    limits = [limit for limit in (leaf.low, leaf.high) if limit is not None]
    if any(limit.against is not Against.UNIT for limit in limits):
        ways.append(Way.RANGE)
    for way in ways:
        yield Attribute.SEX, way
        yield Attribute.DATE_OF_BIRTH, way
