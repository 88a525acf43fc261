"""Drugs: which classes lie within which, which stay apart, and what a product, a brand or a name reaches."""

from collections.abc import Mapping

import pytest

from cds.core.codes import NAME, RXNORM, Code, Coded
from cds.core.vocabulary import Vocabulary
from cds.terms.tables import Tables

WITHIN = {
    "5-ht3-antagonist": "antiemetic",
    "androgen-receptor-antagonist": "endocrine-therapy",
    "anti-lag-3": "immune-checkpoint-inhibitor",
    "antibody-drug-conjugate": "anticancer-therapy",
    "antimetabolite": "cytotoxic-chemotherapy",
    "aromatase-inhibitor": "endocrine-therapy-breast",
    "bisphosphonate": "antiresorptive",
    "bispecific-t-cell-engager": "anticancer-therapy",
    "braf-inhibitor": "kinase-inhibitor",
    "calcineurin-inhibitor": "immunosuppressant",
    "car-t-cell-therapy": "anticancer-therapy",
    "direct-thrombin-inhibitor": "anticoagulant",
    "factor-xa-inhibitor": "doac",
    "gnrh-agonist": "androgen-deprivation",
    "gnrh-antagonist": "androgen-deprivation",
    "heparin-group": "anticoagulant",
    "her2-targeting": "anticancer-therapy",
    "hiv-integrase-inhibitor": "antiretroviral",
    "hiv-protease-inhibitor": "antiretroviral",
    "il-6-inhibitor": "immunosuppressant",
    "interferon": "immunostimulant",
    "low-molecular-weight-heparin": "heparin-group",
    "microtubule-inhibitor": "cytotoxic-chemotherapy",
    "nk1-antagonist": "antiemetic",
    "parp-inhibitor": "anticancer-therapy",
    "peptide-receptor-radionuclide-therapy": "radioligand-therapy",
    "serd": "endocrine-therapy-breast",
    "taxane": "microtubule-inhibitor",
    "tnf-inhibitor": "immunosuppressant",
    "topoisomerase-2-inhibitor": "cytotoxic-chemotherapy",
    "vegfr-kinase-inhibitor": "kinase-inhibitor",
    "vinca-alkaloid": "microtubule-inhibitor",
    "vitamin-k-antagonist": "anticoagulant",
}
"""Narrower class → the class that holds all its members: a drug in the first alone would escape the second's rule."""

SPLIT = {
    "cyp3a-inducer-moderate-strong": ("cyp3a-strong-inducer", "cyp3a-moderate-inducer"),
    "cyp3a-inhibitor-moderate-strong": ("cyp3a-strong-inhibitor", "cyp3a-moderate-inhibitor"),
    "topoisomerase-1-agent": ("topoisomerase-1-small-molecule", "topoisomerase-1-payload-conjugate"),
}
"""Class → two that share it out between them."""

APART = [
    ("anti-pd-1", "anti-pd-l1"),
    ("topoisomerase-1-agent", "topoisomerase-2-inhibitor"),
    ("vitamin-k-antagonist", "doac"),
    ("serm", "serd"),
    ("gnrh-agonist", "gnrh-antagonist"),
    ("proton-pump-inhibitor", "h2-blocker"),
]


def counting(vocabulary: Vocabulary, system: str, value: str) -> set[str]:
    coded = Coded((Code(system, value),))
    return {meaning.concept for meaning in vocabulary.meanings(coded) if meaning.counts}


def members(vocabulary: Vocabulary, group: str) -> Mapping[str, bool]:
    """Give the ingredients of a class, each with whether its membership is verified."""
    return vocabulary.ingredients_of([group])


# ---------------------------------------------------------------------------------------------------------- classes


@pytest.mark.parametrize(("narrow", "wide"), WITHIN.items(), ids=WITHIN)
def test_a_narrow_class_lies_within_the_wide_one(vocabulary: Vocabulary, narrow: str, wide: str) -> None:
    assert sorted(members(vocabulary, narrow).keys() - members(vocabulary, wide).keys()) == []


@pytest.mark.parametrize(("whole", "parts"), SPLIT.items(), ids=SPLIT)
def test_two_classes_share_out_a_third(vocabulary: Vocabulary, whole: str, parts: tuple[str, str]) -> None:
    one, other = (members(vocabulary, part) for part in parts)
    assert one.keys() & other.keys() == set()
    assert {**one, **other} == members(vocabulary, whole)


