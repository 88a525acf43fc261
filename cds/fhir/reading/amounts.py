"""Numbers and quantities as senders write them: exact, with comparator and every spelling of the unit, or as words."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from cds.core.quantities import Comparator, Quantity
from cds.fhir.values import Json, word

_MOST_DIGITS = 40
_MOST_EXPONENT = 30
_SIGNS = {sign.value: sign for sign in Comparator} | {"≤": Comparator.AT_MOST, "≥": Comparator.AT_LEAST}
_NUMBER = re.compile(
    r"\s*(?P<sign><=|>=|<|>|=|≤|≥)?\s*(?P<number>[+-]?(?:[0-9]{1,60}(?:\.[0-9]{0,60})?|\.[0-9]{1,60})(?:[eE][+-]?[0-9]{1,3})?)"
    r"(?:\s*(?P<unit>[%A-Za-zµμ\[{(][^\s]*))?\s*"
)


def exact(value: object) -> Decimal | None:
    """Read a JSON number; nothing for what is not one and for numbers no laboratory sends.

    The guard (at most 40 digits, a magnitude between 10⁻³⁰ and 10³⁰) keeps later exact arithmetic small.
    """
    if value.__class__ is Decimal:
        number: Decimal = value
    elif value.__class__ is int:
        if value.bit_length() > 4 * _MOST_DIGITS:
            return None
        number = Decimal(value)
    elif value.__class__ is float:
        number = Decimal(repr(value))
    else:
        return None
    if not -_MOST_EXPONENT <= number.adjusted() <= _MOST_EXPONENT or not number.is_finite():
        return None
    return number if len(str(number)) <= _MOST_DIGITS + 5 else None


def measured(sent: str) -> Quantity | str:
    """Read a result sent as words: ``1.1``, ``<0.5``, ``>=100 mg/dL``; whatever is not plainly a number stays words.

    ``1,200`` stays words: it is twelve hundred here and one point two there.
    """
    match = _NUMBER.fullmatch(sent)
    number = exact(Decimal(match["number"])) if match else None
    if match is None or number is None:
        return sent.strip()[:200]
    return Quantity(number, (match["unit"],) if match["unit"] else (), _SIGNS[match["sign"] or "="])


@lru_cache(maxsize=2048)
def _spellings(code: str, unit: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in (code.strip(), unit.strip()) if each))


def _units_of(value: Json) -> tuple[str, ...]:
    """Give the spellings of a Quantity's unit, code before words."""
    code, unit = value.get("code"), value.get("unit")
    return _spellings(code if isinstance(code, str) else "", unit if isinstance(unit, str) else "")


def quantity(value: object) -> Quantity | str | None:
    """Read a Quantity; words where it holds no readable number, and nothing where it holds no value at all.

    A comparator that FHIR does not know (``~``) makes words of it: it must not pass for an exact value.
    """
    if not isinstance(value, dict):
        return measured(value) if isinstance(value, str) and value.strip() else _bare(value)
    sent, units, sign = value.get("value"), _units_of(value), value.get("comparator")
    number = exact(sent)
    if number is not None and sign is None:
        return Quantity(number, units)
    if sent is None or sent == "":
        return None
    return _odd_quantity(sent, units, word(sign) if sign is not None else "")


def _bare(value: object) -> Quantity | str | None:
    number = exact(value)
    if number is not None:
        return Quantity(number)
    return None if value is None or isinstance(value, str) else "(cannot be read)"


def _odd_quantity(sent: object, units: tuple[str, ...], sign: str) -> Quantity | str:
    """Join a number sent as words, or with a comparator, with its unit."""
    inner = measured(sent) if isinstance(sent, str) else _bare(sent)
    if not isinstance(inner, Quantity):
        return " ".join(each for each in (sign, inner or "(cannot be read)", *units[-1:]) if each)
    told = _SIGNS.get(sign or "=")
    if told is None or (inner.comparator is not Comparator.EXACTLY and sign and told is not inner.comparator):
        return " ".join(each for each in (sign, str(inner), *units[-1:]) if each)
    comparator = inner.comparator if told is Comparator.EXACTLY else told
    return Quantity(inner.value, tuple(dict.fromkeys((*units, *inner.units))), comparator)
