"""Whether there is, or lately was, a cancer beside the one a trial is about."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cds.core.chart import ClinicalStatus, Kind, Verification
from cds.core.conditions import condition_evidence
from cds.core.dates import PartialDate
from cds.core.finding import Cause, Finding, Wanted
from cds.core.presence import Sight, clip, doubt_of, recent, settle
from cds.core.recognise import SECONDARY
from cds.core.truth import Truth, all_of, any_of
from cds.core.tumours import MALIGNANT, NOT_INVASIVE, UNSAID, facet, likeness, unexplained, unread_tumours

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cds.core.chart import Condition
    from cds.core.criteria import OtherMalignancy
    from cds.core.limits import Spared
    from cds.core.recognise import Case, Tumour
    from cds.core.vocabulary import Meaning, Vocabulary

IN_SITU = "in-situ"
HISTORIES = ("history-of-malignancy", "history-of-carcinoma-in-situ")
"""What a code of a past cancer means: it tells neither which tumour it was nor when it was last there."""

_Answer = tuple[Truth, Cause | None]


@dataclass(frozen=True, slots=True)
class _Company:
    """The tumours of the chart that are no other cancer for certain: the trial's own, and those that are spared."""

    primary: list[Tumour]
    own: list[Tumour]
    spared: list[Tumour]


def other_malignancy(rule: OtherMalignancy, case: Case, *, forbidden: bool) -> Finding:
    """Decide whether there is another cancer that counts.

    The trial's own disease is never another cancer: not under a more general name, not as a metastasis. What may be
    the trial's own or a kind that is spared makes it *too general*, and so do two of the trial's own
    where it is of many cancers. A carcinoma in situ that is not spared depends on how the protocol is meant; a benign
    tumour is none.
    """
    primary = [tumour for tumour in case.tumours if SECONDARY not in tumour.behaviours]
    own = [tumour for tumour in primary if _own(rule, tumour, case.vocabulary)[0] is Truth.MET]
    spared = [tumour for tumour in primary if _spared(rule, tumour, case.vocabulary)[0] is Truth.MET]
    company = _Company(primary, own, spared)
    sights = [
        _timed(tumour.entry, _counts(rule, tumour, company, case.vocabulary), rule, case) for tumour in case.tumours
    ]
    sights += [_timed(entry, (Truth.UNKNOWN, Cause.UNMAPPED), rule, case) for entry in unread_tumours(primary, case)]
    sights += _histories(rule, case)
    finding = settle(rule, case, sights, Kind.CONDITION, (), forbidden=forbidden)
    asked = Wanted("Which other cancers were there, and when was each last present or treated?", Kind.CONDITION)
    return replace(finding, wanted=asked) if finding.wanted is not None else finding


def _counts(rule: OtherMalignancy, tumour: Tumour, company: _Company, vocabulary: Vocabulary) -> _Answer:
    """Say whether a tumour is another cancer, whenever it was."""
    if SECONDARY in tumour.behaviours:
        ours = any(_alike(tumour.histologies, other.histologies, vocabulary) for other in company.own)
        gone = ours or not unexplained(tumour, company.primary, vocabulary)
        return (Truth.UNMET, None) if gone else (Truth.UNKNOWN, Cause.TOO_GENERAL)
    own, why_own = _own(rule, tumour, vocabulary)
    spared, why_spared = _spared(rule, tumour, vocabulary)
    if spared is Truth.MET:
        return Truth.UNMET, None
    if own is Truth.MET:
        # Of a trial of many cancers, either may be the one that the patient would take part with.
        told = all(_may_be_one(rule, tumour, other, vocabulary) for other in company.own)
        return (Truth.UNMET, None) if told else (Truth.UNKNOWN, Cause.TOO_GENERAL)
    if own is Truth.UNKNOWN:
        named = _is_named_by(tumour, company.own, vocabulary)
        return (Truth.UNMET, None) if named else (Truth.UNKNOWN, why_own)
    invasive, why = _invasive(tumour)
    if spared is Truth.UNKNOWN and invasive is not Truth.UNMET:
        named = _is_named_by(tumour, company.spared, vocabulary)
        return (Truth.UNMET, None) if named else (Truth.UNKNOWN, why_spared)
    return invasive, why


def _may_be_one(rule: OtherMalignancy, tumour: Tumour, other: Tumour, vocabulary: Vocabulary) -> bool:
    """Say whether two of the trial's own may be one: of one site, or of one histology that the trial names."""
    of_one_site = _alike(tumour.sites, other.sites, vocabulary) or _alike(other.sites, tumour.sites, vocabulary)
    return of_one_site or any(
        likeness(each, tumour, vocabulary)[0] is likeness(each, other, vocabulary)[0] is Truth.MET
        for each in rule.than
        if each.histologies
    )


def _own(rule: OtherMalignancy, tumour: Tumour, vocabulary: Vocabulary) -> _Answer:
    """Say whether a tumour is the disease the trial is about."""
    return _any([likeness(each, tumour, vocabulary) for each in rule.than])


def _spared(rule: OtherMalignancy, tumour: Tumour, vocabulary: Vocabulary) -> _Answer:
    """Say whether a tumour is of a kind that does not count."""
    return _any([_is_such(each, tumour, vocabulary) for each in rule.spared])


