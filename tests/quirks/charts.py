"""The golden charts as clean input: what they come to, and what they come to with quirks."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from zoneinfo import ZoneInfo

import httpx

from cds.core.chart import Chart
from cds.core.plan import Plan
from cds.core.screen import screen
from cds.core.verdict import Verdict
from cds.fhir.asking.client import FhirRecords
from cds.fhir.reading.read import chart_of_bundle
from cds.service import Answered, answer
from tests.golden.cases import SLUGS, case, service_for
from tests.quirks import bundles, medicines, results, wording
from tests.quirks.oracle import faults, lost_in_silence
from tests.quirks.quirk import QUIRKS, Json, Pick, Quirk, touches
from tests.quirks.server import BASE, Layer, PlainServer, layered
from tests.shipped import plan

FAMILIES = (results, wording, medicines, bundles)
"""The modules whose quirks are tried, in the order of the table."""
DEADLINE_S = 5.0


@cache
def _asked() -> Plan:
    """Give one trial in a quick run, and the three of the golden charts in the nightly one.

    What was read is the same for all, and deciding one takes a fifth of the time.
    """
    nightly = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
    return plan().only(case(SLUGS[0]).verdicts.keys() if nightly else ["NCT07328490"])


@dataclass(frozen=True, slots=True)
class Read:
    """A chart with its verdicts."""

    chart: Chart
    verdicts: tuple[Verdict, ...]


def _chart(slug: str, bundle: Json, zone: str) -> Chart:
    covered = case(slug).about["covered"]
    return chart_of_bundle(bundle, patient_id=case(slug).patient_id, covered=covered, zone=ZoneInfo(zone))


@cache
def clean(slug: str, zone: str = "UTC") -> Read:
    """Give what a golden chart comes to as it is."""
    chart = _chart(slug, case(slug).bundle, zone)
    return Read(chart, screen(chart, _asked(), case(slug).as_of))


def with_quirks(slug: str, quirks: Iterable[Quirk], pick: Pick) -> Json:
    """Apply quirks to a golden chart, one after another."""
    bundle = case(slug).bundle
    for quirk in quirks:
        bundle = quirk.change(bundle, pick)
    return bundle


def judged(slug: str, quirks: tuple[Quirk, ...], pick: Pick) -> list[str] | None:
    """Name what went wrong with a chart under some quirks; nothing at all where they found nothing to change.

    A chart that is read as the clean one is has the same findings, and need not be screened to know.
    """
    bundle = with_quirks(slug, quirks, pick)
    if not touches(case(slug).bundle, bundle):
        return None
    zone = next((each.zone for each in quirks if each.zone != "UTC"), "UTC")
    before, chart = clean(slug, zone), _chart(slug, bundle, zone)
    found = lost_in_silence(bundle, chart)
    if replace(chart, read=before.chart.read) == before.chart:
        return found
    causes = frozenset().union(*(each.causes for each in quirks))
    after = screen(chart, _asked(), case(slug).as_of)
    return found + faults(before.verdicts, after, causes, unseen=any(each.unseen for each in quirks))


async def fetched(slug: str, layers: Iterable[Layer] = (), page: int = 20, deadline_s: float = DEADLINE_S) -> Answered:
    """Give what the service answers of a golden chart that it fetches from a server with quirks."""
    the_case = case(slug)
    server = layered(PlainServer(tuple(the_case.resources), page), layers)

    async def respond(request: httpx.Request) -> httpx.Response:
        return await server(request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as client:
        service = service_for(the_case, FhirRecords(client, allowed=(BASE,)))
        return await answer(the_case.call({}, BASE), replace(service, plan=_asked(), deadline_s=deadline_s))


__all__ = ["DEADLINE_S", "FAMILIES", "QUIRKS", "Read", "clean", "fetched", "judged", "with_quirks"]
