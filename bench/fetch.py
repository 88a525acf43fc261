"""How long a large chart takes from a real FHIR server: ratios, no pass or fail.

Loads a made-up chart into the HAPI server of ``tests/hapi`` and answers hook calls that bring no prefetch. Each total,
fetched and screened, is told as a multiple of the slowest search of the same round when it is asked alone, and again
with so much delay added to each request; then with a deadline that is too short. ``make bench`` runs it where there are
a JDK and Maven; ``--help`` tells the options.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import time
import types
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx

from bench.chart import bench_chart
from bench.hook import Noon
from cds.core.plan import Plan
from cds.core.truth import Truth
from cds.fhir.asking.client import FhirRecords
from cds.hooks.callers.caller import ANONYMOUS
from cds.service import Answered, Call, Service, answer
from cds.terms.load import load_tables, vocabulary_of
from cds.trials.load import load_trials

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cds.fhir.searches import Search
    from tests.live.hapi import Hapi

_ROOT = Path(__file__).resolve().parent.parent
PAGE = 200
"""Entries a page, the most that large vendors give; the live tests take ten, to have many pages."""
_LEFT_OUT = ("encounter", "performer")
"""They refer to what is not in the chart, which the server would refuse."""
_PATIENCE_S = 60.0


class Slow(httpx.AsyncBaseTransport):
    """The way to the server, with a wait before each request; counts them."""

    def __init__(self, delay_s: float) -> None:
        """Wait so many seconds each time."""
        self._way = httpx.AsyncHTTPTransport()
        self._delay_s = delay_s
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Wait, then send."""
        self.requests += 1
        await asyncio.sleep(self._delay_s)
        return await self._way.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the way."""
        await self._way.aclose()


@dataclass
class Numbers:
    """Ids for cards, counted."""

    given: itertools.count[int]

    def new(self) -> str:
        """Give the next."""
        return f"00000000-0000-4000-8000-{next(self.given):012x}"


@dataclass(frozen=True, slots=True)
class Bench:
    """The server, the patient on it, the way there, and the trials."""

    base: str
    patient: str
    way: Slow
    records: FhirRecords
    plan: Plan

    def service(self, deadline_s: float) -> Service:
        """Give the service with all trials, at noon of the chart's day."""
        ids = Numbers(itertools.count())
        return Service(self.plan, self.records, Noon(), ids, ZoneInfo("UTC"), deadline_s, relevant_only=True)

    async def call(self, deadline_s: float) -> tuple[float, Answered]:
        """Answer a call that brings nothing, and time it."""
        caller = replace(ANONYMOUS, fhir_servers=(self.base,))
        call = Call(self.patient, "Practitioner/bench", {}, self.base, caller=caller)
        began = time.perf_counter()
        answered = await answer(call, self.service(deadline_s))
        return time.perf_counter() - began, answered

    async def alone(self, search: Search) -> float:
        """Time one search, asked alone, with all its pages."""
        began = time.perf_counter()
        told = await self.records.fetch(
            [search], server=self.base, token=None, patient_id=self.patient, deadline_s=_PATIENCE_S
        )
        assert told[search.key].state.value == "complete", told[search.key].why  # noqa: S101 - or it means nothing
        return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=1000, help="size of the chart (default: 1000)")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each measurement (default: 15)")
    parser.add_argument("--delay", type=float, default=0.2, help="seconds added to each request (default: 0.2)")
    parser.add_argument("--within", type=float, default=1.0, help="seconds for the whole answer (default: 1.0)")
    parser.add_argument("--deadline", type=float, default=0.7, help="seconds of them for fetching (default: 0.7)")
    chosen = parser.parse_args()
    _know_the_tests()
    from tests.live.hapi import build, missing, running  # noqa: PLC0415 - known from here on

    lacking = missing()
    if lacking:
        print(f"bench.fetch is left out: {lacking.replace('the live tests need', 'it needs')}")
        return
    build()
    with running(page=PAGE) as hapi:
        patient, number = loaded(hapi, chosen.resources)
        print(f"{number} resources on HAPI, {PAGE} entries a page; median of {chosen.rounds} rounds\n")
        asyncio.run(measured(hapi.base, patient, chosen))


