"""Rows of an example patient into entries of a chart: what the words of each section mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from cds.core.chart import (
    Allergy,
    ClinicalStatus,
    Condition,
    Exposure,
    ExposureStatus,
    Measurement,
    Procedure,
    ReferenceRange,
    ResultStatus,
    Sex,
    Told,
    Vaccination,
    Verification,
)
from cds.core.codes import NAME, Code, Coded, normalised_name
from cds.core.quantities import Comparator, Quantity
from cds.core.vocabulary import LOCAL_ROUTE, SYSTEMIC_ROUTE, ConceptKind
from cds.trials.codebook import SYSTEMS, Codebook

if TYPE_CHECKING:
    from collections.abc import Collection

    from cds.core.dates import PartialDate
    from cds.trials.rows import Row

_RESULTS = frozenset({ConceptKind.MEASUREMENT})
_PROBLEMS = frozenset({ConceptKind.CONDITION, ConceptKind.HISTOLOGY, ConceptKind.BEHAVIOUR, ConceptKind.SITE})
_DRUGS = frozenset({ConceptKind.INGREDIENT})
_PROCEDURES = frozenset({ConceptKind.PROCEDURE, ConceptKind.SITE})
_VACCINES = frozenset({ConceptKind.VACCINE})
_ALLERGIES = frozenset({ConceptKind.INGREDIENT, ConceptKind.SUBSTANCE})
_INTENTS = frozenset({ConceptKind.INTENT})
_AMOUNT = re.compile(r"(?P<sign><=|>=|<|>)?\s*(?P<number>-?\d+(?:\.\d+)?)(?: (?P<unit>\S.*))?")
_NUMBER = r"\d+(?:\.\d+)?"
_NORMAL = re.compile(
    rf"(?:(?P<low>{_NUMBER}) to (?P<high>{_NUMBER})|up to (?P<most>{_NUMBER})|from (?P<least>{_NUMBER}))"
    r"(?: for (?P<who>men|women|others))?(?: aged (?P<from>\d+) to (?P<to>\d+))?"
)
_FOR = {"men": Sex.MALE, "women": Sex.FEMALE}
_DOSE = re.compile(rf"(?P<dose>{_NUMBER}) (?P<unit>\S+)(?: (?P<often>.+))?")
_OFTEN = {
    "once a day": Fraction(1),
    "twice a day": Fraction(2),
    "three times a day": Fraction(3),
    "four times a day": Fraction(4),
    "every other day": Fraction(1, 2),
    "once a week": Fraction(1, 7),
}
_RESULT_STATUS = {
    "preliminary": ResultStatus.PRELIMINARY,
    "cancelled": ResultStatus.CANCELLED,
    "entered in error": ResultStatus.ENTERED_IN_ERROR,
}
_CLINICAL = {
    "active": ClinicalStatus.ACTIVE,
    "inactive": ClinicalStatus.INACTIVE,
    "ended": ClinicalStatus.INACTIVE,
    "status unknown": ClinicalStatus.UNKNOWN,
}
_VERIFICATION = {
    "unconfirmed": Verification.UNCONFIRMED,
    "refuted": Verification.REFUTED,
    "entered in error": Verification.ENTERED_IN_ERROR,
}
_TAKEN = {
    "ongoing": ExposureStatus.ACTIVE,
    "ended": ExposureStatus.ENDED,
    "on hold": ExposureStatus.ON_HOLD,
    "never taken": ExposureStatus.NEVER,
}
_TOLD = {
    "given": (Told.GIVEN, ExposureStatus.ENDED),
    "ordered": (Told.ORDERED, ExposureStatus.UNKNOWN),
    "dispensed": (Told.DISPENSED, ExposureStatus.UNKNOWN),
}
_ROUTES = {
    "by mouth": SYSTEMIC_ROUTE,
    "intravenous": SYSTEMIC_ROUTE,
    "inhaled": LOCAL_ROUTE,
    "on the skin": LOCAL_ROUTE,
}
_NORMAL_WORDS = frozenset({"normal", "within normal limits"})


@dataclass(frozen=True, slots=True)
class Entries:
    """Makes entries of rows, with codes that count for the concepts they name."""

    codebook: Codebook

    def result(self, row: Row, reference: str) -> Measurement:
        """Make a result: ``platelets 210 10*9/L on 2026-06-10, normal 150 to 400``."""
        value = None if row.flag("no value") else self._value(row)
        units = value.units if isinstance(value, Quantity) else ()
        status = row.one_of(_RESULT_STATUS)
        flag = row.rest("flag")
        return Measurement(
            code=self._coded(row, _RESULTS),
            reference=reference,
            value=value,
            date=_day(row),
            status=_RESULT_STATUS.get(status, ResultStatus.FINAL),
            ranges=_ranges(row, units),
            interpretation=(flag,) if flag else (),
            absent="" if value is not None else "unknown",
        )

    def _value(self, row: Row) -> Quantity | str:
        if not row.words:
            raise row.place.fault(f"has no value: {row.text!r}")
        amount = _AMOUNT.fullmatch(row.words)
        if amount is not None:
            units = (amount["unit"],) if amount["unit"] else ()
            return Quantity(Decimal(amount["number"]), units, Comparator(amount["sign"] or "="))
        if row.words.startswith('"'):
            return row.words.strip('"')
        known = self._answers(row)
        if normalised_name(row.words) not in known:
            raise row.place.fault(f"{row.words!r} is no value here (there are {', '.join(sorted(known))})")
        return row.words

    def _answers(self, row: Row) -> frozenset[str]:
        """Give the words that can stand for a value; others must stand in quotation marks, as words nobody knows."""
        concepts = (self.codebook.vocabulary.concepts.get(name) for name in row.names)
        scales = (each.scale for each in concepts if each is not None and each.scale is not None)
        return _NORMAL_WORDS.union(code.value for scale in scales for code in scale.answers if code.system == NAME)

    def problem(self, row: Row, reference: str) -> Condition:
        """Make a diagnosis: ``small-cell-carcinoma + lung, since 2025-09-01``. Without a word it is active.

        One that is said to have ended on some day is over once that day has passed, whatever its status.
        """
        time, recorded = row.time(forms=("since", "until", "from")), row.time("recorded", ("on",))
        over = time is not None and time.last is not None
        usual = "status unknown" if over else "active"
        stage = row.rest("stage")
        return Condition(
            code=self._coded(row, _PROBLEMS, but_not=ConceptKind.SITE),
            reference=reference,
            sites=self._sites(row),
            clinical=_CLINICAL[row.one_of(_CLINICAL) or usual],
            verification=_VERIFICATION.get(row.one_of(_VERIFICATION), Verification.CONFIRMED),
            onset=time.first if time else None,
            abated=time.last if time else None,
            recorded=recorded.first if recorded else None,
            stage=(self._words(stage),) if stage else (),
            recurred=row.flag("recurred"),
        )

    def drug(self, row: Row, reference: str) -> Exposure:
        """Make an exposure: ``prednisone 10 mg once a day, ongoing since 2026-05-01, by mouth``.

        *Given* tells each day it was given on, or the days from the first to the last; without ``given``, ``ordered``
        or ``dispensed`` it was stated.
        """
        told, status, first, last = _course(row)
        dose = _DOSE.fullmatch(row.words)
        if row.words and (dose is None or (dose["often"] or "once a day") not in _OFTEN):
            often = ", ".join(_OFTEN)
            raise row.place.fault(f"{row.words!r} is no dose: a number, a unit, and how often ({often})")
        route, intent, reason = row.one_of(_ROUTES), row.rest("intent"), row.rest("stopped for")
        return Exposure(
            code=self._coded(row, _DRUGS),
            reference=reference,
            status=status,
            start=first,
            end=last,
            route=self._one(_ROUTES[route], route, row) if route else Coded(),
            told=told,
            dose=Quantity(Decimal(dose["dose"]), (dose["unit"],)) if dose else None,
            per_day=_OFTEN[dose["often"]] if dose and dose["often"] else None,
            intent=self._intent(intent, row),
            stopped_for=(self._words(reason),) if reason else (),
        )

    def procedure(self, row: Row, reference: str) -> Procedure:
        """Make a procedure: ``radiotherapy + brain on 2026-01-20, intent palliative``."""
        _no_words(row)
        time, intent = row.time(), row.rest("intent")
        return Procedure(
            code=self._coded(row, _PROCEDURES, but_not=ConceptKind.SITE),
            reference=reference,
            start=time.first if time else None,
            end=time.last if time else None,
            sites=self._sites(row),
            intent=self._intent(intent, row),
        )

    def vaccination(self, row: Row, reference: str) -> Vaccination:
        """Make a vaccination: ``live-vaccine on 2026-05-01``."""
        _no_words(row)
        return Vaccination(self._coded(row, _VACCINES), reference, _day(row))

    def allergy(self, row: Row, reference: str) -> Allergy:
        """Make an allergy: ``carboplatin``, or ``carboplatin, unconfirmed``."""
        _no_words(row)
        return Allergy(self._coded(row, _ALLERGIES), reference, confirmed=not row.flag("unconfirmed"))

    def _coded(self, row: Row, kinds: Collection[ConceptKind], but_not: ConceptKind | None = None) -> Coded:
        """Give the codings of an entry: one for each concept named, in their order, and the concepts' words."""
        if row.names[0].startswith('"'):
            return Coded((), row.names[0].strip('"'))
        concepts = self.codebook.vocabulary.concepts
        codes, words = [], []
        for name in row.names:
            system, _, value = name.partition(":")
            if value:
                codes.append(Code(SYSTEMS[system], value))
                continue
            known = concepts.get(name)
            if known is None:
                raise row.place.fault(f"there is no concept {name!r}")
            if known.kind not in kinds:
                raise row.place.fault(f"{name} is a {known.kind.value}, which does not belong here")
            words.append(known.display)
            if known.kind is not but_not:
                codes.append(self._code(name, row))
        return Coded(tuple(dict.fromkeys(codes)), ", ".join(words))

    def _sites(self, row: Row) -> tuple[Coded, ...]:
        known = self.codebook.vocabulary.concepts
        sites = [name for name in row.names if name in known and known[name].kind is ConceptKind.SITE]
        return tuple(self._one(name, known[name].display, row) for name in sites)

    def _code(self, name: str, row: Row) -> Code:
        code = self.codebook.code_for(name, row.names)
        if code is None:
            raise row.place.fault(f"no verified code counts for {name}, so that no chart can show it")
        return code

    def _one(self, name: str, words: str, row: Row) -> Coded:
        return Coded((self._code(name, row),), words)

    def _intent(self, word: str, row: Row) -> Coded:
        """Read what a treatment is for; ``palliative`` is short for the concept ``intent-palliative``."""
        if not word:
            return Coded()
        concepts = self.codebook.vocabulary.concepts
        name = word if word in concepts else f"intent-{word}"
        if name not in concepts or concepts[name].kind not in _INTENTS:
            raise row.place.fault(f"there is no intent {word!r}")
        return self._one(name, concepts[name].display, row)

    def _words(self, words: str) -> Coded:
        """Give words with the code of the concept that they are the id of, or alone."""
        concept = self.codebook.vocabulary.concepts.get(words)
        code = self.codebook.code_for(words) if concept is not None else None
        return Coded((code,) if code else (), concept.display if concept is not None else words)


