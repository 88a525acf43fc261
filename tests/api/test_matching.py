"""`POST /getClinicalTrial`: what the public matching app sends, what it reads of the answer, and each error."""

import gzip
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from cds.api.build import build
from cds.api.matching.models import ANSWER, ASKED, MatchesOut
from cds.core.codes import Code
from cds.core.plan import Plan
from cds.core.trial import Trial
from cds.errors import StoreDown
from cds.fhir.strict import check_file
from cds.fhir.wire import decode
from cds.settings import Settings
from cds.trials.study import Arm, Study
from tests.api.calls import RECORDS, diagnostics, post, send
from tests.api.matching_app import HIGH, POSSIBLE, read, shown
from tests.core.builders import VOCABULARY
from tests.service import world
from tests.service.world import CANCER, CREATININE, ECOG, LUNG, NEC, PLATELETS, collection
from tests.shipped import plan
from tests.trials.studies import CALLED, drug, place, study

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
PATH = "/getClinicalTrial"
MATCH = "https://cds.example.org/fhir/StructureDefinition/trial-match"
GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
INTERVENTIONAL = (replace(NEC, phases=("PHASE1", "PHASE2")), replace(LUNG, phases=("PHASE3",)))
PATIENT = world.patient()
CHART = (PATIENT, CANCER, PLATELETS, CREATININE, ECOG)


def app(
    *trials: Trial, studies: dict[str, Study] | None = None, show_drafts: bool = False, **chosen: object
) -> FastAPI:
    given: Json = {"authentication": "off", "public_url": "https://cds.example.org", "allow_origins": (ORIGIN,)}
    settings = Settings(**(given | {"max_body_bytes": 1_000_000} | chosen))
    service = world.service(plan=Plan.of(trials or INTERVENTIONAL, VOCABULARY), show_drafts=show_drafts)
    return build(service, settings, RECORDS, door=world.DOOR, studies=studies)


ORIGIN = "https://ehr.example.org"


def asked(*parameters: Json, chart: tuple[Json, ...] = CHART) -> Json:
    """Give a Bundle as the app makes it: the parameters first, then the patient and what was chosen."""
    return collection({"resourceType": "Parameters", "id": "0", "parameter": list(parameters)}, *chart)


def string(name: str, value: str) -> Json:
    return {"name": name, "valueString": value}


DISTANCE = (string("zipCode", "67446"), string("travelRadius", "1500"))


async def answer(body: object, the_app: FastAPI | None = None) -> Json:
    response = await post(PATH, body, the_app or app())
    assert response.status_code == 200, response.text
    told: Json = response.json()
    MatchesOut.model_validate(told)
    assert check_file([decode(response.content)]) == []
    return told


def matches(told: Json) -> dict[str, Json]:
    return {each["resource"]["id"]: each for each in told["entry"] if each["search"]["mode"] == "match"}


def remarks(told: Json) -> dict[str, str]:
    """Give what is said beside the matches, by its words."""
    (outcome,) = [each["resource"] for each in told["entry"] if each["search"]["mode"] == "outcome"]
    return {each["diagnostics"]: f"{each['severity']} {each['code']}" for each in outcome["issue"]}


def plain(extension: Json) -> Any:  # noqa: ANN401 - an extension's value is of any type
    """Turn a nested extension into what it says: names to values, repeated ones to lists."""
    if "extension" not in extension:
        (value,) = [each for name, each in extension.items() if name.startswith("value")]
        return value
    said: dict[str, list[Any]] = {}
    for each in extension["extension"]:
        said.setdefault(each["url"], []).append(plain(each))
    return {name: values[0] if len(values) == 1 else values for name, values in said.items()}


def found(entry: Json) -> Any:  # noqa: ANN401 - as above
    by_url = {each["url"]: each for each in entry["search"]["extension"]}
    assert set(by_url) == {GRADE, MATCH}
    return plain(by_url[MATCH])


