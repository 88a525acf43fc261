"""Drugs that entries refer to are read where neither prefetch nor the searches brought them, and only then."""

import time
from typing import Any

import pytest

from cds.core.chart import Chart, Kind
from cds.errors import TooSlow
from cds.service import answer
from tests.service import world
from tests.service.world import PATIENT_ID, SERVER, ScriptedRecords, prefetch, searchset

pytestmark = pytest.mark.anyio

CLARITHROMYCIN = {"resourceType": "Medication", "id": "c", "code": {"text": "clarithromycin"}}
MIXTURE = {
    "resourceType": "Medication",
    "id": "m",
    "ingredient": [{"itemReference": {"reference": "Medication/c"}}],
}


def order(reference: str, number: int = 1) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": f"order-{number}",
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "medicationReference": {"reference": reference},
        "authoredOn": "2026-06-01",
    }


async def chart(records: ScriptedRecords, *resources: object, server: str | None = SERVER) -> Chart:
    sent = prefetch(medicationRequests=searchset(*resources))
    service = world.service(records)
    return (await answer(world.call(sent, server=server, token="t"), service)).chart


def drugs(read: Chart) -> list[str]:
    return [each.code.text for each in read.exposures]


async def test_a_drug_that_did_not_come_along_is_read() -> None:
    records = ScriptedRecords(drugs={"Medication/c": CLARITHROMYCIN})
    read = await chart(records, order("Medication/c"), order("Medication/c", 2))
    assert drugs(read) == ["clarithromycin", "clarithromycin"]
    assert (records.read_of, records.tokens, records.asked) == (["Medication/c"], ["t"], [])
    assert Kind.MEDICATION not in read.gaps
    assert read.lost == ()


async def test_a_mixture_is_followed_to_what_it_is_made_of() -> None:
    records = ScriptedRecords(drugs={"Medication/m": MIXTURE, "Medication/c": CLARITHROMYCIN})
    assert drugs(await chart(records, order("Medication/m"))) == ["clarithromycin"]
    assert records.read_of == ["Medication/m", "Medication/c"]


async def test_what_came_along_is_not_read() -> None:
    records = ScriptedRecords()
    assert drugs(await chart(records, order("Medication/c"), CLARITHROMYCIN)) == ["clarithromycin"]
    assert records.read_of == []


@pytest.mark.parametrize("problem", [None, TooSlow("the FHIR server took too long")], ids=["not-there", "failing"])
async def test_a_drug_that_cannot_be_read_is_named_as_lost(problem: Exception | None) -> None:
    records = ScriptedRecords(problem=problem)
    read = await chart(records, order("Medication/c"))
    assert [each.why for each in read.lost] == ["the drug it refers to was not sent"]
    assert Kind.MEDICATION in read.gaps
    assert records.read_of == ["Medication/c"]


@pytest.mark.parametrize("server", [None, "https://evil.example/r4"])
async def test_no_server_that_is_not_listed_is_asked_for_a_drug(server: str | None) -> None:
    records = ScriptedRecords(drugs={"Medication/c": CLARITHROMYCIN})
    read = await chart(records, order("Medication/c"), server=server)
    assert (records.read_of, len(read.lost)) == ([], 1)


async def test_searches_and_references_share_one_deadline() -> None:
    records = ScriptedRecords(drugs={"Medication/c": CLARITHROMYCIN}, wait_s=0.05)
    sent = prefetch(medicationRequests=searchset(order("Medication/c")), conditions=...)
    began = time.monotonic()
    call = world.call(sent, server=SERVER, token="t")
    told = await answer(call, world.service(records, deadline_s=0.02))
    assert time.monotonic() - began < 1
    assert (records.read_of, len(told.chart.lost)) == ([], 1)
