"""What of a sentence names something measured: results of the laboratory, vital signs, the heart's function."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from cds.core.criteria import AllOf, AnyOf, Asked, Measured, Readings, Reason, Rule
from cds.core.limits import Against, Formula, Limit
from cds.core.vocabulary import ConceptKind, Scale
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.bounds import Bound
from cds.trials.text.reading import Part

__all__ = ["Mention", "iter_concepts", "measured", "mentions_in"]

EGFR, CLEARANCE, CLEARANCE_BSA = "egfr-unspecified", "creatinine-clearance", "creatinine-clearance-bsa"
_EGFRS = (CLEARANCE_BSA, EGFR, "egfr-mdrd", "egfr-ckd-epi-2009", "egfr-ckd-epi-2021", "egfr-cystatin-c")
_PER_SURFACE, _PER_MINUTE = "mL/min/{1.73_m2}", "mL/min"


@dataclass(frozen=True, slots=True)
class Mention:
    """Something measured that a sentence names: the concepts that are all meant, and its place in the text."""

    concepts: tuple[str, ...]
    start: int
    end: int


_SPECIAL = (
    (
        re.compile(
            r"\b(?:[Ee]stimated |[Cc]alculated |"
            r"[Mm]easured )?(?:[Gg]lomerular [Ff]iltration [Rr]ate(?: ?\(e?GFR\))?|e-?GFR|GFR)\b"
        ),
        (EGFR,),
    ),
    (
        re.compile(
            r"(?<!aspartate )(?<!alanine )(?<!pyruvic )(?<!pyruvate )(?<!oxaloacetic )(?<!oxaloacetate "
            r")(?<!glutamyl )"
            r"\b(?:serum |liver |hepatic )?(?:transaminases|aminotransferases)\b(?: ?\((?:AST(?: ?(?:/|and|"
            r"or|,|&) ?)ALT|ALT(?: ?(?:/|and|or|,|&) ?)AST)\))?",
            re.IGNORECASE,
        ),
        ("ast", "alt"),
    ),
    (
        re.compile(r"\b[Bb]lood [Pp]ressure(?: ?\(BP\))?(?=[^.;]{0,60}\d{2,3} ?/ ?\d{2,3})"),
        ("systolic-blood-pressure",),
    ),
)


def mentions_in(part: Part, lexicon: Lexicon) -> tuple[Mention, ...]:
    """Give what a sentence names of what is measured in numbers, from left to right."""
    found = [Mention(concepts, *match.span()) for form, concepts in _SPECIAL for match in form.finditer(part.plain)]
    for named in part.names:
        concepts = tuple(each for each in named.concepts if _is_measured(each, lexicon))
        start, end = part.tokens[named.first].start, part.tokens[named.behind - 1].end
        apart = all(end <= each.start or start >= each.end for each in found)
        if len(concepts) == 1 and apart and not _OF_ANOTHER.search(part.plain[max(0, start - 40) : start]):
            found.append(Mention(_by_formula(concepts, part.plain), start, end))
    if any(each.concepts[0].startswith("qtc-") for each in found):
        # "QT interval (QTcF)" is one thing, and the corrected one is meant.
        found = [each for each in found if each.concepts != ("qt-interval",)]
    return tuple(sorted(found, key=lambda each: each.start))


_OF_ANOTHER = re.compile(
    r"(?:(?:corrected|adjusted|correction|adjustment) for (?:the |serum |resting )?|"
    r"pulmonary (?:artery|arterial|capillary|venous) (?:mean )?|partial )$",
    re.IGNORECASE,
)
"""What makes of a name that follows the name of another thing: calcium corrected for albumin is no albumin."""


def _is_measured(concept: str, lexicon: Lexicon) -> bool:
    known = lexicon.vocabulary.concepts[concept]
    in_numbers = known.scale is not None and not known.scale.unit.startswith(
        ("{presence", "{score", "{status", "{grade")
    )
    return known.kind is ConceptKind.MEASUREMENT and in_numbers


def _by_formula(concepts: tuple[str, ...], plain: str) -> tuple[str, ...]:
    """Give QTc by the formula that the sentence names."""
    if concepts == ("qtc-unspecified",):
        if re.search(r"\bFri?e?deri[ck]i?a|QTcF", plain, re.IGNORECASE):
            return ("qtc-fridericia",)
        if re.search(r"\bBazett|QTcB", plain, re.IGNORECASE):
            return ("qtc-bazett",)
    return concepts


_COUNTS = ("absolute-neutrophil-count", "platelets", "leukocytes", "lymphocyte-count", "eosinophil-count")
_BARE = {
    **dict.fromkeys(_COUNTS, (Fraction(500), Fraction(2_000_000), "/uL")),
    "haemoglobin": (Fraction(5), Fraction(16), "g/dL"),
    "bmi": (Fraction(10), Fraction(60), "kg/m2"),
    "lvef": (Fraction(20), Fraction(80), "%"),
    "qtc-fridericia": (Fraction(300), Fraction(600), "ms"),
    "qtc-unspecified": (Fraction(300), Fraction(600), "ms"),
    "systolic-blood-pressure": (Fraction(60), Fraction(260), "mm[Hg]"),
    "diastolic-blood-pressure": (Fraction(30), Fraction(160), "mm[Hg]"),
    "oxygen-saturation": (Fraction(80), Fraction(100), "%"),
}
"""Between which bare numbers a limit without a unit is in this one, because it can be in no other."""
_SANE = {
    "absolute-neutrophil-count": (Fraction(1, 10), Fraction(20)),
    "platelets": (Fraction(5), Fraction(1500)),
    "leukocytes": (Fraction(1, 2), Fraction(200)),
    "lymphocyte-count": (Fraction(1, 20), Fraction(100)),
    "haemoglobin": (Fraction(4), Fraction(20)),
    "creatinine": (Fraction(3, 10), Fraction(10)),
    "bilirubin-total": (Fraction(1, 5), Fraction(20)),
    "albumin": (Fraction(10), Fraction(60)),
    "potassium": (Fraction(2), Fraction(8)),
    "creatinine-clearance": (Fraction(5), Fraction(150)),
    "inr": (Fraction(4, 5), Fraction(5)),
    "aptt": (Fraction(20), Fraction(150)),
    "prothrombin-time": (Fraction(9), Fraction(60)),
}
"""Between which values, in the concept's own unit, a limit is one: beyond, the record has lost a power or a unit."""
_MOST_TIMES = 20


