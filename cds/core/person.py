"""Age and administrative sex: what the patient's own entry says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.chart import Kind, Sex
from cds.core.dates import age_on, years_later
from cds.core.finding import Basis, Cause, Evidence, Finding, Wanted
from cds.core.truth import Truth, all_of

if TYPE_CHECKING:
    from cds.core.criteria import Age, SexIs
    from cds.core.recognise import Case


def age(rule: Age, case: Case, *, forbidden: bool) -> Finding:
    """Decide by completed years on the day of the first dose."""
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


def sex_is(rule: SexIs, case: Case, *, forbidden: bool) -> Finding:
    """Decide by administrative sex; *other* is asked, not guessed."""
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
