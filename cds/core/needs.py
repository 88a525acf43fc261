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
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cds.core.criteria import Rule

Needs = dict[Kind, frozenset[str]]


def needs_of(rule: Rule) -> Needs:
    """Give every kind of entry that a rule reads, with the concepts it looks for there."""
    return joined(dict([pair]) for pair in _needs(rule))


def joined(many: Iterable[Mapping[Kind, frozenset[str]]]) -> Needs:
    """Put several rules' needs together."""
    found: dict[Kind, set[str]] = defaultdict(set)
    for needs in many:
        for kind, concepts in needs.items():
            found[kind] |= concepts
    return {kind: frozenset(found[kind]) for kind in Kind if kind in found}


def _needs(rule: Rule) -> Iterator[tuple[Kind, frozenset[str]]]:  # noqa: C901, PLR0912 - one line a node
    match rule:
        case Age() | SexIs():
            yield Kind.PERSON, frozenset()
        case Diagnosis():
            yield Kind.CONDITION, frozenset(rule.histologies + rule.sites + rule.except_sites)
        case HasCondition():
            yield Kind.CONDITION, frozenset(rule.concepts)
        case Measured():
            yield Kind.MEASUREMENT, frozenset(rule.concepts)
        case PerformanceStatus():
            yield Kind.MEASUREMENT, frozenset(PERFORMANCE_SCORES)
        case Exposed():
            yield Kind.MEDICATION, frozenset(rule.drugs + rule.but_not)
        case Underwent():
            yield Kind.PROCEDURE, frozenset(rule.procedures)
        case Vaccinated():
            yield Kind.IMMUNIZATION, frozenset(rule.vaccines)
        case AllergicTo():
            yield Kind.ALLERGY, frozenset(rule.substances)
        case Asked():
            return
        case AllOf() | AnyOf() | Readings():
            for part in rule.rules:
                yield from _needs(part)
        case Not():
            yield from _needs(rule.rule)
        case IfThen():
            for part in (rule.condition, rule.then, rule.otherwise):
                yield from _needs(part)
        case _:
            assert_never(rule)
