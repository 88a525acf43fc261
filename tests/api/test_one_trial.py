"""What whoever looks after a trial asks: what the linter says of it, and how its cards fared."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from cds.api.build import build
from cds.api.trial_models import FeedbackOnTrial, TrialRemarks
from cds.app import create_app
from cds.errors import StoreDown
from cds.hooks.callers.caller import ANONYMOUS, Caller
from cds.memory import Memory
from cds.settings import Settings
from cds.store.records import new_record
from cds.store.store import Store
from cds.store.studies import Studies
from cds.store.values import GivenFeedback, ToldCard
from cds.trials.definition import Definition, RecordNote
from cds.trials.remarks import Curated, Remarks
from tests.api.calls import diagnostics, send
from tests.core.builders import VOCABULARY
from tests.service import world
from tests.service.test_memory import OLD, Broken
from tests.shipped import definition, read_once

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
ONE = "/api/trials/NCT00000001"
SETTINGS = Settings(authentication="off", allow_origins=("https://ehr.example.org",))
NOBODY: Json = {"told": 0, "accepted": 0, "overridden": 0, "unanswered": 0, "reasons": []}


def caller(name: str, *, page: bool = False) -> Caller:
    return replace(ANONYMOUS, id=name, page=page)


class As:
    """A door that lets everyone in as one caller."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def caller(self, header: str | None, address: str) -> Caller:
        """Say who it is."""
        del header, address
        return self._caller


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path / 'cards.sqlite3'}")
    yield opened
    opened.close()


def app(memory: Memory | None = None, who: Caller | None = None, **given: Any) -> FastAPI:  # noqa: ANN401 - a port
    door = As(who) if who else world.DOOR
    return build(world.service(memory=memory), SETTINGS, {}, door=door, **given)


async def told(the_app: FastAPI, path: str) -> Json:
    response = await send("GET", path, the_app=the_app)
    assert response.status_code == 200, response.text
    body: Json = response.json()
    return body


def card(number: int, topic: str = "NCT00000001", caller: str = "hospital") -> ToldCard:
    return ToldCard(f"card-{number}", topic, "s", caller, "k1:patient", "k1:viewer", world.NOW, "")


def said(number: int, outcome: str = "overridden", reason: str | None = None) -> GivenFeedback:
    return GivenFeedback(f"card-{number}", outcome, world.NOW, world.NOW, "hospital", None, reason, "canary", ())


async def filled(store: Store) -> Memory:
    mine = [card(number) for number in range(7)]
    await store.told([*mine, card(7, caller="clinic"), card(8, "closesNCT00000001"), card(9, "NCT00000002")])
    await store.record(
        [
            said(0, "accepted"),
            said(1, reason="patient-refuses"),
            said(2, reason="patient-refuses"),
            said(3),
            said(4, reason="other"),
            said(5, reason="too-costly-uncovered"),
        ]
    )
    return Memory(store, OLD, patience_s=5)


async def test_the_page_is_told_how_the_cards_of_one_trial_fared_at_the_site(store: Store) -> None:
    the_app = app(await filled(store), caller("hospital-page", page=True))
    body = await told(the_app, ONE + "/feedback")
    FeedbackOnTrial.model_validate(body)
    assert body == {
        "nctId": "NCT00000001",
        "told": 8,
        "accepted": 1,
        "overridden": 5,
        "unanswered": 2,
        "reasons": [
            {"code": "patient-refuses", "says": "The patient does not want to take part", "count": 2},
            {"code": "none", "says": "No reason was given", "count": 1},
            {"code": "other", "says": "Another reason", "count": 1},
            {"code": "too-costly-uncovered", "says": "Too costly uncovered", "count": 1},
        ],
    }


async def test_an_ehr_is_told_of_its_own_cards_alone(store: Store) -> None:
    memory = await filled(store)
    assert (await told(app(memory, caller("clinic")), ONE + "/feedback"))["told"] == 1
    assert await told(app(memory, caller("nobody")), ONE + "/feedback") == {"nctId": "NCT00000001", **NOBODY}


async def test_no_count_says_who(store: Store) -> None:
    the_app = app(await filled(store), caller("hospital-page", page=True))
    text = (await send("GET", ONE + "/feedback", the_app=the_app)).text
    assert not any(each in text for each in ("k1:", "canary", "hospital", "card-"))


@pytest.mark.parametrize("memory", [Memory(Broken(StoreDown("the store does not answer"))), None], ids=["down", "none"])
async def test_counts_that_cannot_be_had_are_said_to(memory: Memory | None) -> None:
    answer = await send("GET", ONE + "/feedback", the_app=app(memory))
    diagnostics(answer, 503, "transient")
    assert answer.headers["retry-after"] == "30"


async def test_counts_that_take_too_long_are_not_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cds.api.one_trial.SUMMARY_S", 0.02)
    the_app = app(Memory(Broken(None, wait_s=30)))
    diagnostics(await send("GET", ONE + "/feedback", the_app=the_app), 503, "transient")


@pytest.mark.parametrize("name", ["lint", "feedback"])
async def test_what_cannot_be_asked(name: str) -> None:
    the_app = app(Memory(Broken(None)))
    missing = await send("GET", f"/api/trials/NCT09999999/{name}", the_app=the_app)
    assert diagnostics(missing, 404, "not-found") == "no such trial is loaded"
    odd = await send("GET", f"{ONE}/{name}?canary=1", the_app=the_app)
    assert diagnostics(odd, 400, "invalid") == "a parameter is not known here; this page takes none"


async def test_the_lint_of_a_definition() -> None:
    trial = replace(world.NEC, criteria=world.NEC.criteria * 2)
    known = Definition("NCT00000001.yaml", trial, RecordNote(None, "RECRUITING", 0, (), ""), ())
    curated = Remarks(VOCABULARY, Curated({"NCT00000001": known}))
    body = await told(app(remarks=curated), ONE + "/lint")
    TrialRemarks.model_validate(body)
    assert body["nctId"] == "NCT00000001"
    twice = {"level": "error", "place": "NCT00000001.yaml", "says": "criterion age: the id stands 2 times"}
    assert twice in body["remarks"]


async def test_the_whole_application_lints_what_it_loaded_and_says_what_changed_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_once(monkeypatch)
    number = "NCT07328490"
    assert await _remarks(Settings(store_url="sqlite://", authentication="off"), number) == []
    url = f"sqlite:///{tmp_path / 'held.sqlite3'}"
    record = {
        "protocolSection": {
            "identificationModule": {"nctId": number, "briefTitle": "A trial"},
            "statusModule": {"overallStatus": "RECRUITING"},
            "eligibilityModule": {"eligibilityCriteria": "Inclusion Criteria:\n\n* Another text"},
        }
    }
    kept = Store.open(url)
    Studies(kept).keep([new_record(number, "2026-09-01", record)], world.NOW, seen=True)
    kept.close()
    found = await _remarks(Settings(store_url=url, authentication="off"), number)
    assert {each["level"] for each in found} == {"warning"}
    assert {each["place"] for each in found} == {f"{number}.yaml"}
    assert any("not the one that it was made of" in each["says"] for each in found)
    assert definition(number).trial.complete


async def _remarks(settings: Settings, number: str) -> list[Json]:
    found: list[Json] = (await told(create_app(settings), f"/api/trials/{number}/lint"))["remarks"]
    return found
