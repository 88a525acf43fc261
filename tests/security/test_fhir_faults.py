"""A FHIR server on a real socket that misbehaves in every way: no answer hangs, none lies, and nothing leaks.

Whatever the server does to the results, the patient and the diagnoses still come from prefetch, so that the call is
answered: in time, with the trial told as unknown where results were needed, never as fitting or not fitting by them.
"""

# ruff: noqa: ARG001 - not every fault looks at what it was asked

from __future__ import annotations

import asyncio
import functools
import gzip
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from cds.core.chart import Kind
from cds.core.finding import Cause
from cds.core.truth import Truth
from cds.fhir.asking.client import FhirRecords, Limits
from cds.network import GuardedTransport
from cds.service import Answered, answer
from tests.service import world
from tests.service.world import CANCER, PATIENT_ID, RESULTS, patient, searchset

pytestmark = pytest.mark.anyio

LONG_S, SHORT_S = 20.0, 0.5
"""How long a call may take, and that of faults which do not end by themselves: only these may be stopped by time."""
TOKEN = "tok-CANARY"
NEXT = "http://{host}/r4/Observation?page=2"

Fault = Callable[[asyncio.StreamWriter, str, str], Awaitable[None]]
"""What the server does with one request: it is given where to write, the path, and its own host and port."""


def bundle(*resources: object, **more: object) -> bytes:
    return json.dumps(searchset(*resources, **more)).encode()


async def reply(
    writer: asyncio.StreamWriter, body: bytes, status: str = "200 OK", *, length: int | None = None, **headers: str
) -> None:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()


def page(host: str, *resources: object) -> bytes:
    return bundle(*resources, link=[{"relation": "next", "url": NEXT.format(host=host)}])


THIEF: list[str] = []
"""The address of another server, to which faults lead; whoever comes there has lost."""

# ------------------------------------------------------------------------------------------------------------- faults


