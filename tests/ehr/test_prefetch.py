"""What of a chart is sent: templates filled in and refused, answered by a FHIR server or out of files."""

from typing import Any

import httpx
import pytest

from cds.ehr.calling import Event
from cds.ehr.discovery import read_address
from cds.ehr.exchange import Limits
from cds.ehr.from_files import FromFiles, only_patient
from cds.ehr.from_server import FromServer
from cds.ehr.prefetch import Part, filled, prefetch_of
from cds.ehr.templates import LeftOutError, Scene, question
from cds.errors import BadCall, NoPatient
from tests.ehr.world import BASE
from tests.service.world import PATIENT_ID, SERVER, fhir, patient, searchset

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
SCENE = Scene(PATIENT_ID, "Practitioner/7")
VIEW = Event("patient-view", SCENE)
ADDRESS = read_address(BASE)
SECRET = "planted-in-the-chart"


# ----------------------------------------------------------------------------------------------------------- templates
@pytest.mark.parametrize(
    ("template", "relative"),
    [
        ("Patient/{{context.patientId}}", "Patient/pat-1"),
        ("{{context.userId}}", "Practitioner/7"),
        ("Practitioner?_id={{userPractitionerId}}", "Practitioner?_id=7"),
        ("Encounter/{{ context.encounterId }}", "Encounter/e-1"),
        (
            "Observation?patient={{context.patientId}}&code=http://loinc.org|718-7",
            "Observation?patient=pat-1&code=http://loinc.org|718-7",
        ),
        ("Condition?subject=Patient/{{context.patientId}}", "Condition?subject=Patient/pat-1"),
        ("Patient?_id={{context.patientId}}", "Patient?_id=pat-1"),
        ("Coverage?beneficiary={{context.patientId}}", "Coverage?beneficiary=pat-1"),
    ],
)
def test_tokens_are_filled_in(template: str, relative: str) -> None:
    assert question(template, Scene(PATIENT_ID, "Practitioner/7", "e-1")).relative == relative


@pytest.mark.parametrize(
    "template",
    [
        "Patient/somebody-else",
        "Patient/1{{context.patientId}}",
        "Patient?name=Smith",
        "Patient?patient={{context.patientId}}",
        "Patient?name=Smith&x={{context.patientId}}",
        "Condition?code=x&note={{context.patientId}}",
        "Observation?patient={{context.patientId}},somebody-else",
        "Observation?individual={{context.patientId}}",
        "Observation?beneficiary={{context.patientId}}",
        "https://elsewhere.example/{{context.patientId}}",
        "//elsewhere.example/Patient/{{context.patientId}}",
        "../admin/Patient/{{context.patientId}}",
        "Patient/{{context.patientId}}/$everything",
        "Observation?patient={{context.patientId}}#x",
        "Observation?patient={{context.patientId}} &a=b",
        "Encounter/{{context.encounterId}}",
        "PractitionerRole/{{userPractitionerRoleId}}",
        "Observation?patient={{context.patientId}}&date=gt{{today() - 90 days}}",
        "",
    ],
)
def test_what_is_not_of_this_call_is_not_asked(template: str) -> None:
    """A template is the service's own words: it has no other patient's record sent, and no other server asked."""
    with pytest.raises(LeftOutError) as why:
        question(template, SCENE)
    assert PATIENT_ID not in str(why.value)


@pytest.mark.parametrize(
    "changed",
    [{"patient_id": "a/b"}, {"patient_id": "a&b=c"}, {"patient_id": ".."}, {"user": "7"}, {"encounter_id": "?"}],
)
def test_ids_that_would_change_the_question_are_refused(changed: Json) -> None:
    with pytest.raises(BadCall):
        Scene(**({"patient_id": "p", "user": "Practitioner/7"} | changed))


# ------------------------------------------------------------------------------------------------------------ prefetch
def from_server(network: Any, pages: int = 100) -> FromServer:  # noqa: ANN401 - any transport's function
    client = httpx.AsyncClient(transport=httpx.MockTransport(network))
    return FromServer(client, SERVER, "a-token", Limits(seconds=1), pages)


