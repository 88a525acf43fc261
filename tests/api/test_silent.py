"""Silent mode over HTTP, and what of it is counted; the settings that cards depend on reach the service."""

import logging
from typing import Any

import pytest

from cds.api.build import build
from cds.app import make_service
from cds.core.codes import Code
from cds.hooks.wire import Coding
from cds.settings import RequestCode, Settings
from tests.api.calls import HOOK, ORIGIN, RECORDS, post, send
from tests.service import world
from tests.service.world import hook_body, prefetch

pytestmark = pytest.mark.anyio
SETTINGS = Settings(authentication="off", allow_origins=(ORIGIN,))


def app(**chosen: Any) -> Any:  # noqa: ANN401 - the framework's own
    return build(world.service(**chosen), SETTINGS, RECORDS, door=world.DOOR)


def fields(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    (line,) = [each for each in caplog.records if each.msg == "call"]
    told: dict[str, Any] = line.__dict__["fields"]
    return told


async def test_silent_mode_answers_no_cards_and_counts_them(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "cds")
    silent = app(silent=True)
    answer = await post(HOOK, hook_body(), silent)
    assert (answer.status_code, answer.content) == (200, b'{"cards":[]}')
    counts = fields(caplog)
    assert (counts["silenced"], counts["cards"]) == (1, 0)
    assert counts["verdicts"] == {"candidate": 1, "not-relevant": 1}
    metrics = (await send("GET", "/metrics", None, silent)).text
    assert "trialcards_cards_silenced_total 1.0" in metrics
    assert (await send("GET", "/health/ready", None, silent)).status_code == 200


async def test_what_is_withheld_is_counted_by_reason(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "cds")
    wary = app(opt_out=frozenset({Code("urn:site", "no-research")}))
    assert len((await post(HOOK, hook_body(), wary)).json()["cards"]) == 1
    assert fields(caplog)["withheld"] == "refusals-not-read"
    dead = hook_body(prefetch(patient=world.patient(deceasedBoolean=True)))
    assert (await post(HOOK, dead, wary)).json() == {"cards": []}
    metrics = (await send("GET", "/metrics", None, wary)).text
    assert 'trialcards_withheld_total{reason="refusals-not-read"} 1.0' in metrics
    assert 'trialcards_withheld_total{reason="deceased"} 1.0' in metrics


def test_what_a_site_chooses_for_its_cards_reaches_the_service() -> None:
    chosen = Settings(
        silent=True,
        read_consent=True,
        opt_out=(Code("urn:site", "no-research"),),
        request_code=RequestCode(Code("urn:site:orders", "ASK"), "Ask the research team"),
        app_url="https://app.example.org/launch",
    )
    service = make_service(chosen, world.PLAN, records=world.ScriptedRecords())
    assert str(chosen.request_code) == "urn:site:orders|ASK|Ask the research team"
    assert (service.silent, service.steps.app) == (True, "https://app.example.org/launch")
    assert service.steps.request == Coding(system="urn:site:orders", code="ASK", display="Ask the research team")
    assert {"flags", "consents"} <= service.templates.keys()
    plain = make_service(Settings(), world.PLAN, records=world.ScriptedRecords())
    assert (plain.silent, plain.steps.app, plain.steps.request) == (False, None, None)
