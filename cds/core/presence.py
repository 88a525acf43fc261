"""Whether something is or was there: conditions, drugs, procedures, vaccines, allergies, and what silence means."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.chart import ClinicalStatus, Condition, Exposure, ExposureStatus, Extent, Kind, Procedure, Verification
from cds.core.criteria import HasCondition
from cds.core.dates import PartialDate, days_later
from cds.core.finding import Basis, Cause, Evidence, Finding, Wanted
from cds.core.truth import Truth, any_of
from cds.core.vocabulary import Absence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cds.core.criteria import AllergicTo, Exposed, Underwent, Vaccinated
    from cds.core.recognise import Case
    from cds.core.vocabulary import Meaning

    Presence = HasCondition | Exposed | Underwent | Vaccinated | AllergicTo


@dataclass(frozen=True, slots=True)
class Sight:
    """What one entry says of the thing looked for: it is there, it may be (by a cause), or it is there no more.

    ``turns``: the days on which time alone may change that.
    """

    truth: Truth
    evidence: Evidence
    cause: Cause | None = None
    turns: tuple[dt.date, ...] = ()


def has_condition(rule: HasCondition, case: Case, *, forbidden: bool) -> Finding:
    """Decide whether one of the conditions is or was there."""
    wanted = case.vocabulary.narrower(rule.concepts)
    above = case.vocabulary.above(rule.concepts)
    sights = []
    for concept in sorted(case.conditions.keys() & (wanted | above)):
        for known in case.conditions[concept]:
            doubt = _doubt(known.meaning) or (Cause.TOO_GENERAL if concept not in wanted else None)
            if known.entry.verification is Verification.UNCONFIRMED:
                doubt = doubt or Cause.CONDITION_UNKNOWN
            sight = _condition_sight(rule, known.entry, doubt, case)
            if doubt is None or sight.truth is not Truth.UNMET:
                sights.append(sight)
    return _settle(rule, case, sights, Kind.CONDITION, rule.concepts, forbidden=forbidden)


def _condition_sight(rule: HasCondition, entry: Condition, doubt: Cause | None, case: Case) -> Sight:
    seen = Evidence(
        entry.reference, str(entry.code), entry.clinical.value, date=str(entry.onset or entry.recorded or "")
    )
    truth, cause = Truth.MET, doubt
    turns: tuple[dt.date, ...] = ()
    if rule.active:
        truth, cause = _still_there(entry, cause)
    if rule.within_days is not None and truth is not Truth.UNMET:
        when = entry.onset or PartialDate(dt.date.min, _latest(entry.recorded, case))
        recent, turns = _recent(when, rule.within_days, case)
        truth = truth & recent
        cause = cause or (Cause.DATE_IMPRECISE if recent is Truth.UNKNOWN else None)
    if truth is Truth.MET and cause is not None:
        truth = Truth.UNKNOWN
    return Sight(truth, seen, cause if truth is Truth.UNKNOWN else None, turns)


def _still_there(entry: Condition, cause: Cause | None) -> tuple[Truth, Cause | None]:
    match entry.clinical:
        case ClinicalStatus.ACTIVE:
            return Truth.MET, cause
        case ClinicalStatus.INACTIVE:
            return Truth.UNMET, cause
        case ClinicalStatus.UNKNOWN:
            return Truth.UNKNOWN, cause or Cause.CONDITION_UNKNOWN


def exposed(rule: Exposed, case: Case, *, forbidden: bool) -> Finding:
    """Decide whether one of the drugs was, or is being, taken."""
    spared = case.vocabulary.ingredients_of(rule.but_not)
    looked_for = case.vocabulary.ingredients_of(rule.drugs)
    sights: dict[str, Sight] = {}
    for name in sorted(case.exposures.keys() & (looked_for.keys() | set(rule.drugs)) - spared.keys()):
        for known in case.exposures[name]:
            doubt = _doubt(known.meaning) or (None if looked_for.get(name, True) else Cause.UNMAPPED)
            sight = _exposure_sight(rule, known.entry, name, doubt, case)
            earlier = sights.get(known.entry.reference)
            if sight is not None and (earlier is None or earlier.truth | sight.truth is not earlier.truth):
                sights[known.entry.reference] = sight
    return _settle(rule, case, list(sights.values()), Kind.MEDICATION, rule.drugs, forbidden=forbidden)


def _exposure_sight(rule: Exposed, entry: Exposure, name: str, doubt: Cause | None, case: Case) -> Sight | None:
    """Say what one exposure says; nothing at all where it never was, or begins after the records' day."""
    if entry.status is ExposureStatus.NEVER:
        return None
    if entry.start is not None and entry.start.earliest > case.known_on:
        return None
    end, ongoing = _end(entry, case)
    shown = entry.end or (None if ongoing else entry.start)
    seen = Evidence(
        entry.reference,
        case.vocabulary.display(name),
        "ongoing" if ongoing else entry.said or entry.status.value,
        date=str(shown or entry.start or ""),
    )
    truth = Truth.MET
    turns: tuple[dt.date, ...] = ()
    cause = doubt
    if rule.ongoing:
        truth = Truth.MET if ongoing else end.on_or_after(case.known_on) & _maybe(entry)
        turns = (days_later(end.earliest, 1),) if ongoing and entry.end is not None else ()
        cause = cause or (Cause.DATE_IMPRECISE if truth is Truth.UNKNOWN else None)
    elif rule.within_days is not None:
        truth, turns = _recent(end, rule.within_days, case)
        turns = () if ongoing and entry.end is None else turns
        cause = cause or (Cause.DATE_IMPRECISE if truth is Truth.UNKNOWN else None)
    if truth is Truth.MET and doubt is not None:
        truth = Truth.UNKNOWN
    return Sight(truth, seen, cause if truth is Truth.UNKNOWN else None, turns)


