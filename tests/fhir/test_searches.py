import re
from fractions import Fraction

import pytest

from cds.core.chart import Kind
from cds.core.codes import LOINC, NAME, RXNORM, Code
from cds.core.finding import Wanted
from cds.core.vocabulary import Concept, ConceptKind, Meaning, Scale, Vocabulary
from cds.fhir.searches import Search, searches_for, settling_search


def measured(name: str, category: str | None) -> Concept:
    return Concept(name, ConceptKind.MEASUREMENT, name, scale=Scale("1", factors={"1": Fraction(1)}, category=category))


CONCEPTS = [
    measured("platelets", "laboratory"),
    measured("weight", "vital-signs"),
    measured("ecog", None),
    *(measured(f"score-{number}", "survey") for number in range(30)),
    Concept("platinum", ConceptKind.DRUG_CLASS, "platinum"),
    Concept("cisplatin", ConceptKind.INGREDIENT, "cisplatin"),
]
CODES = {
    Code(LOINC, "777-3"): "platelets",
    Code(LOINC, "89247-1"): "ecog",
    Code(RXNORM, "2555"): "cisplatin",
    Code(NAME, "cisplatin"): "cisplatin",
} | {Code(LOINC, f"{number}-0"): f"score-{number}" for number in range(30)}
VOCABULARY = Vocabulary(
    {each.id: each for each in CONCEPTS},
    exact={code: (Meaning(concept),) for code, concept in CODES.items()},
    members={"platinum": {"cisplatin": True}},
)


def test_only_what_is_needed_is_asked_for_and_the_patient_always() -> None:
    assert [each.key for each in searches_for({}, VOCABULARY)] == ["patient"]
    needs = {Kind.CONDITION: frozenset({"x"}), Kind.MEASUREMENT: frozenset({"platelets", "ecog"})}
    assert [(each.key, each.template) for each in searches_for(needs, VOCABULARY)] == [
        ("patient", "Patient/{{context.patientId}}"),
        ("conditions", "Condition?patient={{context.patientId}}"),
        ("laboratory", "Observation?patient={{context.patientId}}&category=laboratory"),
        ("scores", "Observation?patient={{context.patientId}}&code=http://loinc.org|89247-1"),
    ]


ALL = searches_for(
    {kind: frozenset({"x"}) for kind in Kind if kind is not Kind.MEASUREMENT}
    | {Kind.MEASUREMENT: frozenset({"weight", "platelets", *(f"score-{number}" for number in range(30))})},
    VOCABULARY,
)


def test_codes_are_listed_twenty_at_a_time() -> None:
    counts = {each.key: each.template.count("|") for each in ALL if each.key.startswith("scores")}
    assert counts == {"scores": 20, "scores2": 10}


def test_keys() -> None:
    assert {each.key for each in ALL} == {
        "patient",
        "conditions",
        "laboratory",
        "vitalSigns",
        "scores",
        "scores2",
        "medicationStatements",
        "medicationRequests",
        "medicationAdministrations",
        "medicationDispenses",
        "procedures",
        "immunizations",
        "allergies",
    }


@pytest.mark.parametrize("search", ALL, ids=lambda search: search.key)
def test_templates_keep_to_what_cds_hooks_recommends(search: Search) -> None:
    """Reference notes C1 to C7: one kind of token, instance reads and plain type searches, no parameter twice."""
    assert re.findall(r"{{(.*?)}}", search.template) == ["context.patientId"]
    _, _, query = search.template.partition("?")
    names = [pair.partition("=")[0] for pair in query.split("&") if pair]
    assert set(names) <= {"patient", "category", "code"}
    assert len(names) == len(set(names))
    assert " " not in search.template


def test_urls_quote_the_patient_and_ask_for_large_pages() -> None:
    by_key = {each.key: each for each in ALL}
    assert by_key["patient"].url("a/b?c") == "Patient/a%2Fb%3Fc"
    assert by_key["laboratory"].url("a&b") == "Observation?patient=a%26b&category=laboratory&_count=200"
    assert by_key["medicationRequests"].url("1").endswith("&_count=200&_include=MedicationRequest:medication")
    assert by_key["medicationRequests"].plain_url("1") == "MedicationRequest?patient=1"
    assert by_key["scores2"].plain_url("1").startswith("Observation?patient=1&code=http://loinc.org%7C")


@pytest.mark.parametrize(
    ("kind", "concept", "expected"),
    [
        (Kind.MEASUREMENT, "platelets", "Observation?code=http://loinc.org|777-3"),
        (Kind.MEDICATION, "platinum", f"MedicationStatement?code={RXNORM}|2555"),
        (Kind.MEASUREMENT, "weight", None),
        (Kind.PERSON, "platelets", None),
        (None, "platelets", None),
    ],
)
def test_what_would_settle_an_unknown(kind: Kind | None, concept: str, expected: str | None) -> None:
    assert settling_search(Wanted("?", kind, (concept,)), VOCABULARY) == expected


def test_searches_by_category_know_the_codes_of_what_is_wanted_and_of_the_panels_that_hold_them() -> None:
    pressure = Vocabulary(
        {"systolic": measured("systolic", "vital-signs")},
        exact={Code(LOINC, "8480-6"): (Meaning("systolic"),)},
    )
    (_, vital_signs) = searches_for({Kind.MEASUREMENT: frozenset({"systolic"})}, pressure)
    assert vital_signs.params == (("category", "vital-signs"),)
    assert vital_signs.codes == tuple(f"{LOINC}|{number}" for number in ("8480-6", "85354-9", "55284-4"))
    by_key = {each.key: each for each in ALL}
    assert by_key["laboratory"].codes == (f"{LOINC}|777-3",)
    assert len(by_key["scores"].codes) == 20
