"""What a code maps to, and why: each answer names the row it rests on, and is the one the vocabulary gives."""

import re
from pathlib import Path
from typing import Protocol

import pytest

from cds.core.codes import ICD10CM, LOINC, NAME, RXNORM, SNOMED, Code, Coded, fault_of
from cds.core.vocabulary import Relation
from cds.terms.explain import Explanation, explain
from cds.terms.load import load_tables, vocabulary_of
from cds.terms.systems import SHORT_NAMES, code_of, short_name
from tests import shipped

REAL = Path(__file__).resolve().parents[2] / "mappings"
CLAIM = "source,source_version,verified,reviewer,reviewed_on,comment"
HEADER = f"concept_id,system,code,display,relation,match,include,{CLAIM}\n"


class Mappings(Protocol):
    folder: Path

    def write(self, name: str, text: str) -> None: ...
    def change(self, name: str, old: str, new: str) -> None: ...


def explained(mappings: Mappings, system: str, code: str, overlay: Path | None = None) -> Explanation:
    tables = load_tables(mappings.folder, overlay)
    return explain(Code(system, code), tables, vocabulary_of(tables))


def rows(found: Explanation) -> list[tuple[str, str]]:
    return [(claim.concept.id, claim.row.place) for claim in found.claims]


def near(found: Explanation) -> list[tuple[str, str, str]]:
    return [(miss.row["concept_id"], miss.row.place, miss.why) for miss in found.near]


def test_a_drug_is_told_with_its_row_and_its_classes(mappings: Mappings) -> None:
    found = explained(mappings, RXNORM, "2555")
    assert (found.known, found.fault) == (True, None)
    assert rows(found) == [("cisplatin", "mappings/codes/all.csv:2")]
    assert [each.place for each in found.claims[0].classes] == ["mappings/classes/drug_classes.csv:2"]
    assert near(found) == []


def test_a_name_and_another_spelling_of_a_system_are_looked_up_as_charts_are(mappings: Mappings) -> None:
    name = explained(mappings, NAME, " CISplatinum ")
    assert rows(name) == [("cisplatin", "mappings/codes/all.csv:3")]
    assert not name.claims[0].meaning.counts
    assert rows(explained(mappings, "urn:oid:2.16.840.1.113883.6.1", "777-3")) == [
        ("platelets", "mappings/codes/all.csv:8")
    ]


def test_a_code_is_told_by_the_beginning_that_stands_for_it(mappings: Mappings) -> None:
    found = explained(mappings, ICD10CM, "c3412")
    assert found.code == Code(ICD10CM, "C34.12")
    assert rows(found) == [("lung", "mappings/codes/all.csv:5"), ("malignant", "mappings/codes/all.csv:6")]
    assert found.claims[0].row["match"] == "prefix"


def test_broader_concepts_are_told(mappings: Mappings) -> None:
    found = explained(mappings, ICD10CM, "C78.7")
    assert [claim.broader for claim in found.claims] == [("metastasis",)]


def test_a_look_alike_is_known_and_a_near_miss(mappings: Mappings) -> None:
    found = explained(mappings, LOINC, "32623-1")
    assert (found.known, found.claims) == (True, ())
    assert near(found) == [("platelets", "mappings/codes/all.csv:7", "is stated not to be this")]


def test_a_row_that_is_only_related_is_a_near_miss(mappings: Mappings) -> None:
    mappings.change("codes/all.csv", "Platelets,exact", "Platelets,related")
    found = explained(mappings, LOINC, "777-3")
    assert (found.known, found.claims) == (True, ())
    assert near(found) == [("platelets", "mappings/codes/all.csv:8", "is something near it and never counts")]


def test_a_wider_row_gives_way_to_a_nearer_one_of_its_kind(mappings: Mappings) -> None:
    mappings.write("concepts/sites.yaml", "upper-lobe: {kind: site, display: upper lobe, broader: [lung]}\n")
    mappings.write("codes/sites.csv", HEADER + f"upper-lobe,{ICD10CM},C34.1,Upper lobe,exact,prefix,+,f,,yes,,,\n")
    found = explained(mappings, ICD10CM, "C34.11")
    assert set(rows(found)) == {("upper-lobe", "mappings/codes/sites.csv:2"), ("malignant", "mappings/codes/all.csv:6")}
    why = "is said of codes that begin with C34; a row nearer to this code goes first"
    assert near(found) == [("lung", "mappings/codes/all.csv:5", why)]


def test_rows_of_wider_codes_alone_do_not_make_a_code_known(mappings: Mappings) -> None:
    mappings.change("codes/all.csv", "C78.7,Secondary tumour of liver,exact,prefix", "C78.7,Secondary,exact,exact")
    found = explained(mappings, ICD10CM, "C78.79")
    assert (found.known, found.claims) == (False, ())
    why = "is said of the wider code C78.7 only, not of what begins so"
    assert near(found) == [("liver-metastasis", "mappings/codes/all.csv:4", why)]