def measured(concept: str, low: Bound | None, high: Bound | None, lexicon: Lexicon, plain: str) -> Rule | None:
    """Give the rule that a result lies within these limits; nothing where a limit cannot be one of this concept."""
    if concept in {EGFR, CLEARANCE}:
        return _renal(concept, low, high, plain)
    if concept == "systolic-blood-pressure" and any(_pair(each, plain) for each in (low, high)):
        return _pressures(low, high, plain)
    least, most = (None if each is None else _limit(concept, each, lexicon) for each in (low, high))
    if (least is None) is not (low is None) or (most is None) is not (high is None):
        return None
    if concept.startswith("oxygen-saturation"):
        return _saturation(least, most, plain)
    if concept == "qtc-unspecified":
        return Readings(tuple(Measured(_QTCS, least, most, computed=(each,)) for each in _QTC_FORMULAS))
    return Measured((concept,), least, most, computed=_COMPUTED.get(concept, ()))


def _saturation(least: Limit | None, most: Limit | None, plain: str) -> Rule:
    """Give the rule for a saturation; where it must be on room air, one above a limit has to be told so."""
    rule = Measured((_SATURATION, _ON_ROOM_AIR), least, most)
    if least is None or not re.search(r"\b(?:room|ambient) air\b", plain, re.IGNORECASE):
        return rule
    asked = Asked("Was the oxygen saturation measured on room air?", Reason.NOT_COMPUTABLE)
    return AllOf((rule, AnyOf((Measured((_ON_ROOM_AIR,), least, most), asked))))


