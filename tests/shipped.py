"""The tables and trials of the repository, each read once a process: many tests look at them, and none changes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from cds.catalogue.loading import make_drafting
from cds.core.plan import Plan
from cds.core.trial import Trial
from cds.core.vocabulary import Vocabulary
from cds.errors import BadMapping
from cds.settings import Settings
from cds.terms.load import load_tables, vocabulary_of
from cds.terms.tables import Tables, read_tables
from cds.trials.codebook import Codebook
from cds.trials.definition import Definition
from cds.trials.drafting import Drafting
from cds.trials.load import load_definition, load_definitions

REPOSITORY = Path(__file__).resolve().parent.parent
MAPPINGS = REPOSITORY / "mappings"
TRIALS = REPOSITORY / "trials"


@cache
def tables() -> Tables:
    """Give the tables row by row."""
    return load_tables(MAPPINGS)


@cache
def vocabulary() -> Vocabulary:
    """Give the tables as the rest of the program sees them."""
    return vocabulary_of(tables())


@cache
def codebook() -> Codebook:
    """Give the tables turned round, for writing charts."""
    return Codebook.of(vocabulary())


@cache
def definition(nct_id: str) -> Definition:
    """Give one definition as its file says it."""
    return load_definition(TRIALS / f"{nct_id}.yaml", vocabulary())


@cache
def trials() -> tuple[Trial, ...]:
    """Give the trials, each tried on its example patients."""
    return tuple(each.trial for each in definitions())


@cache
def definitions() -> tuple[Definition, ...]:
    """Give all definitions, each tried on its example patients."""
    return load_definitions(TRIALS, vocabulary())


@cache
def plan() -> Plan:
    """Give all that a screen is made against."""
    return Plan.of(trials(), vocabulary())


@cache
def drafting() -> Drafting:
    """Give what registry records are drafted with."""
    return make_drafting(Settings(mappings=MAPPINGS), vocabulary())


# ------------------------------------------------------- in place of the readers, for what reads the folders by itself


def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make commands and the application take the shipped tables and trials from here, however often they are started.

    That they are read is tried in ``tests/mappings`` and ``tests/trials``, and where the application starts unaided.
    """
    trials()
    plan()  # before the readers are exchanged, with which it is made
    monkeypatch.setattr("cds.terms.load.read_tables", _tables_once)
    monkeypatch.setattr("cds.terms.load.vocabulary_of", _vocabulary_once)
    monkeypatch.setattr("cds.app.load_definitions", _definitions_once)
    monkeypatch.setattr("cds.catalogue.loading.make_drafting", _drafting_once)


def _tables_once(folder: Path, report: Callable[[BadMapping], None]) -> Tables:
    return tables() if folder.resolve() == MAPPINGS else read_tables(folder, report)


def _vocabulary_once(of: Tables) -> Vocabulary:
    return vocabulary() if of is tables() else vocabulary_of(of)


def _definitions_once(folder: Path, by: Vocabulary) -> tuple[Definition, ...]:
    shipped = folder.resolve() == TRIALS and by is vocabulary()
    return definitions() if shipped else load_definitions(folder, by)


def _drafting_once(settings: Settings, by: Vocabulary) -> Drafting:
    shipped = settings.mappings.resolve() == MAPPINGS and by is vocabulary()
    return drafting() if shipped else make_drafting(settings, by)
