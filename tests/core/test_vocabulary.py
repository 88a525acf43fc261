"""What codes mean: own rows before prefixes, longer prefixes before shorter, and what a code is stated not to be."""

from cds.core.codes import ICD10CM, Code, Coded
from cds.core.vocabulary import Concept, ConceptKind, Meaning, Relation, Vocabulary

CONCEPTS = {
    name: Concept(name, kind, name, broader)
    for name, kind, broader in (
        ("thorax", ConceptKind.SITE, ()),
        ("lung", ConceptKind.SITE, ("thorax",)),
        ("trachea", ConceptKind.SITE, ("thorax",)),
        ("malignant", ConceptKind.BEHAVIOUR, ()),
        ("history", ConceptKind.CONDITION, ()),
    )
}
VOCABULARY = Vocabulary(
    CONCEPTS,
    exact={
        Code(ICD10CM, "C34.2"): (Meaning("thorax"),),
        Code("urn:local", "ca"): (Meaning("lung", Relation.RELATED), Meaning("malignant", verified=False)),
    },
    prefixes={
        ICD10CM: {
            "C": (Meaning("malignant"),),
            "C3": (Meaning("thorax"),),
            "C34": (Meaning("lung"), Meaning("history")),
        }
    },
    denied={Code(ICD10CM, "C34.9"): frozenset({"history"}), Code("urn:local", "no"): frozenset({"lung"})},
    aliases={"urn:oid:2.16.840.1.113883.6.90": ICD10CM},
)


def _meant(system: str, value: str) -> set[str]:
    return {meaning.concept for meaning in VOCABULARY.meanings(Coded((Code(system, value),)))}


def test_the_longest_prefix_of_a_kind_wins_and_other_kinds_still_speak() -> None:
    assert _meant(ICD10CM, "C34.1") == {"lung", "history", "malignant"}
    assert _meant(ICD10CM, "C33") == {"thorax", "malignant"}


def test_a_codes_own_row_wins_over_a_prefix_of_its_kind() -> None:
    assert _meant(ICD10CM, "C34.2") == {"thorax", "history", "malignant"}


def test_what_a_code_is_stated_not_to_be_a_prefix_does_not_make_it() -> None:
    assert _meant(ICD10CM, "C34.9") == {"lung", "malignant"}


def test_systems_have_other_names_and_icd_has_no_need_of_its_dot() -> None:
    assert _meant("urn:oid:2.16.840.1.113883.6.90", " c341 ") == {"lung", "history", "malignant"}


def test_a_code_that_is_only_denied_is_recognised_and_means_nothing() -> None:
    code = Coded((Code("urn:local", "no"),))
    assert VOCABULARY.recognises(code)
    assert VOCABULARY.meanings(code) == ()
    assert not VOCABULARY.recognises(Coded((Code("urn:local", "else"),)))


def test_trees_are_climbed_both_ways() -> None:
    assert VOCABULARY.narrower(["thorax"]) == {"thorax", "lung", "trachea"}
    assert VOCABULARY.above(["lung"]) == {"thorax"}
    assert VOCABULARY.broader("thorax") == frozenset()


def test_of_two_claims_about_one_concept_the_one_that_counts_is_kept() -> None:
    both = Coded((Code("urn:local", "ca"), Code(ICD10CM, "C34.1")))
    found = {meaning.concept: meaning for meaning in VOCABULARY.meanings(both)}
    assert found["malignant"].counts
    assert found["lung"].relation is Relation.EXACT


def test_a_search_by_code_asks_for_what_counts() -> None:
    assert VOCABULARY.codes_of(["thorax"]) == (Code(ICD10CM, "C34.2"),)