def _is_such(kind: Spared, tumour: Tumour, vocabulary: Vocabulary) -> _Answer:
    """Hold a tumour against a kind: its histology, its site and its behaviour, as far as the kind names them."""
    answers = [facet(kind.histologies, tumour.histologies, vocabulary)] if kind.histologies else []
    answers += [facet(kind.sites, tumour.sites, vocabulary)] if kind.sites else []
    answers += [_behaves(kind.behaviours, tumour)] if kind.behaviours else []
    truth = all_of(each for each, _ in answers)
    return truth, _first_cause(answers) if truth is Truth.UNKNOWN else None


def _behaves(wanted: tuple[str, ...], tumour: Tumour) -> _Answer:
    said = tumour.behaviours - UNSAID
    if not said:
        return Truth.UNKNOWN, Cause.TOO_GENERAL
    if said & set(wanted):
        return (Truth.MET, None) if said <= set(wanted) else (Truth.UNKNOWN, Cause.CONFLICTING)
    return Truth.UNMET, None


def _invasive(tumour: Tumour) -> _Answer:
    """Say whether a tumour is an invasive cancer; whether one in situ counts, only the protocol's author can tell."""
    said = tumour.behaviours - UNSAID
    if not said:
        return Truth.UNKNOWN, Cause.TOO_GENERAL
    if not said & NOT_INVASIVE:
        return Truth.MET, None
    if MALIGNANT in said:
        return Truth.UNKNOWN, Cause.CONFLICTING
    return (Truth.UNKNOWN, Cause.CONDITION_UNKNOWN) if IN_SITU in said else (Truth.UNMET, None)


def _any(answers: list[_Answer]) -> _Answer:
    truth = any_of(each for each, _ in answers)
    return truth, _first_cause(answers) if truth is Truth.UNKNOWN else None


def _first_cause(answers: Iterable[_Answer]) -> Cause | None:
    return next((cause for truth, cause in answers if truth is Truth.UNKNOWN), None)


def _is_named_by(tumour: Tumour, others: list[Tumour], vocabulary: Vocabulary) -> bool:
    """Say whether an entry may be a more general name of one of the others: all that it says, that one says too."""
    return any(
        _alike(tumour.sites, other.sites, vocabulary) and _alike(tumour.histologies, other.histologies, vocabulary)
        for other in others
    )


def _alike(said: tuple[Meaning, ...], other: tuple[Meaning, ...], vocabulary: Vocabulary) -> bool:
    """Say whether each thing said is one of the others, or a part or a whole of one; nothing unverified is."""
    lines = [{each.concept, *vocabulary.broader(each.concept)} for each in other]
    return all(
        each.verified
        and any(
            each.concept in line or whole.concept in vocabulary.broader(each.concept)
            for whole, line in zip(other, lines, strict=True)
        )
        for each in said
    )


def _timed(entry: Condition, answer: _Answer, rule: OtherMalignancy, case: Case) -> Sight:
    """Say what a tumour says of the window the trial asks about."""
    truth, cause = answer
    turns: tuple[dt.date, ...] = ()
    if truth is Truth.MET and entry.verification is Verification.UNCONFIRMED:
        truth, cause = Truth.UNKNOWN, Cause.CONDITION_UNKNOWN
    if truth is not Truth.UNMET and rule.within_days is not None:
        (lately, why), turns = _lately(entry, rule.within_days, case)
        truth, cause = truth & lately, cause or why
    return Sight(truth, condition_evidence(entry), cause if truth is Truth.UNKNOWN else None, turns)


def _lately(entry: Condition, days: int, case: Case) -> tuple[_Answer, tuple[dt.date, ...]]:
    """Say whether a cancer was there fewer than so many days ago, and the days on which that may turn.

    One that is over was there until it abated, or until some day since it began. One that began in the window counts;
    one that is still called active and began before it depends on whether it is there, or only still on the list. It
    does not go away by growing old.
    """
    if entry.clinical is ClinicalStatus.INACTIVE:
        begun = entry.onset.earliest if entry.onset is not None else dt.date.min
        last = entry.abated or PartialDate(min(begun, case.known_on), case.known_on)
        truth, turns = recent(clip(last, case), days, case)
        return (truth, Cause.DATE_IMPRECISE if truth is Truth.UNKNOWN else None), turns
    told = clip(entry.recorded, case).latest if entry.recorded is not None else case.known_on
    begun_on = entry.onset or PartialDate(dt.date.min, told)
    truth, turns = recent(begun_on, days, case if case.ageing else replace(case, as_of=case.known_on))
    if truth is Truth.UNMET:
        return (Truth.UNKNOWN, Cause.CONDITION_UNKNOWN), turns
    return (truth, Cause.DATE_IMPRECISE if truth is Truth.UNKNOWN else None), turns


def _histories(rule: OtherMalignancy, case: Case) -> Iterator[Sight]:
    """Tell past cancers that are recorded as no more than a history."""
    in_situ_spared = any(not (each.histologies or each.sites) and IN_SITU in each.behaviours for each in rule.spared)
    for concept in HISTORIES[:1] if in_situ_spared else HISTORIES:
        for name in sorted(case.conditions.keys() & case.vocabulary.narrower((concept,))):
            for known in case.conditions[name]:
                doubt = doubt_of(known.meaning) or Cause.TOO_GENERAL
                yield Sight(Truth.UNKNOWN, condition_evidence(known.entry), doubt)
