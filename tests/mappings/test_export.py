"""The tables as FHIR: valid by the letter of R4, and the value sets hold exactly the codes that count."""

import re
from bisect import bisect_left
from collections import defaultdict
from functools import cache
from itertools import islice, takewhile
from typing import Any

import pytest

from cds.core.codes import LOINC, NOT_SENT, Code, Coded, fault_of
from cds.fhir.strict import check_file
from cds.terms.export import Frame, resources_of
from cds.terms.load import load_tables, vocabulary_of
from tests.shipped import MAPPINGS, tables, vocabulary

Json = dict[str, Any]
FRAME = Frame("https://example.org/fhir", "1.2.3")
CONCEPTS = "https://example.org/fhir/CodeSystem/concepts"


@cache
def exported() -> tuple[Json, ...]:
    return tuple(resources_of(tables(), vocabulary(), FRAME))


def of_type(name: str) -> dict[str, Json]:
    return {each["id"]: each for each in exported() if each["resourceType"] == name}


def test_every_resource_is_valid_by_the_letter() -> None:
    assert check_file(exported()) == []
    assert {each["resourceType"] for each in exported()} == {"CodeSystem", "ValueSet", "ConceptMap"}


def test_ids_are_ids_names_are_names_and_urls_are_their_own() -> None:
    places = [(each["resourceType"], each["id"]) for each in exported()]
    assert len(set(places)) == len(places)
    for each in exported():
        assert re.fullmatch(r"[A-Za-z0-9.-]{1,64}", each["id"])
        assert re.fullmatch(r"[A-Z][A-Za-z0-9_]{1,254}", each["name"])
        assert each["url"] == f"https://example.org/fhir/{each['resourceType']}/{each['id']}"
        assert (each["version"], each["status"]) == ("1.2.3", "draft")
        assert "date" not in each


def test_invariants_that_the_models_do_not_check() -> None:
    """Source: https://hl7.org/fhir/R4/valueset.html (vsd-1, vsd-2, vsd-3), conceptmap.html (cmd-1)."""
    for value_set in of_type("ValueSet").values():
        for part in (*value_set["compose"]["include"], *value_set["compose"].get("exclude", ())):
            assert part.keys() in ({"system", "concept"}, {"system", "filter"}, {"valueSet"})
    for concept_map in of_type("ConceptMap").values():
        for element in concept_map["group"][0]["element"]:
            assert all(each.get("comment") for each in element["target"] if each["equivalence"] == "narrower")


# ---------------------------------------------------------------------------------------------------------- value sets
_MORE = ("", "0", "9", "09", "X", ".0", ".9", ".09", "A", "01")


@cache
def universe() -> frozenset[Code]:
    """Every code of the tables, and below every beginning made-up ones of good form, one to three signs longer."""
    starts = {Code(system, value) for system, rows in vocabulary().prefixes.items() for value in rows}
    longer = {Code(each.system, each.value + more) for each in starts for more in _MORE}
    codes = {*vocabulary().exact, *vocabulary().denied, *longer}
    return frozenset(
        code
        for code in codes
        if code.system not in NOT_SENT and fault_of(code) is None and vocabulary().canonical(code) == code
    )


def part_of(part: Json) -> frozenset[Code]:
    if "valueSet" in part:
        return frozenset[Code]().union(*(expansion(url.rpartition("/")[2]) for url in part["valueSet"]))
    if "concept" in part:
        return frozenset(Code(part["system"], each["code"]) for each in part["concept"])
    (only,) = part["filter"]
    assert (only["property"], only["op"]) == ("concept", "is-a")
    return below(Code(part["system"], only["value"]))


@cache
def below(start: Code) -> frozenset[Code]:
    values = of_system(start.system)
    found = takewhile(
        lambda value: value.startswith(start.value), islice(values, bisect_left(values, start.value), None)
    )
    return frozenset(Code(start.system, value) for value in found)


@cache
def of_system(system: str) -> tuple[str, ...]:
    return tuple(sorted(code.value for code in universe() if code.system == system))


@cache
def expansion(name: str) -> frozenset[Code]:
    compose = of_value_set(name)["compose"]
    within, without = (map(part_of, compose.get(key, ())) for key in ("include", "exclude"))
    return frozenset[Code]().union(*within) - frozenset[Code]().union(*without)


@cache
def value_sets() -> dict[str, Json]:
    return of_type("ValueSet")


def of_value_set(name: str) -> Json:
    return value_sets()[name]


