"""Words planted in every field of golden charts go through every route; they leave in cards and findings alone.

Not in logs, errors, counts, traces, addresses, audit lines or the store. Each string of a chart is planted: all that
can be while the chart still means the same, all at once whatever that breaks, and some by themselves.
"""

import io
import json
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from cds.api.audit import Appended
from cds.api.build import build
from cds.fhir.asking.client import FhirRecords
from cds.memory import Memory
from cds.settings import HOOKS, Settings
from cds.store.store import Store
from cds.traces import Traces
from cds.web.cut import prefetch_of, read_templates
from tests.api.calls import client
from tests.golden.cases import SLUGS, Case, case
from tests.privacy.test_canaries import log
from tests.service import world
from tests.service.test_memory import OLD
from tests.service.world import SERVER
from tests.shipped import plan

pytestmark = pytest.mark.anyio
__all__ = ["log"]

Json = Any
WORD = "CANARY"
TOKEN = "CANARY.token.31415"
MEANT = frozenset(
    {"resourceType", "status", "system", "code", "unit", "reference", "gender", "type", "use", "id", "url", "value"}
)
"""Strings under these names say what an entry means; the others are words for people. Dates are told by their form."""
Replace = Callable[[tuple[object, ...], str], str]


def planted(value: Json, replace: Replace, path: tuple[object, ...] = ()) -> Json:
    """Give a copy in which each string is what `replace` makes of it."""
    if isinstance(value, dict):
        return {key: planted(each, replace, (*path, key)) for key, each in value.items()}
    if isinstance(value, list):
        return [planted(each, replace, (*path, place)) for place, each in enumerate(value)]
    if isinstance(value, Decimal):
        return float(value)
    return replace(path, value) if isinstance(value, str) else value


def paths(value: Json, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from paths(each, (*path, key))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from paths(each, (*path, place))
    elif isinstance(value, str) and path[-1] != "resourceType":
        yield path


def beside_the_meaning(the_case: Case) -> Json:
    """Plant words for people, and give the patient an id that is planted too."""
    new = f"{WORD}-{the_case.patient_id}"

    def replace(path: tuple[object, ...], text: str) -> str:
        if text in {the_case.patient_id, f"Patient/{the_case.patient_id}"}:
            return text.replace(the_case.patient_id, new)
        return text if path[-1] in MEANT or text[:4].isdigit() else f"{text} {WORD}"

    return planted(the_case.bundle, replace)


def everywhere(the_case: Case) -> Json:
    return planted(the_case.bundle, lambda path, text: text if path[-1] == "resourceType" else f"{WORD}{text}")


def in_one_place(the_case: Case, seed: int) -> Json:
    where = random.Random(f"{the_case.slug} {seed}").choice(list(paths(the_case.bundle)))  # noqa: S311 - no secret is drawn
    return planted(the_case.bundle, lambda path, text: f"{WORD} {text}" if path == where else text)


def server(bundle: Json) -> world.FhirServer:
    """Give a FHIR server that holds a chart, whatever it is."""
    by_type: dict[str, list[Json]] = {}
    for entry in bundle["entry"]:
        resource = entry["resource"]
        by_type.setdefault(str(resource.get("resourceType")), []).append(resource)
    routes: dict[str, Any] = {
        kind: lambda _, found=tuple(found): world.fhir(world.searchset(*found)) for kind, found in by_type.items()
    }
    (person,) = by_type["Patient"]
    return world.FhirServer(routes | {"Patient": lambda _: world.fhir(person)})


def patient_of(bundle: Json) -> str:
    return next(
        str(each["resource"]["id"]) for each in bundle["entry"] if each["resource"]["resourceType"] == "Patient"
    )


def contexts(bundle: Json, patient_id: str) -> Iterator[tuple[str, Json]]:
    """Give the context of each hook, with the chart's own drugs as draft orders."""
    drugs = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"].startswith("Medication")]
    drafts = [{**each, "resourceType": "MedicationRequest", "id": f"draft-{n}"} for n, each in enumerate(drugs[:3])]
    orders = {"resourceType": "Bundle", "entry": [{"resource": each} for each in drafts]}
    for hook in ("patient-view", "order-sign"):
        yield (
            hook,
            {
                "patientId": patient_id,
                "userId": f"Practitioner/{WORD}",
                "encounterId": WORD,
                "selections": [f"MedicationRequest/{each['id']}" for each in drafts],
                "draftOrders": orders,
                "appointments": {"resourceType": "Bundle", "entry": []},
            },
        )


class Round:
    """One chart's way through every route; what is told of it outside of cards and findings is kept."""

    def __init__(self, bundle: Json, caller: httpx.AsyncClient) -> None:
        self.bundle, self.caller = bundle, caller
        self.patient_id = patient_of(bundle)
        self.outside: list[str] = []

    async def post(self, path: str, body: Json) -> Json:
        answer = await self.caller.post(path, content=json.dumps(body), headers={"traceparent": f"00-{WORD}"})
        self.outside.append(str(answer.headers))
        if answer.status_code != 200:
            self.outside.append(answer.text)
            return {}
        return answer.json()

    async def hook(self, hook: str, context: Json, sent: Json) -> None:
        """Call a hook, and tell the service what became of its cards."""
        grant = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 9, "scope": WORD, "subject": WORD}
        body = {"hook": hook, "hookInstance": world.hook_body()["hookInstance"], "context": context}
        body |= {"prefetch": sent, "fhirServer": SERVER, "fhirAuthorization": grant}
        cards = (await self.post(f"/cds-services/trialcards-{hook}", body)).get("cards", [])
        self.outside += [json.dumps({name: each[name] for name in each if name != "detail"}) for each in cards]
        reason = {"reason": {"code": WORD, "display": WORD}, "userComment": WORD}
        said = {"outcome": "overridden", "outcomeTimestamp": "2026-06-15T09:30:00Z", "overrideReason": reason}
        feedback = {"feedback": [{"card": each["uuid"], **said} for each in cards]}
        await self.post(f"/cds-services/trialcards-{hook}/feedback", feedback)

    async def run(self, templates: Any) -> None:  # noqa: ANN401 - what the discovery document says
        sent = prefetch_of(self.bundle, self.patient_id, read_templates(templates))
        for hook, context in contexts(self.bundle, self.patient_id):
            for given in (sent, {}):
                await self.hook(hook, context, given)
        await self.post("/api/assessments", self.bundle)
        await self.post("/getClinicalTrial", self.bundle)
        await self.post("/api/assessments", {"bundle": self.bundle, "patientId": f"{WORD}-2", "trials": [WORD]})
        for path in ("/metrics", "/api/feedback/summary", f"/cds-services/{WORD}", f"/{WORD}?patient={WORD}"):
            self.outside.append((await self.caller.get(path)).text)