def loaded(hapi: Hapi, size: int) -> tuple[str, int]:
    """Put the chart on the server; give the patient's id and the number of resources."""
    resources: list[dict[str, Any]] = [entry["resource"] for entry in bench_chart(size)["entry"]]
    whole = [{name: part for name, part in each.items() if name not in _LEFT_OUT} for each in resources]
    hapi.put(whole)
    return next(each["id"] for each in resources if each["resourceType"] == "Patient"), len(whole)


async def measured(base: str, patient: str, chosen: argparse.Namespace) -> None:
    """Measure with and without delay, and with the deadline."""
    print(f"{'':24}{'total':>10}{'slowest search':>16}{'ratio':>8}{'searches':>10}{'requests':>10}")
    vocabulary = vocabulary_of(load_tables(_ROOT / "mappings"))
    plan = Plan.of(load_trials(_ROOT / "trials", vocabulary), vocabulary)
    for delay_s in (0.0, chosen.delay):
        way = Slow(delay_s)
        async with httpx.AsyncClient(transport=way) as http:
            bench = Bench(base, patient, way, FhirRecords(http, allowed=(base,)), plan)
            await ratio(bench, chosen.rounds, f"{delay_s * 1000:.0f} ms added")
            if delay_s:
                await hurried(bench, chosen.rounds, chosen.deadline, chosen.within)


async def ratio(bench: Bench, rounds: int, name: str) -> None:
    """Print what a whole call takes, over its slowest search when asked alone."""
    searches = bench.service(_PATIENCE_S).searches
    await bench.call(_PATIENCE_S)  # warm, and whatever is asked once a server is asked
    totals, slowest, requests = [], [], 0
    for _ in range(rounds):
        before = bench.way.requests
        took, answered = await bench.call(_PATIENCE_S)
        requests = bench.way.requests - before
        assert not answered.chart.gaps, answered.chart.gaps  # noqa: S101 - part of a chart is no measure
        totals.append(took)
        slowest.append(max([await bench.alone(each) for each in searches]))
    ratios = [total / one for total, one in zip(totals, slowest, strict=True)]
    print(
        f"{name:24}{median(totals) * 1000:7.0f} ms{median(slowest) * 1000:13.0f} ms{median(ratios):8.2f}"
        f"{len(searches):10}{requests:10}"
    )


async def hurried(bench: Bench, rounds: int, deadline_s: float, within_s: float) -> None:
    """Print what a call has by a deadline, kind by kind, and what it says of the rest."""
    calls = [await bench.call(deadline_s) for _ in range(rounds)]
    times = [took for took, _ in calls]
    inside = sum(took <= within_s for took in times)
    print(f"\n{deadline_s:g} s to fetch: answered in {median(times):.2f} s (longest {max(times):.2f} s), ", end="")
    print(f"{inside} of {rounds} within {within_s:g} s")
    told = sorted(calls, key=lambda each: each[0])[rounds // 2][1]
    for kind, extent in sorted(told.chart.covered.items(), key=lambda each: each[0].value):
        print(f"  {kind.value:14}{extent.value:10}{told.chart.gaps.get(kind, '')[:84]}")
    print(f"  {len(told.cards)} cards; findings: {counted(told)}")


def counted(told: Answered) -> str:
    """Count the findings by what they say."""
    truths: Sequence[Truth] = [each.finding.truth for verdict in told.verdicts for each in verdict.findings]
    return ", ".join(f"{truths.count(each)} {each.value}" for each in Truth)


def _know_the_tests() -> None:
    """Make our own folder of tests the package `tests`: another distribution brings one of the same name."""
    package = types.ModuleType("tests")
    package.__path__ = [str(_ROOT / "tests")]
    sys.modules["tests"] = package


if __name__ == "__main__":
    main()
