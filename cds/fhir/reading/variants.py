"""Genetic variants told in components, as codes the tables can hold: which gene, and what was found of it.

HL7 Genomics Reporting and mCODE send every variant under one LOINC number (69548-6, "Genetic variant assessment") with
the value Present or Absent; gene, change and significance stand in components. What they say together is written as
codes of the system ``variant``: ``HGNC:1097 p.Val600Glu``, ``HGNC:3236 pathogenic``, ``HGNC:427 fusion``. The rest is
for the tables: a variant of which no significance is told is too general for "mutated", and a gain of copies for
"amplified". What stands in Observations of their own (``cds.fhir.reading.implications``) is read together with it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from cds.core.codes import LOINC, VARIANT, Code, Coded, normalised_name
from cds.fhir.reading.implications import SIGNIFICANCE
from cds.fhir.values import Json, many, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cds.fhir.reading.elements import Elements

ASSESSMENT = Code(LOINC, "69548-6")
_GENE, _PROTEIN, _SOURCE, _COPIES = "48018-6", "48005-3", "48002-0", "82155-3"
_CODING, _TRANSCRIPT, _CATALOGUED = "48004-6", "51958-7", "81252-9"
_CHANGE_TYPES = ("48019-4", "62378-5", "molecular-consequence", "feature-consequence")
_WHOLE_GENE = frozenset({_GENE, _SOURCE, _TRANSCRIPT, "62374-4"})
"""Components that do not narrow a result down to one change: gene, source, transcript, genome read against."""
_GERMLINE = frozenset({"LA6683-2", "germline"})
_VALUES = {"LA9633-4": "present", "present": "present", "LA9634-2": "absent", "absent": "absent"}
_PATHOGENIC = frozenset({"LA6668-3", "LA26332-9", "pathogenic", "likely pathogenic"})
_FUSIONS = frozenset({"SO:0001565", "SO:1000044", "SO:0002062"})
"""Gene fusion, chromosomal translocation, complex chromosomal rearrangement (Sequence Ontology)."""
_FUSION = frozenset({"SO:0001565"})
"""The one of them whose absence says that the gene is not fused: without a translocation it may be, by an inversion."""
_GAINS = frozenset({"SO:0001742", "SO:0001880", "SO:0001889", "LA14033-7"})
"""Copy number gain, feature and transcript amplification (which annotators write of any gain); LOINC's answer."""
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
_NUCLEOTIDE = re.compile(
    r"(?:(?P<transcript>N[MR]_[0-9]+)(?:\.[0-9]+)?(?:\([^()]*\))?:)?(?P<change>c\.[0-9]+[ACGT]>[ACGT])(?: |$)"
)
_CLINVAR = re.compile(r"\((p\.[A-Za-z0-9*]+)\)$")
_LETTERS = dict(
    zip(
        "ARNDCQEGHILKMFPSTWYV*",
        re.findall("...", "AlaArgAsnAspCysGlnGluGlyHisIleLeuLysMetPheProSerThrTrpTyrValTer"),
        strict=True,
    )
)
"""Amino acids by their one letter (IUPAC), and the stop as HGVS writes it."""


def variant_codes(
    resource: Json, code: Coded, value: object, elements: Elements, beside: Iterable[Json] = ()
) -> tuple[Code, ...]:
    """Give what a variant Observation says of its genes; nothing where it is none, or does not say it plainly.

    ``beside`` are the components in which other Observations speak of it. What it says itself goes first, but of the
    significance, where each opinion counts; an absence is what it says itself.
    """
    if ASSESSMENT not in code.codes or not isinstance(value, Coded):
        return ()
    found = {_VALUES[word] for word in _words((value,)) if word in _VALUES}
    parts = _parts(many(resource.get("component")), elements)
    genes = sorted({gene for each in parts.get(_GENE, ()) if (gene := _gene(each))})
    if len(found) != 1 or not genes:
        return ()
    told = _present(genes, _with(parts, _parts(beside, elements))) if found == {"present"} else _absent(genes, parts)
    return tuple(Code(VARIANT, each) for each in told)


_Parts: TypeAlias = dict[str, list[Coded]]


def _parts(components: Iterable[object], elements: Elements) -> _Parts:
    """Give the values of the components by the codes of these; one without a code stands under a blank."""
    parts: _Parts = {}
    for each in components:
        sent = each if isinstance(each, dict) else {}
        name = elements.coded(sent.get("code"))
        said = elements.coded(sent.get("valueCodeableConcept")) or Coded(text=text(sent.get("valueString")))
        for key in (name and _codes(name)) or [""]:
            parts.setdefault(key, []).append(said)
    return parts


