"""When the records say that the disease progressed or came back: the three things that show it.

* A disease status observed as progression (mCODE's "cancer disease status", LOINC 97509-4): its own day.
* A tumour on the problem list that the sender calls a recurrence or relapse. Its onset may be that of the recurrence or
  of the tumour itself, so it is some day from then to the records' day.
* A drug stopped for progression: the day it ended. The reason is read by whole phrases, never by parts of them.

A later regimen is no proof: treatment is also changed because it was not tolerated, or was complete.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from cds.core.chart import Verification
from cds.core.codes import NAME, normalised_name
from cds.core.courses import evidence_of, span
from cds.core.dates import PartialDate
from cds.core.finding import Evidence
from cds.core.presence import by_now
from cds.core.quantities import Interval
from cds.core.recognise import tumour_of
from cds.core.results import usable
from cds.core.scales import plausible_amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cds.core.chart import Condition
    from cds.core.codes import Coded
    from cds.core.courses import Course
    from cds.core.recognise import Case

DISEASE_STATUS = "disease-status"
_PROGRESSED = Interval.exactly(Fraction(3))
"""The score that the table of answers gives to a disease status of progression."""
_PHRASES = frozenset(
    {
        "progression",
        "progressed",
        "progressive disease",
        *(f"{what} progression" for what in ("disease", "tumour", "tumor", "cancer", "radiographic", "clinical")),
        *(f"progression of {what}" for what in ("disease", "tumour", "tumor", "cancer")),
        *(f"{what} progressed" for what in ("disease", "tumour", "tumor", "cancer")),
    }
)


@dataclass(frozen=True, slots=True)
class Progression:
    """A progression or recurrence: the days on which it may have been, and whether it is sure that it was.

    ``of`` is the reference of the drug's entry that was ended for it.
    """

    when: PartialDate
    evidence: Evidence
    sure: bool = True
    of: str = ""


def progressions(courses: Iterable[Course], case: Case) -> tuple[Progression, ...]:
    """Give every progression on record, those that ended one of the courses among them, earliest first."""
    found = {*_observed(case), *_recurrences(case)}
    for course in courses:
        found |= {*_ended_for_it(course, case)}
    return tuple(
        sorted(found, key=lambda each: (each.when.earliest, each.when.latest, each.evidence.reference, each.of))
    )


def _observed(case: Case) -> Iterator[Progression]:
    for known in usable(case, (DISEASE_STATUS,)):
        date = known.entry.date
        if known.entry.attested is None and plausible_amount(known, case) == _PROGRESSED:
            label = case.vocabulary.display(DISEASE_STATUS)
            seen = Evidence(known.entry.reference, label, str(known.entry.value), date=str(date or ""))
            yield Progression(by_now(date, case), seen, sure=known.meaning.counts)


def _recurrences(case: Case) -> Iterator[Progression]:
    for entry in case.listed:
        if entry.recurred and (tumour_of(entry, case.vocabulary) is not None or entry in case.unread_tumours):
            seen = Evidence(
                entry.reference, str(entry.code), "recurrence", date=str(entry.onset or entry.recorded or "")
            )
            yield Progression(_recurred(entry, case), seen, sure=entry.verification is Verification.CONFIRMED)


def _recurred(entry: Condition, case: Case) -> PartialDate:
    first = entry.onset or entry.recorded
    return PartialDate(dt.date.min if first is None else min(first.earliest, case.known_on), case.known_on)


def _ended_for_it(course: Course, case: Case) -> Iterator[Progression]:
    if not any(says_progression(reason) for reason in course.entry.stopped_for):
        return
    end, ongoing = span(course.entry, case)
    when = by_now(None if ongoing else end, case)
    for seen in evidence_of(course, case, "stopped for progression"):
        yield Progression(when, seen, sure=course.doubt is None, of=course.entry.reference)


def says_progression(reason: Coded) -> bool:
    """Say whether a reason for ending a drug is, in its own words, that the disease progressed."""
    words = {reason.text, *(code.value for code in reason.codes if code.system == NAME)}
    return bool({normalised_name(each.replace("-", " ")) for each in words} & _PHRASES)
