"""``trialcards screen``: a chart from files, held against the loaded trials."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from cds.cli.exits import Exit
from cds.cli.words import Commands, command, write

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from cds.assessment import Assessment
    from cds.fhir.answer import Answer
    from cds.fhir.searches import Search
    from cds.service import Service

_ABOUT = (
    "FILE is a FHIR Bundle (JSON) or NDJSON with one resource per line, compressed with gzip or not; several files are "
    "one chart. Of a trial that is not named by --trial, only what is unmet or unknown is listed. A patient who is "
    "deceased on the day is told no trial."
)


def add_to(commands: Commands) -> None:
    """Add the command."""
    screen = command(commands, "screen", _screen, "hold a chart against the trials and tell what each came to", _ABOUT)
    add = screen.add_argument
    add("files", metavar="FILE", nargs="+", type=Path, help="a Bundle (JSON) or NDJSON, .gz too")
    add("--trial", metavar="NCT", nargs="+", action="extend", help="only these trials, with all their findings")
    add("--as-of", metavar="DATE", type=_day, help="the day to screen for, YYYY-MM-DD (default: today)")
    add("--patient", metavar="ID", help="which patient, where the files hold several")
    add(
        "--covered",
        choices=("as-present", "complete"),
        default="as-present",
        help="what the files are the whole of: the kinds of entry that are in them (default), or the whole record, so "
        "that a kind that is missing has no entries",
    )
    add("--json", action="store_true", help="print what POST /api/assessments answers, instead of a table")


def _day(text: str) -> dt.date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise argparse.ArgumentTypeError("must be a date of the form YYYY-MM-DD")
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("there is no such day") from None


class _NoRecords:
    """No FHIR server: files are all there is."""

    async def fetch(
        self, searches: Sequence[Search], *, server: str, token: str | None, patient_id: str, deadline_s: float
    ) -> Mapping[str, Answer]:
        """Give nothing."""
        del searches, server, token, patient_id, deadline_s
        return {}


def _screen(chosen: argparse.Namespace) -> int:
    import msgspec

    from cds.api.assessments import Teller
    from cds.app import load_plan, make_service
    from cds.cli.table import show
    from cds.settings import Settings
    from cds.trials.records import load_records

    settings = Settings.read(os.environ)
    service = make_service(settings, load_plan(settings), records=_NoRecords())
    told = _assessed(chosen, service)
    records = load_records(settings.records) if settings.records else {}
    document = Teller(service.plan.vocabulary, records).assessment(told)
    if chosen.json:
        write(msgspec.json.encode(document).decode())
    else:
        show(document, in_full=frozenset(chosen.trial or ()))
    return Exit.OK


def _assessed(chosen: argparse.Namespace, service: Service) -> Assessment:
    from cds.assessment import Question, assess
    from cds.cli.files import read_bundle

    _check_trials(chosen.trial or (), [trial.nct_id for trial in service.plan.trials])
    question = Question(
        read_bundle(chosen.files),
        patient_id=chosen.patient,
        trials=tuple(chosen.trial) if chosen.trial else None,
        as_of=chosen.as_of,
        covered=_everything() if chosen.covered == "complete" else None,
    )
    return assess(question, service)


def _check_trials(wanted: Sequence[str], loaded: Collection[str]) -> None:
    from cds.errors import UnknownService

    for nct_id in wanted:
        if nct_id not in loaded:
            raise UnknownService(f"{nct_id}: no such trial is loaded (there are {', '.join(loaded) or 'none'})")


def _everything() -> dict[str, str]:
    """Say of every resource type that all there is of it is in the files."""
    from cds.fhir.names import KIND_OF

    return dict.fromkeys(KIND_OF, "complete")
