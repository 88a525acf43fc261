"""``trialcards mappings coverage``: how much of what FHIR charts hold the terminology tables know."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cds.cli.exits import Exit
from cds.cli.words import Commands, command, counted, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from cds.terms.coverage import Coverage, Outcome, Tally, Unmapped

_ABOUT = (
    "PATH is a Bundle (JSON) or NDJSON, gzip or not, or a folder of such files, of one patient or many. Counted are "
    "Observations (each component on its own), medication entries and Conditions; neoplasms are counted among the "
    "conditions too. An entry is known if a verified row counts for it (reached), if only rows speak of it that "
    "leave a finding unknown (open), or if it is not needed (set aside: a look-alike, or in out_of_scope.csv). "
    "The words of unmapped codes are printed as the charts give them."
)
_TOP = 20


def add_to(mappings: Commands) -> None:
    """Add the command to those of ``trialcards mappings``."""
    says = "count how much of what charts hold the tables know, and list the codes they do not"
    made = command(mappings, "coverage", _coverage, says, _ABOUT)
    made.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="a chart, or a folder of charts")
    made.add_argument("--json", action="store_true", help="print the counts as JSON")
    made.add_argument(
        "--top", metavar="N", type=_whole, default=_TOP, help=f"unmapped codes to list of each sort (default: {_TOP})"
    )


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError("must be a whole number")
    return int(text)


def _coverage(chosen: argparse.Namespace) -> int:
    from cds.cli.entries import Entries, chart_files
    from cds.cli.files import read_documents
    from cds.settings import Settings
    from cds.terms import load_vocabulary
    from cds.terms.coverage import coverage_of
    from cds.terms.scope import load_scope

    settings = Settings.read(os.environ)
    vocabulary = load_vocabulary(settings.mappings, settings.mappings_overlay)
    scope = load_scope(settings.mappings, settings.mappings_overlay)
    entries = Entries(map(read_documents, chart_files(chosen.paths)))
    found = coverage_of(entries, vocabulary, scope)
    _show_json(found, entries.unreadable, chosen.top) if chosen.json else _show(found, entries.unreadable, chosen.top)
    return Exit.OK


def _show(found: Coverage, unreadable: int, top: int) -> None:
    from cds.terms.coverage import Outcome, share

    outcomes = [outcome.value for outcome in Outcome]
    write(
        "  ".join(["".ljust(13), "uses".rjust(7), *(name.rjust(9) for name in outcomes), "  known", "  codes  known"])
    )
    for tally in found.tallies:
        told = [tally.sort.value.ljust(13), str(sum(tally.uses.values())).rjust(7)]
        told += [str(tally.uses.get(outcome, 0)).rjust(9) for outcome in Outcome]
        told += [_percent(share(tally.uses)), f"{sum(tally.codes.values()):7d}", _percent(share(tally.codes))]
        write("  ".join(told))
    if not found.tallies:
        write("nothing that is counted")
    if unreadable:
        write(f"not counted, since it cannot be read what they are of: {unreadable}")
    for tally in found.tallies:
        _show_unmapped(tally, [each for each in found.unmapped if each.sort is tally.sort], top)


def _show_unmapped(tally: Tally, unmapped: Sequence[Unmapped], top: int) -> None:
    if not unmapped or not top:
        return
    write(f"\n{tally.sort.value}: {counted(len(unmapped), 'unmapped code')}")
    for each in unmapped[:top]:
        write(f"{each.uses:7d}  {each.code}  {each.display}".rstrip())
    if len(unmapped) > top:
        write(f"         and {len(unmapped) - top} more")


def _percent(part: Fraction) -> str:
    """Give a share in per cent, rounded down: 99.96 must not read as all."""
    return f"{int(part * 1000) / 10:5.1f} %"


def _show_json(found: Coverage, unreadable: int, top: int) -> None:
    import json

    told = [
        {
            "sort": tally.sort.value,
            "uses": _counts(tally.uses),
            "codes": _counts(tally.codes),
            "unmapped": [
                {"code": each.code, "display": each.display, "uses": each.uses}
                for each in [each for each in found.unmapped if each.sort is tally.sort][:top]
            ],
        }
        for tally in found.tallies
    ]
    write(json.dumps({"sorts": told, "unreadable": unreadable}, indent=2, ensure_ascii=False))


def _counts(counts: Mapping[Outcome, int]) -> dict[str, float]:
    from cds.terms.coverage import Outcome, share

    names = {
        Outcome.REACHED: "reached",
        Outcome.OPEN: "open",
        Outcome.SET_ASIDE: "setAside",
        Outcome.UNMAPPED: "unmapped",
    }
    numbers: dict[str, float] = {names[outcome]: counts.get(outcome, 0) for outcome in Outcome}
    return {**numbers, "known": round(float(share(counts)), 4)}