async def silent(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await asyncio.sleep(120)


async def dripping(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n\r\n")
    for letter in bundle(*RESULTS):
        writer.write(bytes([letter]))
        await writer.drain()
        await asyncio.sleep(0.1)


async def endless_headers(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"a" * 1000 + b"\r\n")
        await writer.drain()


async def endless_body(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"2000\r\n" + b" " * 0x2000 + b"\r\n")
        await writer.drain()


async def cut_at_once(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    writer.close()


async def cut_in_the_middle(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    body = bundle(*RESULTS)
    await reply(writer, body[: len(body) // 2], length=len(body))


async def reset(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    writer.transport.abort()


async def not_http(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await writer.drain()


async def a_web_page(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await reply(writer, b"<html><body>Sign in, CANARY</body></html>", Content_Type="text/html")


async def not_utf8(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await reply(writer, b'{"resourceType": "Bundle", "x": "\xff\xfe CANARY"}')


async def not_a_number(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await reply(writer, bundle(*RESULTS).replace(b"210", b"NaN"))


async def nested(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await reply(writer, b'{"resourceType":"Bundle","entry":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


async def another_resource(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await reply(writer, json.dumps(RESULTS[0]).encode())


async def an_outcome(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await reply(writer, json.dumps({"resourceType": "OperationOutcome", "issue": [{"diagnostics": "CANARY"}]}).encode())


@functools.cache
def bomb() -> bytes:
    return gzip.compress(b" " * 200_000_000, 9)


async def a_bomb(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await reply(writer, bomb(), Content_Encoding="gzip")


async def a_bomb_in_a_bomb(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await reply(writer, gzip.compress(bomb(), 9), Content_Encoding="gzip, gzip")


async def broken_gzip(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await reply(writer, gzip.compress(bundle(*RESULTS))[:-20] + b"CANARY", Content_Encoding="gzip")


async def refusing_the_second_page(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    if "page=2" in path:
        await reply(writer, b"CANARY", "401 Unauthorized", WWW_Authenticate="Bearer")
    else:
        await reply(writer, page(host, RESULTS[0]))


async def busy_for_an_hour(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await reply(writer, b"", "429 Too Many Requests", Retry_After="3600")


async def busy_for_no_time(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await reply(writer, b"", "503 Service Unavailable", Retry_After="0")


async def going_round(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await reply(writer, page(host))


async def never_ending(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    number = len(path)
    await reply(writer, bundle(link=[{"relation": "next", "url": f"http://{host}/r4/Observation?p={'x' * number}"}]))


async def leading_elsewhere(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await reply(writer, bundle(RESULTS[0], link=[{"relation": "next", "url": f"{THIEF[0]}/r4/steal"}]))


async def leading_out(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    url = f"http://{host}/r4/../admin"
    await reply(writer, bundle(RESULTS[0], link=[{"relation": "next", "url": url}]))


async def redirecting(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await reply(writer, b"", "302 Found", Location=f"{THIEF[0]}/steal")


async def redirecting_to_itself(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await reply(writer, b"", "307 Temporary Redirect", Location=path)


async def someone_elses_results(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    theirs = [{**each, "subject": {"reference": "Patient/CANARY-2"}} for each in RESULTS]
    await reply(writer, bundle(*theirs))


async def counting_more_than_it_sends(writer: asyncio.StreamWriter, path: str, host: str) -> None:
    await reply(writer, bundle(total=500))


FAULTS: dict[str, Fault] = {
    each.__name__: each
    for each in (
        silent,
        dripping,
        endless_headers,
        endless_body,
        cut_at_once,
        cut_in_the_middle,
        reset,
        not_http,
        a_web_page,
        not_utf8,
        not_a_number,
        nested,
        another_resource,
        an_outcome,
        a_bomb,
        a_bomb_in_a_bomb,
        broken_gzip,
        refusing_the_second_page,
        busy_for_an_hour,
        busy_for_no_time,
        going_round,
        never_ending,
        leading_elsewhere,
        leading_out,
        redirecting,
        redirecting_to_itself,
        someone_elses_results,
        counting_more_than_it_sends,
    )
}


# -------------------------------------------------------------------------------------------------------- the harness


@asynccontextmanager
async def serving(fault: Fault) -> AsyncIterator[tuple[str, list[str]]]:
    """Serve results by this fault and everything else well; give the address and the requests that came."""
    seen: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split(" ")[1]
            seen.append(head)
            if "/Observation" in path or "/admin" in path:
                await fault(writer, path, host)
            else:
                await reply(writer, bundle())
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield f"http://{host}/r4", seen
    finally:
        server.close()


ENDLESS = (silent, dripping, busy_for_no_time)
WHY = {
    "silent": "too long",
    "dripping": "too long",
    "endless_body": "larger than is taken",
    "a_bomb": "larger than is taken",
    "a_web_page": "not FHIR",
    "nested": "not FHIR",
    "not_a_number": "not FHIR",
    "refusing_the_second_page": "401",
    "busy_for_an_hour": "429",
    "going_round": "circle",
    "never_ending": "more than 20 pages",
    "leading_elsewhere": "another server",
    "leading_out": "elsewhere",
    "redirecting": "elsewhere (302)",
    "redirecting_to_itself": "elsewhere (307)",
    "counting_more_than_it_sends": "more entries than it sent",
}
"""What must be said of these faults: that each was seen for what it is, and not stopped by luck."""


@asynccontextmanager
async def waiting_thief() -> AsyncIterator[list[bytes]]:
    """Listen where nobody should come, and keep what is brought."""
    brought: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        brought.append(await reader.read(1000))
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    THIEF[:] = [f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"]
    try:
        yield brought
    finally:
        server.close()


async def called(fault: Fault) -> tuple[Answered, list[str], float]:
    async with serving(fault) as (address, seen):
        transport = GuardedTransport(outright=["127.0.0.1"])
        async with httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=False) as client:
            records = FhirRecords(client, allowed=(address,), limits=Limits(total_bytes=5_000_000, pages=20))
            service = world.service(records, deadline_s=SHORT_S if fault in ENDLESS else LONG_S)
            caller = replace(world.CALLER, fhir_servers=(address,))
            sent = {"patient": patient(), "conditions": searchset(CANCER)}
            began = time.monotonic()
            told = await answer(world.call(sent, server=address, token=TOKEN, caller=caller), service)
            return told, seen, time.monotonic() - began


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_a_named_unknown_in_time(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    bomb()
    async with waiting_thief() as brought:
        told, seen, took_s = await called(FAULTS[name])
    assert brought == []
    assert took_s < LONG_S
    (trial,) = [each for each in told.verdicts if each.trial.nct_id == "NCT00000001"]
    (creatinine,) = [each for each in trial.findings if each.criterion.id == "creatinine"]
    assert creatinine.finding.truth is Truth.UNKNOWN
    assert creatinine.finding.cause in {Cause.NOT_READ, Cause.NO_RECORD}
    if name != "someone_elses_results":
        assert creatinine.finding.cause is Cause.NOT_READ
        assert any("could not be read" in card.detail for card in told.cards)
    (disease,) = [each for each in trial.findings if each.criterion.id == "disease"]
    assert disease.finding.truth is Truth.MET
    assert WHY.get(name, "") in told.chart.gaps.get(Kind.MEASUREMENT, "")
    assert not [each for each in seen if "/admin" in each.split("\r\n")[0]]
    text = caplog.text + "".join(card.model_dump_json() for card in told.cards)
    assert "CANARY" not in text
    assert PATIENT_ID not in caplog.text


async def test_the_harness_serves_well_where_it_should() -> None:
    """Without a fault the same call is a candidate: what the other tests see comes from the faults alone."""

    async def well(writer: asyncio.StreamWriter, path: str, host: str) -> None:
        await reply(writer, bundle(*RESULTS))

    told, seen, _ = await called(well)
    (trial,) = [each for each in told.verdicts if each.trial.nct_id == "NCT00000001"]
    (creatinine,) = [each for each in trial.findings if each.criterion.id == "creatinine"]
    assert creatinine.finding.truth is Truth.MET
    assert {f"Bearer {TOKEN}" in each for each in seen if "/metadata" not in each.split("\r\n")[0]} == {True}
    assert not any(f"Bearer {TOKEN}" in each for each in seen if "/metadata" in each.split("\r\n")[0])
