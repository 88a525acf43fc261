"""Terms gathered and verified before the tables were made: each is in the tables, or left out for a reason."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from cds.core.codes import ATC, NAME, Code, Coded
from cds.core.vocabulary import Vocabulary
from cds.terms.scope import load_scope

REAL = Path(__file__).resolve().parents[2] / "mappings"
NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
NDC = "http://hl7.org/fhir/sid/ndc"
LEFT_OUT = {
    ATC: "the index may not be copied; names and RxNorm lead to the same drugs, classes cite single codes",
    NCIT: "an enterprise vocabulary of research: charts name drugs by RxNorm and tumours by SNOMED CT or ICD-O-3",
    NDC: "products by the hundred thousand, new ones every week: the terminology server leads from them to ingredients",
    "urn:oncotree": "tumour types of sequencing laboratories, looked through for histologies: charts do not carry them",
    "http://www.genenames.org/geneId": "a gene alone is no result: what was found of it is a result of its own code",
}
"""Systems looked through for names, evidence of classes and cross-references; charts are not read in them."""
NO_CODES_OF_ENTRIES = {
    "C00-C96": "a range of codes: every category in it has its own row",
    "82334004": "the answer 'indeterminate', which has no score: such a result stays unknown",
}


def gathered(shared: Path) -> Iterator[Mapping[str, str]]:
    for path in sorted((shared / "terms").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            yield from (row for row in csv.DictReader(lines) if row["verified"] == "yes")


@pytest.fixture(scope="module")
def present(vocabulary: Vocabulary) -> frozenset[Code]:
    """What the tables hold beside the codes of entries: coded answers, and what was set aside as out of scope."""
    scales = (concept.scale for concept in vocabulary.concepts.values())
    answers = {code for scale in scales if scale is not None for code in scale.answers}
    return frozenset(answers) | load_scope(REAL)


def recognised(vocabulary: Vocabulary, system: str, value: str) -> bool:
    return vocabulary.recognises(Coded((Code(system, value),)))


def test_every_gathered_term_is_in_the_tables_or_left_out_for_a_reason(
    vocabulary: Vocabulary, present: frozenset[Code], shared: Path
) -> None:
    missing = [
        f"{row['system']}|{row['code']} {row['display']}"
        for row in gathered(shared)
        if row["system"] not in LEFT_OUT
        and row["code"].split(" ")[0] not in NO_CODES_OF_ENTRIES
        and Code(row["system"], row["code"]) not in present
        and not recognised(vocabulary, row["system"], row["code"])
    ]
    assert missing == []


def test_a_drug_whose_code_was_left_out_is_known_by_another(vocabulary: Vocabulary, shared: Path) -> None:
    """Tracers are for pictures and no treatment; class headers hold several drugs."""
    rows = [row for row in gathered(shared) if not row["concept"].startswith("class:")]
    reached = {row["concept"] for row in rows if recognised(vocabulary, row["system"], row["code"])}
    reached |= {
        row["concept"] for row in rows for name in ("concept", "display") if recognised(vocabulary, NAME, row[name])
    }
    drugs = {row["concept"] for row in rows if row["system"] in {ATC, NDC} and row["class"] != "sstr_pet_tracer"}
    assert drugs - reached == set()
