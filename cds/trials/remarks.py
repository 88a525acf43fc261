"""What the linter says of a trial that is loaded: of a definition as it was read, of a draft as it was made.

An error is what ``trialcards trials lint`` finds in a definition. A warning is what the registry's record says
otherwise today: a line that came, went or was changed since the definition was written, or the record's day and status.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from cds.files import Fault, by_place
from cds.trials.codebook import Codebook
from cds.trials.definition import Definition, RecordNote
from cds.trials.drafting import heading_lines
from cds.trials.lint import differences, lint_definition
from cds.trials.lint_examples import example_faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from cds.core.trial import Trial
    from cds.core.vocabulary import Vocabulary
    from cds.trials.layering import Flag
    from cds.trials.records import Record

__all__ = ["Curated", "Level", "Remark", "Remarks"]


class Level(enum.Enum):
    """How grave a remark is: an error is for whoever wrote the definition, a warning for whoever looks after it."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to look at: how grave it is, where it is, and what."""

    level: Level
    place: str
    says: str


@dataclass(frozen=True, slots=True)
class Curated:
    """The definitions that were loaded, by number: each as its file says it, and what is flagged in it today.

    ``folder`` is where they are, with their example patients; nothing where there are none.
    """

    definitions: Mapping[str, Definition] = field(default_factory=dict)
    flags: Mapping[str, Sequence[Flag]] = field(default_factory=dict)
    folder: Path | None = None


class Remarks:
    """Lints the trials that are loaded, each once for each version of its text. It may take a while, on any thread."""

    def __init__(self, vocabulary: Vocabulary, curated: Curated | None = None) -> None:
        self._vocabulary = vocabulary
        self.curated = curated or Curated()
        self._known: dict[tuple[str, str], tuple[Remark, ...]] = {}

    def of(self, trial: Trial, record: Record | None) -> tuple[Remark, ...]:
        """Give the remarks on a trial, errors first; ``record`` has the text that its lines are of, if it is held."""
        key = trial.nct_id, record.sha256 if record is not None else ""
        if key not in self._known:
            definition = self.curated.definitions.get(trial.nct_id)
            if definition is None:
                self._known[key] = _faults(Level.ERROR, self._of_draft(trial, record))
            else:
                self._known[key] = self._of_definition(definition, record)
        return self._known[key]

    @cached_property
    def _codebook(self) -> Codebook:
        return Codebook.of(self._vocabulary)

    def _of_definition(self, definition: Definition, record: Record | None) -> tuple[Remark, ...]:
        curated, name = self.curated, definition.trial.nct_id
        faults = lint_definition(definition, self._codebook)
        if curated.folder is not None:
            faults += example_faults(definition, curated.folder, self._codebook)
        today = [Fault(definition.file, str(each)) for each in curated.flags.get(name, ())]
        today += _today(definition, record) if record is not None else ()
        return (*_faults(Level.ERROR, faults), *_faults(Level.WARNING, today))

    def _of_draft(self, trial: Trial, record: Record | None) -> Iterable[Fault]:
        """Lint a trial that no file holds; without its text, lines are not counted."""
        name = trial.nct_id
        return lint_definition(Definition(name, trial, *_account(trial, record)), self._codebook)


def _account(trial: Trial, record: Record | None) -> tuple[RecordNote, tuple[int, ...]]:
    """Give the account of a text that a file would hold: what of it is blank, and what is a heading."""
    criteria = [*trial.criteria, *(each for cohort in trial.cohorts for each in cohort.criteria)]
    told = {line for each in criteria for line in each.lines}
    if record is None:
        every = max(told, default=0)
        blank = tuple(each for each in range(1, every + 1) if each not in told)
        sha256 = (trial.text_sha256 or "not held") if every else ""
        return RecordNote(trial.record_date, trial.status, every, blank, sha256), ()
    blank = tuple(at for at, line in enumerate(record.lines, 1) if not line.strip())
    note = RecordNote(trial.record_date, trial.status, len(record.lines), blank, record.sha256)
    return note, heading_lines(record.text, criteria)


def _today(definition: Definition, record: Record) -> Iterable[Fault]:
    """Hold a definition against a record of the very text it was made of; what another text changed is flagged."""
    if not definition.record.sha256:
        return (Fault(definition.file, "the registry's text is held now, and this was written without it"),)
    return differences(definition, record) if record.sha256 == definition.record.sha256 else ()


def _faults(level: Level, faults: Iterable[Fault]) -> tuple[Remark, ...]:
    return tuple(Remark(level, each.place, each.reason) for each in sorted(set(faults), key=by_place))
