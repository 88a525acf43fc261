"""What all of a cancer centre's trials cost: to bring in, to load, to hold in memory, and to hold a chart against.

Takes the registry's records in a file (``oncology-trials.dev.jsonl.gz`` of the shared data, unless another is named)
through the whole way: into a store, as drafts, into the service, and there a chart of 1,000 resources against them
all. Times of calls are told as multiples of ``orjson.loads`` of the same body, measured in turn with them. Then it
draws how a call grows with the number of trials (``docs/figures/many-trials.svg``). Measures, and judges nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

from bench import hook
from bench.figure import Line, drawn
from cds.app import create_app, load_plan, make_service
from cds.catalogue.importing import import_files
from cds.catalogue.loading import make_drafts
from cds.catalogue.taking import Taking
from cds.core.criteria import AllOf, AnyOf, Exposed, HasCondition, IfThen, Measured, Not, Readings
from cds.core.plan import Plan
from cds.core.screen import screen
from cds.hooks.requests import PATIENT_VIEW
from cds.service import Call, answer, chart_from, record_of
from cds.settings import Settings
from cds.store.store import Store
from cds.store.studies import Studies
from cds.terms.load import load_vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cds.core.criteria import Criterion, Rule
    from cds.core.limits import Limit
    from cds.core.trial import Trial
    from cds.fhir.answer import Answer
    from cds.fhir.searches import Search
    from cds.service import Service

ROOT = Path(__file__).resolve().parent.parent
FIGURE = ROOT / "docs" / "figures" / "many-trials.svg"
SIZES = (100, 300, 886, 2000, 5000, 20000)
Point = tuple[float, float]
FEW = 15
"""Calls of the many trials that nobody has, which take long."""


class NoRecords:
    """A FHIR server that is never asked: the chart comes with the call."""

    async def fetch(
        self, searches: Sequence[Search], *, server: str, token: str | None, patient_id: str, deadline_s: float
    ) -> Mapping[str, Answer]:
        """Give nothing."""
        raise AssertionError((searches, server, token, patient_id, deadline_s))

    async def read(self, references: Sequence[str], *, server: str, token: str | None, deadline_s: float) -> Answer:
        """Give nothing."""
        raise AssertionError((references, server, token, deadline_s))


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    shared = Path(os.environ.get("CDS_SHARED") or ROOT.parent / "shared")
    usual = shared / "data" / "oncology-trials.dev.jsonl.gz"
    parser.add_argument("--records", type=Path, default=usual, help="the registry's records, as JSON lines")
    parser.add_argument("--resources", type=int, default=1000, help="size of the chart (default: 1000)")
    parser.add_argument("--rounds", type=int, default=100, help="calls that are measured (default: 100)")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="most trials of the growth (default: 20000)")
    parser.add_argument("--figure", type=Path, default=FIGURE, help="where the growth is drawn")
    chosen = parser.parse_args()
    if not chosen.records.is_file():
        print(f"{chosen.records.name} is not here (CDS_SHARED names the folder of shared data): skipped")
        return
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(authentication="off", store_url=f"sqlite:///{folder}/bench.sqlite3", show_drafts=True)
        imported(settings, chosen.records)
        plan = loaded(settings)
        app = create_app(settings, clock=hook.Noon())
        body = hook.request_body(app, chosen.resources)
        print(f"\n{chosen.resources} resources, {len(body) / 1024:.0f} KiB; {chosen.rounds} calls, warm")
        hook.in_process(app, body, chosen.rounds)
        hook.over_http(body, chosen.rounds, "--store", settings.store_url or "", "--drafts")
    growth(settings, plan, body, [size for size in SIZES if size <= chosen.most], chosen.figure)


# ---------------------------------------------------------------------------------------------------------- the way in
def imported(settings: Settings, records: Path) -> None:
    """Bring the records in and draft them; say at what rate."""
    vocabulary = load_vocabulary(settings.mappings, settings.mappings_overlay)
    store = Store.open(settings.store_url or "")
    began = time.perf_counter()
    taking = Taking(Studies(store), hook.Noon().now, make_drafts(settings, vocabulary))
    import_files(taking, [records])
    took = time.perf_counter() - began
    store.close()
    count = taking.tally.taken
    print(f"import: {count} records in {took:.1f} s, {count / took:.0f} a second; drafts: {taking.tally.drafted}")
    began = time.perf_counter()
    vocabulary = load_vocabulary(settings.mappings, settings.mappings_overlay)
    print(f"tables: {time.perf_counter() - began:.2f} s")


def loaded(settings: Settings) -> Plan:
    """Load the trials from the store as the service does, and say what they are made of."""
    began = time.perf_counter()
    plan = load_plan(settings)
    took = time.perf_counter() - began
    trials = plan.trials
    print(f"load from the store, tables included: {len(trials)} trials in {took:.2f} s")
    began = time.perf_counter()
    Plan.of(trials, plan.vocabulary)
    put_together = time.perf_counter() - began
    began = time.perf_counter()
    plan.only({trials[0].nct_id})
    print(f"put together: {put_together:.2f} s; one trial out of it: {(time.perf_counter() - began) * 1000:.2f} ms")
    criteria = sum(len(group.criteria) for each in plan.laid for group in each.groups)
    asking = sum(len(group.records) for each in plan.laid for group in each.groups)
    print(f"{criteria} criteria, {asking} of them ask the records: {len(plan.rules)} distinct rules, ", end="")
    print(f"{len(plan.diseases)} distinct diseases")
    return plan


# ------------------------------------------------------------------------------------------------------------- growth
def growth(settings: Settings, plan: Plan, body: bytes, sizes: Sequence[int], figure: Path) -> None:
    """Say and draw how one call grows with the number of trials, and how much of it is the screen."""
    request = json.loads(body)
    call = Call(request["context"]["patientId"], request["context"]["userId"], request["prefetch"], hook=PATIENT_VIEW)
    usual, calls, screens = list[Point](), list[Point](), list[Point]()
    figure.parent.mkdir(parents=True, exist_ok=True)
    title = "Time of a hook call by the number of trials, as a multiple of orjson.loads of its body"
    print(f"\n{'trials':>8}{'put together':>14}{'call p50':>11}{'p95':>9}{'screen p50':>12}  distinct rules, standings")
    for size in sizes:
        began = time.perf_counter()
        grown = Plan.of(_grown(plan.trials, size), plan.vocabulary)
        took = time.perf_counter() - began
        service = make_service(settings, grown, records=NoRecords(), clock=hook.Noon())
        call_times, screen_times, standings = _timed(service, call, body, FEW if size > 1000 else 2 * FEW)
        p50, p95 = median(call_times), quantiles(call_times, n=20)[-1]
        usual.append((size, p50))
        calls.append((size, p95))
        screens.append((size, median(screen_times)))
        told = ", ".join(f"{count} {name}" for name, count in standings.most_common())
        print(
            f"{size:8}{took:12.2f} s{p50:9.1f} ×{p95:7.1f} ×{median(screen_times):10.2f} ×  {len(grown.rules)}; {told}"
        )
        figure.write_text(drawn(title, "trials", _lines(usual, calls, screens)), encoding="utf-8")


def _lines(usual: list[Point], calls: list[Point], screens: list[Point]) -> tuple[Line, ...]:
    named = (("one call, p95", calls), ("one call, p50", usual), ("of it the screen, p50", screens))
    return tuple(Line(name, tuple(points)) for name, points in named)


def _timed(service: Service, call: Call, body: bytes, rounds: int) -> tuple[list[float], list[float], Counter[str]]:
    """Time calls, JSON read and written apart, and of them the screen alone, as multiples of the yardstick."""
    day = service.today()

    async def run() -> tuple[list[float], list[float], Counter[str]]:
        chart = chart_from(await record_of(call, service), call, service)
        yardstick, calls, screens = [], [], []
        answered = await answer(call, service)  # the first call fills the vocabulary's look-ups
        for _ in range(rounds):
            yardstick.append(hook.loads_once(body))
            began = time.perf_counter()
            answered = await answer(call, service)
            calls.append(time.perf_counter() - began)
            began = time.perf_counter()
            screen(chart, service.plan, day, relevant_only=True)
            screens.append(time.perf_counter() - began)
        unit = median(yardstick)
        standings = Counter(each.standing.value for each in answered.verdicts)
        return [each / unit for each in calls], [each / unit for each in screens], standings

    return asyncio.run(run())


def _grown(trials: Sequence[Trial], size: int) -> Iterator[Trial]:
    """Give so many trials: those that are there, then the same again with other numbers, limits and windows.

    The plan meets them all as different rules, as it would those of other sponsors about the same diseases.
    """
    for number in range(size):
        again, place = divmod(number, len(trials))
        trial = trials[place]
        if again == 0:
            yield trial
            continue
        criteria = tuple(_varied_criterion(each, again) for each in trial.criteria)
        cohorts = tuple(
            replace(each, criteria=tuple(_varied_criterion(one, again) for one in each.criteria))
            for each in trial.cohorts
        )
        yield replace(trial, nct_id=f"NCT9{number:07}", criteria=criteria, cohorts=cohorts)


def _varied_criterion(criterion: Criterion, again: int) -> Criterion:
    return replace(criterion, rule=_varied(criterion.rule, again))


def _varied(rule: Rule, again: int) -> Rule:
    """Give a rule with other numbers where it has some."""
    match rule:
        case Measured():
            return replace(rule, low=_moved(rule.low, again), high=_moved(rule.high, again))
        case Exposed() | HasCondition() if rule.within_days is not None:
            return replace(rule, within_days=rule.within_days + again)
        case AllOf() | AnyOf() | Readings():
            return replace(rule, rules=tuple(_varied(part, again) for part in rule.rules))
        case Not():
            return Not(_varied(rule.rule, again))
        case IfThen():
            return IfThen(*(_varied(part, again) for part in (rule.condition, rule.then, rule.otherwise)))
        case _:
            return rule


def _moved(limit: Limit | None, again: int) -> Limit | None:
    return None if limit is None else replace(limit, value=limit.value * (1 + Fraction(again, 100)))


if __name__ == "__main__":
    main()
