"""Parts of a rule that decide nothing: they always hold, never can, stand twice, or say what stands there anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.chart import Sex
from cds.core.criteria import (
    Age,
    AllOf,
    AnyOf,
    Asked,
    Cycles,
    IfThen,
    Lines,
    Measured,
    Not,
    PerformanceStatus,
    Readings,
    SexIs,
)
from cds.core.limits import Against
from cds.trials.walk import ECOG_WORST, canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cds.core.criteria import Rule
    from cds.core.limits import Limit
    from cds.core.vocabulary import Vocabulary

_OLDEST = 120


def dead(rule: Rule, vocabulary: Vocabulary) -> Iterator[str]:
    """Give each reason for which a part of a rule makes no difference, however deep it stands."""
    match rule:
        case AllOf() | AnyOf() | Readings():
            yield from _joined(rule, vocabulary)
            for part in rule.rules:
                yield from dead(part, vocabulary)
        case Not():
            yield from ["not of not: the one undoes the other"] if isinstance(rule.rule, Not) else ()
            yield from dead(rule.rule, vocabulary)
        case IfThen():
            yield from ["if: then and else are the same"] if rule.then == rule.otherwise else ()
            for part in (rule.condition, rule.then, rule.otherwise):
                yield from dead(part, vocabulary)
        case _:
            yield from _leaf(rule, vocabulary)


def _leaf(rule: Rule, vocabulary: Vocabulary) -> Iterator[str]:
    if _always(rule, vocabulary):
        yield f"{_name(rule)}: every value lies within the limits"
    if isinstance(rule, Measured):
        yield from _beyond(rule, vocabulary)


def conjuncts(rule: Rule) -> Iterator[Rule]:
    """Give what must hold each for itself wherever a rule holds."""
    match rule:
        case AllOf():
            for part in rule.rules:
                yield from conjuncts(part)
        case Not(AnyOf() as inner):
            for part in inner.rules:
                yield from conjuncts(Not(part))
        case Not(Not() as inner):
            yield from conjuncts(inner.rule)
        case _:
            yield rule


def at_odds(rules: Iterable[Rule], vocabulary: Vocabulary) -> str | None:
    """Say why no patient can satisfy some rules all together; nothing where one may."""
    every = [part for rule in rules for part in conjuncts(rule)]
    for part in every:
        if Not(part) in every and not isinstance(part, Asked):
            return f"{_name(part)}: is asked for and forbidden"
    if {SexIs(Sex.MALE), SexIs(Sex.FEMALE)} <= {part for part in every if isinstance(part, SexIs)}:
        return "sex: both are asked for"
    return _ages(every) or _values(every, vocabulary)


def _ages(rules: Iterable[Rule]) -> str | None:
    lows, highs = [0], [_OLDEST]
    for rule in rules:
        match rule:
            case Age():
                lows.append(rule.at_least or 0)
                highs.append(_OLDEST if rule.at_most is None else rule.at_most)
            case Not(Age(at_least=int() as years, at_most=None)):
                highs.append(years - 1)
            case Not(Age(at_least=None, at_most=int() as years)):
                lows.append(years + 1)
            case _:
                pass
    return "age: the limits exclude each other" if max(lows) > min(highs) else None


def _values(rules: list[Rule], vocabulary: Vocabulary) -> str | None:
    """Say which measured concept is asked to lie within limits that have no value in common."""
    asked = [rule for rule in rules if isinstance(rule, Measured)]
    for rule in asked:
        for other in asked:
            if rule.concepts == other.concepts and _apart(rule.low, other.high, rule.concepts[0], vocabulary):
                return f"{rule.concepts[0]}: the limits exclude each other"
    return None


def _apart(low: Limit | None, high: Limit | None, concept: str, vocabulary: Vocabulary) -> bool:
    if low is None or high is None or low.against is not high.against:
        return False
    least, most = canonical(low, concept, vocabulary), canonical(high, concept, vocabulary)
    return least > most or (least == most and not (low.inclusive and high.inclusive))


def _joined(rule: AllOf | AnyOf | Readings, vocabulary: Vocabulary) -> Iterator[str]:
    """Look at what several parts do together; that ``all`` at the top can never hold is told by :func:`at_odds`."""
    if len(set(rule.rules)) < len(rule.rules):
        yield f"{_name(rule)}: two parts are the same"
    if isinstance(rule, AnyOf) and any(Not(part) in rule.rules for part in rule.rules):
        yield "any: holds always, as one part is the opposite of another"
    if not isinstance(rule, AllOf):
        never = [reason for part in rule.rules if (reason := at_odds([part], vocabulary))]
        yield from (f"{_name(rule)}: a part never holds: {reason}" for reason in never)


def _always(rule: Rule, vocabulary: Vocabulary) -> bool:
    match rule:
        case Age():
            return not rule.at_least and (rule.at_most is None or rule.at_most >= _OLDEST)
        case PerformanceStatus():
            return rule.at_least == 0 and rule.at_most >= ECOG_WORST
        case Lines() | Cycles():
            return not rule.at_least and rule.at_most is None
        case Measured():
            return all(_holds_every_value(rule, concept, vocabulary) for concept in rule.concepts)
        case _:
            return False


def _holds_every_value(rule: Measured, concept: str, vocabulary: Vocabulary) -> bool:
    scale = vocabulary.concepts[concept].scale
    limits = [limit for limit in (rule.low, rule.high) if limit is not None]
    if scale is None or scale.plausible is None or any(limit.against is not Against.UNIT for limit in limits):
        return False
    least, most = scale.plausible
    low, high = (canonical(each, concept, vocabulary) if each else None for each in (rule.low, rule.high))
    return (low is None or low <= least) and (high is None or high >= most)


def _beyond(rule: Measured, vocabulary: Vocabulary) -> Iterator[str]:
    """Name the limits that lie where no true value can, which a slip of a unit or a factor of a thousand makes."""
    limits = [limit for limit in (rule.low, rule.high) if limit is not None and limit.against is Against.UNIT]
    for limit in limits:
        for concept in rule.concepts:
            scale = vocabulary.concepts[concept].scale
            least, most = (scale.plausible if scale is not None else None) or (None, None)
            if least is not None and most is not None and not least <= canonical(limit, concept, vocabulary) <= most:
                yield f"{concept}: the limit lies where no value can be true"


def _name(rule: Rule) -> str:
    """Give a rule the name it has in the definitions, as far as that is plain."""
    names = {
        AllOf: "all",
        AnyOf: "any",
        Measured: "measured",
        PerformanceStatus: "ecog",
        SexIs: "sex",
    }
    return names.get(type(rule), type(rule).__name__.lower())
