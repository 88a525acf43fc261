"""``trialcards mappings coverage`` and its table of codes out of scope: what is counted, how, and what is refused."""

import gzip
import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import pytest

from cds.cli import main
from cds.cli.entries import Entries, chart_files
from cds.cli.files import read_documents
from cds.core.chart import Kind
from cds.core.codes import ICD10CM, LOINC, NAME, RXNORM, SNOMED, Code, Coded
from cds.terms import load_vocabulary
from cds.terms.coverage import Coverage, Outcome, Seen, Sort, Tally, Unmapped, coverage_of, share
from cds.terms.lint import lint_mappings
from cds.terms.scope import load_scope
from tests.shipped import read_once, vocabulary

REAL = Path(__file__).resolve().parents[2] / "mappings"
AIMS = {
    Sort.LABORATORY: Fraction(98, 100),
    Sort.VITAL_SIGNS: Fraction(98, 100),
    Sort.MEDICATIONS: Fraction(98, 100),
    Sort.NEOPLASMS: Fraction(95, 100),
}
"""The share, by use, that the tables must know of every set of public charts."""
HEADER = "system,code,display,kind,reason,source\n"
LOOK_ALIKE = Code(LOINC, "32623-1")
PLATELETS = Code(LOINC, "777-3")
SODIUM = Code(LOINC, "2951-2")


class Mappings(Protocol):
    folder: Path

    def write(self, name: str, text: str) -> None: ...
    def change(self, name: str, old: str, new: str) -> None: ...


def counted(mappings: Mappings, *entries: Seen) -> Coverage:
    return coverage_of(entries, load_vocabulary(mappings.folder), load_scope(mappings.folder))


def tally(found: Coverage, sort: Sort) -> Tally:
    return next(each for each in found.tallies if each.sort is sort)


def result(code: Code, words: str = "", sort: Sort = Sort.LABORATORY) -> Seen:
    return Seen(sort, Coded((code,), words))


# ------------------------------------------------------------------------------------------------------- counting
def test_each_entry_comes_to_one_outcome_and_each_code_is_counted_once(mappings: Mappings) -> None:
    mappings.write("out_of_scope.csv", f"{HEADER}{LOINC},2951-2,Sodium,measurement,nobody asks,a file\n")
    unknown = result(Code(LOINC, "2160-0"), "Creatinine")
    found = counted(mappings, *[result(PLATELETS)] * 3, result(LOOK_ALIKE), result(SODIUM), unknown, unknown)
    assert tally(found, Sort.LABORATORY) == Tally(
        Sort.LABORATORY,
        uses={Outcome.REACHED: 3, Outcome.SET_ASIDE: 2, Outcome.UNMAPPED: 2},
        codes={Outcome.REACHED: 1, Outcome.SET_ASIDE: 2, Outcome.UNMAPPED: 1},
    )
    assert found.unmapped == (Unmapped(Sort.LABORATORY, f"{LOINC}|2160-0", "Creatinine", 2),)


def test_a_row_that_is_not_verified_or_too_general_leaves_open(mappings: Mappings) -> None:
    mappings.change("codes/all.csv", "777-3,Platelets,exact,", "777-3,Platelets,broad,")
    named = Seen(Sort.MEDICATIONS, Coded((Code(NAME, "cisplatinum"),), "Cisplatinum"))
    found = counted(mappings, result(PLATELETS), named)
    assert [each.uses for each in found.tallies] == [{Outcome.OPEN: 1}, {Outcome.OPEN: 1}]


def test_a_related_row_is_a_look_alike(mappings: Mappings) -> None:
    mappings.change("codes/all.csv", "777-3,Platelets,exact,", "777-3,Platelets,related,")
    assert counted(mappings, result(PLATELETS)).tallies[0].uses == {Outcome.SET_ASIDE: 1}


def test_one_coding_that_is_known_is_enough(mappings: Mappings) -> None:
    both = Seen(Sort.LABORATORY, Coded((Code("urn:local", "PLT"), PLATELETS)))
    assert counted(mappings, both).tallies[0].uses == {Outcome.REACHED: 1}


