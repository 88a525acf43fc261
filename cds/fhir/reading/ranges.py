"""The normal ranges sent with a result: their limits, also out of words, and the patients they are for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from cds.core.chart import ReferenceRange, Sex
from cds.core.codes import normalised_name
from cds.core.quantities import Comparator, Quantity
from cds.fhir.reading.amounts import exact, quantity
from cds.fhir.values import Json, first, many, part, text, word

_MOST_WORDS = 200


def ranges(value: object, units: tuple[str, ...]) -> tuple[ReferenceRange, ...]:
    """Read the normal ranges of a result; limits without a unit are in the result's own.

    Ranges aimed for in treatment, and those that raise an alarm, are left out.
    """
    return tuple(found for each in many(value) if isinstance(each, dict) for found in _read(each, units))


@dataclass(frozen=True, slots=True)
class _Limits:
    low: Quantity | None
    high: Quantity | None
    sex: Sex | None = None


def _read(sent: Json, units: tuple[str, ...]) -> list[ReferenceRange]:
    words, kinds = text(sent.get("text")), _kinds(sent.get("type") or sent.get("meaning"))
    if _AIMED_FOR.search(words[:_MOST_WORDS]) or not (kinds <= _STATES or kinds & _NORMAL):
        return []
    low, high = _limit(sent.get("low"), units), _limit(sent.get("high"), units)
    sex, for_others = _population(sent.get("appliesTo"))
    if low is None and high is None:
        told = [each for each in _limits_in(words, units) if each.sex is None or sex in {None, each.sex}]
    else:
        told = [] if _inverted(low, high) else [_Limits(low, high, _SEXES.get(normalised_name(words)))]
    if not told and not words:
        return []
    start, end, odd = _ages(sent.get("age"))
    other = for_others or odd or bool(kinds & _STATES) or bool(_SOME_STATE.search(words[:_MOST_WORDS]))
    return [
        ReferenceRange(each.low, each.high, words, sex or each.sex, start, end, other)
        for each in told or [_Limits(None, None)]
    ]


def _limit(value: object, units: tuple[str, ...]) -> Quantity | None:
    found = quantity(first(value))
    if not isinstance(found, Quantity) or found.comparator is not Comparator.EXACTLY:
        return None
    return found if found.units else Quantity(found.value, units)


def _inverted(low: Quantity | None, high: Quantity | None) -> bool:
    return low is not None and high is not None and low.units == high.units and low.value > high.value


# -------------------------------------------------------------------------------------------------- what it is for
_NORMAL = frozenset({"normal", "normal-range", "reference-range"})
_STATES = frozenset({"endocrine", "pre-puberty", "follicular", "midcycle", "luteal", "postmenopausal"})
"""Of HL7's ``referencerange-meaning`` the states that shift what is normal; the others are aims of treatment."""

_AIMED_FOR = re.compile(r"\b(?:therap|treatment|target|goal|critical|panic|toxic|trough|peak)", re.IGNORECASE)
_SOME_STATE = re.compile(
    r"\b(?:pregnan|trimester|gestation|follicular|luteal|mid-?cycle|(?:post|pre)-?menopaus|newborn|neonat|infant|child"
    r"|p(?:a)?ediatric|smoker)",
    re.IGNORECASE,
)


def _kinds(sent: object) -> frozenset[str]:
    """Give what a range is said to be, by its codes, or else in its words; nothing where that is not said."""
    codes = {word(part(each, "code")) for each in many(part(sent, "coding"))} - {""}
    return frozenset(codes or {word(part(sent, "text") or sent)} - {""})


_SEXES = {
    **dict.fromkeys(("male", "males", "man", "men", "m", "248153007"), Sex.MALE),
    **dict.fromkeys(("female", "females", "woman", "women", "f", "248152002"), Sex.FEMALE),
}
"""HL7's administrative gender (also that of version 2), SNOMED CT's findings of the sexes, and plain words."""

_LETTERS_OF = ("0001", "gender", "sex")
"""What the systems are called in which M and F are sexes; elsewhere F may be fasting."""


def _population(sent: object) -> tuple[Sex | None, bool]:
    """Give the sex a range is for, and whether it is for some other group. Both sexes are no restriction."""
    sexes: set[Sex] = set()
    other = False
    for each in many(sent):
        sex, more = _group(each)
        sexes |= {sex} if sex else set()
        other = other or more
    return (sexes.pop() if len(sexes) == 1 else None), other


def _group(sent: object) -> tuple[Sex | None, bool]:
    """Read one group; words that say more than its code does leave it not understood."""
    words = normalised_name(text(part(sent, "text")) or text(sent)).removesuffix(" (finding)")
    codings = [each for each in many(part(sent, "coding")) if isinstance(each, dict)]
    told = {_SEXES.get(words), *map(_sex_of, codings)} - {None}
    known = len(told) == 1 and (not words or words in _SEXES)
    return (told.pop() if len(told) == 1 else None), not known


