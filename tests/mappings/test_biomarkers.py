"""Markers of the tumour: a test reaches its own question, and what looks like it does not."""

import pytest

from cds.core.codes import LOINC, NAME, SNOMED, Code, Coded
from tests.shipped import vocabulary as real


def settles(system: str, code: str) -> set[str]:
    """Give the concepts for which a result of this code counts."""
    return {meaning.concept for meaning in real().meanings(Coded((Code(system, code),))) if meaning.counts}


def score(concept: str, system: str, answer: str) -> int | None:
    scale = real().concepts[concept].scale
    assert scale is not None
    found = scale.answers.get(Code(system, answer))
    return None if found is None else int(found)


@pytest.mark.parametrize(
    ("code", "concept"),
    [
        ("21665-5", "egfr-mutation"),
        ("78205-2", "alk-rearrangement"),
        ("93813-4", "ntrk-rearrangement"),
        ("31150-6", "her2-amplification"),
        ("48676-1", "her2-status"),
        ("85337-4", "oestrogen-receptor"),
        ("85329-1", "oestrogen-receptor-percent"),
        ("81691-8", "mlh1-expression"),
        ("81695-9", "microsatellite-instability"),
        ("94076-7", "tumour-mutational-burden"),
        ("79210-1", "flt3-itd"),
    ],
)
def test_a_test_reaches_its_marker_and_no_other(code: str, concept: str) -> None:
    assert settles(LOINC, code) == {concept}


@pytest.mark.parametrize(
    ("code", "marker", "why"),
    [
        ("21666-3", "egfr-mutation", "what was looked for is not what was found"),
        ("55764-5", "egfr-mutation", "no exon 19 deletion leaves the other mutations open"),
        ("33914-3", "egfr-mutation", "the eGFR of the kidney"),
        ("32581-1", "egfr-mutation", "the protein"),
        ("53844-7", "braf-mutation", "a targeted analysis does not see every mutation"),
        ("85299-6", "braf-v600e", "the protein by immune stain is to be confirmed"),
        ("21638-2", "brca1-mutation", "one founder mutation"),
        ("51981-9", "her2-status", "in serum"),
        ("14130-9", "oestrogen-receptor", "a concentration"),
        ("81704-9", "microsatellite-instability", "one marker of several"),
        ("94077-5", "tumour-mutational-burden", "high or low by the laboratory's own cut-off"),
        ("83052-1", "pd-l1", "present or absent, no share of cells"),
    ],
)
def test_a_look_alike_never_settles_a_marker(code: str, marker: str, why: str) -> None:
    assert marker not in settles(LOINC, code), why
    assert real().recognises(Coded((Code(LOINC, code),))), f"known as a look-alike: {why}"


@pytest.mark.parametrize("code", ["82115-7", "81202-7", "81704-5"])
def test_invented_numbers_of_public_lists_reach_nothing(code: str) -> None:
    assert real().meanings(Coded((Code(LOINC, code),))) == ()
    assert settles(NAME, "ros1 rearrangement") == {"ros1-rearrangement"}


def test_no_marker_stands_under_another() -> None:
    """A child would lend its negative to the parent: no T790M is not "no EGFR mutation"."""
    markers = [name for name in real().concepts if name.endswith(("-mutation", "-rearrangement", "-amplification"))]
    assert len(markers) > 20
    assert [name for name in markers if real().narrower((name,)) != {name}] == []


@pytest.mark.parametrize(
    ("concept", "system", "answer", "found"),
    [
        ("egfr-mutation", LOINC, "LA6576-8", 1),
        ("kras-mutation", NAME, "wild type", 0),
        ("egfr-mutation", NAME, "p.leu858arg", None),
        ("mlh1-expression", LOINC, "LA26198-4", 0),
        ("mlh1-expression", LOINC, "LA26197-6", 1),
        ("microsatellite-instability", LOINC, "LA26203-2", 2),
        ("microsatellite-instability", LOINC, "LA14122-8", 0),
        ("mismatch-repair-deficiency", NAME, "dmmr", 1),
        ("her2-status", SNOMED, "260385009", 0),
        ("her2-status", NAME, "3+", 1),
        ("her2-status", NAME, "1+", 0),
        ("her2-status", NAME, "2+", None),
        ("her2-ihc-score", NAME, "2+", 2),
    ],
)
def test_answers_are_read_as_pathology_writes_them(concept: str, system: str, answer: str, found: int | None) -> None:
    assert score(concept, system, answer) == found


def test_the_burden_is_read_in_the_unit_that_mcode_sends() -> None:
    scale = real().concepts["tumour-mutational-burden"].scale
    assert scale is not None
    assert scale.factors["1/1000000{Base}"] == scale.factors["mutations/Mb"] == 1


@pytest.mark.parametrize(("system", "code"), [(LOINC, "48018-6"), (LOINC, "69548-6")])
def test_the_number_of_all_variants_tells_no_gene(system: str, code: str) -> None:
    assert real().meanings(Coded((Code(system, code),))) == ()


def test_a_gene_by_its_number_is_no_result() -> None:
    assert real().meanings(Coded((Code("http://www.genenames.org/geneId", "HGNC:2909"),))) == ()
