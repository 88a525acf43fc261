"""A record's eligibility text into draft criteria: every line one criterion, or part of one that joins several.

A draft is nobody's review: its criteria say how they were read, and where in the text they stand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from cds.core.criteria import (
    AllOf,
    AnyOf,
    Asked,
    Criterion,
    Measured,
    Not,
    Readings,
    Reason,
    Rule,
    Section,
    leaves,
)
from cds.trials.text.compose import Outcome, Stated, stated_by
from cds.trials.text.headings import Mode
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.outline import Lead, Line, outline
from cds.trials.text.reading import Part, Reader, Reading, ReadingKind
from cds.trials.text.sentences import parts_of
from cds.trials.text.source import Span

__all__ = ["Drafted", "drafted"]

_LABEL = 100
_NO_SECTION = "The text does not say whether this includes or excludes."


@dataclass(frozen=True, slots=True)
class Drafted:
    """One draft criterion with what it was made from: the lines, their spans, and how far they were understood."""

    criterion: Criterion
    outcome: Outcome
    kinds: frozenset[ReadingKind]
    spans: tuple[Span, ...]
    says: str


def drafted(
    text: str, readers: Sequence[Reader], lexicon: Lexicon, trusted: frozenset[ReadingKind]
) -> tuple[Drafted, ...]:
    """Give the draft criteria of a text, in its order.

    Only readings of the ``trusted`` kinds may speak against a patient; of all others what would be unmet stays a
    question.
    """
    found: list[Drafted] = []
    seen: dict[str, int] = {}
    blank = frozenset(at for at, line in enumerate(text.split("\n"), start=1) if not line.strip())
    for group in _groups(outline(text)):
        stated = [(line, _stated(line, readers, lexicon)) for line in group]
        draft = _without(blank, _drafted(stated, trusted, seen))
        alone = len(group) == 1 and group[0].alternative and group[0].section is Section.INCLUSION
        found.append(_asked_beside(draft, "Is it met in another way?") if alone else draft)
    return tuple(_one_by_one(found))


def _one_by_one(found: Sequence[Drafted]) -> Iterable[Drafted]:
    """Ask beside limits of one thing that stand in several lines: one may be an exception to the other."""
    told: dict[str, set[Rule]] = {}
    for each in found:
        for concept in _limited(each):
            told.setdefault(concept, set()).add(each.criterion.rule)
    for each in found:
        several = any(len(told[concept]) > 1 for concept in _limited(each))
        yield _asked_beside(each, _LIMITED_TWICE) if several else each


def _limited(each: Drafted) -> frozenset[str]:
    """Give what a criterion of inclusion sets limits to."""
    if each.criterion.section is not Section.INCLUSION:
        return frozenset()
    return frozenset(
        concept for leaf in leaves(each.criterion.rule) if isinstance(leaf, Measured) for concept in leaf.concepts
    )


_LIMITED_TWICE = "Another line limits the same; is this one no obstacle for the patient?"


def _asked_beside(each: Drafted, words: str) -> Drafted:
    """Put a question beside what a criterion demands, so that it speaks against nobody."""
    rule = AnyOf((each.criterion.rule, Asked(f"{words} {each.criterion.label}", Reason.NOT_COMPUTABLE)))
    return replace(each, criterion=replace(each.criterion, rule=rule))


def _without(blank: frozenset[int], draft: Drafted) -> Drafted:
    """Leave out the blank lines between the first and the last of a criterion's."""
    lines = tuple(each for each in draft.criterion.lines if each not in blank)
    return replace(draft, criterion=replace(draft.criterion, lines=lines))


def _groups(lines: Iterable[Line]) -> Iterable[tuple[Line, ...]]:
    """Give the lines that make one criterion: those of which one is enough together, all others alone."""
    stating = [line for line in lines if not line.heading]
    for key, run in groupby(stating, key=_joined_by):
        group = tuple(run)
        if key is None:
            yield from ((line,) for line in group)
        elif key[0] == _OR:
            yield from _chains(group)
        else:
            yield group


def _chains(lines: Iterable[Line]) -> Iterable[tuple[Line, ...]]:
    """Part lines that "or" joins at those which it does not join to the line before: "A or B" and then "C or D"."""
    chain: list[Line] = []
    for line in lines:
        if chain and not line.continues:
            yield tuple(chain)
            chain = []
        chain.append(line)
    yield tuple(chain)


_ANY, _OR = "any", "or"


def _joined_by(line: Line) -> tuple[object, ...] | None:
    """Say what joins a line to its neighbours as alternatives: a heading that asks for one of them, or "or".

    Of what must not be, each by itself is an obstacle, whatever joins them.
    """
    if line.section is not Section.INCLUSION or any(lead.mode is Mode.NONE for lead in line.leads):
        return None
    for place, lead in enumerate(line.leads):
        if lead.mode is Mode.ANY:
            return (_ANY, *(each.start for each in line.leads[: place + 1]))
    return (_OR, *(each.start for each in line.leads)) if line.alternative else None


