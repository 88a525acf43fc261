"""What a terminology server would hold, in small: the codes of the tables, and some made up below them.

A real SNOMED CT or RxNorm may not be shipped. The hierarchy here is invented: nearly every code stands directly below
the root, so that nothing can come right by chance.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from cds.core.codes import ATC, ICD9CM, ICD10CM, NOT_SENT, RXNORM, SNOMED, Code, Coded
from cds.terms.export import Frame, resources_of
from tests.golden.cases import SLUGS
from tests.live.hapi import Json, code_system
from tests.shipped import tables, vocabulary

BASE = "https://trialcards.example.org/fhir"
ROOT = "138875005"
KNOWN = "253000007"
"""SNOMED CT, neuroendocrine carcinoma: a row of the tables."""
BELOW, FURTHER, UNTOLD, ASIDE, UNKNOWN = ("100033", "100046", "100067", "100079", "100080")
PRODUCT, COMPONENT, HALF_TOLD = "99990001", "99990002", "99990003"
CARBOPLATIN = "40048"

STORABLE = tuple(slug for slug in SLUGS if slug != "rectum-nec-lab-chaos")
"""That chart has a status that is none, on purpose; HAPI refuses to store it."""


@cache
def exported() -> tuple[Json, ...]:
    """Give the resources of the export, as ``trialcards mappings export`` writes them."""
    return tuple(resources_of(tables(), vocabulary(), Frame(BASE, "1.2.3")))


def code_systems() -> list[Json]:
    """Give all that is loaded: ICD and ATC by their beginnings, SNOMED CT and RxNorm with the made-up codes."""
    by_beginning = [
        code_system(name, system, _nested(sorted(each.value for each in universe() if each.system == system)))
        for name, system in (("icd10cm", ICD10CM), ("icd9cm", ICD9CM), ("atc", ATC))
    ]
    return [*by_beginning, code_system("sct", SNOMED, [_snomed()]), code_system("rxnorm", RXNORM, _rxnorm())]


@cache
def universe() -> frozenset[Code]:
    """Every code that the tables tell of, and all neoplasms of ICD-10-CM: what expansions are compared over."""
    starts = {Code(system, value) for system, rows in vocabulary().prefixes.items() for value in rows}
    codes = {*vocabulary().exact, *vocabulary().denied, *starts, *_neoplasms()}
    return frozenset(each for each in codes if each.system not in NOT_SENT)


def counting(concept: str) -> frozenset[Code]:
    """Give the codes that count for a concept by the tables: its own, narrower ones', verified class members'."""
    reach = _reach(concept)
    return frozenset(
        code
        for code in universe()
        if any(each.counts and each.concept in reach for each in vocabulary().meanings(Coded((code,))))
    )


@cache
def _reach(concept: str) -> frozenset[str]:
    narrower = vocabulary().narrower((concept,))
    members = {name for name, verified in vocabulary().members.get(concept, {}).items() if verified}
    return narrower.union(*map(_reach, (members | narrower) - {concept}))


def _neoplasms() -> list[Code]:
    """Give the chapter of neoplasms of CDC's tabular list: the file in simple-icd-10-cm."""
    spec = find_spec("simple_icd_10_cm")
    assert spec is not None
    assert spec.origin is not None
    (file,) = (Path(spec.origin).parent / "data").glob("*.xml")
    tree = ET.parse(file)  # noqa: S314 - a file of a package that the lock file pins by its hash
    chapter = next(each for each in tree.iter("chapter") if each.findtext("name") == "2")
    return [Code(ICD10CM, node.findtext("name", "")) for node in chapter.iter("diag")]


Inner = Mapping[str, Sequence[str]]
_NO_PARENTS: Inner = MappingProxyType({})


def _nested(values: Sequence[str]) -> list[Json]:
    """Put each code below the longest other that it begins with."""
    known = set(values)
    below: dict[str, list[str]] = defaultdict(list)
    for value in values:
        beginnings = (value[:length] for length in range(len(value) - 1, 0, -1))
        below[next((each for each in beginnings if each in known), "")].append(value)
    return [_concept(each, below) for each in below[""]]


def _concept(
    value: str, below: Mapping[str, Sequence[str]], parents: Mapping[str, Sequence[str]] = _NO_PARENTS
) -> Json:
    inner = [_concept(each, below, parents) for each in below.get(value, ())]
    told = [{"code": "parent", "valueCode": each} for each in parents.get(value, ())]
    concept: Json = {"code": value, "display": f"Name of {value}"}
    return concept | ({"property": told} if told else {}) | ({"concept": inner} if inner else {})


def _snomed() -> Json:
    """Give SNOMED CT's root with the tables' codes right below it, and the made-up ones.

    ``parent`` is what the server answers of a code; the nesting is what it subsumes by. They differ for ``ASIDE``,
    which names a parent that it does not stand below, and ``UNTOLD``, which names none.
    """
    flat = sorted(each.value for each in universe() if each.system == SNOMED and each.value != ROOT)
    below = {ROOT: [*flat, ASIDE], KNOWN: [BELOW, UNTOLD], BELOW: [FURTHER]}
    parents = {**dict.fromkeys(flat, (ROOT,)), BELOW: (KNOWN,), FURTHER: (BELOW,), ASIDE: (KNOWN,)}
    return _concept(ROOT, below, parents)


def _rxnorm() -> list[Json]:
    """Give the tables' codes, and a product whose one component holds carboplatin."""
    flat = sorted(each.value for each in universe() if each.system == RXNORM)
    related = {
        PRODUCT: ("carboplatin 10 MG/ML Injection", "consists_of", COMPONENT),
        COMPONENT: ("carboplatin 10 MG/ML", "has_ingredient", CARBOPLATIN),
        HALF_TOLD: ("carboplatin 10 MG/ML / otherwise 5 MG/ML Injection", "consists_of", COMPONENT),
    }
    made = [
        {"code": code, "display": display, "property": [{"code": relation, "valueCode": value}]}
        for code, (display, relation, value) in related.items()
    ]
    return [*({"code": each, "display": f"Name of {each}"} for each in flat), *made]


def codes_in(expansion: Json) -> frozenset[Code]:
    """Give the codes of an expanded ValueSet."""
    listed: Iterable[Json] = expansion["expansion"].get("contains", ())
    return frozenset(Code(each["system"], each["code"]) for each in listed)
