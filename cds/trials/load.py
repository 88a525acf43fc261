"""All definitions of a folder, as trials ready to be screened, each tried on its example patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.errors import BadTrial
from cds.files import read_yaml
from cds.trials.codebook import Codebook
from cds.trials.definition import Definition, definition_of
from cds.trials.examples import example_files, load_example
from cds.trials.trying import disagreements

if TYPE_CHECKING:
    from pathlib import Path

    from cds.core.trial import Trial
    from cds.core.vocabulary import Vocabulary


def load_trials(folder: Path, vocabulary: Vocabulary) -> tuple[Trial, ...]:
    """Read every ``*.yaml`` of a folder as a trial; see :func:`load_definitions`."""
    return tuple(each.trial for each in load_definitions(folder, vocabulary))


def load_definitions(folder: Path, vocabulary: Vocabulary) -> tuple[Definition, ...]:
    """Read every ``*.yaml`` of a folder, by NCT number; raise :class:`BadTrial` at the first fault.

    A folder without definitions is a fault too: a service that knows no trial would look as if nothing ever fitted.
    So is an example patient for whom a trial comes to something else than its file says.
    """
    files = definition_files(folder)
    if not files:
        raise BadTrial(f"{folder.name}: there are no trial definitions")
    definitions = tuple(load_definition(path, vocabulary) for path in files)
    if any(example_files(folder, each.trial.nct_id) for each in definitions):
        codebook = Codebook.of(vocabulary)
        for each in definitions:
            _try(folder, each.trial, codebook)
    return definitions


def definition_files(folder: Path) -> list[Path]:
    """Give the definition files of a folder, in the order of their names."""
    return sorted(folder.glob("*.yaml"))


def load_definition(path: Path, vocabulary: Vocabulary) -> Definition:
    """Read one definition, whose file must be named by its NCT number."""
    definition = definition_of(read_yaml(path, path.name, BadTrial), path.name, vocabulary)
    if definition.trial.nct_id != path.stem:
        raise BadTrial(f"{path.name}: nct_id: the file is named otherwise than the trial, {definition.trial.nct_id}")
    return definition


def _try(folder: Path, trial: Trial, codebook: Codebook) -> None:
    for path in example_files(folder, trial.nct_id):
        example = load_example(path, codebook)
        for reason in disagreements(example, trial, codebook.vocabulary):
            raise BadTrial(f"{example.file}: {reason}")
