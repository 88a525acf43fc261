"""Charts put into the server as their makers wrote them: transactions whose references are yet to be resolved.

What the server refuses is counted and named, never mended: a chart that is not whole on the server is not compared with
its file, only with itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cds.cli.files import read_bundle, read_documents
from tests.live.hapi import Hapi, Json

OWN = Path(__file__).parent / "charts"
_BILLS = frozenset({"Claim", "ExplanationOfBenefit"})
"""A third of what Synthea writes, the slowest to store, and read by nobody here."""
_CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?identifier=([^|]+)\|(.+)")


@dataclass(frozen=True, slots=True)
class Loaded:
    """One file's chart as it was written, and what became of it.

    ``renamed`` gives the reference that the server made of each of the file's; ``refused`` counts the entries that it
    did not take, by type and reason.
    """

    bundle: Json
    renamed: Mapping[str, str]
    refused: Mapping[tuple[str, str], int]

    @property
    def patients(self) -> list[str]:
        """The ids of the stored patients in the file."""
        found = (f"Patient/{each['id']}" for each in resources_of(self.bundle) if each["resourceType"] == "Patient")
        return [name.removeprefix("Patient/") for name in found if name in self.renamed]

    def on_server(self, patient_id: str) -> str:
        """Give the id that the server calls a patient of the file by."""
        return self.renamed[f"Patient/{patient_id}"].removeprefix("Patient/")

    def as_stored(self, text: str) -> str:
        """Give a text with the references of the file in quotes exchanged for the server's."""
        return re.sub(r"(['\"])(\w+/[^'\"]+)\1", lambda found: f"'{self.renamed.get(found[2], found[2])}'", text)


def read(files: Sequence[Path]) -> Json:
    """Read a chart: a Bundle, a list of resources, or one resource a file; bills are left out."""
    documents: list[Any] = [document for each in files for document in read_documents(each)]
    listed = [each for document in documents if isinstance(document, list) for each in document]
    whole: Any = {"entry": [{"resource": each} for each in listed]} if listed else read_bundle(files)
    entries = [each for each in whole["entry"] if each.get("resource", {}).get("resourceType") not in _BILLS]
    return {"resourceType": "Bundle", "type": "collection", **whole, "entry": entries}


def resources_of(bundle: Json) -> Iterator[Json]:
    """Give the resources of a bundle that have a type and an id."""
    found = (each.get("resource", {}) for each in bundle["entry"])
    return (each for each in found if "id" in each and "resourceType" in each)


def load(hapi: Hapi, bundle: Json) -> Loaded:
    """Store a chart: a transaction as such; anything else, and a transaction that is refused, entry by entry."""
    for resource_type, system, value in _looked_up(bundle):
        hapi.post(resource_type, {"resourceType": resource_type, "identifier": [{"system": system, "value": value}]})
    if bundle["type"] == "transaction":
        stored = hapi.send(bundle)
        if stored["resourceType"] == "Bundle":
            names = [each["response"]["location"].partition("/_history")[0] for each in stored["entry"]]
            own = [_name(each["resource"]) for each in bundle["entry"]]
            return Loaded(bundle, dict(zip(own, names, strict=True)), {})
    return _one_by_one(hapi, bundle)


_OWN_LOADED: dict[tuple[str, str], Loaded] = {}


def load_own(hapi: Hapi, name: str) -> Loaded:
    """Store one of our own charts, once a server: a second copy would share what the first refers to by identifier."""
    key = hapi.base, name
    if key not in _OWN_LOADED:
        _OWN_LOADED[key] = load(hapi, read([OWN / name]))
    return _OWN_LOADED[key]


def _looked_up(bundle: Json) -> set[tuple[str, str, str]]:
    """Give what the chart refers to by identifier, and takes to be there already: clinicians, wards."""
    texts = (each["reference"] for each in _within(bundle) if isinstance(each.get("reference"), str))
    return {(each[1], each[2], each[3]) for each in map(_CONDITIONAL.fullmatch, texts) if each}


def _within(value: object) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
    inner: Iterable[object] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        yield from _within(each)


def _one_by_one(hapi: Hapi, bundle: Json) -> Loaded:
    """Store each resource under its own id; those that refer to later ones are tried again once these are there."""
    waiting, stored, why = list(resources_of(_by_own_names(bundle))), dict[str, str](), dict[str, str]()
    while waiting:
        why = {_name(each): hapi.refusal(each) for each in waiting}
        left = [each for each in waiting if why[_name(each)]]
        stored |= {name: name for name, reason in why.items() if not reason}
        if len(left) == len(waiting):
            break
        waiting = left
    return Loaded(bundle, stored, Counter((each["resourceType"], why[_name(each)]) for each in waiting))


def _name(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _by_own_names(bundle: Json) -> Json:
    """Exchange the addresses of entries, by which others refer to them, for their types and ids."""
    names = {each["fullUrl"]: each["resource"] for each in bundle["entry"] if "fullUrl" in each and "resource" in each}
    told = {
        url: _name(each)
        for url, each in names.items()
        if url.startswith("urn:") and "id" in each and "resourceType" in each
    }
    named: Json = _renamed(bundle, told)
    return named


def _renamed(value: Any, told: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {name: _renamed(each, told) if name != "fullUrl" else each for name, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, told) for each in value]
    return told.get(value, value) if isinstance(value, str) else value