def _day(row: Row) -> PartialDate | None:
    time = row.time(forms=("on",))
    return time.first if time else None


def _ranges(row: Row, units: tuple[str, ...]) -> tuple[ReferenceRange, ...]:
    found = []
    while words := row.rest("normal"):
        told = _NORMAL.fullmatch(words)
        if told is None:
            raise row.place.fault(f"normal: must be like '150 to 400', 'up to 40' or 'from 60', not {words!r}")
        low, high = told["low"] or told["least"], told["high"] or told["most"]
        found.append(
            ReferenceRange(
                low=Quantity(Decimal(low), units) if low else None,
                high=Quantity(Decimal(high), units) if high else None,
                sex=_FOR.get(told["who"] or ""),
                from_years=Fraction(told["from"]) if told["from"] else None,
                to_years=Fraction(told["to"]) if told["to"] else None,
                other=told["who"] == "others",
            )
        )
    return tuple(found)


def _course(row: Row) -> tuple[Told, ExposureStatus, PartialDate | None, PartialDate | None]:
    """Read how a drug came to be in the chart, whether it is taken, and from when to when.

    The day of an order is the first on which it may be taken; a day alone is one on which the drug was taken.
    """
    told, status = Told.STATED, ExposureStatus.UNKNOWN
    first = last = None
    for word in ("", *_TOLD, *_TAKEN):
        time = row.time(word)
        if time is None and not (word and row.flag(word)):
            continue
        told, usual = _TOLD.get(word, (told, status))
        status = _TAKEN.get(word, usual)
        if time is not None and word == "ended" and time.form == "on":
            last = time.last
        elif time is not None:
            first = time.first or first
            last = last if word in {"ordered", "dispensed"} and time.form == "on" else time.last or last
    return told, status, first, last


def _no_words(row: Row) -> None:
    if row.words:
        raise row.place.fault(f"{row.words!r} says nothing here: {row.text!r}")
