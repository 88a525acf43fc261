"""``trialcards mappings export``: the files it writes, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cds.cli.exits import Exit

Run = Callable[..., Any]


def test_a_file_for_each_resource_the_same_each_time(run: Run, tmp_path: Path) -> None:
    ran = run("mappings", "export", "--fhir", tmp_path / "a", "--base", "https://site.example/fhir/")
    names = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    assert (ran.code, ran.out) == (Exit.OK, f"a: {len(names) - 1} resources\n")
    platelets = json.loads(names["ValueSet-platelets.json"])
    assert platelets["url"] == "https://site.example/fhir/ValueSet/platelets"
    assert "date" not in platelets
    assert {"CodeSystem-concepts.json", "ConceptMap-loinc.json", "NOTICE.md"} <= names.keys()

    run("mappings", "export", "--fhir", tmp_path / "new" / "b", "--base", "https://site.example/fhir")
    assert {path.name: path.read_bytes() for path in (tmp_path / "new" / "b").iterdir()} == names


def test_the_base_is_the_services_own_address_and_a_date_is_written_where_one_is_given(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDS_PUBLIC_URL", "https://cards.example.org")
    assert run("mappings", "export", "--fhir", tmp_path / "a", "--date", "2026-11-25").code == Exit.OK
    concepts = json.loads((tmp_path / "a" / "CodeSystem-concepts.json").read_text("utf-8"))
    assert (concepts["url"], concepts["date"]) == ("https://cards.example.org/fhir/CodeSystem/concepts", "2026-11-25")


def test_a_folder_with_something_in_it_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "ValueSet-old.json").write_text("{}", "utf-8")
    ran = run("mappings", "export", "--fhir", tmp_path / "full")
    assert (ran.code, ran.err) == (Exit.INPUT, "trialcards: full: is not empty\n")
    ran = run("mappings", "export", "--fhir", tmp_path / "full" / "ValueSet-old.json")
    assert (ran.code, ran.err) == (Exit.INPUT, "trialcards: ValueSet-old.json: cannot be written to\n")


@pytest.mark.parametrize("base", ["site.example", "ftp://site.example", "https://site.example?x=1", "https://"])
def test_a_base_must_be_an_address(run: Run, tmp_path: Path, base: str) -> None:
    ran = run("mappings", "export", "--fhir", tmp_path / "a", "--base", base)
    assert ran.code == Exit.INPUT
    assert not (tmp_path / "a").exists()
