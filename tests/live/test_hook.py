"""``trialcards hook`` between two real servers: it fills prefetch from HAPI, signs, and gets the cards of the chart."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn

from cds.app import create_app, make_service
from cds.cli import main
from cds.fhir.asking.client import FhirRecords
from cds.fhir.backend.keys import new_key, private_jwk, public_set
from cds.service import answer
from cds.settings import Settings
from tests.golden.cases import case
from tests.service.world import CALLER
from tests.shipped import plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.live.hapi import Hapi

pytestmark = [pytest.mark.anyio, pytest.mark.live]
Json = dict[str, Any]
ISSUER = "https://rehearsal.example.org"
SLUGS = ("kidney-nec-hiv", "pancreas-lcnec-clean", "sclc-after-chemo-io")


@dataclass(frozen=True, slots=True)
class Site:
    """Our service on a real socket, letting in the one caller whose key is in the folder."""

    url: str
    settings: Settings
    folder: Path


@pytest.fixture(scope="module")
def site(charts: Hapi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    for name in ("listed", "strange"):
        key = new_key("ES384")
        (folder / f"{name}.jwk").write_text(private_jwk(key))
        (folder / f"{name}.jwks").write_text(json.dumps(public_set([key])))
    (folder / "callers.yaml").write_text(
        f"callers:\n  - id: rehearsal\n    issuer: {ISSUER}\n    keys: listed.jwks\n    fhir_servers: [{charts.base}]\n"
    )
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    settings = Settings(
        public_url=url, authentication="jwt", callers=folder / "callers.yaml", store_url="sqlite://", deadline_s=60
    )
    with served(settings, listening):
        yield Site(url, settings, folder)


@contextlib.contextmanager
def served(settings: Settings, listening: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        until = time.monotonic() + 60
        while not server.started and time.monotonic() < until:
            time.sleep(0.02)
        yield
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture
def hook(site: Site, charts: Hapi, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def ran(patient: str, *more: str, key: str = "listed") -> tuple[int, str, str]:
        signed = ("--issuer", ISSUER, "--caller-key", str(site.folder / f"{key}.jwk"))
        where = ("--service", site.url, "--server", charts.base, "--patient", patient, "--timeout", "60")
        code = main(["hook", *where, *signed, *more])
        told = capsys.readouterr()
        return code, told.out, told.err

    return ran


async def expected(slug: str, charts: Hapi, settings: Settings) -> list[Json]:
    """Give the cards that the chart comes to today, read from the server by the service itself."""
    async with httpx.AsyncClient(trust_env=False) as http:
        records = FhirRecords(http, allowed=(charts.base,))
        call = replace(case(slug).call({}, charts.base), caller=replace(CALLER, fhir_servers=(charts.base,)))
        answered = await answer(call, make_service(settings, plan(), records=records))
    return without_ids([each.model_dump(exclude_none=True) for each in answered.cards])


def without_ids(cards: list[Json]) -> list[Json]:
    return [{name: each for name, each in card.items() if name != "uuid"} for card in json.loads(json.dumps(cards))]


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("prefetch", ["all", "first-page", "none"])
async def test_the_cards_are_those_of_the_chart(
    slug: str, prefetch: str, site: Site, charts: Hapi, hook: Callable[..., tuple[int, str, str]]
) -> None:
    told = await expected(slug, charts, site.settings)
    # The command runs a loop of its own, so it is given a thread.
    ran: list[tuple[int, str, str]] = []
    thread = threading.Thread(target=lambda: ran.append(hook(case(slug).patient_id, "--prefetch", prefetch, "--json")))
    thread.start()
    thread.join(120)
    ((code, out, err),) = ran
    assert (code, err) == (0, "")
    (service,) = json.loads(out)["services"]
    assert without_ids(service["answer"]["cards"]) == told
    assert told
    pages = [said for said in service["prefetch"].values() if said.endswith("further pages")]
    assert bool(pages) is (prefetch == "first-page")


def test_a_person_can_read_it(hook: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = hook(case(SLUGS[1]).patient_id)
    assert (code, err) == (0, "")
    assert "patient-view: answered 200 in " in out
    assert " of " in out


def test_a_key_that_is_not_listed_is_not_let_in(hook: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = hook(case(SLUGS[0]).patient_id, key="strange")
    assert (code, out) == (6, "")
    assert err.startswith("trialcards: the CDS service answers discovery with 401: it does not accept who calls")


def test_a_patient_that_the_server_does_not_hold_is_refused(hook: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = hook("nobody")
    assert (code, err) == (1, "")
    assert "null: there is no such resource" in out
    assert "The service answered 412" in out
