"""``trialcards chart check``: what is wrong with resources by the letter of FHIR R4B."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cds.cli.exits import Exit
from cds.cli.words import Commands, command, counted, group, write

if TYPE_CHECKING:
    import argparse


def add_to(commands: Commands) -> None:
    """Add the commands about charts."""
    inner = group(commands, "chart", "look at FHIR charts")
    check = command(
        inner,
        "check",
        _check,
        "say what is wrong with the resources of a chart by FHIR R4B",
        "Screening reads far more leniently; this report is for whoever looks after the server. It names places, not "
        "values.",
    )
    check.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a Bundle (JSON) or NDJSON, .gz too")


def _check(chosen: argparse.Namespace) -> int:
    from cds.cli.files import read_resources
    from cds.fhir.strict import check_file

    found = 0
    for path in chosen.files:
        resources = read_resources(path)
        faults = check_file(resources)
        for fault in faults:
            write(f"{path.name}: {fault.place}: {fault.reason}")
        write(f"{path.name}: {counted(len(resources), 'resource')}, {counted(len(faults), 'fault')}")
        found += len(faults)
    return Exit.FAULTS if found else Exit.OK
