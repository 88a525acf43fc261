"""The source attributes of one trial definition: what it cites, who made and reviewed it, when, on which patient data.

They are those that 45 CFR 170.315(b)(11)(iv)(A) asks of an evidence-based decision support intervention. All is taken
from the definition, and from the registry's record where that is held; what nobody wrote down is said to be unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from cds.core.needs import joined, needs_of

if TYPE_CHECKING:
    import datetime as dt

    from cds.core.attributes import Attributes, Use
    from cds.core.needs import Needs
    from cds.core.trial import Trial
    from cds.trials.definition import Definition
    from cds.trials.study import Study

__all__ = ["PARAGRAPH", "SourceAttributes", "source_attributes"]

PARAGRAPH: Final = "45 CFR 170.315(b)(11)(iv)(A)"
_REGISTRY: Final = "ClinicalTrials.gov"


@dataclass(frozen=True, slots=True)
class SourceAttributes:
    """What is known of where one trial definition comes from.

    ``citation`` names the registry's record that the definition puts into rules; ``made_from`` is the day of the record
    that it was written from, and ``posted`` that of the record which it was brought up to. ``review`` says in a
    sentence who has looked at it. ``sponsor`` runs the trial, and has nothing to do with this program.
    """

    trial: Trial
    citation: str
    made_from: dt.date | None
    posted: dt.date | None
    translation: str
    review: str
    sponsor: str
    uses: tuple[Use, ...]
    reads: Needs


def source_attributes(
    trial: Trial, attributes: Attributes, definition: Definition | None = None, study: Study | None = None
) -> SourceAttributes:
    """Put together what is known of a trial, with its definition as the file says it and the record, where held."""
    made_from = definition.record.date if definition is not None else trial.record_date
    criteria = chain(trial.criteria, *(cohort.criteria for cohort in trial.cohorts))
    return SourceAttributes(
        trial=trial,
        citation=_citation(trial, study),
        made_from=made_from,
        posted=trial.record_date,
        translation=_MACHINE if trial.draft else _PERSON,
        review=_review(trial),
        sponsor=study.sponsor if study is not None else "",
        uses=attributes.uses(trial),
        reads=joined(needs_of(each.rule) for each in criteria),
    )


_MACHINE: Final = "A draft: made by machine out of the registry's text."
_PERSON: Final = "Written as rules by the developer."


def _citation(trial: Trial, study: Study | None) -> str:
    title = " ".join((study.official_title or study.title if study is not None else trial.title).split()).rstrip(".")
    day = f"posted {trial.record_date}" if trial.record_date else "day of posting not recorded"
    return f"{title}. {_REGISTRY}, {trial.nct_id}, record {day}. {trial.url}"


def _review(trial: Trial) -> str:
    if not trial.reviewer:
        return "Not clinically reviewed: no person has been named who looked at it."
    day = f"on {trial.reviewed_on}" if trial.reviewed_on else "on a day that is not recorded"
    return f"Reviewed by {trial.reviewer} {day}."