async def sent(templates: dict[str, str], source: Any, **chosen: bool) -> dict[str, Part]:  # noqa: ANN401 - any source
    return {each.key: each for each in await filled(tuple(templates.items()), SCENE, source, **chosen)}


CONDITIONS = {"conditions": "Condition?patient={{context.patientId}}"}
PATIENT = {"patient": "Patient/{{context.patientId}}"}


@pytest.mark.parametrize(
    ("template", "reply", "said"),
    [
        (PATIENT, fhir(patient()), "Patient"),
        (PATIENT, httpx.Response(404), "null: there is no such resource"),
        (PATIENT, httpx.Response(410), "null: there is no such resource"),
        (CONDITIONS, fhir(searchset(patient())), "1 entry"),
        (CONDITIONS, fhir(searchset()), "0 entries"),
    ],
)
async def test_answers_of_the_server_are_sent_as_they_are(template: Json, reply: httpx.Response, said: str) -> None:
    (part,) = (await sent(template, from_server(lambda _: reply))).values()
    assert (part.is_sent, part.said) == (True, said)


@pytest.mark.parametrize(
    ("template", "reply"),
    [
        (PATIENT, fhir(patient("somebody-else"))),
        (PATIENT, fhir(searchset(patient()))),
        (CONDITIONS, fhir(patient())),
        (CONDITIONS, httpx.Response(404)),
        (CONDITIONS, fhir({"resourceType": "OperationOutcome"})),
        (CONDITIONS, httpx.Response(200, text=f"<p>{SECRET}</p>")),
        (CONDITIONS, httpx.Response(200, json=[SECRET])),
        (CONDITIONS, httpx.Response(500, text=SECRET)),
        (CONDITIONS, httpx.Response(401)),
        (CONDITIONS, httpx.Response(302, headers={"location": "https://elsewhere.example/"})),
    ],
)
async def test_what_failed_is_left_out_and_said(template: Json, reply: httpx.Response) -> None:
    (part,) = (await sent(template, from_server(lambda _: reply))).values()
    assert (part.is_sent, part.value) == (False, None)
    assert part.said.startswith("left out: ")
    assert SECRET not in part.said
    (told,) = (await sent(template, from_server(lambda _: reply), tell_failures=True)).values()
    assert told.is_sent
    assert told.value is not None
    assert told.value["resourceType"] == "OperationOutcome"


OURS, OTHERS = {"reference": f"Patient/{PATIENT_ID}"}, {"reference": f"{SERVER}/Patient/somebody-else/_history/2"}


@pytest.mark.parametrize(
    "entry",
    [
        {"resourceType": "Condition", "id": "1", "subject": OTHERS},
        {"resourceType": "Condition", "id": "1"},
        {"resourceType": "Condition", "id": "1", "subject": [OURS, OTHERS]},
        {"resourceType": "Observation", "id": "1", "subject": OTHERS},
        {"resourceType": "Appointment", "id": "1", "participant": [{"actor": OURS}, {"actor": OTHERS}]},
        patient("somebody-else"),
    ],
)
async def test_entries_of_somebody_else_are_not_sent(entry: Json) -> None:
    """A lenient server heeds no parameter it does not know; the service that wrote the search gets none of it."""
    ours = {"resourceType": "Condition", "id": "2", "subject": OURS}
    (part,) = (await sent(CONDITIONS, from_server(lambda _: fhir(searchset(ours, entry))))).values()
    assert (part.is_sent, part.value) == (False, None)
    assert part.said.endswith("not of this patient, so none of them is sent")


async def test_what_comes_along_with_the_patients_entries_need_name_nobody() -> None:
    ours = {"resourceType": "Condition", "id": "2", "subject": {"reference": f"{SERVER}/Patient/{PATIENT_ID}"}}
    along = ({"resourceType": "Practitioner", "id": "3"}, {"resourceType": "OperationOutcome"}, patient())
    (part,) = (await sent(CONDITIONS, from_server(lambda _: fhir(searchset(ours, *along))))).values()
    assert part.is_sent


