"""Whether something is or was there: procedures, vaccines, allergies; what entries say together, and what silence."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.chart import Extent, Kind
from cds.core.criteria import HasCondition
from cds.core.dates import PartialDate, days_later
from cds.core.finding import Basis, Cause, Evidence, Finding, Wanted
from cds.core.truth import Truth, any_of
from cds.core.vocabulary import Absence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cds.core.chart import Procedure
    from cds.core.criteria import AllergicTo, Exposed, OtherMalignancy, Underwent, Vaccinated
    from cds.core.recognise import Case
    from cds.core.vocabulary import Meaning

    Presence = HasCondition | Exposed | OtherMalignancy | Underwent | Vaccinated | AllergicTo


@dataclass(frozen=True, slots=True)
class Sight:
    """What one entry says of the thing looked for: it is there, it may be (by a cause), or it is there no more.

    ``turns``: the days on which time alone may change that.
    """

    truth: Truth
    evidence: Evidence
    cause: Cause | None = None
    turns: tuple[dt.date, ...] = ()


def clip(date: PartialDate, case: Case) -> PartialDate:
    """What is over in the records was over by the day they speak for."""
    return PartialDate(min(date.earliest, case.known_on), min(date.latest, case.known_on))


def by_now(date: PartialDate | None, case: Case) -> PartialDate:
    """Give the days on which something recorded may have been; without a date, any day up to the records'."""
    return clip(date, case) if date is not None else PartialDate(dt.date.min, case.known_on)


def underwent(rule: Underwent, case: Case, *, forbidden: bool) -> Finding:
    """Decide whether one of the procedures was done."""
    sights = []
    for concept in sorted(case.vocabulary.narrower(rule.procedures)):
        for known in case.procedures.get(concept, ()):
            entry = known.entry
            if entry.start is not None and entry.start.earliest > case.known_on:
                continue
            when = _over(entry, case)
            doubt = doubt_of(known.meaning)
            sights.append(dated_sight(_procedure_evidence(entry), when, rule.within_days, doubt, case))
    return settle(rule, case, sights, Kind.PROCEDURE, rule.procedures, forbidden=forbidden)


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
            sights.append(dated_sight(seen, entry.date, rule.within_days, doubt_of(known.meaning), case))
    return settle(rule, case, sights, Kind.IMMUNIZATION, rule.vaccines, forbidden=forbidden)


def allergic_to(rule: AllergicTo, case: Case, *, forbidden: bool) -> Finding:
    """Decide whether an allergy to one of the substances is known."""
    sights = []
    names = {*case.vocabulary.ingredients_of(rule.substances), *rule.substances}
    for name in sorted(names):
        for known in case.allergies.get(name, ()):
            doubt = doubt_of(known.meaning) or (None if known.entry.confirmed else Cause.CONDITION_UNKNOWN)
            seen = Evidence(known.entry.reference, str(known.entry.code))
            sights.append(Sight(Truth.UNKNOWN if doubt else Truth.MET, seen, doubt))
    return settle(rule, case, sights, Kind.ALLERGY, rule.substances, forbidden=forbidden)


def dated_sight(
    seen: Evidence, when: PartialDate | None, within_days: int | None, doubt: Cause | None, case: Case
) -> Sight:
    """Say what an entry with one date says; a date that is wanting may be any day up to the records' day."""
    truth = Truth.MET
    turns: tuple[dt.date, ...] = ()
    cause = doubt
    if within_days is not None:
        truth, turns = recent(by_now(when, case), within_days, case)
        cause = cause or (Cause.DATE_IMPRECISE if truth is Truth.UNKNOWN else None)
    if truth is Truth.MET and doubt is not None:
        truth = Truth.UNKNOWN
    return Sight(truth, seen, cause if truth is Truth.UNKNOWN else None, turns)


def recent(when: PartialDate, days: int, case: Case) -> tuple[Truth, tuple[dt.date, ...]]:
    """Say whether fewer than so many days have passed, and the days from which that may be and is over."""
    turns = days_later(when.earliest, days), days_later(when.latest, days)
    return when.on_or_after(days_later(case.as_of, 1 - days)), turns


def doubt_of(meaning: Meaning) -> Cause | None:
    """Give the cause why a code's meaning may not settle anything, if there is one."""
    if meaning.counts:
        return None
    return Cause.TOO_GENERAL if meaning.verified else Cause.UNMAPPED


def settle(
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
    turns = last_turns(sight for sight in sights if sight.truth is not Truth.UNMET)
    unrecognised = case.unrecognised.get(kind, 0)
    if seen is Truth.MET:
        truth = Truth.UNMET if forbidden else Truth.MET
        return Finding(rule, truth, Basis.DOCUMENTED, evidence=evidence, turns=turns, forbidden=forbidden)
    if seen is Truth.UNKNOWN:
        cause = next(sight.cause for sight in telling if sight.cause is not None)
        wanted = Wanted(question(case, concepts), kind, concepts)
        return Finding(
            rule, Truth.UNKNOWN, cause=cause, evidence=evidence, wanted=wanted, turns=turns, forbidden=forbidden
        )
    listed = isinstance(rule, HasCondition) and rule.listed
    cause_of_silence = silence(case, kind, concepts, forbidden=forbidden, listed=listed)
    if cause_of_silence is None:
        return Finding(
            rule, Truth.MET, Basis.NO_RECORD, evidence=evidence, unrecognised=unrecognised, forbidden=forbidden
        )
    return Finding(
        rule,
        Truth.UNKNOWN,
        cause=cause_of_silence,
        evidence=evidence,
        wanted=Wanted(question(case, concepts), kind, concepts),
        unrecognised=unrecognised,
        forbidden=forbidden,
    )


def last_turns(sights: Iterable[Sight]) -> tuple[dt.date, ...]:
    """Give the days on which what any of the entries shows may be over: those of the one that lasts longest."""
    turns = [sight.turns for sight in sights if sight.turns]
    return (max(turn[0] for turn in turns), max(turn[-1] for turn in turns)) if turns else ()


def silence(case: Case, kind: Kind, concepts: Iterable[str], *, forbidden: bool, listed: bool = False) -> Cause | None:
    """Say why the absence of a record settles nothing here, or nothing where it does (DESIGN §3.3)."""
    if case.chart.extent(kind) is not Extent.COMPLETE:
        return Cause.NOT_READ
    known = [case.vocabulary.concepts.get(name) for name in concepts]
    closed = listed or all(concept is not None and concept.absence is Absence.CLOSED for concept in known)
    told = kind is not Kind.CONDITION or bool(case.listed)
    return None if forbidden and closed and told else Cause.NO_RECORD


def question(case: Case, concepts: tuple[str, ...]) -> str:
    """Ask for what may be recorded elsewhere."""
    names = [case.vocabulary.display(name) for name in concepts]
    shown = ", ".join(names[:4]) + (" …" if len(names) > 4 else "")  # noqa: PLR2004 - enough to know what is asked
    return f"{shown}: recorded elsewhere, or ruled out?"
