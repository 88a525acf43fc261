"""When a trial that was dismissed, or told a moment ago, is not told again: reasons to quiet periods, and fingerprints.

Only cards are quieted: screens, assessments and counts go on, and what is not shown is counted. A dismissal speaks for
one patient only. What "new" is, is seen by a fingerprint of the findings that the card was told on.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from cds.core.finding import CriterionFinding, Finding

__all__ = ["LONGEST_QUIET", "QUIET", "UNSAID", "Quiet", "material", "rule_of", "still_quiet"]


@dataclass(frozen=True, slots=True)
class Quiet:
    """What follows from one reason.

    ``days`` without the card; ``until_news``: other findings end it before; ``for_all``: it is quiet for everyone who
    opens this patient's chart, not only for the clinician who said so. ``why`` is told in docs/feedback.md.
    """

    days: int
    until_news: bool
    for_all: bool
    why: str


QUIET: Final = {
    "patient-ineligible": Quiet(
        365,
        until_news=True,
        for_all=True,
        why="Someone checked what the records do not show; other records, other answer.",
    ),
    "patient-contraindication": Quiet(
        365, until_news=True, for_all=True, why="A medical judgement on these records, which new results may overturn."
    ),
    "patient-refuses": Quiet(
        365,
        until_news=False,
        for_all=True,
        why="The patient has said no: no result changes that, and asking again harms.",
    ),
    "prefers-alternative": Quiet(
        90,
        until_news=True,
        for_all=True,
        why="A choice of treatment holds while that treatment does: about three months.",
    ),
    "action-completed": Quiet(
        180, until_news=False, for_all=True, why="The research team has it; a card would ask for what was done."
    ),
    "service-not-available": Quiet(
        180, until_news=False, for_all=True, why="Sites open and close over months; findings do not bring one nearer."
    ),
    "need-more-info": Quiet(
        14, until_news=True, for_all=False, why="Ends with the awaited result; two weeks remind where none comes."
    ),
    "limited-time": Quiet(1, until_news=False, for_all=False, why="Not today; the next visit is another matter."),
    "inappropriate-recipient": Quiet(
        180, until_news=False, for_all=False, why="Speaks of the reader, not of the patient: others still see it."
    ),
}
"""By HL7's code. Reviewed by nobody outside this project yet: a site's clinicians should read it before going live."""

UNSAID: Final = Quiet(
    7,
    until_news=True,
    for_all=False,
    why="No reason, or one that says nothing on when to tell again: a week for that reader.",
)

LONGEST_QUIET: Final = dt.timedelta(days=max(each.days for each in (*QUIET.values(), UNSAID)))


def rule_of(reason: str | None, *, of_one_trial: bool = True) -> Quiet:
    """Say what follows from a reason; one that says nothing on when to tell again is as good as none.

    So is one that was given on a card of several trials or of something that could not be read, as it cannot speak of
    all of them: "the patient refuses" must not hide for a year, and from everyone, that the record cannot be read.
    """
    rule = UNSAID if reason is None else QUIET.get(reason, UNSAID)
    return rule if of_one_trial or rule.days < UNSAID.days else UNSAID


def still_quiet(rule: Quiet, since: dt.datetime, now: dt.datetime, *, same_viewer: bool, news: bool) -> bool:
    """Say whether a dismissal still keeps its trial from being told to this viewer, with or without news since."""
    heard = rule.for_all or same_viewer
    return heard and now < since + dt.timedelta(days=rule.days) and not (news and rule.until_news)


def material(findings: Iterable[CriterionFinding]) -> str:
    """Write down what a card was told on: each criterion's answer, and the entries that decided it.

    It depends neither on the order of criteria or entries nor on the day, as long as no answer changes: what the
    Patient resource shows is left out, as a birthday alone is no news. It holds patient data, so only its keyed hash
    (the fingerprint) is kept.
    """
    every = [[each.criterion.id, each.finding.truth.name, sorted(_entries(each.finding))] for each in findings]
    return json.dumps(sorted(every))


def _entries(finding: Finding) -> Iterator[list[str]]:
    for each in finding.evidence:
        if not each.reference.startswith("Patient/"):
            yield [each.reference, each.value, each.date]