def _maybe(entry: Exposure) -> Truth:
    """A course that has ended is not ongoing, whatever its dates leave open; others may be."""
    return Truth.UNMET if entry.status is ExposureStatus.ENDED else Truth.UNKNOWN


def _end(entry: Exposure, case: Case) -> tuple[PartialDate, bool]:
    """Give the span in which the exposure ended, and whether it goes on as far as the records tell.

    Records contradict themselves: one that is active with an end in the past may have ended any day since; one that was
    stopped before its planned end, any day since its beginning.
    """
    begun = entry.start.earliest if entry.start is not None else dt.date.min
    somewhen = PartialDate(min(begun, case.known_on), case.known_on)
    if entry.end is None:
        return (PartialDate.on(case.as_of), True) if entry.status is ExposureStatus.ACTIVE else (somewhen, False)
    if entry.status is ExposureStatus.ENDED and entry.end.latest > case.known_on:
        return PartialDate(min(somewhen.earliest, entry.end.earliest), case.known_on), False
    if entry.end.earliest >= case.known_on:
        return entry.end, entry.end.earliest >= case.as_of
    if entry.status is ExposureStatus.ACTIVE:
        return PartialDate(entry.end.earliest, case.known_on), False
    return _clip(entry.end, case), False


def _clip(date: PartialDate, case: Case) -> PartialDate:
    """What is over in the records was over by the day they speak for."""
    return PartialDate(min(date.earliest, case.known_on), min(date.latest, case.known_on))


def underwent(rule: Underwent, case: Case, *, forbidden: bool) -> Finding:
    """Decide whether one of the procedures was done."""
    sights = []
    for concept in sorted(case.vocabulary.narrower(rule.procedures)):
        for known in case.procedures.get(concept, ()):
            entry = known.entry
            if entry.start is not None and entry.start.earliest > case.known_on:
                continue
            when = _over(entry, case)
            doubt = _doubt(known.meaning)
            sights.append(_dated_sight(_procedure_evidence(entry), when, rule.within_days, doubt, case))
    return _settle(rule, case, sights, Kind.PROCEDURE, rule.procedures, forbidden=forbidden)


def _over(entry: Procedure, case: Case) -> PartialDate | None:
    """Give the span in which a procedure was over: one that has begun and no end is told may still be under way."""
    if entry.end is not None:
        return entry.end
    return None if entry.start is None else PartialDate(entry.start.earliest, case.known_on)


def _procedure_evidence(entry: Procedure) -> Evidence:
    return Evidence(entry.reference, str(entry.code), date=str(entry.end or entry.start or ""))


def vaccinated(rule: Vaccinated, case: Case, *, forbidden: bool) -> Finding:
    """Decide whether one of the vaccines was given."""
    sights = []
    for concept in sorted(case.vocabulary.narrower(rule.vaccines)):
        for known in case.vaccinations.get(concept, ()):
            entry = known.entry
            if entry.date is not None and entry.date.earliest > case.known_on:
                continue
            seen = Evidence(entry.reference, str(entry.code), date=str(entry.date or ""))
            sights.append(_dated_sight(seen, entry.date, rule.within_days, _doubt(known.meaning), case))
    return _settle(rule, case, sights, Kind.IMMUNIZATION, rule.vaccines, forbidden=forbidden)


def allergic_to(rule: AllergicTo, case: Case, *, forbidden: bool) -> Finding:
    """Decide whether an allergy to one of the substances is known."""
    sights = []
    names = {*case.vocabulary.ingredients_of(rule.substances), *rule.substances}
    for name in sorted(names):
        for known in case.allergies.get(name, ()):
            doubt = _doubt(known.meaning) or (None if known.entry.confirmed else Cause.CONDITION_UNKNOWN)
            seen = Evidence(known.entry.reference, str(known.entry.code))
            sights.append(Sight(Truth.UNKNOWN if doubt else Truth.MET, seen, doubt))
    return _settle(rule, case, sights, Kind.ALLERGY, rule.substances, forbidden=forbidden)


