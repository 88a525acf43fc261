"""Where a drug acts: in the whole body, or in one place of it only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.truth import Truth
from cds.core.vocabulary import LOCAL_ROUTE, SYSTEMIC_ROUTE, Reaches

if TYPE_CHECKING:
    from cds.core.courses import Course
    from cds.core.recognise import Case


def systemic(course: Course, case: Case) -> Truth:
    """Say whether a course acts in the whole body.

    The entry's route decides; without one, the drug's usual way does, where it has but one. A route that the tables
    leave out (rectal, intrathecal, into an artery) can be either.
    """
    route = course.entry.route
    meanings = case.vocabulary.meanings(route)
    said = {meaning.concept for meaning in meanings if meaning.counts} & {SYSTEMIC_ROUTE, LOCAL_ROUTE}
    if len(said) == 1:
        return Truth.MET if SYSTEMIC_ROUTE in said else Truth.UNMET
    concept = case.vocabulary.concepts.get(course.name)
    if route.codes or route.text or concept is None:
        return Truth.UNKNOWN
    return Truth.MET if concept.reaches is Reaches.SYSTEMIC else Truth.UNKNOWN
