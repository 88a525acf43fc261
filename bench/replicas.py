"""What a second replica gives, and what the death of one costs: two processes behind nginx with one PostgreSQL.

Callers call without a pause, each call with a token of its own, and dismiss every card that they are told. First one
replica and two are measured in turns; then one of two is killed (SIGKILL) and started again, several times, while the
callers go on. A call that failed is sent once more with a new token, as an EHR does. At the end the database is asked
for every dismissal that was answered 200. The load, nginx and PostgreSQL share the machine with the replicas, so that
the ratio says less the fewer cores there are. ``make bench`` runs it; it is left out where nginx or PostgreSQL lack.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
import types
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.live.replicas import Site

_ROOT = Path(__file__).resolve().parents[1]
_CHART = "pancreas-lcnec-clean"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--callers", type=int, default=8, help="callers at a time (default: 8)")
    parser.add_argument("--seconds", type=float, default=5, help="length of one measurement (default: 5)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of one and of two replicas (default: 3)")
    parser.add_argument("--kills", type=int, default=4, help="times that a replica is killed (default: 4)")
    chosen = parser.parse_args()
    package = types.ModuleType("tests")  # ours: another distribution brings a package of that name
    package.__path__ = [str(_ROOT / "tests")]
    sys.modules["tests"] = package
    from tests.live.replicas import site  # noqa: PLC0415 - known from here on
    from tests.store.postgres import NotToBeHad  # noqa: PLC0415 - the same

    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two, ExitStack() as stack:
        try:
            alone = stack.enter_context(site(Path(one), replicas=1))
            both = stack.enter_context(site(Path(two)))
        except NotToBeHad as problem:
            print(f"bench.replicas is left out: {problem}")
            return
        print(
            f"{chosen.callers} callers, {os.cpu_count()} cores for replicas, nginx, PostgreSQL and the load together\n"
        )
        asyncio.run(_throughput(alone, both, chosen))
        asyncio.run(_kills(both, chosen))


async def _throughput(alone: Site, both: Site, chosen: argparse.Namespace) -> None:
    """Measure one replica and two in turns, so that what else runs on the machine slows both."""
    rates: dict[int, list[float]] = {1: [], 2: []}
    for round_ in range(chosen.rounds + 1):
        for number, site in ((1, alone), (2, both)):
            rate = await _rate(site, chosen.callers, chosen.seconds)
            if round_:  # the first is to warm up
                rates[number].append(rate)
    for number, told in rates.items():
        every = ", ".join(f"{each:.0f}" for each in told)
        print(f"{number} replica{'s' * (number > 1)}: {median(told):5.0f} calls/s (median of {every})")
    ratios = [two / one for one, two in zip(rates[1], rates[2], strict=True)]
    print(f"2 replicas to 1: × {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} rounds)\n")


async def _rate(site: Site, callers: int, seconds: float) -> float:
    from tests.live.replicas import Load  # noqa: PLC0415 - known by now

    load = Load(site, await site.request(_CHART), callers)
    began = time.perf_counter()
    await load.during(lambda: time.sleep(seconds))
    return (load.calls - load.failed.total()) / (time.perf_counter() - began)


async def _kills(site: Site, chosen: argparse.Namespace) -> None:
    """Kill one replica after the other under load."""
    from tests.live.replicas import Load  # noqa: PLC0415 - known by now

    def work() -> None:
        for number in range(chosen.kills):
            time.sleep(1)
            each = site.replicas[number % len(site.replicas)]
            each.end(signal.SIGKILL)
            time.sleep(1)
            each.start()
        time.sleep(1)

    load = Load(site, await site.request(_CHART), chosen.callers)
    await load.during(work)
    print(f"killed {chosen.kills} times under load: {load.calls} calls")
    print(f"failed at first:      {load.failed.total():6}  {_by_status(load.failed)}")
    print(f"failed after a retry: {load.failed_twice.total():6}  {_by_status(load.failed_twice)}")
    print(f"feedback answered 200 {len(load.dismissed):6}, lost {len(load.lost())}")


def _by_status(counted: dict[int, int]) -> str:
    return ", ".join(f"{number} × {status or 'no answer'}" for status, number in sorted(counted.items()))


if __name__ == "__main__":
    main()
