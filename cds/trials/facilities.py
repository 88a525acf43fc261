"""The places of a registry record as the places of a trial, each with whom to ask there in one line, and back."""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING, Final

from cds.core.trial import Site
from cds.trials.study import Facility, Study

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cds.core.trial import Trial
    from cds.trials.study import Contact

__all__ = ["contact_of", "sites_of", "study_of_trial"]

_LONGEST: Final = 160
_TO_ASK: Final = frozenset({"", "CONTACT"})
"""Of the registry's roles, the one to call; the others are investigators (its API v2: ``Contact``)."""


def sites_of(study: Study) -> tuple[Site, ...]:
    """Give the places of a study, in the registry's order; one without a contact of its own has the whole study's."""
    central = contact_of(study.contacts)
    return tuple(_site(each, central) for each in study.facilities)


def _site(told: Facility, central: str) -> Site:
    return Site(
        told.name,
        intern(told.city),
        intern(told.country),
        intern(told.status),
        contact_of(told.contacts) or central,
    )


def contact_of(contacts: Sequence[Contact]) -> str:
    """Give whom to ask in one line: a name, a telephone number, an address; those who can be reached come first."""
    ordered = sorted(contacts, key=lambda each: (not (each.phone or each.email), each.role not in _TO_ASK))
    if not ordered:
        return ""
    line = ", ".join(filter(None, (ordered[0].name, ordered[0].phone, ordered[0].email)))
    line = " ".join(line.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def study_of_trial(trial: Trial) -> Study:
    """Give what a definition alone says as a study, for a trial whose record is not held."""
    return Study(
        nct_id=trial.nct_id,
        title=trial.title,
        official_title="",
        status=trial.status,
        why_stopped="",
        phases=trial.phases,
        study_type="",
        conditions=(),
        keywords=(),
        interventions=(),
        text="",
        sex="",
        minimum_age="",
        maximum_age="",
        facilities=tuple(Facility(each.name, each.city, "", each.country, each.status) for each in trial.facilities),
        contacts=(),
        sponsor="",
        updated=trial.record_date.isoformat() if trial.record_date else "",
        start="",
        summary="",
    )