def test_what_only_begins_like_a_code_is_none(mappings: Mappings) -> None:
    found = explained(mappings, ICD10CM, "C34-C39")
    assert (found.known, found.claims) == (False, ())
    assert found.fault == "not the form of a code in this system"
    assert {why for _, _, why in near(found)} == {"is said of codes that begin with C34, and this cannot be a code"}


def test_a_denied_code_below_a_beginning_says_so(mappings: Mappings) -> None:
    mappings.write("codes/more.csv", HEADER + f"lung,{ICD10CM},C34.0,Bronchus,exact,exact,-,f,,yes,,,ours\n")
    found = explained(mappings, ICD10CM, "C34.0")
    assert rows(found) == [("malignant", "mappings/codes/all.csv:6")]
    assert near(found) == [
        ("lung", "mappings/codes/more.csv:2", "is stated not to be this"),
        (
            "lung",
            "mappings/codes/all.csv:5",
            "is said of codes that begin with C34; this one is stated not to be it",
        ),
    ]


@pytest.mark.parametrize(
    ("system", "code", "fault"),
    [
        (LOINC, "718-7", None),
        (LOINC, "777-4", "the LOINC check digit is wrong"),
        (SNOMED, "1081841000119106", None),
        (SNOMED, "1081841000119100", "the SNOMED CT check digit is wrong"),
        (SNOMED, "12", "not the form of a code in this system"),
    ],
)
def test_an_unknown_code_is_told_as_such_with_what_is_wrong_with_it(
    mappings: Mappings, system: str, code: str, fault: str | None
) -> None:
    found = explained(mappings, system, code)
    assert (found.known, found.fault, found.claims, found.near) == (False, fault, (), ())


def test_what_the_overlay_took_out_is_told(mappings: Mappings, tmp_path: Path) -> None:
    (tmp_path / "site" / "codes").mkdir(parents=True)
    own = HEADER + f"karnofsky,{LOINC},777-3,Ours,exact,exact,+,ours,,yes,,,\n"
    (tmp_path / "site" / "codes" / "own.csv").write_text(own, "utf-8")
    off = f"concept_id,system,code,reason\ncisplatin,{RXNORM},2555,not here\n"
    (tmp_path / "site" / "off.csv").write_text(off, "utf-8")

    replaced = explained(mappings, LOINC, "777-3", tmp_path / "site")
    switched_off = explained(mappings, RXNORM, "2555", tmp_path / "site")

    assert rows(replaced) == [("karnofsky", "site/codes/own.csv:2")]
    assert near(replaced) == [("platelets", "mappings/codes/all.csv:8", "replaced by site/codes/own.csv:2")]
    assert rows(switched_off) == []
    assert switched_off.known
    assert near(switched_off) == [("cisplatin", "mappings/codes/all.csv:2", "switched off by site/off.csv:2: not here")]


def test_every_code_of_the_real_tables_is_explained_as_the_vocabulary_means_it() -> None:
    tables, vocabulary = shipped.tables(), shipped.vocabulary()
    asked = sorted(vocabulary.exact.keys() | vocabulary.denied.keys())[::400]
    asked += [
        Code(system, f"{start}9")
        for system, starts in sorted(vocabulary.prefixes.items())
        for start in sorted(starts)[::100]
    ]
    assert len(asked) > 20
    for code in (code for code in asked if not fault_of(code)):
        found = explain(code, tables, vocabulary)
        meanings = vocabulary.meanings(Coded((code,)))
        assert found.known
        assert [claim.meaning for claim in found.claims] == [
            each for each in meanings if each.relation is not Relation.RELATED
        ]
        assert all(claim.row["concept_id"] == claim.meaning.concept for claim in found.claims)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("loinc|777-3", Code(LOINC, "777-3")),
        (" SNOMED | 363346000 ", Code(SNOMED, "363346000")),
        (f"{RXNORM}|2555", Code(RXNORM, "2555")),
        ("name|a | b", Code(NAME, "a | b")),
        ("urn:oid:1.2|x", Code("urn:oid:1.2", "x")),
        ("our-lab|x", Code("our-lab", "x")),
    ],
)
def test_a_code_is_read_with_the_name_or_the_uri_of_its_system(text: str, code: Code) -> None:
    assert code_of(text, {"our-lab": "https://hospital.example/lab"}) == code


@pytest.mark.parametrize("text", ["777-3", "loinc|", "|777-3", "loin|777-3"])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape("code")):
        code_of(text, {})


def test_short_names_lead_there_and_back() -> None:
    assert {short_name(uri): uri for uri in SHORT_NAMES.values()} == SHORT_NAMES
    assert short_name("https://hospital.example/lab") == "https://hospital.example/lab"