async def test_an_entry_that_names_no_patient_is_sent_for_the_encounter_of_the_call() -> None:
    scene = Scene(PATIENT_ID, "Practitioner/7", "e-1")
    templates = (("notes", "Composition?encounter={{context.encounterId}}"),)
    for encounter, is_sent in (("e-1", True), ("e-2", False)):
        entry = {"resourceType": "Composition", "id": "1", "encounter": {"reference": f"Encounter/{encounter}"}}
        (part,) = await filled(templates, scene, from_server(lambda _, entry=entry: fhir(searchset(entry))))
        assert part.is_sent is is_sent


def paged(request: httpx.Request) -> httpx.Response:
    number = int(request.url.params.get("page", 1))
    further = [{"relation": "next", "url": f"{SERVER}/Condition?patient=pat-1&page={number + 1}"}] if number < 3 else []
    return fhir(searchset({"resourceType": "Condition", "id": str(number), "subject": OURS}, link=further))


async def test_pages_are_put_together_or_their_next_is_left() -> None:
    whole = (await sent(CONDITIONS, from_server(paged)))["conditions"].value
    first = (await sent(CONDITIONS, from_server(paged, pages=1)))["conditions"]
    assert whole is not None
    assert [each["resource"]["id"] for each in whole["entry"]] == ["1", "2", "3"]
    assert "link" not in whole
    assert first.value is not None
    assert [each["relation"] for each in first.value["link"]] == ["next"]
    assert first.said == "1 entry, and further pages"


async def test_the_token_goes_to_no_other_server() -> None:
    asked: list[httpx.Request] = []

    def network(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        elsewhere = {"relation": "next", "url": "https://elsewhere.example/r4/Condition?page=2"}
        return fhir(searchset(link=[elsewhere]))

    await sent(CONDITIONS, from_server(network))
    assert [each.url.host for each in asked] == ["fhir.example.org"]
    assert asked[0].headers["authorization"] == "Bearer a-token"


def coded(number: int, system: str, code: str, about: str = PATIENT_ID) -> Json:
    coding = {"coding": [{"system": system, "code": code}]}
    subject = {"reference": f"https://other.example/fhir/Patient/{about}" if number == 2 else f"Patient/{about}"}
    return {"resourceType": "Observation", "id": str(number), "subject": subject, "code": coding, "category": [coding]}


FILES = FromFiles(
    (patient(), coded(1, "s", "a"), coded(2, "s", "b"), coded(3, "t", "a"), coded(4, "s", "a", "x-pat-1"))
)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", "123"),
        ("&code=a", "13"),
        ("&code=s|a", "1"),
        ("&code=s|a,t|a", "13"),
        ("&code=s|", "12"),
        ("&code=|a", ""),
        ("&category=b&code=s%7Cb", "2"),
        ("&_count=1", "123"),
        ("&category=a&code=b", ""),
    ],
)
async def test_files_answer_simple_searches(query: str, ids: str) -> None:
    found = (await sent({"o": f"Observation?patient={{{{context.patientId}}}}{query}"}, FILES))["o"].value
    assert found is not None
    assert "".join(each["resource"]["id"] for each in found.get("entry", ())) == ids
    assert found["total"] == len(ids)


@pytest.mark.parametrize(
    "param", ["_sort=-date", "date=gt2020", "code:in=x", "code:not=a", "_include=Observation:subject", "strange=1"]
)
async def test_files_leave_out_what_they_cannot_evaluate(param: str) -> None:
    part = (await sent({"o": f"Observation?patient={{{{context.patientId}}}}&{param}"}, FILES))["o"]
    assert (part.is_sent, part.said) == (False, "left out: it searches by a parameter that is not evaluated over files")


async def test_files_read_one_resource_or_null() -> None:
    parts = await sent(PATIENT | {"user": "{{context.userId}}"}, FILES)
    assert parts["patient"].value == patient()
    assert prefetch_of(parts.values())["user"] is None


def test_files_name_their_one_patient() -> None:
    assert only_patient(FILES.resources) == PATIENT_ID
    for several in ((), (patient("a"), patient("b"))):
        with pytest.raises(NoPatient, match="--bundle"):
            only_patient(several)
