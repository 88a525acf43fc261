"""What ``mappings export`` writes is taken by a real server, and the server answers by it as the tables say."""

from collections import defaultdict

import pytest

from cds.core.codes import ICD10CM, LOINC, Code
from tests.live.hapi import Hapi, Json
from tests.live.terminology import BASE, codes_in, counting, universe
from tests.live.terminology import exported as resources
from tests.shipped import tables, vocabulary

pytestmark = pytest.mark.live

EXPANDED = (
    "platelets",
    "absolute-neutrophil-count",
    "creatinine",
    "carboplatin",
    "platinum",
    "anti-pd-1",
    "radiotherapy",
    "hypertension",
    "pancreas",
    "lung",
    "digestive-system",
    "small-cell-carcinoma",
    "neuroendocrine-carcinoma",
    "malignant",
)
NEWER = {"ORINHL", "RESPINHL"}
"""Routes that HL7 gave codes after R4 was published; the server knows R4's list."""


def of_type(name: str) -> list[Json]:
    return [each for each in resources() if each["resourceType"] == name]


def test_every_resource_is_accepted(exported: dict[str, str]) -> None:
    assert set(exported.values()) == {"201 Created"}
    assert len(exported) == len(resources()) > 1000


def test_the_validator_finds_no_error(hapi: Hapi, exported: dict[str, str]) -> None:
    assert exported
    checked = [*of_type("CodeSystem"), *of_type("ConceptMap"), *of_type("ValueSet")[::12]]
    wrong = [(each["id"], fault) for each in checked for fault in errors(hapi, each)]
    assert [each for each in wrong if not any(code in each[1] for code in NEWER)] == []


def errors(hapi: Hapi, resource: Json) -> list[str]:
    told = hapi.post(f"{resource['resourceType']}/$validate", resource)
    return [each["diagnostics"] for each in told["issue"] if each["severity"] in {"error", "fatal"}]


def test_the_validator_finds_what_is_wrong(hapi: Hapi) -> None:
    """So that the test before this one can fail."""
    broken = {name: part for name, part in of_type("ValueSet")[0].items() if name != "status"}
    assert any("ValueSet.status" in each for each in errors(hapi, broken))


@pytest.mark.parametrize("concept", EXPANDED)
def test_a_value_set_expands_to_the_codes_that_count(hapi: Hapi, exported: dict[str, str], concept: str) -> None:
    assert f"ValueSet/{concept}" in exported
    told = codes_in(hapi.ask("ValueSet/$expand", url=f"{BASE}/ValueSet/{concept}", count="50000"))
    assert told == counting(concept)
    assert told


def test_neoplasms_by_their_beginnings_too(hapi: Hapi, exported: dict[str, str]) -> None:
    """The export says of ICD codes only where they begin; what the server holds below is found."""
    assert exported
    told = codes_in(hapi.ask("ValueSet/$expand", url=f"{BASE}/ValueSet/lung", count="50000"))
    found = {each.value for each in told if each.system == ICD10CM}
    assert {"C34.11", "C34.92"} <= found
    assert not any(each.startswith("C78") for each in found)


@pytest.mark.parametrize(
    ("concept", "code", "within"),
    [
        ("platelets", "777-3", True),
        ("platelets", "2160-0", False),
        ("absolute-neutrophil-count", "751-8", True),
        ("absolute-neutrophil-count", "770-8", False),
    ],
)
def test_one_code_is_told_apart(
    hapi: Hapi,
    exported: dict[str, str],
    concept: str,
    code: str,
    within: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert exported
    asked = {"url": f"{BASE}/ValueSet/{concept}", "system": LOINC, "code": code}
    (told,) = (each for each in hapi.ask("ValueSet/$validate-code", **asked)["parameter"] if each["name"] == "result")
    assert told["valueBoolean"] is within
    assert any(each.value == code for each in counting(concept)) is within


EQUIVALENCE = {"exact": "equivalent", "narrow": "wider", "broad": "narrower", "related": "relatedto"}


def rows_of(system: str) -> dict[str, set[tuple[str, str]]]:
    """Give what the verified rows of one code system say, by code: the concept, and R4's word for the relation."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in (row for rows in tables().codes.values() for row in rows):
        if (row["system"], row["verified"]) == (system, "yes"):
            word = "disjoint" if row["include"] == "-" else EQUIVALENCE[row["relation"]]
            found[vocabulary().canonical(Code(system, row["code"])).value].add((row["concept_id"], word))
    return found


def test_concept_maps_translate_as_the_rows_say(hapi: Hapi, exported: dict[str, str]) -> None:
    """Of each code system one code for each relation that its rows have."""
    assert exported
    told, expected = {}, {}
    for name, source in ((each["id"], each["group"][0]["source"]) for each in of_type("ConceptMap")):
        rows = rows_of(source)
        first = {word: code for code, said in sorted(rows.items(), reverse=True) for _, word in said}
        for code in (*first.values(), "no-such-code"):
            told[name, code] = translated(hapi, name, source, code)
            expected[name, code] = rows.get(code, set())
    assert told == expected
    assert len(told) > 20


def translated(hapi: Hapi, name: str, system: str, code: str) -> set[tuple[str, str]]:
    told = hapi.ask("ConceptMap/$translate", url=f"{BASE}/ConceptMap/{name}", system=system, code=code)
    matches = [{part["name"]: part for part in each["part"]} for each in told["parameter"] if each["name"] == "match"]
    return {(each["concept"]["valueCoding"]["code"], each["equivalence"]["valueCode"]) for each in matches}


def test_what_is_compared_is_not_little() -> None:
    assert len(universe()) > 5000
