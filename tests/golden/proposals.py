"""Which one change of a record might make a part of a rule come out otherwise: ideas, each to be tried."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from cds.core.chart import Sex
from cds.core.codes import NAME
from cds.core.criteria import (
    Age,
    AllergicTo,
    Cycles,
    Diagnosis,
    Exposed,
    HasCondition,
    Lines,
    Measured,
    OtherMalignancy,
    PerformanceStatus,
    Progressed,
    Received,
    Rule,
    SexIs,
    Underwent,
    Undetectable,
    Vaccinated,
)
from cds.core.dates import years_later
from cds.core.derive import inputs_of
from cds.core.limits import Against, Limit
from cds.core.vocabulary import ConceptKind, Scale, Vocabulary
from cds.files import Block

_RESULT = re.compile(r"(?P<name>\S+) (?P<value>(?:[<>]=?)?[\d.]+(?= )|.+?(?= on ))(?P<rest>(?: \S+)? on \S+.*)")
_NORMAL = re.compile(r"normal (?:(?P<low>[\d.]+) to (?P<high>[\d.]+)|up to (?P<most>[\d.]+)|from (?P<least>[\d.]+))")
_STEPS = (Fraction("0.98"), Fraction("1.02"), Fraction(1), Fraction("0.5"), Fraction(2), Fraction("0.2"), Fraction(5))
_OTHER_TUMOURS = (
    "adenocarcinoma + colon",
    "adenocarcinoma + breast",
    "adenocarcinoma + prostate",
    "adenocarcinoma + pancreas",
    "squamous-cell-carcinoma + lung",
)
_HISTOLOGIES = ("neuroendocrine-tumour", "adenocarcinoma", "squamous-cell-carcinoma", "thymoma", "urothelial-carcinoma")
"""Those a pathologist would sooner write than the rest, which are tried after them."""
_MALIGNANT_CARCINOID_OF_COLON = "snomed:123741000119102"
"""A well differentiated tumour that says its behaviour: of the same family, and for certain no carcinoma."""
_SITES = ("lung", "pancreas", "colon", "stomach", "bladder", "kidney", "prostate", "thymus", "skin", "brain", "thyroid")
_OTHER_DRUGS = ("temozolomide", "everolimus", "octreotide", "paclitaxel", "capecitabine", "imatinib", "tamoxifen")


@dataclass(frozen=True, slots=True)
class Change:
    """A row of one section taken out, put in, or put in the place of another."""

    section: str
    out: str = ""
    into: str = ""


@dataclass(frozen=True, slots=True)
class Base:
    """The patient that is changed, and the tables."""

    block: Block
    vocabulary: Vocabulary

    @property
    def as_of(self) -> dt.date:
        """The day of the first dose."""
        return dt.date.fromisoformat(str(self.block["as_of"]))

    def rows(self, section: str) -> list[str]:
        """Give the rows of a section as they stand."""
        return list(cast("list[str]", self.block.get(section, [])))

    def ago(self, days: int) -> dt.date:
        """Give the day so many days before the first dose."""
        return self.as_of - dt.timedelta(days=days)


def proposals(leaf: Rule, block: Block, vocabulary: Vocabulary) -> Iterator[Change]:  # noqa: C901 - one line a node
    """Give changes that might turn what a leaf comes to, the gentlest first."""
    base = Base(block, vocabulary)
    match leaf:
        case Age():
            yield from _age(leaf, base)
        case SexIs():
            other = Sex.FEMALE if leaf.sex is Sex.MALE else Sex.MALE
            yield from _patient("sex", [leaf.sex.value, other.value], base)
        case Diagnosis():
            yield from _diagnosis(base)
        case HasCondition():
            yield from _condition(leaf, base)
        case Measured():
            yield from _measured(leaf, base)
        case Undetectable():
            yield from _load(leaf, base)
        case PerformanceStatus():
            yield from _values(
                "ecog", [str(grade) for grade in (leaf.at_most + 1, leaf.at_least - 1) if grade >= 0], base
            )
        case Exposed():
            yield from _exposed(leaf, base)
        case Lines() | Cycles() | Received():
            yield from _treated(leaf, base)
        case Progressed():
            yield from _progressed(leaf, base)
        case _:
            yield from _present(leaf, base)


def _present(leaf: Rule, base: Base) -> Iterator[Change]:
    match leaf:
        case OtherMalignancy():
            for tumour in _OTHER_TUMOURS:
                yield Change("problems", into=f"{tumour}, active, since {base.ago(100)}")
        case Underwent(procedures=names, within_days=window):
            yield from _listed("procedures", names, f"on {base.ago(1 if window else 400)}", base)
        case Vaccinated(vaccines=names, within_days=window):
            yield from _listed("vaccines", names, f"on {base.ago(1 if window else 400)}", base)
        case AllergicTo(substances=names):
            for name in (*names, *sorted(base.vocabulary.ingredients_of(names))):
                yield Change("allergies", into=name)
        case _:
            return


def _patient(key: str, values: list[str], base: Base) -> Iterator[Change]:
    now = str(cast("Block", base.block["patient"]).get(key, ""))
    for value in values:
        if value != now:
            yield Change("patient", f"{key} {now}".strip(), f"{key} {value}")


def _age(leaf: Age, base: Base) -> Iterator[Change]:
    ages = [leaf.at_least - 1] if leaf.at_least is not None else []
    ages += [leaf.at_most + 1] if leaf.at_most is not None else []
    ages += [leaf.at_least] if leaf.at_least is not None else []
    born = [years_later(base.as_of, -age) for age in ages]
    yield from _patient("born", [f"{day - dt.timedelta(days=back)}" for day in born for back in (0, 140)], base)


def _named(row: str) -> str:
    return re.split(r"[ ,]", row, maxsplit=1)[0]


def _listed(section: str, names: tuple[str, ...], when: str, base: Base) -> Iterator[Change]:
    """Put in each of the things a rule names; then take out or age what is there of them."""
    wanted = base.vocabulary.narrower(names)
    for name in (*names, *sorted(wanted - set(names))):
        yield Change(section, into=f"{name} {when}")
    for row in base.rows(section):
        if _named(row) in wanted:
            yield Change(section, out=row)
            yield Change(section, row, f"{_named(row)} {when}")


def _condition(leaf: HasCondition, base: Base) -> Iterator[Change]:
    wanted = base.vocabulary.narrower(leaf.concepts) - base.vocabulary.narrower(leaf.but_not)
    for row in base.rows("problems"):
        if wanted & set(row.split(",")[0].split(" + ")):
            name = row.split(",")[0]
            yield Change("problems", row, f"{name}, active, since {base.ago(10)}")
            yield Change("problems", row, f"{name}, inactive, since {base.ago(4000)}")
            yield Change("problems", out=row)
    for name in (*leaf.concepts, *sorted(wanted - set(leaf.concepts))):
        if name in wanted:
            yield Change("problems", into=f"{name}, active, since {base.ago(10)}")


def _diagnosis(base: Base) -> Iterator[Change]:
    for row in base.rows("problems"):
        name, comma, rest = row.partition(",")
        parts = name.split(" + ")
        kinds = [base.vocabulary.concepts[part].kind.value for part in parts]
        histologies = [each.id for each in base.vocabulary.concepts.values() if each.kind is ConceptKind.HISTOLOGY]
        tried = [*_HISTOLOGIES, _MALIGNANT_CARCINOID_OF_COLON, *sorted(histologies)]
        for kind, others in (("histology", tried), ("site", _SITES)):
            if kind not in kinds:
                continue
            at = kinds.index(kind)
            for other in others:
                changed = " + ".join((*parts[:at], other, *parts[at + 1 :]))
                if other != parts[at]:
                    yield Change("problems", row, f"{changed}{comma}{rest}")
        if "histology" in kinds:
            for site in _SITES:
                yield Change("problems", into=f"small-cell-carcinoma + {site}{comma}{rest}")
            yield Change("problems", row, f"{row}, unconfirmed")
            yield Change("problems", out=row)


def _measured(leaf: Measured, base: Base) -> Iterator[Change]:
    wanted = base.vocabulary.narrower(leaf.concepts)
    present = [row for row in base.rows("results") if _named(row) in wanted]
    for row in present:
        yield from _exchanged(row, _beyond(leaf, row, base))
    inputs = frozenset[str]().union(*map(inputs_of, leaf.computed))
    for row in base.rows("results"):
        if _named(row) in inputs:
            yield from _exchanged(row, _scaled(row))
    if not present:
        for name in leaf.concepts:
            yield from _added(leaf, name, base)
    for row in present:
        days = (leaf.within_days,) if leaf.within_days is not None else ()
        for ago in (*(each + 1 for each in days), 400):
            yield Change("results", row, re.sub(r" on [\d-]+", f" on {base.ago(ago)}", row))


def _exchanged(row: str, values: list[str]) -> Iterator[Change]:
    shape = _RESULT.fullmatch(row)
    if shape is not None:
        for value in values:
            if value != shape["value"]:
                yield Change("results", row, f"{shape['name']} {value}{shape['rest']}")


def _beyond(leaf: Measured, row: str, base: Base) -> list[str]:
    """Give values on either side of the limits, in the row's own unit; or other words, where it is words."""
    shape = _RESULT.fullmatch(row)
    scale = base.vocabulary.concepts[_named(row)].scale
    if shape is None or scale is None:
        return []
    if not re.search(r"\d", shape["value"]):
        return _words(scale)
    unit = shape["rest"].split(" on ")[0].strip()
    limits = [limit for limit in (leaf.low, leaf.high) if limit is not None]
    values = []
    for limit in limits:
        at = _limit_in(limit, unit, row, scale)
        if at is not None:
            low_first = limit is leaf.low
            steps = _STEPS if low_first else (_STEPS[1], _STEPS[0], *_STEPS[2:])
            values += [_decimal(at * step) for step in steps]
            values += [_decimal(at - 1), _decimal(at + 1)] if not unit else []
    return values


