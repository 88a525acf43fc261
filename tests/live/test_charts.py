"""The golden charts in a real server: fetched page by page they come to the findings that the bundle comes to."""

from dataclasses import replace
from typing import Any

import pytest

from cds.core.chart import Kind
from cds.core.truth import Truth
from cds.core.verdict import Verdict
from cds.errors import PatientUnavailable
from cds.fhir.asking.client import FhirRecords
from cds.service import Answered, Service, answer
from tests.golden.cases import Case, case, screened, service_for, told
from tests.live.asking import Http, flat, reading
from tests.live.hapi import PAGE, Hapi
from tests.live.terminology import STORABLE
from tests.shipped import vocabulary

pytestmark = [pytest.mark.anyio, pytest.mark.live]


def service(the_case: Case, records: FhirRecords | None = None) -> Service:
    return replace(service_for(the_case, records), deadline_s=120)


async def fetched(the_case: Case, hapi: Hapi, prefetch: dict[str, Any], http: Http) -> Answered:
    records = FhirRecords(http, allowed=(hapi.base,))
    return await answer(reading(the_case.call(prefetch, hapi.base), hapi), service(the_case, records))


def differences(answered: Answered, the_case: Case) -> dict[str, tuple[Any, Any]]:
    """Give what is said otherwise than of the same chart as a bundle, by trial and criterion."""
    said = flat(told(answered.verdicts, vocabulary()))
    expected = flat(told(screened(the_case).verdicts, vocabulary()))
    places = sorted(said.keys() | expected.keys())
    return {each: (said.get(each), expected.get(each)) for each in places if said.get(each) != expected.get(each)}


def truths(verdicts: tuple[Verdict, ...]) -> dict[tuple[str, str], Truth]:
    return {
        (each.trial.nct_id, found.criterion.id): found.finding.truth for each in verdicts for found in each.findings
    }


@pytest.mark.parametrize("slug", STORABLE)
async def test_fetched_page_by_page_it_is_the_same_chart(charts: Hapi, slug: str) -> None:
    expected = case(slug)
    async with Http() as http:
        answered = await fetched(expected, charts, {}, http)
    by_bundle = screened(expected)
    assert answered.withheld is by_bundle.withheld
    if by_bundle.withheld is None:
        assert answered.chart.gaps == {}
        assert differences(answered, expected) == {}
    observations = sum(each["resourceType"] == "Observation" for each in expected.resources)
    assert (http.pages > 0) is (observations > PAGE)


@pytest.mark.parametrize("slug", ["kidney-nec-hiv", "pancreas-lcnec-clean", "sclc-after-chemo-io"])
async def test_prefetch_by_our_templates_gives_what_fetch_gives(charts: Hapi, slug: str) -> None:
    expected = case(slug)
    filled = {
        key: text.replace("{{context.patientId}}", expected.patient_id)
        for key, text in service_for(expected).templates.items()
    }
    whole = {key: charts.whole(search) for key, search in filled.items()}
    assert any(len(each.get("entry", ())) > PAGE for each in whole.values())
    by_prefetch = await answer(expected.call(whole), service(expected))
    assert differences(by_prefetch, expected) == {}

    first_pages = {key: charts.ask(search) for key, search in filled.items()}
    alone = await answer(expected.call(first_pages), service(expected))
    assert Kind.MEASUREMENT in alone.chart.gaps
    async with Http() as http:
        completed = await fetched(expected, charts, first_pages, http)
    assert http.requests > 0
    assert differences(completed, expected) == {}


async def test_a_server_that_stops_answering_leaves_nothing_but_unknowns(charts: Hapi) -> None:
    """Frozen after the patient and the problems were sent: what was not read is named, and nothing turns round."""
    expected = case("pancreas-lcnec-clean")
    filled = {
        key: charts.whole(text.replace("{{context.patientId}}", expected.patient_id))
        for key, text in service_for(expected).templates.items()
        if key in {"patient", "conditions"}
    }
    assert filled.keys() == {"patient", "conditions"}
    async with Http() as http:
        records = FhirRecords(http, allowed=(charts.base,))
        with charts.frozen():
            answered = await answer(
                reading(expected.call(filled, charts.base), charts), replace(service(expected, records), deadline_s=1)
            )
    assert Kind.MEASUREMENT in answered.chart.gaps
    now, before = truths(answered.verdicts), truths(screened(expected).verdicts)
    assert now.keys() == before.keys()
    turned = {place for place, truth in now.items() if truth not in {before[place], Truth.UNKNOWN}}
    assert turned == set()
    assert sum(each is Truth.UNKNOWN for each in now.values()) > sum(each is Truth.UNKNOWN for each in before.values())


async def test_a_patient_that_the_server_does_not_hold_is_an_error(charts: Hapi) -> None:
    expected = case("kidney-nec-hiv")
    stranger = replace(reading(expected.call({}, charts.base), charts), patient_id="nobody")
    async with Http() as http:
        records = FhirRecords(http, allowed=(charts.base,))
        with pytest.raises(PatientUnavailable, match="does not know the patient"):
            await answer(stranger, service(expected, records))
