"""Values computed from the chart's results: the newest one that each formula of a rule can give."""

from __future__ import annotations

from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

from cds.core.chart import Measurement, ResultStatus, Sex, Word
from cds.core.dates import PartialDate, age_on
from cds.core.derive import INPUT_UNITS, recipe, value_of
from cds.core.enclosures import hull
from cds.core.finding import Evidence
from cds.core.quantities import Bound, Interval, plain
from cds.core.recognise import Known
from cds.core.results import counts_on, newest_of, usable
from cds.core.scales import Derived, plausible_amount, scale_of
from cds.core.truth import Truth
from cds.core.vocabulary import Meaning

if TYPE_CHECKING:
    from cds.core.criteria import Measured
    from cds.core.derive import Recipe
    from cds.core.limits import Formula
    from cds.core.recognise import Case
    from cds.core.vocabulary import Vocabulary

COMPUTED = ", computed"
"""How the label of a computed value ends: what follows it in the evidence are its inputs."""
_Results = list[Known[Measurement]]


def computed(rule: Measured, case: Case) -> _Results:
    """Give the newest value of each of the rule's formulas, for whichever of its concepts has the formula's unit.

    An eGFR never comes out as a creatinine clearance: their units have nothing in common.
    """
    found: _Results = []
    for formula in rule.computed:
        concept = _concept(formula, rule, case.vocabulary)
        if concept is not None:
            found += _computed(formula, concept, case)
    return found


def lacking(rule: Measured, case: Case) -> tuple[str, ...]:
    """Name the measured concepts that the formulas lack: no result, none recent enough, or none that can be read."""
    concepts = dict.fromkeys(concept for formula in rule.computed for concept in recipe(formula).inputs)
    return tuple(each for each in concepts if not any(_given(known, each, case) for known in _newest(each, case)))


def lacks_birth(rule: Measured, case: Case) -> bool:
    """Say whether a formula takes an age that is not known."""
    unborn = _age(PartialDate.on(case.known_on), case) is None
    return unborn and any(recipe(formula).adult for formula in rule.computed)


def _concept(formula: Formula, rule: Measured, vocabulary: Vocabulary) -> str | None:
    unit = recipe(formula).unit
    known = [vocabulary.concepts[name] for name in rule.concepts if name in vocabulary.concepts]
    return next((each.id for each in known if each.scale is not None and unit in each.scale.factors), None)


def _computed(formula: Formula, concept: str, case: Case) -> _Results:
    """Work a formula out for each result of its leading input that may be the newest."""
    made = recipe(formula)
    if made.together:
        return _of_one_day(formula, concept, case)
    others = [_fresh(each, case) for each in made.inputs[1:]]
    found = (_value(formula, concept, [[leading], *others], case) for leading in _newest(made.inputs[0], case))
    return [known for known in found if known is not None]


def _of_one_day(formula: Formula, concept: str, case: Case) -> _Results:
    """Work out a formula whose inputs belong to one sample or one tracing, on the newest day that has them all."""
    leading, *others = recipe(formula).inputs
    every = {each: usable(case, (each,)) for each in others}
    for _, same in groupby(usable(case, (leading,)), key=lambda known: known.entry.date):
        rivals = list(same)
        with_them = [[known for known in every[each] if known.entry.date == rivals[0].entry.date] for each in others]
        values = [_value(formula, concept, [[each], *with_them], case) for each in rivals]
        known_values = [value for value in values if value is not None]
        if known_values:
            return known_values
    return []


def _newest(concept: str, case: Case) -> _Results:
    return newest_of(usable(case, (concept,)), case).newest


def _fresh(concept: str, case: Case) -> _Results:
    """Give the newest results of an input that still counts on the records' day by its own freshness, or none."""
    newest = _newest(concept, case)
    return newest if all(_still_counts(known, case) for known in newest) else []


def _still_counts(known: Known[Measurement], case: Case) -> bool:
    scale = scale_of(known, case)
    if scale is None or scale.freshness_days is None:
        return True
    date = known.entry.date
    return date is not None and counts_on(case.known_on, date, scale.freshness_days, case) is Truth.MET


def _given(known: Known[Measurement], concept: str, case: Case) -> bool:
    return _still_counts(known, case) and _amount(known, concept, case) is not None