async def seen_outside(bundle: Json, folder: Path) -> str:
    """Send a chart round; give what answers, counts, traces, addresses and the store hold outside of cards."""
    fhir, spans = server(bundle), InMemorySpanExporter()
    store = Store.open(f"sqlite:///{folder / 'cards.sqlite3'}")
    records = FhirRecords(httpx.AsyncClient(transport=httpx.MockTransport(fhir)), allowed=(SERVER,))
    service = world.service(records, plan(), hooks=HOOKS, memory=Memory(store, OLD, patience_s=5))
    traces, lines = Traces(spans, "1", at_once=True), Appended(folder / "audit.jsonl")
    app = build(service, Settings(authentication="off"), {}, door=world.DOOR, traces=traces, audit=lines)
    async with client(app) as caller:
        went = Round(bundle, caller)
        await went.run(service.templates)
    store.close()
    lines.close()
    addresses = [str(each.url) for each in fhir.seen]
    assert all(TOKEN not in each for each in addresses)
    told = [each.to_json() for each in spans.get_finished_spans()]
    return "\n".join([*went.outside, *told, *(each.replace(went.patient_id, "(the patient)") for each in addresses)])


def held(folder: Path) -> str:
    return "".join(each.read_bytes().decode("latin-1") for each in folder.iterdir())


def assert_outside_is_clean(outside: str, folder: Path, log: io.StringIO) -> None:
    assert "cds.audit" in held(folder)
    for what in (outside, held(folder), log.getvalue()):
        place = what.find(WORD)
        assert place < 0, what[max(place - 200, 0) : place + 100]


@pytest.mark.parametrize("slug", SLUGS[::2])
async def test_words_for_people_stay_inside(slug: str, tmp_path: Path, log: io.StringIO) -> None:
    bundle = beside_the_meaning(case(slug))
    assert WORD in json.dumps(bundle)
    assert_outside_is_clean(await seen_outside(bundle, tmp_path), tmp_path, log)


@pytest.mark.parametrize("slug", SLUGS[::6])
async def test_a_chart_of_nothing_but_planted_words_stays_inside(slug: str, tmp_path: Path, log: io.StringIO) -> None:
    assert_outside_is_clean(await seen_outside(everywhere(case(slug)), tmp_path), tmp_path, log)


@pytest.mark.parametrize("seed", range(8))
async def test_a_word_in_one_place_stays_inside(seed: int, tmp_path: Path, log: io.StringIO) -> None:
    bundle = in_one_place(case(SLUGS[seed * 3]), seed)
    assert_outside_is_clean(await seen_outside(bundle, tmp_path), tmp_path, log)
