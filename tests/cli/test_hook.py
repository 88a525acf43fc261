"""``trialcards hook`` as a person runs it: what it shows, how it ends, and that no service can steer the terminal."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.ehr.world import BASE, CARD, ENTRY, SERVICE, Service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    Run = Callable[..., Any]

ESCAPES = "\x1b[2J\x1b]0;pwned\x07\x9b31m\u202e&#x202e;&#155;\r\b"


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    path = tmp_path / "chart.json"
    path.write_text(json.dumps({"resourceType": "Patient", "id": "pat-1"}))
    return path


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Callable[[Service], None]:
    """Put a service by hand in the place of the network."""

    def serve(service: Service) -> None:
        client = lambda *_: httpx.AsyncClient(transport=httpx.MockTransport(service))  # noqa: E731 - what it stands for is one line too
        monkeypatch.setattr("cds.plugs.http_client", client)

    return serve


def test_the_cards_are_shown(run: Run, serving: Callable[[Service], None], chart: Path) -> None:
    serving(Service())
    ran = run("hook", "--service", BASE, "--bundle", chart)
    assert (ran.code, ran.err) == (0, "")
    for words in (
        "Greeter (greeter)",
        "patient-view: answered 200 in ",
        "patient  Patient",
        "1 of 1  info  A trial is open",
        "Bold and a link (https://example.org/x).",
        "Source: Trials",
        "Suggestion: Ask the coordinator [create ServiceRequest: Ask]",
        "Link (absolute): The record, https://example.org/record",
        "Reasons to override: Not now",
        "Keeps to CDS Hooks 2.0: nothing found.",
    ):
        assert words in ran.out


def test_what_breaks_the_specification_is_listed(run: Run, serving: Callable[[Service], None], chart: Path) -> None:
    serving(Service(lambda _: httpx.Response(200, json={"cards": [CARD | {"indicator": "success"}]})))
    ran = run("hook", "--service", SERVICE, "--bundle", chart)
    assert ran.code == 1
    assert "cards[0].indicator" in ran.out
    assert "#card-attributes" in ran.out


def test_json_holds_the_answer_as_it_came(run: Run, serving: Callable[[Service], None], chart: Path) -> None:
    serving(Service(lambda _: httpx.Response(200, json={"cards": [CARD | {"summary": "a\u202eb\x9b"}]})))
    ran = run("hook", "--service", BASE, "--bundle", chart, "--json")
    assert not {"\u202e", "\x9b"} & set(ran.out)
    (service,) = json.loads(ran.out)["services"]
    assert service["answer"] == {"cards": [CARD | {"summary": "a\u202eb\x9b"}]}
    assert service["prefetch"] == {"patient": "Patient"}


def everywhere(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Put sequences that steer a terminal into every text but the choices that would hide them."""
    if isinstance(value, dict):
        return {f"{name}": everywhere(each) for name, each in value.items()} | {f"x{ESCAPES}": ESCAPES}
    if isinstance(value, list):
        return [everywhere(each) for each in value]
    return f"{value}{ESCAPES}[l](http://x/{ESCAPES})" if isinstance(value, str) else value


@pytest.mark.parametrize("status", [200, 500])
def test_no_service_steers_the_terminal(run: Run, serving: Callable[[Service], None], chart: Path, status: int) -> None:
    entry = ENTRY | {"title": ESCAPES, "id": f"greeter{ESCAPES}", "prefetch": {f"k{ESCAPES}": f"Patient/{ESCAPES}"}}
    answer = {
        **everywhere(
            {"cards": [CARD, CARD | {"detail": f"```{ESCAPES}\n{ESCAPES}\n```\n# {ESCAPES}\n|a|\n|-|\n|{ESCAPES}|"}]}
        ),
        **everywhere({"systemActions": [{"type": "create", "description": "d"}]}),
        "issue": [{"details": {"text": ESCAPES}}],
    }
    serving(
        Service(
            lambda _: httpx.Response(status, json=answer),
            lambda _: httpx.Response(
                200, json={"services": [everywhere(entry) | {"hook": "patient-view", "id": f"g{ESCAPES}"}]}
            ),
        )
    )
    ran = run("hook", "--service", BASE, "--bundle", chart)
    assert ran.code == 1
    assert "�" in ran.out
    assert not [each for each in ran.out if each in "\x1b\x07\x9b\r\b\u202e"]
    missing = run("hook", "--service", BASE, "--bundle", chart, "--id", f"a{ESCAPES}")
    assert missing.code == 2
    assert not [each for each in missing.err if each in "\x1b\x07\x9b\r\b\u202e"]


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (["--service", BASE], 3, "--patient: is needed where no file names the patient"),
        (["--service", "x", "--patient", "p"], 3, "--service: must be an address such as"),
        (["--service", BASE, "--patient", "a/b"], 3, "--patient: must be a FHIR id"),
        (["--service", BASE, "--patient", "p", "--issuer", "https://x"], 3, "--issuer, --caller-key: go together"),
        (["--service", BASE, "--patient", "p", "--send-token"], 3, "--send-token: needs --server"),
        (["--service", BASE, "--patient", "p", "--hook", "order-sign"], 3, "--draft-orders: is for order-select"),
        (["--service", BASE, "--patient", "p", "--hook", "encounter-start"], 3, "--encounter: is needed for"),
        (["--service", BASE, "--patient", "p", "--timeout", "0"], 2, "must be a number of seconds"),
        (["--service", "http://127.0.0.1:9", "--patient", "p"], 6, "the CDS service cannot be reached"),
    ],
)
def test_faults_are_one_sentence(run: Run, options: list[str], code: int, sentence: str) -> None:
    ran = run("hook", *options)
    assert (ran.code, ran.out) == (code, "")
    assert sentence in ran.err
    assert ran.err.count("\n") == 1


def test_draft_orders_go_into_the_context(
    run: Run, serving: Callable[[Service], None], chart: Path, tmp_path: Path
) -> None:
    order = {"resourceType": "MedicationRequest", "id": "o1", "status": "draft"}
    (tmp_path / "orders.json").write_text(json.dumps(order))
    for hook, context in (("order-sign", {}), ("order-select", {"selections": ["MedicationRequest/o1"]})):
        offered = httpx.Response(200, json={"services": [ENTRY | {"hook": hook}]})
        service = Service(discovery=partial(lambda reply, _: reply, offered))
        serving(service)
        ran = run(
            "hook", "--service", BASE, "--bundle", chart, "--hook", hook, "--draft-orders", tmp_path / "orders.json"
        )
        assert ran.code == 0
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}]}
        assert service.body["context"] == {
            "userId": "Practitioner/rehearsal",
            "patientId": "pat-1",
            "draftOrders": bundle,
            **context,
        }
