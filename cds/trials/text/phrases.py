"""The names that protocols use and no code system gives: ``mappings/phrases/``, one file a kind of concept.

A row says that words mean a concept and nothing else: ``concept_id, phrase, comment``. They are for reading eligibility
text alone; records of patients are never recognised by them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from cds.errors import BadMapping
from cds.files import Fault, Row, by_place, read_rows
from cds.trials.text.diseases import load_diseases
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.tokens import compared

if TYPE_CHECKING:
    from cds.core.vocabulary import Vocabulary

__all__ = ["lint_phrases", "load_lexicon", "load_phrases", "phrase_files"]

_COLUMNS = ("concept_id", "phrase", "comment")


def phrase_files(mappings: Path) -> list[Path]:
    """Give the files of phrases of a ``mappings/`` folder, in the order of their names."""
    return sorted((mappings / "phrases").glob("*.csv"))


def load_phrases(mappings: Path) -> tuple[tuple[str, str], ...]:
    """Give all pairs of concept and words; raise ``BadMapping`` with file and line for a row that cannot be read."""
    return tuple((row["concept_id"], row["phrase"]) for path in phrase_files(mappings) for row in _rows(path))


def load_lexicon(mappings: Path, vocabulary: Vocabulary) -> Lexicon:
    """Give all the names by which eligibility text is read; raise ``BadMapping`` as the tables' own readers do."""
    return Lexicon.of(vocabulary, load_phrases(mappings), load_diseases(mappings, vocabulary))


def lint_phrases(mappings: Path, vocabulary: Vocabulary) -> list[Fault]:
    """Find every fault of the phrases, sorted by place: unknown concepts, words of two meanings, rows out of order."""
    faults: set[Fault] = set()
    rows: list[Row] = []
    for path in phrase_files(mappings):
        try:
            read = _rows(path)
        except BadMapping as problem:
            faults.add(Fault.of(problem))
            continue
        faults.update(_order(read))
        rows.extend(read)
    faults.update(_meanings(rows, vocabulary))
    return sorted(faults, key=by_place)


def _rows(path: Path) -> list[Row]:
    return read_rows(path, f"{path.parent.parent.name}/phrases/{path.name}", _COLUMNS, BadMapping)


def _order(rows: Iterable[Row]) -> Iterator[Fault]:
    for before, after in pairwise(rows):
        earlier, later = ((each["concept_id"], each["phrase"]) for each in (before, after))
        if later == earlier:
            yield Fault(after.place, f"{', '.join(later)} stands twice")
        elif later < earlier:
            yield Fault(after.place, f"{', '.join(later)} stands after {', '.join(earlier)}: not sorted")


def _meanings(rows: Iterable[Row], vocabulary: Vocabulary) -> Iterator[Fault]:
    """Tell phrases of no concept, phrases without words, and phrases that mean two concepts of one kind."""
    seen: dict[tuple[object, tuple[str, ...]], Row] = {}
    for row in rows:
        concept, form = vocabulary.concepts.get(row["concept_id"]), compared(row["phrase"])
        if concept is None:
            yield Fault(row.place, f"there is no concept {row['concept_id']!r}")
            continue
        if not form:
            yield Fault(row.place, "the phrase has no words")
            continue
        other = seen.setdefault((concept.kind, form), row)
        if other["concept_id"] != concept.id:
            yield Fault(row.place, f"{row['phrase']} is also {other['concept_id']}: see {other.place}")
