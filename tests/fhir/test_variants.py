"""Variants told in components: which gene, what was found of it, and what only looks like it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cds.core.chart import Chart, Kind
from cds.core.codes import LOINC, VARIANT
from cds.core.quantities import Interval
from cds.core.scales import amount_of
from cds.fhir.searches import searches_for
from tests.shipped import vocabulary as real

Read = Callable[..., Chart]
HGNC = "http://www.genenames.org/geneId"
SO = "http://www.sequenceontology.org/"
PRESENT, ABSENT = ("LA9633-4", "Present"), ("LA9634-2", "Absent")
BRAF, EGFR, ALK = ("HGNC:1097", "BRAF"), ("HGNC:3236", "EGFR"), ("HGNC:427", "ALK")
PATHOGENIC, UNCERTAIN = ("LA6668-3", "Pathogenic"), ("LA26333-7", "Uncertain significance")
GERMLINE, SOMATIC = ("LA6683-2", "Germline"), ("LA6684-0", "Somatic")


def concept(system: str, code: str, display: str = "") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def part(code: str, *value: str) -> dict[str, Any]:
    return {"code": concept(LOINC, code), "valueCodeableConcept": concept(*value)}


def gene(*told: str) -> dict[str, Any]:
    return part("48018-6", HGNC, *told)


def protein(change: str) -> dict[str, Any]:
    return part("48005-3", "http://varnomen.hgvs.org", change)


def said(*told: str) -> dict[str, Any]:
    return part("53037-8", LOINC, *told)


def source(*told: str) -> dict[str, Any]:
    return part("48002-0", LOINC, *told)


def kind(term: str) -> dict[str, Any]:
    return part("48019-4", SO, term)


def variant(chart: Read, value: tuple[str, str], *parts: dict[str, Any], code: str = "69548-6") -> Chart:
    return chart(
        {
            "resourceType": "Observation",
            "id": "1",
            "status": "final",
            "code": concept(LOINC, code),
            "effectiveDateTime": "2026-06-01",
            "valueCodeableConcept": concept(LOINC, *value),
            "component": list(parts),
        }
    )


def codes(found: Chart) -> list[str]:
    return [code.value for code in found.measurements[0].code.codes if code.system == VARIANT]


def scores(found: Chart) -> dict[str, int]:
    """Give what the result comes to for each marker it counts for: 1 found, 0 not found."""
    (result, *_), vocabulary = found.measurements, real()
    told: dict[str, int] = {}
    for meaning in vocabulary.meanings(result.code):
        scale = vocabulary.concepts[meaning.concept].scale
        if meaning.counts and scale is not None:
            amount = amount_of(result, scale)
            assert isinstance(amount, Interval)
            assert amount.low is not None
            told[meaning.concept] = int(amount.low.at)
    return told


@pytest.mark.parametrize("change", ["NP_004324.2:p.(Val600Glu)", "p.Val600Glu", "p.V600E", "NP_004324.2:p.(V600E)"])
def test_a_change_of_the_protein_answers_every_question_it_settles(chart: Read, change: str) -> None:
    found = variant(chart, PRESENT, gene(*BRAF), protein(change), source(*SOMATIC))
    assert scores(found) == {"braf-v600e": 1, "braf-v600": 1, "braf-mutation": 1}


def test_one_change_that_is_absent_leaves_the_gene_open(chart: Read) -> None:
    assert scores(variant(chart, ABSENT, gene(*BRAF), protein("p.Val600Glu"))) == {"braf-v600e": 0}


def test_a_pathogenic_variant_is_a_mutation_of_its_gene(chart: Read) -> None:
    assert scores(variant(chart, PRESENT, gene(*EGFR), said(*PATHOGENIC))) == {"egfr-mutation": 1}


def test_a_variant_of_either_gene_is_found_under_both(chart: Read) -> None:
    found = variant(chart, PRESENT, gene("HGNC:1100", "BRCA1"), said(*PATHOGENIC), kind("SO:0001589"))
    assert scores(found) == {"brca1-mutation": 1, "brca-mutation": 1}


def test_the_absence_of_one_of_two_genes_leaves_the_pair_open(chart: Read) -> None:
    assert scores(variant(chart, ABSENT, gene("HGNC:1100", "BRCA1"))) == {"brca1-mutation": 0}


def test_a_variant_whose_significance_is_not_told_is_too_general(chart: Read) -> None:
    found = variant(chart, PRESENT, gene(*EGFR), protein("p.Gly200Arg"))
    assert codes(found) == ["HGNC:3236 p.Gly200Arg", "HGNC:3236 present"]
    assert scores(found) == {}
    assert [each.concept for each in real().meanings(found.measurements[0].code)] == ["egfr-mutation"]


def test_several_genes_may_be_absent_at_once(chart: Read) -> None:
    found = variant(chart, ABSENT, gene(*BRAF), gene(*EGFR))
    assert scores(found) == {"braf-mutation": 0, "egfr-mutation": 0}


@pytest.mark.parametrize("term", ["SO:0001565", "SO:1000044", "SO:0002062"])
def test_a_fusion_is_no_mutation(chart: Read, term: str) -> None:
    assert scores(variant(chart, PRESENT, gene(*ALK), said(*PATHOGENIC), kind(term))) == {"alk-rearrangement": 1}
    pair = variant(chart, PRESENT, gene("HGNC:76", "ABL1"), gene("HGNC:1014", "BCR"), kind(term))
    assert scores(pair) == {"bcr-abl1-fusion": 1}


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        pytest.param(PRESENT, [gene(*EGFR), said(*UNCERTAIN)], id="of uncertain significance"),
        pytest.param(PRESENT, [gene(*EGFR), said(*UNCERTAIN), protein("p.Leu858Arg")], id="uncertain, whatever it is"),
        pytest.param(PRESENT, [gene(*EGFR), said(*PATHOGENIC), said(*UNCERTAIN)], id="two opinions"),
        pytest.param(PRESENT, [gene(*EGFR), said(*PATHOGENIC), kind("SO:0001742")], id="copy number"),
        pytest.param(PRESENT, [gene(*EGFR), gene(*ALK), said(*PATHOGENIC)], id="two genes, kind not told"),
        pytest.param(PRESENT, [gene("HGNC:0", "EGFR"), said(*PATHOGENIC)], id="no such number"),
        pytest.param(PRESENT, [gene("HGNC:32360", ""), said(*PATHOGENIC)], id="a longer number"),
        pytest.param(PRESENT, [said(*PATHOGENIC), protein("p.Val600Glu")], id="no gene"),
        pytest.param(PRESENT, [gene(*BRAF), protein("p.Val600_Lys601delinsGlu")], id="another change there"),
        pytest.param(PRESENT, [gene(*BRAF), protein("p.Val600=")], id="no change"),
        pytest.param(PRESENT, [gene(*BRAF), protein("p.Val600Glu"), protein("p.Leu597Arg")], id="two changes"),
        pytest.param(ABSENT, [gene(*EGFR), source(*GERMLINE)], id="absent from the germline"),
        pytest.param(ABSENT, [gene(*EGFR), kind("SO:0001583")], id="one kind of change absent"),
        pytest.param(ABSENT, [gene(*EGFR), part("81290-9", HGNC, "g.1A>G")], id="one change of the genome absent"),
        pytest.param(ABSENT, [gene(*EGFR), {"code": {"text": "region"}, "valueString": "exon 19"}], id="one region"),
        pytest.param(("LA11884-6", "Indeterminate"), [gene(*EGFR), said(*PATHOGENIC)], id="indeterminate"),
    ],
)
def test_what_looks_like_it_settles_nothing(chart: Read, value: tuple[str, str], parts: list[dict[str, Any]]) -> None:
    assert scores(variant(chart, value, *parts)) == {}


def test_only_the_number_of_variants_makes_one(chart: Read) -> None:
    assert codes(variant(chart, PRESENT, gene(*EGFR), said(*PATHOGENIC), code="53041-0")) == []


def test_a_gene_without_a_number_goes_by_its_symbol(chart: Read) -> None:
    ncbi = part("48018-6", "https://www.ncbi.nlm.nih.gov/gene", "673", "BRAF")
    assert scores(variant(chart, PRESENT, ncbi, said(*PATHOGENIC))) == {"braf-mutation": 1}


def test_a_server_is_asked_for_variants_by_the_number_they_all_have() -> None:
    (_, *asked) = searches_for({Kind.MEASUREMENT: frozenset({"kras-g12c"})}, real())
    listed = [value for search in asked for name, value in search.params if name == "code"]
    assert listed == ["http://loinc.org|69548-6"]


def test_the_examples_of_mcode(chart: Read, shared: Path) -> None:
    def read(name: str) -> Chart:
        path = shared / "data" / "fhir" / "mcode-stu4-examples" / f"Observation-{name}.json"
        sent = json.loads(path.read_text(encoding="utf-8"))
        return chart({**sent, "subject": {"reference": "Patient/p"}})

    assert scores(read("gx-genomic-variant-fusion-met-alk")) == {"alk-rearrangement": 1}
    assert scores(read("gx-genomic-variant-pertinent-negative-nras-kit-braf")) == {
        "braf-mutation": 0,
        "nras-mutation": 0,
    }
    assert codes(read("genomic-variant-jenny-m")) == ["HGNC:26144 present"]
    assert codes(read("genomic-variant-fusion")) == ["HGNC:1014+HGNC:76 present"]
    assert codes(read("gx-genomic-variant-somatic-mycn")) == []
