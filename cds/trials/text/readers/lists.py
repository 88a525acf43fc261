"""Lists of treatments: what is named in them, how they are joined, and the rule that they make.

"A or B" is any of them, "A and B" among what is required is both; "A and B" among what is excluded can be read either
way, and then it is. Windows and "now" hold for all of a list; a daily dose for the steroids in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cds.core.criteria import (
    AllOf,
    AnyOf,
    Asked,
    Exposed,
    HasCondition,
    Readings,
    Reason,
    Rule,
    Section,
    Underwent,
    Vaccinated,
)
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.naming import ANY, DOSE, DRUG, PROCEDURE, VACCINE, Shape, Treated
from cds.trials.text.reading import Part, ReadingKind

_NEAR = 300
"""How far around a list is looked, in characters: sentences are shorter, and hostile ones are not worth it."""

__all__ = ["LIST", "Group", "group_of", "items_of", "kind_of", "rule_of", "said_of", "together_in"]

_ITEM = (
    rf"{ANY}+(?:(?:-(?:based|containing)| based)\b(?: {ANY}+)?)?"
    r"(?: (?:acetate|hydrochloride|mesylate|tosylate|maleate|citrate|phosphate|succinate|sodium)\b)?"
    r"(?: (?:therap(?:y|ies)|treatments?|regimens?|agents?|drugs?|medications?|use|administration)\b){0,2}"
    rf"(?: \((?:{ANY}+|(?-i:[A-Z0-9/-]{{2,9}}s?))\))?(?:,? ?{DOSE}+)?"
)
_JOIN = (
    r"(?: ?(?:,|/|&|\band/or\b|\bor\b|\band\b|\bas well as\b) ?){1,2}"
    r"(?:(?:any|an?|the|other|another|with|prior|previous|form of|forms of|received|use of|treatment with|therapy with|"
    r"concurrent|either|systemic|on|using|taking|receiving) ){0,5}"
)
LIST = rf"{_ITEM}(?:{_JOIN}{_ITEM}){{0,20}}"
"""Names joined by "or", "and", commas or slashes."""


@dataclass(frozen=True, slots=True)
class Group:
    """The treatments of one list, how they are joined, and which do not count."""

    items: tuple[Treated, ...]
    doses: tuple[int, ...]
    together: bool | None
    but_not: tuple[str, ...] = ()


# -------------------------------------------------------------------------------------------------------------- lists
def items_of(shape: Shape, start: int, end: int) -> tuple[tuple[int, Treated], ...]:
    """Give what is named between two places, each with where it stands; of "platinum-based chemotherapy" the first."""
    found = [(at, shape.named[at]) for at in range(start, end) if at in shape.named]
    return tuple(
        each
        for place, each in enumerate(found)
        if not place or not _BASED.search(shape.text[found[place - 1][0] : each[0]])
    )


def _narrowed(shape: Shape, start: int, end: int) -> bool:
    """Say whether a bracket behind a name holds another name: "(ADC)" says the same again, "(nivolumab)" does not."""
    told: Treated | None = None
    for at in range(start, end):
        each = shape.named.get(at)
        if each is not None:
            if told is not None and shape.text[at - 1] == "(" and each.concepts != told.concepts:
                return True
            told = each
    return False


_BASED = re.compile(r"(?:-(?:based|containing)| based) $", re.IGNORECASE)


def together_in(text: str) -> bool | None:
    """Say whether the names of a list are all meant: not where "or" joins them; nothing where it is not plain."""
    either = re.search(r"\b(?:or|either)\b|/", text, re.IGNORECASE) is not None
    both = re.search(r"(?<!/)\band\b(?!/)|&|\bas well as\b", text, re.IGNORECASE) is not None
    if either and both:
        return None
    return both if either or both else None


def group_of(shape: Shape, found: re.Match[str], part: Part) -> Group | None:
    """Give the treatments of a list that was found; nothing where it is not plain how they are joined."""
    start, end = found.span("list")
    placed = items_of(shape, start, end)
    if not placed:
        return None
    if _narrowed(shape, start, end):
        return None
    placed = tuple({each.concepts: (at, each) for at, each in reversed(placed)}.values())[::-1]
    joined = together_in(shape.text[start:end]) if len(placed) > 1 else False
    denied = (
        re.search(
            r"\b(?:no|not|without|never|nor)\b",
            shape.text[max(0, found.start() - _NEAR) : found.start()],
            re.IGNORECASE,
        )
        is not None
    )
    if len(placed) > 1 and (denied or re.search(r"\bany of\b", found[0][: start - found.start()], re.IGNORECASE)):
        joined = False
    if joined is None and part.section is Section.INCLUSION:
        return None
    doses = tuple(at for at in range(start, found.end()) if at in shape.doses)
    but_not: tuple[str, ...] = ()
    if found["but"]:
        but = items_of(shape, *found.span("but"))
        if any(each.sign != DRUG for _, each in (*but, *placed)):
            return None
        but_not = tuple(concept for _, each in but for concept in each.concepts)
    several = joined if joined is False or part.section is Section.INCLUSION else None
    return Group(tuple(each for _, each in placed), doses, several, but_not)


# --------------------------------------------------------------------------------------------------------------- rules
_BOTH_WAYS = {"anticancer-therapy": "endocrine-therapy", "immunosuppressant": "systemic-corticosteroid"}
"""Classes whose name in a protocol may or may not take in another: both are held against the chart."""
_SYSTEMIC = frozenset({"systemic-corticosteroid", "immunosuppressant"})
_CHEMOTHERAPY = "cytotoxic-chemotherapy"
_STATUS: dict[str, Rule] = {
    "solid-organ-transplant": HasCondition(("solid-organ-transplant-status",)),
    "allogeneic-stem-cell-transplant": AllOf(
        (
            HasCondition(("stem-cell-transplant-status",)),
            Asked("Were the stem cells another person's?", Reason.NOT_COMPUTABLE),
        )
    ),
}
"""Procedures that problem lists hold as a state: one that is listed counts as one that was done."""


def rule_of(group: Group, frame: Exposed, shape: Shape) -> Rule | None:
    """Give what is stated of a list: of any of it, of all of it, or, where that is not plain, both readings."""
    doses = [shape.doses[each] for each in group.doses]
    steroids = any(concept == "systemic-corticosteroid" for each in group.items for concept in each.concepts)
    lately = frame.ongoing or frame.within_days is not None
    if doses and (len(doses) > 1 or not steroids or not lately):
        return None
    if doses:
        frame = replace(frame, above=doses[0])
    either = _any_of(group.items, frame)
    if group.together is False or len(group.items) == 1:
        return either
    every = AllOf(tuple(_any_of((each,), frame) for each in group.items))
    return every if group.together else Readings((every, either))


def _any_of(items: Sequence[Treated], frame: Exposed) -> Rule:
    drugs = _concepts(items, DRUG)
    wider = tuple(_BOTH_WAYS[each] for each in drugs if each in _BOTH_WAYS and _BOTH_WAYS[each] not in drugs)
    narrow = _either(drugs, items, frame)
    return Readings((narrow, _either((*drugs, *wider), items, frame))) if wider else narrow


def _either(drugs: tuple[str, ...], items: Sequence[Treated], frame: Exposed) -> Rule:
    rules: list[Rule] = [*_exposures(drugs, frame)]
    procedures = _concepts(items, PROCEDURE)
    if _CHEMOTHERAPY in drugs and not frame.ongoing:
        procedures = (*procedures, "chemotherapy-procedure")
    if procedures:
        rules.append(Underwent(procedures, frame.within_days))
        if frame.within_days is None:
            rules += [_STATUS[each] for each in procedures if each in _STATUS]
    vaccines = _concepts(items, VACCINE)
    if vaccines:
        rules.append(Vaccinated(vaccines, frame.within_days))
    return rules[0] if len(rules) == 1 else AnyOf(tuple(rules))


def _exposures(drugs: tuple[str, ...], frame: Exposed) -> Iterable[Exposed]:
    """Give one node for all drugs, but apart those that are meant only in the whole body, and those with a dose."""
    apart = tuple(each for each in drugs if each in _SYSTEMIC)
    steroids = tuple(each for each in apart if frame.above is not None and each == "systemic-corticosteroid")
    for names, above, systemic in (
        (tuple(each for each in drugs if each not in apart), None, frame.systemic),
        (tuple(each for each in apart if each not in steroids), None, True),
        (steroids, frame.above, True),
    ):
        if names:
            yield replace(frame, drugs=names, above=above, systemic=systemic)


def _concepts(items: Sequence[Treated], sign: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(concept for each in items if each.sign == sign for concept in each.concepts))


# ------------------------------------------------------------------------------------------------------------- telling
def kind_of(group: Group, frame: Exposed) -> ReadingKind:
    """Say which kind of statement it is; one about drugs and procedures counts as one about drugs."""
    signs = {each.sign for each in group.items}
    if signs == {PROCEDURE}:
        return ReadingKind.PROCEDURE
    if signs == {VACCINE}:
        return ReadingKind.VACCINE
    if frame.ongoing:
        return ReadingKind.CONCOMITANT
    return ReadingKind.PRIOR_DRUG if frame.within_days is None else ReadingKind.WASHOUT


def said_of(group: Group, frame: Exposed, lexicon: Lexicon) -> str:
    """Say how a list was read."""
    names = "; ".join(
        dict.fromkeys(lexicon.vocabulary.display(concept) for each in group.items for concept in each.concepts)
    )
    when = "being given now" if frame.ongoing else "given"
    if frame.within_days is not None:
        halves = frame.half_lives
        also = f" or {halves.count} half-lives, whichever is {halves.whichever.value}" if halves else ""
        when = f"given within {frame.within_days} days{also}"
    but_not = ", ".join(map(lexicon.vocabulary.display, group.but_not))
    return f"Read as {when}: {names}{f', but not {but_not}' if but_not else ''}."