def test_a_code_counts_by_the_worst_its_words_made_of_it(mappings: Mappings) -> None:
    local = Code("urn:local", "7")
    named = Seen(Sort.MEDICATIONS, Coded((local, Code(NAME, "cisplatinum"))))
    found = counted(mappings, named, Seen(Sort.MEDICATIONS, Coded((local, Code(NAME, "water")), "water")))
    assert found.tallies[0].uses == {Outcome.OPEN: 1, Outcome.UNMAPPED: 1}
    assert found.tallies[0].codes == {Outcome.UNMAPPED: 1}


def test_entries_without_a_code_go_by_their_words(mappings: Mappings) -> None:
    entries = [Seen(Sort.MEDICATIONS, Coded((Code(NAME, word),), word)) for word in ("water", "salt", "water")]
    found = counted(mappings, *entries)
    assert [(each.code, each.uses) for each in found.unmapped] == [("water", 2), ("salt", 1)]


@pytest.mark.parametrize(
    ("code", "words", "outcome"),
    [
        (Code(ICD10CM, "C34.1"), "", Outcome.REACHED),
        (Code(ICD10CM, "C341"), "", Outcome.REACHED),
        (Code(ICD10CM, "C78.7"), "Secondary tumour of liver", Outcome.UNMAPPED),
        (Code(ICD10CM, "D49.9"), "", Outcome.UNMAPPED),
        (Code(SNOMED, "363346000"), "Malignant neoplastic disease", Outcome.UNMAPPED),
        (Code(SNOMED, "363346000"), "Family history of cancer", None),
        (Code(SNOMED, "162573006"), "Suspected lung cancer", Outcome.SET_ASIDE),
        (Code(ICD10CM, "R50.9"), "Tumour fever", None),
    ],
)
def test_a_diagnosis_that_is_or_may_be_a_neoplasm_is_counted_among_those_too(
    mappings: Mappings, code: Code, words: str, outcome: Outcome | None
) -> None:
    mappings.write(
        "out_of_scope.csv", f"{HEADER}{SNOMED},162573006,Suspected lung cancer,condition,no diagnosis,a file\n"
    )
    found = counted(mappings, Seen(Sort.CONDITIONS, Coded((code,), words)))
    told = [each.uses for each in found.tallies if each.sort is Sort.NEOPLASMS]
    assert told == ([] if outcome is None else [{outcome: 1}])
    assert sum(tally(found, Sort.CONDITIONS).uses.values()) == 1


def test_a_histology_that_is_attached_makes_a_neoplasm_known(mappings: Mappings) -> None:
    attached = Seen(Sort.CONDITIONS, Coded((), "Cancer"), (Coded((Code(ICD10CM, "C34"),)),))
    assert tally(counted(mappings, attached), Sort.NEOPLASMS).uses == {Outcome.REACHED: 1}


@pytest.mark.parametrize(
    ("counts", "known"),
    [
        ({}, Fraction(1)),
        ({Outcome.UNMAPPED: 2}, Fraction(0)),
        ({Outcome.REACHED: 1, Outcome.OPEN: 1, Outcome.SET_ASIDE: 1, Outcome.UNMAPPED: 1}, Fraction(3, 4)),
    ],
)
def test_the_share_known(counts: Mapping[Outcome, int], known: Fraction) -> None:
    assert share(counts) == known


# ---------------------------------------------------------------------------------------------- the table, and its lint
@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (f"{LOINC},2951-2,Sodium,measurement,nobody asks,a file", []),
        (f"{LOINC},2951-2,Sodium,measurement,,a file", ["reason is blank"]),
        (f"{LOINC},2951-2,Sodium,measurement,nobody asks, ", ["source is blank"]),
        (
            f"{LOINC},2951-2,Sodium,lab,nobody asks,a file",
            ["kind must be one of " + ", ".join(sorted(kind.value for kind in Kind)) + ", not 'lab'"],
        ),
        (f"{LOINC},2951-3,Sodium,measurement,nobody asks,a file", ["2951-3: the LOINC check digit is wrong"]),
        (
            f"{ICD10CM},Z720,Tobacco use,condition,social,a file",
            [f"write the code as {ICD10CM}|Z72.0"],
        ),
        (
            "urn:oid:2.16.840.1.113883.6.1,2951-2,Sodium,measurement,nobody asks,a file",
            [f"write the code as {LOINC}|2951-2"],
        ),
        (
            f"{LOINC},777-3,Platelets,measurement,nobody asks,a file",
            ["777-3 is not out of scope: the tables speak of it under platelets"],
        ),
        (
            f"{LOINC},32623-1,Mean volume,measurement,nobody asks,a file",
            ["32623-1 is not out of scope: the tables speak of it under platelets"],
        ),
        (
            f"{ICD10CM},C34.1,Lung,condition,nobody asks,a file",
            ["C34.1 is not out of scope: the tables speak of it under lung, malignant"],
        ),
    ],
)
def test_the_linter_looks_at_each_row(mappings: Mappings, rows: str, told: list[str]) -> None:
    mappings.write("out_of_scope.csv", f"{HEADER}{rows}\n")
    assert [str(fault) for fault in lint_mappings(mappings.folder)] == [
        f"mappings/out_of_scope.csv:2: {reason}" for reason in told
    ]


