"""A rule against a chart: what it came to, on what basis, on which evidence, and when time alone will change it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from cds.core.composition import agreed, chosen, combined, joined
from cds.core.conditions import has_condition
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
    Reason,
    Received,
    SexIs,
    Underwent,
    Undetectable,
    Vaccinated,
)
from cds.core.dates import days_later
from cds.core.detection import undetectable
from cds.core.exposures import exposed
from cds.core.finding import Cause, Finding, Wanted
from cds.core.lifetime import received
from cds.core.malignancies import other_malignancy
from cds.core.measures import measured
from cds.core.performance import performance_status
from cds.core.person import age, sex_is
from cds.core.presence import allergic_to, underwent, vaccinated
from cds.core.therapy import cycles, lines, progressed
from cds.core.truth import Truth
from cds.core.tumours import diagnosis

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from cds.core.criteria import Rule
    from cds.core.recognise import Case


Decided = dict[tuple[int, bool], Finding]
"""What rules came to on the case's own day, by the identity of the rule and whether it is forbidden."""


def evaluate(rule: Rule, case: Case, decided: Decided | None = None) -> Finding:
    """Decide a rule, and say on which day time alone will change the answer, if there is such a day.

    A date is only told when the rule, held for that day against the same records, bears it out: an obstacle still
    stands the day before it goes, and a met window still holds on the day it expires. ``decided`` spares a rule that
    is part of several its second decision; it is for one case, and for rules that outlive it.
    """
    finding = _decide(rule, case, forbidden=False, decided=decided)
    horizon = days_later(case.as_of, _HORIZON_DAYS)
    days = sorted({day for day in _turns(finding) if case.as_of < day <= horizon})
    if not days or finding.truth is Truth.UNKNOWN:
        return finding
    if finding.truth is Truth.MET:
        lapse = next((day for day in days if _later(finding, case, day) is not Truth.MET), None)
        if lapse is None or _later(finding, case, days_later(lapse, -1)) is not Truth.MET:
            return finding
        return replace(finding, expires_on=days_later(lapse, -1))
    lasting = replace(case, ageing=False)
    return replace(
        finding,
        resolves_on=_gone(days, finding, case, (Truth.MET,)),
        clears_on=_gone(days, finding, lasting, (Truth.MET, Truth.UNKNOWN)),
    )


def decided_by(rule: Rule, case: Case, decided: Decided, *, forbidden: bool) -> Finding:
    """Decide a rule, told as required or as forbidden, and leave open on which day time alone will change it."""
    return _decide(rule, case, forbidden=forbidden, decided=decided)


_HORIZON_DAYS = 1100
"""About three years: what time alone changes later than that (an age limit reached in 2054) helps nobody now."""


def _gone(days: list[dt.date], finding: Finding, case: Case, into: tuple[Truth, ...]) -> dt.date | None:
    """Give the first of the days on which the obstacle has turned into one of these, if it stands the day before."""
    day = next((day for day in days if _later(finding, case, day) in into), None)
    if day is None or _later(finding, case, days_later(day, -1)) is not Truth.UNMET:
        return None
    return day


def _later(finding: Finding, case: Case, day: dt.date) -> Truth:
    """Give the answer for a later day on the same records."""
    return _truth_in(replace(case, as_of=day), finding)


def _truth_in(case: Case, finding: Finding) -> Truth:
    """Give the answer in a case whose day was moved on: only what may have turned since is decided again."""
    if finding.parts:
        truths = tuple([_truth_in(case, part) for part in finding.parts])
        return combined(finding.rule, truths, forbidden=finding.forbidden)
    if not any(case.known_on < turn <= case.as_of for turn in finding.turns):
        return finding.truth
    return _decide(finding.rule, case, forbidden=finding.forbidden).truth


def _turns(finding: Finding) -> Iterator[dt.date]:
    yield from finding.turns
    for part in finding.parts:
        yield from _turns(part)


def _decide(rule: Rule, case: Case, *, forbidden: bool, decided: Decided | None = None) -> Finding:
    """Decide a rule, or look up what it came to before."""
    if decided is None:
        return _worked_out(rule, case, None, forbidden=forbidden)
    key = id(rule), forbidden
    finding = decided.get(key)
    if finding is None:
        finding = decided[key] = _worked_out(rule, case, decided, forbidden=forbidden)
    return finding


def _worked_out(  # noqa: C901, PLR0911, PLR0912 - one line a node
    rule: Rule, case: Case, decided: Decided | None, *, forbidden: bool
) -> Finding:
    match rule:
        case Age():
            return age(rule, case, forbidden=forbidden)
        case SexIs():
            return sex_is(rule, case, forbidden=forbidden)
        case Diagnosis():
            return diagnosis(rule, case, forbidden=forbidden)
        case HasCondition():
            return has_condition(rule, case, forbidden=forbidden)
        case Measured():
            return _turned(measured(rule, case), forbidden=forbidden)
        case Undetectable():
            return _turned(undetectable(rule, case), forbidden=forbidden)
        case PerformanceStatus():
            return _turned(performance_status(rule, case), forbidden=forbidden)
        case Exposed():
            return exposed(rule, case, forbidden=forbidden)
        case Received():
            return received(rule, case, forbidden=forbidden)
        case Lines():
            return lines(rule, case, forbidden=forbidden)
        case Cycles():
            return cycles(rule, case, forbidden=forbidden)
        case Progressed():
            return progressed(rule, case, forbidden=forbidden)
        case OtherMalignancy():
            return other_malignancy(rule, case, forbidden=forbidden)
        case Underwent():
            return underwent(rule, case, forbidden=forbidden)
        case Vaccinated():
            return vaccinated(rule, case, forbidden=forbidden)
        case AllergicTo():
            return allergic_to(rule, case, forbidden=forbidden)
        case Asked():
            return _asked(rule, forbidden=forbidden)
        case AllOf() | AnyOf():
            parts = tuple([_decide(part, case, forbidden=forbidden, decided=decided) for part in rule.rules])
            return joined(rule, parts, forbidden=forbidden)
        case Not():
            return _decide(rule.rule, case, forbidden=not forbidden, decided=decided)
        case IfThen():
            condition = _decide(rule.condition, case, forbidden=False, decided=decided)
            then = _decide(rule.then, case, forbidden=forbidden, decided=decided)
            otherwise = _decide(rule.otherwise, case, forbidden=forbidden, decided=decided)
            return chosen(rule, (condition, then, otherwise), forbidden=forbidden)
        case Readings():
            parts = tuple([_decide(part, case, forbidden=forbidden, decided=decided) for part in rule.rules])
            return agreed(rule, parts, forbidden=forbidden)
    assert_never(rule)


def _turned(finding: Finding, *, forbidden: bool) -> Finding:
    """Tell a documented answer the other way round: what is measured is documented either way."""
    if not forbidden:
        return finding
    return replace(finding, truth=~finding.truth, forbidden=True)


def _asked(rule: Asked, *, forbidden: bool) -> Finding:
    cause = Cause.JUDGEMENT if rule.reason is Reason.JUDGEMENT else Cause.NOT_COMPUTABLE
    return Finding(rule, Truth.UNKNOWN, cause=cause, wanted=Wanted(rule.question), forbidden=forbidden)
