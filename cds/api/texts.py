"""The registry's words beside a criterion: of the very version of the text in which its lines are counted.

A record changes, and a definition may be of an older one; the same line of another version would be other words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cds.errors import StoreDown
from cds.trials.records import record_of, unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cds.core.criteria import Criterion
    from cds.core.trial import Trial
    from cds.trials.records import Record
    from cds.trials.study import Study

__all__ = ["Texts", "place_of"]


@dataclass(frozen=True, slots=True)
class Texts:
    """The registry's records, those in files and those that are stored, by NCT number.

    Where the store does not answer there are none of it, as the words are an extra.
    """

    files: Mapping[str, Record] = field(default_factory=dict[str, "Record"])
    stored: Mapping[str, Study] = field(default_factory=dict[str, "Study"])

    def of(self, trial: Trial) -> Record | None:
        """Give the record with the text that a trial's lines are of; of a trial that names none, any there is."""
        held = self._held(trial.nct_id)
        return next((each for each in held if trial.text_sha256 in {"", each.sha256}), None)

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