def _with(parts: _Parts, others: _Parts) -> _Parts:
    """Add what others say of a variant to what it says itself."""
    added = {SIGNIFICANCE: parts.get(SIGNIFICANCE, []) + others.get(SIGNIFICANCE, [])}
    changes = (_PROTEIN, _CODING, _TRANSCRIPT)
    for names in (changes, _CHANGE_TYPES):
        if not any(name in parts for name in names):
            added |= {name: others[name] for name in names if name in others}
    return {**parts, **{name: told for name, told in added.items() if told}}


def _types(parts: _Parts) -> set[str]:
    return {word for name in _CHANGE_TYPES for each in parts.get(name, ()) for word in _codes(each)}


def _present(genes: list[str], parts: _Parts) -> list[str]:
    types = _types(parts)
    if types & _FUSIONS:
        return [f"{gene} fusion" for gene in (*genes, "+".join(genes))] if len(genes) > 1 else [f"{genes[0]} fusion"]
    if len(genes) > 1:
        return [f"{'+'.join(genes)} present"]
    if types & _GAINS:
        return [f"{genes[0]} gain"]
    if types - _SMALL or (_COPIES in parts and not types):
        return []
    changes = _changes(parts) or _catalogued(parts) or _nucleotides(parts)
    significance = parts.get(SIGNIFICANCE, ())
    if not significance:
        return [f"{genes[0]} {each}" for each in (*changes, "present")]
    harmful = all(_words((each,)) & _PATHOGENIC for each in significance)
    return [f"{genes[0]} {each}" for each in (*changes, "pathogenic")] if harmful else []


def _absent(genes: list[str], parts: _Parts) -> list[str]:
    """Give what is not there: one change, or any of the genes; a search of the germline leaves the tumour open."""
    if _words(parts.get(_SOURCE, ())) & _GERMLINE:
        return []
    if (types := _types(parts)) and parts.keys() <= _WHOLE_GENE.union(_CHANGE_TYPES):
        return _kind_absent(genes, types)
    if parts.keys() <= _WHOLE_GENE:
        return [f"{gene} absent" for gene in genes]
    changes = _changes(parts)
    return [f"{genes[0]} {each} absent" for each in changes] if len(genes) == 1 else []


def _kind_absent(genes: list[str], types: set[str]) -> list[str]:
    """Give a kind of change that was looked for and is not there: a fusion of one gene or of two, a gain of copies."""
    if types <= _GAINS:
        return [f"{gene} gain absent" for gene in genes]
    pair = "+".join(genes)
    return [f"{pair} fusion absent"] if types <= _FUSION and pair.count("+") <= 1 else []


def _gene(said: Coded) -> str:
    """Give a gene's HGNC number; its symbol where no number was sent."""
    numbers = {code.value for code in said.codes if "genenames.org" in code.system}
    if numbers:
        number = numbers.pop()
        return number if not numbers and _HGNC.fullmatch(number) else ""
    return said.text if _SYMBOL.fullmatch(said.text) else ""


def _changes(parts: _Parts) -> list[str]:
    """Give the change of the protein in the three letters of HGVS, where it is one amino acid for another."""
    return _substituted([word for each in parts.get(_PROTEIN, ()) for word in (*_codes(each), each.text)])


def _catalogued(parts: _Parts) -> list[str]:
    """Give the change of the protein that the name in ClinVar ends with, where none was sent: ``… (p.Leu858Arg)``."""
    if _PROTEIN in parts:
        return []
    shown = [each.text for each in parts.get(_CATALOGUED, ()) if any("clinvar" in code.system for code in each.codes)]
    return _substituted([found.group(1) for each in shown if (found := _CLINVAR.search(each))])


def _nucleotides(parts: _Parts) -> list[str]:
    """Give a change of one nucleotide with the transcript it is counted on, where the protein's was not sent.

    Without a transcript the place means nothing. The tables say which of them are known changes of a protein.
    """
    if _PROTEIN in parts:
        return []
    beside = {code.partition(".")[0] for each in parts.get(_TRANSCRIPT, ()) for code in (*_codes(each), each.text)} - {
        ""
    }
    found: set[str] = set()
    for word in {word for each in parts.get(_CODING, ()) for word in (*_codes(each), each.text)}:
        if (match := _NUCLEOTIDE.match(word)) is not None:
            on = {match["transcript"]} if match["transcript"] else beside
            found |= {f"{name}:{match['change']}" for name in on}
    return sorted(found) if len(found) == 1 else []


def _substituted(sent: list[str]) -> list[str]:
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
