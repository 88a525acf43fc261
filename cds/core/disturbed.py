"""Results that a treatment has disturbed: those taken too early after it count for nothing (``clear_of``)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from cds.core.chart import ExposureStatus, Extent, Kind
from cds.core.dates import PartialDate, days_later
from cds.core.finding import Cause, Evidence

if TYPE_CHECKING:
    from cds.core.chart import Exposure, Measurement
    from cds.core.limits import Clear
    from cds.core.recognise import Case, Known


def disturbed(rule: Clear, known: Known[Measurement], case: Case) -> tuple[Cause, tuple[Evidence, ...]] | None:
    """Say why a result does not count, with the drug that is the reason; nothing where it was taken late enough.

    It must have been taken so many days after each beginning that is on record: one that was taken before a drug was
    begun does not count either, as the trial asks for what the treatment left. Exposures that could not all be read may
    hide a later one.
    """
    date = known.entry.date
    if date is None:
        return Cause.DATE_IMPRECISE, ()
    doubts: list[Evidence] = []
    for name, exposure in _begun(rule, case):
        begun = _beginning(exposure, case)
        seen = Evidence(exposure.reference, case.vocabulary.display(name), date=str(exposure.start or ""))
        if date.latest < days_later(begun.earliest, rule.days):
            return Cause.TOO_OLD, (seen,)
        if date.earliest < days_later(begun.latest, rule.days):
            doubts.append(seen)
    if doubts:
        return Cause.DATE_IMPRECISE, tuple(doubts)
    return None if case.chart.extent(Kind.MEDICATION) is Extent.COMPLETE else (Cause.NOT_READ, ())


def _begun(rule: Clear, case: Case) -> list[tuple[str, Exposure]]:
    """Give the exposures to the drugs that have begun, the latest first."""
    names = case.vocabulary.ingredients_of(rule.drugs).keys() | set(rule.drugs)
    found = {
        exposure.reference: (name, exposure)
        for name in sorted(case.exposures.keys() & names, reverse=True)
        for exposure in (known.entry for known in case.exposures[name])
        if exposure.status is not ExposureStatus.NEVER and _beginning(exposure, case).earliest <= case.known_on
    }
    order = sorted(found.values(), key=lambda each: each[1].reference)
    return sorted(order, key=lambda each: _beginning(each[1], case).earliest, reverse=True)


def _beginning(exposure: Exposure, case: Case) -> PartialDate:
    """Give the span in which a drug was begun or given: some day up to its end, where the entry does not say."""
    if exposure.start is not None:
        return PartialDate(
            exposure.start.earliest, max(exposure.start.earliest, min(exposure.start.latest, case.known_on))
        )
    end = case.known_on if exposure.end is None else min(exposure.end.latest, case.known_on)
    return PartialDate(dt.date.min, end)
