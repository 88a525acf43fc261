"""A registry in memory that answers as the API's description says, and records of trials that never were."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

BASE = "https://registry.example.org/api/v2"
STATUS = ("protocolSection", "statusModule")


def nct(number: int) -> str:
    return f"NCT{number:08d}"


def record(
    number: int, *, condition: str = "glioma", status: str = "RECRUITING", updated: str = "2026-05-01", text: str = ""
) -> dict[str, Any]:
    """A record with little in it."""
    return {
        "protocolSection": {
            "identificationModule": {"nctId": nct(number), "briefTitle": f"A made-up study, number {number}"},
            "statusModule": {"overallStatus": status, "lastUpdatePostDateStruct": {"date": updated}},
            "conditionsModule": {"conditions": [condition]},
            "eligibilityModule": {"eligibilityCriteria": text or f"Inclusion Criteria:\n\n* Room {number} is free"},
        }
    }


def number_of(study: dict[str, Any]) -> str:
    return str(study["protocolSection"]["identificationModule"]["nctId"])


def updated_of(study: dict[str, Any]) -> str:
    return str(study["protocolSection"]["statusModule"].get("lastUpdatePostDateStruct", {}).get("date", ""))


@dataclass
class FakeRegistry:
    """Answers searches and single records; ``before`` may answer instead, to be unwell in any way."""

    studies: list[Any] = field(default_factory=list)
    page_size: int | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    singles: list[str] = field(default_factory=list)
    before: Callable[[httpx.Request], httpx.Response | None] = lambda request: None  # noqa: ARG005 - a default that answers nothing

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self.transport)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        instead = self.before(request)
        if instead is not None:
            return instead
        parameters = dict(request.url.params)
        if request.url.path == "/api/v2/studies":
            self.asked.append(parameters)
            return self._search(parameters)
        self.singles.append(request.url.path.rpartition("/")[2])
        found = [each for each in self.studies if number_of(each) == self.singles[-1]]
        return httpx.Response(200, json=found[0]) if found else httpx.Response(404, text="NCT number not found")

    def _search(self, parameters: dict[str, str]) -> httpx.Response:
        found = [each for each in self.studies if _fits(each, parameters)]
        size = self.page_size or int(parameters["pageSize"])
        token = parameters.get("pageToken", "t0")
        if not re.fullmatch(r"t\d+", token):
            return httpx.Response(400, text="bad token")
        begin = int(token[1:])
        page: dict[str, Any] = {"studies": found[begin : begin + size]}
        if begin + size < len(found):
            page["nextPageToken"] = f"t{begin + size}"
        if parameters.get("countTotal") == "true" and "pageToken" not in parameters:
            page["totalCount"] = len(found)
        if parameters["fields"] != "ProtocolSection":
            page["studies"] = [_slim(each) for each in page["studies"]]
        return httpx.Response(200, json=page)

    def put(self, *records: dict[str, Any]) -> None:
        """Exchange or add records."""
        given = {number_of(each) for each in records}
        self.studies = [each for each in self.studies if number_of(each) not in given] + list(records)

    def drop(self, *numbers: int) -> None:
        self.studies = [each for each in self.studies if number_of(each) not in {nct(one) for one in numbers}]


def _fits(study: Any, parameters: dict[str, str]) -> bool:  # noqa: ANN401 - a page may hold anything
    if not isinstance(study, dict):
        return True
    since = re.fullmatch(
        r"AREA\[LastUpdatePostDate\]RANGE\[(\d{4}-\d\d-\d\d),MAX\]", parameters.get("filter.advanced", "")
    )
    protocol = study["protocolSection"]
    return all(
        (
            parameters.get("query.cond", "") in protocol["conditionsModule"]["conditions"][0],
            _among(protocol["statusModule"]["overallStatus"], parameters.get("filter.overallStatus")),
            _among(number_of(study), parameters.get("filter.ids")),
            "filter.advanced" not in parameters or (since is not None and updated_of(study) >= since[1]),
        )
    )


def _among(value: str, listed: str | None) -> bool:
    return listed is None or value in re.split(r"[|,]", listed)


def _slim(study: dict[str, Any]) -> dict[str, Any]:
    return {
        "protocolSection": {
            "identificationModule": {"nctId": number_of(study)},
            "statusModule": {"lastUpdatePostDateStruct": {"date": updated_of(study)}},
        }
    }


def busy(statuses: Iterable[int], **headers: str) -> Callable[[httpx.Request], httpx.Response | None]:
    """Answer the first requests with these statuses."""
    left = list(statuses)
    return lambda _: (
        httpx.Response(left.pop(0), headers={k.replace("_", "-"): v for k, v in headers.items()}) if left else None
    )
