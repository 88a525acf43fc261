"""``trialcards trials lint`` and ``trialcards mappings lint``: what is wrong with the reviewed data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cds.cli import changes, coverage, export, landscape, mappings, recognised, records, review
from cds.cli.exits import Exit
from cds.cli.words import Commands, command, counted, existing, group, write, write_faults

if TYPE_CHECKING:
    import argparse

    from cds.files import Fault


def add_to(commands: Commands) -> None:
    """Add the two linters, and what else looks after the trial definitions and the tables."""
    of_trials = group(commands, "trials", "look after trial definitions")
    trials = command(
        of_trials,
        "lint",
        _lint_trials,
        "say what is wrong with trial definitions, file by file",
        "Where CDS_RECORDS names the registry's records, every line of their text must be accounted for.",
    )
    of_mappings = group(commands, "mappings", "look after the terminology tables")
    tables = command(
        of_mappings,
        "lint",
        _lint_mappings,
        "say what is wrong with the terminology tables, row by row",
        "Where CDS_MAPPINGS_OVERLAY names a site's overlay, its own faults are listed too.",
    )
    coverage.add_to(of_trials)
    records.add_to(of_trials)
    changes.add_to(of_trials)
    landscape.add_to(of_trials)
    review.add_to(of_trials)
    mappings.add_to(of_mappings)
    recognised.add_to(of_mappings)
    export.add_to(of_mappings)
    for each in (trials, tables):
        each.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, help="default: the folder of the settings")


def _lint_trials(chosen: argparse.Namespace) -> int:
    from cds.settings import Settings
    from cds.terms import load_vocabulary
    from cds.trials.lint import lint_trials

    settings = Settings.read(os.environ)
    folder = chosen.folder or settings.trials
    vocabulary = load_vocabulary(settings.mappings, settings.mappings_overlay)
    return _report(folder, lint_trials(existing(folder), vocabulary, settings.records))


def _lint_mappings(chosen: argparse.Namespace) -> int:
    from cds.settings import Settings
    from cds.terms import load_vocabulary
    from cds.terms.lint import lint_mappings, lint_overlay
    from cds.trials.text.lint_diseases import lint_diseases
    from cds.trials.text.phrases import lint_phrases

    settings = Settings.read(os.environ)
    folder, overlay = chosen.folder or settings.mappings, settings.mappings_overlay
    faults = lint_mappings(existing(folder))
    if not faults:
        vocabulary = load_vocabulary(folder)
        faults = [*lint_phrases(folder, vocabulary), *lint_diseases(folder, vocabulary)]
    code = _report(folder, faults)
    return code if overlay is None else max(code, _report(overlay, lint_overlay(folder, overlay)))


def _report(folder: Path, faults: list[Fault]) -> int:
    found = write_faults(faults)
    write(f"{folder.name}: {counted(found, 'fault')}")
    return Exit.FAULTS if found else Exit.OK
