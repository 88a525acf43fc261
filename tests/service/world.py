"""A small world to call the service in: two trials over the small vocabulary, one patient, a FHIR server by hand."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from cds.core.criteria import (
    Age,
    Asked,
    Criterion,
    Diagnosis,
    Exposed,
    HasCondition,
    Measured,
    Not,
    PerformanceStatus,
    Section,
)
from cds.core.plan import Plan
from cds.core.trial import Cohort, Trial
from cds.fhir.answer import Answer, AnswerState
from cds.fhir.asking.client import FhirRecords
from cds.fhir.searches import Search
from cds.hooks.callers.authenticate import Anyone
from cds.hooks.callers.caller import ANONYMOUS
from cds.service import Call, Service
from tests.core.builders import SYSTEM, VOCABULARY, limit

Json = dict[str, Any]
SERVER = "https://fhir.example.org/r4"
CALLER = replace(ANONYMOUS, fhir_servers=(SERVER,))
DOOR = Anyone(CALLER)
"""Lets the tests in as a caller that may read from that server."""
PATIENT_ID = "pat-1"
NOW = dt.datetime(2026, 6, 15, 9, 0, tzinfo=dt.UTC)


class FixedClock:
    def __init__(self, moment: dt.datetime = NOW) -> None:
        self.moment = moment

    def now(self) -> dt.datetime:
        return self.moment


class CountingIds:
    def __init__(self) -> None:
        self.given = 0

    def new(self) -> str:
        self.given += 1
        return f"00000000-0000-4000-8000-{self.given:012x}"


@dataclass
class ScriptedRecords:
    """Answers each key as told, remembers what it was asked, and may wait or raise first."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    wait_s: float = 0
    problem: Exception | None = None
    asked: list[str] = field(default_factory=list)
    drugs: Mapping[str, object] = field(default_factory=dict)
    read_of: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)

    async def fetch(
        self, searches: Sequence[Search], *, server: str, token: str | None, patient_id: str, deadline_s: float
    ) -> Mapping[str, Answer]:
        del server, patient_id, deadline_s
        self.asked += [search.key for search in searches]
        self.tokens.append(token)
        await asyncio.sleep(self.wait_s)
        if self.problem is not None:
            raise self.problem
        return {search.key: self.answers[search.key] for search in searches if search.key in self.answers}

    async def read(self, references: Sequence[str], *, server: str, token: str | None, deadline_s: float) -> Answer:
        del server, deadline_s
        self.read_of += references
        self.tokens.append(token)
        await asyncio.sleep(self.wait_s)
        if self.problem is not None:
            raise self.problem
        return Answer(AnswerState.COMPLETE, tuple(self.drugs[each] for each in references if each in self.drugs))


NEC = Trial(
    nct_id="NCT00000001",
    title="Drug in Neuroendocrine Carcinoma with platelets <LLN or >ULN",
    status="RECRUITING",
    criteria=(
        Criterion("consent", "Informed consent", Asked("Has the patient given consent?"), lines=(3,)),
        Criterion("age", "Age 18 or over", Age(at_least=18), lines=(4,)),
        Criterion(
            "disease", "Neuroendocrine carcinoma", Diagnosis(("neuroendocrine-carcinoma",)), lines=(5, 6), disease=True
        ),
        Criterion(
            "platelets", "Platelets ≥ 100 × 10⁹/L", Measured(("platelets",), low=limit("100 10*9/L")), lines=(7,)
        ),
        Criterion("creatinine", "Creatinine ≤ 1.5*ULN", Measured(("creatinine",), high=limit("1.5 ULN")), lines=(8,)),
        Criterion("ecog", "ECOG 0 to 1", PerformanceStatus(at_most=1), lines=(9,)),
        Criterion(
            "cyp3a",
            "No CYP3A inhibitor in the last 7 days",
            Not(Exposed(("cyp3a-inhibitor",), within_days=7)),
            Section.EXCLUSION,
            lines=(13,),
        ),
        Criterion(
            "infarction",
            "No myocardial infarction",
            Not(HasCondition(("myocardial-infarction",))),
            Section.EXCLUSION,
            lines=(14,),
        ),
    ),
    cohorts=(
        Cohort(
            "gi",
            "Digestive system",
            (Criterion("gi-site", "In the digestive system", Diagnosis(sites=("digestive-system",)), disease=True),),
        ),
        Cohort("lung", "Lung", (Criterion("lung-site", "Lung", Diagnosis(sites=("lung",)), disease=True),), open=False),
    ),
    version="1",
    record_date=dt.date(2026, 6, 7),
    complete=True,
)
LUNG = Trial(
    nct_id="NCT00000002",
    title="Drug in small cell lung cancer",
    status="RECRUITING",
    criteria=(
        Criterion("disease", "Small cell lung cancer", Diagnosis(("small-cell-carcinoma",), ("lung",)), disease=True),
        Criterion("age", "Age 18 or over", Age(at_least=18)),
    ),
    complete=True,
)
PLAN = Plan.of((NEC, LUNG), VOCABULARY)


def twins(count: int) -> Plan:
    """Give a plan with the first trial under so many numbers, and the lung trial."""
    many = tuple(replace(NEC, nct_id=f"NCT9000{number:04d}") for number in range(count))
    return Plan.of((*many, LUNG), VOCABULARY)


