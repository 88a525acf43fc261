"""Factors of units: there and back without loss, and the same as UCUM's where a laboratory's spelling is UCUM's.

UCUM is read by ucumvert into units of pint. Most spellings of laboratories are none of UCUM's and are passed over;
those that UCUM reads as something else stand in ``ANOTHER_MEANING`` with the reason.
"""

import re
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pint import Quantity as Amount
from ucumvert import PintUcumRegistry

from cds.core.chart import Measurement
from cds.core.codes import Coded
from cds.core.finding import Cause
from cds.core.limits import Limit
from cds.core.quantities import Interval, Quantity
from cds.core.scales import amount_of
from cds.terms.concepts import exact
from cds.terms.tables import Tables
from cds.trials.walk import canonical
from tests.shipped import vocabulary as real

ANOTHER_MEANING = [
    ("", r"K/.*", "K is kelvin; laboratories write it for thousand"),
    ("", r"Gm?/[^G].*", "G is gauss and Gm a gigametre; laboratories write them for gram, and G/L for 10*9/L"),
    ("", r"M[Gg]/[^M].*", "Mg is a megagram and MG a megagauss; laboratories write them for milligram"),
    ("", r"Ml/.*", "Ml is a megalitre; laboratories write it for millilitre"),
    ("", r"g%|mg%", "a gram times a hundredth; laboratories mean per 100 mL"),
    ("", r"PG(/ML)?", "PG is a petagauss; laboratories write it for picogram"),
    ("calcium", r"m?[Ee]q/.*", "UCUM leaves out the charge: a mole of calcium is two equivalents"),
    ("calcium-ions", r"m?[Ee]q/.*", "UCUM leaves out the charge: a mole of calcium is two equivalents"),
    ("magnesium", r"m?[Ee]q/.*", "UCUM leaves out the charge: a mole of magnesium is two equivalents"),
    ("body-length", r"ft", "a femtotonne"),
    ("temperature", r"C", "a coulomb"),
    ("milliseconds", r"MS", "a megasiemens"),
    ("enzyme", r"u/.*", "a dalton"),
    (
        "enzyme",
        r"[\[{]i?I?U[\]}]/.*",
        "UCUM compares arbitrary units with nothing; of enzymes, the international unit is U",
    ),
    ("hormone-units", r"m?U/.*", "U is the unit of enzymes; of hormones, it is short for the international unit"),
    ("micro-units", r"[mu]U/.*", "U is the unit of enzymes; of hormones, it is short for the international unit"),
    ("red-cell-count", r"(T|m|Mil)/.*", "T is tesla and m a metre; laboratories write them for 10*12 and for million"),
    ("tumour-marker-units", r"(\[arb'U\]|u)/mL", "the unit of the assay; UCUM compares arbitrary units with nothing"),
    (
        "gfr-normalised",
        r"[^{]*1\.73.*",
        "the point multiplies, and a body surface divides; the unit is clearance as if of 1.73 m²",
    ),
    ("protein-per-day", r"m?g/(24\.h|\{24\.h\})", "without brackets, g/24.h is a 24th of a gram times an hour"),
]
"""Quantity (blank for all), spellings, and what UCUM makes of them."""
MOLAR_MASS = {
    "albumin-per-creatinine": "113.118",
    "ammonia": "17.0305",
    "bilirubin": "584.662",
    "calcidiol": "400.63706",
    "calcium": "40.08",
    "calcium-ions": "40.08",
    "cholesterol": "386.6535",
    "cobalamin": "1355.4",
    "cortisol": "362.4599",
    "creatinine": "113.118",
    "folate": "441.4",
    "free-thyroxine": "776.93",
    "free-triiodothyronine": "650.9735",
    "glucose": "180.2",
    "hiaa-per-day": "191.1834",
    "hiaa-plasma": "191.1834",
    "iron": "55.845",
    "magnesium": "24.3",
    "metanephrine": "197.231",
    "normetanephrine": "183.2044",
    "oestradiol": "272.382",
    "phosphate": "30.974",
    "progesterone": "314.4617",
    "protein-per-creatinine": "113.118",
    "testosterone": "288.4244",
    "total-thyroxine": "776.93",
    "total-triiodothyronine": "650.9735",
    "triglyceride": "885.7",
    "urate": "168.1114",
    "urea": "60.0553",
}
"""Grams a mole, of what is given both by mass and by substance: LHNCBC, masses of LOINC components. It has none for
cobalamin; phosphate is told as phosphorus, triglycerides by a mean, and metanephrine as normetanephrine with CH2."""


@cache
def ucum() -> PintUcumRegistry:
    return PintUcumRegistry()


@cache
def amount(unit: str) -> "Amount[float] | None":
    """Read one of a unit as UCUM does, in base units; none where UCUM has no such unit, or only annotations."""
    if not re.sub(r"\{[^}]*\}|[/.\s]", "", unit):
        return None
    try:
        return cast("Amount[float]", ucum().from_ucum(unit).to_base_units())
    except Exception:  # noqa: BLE001 - the parser has no one error for what it cannot read
        return None


