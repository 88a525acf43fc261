"""Servers that want to be asked otherwise: the way is found, kept for the next call, and not taken for more."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from cds.core.chart import Kind
from cds.errors import RecordsError
from cds.fhir.answer import Answer, AnswerState
from cds.fhir.asking.client import FhirRecords
from cds.fhir.asking.servers import KEPT_S, RETRY_S, Servers
from cds.fhir.asking.ways import OBSERVATION_CATEGORIES, WAYS
from cds.fhir.searches import PATIENT, Search

pytestmark = pytest.mark.anyio

BASE = "https://ehr.example/fhir/r4"
WHO = "pat-SECRET"
CODES = tuple(f"http://loinc.org|{number}-0" for number in range(20))
SCORES = Search("scores", "Observation", Kind.MEASUREMENT, (("code", ",".join(CODES)),), codes=CODES)
LABS = Search("laboratory", "Observation", Kind.MEASUREMENT, (("category", "laboratory"),), codes=CODES)
CONDITIONS = Search("conditions", "Condition", Kind.CONDITION)
ORDERS = Search("medicationRequests", "MedicationRequest", Kind.MEDICATION, includes="MedicationRequest:medication")
STATED = Search("medicationStatements", "MedicationStatement", Kind.MEDICATION)
FLAGS = Search("flags", "Flag", None)
COMPLETE, PARTIAL, FAILED, NOT_OFFERED = (
    AnswerState.COMPLETE,
    AnswerState.PARTIAL,
    AnswerState.FAILED,
    AnswerState.NOT_OFFERED,
)
Json = dict[str, Any]
Params = Mapping[str, str]
Refuse = Callable[[str, Params], httpx.Response | None]


def outcome(status: int, code: str) -> httpx.Response:
    issue = {"severity": "fatal", "code": code, "diagnostics": WHO}
    return httpx.Response(status, json={"resourceType": "OperationOutcome", "issue": [issue]})


def observation(name: str) -> Json:
    return {"resourceType": "Observation", "id": name}


class Server:
    """Holds one Observation a category, and one with two; refuses what it is told to."""

    def __init__(self, refuse: Refuse = lambda *_: None, statement: object = None) -> None:
        self.refuse, self.statement = refuse, statement
        self.asked: list[httpx.Request] = []
        self.statements = 0
        self.wait_s = self.statement_wait_s = 0.0
        self.clock = 0.0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.removeprefix("/fhir/r4/")
        if name == "metadata":
            self.statements += 1
            assert "authorization" not in request.headers
            await asyncio.sleep(self.statement_wait_s)
            return httpx.Response(200, json=self.statement) if self.statement else httpx.Response(404)
        self.asked.append(request)
        await asyncio.sleep(self.wait_s)
        refused = self.refuse(name, request.url.params)
        return refused or httpx.Response(200, json=self._page(name, request.url.params))

    def _page(self, name: str, params: Params) -> Json:
        if name != "Observation":
            found = [{"resourceType": name, "id": params.get("category", "1")}]
        elif "category" in params:
            found = [observation(params["category"]), observation("of-two-categories")]
        else:
            found = [observation(code) for code in params.get("code", "").split(",")]
        return {"resourceType": "Bundle", "total": len(found), "entry": [{"resource": each} for each in found]}

    def records(self) -> FhirRecords:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return FhirRecords(client, allowed=[BASE], servers=Servers(lambda: self.clock))

    @property
    def params(self) -> list[dict[str, str]]:
        return [dict(each.url.params) for each in self.asked]


async def ask(records: FhirRecords, *searches: Search, deadline_s: float = 5) -> dict[str, Answer]:
    found = await records.fetch(searches, server=BASE, token="tok-SECRET", patient_id=WHO, deadline_s=deadline_s)
    assert all("SECRET" not in each.why and "ehr.example" not in each.why for each in found.values())
    return dict(found)


def ids(answer: Answer) -> list[str]:
    return [each["id"] for each in answer.resources if isinstance(each, dict)]


def statement(*types: str, version: str = "4.0.1", **more: Json) -> Json:
    resources = [{"type": name, **more.get(name, {})} for name in types]
    return {
        "resourceType": "CapabilityStatement",
        "fhirVersion": version,
        "rest": [{"mode": "server", "resource": resources}],
    }


# ---------------------------------------------------------------------------------------------- asked in another way
def no_codes(name: str, params: Params) -> httpx.Response | None:
    return outcome(400, "required") if name == "Observation" and "category" not in params else None


def no_category(name: str, params: Params) -> httpx.Response | None:
    return outcome(400, "not-supported") if name == "Observation" and "category" in params else None


def needs(param: str, of: str, status: int = 400) -> Refuse:
    return lambda name, params: outcome(status, "required") if name == of and param not in params else None


async def test_results_by_every_category_where_codes_are_refused() -> None:
    server = Server(no_codes)
    answer = (await ask(server.records(), SCORES))["scores"]
    assert answer.state is COMPLETE
    assert set(ids(answer)) == {*OBSERVATION_CATEGORIES, "of-two-categories"}
    assert len(server.asked) == 1 + len(OBSERVATION_CATEGORIES)


async def test_one_category_that_fails_makes_the_whole_partial() -> None:
    def refuse(name: str, params: Params) -> httpx.Response | None:
        return httpx.Response(400) if params.get("category") == "therapy" else no_codes(name, params)

    answer = (await ask(Server(refuse).records(), SCORES))["scores"]
    assert (answer.state, answer.why) == (PARTIAL, "the FHIR server answered 400")
    assert "survey" in ids(answer)


async def test_one_category_that_is_cut_short_makes_the_whole_partial() -> None:
    def refuse(name: str, params: Params) -> httpx.Response | None:
        short = {"resourceType": "Bundle", "total": 9, "entry": [{"resource": observation("1")}]}
        return httpx.Response(200, json=short) if params.get("category") == "exam" else no_codes(name, params)

    answer = (await ask(Server(refuse).records(), SCORES))["scores"]
    assert (answer.state, answer.why) == (PARTIAL, "the FHIR server counts more entries than it sent")


async def test_results_by_codes_where_categories_are_refused() -> None:
    server = Server(no_category)
    answer = (await ask(server.records(), LABS))["laboratory"]
    assert (answer.state, ids(answer)) == (COMPLETE, list(CODES))


async def test_without_codes_a_refused_category_stays_a_failure() -> None:
    bare = Search("laboratory", "Observation", Kind.MEASUREMENT, LABS.params)
    answer = (await ask(Server(no_category).records(), bare))["laboratory"]
    assert answer == Answer(FAILED, (), "the FHIR server answered 400")


async def test_what_worked_comes_first_the_next_time_and_is_forgotten_after_an_hour() -> None:
    server = Server(no_codes)
    records = server.records()
    await ask(records, SCORES)
    server.asked.clear()
    await ask(records, SCORES)
    assert [each["category"] for each in server.params] == list(OBSERVATION_CATEGORIES)
    assert {key: each.way for key, each in records.ways(BASE).items()} == {"scores": "by every category"}
    server.asked.clear()
    server.clock = KEPT_S + 1
    assert records.ways(BASE) == {}
    await ask(records, SCORES)
    assert "category" not in server.params[0]


async def test_two_searches_that_need_the_same_request_make_it_once() -> None:
    server = Server(no_codes)
    found = await ask(server.records(), LABS, SCORES)
    labs = [each for each in server.params if each.get("category") == "laboratory"]
    assert len(labs) == 1
    assert [each.state for each in found.values()] == [COMPLETE, COMPLETE]
    assert ids(found["laboratory"]) == ["laboratory", "of-two-categories"]
    assert "laboratory" not in ids(found["scores"])


@pytest.mark.parametrize("refusal", [httpx.codes.REQUEST_URI_TOO_LONG, httpx.codes.REQUEST_ENTITY_TOO_LARGE])
async def test_lists_that_are_too_long_are_halved_and_stay_so(refusal: int) -> None:
    def refuse(_: str, params: Params) -> httpx.Response | None:
        return httpx.Response(refusal) if params.get("code", "").count("|") > 6 else None

    server = Server(refuse)
    records = server.records()
    answer = (await ask(records, SCORES))["scores"]
    assert (answer.state, ids(answer)) == (COMPLETE, list(CODES))
    server.asked.clear()
    await ask(records, SCORES)
    assert [each["code"].count("|") for each in server.params] == [5, 5, 5, 5]


async def test_an_unknown_refusal_of_everything_ends_after_a_few_attempts() -> None:
    server = Server(lambda *_: httpx.Response(400))
    found = await ask(server.records(), SCORES, CONDITIONS, ORDERS)
    assert {each.state for each in found.values()} == {FAILED}
    assert len(server.asked) < 40
    server = Server(lambda *_: httpx.Response(414))
    found = await ask(server.records(), SCORES)
    assert len(server.asked) < 160


async def test_diagnoses_by_category_where_one_is_required() -> None:
    server = Server(needs("category", "Condition"))
    answer = (await ask(server.records(), CONDITIONS))["conditions"]
    assert ids(answer) == ["problem-list-item", "encounter-diagnosis", "health-concern"]


async def test_diagnoses_by_category_are_never_all_and_the_next_patient_is_asked_for_all_first() -> None:
    server = Server(needs("category", "Condition"))
    records = server.records()
    answer = (await ask(records, CONDITIONS))["conditions"]
    assert (answer.state, "other categories" in answer.why) == (PARTIAL, True)
    server.refuse = lambda *_: None
    assert (await ask(records, CONDITIONS))["conditions"].state is COMPLETE
    assert "category" not in server.params[-1]


@pytest.mark.parametrize(("param", "status"), [("intent", 400), ("status", 422), ("status", 403)])
async def test_orders_by_intent_or_status_where_one_is_required(param: str, status: int) -> None:
    server = Server(needs(param, "MedicationRequest", status))
    answer = (await ask(server.records(), ORDERS))["medicationRequests"]
    assert answer.state is COMPLETE
    assert "order" in server.params[-1]["intent"].split(",")


async def test_an_r5_server_is_not_asked_by_the_statuses_of_r4() -> None:
    server = Server(needs("status", "MedicationRequest"), statement("Patient", "Observation", version="5.0.0"))
    records = server.records()
    await records.capability(BASE, deadline_s=5)
    assert (await ask(records, ORDERS))["medicationRequests"].state is FAILED


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
async def test_what_another_question_would_not_help_is_not_asked_again(status: int) -> None:
    server = Server(lambda *_: httpx.Response(status))
    await ask(server.records(), SCORES)
    assert len(server.asked) == 1


async def test_a_parameter_that_is_ignored_brings_more_and_is_complete() -> None:
    warning = {"severity": "warning", "code": "not-supported", "diagnostics": "code was ignored"}
    entries = [
        {"resource": observation("unasked")},
        {"resource": {"resourceType": "OperationOutcome", "issue": [warning]}},
    ]
    bundle = {"resourceType": "Bundle", "entry": entries}
    answer = (await ask(Server(lambda *_: httpx.Response(200, json=bundle)).records(), SCORES))["scores"]
    assert answer.state is COMPLETE
    assert len(answer.resources) == 2


def test_every_way_is_named_once() -> None:
    assert len({each.name for each in WAYS}) == len(WAYS)
    assert all(each.when for each in WAYS)


# ---------------------------------------------------------------------------------------------- what servers say
async def test_the_statement_is_read_once_for_calls_at_one_time_and_kept_an_hour() -> None:
    server = Server(statement=statement("Patient", "Observation"))
    server.statement_wait_s = 0.01
    records = server.records()
    await asyncio.gather(*(ask(records, LABS) for _ in range(5)))
    await ask(records, LABS)
    assert server.statements == 1
    server.clock = KEPT_S + 1
    await ask(records, LABS)
    assert server.statements == 2


async def test_a_server_without_a_statement_is_asked_for_it_every_five_minutes_only() -> None:
    server = Server()
    records = server.records()
    for _ in range(3):
        assert (await ask(records, LABS))["laboratory"].state is COMPLETE
    assert server.statements == 1
    with pytest.raises(RecordsError, match="answered 404"):
        await records.capability(BASE, deadline_s=5)
    server.clock = RETRY_S + 1
    await ask(records, LABS)
    assert server.statements == 2


async def test_a_slow_statement_costs_a_quarter_of_the_deadline_at_most() -> None:
    server = Server(statement=statement("Patient", "Observation"))
    server.statement_wait_s = 60
    began = time.perf_counter()
    assert (await ask(server.records(), LABS, deadline_s=0.4))["laboratory"].state is COMPLETE
    assert time.perf_counter() - began < 0.3


@pytest.mark.parametrize("version", ["3.0.2", "1.0.2"])
async def test_a_server_of_an_older_release_is_refused_by_name_from_the_first_call_on(version: str) -> None:
    server = Server(statement=statement("Patient", "Observation", version=version))
    server.statement_wait_s = 0.01
    records = server.records()
    for asked in (2, 2):
        found = await ask(records, PATIENT, LABS)
        assert {each.state for each in found.values()} == {FAILED}
        assert version in found["laboratory"].why
        assert all(each.resources == () for each in found.values())
        assert len(server.asked) == asked
    read = await records.read(["Medication/1"], server=BASE, token=None, deadline_s=5)
    assert (read.state, len(server.asked)) == (FAILED, 2)


async def told(said: Json, *searches: Search, refuse: Refuse = lambda *_: None) -> tuple[dict[str, Answer], Server]:
    server = Server(refuse, statement=said)
    records = server.records()
    await records.capability(BASE, deadline_s=5)
    return await ask(records, *searches), server


UNLISTED = statement("Patient", "Observation", "MedicationRequest")


@pytest.mark.parametrize(
    ("status", "state"), [(400, NOT_OFFERED), (403, NOT_OFFERED), (404, NOT_OFFERED), (401, FAILED), (503, FAILED)]
)
async def test_a_medication_type_that_is_not_listed_and_turned_away_is_not_offered(
    status: int, state: AnswerState
) -> None:
    def refuse(name: str, _: Params) -> httpx.Response | None:
        return httpx.Response(status) if name == "MedicationStatement" else None

    found, _ = await told(UNLISTED, STATED, ORDERS, refuse=refuse)
    assert (found[STATED.key].state, found[ORDERS.key].state) == (state, COMPLETE)


async def test_a_medication_type_that_is_not_listed_is_read_all_the_same_where_it_is_there() -> None:
    found, _ = await told(UNLISTED, STATED, ORDERS)
    assert (found[STATED.key].state, len(found[STATED.key].resources)) == (COMPLETE, 1)


async def test_a_diagnosis_search_that_is_forbidden_fails_whatever_the_statement_lists() -> None:
    found, _ = await told(UNLISTED, CONDITIONS, refuse=lambda *_: httpx.Response(403))
    assert found[CONDITIONS.key].state is FAILED


async def test_a_second_page_that_is_not_there_does_not_mean_that_the_type_is_not_offered() -> None:
    def refuse(_: str, params: Params) -> httpx.Response | None:
        if "page" in params:
            return httpx.Response(404)
        more = {"relation": "next", "url": f"{BASE}/MedicationStatement?page=2"}
        return httpx.Response(200, json={"resourceType": "Bundle", "link": [more], "entry": []})

    answer = (await ask(Server(refuse).records(), STATED))[STATED.key]
    assert answer.state is FAILED


async def test_a_medication_type_that_is_listed_and_forbidden_is_a_failure() -> None:
    listed = statement("Patient", "Observation", "MedicationRequest", "MedicationStatement")
    found, _ = await told(listed, STATED, refuse=lambda *_: httpx.Response(403))
    assert found[STATED.key].state is FAILED


@pytest.mark.parametrize(
    "said",
    [
        statement("Patient", "Observation"),
        statement("Patient", "MedicationRequest"),
        {"resourceType": "Bundle"},
        {"resourceType": "CapabilityStatement", "rest": "none"},
    ],
    ids=["no-medication-at-all", "not-credible", "no-statement", "garbled"],
)
async def test_what_no_credible_statement_leaves_out_is_asked_for(said: Json) -> None:
    found, server = await told(said, STATED)
    assert (found[STATED.key].state, len(server.asked)) == (COMPLETE, 1)


async def test_other_types_are_asked_for_whatever_the_statement_says() -> None:
    found, server = await told(statement("Patient", "Observation", "MedicationRequest"), CONDITIONS, FLAGS)
    assert {each.state for each in found.values()} == {COMPLETE}
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("includes", "asked"),
    [([], True), (["MedicationRequest:medication"], True), (["*"], True), (["MedicationRequest:encounter"], False)],
)
async def test_references_are_followed_where_the_statement_does_not_say_otherwise(
    includes: list[str],
    asked: bool,  # noqa: FBT001 - a table
) -> None:
    said = statement("Patient", "Observation", "MedicationRequest", MedicationRequest={"searchInclude": includes})
    _, server = await told(said, ORDERS)
    assert ("_include" in server.params[0]) is asked
    assert "_count" in server.params[0]


async def test_a_parameter_that_a_type_cannot_be_searched_by_is_tried_last() -> None:
    said = statement("Patient", "Observation", Observation={"searchParam": [{"name": "patient"}, {"name": "code"}]})
    found, server = await told(said, LABS)
    assert ids(found["laboratory"]) == list(CODES)
    assert all("category" not in each for each in server.params)


async def test_a_server_that_may_not_be_asked_says_nothing_of_itself() -> None:
    server = Server()
    with pytest.raises(RecordsError, match="not one that may be asked"):
        await server.records().capability("https://evil.example/fhir", deadline_s=5)
    assert server.statements == 0
