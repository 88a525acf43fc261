"""Values computed from others: kidney function, neutrophils from a differential, corrected QT, body size, calcium.

What each formula is made from, in which units, and for whom it holds; the equations are in ``cds.core.equations``.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from cds.core import equations
from cds.core.enclosures import hull
from cds.core.limits import Formula
from cds.core.quantities import Bound, Interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cds.core.chart import Sex


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a value is computed: the equation's name, its inputs (the leading one first), and the unit it comes out in.

    ``adult`` formulas take age and sex and hold from 18 years on. ``together`` says that the inputs must be of one day:
    a differential without its own white cell count, a QT without its own heart rate or a calcium without the albumin it
    was bound to gives nothing. ``same_range`` says that the value is the leading input's own quantity, brought to other
    circumstances, so that the limits of normal sent with that result are its limits too. ``gives`` are the measured
    concepts that the value is a value of.
    """

    name: str
    inputs: tuple[str, ...]
    unit: str
    gives: frozenset[str]
    adult: bool = False
    together: bool = False
    same_range: bool = False


_PER_SURFACE = "mL/min/{1.73_m2}"


def _of(*concepts: str) -> frozenset[str]:
    return frozenset(concepts)


_RECIPES = {
    Formula.MDRD: Recipe("MDRD", ("creatinine",), _PER_SURFACE, _of("egfr-mdrd", "egfr-unspecified"), adult=True),
    Formula.CKD_EPI_2009: Recipe(
        "CKD-EPI 2009", ("creatinine",), _PER_SURFACE, _of("egfr-ckd-epi-2009", "egfr-unspecified"), adult=True
    ),
    Formula.CKD_EPI_2021: Recipe(
        "CKD-EPI 2021", ("creatinine",), _PER_SURFACE, _of("egfr-ckd-epi-2021", "egfr-unspecified"), adult=True
    ),
    Formula.COCKCROFT_GAULT_ACTUAL: Recipe(
        "Cockcroft-Gault, actual weight",
        ("creatinine", "body-weight"),
        "mL/min",
        _of("creatinine-clearance"),
        adult=True,
    ),
    Formula.COCKCROFT_GAULT_IDEAL: Recipe(
        "Cockcroft-Gault, ideal weight",
        ("creatinine", "body-height"),
        "mL/min",
        _of("creatinine-clearance"),
        adult=True,
    ),
    Formula.COCKCROFT_GAULT_ADJUSTED: Recipe(
        "Cockcroft-Gault, adjusted weight",
        ("creatinine", "body-weight", "body-height"),
        "mL/min",
        _of("creatinine-clearance"),
        adult=True,
    ),
    Formula.ANC_FROM_PERCENT: Recipe(
        "from white cells and percent",
        ("leukocytes", "neutrophil-percent"),
        "10*9/L",
        _of("absolute-neutrophil-count"),
        together=True,
    ),
    Formula.ANC_FROM_COUNTS: Recipe(
        "segmented and band forms",
        ("segmented-neutrophil-count", "band-neutrophil-count"),
        "10*9/L",
        _of("absolute-neutrophil-count"),
        together=True,
    ),
    Formula.QTC_FRIDERICIA: Recipe(
        "Fridericia", ("qt-interval", "heart-rate"), "ms", _of("qtc-fridericia", "qtc-unspecified"), together=True
    ),
    Formula.QTC_BAZETT: Recipe(
        "Bazett", ("qt-interval", "heart-rate"), "ms", _of("qtc-bazett", "qtc-unspecified"), together=True
    ),
    Formula.BMI: Recipe("weight and height", ("body-weight", "body-height"), "kg/m2", _of("bmi")),
    Formula.BSA_MOSTELLER: Recipe("Mosteller", ("body-weight", "body-height"), "m2", _of("body-surface-area")),
    Formula.BSA_DU_BOIS: Recipe("Du Bois", ("body-weight", "body-height"), "m2", _of("body-surface-area")),
    Formula.CORRECTED_CALCIUM: Recipe(
        "Payne", ("calcium-total", "albumin"), "mg/dL", _of("calcium-corrected"), together=True, same_range=True
    ),
}
INPUT_UNITS = {
    "creatinine": "mg/dL",
    "body-weight": "kg",
    "body-height": "cm",
    "leukocytes": "10*9/L",
    "neutrophil-percent": "%",
    "segmented-neutrophil-count": "10*9/L",
    "band-neutrophil-count": "10*9/L",
    "qt-interval": "ms",
    "heart-rate": "/min",
    "calcium-total": "mg/dL",
    "albumin": "g/dL",
}
"""The unit in which the equations take each measured concept."""

