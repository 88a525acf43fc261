"""Each rule of the linter: a folder that breaks it and is told so, and the same folder unbroken."""

from pathlib import Path
from typing import Protocol

import pytest

from cds.files import Fault
from cds.terms.lint import lint_mappings

REAL = Path(__file__).resolve().parents[2] / "mappings"
CODES = "mappings/codes/all.csv"
OTHERS = "mappings/concepts/others.yaml"


class Mappings(Protocol):
    folder: Path

    def write(self, name: str, text: str) -> None: ...
    def change(self, name: str, old: str, new: str) -> None: ...


def test_a_folder_with_nothing_wrong_has_no_faults(mappings: Mappings) -> None:
    assert lint_mappings(mappings.folder) == []


def test_the_real_tables_have_no_faults() -> None:
    assert [str(fault) for fault in lint_mappings(REAL)] == []


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        pytest.param(
            "codes/all.csv",
            "lung,http://hl7.org/fhir/sid/icd-10-cm,C34,",
            "lung,http://hl7.org/fhir/sid/icd-10-cm,c34,",
            Fault(f"{CODES}:5", "write the code as C34"),
            id="codes in their usual form",
        ),
        pytest.param(
            "codes/all.csv",
            "777-3",
            "777-4",
            Fault(f"{CODES}:8", "777-4: the LOINC check digit is wrong"),
            id="check digits",
        ),
        pytest.param(
            "codes/all.csv",
            "rxnorm,2555",
            "rxnorm/,2555",
            Fault(f"{CODES}:2", "unknown code system 'http://www.nlm.nih.gov/research/umls/rxnorm/'"),
            id="known systems",
        ),
        pytest.param(
            "codes/all.csv",
            "malignant,http",
            "malign,http",
            Fault(f"{CODES}:6", "there is no concept 'malign'"),
            id="known concepts",
        ),
        pytest.param(
            "codes/all.csv",
            "2555,cisplatin,exact,exact",
            "2555,cisplatin,exact,prefix",
            Fault(f"{CODES}:2", "codes of this system do not begin alike: match must be exact"),
            id="prefixes only where codes are built so",
        ),
        pytest.param(
            "codes/all.csv",
            "2555,cisplatin,",
            "2555,,",
            Fault(f"{CODES}:2", "the display is missing"),
            id="displays",
        ),
        pytest.param(
            "codes/all.csv",
            "C78.7,Secondary tumour of liver,exact,prefix,+,a file,,yes",
            "C78.7,Secondary tumour of liver,exact,prefix,+,,,yes",
            Fault(f"{CODES}:4", "verified, but no source is named"),
            id="verified needs a source",
        ),
        pytest.param(
            "codes/all.csv",
            "Platelets,exact,exact,+,a file,,yes,,,",
            "Platelets,exact,exact,+,a file,,yes,A. Person,,",
            Fault(f"{CODES}:8", "reviewer and reviewed_on go together"),
            id="a reviewer needs a day",
        ),
        pytest.param(
            "concepts/others.yaml",
            "lung: {kind: site, display: lung}\nmalignant",
            "Lung field: {kind: site, display: lung}\nlung: {kind: site, display: lung}\nmalignant",
            Fault(f"{OTHERS}:3", "Lung field is not a lower-case slug"),
            id="ids are slugs",
        ),
        pytest.param(
            "concepts/others.yaml",
            "metastasis: {kind: condition, display: Metastases, absence: open}",
            "metastasis: {kind: condition, display: Metastases, broader: [liver-metastasis]}",
            Fault(f"{OTHERS}:5", "metastasis: broader leads back to itself"),
            id="trees have no circles",
        ),
        pytest.param(
            "concepts/others.yaml",
            "[metastasis]",
            "[lung]",
            Fault(f"{OTHERS}:2", "liver-metastasis: broader: lung is of another kind"),
            id="parents are of the same kind",
        ),
        pytest.param(
            "units.csv",
            "cell-count,10*9/L,1,UCUM,",
            "cell-count,10*9/L,1,UCUM,\ncell-count,10*9/L,1,UCUM,",
            Fault("mappings/units.csv:4", "the unit '10*9/L' stands twice for cell-count"),
            id="a unit once",
        ),
        pytest.param(
            "units.csv",
            "cell-count,K/uL,1,UCUM,",
            "cell-count,K/uL,1,UCUM,\ncell-count,k/µL,0.001,UCUM,",
            Fault("mappings/units.csv:5", "'k/µL' looks like 'K/uL' and has another factor"),
            id="spellings of one unit agree",
        ),
        pytest.param(
            "units.csv",
            "K/uL,1,UCUM",
            "K/uL,1,",
            Fault("mappings/units.csv:4", "a factor needs a source"),
            id="factors have sources",
        ),
        pytest.param(
            "units.csv",
            "K/uL,1,UCUM",
            "K/uL,about one,UCUM",
            Fault("mappings/units.csv:4", "not an exact number: 'about one'"),
            id="factors are exact",
        ),
        pytest.param(
            "classes/drug_classes.csv",
            "platinum,cisplatin",
            "platinum,lung",
            Fault("mappings/classes/drug_classes.csv:2", "'lung' is not a concept of kind ingredient"),
            id="members are ingredients",
        ),
        pytest.param(
            "classes/drug_classes.csv",
            "platinum,cisplatin",
            "lung,cisplatin",
            Fault("mappings/classes/drug_classes.csv:2", "'lung' is not a concept of kind drug-class"),
            id="classes are classes",
        ),
        pytest.param(
            "systems.csv",
            "urn:oid:2.16.840.1.113883.6.1,http://loinc.org",
            "http://loinc.org,http://loinc.org",
            Fault("mappings/systems.csv:2", "http://loinc.org is an alias of itself"),
            id="aliases lead elsewhere",
        ),
        pytest.param(
            "concepts/measurements.yaml",
            "  quantity: cell-count\n",
            "",
            Fault("mappings/concepts/measurements.yaml:11", "platelets: no units are known of the quantity ''"),
            id="measurements have units",
        ),
        pytest.param(
            "half_lives.csv",
            "dexamethasone,3",
            "platinum,3",
            Fault("mappings/half_lives.csv:3", "'platinum' is not a concept of kind ingredient"),
            id="half-lives are of ingredients",
        ),
        pytest.param(
            "half_lives.csv",
            "cisplatin,12,36,a label",
            "prednisone,2,3,a label",
            Fault("mappings/half_lives.csv:3", "dexamethasone stands after prednisone: not sorted"),
            id="half-lives are sorted",
        ),
        pytest.param(
            "half_lives.csv",
            "cisplatin,12",
            "dexamethasone,12",
            Fault("mappings/half_lives.csv:3", "dexamethasone stands twice"),
            id="one half-life of a drug",
        ),
        pytest.param(
            "half_lives.csv",
            "3,4.5",
            "4.5,3",
            Fault("mappings/half_lives.csv:3", "hours_high is less than hours_low"),
            id="half-lives go from the shortest to the longest",
        ),
        pytest.param(
            "half_lives.csv",
            "3,4.5",
            "0,4.5",
            Fault("mappings/half_lives.csv:3", "hours_low must be above nought"),
            id="half-lives are above nought",
        ),
        pytest.param(
            "half_lives.csv",
            "3,4.5,a label",
            "3,4.5,",
            Fault("mappings/half_lives.csv:3", "verified, but no source is named"),
            id="half-lives have sources",
        ),
        pytest.param(
            "dose_equivalents.csv",
            "prednisone,dexamethasone",
            "prednisone,lung",
            Fault("mappings/dose_equivalents.csv:2", "'lung' is not a concept of kind ingredient"),
            id="equivalents are of ingredients",
        ),
        pytest.param(
            "dose_equivalents.csv",
            "prednisone,prednisone,1,1",
            "prednisone,prednisone,1,2",
            Fault("mappings/dose_equivalents.csv:2", "the scale prednisone does not hold prednisone itself as 1"),
            id="a scale holds its own drug",
        ),
        pytest.param(
            "dose_equivalents.csv",
            "6.25,20/3,a paper",
            "6.25,20/3,",
            Fault("mappings/dose_equivalents.csv:2", "verified, but no source is named"),
            id="equivalents have sources",
        ),
        pytest.param(
            "dose_equivalents.csv",
            "6.25,20/3",
            "20/3,6.25",
            Fault("mappings/dose_equivalents.csv:2", "factor_high is less than factor_low"),
            id="equivalents go from the least to the most",
        ),
        pytest.param(
            "reference_ranges.csv",
            "platelets,,,18",
            "cisplatin,,,18",
            Fault("mappings/reference_ranges.csv:2", "'cisplatin' is not a concept of kind measurement"),
            id="ranges of normal are of measurements",
        ),
        pytest.param(
            "reference_ranges.csv",
            "platelets,,,18",
            "zinc,,,18",
            Fault("mappings/reference_ranges.csv:3", "platelets stands after zinc: not sorted"),
            id="ranges of normal are sorted",
        ),
        pytest.param(
            "reference_ranges.csv",
            "450,K/uL,the laboratory",
            "450,K/uL,",
            Fault("mappings/reference_ranges.csv:3", "a range of normal needs a source"),
            id="ranges of normal have sources",
        ),
        pytest.param(
            "reference_ranges.csv",
            "platelets,male,18,60",
            "platelets,female,59,60",
            Fault("mappings/reference_ranges.csv:4", "is for the same people as mappings/reference_ranges.csv:3"),
            id="one range of normal for anyone",
        ),
        pytest.param(
            "crosswalks.csv",
            "a paper,yes,",
            ",yes,",
            Fault("mappings/crosswalks.csv:2", "verified, but no source is named"),
            id="verified steps have sources",
        ),
        pytest.param(
            "concepts/measurements.yaml",
            "  answers:\n",
            '  plausible: ["1", "5"]\n  answers:\n',
            Fault("mappings/concepts/measurements.yaml:2", "ecog: the answer 'LA9622-7' scores 0: not plausible"),
            id="answers score what can be",
        ),
        pytest.param(
            "concepts/viruses.yaml",
            'quantifiable_from: "200"',
            'quantifiable_from: "0"',
            Fault(
                "mappings/concepts/viruses.yaml:2",
                "hiv-viral-load: quantifiable_from must be above nought and plausible",
            ),
            id="what assays can measure is above nought",
        ),
        pytest.param(
            "concepts/viruses.yaml",
            'quantifiable_from: "200"',
            'quantifiable_from: "2000000000"',
            Fault(
                "mappings/concepts/viruses.yaml:2",
                "hiv-viral-load: quantifiable_from must be above nought and plausible",
            ),
            id="what assays can measure is plausible",
        ),
    ],
)
def test_a_broken_rule_is_told_with_its_place(mappings: Mappings, file: str, old: str, new: str, fault: Fault) -> None:
    mappings.change(file, old, new)
    assert fault in lint_mappings(mappings.folder)