def _stated(line: Line, readers: Sequence[Reader], lexicon: Lexicon) -> Stated:
    if line.section is None:
        return Stated(Asked(line.text, Reason.NOT_COMPUTABLE), Outcome.REVIEW, says=_NO_SECTION)
    read = [
        (part, _settled(reading for reader in readers for reading in reader(part, lexicon)))
        for part in parts_of(line, lexicon)
    ]
    return stated_by(line, _without_judgement(read))


def _without_judgement(read: list[tuple[Part, tuple[Reading, ...]]]) -> list[tuple[Part, tuple[Reading, ...]]]:
    """Leave out questions to a person where anything else was read of the line: their words may be an exception."""
    if all(each.kind is ReadingKind.JUDGEMENT for _, found in read for each in found):
        return read
    return [(part, tuple(each for each in found if each.kind is not ReadingKind.JUDGEMENT)) for part, found in read]


def _settled(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """Keep of readings that overlap the one that covers more; of equals, that of the reader that comes first."""
    kept: list[Reading] = []
    for each in sorted(readings, key=lambda each: (each.kind is ReadingKind.JUDGEMENT, each.first - each.behind)):
        if all(each.behind <= other.first or each.first >= other.behind for other in kept):
            kept.append(each)
    return tuple(sorted(kept, key=lambda reading: reading.first))


def _drafted(stated: Sequence[tuple[Line, Stated]], trusted: frozenset[ReadingKind], seen: dict[str, int]) -> Drafted:
    first = stated[0][0]
    lines = tuple(dict.fromkeys(number for line, _ in stated for number in range(line.number, line.last_number + 1)))
    kinds = frozenset[ReadingKind]().union(*(each.kinds for _, each in stated))
    says = " ".join(dict.fromkeys(each.says for _, each in stated if each.says))
    whole = _worded(" / ".join(line.text for line, _ in stated))
    rules = tuple(dict.fromkeys(each.rule for _, each in stated))
    rule = rules[0] if len(rules) == 1 else _one_of(rules, {line.leads for line, _ in stated})
    question = Asked(whole, Reason.NOT_COMPUTABLE)
    scope = "; ".join(dict.fromkeys(line.scope for line, _ in stated if line.scope))
    if scope:
        asked = Asked(f"This holds for: {scope}. Does it concern the patient? {whole}", Reason.NOT_COMPUTABLE)
        rule = asked if isinstance(rule, Asked) else AnyOf((rule, Not(asked)))
    elif not isinstance(rule, Asked) and not kinds - {ReadingKind.JUDGEMENT} <= trusted:
        rule = AnyOf((rule, question))
    criterion = Criterion(
        _id_of(whole, seen),
        whole if len(whole) <= _LABEL else f"{whole[: _LABEL - 1]}…",
        rule,
        first.section or Section.INCLUSION,
        lines,
        disease=any(each.disease for _, each in stated) and not scope,
        note=" ".join(filter(None, (says, _under(line for line, _ in stated)))),
        span=(min(line.span.start for line, _ in stated), max(line.span.end for line, _ in stated)),
    )
    return Drafted(
        criterion, _least([each.outcome for _, each in stated]), kinds, tuple(line.span for line, _ in stated), says
    )


def _one_of(rules: tuple[Rule, ...], levels: set[tuple[Lead, ...]]) -> Rule:
    """Give alternatives; of those at several levels some may belong together, so that they are read both ways."""
    return AnyOf(rules) if len(levels) == 1 else Readings((AllOf(rules), AnyOf(rules)))


def _under(lines: Iterable[Line]) -> str:
    """Say under which line of the text these stand, without which they are not to be understood."""
    leads = dict.fromkeys(line.leads[-1].text.rstrip(" :") for line in lines if line.leads)
    return " ".join(f"Stands under “{each if len(each) <= _LABEL else f'{each[: _LABEL - 1]}…'}”." for each in leads)


def _worded(text: str) -> str:
    """Give the words of a line; one that our files would take for nothing is put in marks."""
    return f"“{text}”" if text in {"null", "~"} else text


_ORDER = (Outcome.REVIEW, Outcome.PARTLY, Outcome.JUDGEMENT, Outcome.COMPUTED)


def _least(outcomes: Sequence[Outcome]) -> Outcome:
    """Give the outcome of lines of which one is enough: as far as they were understood together."""
    told = set(outcomes)
    if len(told) == 1:
        return outcomes[0]
    return Outcome.PARTLY if told - {Outcome.REVIEW, Outcome.JUDGEMENT} else min(told, key=_ORDER.index)


def _id_of(text: str, seen: dict[str, int]) -> str:
    """Give an id that stays as long as the words do; lines that say the same are numbered."""
    name = f"t{hashlib.sha256(text.casefold().encode()).hexdigest()[:10]}"
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f"{name}-{seen[name]}"
