"""What an account lets one conclude, and that nothing else is taken for one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from cds.core.chart import Extent
from cds.errors import BadCall
from cds.population.bulk.account import ACCOUNT, Account, Issue, Kept, is_unfinished, read_account, write_account
from cds.population.bulk.folder import Folder

PATIENTS = Kept(name="Patient.000.ndjson", type="Patient", bytes=9, sha256="0" * 64, lines=2)
ACCOUNTED = Account(
    server="https://ehr.example.org/fhir",
    level="patient",
    request="https://ehr.example.org/fhir/Patient/$export?_type=Patient,Condition",
    transaction_time="2026-11-20T03:00:00Z",
    asked=("Patient", "Condition"),
    files=(PATIENTS,),
)


def test_a_type_without_a_file_has_no_entries_and_one_that_was_not_asked_for_was_not_read() -> None:
    assert ACCOUNTED.complete
    assert ACCOUNTED.without_entries == ("Condition",)
    asked = {each: ACCOUNTED.extent(each) for each in ("Patient", "Condition", "Observation")}
    assert asked == {"Patient": Extent.COMPLETE, "Condition": Extent.COMPLETE, "Observation": Extent.NOT_READ}


@pytest.mark.parametrize(
    ("change", "condition", "complete"),
    [
        ({"issues": (Issue(severity="error", code="processing", count=1),)}, Extent.PARTIAL, False),
        ({"issues": (Issue(severity="fatal", code="processing", count=1),)}, Extent.PARTIAL, False),
        ({"issues": (Issue(severity="warning", code="processing", count=9),)}, Extent.COMPLETE, True),
        ({"unread_errors": 1}, Extent.PARTIAL, False),
        ({"since": "2026-11-01T00:00:00Z"}, Extent.PARTIAL, True),
        ({"filtered": ("Condition",)}, Extent.PARTIAL, True),
        ({"filtered": ("Patient",)}, Extent.COMPLETE, True),
        ({"not_granted": ("Condition",), "asked": ("Patient",)}, Extent.NOT_READ, False),
        ({"refused": ("Medication",)}, Extent.COMPLETE, False),
        ({"files": (replace(PATIENTS, type="Condition", expected=3),)}, Extent.PARTIAL, False),
        ({"files": (PATIENTS, replace(PATIENTS, type="Condition", whole=False))}, Extent.PARTIAL, False),
        ({"files": (replace(PATIENTS, expected=2),)}, Extent.COMPLETE, True),
    ],
    ids=str,
)
def test_what_unsettles_a_type(change: dict[str, object], condition: Extent, complete: bool) -> None:  # noqa: FBT001
    account = replace(ACCOUNTED, **change)  # type: ignore[arg-type] # fields of an account
    assert (account.extent("Condition"), account.complete) == (condition, complete)


def test_an_account_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_account(tmp_path) is None
    assert not is_unfinished(tmp_path)
    write_account(Folder(tmp_path), ACCOUNTED)
    assert read_account(tmp_path) == ACCOUNTED


@pytest.mark.parametrize(
    "change",
    [
        {"form": 2},
        {"files": [{**msgspec.to_builtins(PATIENTS), "name": "../Patient.000.ndjson"}]},
        {"files": [{**msgspec.to_builtins(PATIENTS), "name": "/etc/passwd"}]},
        {"files": [{**msgspec.to_builtins(PATIENTS), "lines": "2"}]},
        {"asked": None},
    ],
    ids=str,
)
def test_what_is_no_account_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    (tmp_path / ACCOUNT).write_bytes(msgspec.json.encode(msgspec.to_builtins(ACCOUNTED) | change))
    with pytest.raises(BadCall, match=r"^export\.json: "):
        read_account(tmp_path)


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / ACCOUNT).write_bytes(b"\xff{")
    with pytest.raises(BadCall, match="cannot be read"):
        read_account(tmp_path)