def add(mappings: Mappings, row: str) -> None:
    """Put a code row at the end of the table."""
    path = mappings.folder / "codes/all.csv"
    mappings.write("codes/all.csv", path.read_text(encoding="utf-8") + row + "\n")


def test_rows_out_of_order_are_told(mappings: Mappings) -> None:
    add(mappings, "lung,http://snomed.info/sct,39607008,Lung,exact,exact,+,a file,,yes,,,")
    assert lint_mappings(mappings.folder) == [
        Fault(
            f"{CODES}:9",
            "lung, http://snomed.info/sct, 39607008 stands after platelets, http://loinc.org, 777-3: not sorted",
        )
    ]


def test_a_row_that_stands_twice_is_told(mappings: Mappings) -> None:
    add(mappings, "platelets,http://loinc.org,777-3,Platelets,exact,exact,+,a file,,yes,,,")
    assert lint_mappings(mappings.folder) == [Fault(f"{CODES}:9", "platelets, http://loinc.org, 777-3 stands twice")]


def test_a_code_that_is_and_is_not_a_concept_is_told(mappings: Mappings) -> None:
    add(mappings, "platelets,http://loinc.org,777-3,Platelets,exact,exact,-,a file,,yes,,,")
    assert lint_mappings(mappings.folder) == [Fault(f"{CODES}:9", f"777-3 is and is not platelets: see {CODES}:8")]


