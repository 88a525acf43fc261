"""The counts of the tables: what may settle a finding, each code once, and everything else apart."""

from pathlib import Path
from typing import Protocol

import pytest

from cds.core.vocabulary import ConceptKind
from cds.terms.load import load_tables
from cds.terms.stats import KindCount, Stats, stats_of
from cds.terms.tables import Tables

REAL = Path(__file__).resolve().parents[2] / "mappings"
PLATELETS = "platelets,http://loinc.org,777-3,Platelets,exact,exact,+,a file,,yes,,,\n"


class Mappings(Protocol):
    folder: Path

    def write(self, name: str, text: str) -> None: ...
    def change(self, name: str, old: str, new: str) -> None: ...


def counted(mappings: Mappings, overlay: Path | None = None) -> Stats:
    return stats_of(load_tables(mappings.folder, overlay))


def of(found: Stats, kind: ConceptKind) -> KindCount:
    (count,) = (each for each in found.kinds if each.kind is kind)
    return count


def test_every_kind_is_counted(mappings: Mappings) -> None:
    assert [each.kind for each in counted(mappings).kinds] == list(ConceptKind)


def test_only_verified_codes_are_counted_as_codes(mappings: Mappings) -> None:
    found = counted(mappings)
    assert of(found, ConceptKind.MEASUREMENT) == KindCount(
        ConceptKind.MEASUREMENT, concepts=4, coded=1, codes={"loinc": 1}, vague=0, unverified=0, look_alikes=1
    )
    assert of(found, ConceptKind.INGREDIENT) == KindCount(
        ConceptKind.INGREDIENT, concepts=3, coded=1, codes={"rxnorm": 1}, vague=0, unverified=1, look_alikes=0
    )
    assert (found.measured_with_loinc, found.ingredients_with_rxnorm) == (1, 1)
    assert (found.classes, found.members, found.unverified_members) == (1, 1, 0)
    assert (found.units, found.quantities) == (6, 3)


def test_a_code_of_two_concepts_of_a_kind_is_one_code(mappings: Mappings) -> None:
    mappings.write(
        "codes/mixed.csv",
        (mappings.folder / "codes" / "all.csv").read_text("utf-8").splitlines()[0]
        + "\ncisplatin,name,Both,b,narrow,exact,+,f,,yes,,,\ndexamethasone,name,both,b,narrow,exact,+,f,,yes,,,\n",
    )
    assert of(counted(mappings), ConceptKind.INGREDIENT).codes == {"name": 1, "rxnorm": 1}


@pytest.mark.parametrize(
    ("old", "new", "vague", "unverified"),
    [
        ("Platelets,exact", "Platelets,broad", 1, 0),
        ("Platelets,exact", "Platelets,related", 1, 0),
        ("a file,,yes", "a file,,no", 0, 1),
    ],
)
def test_what_can_only_leave_a_finding_unknown_is_counted_apart(
    mappings: Mappings, old: str, new: str, vague: int, unverified: int
) -> None:
    mappings.change("codes/all.csv", PLATELETS, PLATELETS.replace(old, new))
    found = counted(mappings)
    measured = of(found, ConceptKind.MEASUREMENT)
    assert (measured.codes, measured.coded, measured.vague, measured.unverified) == ({}, 0, vague, unverified)
    assert found.measured_with_loinc == 0


def test_a_class_without_a_verified_member_is_not_counted(mappings: Mappings) -> None:
    mappings.change("classes/drug_classes.csv", "L01XA,yes", "L01XA,no")
    found = counted(mappings)
    assert (found.classes, found.members, found.unverified_members) == (0, 0, 1)


def test_the_overlay_is_counted_with_the_tables(mappings: Mappings, tmp_path: Path) -> None:
    header = (mappings.folder / "codes" / "all.csv").read_text("utf-8").splitlines()[0]
    site = tmp_path / "site"
    (site / "codes").mkdir(parents=True)
    (site / "codes" / "own.csv").write_text(
        f"{header}\nplatelets,https://hospital.example/lab,PLT,Platelets,exact,exact,+,ours,,yes,,,\n", "utf-8"
    )
    (site / "off.csv").write_text("concept_id,system,code,reason\nplatelets,http://loinc.org,777-3,x\n", "utf-8")
    assert of(counted(mappings, site), ConceptKind.MEASUREMENT).codes == {"https://hospital.example/lab": 1}


def test_the_real_tables_are_counted_as_they_are_read(tables: Tables) -> None:
    found = stats_of(tables)
    measured, drugs = of(found, ConceptKind.MEASUREMENT), of(found, ConceptKind.INGREDIENT)
    assert 0 < found.measured_with_loinc <= measured.coded <= measured.concepts
    assert 0 < found.ingredients_with_rxnorm <= drugs.coded <= drugs.concepts
    assert 0 < found.classes <= of(found, ConceptKind.DRUG_CLASS).concepts