async def test_a_candidate_is_what_the_app_calls_a_high_likelihood_match() -> None:
    told = await answer(asked(*DISTANCE))
    assert (told["type"], told["total"]) == ("searchset", 1)
    (one,) = shown(told)
    assert (one.trial, one.title, one.likelihood) == ("NCT00000001", NEC.title, HIGH)
    assert (one.kind, one.phase, one.status) == ("Interventional", "Phase 1/Phase 2", "active")
    assert one.conditions == ["Neuroendocrine carcinoma"]
    assert one.keywords == ["Definition not clinically reviewed"]
    assert one.eligibility.startswith("Inclusion Criteria:\n\n* Consent\n* Age >= 18")
    entry = matches(told)["NCT00000001"]
    assert entry["fullUrl"] == "https://clinicaltrials.gov/study/NCT00000001"
    assert entry["search"]["extension"][0] == {"url": GRADE, "valueCode": "probable"}
    assert entry["resource"]["identifier"][0]["system"] == "http://clinicaltrials.gov"


async def test_the_extension_holds_the_findings_of_the_api() -> None:
    drug_given = world.statement("itraconazole", "2026-06-13")
    said = found(matches(await answer(asked(chart=(*CHART, drug_given))))["NCT00000001"])
    findings = {each["criterion"]: each for each in said.pop("finding")}
    assert said == {
        "verdict": "near",
        "earliestDate": "2026-06-20",
        "counts": {"met": 6, "unmet": 1, "unknown": 1, "judgement": 1},
        "version": "1",
        "recordDate": "2026-06-07",
        "complete": True,
        "draft": False,
        "cohort": "gi",
    }
    unmet = findings["cyp3a"]
    assert unmet.pop("explanation")
    assert unmet == {
        "criterion": "cyp3a",
        "label": "No CYP3A inhibitor in the last 7 days",
        "kind": "medication",
        "section": "exclusion",
        "asks": "The trial excludes cyp3a inhibitor in the last 7 days.",
        "truth": "unmet",
        "basis": "documented",
        "clearsOn": "2026-06-20",
        "evidence": {
            "entry": {"reference": "MedicationStatement/m1", "display": "Itraconazole"},
            "value": "completed",
            "date": "2026-06-13",
        },
        "source": {"line": 13},
    }
    assert findings["gi-site"]["cohort"] == "gi"
    assert findings["consent"]["cause"] == "judgement"
    assert findings["consent"]["settledBy"] == {"question": "Has the patient given consent?"}


async def test_what_was_not_chosen_in_the_form_is_unknown_and_not_absent() -> None:
    """The API takes the same Bundle's diagnoses for all there are, unless it is told otherwise."""
    body = asked()
    findings = {each["criterion"]: each for each in found(matches(await answer(body))["NCT00000001"])["finding"]}
    assert (findings["infarction"]["truth"], findings["infarction"]["cause"]) == ("unknown", "not-read")
    by_api = (await post("/api/assessments", {"bundle": body, "trials": ["NCT00000001"]}, app())).json()["trials"][0]
    assert {each["criterion"]: each["truth"] for each in by_api["findings"]}["infarction"] == "met"


async def test_the_caller_may_say_that_a_type_is_all_there() -> None:
    told = await answer(
        asked({"name": "complete", "valueCode": "Condition"}, string("complete", "MedicationStatement"))
    )
    findings = {each["criterion"]: each for each in found(matches(told)["NCT00000001"])["finding"]}
    assert (findings["infarction"]["basis"], findings["cyp3a"]["basis"]) == ("no-record", "no-record")


async def test_a_trial_about_another_cancer_is_not_told() -> None:
    told = await answer(asked(chart=(PATIENT, CANCER)))
    assert set(matches(told)) == {"NCT00000001"}
    assert (
        remarks(told)[
            "2 trials were looked at for 2026-06-15: 1 candidate, 0 near, 0 possible, 0 does not fit, 1 not relevant"
        ]
        == "information informational"
    )


async def test_what_does_not_fit_is_not_told() -> None:
    told = await answer(asked(chart=(world.patient(birthDate="2015-01-01"), CANCER)))
    assert matches(told) == {}
    assert told["total"] == 0
    assert any("1 does not fit, 1 not relevant" in each for each in remarks(told))


async def test_without_any_diagnosis_every_trial_is_only_possible() -> None:
    told = await answer(asked(chart=(PATIENT,)))
    assert {each.likelihood for each in shown(told)} == {POSSIBLE}
    assert {each["search"]["extension"][0]["valueCode"] for each in matches(told).values()} == {"possible"}
    assert len(matches(told)) == 2


