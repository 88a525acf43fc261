"""`POST /api/assessments` with what a person says, with series, at a site, and beside the headings of the registry."""

from dataclasses import replace
from typing import Any

import pytest

from cds.api.build import build
from cds.api.models import AssessmentOut
from cds.api.texts import Headings, Texts
from cds.core.criteria import Asked, Criterion, Measured, Not
from cds.core.plan import Plan
from cds.core.trial import Site
from cds.settings import Settings
from cds.trials.records import Record
from tests.api.calls import ORIGIN, RECORDS, app, diagnostics, post
from tests.core.builders import VOCABULARY, limit
from tests.service import world
from tests.service.world import CANCER, CREATININE, NEC, PLATELETS, collection, result

pytestmark = pytest.mark.anyio
PATH = "/api/assessments"
CHART = collection(world.patient(), CANCER, PLATELETS, CREATININE)
SAID = {"concept": "platelets", "value": "64", "unit": "10*9/L", "date": "2026-06-15"}
ECOG = {"concept": "ecog", "value": 1, "date": "2026-06-15", "note": "seen today"}
Json = dict[str, Any]


async def _findings(**asked: object) -> dict[str, Json]:
    """Ask about the first trial and give its findings by criterion."""
    response = await post(PATH, {"bundle": CHART, "asOf": "2026-06-15", "trials": ["NCT00000001"]} | asked)
    assert response.status_code == 200, response.text
    AssessmentOut.model_validate(response.json())
    (trial,) = response.json()["trials"]
    return {each["criterion"]: each for each in trial["findings"]}


# ------------------------------------------------------------------------------------------- results that a person says
async def test_a_result_that_a_person_says_is_heard_and_told_as_that() -> None:
    before, after = await _findings(), await _findings(results=[SAID, ECOG])
    assert (before["platelets"]["truth"], before["platelets"]["basis"]) == ("met", "documented")
    assert (after["platelets"]["truth"], after["platelets"]["basis"]) == ("unmet", "attested")
    assert after["platelets"]["explanation"] == (
        "Platelets 64 10*9/L on 2026-06-15, as a person said; the trial asks for at least 100 10*9/L."
    )
    assert after["platelets"]["evidence"] == [
        {"reference": "attested/1", "label": "Platelets", "value": "64 10*9/L", "date": "2026-06-15"}
    ]
    assert (before["ecog"]["truth"], after["ecog"]["truth"]) == ("unknown", "met")
    assert after["ecog"]["evidence"] == [
        {"reference": "attested/2", "label": "Ecog", "value": "1", "date": "2026-06-15", "note": "seen today"}
    ]
    others = before.keys() - {"platelets", "ecog"}
    assert {name: after[name] for name in others} == {name: before[name] for name in others}


@pytest.mark.parametrize("value", ["64.50", 64.5])
async def test_a_number_is_exact_however_it_is_sent(value: object) -> None:
    findings = await _findings(results=[SAID | {"value": value}])
    assert findings["platelets"]["evidence"][0]["value"].startswith("64.5")


async def test_a_result_may_bring_its_range_and_its_comparator() -> None:
    said = {"concept": "creatinine", "value": "1.8", "unit": "mg/dL", "date": "2026-06-15", "range": {"high": "1.2"}}
    assert (await _findings(results=[said]))["creatinine"]["truth"] == "met"
    assert (await _findings(results=[said | {"comparator": ">"}]))["creatinine"]["truth"] == "unmet"
    assert (await _findings(results=[said | {"range": None}]))["creatinine"]["cause"] == "no-reference-range"


async def test_it_stands_on_no_reading() -> None:
    unread = {"covered": {"Observation": "not-read"}, "bundle": collection(world.patient(), CANCER)}
    findings = await _findings(**unread, results=[SAID])
    assert (findings["platelets"]["basis"], findings["ecog"]["cause"]) == ("attested", "not-read")


