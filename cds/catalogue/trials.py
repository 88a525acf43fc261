"""The stored records as trials ready to be screened: curated ones brought up to date, all others as drafts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from cds.catalogue.reading import study_in
from cds.errors import BadTrial
from cds.store.records import SavedDraft
from cds.trials.layering import Flag, Layered, layered
from cds.trials.records import text_sha256
from cds.trials.saved import SavedReader, saved

if TYPE_CHECKING:
    from cds.core.trial import Trial
    from cds.core.vocabulary import Vocabulary
    from cds.store.records import StoredRecord
    from cds.store.studies import Studies
    from cds.trials.definition import Definition
    from cds.trials.drafting import Drafting
    from cds.trials.study import Study

__all__ = ["Drafts", "StoredTrials", "text_of_version"]

_BATCH = 200
_UNREAD = "the stored record cannot be read"
_UNDRAFTED = "the stored record cannot be drafted: lines that are new in it are missing here"


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

    def is_current(self, told: tuple[str, str] | None, sha256: str | None) -> bool:
        """Say whether a draft, told by its record's digest and by what made it, is the one of this record and today."""
        return told == (sha256, self._made_with)

    def made(self, study: Study, sha256: str, bad: Callable[[str], None]) -> SavedDraft | None:
        """Draft the record of this digest; nothing where that cannot be done, of which ``bad`` is told.

        Raises ``BadMapping`` where the tables cannot be loaded: then it is no fault of the record.
        """
        drafting = self.drafting
        try:
            return SavedDraft(study.nct_id, sha256, self._made_with, saved(drafting.trial(study)))
        except BadTrial as problem:
            bad(str(problem))
        except Exception as problem:  # noqa: BLE001 - one text that cannot be drafted must not keep the others out
            bad(f"{study.nct_id}: could not be drafted ({type(problem).__name__})")
        return None


@dataclass(frozen=True, slots=True)
class StoredTrials:
    """What a store holds, as trials. ``drafts`` makes anew what was made with other tables, or of another record.

    Of each record that cannot be read or drafted ``bad`` is told; the others are there all the same.
    """

    studies: Studies
    vocabulary: Vocabulary
    drafts: Drafts
    bad: Callable[[str], None]

    def drafted(self, statuses: Collection[str], besides: Collection[str] = ()) -> Iterator[Trial]:
        """Give the drafts of the trials of these statuses that the registry still has, but for those named."""
        reader = SavedReader(self.vocabulary)
        wanted = {each.nct_id: each.sha256 for each in self.studies.heads().values() if each.gone_at is None}
        for nct_id in besides:
            wanted.pop(nct_id, None)
        self._renew(wanted)
        for each in self.studies.drafts():
            if self.drafts.is_current((each.record_sha256, each.made_with), wanted.get(each.nct_id)):
                trial = self._trial(reader, each)
                if trial is not None and trial.status in statuses:
                    yield trial

    def brought_up_to_date(self, definitions: Sequence[Definition]) -> tuple[Layered, ...]:
        """Lay each definition over the draft of its stored record; one without a record stands as it is."""
        by_number = {each.trial.nct_id: each for each in definitions}
        records = {each.nct_id: each for each in self.studies.current(by_number)}
        return tuple(self.layered(each, records.get(name)) for name, each in by_number.items())

    def layered(self, definition: Definition, record: StoredRecord | None) -> Layered:
        """Lay one definition over the draft of its record; of a record that cannot be read it stands alone, flagged."""
        if record is None:
            return Layered(definition.trial, (), definition.headings)
        study = study_in(record, self.bad)
        if study is None:
            return Layered(definition.trial, (Flag("", _UNREAD),), definition.headings)
        older = self._older(definition, study)
        draft = self._draft(study, record)
        if draft is None:
            return _undrafted(definition, study, older)
        return layered(definition, draft, study, older)

    def _older(self, definition: Definition, study: Study) -> str | None:
        """Give the text that a definition was made of, if it is the record's or one that the store has kept."""
        if not definition.record.sha256:
            return None
        every = (study_in(each, self.bad) for each in self.studies.versions(study.nct_id))
        texts = (each.text for each in every if each is not None)
        return text_of_version(definition.record.sha256, chain([study.text], texts))

    def _draft(self, study: Study, record: StoredRecord) -> Trial | None:
        kept = next(iter(self.studies.drafts([study.nct_id])), None)
        if kept is None or not self.drafts.is_current((kept.record_sha256, kept.made_with), record.sha256):
            kept = self.drafts.made(study, record.sha256, self.bad)
            self.studies.keep_drafts([kept] if kept is not None else [])
        return self._trial(SavedReader(self.vocabulary), kept) if kept is not None else None

    def _trial(self, reader: SavedReader, kept: SavedDraft) -> Trial | None:
        try:
            return reader.trial(kept.text, kept.nct_id)
        except BadTrial as problem:
            self.bad(str(problem))
            return None

    def _renew(self, wanted: Mapping[str, str]) -> None:
        """Make the drafts that are missing, or were made with something else, and keep them."""
        made = self.studies.drafted()
        old = [name for name, sha256 in wanted.items() if not self.drafts.is_current(made.get(name), sha256)]
        for begun in range(0, len(old), _BATCH):
            records = self.studies.current(old[begun : begun + _BATCH])
            self.studies.keep_drafts([draft for each in records if (draft := self._made(each)) is not None])

    def _made(self, record: StoredRecord) -> SavedDraft | None:
        study = study_in(record, self.bad)
        return self.drafts.made(study, record.sha256, self.bad) if study is not None else None


def _undrafted(definition: Definition, study: Study, older: str | None) -> Layered:
    """Bring a definition up to a record of which there is no draft: what is new in its text is told by nothing."""
    nothing = replace(definition.trial, criteria=(), cohorts=())
    brought = layered(definition, nothing, study, older)
    whole = brought.trial.complete and older == study.text
    return replace(brought, trial=replace(brought.trial, complete=whole), flags=(*brought.flags, Flag("", _UNDRAFTED)))


def text_of_version(sha256: str, texts: Iterable[str]) -> str | None:
    """Give the text with this digest, as definitions hold it."""
    return next((each for each in texts if text_sha256(each) == sha256), None)
