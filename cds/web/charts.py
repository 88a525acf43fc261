"""The example charts of the demo: a folder of cases, each with its chart, the day it plays and why it is there."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from cds.errors import BadSetting, UnknownService
from cds.web.cut import patient_id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


class _Case(msgspec.Struct, rename="camel"):
    as_of: dt.date
    title: str
    verdicts: dict[str, str] = {}
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class DemoChart:
    """One case: its name in addresses, the day it plays, what is expected of it, and its files' content.

    ``verdicts`` maps NCT numbers to expected verdicts. ``withheld`` says why no card may be told, if so. ``bundle`` is
    the chart of ``patient_id`` as decoded JSON (a FHIR Bundle); ``why`` is Markdown.
    """

    slug: str
    title: str
    as_of: dt.date
    verdicts: Mapping[str, str]
    withheld: str
    bundle: Mapping[str, object]
    patient_id: str
    why: str


def load_charts(folder: Path) -> tuple[DemoChart, ...]:
    """Read every case of a folder, in the order of their names.

    Raises :class:`BadSetting` that names the file: this folder is named by a setting.
    """
    try:
        places = sorted(each.parent for each in folder.glob("*/case.json"))
    except OSError as problem:
        raise BadSetting("CDS_DEMO_CHARTS: the folder cannot be read") from problem
    if not places:
        raise BadSetting("CDS_DEMO_CHARTS: there is no example chart (a folder with a case.json) in that folder")
    return tuple(map(_chart, places))


def demo_day(charts: Iterable[DemoChart]) -> dt.date:
    """Give the day the demo plays: the latest of its charts' days."""
    return max(each.as_of for each in charts)


def chart_named(charts: Iterable[DemoChart], slug: str) -> DemoChart:
    """Find a case by its name; raise :class:`UnknownService` where there is none."""
    for each in charts:
        if each.slug == slug:
            return each
    raise UnknownService("there is no example chart of that name")


def _chart(folder: Path) -> DemoChart:
    try:
        case = msgspec.json.decode((folder / "case.json").read_bytes(), type=_Case)
        bundle = msgspec.json.decode((folder / "chart.json").read_bytes(), type=dict[str, object])
        patient_id = patient_id_of(bundle)
        why = folder / "why.md"
        reason = why.read_text("utf-8") if why.is_file() else ""
    except OSError as problem:
        raise BadSetting(f"CDS_DEMO_CHARTS: {folder.name}: a file is missing or cannot be read") from problem
    except (ValueError, msgspec.MsgspecError) as problem:
        raise BadSetting(f"CDS_DEMO_CHARTS: {folder.name}: {problem}") from problem
    return DemoChart(folder.name, case.title, case.as_of, case.verdicts, case.withheld, bundle, patient_id, reason)
