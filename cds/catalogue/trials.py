"""The stored records as trials ready to be screened: curated ones brought up to date, all others as drafts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cds.errors import BadTrial
from cds.store.records import SavedDraft
from cds.trials.layering import Layered, layered
from cds.trials.saved import SavedReader, saved
from cds.trials.study import Study, study_of

if TYPE_CHECKING:
    from cds.core.trial import Trial
    from cds.core.vocabulary import Vocabulary
    from cds.store.records import StoredRecord
    from cds.store.studies import Studies
    from cds.trials.definition import Definition
    from cds.trials.drafting import Drafting

__all__ = ["Drafts", "StoredTrials", "text_of_version"]

_BATCH = 200


class Drafts:
    """Makes drafts of records as the store keeps them; what they are made with is loaded when the first is made."""

    def __init__(self, made_with: str, load: Callable[[], Drafting]) -> None:
        self._made_with, self._load = made_with, load

    @property
    def made_with(self) -> str:
        """What tells its drafts from those of other tables or another version of the program."""
        return self._made_with

    @cached_property
    def drafting(self) -> Drafting:
        """Everything that drafts are made with."""
        return self._load()

    def draft(self, study: Study, sha256: str) -> SavedDraft:
        """Draft the record of this digest; raise ``BadTrial`` where that cannot be written down."""
        return SavedDraft(study.nct_id, sha256, self._made_with, saved(self.drafting.trial(study)))


@dataclass(frozen=True, slots=True)
class StoredTrials:
    """What a store holds, as trials. ``drafts`` makes anew what was made with other tables, or of another record."""

    studies: Studies
    vocabulary: Vocabulary
    drafts: Drafts

    def drafted(self, statuses: Collection[str], besides: Collection[str] = ()) -> Iterator[Trial]:
        """Give the drafts of the trials of these statuses that the registry still has, but for those named."""
        reader = SavedReader(self.vocabulary)
        wanted = {each.nct_id: each.sha256 for each in self.studies.heads().values() if each.gone_at is None}
        for nct_id in besides:
            wanted.pop(nct_id, None)
        self._renew(wanted)
        for each in self.studies.drafts():
            if (each.record_sha256, each.made_with) == (wanted.get(each.nct_id), self.drafts.made_with):
                trial = reader.trial(each.text, each.nct_id)
                if trial.status in statuses:
                    yield trial

    def brought_up_to_date(self, definitions: Sequence[Definition]) -> tuple[Layered, ...]:
        """Lay each definition over the draft of its stored record; one without a record stands as it is."""
        by_number = {each.trial.nct_id: each for each in definitions}
        records = {each.nct_id: each for each in self.studies.current(by_number)}
        return tuple(self.layered(each, records.get(name)) for name, each in by_number.items())

    def layered(self, definition: Definition, record: StoredRecord | None) -> Layered:
        """Lay one definition over the draft of its record."""
        if record is None:
            return Layered(definition.trial, (), definition.headings)
        study = study_of(record.record())
        older = text_of_version(definition.record.sha256, [study.text])
        if older is None and definition.record.sha256:
            texts = (study_of(each.record()).text for each in self.studies.versions(study.nct_id))
            older = text_of_version(definition.record.sha256, texts)
        return layered(definition, self._draft(study, record), study, older)

    def _draft(self, study: Study, record: StoredRecord) -> Trial:
        kept = next(iter(self.studies.drafts([study.nct_id])), None)
        if kept is None or (kept.record_sha256, kept.made_with) != (record.sha256, self.drafts.made_with):
            kept = self.drafts.draft(study, record.sha256)
            self.studies.keep_drafts([kept])
        return SavedReader(self.vocabulary).trial(kept.text, study.nct_id)

    def _renew(self, wanted: Mapping[str, str]) -> None:
        """Make the drafts that are missing, or were made with something else, and keep them."""
        made = self.studies.drafted()
        old = [name for name, sha256 in wanted.items() if made.get(name) != (sha256, self.drafts.made_with)]
        for begun in range(0, len(old), _BATCH):
            records = self.studies.current(old[begun : begun + _BATCH])
            self.studies.keep_drafts([draft for each in records if (draft := self._made(each)) is not None])

    def _made(self, record: StoredRecord) -> SavedDraft | None:
        """Draft one record; where that cannot be done, the others are drafted all the same."""
        try:
            return self.drafts.draft(study_of(record.record()), record.sha256)
        except BadTrial:
            return None


def text_of_version(sha256: str, texts: Iterable[str]) -> str | None:
    """Give the text with this digest, as definitions hold it."""
    return next((each for each in texts if hashlib.sha256(each.encode()).hexdigest() == sha256), None)
