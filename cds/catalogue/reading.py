"""The stored records as studies: those that are held now, and the versions that came since a day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from cds.errors import BadTrial
from cds.trials.changes import Change, How, Matter
from cds.trials.news import News, Version, news_since
from cds.trials.study import Study, study_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection

    from cds.store.records import Head, StoredRecord
    from cds.store.studies import Studies

__all__ = ["HeldStudies", "news_of", "studies_held", "study_in"]

_GONE = Change(Matter.RECORD, How.REMOVED, before="the registry has this trial no more")


class HeldStudies(Mapping[str, Study]):
    """The records of some trials as studies, by number, read from the store all at once when the first is asked for.

    A trial whose record is not stored has that of ``files``, if there is one. A record that cannot be read is as good
    as none. Raises ``StoreDown``, and tries again the next time.
    """

    def __init__(self, held: Studies, nct_ids: Collection[str], files: Mapping[str, Study] | None = None) -> None:
        self._held = held
        self._nct_ids = nct_ids
        self._files = {} if files is None else files

    @cached_property
    def _studies(self) -> dict[str, Study]:
        stored = {each.nct_id: each for each in studies_held(self._held, lambda _: None, self._nct_ids)}
        return {**{each: self._files[each] for each in self._nct_ids if each in self._files}, **stored}

    def __getitem__(self, nct_id: str) -> Study:
        """Give one."""
        return self._studies[nct_id]

    def __iter__(self) -> Iterator[str]:
        """Give the numbers of those that are held."""
        return iter(self._studies)

    def __len__(self) -> int:
        """Count them."""
        return len(self._studies)


def studies_held(held: Studies, bad: Callable[[str], None], nct_ids: Collection[str] | None = None) -> Iterator[Study]:
    """Give each trial's newest record as a study, of all trials or of these.

    Of one that cannot be read ``bad`` is told, and the rest goes on.
    """
    for record in held.current(nct_ids):
        study = study_in(record, bad)
        if study is not None:
            yield study


def news_of(held: Studies, since: dt.datetime, bad: Callable[[str], None]) -> tuple[News, ...]:
    """Give what became of the trials since a moment, the latest first, those among it that the registry has no more."""
    heads = held.heads().values()
    news = [
        each
        for head in heads
        if head.changed_at >= since
        for each in news_since(_versions(held, head.nct_id, bad), since)
    ]
    news += [gone for head in heads for gone in _gone(held, head, since, bad)]
    news.sort(key=lambda each: each.version.study.nct_id)
    return tuple(sorted(news, key=lambda each: each.version.seen, reverse=True))


def _versions(held: Studies, nct_id: str, bad: Callable[[str], None]) -> Iterator[Version]:
    for record in held.versions(nct_id):
        study = study_in(record, bad)
        if study is not None:
            yield Version(study, record.imported_at, record.sha256)


def _gone(held: Studies, head: Head, since: dt.datetime, bad: Callable[[str], None]) -> Iterator[News]:
    if head.gone_at is None or head.gone_at < since:
        return
    for record in held.current((head.nct_id,)):
        study = study_in(record, bad)
        if study is not None:
            yield News(Version(study, head.gone_at, f"{head.sha256}-gone"), (_GONE,))


def study_in(record: StoredRecord, bad: Callable[[str], None]) -> Study | None:
    """Read a stored record; nothing where that cannot be done, of which ``bad`` is told."""
    try:
        return study_of(record.record())
    except BadTrial as problem:
        bad(str(problem))
    except ValueError as problem:
        bad(f"{record.nct_id}: {problem}")
    return None
