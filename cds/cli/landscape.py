"""``trialcards trials landscape``: the imported trials in a table, narrowed by disease, drug, phase, status, place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cds.cli.exits import Exit
from cds.cli.words import Commands, command, counted, remark, write

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from cds.settings import Settings
    from cds.trials.landscape import Landscape, Row

_ABOUT = (
    "A name that the tables know stands for all it means: a class of drugs for its drugs, a kind of tumour for its "
    "kinds, a brand for its ingredient; other words are looked for as they are. An option that is given several times "
    "takes any of them; different options narrow together. Reads the database of CDS_STORE_URL."
)
_OPTIONS = (
    ("condition", "WORDS", "what the trial is about, in its conditions, keywords and titles"),
    ("drug", "WORDS", "a drug, brand or class among its interventions"),
    ("phase", "PHASE", "early 1, 1, 2, 3, 4, na; 1/2 for both"),
    ("status", "STATUS", "the registry's status, such as recruiting"),
    ("country", "COUNTRY", "a country in which it has a place"),
    ("site", "WORDS", "words of a place: its name or city"),
    ("text", "WORDS", "words that stand so in its titles or eligibility text"),
)
_COLUMNS = ("trial", "title", "phase", "status", "drugs", "sponsor", "countries", "sites", "start", "updated")
_MOST_COUNTRIES, _MOST_DRUGS = 3, 4
_WIDEST = 2000


def add_to(trials: Commands) -> None:
    """Add the command to those of ``trialcards trials``."""
    made = command(trials, "landscape", _landscape, "list the imported trials that are so", _ABOUT)
    for name, metavar, says in _OPTIONS:
        made.add_argument(f"--{name}", metavar=metavar, action="append", default=[], help=says)
    made.add_argument("--format", choices=("table", "json", "csv"), default="table", help="how rows are written")


def _landscape(chosen: argparse.Namespace) -> int:
    from cds.settings import Settings
    from cds.trials.filters import FILTERS, filters_of

    filters = filters_of({name: getattr(chosen, name) for name in FILTERS})
    rows = _landscape_of(Settings.read(os.environ)).rows(filters)
    match chosen.format:
        case "json":
            _write_json(rows)
        case "csv":
            _write_csv(rows)
        case _:
            _show(rows)
    return Exit.OK


def _landscape_of(settings: Settings) -> Landscape:
    from cds.catalogue.loading import make_drafting
    from cds.catalogue.reading import studies_held
    from cds.cli.imported import imported
    from cds.terms import load_vocabulary
    from cds.trials.landscape import Landscape

    with imported(settings) as studies:
        vocabulary = load_vocabulary(settings.mappings, settings.mappings_overlay)
        lexicon = make_drafting(settings, vocabulary).lexicon
        return Landscape.of(studies_held(studies, remark), lexicon)


def _show(rows: Sequence[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from cds.ehr.plain import one_line

    out = Console(highlight=False)
    if not rows:
        out.print("No trial that is imported is so.")
        return
    table = Table(show_edge=False, pad_edge=False, header_style="dim")
    for name in _COLUMNS:
        table.add_column(name, overflow="fold", no_wrap=name == "trial", justify="right" if name == "sites" else "left")
    for row in rows:
        countries = _few(row.countries, _MOST_COUNTRIES)
        cells = [row.nct_id, row.title, _spoken(row.phases), row.status.replace("_", " ").lower()]
        cells += [_few(row.drugs, _MOST_DRUGS), row.sponsor, countries, str(row.sites), row.start, row.updated]
        table.add_row(*(Text(one_line(each, _WIDEST)) for each in cells))
    out.print(table)
    write(counted(len(rows), "trial"))


def _spoken(phases: Sequence[str]) -> str:
    return "/".join(each.replace("EARLY_PHASE", "early ").replace("PHASE", "") for each in phases)


def _few(names: Sequence[str], most: int) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _write_json(rows: Sequence[Row]) -> None:
    import json

    from cds.trials.landscape import as_object

    write(json.dumps({"trials": [as_object(each) for each in rows]}, indent=2))


def _write_csv(rows: Sequence[Row]) -> None:
    import csv
    import sys

    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(_COLUMNS)
    for row in rows:
        phases, drugs, countries = ("; ".join(each) for each in (row.phases, row.drugs, row.countries))
        cells = (row.nct_id, row.title, phases, row.status, drugs, row.sponsor, countries)
        table.writerow([*map(_cell, cells), row.sites, _cell(row.start), _cell(row.updated)])


def _cell(text: str) -> str:
    """Keep a spreadsheet from taking the registry's words for a formula."""
    from cds.ehr.plain import one_line

    plain = one_line(text, _WIDEST)
    return f"'{plain}" if plain.startswith(("=", "+", "-", "@")) else plain
