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
from cds.core.derive import inputs_of
from cds.core.limits import Against

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


PROGRESSION: Needs = {Kind.MEASUREMENT: frozenset({"disease-status"}), Kind.CONDITION: frozenset()}
"""What tells that a disease progressed: its status as observed, and diagnoses that are called a recurrence."""
ANTICANCER = ("anticancer-therapy",)
"""The drugs among which lines of treatment are counted where a rule names only those of one line."""


def _measured(leaf: Measured) -> Needs:
    results = frozenset(leaf.concepts).union(*map(inputs_of, leaf.computed))
    needs: Needs = {Kind.MEASUREMENT: results}
    limits = [limit for limit in (leaf.low, leaf.high) if limit is not None]
    if leaf.computed or any(limit.against is not Against.UNIT for limit in limits):
        needs[Kind.PERSON] = frozenset()
    if leaf.clear_of is not None:
        needs[Kind.MEDICATION] = frozenset(leaf.clear_of.drugs)
    return needs


def _needs(leaf: Rule) -> Needs:  # noqa: C901, PLR0911, PLR0912 - one line a node
    match leaf:
        case Age() | SexIs():
            return {Kind.PERSON: frozenset()}
        case Diagnosis():
            return {Kind.CONDITION: frozenset(leaf.histologies + leaf.sites + leaf.except_sites)}
        case HasCondition():
            return {Kind.CONDITION: frozenset(leaf.concepts + leaf.but_not)}
        case Measured():
            return _measured(leaf)
        case Undetectable():
            return {Kind.MEASUREMENT: frozenset(leaf.concepts)}
        case PerformanceStatus():
            return {Kind.MEASUREMENT: frozenset(PERFORMANCE_SCORES)}
        case Exposed():
            return {Kind.MEDICATION: frozenset(leaf.drugs + leaf.but_not)}
        case Received():
            sizes = frozenset({"body-surface-area", "body-height", "body-weight"})
            return {Kind.MEDICATION: frozenset(leaf.drugs), Kind.MEASUREMENT: sizes}
        case Cycles():
            return {Kind.MEDICATION: frozenset(leaf.drugs)}
        case Lines():
            since = {} if leaf.since is None else _needs(leaf.since)
            treated = {Kind.MEDICATION: frozenset(leaf.drugs + leaf.but_not)}
            return joined((since, treated, PROGRESSION))
        case Progressed():
            among = () if leaf.line is None else ANTICANCER
            return joined(({Kind.MEDICATION: frozenset((*leaf.after, *among))}, PROGRESSION))
        case OtherMalignancy():
            ours = {name for each in leaf.than for name in each.histologies + each.sites}
            spared = {name for each in leaf.spared for name in each.histologies + each.sites}
            return {Kind.CONDITION: frozenset(ours | spared)}
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
