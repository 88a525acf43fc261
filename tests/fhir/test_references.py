"""Medications read by reference: from this very server only, many at once or one by one, and no more than they are."""

from typing import Any

import httpx
import pytest

from cds.fhir.answer import Answer, AnswerState
from cds.fhir.asking.client import FhirRecords
from cds.fhir.asking.drugs import MOST_READ
from cds.fhir.asking.references import medication_ids, unsent_medications

BASE = "https://ehr.example/fhir/r4"
ASKED_AS = "https://ehr.example:443/fhir/r4"
Json = dict[str, Any]


def drug(name: str, **more: object) -> Json:
    return {"resourceType": "Medication", "id": name, **more}


def order(reference: object, **more: object) -> Json:
    return {"resourceType": "MedicationRequest", "id": "o", "medicationReference": {"reference": reference}, **more}


def stated(medication: object) -> Json:
    return {"resourceType": "MedicationStatement", "medication": medication}


@pytest.mark.parametrize(
    ("reference", "ids"),
    [
        ("Medication/a-1.2_3", ["a-1.2_3"]),
        (" Medication/a/_history/3", ["a"]),
        (f"{BASE}/Medication/a", ["a"]),
        ("HTTPS://EHR.example/fhir/r4/Medication/a", ["a"]),
        ("https://evil.example/fhir/r4/Medication/a", []),
        ("http://ehr.example/fhir/r4/Medication/a", []),
        ("https://ehr.example:8443/fhir/r4/Medication/a", []),
        ("https://u@ehr.example/fhir/r4/Medication/a", []),
        ("https://ehr.example/fhir/r5/Medication/a", []),
        (f"{BASE}/Medication/a?x=1", []),
        (f"{BASE}/../r5/Medication/a", []),
        ("//evil.example/Medication/a", []),
        ("https://[::1/Medication/a", []),
        ("Medication/..", []),
        ("Medication/a,b", []),
        ("Medication/a%2Fb", []),
        ("Patient/a", []),
        ("urn:uuid:0", []),
        ("Medication?identifier=1", []),
        ("", []),
    ],
)
def test_what_may_be_read(reference: str, ids: list[str]) -> None:
    assert list(medication_ids([reference], ASKED_AS)) == ids


@pytest.mark.parametrize(
    ("resources", "unsent"),
    [
        ([order("Medication/a")], ["Medication/a"]),
        ([order("Medication/a"), drug("a")], []),
        ([order(f"{BASE}/Medication/a"), drug("a")], []),
        ([order("#a", contained=[drug("a")])], []),
        ([order(None)], []),
        ([order(7), None, "x", 1], []),
        ([stated({"reference": {"reference": "Medication/a"}})], ["Medication/a"]),
        ([stated({"reference": "Medication/a"})], ["Medication/a"]),
        ([stated({"concept": {"text": "x"}})], []),
        ([drug("a", ingredient=[{"itemReference": {"reference": "Medication/b"}}, "x"])], ["Medication/b"]),
        ([drug("a", ingredient=[{"item": {"reference": {"reference": "Medication/b"}}}])], ["Medication/b"]),
        ([{"resourceType": "Bundle", "entry": [{"resource": order("Medication/a")}]}], ["Medication/a"]),
        ([{"resourceType": "Observation", "medicationReference": {"reference": "Medication/a"}}], []),
    ],
)  # fmt: skip
def test_what_did_not_come_along(resources: list[object], unsent: list[str]) -> None:
    answers = {"first": Answer(AnswerState.COMPLETE), "drugs": Answer(AnswerState.COMPLETE, tuple(resources))}
    assert unsent_medications(answers) == dict.fromkeys(unsent, "drugs")


class Formulary:
    """Holds the drugs named; searches by ``_id`` where it can."""

    def __init__(self, *held: str, searches: int = 200) -> None:
        self.held, self.searches = held, searches
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url).removeprefix("https://ehr.example:443/fhir/r4/"))
        name = request.url.path.removeprefix("/fhir/r4/").partition("/")[2]
        if name:
            return httpx.Response(200, json=drug(name)) if name in self.held else httpx.Response(404)
        wanted = request.url.params["_id"].split(",")
        entries = [{"resource": drug(each)} for each in (*self.held, "unasked") if each in (*wanted, "unasked")]
        return httpx.Response(self.searches, json={"resourceType": "Bundle", "entry": entries})

    async def read(self, *references: str, records: FhirRecords | None = None) -> Answer:
        reader = records or self.records()
        return await reader.read(references, server=BASE, token="t", deadline_s=5)

    def records(self) -> FhirRecords:
        return FhirRecords(httpx.AsyncClient(transport=httpx.MockTransport(self)), allowed=[BASE])


def ids(answer: Answer) -> list[str]:
    return [each["id"] for each in answer.resources if isinstance(each, dict)]


@pytest.mark.anyio
async def test_many_are_read_at_once_each_once_and_nothing_else_is_taken() -> None:
    server = Formulary("a", "b")
    answer = await server.read("Medication/a", f"{BASE}/Medication/b", "Medication/a")
    assert (answer.state, ids(answer), answer.why) == (AnswerState.COMPLETE, ["a", "b"], "")
    assert [each.replace(f"{BASE}/", "") for each in server.asked] == ["Medication?_id=a,b"]


@pytest.mark.anyio
@pytest.mark.parametrize("status", [400, 403, 404, 405])
async def test_one_by_one_where_they_cannot_be_searched_for_and_so_from_then_on(status: int) -> None:
    server = Formulary("a", "b", searches=status)
    records = server.records()
    answer = await server.read("Medication/a", "Medication/b", records=records)
    assert (answer.state, ids(answer)) == (AnswerState.COMPLETE, ["a", "b"])
    server.asked.clear()
    await server.read("Medication/a", "Medication/b", records=records)
    assert len(server.asked) == 2


@pytest.mark.anyio
async def test_what_cannot_be_read_is_missing_in_words() -> None:
    answer = await Formulary("a").read("Medication/a", "Medication/gone")
    assert (answer.state, ids(answer)) == (AnswerState.PARTIAL, ["a"])
    assert answer.why == "not every drug that is referred to could be read"
    answer = await Formulary().read("Medication/gone")
    assert (answer.state, answer.resources) == (AnswerState.FAILED, ())


@pytest.mark.anyio
async def test_a_reference_to_another_server_is_never_followed() -> None:
    server = Formulary("a")
    answer = await server.read("https://evil.example/fhir/r4/Medication/a")
    assert (answer.state, server.asked) == (AnswerState.FAILED, [])


@pytest.mark.anyio
async def test_no_more_are_read_than_a_patient_may_have() -> None:
    names = [f"m{number}" for number in range(MOST_READ + 100)]
    server = Formulary(*names)
    answer = await server.read(*(f"Medication/{name}" for name in names))
    assert (answer.state, len(answer.resources), len(server.asked)) == (AnswerState.PARTIAL, MOST_READ, 4)


@pytest.mark.anyio
async def test_a_server_that_may_not_be_asked_is_not() -> None:
    server = Formulary("a")
    answer = await server.records().read(["Medication/a"], server="https://evil.example", token="t", deadline_s=5)
    assert (answer.state, server.asked) == (AnswerState.FAILED, [])
