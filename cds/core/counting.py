"""Answers that are counts: how many lines or cycles there were, as the fewest and the most that the records allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.chart import Extent, Kind
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

    None at all is *no record*: it can be no obstacle, where silence speaks, and never is one.
    """
    whole = case.chart.extent(Kind.MEDICATION) is Extent.COMPLETE
    most = count.most if whole else None
    stated = _holds(rule, count.fewest, most)
    told = ~stated if forbidden else stated
    unrecognised = case.unrecognised.get(Kind.MEDICATION, 0)
    none = count.most == 0
    if told is not Truth.UNKNOWN and not none:
        return Finding(rule, told, count.basis, evidence=count.evidence, unrecognised=unrecognised, forbidden=forbidden)
    absent = silence(case, Kind.MEDICATION, rule.drugs, forbidden=True) if told is Truth.MET else Cause.NO_RECORD
    if none and absent is None:
        return Finding(rule, Truth.MET, Basis.NO_RECORD, unrecognised=unrecognised, forbidden=forbidden)
    return Finding(
        rule,
        Truth.UNKNOWN,
        cause=_cause(rule, count, none=none, whole=whole),
        evidence=count.evidence,
        wanted=_wanted(rule, count, most),
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


def _cause(rule: Lines | Cycles, count: Count, *, none: bool, whole: bool) -> Cause:
    """Say why a count settles nothing: it is not read, nothing is recorded, or what leaves the entries open."""
    if not whole and (none or _holds(rule, count.fewest, count.most) is not Truth.UNKNOWN):
        return Cause.NOT_READ
    return Cause.NO_RECORD if none else count.cause


def _wanted(rule: Lines | Cycles, count: Count, most: int | None) -> Wanted:
    span = f"at least {count.fewest}" if most is None else f"{count.fewest} to {most}"
    allowed = f" The records allow {span}." if count.evidence else ""
    return Wanted(f"How many {count.what}?{allowed}", Kind.MEDICATION, rule.drugs)
