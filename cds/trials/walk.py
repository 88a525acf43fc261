"""Rules looked through for the linter: which concepts they name in which place, and limits that exclude each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from cds.core.criteria import (
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
from cds.core.vocabulary import ConceptKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from cds.core.criteria import Rule
    from cds.core.limits import Limit
    from cds.core.vocabulary import Vocabulary

_DRUGS = (ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS)
ECOG_WORST = 5


def misfits(rule: Rule, vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    """Give each concept that is of another kind than its place in a rule asks for, with the kind asked for."""
    for leaf in leaves(rule):
        for names, kinds in named(leaf):
            for name in names:
                concept = vocabulary.concepts.get(name)
                if concept is None or concept.kind not in kinds:
                    yield name, " or ".join(kind.value for kind in kinds)


def named(  # noqa: C901, PLR0911, PLR0912 - one line a node
    rule: Rule,
) -> tuple[tuple[tuple[str, ...], tuple[ConceptKind, ...]], ...]:
    """Give the concepts that one rule names, place by place, with the kinds that each place asks for."""
    match rule:
        case Diagnosis():
            site = (ConceptKind.SITE,)
            return (rule.histologies, (ConceptKind.HISTOLOGY,)), (rule.sites, site), (rule.except_sites, site)
        case HasCondition():
            return (rule.concepts, (ConceptKind.CONDITION,)), (rule.but_not, (ConceptKind.CONDITION,))
        case Measured():
            clear = rule.clear_of.drugs if rule.clear_of is not None else ()
            return (rule.concepts, (ConceptKind.MEASUREMENT,)), (clear, _DRUGS)
        case Undetectable():
            return ((rule.concepts, (ConceptKind.MEASUREMENT,)),)
        case Exposed():
            return (rule.drugs, _DRUGS), (rule.but_not, _DRUGS)
        case Received() | Cycles():
            return ((rule.drugs, _DRUGS),)
        case Lines():
            return (rule.drugs, _DRUGS), (rule.but_not, _DRUGS), *(named(rule.since) if rule.since is not None else ())
        case Progressed():
            return ((rule.after, _DRUGS),)
        case OtherMalignancy():
            kinds = ((ConceptKind.HISTOLOGY,), (ConceptKind.SITE,), (ConceptKind.BEHAVIOUR,))
            spared = [(each.histologies, each.sites, each.behaviours) for each in rule.spared]
            return (
                *(each for disease in rule.than for each in named(disease)),
                *(pair for three in spared for pair in zip(three, kinds, strict=True)),
            )
        case Underwent():
            return ((rule.procedures, (ConceptKind.PROCEDURE,)),)
        case Vaccinated():
            return ((rule.vaccines, (ConceptKind.VACCINE,)),)
        case AllergicTo():
            return ((rule.substances, (*_DRUGS, ConceptKind.SUBSTANCE)),)
        case _:
            return ()


def contradiction(rule: Rule, vocabulary: Vocabulary) -> str | None:
    """Say why no patient, or every one, could satisfy a part of a rule; nothing where that is not so."""
    return next((reason for leaf in leaves(rule) if (reason := _impossible(leaf, vocabulary))), None)


def _impossible(rule: Rule, vocabulary: Vocabulary) -> str | None:  # noqa: C901, PLR0911 - one line a node
    match rule:
        case Age(at_least=low, at_most=high):
            return "no age lies within the limits" if low is not None and high is not None and low > high else None
        case PerformanceStatus(at_most=high, at_least=low):
            return "no ECOG grade lies within the limits" if low > high or high > ECOG_WORST else None
        case Measured():
            return _no_value_fits(rule, vocabulary)
        case Exposed():
            left = vocabulary.ingredients_of(rule.drugs).keys() - vocabulary.ingredients_of(rule.but_not).keys()
            return _window(rule.within_days) or (None if left else "but_not leaves no drug over")
        case HasCondition() | Underwent() | Vaccinated() | Undetectable() | OtherMalignancy():
            return _window(rule.within_days)
        case Lines() | Cycles():
            low, high = rule.at_least, rule.at_most
            return "no number lies within the limits" if low is not None and high is not None and low > high else None
        case Received() | Progressed():
            return None
        case Diagnosis():
            both = set(rule.except_sites) & vocabulary.narrower(rule.sites) if rule.sites else set()
            return f"{min(both)} is asked for and excepted" if both else None
        case SexIs() | AllergicTo() | Asked():
            return None
        case AllOf() | AnyOf() | Readings() | Not() | IfThen():
            raise AssertionError("a composite rule is no leaf")
    assert_never(rule)


def _window(days: int | None) -> str | None:
    return "a window of no days holds nothing" if days == 0 else None


def _no_value_fits(rule: Measured, vocabulary: Vocabulary) -> str | None:
    if rule.low is None or rule.high is None or rule.low.against is not rule.high.against:
        return None
    for name in rule.concepts:
        low, high = canonical(rule.low, name, vocabulary), canonical(rule.high, name, vocabulary)
        if low > high or (low == high and not (rule.low.inclusive and rule.high.inclusive)):
            return "no value lies within the limits"
    return None


def canonical(limit: Limit, concept: str, vocabulary: Vocabulary) -> Fraction:
    """Give the number of a limit in the concept's canonical unit; a multiple of a limit of normal as it stands."""
    scale = vocabulary.concepts[concept].scale
    return limit.value * scale.factors.get(limit.unit, 1) if scale else limit.value
