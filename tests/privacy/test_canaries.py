"""Words of a patient, sent through every route and failure, turn up in no log, no error and no address."""

import io
import json
import logging
from collections.abc import Iterator, Mapping

import httpx
import pytest

from cds.telemetry import SCRUBBED, Scrub, event, failure, plain_value, start_logging
from tests.api.calls import HOOK, app, client, post
from tests.api.test_hooks import FAULTS
from tests.service import world
from tests.service.world import SERVER, ScriptedRecords, hook_body, prefetch, searchset

TOKEN = "eyJCANARYTOKEN.abc.def"
GRANT = {
    "access_token": TOKEN,
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.rs",
    "subject": "CANARYSUB",
}
ID = "CANARY-pat-31415"
WORDS = ("CANARY", "canary", "31415", "1961-07", "Moreau", "eyJ")


def person() -> world.Json:
    return {
        **world.patient(ID),
        "birthDate": "1961-07-09",
        "name": [{"family": "CanaryMoreau", "given": ["CANARY"]}],
        "identifier": [{"system": "urn:mrn", "value": "CANARY-31415"}],
    }


def entry(resource: world.Json) -> world.Json:
    return {**resource, "subject": {"reference": f"Patient/{ID}", "display": "CANARY"}, "note": [{"text": "CANARY"}]}


def sent() -> world.Json:
    return prefetch(
        patient=person(),
        conditions=searchset(entry(world.CANCER), "CANARY", {"resourceType": "CANARY"}),
        laboratory=searchset(*map(entry, world.RESULTS)),
    )


def body(the_prefetch: Mapping[str, object], **changes: object) -> world.Json:
    context = {"patientId": ID, "userId": "Practitioner/CANARY", "encounterId": "CANARY"}
    return hook_body(the_prefetch) | {
        "context": context,
        "fhirServer": SERVER,
        "fhirAuthorization": GRANT,
        **changes,
    }


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root = logging.getLogger()
    kept, level = list(root.handlers), root.level
    start_logging(logging.DEBUG, stream)
    yield stream
    root.handlers[:] = kept
    root.setLevel(level)


def assert_clean(text: str) -> None:
    assert [word for word in WORDS if word in text] == []


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.anyio
async def test_a_good_call_logs_counts_only(log: io.StringIO) -> None:
    response = await post(HOOK, body(sent()))
    assert response.status_code == 200
    assert_clean(log.getvalue())
    assert_clean(str(response.headers))
    for card in response.json()["cards"]:
        assert_clean(json.dumps({key: value for key, value in card.items() if key != "detail"}))
    (line,) = [each for each in lines(log) if each["event"] == "call"]
    assert (line["route"], line["status"], line["cards"]) == (HOOK, 200, 2)
    assert line["read"] == {"Patient": 1, "Condition": 1, "Observation": 3}
    assert line["call_id"] == response.headers["x-call-id"]


@pytest.mark.anyio
@pytest.mark.parametrize("name", [*FAULTS, "hang", "raise"])
async def test_a_failing_server_leaves_no_trace_of_the_patient(name: str, log: io.StringIO) -> None:
    server = world.FhirServer({"*": FAULTS.get(name, FAULTS["500"])}, wait_s=60 if name == "hang" else 0)
    records: object = server.records()
    if name == "raise":
        records = ScriptedRecords(problem=RuntimeError(f"CANARY {TOKEN} Patient/{ID}"))
    for request in (body({}), body({"patient": person()})):
        response = await post(HOOK, request, app(records))
        if response.status_code != 200:
            assert_clean(response.text)
    assert_clean(log.getvalue())
    assert {each.url.host for each in server.seen} <= {"fhir.example.org"}
    assert all(TOKEN not in str(each.url) for each in server.seen)


BAD_BODIES = {
    "malformed": b'{"hook": "CANARY-31415", ' + TOKEN.encode(),
    "wrong hook": body({}, hook="CANARY"),
    "bad instance": body({}, hookInstance="CANARY"),
    "bad context": body({}, context="CANARY"),
    "bad id": body({}, context={"patientId": "CANARY 31415", "userId": "CANARY"}),
    "bad token type": body({}, fhirAuthorization={**GRANT, "token_type": "CANARY"}),
    "token of another": body({}, fhirAuthorization={**GRANT, "patient": "CANARY-2"}),
    "bad server": body({}, fhirServer="https://CANARY.example.org"),
    "another patient": body(prefetch(patient=world.patient("CANARY-2"))),
    "no patient": body({}, fhirServer=None),
    "too large": b"CANARY" * 200_000,
}


@pytest.mark.anyio
@pytest.mark.parametrize("path", [HOOK, "/api/assessments", "/getClinicalTrial"])
@pytest.mark.parametrize("name", BAD_BODIES)
async def test_a_refusal_repeats_nothing(name: str, path: str, log: io.StringIO) -> None:
    response = await post(path, BAD_BODIES[name])
    assert 400 <= response.status_code < 500
    assert_clean(response.text)
    assert_clean(log.getvalue())


