"""The trials that are loaded: listed and filtered, told in full, and those that are like one."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from cds.api.build import build
from cds.api.texts import Texts, lines_of
from cds.api.trial_models import RelatedTrials, TrialDetail, TrialList
from cds.app import create_app
from cds.catalogue.reading import HeldStudies
from cds.core.plan import Plan
from cds.core.trial import Site
from cds.errors import StoreDown
from cds.settings import Settings
from cds.store.records import new_record
from cds.store.store import Store
from cds.store.studies import Studies
from cds.trials.filters import FILTERS
from cds.trials.records import Record, record_of, text_sha256
from cds.trials.study import Contact, Study
from cds.trials.text.lexicon import Lexicon
from tests.api.calls import RECORDS, diagnostics, send
from tests.core.builders import VOCABULARY
from tests.service import world
from tests.shipped import read_once
from tests.trials.studies import drug, study

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
BARE = replace(world.LUNG, nct_id="NCT00000003", title="Frobnication of the spleen", facilities=(Site("Spleen House"),))
DRAFT = replace(
    world.NEC,
    nct_id="NCT00000004",
    draft=True,
    note="Made by machine.",
    purpose="This study tests a drug.",
    cohorts=(
        replace(world.NEC.cohorts[0], criteria=(replace(world.NEC.criteria[1], id="x", span=(3, 9), note="Read so."),)),
    ),
    facilities=(
        Site("Example Hospital", "Springfield", "Ruritania", "", "Ada"),
        Site("", "Hill", "Ruritania", "COMPLETED"),
    ),
)
PLAN = Plan.of((world.NEC, world.LUNG, BARE, DRAFT), VOCABULARY)
STUDIES = {
    "NCT00000002": study(
        "NCT00000002",
        title="Registry's own title",
        status="COMPLETED",
        conditions=("Small Cell Lung Cancer",),
        interventions=(drug("Nivolumab"), drug("Scan", kind="DIAGNOSTIC_TEST")),
        phases=("PHASE1", "PHASE2"),
    ),
    "NCT00000004": study(
        "NCT00000004",
        title="A draft",
        conditions=("Neuroendocrine Carcinoma",),
        interventions=(drug("Atezolizumab"),),
        text="one\n\nthree\nAge \\>= 18",
        phases=(),
        sponsor="",
        start="",
        updated="",
        official_title="An Official Title",
        summary="It tests a drug.\n\nAnd it looks on.\n",
        contacts=(Contact("Ada", "CONTACT", "1"), Contact("", email="ada@example.org")),
    ),
}
LEXICON = Lexicon.of(VOCABULARY, (("small-cell-carcinoma", "SCLC"), ("small-cell-carcinoma", "small cell lung cancer")))
SETTINGS = Settings(authentication="off", allow_origins=("https://ehr.example.org",))


@pytest.fixture(scope="module")
def ours() -> FastAPI:
    return build(world.service(plan=PLAN), SETTINGS, RECORDS, door=world.DOOR, studies=STUDIES, lexicon=lambda: LEXICON)


async def told(the_app: FastAPI, path: str) -> Json:
    response = await send("GET", path, the_app=the_app)
    assert response.status_code == 200, response.text
    body: Json = response.json()
    return body


async def numbers(the_app: FastAPI, query: str) -> list[int]:
    body = await told(the_app, f"/api/trials?{query}")
    TrialList.model_validate(body)
    return [int(each["nctId"][-1]) for each in body["trials"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [1, 2, 3, 4]),
        ("condition=SCLC", [2]),
        ("condition=neuroendocrine%20carcinoma", [1, 2, 4]),
        ("condition=frobnication&condition=SCLC", [2, 3]),
        ("drug=immune+checkpoint+inhibitor", [2, 4]),
        ("drug=immune+checkpoint+inhibitor&phase=1/2", [2]),
        ("phase=2", [2]),
        ("status=COMPLETED", []),
        ("status=recruiting", [1, 2, 3, 4]),
        ("country=ruritania", [2, 4]),
        ("site=spleen+house", [3]),
        ("text=three", [4]),
    ],
)
async def test_trials_are_filtered(ours: FastAPI, query: str, found: list[int]) -> None:
    assert await numbers(ours, query) == found


async def test_a_trial_has_what_the_registry_says_where_that_is_held(ours: FastAPI) -> None:
    first, second, *_ = (await told(ours, "/api/trials"))["trials"]
    assert "registry" not in first
    assert second["overallStatus"] == "RECRUITING"
    assert second["registry"] == {
        "phases": ["PHASE1", "PHASE2"],
        "conditions": ["Small Cell Lung Cancer"],
        "drugs": ["Nivolumab"],
        "sponsor": "Example Institute",
        "countries": ["Ruritania"],
        "sites": 1,
        "start": "2026-01",
        "updated": "2026-06-01",
    }


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/trials?canary=1", "a parameter is not known here; there are condition, drug,"),
        ("/api/trials?condition=", "condition: must be 1 to 200 characters"),
        ("/api/trials?condition=%2D", "condition: must hold a letter or a figure"),
        ("/api/trials?phase=7", "phase: must be"),
        ("/api/trials?status=open", "status: must be one of"),
        ("/api/trials/NCT00000001?x=1", "a parameter is not known here; this page takes none"),
        ("/api/trials/NCT00000001/related?condition=x", "a parameter is not known here; there are limit"),
        ("/api/trials/NCT00000001/related?limit=0", "limit: must be one whole number from 1 to 50"),
        ("/api/trials/NCT00000001/related?limit=51", "limit: "),
        ("/api/trials/NCT00000001/related?limit=" + "9" * 5000, "limit: "),
        ("/api/trials/NCT00000001/related?limit=%D9%A3", "limit: "),
        ("/api/trials/NCT00000001/related?limit=1&limit=2", "limit: "),
    ],
)
async def test_what_cannot_be_asked_is_told_by_name(ours: FastAPI, path: str, words: str) -> None:
    said = diagnostics(await send("GET", path, the_app=ours), 400, "invalid")
    assert said.startswith(words)
    assert "canary" not in said


@pytest.mark.parametrize("path", ["/api/trials/NCT09999999", "/api/trials/NCT09999999/related", "/api/trials/x"])
async def test_a_trial_that_is_not_loaded_is_not_there(ours: FastAPI, path: str) -> None:
    assert diagnostics(await send("GET", path, the_app=ours), 404, "not-found") == "no such trial is loaded"


async def test_one_trial_in_full(ours: FastAPI) -> None:
    body = await told(ours, "/api/trials/NCT00000001")
    TrialDetail.model_validate(body)
    by_id = {each["criterion"]: each for each in body["eligibility"]}
    assert [each["criterion"] for each in body["eligibility"]][-3:] == ["infarction", "gi-site", "lung-site"]
    assert by_id["disease"] == {
        "criterion": "disease",
        "section": "inclusion",
        "label": "Neuroendocrine carcinoma",
        "kind": "diagnosis",
        "asks": by_id["disease"]["asks"],
        "disease": True,
        "question": False,
        "source": {"line": 5, "lines": [5, 6], "text": "* Carcinoma,\n* neuroendocrine"},
    }
    assert by_id["consent"]["question"] is True
    assert by_id["gi-site"]["cohort"] == "gi"
    assert by_id["infarction"]["section"] == "exclusion"
    assert by_id["infarction"]["source"] == {"line": 14}
    assert body["facilities"] == []


async def test_a_draft_says_how_each_line_was_read_and_where_it_stands(ours: FastAPI) -> None:
    body = await told(ours, "/api/trials/NCT00000004")
    TrialDetail.model_validate(body)
    assert (body["definition"]["draft"], body["note"]) == (True, "Made by machine.")
    last = body["eligibility"][-1]
    assert (last["span"], last["note"], last["cohort"]) == ({"start": 3, "end": 9}, "Read so.", "gi")
    assert last["source"] == {"line": 4, "text": "Age >= 18"}
    assert body["facilities"] == [
        {"name": "Example Hospital", "city": "Springfield", "country": "Ruritania", "open": True, "contact": "Ada"},
        {"city": "Hill", "country": "Ruritania", "status": "COMPLETED", "open": False},
    ]
    assert body["registry"] == {
        "phases": [],
        "conditions": ["Neuroendocrine Carcinoma"],
        "drugs": ["Atezolizumab"],
        "countries": ["Ruritania"],
        "sites": 1,
        "title": "An Official Title",
        "summary": "It tests a drug.\n\nAnd it looks on.",
        "eligibility": [
            {"line": 1, "text": "one", "criteria": [], "heading": True},
            {"line": 2, "text": "", "criteria": []},
            {"line": 3, "text": "three", "criteria": ["consent"]},
            {"line": 4, "text": "Age >= 18", "criteria": ["age", "x"]},
        ],
    }
    assert body["contacts"] == [{"name": "Ada", "role": "CONTACT", "phone": "1"}, {"email": "ada@example.org"}]


async def test_a_line_is_called_a_heading_only_where_the_whole_text_was_read(ours: FastAPI) -> None:
    trial = replace(world.LUNG, complete=False)
    lines = lines_of(trial, Record(trial.nct_id, "", "", "", "* One \\> two"))
    assert lines == [{"line": 1, "text": "* One > two", "criteria": []}]
    assert (await told(ours, "/api/trials/NCT00000001")).keys() & {"registry", "contacts", "purpose"} == set()


async def test_what_a_trial_is_for_and_which_facility_is_ours_is_told() -> None:
    service = world.service(plan=PLAN, facilities=("EXAMPLE HOSPITAL, Springfield",))
    the_app = build(service, SETTINGS, {}, door=world.DOOR, studies=STUDIES, lexicon=lambda: LEXICON)
    body = await told(the_app, "/api/trials/NCT00000004")
    TrialDetail.model_validate(body)
    assert [each.get("own") for each in body["facilities"]] == [True, None]
    assert body["purpose"] == "This study tests a drug."


async def test_an_assessment_has_the_words_and_the_place_of_a_stored_record(ours: FastAPI) -> None:
    entries = [{"resource": world.patient()}]
    asked = {"bundle": {"resourceType": "Bundle", "type": "collection", "entry": entries}, "trials": ["NCT00000004"]}
    answer = await send("POST", "/api/assessments", asked, the_app=ours)
    (trial,) = answer.json()["trials"]
    (found,) = [each for each in trial["findings"] if each.get("span")]
    assert (found["span"], found["source"]) == ({"start": 3, "end": 9}, {"line": 4, "text": "Age >= 18"})


class Down(dict[str, Study]):
    """A store that does not answer."""

    def get(self, *asked: object) -> Study:
        """Answer nothing."""
        raise StoreDown(f"the store does not answer {len(asked)} questions")


def test_words_come_from_files_first_and_are_none_where_the_store_does_not_answer() -> None:
    known = next(iter(RECORDS))
    assert Texts(RECORDS, Down()).of(replace(world.NEC, nct_id=known)) is RECORDS[known]
    assert Texts(RECORDS, Down()).of(replace(world.NEC, nct_id="NCT00000009")) is None


def test_words_are_of_the_version_of_the_text_that_lines_are_counted_in() -> None:
    name, older = next(iter(RECORDS.items()))
    newer = study(name, text=f"A new line\n{older.text}")
    texts, down = Texts({name: older}, {name: newer}), Texts({name: older}, Down())
    of_older = replace(world.NEC, nct_id=name, text_sha256=older.sha256)
    of_newer = replace(of_older, text_sha256=text_sha256(newer.text))
    assert texts.of(of_older) is older
    assert texts.of(of_newer) == record_of(newer)
    assert texts.of(replace(of_older, text_sha256="0" * 64)) is None
    assert (down.of(of_older), down.of(of_newer)) == (older, None)


async def test_related_trials_say_why(ours: FastAPI) -> None:
    body = await told(ours, "/api/trials/NCT00000002/related")
    RelatedTrials.model_validate(body)
    assert [each["nctId"] for each in body["trials"]] == ["NCT00000004", "NCT00000001"]
    first = body["trials"][0]
    assert first["reasons"] == [
        {"kind": "condition", "says": "Same disease: Neuroendocrine carcinoma."},
        {"kind": "intervention", "says": "Drugs of the same class: Immune checkpoint inhibitor."},
    ]
    assert 0 < first["similarity"] < 1
    assert first["url"] == "https://clinicaltrials.gov/study/NCT00000004"
    assert len((await told(ours, "/api/trials/NCT00000002/related?limit=1"))["trials"]) == 1


async def test_without_records_the_definitions_alone_are_searched() -> None:
    plain = build(world.service(plan=PLAN), SETTINGS, {}, door=world.DOOR)
    assert await numbers(plain, "condition=small+cell+carcinoma") == []
    assert await numbers(plain, "condition=frobnication") == [3]
    assert (await told(plain, "/api/trials/NCT00000003/related"))["trials"] == []
    in_full = await told(plain, "/api/trials/NCT00000001")
    assert in_full["eligibility"][0]["source"] == {"line": 3}


def test_the_contract_describes_every_filter(ours: FastAPI) -> None:
    described = ours.openapi()["paths"]["/api/trials"]["get"]["parameters"]
    assert tuple(each["name"] for each in described) == FILTERS


async def test_the_whole_application_tells_what_the_registry_says_of_its_trials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    read_once(monkeypatch)
    url = f"sqlite:///{tmp_path / 'held.sqlite3'}"
    identity = {"nctId": "NCT05058651", "briefTitle": "Its title in the registry"}
    record = {
        "protocolSection": {
            "identificationModule": identity,
            "statusModule": {"overallStatus": "RECRUITING"},
            "conditionsModule": {"conditions": ["Made-up Syndrome"]},
            "contactsLocationsModule": {"locations": [{"facility": "Made-up Hospital", "city": "Hill"}]},
        }
    }
    store = Store.open(url)
    Studies(store).keep([new_record(identity["nctId"], "2026-01-01", record)], world.NOW, seen=True)
    store.close()
    caplog.set_level(logging.INFO)
    whole = create_app(Settings(store_url=url, authentication="off", facilities=("MADE-UP HOSPITAL", "Nowhere")))
    (logged,) = (each for each in caplog.records if each.getMessage() == "facilities")
    assert vars(logged)["fields"] == {"named": 2, "trials": 1}
    (found,) = (await told(whole, "/api/trials?condition=made-up+syndrome"))["trials"]
    assert (found["nctId"], found["registry"]["conditions"]) == ("NCT05058651", ["Made-up Syndrome"])


async def test_a_store_that_does_not_answer_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Studies(Store.open("sqlite://"))

    def down(nct_ids: object) -> object:
        del nct_ids
        raise StoreDown("the store does not answer")

    monkeypatch.setattr(held, "current", down)
    the_app = build(world.service(plan=PLAN), SETTINGS, {}, door=world.DOOR, studies=HeldStudies(held, ["NCT00000001"]))
    assert "does not answer" in diagnostics(await send("GET", "/api/trials", the_app=the_app), 503, "transient")


async def test_records_of_a_folder_are_told_without_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)
    record = {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT00569127", "briefTitle": "Its title in the registry"},
            "statusModule": {"overallStatus": "COMPLETED"},
            "conditionsModule": {"conditions": ["Made-up Syndrome"]},
            "eligibilityModule": {"eligibilityCriteria": "Inclusion Criteria:\n* Age \\>= 18"},
        }
    }
    (tmp_path / "NCT00569127.json").write_text(json.dumps(record))
    whole = create_app(Settings(store_url="sqlite://", authentication="off", records=tmp_path))
    assert await numbers(whole, "condition=made-up+syndrome") == [7]
    body = await told(whole, "/api/trials/NCT00569127")
    TrialDetail.model_validate(body)
    assert body["overallStatus"] == "ACTIVE_NOT_RECRUITING"
    assert body["registry"]["eligibility"] == [
        {"line": 1, "text": "Inclusion Criteria:", "criteria": []},
        {"line": 2, "text": "* Age >= 18", "criteria": []},
    ]
    assert body["purpose"].startswith("This study compares two treatments")
    (remark,) = (await told(whole, "/api/trials/NCT00569127/lint"))["remarks"]
    assert remark["says"] == "the registry's text is held now, and this was written without it"
