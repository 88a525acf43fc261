"""Example patients for the linter: enough of them, all readable, and each with what the trial comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.errors import BadTrial
from cds.files import Fault
from cds.trials.examples import example_files, load_example
from cds.trials.trying import disagreements

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from cds.trials.codebook import Codebook
    from cds.trials.definition import Definition

_FEWEST = 2
"""One patient whom the trial may take, and one whom it may not, is the least that shows what a definition does."""


def example_faults(definition: Definition, folder: Path, codebook: Codebook) -> Iterator[Fault]:
    """Find what is wrong with a trial's example patients, all of it and not only the first disagreement."""
    files = example_files(folder, definition.trial.nct_id)
    if definition.trial.complete and not definition.trial.draft and len(files) < _FEWEST:
        yield Fault(definition.file, f"has {len(files)} example patients; a complete definition needs {_FEWEST}")
    for path in files:
        try:
            example = load_example(path, codebook)
        except BadTrial as problem:
            yield Fault.of(problem)
            continue
        for reason in disagreements(example, definition.trial, codebook.vocabulary):
            yield Fault(example.file, reason)


def stray_examples(folder: Path, known: Collection[str]) -> Iterator[Fault]:
    """Find folders of examples for which there is no definition."""
    for path in sorted((folder / "examples").glob("*")):
        if path.is_dir() and path.name not in known:
            yield Fault(f"examples/{path.name}", "there is no definition of this trial")