def _words(scale: Scale) -> list[str]:
    return sorted({code.value for code in scale.answers if code.system == NAME})


def _limit_in(limit: Limit, unit: str, row: str, scale: Scale) -> Fraction | None:
    if limit.against is Against.UNIT:
        factor = scale.factors.get(unit)
        return limit.value * scale.factors[limit.unit] / factor if factor else None
    normal = _NORMAL.search(row)
    if normal is None:
        return None
    end = normal["high"] or normal["most"] if limit.against is Against.ULN else normal["low"] or normal["least"]
    return limit.value * Fraction(end) if end else None


def _scaled(row: str) -> list[str]:
    shape = _RESULT.fullmatch(row)
    if shape is None or not re.fullmatch(r"[\d.]+", shape["value"]):
        return []
    return [_decimal(Fraction(shape["value"]) * step) for step in (2, Fraction(1, 2), 3, Fraction(1, 3), 6, 10)]


def _decimal(value: Fraction) -> str:
    return f"{float(value):.4g}" if abs(value) < 10_000 else f"{float(value):.0f}"


def _added(leaf: Measured, name: str, base: Base) -> Iterator[Change]:
    scale = base.vocabulary.concepts[name].scale
    if scale is None:
        return
    for word in _words(scale):
        yield Change("results", into=f"{name} {word} on {base.ago(3)}")
    for limit in (leaf.low, leaf.high):
        for step in _STEPS if limit is not None else ():
            assert limit is not None
            if limit.against is Against.UNIT:
                yield Change("results", into=f"{name} {_decimal(limit.value * step)} {limit.unit} on {base.ago(3)}")
            else:
                unit, value = scale.unit, _decimal(limit.value * step * 10)
                yield Change("results", into=f"{name} {value} {unit} on {base.ago(3)}, normal 10 to 10")