def reach(name: str) -> set[str]:
    """Give what counts for a concept: itself, all that is narrower, and the verified members of classes among these."""
    found: set[str] = set()
    waiting = {name}
    while waiting:
        concept = waiting.pop()
        if concept not in found:
            found.add(concept)
            members = vocabulary().members.get(concept, {})
            waiting |= vocabulary().narrower((concept,)) | {each for each, verified in members.items() if verified}
    return found


def test_a_value_set_holds_exactly_the_codes_that_count() -> None:
    counting: dict[str, set[Code]] = defaultdict(set)
    for code in universe():
        for meaning in vocabulary().meanings(Coded((code,))):
            if meaning.counts:
                counting[meaning.concept].add(code)
    expected = {name: set[Code]().union(*(counting[each] for each in reach(name))) for name in vocabulary().concepts}
    wrong = {name for name, codes in expected.items() if codes != (expansion(name) if name in value_sets() else set())}
    assert wrong == set()
    apart = {name for name in value_sets() if name.endswith(".itself")}
    assert value_sets().keys() - apart == {name for name, codes in expected.items() if codes}


def test_they_expand_the_same_where_exclusions_reach_beyond_their_own_set() -> None:
    """HAPI takes what an included set excludes away from all codes so far; `tests/live` has it do so."""
    wrong = {name for name in value_sets() if collected(name, set()) != expansion(name)}
    assert wrong == set()


def collected(name: str, so_far: set[Code]) -> set[Code]:
    compose = of_value_set(name)["compose"]
    for part in compose["include"]:
        for url in part.get("valueSet", ()):
            collected(url.rpartition("/")[2], so_far)
        if "system" in part:
            so_far |= part_of(part)
    for part in compose.get("exclude", ()):
        so_far -= part_of(part)
    return so_far


def test_look_alikes_are_excluded_by_name() -> None:
    neutrophils = of_value_set("absolute-neutrophil-count")["compose"]
    (excluded,) = (each for each in neutrophils["exclude"] if each["system"] == LOINC)
    assert "770-8" in {each["code"] for each in excluded["concept"]}
    assert all(each["display"] for each in excluded["concept"])


# -------------------------------------------------------------------------------------------------------- concept maps
def targets(system: str, code: str) -> dict[str, str]:
    (group,) = of_type("ConceptMap")[system]["group"]
    assert group["target"] == CONCEPTS
    elements = [each for each in group["element"] if each["code"] == code]
    return {target["code"]: target["equivalence"] for element in elements for target in element["target"]}


@pytest.mark.parametrize(
    ("relation", "include", "equivalence"),
    [
        ("exact", "+", "equivalent"),
        ("narrow", "+", "wider"),
        ("broad", "+", "narrower"),
        ("related", "+", "relatedto"),
        ("related", "-", "disjoint"),
        ("exact", "-", "disjoint"),
    ],
)
def test_rows_become_targets_by_their_relation(relation: str, include: str, equivalence: str) -> None:
    """Of R4's two sides, the equivalence tells the target's: a concept is *wider* than a code within it."""
    rows = [
        row
        for rows in tables().codes.values()
        for row in rows
        if (row["relation"], row["include"], row["verified"], row["system"]) == (relation, include, "yes", LOINC)
    ]
    for row in rows:
        assert targets("loinc", row["code"])[row["concept_id"]] == equivalence
    assert rows or (relation, include) == ("related", "-")


def test_verified_rows_are_told_and_no_others() -> None:
    rows = [row for rows in tables().codes.values() for row in rows if row["system"] not in NOT_SENT]
    told = {
        (group["source"], element["code"], target["code"])
        for each in of_type("ConceptMap").values()
        for group in each["group"]
        for element in group["element"]
        for target in element["target"]
    }
    assert told == {(row["system"], row["code"], row["concept_id"]) for row in rows if row["verified"] == "yes"}


def test_the_code_system_tells_every_concept_with_kind_and_parents() -> None:
    (system,) = of_type("CodeSystem").values()
    assert system["url"] == CONCEPTS
    assert [each["code"] for each in system["concept"]] == sorted(vocabulary().concepts)
    told = {
        each["code"]: {part["valueCode"] for part in each["property"] if part["code"] == "parent"}
        for each in system["concept"]
    }
    assert told == {name: set(concept.broader) for name, concept in vocabulary().concepts.items()}


def test_the_same_tables_give_the_same_resources() -> None:
    again = load_tables(MAPPINGS)
    assert tuple(resources_of(again, vocabulary_of(again), FRAME)) == exported()
    again.codes = dict(reversed(again.codes.items()))
    assert tuple(resources_of(again, vocabulary_of(again), FRAME)) == exported()
