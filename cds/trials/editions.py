"""Which edition of each definition answers are made with: what tells one wording of the rules from every other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cds.core.trial import Trial

__all__ = ["Edition", "Editions", "edition_of"]


@dataclass(frozen=True, slots=True)
class Edition:
    """One definition as it is loaded: its own version, as far as it has one, and the SHA-256 of what it says."""

    nct_id: str
    version: str
    sha256: str
    draft: bool


def edition_of(trial: Trial) -> Edition:
    """Give the edition of a trial.

    Everything that can change an answer or its words goes into the checksum, the registry's status among it; the places
    of the registry's record do not. It compares editions of one release of the program, as the rules are written in the
    program's own terms.
    """
    said = repr(replace(trial, facilities=(), sites=()))
    return Edition(trial.nct_id, trial.version, hashlib.sha256(said.encode()).hexdigest(), trial.draft)


class Editions:
    """What answers are made with: the program's version, the tables' checksum, and each trial's edition.

    Editions of hundreds of trials take a while, so each is worked out when it is first asked for.
    """

    def __init__(self, trials: Iterable[Trial], software: str, tables: str = "") -> None:
        self.software, self.tables = software, tables
        self._trials = {each.nct_id: each for each in trials}
        self._known: dict[str, Edition] = {}

    def __len__(self) -> int:
        return len(self._trials)

    def __contains__(self, nct_id: str) -> bool:
        return nct_id in self._trials

    def __iter__(self) -> Iterator[Edition]:
        return (self.of(nct_id) for nct_id in self._trials)

    def of(self, nct_id: str) -> Edition:
        """Give the edition of a loaded trial; ``KeyError`` for any other."""
        if nct_id not in self._known:
            self._known[nct_id] = edition_of(self._trials[nct_id])
        return self._known[nct_id]

    @cached_property
    def all_together(self) -> str:
        """One checksum for program, tables and all definitions: where it is the same, answers are."""
        return hashlib.sha256(f"{self.software} {self.tables} {self.definitions}".encode()).hexdigest()

    @cached_property
    def definitions(self) -> str:
        """One checksum for all loaded definitions together, whatever order they are in."""
        every = sorted(f"{each.nct_id} {each.sha256}\n" for each in self)
        return hashlib.sha256("".join(every).encode()).hexdigest()