def _amount(known: Known[Measurement], concept: str, case: Case) -> Interval | None:
    """Give a result of an input in the unit that the equations take, where it is sure what it is."""
    scale = scale_of(known, case)
    value = plausible_amount(known, case)
    unit = INPUT_UNITS[concept]
    if scale is None or unit not in scale.factors or not isinstance(value, Interval) or not known.meaning.counts:
        return None
    return _times(value, 1 / scale.factors[unit])


def _times(value: Interval, factor: Fraction) -> Interval:
    def scaled(end: Bound | None) -> Bound | None:
        return None if end is None else Bound(end.at * factor, end.inclusive)

    return Interval(scaled(value.low), scaled(value.high))


def _value(formula: Formula, concept: str, inputs: list[_Results], case: Case) -> Known[Measurement] | None:
    """Work a formula out on given results; several of one input are heard together, as any of them may be true."""
    made = recipe(formula)
    given: dict[str, Interval] = {}
    for name, results in zip(made.inputs, inputs, strict=True):
        amounts = [amount for known in results if (amount := _amount(known, name, case)) is not None]
        if not results or len(amounts) < len(results):
            return None
        given[name] = hull(amounts)
    (leading,), *rest = inputs
    date = leading.entry.date
    scale = scale_of(Known(leading.entry, Meaning(concept)), case)
    if date is None or scale is None:
        return None
    age = _age(date, case) if made.adult else None
    value = value_of(formula, given, age, _sexes(case))
    if value is None:
        return None
    others = tuple(known for results in rest for known in results)
    amount = _times(value, scale.factors[made.unit])
    return Known(_derived(made, concept, amount, (leading, others), age, case), Meaning(concept))


def _derived(
    made: Recipe,
    concept: str,
    amount: Interval,
    inputs: tuple[Known[Measurement], tuple[Known[Measurement], ...]],
    age: Interval | None,
    case: Case,
) -> Derived:
    leading, others = inputs
    scale = case.vocabulary.concepts[concept].scale
    unit = (scale.unit_display or scale.unit) if scale else ""
    early = any(known.entry.status is ResultStatus.PRELIMINARY for known in (leading, *others))
    said = any(known.entry.attested is not None for known in (leading, *others))
    return Derived(
        code=leading.entry.code,
        reference=leading.entry.reference,
        value=f"{shown(amount)} {unit}".rstrip(),
        date=leading.entry.date,
        status=ResultStatus.PRELIMINARY if early else ResultStatus.FINAL,
        ranges=leading.entry.ranges if made.same_range else (),
        attested=Word(concept) if said else None,
        amount=amount,
        said=f"{case.vocabulary.display(concept)} ({made.name}){COMPUTED}",
        leading=(leading,),
        others=others,
        person=() if age is None else (_person(age, leading.entry, case),),
    )


def _age(date: PartialDate, case: Case) -> Interval | None:
    """Give the completed years on the day of a result: the years that laboratories compute with."""
    born = case.chart.person.born
    if born is None or born.latest > case.known_on:
        return None
    fewest, _ = age_on(born, date.earliest)
    _, most = age_on(born, min(date.latest, case.known_on))
    return Interval(Bound(Fraction(fewest)), Bound(Fraction(most)))


def _sexes(case: Case) -> tuple[Sex, ...]:
    """Give the sexes an equation must be worked out for: both where the record does not say which."""
    sex = case.chart.person.sex
    return (sex,) if sex in {Sex.MALE, Sex.FEMALE} and sex is not None else (Sex.MALE, Sex.FEMALE)


def _person(age: Interval, leading: Measurement, case: Case) -> Evidence:
    sex = case.chart.person.sex
    told = sex.value if sex in {Sex.MALE, Sex.FEMALE} and sex is not None else "not known, worked out for both"
    return Evidence(case.chart.person.reference, "Age and sex", f"{shown(age)}, {told}", date=str(leading.date or ""))


def shown(amount: Interval) -> str:
    """Write a computed amount to four digits, for showing only; both ends where they differ."""
    low = "" if amount.low is None else _rounded(amount.low.at)
    high = "" if amount.high is None else _rounded(amount.high.at)
    if low and high:
        return low if low == high else f"{low} to {high}"
    if not low and not high:
        return "any value"
    return f"> {low}" if low else f"< {high}"


def _rounded(number: Fraction) -> str:
    return plain(Fraction(f"{float(number):.4g}"))