def test_the_linter_looks_at_the_order_of_the_rows(mappings: Mappings) -> None:
    sodium, water = (f"{LOINC},{code},x,measurement,nobody asks,a file\n" for code in ("2951-2", "2160-0"))
    mappings.write("out_of_scope.csv", HEADER + sodium + water + water)
    assert [str(fault) for fault in lint_mappings(mappings.folder)] == [
        f"mappings/out_of_scope.csv:3: {LOINC}, 2160-0 stands after {LOINC}, 2951-2: not sorted",
        f"mappings/out_of_scope.csv:4: {LOINC}, 2160-0 stands twice",
    ]


def test_a_table_with_other_columns_is_refused(mappings: Mappings) -> None:
    mappings.write("out_of_scope.csv", "system,code\n")
    reason = "the columns must be system,code,display,kind,reason,source"
    assert [str(fault) for fault in lint_mappings(mappings.folder)] == [f"mappings/out_of_scope.csv:1: {reason}"]


def test_a_site_sets_its_own_codes_aside(mappings: Mappings, tmp_path: Path) -> None:
    own = tmp_path / "site"
    own.mkdir()
    (own / "out_of_scope.csv").write_text(f"{HEADER}urn:local,PAIN,Pain,measurement,nobody asks,ours\n", "utf-8")
    scope = load_scope(mappings.folder, own)
    assert scope == {Code("urn:local", "PAIN")}
    assert load_scope(mappings.folder, None) == frozenset()


# -------------------------------------------------------------------------------------------------------- the command
def concept(system: str, code: str, words: str = "") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": words}]}


def observation(category: str, code: dict[str, Any], **more: object) -> dict[str, Any]:
    named = {"category": [concept("urn:category", category)]} if category else {}
    return {"resourceType": "Observation", "id": "o", "status": "final", "code": code, **named, **more}


VITALS = observation(
    "vital-signs",
    concept(LOINC, "85354-9", "Blood pressure"),
    component=[{"code": concept("urn:local", "SYS", "systolic"), "valueQuantity": {"value": 120}}],
)
ORDER = {"resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order"}
BY_REFERENCE = ORDER | {"medicationReference": {"reference": "Medication/1"}}
DRUG = {"resourceType": "Medication", "id": "1", "code": concept(RXNORM, "2555", "cisplatin")}
LUNG = {"resourceType": "Condition", "id": "c", "code": concept(ICD10CM, "C3490", "Lung")}


