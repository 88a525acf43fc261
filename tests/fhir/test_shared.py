"""Public charts, synthetic and real: every entry of theirs is read, or lost for a reason that is known here."""

import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds.fhir.names import KIND_OF
from cds.fhir.reading.person import OTHER_PATIENT
from cds.fhir.reading.read import chart_of_bundle
from cds.fhir.wire import decode

Json = dict[str, Any]
READ = frozenset(KIND_OF) - {"Patient"}


def resources(folder: Path) -> Iterator[tuple[str, Json]]:
    """Every resource below a folder with the name of its file, Bundles opened, export logs left out."""
    for file in sorted(folder.rglob("*.*json*")):
        if file.name.startswith(("CodeSystem", "log.")):
            continue
        body = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        for line in body.splitlines() if ".ndjson" in file.name else [body]:
            value: Any = decode(line) if line.strip() else {}
            entries = (
                value.get("entry", []) if isinstance(value, dict) and value.get("resourceType") == "Bundle" else None
            )
            for each in [value] if entries is None else [entry.get("resource") for entry in entries]:
                if isinstance(each, dict):
                    yield file.name, each


def by_patient(folder: Path) -> dict[str, list[Json]]:
    """The resources of each patient: those of a Bundle's file together, those of exports by whom they refer to."""
    groups: dict[str, list[Json]] = {}
    for name, each in resources(folder):
        referred = (each.get("subject") or each.get("patient") or {}).get("reference", "").rpartition("/")[2]
        own = each.get("id", "") if each.get("resourceType") == "Patient" else referred
        groups.setdefault(own if ".ndjson" in name or "mcode-stu4" in folder.name else name, []).append(each)
    return groups


@pytest.mark.parametrize(
    ("folder", "known"),
    [
        ("smart-generated-sample-data-r4", {}),
        ("synthea-2021-2024", {}),
        ("mcode-stu4-examples", {}),
        ("smart-bulk-10-patients", {}),
        ("mimic-iv-demo-on-fhir", {}),
        # These files hold performance statuses of example patients who are not in them.
        ("mcode-trial-matching-patients", {("Observation", OTHER_PATIENT): 8}),
    ],
)
def test_every_entry_is_read_or_its_loss_is_known(
    folder: str, known: dict[tuple[str, str], int], shared: Path, zone: ZoneInfo
) -> None:
    sent, read = Counter[str](), Counter[str]()
    lost: Counter[tuple[str, str]] = Counter()
    groups = by_patient(shared / "data" / "fhir" / folder)
    drugs = [each for each in groups.get("", []) if each.get("resourceType") == "Medication"]
    for group in groups.values():
        patients = [each["id"] for each in group if each.get("resourceType") == "Patient"]
        if not patients:
            continue
        bundle = {"resourceType": "Bundle", "entry": [{"resource": each} for each in (*group, *drugs)]}
        chart = chart_of_bundle(bundle, patient_id=patients[0], covered=None, zone=zone)
        sent.update(name for name, _ in {(each["resourceType"], each["id"]) for each in group} if name in READ)
        read.update({name: count for name, count in chart.read.items() if name in READ})
        lost.update((each.reference.partition("/")[0], each.why) for each in chart.lost)
    assert dict(lost) == known
    assert read == sent - Counter({name: count for (name, _), count in known.items()})
    assert sum(read.values()) > 100
