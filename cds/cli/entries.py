"""Folders and files of FHIR into the entries whose codes are counted, patient by patient or not."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cds.errors import BadCall
from cds.fhir.names import KIND_OF
from cds.fhir.reading.conditions import read_condition
from cds.fhir.reading.elements import Elements
from cds.fhir.reading.medications import Drugs, read_exposures
from cds.fhir.reading.observations import read_observation
from cds.fhir.reading.read import GARBLED
from cds.fhir.reading.sorting import bundle_entries, is_bundle, type_of
from cds.fhir.reading.versions import Entry
from cds.fhir.values import CannotReadError, Json, many, word
from cds.terms.coverage import Seen, Sort

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from cds.core.chart import Kind

_ENDINGS = frozenset({".json", ".ndjson", ".jsonl"})
_SORTS = {"laboratory": Sort.LABORATORY, "vital-signs": Sort.VITAL_SIGNS, "vital-sign": Sort.VITAL_SIGNS}


def chart_files(paths: Sequence[Path]) -> list[Path]:
    """Give the files, those of a folder by their endings; raise :class:`BadCall` for a path where nothing is."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(each for each in path.rglob("*") if each.is_file() and _ENDINGS & set(each.suffixes))
        if path.is_dir() and not inside:
            raise BadCall(f"{path.name}: holds no file that ends in {', '.join(sorted(_ENDINGS))}")
        found += inside if path.is_dir() else [path]
    return found


class Entries:
    """The entries of many charts, read one by one; ``unreadable`` counts those that do not say what they are of.

    Duplicates are not joined, unlike in a chart: a file may be of many patients, and bulk files hold no Bundles.
    """

    def __init__(self, charts: Iterable[Iterable[object]]) -> None:
        """Take Bundles and resources, chart by chart; Medications are found from all, those of the same one first."""
        self.unreadable = 0
        self._elements = Elements(ZoneInfo("UTC"))
        self._resources = [list(_resources(each)) for each in charts]
        self._shared = [entry for entries in self._resources for entry in _medications(entries)]

    def __iter__(self) -> Iterator[Seen]:
        """Give what each Observation, Condition and medication entry says it is."""
        everywhere = Drugs(self._shared)
        for entries in self._resources:
            own = _medications(entries)
            drugs = Drugs([*self._shared, *own]) if own else everywhere
            for entry in entries:
                yield from self._read(entry, drugs)

    def _read(self, entry: Entry, drugs: Drugs) -> Sequence[Seen]:
        try:
            return _seen(entry, self._elements, drugs)
        except (CannotReadError, *GARBLED):
            self.unreadable += 1
            return ()


def _medications(entries: Iterable[Entry]) -> list[Entry]:
    return [entry for entry in entries if type_of(entry.resource) == "Medication"]


def _resources(documents: Iterable[object]) -> Iterator[Entry]:
    for document in documents:
        sent = bundle_entries(document) if is_bundle(document) else [(document, "", None)]
        for resource, url, _ in sent:
            name = type_of(resource)
            if isinstance(resource, dict) and name is not None:
                yield Entry(resource, f"{name}/{resource.get('id')}", url)


def _seen(entry: Entry, elements: Elements, drugs: Drugs) -> list[Seen]:
    resource, name = entry.resource, type_of(entry.resource) or ""
    kind: Kind | None = KIND_OF.get(name)
    if name == "Observation":
        sort = _sort_of(resource)
        return [Seen(sort, each.code) for each in read_observation(resource, entry.reference, elements)]
    if name == "Condition":
        read = read_condition(resource, entry.reference, elements)
        return [Seen(Sort.CONDITIONS, each.code, each.histology) for each in read]
    if kind is KIND_OF["MedicationRequest"]:
        return [
            Seen(Sort.MEDICATIONS, each.code)
            for each in read_exposures(name, drugs)(resource, entry.reference, elements)
        ]
    return []


def _sort_of(observation: Json) -> Sort:
    """Tell laboratory and vital signs by their category; scores, surveys and whatever has none are other results."""
    told = (_SORTS.get(word(each)) for each in many(observation.get("category")))
    return next((sort for sort in told if sort is not None), Sort.OTHER_RESULTS)