def another_meaning(quantity: str, unit: str) -> str:
    """Tell what UCUM takes a spelling for that laboratories mean otherwise; blank where they agree."""
    told = (why for of, spelling, why in ANOTHER_MEANING if of in {"", quantity} and re.fullmatch(spelling, unit))
    return next(told, "")


def ratio(quantity: str, unit: str, into: str) -> float | None:
    """Give the factor between two units by UCUM, across the molar mass where one is mass and the other substance."""
    one, other = amount(unit), amount(into)
    if one is None or other is None:
        return None
    factor = one / other
    mass = float(MOLAR_MASS.get(quantity, "nan")) / 1000
    if factor.dimensionality == {"[substance]": 1, "[mass]": -1}:
        return float(factor.magnitude) * mass
    if factor.dimensionality == {"[substance]": -1, "[mass]": 1}:
        return float(factor.magnitude) / mass
    return float(factor.magnitude) if factor.dimensionless else float("nan")


@pytest.fixture(scope="module")
def units(tables: Tables) -> list[tuple[str, str, str, Fraction]]:
    """Every row of the units that UCUM can read: quantity, unit, canonical unit, factor."""
    policies = (policy for policies in tables.concepts.values() for policy in policies)
    into = {policy.text("quantity"): policy.text("unit") for policy in policies if policy.text("quantity")}
    rows = [row for row in tables.units if row["quantity"] in into and " above " not in row["factor"]]
    return [(row["quantity"], row["unit"], into[row["quantity"]], exact(row["factor"], row.place)) for row in rows]


def test_factors_are_those_of_ucum(units: list[tuple[str, str, str, Fraction]]) -> None:
    compared, wrong = 0, []
    for quantity, unit, into, factor in units:
        by_ucum = ratio(quantity, unit, into)
        if by_ucum is None or another_meaning(quantity, unit):
            continue
        compared += 1
        if by_ucum != pytest.approx(float(factor), rel=1e-8):
            wrong.append(f"{quantity}: {unit} into {into}: {float(factor)} here, {by_ucum} by UCUM")
    assert wrong == []
    assert compared > 100


def test_a_spelling_that_is_excused_means_something_else_to_ucum(units: list[tuple[str, str, str, Fraction]]) -> None:
    excused = [row for row in units if another_meaning(*row[:2]) and ratio(*row[:3]) is not None]
    agreeing = [
        unit
        for quantity, unit, into, factor in excused
        if ratio(quantity, unit, into) == pytest.approx(float(factor), rel=1e-8)
    ]
    assert agreeing == []
    assert {why for *_, why in ANOTHER_MEANING} == {another_meaning(*row[:2]) for row in excused}


@cache
def scaled() -> list[tuple[str, str]]:
    concepts = real().concepts.values()
    return [(concept.id, unit) for concept in concepts if concept.scale for unit in concept.scale.factors]


@given(st.sampled_from(scaled()), st.decimals(0, 10**6, places=3))
def test_a_value_goes_into_the_canonical_unit_and_back_without_loss(pair: tuple[str, str], value: Decimal) -> None:
    (name, unit), vocabulary = pair, real()
    scale = vocabulary.concepts[name].scale
    assert scale is not None
    amount_here = amount_of(Measurement(Coded(), "Observation/1", Quantity(value, (unit,))), scale)
    assert isinstance(amount_here, Interval)
    assert amount_here.low is not None
    assert amount_here == Interval.exactly(canonical(Limit(Fraction(value), unit), name, vocabulary))
    for other, factor in scale.factors.items():
        assert canonical(Limit(amount_here.low.at / factor, other), name, vocabulary) == amount_here.low.at
    assert amount_here.low.at / scale.factors[unit] == Fraction(value)


def celsius(value: Decimal, *units: str) -> Interval | Cause:
    scale = real().concepts["body-temperature"].scale
    assert scale is not None
    return amount_of(Measurement(Coded(), "Observation/1", Quantity(value, units)), scale)


@pytest.mark.parametrize(("fahrenheit", "exactly"), [("98.6", "37"), ("32", "0"), ("100.4", "38"), ("-40", "-40")])
@pytest.mark.parametrize("units", [("[degF]", "°F"), ("degF",), ("deg  F",), ("F",), ("[degF]", "C")])
def test_fahrenheit_is_counted_from_32_first(fahrenheit: str, exactly: str, units: tuple[str, ...]) -> None:
    assert celsius(Decimal(fahrenheit), *units) == Interval.exactly(Fraction(exactly))


@given(st.decimals(80, 115, places=2))
def test_fahrenheit_agrees_with_ucum(value: Decimal) -> None:
    by_ucum = ucum().Quantity(float(value), ucum().from_ucum("[degF]").units).to("degC").magnitude
    found = celsius(value, "[degF]")
    assert isinstance(found, Interval)
    assert found.low is not None
    assert float(found.low.at) == pytest.approx(by_ucum, rel=1e-9)


def test_a_limit_is_never_read_in_fahrenheit() -> None:
    """A limit has only a factor; 100.4 °F as a factor alone would be 55.8 °C."""
    scale = real().concepts["body-temperature"].scale
    assert scale is not None
    assert not scale.factors.keys() & scale.shifted.keys()
    assert "[degF]" not in scale.factors