@pytest.mark.anyio
async def test_refused_assessments_repeat_nothing(log: io.StringIO) -> None:
    chart = world.collection(person(), entry(world.CANCER))
    for asked in (
        {"bundle": chart, "patientId": "CANARY-2"},
        {"bundle": chart, "trials": ["CANARY"]},
        {"bundle": chart, "asOf": "CANARY"},
        {"bundle": chart, "covered": {"Condition": "CANARY"}},
        {"bundle": chart, "attestations": [{"criterion": "CANARY", "trial": "NCT00000001", "truth": "met"}]},
        {"bundle": chart, "attestations": [{"criterion": "ecog", "trial": "CANARY", "truth": "met"}]},
        {"bundle": world.collection(person(), {**person(), "id": "CANARY-2"})},
        {"bundle": "CANARY"},
    ):
        response = await post("/api/assessments", asked)
        assert 400 <= response.status_code < 500
        assert_clean(response.text)
    assert (await post("/api/assessments", chart)).status_code == 200
    assert_clean(log.getvalue())


@pytest.mark.anyio
async def test_refused_matches_repeat_nothing(log: io.StringIO) -> None:
    chart = [person(), entry(world.CANCER)]
    for name in ("patientId", "complete"):
        wrong = {"resourceType": "Parameters", "parameter": [{"name": name, "valueString": "CANARY 31415"}]}
        response = await post("/getClinicalTrial", world.collection(wrong, *chart))
        assert response.status_code == 400
        assert_clean(response.text)
    odd = {"resourceType": "Parameters", "parameter": [{"name": "CANARY-31415", "valueString": "CANARY-2"}]}
    assert (await post("/getClinicalTrial", world.collection(odd, *chart))).status_code == 200
    assert_clean(log.getvalue())


@pytest.mark.anyio
async def test_addresses_that_hold_patients_are_not_logged(log: io.StringIO) -> None:
    async with client() as caller:
        for path in ("/CANARY-31415", "/cds-services/CANARY", "/api/trials?patient=CANARY"):
            assert_clean((await caller.get(path)).text)
        await caller.request("CANARY", "/api/trials")
    assert_clean(log.getvalue())


@pytest.mark.anyio
async def test_what_other_packages_log_is_scrubbed(log: io.StringIO) -> None:
    logging.getLogger("httpx").setLevel(logging.INFO)
    server = world.healthy_server()
    async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as caller:
        logging.getLogger("httpx").setLevel(logging.INFO)
        await caller.get(f"{SERVER}/Patient/{ID}")
    logging.getLogger("other").warning(f"Patient/{ID}")  # noqa: G004 - how a careless package would write it
    logging.getLogger("other").warning("read %s", f"Patient/{ID}")
    logging.getLogger("uvicorn.error").info("Application startup complete.")
    logging.getLogger("uvicorn.error").error(OSError(98, "address already in use"))
    logging.getLogger("uvicorn.error").error(ValueError(f"Patient/{ID}"))
    assert_clean(log.getvalue())
    told = {each["event"] for each in lines(log)}
    assert {"Application startup complete.", "[Errno 98] address already in use"} <= told
    assert {SCRUBBED, "read %s", 'HTTP Request: %s %s "%s %d %s"'} <= told


def test_an_exception_is_logged_by_type_and_place(log: io.StringIO) -> None:
    try:
        int(f"CANARY Patient/{ID}")
    except ValueError as problem:
        failure("unforeseen error", problem, call_id="00000000-0000-4000-8000-000000000001", note="CANARY 31415")
    (line,) = lines(log)
    assert (line["exception"], line["note"]) == ("ValueError", SCRUBBED)
    assert "test_canaries.py" in str(line["raised_at"])
    assert_clean(log.getvalue())


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (12, 12),
        (1.5, 1.5),
        (True, True),
        (None, None),
        ("candidate", "candidate"),
        ("/cds-services/{id}", "/cds-services/{id}"),
        ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000001"),
        ({"Observation": 3}, {"Observation": 3}),
        ("Patient/1", SCRUBBED),
        ("Anna Moreau", SCRUBBED),
        ("Moreau", SCRUBBED),
        ("/Patient/moreau", SCRUBBED),
        ("1961-07-09", SCRUBBED),
        ("mrn31415926", SCRUBBED),
        (TOKEN, SCRUBBED),
        ("https://fhir.example.org/r4/Patient/1", SCRUBBED),
        ({"Patient/1": "x y"}, {SCRUBBED: SCRUBBED}),
        (["a"], SCRUBBED),
        ("x" * 65, SCRUBBED),
        ("/api/trials/{nct_id}", "/api/trials/{nct_id}"),
        ("/getClinicalTrial", "/getClinicalTrial"),
        ("/api/{Anna}", SCRUBBED),
        ("/getAnna", SCRUBBED),
    ],
    ids=range(23),
)
def test_only_plain_values_pass(value: object, told: object) -> None:
    assert plain_value(value) == told


def test_an_event_carries_its_fields(log: io.StringIO) -> None:
    event("call", cards=1, name="Anna Moreau")
    (line,) = lines(log)
    assert {key: line[key] for key in ("event", "cards", "name", "level", "logger")} == {
        "event": "call",
        "cards": 1,
        "name": SCRUBBED,
        "level": "info",
        "logger": "cds",
    }


def test_the_filter_keeps_every_record() -> None:
    assert Scrub().filter(logging.makeLogRecord({"msg": "x", "name": "other"})) is True