def test_a_code_that_means_two_things_of_one_kind_is_told_also_across_files(mappings: Mappings) -> None:
    header = (mappings.folder / "codes/all.csv").read_text(encoding="utf-8").splitlines()[0]
    row = "karnofsky,http://loinc.org,777-3,Platelets,exact,exact,+,a file,,yes,,,"
    mappings.write("codes/more.csv", f"{header}\n{row}\n")
    assert lint_mappings(mappings.folder) == [
        Fault("mappings/codes/more.csv:2", f"777-3 is karnofsky here and platelets at {CODES}:8")
    ]


@pytest.mark.parametrize(
    ("relation", "told"), [("exact", True), ("narrow", True), ("broad", False), ("related", False)]
)
def test_only_claims_that_count_can_be_at_odds(mappings: Mappings, relation: str, told: bool) -> None:  # noqa: FBT001
    header = (mappings.folder / "codes/all.csv").read_text(encoding="utf-8").splitlines()[0]
    row = f"karnofsky,http://loinc.org,777-3,Platelets,{relation},exact,+,a file,,yes,,,"
    mappings.write("codes/more.csv", f"{header}\n{row}\n")
    assert bool(lint_mappings(mappings.folder)) is told


def test_one_code_may_name_several_ingredients(mappings: Mappings) -> None:
    mappings.change("concepts/others.yaml", "cisplatin: {", "carboplatin: {kind: ingredient, display: C}\ncisplatin: {")
    mappings.change(
        "codes/all.csv",
        "cisplatin,http://www",
        "carboplatin,http://www.nlm.nih.gov/research/umls/rxnorm,2555,Both,exact,exact,+,a file,,yes,,,\ncisplatin,http://www",
    )
    assert lint_mappings(mappings.folder) == []


