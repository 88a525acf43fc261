"""Whether drugs were, or are being, taken."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cds.core.chart import ExposureStatus, Extent, Kind
from cds.core.courses import courses_of, evidence_of, span
from cds.core.dates import days_later
from cds.core.doses import taken_above
from cds.core.finding import Basis, Cause, Finding, Wanted
from cds.core.presence import Sight, settle
from cds.core.routes import systemic
from cds.core.steadiness import history, steady
from cds.core.truth import Truth, any_of
from cds.core.washouts import not_over, washout_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from cds.core.courses import Course
    from cds.core.criteria import Exposed
    from cds.core.recognise import Case
    from cds.core.steadiness import History
    from cds.core.washouts import Washout


@dataclass(frozen=True, slots=True)
class _Taken:
    """What one course says of the rule. ``unsteady`` says that it is taken now, but surely not for long enough."""

    truth: Truth
    cause: Cause | None = None
    turns: tuple[dt.date, ...] = ()
    unsteady: bool = False


def exposed(rule: Exposed, case: Case, *, forbidden: bool) -> Finding:
    """Decide whether one of the drugs was, or is being, taken."""
    if rule.above is not None:
        return taken_above(rule, rule.above, case, forbidden=forbidden)
    courses = courses_of(rule.drugs, rule.but_not, case)
    drugs = _drugs(rule, courses, case)
    taken = [(course, _taken(rule, course, drugs[course.name], case)) for course in courses]
    heard = [(course, each) for course, each in taken if each is not None]
    unsteady = [(course, each) for course, each in heard if each.unsteady]
    known = any_of(each.truth for _, each in heard) is Truth.UNMET
    if unsteady and known and not forbidden and case.chart.extent(Kind.MEDICATION) is Extent.COMPLETE:
        return _not_yet(rule, unsteady, case)
    finding = settle(rule, case, _sights(heard, case), Kind.MEDICATION, rule.drugs, forbidden=forbidden)
    return _asking(finding, heard, case)


@dataclass(frozen=True, slots=True)
class _Drug:
    """What a rule needs to know of a drug, looked up once for all its courses."""

    washout: Washout | None
    told: History | None


def _drugs(rule: Exposed, courses: tuple[Course, ...], case: Case) -> dict[str, _Drug]:
    """Look up the washout of each drug, and its courses of late where the rule asks for a stable dose."""
    by_drug: dict[str, list[Course]] = defaultdict(list)
    for course in courses:
        by_drug[course.name].append(course)
    days = rule.stable_days
    return {
        name: _Drug(washout_of(rule, name, case), None if days is None else history(same_drug, days, case))
        for name, same_drug in by_drug.items()
    }


def _not_yet(rule: Exposed, unsteady: list[tuple[Course, _Taken]], case: Case) -> Finding:
    """Tell that what is taken has not been taken for long enough, and from which day it will have been."""
    evidence = tuple(seen for course, _ in unsteady for seen in evidence_of(course, case))
    turns = tuple(sorted({turn for _, each in unsteady for turn in each.turns}))
    return Finding(rule, Truth.UNMET, Basis.DOCUMENTED, evidence=evidence, turns=turns)


def _sights(heard: Iterable[tuple[Course, _Taken]], case: Case) -> list[Sight]:
    """Let each entry say what its course says; of an entry that is several drugs, what says most counts."""
    sights: dict[str, Sight] = {}
    every = list(heard)
    none = all(each.truth is Truth.UNMET for _, each in every)
    for course, each in every if none else [(course, each) for course, each in every if each.truth is not Truth.UNMET]:
        for seen in evidence_of(course, case):
            sight = Sight(each.truth, seen, each.cause, each.turns)
            earlier = sights.get(seen.reference)
            sights[seen.reference] = sight if earlier is None else _more(earlier, sight)
    return list(sights.values())


def _more(one: Sight, other: Sight) -> Sight:
    if one.truth is other.truth:
        turns = tuple(sorted({*one.turns, *other.turns})) if one.turns and other.turns else ()
        return replace(one, turns=turns)
    return other if one.truth | other.truth is not one.truth else one


def _taken(rule: Exposed, course: Course, drug: _Drug, case: Case) -> _Taken | None:
    """Say what one course says; nothing at all where it acts in one place only and the rule leaves that out."""
    where = systemic(course, case) if rule.systemic else Truth.MET
    if where is Truth.UNMET:
        return None
    said = _ongoing(course, drug.told, case) if rule.ongoing else _in_time(course, drug.washout, case)
    doubt = course.doubt
    if course.conflicting and (rule.ongoing or rule.within_days is not None):
        doubt = doubt or Cause.CONFLICTING
    if where is Truth.UNKNOWN:
        doubt = doubt or Cause.TOO_GENERAL
    if said.truth is Truth.UNMET and doubt is None:
        return said
    truth = Truth.UNKNOWN if said.truth is Truth.MET and doubt is not None else said.truth
    return replace(said, truth=truth, cause=(doubt or said.cause) if truth is Truth.UNKNOWN else None, unsteady=False)


def _ongoing(course: Course, told: History | None, case: Case) -> _Taken:
    entry = course.entry
    end, ongoing = span(entry, case)
    if not ongoing:
        truth = end.on_or_after(case.known_on) & _maybe(entry.status)
        return _Taken(truth, Cause.DATE_IMPRECISE if truth is Truth.UNKNOWN else None)
    turns = (days_later(end.earliest, 1),) if entry.end is not None else ()
    if told is None:
        return _Taken(Truth.MET, None, turns)
    found = steady(course, told, case)
    later = () if found.turn is None else (found.turn,)
    if found.truth is Truth.MET:
        return _Taken(Truth.MET, None, turns)
    return _Taken(found.truth, found.cause, (*later, *turns), unsteady=found.truth is Truth.UNMET)


def _maybe(status: ExposureStatus) -> Truth:
    """A course that has ended is not ongoing, whatever its dates leave open; others may be."""
    return Truth.UNMET if status is ExposureStatus.ENDED else Truth.UNKNOWN


def _in_time(course: Course, washout: Washout | None, case: Case) -> _Taken:
    if washout is None:
        return _Taken(Truth.MET)
    end, ongoing = span(course.entry, case)
    truth, cause, turns = not_over(end, washout, case)
    return _Taken(truth, cause, () if ongoing and course.entry.end is None else turns)


def _asking(finding: Finding, heard: list[tuple[Course, _Taken]], case: Case) -> Finding:
    """Ask for what is missing: the route where only that leaves it open, the half-life where only that does."""
    open_ones = [(course, each) for course, each in heard if each.truth is Truth.UNKNOWN]
    if finding.truth is not Truth.UNKNOWN or not open_ones or finding.wanted is None:
        return finding
    names = ", ".join(dict.fromkeys(case.vocabulary.display(course.name) for course, _ in open_ones))
    causes = {each.cause for _, each in open_ones}
    rule = finding.rule
    if causes == {Cause.CONDITION_UNKNOWN}:
        wanted = f"What is the half-life of {names}, and is the washout over by it?"
    elif causes == {Cause.TOO_GENERAL} and getattr(rule, "systemic", False):
        wanted = f"By which route is {names} taken?"
    else:
        return finding
    return replace(finding, wanted=Wanted(wanted, finding.wanted.kind, finding.wanted.concepts))
