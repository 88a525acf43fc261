"""Names of drug products taken apart: whole, in the form RxNorm gives them, or not at all."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.core.codes import RXNORM
from cds.core.product_names import ingredient_names
from cds.fhir.reading.elements import Elements
from tests.shipped import vocabulary

APART = {
    "itraconazole 100 MG Oral Capsule": ("itraconazole",),
    "Itraconazole 100 mg capsule": ("Itraconazole",),
    "12 HR carbamazepine 200 MG Extended Release Oral Tablet [Tegretol]": ("carbamazepine",),
    "amoxicillin 875 MG / clavulanate 125 MG Oral Tablet": ("amoxicillin", "clavulanate"),
    "1 ML heparin sodium, porcine 5,000 UNT/ML Prefilled Syringe": ("heparin sodium, porcine",),
    "5-fluorouracil 50 mg/ml injection": ("5-fluorouracil",),
    "fentanyl 0.025 MG/HR Transdermal System": ("fentanyl",),
    "lutetium Lu 177 dotatate 10 MCI/ML Injection": ("lutetium Lu 177 dotatate",),
    "prednisone 1 MG/ML Oral Solution": ("prednisone",),
}
WHOLE = (
    "ketoconazole 20 MG/ML Topical Cream",
    "fluticasone propionate 0.05 MG/ACTUAT Metered Dose Nasal Spray",
    "budesonide 0.25 MG/ML Inhalation Suspension",
    "timolol 5 MG/ML Ophthalmic Solution",
    "nystatin 100000 UNT Vaginal Tablet",
    "{21 (ethinyl estradiol 0.03 MG Oral Tablet) / 7 (inert ingredients 1 MG Oral Tablet) } Pack",
    "aspirin 81 mg prednisone 5 mg tablet",
    "prednisone 20 MG",
    "prednisone",
    "Prednisone 5 mg tablet daily",
    "no itraconazole",
    "10 MG Oral Tablet",
    "hydrocortisone acetate 25 MG Rectal Suppository",
    "itraconazole 100 MG Oral Capsule [Sporanox",
    "",
)


@pytest.mark.parametrize("words", APART)
def test_a_name_in_rxnorms_form_is_taken_apart(words: str) -> None:
    assert ingredient_names(words) == APART[words]


@pytest.mark.parametrize("words", WHOLE)
def test_any_other_name_is_left_whole(words: str) -> None:
    assert ingredient_names(words) == ()


def test_words_that_turn_a_name_round_leave_no_drug() -> None:
    """They become part of the name, which the tables then do not know."""
    for words in ("stop itraconazole 100 MG Oral Capsule", "not itraconazole 100 MG Oral Capsule"):
        assert meanings(words) == set()


def meanings(words: str, code: str = "999999999") -> set[str]:
    concept = {"coding": [{"system": RXNORM, "code": code, "display": words}]}
    named = Elements(ZoneInfo("UTC")).named(concept)
    assert named is not None
    return {each.concept for each in vocabulary().meanings(named)}


def test_a_product_whose_code_no_table_holds_reaches_its_ingredients() -> None:
    assert meanings("itraconazole 100 MG Oral Capsule") == {"itraconazole"}
    assert meanings("sulfamethoxazole 400 MG / trimethoprim 80 MG Oral Tablet") <= {"sulfamethoxazole", "trimethoprim"}
    assert meanings("ketoconazole 20 MG/ML Topical Cream") == set()


@given(st.text(max_size=250))
def test_any_words_are_read_without_harm(words: str) -> None:
    for name in ingredient_names(words):
        assert name in words
