"""The registry's words beside a criterion: of the very version of the text in which its lines are counted.

A record changes, and a definition may be of an older one; the same line of another version would be other words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from cds.errors import StoreDown
from cds.trials.records import record_of, unescaped
from cds.trials.text.headings import section_of
from cds.trials.text.outline import outline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cds.core.criteria import Criterion
    from cds.core.trial import Trial
    from cds.trials.records import Record
    from cds.trials.study import Study
    from cds.trials.text.outline import Line

__all__ = ["Headings", "Texts", "lines_of", "place_of"]


class Headings:
    """The headings of one eligibility text, and which lines stand under them."""

    def __init__(self, text: str) -> None:
        self._lines: list[tuple[Line, tuple[str, ...]]] = []
        section: tuple[str, ...] = ()
        for line in outline(text):
            if line.heading and section_of(line.text) is not None:
                section = (_title(line.text),)
            else:
                self._lines.append((line, (*section, *(_title(lead.text) for lead in line.leads))))

    def above(self, criterion: Criterion) -> tuple[str, ...]:
        """Give the headings above the first line of a criterion, or above the piece of it that it was made from."""
        if criterion.span is not None:
            start = criterion.span[0]
            within = (titles for line, titles in self._lines if line.span.start <= start < line.span.end)
            found = next(within, None)
            if found is not None:
                return found
        first = criterion.lines[0]
        return next((titles for line, titles in self._lines if line.number <= first <= line.last_number), ())


def _title(text: str) -> str:
    return text.strip().rstrip(":").rstrip()


@dataclass(frozen=True, slots=True)
class Texts:
    """The registry's records, those in files and those that are stored, by NCT number.

    Where the store does not answer there are none of it, as the words are an extra.
    """

    files: Mapping[str, Record] = field(default_factory=dict[str, "Record"])
    stored: Mapping[str, Study] = field(default_factory=dict[str, "Study"])
    _shapes: dict[str, tuple[str, Headings]] = field(default_factory=dict, repr=False)

    def of(self, trial: Trial) -> Record | None:
        """Give the record with the text that a trial's lines are of; of a trial that names none, any there is."""
        held = self._held(trial.nct_id)
        return next((each for each in held if trial.text_sha256 in {"", each.sha256}), None)

    def headings(self, trial: Trial, criterion: Criterion, record: Record | None) -> list[str]:
        """Give the registry's own headings above a criterion's line, outermost first; none where there is no record.

        The shape of a text is found once, and again where it has become another.
        """
        if record is None or not criterion.lines:
            return []
        known = self._shapes.get(trial.nct_id)
        if known is None or known[0] != record.text:
            known = self._shapes[trial.nct_id] = record.text, Headings(record.text)
        return list(known[1].above(criterion))

    def _held(self, nct_id: str) -> Iterator[Record]:
        if nct_id in self.files:
            yield self.files[nct_id]
        try:
            study = self.stored.get(nct_id)
        except StoreDown:
            return
        if study is not None:
            yield record_of(study)


def place_of(criterion: Criterion, record: Record | None) -> dict[str, Any]:
    """Tell where a criterion stands in the registry's text, and its lines' words where the record is known."""
    told: dict[str, Any] = {}
    if criterion.lines:
        lines = record.lines if record is not None else ()
        text = "\n".join(unescaped(lines[each - 1]) for each in criterion.lines if each <= len(lines))
        several = {"lines": list(criterion.lines)} if len(criterion.lines) > 1 else {}
        told["source"] = {"line": criterion.lines[0], **several, **({"text": text} if text else {})}
    if criterion.span is not None:
        told["span"] = {"start": criterion.span[0], "end": criterion.span[1]}
    return told


def lines_of(trial: Trial, record: Record) -> list[dict[str, Any]]:
    """Tell the registry's text line by line, each with the criteria that were read of it.

    A line without any is a heading, where the whole text was read.
    """
    read: dict[int, list[str]] = {}
    for criterion in chain(trial.criteria, *(cohort.criteria for cohort in trial.cohorts)):
        for each in dict.fromkeys(criterion.lines):
            read.setdefault(each, []).append(criterion.id)
    whole = trial.complete or trial.draft
    told: list[dict[str, Any]] = []
    for number, line in enumerate(record.lines, start=1):
        text, criteria = unescaped(line), read.get(number, [])
        heading = {"heading": True} if whole and text.strip() and not criteria else {}
        told.append({"line": number, "text": text, "criteria": criteria, **heading})
    return told
