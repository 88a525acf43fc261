"""Concept policies into concepts: kinds, parents, what silence means, and how results are read."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from cds.core.codes import Code, normalised_code
from cds.core.vocabulary import Absence, Concept, ConceptKind, Reaches, Scale, Shifted
from cds.errors import BadMapping
from cds.files import Block

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cds.terms.tables import Policy

COMMON_KEYS = frozenset({"kind", "display", "broader", "absence", "remediable"})
SCALE_KEYS = frozenset(
    {"unit", "unit_display", "quantity", "freshness_days", "plausible", "category", "answers", "quantifiable_from"},
)
_KEYS_OF = {
    ConceptKind.MEASUREMENT: SCALE_KEYS,
    ConceptKind.INGREDIENT: frozenset({"reaches"}),
    ConceptKind.CONDITION: frozenset({"undated"}),
}
MemberT = TypeVar("MemberT", ConceptKind, Absence, Reaches)
Units: TypeAlias = "dict[str, Fraction | Shifted]"
"""The spellings of the units of one quantity."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:/\d+(?:\.\d+)?)?")
_FLAGS = {"true": True, "false": False, "": False}


def exact(text: str, place: str) -> Fraction:
    """Read ``0.001`` or ``113.118/10000`` exactly; raise :class:`BadMapping` for anything else."""
    if not _NUMBER.fullmatch(text):
        raise BadMapping(f"{place}: not an exact number: {text!r}")
    above, _, below = text.partition("/")
    if below and not Fraction(below):
        raise BadMapping(f"{place}: divides by nought: {text!r}")
    return Fraction(above) / Fraction(below or 1)


def concept_of(policy: Policy, quantities: Mapping[str, Units]) -> Concept:
    """Turn one policy into a concept; raise :class:`BadMapping` where a field cannot be what it says."""
    kind = _member(ConceptKind, policy, "kind")
    measured = kind is ConceptKind.MEASUREMENT
    unknown = policy.block.keys() - COMMON_KEYS - _KEYS_OF.get(kind, frozenset())
    if unknown:
        raise BadMapping(f"{policy.place}: unknown field: {', '.join(sorted(unknown))}")
    if not policy.text("display"):
        raise BadMapping(f"{policy.place}: display is missing")
    return Concept(
        id=policy.id,
        kind=kind,
        display=policy.text("display"),
        broader=_words(policy, "broader"),
        absence=_member(Absence, policy, "absence") if "absence" in policy.block else Absence.OPEN,
        remediable=_flag(policy, "remediable"),
        scale=_scale(policy, quantities) if measured else None,
        reaches=_member(Reaches, policy, "reaches") if "reaches" in policy.block else Reaches.EITHER,
        undated=_flag(policy, "undated"),
    )


def _scale(policy: Policy, quantities: Mapping[str, Units]) -> Scale:
    quantity = policy.text("quantity")
    if quantity not in quantities:
        raise BadMapping(f"{policy.place}: no units are known of the quantity {quantity!r}")
    unit, units = policy.text("unit"), quantities[quantity]
    if units.get(unit) != 1:
        raise BadMapping(f"{policy.place}: the unit {unit!r} is not the canonical one of {quantity}")
    days = policy.text("freshness_days")
    if days and not days.isdecimal():
        raise BadMapping(f"{policy.place}: freshness_days must be a whole number")
    return Scale(
        unit=unit,
        unit_display=policy.text("unit_display"),
        factors={name: told for name, told in units.items() if not isinstance(told, Shifted)},
        shifted={name: told for name, told in units.items() if isinstance(told, Shifted)},
        freshness_days=int(days) if days else None,
        plausible=_plausible(policy),
        category=policy.text("category") or None,
        answers=_answers(policy),
        quantifiable_from=_quantifiable_from(policy),
    )


def _quantifiable_from(policy: Policy) -> Fraction | None:
    number = policy.text("quantifiable_from")
    return exact(number, f"{policy.place}: quantifiable_from") if number else None


def _plausible(policy: Policy) -> tuple[Fraction, Fraction] | None:
    ends = _words(policy, "plausible")
    if not ends:
        return None
    if len(ends) != 2:  # noqa: PLR2004 - a range has two ends
        raise BadMapping(f"{policy.place}: plausible must be two numbers")
    low, high = (exact(end, f"{policy.place}: plausible") for end in ends)
    if low > high:
        raise BadMapping(f"{policy.place}: plausible ends before it begins")
    return low, high


def _answers(policy: Policy) -> Mapping[Code, Fraction]:
    answers = policy.block.get("answers", Block())
    if not isinstance(answers, Block):
        raise BadMapping(f"{policy.place}: answers must map system|code to a score")
    found = {}
    for key, score in answers.items():
        system, bar, code = key.rpartition("|")
        if not bar or not isinstance(score, str):
            raise BadMapping(f"{policy.place}: answers must map system|code to a score, not {key!r}")
        found[normalised_code(Code(system, code))] = exact(score, f"{policy.place}: answers: {key}")
    return found


def _words(policy: Policy, key: str) -> tuple[str, ...]:
    value = policy.block.get(key, [])
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise BadMapping(f"{policy.place}: {key} must be a list of words")
    return tuple(value)


def _flag(policy: Policy, key: str) -> bool:
    word = policy.text(key)
    if word not in _FLAGS:
        raise BadMapping(f"{policy.place}: {key} must be true or false")
    return _FLAGS[word]


def _member(kind: type[MemberT], policy: Policy, key: str) -> MemberT:
    try:
        return kind(policy.text(key))
    except ValueError as problem:
        known = ", ".join(each.value for each in kind)
        raise BadMapping(f"{policy.place}: {key} must be one of {known}") from problem
