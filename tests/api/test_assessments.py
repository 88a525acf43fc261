"""`POST /api/assessments`: the contract's names and values, and each of its errors."""

import datetime as dt

import pytest

from cds.api.models import AssessmentOut
from cds.api.trial_models import TrialList
from cds.core.plan import Plan
from tests.api.calls import app, diagnostics, post, send
from tests.core.builders import VOCABULARY
from tests.service import world
from tests.service.world import CANCER, CREATININE, PLATELETS, collection

pytestmark = pytest.mark.anyio
PATH = "/api/assessments"
DRUG = world.statement("itraconazole", "2026-06-13")
CHART = collection(world.patient(), CANCER, PLATELETS, CREATININE, DRUG)


async def test_a_chart_is_told_trial_by_trial() -> None:
    response = await post(PATH, {"bundle": CHART, "asOf": "2026-06-15", "trials": ["NCT00000001"]})
    assert response.status_code == 200, response.text
    AssessmentOut.model_validate(response.json())
    told = response.json()
    assert told["chart"] == {
        "read": {"Patient": 1, "Condition": 1, "Observation": 2, "MedicationStatement": 1},
        "lost": [],
        "covered": {
            "Patient": "complete",
            "Observation": "complete",
            "Condition": "complete",
            "MedicationStatement": "complete",
        },
    }
    (trial,) = told["trials"]
    findings = {each["criterion"]: each for each in trial.pop("findings")}
    cohorts = trial.pop("cohorts")
    assert trial == {
        "nctId": "NCT00000001",
        "title": "Drug in Neuroendocrine Carcinoma with platelets <LLN or >ULN",
        "overallStatus": "RECRUITING",
        "verdict": "near",
        "earliestDate": "2026-06-20",
        "definition": {"version": "1", "recordDate": "2026-06-07", "complete": True, "draft": False},
        "counts": {"met": 6, "unmet": 1, "unknown": 1, "judgement": 1},
    }
    own = {each["id"]: each.pop("findings") for each in cohorts}
    assert cohorts == [
        {
            "id": "gi",
            "label": "Digestive system",
            "open": True,
            "verdict": "near",
            "earliestDate": "2026-06-20",
            "counts": {"met": 6, "unmet": 1, "unknown": 1, "judgement": 1},
        },
        {
            "id": "lung",
            "label": "Lung",
            "open": False,
            "verdict": "not-relevant",
            "counts": {"met": 5, "unmet": 2, "unknown": 1, "judgement": 1},
        },
    ]
    assert own["gi"] == [findings["gi-site"]]
    assert [(each["criterion"], each["cohort"], each["truth"]) for each in own["lung"]] == [
        ("lung-site", "lung", "unmet")
    ]
    assert {name: each.get("cohort") for name, each in findings.items() if "cohort" in each} == {"gi-site": "gi"}
    assert findings["cyp3a"] == {
        "criterion": "cyp3a",
        "label": "No CYP3A inhibitor in the last 7 days",
        "kind": "medication",
        "section": "exclusion",
        "asks": "The trial excludes cyp3a inhibitor in the last 7 days.",
        "truth": "unmet",
        "basis": "documented",
        "explanation": findings["cyp3a"]["explanation"],
        "resolvesOn": "2026-06-20",
        "evidence": [
            {
                "reference": "MedicationStatement/m1",
                "label": "Itraconazole",
                "value": "completed",
                "date": "2026-06-13",
            }
        ],
        "source": {"line": 13},
    }
    assert findings["ecog"]["truth"] == "unknown"
    assert findings["ecog"]["cause"] == "no-record"
    assert "basis" not in findings["ecog"]
    assert findings["ecog"]["settledBy"]["search"].startswith("Observation?code=urn:test|ecog")
    assert findings["consent"]["cause"] == "judgement"
    assert findings["platelets"]["expiresOn"] == "2026-07-08"
    assert findings["age"]["source"] == {"line": 4, "text": "* Age >= 18"}
    assert findings["disease"]["source"] == {"line": 5, "lines": [5, 6], "text": "* Carcinoma,\n* neuroendocrine"}


async def test_a_bare_bundle_is_taken_for_today_and_all_trials() -> None:
    response = await post(PATH, CHART)
    assert response.json()["asOf"] == "2026-06-15"
    assert [each["nctId"] for each in response.json()["trials"]] == ["NCT00000001", "NCT00000002"]


async def test_what_the_caller_says_of_coverage_and_criteria_counts() -> None:
    body = {
        "bundle": CHART,
        "covered": {"Condition": "partial", "MedicationStatement": "not-read"},
        "attestations": [{"criterion": "ecog", "trial": "NCT00000001", "truth": "met", "note": "ECOG 1 today"}],
    }
    told = (await post(PATH, body)).json()
    assert told["chart"]["covered"]["Condition"] == "partial"
    assert set(told["chart"]["gaps"]) == {"Condition", "MedicationStatement"}
    findings = {each["criterion"]: each for each in told["trials"][0]["findings"]}
    assert (findings["ecog"]["truth"], findings["ecog"]["basis"]) == ("met", "attested")
    assert "ECOG 1 today" in findings["ecog"]["explanation"]
    assert findings["infarction"]["cause"] == "not-read"


