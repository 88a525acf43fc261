"""A claim about results into a rule: who shares a limit, which holds for whom, and how old a result may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cds.core.criteria import AllOf, AnyOf, IfThen, Measured, Not, Readings, Rule, Section
from cds.core.limits import Against, Limit
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.analytes import iter_concepts, measured
from cds.trials.text.readers.bounds import Bound
from cds.trials.text.readers.claims import Claim, NotPlainError
from cds.trials.text.reading import Part, Reading, ReadingKind
from cds.trials.text.tokens import covering

__all__ = ["reading_of"]


def reading_of(clause: Claim, part: Part, lexicon: Lexicon) -> Reading:
    """Give the rule of a claim, with the words it stands in."""
    forbids = part.section is Section.EXCLUSION
    rule = _rule(clause, clause.bounds, part, lexicon)
    for proviso, bound in reversed(clause.provisos):
        rule = IfThen(proviso, _rule(clause, [bound], part, lexicon), rule)
    for proviso, bound in clause.perhaps:
        rule = Readings((rule, IfThen(proviso, _rule(clause, [bound], part, lexicon), rule)))
    if clause.unless is not None:
        rule = _unless(rule, clause.unless, forbids=forbids)
    if clause.perhaps_unless is not None:
        rule = Readings((rule, _unless(rule, clause.perhaps_unless, forbids=forbids)))
    if clause.window is not None:
        rule = _within(rule, clause.window)
    if clause.also is not None:
        rule = AllOf((rule, clause.also))
    if clause.whom is not None:
        rule = AnyOf((clause.whom.rule if isinstance(clause.whom, Not) else Not(clause.whom), rule))
    first, behind = covering(part.tokens, clause.start, clause.end)
    return Reading(ReadingKind.LAB, rule, first, behind, _said(clause, lexicon), for_some=clause.whom is not None)


def _unless(rule: Rule, exception: Rule, *, forbids: bool) -> Rule:
    return AllOf((rule, Not(exception))) if forbids else AnyOf((rule, exception))


def _rule(clause: Claim, bounds: Sequence[Bound], part: Part, lexicon: Lexicon) -> Rule:
    low = next((each for each in bounds if each.low), None)
    high = next((each for each in bounds if not each.low), None)
    concepts = list(iter_concepts(clause.mentions))
    if bounds[0].units == ("",) and "inr" in concepts and bounds[0].against is Against.UNIT:
        concepts = ["inr"]
    rules = []
    for each in concepts:
        if _against_sense(each, low, high, forbids=part.section is Section.EXCLUSION):
            raise NotPlainError
        rule = measured(each, low, high, lexicon, part.plain)
        if rule is None:
            raise NotPlainError
        rule = _both_or_either(rule, forbids=part.section is Section.EXCLUSION)
        if high is not None and low is not None and low.against is Against.LLN and each in _ONLY_HIGH:
            rule = Readings((rule, Measured((each,), None, Limit(high.value, "", Against.ULN, high.inclusive))))
        rules.append(rule)
    if len(rules) == 1:
        return rules[0]
    both, any_ = AllOf(tuple(rules)), AnyOf(tuple(rules))
    if part.section is Section.EXCLUSION:
        return any_ if clause.either else Readings((both, any_))
    return Readings((both, any_)) if clause.either else both


def _both_or_either(rule: Rule, *, forbids: bool) -> Rule:
    """Give a limit of both pressures two readings, where it is not plain whether one beyond it is enough."""
    if isinstance(rule, AllOf | AnyOf) and isinstance(rule, AnyOf) is not forbids:
        return Readings((AllOf(rule.rules), AnyOf(rule.rules)))
    return rule


_THE_MORE_THE_BETTER = frozenset(
    [
        "absolute-neutrophil-count", "platelets", "haemoglobin", "albumin", "lvef", "creatinine-clearance",
        "creatinine-clearance-bsa", "egfr-unspecified", "oxygen-saturation", "oxygen-saturation-room-air",
    ]
)  # fmt: skip
_THE_LESS_THE_BETTER = frozenset(
    [
        "bilirubin-total", "ast", "alt", "creatinine", "inr", "aptt", "prothrombin-time", "qtc-unspecified",
        "qtc-fridericia", "qtc-bazett",
    ]
)  # fmt: skip


def _against_sense(concept: str, low: Bound | None, high: Bound | None, *, forbids: bool) -> bool:
    """Say whether a limit would take the sick and leave the well: the sentence then says other than it seems to."""
    if low is not None and high is not None:
        return False
    if concept in _THE_MORE_THE_BETTER:
        return (low is None) is not forbids
    return concept in _THE_LESS_THE_BETTER and (high is None) is not forbids


def _within(rule: Rule, days: int) -> Rule:
    match rule:
        case Measured():
            return replace(rule, within_days=days)
        case AllOf() | AnyOf() | Readings():
            return replace(rule, rules=tuple(_within(each, days) for each in rule.rules))
        case Not():
            return replace(rule, rule=_within(rule.rule, days))
        case IfThen():
            return IfThen(rule.condition, _within(rule.then, days), _within(rule.otherwise, days))
        case _:
            return rule


def _said(clause: Claim, lexicon: Lexicon) -> str:
    names = " and ".join(lexicon.vocabulary.display(each) for each in iter_concepts(clause.mentions))
    told = [_limit_said(each) for each in clause.bounds]
    others = [f"{_limit_said(bound)} under a proviso" for _, bound in clause.provisos]
    days = f", within {clause.window} days" if clause.window else ""
    return f"Read as {names} {' and '.join(told)}{', '.join(['', *others])}{days}."


def _limit_said(bound: Bound) -> str:
    sign = {(True, True): "at least", (True, False): "above", (False, True): "at most", (False, False): "below"}
    number = f"{float(bound.value):g}"
    unit = {Against.ULN: " × ULN", Against.LLN: " × LLN"}.get(
        bound.against, f" {bound.units[0]}" if bound.units else ""
    )
    return f"{sign[bound.low, bound.inclusive]} {number}{unit}".rstrip()


_ONLY_HIGH = _THE_LESS_THE_BETTER | {
    "bilirubin-direct",
    "alkaline-phosphatase",
    "ggt",
    "amylase",
    "lipase",
    "ldh",
    "troponin-i",
    "troponin-t",
    "creatine-kinase",
    "urea-nitrogen",
}
