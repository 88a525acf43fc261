"""Findings joined: all of, any of, if … then, and wordings that can be read in several ways."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cds.core.criteria import Age, AllOf, AnyOf, IfThen, SexIs
from cds.core.finding import Basis, Cause, Finding, Wanted
from cds.core.truth import Truth, all_of, any_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cds.core.criteria import Readings, Rule

Parts = tuple[Finding, ...]


def joined(rule: AllOf | AnyOf, parts: Parts, *, forbidden: bool) -> Finding:
    """Join parts; a forbidden conjunction asks that one of its parts be absent, a forbidden alternative that all be."""
    truth = combined(rule, tuple(part.truth for part in parts), forbidden=forbidden)
    return _told_by(rule, truth, tuple(part for part in parts if part.truth is truth), parts, forbidden=forbidden)


def combined(rule: Rule, truths: tuple[Truth, ...], *, forbidden: bool) -> Truth:
    """Give the answer of a composite rule from those of its parts."""
    match rule:
        case AllOf() | AnyOf():
            joint = isinstance(rule, AllOf) is not forbidden
            return all_of(truths) if joint else any_of(truths)
        case IfThen():
            condition, then, otherwise = truths
            if condition is Truth.UNKNOWN:
                return then if then is otherwise else Truth.UNKNOWN
            return then if condition is Truth.MET else otherwise
        case _:
            return truths[0] if len(set(truths)) == 1 else Truth.UNKNOWN


def _told_by(rule: Rule, truth: Truth, telling: Parts, parts: Parts, *, forbidden: bool) -> Finding:
    """Make the finding of a composite rule out of the parts that decided it."""
    spoken = telling if truth is not Truth.UNKNOWN else telling + tuple(_shown(parts))
    evidence = tuple(dict.fromkeys(seen for part in spoken for seen in part.evidence))
    unrecognised = max((part.unrecognised for part in telling), default=0)
    if truth is not Truth.UNKNOWN:
        basis = max((part.basis for part in telling if part.basis), key=_WEAKNESS.index, default=Basis.DOCUMENTED)
        return Finding(
            rule,
            truth,
            basis,
            evidence=evidence,
            unrecognised=unrecognised,
            ruled_out=False,
            forbidden=forbidden,
            parts=parts,
        )
    first = min(telling, key=lambda part: bool(part.cause and part.cause.for_a_person))
    return Finding(
        rule,
        truth,
        cause=first.cause,
        evidence=evidence,
        wanted=first.wanted,
        unrecognised=unrecognised,
        ruled_out=first.ruled_out and all(part.ruled_out or part.truth is Truth.UNMET for part in parts),
        forbidden=forbidden,
        parts=parts,
    )


def _shown(parts: Iterable[Finding]) -> Iterator[Finding]:
    """Give the parts of an unknown composite that an entry settles: what makes the open question arise."""
    return (part for part in parts if part.basis in _BY_ENTRIES and not isinstance(part.rule, Age | SexIs))


_BY_ENTRIES = frozenset({Basis.DOCUMENTED, Basis.ATTESTED})
"""On a record, or on a result that a person said."""


_WEAKNESS = (Basis.DOCUMENTED, Basis.ASSUMED, Basis.NO_RECORD, Basis.ATTESTED)


def chosen(rule: IfThen, parts: Parts, *, forbidden: bool) -> Finding:
    """Decide by the limit that the condition calls for; where the condition is unknown, by both (DESIGN §3.7).

    ``parts`` are the findings of the condition, told the plain way, and of the two branches.
    """
    condition, then, otherwise = parts
    truth = combined(rule, tuple(part.truth for part in parts), forbidden=forbidden)
    if condition.truth is not Truth.UNKNOWN:
        branch = then if condition.truth is Truth.MET else otherwise
        deciding = (branch, condition) if truth is not Truth.UNKNOWN else (branch,)
        decided = _told_by(rule, truth, deciding, parts, forbidden=forbidden)
        return replace(decided, evidence=tuple(dict.fromkeys(branch.evidence + condition.evidence)))
    if truth is not Truth.UNKNOWN or then.truth is otherwise.truth:
        return _told_by(rule, truth, (otherwise, then), parts, forbidden=forbidden)
    evidence = tuple(dict.fromkeys(then.evidence + otherwise.evidence + condition.evidence))
    return Finding(
        rule,
        Truth.UNKNOWN,
        cause=Cause.CONDITION_UNKNOWN,
        evidence=evidence,
        wanted=condition.wanted,
        forbidden=forbidden,
        parts=parts,
    )


def agreed(rule: Readings, parts: Parts, *, forbidden: bool) -> Finding:
    """Settle a wording with several readings only where all of them agree."""
    truth = combined(rule, tuple(part.truth for part in parts), forbidden=forbidden)
    if truth is not Truth.UNKNOWN or all(part.truth is truth for part in parts):
        return _told_by(rule, truth, parts, parts, forbidden=forbidden)
    evidence = tuple(dict.fromkeys(seen for part in parts for seen in part.evidence))
    return Finding(
        rule,
        Truth.UNKNOWN,
        cause=Cause.CONDITION_UNKNOWN,
        evidence=evidence,
        wanted=Wanted("Which reading of the protocol's wording holds?"),
        forbidden=forbidden,
        parts=parts,
    )
