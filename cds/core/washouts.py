"""How long ago a drug must have ended: days, or days beside half-lives of the drug (DESIGN §3.8)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.dates import days_later
from cds.core.finding import Cause
from cds.core.limits import Whichever
from cds.core.presence import recent
from cds.core.truth import Truth

if TYPE_CHECKING:
    import datetime as dt

    from cds.core.criteria import Exposed
    from cds.core.dates import PartialDate
    from cds.core.recognise import Case


@dataclass(frozen=True, slots=True)
class Washout:
    """The days that must pass after the end of a drug: at least the fewest, at most the most (none: no one knows)."""

    fewest: int
    most: int | None


def washout_of(rule: Exposed, name: str, case: Case) -> Washout | None:
    """Give the washout a rule asks of an ingredient, or nothing where it has no window.

    Half-lives are rounded up to whole days. Sources give the half-life as a range, and so the washout is one. Of a drug
    whose half-life is not in the table, or not verified, *longer* is at least the days and may be more; *shorter* is at
    most the days and may be less.
    """
    days, asked = rule.within_days, rule.half_lives
    if days is None or asked is None:
        return None if days is None else Washout(days, days)
    known = case.vocabulary.half_lives.get(name)
    if known is None or not known.verified:
        return Washout(days, None) if asked.whichever is Whichever.LONGER else Washout(min(1, days), days)
    ends = (math.ceil(asked.count * end) for end in (known.low_d, known.high_d))
    choose = max if asked.whichever is Whichever.LONGER else min
    fewest, most = (choose(days, end) for end in ends)
    return Washout(fewest, most)


def not_over(end: PartialDate, washout: Washout, case: Case) -> tuple[Truth, Cause | None, tuple[dt.date, ...]]:
    """Say whether a washout that began with the end of a drug is still running, why not known, and when it is over.

    It is running for certain in its fewest days, and over for certain after its most.
    """
    if washout.most is not None and end.latest < days_later(case.as_of, 1 - washout.most):
        return Truth.UNMET, None, ()
    surely, _ = recent(end, washout.fewest, case)
    maybe = Truth.UNKNOWN if washout.most is None else recent(end, washout.most, case)[0]
    last = washout.fewest if washout.most is None else washout.most
    turns = days_later(end.earliest, washout.fewest), days_later(end.latest, last)
    if surely is Truth.MET or maybe is Truth.UNMET:
        return surely, None, turns
    imprecise = surely is Truth.UNKNOWN or (washout.most is not None and maybe is Truth.UNKNOWN)
    return Truth.UNKNOWN, Cause.DATE_IMPRECISE if imprecise else Cause.CONDITION_UNKNOWN, turns
