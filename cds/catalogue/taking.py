"""Taking records in: each is read, kept with its versions, and drafted; a bad one is told, and the rest goes on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cds.errors import BadTrial
from cds.registry.files import Bad, Found
from cds.store.records import Asked, Became, NewRecord, SavedDraft, new_record
from cds.trials.study import Study, study_of

if TYPE_CHECKING:
    from cds.ports import Drafter
    from cds.store.studies import Studies

__all__ = ["Taking", "Tally", "Watch"]

_TOLD = (Became.NEW, Became.CHANGED, Became.SAME, Became.OLDER)


@dataclass(slots=True)
class Tally:
    """What became of the records so far. ``gone`` are trials that the registry has no more.

    ``undrafted`` are records that are kept, but could not be drafted.
    """

    became: dict[Became, int] = field(default_factory=lambda: dict.fromkeys(_TOLD, 0))
    bad: int = 0
    drafted: int = 0
    undrafted: int = 0
    gone: list[str] = field(default_factory=list)

    @property
    def taken(self) -> int:
        """How many records came in, bad ones among them."""
        return sum(self.became.values()) + self.bad

    def __str__(self) -> str:
        """Say it in one line."""
        parts = [f"{self.became[each]} {each.value}" for each in _TOLD if self.became[each] or each is not Became.OLDER]
        parts += [f"{self.bad} bad"]
        parts += [f"{self.undrafted} undrafted"] if self.undrafted else []
        parts += [f"{len(self.gone)} gone"] if self.gone else []
        return f"{self.taken} record{'' if self.taken == 1 else 's'}: {', '.join(parts)}"


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told while records come in: of each bad one a line, after each step how many came and of how many."""

    bad: Callable[[str], None]
    step: Callable[[int, int | None], None]


def _unheard(*told: object) -> None:
    del told


@dataclass(slots=True)
class Taking:
    """One import or sync: where records go, by what clock, and what drafts them."""

    studies: Studies
    now: Callable[[], dt.datetime]
    drafter: Drafter | None = None
    watch: Watch = Watch(_unheard, _unheard)
    tally: Tally = field(default_factory=Tally)
    came: set[str] = field(default_factory=set)
    """Numbers of all records that came in."""
    _drafted: dict[str, tuple[str, str]] | None = None

    def take(self, found: Iterable[Found | Bad], *, seen: bool = True) -> None:
        """Take records in: all that are good, or none where the store fails. ``seen``: they come from the registry."""
        self._keep(self._all(found), None, seen=seen)

    def take_page(self, found: Iterable[Found | Bad], far: Callable[[str], Asked]) -> Asked:
        """Take records in, and keep with them how far a question came: ``far`` says so, told the newest posting."""
        read = self._all(found)
        asked = far(max((study.updated for study, _ in read), default=""))
        self._keep(read, asked, seen=True)
        return asked

    def _all(self, found: Iterable[Found | Bad]) -> list[tuple[Study, NewRecord]]:
        return [each for one in found if (each := self._read(one)) is not None]

    def _keep(self, read: Sequence[tuple[Study, NewRecord]], asked: Asked | None, *, seen: bool) -> None:
        told = self.studies.keep([record for _, record in read], self.now(), asked, seen=seen)
        for nct_id, became in told:
            self.tally.became[became] += 1
            self.came.add(nct_id)
        self._draft([pair for pair, (_, became) in zip(read, told, strict=True) if became is not Became.OLDER])

    def bad(self, line: str) -> None:
        """Tell of something that cannot be taken in."""
        self.tally.bad += 1
        self.watch.bad(line)

    def _read(self, one: Found | Bad) -> tuple[Study, NewRecord] | None:
        if isinstance(one, Bad):
            self.bad(str(one))
            return None
        try:
            study = study_of(one.record)
            return study, new_record(study.nct_id, study.updated, one.record)
        except (BadTrial, ValueError) as problem:
            self.bad(f"{one.place}: {problem}")
            return None

    def _draft(self, read: Sequence[tuple[Study, NewRecord]]) -> None:
        """Draft the records that have no draft, or one that was made of another record or with something else."""
        if self.drafter is None:
            return
        if self._drafted is None:
            self._drafted = dict(self.studies.drafted())
        drafts: dict[str, SavedDraft] = {}
        for study, record in read:
            if not self.drafter.is_current(self._drafted.get(study.nct_id), record.sha256):
                made = self.drafter.made(study, record.sha256, self._undrafted)
                drafts |= {study.nct_id: made} if made is not None else {}
                self._drafted[study.nct_id] = (record.sha256, self.drafter.made_with)
        self.studies.keep_drafts(tuple(drafts.values()))
        self.tally.drafted += len(drafts)

    def _undrafted(self, line: str) -> None:
        self.tally.undrafted += 1
        self.watch.bad(line)