def _sex_of(coding: Json) -> Sex | None:
    system, code = text(coding.get("system")).casefold(), text(coding.get("code")).casefold()
    if len(code) == 1 and system and not any(each in system for each in _LETTERS_OF):
        return None
    return _SEXES.get(code)


_YEARS_IN = {
    **dict.fromkeys(("a", "y", "yr", "yrs", "year", "years"), Fraction(1)),
    **dict.fromkeys(("mo", "month", "months"), Fraction(1, 12)),
    **dict.fromkeys(("wk", "week", "weeks"), Fraction(7 * 4, 1461)),
    **dict.fromkeys(("d", "day", "days"), Fraction(4, 1461)),
}
"""Years in each unit of age; a year is 365.25 days, as in UCUM."""


def _ages(sent: object) -> tuple[Fraction | None, Fraction | None, bool]:
    """Give the ages in years from which and up to which a range holds, and whether they cannot be read.

    The last age counts whole, as ages are told: up to 64 years is until the 65th birthday.
    """
    if not sent:
        return None, None, False
    low, high = _age(part(sent, "low")), _age(part(sent, "high"))
    told = {name for name in ("low", "high") if part(sent, name)}
    start = low[0] * low[1] if low else None
    end = (high[0] // 1 + 1) * high[1] if high else None
    read = {name for name, found in (("low", low), ("high", high)) if found}
    if not told or read != told or (start is not None and end is not None and start >= end):
        return None, None, True
    return start, end, False


def _age(sent: object) -> tuple[Fraction, Fraction] | None:
    """Give an age as its number and the years in its unit."""
    number = exact(part(sent, "value"))
    units = (part(sent, "code"), part(sent, "unit"))
    unit = next((_YEARS_IN[name] for name in map(word, units) if name in _YEARS_IN), None)
    if number is None or number < 0 or unit is None or part(sent, "comparator"):
        return None
    return Fraction(number), unit


# ---------------------------------------------------------------------------------------------------------- in words
_NUMBER = r"(?:[0-9]{1,20}(?:\.[0-9]{1,20})?|\.[0-9]{1,20})"
_UNIT = r"(?:\s*(?P<unit>(?:[x×]\s?)?10[*^][^\s;,]+|[%A-Za-zµμ\[{(/][^\s;,]*(?:\sm[2²])?))?"
_CALLED = r"(?:(?:normal|reference|ref\.?)(?:\s+(?:range|values?|interval))?\s*:?\s*)?"
_BETWEEN = re.compile(
    rf"{_CALLED}[(\[]?\s*(?P<low>{_NUMBER})\s*(?:[-–—−]|to)\s*(?P<high>{_NUMBER})\s*[)\]]?{_UNIT}", re.IGNORECASE
)
_ONE_SIDED = re.compile(
    rf"{_CALLED}(?:(?P<below><=?|≤|up to|less than(?: or equal to)?|below|at most|no more than)"
    rf"|>=?|≥|(?:greater|more) than(?: or equal to)?|above|at least|from)\s*(?P<limit>{_NUMBER}){_UNIT}",
    re.IGNORECASE,
)
_SEX_LABEL = re.compile(
    r"(?<![A-Za-z0-9/.])(males?|men|man|m|females?|women|woman|f)(?![A-Za-z0-9²/])\s*[:=]?\s*", re.IGNORECASE
)
_NO_RESULT_UNITS = frozenset({"a", "y", "yr", "yrs", "year", "years", "mo", "month", "months", "days", "weeks"})


def _limits_in(words: str, units: tuple[str, ...]) -> list[_Limits]:
    """Read limits out of words: one range for all, or one for each sex; what is not plainly that gives none.

    A limit is the number itself, whether the words include it ("≤ 40") or not ("<40"): both put the limit of normal at
    40. A comma in a number is not read: it is twelve hundred here and one point two there.
    """
    if not words or len(words) > _MOST_WORDS:
        return []
    before, *parts = _SEX_LABEL.split(words)
    if not parts:
        found = _plain(words, units)
        return [found] if found else []
    if before.strip():
        return []
    told = [
        (_SEXES[label.casefold()], _plain(rest, units)) for label, rest in zip(parts[::2], parts[1::2], strict=True)
    ]
    if len({sex for sex, _ in told}) < len(told):
        return []
    return [_Limits(found.low, found.high, sex) for sex, found in told if found] if all(f for _, f in told) else []


def _plain(words: str, units: tuple[str, ...]) -> _Limits | None:
    words = words.strip(" \t\n;,|/.")
    match = _BETWEEN.fullmatch(words) or _ONE_SIDED.fullmatch(words)
    if match is None or normalised_name(match["unit"] or "") in _NO_RESULT_UNITS:
        return None
    spelled = (match["unit"],) if match["unit"] else units
    ends = match.groupdict()
    if ends.get("limit"):
        end = Quantity(Decimal(ends["limit"]), spelled)
        return _Limits(None, end) if ends["below"] else _Limits(end, None)
    low, high = Quantity(Decimal(ends["low"]), spelled), Quantity(Decimal(ends["high"]), spelled)
    return None if low.value > high.value else _Limits(low, high)
