"""Which words keep a disease from being ruled out: those that may name a tumour that is there."""

import pytest

from cds.core.recognise import names_a_tumour


@pytest.mark.parametrize(
    "words",
    [
        "lung cancer",
        "Tumour of the pancreas",
        "NEC duodenum",
        "nsclc",
        "SCLC, extensive stage",
        "pNET",
        "multiple NETs",
        "GEP-NET grade 2",
        "lung mass, NEC grade 3",
        "pain from SCLC",
        "SCLC encounter",
        "NEC - patient in pain",
        "Ca breast",
    ],
)
def test_words_that_may_name_a_tumour(words: str) -> None:
    assert names_a_tumour(words)


@pytest.mark.parametrize(
    "words",
    [
        "Essential hypertension",
        "Disorder of bone, NEC",
        "Disorder of bone, NEC.",
        "XSCLC",
        "family history of SCLC",
        "History of NEC",
        "Fear of cancer",
        "Screening for CRC",
        "internet use",
        "connective tissue disorder",
        "network",
    ],
)
def test_words_that_do_not(words: str) -> None:
    assert not names_a_tumour(words)
