"""What follows for a code that the tables do not hold from the codes above it, and where nothing does."""

from dataclasses import replace

import pytest

from cds.core.chart import Condition, Exposure, Kind
from cds.core.codes import ICD10CM, NDC, RXNORM, SNOMED, Code, Coded
from cds.core.descent import held, legacies, strange_codes
from cds.core.vocabulary import Meaning, Relation, Vocabulary
from tests.core.builders import VOCABULARY, chart

NEOPLASM, MALIGNANT, OF_LIVER, METASTASIS, CHILD, STRANGER, BROAD, LOOK_ALIKE, COUNT = (
    Code(SNOMED, value)
    for value in ("100014", "100022", "100033", "100046", "100051", "100067", "100079", "100080", "100098")
)
EXACT = Meaning
TABLES = replace(
    VOCABULARY,
    exact={
        **VOCABULARY.exact,
        NEOPLASM: (EXACT("unspecified-behaviour"),),
        MALIGNANT: (EXACT("malignant"),),
        OF_LIVER: (EXACT("malignant"), EXACT("digestive-system")),
        METASTASIS: (EXACT("secondary"), EXACT("liver-metastasis")),
        BROAD: (Meaning("carcinoma", Relation.BROAD), Meaning("lung", verified=False)),
        COUNT: (EXACT("platelets"),),
    },
    denied={LOOK_ALIKE: frozenset({"metastasis"})},
)
ABOVE = {
    NEOPLASM: frozenset[Code](),
    MALIGNANT: frozenset({NEOPLASM}),
    OF_LIVER: frozenset({NEOPLASM, MALIGNANT}),
    METASTASIS: frozenset({NEOPLASM, MALIGNANT, OF_LIVER}),
    BROAD: frozenset({NEOPLASM}),
    LOOK_ALIKE: frozenset[Code](),
    COUNT: frozenset[Code](),
}


def handed(*codes: Code) -> dict[str, Relation]:
    found = legacies({code: ABOVE[code] for code in codes}, TABLES)
    return {each.concept: each.relation for meanings in found.values() for each in meanings}


def narrow(*concepts: str) -> dict[str, Relation]:
    return dict.fromkeys(concepts, Relation.NARROW)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((NEOPLASM,), narrow("unspecified-behaviour")),
        ((NEOPLASM, MALIGNANT), narrow("malignant")),
        ((NEOPLASM, MALIGNANT, OF_LIVER), narrow("malignant", "digestive-system")),
        ((NEOPLASM, MALIGNANT, OF_LIVER, METASTASIS), narrow("secondary", "liver-metastasis")),
        ((BROAD,), {}),
        ((BROAD, NEOPLASM), {}),
        ((BROAD, MALIGNANT), narrow("malignant")),
        ((METASTASIS, LOOK_ALIKE), narrow("secondary")),
        ((LOOK_ALIKE,), {}),
        ((COUNT,), {}),
        ((), {}),
    ],
)
def test_the_nearest_codes_above_hand_down_what_counts(codes: tuple[Code, ...], expected: dict[str, Relation]) -> None:
    assert handed(*codes) == expected


def test_the_tables_hold_a_code_if_only_to_deny_it() -> None:
    assert held((MALIGNANT, LOOK_ALIKE, STRANGER), TABLES) == {MALIGNANT, LOOK_ALIKE}


def problem(*codes: Code, sites: tuple[Coded, ...] = ()) -> Condition:
    return Condition(Coded(codes), "Condition/1", sites=sites)


def test_only_codes_that_no_table_speaks_of_are_strange() -> None:
    wrong_digit, elsewhere = Code(SNOMED, "100052"), Code(ICD10CM, "Q99.9")
    the_chart = chart(
        problem(STRANGER, MALIGNANT, LOOK_ALIKE, elsewhere, wrong_digit), problem(sites=(Coded((CHILD,)),))
    )
    assert strange_codes(the_chart, TABLES, {Kind.CONDITION}) == (CHILD, STRANGER)
    assert strange_codes(the_chart, TABLES, {Kind.PROCEDURE}) == ()


def test_a_product_of_which_no_table_speaks_is_strange_too() -> None:
    product, package, local = Code(RXNORM, "100"), Code(NDC, "0003-0293-05"), Code("urn:pharmacy", "100")
    the_chart = chart(Exposure(Coded((product, package, local)), "MedicationRequest/1"))
    assert strange_codes(the_chart, TABLES, {Kind.MEDICATION}) == (package, product)
    assert strange_codes(the_chart, TABLES, {Kind.CONDITION}) == ()


def test_what_the_tables_say_of_a_code_stands() -> None:
    extra = {each: (Meaning("lung", Relation.NARROW),) for each in (STRANGER, MALIGNANT, LOOK_ALIKE)}
    richer = TABLES.with_meanings(extra)
    assert [meaning_of(each, richer) for each in (STRANGER, MALIGNANT, LOOK_ALIKE)] == [["lung"], ["malignant"], []]
    assert meaning_of(STRANGER, TABLES) == []
    assert TABLES.with_meanings({}) is TABLES


def meaning_of(code: Code, vocabulary: Vocabulary) -> list[str]:
    return [each.concept for each in vocabulary.meanings(Coded((code,)))]