def _values(name: str, values: list[str], base: Base) -> Iterator[Change]:
    for row in base.rows("results"):
        if _named(row) == name:
            yield from _exchanged(row, values)


def _load(leaf: Undetectable, base: Base) -> Iterator[Change]:
    wanted = base.vocabulary.narrower(leaf.concepts)
    for row in base.rows("results"):
        scale = base.vocabulary.concepts[_named(row)].scale if _named(row) in wanted else None
        if scale is None:
            continue
        day = row.partition(" on ")[2]
        yield Change("results", row, f"{_named(row)} 50000 {scale.unit} on {day}")
        for word in _words(scale):
            yield Change("results", row, f"{_named(row)} {word} on {day}")
        yield Change("results", out=row)
    for name in leaf.concepts:
        scale = base.vocabulary.concepts[name].scale
        if scale is not None:
            yield Change("results", into=f"{name} 50000 {scale.unit} on {base.ago(3)}")


def _exposed(leaf: Exposed, base: Base) -> Iterator[Change]:
    members = base.vocabulary.ingredients_of(leaf.drugs).keys() - base.vocabulary.ingredients_of(leaf.but_not).keys()
    names = [name for name in leaf.drugs if name in members] + sorted(members - set(leaf.drugs))
    for name in names:
        for when in _takings(leaf, base):
            yield Change("drugs", into=f"{name}{when}")
    for row in base.rows("drugs"):
        if _named(row) in members:
            for other in _OTHER_DRUGS:
                if other not in members:
                    yield Change("drugs", row, other + row[len(_named(row)) :])
            yield Change("drugs", out=row)
            for when in _takings(leaf, base):
                yield Change("drugs", row, f"{_named(row)}{when}")


