"""Limits as protocols write them: "≥ 1.5 × 10^9/L (1500/mm3)", "no more than 2.5 times the institutional ULN".

Each is found with its sign, number, unit and place. A unit that is not known here is none, and nothing is read then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from cds.core.limits import Against, Limit

__all__ = ["Bound", "bounds_in"]

_LOW = (
    r"greater (?:than )?or equal to|equal to or (?:greater|more|higher) than|(?:more|higher) than or equal to|"
    r"(?:at|equal to) or above|(?:more|higher|>) (?:than )?or equal to|> or =|at least|"
    r"(?:no|not) (?:less|lower) than|minimum(?: of)?|above or equal to"
)
_HIGH = (
    r"(?:at|equal to) or below|(?:lower|<) (?:than )?or equal to|< or =|"
    r"less (?:than )?or equal to|equal to or (?:less|lower) than|lower than or equal to|at most|"
    r"(?:no|not) (?:more|greater|higher) than|(?:not|does not|do not|must not|should not) exceed(?:ing)?|not above|"
    r"up to|maximum(?: of)?|below or equal to|within"
)
_ABOVE = r"greater than|more than|higher than|above|exceeding|exceeds?|over"
_BELOW = r"less than|lower than|below|under"
_SIGN = re.compile(
    rf"(?:(?P<low>{_LOW}|≥)|(?P<high>{_HIGH}|≤)|(?P<above>{_ABOVE}|>)|(?P<below>{_BELOW}|<))"
    r"(?: ?\([≥≤<>]\s{0,2}\))?\s{0,4}(?:(?:a |an )?(?:value |level |total |baseline )?of )?(?:to )?\s{0,2}",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d{1,3}(?:,\d{3}){1,2}(?:\.\d{1,3})?(?![\d,])|\d{1,2},\d(?!\d)|\d{1,7}(?:\.\d{1,4})?(?!,?\d)|\.\d{1,3}"
)
_POWER = re.compile(r" ?[x×X*·] ?10 ?(?:\^|e|E|\*{1,2})? ?\(?(?P<power>3|6|9|12|³|⁶|⁹|¹²)\)?(?!\d)")
_VOLUME = (
    r"(?:L|l|liters?|litres?|µL|μL|uL|ul|mcL|mcl|microliters?|microlitres?|micro liters?|micro ?L|"
    r"mm ?\^? ?3|mm ?³|mm\^?\(3\)|"
    r"cu(?:bic)? ?m(?:illi)?m(?:eters?|etres?)?|cmm)"
)
_COUNT = re.compile(
    rf" ?(?:cells|platelets|neutrophils|leukocytes|lymphocytes)?,? ?(?:/|per) ?(?P<volume>{_VOLUME})(?![\w^])"
)
_GIGA = re.compile(
    r" ?(?P<giga>K|G|Gi|thou|thousand)(?: cells)? ?(?:/|per) ?"
    r"(?P<volume>L|µL|μL|uL|mcL|mm3|mm\^3|mm³|cumm|microliters?)(?!\w)"
)
_WORD = (
    r"(?:grams?|milligrams?|micrograms?|nanograms?|micromoles?|millimoles?|nanomoles?|moles?|millilit(?:er|re)s?|"
    r"decilit(?:er|re)s?|lit(?:er|re)s?|minutes?|mins?|milliseconds?|millisec|msecs?|seconds?|secs?|kilograms?|"
    r"units?|hours?|hrs?|days?|beats|copies|cc|bpm|mm ?H[gG]|mmHg|percent|mEq|mIU|IU|mL|ml|ML|dL|dl|DL|mg|MG|"
    r"ug|µg|μg|mcg|ng|pg|"
    r"kg|Kg|KG|gm|gr|g|G|µmol|μmol|umol|mcmol|micromol|mmol|nmol|pmol|mol|uL|L|l|U|s|ms|h|%|°C|C|min|m ?2|"
    r"m ?\^ ?2|m²|"
    r"1\.73 ?m ?(?:2|²|\^ ?2|\^?\(2\))|1\.73|24 ?-? ?(?:h(?:ours?|rs?)?)|m|d)"
)
_UNIT = re.compile(rf" ?-?(?P<unit>{_WORD}(?: ?(?:/|per|p) ?(?:\({_WORD}\)|{_WORD})){{0,2}})(?![\w/^²]|\.\d)")
_RANGE_WORDS = (
    r"(?:(?:the |an? |its |their |our |each |one's )?(?:institution(?:al|'s|s)?|local|laborator(?:y|ies)|lab|"
    r"study site(?:'s)?|site|center's|corresponding|applicable|age-adjusted|age-specific|normal|reference)'?s? ){0,3}"
)
_UPPER = (
    r"(?:I?ULN|UNL|ULNR|ULRR?|upper limits? of (?:the )?(?:institutional |laboratory |local |reference |normal ){0,2}"
    r"(?:normal(?: ranges?| limits?| values?)?|range|reference ranges?|ULN)|upper limits? (?:normal|of reference)|"
    r"upper normal limits?|upper limits?(?= ?(?:[.;,)]|$))|normal upper limits?|upper normal values?)"
    r"(?: ?[(\[](?:I?ULN|UNL)(?:[)\]]|(?=[;,])))?(?: range)?"
    r"(?: for (?:age|the (?:institution|laboratory|lab)|age and (?:sex|gender)))?"
)
_LOWER = (
    r"(?:I?LLN|lower limits? of (?:the )?(?:institutional )?normal(?: range| limits?)?|"
    r"lower normal limits?)(?: ?\(LLN\))?"
)
_MULTIPLE = re.compile(
    rf"(?:(?P<times>\d{{1,2}}(?:[.,]\d{{1,2}})?)(?: ?-?(?:x|×|\*|times|-?fold)| ?(?:x|×) ?times)? ?(?:of )?)?"
    rf"(?:the )?{_RANGE_WORDS}(?:(?P<uln>{_UPPER})|(?P<lln>{_LOWER}))(?!\w)",
    re.IGNORECASE,
)
_OF_TIME = re.compile(
    r"(?: ?\(\d{1,3}\))?[ -]?(?:days?|weeks?|wks?|months?|years?|yrs?|hours?|minutes?|times|cm|mm(?! ?Hg)|"
    r"prior|lines?)\b",
    re.IGNORECASE,
)
_PRESSURE = re.compile(r"(?P<systolic>\d{2,3}) ?/ ?\d{2,3}(?![\d.])(?: ?mm ?Hg\b)?", re.IGNORECASE)
_BETTER = re.compile(r" ?or (?P<better>greater|more|higher|above|less|lower|below)\b(?! than\b)")
_OPENING = re.compile(
    r"\s?[\[(](?:or |i\.?e\.?,? ?|[=≥≤<>]|equivalent to |corresponding to |approximately |"
    r"~){0,3}\s?"
)
_CLOSING = re.compile(r"(?:(?:,| or|;) ?(?:≥|≤|<|>)? ?[\d.,]{1,9} ?[\w/µμ^×* ]{1,14})?[\])]")
_NAME_OF_UNIT = re.compile(rf"(?:{_WORD}(?: ?/ ?{_WORD}){{0,2}}|microliters?|mc[Ll])(?=[\])])")
_UNITS = {
    "g/dl": "g/dL", "gm/dl": "g/dL", "gr/dl": "g/dL", "g/l": "g/L", "mg/dl": "mg/dL", "mg/l": "mg/L",
    "umol/l": "umol/L", "mmol/l": "mmol/L", "nmol/l": "nmol/L", "pmol/l": "pmol/L", "meq/l": "meq/L",
    "ng/ml": "ng/mL", "ng/dl": "ng/dL", "ng/l": "ng/L", "pg/ml": "pg/mL", "ug/l": "ug/L", "ug/dl": "ug/dL",
    "ug/ml": "ug/mL",
    "u/l": "U/L", "iu/l": "[IU]/L", "u/ml": "U/mL", "iu/ml": "[IU]/mL", "miu/ml": "m[IU]/mL",
    "ml/min": "mL/min", "ml/m": "mL/min", "ml/min/1.73m2": "mL/min/{1.73_m2}", "ml/min/1.73": "mL/min/{1.73_m2}",
    "%": "%",
    "ms": "ms", "s": "s", "mmhg": "mm[Hg]", "kg": "kg", "kg/m2": "kg/m2", "bpm": "/min", "beats/min": "/min",
    "g/24h": "g/(24.h)", "g/d": "g/(24.h)", "mg/24h": "mg/(24.h)", "mg/mg": "mg/mg", "g/g": "g/g", "mg/g": "mg/g",
    "copies/ml": "{copies}/mL", "°c": "Cel",
}  # fmt: skip
_WORDS = (
    (re.compile(r"\bper\b|(?<=ml)p(?=min)"), "/"), (re.compile(r"\bcc\b"), "ml"),
    (re.compile(r"milligrams?"), "mg"), (re.compile(r"micrograms?|mcg|µg|μg"), "ug"), (re.compile(r"nanograms?"), "ng"),
    (re.compile(r"kilograms?"), "kg"), (re.compile(r"grams?"), "g"),
    (re.compile(r"micromoles?|µmol|μmol|mcmol|micromol"), "umol"),
    (re.compile(r"millimoles?"), "mmol"), (re.compile(r"nanomoles?"), "nmol"),
    (re.compile(r"millilit(?:er|re)s?"), "ml"),
    (re.compile(r"decilit(?:er|re)s?"), "dl"), (re.compile(r"lit(?:er|re)s?"), "l"),
    (re.compile(r"minutes?|mins\b"), "min"),
    (re.compile(r"milliseconds?|millisec|msecs?"), "ms"), (re.compile(r"seconds?|secs?"), "s"),
    (re.compile(r"units?"), "u"),
    (re.compile(r"hours?|hrs?"), "h"), (re.compile(r"days?"), "d"), (re.compile(r"percent"), "%"),
    (re.compile(r"[\s^()²-]"), lambda found: "2" if found[0] == "²" else ""),
)  # fmt: skip
_POWERS = {"³": 3, "⁶": 6, "⁹": 9, "¹²": 12}


@dataclass(frozen=True, slots=True)
class Bound:
    """One limit: which end, how strict, of what.

    ``units`` are the spellings to try: a blank one for a bare number, none for a unit that is not known.
    ``again`` is the number and the units in which brackets behind it say the same.
    """

    low: bool
    inclusive: bool
    value: Fraction
    against: Against
    units: tuple[str, ...]
    start: int
    end: int
    again: tuple[Fraction, tuple[str, ...]] | None = None

    def limit(self, units: frozenset[str]) -> Limit | None:
        """Give the limit in one of these units; nothing where it is in none of them."""
        if self.against is not Against.UNIT:
            return Limit(self.value, "", self.against, self.inclusive)
        for unit in self.units:
            if unit in units:
                return Limit(self.value, unit, Against.UNIT, self.inclusive)
        return None


def bounds_in(plain: str) -> Iterator[Bound]:
    """Give the limits of a sentence from left to right; brackets behind one say it again in other units."""
    behind = 0
    for sign in _SIGN.finditer(plain):
        if sign.start() >= behind and (told := _bound(plain, sign)) is not None:
            yield told
            behind = told.end


def _bound(plain: str, sign: re.Match[str]) -> Bound | None:
    low, inclusive = bool(sign["low"] or sign["above"]), bool(sign["low"] or sign["high"])
    if multiple := _MULTIPLE.match(plain, sign.end()):
        against = Against.ULN if multiple["uln"] else Against.LLN
        end = multiple.end()
        return Bound(low, inclusive, _number(multiple["times"] or "1"), against, (), sign.start(), end)
    number = _NUMBER.match(plain, sign.end())
    if pressure := _PRESSURE.match(plain, sign.end()):
        systolic = _number(pressure["systolic"])
        return Bound(low, inclusive, systolic, Against.UNIT, ("mm[Hg]",), sign.start(), pressure.end())
    if number is None or sign[0].casefold().startswith("within") or _OF_TIME.match(plain, number.end()):
        return None
    units, end = _unit_at(plain, number.end())
    if better := _BETTER.match(plain, end):
        if low is not (better["better"] in {"greater", "more", "higher", "above"}):
            return None
        end = better.end()
    end, again = _again(plain, end)
    return Bound(low, inclusive, _number(number[0]), Against.UNIT, units, sign.start(), end, again)


def _again(plain: str, end: int) -> tuple[int, tuple[Fraction, tuple[str, ...]] | None]:
    """Give where brackets end that say the limit again, and what they say; of anything else, where it would begin."""
    opening = _OPENING.match(plain, end)
    if opening is None:
        return end, None
    number = _NUMBER.match(plain, opening.end())
    units, inner = _unit_at(plain, number.end()) if number else ((), 0)
    if number is None and (name := _NAME_OF_UNIT.match(plain, opening.end())):
        inner = name.end()
    closing = _CLOSING.match(plain, inner) if inner else None
    if closing is None:
        return end, None
    return closing.end(), (_number(number[0]), units) if number else None


def _unit_at(plain: str, place: int) -> tuple[tuple[str, ...], int]:
    """Give the unit that stands at a place, in UCUM, and where it ends; none where there is none that is known."""
    if giga := _GIGA.match(plain, place):
        litre = giga["volume"].casefold().startswith("l")
        return (("10*9/L",) if litre is giga["giga"].startswith("G") else ()), giga.end()
    power = _POWER.match(plain, place)
    if count := _COUNT.match(plain, power.end() if power else place):
        volume = "L" if count["volume"].casefold().startswith("l") else "uL"
        return (f"10*{_exponent(power['power'])}/{volume}" if power else f"/{volume}",), count.end()
    if power is not None:
        return (), power.end()
    if unit := _UNIT.match(plain, place):
        known = _UNITS.get(_plain_unit(unit["unit"]))
        return ((known,) if known else ()), unit.end()
    return (() if _UNKNOWN_UNIT.match(plain, place) else ("",)), place


_UNKNOWN_UNIT = re.compile(r" ?(?:/|per\b|[x×*^] ?\d|[mb]illion\b|thousand\b)", re.IGNORECASE)
"""A unit that is not known: the number before it is no bare one."""


def _exponent(power: str) -> int:
    return _POWERS.get(power) or int(power)


def _number(text: str) -> Fraction:
    if re.fullmatch(r"\d{1,2},\d{1,2}", text):
        return Fraction(text.replace(",", "."))
    return Fraction(text.replace(",", ""))


def _plain_unit(text: str) -> str:
    told = text.casefold()
    for written, short in _WORDS:
        told = written.sub(short, told)
    return told.replace("24/h", "24h").replace("mm/hg", "mmhg")
