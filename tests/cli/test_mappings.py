"""``trialcards mappings lint``, ``stats`` and ``explain``: what they print, and how they end."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cds.cli.exits import Exit
from cds.terms.systems import SHORT_NAMES

Run = Callable[..., Any]
CLAIM = "source,source_version,verified,reviewer,reviewed_on,comment"
HEADER = f"concept_id,system,code,display,relation,match,include,{CLAIM}\n"
LOCAL = "https://hospital.example/lab"


@pytest.fixture
def overlay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    monkeypatch.setenv("CDS_MAPPINGS_OVERLAY", str(tmp_path / "site"))

    def write(row: str) -> None:
        (tmp_path / "site" / "codes").mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / "codes" / "lab.csv").write_text(HEADER + row, "utf-8")

    return write


def test_the_linter_looks_at_the_overlay_too(run: Run, overlay: Callable[[str], None]) -> None:
    overlay(f"platelets,{LOCAL},PLT,Thrombocytes,exact,exact,+,our catalogue,,yes,,,\n")
    ran = run("mappings", "lint")
    assert (ran.code, ran.out) == (Exit.OK, "mappings: 0 faults\nsite: 0 faults\n")

    overlay(f"platelet,{LOCAL},PLT,Thrombocytes,exact,exact,+,our catalogue,,yes,,,\n")
    ran = run("mappings", "lint")
    told = "mappings: 0 faults\nsite/codes/lab.csv:2: there is no concept 'platelet'\nsite: 1 fault\n"
    assert (ran.code, ran.out) == (Exit.FAULTS, told)


def test_an_overlay_at_fault_stops_a_command_with_its_place(
    run: Run, golden: Path, overlay: Callable[[str], None]
) -> None:
    overlay(f"platelet,{LOCAL},PLT,Thrombocytes,exact,exact,+,our catalogue,,yes,,,\n")
    ran = run("screen", golden / "colon-nec-near" / "chart.json", "--as-of", "2026-06-15")
    assert ran.code == Exit.DEFINITIONS
    assert ran.err == "trialcards: site/codes/lab.csv:2: concept_id: there is no concept 'platelet'\n"


def test_a_chart_with_local_codes_is_read_by_the_overlay(
    run: Run, golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overlay: Callable[[str], None]
) -> None:
    """The platelets of a real chart, sent under a code of the laboratory's own."""
    text = (golden / "colon-nec-near" / "chart.json").read_text("utf-8")
    bundle = json.loads(text)
    for entry in bundle["entry"]:
        for coding in entry["resource"].get("code", {}).get("coding", ()):
            if coding["code"] == "777-3":
                coding.update(system=LOCAL, code="PLT")
    chart = tmp_path / "chart.json"
    chart.write_text(json.dumps(bundle), "utf-8")
    asked = ("screen", chart, "--as-of", "2026-06-15", "--trial", "NCT06893783", "--json")
    overlay(f"platelets,{LOCAL},PLT,Thrombocytes,exact,exact,+,our catalogue,,yes,,,\n")

    def platelets() -> Any:  # noqa: ANN401 - a finding as JSON
        (trial,) = json.loads(run(*asked).out)["trials"]
        (finding,) = (each for each in trial["findings"] if each["criterion"] == "platelets")
        return finding["truth"], [seen["value"] for seen in finding["evidence"]]

    assert platelets()[1] == ["92 10*3/uL"]
    monkeypatch.delenv("CDS_MAPPINGS_OVERLAY")
    assert platelets() == ("unknown", [])


def test_stats_are_a_table_or_json(run: Run) -> None:
    ran = run("mappings", "stats")
    document = json.loads(run("mappings", "stats", "--json").out)
    assert ran.code == Exit.OK
    assert ran.out.startswith("kind          concepts  with codes  codes  vague  unverified  look-alikes  by system\n")
    measured = document["kinds"]["measurement"]
    assert sorted(measured) == ["bySystem", "codes", "concepts", "lookAlikes", "unverified", "vague", "withCodes"]
    assert measured["codes"] == sum(measured["bySystem"].values()) > 0
    told = (
        f"measured concepts with a LOINC code: {document['measuredWithLoinc']}\n"
        f"ingredients with an RxNorm code: {document['ingredientsWithRxnorm']}\n"
        f"drug classes: {document['drugClasses']['classes']}, with {document['drugClasses']['members']} verified "
        f"memberships ({document['drugClasses']['unverifiedMembers']} unverified)\n"
        f"units: {document['units']['spellings']} spellings of {document['units']['quantities']} "
        "that can be measured\n"
    )
    assert ran.out.endswith(told)