def _dated_sight(
    seen: Evidence, when: PartialDate | None, within_days: int | None, doubt: Cause | None, case: Case
) -> Sight:
    truth = Truth.MET
    turns: tuple[dt.date, ...] = ()
    cause = doubt
    if within_days is not None:
        span = _clip(when, case) if when is not None else PartialDate(dt.date.min, case.known_on)
        truth, turns = _recent(span, within_days, case)
        cause = cause or (Cause.DATE_IMPRECISE if truth is Truth.UNKNOWN else None)
    if truth is Truth.MET and doubt is not None:
        truth = Truth.UNKNOWN
    return Sight(truth, seen, cause if truth is Truth.UNKNOWN else None, turns)


def _recent(when: PartialDate, days: int, case: Case) -> tuple[Truth, tuple[dt.date, ...]]:
    """Say whether fewer than so many days have passed, and the days from which that may be and is over."""
    turns = days_later(when.earliest, days), days_later(when.latest, days)
    return when.on_or_after(days_later(case.as_of, 1 - days)), turns


def _latest(date: PartialDate | None, case: Case) -> dt.date:
    return case.known_on if date is None else min(date.latest, case.known_on)


def _doubt(meaning: Meaning) -> Cause | None:
    """Give the cause why a code's meaning may not settle anything, if there is one."""
    if meaning.counts:
        return None
    return Cause.TOO_GENERAL if meaning.verified else Cause.UNMAPPED


def _settle(
    rule: Presence,
    case: Case,
    sights: list[Sight],
    kind: Kind,
    concepts: tuple[str, ...],
    *,
    forbidden: bool,
) -> Finding:
    """Turn what the entries say into a finding; where none says anything, ask what silence means here."""
    seen = any_of(sight.truth for sight in sights)
    telling = sorted((sight for sight in sights if sight.truth is seen), key=lambda sight: sight.evidence.reference)
    telling.sort(key=lambda sight: sight.evidence.date, reverse=True)
    evidence = tuple(dict.fromkeys(sight.evidence for sight in telling))
    turns = _last_turns(sight for sight in sights if sight.truth is not Truth.UNMET)
    unrecognised = case.unrecognised.get(kind, 0)
    if seen is Truth.MET:
        truth = Truth.UNMET if forbidden else Truth.MET
        return Finding(rule, truth, Basis.DOCUMENTED, evidence=evidence, turns=turns, forbidden=forbidden)
    if seen is Truth.UNKNOWN:
        cause = next(sight.cause for sight in telling if sight.cause is not None)
        wanted = Wanted(_question(case, concepts), kind, concepts)
        return Finding(
            rule, Truth.UNKNOWN, cause=cause, evidence=evidence, wanted=wanted, turns=turns, forbidden=forbidden
        )
    over = isinstance(rule, HasCondition) and rule.active and rule.within_days is None
    if telling and over and not forbidden and case.chart.extent(kind) is Extent.COMPLETE:
        return Finding(rule, Truth.UNMET, Basis.DOCUMENTED, evidence=evidence)
    listed = isinstance(rule, HasCondition) and rule.listed
    cause_of_silence = _silence(case, kind, concepts, forbidden=forbidden, listed=listed)
    if cause_of_silence is None:
        return Finding(
            rule, Truth.MET, Basis.NO_RECORD, evidence=evidence, unrecognised=unrecognised, forbidden=forbidden
        )
    return Finding(
        rule,
        Truth.UNKNOWN,
        cause=cause_of_silence,
        evidence=evidence,
        wanted=Wanted(_question(case, concepts), kind, concepts),
        unrecognised=unrecognised,
        forbidden=forbidden,
    )


def _last_turns(sights: Iterable[Sight]) -> tuple[dt.date, ...]:
    """Give the days on which what any of the entries shows may be over: those of the one that lasts longest."""
    turns = [sight.turns for sight in sights if sight.turns]
    return (max(turn[0] for turn in turns), max(turn[-1] for turn in turns)) if turns else ()


def _silence(case: Case, kind: Kind, concepts: Iterable[str], *, forbidden: bool, listed: bool = False) -> Cause | None:
    """Say why the absence of a record settles nothing here, or nothing where it does (DESIGN §3.3)."""
    if case.chart.extent(kind) is not Extent.COMPLETE:
        return Cause.NOT_READ
    known = [case.vocabulary.concepts.get(name) for name in concepts]
    closed = listed or all(concept is not None and concept.absence is Absence.CLOSED for concept in known)
    told = kind is not Kind.CONDITION or bool(case.listed)
    return None if forbidden and closed and told else Cause.NO_RECORD


def _question(case: Case, concepts: tuple[str, ...]) -> str:
    names = [case.vocabulary.display(name) for name in concepts]
    shown = ", ".join(names[:4]) + (" …" if len(names) > 4 else "")  # noqa: PLR2004 - enough to know what is asked
    return f"{shown}: recorded elsewhere, or ruled out?"
