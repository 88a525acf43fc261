"""What must be read to settle a rule: kinds of entry, and the concepts they must be about."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, assert_never

from cds.core.chart import Kind
from cds.core.criteria import (
    PERFORMANCE_SCORES,
    Age,
    AllergicTo,
    AllOf,
    AnyOf,
    Asked,
    Diagnosis,
    Exposed,
    HasCondition,
    IfThen,
    Measured,
    Not,
    PerformanceStatus,
    Readings,
    SexIs,
    Underwent,
    Vaccinated,
    leaves,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cds.core.criteria import Rule

Needs = dict[Kind, frozenset[str]]


def needs_of(rule: Rule) -> Needs:
    """Give every kind of entry that a rule reads, with the concepts it looks for there."""
    return joined(_needs(leaf) for leaf in leaves(rule))


def joined(many: Iterable[Mapping[Kind, frozenset[str]]]) -> Needs:
    """Put several rules' needs together."""
    found: dict[Kind, set[str]] = defaultdict(set)
    for needs in many:
        for kind, concepts in needs.items():
            found[kind] |= concepts
    return {kind: frozenset(found[kind]) for kind in Kind if kind in found}


def _needs(leaf: Rule) -> Needs:  # noqa: C901, PLR0911 - one line a node
    match leaf:
        case Age() | SexIs():
            return {Kind.PERSON: frozenset()}
        case Diagnosis():
            return {Kind.CONDITION: frozenset(leaf.histologies + leaf.sites + leaf.except_sites)}
        case HasCondition():
            return {Kind.CONDITION: frozenset(leaf.concepts)}
        case Measured():
            return {Kind.MEASUREMENT: frozenset(leaf.concepts)}
        case PerformanceStatus():
            return {Kind.MEASUREMENT: frozenset(PERFORMANCE_SCORES)}
        case Exposed():
            return {Kind.MEDICATION: frozenset(leaf.drugs + leaf.but_not)}
        case Underwent():
            return {Kind.PROCEDURE: frozenset(leaf.procedures)}
        case Vaccinated():
            return {Kind.IMMUNIZATION: frozenset(leaf.vaccines)}
        case AllergicTo():
            return {Kind.ALLERGY: frozenset(leaf.substances)}
        case Asked():
            return {}
        case AllOf() | AnyOf() | Readings() | Not() | IfThen():
            raise AssertionError("a composite rule is no leaf")
    assert_never(leaf)
