"""Results against limits: the newest one decides, in its own unit, against its own reference range."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cds.core.computed import computed, lacking, lacks_birth
from cds.core.criteria import Measured
from cds.core.deciding import Answer, decide, unknown, wanted_of
from cds.core.disturbed import disturbed
from cds.core.finding import Basis, Cause
from cds.core.limits import Against
from cds.core.quantities import Bound, Interval
from cds.core.ranges import Compared, against_normal
from cds.core.results import age_of, newest_of, usable
from cds.core.scales import amount_in, scale_of
from cds.core.truth import Truth, all_of

if TYPE_CHECKING:
    from cds.core.chart import Measurement
    from cds.core.finding import Finding
    from cds.core.limits import Clear, Limit
    from cds.core.recognise import Case, Known
    from cds.core.vocabulary import Scale


def measured(rule: Measured, case: Case) -> Finding:
    """Decide whether the newest usable result of a concept, reported or computed, lies within the limits."""
    asked = (*rule.concepts, *(formula.value for formula in rule.computed))
    results = case.results.get(asked)
    if results is None:
        results = case.results[asked] = newest_of(candidates(rule, case), case)
    finding = decide(
        rule, case, results, lambda known: _judged(rule, known, case), lambda: wanted_of(rule, case, rule.concepts)
    )
    return (
        finding if finding.truth is not Truth.UNKNOWN or not rule.computed else _asking_for_inputs(finding, rule, case)
    )


def _asking_for_inputs(finding: Finding, rule: Measured, case: Case) -> Finding:
    """Name what a computed value would take, beside the result itself."""
    wanted = wanted_of(rule, case, rule.concepts, lacking(rule, case), birth=lacks_birth(rule, case))
    return replace(finding, wanted=wanted)


def candidates(rule: Measured, case: Case) -> list[Known[Measurement]]:
    """Give the reported results and the computed values, newest first; none is computed for a day with a reported one.

    Of a computed value there is only the newest.
    """
    reported = usable(case, rule.concepts)
    told = {known.entry.date for known in reported if known.meaning.counts}
    worked_out = [known for known in computed(rule, case) if known.entry.date not in told]
    return sorted(reported + worked_out, key=age_of)


def _judged(rule: Measured, known: Known[Measurement], case: Case) -> Answer:
    """Hold one result against both limits, if it was not taken too early after a drug."""
    if not known.meaning.verified:
        return unknown(Cause.UNMAPPED)
    scale = scale_of(known, case)
    if scale is None:
        return unknown(Cause.UNIT_NOT_COMPARABLE)
    sides = [
        _hold(known, scale, limit, case, low=low)
        for limit, low in ((rule.low, True), (rule.high, False))
        if limit is not None
    ]
    truth = all_of(side.truth for side in sides)
    if truth is Truth.UNKNOWN:
        return next(side for side in sides if side.truth is Truth.UNKNOWN)
    telling = [side for side in sides if side.truth is truth]
    weakest = truth is Truth.MET
    answer = min(telling, key=lambda side: (side.basis is Basis.ASSUMED) is not weakest)
    return answer if rule.clear_of is None else _undisturbed(answer, rule.clear_of, known, case)


def _undisturbed(answer: Answer, rule: Clear, known: Known[Measurement], case: Case) -> Answer:
    """Let an answer stand only if its result was taken late enough after the drugs, whichever way it goes."""
    found = disturbed(rule, known, case)
    if found is None:
        return answer
    cause, drugs = found
    names = drugs[0] if drugs else None
    if cause is Cause.TOO_OLD and names is not None:
        why = f"taken too early after {names.label} on {names.date}, {rule.days} days must lie between"
    elif cause is Cause.DATE_IMPRECISE:
        why = f"it cannot be told whether it was taken {rule.days} days after treatment"
    else:
        why = f"treatment in the {rule.days} days before it could not be read completely"
    return Answer(Truth.UNKNOWN, cause, beside=drugs, why=why)


def _hold(known: Known[Measurement], scale: Scale, limit: Limit, case: Case, *, low: bool) -> Answer:
    """Hold one result against one limit."""
    compared = _compared(known, scale, limit, case, low=low)
    if not isinstance(compared, Compared):
        return unknown(compared)
    truth = compared.value.at_least(compared.bound) if low else compared.value.at_most(compared.bound)
    cause = Cause.TOO_GENERAL if truth is Truth.UNKNOWN else None
    return Answer(truth, cause, compared.basis, compared.normal, compared.flag)


def _compared(known: Known[Measurement], scale: Scale, limit: Limit, case: Case, *, low: bool) -> Compared | Cause:
    """Bring a result and a limit into one unit, or say why that cannot be done."""
    if limit.against is not Against.UNIT:
        return against_normal(known, scale, limit, case, low=low)
    value, untrue = amount_in(case, known.entry, scale)
    if not isinstance(value, Interval):
        return value
    if untrue:
        return Cause.IMPLAUSIBLE
    at = scale.factors.get(limit.unit)
    return Cause.UNIT_NOT_COMPARABLE if at is None else Compared(value, Bound(limit.value * at, limit.inclusive))
