"""Answers that are counts: how many lines or cycles there were, as the fewest and the most that the records allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.chart import Kind
from cds.core.finding import Basis, Cause, Evidence, Finding, Wanted
from cds.core.presence import silence
from cds.core.truth import Truth, all_of

if TYPE_CHECKING:
    from cds.core.criteria import Cycles, Lines
    from cds.core.recognise import Case


@dataclass(frozen=True, slots=True)
class Count:
    """The fewest and the most that the entries allow (none: any number), and the entries.

    ``cause`` says why the two differ; ``basis`` what an answer rests on; ``what`` names in words what is counted.
    """

    fewest: int
    most: int | None
    evidence: tuple[Evidence, ...]
    cause: Cause
    what: str
    basis: Basis = Basis.ASSUMED


def counted(rule: Lines | Cycles, count: Count, case: Case, *, forbidden: bool) -> Finding:
    """Hold a count against what is asked. Where not all was read there may have been more.

    What is on record settles what it can by itself: three lines are more than two. That there were no more than those
    on record is silence. It can take an obstacle away, as far as the absence policy of the drugs lets it speak, and
    never is one: a line that is lacking may have been given elsewhere.
    """
    stated, shown = _holds(rule, count.fewest, count.most), _holds(rule, count.fewest, None)
    told, shown = (~stated, ~shown) if forbidden else (stated, shown)
    unrecognised = case.unrecognised.get(Kind.MEDICATION, 0)
    none = count.most == 0
    if shown is not Truth.UNKNOWN and not none:
        return Finding(
            rule, shown, count.basis, evidence=count.evidence, unrecognised=unrecognised, forbidden=forbidden
        )
    absent = silence(case, Kind.MEDICATION, rule.drugs, forbidden=told is Truth.MET)
    if absent is None:
        basis = Basis.NO_RECORD if none else count.basis
        return Finding(rule, Truth.MET, basis, evidence=count.evidence, unrecognised=unrecognised, forbidden=forbidden)
    return Finding(
        rule,
        Truth.UNKNOWN,
        cause=absent if none or told is not Truth.UNKNOWN else count.cause,
        evidence=count.evidence,
        wanted=_wanted(rule, count, count.most if absent is not Cause.NOT_READ else None),
        unrecognised=unrecognised,
        forbidden=forbidden,
    )


def _holds(rule: Lines | Cycles, fewest: int, most: int | None) -> Truth:
    truths = []
    if rule.at_least is not None:
        enough = fewest >= rule.at_least
        possible = most is None or most >= rule.at_least
        truths.append(Truth.MET if enough else Truth.UNKNOWN if possible else Truth.UNMET)
    if rule.at_most is not None:
        within = most is not None and most <= rule.at_most
        possible = fewest <= rule.at_most
        truths.append(Truth.MET if within else Truth.UNKNOWN if possible else Truth.UNMET)
    return all_of(truths)


def _wanted(rule: Lines | Cycles, count: Count, most: int | None) -> Wanted:
    span = f"at least {count.fewest}" if most is None else f"{count.fewest} to {most}"
    allowed = f" The records allow {span}." if count.evidence else ""
    return Wanted(f"How many {count.what}?{allowed}", Kind.MEDICATION, rule.drugs)
