"""One span a call, with counts and plain words; the caller's trace goes on in it, and nothing of the patient does."""

import json

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from cds.traces import Traces
from tests.api.calls import HOOK, app, client
from tests.service.world import PATIENT_ID, SERVER, ScriptedRecords, hook_body, prefetch

pytestmark = pytest.mark.anyio
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def span_of(body: object, records: object = None, path: str = HOOK, **headers: str) -> ReadableSpan:
    exporter = InMemorySpanExporter()
    the_app = app(records, traces=Traces(exporter, "1.0", at_once=True))
    async with client(the_app) as caller:
        await caller.post(path, json=body, headers=headers)
    (span,) = exporter.get_finished_spans()
    return span


async def test_a_call_is_one_span_with_its_counts() -> None:
    span = await span_of(hook_body(prefetch()))
    assert span.name == f"POST {HOOK}"
    told = dict(span.attributes or {})
    assert (told["http.route"], told["http.response.status_code"]) == (HOOK, 200)
    assert told["trialcards.read.Observation"] == 3
    assert span.end_time is not None
    assert span.start_time is not None
    assert span.end_time > span.start_time


async def test_the_callers_trace_goes_on() -> None:
    span = await span_of(hook_body(prefetch()), traceparent=PARENT)
    assert span.context is not None
    assert format(span.context.trace_id, "032x") == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert (await span_of(hook_body(prefetch()), traceparent="CANARY-00-11")).parent is None


async def test_our_own_fault_is_marked() -> None:
    broken = ScriptedRecords(problem=RuntimeError(f"CANARY {PATIENT_ID}"))
    span = await span_of(hook_body({}, fhirServer=SERVER), broken)
    assert span.status.status_code is StatusCode.ERROR


async def test_nothing_of_the_patient_is_in_it() -> None:
    context = {"patientId": "CANARY-1", "userId": "Practitioner/CANARY"}
    for body in (hook_body(prefetch(), context=context), hook_body({}, context=context, fhirServer=SERVER)):
        span = await span_of(body, ScriptedRecords(), baggage="who=CANARY", tracestate="who=CANARY")
        assert "CANARY" not in span.to_json()
    span = await span_of({}, path="/CANARY?patient=CANARY")
    assert "CANARY" not in json.dumps(json.loads(span.to_json()))


async def test_a_method_that_there_is_not_is_told_as_other() -> None:
    exporter = InMemorySpanExporter()
    async with client(app(traces=Traces(exporter, "1.0", at_once=True))) as caller:
        await caller.request("CANARY", HOOK)
    (span,) = exporter.get_finished_spans()
    assert (span.name, (span.attributes or {})["http.request.method"]) == (f"_OTHER {HOOK}", "_OTHER")