def test_stats_of_a_folder_that_is_not_there(run: Run, tmp_path: Path) -> None:
    assert run("mappings", "stats", tmp_path / "none").code == Exit.INPUT


def test_a_drug_is_explained_with_its_classes_and_sources(run: Run) -> None:
    ran = run("mappings", "explain", "rxnorm|2555")
    assert (ran.code, ran.err) == (Exit.OK, "")
    lines = ran.out.splitlines()
    assert lines[:2] == [
        "http://www.nlm.nih.gov/research/umls/rxnorm|2555",
        "  cisplatin (ingredient, Cisplatin): counts",
    ]
    assert lines[2].startswith("    mappings/codes/drugs.csv:")
    assert lines[2].endswith(
        ": http://www.nlm.nih.gov/research/umls/rxnorm|2555 'cisplatin', exact, match exact, verified"
    )
    assert lines[3].startswith("    source: ")
    assert any(line.startswith("    in the class platinum (verified; mappings/classes/") for line in lines)


def test_a_look_alike_is_explained_as_a_near_miss(run: Run) -> None:
    ran = run("mappings", "explain", "loinc|770-8")
    assert "\n  neutrophil-percent (measurement, " in ran.out
    misses = ran.out.partition("\nNear misses\n")[2]
    assert misses.startswith("  absolute-neutrophil-count: is stated not to be this\n    mappings/codes/labs.csv:")
    assert "\n    comment: A percentage, not a count\n" in misses


def test_a_wider_row_and_broader_concepts_are_told(run: Run) -> None:
    ran = run("mappings", "explain", "icd-10-cm|C7A1")
    assert "  neuroendocrine-carcinoma (histology, neuroendocrine carcinoma): counts\n" in ran.out
    assert "\n    so it is also: carcinoma, neuroendocrine-neoplasm\n" in ran.out
    assert "  neuroendocrine-neoplasm: is said of codes that begin with C7A; a row nearer" in ran.out


def test_claims_that_do_not_count_say_why(run: Run, overlay: Callable[[str], None]) -> None:
    overlay(
        f"platelets,{LOCAL},A,Cells,broad,exact,+,ours,,yes,,,\n"
        f"platelets,{LOCAL},B,Cells,exact,exact,+,,,no,,,\n"
        f"platelets,{LOCAL},C,Cells,exact,exact,-,ours,2026,yes,,,\n"
    )
    wider, guessed, denied = (run("mappings", "explain", f"{LOCAL}|{code}").out for code in "ABC")
    assert "Platelets): says something wider, so it can only leave a finding unknown\n" in wider
    assert "Platelets): not verified, so it can only leave a finding unknown\n" in guessed
    assert "'Cells', exact, match exact, not verified\n" in guessed
    assert "\n  It maps to nothing.\nNear misses\n  platelets: is stated not to be this\n" in denied
    assert f"    site/codes/lab.csv:4: {LOCAL}|C 'Cells', verified\n    source: ours (2026)\n" in denied


@pytest.mark.parametrize(
    ("code", "out", "end"),
    [
        ("loinc|1234-4", "", Exit.OK),
        ("loinc|777-4", "  This cannot be such a code: the LOINC check digit is wrong.\n", Exit.FAULTS),
        ("snomed|1081841000119100", "  This cannot be such a code: the SNOMED CT check digit is wrong.\n", Exit.FAULTS),
    ],
)
def test_an_unknown_code_is_said_to_be_one(run: Run, code: str, out: str, end: Exit) -> None:
    short, _, value = code.partition("|")
    ran = run("mappings", "explain", code)
    unknown = "  The tables do not speak of this code: an entry that holds no other is not recognised.\n"
    assert (ran.code, ran.out, ran.err) == (end, f"{SHORT_NAMES[short]}|{value}\n{out}{unknown}", "")


@pytest.mark.parametrize("code", ["777-3", "foo|1"])
def test_what_is_no_code_is_wrong_usage(run: Run, code: str) -> None:
    ran = run("mappings", "explain", code)
    assert (ran.code, ran.out) == (Exit.USAGE, "")


def test_the_help_names_every_short_name(run: Run) -> None:
    told = " ".join(run("mappings", "explain", "--help").out.split())
    assert f"one of {', '.join(SHORT_NAMES)};" in told
