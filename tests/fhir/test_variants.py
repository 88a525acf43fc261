"""Variants told in components: which gene, what was found of it, and what only looks like it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds.core.chart import Chart, Kind
from cds.core.codes import LOINC, VARIANT
from cds.core.quantities import Interval
from cds.core.scales import amount_of
from cds.fhir.reading.read import chart_of_bundle
from cds.fhir.searches import searches_for
from tests.shipped import vocabulary as real

Read = Callable[..., Chart]
HGNC = "http://www.genenames.org/geneId"
SO = "http://www.sequenceontology.org/"
HGVS, CLINVAR = "http://varnomen.hgvs.org", "http://www.ncbi.nlm.nih.gov/clinvar"
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
        pytest.param(PRESENT, [gene(*EGFR), said(*PATHOGENIC), {**part("82155-3", "", "")}], id="a number of copies"),
        pytest.param(PRESENT, [gene(*EGFR), part("48004-6", HGVS, "c.2573T>G")], id="a place on no transcript"),
        pytest.param(
            PRESENT, [gene(*EGFR), part("48004-6", HGVS, "NM_001346941.2:c.2573T>G")], id="another transcript"
        ),
        pytest.param(
            PRESENT, [gene(*EGFR), part("48004-6", HGVS, "NM_005228.5:c.2573T>GA")], id="another change there, in DNA"
        ),
        pytest.param(
            PRESENT,
            [gene(*EGFR), protein("p.Gly200Arg"), part("48004-6", HGVS, "NM_005228.5:c.2573T>G")],
            id="the protein goes first",
        ),
        pytest.param(
            ABSENT, [gene(*EGFR), part("48004-6", HGVS, "NM_005228.5:c.2573T>G")], id="one of two ways absent"
        ),
        pytest.param(
            ABSENT,
            [gene(*EGFR), part("81252-9", CLINVAR, "16609", "x (p.Leu858Arg)")],
            id="an allele of ClinVar absent",
        ),
        pytest.param(ABSENT, [gene(*ALK), kind("SO:1000044")], id="no translocation, perhaps an inversion"),
        pytest.param(ABSENT, [gene(*ALK), kind("SO:0001565"), source(*GERMLINE)], id="no fusion of the germline"),
        pytest.param(ABSENT, [gene(*ALK), gene("HGNC:1316", "EML4"), kind("SO:0001565")], id="one partner of ALK"),
        pytest.param(ABSENT, [gene(*EGFR), kind("SO:0001583")], id="one kind of change absent"),
        pytest.param(ABSENT, [gene(*EGFR), part("81290-9", HGNC, "g.1A>G")], id="one change of the genome absent"),
        pytest.param(ABSENT, [gene(*EGFR), {"code": {"text": "region"}, "valueString": "exon 19"}], id="one region"),
        pytest.param(("LA11884-6", "Indeterminate"), [gene(*EGFR), said(*PATHOGENIC)], id="indeterminate"),
    ],
)
def test_what_looks_like_it_settles_nothing(chart: Read, value: tuple[str, str], parts: list[dict[str, Any]]) -> None:
    assert scores(variant(chart, value, *parts)) == {}


@pytest.mark.parametrize(
    "parts",
    [
        [part("48004-6", HGVS, "NM_005228.5:c.2573T>G")],
        [part("48004-6", HGVS, "NM_005228.5(EGFR):c.2573T>G")],
        [part("48004-6", HGVS, "c.2573T>G"), part("51958-7", "http://www.ncbi.nlm.nih.gov/refseq", "NM_005228.5")],
        [part("81252-9", CLINVAR, "16609", "NM_005228.5(EGFR):c.2573T>G (p.Leu858Arg)")],
    ],
)
def test_a_change_of_the_dna_that_is_known_to_change_the_protein(chart: Read, parts: list[dict[str, Any]]) -> None:
    assert scores(variant(chart, PRESENT, gene(*EGFR), *parts)) == {"egfr-l858r": 1, "egfr-mutation": 1}


MYCN = ("HGNC:7559", "MYCN")


@pytest.mark.parametrize("term", ["SO:0001742", "SO:0001880"])
def test_a_gain_of_copies_may_be_an_amplification_and_its_absence_is_none(chart: Read, term: str) -> None:
    found = variant(chart, PRESENT, gene(*MYCN), kind(term), said(*PATHOGENIC))
    assert codes(found) == ["HGNC:7559 gain"]
    assert scores(found) == {}
    assert [each.concept for each in real().meanings(found.measurements[0].code)] == ["mycn-amplification"]
    assert scores(variant(chart, ABSENT, gene(*MYCN), kind(term))) == {"mycn-amplification": 0}


def test_a_fusion_that_was_looked_for_and_is_not_there(chart: Read) -> None:
    assert scores(variant(chart, ABSENT, gene(*ALK), kind("SO:0001565"))) == {"alk-rearrangement": 0}
    pair = variant(chart, ABSENT, gene("HGNC:76", "ABL1"), gene("HGNC:1014", "BCR"), kind("SO:0001565"))
    assert scores(pair) == {"bcr-abl1-fusion": 0}


# ------------------------------------------------------------------------------------ what others say of a variant
TBD = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs"


def spoken(
    about: str | list[str], *parts: dict[str, Any], code: str = "diagnostic-implication", **members: object
) -> dict[str, Any]:
    sent = [about] if isinstance(about, str) else about
    return {
        "resourceType": "Observation",
        "id": "2",
        "status": "final",
        "code": concept(TBD, code),
        "derivedFrom": [{"reference": each} for each in sent],
        "component": list(parts),
        **members,
    }


def among(
    chart: Read, *others: dict[str, Any], value: tuple[str, str] = PRESENT, parts: list[dict[str, Any]] | None = None
) -> dict[str, int]:
    """Read a variant of EGFR together with other Observations, and give what it comes to."""
    own = {
        "resourceType": "Observation",
        "id": "1",
        "status": "final",
        "code": concept(LOINC, "69548-6"),
        "valueCodeableConcept": concept(LOINC, *value),
        "component": [gene(*EGFR), *(parts or [])],
    }
    found = chart(*others[:1], own, *others[1:])
    (result,) = [each for each in found.measurements if each.reference == "Observation/1" and each.code.codes[1:]]
    return scores(replace(found, measurements=(result,)))


BENIGN = ("LA6675-8", "Benign")


@pytest.mark.parametrize(
    "reference",
    ["Observation/1", "Observation/1/_history/3", "https://ehr.example/fhir/Observation/1"],
)
def test_a_significance_in_an_observation_of_its_own_is_that_of_its_variant(chart: Read, reference: str) -> None:
    assert among(chart) == {}
    assert among(chart, spoken(reference, said(*PATHOGENIC))) == {"egfr-mutation": 1}


@pytest.mark.parametrize(
    "others",
    [
        pytest.param([spoken("Observation/9", said(*PATHOGENIC))], id="of another variant"),
        pytest.param([spoken(["Observation/1", "Observation/9"], said(*PATHOGENIC))], id="of two together"),
        pytest.param([spoken("Observation/1", said(*PATHOGENIC), status="entered-in-error")], id="in error"),
        pytest.param([spoken("Observation/1", said(*PATHOGENIC), status="preliminary")], id="not final"),
        pytest.param([spoken("Observation/1", said(*PATHOGENIC), code="therapeutic-implication")], id="for a drug"),
        pytest.param(
            [spoken("Observation/1", said(*PATHOGENIC), subject={"reference": "Patient/other"})], id="of somebody else"
        ),
        pytest.param(
            [spoken("Observation/1", part("functional-effect", SO, "SO:0002054"))], id="a loss of function alone"
        ),
    ],
)
def test_what_says_nothing_of_a_variant_leaves_its_significance_open(chart: Read, others: list[dict[str, Any]]) -> None:
    assert among(chart, *others) == {}


@pytest.mark.parametrize("opinion", [UNCERTAIN, BENIGN])
def test_every_opinion_of_a_variant_counts(chart: Read, opinion: tuple[str, str]) -> None:
    other = {**spoken("Observation/1", said(*opinion)), "id": "3"}
    agreed = {**spoken("Observation/1", said(*PATHOGENIC)), "id": "3"}
    pathogenic = spoken("Observation/1", said(*PATHOGENIC))
    assert among(chart, pathogenic, agreed) == {"egfr-mutation": 1}
    found = chart(
        pathogenic,
        other,
        {
            **spoken([], gene(*EGFR)),
            "id": "1",
            "code": concept(LOINC, "69548-6"),
            "valueCodeableConcept": concept(LOINC, *PRESENT),
        },
    )
    assert [code for each in found.measurements for code in each.code.codes if code.system == VARIANT] == []


def test_a_consequence_tells_the_change_of_the_protein_and_the_kind_where_the_variant_does_not(chart: Read) -> None:
    consequence = spoken("Observation/1", protein("NP_005219.2:p.(Leu858Arg)"), code="molecular-consequence")
    assert among(chart, consequence) == {"egfr-l858r": 1, "egfr-mutation": 1}
    assert among(chart, consequence, parts=[protein("p.Gly200Arg")]) == {}
    gained = spoken("Observation/1", kind("SO:0001742"), code="molecular-consequence")
    gained["component"][0]["code"] = concept(TBD, "feature-consequence")
    own = {"code": concept(LOINC, "69548-6"), "valueCodeableConcept": concept(LOINC, *PRESENT), "id": "1"}
    found = chart(gained, {**spoken([], gene(*EGFR), said(*PATHOGENIC)), **own})
    told = [code.value for each in found.measurements for code in each.code.codes if code.system == VARIANT]
    assert told == ["HGNC:3236 gain"]


def test_an_absence_is_what_a_variant_says_itself(chart: Read) -> None:
    pathogenic = spoken("Observation/1", said(*PATHOGENIC))
    assert among(chart, pathogenic, value=ABSENT) == {"egfr-mutation": 0}


def test_a_variant_is_found_by_the_address_of_its_entry(zone: ZoneInfo) -> None:
    own = {
        "resourceType": "Observation",
        "status": "final",
        "code": concept(LOINC, "69548-6"),
        "valueCodeableConcept": concept(LOINC, *PRESENT),
        "component": [gene(*EGFR)],
    }

    def told(reference: str, url: str) -> list[str]:
        entries = [
            {"resource": {"resourceType": "Patient", "id": "p"}},
            {"fullUrl": url, "resource": {**own, "id": "1"}},
            {"fullUrl": "https://a.example/fhir/Observation/2", "resource": spoken(reference, said(*PATHOGENIC))},
        ]
        found = chart_of_bundle(
            {"resourceType": "Bundle", "entry": entries}, patient_id=None, covered=None, zone=zone
        ).measurements
        return [code.value for each in found for code in each.code.codes if code.system == VARIANT]

    assert told("urn:uuid:7c1c", "urn:uuid:7c1c") == ["HGNC:3236 pathogenic"]
    assert told("Observation/1", "https://a.example/fhir/Observation/1") == ["HGNC:3236 pathogenic"]
    for reference, url in [
        ("Observation/1", "https://b.example/fhir/Observation/1"),
        ("https://b.example/fhir/Observation/1", "https://a.example/fhir/Observation/1"),
    ]:
        assert told(reference, url) == ["HGNC:3236 present"]


def test_only_the_number_of_variants_makes_one(chart: Read) -> None:
    assert codes(variant(chart, PRESENT, gene(*EGFR), said(*PATHOGENIC), code="53041-0")) == []


def test_a_gene_without_a_number_goes_by_its_symbol(chart: Read) -> None:
    ncbi = part("48018-6", "https://www.ncbi.nlm.nih.gov/gene", "673", "BRAF")
    assert scores(variant(chart, PRESENT, ncbi, said(*PATHOGENIC))) == {"braf-mutation": 1}


def test_a_server_is_asked_for_variants_by_the_number_they_all_have() -> None:
    (_, *asked) = searches_for({Kind.MEASUREMENT: frozenset({"kras-g12c"})}, real())
    listed = [value for search in asked for name, value in search.params if name == "code"]
    tbd = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs"
    assert listed == [f"http://loinc.org|69548-6,{tbd}|diagnostic-implication,{tbd}|molecular-consequence"]
    (_, *asked) = searches_for({Kind.MEASUREMENT: frozenset({"ecog"})}, real())
    assert all(tbd not in value for search in asked for _, value in search.params)


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
    assert codes(read("genomic-variant-jenny-m")) == ["HGNC:26144 p.Tyr1183Ter", "HGNC:26144 present"]
    assert codes(read("genomic-variant-fusion")) == ["HGNC:1014+HGNC:76 present"]
    assert codes(read("gx-genomic-variant-somatic-mycn")) == ["HGNC:7559 gain"]
