"""A definition small enough to read whole, a vocabulary with one thing of each kind, and a way to change the text."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from cds.core.vocabulary import Concept, ConceptKind, Scale, Vocabulary

CELLS = Scale(
    "10*9/L",
    factors={"10*9/L": Fraction(1), "/uL": Fraction(1, 1000)},
)
KINDS = {
    "lung": ConceptKind.SITE,
    "bladder": ConceptKind.SITE,
    "small-cell-carcinoma": ConceptKind.HISTOLOGY,
    "liver-metastasis": ConceptKind.CONDITION,
    "cisplatin": ConceptKind.INGREDIENT,
    "platinum": ConceptKind.DRUG_CLASS,
    "major-surgery": ConceptKind.PROCEDURE,
    "live-vaccine": ConceptKind.VACCINE,
    "polysorbate": ConceptKind.SUBSTANCE,
}

TEXT = """
nct_id: NCT00000001
title: A trial
version: "2026-01-01.1"
record: {date: 2026-01-01, status: RECRUITING, lines: 5, blank: [2], sha256: 00ff}
complete: true
reviewer: ""
reviewed_on: null
sites: ["Town, Country: Hospital"]
headings: [1]
criteria:
  - id: disease
    label: Small cell carcinoma
    section: inclusion
    lines: [3]
    disease: true
    require: {diagnosis: {histology: [small-cell-carcinoma]}}
  - id: platelets
    label: Enough platelets
    section: inclusion
    lines: [4]
    require: {measured: {concept: platelets, at_least: "100 10*9/L"}}
    note: Read so.
  - id: prior-platinum
    label: No platinum
    section: exclusion
    lines: [5]
    forbid: {exposed: {to: [platinum]}}
cohorts:
  - id: "1"
    label: Bladder
    open: true
    criteria:
      - id: site
        label: Started in the bladder
        section: inclusion
        lines: [3]
        disease: true
        require: {diagnosis: {histology: [small-cell-carcinoma], site: [bladder]}}
"""


@pytest.fixture
def vocabulary() -> Vocabulary:
    concepts = {name: Concept(name, kind, name) for name, kind in KINDS.items()}
    for name in ("platelets", "neutrophils"):
        concepts[name] = Concept(name, ConceptKind.MEASUREMENT, name, scale=CELLS)
    return Vocabulary(concepts, members={"platinum": {"cisplatin": True}})


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the definition, with passages changed, and give its folder."""

    def writer(*changes: tuple[str, str]) -> Path:
        text = TEXT.lstrip("\n")
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} must stand once"
            text = text.replace(old, new)
        folder = tmp_path / "trials"
        folder.mkdir(exist_ok=True)
        (folder / "NCT00000001.yaml").write_text(text, encoding="utf-8")
        return folder

    return writer
