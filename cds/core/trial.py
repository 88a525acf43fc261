"""A trial as the screen sees it: its criteria, its cohorts, and what is known of the definition itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    from cds.core.criteria import Criterion


OFFERED = frozenset({"RECRUITING", "NOT_YET_RECRUITING"})
"""The registry's statuses of trials that cards tell, unless a site chooses otherwise: open now or soon, to everyone."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place that takes part in a trial, as the registry tells it; what the registry leaves out is empty.

    ``status`` is the recruitment status of this place alone, in the registry's words. ``contact`` says in one line whom
    to ask there.
    """

    name: str
    city: str = ""
    country: str = ""
    status: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Cohort:
    """A cohort or arm of a trial: the criteria it adds to those of the trial. Only open cohorts are offered."""

    id: str
    label: str
    criteria: tuple[Criterion, ...] = ()
    open: bool = True


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial definition.

    ``complete``: every line of the registry's text is a criterion or a question. ``draft``: made from text by machine.
    ``reviewer`` and ``reviewed_on`` name a person and a day, and stay empty until a person has looked.
    ``status`` is the registry's overall status in its own words (``RECRUITING``). ``facilities`` are the places of the
    registry's record, ``sites`` what a definition written by hand says of places. ``text_sha256`` tells the version of
    the registry's eligibility text in which ``lines`` and ``span`` of the criteria count; blank where none is known.
    ``purpose`` says to the patient, in plain words, what is studied and what happens to those who join; blank until
    somebody has written it. ``phases`` are the registry's (``PHASE2``), as a definition written by hand says them.
    """

    nct_id: str
    title: str
    status: str
    criteria: tuple[Criterion, ...]
    cohorts: tuple[Cohort, ...] = ()
    version: str = ""
    record_date: dt.date | None = None
    complete: bool = False
    draft: bool = False
    reviewer: str = ""
    reviewed_on: dt.date | None = None
    sites: tuple[str, ...] = ()
    note: str = ""
    facilities: tuple[Site, ...] = ()
    text_sha256: str = ""
    purpose: str = ""
    phases: tuple[str, ...] = ()

    def offered(self, statuses: Collection[str] = OFFERED) -> bool:
        """Say whether it may be told on a card: its status is one of these, and a cohort is open."""
        is_open = not self.cohorts or any(cohort.open for cohort in self.cohorts)
        return is_open and self.status in statuses

    def open_at(self, site: Site, statuses: Collection[str] = OFFERED) -> bool:
        """Say whether a place takes patients now or will; one without a status of its own does as the trial does."""
        return (site.status or self.status) in statuses

    @property
    def url(self) -> str:
        """Where the registry shows it."""
        return f"https://clinicaltrials.gov/study/{self.nct_id}"
