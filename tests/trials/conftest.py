"""A definition small enough to read whole, a vocabulary with one thing of each kind, and a way to change the text."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from cds.core.codes import Code
from cds.core.vocabulary import Absence, Concept, ConceptKind, Equivalent, HalfLife, Meaning, Scale, Vocabulary

CELLS = Scale(
    "10*9/L",
    factors={"10*9/L": Fraction(1), "/uL": Fraction(1, 1000)},
    plausible=(Fraction(0), Fraction(5000)),
)
KINDS = {
    "lung": ConceptKind.SITE,
    "bladder": ConceptKind.SITE,
    "small-cell-carcinoma": ConceptKind.HISTOLOGY,
    "liver-metastasis": ConceptKind.CONDITION,
    "cisplatin": ConceptKind.INGREDIENT,
    "platinum": ConceptKind.DRUG_CLASS,
    "prednisone": ConceptKind.INGREDIENT,
    "empty-class": ConceptKind.DRUG_CLASS,
    "untold-drug": ConceptKind.INGREDIENT,
    "untold-class": ConceptKind.DRUG_CLASS,
    "untold-condition": ConceptKind.CONDITION,
    "transplant-status": ConceptKind.CONDITION,
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
    plain: You have small cell cancer.
    section: inclusion
    lines: [3]
    disease: true
    require: {diagnosis: {histology: [small-cell-carcinoma]}}
  - id: platelets
    label: Enough platelets
    plain: Your blood clots well enough.
    section: inclusion
    lines: [4]
    require: {measured: {concept: platelets, at_least: "100 10*9/L"}}
    note: Read so.
  - id: prior-platinum
    label: No platinum
    plain: You have had no platinum.
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
        plain: Your cancer began in the bladder.
        section: inclusion
        lines: [3]
        disease: true
        require: {diagnosis: {histology: [small-cell-carcinoma], site: [bladder]}}
"""

OTHER = """
about: Someone whose tumour began in the lung, for whom nothing but the disease makes a difference.
as_of: 2026-06-15
verdict: not-relevant
problems: [small-cell-carcinoma + lung]
"""


@pytest.fixture
def vocabulary() -> Vocabulary:
    concepts = {
        name: Concept(name, kind, name, absence=Absence.CLOSED, undated=name.endswith("-status"))
        for name, kind in KINDS.items()
    }
    for name in ("platelets", "neutrophils", "absolute-neutrophil-count"):
        concepts[name] = Concept(name, ConceptKind.MEASUREMENT, name, scale=CELLS)
    exact = {
        Code("name", f"a code of {name}"): (Meaning(name),)
        for name, concept in concepts.items()
        if concept.kind is not ConceptKind.DRUG_CLASS and not name.startswith("untold")
    }
    return Vocabulary(
        concepts,
        exact,
        members={"platinum": {"cisplatin": True}, "untold-class": {"untold-drug": True}},
        half_lives={"cisplatin": HalfLife(Fraction(1), Fraction(2))},
        equivalents={"prednisone": {"prednisone": Equivalent(Fraction(1), Fraction(1))}},
    )


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the definition, with passages changed, and two example patients; give the folder."""

    def writer(*changes: tuple[str, str]) -> Path:
        text = TEXT.lstrip("\n")
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} must stand once"
            text = text.replace(old, new)
        folder = tmp_path / "trials"
        folder.mkdir(exist_ok=True)
        (folder / "NCT00000001.yaml").write_text(text, encoding="utf-8")
        examples = folder / "examples" / "NCT00000001"
        examples.mkdir(parents=True, exist_ok=True)
        for name in ("other", "another"):
            (examples / f"{name}.yaml").write_text(OTHER, encoding="utf-8")
        return folder

    return writer
