"""Charts that others made, in a real server: prefetch by our templates and fetch give the same, as the file does.

Synthea's and mCODE's charts where they lie beside the checkout; two small invented ones in their shapes, always.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cds.assessment import Question, assess
from cds.core.chart import Chart, Kind
from cds.core.verdict import Verdict
from cds.fhir.asking.client import FhirRecords
from cds.fhir.names import KIND_OF
from cds.service import Answered, Call, Service, answer
from tests.golden.cases import ZONE, told
from tests.live.asking import Http, flat, reading
from tests.live.hapi import PAGE, Hapi, Json
from tests.live.loading import Loaded, load, load_own, read
from tests.service.world import CALLER, CountingIds, FixedClock, ScriptedRecords
from tests.shipped import plan, vocabulary

pytestmark = [pytest.mark.anyio, pytest.mark.live]

TODAY = dt.date(2026, 6, 15)
SMART, NEWER = "smart-generated-sample-data-r4", "synthea-2021-2024"
MCODE, TRIALS = "mcode-stu4-examples", "mcode-trial-matching-patients"
PLACES: dict[str, dt.date] = {
    "synthea-shaped.json": TODAY,
    "mcode-shaped.json": TODAY,
    f"{SMART}/Sherman_McGlynn_*": dt.date(2011, 10, 10),  # small cell lung cancer; he died the year after
    f"{SMART}/Buster_Hoeger_*": dt.date(2020, 1, 1),
    f"{SMART}/Tamiko_Leffler_*": dt.date(2021, 3, 1),
    f"{NEWER}/Bennie663_*": dt.date(2021, 11, 1),  # clinicians and wards by identifier
    f"{MCODE}/*.json": dt.date(2024, 3, 1),
    f"{TRIALS}/TrialMatching_Patient01*": TODAY,
    f"{TRIALS}/TrialMatching_Patient02*": TODAY,
    f"{TRIALS}/patient_data.json*": TODAY,
    f"{TRIALS}/eom_patient_1*": TODAY,
    f"{TRIALS}/T0_patient*": TODAY,
}
"""The charts by place, each with the day that it is screened for; small ones, but for the one with our disease."""
REFUSED: dict[str, dict[str, int]] = {
    "mcode-shaped.json": {"Observation": 1},
    f"{TRIALS}/patient_data.json*": {"Condition": 3, "Observation": 9, "Procedure": 7},
}
"""What HAPI does not take, by type; nothing of the other charts."""


@pytest.fixture(scope="session")
def loaded(hapi: Hapi, request: pytest.FixtureRequest) -> Callable[[str], Loaded]:
    """Load a chart by its place, once a run."""

    @cache
    def of(place: str) -> Loaded:
        if "/" not in place:
            return load_own(hapi, place)
        shared: Path = request.getfixturevalue("shared")
        return load(hapi, read(sorted((shared / "data" / "fhir").glob(place))))

    return of


@dataclass(frozen=True, slots=True)
class Got:
    """One way of reading a chart: what it came to, the requests it took, and those of them for drugs referred to."""

    answered: Answered
    requests: int = 0
    pages: int = 0
    drugs: int = 0


@dataclass(frozen=True, slots=True)
class Site:
    """The service on the day of a chart, with all trials."""

    hapi: Hapi
    day: dt.date

    def service(self, records: object = None) -> Service:
        noon = dt.datetime.combine(self.day, dt.time(12), tzinfo=dt.UTC)
        port: Any = records or ScriptedRecords()
        return Service(plan(), port, FixedClock(noon), CountingIds(), ZONE, deadline_s=120)

    def prefetch(self, patient_id: str) -> Json:
        """Send the templates as they are: this is the EHR."""
        filled = {
            key: text.replace("{{context.patientId}}", patient_id) for key, text in self.service().templates.items()
        }
        return {key: self.hapi.whole(search) for key, search in filled.items()}

    async def answered(self, patient_id: str, prefetch: Json) -> Got:
        async with Http() as http:
            records = FhirRecords(http, allowed=(self.hapi.base,))
            call = Call(patient_id, "Practitioner/7", prefetch, self.hapi.base, caller=CALLER)
            answered = await answer(reading(call, self.hapi), self.service(records))
        return Got(answered, http.requests, http.pages, http.drugs)

    def by_file(self, chart: Loaded, patient_id: str) -> tuple[Chart, tuple[Verdict, ...]]:
        whole = dict.fromkeys(KIND_OF, "complete")
        told = assess(Question(chart.bundle, patient_id=patient_id, covered=whole), self.service())
        return told.chart, told.verdicts


def facts(chart: Chart, known_as: Callable[[str], str] = str) -> dict[str, Counter[str]]:
    """Give each fact of a chart as text, by the place where it stands, in no order."""
    kinds = ("measurements", "conditions", "exposures", "procedures", "vaccinations", "allergies")
    return {kind: Counter(known_as(repr(each)) for each in getattr(chart, kind)) for kind in kinds}


def said(verdicts: tuple[Verdict, ...], chart: Loaded | None = None) -> dict[str, Any]:
    """Give all that is said of the trials, by trial and criterion; of a file's chart with the server's references."""
    found = flat(told(verdicts, vocabulary()))
    named = (lambda each: chart.as_stored(repr(each))) if chart else repr
    return {place: sorted(map(named, each)) if isinstance(each, list) else named(each) for place, each in found.items()}


def differing(one: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {each: (one.get(each), other.get(each)) for each in one.keys() | other if one.get(each) != other.get(each)}


@pytest.mark.parametrize("place", PLACES)
async def test_prefetch_and_fetch_give_the_same(hapi: Hapi, loaded: Callable[[str], Loaded], place: str) -> None:
    chart, site = loaded(place), Site(hapi, PLACES[place])
    assert chart.patients
    for patient_id in chart.patients:
        patient = chart.on_server(patient_id)
        sent = site.prefetch(patient)
        by_prefetch, by_fetch = await site.answered(patient, sent), await site.answered(patient, {})

        assert facts(by_prefetch.answered.chart) == facts(by_fetch.answered.chart)
        assert by_prefetch.answered.chart.covered == by_fetch.answered.chart.covered
        assert by_prefetch.answered.chart.gaps == by_fetch.answered.chart.gaps == {}
        assert differing(said(by_prefetch.answered.verdicts), said(by_fetch.answered.verdicts)) == {}
        assert by_prefetch.answered.cards == by_fetch.answered.cards
        assert by_prefetch.answered.withheld is by_fetch.answered.withheld

        matches = [sum(each["search"]["mode"] == "match" for each in found.get("entry", ())) for found in sent.values()]
        assert by_fetch.pages == sum((number - 1) // PAGE for number in matches if number)
        assert by_fetch.requests == len(sent) + by_fetch.pages
        assert by_prefetch.requests == by_prefetch.drugs
        compare_with_file(by_fetch.answered, chart, patient_id, site)
    refused = Counter(resource_type for (resource_type, _), number in chart.refused.items() for _ in range(number))
    assert dict(refused) == REFUSED.get(place, {}), chart.refused


def compare_with_file(fetched: Answered, chart: Loaded, patient_id: str, site: Site) -> None:
    """What is there is what stands in the file; and where all of it was taken, all of it is there."""
    in_file, verdicts = site.by_file(chart, patient_id)
    there, here = facts(fetched.chart), facts(in_file, chart.as_stored)
    assert {kind: each for kind in there if (each := there[kind] - here[kind])} == {}
    if not chart.refused:
        del there["measurements"], here["measurements"]  # some are in no category that is asked for, nor looked at
        assert there == here
        differences = differing(said(fetched.verdicts), said(verdicts, chart))
        # Of entries of one day a sentence names those first that came first, which the server sends last.
        assert fetched.withheld or [each for each in differences if not each.endswith("/says")] == []


def test_our_own_charts_are_not_too_simple(loaded: Callable[[str], Loaded]) -> None:
    """They come in pages, refer to drugs and to what is named by identifier, and one has an entry that is refused."""
    synthea, mcode = loaded("synthea-shaped.json"), loaded("mcode-shaped.json")
    assert all(old != new for old, new in synthea.renamed.items())
    assert mcode.refused
    for chart in (synthea, mcode):
        texts = [str(each["resource"]) for each in chart.bundle["entry"]]
        assert sum("'Observation'" in each for each in texts) > PAGE
        assert any("medicationReference" in each for each in texts)
    assert any("Practitioner?identifier=" in str(each) for each in synthea.bundle["entry"])


async def test_drugs_that_entries_refer_to_are_read_where_prefetch_lacks_them(
    hapi: Hapi, loaded: Callable[[str], Loaded]
) -> None:
    """No template asks for them to be included; without the server the courses are unknown drugs, never no drugs."""
    chart, site = loaded("synthea-shaped.json"), Site(hapi, TODAY)
    patient = chart.on_server(chart.patients[0])
    sent = site.prefetch(patient)
    assert not any("'Medication'" in str(each) for each in sent.values())
    told = await site.answered(patient, sent)
    assert (told.drugs, told.requests) == (1, 1)
    assert (
        sum("'2555'" in each for each in facts(told.answered.chart)["exposures"]) == 6
    )  # ordered and given, three times
    alone = await answer(Call(patient, "Practitioner/7", sent, caller=CALLER), site.service())
    assert Kind.MEDICATION in alone.chart.gaps or alone.chart.lost
