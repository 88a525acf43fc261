"""Every code of the tables against what its own system says: check digits, CDC's lists of diagnoses and of vaccines.

The check digits are worked out here a second way, so that a fault of the linter's cannot hide itself.
"""

import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from cds.core.codes import CVX, ICD10CM, LOINC, SNOMED, VARIANT, Code, fault_of
from cds.core.vocabulary import Vocabulary
from cds.files import Row
from cds.terms.tables import Tables

_ROUND = "0123456789"
_TIMES = [
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
]
"""Verhoeff's multiplication: row times column."""
_STEPS = [_ROUND, "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258"]
"""Verhoeff's permutations, by the place of a digit counted from the right."""


def loinc_holds(code: str) -> bool:
    """Mod 10 as the LOINC manual tells it: from the right, every first digit doubled, then all digits added up."""
    number, _, check = code.partition("-")
    doubled = "".join(str(int(digit) * 2) if place % 2 == 0 else digit for place, digit in enumerate(reversed(number)))
    return -sum(map(int, doubled)) % 10 == int(check)


def snomed_holds(code: str) -> bool:
    left = 0
    for place, digit in enumerate(reversed(code)):
        left = int(_TIMES[left][int(_STEPS[place % 8][int(digit)])])
    return left == 0


def rows_of(tables: Tables, system: str) -> Iterator[Row]:
    return (row for rows in tables.codes.values() for row in rows if row["system"] == system)


def test_the_check_digits_of_known_codes() -> None:
    assert [loinc_holds(code) for code in ("777-3", "777-4", "75666-5", "75666-8")] == [True, False, False, True]
    assert [snomed_holds(code) for code in ("302837001", "302837002", "1081841000119106")] == [True, False, True]


def test_every_loinc_number_ends_in_its_check_digit(tables: Tables) -> None:
    rows = [row for row in rows_of(tables, LOINC) if row["code"][0].isdigit()]
    assert rows
    assert [row.place for row in rows if not loinc_holds(row["code"])] == []


def test_every_snomed_ct_id_ends_in_its_check_digit(tables: Tables, vocabulary: Vocabulary) -> None:
    rows = list(rows_of(tables, SNOMED))
    assert rows
    assert [row.place for row in rows if not snomed_holds(row["code"])] == []
    scales = [concept.scale for concept in vocabulary.concepts.values() if concept.scale is not None]
    answers = {code.value for scale in scales for code in scale.answers if code.system == SNOMED}
    assert [code for code in sorted(answers) if not snomed_holds(code)] == []


def test_every_code_has_the_form_of_its_system(tables: Tables) -> None:
    rows = [row for rows in tables.codes.values() for row in rows if row["match"] == "exact"]
    faults = {row.place: fault_of(Code(row["system"], row["code"])) for row in rows}
    assert {place: fault for place, fault in faults.items() if fault} == {}


@pytest.fixture(scope="module")
def icd10cm() -> Mapping[str, str]:
    """CDC's tabular list, code and text: the file in simple-icd-10-cm, without the tree it makes of it (slow)."""
    spec = find_spec("simple_icd_10_cm")
    assert spec is not None
    assert spec.origin is not None
    (file,) = (Path(spec.origin).parent / "data").glob("*.xml")
    tree = ET.parse(file)  # noqa: S314 - a file of a package that the lock file pins by its hash
    return {node.findtext("name", ""): node.findtext("desc", "") for node in tree.iter("diag")}


def test_every_icd_10_cm_code_is_in_cdcs_list_and_shows_its_text(tables: Tables, icd10cm: Mapping[str, str]) -> None:
    rows = list(rows_of(tables, ICD10CM))
    assert rows
    told = {row.place: (row["code"], row["display"]) for row in rows if icd10cm.get(row["code"]) != row["display"]}
    assert told == {}


@pytest.mark.parametrize("code", ["I64", "Z22.51"])
def test_codes_that_are_remembered_and_do_not_exist(
    code: str, icd10cm: Mapping[str, str], vocabulary: Vocabulary
) -> None:
    assert code not in icd10cm
    assert Code(ICD10CM, code) not in vocabulary.exact
    assert code not in vocabulary.prefixes[ICD10CM]


def test_every_vaccine_code_is_in_cdcs_list(tables: Tables, shared: Path) -> None:
    tree = ET.parse(shared / "terms" / "raw" / "cdc_cvx.xml")  # noqa: S314 - CDC's file, laid there by us
    known = {node.findtext("CVXCode", "").strip() for node in tree.getroot()}
    rows = list(rows_of(tables, CVX))
    assert rows
    assert [row.place for row in rows if row["code"] not in known] == []


def test_a_code_has_one_counting_concept_of_a_kind(tables: Tables, vocabulary: Vocabulary) -> None:
    """Combined preparations name several drugs, vaccines or substances, a variant answers several questions.

    Everything else that has two is a mistake.
    """
    several = {"ingredient", "vaccine", "substance"}
    claims: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in (row for rows in tables.codes.values() for row in rows):
        kind = vocabulary.concepts[row["concept_id"]].kind.value
        one = kind not in several and row["system"] != VARIANT
        if row["include"] == "+" and row["relation"] in {"exact", "narrow"} and one:
            claims[row["system"], row["code"].casefold(), kind].add(row["concept_id"])
    assert {claim: concepts for claim, concepts in claims.items() if len(concepts) > 1} == {}
