"""Rules that no chart can ever settle: nothing that could be found, no half-life to count by, no equation that fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.criteria import Exposed, HasCondition, Measured, Received, leaves
from cds.core.derive import recipe
from cds.core.vocabulary import ConceptKind
from cds.trials.walk import named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cds.core.criteria import Rule
    from cds.core.vocabulary import Vocabulary
    from cds.trials.codebook import Codebook


def beyond_reach(rule: Rule, codebook: Codebook) -> Iterator[str]:
    """Give each reason for which a part of a rule can be settled by no chart at all."""
    for leaf in leaves(rule):
        yield from _never_found(leaf, codebook)
        match leaf:
            case Measured():
                yield from _formulas(leaf)
            case Exposed():
                yield from _doses(leaf, codebook.vocabulary)
            case HasCondition():
                yield from _undated(leaf, codebook.vocabulary)
            case Received():
                yield from _in_equivalents(leaf.drugs, leaf.scale, codebook.vocabulary)
            case _:
                pass


def _never_found(leaf: Rule, codebook: Codebook) -> Iterator[str]:
    """Name what no code leads to, where nothing else that a rule asks for in the same place can be found either."""
    if isinstance(leaf, Measured) and leaf.computed:
        return
    for names, _ in named(leaf):
        if names and not any(_findable(name, codebook) for name in names):
            told = "has no drug" if _is_empty_class(names[0], codebook.vocabulary) else "has no code"
            yield f"{names[0]} {told}: no chart can show it"


def _is_empty_class(name: str, vocabulary: Vocabulary) -> bool:
    concept = vocabulary.concepts.get(name)
    is_class = concept is not None and concept.kind is ConceptKind.DRUG_CLASS
    return is_class and not vocabulary.members.get(name)


def _findable(name: str, codebook: Codebook) -> bool:
    vocabulary = codebook.vocabulary
    concept = vocabulary.concepts.get(name)
    if concept is not None and concept.kind is ConceptKind.DRUG_CLASS:
        return any(_findable(member, codebook) for member in vocabulary.members.get(name, ()))
    return bool(vocabulary.narrower((name,)) & codebook.told)


def _undated(rule: HasCondition, vocabulary: Vocabulary) -> Iterator[str]:
    """Name what is asked for in a window and recorded without the day of the event."""
    for name in rule.concepts if rule.within_days is not None else ():
        concept = vocabulary.concepts.get(name)
        if concept is not None and concept.undated:
            yield f"within_days: {name} is recorded without the day it happened"


def _formulas(rule: Measured) -> Iterator[str]:
    for formula in rule.computed:
        if not recipe(formula).gives & set(rule.concepts):
            yield f"computed: {formula.value} gives no value of {', '.join(rule.concepts)}"


def _doses(rule: Exposed, vocabulary: Vocabulary) -> Iterator[str]:
    drugs = vocabulary.ingredients_of(rule.drugs).keys() - vocabulary.ingredients_of(rule.but_not).keys()
    if rule.half_lives is not None and not drugs & vocabulary.half_lives.keys():
        yield "half_lives: no half-life of any of these drugs is known"
    if rule.above is not None:
        yield from _in_equivalents(tuple(drugs), rule.above.scale, vocabulary)


def _in_equivalents(drugs: tuple[str, ...], scale: str, vocabulary: Vocabulary) -> Iterator[str]:
    known = {scale, *vocabulary.equivalents.get(scale, {})}
    if not known & vocabulary.ingredients_of(drugs).keys():
        yield f"no dose of any of these drugs is known in equivalents of {scale}"