_SATURATION, _ON_ROOM_AIR = "oxygen-saturation", "oxygen-saturation-room-air"
_QTCS = ("qtc-fridericia", "qtc-bazett", "qtc-unspecified")
_QTC_FORMULAS = (Formula.QTC_FRIDERICIA, Formula.QTC_BAZETT)
_COMPUTED = {
    "absolute-neutrophil-count": (Formula.ANC_FROM_PERCENT, Formula.ANC_FROM_COUNTS),
    "qtc-fridericia": (Formula.QTC_FRIDERICIA,),
    "qtc-bazett": (Formula.QTC_BAZETT,),
    "bmi": (Formula.BMI,),
    "calcium-corrected": (Formula.CORRECTED_CALCIUM,),
}
"""What is worked out where it is not reported, as the curated trials have it."""


def _limit(concept: str, bound: Bound, lexicon: Lexicon) -> Limit | None:
    scale = lexicon.vocabulary.concepts[concept].scale
    if scale is None:
        return None
    if bound.against is not Against.UNIT:
        sane = 0 < bound.value <= _MOST_TIMES and scale.quantifiable_from is None
        return bound.limit(frozenset()) if sane else None
    limit = bound.limit(frozenset(scale.factors))
    if limit is not None and not _agrees(limit, bound, scale):
        return None
    if bound.units == ("",) and concept in _BARE and "" not in scale.factors:
        least, most, unit = _BARE[concept]
        limit = Limit(bound.value, unit, Against.UNIT, bound.inclusive) if least <= bound.value <= most else None
    if limit is None or concept not in _SANE:
        return limit
    least, most = _SANE[concept]
    return limit if least <= limit.value * scale.factors[limit.unit] <= most else None


def _agrees(limit: Limit, bound: Bound, scale: Scale) -> bool:
    """Say whether brackets behind a limit say the same; what they say in no unit of the concept does not count."""
    if bound.again is None:
        return True
    number, units = bound.again
    told = [number * scale.factors[unit] for unit in units if unit in scale.factors]
    meant = limit.value * scale.factors[limit.unit]
    return not told or abs(told[0] - meant) <= _ROUNDED * meant


_ROUNDED = Fraction(6, 100)
"""By how much a limit may differ from itself in other units, for having been rounded in them."""


def _renal(concept: str, low: Bound | None, high: Bound | None, plain: str) -> Rule | None:
    """Give the rule for a clearance or a filtration rate, computed where it is not reported, by the equation named."""
    bound = low or high
    if bound is None or (low is not None and high is not None) or bound.against is not Against.UNIT:
        return None
    if bound.units not in {(_PER_SURFACE,), (_PER_MINUTE,)}:
        return None
    per_surface = bound.units == (_PER_SURFACE,)
    if (
        concept == EGFR
        and re.search(r"\bGault\b", plain, re.IGNORECASE)
        and not (_MDRD.search(plain) or _CKD_EPI.search(plain))
    ):
        concept = CLEARANCE
    if concept == CLEARANCE and not per_surface:
        if _MDRD.search(plain) or _CKD_EPI.search(plain):
            return None
        formulas = _weights(plain)
        names: tuple[str, ...] = (CLEARANCE,)
    elif concept == CLEARANCE and not (_MDRD.search(plain) or _CKD_EPI.search(plain)):
        formulas, names = [()], (CLEARANCE_BSA,)
    else:
        return _filtration(bound, plain)
    limit = Limit(bound.value, bound.units[0], Against.UNIT, bound.inclusive)
    least, most = (limit, None) if bound.low else (None, limit)
    rules = tuple(Measured(names, least, most, computed=each) for each in formulas)
    return rules[0] if len(rules) == 1 else Readings(rules)


