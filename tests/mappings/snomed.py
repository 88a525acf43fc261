"""A terminology server in a few lines: a small made-up tree under SNOMED CT's root, and switches for what fails."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from cds.core.codes import SNOMED, Code

BASE = "https://tx.example.org/r4"
ROOT = "138875005"
Json = dict[str, Any]


def code(value: str) -> Code:
    return Code(SNOMED, value)


def parameters(**values: object) -> Json:
    """Give a ``Parameters`` resource; a name ends in its type (``result_valueBoolean``)."""
    parts = [(name.rpartition("_")[0], name.rpartition("_")[2], value) for name, value in values.items()]
    return {"resourceType": "Parameters", "parameter": [{"name": name, kind: value} for name, kind, value in parts]}


@dataclass
class Server:
    """Answers from ``tree`` (code → parents); ``replies`` has an operation answer something else."""

    tree: Mapping[str, Sequence[str]]
    understands_ecl: bool = True
    replies: dict[str, httpx.Response] = field(default_factory=dict)
    wait_s: float = 0
    seen: list[httpx.Request] = field(default_factory=list)

    def above(self, value: str) -> set[str]:
        parents = set(self.tree.get(value, ()))
        return parents.union(*(self.above(each) for each in parents))

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        await asyncio.sleep(self.wait_s)
        operation = request.url.path.rpartition("/")[2]
        if operation in self.replies:
            return self.replies[operation]
        body = getattr(self, operation.strip("$").replace("-", "_"))(dict(request.url.params))
        return body if isinstance(body, httpx.Response) else httpx.Response(200, json=body)

    def validate_code(self, asked: Mapping[str, str]) -> Json:
        assert asked["url"] == SNOMED
        return parameters(result_valueBoolean=asked["code"] in self.tree)

    def expand(self, asked: Mapping[str, str]) -> Json | httpx.Response:
        if not self.understands_ecl:
            return httpx.Response(404, json={"resourceType": "OperationOutcome"})
        name, _, value = asked["url"].partition(">")
        assert name == f"{SNOMED}?fhir_vs=ecl/"
        found = sorted(self.above(value))
        contains = [{"system": SNOMED, "code": each, "display": "…"} for each in found]
        return {"resourceType": "ValueSet", "expansion": {"total": len(found), "contains": contains}}

    def lookup(self, asked: Mapping[str, str]) -> Json:
        told = parameters(name_valueString="SNOMED CT", display_valueString="…")
        for parent in self.tree[asked["code"]]:
            parts = [{"name": "code", "valueCode": "parent"}, {"name": "value", "valueCode": parent}]
            told["parameter"].append({"name": "property", "part": parts})
        return told

    def subsumes(self, asked: Mapping[str, str]) -> Json:
        above, below = asked["codeA"], asked["codeB"]
        if above == below:
            return parameters(outcome_valueCode="equivalent")
        if above in self.above(below):
            return parameters(outcome_valueCode="subsumes")
        outcome = "subsumed-by" if below in self.above(above) else "not-subsumed"
        return parameters(outcome_valueCode=outcome)

    def asked(self, operation: str = "") -> int:
        return sum(operation in request.url.path for request in self.seen)
