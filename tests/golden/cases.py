"""The golden cases as values, what a screen says of one in lines that a person can review, and an EHR that holds it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

import httpx

from cds.assessment import Assessment, Question, assess
from cds.core.explain import explain
from cds.core.finding import CriterionFinding
from cds.core.verdict import Verdict
from cds.core.vocabulary import Vocabulary
from cds.fhir.asking.client import FhirRecords
from cds.fhir.wire import decode
from cds.service import Call, Service
from tests.service.world import CALLER, SERVER, CountingIds, FixedClock, ScriptedRecords
from tests.shipped import plan

Json = dict[str, Any]
FOLDER = Path(__file__).resolve().parent
REPOSITORY = FOLDER.parents[1]
SLUGS = sorted(place.parent.name for place in FOLDER.glob("*/case.json"))
ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Case:
    """One folder: the chart, what its author expects of it, and why."""

    slug: str
    about: Json
    bundle: Json
    why: str

    @property
    def as_of(self) -> dt.date:
        return dt.date.fromisoformat(self.about["asOf"])

    @property
    def verdicts(self) -> dict[str, str]:
        named: dict[str, str] = self.about["verdicts"]
        return named

    @property
    def resources(self) -> list[Json]:
        return [entry["resource"] for entry in self.bundle["entry"]]

    @property
    def patient_id(self) -> str:
        return next(str(each["id"]) for each in self.resources if each["resourceType"] == "Patient")

    @property
    def expected_file(self) -> Path:
        return FOLDER / self.slug / "expected.json"

    def question(self, bundle: Json | None = None) -> Question:
        covered = self.about["covered"]
        return Question(bundle or self.bundle, trials=tuple(self.verdicts), as_of=self.as_of, covered=covered)

    def call(self, prefetch: Mapping[str, object], server: str | None = None) -> Call:
        return Call(self.patient_id, "Practitioner/7", prefetch, server, caller=CALLER)


@cache
def case(slug: str) -> Case:
    place = FOLDER / slug
    about: Any = json.loads((place / "case.json").read_text("utf-8"))
    bundle: Any = decode((place / "chart.json").read_bytes())
    return Case(slug, about, bundle, (place / "why.md").read_text("utf-8"))


def service_for(the_case: Case, records: FhirRecords | None = None) -> Service:
    """The service on the day the case plays, with the trials the case speaks of."""
    noon = dt.datetime.combine(the_case.as_of, dt.time(12), tzinfo=dt.UTC)
    return Service(
        plan=plan().only(the_case.verdicts.keys()),
        records=records or ScriptedRecords(),
        clock=FixedClock(noon),
        ids=CountingIds(),
        zone=ZONE,
    )


def screened(the_case: Case, bundle: Json | None = None) -> Assessment:
    """Give what a case comes to, its own chart or another taken for it."""
    return _screened(the_case.slug) if bundle is None else assess(the_case.question(bundle), service_for(the_case))


@cache
def _screened(slug: str) -> Assessment:
    return assess(case(slug).question(), service_for(case(slug)))


# ----------------------------------------------------------------------------------------- what a screen says, in lines


def told(verdicts: tuple[Verdict, ...], vocabulary: Vocabulary) -> Json:
    """Say per trial what every criterion came to; what is a question and nothing else is only named."""
    return {
        each.trial.nct_id: _trial(each, vocabulary) for each in sorted(verdicts, key=lambda each: each.trial.nct_id)
    }


def _trial(verdict: Verdict, vocabulary: Vocabulary) -> Json:
    found = sorted(verdict.findings, key=lambda each: each.criterion.id)
    said: Json = {"verdict": verdict.standing.value}
    cohorts = {each.id: each.standing.value for each in verdict.cohorts if each.id}
    if cohorts:
        said["cohorts"] = cohorts
    if verdict.earliest is not None:
        said["earliest"] = verdict.earliest.isoformat()
    said["findings"] = {each.criterion.id: _finding(each, vocabulary) for each in found if not _mere_question(each)}
    said["questions"] = [each.criterion.id for each in found if _mere_question(each)]
    return said


def _mere_question(each: CriterionFinding) -> bool:
    finding = each.finding
    return finding.cause is not None and finding.cause.for_a_person and not finding.parts and not finding.evidence


def _finding(each: CriterionFinding, vocabulary: Vocabulary) -> Json:
    finding = each.finding
    dates = {"resolvesOn": finding.resolves_on, "expiresOn": finding.expires_on}
    return {
        "truth": finding.truth.value,
        **({"basis": finding.basis.value} if finding.basis else {}),
        **({"cause": finding.cause.value} if finding.cause else {}),
        **{name: day.isoformat() for name, day in dates.items() if day is not None},
        "says": explain(finding, vocabulary),
        **({"evidence": [seen.reference for seen in finding.evidence]} if finding.evidence else {}),
    }


def written(said: Json) -> str:
    """Write it as JSON with one line a finding, so that a change of one is a change of one line."""
    trials = ",\n".join(f" {_text(nct_id)}: {{\n{_members(trial)}\n }}" for nct_id, trial in said.items())
    return f"{{\n{trials}\n}}\n"


def _members(trial: Json) -> str:
    lines = []
    for name, value in trial.items():
        if name == "findings":
            rows = ",\n".join(f"   {_text(criterion)}: {_text(finding)}" for criterion, finding in value.items())
            lines.append(f"  {_text(name)}: {{\n{rows}\n  }}")
        else:
            lines.append(f"  {_text(name)}: {_text(value)}")
    return ",\n".join(lines)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


# ------------------------------------------------------------------------------------- an EHR that holds one such chart


@dataclass(frozen=True, slots=True)
class Ehr:
    """A FHIR server with one chart: reads the patient, searches by patient, category and code, follows one include.

    ``page`` is how many matches it gives at a time.
    """

    resources: list[Json]
    page: int = 1000

    def prefetch(self, templates: Mapping[str, str], patient_id: str) -> Json:
        """Fill in prefetch templates; the drugs that entries refer to come along."""
        filled = {key: text.replace("{{context.patientId}}", patient_id) for key, text in templates.items()}
        return {key: self.get(f"{SERVER}/{text}", include=True) for key, text in filled.items()}

    def get(self, url: str, *, include: bool = False) -> Json | None:
        """Answer a GET of a read or a search."""
        parts = urlsplit(url)
        resource_type, _, patient_id = parts.path.removeprefix(urlsplit(SERVER).path).strip("/").partition("/")
        if patient_id:
            return next((each for each in self._of(resource_type) if each["id"] == unquote(patient_id)), None)
        params = dict(parse_qsl(parts.query))
        found = [each for each in self._of(resource_type) if _found_by(each, params)]
        start = int(params.get("_offset", 0))
        matches = found[start : start + self.page]
        following = f"{url.partition('&_offset')[0]}&_offset={start + self.page}"
        return {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(found),
            "link": [{"relation": "next", "url": following}] if start + self.page < len(found) else [],
            "entry": [{"resource": each, "search": {"mode": "match"}} for each in matches]
            + [
                {"resource": each, "search": {"mode": "include"}}
                for each in (self._drugs_of(matches) if include or "_include" in params else ())
            ],
        }

    def records(self) -> FhirRecords:
        """The real client, talking to this server."""
        return FhirRecords(httpx.AsyncClient(transport=httpx.MockTransport(self._respond)), allowed=(SERVER,))

    def _respond(self, request: httpx.Request) -> httpx.Response:
        body = self.get(str(request.url))
        if body is None:
            return httpx.Response(404)
        text = json.dumps(body, default=str_of_decimal)
        return httpx.Response(200, content=text, headers={"content-type": "application/fhir+json"})

    def _of(self, resource_type: str) -> Iterator[Json]:
        return (each for each in self.resources if each["resourceType"] == resource_type)

    def _drugs_of(self, entries: list[Json]) -> list[Json]:
        wanted = {each.get("medicationReference", {}).get("reference") for each in entries}
        return [each for each in self._of("Medication") if f"Medication/{each['id']}" in wanted]


def str_of_decimal(value: object) -> float:
    """Numbers were read as decimals; the shortest float that is the same number is what a server would send."""
    return float(str(value))


def _found_by(resource: Json, params: Mapping[str, str]) -> bool:
    about = resource.get("subject") or resource.get("patient") or {}
    if about.get("reference") != f"Patient/{params['patient']}":
        return False
    wanted = {name: params[name].split(",") for name in ("category", "code") if name in params}
    return all(_tokens(resource.get(name)) & set(tokens) for name, tokens in wanted.items())


def _tokens(concepts: Json | list[Json] | None) -> set[str]:
    listed = concepts if isinstance(concepts, list) else [concepts or {}]
    codings = [coding for each in listed for coding in each.get("coding", [])]
    return {each["code"] for each in codings} | {f"{each.get('system', '')}|{each['code']}" for each in codings}