def _weights(plain: str) -> list[tuple[Formula, ...]]:
    """Give Cockcroft and Gault by the weight named; by two that must agree where nothing is."""
    for word, formula in _WEIGHTS:
        if word.search(plain):
            return [(formula,)]
    if re.search(r"\bGault\b", plain, re.IGNORECASE):
        return [(Formula.COCKCROFT_GAULT_ACTUAL,)]
    return [(Formula.COCKCROFT_GAULT_ACTUAL,), (Formula.COCKCROFT_GAULT_IDEAL,)]


_WEIGHTS = (
    (re.compile(r"\bactual (?:body )?weight", re.IGNORECASE), Formula.COCKCROFT_GAULT_ACTUAL),
    (re.compile(r"\bideal (?:body )?weight", re.IGNORECASE), Formula.COCKCROFT_GAULT_IDEAL),
    (re.compile(r"\badjusted (?:body )?weight", re.IGNORECASE), Formula.COCKCROFT_GAULT_ADJUSTED),
)


def _filtration(bound: Bound, plain: str) -> Rule:
    """Give the rule for a filtration rate, told per 1.73 m²; where an equation is named it must be the one."""
    limit = Limit(bound.value, _PER_SURFACE, Against.UNIT, bound.inclusive)
    least, most = (limit, None) if bound.low else (None, limit)
    rules = tuple(Measured(names, least, most, computed=(formula,)) for names, formula in _equations(plain))
    return rules[0] if len(rules) == 1 else Readings(rules)


_MDRD = re.compile(r"\bMDRD\b|Modification of (?:the )?Diet", re.IGNORECASE)
_CKD_EPI = re.compile(r"\bCKD[- ]?EPI\b|Chronic Kidney Disease[- ]Epidemiology", re.IGNORECASE)
_OF_EQUATION = {
    Formula.MDRD: ("egfr-mdrd",),
    Formula.CKD_EPI_2009: ("egfr-ckd-epi-2009",),
    Formula.CKD_EPI_2021: ("egfr-ckd-epi-2021",),
}


def _equations(plain: str) -> list[tuple[tuple[str, ...], Formula]]:
    """Give what counts under which equation: those that are named alone, or any of them where none is."""
    named = [Formula.MDRD] if _MDRD.search(plain) else []
    if _CKD_EPI.search(plain):
        named += [Formula.CKD_EPI_2021, *([] if "2021" in plain else [Formula.CKD_EPI_2009])]
    if named:
        return [(_OF_EQUATION[each], each) for each in named]
    return [(_EGFRS, each) for each in (Formula.CKD_EPI_2021, Formula.CKD_EPI_2009, Formula.MDRD)]


_BOTH_PRESSURES = re.compile(r"(?P<systolic>\d{2,3}) ?/ ?(?P<diastolic>\d{2,3})(?![\d.])")


def _pair(bound: Bound | None, plain: str) -> re.Match[str] | None:
    """Give both pressures of a limit that is told of the two."""
    told = _BOTH_PRESSURES.search(plain, bound.start, bound.end) if bound else None
    return told if bound is not None and told and Fraction(told["systolic"]) == bound.value else None


def _pressures(low: Bound | None, high: Bound | None, plain: str) -> Rule | None:
    """Give the rule of a limit of both pressures; nothing where both ends of a range are told."""
    bound = low or high
    told = _pair(bound, plain)
    if bound is None or told is None or (low is not None and high is not None):
        return None
    rules = []
    for name in ("systolic", "diastolic"):
        limit = Limit(Fraction(told[name]), "mm[Hg]", Against.UNIT, bound.inclusive)
        rules.append(Measured((f"{name}-blood-pressure",), *((limit, None) if bound.low else (None, limit))))
    return AnyOf(tuple(rules)) if bound.low else AllOf(tuple(rules))


def iter_concepts(mentions: tuple[Mention, ...]) -> Iterator[str]:
    """Give every concept that is named, once, in order."""
    yield from dict.fromkeys(concept for each in mentions for concept in each.concepts)