@pytest.mark.parametrize(("one", "other"), APART)
def test_classes_that_are_easily_taken_for_each_other_share_no_drug(
    vocabulary: Vocabulary, one: str, other: str
) -> None:
    assert members(vocabulary, one).keys() & members(vocabulary, other).keys() == set()


def test_every_heparin_but_the_whole_one_is_of_low_molecular_weight(vocabulary: Vocabulary) -> None:
    assert members(vocabulary, "heparin-group").keys() - members(vocabulary, "low-molecular-weight-heparin").keys() == {
        "heparin"
    }


def test_every_engineered_t_cell_with_a_chimeric_receptor_is_known_as_one(vocabulary: Vocabulary) -> None:
    drugs = members(vocabulary, "anticancer-therapy")
    made = {drug for drug in drugs if drug.endswith(("-autoleucel", "-ciloleucel", "-vicleucel", "-maraleucel"))}
    assert made - members(vocabulary, "car-t-cell-therapy").keys() == set()


def test_an_inhibitor_that_the_sources_call_weak_too_leaves_it_open(vocabulary: Vocabulary) -> None:
    assert members(vocabulary, "cyp3a-inhibitor-moderate-strong")["fosaprepitant"] is False


def test_etoposide_acts_on_the_second_topoisomerase(vocabulary: Vocabulary) -> None:
    assert members(vocabulary, "topoisomerase-2-inhibitor")["etoposide"]


def test_vipivotide_is_radioligand_therapy_but_does_not_seek_somatostatin_receptors(vocabulary: Vocabulary) -> None:
    drug = "lutetium-177-vipivotide-tetraxetan"
    assert drug in members(vocabulary, "radioligand-therapy")
    assert drug not in members(vocabulary, "peptide-receptor-radionuclide-therapy")


def test_a_membership_that_is_verified_names_more_than_memory(tables: Tables) -> None:
    remembered = [row.place for row in tables.classes if row["verified"] == "yes" and "remembered" in row["source"]]
    assert remembered == []


# ------------------------------------------------------------------------------------- products, brands and names


@pytest.mark.parametrize(
    ("code", "drugs"),
    [
        pytest.param("1736854", {"cisplatin"}, id="clinical drug"),
        pytest.param("2268319", {"enfortumab-vedotin"}, id="branded drug"),
        pytest.param("2268306", {"enfortumab-vedotin"}, id="name with the four letters"),
        pytest.param("2268307", set(), id="antibody without its payload"),
        pytest.param("1799218", {"sofosbuvir", "velpatasvir"}, id="two ingredients"),
        pytest.param("106892", {"insulin-human", "insulin-isophane"}, id="mixed insulin"),
        pytest.param("224945", set(), id="a cream is no chemotherapy"),
    ],
)
def test_a_product_reaches_its_ingredients(vocabulary: Vocabulary, code: str, drugs: set[str]) -> None:
    assert counting(vocabulary, RXNORM, code) == drugs


def test_a_product_that_two_files_name_differently_reaches_nothing(vocabulary: Vocabulary) -> None:
    """One chart calls it zoledronic acid, another paclitaxel."""
    assert counting(vocabulary, RXNORM, "1156253") == set()


@pytest.mark.parametrize("words", ["Padcev", "PADCEV", " padcev ", "enfortumab vedotin-ejfv"])
def test_a_name_is_compared_whole_and_without_regard_to_case(vocabulary: Vocabulary, words: str) -> None:
    assert counting(vocabulary, NAME, words) == {"enfortumab-vedotin"}


@pytest.mark.parametrize("words", ["etoposid", "etoposide teva", "cis platin", "carboplatine", "vincristin", "Padce"])
def test_a_name_that_is_merely_like_another_reaches_nothing(vocabulary: Vocabulary, words: str) -> None:
    assert counting(vocabulary, NAME, words) == set()


def test_a_drug_code_of_the_real_charts_is_known(vocabulary: Vocabulary) -> None:
    used = ["314076", "860975", "895994", "351137", "562251", "831533", "205923", "583214", "1734340"]
    assert [code for code in used if not vocabulary.recognises(Coded((Code(RXNORM, code),)))] == []
