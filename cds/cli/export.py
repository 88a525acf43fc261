"""``trialcards mappings export``: the terminology tables as FHIR resources, a file each."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from cds.cli.exits import Exit
from cds.cli.words import Commands, command, counted, write

if TYPE_CHECKING:
    from cds.settings import Settings
    from cds.terms.export import Frame

_ABOUT = (
    "DIR must be new or empty. One CodeSystem holds the concepts; a ValueSet for each concept the codes that count for "
    "it; a ConceptMap for each code system its verified rows. The same tables and options give the same files."
)


def add_to(mappings: Commands) -> None:
    """Add the command to those of ``trialcards mappings``."""
    made = command(mappings, "export", _export, "write the terminology tables as FHIR R4 resources", _ABOUT)
    made.add_argument("--fhir", metavar="DIR", type=Path, required=True, help="the folder to write to")
    made.add_argument("--base", metavar="URL", help="what canonical URLs begin with (default: CDS_PUBLIC_URL/fhir)")
    made.add_argument("--date", metavar="DATE", type=_date, help="the date to write into them (default: none)")


def _date(text: str) -> str:
    if not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", text, re.ASCII):
        raise argparse.ArgumentTypeError("must be a date of the form YYYY, YYYY-MM or YYYY-MM-DD")
    return text


def _export(chosen: argparse.Namespace) -> int:
    import json

    from cds.settings import Settings
    from cds.terms.export import resources_of
    from cds.terms.load import load_tables, vocabulary_of

    settings = Settings.read(os.environ)
    tables = load_tables(settings.mappings, settings.mappings_overlay)
    resources = list(resources_of(tables, vocabulary_of(tables), _frame(chosen, settings)))
    folder = _new_or_empty(chosen.fhir)
    for resource in resources:
        text = json.dumps(resource, indent=2, ensure_ascii=False) + "\n"
        (folder / f"{resource['resourceType']}-{resource['id']}.json").write_text(text, "utf-8")
    notice = settings.mappings / "NOTICE.md"
    if notice.exists():
        (folder / notice.name).write_bytes(notice.read_bytes())
    write(f"{folder.name}: {counted(len(resources), 'resource')}")
    return Exit.OK


def _frame(chosen: argparse.Namespace, settings: Settings) -> Frame:
    import cds
    from cds.errors import BadCall
    from cds.terms.export import Frame

    base = (chosen.base or f"{settings.public_url}/fhir").rstrip("/")
    if not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", base):
        raise BadCall("--base: must be an absolute http or https address without query or fragment")
    return Frame(base, cds.__version__, chosen.date)


def _new_or_empty(folder: Path) -> Path:
    """Make the folder; files of an earlier export would stand among the new ones as if they still held."""
    from cds.errors import BadCall

    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BadCall(f"{folder.name}: is not empty")
    except OSError:
        raise BadCall(f"{folder.name}: cannot be written to") from None
    return folder
