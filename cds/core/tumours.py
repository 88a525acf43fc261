"""Which tumour a patient has: histology and primary site of one and the same entry, as exactly as the codes say it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cds.core.chart import ClinicalStatus, Extent, Kind, Verification
from cds.core.finding import Basis, Cause, Evidence, Finding, Wanted
from cds.core.recognise import SECONDARY
from cds.core.truth import Truth, any_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cds.core.chart import Condition
    from cds.core.criteria import Diagnosis
    from cds.core.recognise import Case, Tumour
    from cds.core.vocabulary import Meaning, Vocabulary

MALIGNANT = "malignant"
_SPREAD = re.compile(r"secondary|metasta", re.IGNORECASE)
NOT_INVASIVE = frozenset({"in-situ", "benign"})
UNSAID = frozenset({"unspecified-behaviour", "uncertain"})


def diagnosis(rule: Diagnosis, case: Case, *, forbidden: bool) -> Finding:
    """Decide whether the patient has such a tumour.

    A code that says less than is asked ("malignant neoplasm of prostate" for a neuroendocrine carcinoma of it) makes
    *too general*, unless another entry says more about the same tumour: of the same site, or of the same histology
    with the site added. A histology without a site and sites without a histology are taken for one tumour where every
    one of those sites would do: *assumed*.
    """
    primary, told = _telling(case)
    answers = [(tumour, *matches(rule, tumour, case)) for tumour in told]
    best = any_of(truth for _, truth, _ in answers)
    shown = _evidence([tumour.entry for tumour, truth, _ in answers if truth is best])
    if best is Truth.MET:
        return _settled(rule, Truth.MET, Basis.DOCUMENTED, shown, forbidden=forbidden)
    joined = _joined(rule, told, case)
    if joined:
        entries = _evidence([tumour.entry for tumour in joined])
        return _settled(rule, Truth.MET, Basis.ASSUMED, entries, forbidden=forbidden)
    wanted = Wanted("Which histology and primary site does the pathology report give?", Kind.CONDITION)
    if best is Truth.UNKNOWN:
        cause = next(cause for _, truth, cause in answers if truth is Truth.UNKNOWN and cause is not None)
        return Finding(rule, Truth.UNKNOWN, cause=cause, evidence=shown, wanted=wanted, forbidden=forbidden)
    unread = unread_tumours(primary, case)
    if unread:
        words = _evidence(unread)
        return Finding(rule, Truth.UNKNOWN, cause=Cause.UNMAPPED, evidence=words, wanted=wanted, forbidden=forbidden)
    return _none_such(rule, case, shown, wanted, forbidden=forbidden)


def _telling(case: Case) -> tuple[tuple[Tumour, ...], tuple[Tumour, ...]]:
    """Give the tumours that are no metastases, and those of all that tell something; the same for every rule."""
    if not case.told:
        primary = [tumour for tumour in case.tumours if SECONDARY not in tumour.behaviours]
        told = [tumour for tumour in primary if not _absorbed(tumour, primary, case.vocabulary)]
        told += [tumour for tumour in case.tumours if unexplained(tumour, primary, case.vocabulary)]
        case.told.append((tuple(primary), tuple(told)))
    return case.told[0]


def _none_such(rule: Diagnosis, case: Case, shown: tuple[Evidence, ...], wanted: Wanted, *, forbidden: bool) -> Finding:
    """Tell what it means that no entry is such a tumour: another one in its place, none at all, or not all was read."""
    unrecognised = case.unrecognised.get(Kind.CONDITION, 0)
    if case.chart.extent(Kind.CONDITION) is not Extent.COMPLETE:
        return Finding(rule, Truth.UNKNOWN, cause=Cause.NOT_READ, evidence=shown, wanted=wanted, forbidden=forbidden)
    if shown:
        return _settled(rule, Truth.UNMET, Basis.DOCUMENTED, shown, forbidden=forbidden, unrecognised=unrecognised)
    return Finding(
        rule,
        Truth.UNKNOWN,
        cause=Cause.NO_RECORD,
        wanted=wanted,
        unrecognised=unrecognised,
        ruled_out=bool(case.listed) and not forbidden,
        forbidden=forbidden,
    )


def _settled(
    rule: Diagnosis,
    truth: Truth,
    basis: Basis,
    evidence: tuple[Evidence, ...],
    *,
    forbidden: bool,
    unrecognised: int = 0,
) -> Finding:
    told = ~truth if forbidden else truth
    return Finding(rule, told, basis, evidence=evidence, forbidden=forbidden, unrecognised=unrecognised)


def matches(rule: Diagnosis, tumour: Tumour, case: Case) -> tuple[Truth, Cause | None]:
    """Hold one tumour against what is asked.

    An entry that is not confirmed, or that is resolved, cannot make it met; one that is not confirmed cannot make it
    unmet either; a metastasis says nothing of where the tumour began.
    """
    truth, cause = likeness(rule, tumour, case.vocabulary)
    unsure = tumour.entry.verification is Verification.UNCONFIRMED
    if truth is Truth.UNKNOWN:
        return truth, cause
    if unsure or (truth is Truth.MET and tumour.entry.clinical is ClinicalStatus.INACTIVE):
        return Truth.UNKNOWN, Cause.CONDITION_UNKNOWN
    return truth, None


def likeness(rule: Diagnosis, tumour: Tumour, vocabulary: Vocabulary) -> tuple[Truth, Cause | None]:
    """Say whether a tumour is, or may be, of the histology and site asked for, be it over or unconfirmed."""
    histology, why_histology = _histology(rule, tumour, vocabulary)
    site, why_site = _site(rule, tumour, vocabulary)
    truth = histology & site
    return truth, (why_histology or why_site) if truth is Truth.UNKNOWN else None


def _histology(rule: Diagnosis, tumour: Tumour, vocabulary: Vocabulary) -> tuple[Truth, Cause | None]:
    if tumour.behaviours & NOT_INVASIVE:
        mixed = bool(tumour.behaviours - NOT_INVASIVE - UNSAID)
        return (Truth.UNKNOWN, Cause.CONFLICTING) if mixed else (Truth.UNMET, None)
    if not rule.histologies:
        vague = not tumour.histologies and not tumour.behaviours - UNSAID
        return (Truth.UNKNOWN, Cause.TOO_GENERAL) if vague else (Truth.MET, None)
    return facet(rule.histologies, tumour.histologies, vocabulary)


def _site(rule: Diagnosis, tumour: Tumour, vocabulary: Vocabulary) -> tuple[Truth, Cause | None]:
    if SECONDARY in tumour.behaviours and (rule.sites or rule.except_sites):
        return Truth.UNKNOWN, Cause.TOO_GENERAL
    truth, cause = Truth.MET, None
    if rule.sites:
        truth, cause = facet(rule.sites, tumour.sites, vocabulary)
    if rule.except_sites:
        inside, why = facet(rule.except_sites, tumour.sites, vocabulary)
        truth, cause = truth & ~inside, cause or why
    return truth, cause if truth is Truth.UNKNOWN else None


def facet(wanted: tuple[str, ...], said: tuple[Meaning, ...], vocabulary: Vocabulary) -> tuple[Truth, Cause | None]:
    """Say whether one of the things said is one of those wanted, or may be because it is more general than they are."""
    if not said:
        return Truth.UNKNOWN, Cause.TOO_GENERAL
    inside = vocabulary.narrower(wanted)
    above = vocabulary.above(wanted)
    if any(meaning.counts and meaning.concept in inside for meaning in said):
        return Truth.MET, None
    doubtful = [meaning for meaning in said if not meaning.counts]
    if doubtful:
        return Truth.UNKNOWN, Cause.TOO_GENERAL if doubtful[0].verified else Cause.UNMAPPED
    if any(meaning.concept in above for meaning in said):
        return Truth.UNKNOWN, Cause.TOO_GENERAL
    return Truth.UNMET, None


def _absorbed(tumour: Tumour, others: list[Tumour], vocabulary: Vocabulary) -> bool:
    """Say whether another entry tells the same tumour more exactly, so that this one adds nothing."""
    if tumour.sites and tumour.histologies:
        return False
    says_more = _adds_histology if tumour.sites else _adds_site
    return any(says_more(tumour, other, vocabulary) for other in others if _may_stand_for(other, tumour))


def _may_stand_for(other: Tumour, tumour: Tumour) -> bool:
    """Say whether one entry may speak for another: it is confirmed, and not over while the other is not."""
    over = other.entry.clinical is ClinicalStatus.INACTIVE and tumour.entry.clinical is not ClinicalStatus.INACTIVE
    return other is not tumour and other.entry.verification is not Verification.UNCONFIRMED and not over


def unexplained(tumour: Tumour, primary: Sequence[Tumour], vocabulary: Vocabulary) -> bool:
    """Say whether a metastasis points to a tumour that is not on the list.

    One with a histology is explained by a primary of that histology; one without by any invasive primary that is
    confirmed and not over.
    """
    if SECONDARY not in tumour.behaviours:
        return False
    standing = [other for other in primary if _may_stand_for(other, tumour)]
    if tumour.histologies:
        return not any(_adds_site(tumour, other, vocabulary) for other in standing)
    return not any(_invasive(other) for other in standing)


def unread_tumours(primary: Sequence[Tumour], case: Case) -> list[Condition]:
    """Give the entries whose words alone speak of a tumour, less those of metastases of one that is known."""
    return [entry for entry in case.unread_tumours if not (_SPREAD.search(entry.code.text) and _known(primary))]


def _known(primary: Sequence[Tumour]) -> bool:
    """Say whether an invasive tumour is on the list, confirmed and not over: where metastases came from."""
    return any(_invasive(other) and _is_current(other) for other in primary)


def _invasive(tumour: Tumour) -> bool:
    return MALIGNANT in tumour.behaviours or (bool(tumour.histologies) and not tumour.behaviours)


def _adds_histology(tumour: Tumour, other: Tumour, vocabulary: Vocabulary) -> bool:
    """Say whether another entry, of this site or a part of it, names the histology or tells if it is malignant."""
    where = _counting(other.sites)
    if not where or not where <= vocabulary.narrower(_counting(tumour.sites)):
        return False
    open_behaviour = not tumour.behaviours - UNSAID
    invasive = not other.behaviours & NOT_INVASIVE
    named = bool(_counting(other.histologies)) and (invasive or open_behaviour)
    return named or (open_behaviour and bool(other.behaviours - UNSAID))


def _adds_site(tumour: Tumour, other: Tumour, vocabulary: Vocabulary) -> bool:
    """Say whether another entry, of this histology or a form of it, names the site."""
    what = _counting(other.histologies)
    same = bool(what) and what <= vocabulary.narrower(_counting(tumour.histologies))
    return same and bool(_counting(other.sites)) and not other.behaviours & NOT_INVASIVE


def _counting(meanings: tuple[Meaning, ...]) -> set[str]:
    return {meaning.concept for meaning in meanings if meaning.counts}


def _joined(rule: Diagnosis, told: Sequence[Tumour], case: Case) -> list[Tumour]:
    """Give the entries that together make such a tumour: a histology without a site, and sites without a histology."""
    if not (rule.sites or rule.except_sites):
        return []
    vocabulary = case.vocabulary
    unplaced = [tumour for tumour in told if not tumour.sites and _histology(rule, tumour, vocabulary)[0] is Truth.MET]
    unnamed = [
        tumour
        for tumour in told
        if tumour.sites and not tumour.histologies and MALIGNANT in tumour.behaviours and _is_current(tumour)
    ]
    sure = all(map(_is_current, unplaced))
    fitting = all(_site(rule, tumour, vocabulary)[0] is Truth.MET for tumour in unnamed)
    return unplaced + unnamed if unplaced and unnamed and sure and fitting and rule.histologies else []


def _is_current(tumour: Tumour) -> bool:
    over = tumour.entry.clinical is ClinicalStatus.INACTIVE
    return not over and tumour.entry.verification is not Verification.UNCONFIRMED


def _evidence(entries: Iterable[Condition]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            reference=entry.reference,
            label=str(entry.code),
            value=entry.clinical.value if entry.clinical is not ClinicalStatus.UNKNOWN else "",
            date=str(entry.onset or entry.recorded or ""),
        )
        for entry in sorted(entries, key=lambda entry: entry.reference)
    )