_MAY_BE_NOUGHT = {
    "leukocytes",
    "neutrophil-percent",
    "segmented-neutrophil-count",
    "band-neutrophil-count",
    "albumin",
}
_ADULT_YEARS, _MOST_YEARS = 18, 140
_WHOLE = Fraction(100)


def recipe(formula: Formula) -> Recipe:
    """Give what a formula is made from."""
    return _RECIPES[formula]


def inputs_of(formula: Formula) -> tuple[str, ...]:
    """Give the measured concepts a formula needs, the leading one first: a computed value is as old as that."""
    return _RECIPES[formula].inputs


def value_of(
    formula: Formula, given: Mapping[str, Interval], age: Interval | None, sexes: tuple[Sex, ...]
) -> Interval | None:
    """Work a formula out on inputs in the units of ``INPUT_UNITS``, for each sex the patient may be of.

    Nothing is given for a value that cannot be (a weight of nought, more than a hundred percent), for an age that is
    not known to be adult where the equation is one of adults, and for a height below what ideal weight is defined for.
    """
    made = _RECIPES[formula]
    sound = {concept: _sound(concept, given[concept]) for concept in made.inputs}
    inputs = {concept: value for concept, value in sound.items() if value is not None}
    if len(inputs) < len(sound):
        return None
    if not made.adult:
        return _of_anyone(formula, inputs)
    if age is None or not _is_adult(age):
        return None
    values = [_of_adult(formula, inputs, age, sex) for sex in sexes]
    known = [value for value in values if value is not None]
    return hull(known) if known and len(known) == len(values) else None


def _is_adult(age: Interval) -> bool:
    return age.low is not None and age.low.at >= _ADULT_YEARS and age.high is not None and age.high.at < _MOST_YEARS


def _sound(concept: str, value: Interval) -> Interval | None:
    """Cut off what no such quantity can be; give nothing where that leaves nothing."""
    nought = concept in _MAY_BE_NOUGHT
    low, high = value.low, value.high
    if high is not None and (high.at < 0 if nought else high.at <= 0):
        return None
    if low is None or low.at <= 0:
        low = low if low is not None and low.at == 0 and nought else Bound(Fraction(0)) if nought else None
    if concept == "neutrophil-percent":
        if low is not None and low.at > _WHOLE:
            return None
        high = Bound(_WHOLE) if high is None or high.at > _WHOLE else high
    return Interval(low, high)


def _of_adult(formula: Formula, given: Mapping[str, Interval], age: Interval, sex: Sex) -> Interval | None:
    creatinine = given["creatinine"]
    match formula:
        case Formula.MDRD:
            return equations.mdrd(creatinine, age, sex)
        case Formula.CKD_EPI_2009:
            return equations.ckd_epi_2009(creatinine, age, sex)
        case Formula.CKD_EPI_2021:
            return equations.ckd_epi_2021(creatinine, age, sex)
        case Formula.COCKCROFT_GAULT_ACTUAL:
            weight: Interval | None = given["body-weight"]
        case Formula.COCKCROFT_GAULT_IDEAL:
            weight = equations.ideal_weight(given["body-height"], sex)
        case _:
            weight = equations.adjusted_weight(given["body-weight"], given["body-height"], sex)
    return None if weight is None else equations.cockcroft_gault(creatinine, age, sex, weight)


_OF_ANYONE = {
    Formula.ANC_FROM_PERCENT: equations.anc_from_percent,
    Formula.ANC_FROM_COUNTS: equations.anc_from_counts,
    Formula.QTC_FRIDERICIA: equations.qtc_fridericia,
    Formula.QTC_BAZETT: equations.qtc_bazett,
    Formula.BMI: equations.bmi,
    Formula.BSA_MOSTELLER: equations.bsa_mosteller,
    Formula.BSA_DU_BOIS: equations.bsa_du_bois,
    Formula.CORRECTED_CALCIUM: equations.corrected_calcium,
}


def _of_anyone(formula: Formula, given: Mapping[str, Interval]) -> Interval:
    """Work out a formula that takes neither age nor sex; its two inputs stand in the recipe's order."""
    first, second = _RECIPES[formula].inputs
    return _OF_ANYONE[formula](given[first], given[second])
