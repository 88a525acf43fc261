"""Criteria in words: one plain sentence for each, whatever they are put together from."""

import re
from fractions import Fraction

import pytest
from hypothesis import given

from cds.core.chart import Sex
from cds.core.criteria import (
    Age,
    AllOf,
    AnyOf,
    Asked,
    Cycles,
    Exposed,
    HasCondition,
    IfThen,
    Lines,
    Measured,
    Not,
    OtherMalignancy,
    Readings,
    Rule,
    SexIs,
    Undetectable,
)
from cds.core.explain import asks
from cds.core.limits import Clear, DailyDose, HalfLives, Limit, Whichever
from cds.core.phrases import inline, series
from tests.core.builders import VOCABULARY, criterion, limit
from tests.core.strategies import rules

ASK = Asked("Was it severe? Ask at least twice.")
LIVER = HasCondition(("liver-metastasis",), active=True)
AST = Measured(("ast",), high=limit("3 ULN"))
NEGATIVE = Measured(("viral-rna-detected",), high=Limit(Fraction(0), "{presence}"))
STEROID = ("corticosteroid",)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (ASK, "Was it severe? Ask at least twice."),
        (Not(ASK), "The trial asks for a no to “Was it severe?”."),
        (Not(AllOf((LIVER, ASK))), "The trial excludes active liver metastasis with a yes to “Was it severe?”."),
        (
            Not(AllOf((LIVER, Not(ASK)))),
            "The trial excludes active liver metastasis with a no to “Was it severe?”.",
        ),
        (AnyOf((AST, ASK)), "The trial asks for ast of at most 3 × ULN or a yes to “Was it severe?”."),
        (
            IfThen(LIVER, AnyOf((AST, ASK)), AST),
            (
                "The trial asks for either ast of at most 3 × ULN or a yes to “Was it severe?” "
                "in case of active liver metastasis, otherwise ast of at most 3 × ULN."
            ),
        ),
        (
            IfThen(Not(LIVER), AST, Not(LIVER)),
            (
                "The trial asks for ast of at most 3 × ULN without active liver metastasis, "
                "otherwise no active liver metastasis."
            ),
        ),
        (
            AnyOf((AllOf((NEGATIVE, Not(LIVER))), Undetectable(("viral-load",)))),
            (
                "The trial asks for both a negative result for viral rna detected and no active liver metastasis, "
                "or undetectable viral load."
            ),
        ),
        (
            Not(AllOf((SexIs(Sex.FEMALE), Age(at_most=60), AnyOf((NEGATIVE, LIVER))))),
            (
                "The trial excludes female sex, age 60 or under, and either a negative result for viral rna detected "
                "or active liver metastasis."
            ),
        ),
        (
            Readings((Age(18), Age(19))),
            "The trial asks for age 18 or over, or, read otherwise, age 19 or over.",
        ),
        (
            AnyOf((AnyOf((SexIs(Sex.MALE), Age(61))), NEGATIVE)),
            "The trial asks for male sex, age 61 or over, or a negative result for viral rna detected.",
        ),
        (Not(Not(LIVER)), "The trial asks for active liver metastasis."),
        (AllOf((Not(AnyOf((LIVER, AST))),)),
         "The trial asks for neither active liver metastasis nor ast of at most 3 × ULN."),
        (Not(Exposed(("cisplatin",))), "The trial excludes earlier cisplatin."),
        (
            Not(Exposed(STEROID, ongoing=True, systemic=True, above=DailyDose("prednisone", Fraction(10)))),
            "The trial excludes current systemic corticosteroid above 10 mg of prednisone a day or its equivalent.",
        ),
        (
            Not(Exposed(("platinum",), ("cisplatin",), within_days=1, half_lives=HalfLives(5, Whichever.LONGER))),
            "The trial excludes platinum in the last day or 5 half-lives (whichever is longer) (other than cisplatin).",
        ),
        (Cycles(("platinum",), at_most=1), "The trial asks for at most 1 cycle of platinum."),
        (Lines(("platinum",), at_least=1, at_most=2), "The trial asks for 1 to 2 lines of platinum."),
        (Lines(("platinum",), at_least=2, at_most=2), "The trial asks for exactly 2 lines of platinum."),
        (AllOf((AST, Not(OtherMalignancy((), within_days=9)))),
         "The trial asks for ast of at most 3 × ULN and no other cancer in the last 9 days."),
        (
            Measured(("ast",), high=limit("3 ULN"), clear_of=Clear(("cisplatin", "carboplatin"), 21)),
            "The trial asks for ast of at most 3 × ULN taken 21 days or more after cisplatin or carboplatin.",
        ),
        (Measured(("ecog",), high=limit("<2 {score}")), "The trial asks for ecog below 2."),
    ],
)  # fmt: skip
def test_the_sentence(rule: Rule, sentence: str) -> None:
    assert asks(criterion("a", rule), VOCABULARY) == sentence


@pytest.mark.parametrize(
    ("display", "inside"),
    [
        ("Liver metastases", "liver metastases"),
        ("Graves disease", "Graves disease"),
        ("HIV infection", "HIV infection"),
        ("Anti-HBc (hepatitis B core antibody)", "Anti-HBc (hepatitis B core antibody)"),
        ("P-glycoprotein inhibitor", "P-glycoprotein inhibitor"),
        ("Ki-67", "Ki-67"),
        ("eGFR by MDRD", "eGFR by MDRD"),
        ("Heart failure, NYHA class II", "heart failure (NYHA class II)"),
        ("blood, marrow or lymphoid neoplasm", "blood, marrow or lymphoid neoplasm"),
        ("tumor (G1-G3, carcinoid)", "tumor (G1-G3, carcinoid)"),
        ("", ""),
    ],
)
def test_a_name_inside_a_sentence(display: str, inside: str) -> None:
    assert inline(display) == inside


def test_parts_with_commas_are_set_apart_by_semicolons() -> None:
    assert series(["a", "b", "c"], "or") == "a, b or c"
    assert series(["a or b", "c"], "or") == "a or b, or c"
    assert series(["a, b", "c"], "and") == "a, b; and c"
    assert series(["a (b, c)", "a (b, c)", "d"], "and") == "a (b, c) and d"


@given(rules)
def test_every_rule_is_one_sentence(rule: Rule) -> None:
    said = asks(criterion("a", rule), VOCABULARY)
    assert said == said.strip()
    assert said[-1] in ".?"
    assert not re.search(r"  | ,|\(\)|,,|either either|both both|systemic systemic|no no |no a |\bNone\b", said)