async def test_the_chart_is_told_as_it_was_read() -> None:
    plain = (await post(PATH, {"bundle": CHART})).json()["chart"]
    assert (await post(PATH, {"bundle": CHART, "results": [SAID, ECOG]})).json()["chart"] == plain


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([SAID | {"concept": "nonsense"}], "results[0].concept: no such thing is measured here"),
        ([SAID | {"concept": "itraconazole"}], "results[0].concept: no such thing is measured here"),
        ([ECOG, SAID | {"unit": "mg/dL"}], "results[1].unit: results of this concept cannot be compared in it"),
        ([{name: SAID[name] for name in ("concept", "value", "date")}], "results[0].unit: "),
        ([SAID | {"date": "2026-06-16"}], "results[0].date: lies after the day that is asked about"),
        ([SAID | {"date": "June"}], "results[0].date: must be a date of the form YYYY-MM-DD"),
        ([SAID, SAID | {"value": "70"}], "results[1].concept: there is another result of it of that day"),
        ([SAID | {"value": "many"}], "results[0].value: must be a number"),
        ([SAID | {"value": "1e9"}], "results[0].value: must be a number"),
        ([SAID | {"value": 1e300}], "results[0].value: must be a number"),
        ([SAID | {"value": True}], "results[0].value: must be a number"),
        ([SAID | {"value": None}], "results[0].value: must be a number"),
        ([SAID | {"value": "1" * 16}], "results[0].value: must be a number"),
        ([SAID | {"comparator": "~"}], "results[0].comparator: Input should be"),
        ([SAID | {"range": {"high": "tall"}}], "results[0].range.high: must be a number"),
        ({"platelets": 64}, "results: Input should be"),
    ],
    ids=range(16),
)
async def test_what_cannot_be_heard_is_named(results: object, words: str) -> None:
    body = {"bundle": CHART, "asOf": "2026-06-15", "results": results}
    assert words in diagnostics(await post(PATH, body), 400, "invalid")


async def test_the_day_that_is_asked_about_is_today_unless_said_otherwise() -> None:
    later = SAID | {"date": "2026-06-16"}
    assert "results[0].date" in diagnostics(await post(PATH, {"bundle": CHART, "results": [later]}), 400, "invalid")
    assert (await post(PATH, {"bundle": CHART, "results": [later], "asOf": "2026-06-16"})).status_code == 200


async def test_another_day_lets_it_grow_old() -> None:
    findings = await _findings(results=[SAID], asOf="2026-07-20")
    assert findings["platelets"]["cause"] == "too-old"


# --------------------------------------------------------------------------------------------------- what was measured
async def test_what_a_rule_measures_is_told() -> None:
    findings = await _findings()
    assert findings["platelets"]["measured"] == {
        "concept": "platelets",
        "name": "Platelets",
        "unit": "10*9/L",
        "unitShown": "10*9/L",
        "units": ["10*9/L", "/uL"],
        "low": {"value": 100, "inclusive": True},
    }
    assert findings["creatinine"]["measured"]["high"] == {"value": 1.5, "inclusive": True, "times": "ULN"}
    assert findings["ecog"]["measured"] == {
        "concept": "ecog",
        "name": "Ecog",
        "unit": "{score}",
        "units": ["{score}"],
        "high": {"value": 1, "inclusive": True},
    }
    assert {name for name, each in findings.items() if "measured" in each} == {"platelets", "creatinine", "ecog"}


async def test_with_series_its_results_are_told_over_time() -> None:
    older = result("platelets", 90000, "/uL", 11, on="2026-05-01")
    odd = result("platelets", 90, "furlong", 12, on="2026-05-02")
    chart = collection(world.patient(), CANCER, PLATELETS, CREATININE, older, odd)
    findings = await _findings(bundle=chart, results=[SAID], series=True)
    assert findings["platelets"]["measured"]["points"] == [
        {"reference": "Observation/o11", "date": "2026-05-01", "value": 90, "own": True},
        {"reference": "Observation/o1", "date": "2026-06-10", "value": 210, "own": True},
        {"reference": "attested/1", "date": "2026-06-15", "value": 64},
    ]
    assert findings["platelets"]["measured"]["left"] == 1
    assert findings["creatinine"]["measured"]["points"] == [
        {
            "reference": "Observation/o2",
            "date": "2026-06-10",
            "value": 1,
            "high": 1.8,
            "normal": {"high": 1.2},
            "own": True,
        }
    ]
    assert findings["ecog"]["measured"]["points"] == []