async def test_the_distance_cannot_be_heeded_and_the_answer_says_so() -> None:
    said = remarks(await answer(asked(*DISTANCE)))
    (words,) = [each for each in said if each.startswith("zipCode, travelRadius: this service knows no postal codes")]
    assert said[words] == "warning not-supported"
    assert not any("postal" in each for each in remarks(await answer(asked())))


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (string("phase", "phase-1-phase-2"), {"NCT00000001"}),
        (string("phase", "phase-2"), {"NCT00000001"}),
        (string("phase", "PHASE3"), {"NCT00000002"}),
        (string("phase", "early-phase-1"), set()),
        (string("recruitmentStatus", "active"), {"NCT00000001", "NCT00000002"}),
        (string("recruitmentStatus", "Recruiting"), {"NCT00000001", "NCT00000002"}),
        (string("recruitmentStatus", "approved"), set()),
        ({"name": "trialId", "valueId": "nct00000002"}, {"NCT00000002"}),
    ],
    ids=range(8),
)
async def test_what_is_asked_about_narrows_the_trials(parameter: Json, expected: set[str]) -> None:
    told = await answer(asked(parameter, chart=(PATIENT,)))
    assert set(matches(told)) == expected


async def test_a_trial_whose_phase_nobody_tells_may_be_of_any() -> None:
    asked_for = asked(string("phase", "phase-4"), chart=(PATIENT,))
    assert set(matches(await answer(asked_for, app(NEC, LUNG)))) == {"NCT00000001", "NCT00000002"}
    by_record = app(NEC, LUNG, studies={"NCT00000001": study("NCT00000001", phases=("PHASE2",))})
    assert set(matches(await answer(asked_for, by_record))) == {"NCT00000002"}


@pytest.mark.parametrize(
    ("parameter", "words", "weight"),
    [
        (string("moon", "CANARY"), "no parameter of this name is known here", "warning not-supported"),
        (string("phase", "CANARY"), "is no phase that is known here", "warning not-supported"),
        ({"name": "phase", "valueBoolean": True}, "is no phase that is known here", "warning not-supported"),
        (string("recruitmentStatus", "all"), "is no status that is known here", "warning not-supported"),
        (string("trialId", "CANARY"), "trialId: 1 of the trials named cannot be told here", "warning not-found"),
    ],
    ids=str,
)
async def test_what_is_not_understood_is_said_and_not_repeated(parameter: Json, words: str, weight: str) -> None:
    response = await post(PATH, asked(parameter), app())
    said = remarks(response.json())
    assert [said[each] for each in said if words in each] == [weight]
    assert "CANARY" not in response.text


async def test_the_bundle_may_stand_in_an_object_and_have_no_parameters() -> None:
    bare = await answer(collection(*CHART))
    assert bare == await answer({"patientData": collection(*CHART)})
    assert set(matches(bare)) == {"NCT00000001"}


@pytest.mark.parametrize(
    ("person", "words"),
    [
        (world.patient(deceasedBoolean=True), "no trial is told: the patient has died"),
        (
            world.patient(meta={"security": [{"system": "urn:site", "code": "no-research"}]}),
            "no trial is told: the patient does not want to hear of research",
        ),
    ],
    ids=["deceased", "opted out"],
)
async def test_patients_of_whom_nothing_is_told(person: Json, words: str) -> None:
    service = world.service(
        plan=Plan.of(INTERVENTIONAL, VOCABULARY), opt_out=frozenset({Code("urn:site", "no-research")})
    )
    the_app = build(service, Settings(authentication="off"), RECORDS, door=world.DOOR)
    told = await answer(asked(*DISTANCE, chart=(person, CANCER)), the_app)
    assert (told["total"], matches(told)) == (0, {})
    assert remarks(told)[words] == "information suppressed"
    assert shown(told) == []


async def test_drafts_are_told_where_the_site_says_so_and_never_as_likely() -> None:
    draft = replace(NEC, draft=True, phases=("PHASE2",))
    assert matches(await answer(asked(), app(draft))) == {}
    told = await answer(asked(), app(draft, show_drafts=True))
    (one,) = shown(told)
    assert (one.likelihood, one.keywords) == (POSSIBLE, ["Draft made by machine, not reviewed"])
    (entry,) = matches(told).values()
    assert (found(entry)["verdict"], found(entry)["draft"]) == ("candidate", True)
    assert entry["search"]["extension"][0]["valueCode"] == "possible"


