"""Genetic variants told in components, as codes the tables can hold: which gene, and what was found of it.

HL7 Genomics Reporting and mCODE send every variant under one LOINC number (69548-6, "Genetic variant assessment") with
the value Present or Absent; gene, change and significance stand in components. What they say together is written as
codes of the system ``variant``: ``HGNC:1097 p.Val600Glu``, ``HGNC:3236 pathogenic``, ``HGNC:427 fusion``. The rest is
for the tables: a variant of which no significance is told is too general for "mutated".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cds.core.codes import LOINC, VARIANT, Code, Coded, normalised_name
from cds.fhir.values import Json, many, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cds.fhir.elements import Elements

ASSESSMENT = Code(LOINC, "69548-6")
_GENE, _PROTEIN, _SIGNIFICANCE, _SOURCE = "48018-6", "48005-3", "53037-8", "48002-0"
_CHANGE_TYPES = ("48019-4", "molecular-consequence")
_WHOLE_GENE = frozenset({_GENE, _SOURCE, "51958-7", "62374-4"})
"""Components that do not narrow a result down to one change: gene, source, transcript, genome read against."""
_GERMLINE = frozenset({"LA6683-2", "germline"})
_VALUES = {"LA9633-4": "present", "present": "present", "LA9634-2": "absent", "absent": "absent"}
_PATHOGENIC = frozenset({"LA6668-3", "LA26332-9", "pathogenic", "likely pathogenic"})
_FUSIONS = frozenset({"SO:0001565", "SO:1000044", "SO:0002062"})
"""Gene fusion, chromosomal translocation, complex chromosomal rearrangement (Sequence Ontology)."""
_SMALL = frozenset(
    {
        *("SO:0001583", "SO:0001587", "SO:0001589", "SO:0001574", "SO:0001575", "SO:0001821", "SO:0001822"),
        *("SO:0001578", "SO:0002012", "SO:0001483", "SO:1000032", "LA6690-7"),
    }
)
"""Missense, stop gained, frameshift, splice acceptor and donor, in-frame insertion and deletion, stop lost, start lost,
single nucleotide variant, deletion-insertion, substitution: what "mutated" means. Copy number is another question."""
_HGNC = re.compile(r"HGNC:[1-9][0-9]*")
_SYMBOL = re.compile(r"[A-Z][A-Z0-9]{1,9}")
_CHANGED = re.compile(r"(?:^|:)p\.\(?([A-Z][a-z]{2}|[A-Z])([1-9][0-9]*)([A-Z][a-z]{2}|[A-Z*])\)?$")
_LETTERS = dict(
    zip(
        "ARNDCQEGHILKMFPSTWYV*",
        re.findall("...", "AlaArgAsnAspCysGlnGluGlyHisIleLeuLysMetPheProSerThrTrpTyrValTer"),
        strict=True,
    )
)
"""Amino acids by their one letter (IUPAC), and the stop as HGVS writes it."""


def variant_codes(resource: Json, code: Coded, value: object, elements: Elements) -> tuple[Code, ...]:
    """Give what a variant Observation says of its genes; nothing where it is none, or does not say it plainly."""
    if ASSESSMENT not in code.codes or not isinstance(value, Coded):
        return ()
    found = {_VALUES[word] for word in _words((value,)) if word in _VALUES}
    parts = _parts(resource, elements)
    genes = sorted({gene for each in parts.get(_GENE, ()) if (gene := _gene(each))})
    if len(found) != 1 or not genes:
        return ()
    told = _present(genes, parts) if found == {"present"} else _absent(genes, parts)
    return tuple(Code(VARIANT, each) for each in told)


def _parts(resource: Json, elements: Elements) -> dict[str, list[Coded]]:
    """Give the values of the components by the codes of these; one without a code stands under a blank."""
    parts: dict[str, list[Coded]] = {}
    for each in many(resource.get("component")):
        sent = each if isinstance(each, dict) else {}
        name = elements.coded(sent.get("code"))
        said = elements.coded(sent.get("valueCodeableConcept")) or Coded(text=text(sent.get("valueString")))
        for key in (name and _codes(name)) or [""]:
            parts.setdefault(key, []).append(said)
    return parts


def _present(genes: list[str], parts: dict[str, list[Coded]]) -> list[str]:
    types = {word for name in _CHANGE_TYPES for each in parts.get(name, ()) for word in _codes(each)}
    if types & _FUSIONS:
        return [f"{gene} fusion" for gene in (*genes, "+".join(genes))] if len(genes) > 1 else [f"{genes[0]} fusion"]
    if len(genes) > 1:
        return [f"{'+'.join(genes)} present"]
    if types - _SMALL:
        return []
    changes = _changes(parts)
    significance = parts.get(_SIGNIFICANCE, ())
    if not significance:
        return [f"{genes[0]} {each}" for each in (*changes, "present")]
    harmful = all(_words((each,)) & _PATHOGENIC for each in significance)
    return [f"{genes[0]} {each}" for each in (*changes, "pathogenic")] if harmful else []


def _absent(genes: list[str], parts: dict[str, list[Coded]]) -> list[str]:
    """Give what is not there: one change, or any of the genes; a search of the germline leaves the tumour open."""
    if _words(parts.get(_SOURCE, ())) & _GERMLINE:
        return []
    if parts.keys() <= _WHOLE_GENE:
        return [f"{gene} absent" for gene in genes]
    changes = _changes(parts)
    return [f"{genes[0]} {each} absent" for each in changes] if len(genes) == 1 else []


def _gene(said: Coded) -> str:
    """Give a gene's HGNC number; its symbol where no number was sent."""
    numbers = {code.value for code in said.codes if "genenames.org" in code.system}
    if numbers:
        number = numbers.pop()
        return number if not numbers and _HGNC.fullmatch(number) else ""
    return said.text if _SYMBOL.fullmatch(said.text) else ""


def _changes(parts: dict[str, list[Coded]]) -> list[str]:
    """Give the change of the protein in the three letters of HGVS, where it is one amino acid for another."""
    sent = [word for each in parts.get(_PROTEIN, ()) for word in (*_codes(each), each.text)]
    found = {
        f"p.{_LETTERS.get(old, old)}{place}{_LETTERS.get(new, new)}"
        for word in sent
        if (match := _CHANGED.search(word))
        for old, place, new in [match.groups()]
    }
    return sorted(found) if len(found) == 1 else []


def _codes(said: Coded) -> list[str]:
    return [code.value.strip() for code in said.codes]


def _words(said: Iterable[Coded]) -> frozenset[str]:
    """Give codes as they are and words in the form names are compared in."""
    return frozenset(word for each in said for word in (*_codes(each), normalised_name(each.text)))