def _beside(base: Base) -> list[str]:
    """Give the ways courses of the base patient are told: a drug taken beside one of them opens no new line."""
    return list(dict.fromkeys(row[row.index(",") :] for row in base.rows("drugs") if "," in row))


def _takings(leaf: Exposed, base: Base) -> Iterator[str]:
    dose = " 80 mg once a day" if leaf.above is not None else ""
    if leaf.ongoing or leaf.above is not None:
        yield f"{dose}, ongoing since {base.ago(100)}"
        yield f"{dose}, ongoing since {base.ago(3)}"
        yield f"{dose}, ongoing since {base.ago(100)}, by mouth"
    elif leaf.within_days is not None:
        yield f", given {base.ago(1)}"
        yield f", given {base.ago(1)}, by mouth"
        yield f", given from {base.ago(125)} to {base.ago(14)}"
    else:
        yield from _beside(base)
        yield f", given {base.ago(400)}"
        yield f", given {base.ago(400)}, by mouth"


def _progressed(leaf: Progressed, base: Base) -> Iterator[Change]:
    for row in base.rows("results"):
        if _named(row) == "disease-status":
            yield from _exchanged(row, ["2"])
            yield Change("results", out=row)
    for section in ("problems", "drugs"):
        for row in base.rows(section):
            yield from (
                Change(section, row, row.replace(mark, ""))
                for mark in (", recurred", ", stopped for disease-progression")
                if mark in row
            )
    yield from _other_treatment(base.vocabulary.ingredients_of(leaf.after).keys(), base)


def _treated(leaf: Lines | Cycles | Received, base: Base) -> Iterator[Change]:
    members = base.vocabulary.ingredients_of(leaf.drugs).keys()
    dose = " 500 mg/m2" if isinstance(leaf, Received) else ""
    later = [f", given {base.ago(ago)}, intravenous" for ago in (1500, 400, 30)]
    for name in sorted(members):
        for told in (*_beside(base), *later):
            yield Change("drugs", into=f"{name}{dose}{told}")
    yield from _other_treatment(members, base)


def _other_treatment(members: Collection[str], base: Base) -> Iterator[Change]:
    for row in base.rows("drugs"):
        if _named(row) in members:
            yield Change("drugs", out=row)
            for other in _OTHER_DRUGS:
                yield Change("drugs", row, other + row[len(_named(row)) :])
