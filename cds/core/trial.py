"""A trial as the screen sees it: its criteria, its cohorts, and what is known of the definition itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    from cds.core.criteria import Criterion


_TAKING_PATIENTS = frozenset({"RECRUITING", "NOT_YET_RECRUITING", "ENROLLING_BY_INVITATION", "AVAILABLE"})


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
    ``status`` is the registry's overall status in its own words (``RECRUITING``).
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

    @property
    def offered(self) -> bool:
        """Whether it may be told on a card: it takes patients now or will, and a cohort is open."""
        is_open = not self.cohorts or any(cohort.open for cohort in self.cohorts)
        return is_open and self.status in _TAKING_PATIENTS

    @property
    def url(self) -> str:
        """Where the registry shows it."""
        return f"https://clinicaltrials.gov/study/{self.nct_id}"
