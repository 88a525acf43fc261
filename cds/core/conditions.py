"""Whether a condition is or was there: what its entries say, what is set apart, and what it means to be ruled out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cds.core.chart import ClinicalStatus, Extent, Kind, Verification
from cds.core.dates import PartialDate, days_later
from cds.core.finding import Basis, Cause, Evidence, Finding
from cds.core.presence import Sight, clip, doubt_of, recent, settle, silence
from cds.core.truth import Truth
from cds.core.vocabulary import Relation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cds.core.chart import Condition
    from cds.core.criteria import HasCondition
    from cds.core.recognise import Case, Known
    from cds.core.vocabulary import Vocabulary

RULED_OUT_FOR_DAYS = 28
"""How many days old the record that a condition was ruled out may be on the day of the first dose and still count."""


@dataclass(frozen=True, slots=True)
class Refutation:
    """An entry that rules a condition out: the conditions it covers, and when it was recorded."""

    covers: frozenset[str]
    said: PartialDate
    evidence: Evidence

    @property
    def lapses(self) -> dt.date:
        """The first day on which it is, or may be, too old."""
        return days_later(self.said.earliest, RULED_OUT_FOR_DAYS + 1)


def has_condition(rule: HasCondition, case: Case, *, forbidden: bool) -> Finding:
    """Decide whether one of the conditions is or was there.

    One that was ruled out lately is documented as absent, which silence could say of closed concepts only; where an
    older entry still says that it is there, the records contradict each other.
    """
    refutations = _refutations(rule, case)
    sights = _sights(rule, case, refutations)
    finding = None
    if all(sight.truth is Truth.UNMET for sight in sights) and case.chart.extent(Kind.CONDITION) is Extent.COMPLETE:
        finding = _ruled_out(rule, case, refutations, forbidden=forbidden)
        if finding is None and sights and rule.active and rule.within_days is None and not forbidden:
            over = in_order(sight.evidence for sight in sights)
            finding = Finding(rule, Truth.UNMET, Basis.DOCUMENTED, evidence=over)
    if finding is None:
        finding = settle(rule, case, sights, Kind.CONDITION, rule.concepts, forbidden=forbidden)
    if forbidden and finding.truth is Truth.UNMET:  # that what ruled it out grows too old takes no obstacle away
        return finding
    return replace(finding, turns=tuple(sorted({*finding.turns, *(each.lapses for each in refutations)})))


def _ruled_out(
    rule: HasCondition, case: Case, refutations: tuple[Refutation, ...], *, forbidden: bool
) -> Finding | None:
    """Tell that every one of the conditions was ruled out; of what is forbidden, silence may speak for some.

    That a condition is not there now says nothing of a window of time, so that rules with one are left alone.
    """
    named = {name for name in rule.concepts if any(name in each.covers for each in refutations)}
    if not named or rule.within_days is not None:
        return None
    rest = [name for name in rule.concepts if name not in named]
    if rest and (not forbidden or silence(case, Kind.CONDITION, rest, forbidden=True, listed=rule.listed) is not None):
        return None
    return Finding(
        rule,
        Truth.MET if forbidden else Truth.UNMET,
        Basis.NO_RECORD if rest else Basis.DOCUMENTED,
        evidence=in_order(each.evidence for each in refutations if each.covers & named),
        unrecognised=case.unrecognised.get(Kind.CONDITION, 0) if rest else 0,
        forbidden=forbidden,
    )


def _sights(rule: HasCondition, case: Case, refutations: tuple[Refutation, ...]) -> list[Sight]:
    """Say what each entry says of the conditions; those set apart say nothing."""
    wanted = case.vocabulary.narrower(rule.concepts)
    apart = _set_apart(rule, case)
    sights = []
    for concept in sorted(case.conditions.keys() & (wanted | case.vocabulary.above(rule.concepts))):
        for known in case.conditions[concept]:
            if id(known.entry) in apart.surely:
                continue
            doubt = doubt_of(known.meaning) or (Cause.TOO_GENERAL if concept not in wanted else None)
            doubt = doubt or apart.perhaps.get(id(known.entry)) or _may_be_apart(known, rule, case)
            if known.entry.verification is Verification.UNCONFIRMED:
                doubt = doubt or Cause.CONDITION_UNKNOWN
            sight = _condition_sight(rule, known.entry, doubt, case)
            if doubt is None or sight.truth is not Truth.UNMET:
                sights += _weighed(sight, known, rule, case, refutations)
    return sights


@dataclass(frozen=True, slots=True)
class _Apart:
    """The entries, by their identity, that are of a kind set apart, and those that may be, with the cause."""

    surely: frozenset[int]
    perhaps: dict[int, Cause]


def _set_apart(rule: HasCondition, case: Case) -> _Apart:
    names = case.conditions.keys() & case.vocabulary.narrower(rule.but_not)
    known = [(id(each.entry), doubt_of(each.meaning)) for name in sorted(names) for each in case.conditions[name]]
    surely = frozenset(entry for entry, doubt in known if doubt is None)
    return _Apart(surely, {entry: doubt for entry, doubt in known if doubt is not None})


def _may_be_apart(known: Known[Condition], rule: HasCondition, case: Case) -> Cause | None:
    """Say of a code that means a condition as a whole that it may stand for a kind of it that is set apart.

    A code for something narrower is left alone: the tables would name the kind that is set apart.
    """
    general = known.meaning.concept in case.vocabulary.above(rule.but_not)
    return Cause.TOO_GENERAL if general and known.meaning.relation is Relation.EXACT else None


def _condition_sight(rule: HasCondition, entry: Condition, doubt: Cause | None, case: Case) -> Sight:
    seen = condition_evidence(entry)
    truth, cause = Truth.MET, doubt
    turns: tuple[dt.date, ...] = ()
    if rule.active:
        truth, cause = _still_there(entry, cause)
    if rule.within_days is not None and truth is not Truth.UNMET:
        when = entry.onset or PartialDate(dt.date.min, _latest(entry.recorded, case))
        fresh, turns = recent(when, rule.within_days, case)
        truth = truth & fresh
        cause = cause or (Cause.DATE_IMPRECISE if fresh is Truth.UNKNOWN else None)
    if truth is Truth.MET and cause is not None:
        truth = Truth.UNKNOWN
    return Sight(truth, seen, cause if truth is Truth.UNKNOWN else None, turns)


def condition_evidence(entry: Condition) -> Evidence:
    """Show a diagnosis with its status and its day."""
    return Evidence(
        entry.reference, str(entry.code), entry.clinical.value, date=str(entry.onset or entry.recorded or "")
    )


def _still_there(entry: Condition, cause: Cause | None) -> tuple[Truth, Cause | None]:
    match entry.clinical:
        case ClinicalStatus.ACTIVE:
            return Truth.MET, cause
        case ClinicalStatus.INACTIVE:
            return Truth.UNMET, cause
        case ClinicalStatus.UNKNOWN:
            return Truth.UNKNOWN, cause or Cause.CONDITION_UNKNOWN


def _latest(date: PartialDate | None, case: Case) -> dt.date:
    return case.known_on if date is None else min(date.latest, case.known_on)


def _refutations(rule: HasCondition, case: Case) -> tuple[Refutation, ...]:
    """Give what was surely ruled out in the last 28 days, so far as it touches the conditions asked for.

    A code rules out what it means and all that is narrower; one for something narrower, or for one place in the body,
    does not rule out the whole. When only obstacles that time takes away are asked for, nothing grows old.
    """
    asked = case.vocabulary.narrower(rule.concepts)
    today = case.as_of if case.ageing else case.known_on
    oldest = days_later(today, -RULED_OUT_FOR_DAYS)
    found = []
    for concept in sorted(case.ruled_out):
        covers = case.vocabulary.narrower((concept,))
        for known in case.ruled_out[concept] if covers & asked else ():
            entry = known.entry
            assert entry.recorded is not None  # noqa: S101 - the shelf holds none without a day
            said = clip(entry.recorded, case)
            whole = not entry.sites and _says_all_of(known, case.vocabulary)
            if whole and said.on_or_after(oldest) is Truth.MET:
                shown = Evidence(entry.reference, str(entry.code), entry.verification.value, date=str(entry.recorded))
                found.append(Refutation(covers, said, shown))
    return tuple(found)


def _says_all_of(known: Known[Condition], vocabulary: Vocabulary) -> bool:
    """Say whether a code of the entry means its concept as a whole, or more than it, by a row of its own.

    A code that only begins like one of the tables says something narrower.
    """
    for code in map(vocabulary.canonical, known.entry.code.codes):
        rows = vocabulary.exact.get(code, ()) + vocabulary.prefixes.get(code.system, {}).get(code.value, ())
        ours = [row for row in rows if row.concept == known.meaning.concept and row.verified]
        if any(row.relation is Relation.EXACT or row.relation is Relation.BROAD for row in ours):
            return True
    return False


def _weighed(
    sight: Sight, known: Known[Condition], rule: HasCondition, case: Case, refutations: tuple[Refutation, ...]
) -> list[Sight]:
    """Weigh what an entry says against what was ruled out since.

    What is over, or was told later, stands. A condition that is said to be there, and was ruled out since, makes the
    records contradict each other. An entry that says less than is asked gives way where all it could mean was ruled
    out.
    """
    entry = known.entry
    later = [each for each in refutations if not _told_after(entry, each)]
    if sight.truth is Truth.UNMET or entry.clinical is ClinicalStatus.INACTIVE or not later:
        return [sight]
    if sight.truth is Truth.MET:
        against = [each.evidence for each in later if known.meaning.concept in each.covers]
        if not against:
            return [sight]
        shown = (sight.evidence, *against)
        return [Sight(Truth.UNKNOWN, each, Cause.CONFLICTING, sight.turns) for each in shown]
    meant = _could_mean(known, rule, case)
    gone = all(any(name in each.covers for each in later) for name in meant)
    return [] if meant and gone and rule.within_days is None and sight.cause is Cause.TOO_GENERAL else [sight]


def _could_mean(known: Known[Condition], rule: HasCondition, case: Case) -> list[str]:
    """Give those of the conditions asked for that an entry which says less could mean; none if it says more."""
    said = known.meaning.concept
    if known.meaning.relation is Relation.BROAD and said in case.vocabulary.narrower(rule.concepts):
        return [said]
    return [name for name in rule.concepts if said in case.vocabulary.broader(name)]


def _told_after(entry: Condition, refutation: Refutation) -> bool:
    """Say whether an entry is surely of a later day than what ruled the condition out."""
    days = [date for date in (entry.recorded, entry.onset) if date is not None]
    return any(date.earliest > refutation.said.latest for date in days)


def in_order(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Give each piece of evidence once, the newest first."""
    found = sorted(dict.fromkeys(evidence), key=lambda seen: seen.reference)
    return tuple(sorted(found, key=lambda seen: seen.date, reverse=True))
