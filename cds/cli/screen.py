"""``trialcards screen``: a chart from files or from a FHIR server, held against the loaded trials."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cds.cli.access import access_addresses, add_access, token_for
from cds.cli.exits import Exit
from cds.cli.server import add_deadline
from cds.cli.words import Commands, command, counted, write

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from cds.assessment import Assessment
    from cds.core.verdict import Verdict
    from cds.fhir.answer import Answer
    from cds.fhir.searches import Search
    from cds.service import Service
    from cds.settings import Settings

_ABOUT = (
    "FILE is a FHIR Bundle (JSON) or NDJSON with one resource per line, compressed with gzip or not; several files are "
    "one chart. With --server the chart is read from there, in the way that a hook call reads it. Of a trial that is "
    "not named by --trial, only what is unmet or unknown is listed. Of drafts made from the registry's records only "
    "those are listed whose disease the patient has. A patient who is deceased on the day is told no trial."
)


def add_to(commands: Commands) -> None:
    """Add the command."""
    screen = command(commands, "screen", _screen, "hold a chart against the trials and tell what each came to", _ABOUT)
    add = screen.add_argument
    add("files", metavar="FILE", nargs="*", type=Path, help="a Bundle (JSON) or NDJSON, .gz too")
    add("--server", metavar="URL", help="base address of a FHIR server to read the chart from, in place of files")
    add("--trial", metavar="NCT", nargs="+", action="extend", help="only these trials, with all their findings")
    add("--all", action="store_true", help="list every trial, drafts of other diseases too")
    add("--as-of", metavar="DATE", type=day, help="the day to screen for, YYYY-MM-DD (default: today)")
    add("--patient", metavar="ID", help="which patient: of the server, or where the files hold several")
    add(
        "--covered",
        choices=("as-present", "complete"),
        help="what the files are the whole of: the kinds of entry that are in them (default), or the whole record, so "
        "that a kind that is missing has no entries",
    )
    add("--json", action="store_true", help="print what POST /api/assessments answers, instead of a table")
    add_deadline(screen, "altogether")
    add_access(screen)
    screen.set_defaults(misused=screen.error)


def day(text: str) -> dt.date:
    """Read a day; raise what argparse tells of one that is none."""
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

    async def read(self, references: Sequence[str], *, server: str, token: str | None, deadline_s: float) -> Answer:
        """Read nothing."""
        from cds.fhir.answer import NOT_ASKED

        del references, server, token, deadline_s
        return NOT_ASKED


def _screen(chosen: argparse.Namespace) -> int:
    import msgspec

    from cds.api.assessments import Teller
    from cds.api.texts import Texts
    from cds.app import load_plan, make_service
    from cds.cli.table import show
    from cds.settings import Settings
    from cds.trials.records import load_records

    settings = Settings.read(os.environ)
    _check_usage(chosen)
    service = make_service(settings, load_plan(settings), records=_NoRecords())
    check_trials(chosen.trial or (), [trial.nct_id for trial in service.plan.trials])
    told = asyncio.run(_fetched(chosen, service, settings)) if chosen.server else _assessed(chosen, service)
    records = load_records(settings.records) if settings.records else {}
    told, left_out = _concerning(told, everything=chosen.all or chosen.json or bool(chosen.trial))
    document = Teller(service.plan.vocabulary, Texts(records)).assessment(told)
    if chosen.json:
        write(msgspec.json.encode(document).decode())
    else:
        show(document, in_full=frozenset(chosen.trial or ()))
        if left_out:
            write(f"Not listed: {counted(left_out, 'draft')} of trials not known to be about this disease (--all)")
    return Exit.OK


def _concerning(told: Assessment, *, everything: bool) -> tuple[Assessment, int]:
    """Leave out the drafts of trials that are not known to concern the patient; say how many they are."""
    kept = tuple(each for each in told.verdicts if everything or not each.trial.draft or _has_its_disease(each))
    return replace(told, verdicts=kept), len(told.verdicts) - len(kept)


def _has_its_disease(verdict: Verdict) -> bool:
    """Say whether the patient is known to have the disease that a trial is about; no other finding is looked at."""
    from cds.core.truth import Truth
    from cds.core.verdict import Standing, disease_of

    if verdict.standing is Standing.NOT_RELEVANT or not any(each.disease for each in verdict.trial.criteria):
        return False
    return disease_of([each.finding for each in verdict.findings if each.criterion.disease]) is Truth.MET


def _assessed(chosen: argparse.Namespace, service: Service) -> Assessment:
    from cds.assessment import Question, assess
    from cds.cli.files import read_bundle

    question = Question(
        read_bundle(chosen.files),
        patient_id=chosen.patient,
        trials=tuple(chosen.trial) if chosen.trial else None,
        as_of=chosen.as_of,
        covered=_everything() if chosen.covered == "complete" else None,
    )
    return assess(question, service)


async def _fetched(chosen: argparse.Namespace, service: Service, settings: Settings) -> Assessment:
    """Read the chart from a server as a hook call does that was sent nothing."""
    from cds.assessment import assess_fetched
    from cds.cli.calling import address, client_for, doubted, sentences
    from cds.errors import PatientUnavailable
    from cds.fhir.asking.client import FhirRecords
    from cds.hooks.callers.caller import ANONYMOUS
    from cds.service import Call

    server = address(chosen.server, settings)
    client, watched = client_for(settings, server, access_addresses(chosen))
    async with client:
        records = FhirRecords(client, allowed=(server,))
        service = replace(service, records=records, deadline_s=chosen.deadline)
        with sentences(watched):
            token = await token_for(chosen, client, server)
            call = Call(chosen.patient, "", {}, server, token, caller=replace(ANONYMOUS, fhir_servers=(server,)))
            trials = tuple(chosen.trial) if chosen.trial else None
            try:
                return await assess_fetched(call, service, trials=trials, as_of=chosen.as_of)
            except PatientUnavailable as problem:
                raise await doubted(problem, records, server, chosen.deadline) from None


def _check_usage(chosen: argparse.Namespace) -> None:
    """End with a sentence where files and a server are mixed up; ``misused`` does not come back."""
    if not chosen.files and not chosen.server:
        chosen.misused("give FILE, or --server URL with --patient ID")
    if chosen.files and chosen.server:
        chosen.misused("FILE and --server: the chart comes from one of them")
    if chosen.server and not chosen.patient:
        chosen.misused("--server: --patient ID must say whose chart is read")
    if chosen.server and chosen.covered:
        chosen.misused("--covered: is said of files; of a server it is seen how completely it answered")


def check_trials(wanted: Sequence[str], loaded: Collection[str]) -> None:
    """Raise ``UnknownService`` for a trial that is not loaded."""
    from cds.errors import UnknownService

    for nct_id in wanted:
        if nct_id not in loaded:
            raise UnknownService(f"{nct_id}: no such trial is loaded (there are {', '.join(loaded) or 'none'})")


def _everything() -> dict[str, str]:
    """Say of every resource type that all there is of it is in the files."""
    from cds.fhir.names import KIND_OF

    return dict.fromkeys(KIND_OF, "complete")