async def test_parts_tell_what_they_measure_and_what_is_forbidden_says_so() -> None:
    both = Not(Measured(("platelets",), high=limit("50 10*9/L")))
    trial = replace(NEC, criteria=(*NEC.criteria, Criterion("bleeding", "No low platelets", both)))
    the_app = app(plan=Plan.of((trial,), VOCABULARY))
    (told,) = (await post(PATH, {"bundle": CHART, "series": True}, the_app)).json()["trials"]
    (found,) = [each for each in told["findings"] if each["criterion"] == "bleeding"]
    assert found["measured"]["forbidden"] is True
    assert found["truth"] == "met"
    AssessmentOut.model_validate((await post(PATH, {"bundle": CHART, "series": True}, the_app)).json())


# ------------------------------------------------------------------------------------------------------- at the site
@pytest.mark.parametrize(
    ("facilities", "status", "here"),
    [
        ((), "", None),
        (("General Hospital",), "", True),
        (("Other Hospital",), "", False),
        (("General Hospital",), "COMPLETED", False),
    ],
)
async def test_whether_a_trial_is_open_here(facilities: tuple[str, ...], status: str, here: bool | None) -> None:  # noqa: FBT001 - a row of the table
    trial = replace(NEC, facilities=(Site("General Hospital", "Springfield", "United States", status),))
    service = world.service(plan=Plan.of((trial,), VOCABULARY), facilities=facilities)
    the_app = build(service, Settings(authentication="off", allow_origins=(ORIGIN,)), RECORDS, door=world.DOOR)
    (told,) = (await post(PATH, {"bundle": CHART}, the_app)).json()["trials"]
    assert told.get("here") is here
    assert ("here" in told) is (here is not None)


# ----------------------------------------------------------------------------------------------------------- headings
TEXT = """Inclusion Criteria:

* Adequate organ function:
  * Platelets \\>= 100
  * ANC \\>= 1.5
* Consent

Exclusion Criteria:

Cohort A only:

* Prior surgery"""
RECORD = Record("NCT00000001", "", "RECRUITING", "", TEXT)


def _at(*lines: int, span: tuple[int, int] | None = None) -> Criterion:
    return Criterion("one", "", Asked("?"), lines=lines, span=span)


@pytest.mark.parametrize(
    ("criterion", "headings"),
    [
        (_at(4), ("Inclusion Criteria", "Adequate organ function")),
        (_at(5, 6), ("Inclusion Criteria", "Adequate organ function")),
        (_at(6), ("Inclusion Criteria",)),
        (_at(12), ("Exclusion Criteria", "Cohort A only")),
        (_at(1), ()),
        (_at(99), ()),
        (_at(3, span=(TEXT.index("ANC"), TEXT.index("* Consent"))), ("Inclusion Criteria", "Adequate organ function")),
    ],
)
def test_the_headings_above_a_line(criterion: Criterion, headings: tuple[str, ...]) -> None:
    assert Headings(TEXT).above(criterion) == headings


def test_headings_are_those_of_the_text_that_is_held_now() -> None:
    texts = Texts()
    assert texts.headings(NEC, _at(4), None) == []
    assert texts.headings(NEC, _at(4), RECORD) == ["Inclusion Criteria", "Adequate organ function"]
    other = replace(RECORD, text="Inclusion Criteria:\n\n* Consent\n* Platelets")
    assert texts.headings(NEC, _at(4), other) == ["Inclusion Criteria"]
    assert texts.headings(NEC, _at(), other) == []


async def test_findings_tell_the_headings_above_them() -> None:
    findings = await _findings()
    assert findings["age"]["heading"] == ["Inclusion Criteria"]
    assert "heading" not in findings["gi-site"]


async def test_of_a_trial_that_is_not_relevant_no_headings_are_looked_for() -> None:
    findings = await _findings(bundle=collection(world.patient(), world.condition("cancer-of-prostate")))
    assert not any("heading" in each for each in findings.values())