@pytest.fixture
def folder(tmp_path: Path, mappings: Mappings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a bulk export: the drugs in one file, what refers to them in another, a Bundle and a note beside them."""
    monkeypatch.setenv("CDS_MAPPINGS", str(mappings.folder))
    made = tmp_path / "charts"
    (made / "more").mkdir(parents=True)
    (made / "Medication.ndjson").write_text(f"{json.dumps(DRUG)}\n{json.dumps(LUNG)}\n", "utf-8")
    orders = [BY_REFERENCE, ORDER, ORDER | {"medicationCodeableConcept": {"text": "Water"}}]
    body = "".join(f"{json.dumps(each)}\n" for each in orders)
    (made / "more" / "MedicationRequest.ndjson.gz").write_bytes(gzip.compress(body.encode()))
    results = [observation("laboratory", {**concept(LOINC, "777-3")}), VITALS, observation("", {"text": "Mood"})]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in results]}
    (made / "chart.json").write_text(json.dumps(bundle), "utf-8")
    (made / "SOURCE").write_text("not FHIR", "utf-8")
    return made


TABLE = """\
                  uses    reached       open  set aside   unmapped    known    codes  known
laboratory           1          1          0          0          0  100.0 %        1  100.0 %
vital signs          1          0          0          0          1    0.0 %        1    0.0 %
other results        1          0          0          0          1    0.0 %        1    0.0 %
medications          2          1          0          0          1   50.0 %        2   50.0 %
conditions           1          1          0          0          0  100.0 %        1  100.0 %
neoplasms            1          1          0          0          0  100.0 %        1  100.0 %
not counted, since it cannot be read what they are of: 1

vital signs: 1 unmapped code
      1  urn:local|SYS  systolic

other results: 1 unmapped code
      1  Mood  Mood

medications: 1 unmapped code
      1  Water  Water
"""


def test_the_command_reads_files_and_folders(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mappings", "coverage", str(folder)]) == 0
    assert capsys.readouterr().out == TABLE


def test_the_command_prints_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mappings", "coverage", str(folder / "chart.json"), "--json", "--top", "0"]) == 0
    told = json.loads(capsys.readouterr().out)
    counts = {"reached": 1, "open": 0, "setAside": 0, "unmapped": 0, "known": 1.0}
    assert told["unreadable"] == 0
    assert [each["sort"] for each in told["sorts"]] == ["laboratory", "vital signs", "other results"]
    assert told["sorts"][0] == {"sort": "laboratory", "uses": counts, "codes": counts, "unmapped": []}


def test_what_is_over_the_top_is_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = observation("laboratory", {"text": "Zinc"})
    (folder / "other.json").write_text(json.dumps(other), "utf-8")
    (folder / "another.json").write_text(json.dumps(observation("laboratory", {"text": "Gold"})), "utf-8")
    assert main(["mappings", "coverage", str(folder), "--top", "1"]) == 0
    assert "laboratory: 2 unmapped codes\n      1  Gold  Gold\n         and 1 more\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("none.json", "none.json: there is no such file"),
        ("empty", "empty: holds no file that ends in .json, .jsonl, .ndjson"),
    ],
)
def test_a_path_that_holds_nothing_is_told(
    tmp_path: Path, name: str, told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read_once(monkeypatch)
    (tmp_path / "empty").mkdir()
    assert main(["mappings", "coverage", str(tmp_path / name)]) == 3
    assert capsys.readouterr().err == f"trialcards: {told}\n"


# ------------------------------------------------------------------------------------------------------- real charts
MIMIC = ("mimic-iv-demo-on-fhir/MimicCondition.ndjson.gz", "mimic-iv-demo-on-fhir/MimicConditionED.ndjson.gz")
ASKED = (Sort.LABORATORY, Sort.VITAL_SIGNS, Sort.MEDICATIONS)


@pytest.mark.parametrize(
    ("paths", "seen"),
    [
        (("synthea-2021-2024",), {*ASKED}),
        (("smart-generated-sample-data-r4",), {*ASKED, Sort.NEOPLASMS}),
        (("smart-bulk-10-patients",), {Sort.MEDICATIONS, Sort.NEOPLASMS}),
        (("mcode-stu4-examples",), {*ASKED, Sort.NEOPLASMS}),
        (("mcode-trial-matching-patients",), {Sort.LABORATORY, Sort.MEDICATIONS, Sort.NEOPLASMS}),
        (MIMIC, {Sort.NEOPLASMS}),
    ],
)
def test_the_tables_know_what_real_charts_hold(shared: Path, paths: tuple[str, ...], seen: set[Sort]) -> None:
    files = chart_files([shared / "data" / "fhir" / path for path in paths])
    found = coverage_of(Entries(map(read_documents, files)), vocabulary(), load_scope(REAL))
    counts = {each.sort: each for each in found.tallies if each.sort in {*ASKED, Sort.NEOPLASMS}}
    assert set(counts) >= seen
    short = {
        sort: [(each.code, each.display, each.uses) for each in found.unmapped if each.sort is sort]
        for sort, tally in counts.items()
        if share(tally.uses) < AIMS[sort]
    }
    assert short == {}