def test_concepts_out_of_order_are_told(mappings: Mappings) -> None:
    text = (mappings.folder / "concepts/others.yaml").read_text(encoding="utf-8")
    mappings.write("concepts/others.yaml", text + "lymph-node: {kind: site, display: lymph node}\n")
    assert lint_mappings(mappings.folder) == [Fault(f"{OTHERS}:7", "lymph-node stands after platinum: not sorted")]


def test_a_concept_in_two_files_is_told(mappings: Mappings) -> None:
    mappings.write("concepts/zz.yaml", "lung: {kind: site, display: lung}\n")
    assert lint_mappings(mappings.folder) == [
        Fault("mappings/concepts/zz.yaml:1", f"lung is defined twice, first in {OTHERS}:3")
    ]


def test_foreign_line_ends_are_told(mappings: Mappings) -> None:
    text = (mappings.folder / "systems.csv").read_text(encoding="utf-8")
    mappings.write("systems.csv", text.replace("\n", "\r\n"))
    assert lint_mappings(mappings.folder) == [Fault("mappings/systems.csv", "lines must end in LF alone")]


def test_faults_come_file_by_file_and_line_by_line(mappings: Mappings) -> None:
    for code in range(10):
        add(mappings, f"platelets,http://loinc.org,9{code},Wrong,exact,exact,+,a file,,yes,,,")
    places = [fault.place for fault in lint_mappings(mappings.folder)]
    assert places == [f"{CODES}:{line}" for line in range(9, 19)]


def test_a_table_that_cannot_be_read_does_not_hide_the_others(mappings: Mappings) -> None:
    mappings.write("crosswalks.csv", "wrong,header\n")
    mappings.change("units.csv", "K/uL,1,UCUM", "K/uL,1,")
    places = {fault.place for fault in lint_mappings(mappings.folder)}
    assert places == {"mappings/crosswalks.csv:1", "mappings/units.csv:4"}


@pytest.mark.parametrize("name", ["half_lives.csv", "dose_equivalents.csv", "reference_ranges.csv"])
def test_tables_that_need_not_be_there_are_not_missed(mappings: Mappings, name: str) -> None:
    (mappings.folder / name).unlink()
    assert lint_mappings(mappings.folder) == []