async def test_trials_that_take_nobody_are_not_told() -> None:
    assert matches(await answer(asked(), app(replace(NEC, status="COMPLETED")))) == {}
    soon = matches(await answer(asked(), app(replace(NEC, status="NOT_YET_RECRUITING"))))
    assert soon["NCT00000001"]["resource"]["status"] == "approved"


async def test_the_best_are_told_first_and_the_others_counted() -> None:
    twins = [replace(NEC, nct_id=f"NCT9000{number:04d}") for number in range(4)]
    worse = replace(NEC, nct_id="NCT00000009", complete=False)
    told = await answer(asked(), app(worse, *twins, max_matches=3))
    assert list(matches(told)) == [each.nct_id for each in twins[:3]]
    assert told["total"] == 5
    assert remarks(told)["only the first 3 matches are told; 2 more are left out"] == "warning incomplete"


async def test_entries_that_cannot_be_read_are_named() -> None:
    clotted = {**PLATELETS, "valueQuantity": None, "valueString": "clotted"}
    told = await answer(asked(chart=(PATIENT, CANCER, clotted)))
    (words,) = [each for each in remarks(told) if each.startswith("Observation/o1: not read: ")]
    assert remarks(told)[words] == "warning incomplete"


async def test_entries_without_an_id_are_pointed_at_in_words() -> None:
    """The app's own conditions have neither id nor address."""
    nameless = {name: value for name, value in CANCER.items() if name != "id"}
    findings = found(matches(await answer(asked(chart=(PATIENT, nameless))))["NCT00000001"])["finding"]
    (disease,) = [each for each in findings if each["criterion"] == "disease"]
    assert disease["evidence"]["entry"] == {"display": "nec-of-pancreas, Condition (entry 3)"}


async def test_the_registrys_record_fills_the_study() -> None:
    contact = CALLED("Study Office", phone="555-0100", email="office@example.org")
    hospital = place(
        "North Hospital", state="North", postcode="012-34", position=(1.5, -2.25), contacts=(CALLED("Ben", phone="1"),)
    )
    closed = place("South Hospital", status="WITHDRAWN")
    record = study(
        "NCT00000001",
        conditions=("Neuroendocrine Carcinoma", " "),
        keywords=("NEC",),
        contacts=(contact, CALLED("")),
        facilities=(hospital, closed, place("", city="", country="", status="")),
        interventions=(replace(drug("Nilumab", "NIL-1"), arms=("A", "B"), description="by vein"), drug("Rest")),
        arms=(Arm("A", "EXPERIMENTAL", "nilumab"), Arm("B", "", "")),
        summary=" It tests nilumab.\n",
        start="2026-01",
        end="2028",
    )
    (one,) = shown(await answer(asked(), app(*INTERVENTIONAL, studies={"NCT00000001": record})))
    assert one.description == "It tests nilumab."
    assert one.conditions == ["Neuroendocrine Carcinoma"]
    assert one.keywords == ["Definition not clinically reviewed", "NEC"]
    assert one.sponsor == "Example Institute"
    assert one.contacts == [{"name": "Study Office", "phone": "555-0100", "email": "office@example.org"}]
    assert one.arms == {"A": ["Nilumab"], "B": ["Nilumab"]}
    assert one.period == ("2026-01", "2028")
    assert one.places == [
        {
            "resourceType": "Location",
            "id": "location-0",
            "name": "North Hospital",
            "telecom": [{"system": "phone", "value": "1", "use": "work"}],
            "address": {
                "use": "work",
                "city": "Springfield",
                "state": "North",
                "postalCode": "012-34",
                "country": "Ruritania",
            },
            "position": {"latitude": 1.5, "longitude": -2.25},
        },
        {"resourceType": "Location", "id": "location-1"},
    ]


async def test_a_record_that_makes_no_valid_fhir_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    odd = study("NCT00000001", start="2026-13", summary="It tests nilumab.")
    (one,) = shown(await answer(asked(), app(*INTERVENTIONAL, studies={"NCT00000001": odd})))
    assert (one.title, one.description, one.phase) == (NEC.title, "", "Phase 1/Phase 2")
    assert [each.__dict__["fields"] for each in caplog.records if each.msg == "study"] == [
        {"trial": "NCT00000001", "faults": 1, "told": "by-its-definition-alone"}
    ]


class Resting(dict[str, Study]):
    """A store of records that does not answer until it is woken."""

    awake = False

    def get(self, nct_id: str, default: Any = None) -> Any:  # noqa: ANN401 - as a mapping's
        if not self.awake:
            raise StoreDown("the store does not answer")
        return super().get(nct_id, default)


