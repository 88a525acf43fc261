"""``trialcards trials coverage``: how much of the registry's text the definitions compute, ask and leave."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cds.cli.exits import Exit
from cds.cli.words import Commands, command, counted, existing, write

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from cds.trials.coverage import Coverage

_ABOUT = (
    "A line is computed if any criterion that stands for it looks at the chart (in part, where something is also asked "
    "of a person), else a judgement if any asks a person, else not computable. The exit code is 0 only if no "
    "definition that is said to be complete leaves a line out."
)
_COLUMNS = ("lines", "headings", "computed", "(in part)", "judgement", "not computable", "unaccounted")


def add_to(trials: Commands) -> None:
    """Add the command to those of ``trialcards trials``."""
    made = command(trials, "coverage", _coverage, "count what became of the lines of the registry's text", _ABOUT)
    made.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, help="default: the folder of the settings")
    made.add_argument("--json", action="store_true", help="print the counts as JSON")


def _coverage(chosen: argparse.Namespace) -> int:
    from cds.settings import Settings
    from cds.terms import load_vocabulary
    from cds.trials.coverage import coverage_of
    from cds.trials.load import definition_files, load_definition

    settings = Settings.read(os.environ)
    files = definition_files(existing(chosen.folder or settings.trials))
    vocabulary = load_vocabulary(settings.mappings, settings.mappings_overlay)
    rows = [coverage_of(load_definition(path, vocabulary)) for path in files]
    _show_json(rows) if chosen.json else _show(rows)
    return Exit.FAULTS if any(each.fails for each in rows) else Exit.OK


def _show(rows: Sequence[Coverage]) -> None:
    from cds.trials.coverage import summed

    write("  ".join(["trial".ljust(13), *_COLUMNS]))
    for each in (*rows, summed(rows)):
        name = f"{each.nct_id or 'sum'}{'' if each.complete or not each.nct_id else ' *'}"
        numbers = (str(number).rjust(len(column)) for number, column in zip(_numbers(each), _COLUMNS, strict=True))
        write("  ".join([name.ljust(13), *numbers]))
    if not all(each.complete for each in rows):
        write("* not said to be complete")
    for each in rows:
        if each.unaccounted:
            named = ", ".join(map(str, each.unaccounted))
            write(f"{each.nct_id}: {counted(len(each.unaccounted), 'line')} unaccounted: {named}")


def _numbers(each: Coverage) -> tuple[int, ...]:
    left = len(each.unaccounted)
    return (each.lines, each.headings, each.computed, each.in_part, each.judgement, each.not_computable, left)


def _show_json(rows: Sequence[Coverage]) -> None:
    import json

    from cds.trials.coverage import summed

    names = ("lines", "headings", "computed", "computedInPart", "judgement", "notComputable")

    def told(each: Coverage) -> dict[str, int]:
        return dict(zip(names, _numbers(each), strict=False))

    trials = [
        {"nctId": each.nct_id, "complete": each.complete, **told(each), "unaccounted": list(each.unaccounted)}
        for each in rows
    ]
    total = summed(rows)
    write(json.dumps({"trials": trials, "sum": {**told(total), "unaccounted": len(total.unaccounted)}}, indent=2))
