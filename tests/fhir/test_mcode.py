"""mCODE STU4 and Genomics Reporting: what is read of each profile, and that a search brings it.

The tables beside this file are reviewed: ``profiles/*.csv`` for our own small charts, ``mcode_examples.csv`` for the
official examples where they are at hand. ``REWRITE=1`` writes them anew; look at the difference.
"""

import csv
import datetime as dt
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds.core.chart import Chart, Kind, Measurement
from cds.core.recognise import recognise
from cds.core.scales import amount_of
from cds.fhir.names import KIND_OF
from cds.fhir.reading.read import chart_of_bundle
from cds.fhir.searches import Search, searches_for
from cds.fhir.values import many, part
from cds.fhir.wire import decode
from tests.shipped import vocabulary as real

Json = dict[str, Any]
HERE = Path(__file__).resolve().parent
PROFILES = HERE / "profiles"
COLUMNS = ("resource", "read as", "value", "date", "search")


def own(name: str) -> list[Json]:
    sent: Any = decode((PROFILES / f"{name}.json").read_bytes())
    return [entry["resource"] for entry in sent["entry"]]


def examples(shared: Path) -> list[Json]:
    folder = shared / "data" / "fhir" / "mcode-stu4-examples"
    if not folder.is_dir():
        pytest.skip("the examples of mCODE are not at hand")
    sent: list[Any] = [decode(file.read_bytes()) for file in sorted(folder.glob("*.json"))]
    return [each for each in sent if each["resourceType"] in KIND_OF]


def charts(resources: list[Json], zone: ZoneInfo) -> Iterator[Chart]:
    """Read each patient's entries together."""
    for patient in (each for each in resources if each["resourceType"] == "Patient"):
        mine = [each for each in resources if part(each, "subject", "reference") == f"Patient/{patient['id']}"]
        bundle = {"resourceType": "Bundle", "entry": [{"resource": each} for each in (patient, *mine)]}
        yield chart_of_bundle(bundle, patient_id=None, covered=None, zone=zone)


def facts(chart: Chart) -> Iterator[tuple[Kind, Any, str, object]]:
    """Each fact of a chart with its kind, what else is told of it, and its date."""
    for result in chart.measurements:
        yield Kind.MEASUREMENT, result, "", result.date
    for diagnosis in chart.conditions:
        held = (*diagnosis.histology, *diagnosis.sites)
        told = [name for coded in held for name, _ in meanings(coded)]
        stage = [f"stage {each}" for each in diagnosis.stage]
        yield Kind.CONDITION, diagnosis, "; ".join([diagnosis.clinical.value, *told, *stage]), diagnosis.onset
    for drug in chart.exposures:
        said = [drug.told.value, drug.status.value, str(drug.dose or ""), drug.intent.text]
        said += [each.text for each in drug.stopped_for]
        yield Kind.MEDICATION, drug, "; ".join(filter(None, said)), span(drug)
    for done in chart.procedures:
        sites = [str(each) for each in done.sites]
        yield Kind.PROCEDURE, done, "; ".join(filter(None, [*sites, done.intent.text])), span(done)


def span(entry: Any) -> str:  # noqa: ANN401 - an exposure or a procedure
    return f"{entry.start or ''}..{entry.end or ''}"


def meanings(coded: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - whatever was read as a concept
    return [(each.concept, each.relation.value) for each in real().meanings(coded)]


def value_of(result: Measurement, concept: str) -> str:
    """Give a result in its concept's own unit or score, or as it was sent where it comes to none."""
    known = real().concepts.get(concept)
    amount = amount_of(result, known.scale) if known and known.scale else None
    at = getattr(getattr(amount, "low", None), "at", None)
    return str(result.value or "") if at is None else f"{float(at):g}"


def brought_by(resource: Json, kind: Kind, concept: str) -> str:
    """Name the search that would bring an entry to whoever needs the concept; a dash where none would."""
    asked = searches_for({kind: frozenset({concept})}, real())
    return next((search.key for search in asked if finds(search, resource)), "-")


def finds(search: Search, resource: Json) -> bool:
    if search.resource_type != resource["resourceType"]:
        return False
    held = {
        "category": {part(each, "code") for one in many(resource.get("category")) for each in many(one.get("coding"))},
        "code": {f"{part(each, 'system')}|{part(each, 'code')}" for each in many(part(resource, "code", "coding"))},
    }
    return all(set(value.split(",")) & held[name] for name, value in search.params)


def table(resources: list[Json], zone: ZoneInfo) -> str:
    """Tell of every entry what it was read as; entries that mean nothing to the tables have a blank there."""
    sent = {f"{each['resourceType']}/{each['id']}": each for each in resources}
    rows: set[tuple[str, ...]] = set()
    for chart in charts(resources, zone):
        assert chart.lost == ()
        for kind, fact, told, date in facts(chart):
            resource, known = sent[fact.reference], meanings(fact.code)
            for concept, relation in known:
                value = value_of(fact, concept) if isinstance(fact, Measurement) else told
                name = concept if relation in {"exact", "narrow"} else f"{concept} ({relation})"
                rows.add((fact.reference, name, value, str(date or ""), brought_by(resource, kind, concept)))
        named = {row[0] for row in rows}
        rows |= {
            (f"{fact.reference}", "", told, str(date or ""), "")
            for _, fact, told, date in facts(chart)
            if fact.reference not in named
        }
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(sorted(rows))
    return out.getvalue()


def agrees(told: str, file: Path) -> None:
    if os.environ.get("REWRITE"):
        file.write_text(told, encoding="utf-8")
    assert told == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["oncology", "genomics"])
def test_what_is_read_of_our_own_charts(name: str, zone: ZoneInfo) -> None:
    agrees(table(own(name), zone), PROFILES / f"{name}.csv")


def test_what_is_read_of_the_examples_of_mcode(shared: Path, zone: ZoneInfo) -> None:
    agrees(table(examples(shared), zone), HERE / "mcode_examples.csv")


def test_no_entry_of_the_examples_is_lost(shared: Path, zone: ZoneInfo) -> None:
    sent = [each for each in examples(shared) if each["resourceType"] != "Patient"]
    read = sum(
        count for chart in charts(examples(shared), zone) for name, count in chart.read.items() if name != "Patient"
    )
    assert (read, len(sent)) == (len(sent), len(sent))


def test_radiotherapy_of_the_brain_counts_as_such(zone: ZoneInfo) -> None:
    (chart,) = charts(own("oncology"), zone)
    found = recognise(chart, real(), dt.date(2026, 5, 10)).procedures
    assert [known.entry.reference for known in found["brain-radiotherapy"]] == ["Procedure/radiotherapy-of-brain"]
    assert found["radiotherapy"] == []


@pytest.mark.parametrize("file", [PROFILES / "oncology.csv", PROFILES / "genomics.csv", HERE / "mcode_examples.csv"])
def test_what_is_read_is_asked_for(file: Path) -> None:
    """What can settle a question and no search would bring is a fault of the table of searches."""
    with file.open(encoding="utf-8", newline="") as rows:
        never = [row for row in csv.DictReader(rows) if row["search"] == "-" and "(" not in row["read as"]]
    assert never == []