async def test_while_the_store_does_not_answer_the_definition_is_told() -> None:
    studies = Resting(NCT00000001=study("NCT00000001", summary="It tests nilumab."))
    the_app = app(*INTERVENTIONAL, studies=studies)
    (one,) = shown(await answer(asked(), the_app))
    assert (one.title, one.description) == (NEC.title, "")
    studies.awake = True
    (one,) = shown(await answer(asked(), the_app))
    assert one.description == "It tests nilumab."


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        (b"{", 400, "invalid", "the body is not JSON"),
        ([], 400, "invalid", "the body must be a FHIR Bundle"),
        ({}, 400, "invalid", "the body must be a FHIR Bundle"),
        ({"patientData": "{}"}, 400, "invalid", "the body must be a FHIR Bundle"),
        (PATIENT, 400, "invalid", "the body must be a FHIR Bundle"),
        ({"resourceType": "Bundle", "type": "collection", "entry": {}}, 400, "invalid", "bundle.entry: is not a list"),
        ({"resourceType": "Bundle", "type": "collection"}, 422, "required", "bundle: holds no Patient"),
        (asked(chart=(CANCER,)), 422, "required", "bundle: holds no Patient"),
        (asked(chart=(PATIENT, world.patient("pat-2"))), 422, "required", "bundle: holds several Patients"),
        (
            collection({"resourceType": "Parameters", "parameter": {}}, *CHART),
            400,
            "invalid",
            "entry[0].resource.parameter: is not a list",
        ),
        (asked({"valueString": "x"}), 400, "invalid", "entry[0].resource.parameter[0]: is not a parameter with a name"),
        (asked(string("complete", "Moon")), 400, "invalid", "parameter[0]: must be a resource type that is read here"),
        (asked(string("patientId", "a b")), 400, "invalid", "parameter[0]: must be an id"),
        (
            asked(string("patientId", "pat-1"), string("patientId", "pat-2")),
            400,
            "invalid",
            "patientId: names more than one patient",
        ),
        (asked(string("patientId", "pat-9")), 400, "invalid", "bundle: its Patient is not the one"),
        (b" " * 1_000_001, 413, "too-costly", "larger than 1000000 bytes"),
    ],
    ids=range(16),
)
async def test_each_error_says_which_element_and_why(body: object, status: int, code: str, words: str) -> None:
    assert words in diagnostics(await post(PATH, body, app()), status, code)


async def test_of_several_patients_one_may_be_named() -> None:
    both = asked(string("patientId", "pat-1"), chart=(PATIENT, world.patient("pat-2"), CANCER))
    assert set(matches(await answer(both))) == {"NCT00000001"}


async def test_the_published_examples_are_what_is_taken_and_told() -> None:
    MatchesOut.model_validate(ANSWER)
    assert check_file([ANSWER]) == []
    assert (await post(PATH, ASKED, app())).status_code == 200


async def test_it_is_posted_to_and_not_read() -> None:
    diagnostics(await send("GET", PATH, the_app=app()), 405, "not-supported")


# ------------------------------------------------------------------------------------------------ the public patients


def bundle_in(path: Path) -> Json:
    raw = path.read_bytes()
    told = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    if isinstance(told, list):
        told = collection(*(each.get("resource", each) for each in told))
    parameters = {"resourceType": "Parameters", "id": "0", "parameter": list(DISTANCE)}
    return {**told, "entry": [{"resource": parameters}, *told["entry"]]}


async def test_the_public_patients_are_answered(shared: Path) -> None:
    service = world.service(plan=plan())
    the_app = build(service, Settings(authentication="off"), {}, door=world.DOOR)
    told: dict[str, int] = {}
    for path in sorted((shared / "data" / "fhir" / "mcode-trial-matching-patients").glob("*.json*")):
        response = await post(PATH, bundle_in(path), the_app)
        if response.status_code == 422:
            told[path.name] = -1
            continue
        assert response.status_code == 200, path.name
        assert check_file([decode(response.content)]) == []
        for each in response.json()["entry"]:
            read(each)
        told[path.name] = response.json()["total"]
    assert told["patient_data_empty-cgv.json"] == -1
    assert sum(each >= 0 for each in told.values()) >= 8
