"""A rule against a chart: what it came to, on what basis, on which evidence, and when time alone will change it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from cds.core.chart import Kind, Sex
from cds.core.criteria import (
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
    Reason,
    SexIs,
    Underwent,
    Vaccinated,
)
from cds.core.dates import age_on, days_later, years_later
from cds.core.finding import Basis, Cause, Evidence, Finding, Wanted
from cds.core.measures import measured, performance_status
from cds.core.presence import allergic_to, exposed, has_condition, underwent, vaccinated
from cds.core.truth import Truth, all_of, any_of
from cds.core.tumours import diagnosis

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from cds.core.criteria import Rule
    from cds.core.recognise import Case


def evaluate(rule: Rule, case: Case) -> Finding:
    """Decide a rule, and say on which day time alone will change the answer, if there is such a day.

    A date is only told when the rule, held for that day against the same records, bears it out: an obstacle still
    stands the day before it goes, and a met window still holds on the day it expires.
    """
    finding = _decide(rule, case, forbidden=False)
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
        return _combined(finding.rule, truths, forbidden=finding.forbidden)
    if not any(case.known_on < turn <= case.as_of for turn in finding.turns):
        return finding.truth
    return _decide(finding.rule, case, forbidden=finding.forbidden).truth


def _turns(finding: Finding) -> Iterator[dt.date]:
    yield from finding.turns
    for part in finding.parts:
        yield from _turns(part)


def _decide(rule: Rule, case: Case, *, forbidden: bool) -> Finding:  # noqa: C901, PLR0911, PLR0912 - one line a node
    match rule:
        case Age():
            return _age(rule, case, forbidden=forbidden)
        case SexIs():
            return _sex(rule, case, forbidden=forbidden)
        case Diagnosis():
            return diagnosis(rule, case, forbidden=forbidden)
        case HasCondition():
            return has_condition(rule, case, forbidden=forbidden)
        case Measured():
            return _turned(measured(rule, case), forbidden=forbidden)
        case PerformanceStatus():
            return _turned(performance_status(rule, case), forbidden=forbidden)
        case Exposed():
            return exposed(rule, case, forbidden=forbidden)
        case Underwent():
            return underwent(rule, case, forbidden=forbidden)
        case Vaccinated():
            return vaccinated(rule, case, forbidden=forbidden)
        case AllergicTo():
            return allergic_to(rule, case, forbidden=forbidden)
        case Asked():
            return _asked(rule, forbidden=forbidden)
        case AllOf() | AnyOf():
            return _composed(rule, case, forbidden=forbidden)
        case Not():
            return _decide(rule.rule, case, forbidden=not forbidden)
        case IfThen():
            return _conditional(rule, case, forbidden=forbidden)
        case Readings():
            parts = tuple(_decide(part, case, forbidden=forbidden) for part in rule.rules)
            return _agreed(rule, parts, forbidden=forbidden)
    assert_never(rule)


def _turned(finding: Finding, *, forbidden: bool) -> Finding:
    """Tell a documented answer the other way round: what is measured is documented either way."""
    if not forbidden:
        return finding
    return replace(finding, truth=~finding.truth, forbidden=True)


def _asked(rule: Asked, *, forbidden: bool) -> Finding:
    cause = Cause.JUDGEMENT if rule.reason is Reason.JUDGEMENT else Cause.NOT_COMPUTABLE
    return Finding(rule, Truth.UNKNOWN, cause=cause, wanted=Wanted(rule.question), forbidden=forbidden)


def _age(rule: Age, case: Case, *, forbidden: bool) -> Finding:
    person = case.chart.person
    if person.born is None:
        wanted = Wanted("Date of birth?", Kind.PERSON)
        return Finding(rule, Truth.UNKNOWN, cause=Cause.NO_RECORD, wanted=wanted, forbidden=forbidden)
    if person.born.earliest > case.known_on:
        wanted = Wanted("Date of birth? The one on record lies ahead.", Kind.PERSON)
        return Finding(rule, Truth.UNKNOWN, cause=Cause.IMPLAUSIBLE, wanted=wanted, forbidden=forbidden)
    fewest, most = age_on(person.born, case.as_of)
    seen = Evidence(
        person.reference, "Age", f"{fewest}" if fewest == most else f"{fewest} to {most}", date=str(case.as_of)
    )
    truths = []
    if rule.at_least is not None:
        truths.append(_span_truth(all_in=fewest >= rule.at_least, some_in=most >= rule.at_least))
    if rule.at_most is not None:
        truths.append(_span_truth(all_in=most <= rule.at_most, some_in=fewest <= rule.at_most))
    truth = all_of(truths)
    limits = [at for at in (rule.at_least, None if rule.at_most is None else rule.at_most + 1) if at is not None]
    turns = tuple(years_later(born, at) for at in limits for born in (person.born.earliest, person.born.latest))
    if truth is Truth.UNKNOWN:
        wanted = Wanted("Exact date of birth?", Kind.PERSON)
        cause = Cause.DATE_IMPRECISE
        return Finding(rule, truth, cause=cause, evidence=(seen,), wanted=wanted, turns=turns, forbidden=forbidden)
    told = ~truth if forbidden else truth
    return Finding(rule, told, Basis.DOCUMENTED, evidence=(seen,), turns=turns, forbidden=forbidden)


def _span_truth(*, all_in: bool, some_in: bool) -> Truth:
    if all_in:
        return Truth.MET
    return Truth.UNKNOWN if some_in else Truth.UNMET


def _sex(rule: SexIs, case: Case, *, forbidden: bool) -> Finding:
    sex = case.chart.person.sex
    if sex is None or sex is Sex.UNKNOWN:
        wanted = Wanted("Administrative sex?", Kind.PERSON)
        return Finding(rule, Truth.UNKNOWN, cause=Cause.NO_RECORD, wanted=wanted, forbidden=forbidden)
    if sex is Sex.OTHER:
        wanted = Wanted(f"Does the trial's condition for {rule.sex.value} patients apply?", Kind.PERSON)
        return Finding(rule, Truth.UNKNOWN, cause=Cause.TOO_GENERAL, wanted=wanted, forbidden=forbidden)
    seen = Evidence(case.chart.person.reference, "Sex", sex.value)
    truth = Truth.MET if sex is rule.sex else Truth.UNMET
    return Finding(rule, ~truth if forbidden else truth, Basis.DOCUMENTED, evidence=(seen,), forbidden=forbidden)


def _composed(rule: AllOf | AnyOf, case: Case, *, forbidden: bool) -> Finding:
    """Join parts; a forbidden conjunction asks that one of its parts be absent, a forbidden alternative that all be."""
    parts = tuple(_decide(part, case, forbidden=forbidden) for part in rule.rules)
    truth = _combined(rule, tuple(part.truth for part in parts), forbidden=forbidden)
    return _told_by(rule, truth, tuple(part for part in parts if part.truth is truth), parts, forbidden=forbidden)


def _combined(rule: Rule, truths: tuple[Truth, ...], *, forbidden: bool) -> Truth:
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


def _told_by(
    rule: Rule, truth: Truth, telling: tuple[Finding, ...], parts: tuple[Finding, ...], *, forbidden: bool
) -> Finding:
    """Make the finding of a composite rule out of the parts that decided it."""
    spoken = telling if truth is not Truth.UNKNOWN else telling + tuple(_documented(parts))
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


def _documented(parts: Iterable[Finding]) -> Iterator[Finding]:
    """Give the parts of an unknown composite that are settled by records: what makes the open question arise."""
    return (part for part in parts if part.basis is Basis.DOCUMENTED and not isinstance(part.rule, Age | SexIs))


_WEAKNESS = (Basis.DOCUMENTED, Basis.ATTESTED, Basis.ASSUMED, Basis.NO_RECORD)


def _conditional(rule: IfThen, case: Case, *, forbidden: bool) -> Finding:
    """Decide by the limit that the condition calls for; where the condition is unknown, by both (DESIGN §3.7)."""
    condition = _decide(rule.condition, case, forbidden=False)
    then = _decide(rule.then, case, forbidden=forbidden)
    otherwise = _decide(rule.otherwise, case, forbidden=forbidden)
    parts = (condition, then, otherwise)
    truth = _combined(rule, tuple(part.truth for part in parts), forbidden=forbidden)
    if condition.truth is not Truth.UNKNOWN:
        chosen = then if condition.truth is Truth.MET else otherwise
        deciding = (chosen, condition) if truth is not Truth.UNKNOWN else (chosen,)
        decided = _told_by(rule, truth, deciding, parts, forbidden=forbidden)
        return replace(decided, evidence=tuple(dict.fromkeys(chosen.evidence + condition.evidence)))
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


def _agreed(rule: Readings, parts: tuple[Finding, ...], *, forbidden: bool) -> Finding:
    """Settle a wording with several readings only where all of them agree."""
    truth = _combined(rule, tuple(part.truth for part in parts), forbidden=forbidden)
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