@pytest.mark.parametrize(
    ("person", "reason"),
    [(world.patient(deceasedBoolean=True), "deceased"), (world.patient(deceasedDateTime="2026-01"), "deceased")],
    ids=["flag", "month"],
)
async def test_why_no_cards_would_be_told(person: dict[str, object], reason: str) -> None:
    told = (await post(PATH, collection(person, CANCER))).json()
    assert told["withheld"] == reason
    assert len(told["trials"]) == 2
    alive = (await post(PATH, {"bundle": collection(person), "asOf": "2025-01-01"})).json()
    assert ("withheld" in alive) is ("deceasedBoolean" in person)


async def test_one_bad_entry_is_lost_by_name() -> None:
    words = {key: value for key, value in PLATELETS.items() if key != "valueQuantity"} | {"valueString": "clotted"}
    told = (await post(PATH, collection(world.patient(), CANCER, 7, words))).json()
    assert {each["reference"] for each in told["chart"]["lost"]} == {"entry 3", "Observation/o1"}
    assert told["chart"]["covered"]["Observation"] == "partial"
    AssessmentOut.model_validate(told)


async def test_several_patients_need_a_name() -> None:
    both = collection(world.patient(), world.patient("pat-2"), CANCER)
    assert "patientId" in diagnostics(await post(PATH, both), 422, "required")
    told = await post(PATH, {"bundle": both, "patientId": "Patient/pat-1"})
    assert told.json()["trials"][0]["verdict"] in {"candidate", "possible", "near"}


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        (b"{", 400, "invalid", "the body is not JSON"),
        ({}, 400, "invalid", "bundle: is missing"),
        ({"bundle": []}, 400, "invalid", "bundle: Input should be a valid dictionary"),
        ({"bundle": {"resourceType": "Patient"}}, 400, "invalid", "bundle: is not a FHIR Bundle"),
        ({"resourceType": "Bundle", "entry": {}}, 400, "invalid", "bundle.entry: is not a list"),
        ({"bundle": CHART, "asOf": "tomorrow"}, 400, "invalid", "asOf: must be a date of the form YYYY-MM-DD"),
        ({"bundle": CHART, "asOf": 20260615}, 400, "invalid", "asOf: must be a date of the form YYYY-MM-DD"),
        ({"bundle": CHART, "asOf": "2026-02-30"}, 400, "invalid", "asOf: "),
        ({"bundle": CHART, "covered": {"Condition": "yes"}}, 400, "invalid", "covered: Input should be"),
        ({"bundle": CHART, "covered": {"Cats": "complete"}}, 400, "invalid", "covered: "),
        ({"bundle": CHART, "trials": ["NCT99999999"]}, 404, "not-found", "trials[0]: no such trial is loaded"),
        ({"bundle": CHART, "patientId": "pat-9"}, 400, "invalid", "bundle: its Patient is not the one"),
        ({"bundle": collection(CANCER)}, 422, "required", "bundle: holds no Patient"),
        (
            {"bundle": CHART, "attestations": [{"criterion": "x", "trial": "NCT00000001", "truth": "met"}]},
            400,
            "invalid",
            "attestations[0].criterion: the trial has no such criterion",
        ),
        (
            {"bundle": CHART, "attestations": [{"criterion": "ecog", "trial": "NCT00000001", "truth": "maybe"}]},
            400,
            "invalid",
            "attestations[0].truth: Input should be",
        ),
        (b" " * 1_000_001, 413, "too-costly", "larger than 1000000 bytes"),
    ],
    ids=range(16),
)
async def test_each_error_says_which_element_and_why(body: object, status: int, code: str, words: str) -> None:
    assert words in diagnostics(await post(PATH, body), status, code)


@pytest.mark.parametrize("day", [dt.date.min, dt.date.max, dt.date(2024, 2, 29)])
async def test_any_day_can_be_asked_for(day: dt.date) -> None:
    response = await post(PATH, {"bundle": CHART, "asOf": day.isoformat()})
    assert response.status_code == 200, response.text


async def test_the_trials_are_listed() -> None:
    response = await send("GET", "/api/trials")
    TrialList.model_validate(response.json())
    assert response.json()["trials"][0] == {
        "nctId": "NCT00000001",
        "title": "Drug in Neuroendocrine Carcinoma with platelets <LLN or >ULN",
        "overallStatus": "RECRUITING",
        "url": "https://clinicaltrials.gov/study/NCT00000001",
        "definition": {"version": "1", "recordDate": "2026-06-07", "complete": True, "draft": False},
        "cohorts": [
            {"id": "gi", "label": "Digestive system", "open": True},
            {"id": "lung", "label": "Lung", "open": False},
        ],
        "criteria": {"inclusion": 8, "exclusion": 2, "questions": 1},
    }


async def test_health() -> None:
    assert (await send("GET", "/health/live")).json() == {"status": "alive"}
    ready = (await send("GET", "/health/ready")).json()
    assert {key: ready[key] for key in ("status", "trials", "store")} == {
        "status": "ready",
        "trials": 2,
        "store": "none",
    }
    empty = app(plan=Plan.of((), VOCABULARY))
    assert "no trials" in diagnostics(await send("GET", "/health/ready", the_app=empty), 503, "transient")