def service(records: object = None, plan: Plan = PLAN, **chosen: object) -> Service:
    given: Json = {"deadline_s": 2.0, "zone": ZoneInfo("UTC")} | chosen
    ports: Json = {"records": records or ScriptedRecords(), "clock": FixedClock(), "ids": CountingIds()}
    return Service(plan=plan, **(ports | given))


# ------------------------------------------------------------------------------------------------------- FHIR by hand


def code(name: str) -> Json:
    return {"coding": [{"system": SYSTEM, "code": name}], "text": name}


def about(patient_id: str = PATIENT_ID) -> Json:
    return {"reference": f"Patient/{patient_id}"}


def patient(patient_id: str = PATIENT_ID, **more: object) -> Json:
    return {"resourceType": "Patient", "id": patient_id, "gender": "female", "birthDate": "1960-03-01", **more}


def condition(name: str, number: int = 1, patient_id: str = PATIENT_ID) -> Json:
    return {
        "resourceType": "Condition",
        "id": f"c{number}",
        "subject": about(patient_id),
        "code": code(name),
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "onsetDateTime": "2025-01-01",
    }


def result(name: str, value: float, unit: str, number: int, high: float | None = None, on: str = "2026-06-10") -> Json:
    resource: Json = {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "subject": about(),
        "code": code(name),
        "effectiveDateTime": on,
        "valueQuantity": {"value": value, "unit": unit, "code": unit, "system": "http://unitsofmeasure.org"},
    }
    if high is not None:
        resource |= {"referenceRange": [{"high": {"value": high, "unit": unit}}]}
    return resource


def statement(name: str, end: str, number: int = 1) -> Json:
    return {
        "resourceType": "MedicationStatement",
        "id": f"m{number}",
        "status": "completed",
        "subject": about(),
        "medicationCodeableConcept": code(name),
        "effectivePeriod": {"start": "2026-06-01", "end": end},
    }


def searchset(*resources: object, **more: object) -> Json:
    entries = [{"resource": each, "search": {"mode": "match"}} for each in resources]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(resources), "entry": entries, **more}


PLATELETS = result("platelets", 210, "10*9/L", 1)
CREATININE = result("creatinine", 1.0, "mg/dL", 2, high=1.2)
ECOG = result("ecog", 1, "{score}", 3)
RESULTS = (PLATELETS, CREATININE, ECOG)
CANCER = condition("nec-of-pancreas")


def prefetch(**changes: object) -> Json:
    """Give a whole prefetch of a candidate; a key given as `...` is left out."""
    whole: Json = {
        "patient": patient(),
        "conditions": searchset(CANCER),
        "laboratory": searchset(*RESULTS),
        "medicationStatements": searchset(),
        "medicationRequests": searchset(),
        "medicationAdministrations": searchset(),
        "medicationDispenses": searchset(),
    }
    return {key: value for key, value in (whole | changes).items() if value is not ...}


def call(the_prefetch: Mapping[str, object] | None = None, **changes: Any) -> Call:  # noqa: ANN401 - any part of a call
    sent = prefetch() if the_prefetch is None else the_prefetch
    return Call(
        **({"patient_id": PATIENT_ID, "viewer": "Practitioner/7", "prefetch": sent, "caller": CALLER} | changes)
    )


def hook_body(the_prefetch: Mapping[str, object] | None = None, **changes: object) -> Json:
    return {
        "hook": "patient-view",
        "hookInstance": "00000000-007b-9f33-e810-e841a57c502c",
        "context": {"patientId": PATIENT_ID, "userId": "Practitioner/7"},
        "prefetch": prefetch() if the_prefetch is None else the_prefetch,
        **changes,
    }


def collection(*resources: object) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}


Route = Callable[[httpx.Request], httpx.Response]


@dataclass
class FhirServer:
    """A FHIR server by hand: a route per resource type, each request remembered, but for those of its statement."""

    routes: dict[str, Route] = field(default_factory=dict)
    seen: list[httpx.Request] = field(default_factory=list)
    wait_s: float = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        kind = request.url.path.removeprefix("/r4/").split("/")[0]
        if kind == "metadata" and kind not in self.routes:
            return httpx.Response(404)
        self.seen.append(request)
        await asyncio.sleep(self.wait_s)
        route = self.routes.get(kind) or self.routes.get("*")
        return route(request) if route else fhir(searchset())

    def records(self) -> FhirRecords:
        return FhirRecords(httpx.AsyncClient(transport=httpx.MockTransport(self)), allowed=(SERVER,))


def fhir(resource: object, status: int = 200) -> httpx.Response:
    return httpx.Response(
        status, content=json.dumps(resource).encode(), headers={"content-type": "application/fhir+json"}
    )


def healthy_server() -> FhirServer:
    """Give a server that holds what the whole prefetch holds."""
    sent = prefetch()
    return FhirServer(
        {
            "Patient": lambda _: fhir(sent["patient"]),
            "Condition": lambda _: fhir(sent["conditions"]),
            "Observation": lambda _: fhir(sent["laboratory"]),
        }
    )
