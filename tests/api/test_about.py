"""Where the rules come from, as users are told: every attribute, for every definition, and nothing invented."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI

from cds import __version__
from cds.api.about_models import About, AboutTrial
from cds.api.build import build
from cds.core.attributes import Attribute
from cds.core.chart import Sex
from cds.core.criteria import Criterion, SexIs
from cds.core.plan import Plan
from cds.errors import StoreDown
from cds.settings import Settings
from cds.trials.definition import Definition, RecordNote
from cds.trials.editions import edition_of
from cds.trials.remarks import Curated, Remarks
from cds.trials.study import Study
from tests.api.calls import ORIGIN, diagnostics, send
from tests.core.builders import VOCABULARY
from tests.service import world
from tests.trials.studies import study

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
DRAFT = replace(world.LUNG, nct_id="NCT00000003", draft=True, complete=False)
REVIEWED = replace(world.LUNG, nct_id="NCT00000004", reviewer="Dr A. Example", reviewed_on=world.NOW.date())
PLAN = Plan.of((world.NEC, DRAFT, REVIEWED), VOCABULARY)
MADE = Definition("NCT00000001.yaml", world.NEC, RecordNote(world.NOW.date(), "RECRUITING", 14, (), "x"), ())
HELD = {"NCT00000001": replace(study("NCT00000001"), official_title="An Official Title", sponsor="Example Institute")}


def app(plan: Plan = PLAN, studies: Mapping[str, Study] = HELD, **chosen: Any) -> FastAPI:  # noqa: ANN401 - any setting
    settings = Settings(authentication="off", allow_origins=(ORIGIN,), **chosen)
    remarks = Remarks(VOCABULARY, Curated({"NCT00000001": MADE}))
    return build(
        world.service(plan=plan), settings, {}, door=world.DOOR, studies=studies, remarks=remarks, tables="f" * 64
    )


async def told(path: str, the_app: FastAPI | None = None) -> Json:
    response = await send("GET", path, the_app=the_app or app())
    assert response.status_code == 200, response.text
    body: Json = response.json()
    (About if path == "/api/about" else AboutTrial).model_validate(body)
    return body


async def test_the_whole_names_the_rule_the_program_and_every_definition() -> None:
    body = await told("/api/about")
    assert body["rule"] == "45 CFR 170.315(b)(11)(iv)(A)"
    assert body["software"] == {"name": "Trialcards", "version": __version__, "tables": "f" * 64}
    assert body["developer"] == "The Trialcards project"
    assert body["definitions"] | {"sha256": ""} == {"sha256": "", "curated": 2, "drafts": 1, "reviewed": 1}
    first, draft, reviewed = body["trials"]
    assert first == {
        "nctId": "NCT00000001",
        "title": world.NEC.title,
        "url": world.NEC.url,
        "draft": False,
        "reviewed": False,
        "version": "1",
        "sha256": edition_of(world.NEC).sha256,
        "posted": "2026-06-07",
        "uses": ["sex", "date-of-birth", "health-status-assessments"],
    }
    assert (draft["draft"], draft["reviewed"], draft["version"], "posted" in draft) == (True, False, "", False)
    assert reviewed["reviewed"] is True


async def test_funding_is_none_stated_until_the_site_states_it() -> None:
    unstated = (await told("/api/about"))["funding"]
    assert unstated == {"stated": False, "says": "No source of funding has been stated by whoever runs this."}
    stated = app(funding="A grant of the Example Foundation.", developer="Trialcards, changed by Example Hospital")
    assert (await told("/api/about", stated))["funding"] == {
        "stated": True,
        "says": "A grant of the Example Foundation.",
    }
    one = await told("/api/about/NCT00000001", stated)
    assert one["funding"]["says"] == "A grant of the Example Foundation."
    assert one["translation"]["developer"] == "Trialcards, changed by Example Hospital"
    assert (await told("/api/about/NCT00000001"))["funding"] == unstated


async def test_one_trial_tells_its_citation_days_and_who_looked() -> None:
    one = await told("/api/about/NCT00000001")
    assert one["citation"].startswith("An Official Title. ClinicalTrials.gov, NCT00000001, record posted 2026-06-07.")
    assert one["reference"] == {"madeFrom": "2026-06-15", "posted": "2026-06-07", "sponsor": "Example Institute"}
    assert one["translation"] == {
        "developer": "The Trialcards project",
        "says": "Written as rules by the developer.",
        "review": "Not clinically reviewed: no person has been named who looked at it.",
        "version": "1",
        "sha256": edition_of(world.NEC).sha256,
    }
    reviewed = (await told("/api/about/NCT00000004"))["translation"]
    assert (reviewed["reviewer"], reviewed["reviewedOn"]) == ("Dr A. Example", "2026-06-15")
    draft = await told("/api/about/NCT00000003")
    assert (draft["draft"], draft["reference"]) == (True, {})
    assert draft["translation"]["says"].startswith("A draft: made by machine")


async def test_every_attribute_is_told_with_its_paragraph_used_or_not() -> None:
    one = await told("/api/about/NCT00000001")
    told_of = {each["attribute"]: each for each in one["attributes"]}
    assert list(told_of) == [each.value for each in Attribute]
    assert [each["paragraph"] for each in one["attributes"]] == [
        f"45 CFR 170.315(b)(11)(iv)(A)({number})" for number in range(5, 14)
    ]
    assert told_of["race"] | {"paragraph": ""} == {"attribute": "race", "paragraph": "", "used": False, "uses": []}
    assert told_of["sex"]["uses"] == [{"way": "range", "criteria": ["creatinine"]}]
    assert told_of["date-of-birth"]["uses"] == [
        {"way": "asked", "criteria": ["age"]},
        {"way": "range", "criteria": ["creatinine"]},
    ]
    assert told_of["health-status-assessments"]["uses"] == [{"way": "asked", "criteria": ["ecog"]}]


async def test_a_criterion_on_sex_changes_what_is_told() -> None:
    plain = (await told("/api/about"))["trials"][1]
    assert plain["uses"] == ["date-of-birth"]
    sexed = replace(DRAFT, criteria=(*DRAFT.criteria, Criterion("women", "Women", SexIs(Sex.FEMALE))))
    the_app = app(Plan.of((world.NEC, sexed), VOCABULARY))
    assert (await told("/api/about", the_app))["trials"][1]["uses"] == ["sex", "date-of-birth"]
    one = await told("/api/about/NCT00000003", the_app)
    assert next(each for each in one["attributes"] if each["attribute"] == "sex")["uses"] == [
        {"way": "asked", "criteria": ["women"]}
    ]


async def test_the_data_are_told_by_kind_and_by_name() -> None:
    data = {each["kind"]: each["concepts"] for each in (await told("/api/about/NCT00000001"))["data"]}
    assert data["person"] == []
    assert {"id": "platelets", "display": "Platelets"} in data["measurement"]
    assert "procedure" not in data


async def test_a_store_that_is_down_takes_only_the_record_s_words_away() -> None:
    class Down(dict[str, Study]):
        def get(self, *_: object) -> Study:
            raise StoreDown("the store does not answer")

    one = await told("/api/about/NCT00000001", app(studies=Down()))
    assert "sponsor" not in one["reference"]
    assert one["citation"].startswith("Drug in Neuroendocrine Carcinoma")


async def test_what_is_wrong_is_said() -> None:
    assert "no such trial" in diagnostics(await send("GET", "/api/about/NCT99999999", the_app=app()), 404, "not-found")
    assert "none" in diagnostics(await send("GET", "/api/about?trial=NCT00000001", the_app=app()), 400, "invalid")
    assert "none" in diagnostics(await send("GET", "/api/about/NCT00000001?x=1", the_app=app()), 400, "invalid")
    diagnostics(await send("POST", "/api/about", b"{}", the_app=app()), 405, "not-supported")


async def test_the_list_stays_small_with_hundreds_of_trials() -> None:
    many = tuple(replace(world.NEC, nct_id=f"NCT9000{number:04d}") for number in range(900))
    response = await send("GET", "/api/about", the_app=app(Plan.of(many, VOCABULARY)))
    assert len(response.json()["trials"]) == 900
    assert len(response.content) < 400_000
