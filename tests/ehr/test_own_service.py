"""Our own service, called as any other: the cards are those that the chart comes to, by server and by files alike."""

import json
from typing import Any

import httpx
import pytest

from cds.api.build import build
from cds.ehr.calling import Event
from cds.ehr.discovery import read_address
from cds.ehr.exchange import Limits
from cds.ehr.from_files import FromFiles
from cds.ehr.from_server import FromServer
from cds.ehr.prefetch import Source
from cds.ehr.templates import Scene
from cds.service import answer
from cds.settings import Settings
from tests.ehr.world import rehearsal
from tests.golden.cases import Case, Ehr, case, service_for, str_of_decimal
from tests.service.world import DOOR, SERVER

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
ADDRESS = read_address("https://cards.example.org")
SLUGS = ["pancreas-lcnec-clean", "kidney-nec-hiv", "stomach-nec-liver-mets"]


def from_server(the_case: Case) -> FromServer:
    ehr = Ehr(the_case.resources, page=7)

    def network(request: httpx.Request) -> httpx.Response:
        body = ehr.get(str(request.url))
        content = json.dumps(body, default=str_of_decimal)
        return httpx.Response(404) if body is None else httpx.Response(200, content=content)

    return FromServer(httpx.AsyncClient(transport=httpx.MockTransport(network)), SERVER, None, Limits(), 100)


def without_ids(cards: list[Json]) -> list[Json]:
    kept: list[Json] = json.loads(json.dumps(cards))
    for card in kept:
        card.pop("uuid")
        for each in card.get("suggestions", ()):
            each.pop("uuid")
    return kept


async def fired(the_case: Case, source: Source) -> list[Json]:
    app = build(service_for(the_case), Settings(authentication="off"), {}, door=DOOR)
    ehr = rehearsal(lambda _: httpx.Response(500))
    ehr.client._transport = httpx.ASGITransport(app=app)  # noqa: SLF001 - the same client, talking to the application
    (called,), findings = await ehr.fire(
        ADDRESS, Event("patient-view", Scene(the_case.patient_id, "Practitioner/7")), source
    )
    assert called.conforms, called
    assert findings == ()
    assert {each.weight.value for each in called.findings} <= {"should"}  # of its time alone, on a busy machine
    assert all(each.is_sent for each in called.parts), called.parts
    cards: list[Json] = called.answer["cards"]
    return without_ids(cards)


@pytest.mark.parametrize("slug", SLUGS)
async def test_the_cards_are_those_of_the_chart(slug: str) -> None:
    the_case = case(slug)
    prefetch = Ehr(the_case.resources).prefetch(service_for(the_case).templates, the_case.patient_id)
    expected = await answer(the_case.call(prefetch), service_for(the_case))
    told = without_ids([each.model_dump(exclude_none=True) for each in expected.cards])
    assert told
    assert await fired(the_case, from_server(the_case)) == told
    if not any(each["resourceType"] == "Medication" for each in the_case.resources):
        assert await fired(the_case, FromFiles(tuple(the_case.resources))) == told
