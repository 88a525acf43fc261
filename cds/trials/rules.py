"""The YAML form of the criterion language: each rule is a mapping with one key, the rule's name.

``if``/``then``/``else`` is the one rule with three keys. A limit is written as a person would write it:
``100 10*9/L``, ``1.5 × ULN``, ``1 × LLN``; its number is read exactly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.chart import Sex
from cds.core.childbearing import CONDITIONS, PROCEDURES, cannot_conceive
from cds.core.criteria import (
    Age,
    AllergicTo,
    AllOf,
    AnyOf,
    Asked,
    Cycles,
    Diagnosis,
    Exposed,
    HasCondition,
    IfThen,
    Lines,
    Measured,
    Not,
    OtherMalignancy,
    PerformanceStatus,
    Progressed,
    Readings,
    Reason,
    Received,
    Rule,
    SexIs,
    Underwent,
    Undetectable,
    Vaccinated,
)
from cds.core.limits import Against, Clear, DailyDose, Formula, HalfLives, Limit, Spared, Whichever
from cds.trials.fields import Fields, Place, flag, items, number, one_of, whole, word, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    from cds.core.vocabulary import Vocabulary

_LIMIT = re.compile(r"(?P<number>-?[0-9.]+)\s*(?P<rest>.*)")
_MULTIPLE = re.compile(r"[×x*]\s*(ULN|LLN)")
_AGAINST = {"ULN": Against.ULN, "LLN": Against.LLN}
_SEXES = one_of({"male": Sex.MALE, "female": Sex.FEMALE})
_NONE: tuple[str, ...] = ()
_BRANCHES = ("if", "then", "else")
_HALF_LIVES = re.compile(r"(?P<count>[0-9]+) (?P<whichever>longer|shorter)")
_DOSE = re.compile(r"(?P<mg>[0-9.]+) mg (?P<scale>[a-z0-9-]+)")
_LIFETIME = re.compile(r"(?P<mg>[0-9.]+) mg/m2 (?P<scale>[a-z0-9-]+)")
_FORMULAS = one_of({formula.value: formula for formula in Formula})


@dataclass(frozen=True, slots=True)
class RuleReader:
    """Reads rules, and refuses concepts and units that the vocabulary does not hold."""

    vocabulary: Vocabulary

    def rule(self, value: object, place: Place) -> Rule:
        """Read one rule; raise :class:`~cds.errors.BadTrial` naming file, line, criterion and key."""
        fields = Fields.of(value, place)
        if fields.has("if"):
            condition, then, otherwise = (fields.need(key, self.rule) for key in _BRANCHES)
            fields.done()
            return IfThen(condition, then, otherwise)
        names = sorted(fields.block)
        if len(names) != 1:
            raise fields.place.fault(f"a rule has one key, not {', '.join(names) or 'none'}")
        reader = _RULES.get(names[0])
        if reader is None:
            raise fields.place.fault(f"there is no rule {names[0]!r}")
        inner = fields.raw(names[0])
        return reader(self, inner, fields.place.at(names[0], inner))

    def rules(self, value: object, place: Place) -> tuple[Rule, ...]:
        """Read a list of at least two rules."""
        found = tuple(self.rule(each, place) for each in items(value, place))
        if len(found) < 2:  # noqa: PLR2004 - one alone needs no joining
            raise place.fault("must join at least two rules")
        return found

    def concepts(self, value: object, place: Place) -> tuple[str, ...]:
        """Read a list of concept ids, none of them unknown."""
        names = words(value, place)
        if not names:
            raise place.fault("must name a concept")
        for name in names:
            if name not in self.vocabulary.concepts:
                raise place.fault(f"there is no concept {name!r}")
        if len(set(names)) != len(names):
            raise place.fault("names a concept twice")
        return names

    def concept(self, value: object, place: Place) -> tuple[str, ...]:
        """Read one concept id."""
        return self.concepts([word(value, place)], place)

    def limit(self, value: object, place: Place, concepts: tuple[str, ...], *, inclusive: bool) -> Limit:
        """Read one limit; a unit must be one that results of every concept can be compared in."""
        parts = _LIMIT.fullmatch(word(value, place))
        if parts is None:
            raise place.fault(f"not a limit: {value!r}")
        amount, rest = number(parts["number"], place), parts["rest"]
        multiple = _MULTIPLE.fullmatch(rest)
        if multiple is not None:
            return Limit(amount, "", _AGAINST[multiple[1]], inclusive)
        for name in concepts:
            scale = self.vocabulary.concepts[name].scale
            if scale is None:
                raise place.fault(f"{name} is not measured")
            if rest not in scale.factors:
                raise place.fault(f"{name} is not measured in {rest!r}")
        return Limit(amount, rest, Against.UNIT, inclusive)


def _age(_: RuleReader, value: object, place: Place) -> Rule:
    fields = Fields.of(value, place)
    low, high = _ends(fields)
    fields.done()
    return Age(low, high)


def _sex(_: RuleReader, value: object, place: Place) -> Rule:
    return SexIs(_SEXES(value, place))


def _diagnosis(reader: RuleReader, value: object, place: Place) -> Diagnosis:
    fields = Fields.of(value, place)
    histologies, sites, except_sites = (
        fields.read(key, reader.concepts, _NONE) for key in ("histology", "site", "except_site")
    )
    fields.done()
    if not histologies and not sites:
        raise place.fault("histology or site is missing")
    return Diagnosis(histologies, sites, except_sites)


def _condition(reader: RuleReader, value: object, place: Place) -> Rule:
    fields = Fields.of(value, place)
    rule = HasCondition(
        fields.need("of", reader.concepts),
        active=fields.read("active", flag, default=False),
        listed=fields.read("listed", flag, default=False),
        within_days=fields.read("within_days", whole, None),
        but_not=fields.read("but_not", reader.concepts, _NONE),
    )
    fields.done()
    return rule


def _measured(reader: RuleReader, value: object, place: Place) -> Rule:
    fields = Fields.of(value, place)
    if fields.has("concept") is fields.has("concepts"):
        raise place.fault("must have either concept or concepts")
    concepts = fields.read("concept", reader.concept, _NONE) or fields.read("concepts", reader.concepts, _NONE)

    def end(inclusive: str, strict: str) -> Limit | None:
        if fields.has(inclusive) and fields.has(strict):
            raise place.fault(f"has both {inclusive} and {strict}")
        key = inclusive if fields.has(inclusive) else strict
        return fields.read(
            key, lambda text, where: reader.limit(text, where, concepts, inclusive=key == inclusive), None
        )

    rule = Measured(
        concepts,
        end("at_least", "above"),
        end("at_most", "below"),
        within_days=fields.read("within_days", whole, None),
        computed=fields.read("computed", _formulas, ()),
        clear_of=fields.read("clear_of", lambda inner, where: _clear(reader, inner, where), None),
    )
    fields.done()
    if rule.low is None and rule.high is None:
        raise place.fault("a limit is missing: at_least, above, at_most or below")
    return rule


def _formulas(value: object, place: Place) -> tuple[Formula, ...]:
    return tuple(_FORMULAS(each, place) for each in items(value, place))


def _clear(reader: RuleReader, value: object, place: Place) -> Clear:
    fields = Fields.of(value, place)
    clear = Clear(fields.need("drugs", reader.concepts), fields.need("days", whole))
    fields.done()
    return clear


def _undetectable(reader: RuleReader, value: object, place: Place) -> Rule:
    fields = Fields.of(value, place)
    rule = Undetectable(fields.need("of", reader.concepts), fields.read("within_days", whole, None))
    fields.done()
    return rule


def _ecog(_: RuleReader, value: object, place: Place) -> Rule:
    fields = Fields.of(value, place)
    rule = PerformanceStatus(
        fields.need("at_most", whole), fields.read("at_least", whole, 0), fields.read("within_days", whole, None)
    )
    fields.done()
    return rule


def _exposed(reader: RuleReader, value: object, place: Place) -> Rule:
    fields = Fields.of(value, place)
    rule = Exposed(
        fields.need("to", reader.concepts),
        but_not=fields.read("but_not", reader.concepts, _NONE),
        ongoing=fields.read("ongoing", flag, default=False),
        within_days=fields.read("within_days", whole, None),
        half_lives=fields.read("half_lives", _half_lives, None),
        systemic=fields.read("systemic", flag, default=False),
        above=fields.read("above", lambda text, where: _daily_dose(reader, text, where), None),
        stable_days=fields.read("stable_days", whole, None),
    )
    fields.done()
    if rule.ongoing and rule.within_days is not None:
        raise place.fault("has both ongoing and within_days: the window holds what is ongoing")
    if rule.half_lives is not None and rule.within_days is None:
        raise place.fault("half_lives stand beside within_days")
    if rule.stable_days is not None and not rule.ongoing:
        raise place.fault("stable_days asks of what is ongoing")
    return rule


def _half_lives(value: object, place: Place) -> HalfLives:
    parts = _HALF_LIVES.fullmatch(word(value, place))
    if parts is None:
        raise place.fault(f"must be like '5 longer' or '5 shorter', not {value!r}")
    return HalfLives(int(parts["count"]), Whichever(parts["whichever"]))


def _daily_dose(reader: RuleReader, value: object, place: Place) -> DailyDose:
    mg, scale = _dose_of(reader, value, place, _DOSE, "10 mg prednisone")
    return DailyDose(scale, mg)


def _dose_of(
    reader: RuleReader, value: object, place: Place, form: re.Pattern[str], example: str
) -> tuple[Fraction, str]:
    parts = form.fullmatch(word(value, place))
    if parts is None:
        raise place.fault(f"must be like {example!r}, not {value!r}")
    if parts["scale"] not in reader.vocabulary.equivalents:
        raise place.fault(f"there is no scale of equivalent doses {parts['scale']!r}")
    return number(parts["mg"], place), parts["scale"]


def _received(reader: RuleReader, value: object, place: Place) -> Rule:
    fields = Fields.of(value, place)
    drugs = fields.need("of", reader.concepts)
    amount, scale = fields.need(
        "at_least", lambda text, where: _dose_of(reader, text, where, _LIFETIME, "450 mg/m2 doxorubicin")
    )
    fields.done()
    return Received(drugs, scale, amount)


def _ends(fields: Fields) -> tuple[int | None, int | None]:
    low, high = (fields.read(key, whole, None) for key in ("at_least", "at_most"))
    if low is None and high is None:
        raise fields.place.fault("at_least or at_most is missing")
    return low, high


def _lines(reader: RuleReader, value: object, place: Place) -> Rule:
    fields = Fields.of(value, place)
    drugs, but_not = fields.need("of", reader.concepts), fields.read("but_not", reader.concepts, _NONE)
    low, high = _ends(fields)
    since = fields.read("since", lambda inner, where: _diagnosis(reader, inner, where), None)
    fields.done()
    return Lines(drugs, but_not, low, high, since)


def _cycles(reader: RuleReader, value: object, place: Place) -> Rule:
    fields = Fields.of(value, place)
    drugs = fields.need("of", reader.concepts)
    low, high = _ends(fields)
    fields.done()
    return Cycles(drugs, low, high)


def _progressed(reader: RuleReader, value: object, place: Place) -> Rule:
    fields = Fields.of(value, place)
    rule = Progressed(fields.need("after", reader.concepts), fields.read("line", whole, None))
    fields.done()
    return rule


def _other_malignancy(reader: RuleReader, value: object, place: Place) -> Rule:
    fields = Fields.of(value, place)
    rule = OtherMalignancy(
        fields.need("than", lambda each, where: tuple(_diagnosis(reader, one, where) for one in items(each, where))),
        fields.read("spared", lambda each, where: tuple(_spared(reader, one, where) for one in items(each, where)), ()),
        fields.read("within_days", whole, None),
    )
    fields.done()
    return rule


def _spared(reader: RuleReader, value: object, place: Place) -> Spared:
    fields = Fields.of(value, place)
    spared = Spared(*(fields.read(key, reader.concepts, _NONE) for key in ("histology", "site", "behaviour")))
    fields.done()
    if spared == Spared():
        raise place.fault("histology, site or behaviour is missing")
    return spared


def _cannot_conceive(reader: RuleReader, value: object, place: Place) -> Rule:
    """Write out, from the age at which a protocol takes it for granted, who cannot become pregnant by the records."""
    fields = Fields.of(value, place)
    years = fields.need("from_age", whole)
    fields.done()
    reader.concepts([*CONDITIONS, *PROCEDURES], place)
    return cannot_conceive(years)


def _underwent(reader: RuleReader, value: object, place: Place) -> Rule:
    fields = Fields.of(value, place)
    rule = Underwent(fields.need("of", reader.concepts), fields.read("within_days", whole, None))
    fields.done()
    return rule


def _vaccinated(reader: RuleReader, value: object, place: Place) -> Rule:
    fields = Fields.of(value, place)
    rule = Vaccinated(fields.need("with", reader.concepts), fields.read("within_days", whole, None))
    fields.done()
    return rule


def _allergic(reader: RuleReader, value: object, place: Place) -> Rule:
    fields = Fields.of(value, place)
    rule = AllergicTo(fields.need("to", reader.concepts))
    fields.done()
    return rule


def asked(value: object, place: Place, reason: Reason) -> Asked:
    """Read a question, or text to review, which may not be blank."""
    text = word(value, place)
    if not text:
        raise place.fault("the question is blank")
    return Asked(text, reason)


_RULES: Mapping[str, Callable[[RuleReader, object, Place], Rule]] = {
    "age": _age,
    "sex": _sex,
    "diagnosis": _diagnosis,
    "condition": _condition,
    "measured": _measured,
    "undetectable": _undetectable,
    "ecog": _ecog,
    "exposed": _exposed,
    "received": _received,
    "lines": _lines,
    "cycles": _cycles,
    "progressed": _progressed,
    "other_malignancy": _other_malignancy,
    "cannot_conceive": _cannot_conceive,
    "underwent": _underwent,
    "vaccinated": _vaccinated,
    "allergic": _allergic,
    "all": lambda reader, value, place: AllOf(reader.rules(value, place)),
    "any": lambda reader, value, place: AnyOf(reader.rules(value, place)),
    "not": lambda reader, value, place: Not(reader.rule(value, place)),
    "readings": lambda reader, value, place: Readings(reader.rules(value, place)),
    "ask": lambda _, value, place: asked(value, place, Reason.JUDGEMENT),
    "review": lambda _, value, place: asked(value, place, Reason.NOT_COMPUTABLE),
}
