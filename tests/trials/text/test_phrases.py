"""The phrases of eligibility text: read with their places, and their faults told."""

from pathlib import Path

import pytest

from cds.core.vocabulary import Concept, ConceptKind, Vocabulary
from cds.errors import BadMapping
from cds.terms import load_vocabulary
from cds.trials.text.phrases import lint_phrases, load_phrases

REAL = Path(__file__).resolve().parents[3] / "mappings"
HEAD = "concept_id,phrase,comment\n"
VOCABULARY = Vocabulary(
    {
        "stroke": Concept("stroke", ConceptKind.CONDITION, "Stroke"),
        "embolism": Concept("embolism", ConceptKind.CONDITION, "Embolism"),
        "graft": Concept("graft", ConceptKind.PROCEDURE, "Graft"),
    }
)


def folder(tmp_path: Path, text: str) -> Path:
    mappings = tmp_path / "mappings"
    (mappings / "phrases").mkdir(parents=True)
    (mappings / "phrases" / "some.csv").write_text(text, encoding="utf-8")
    return mappings


def test_phrases_are_read_as_pairs(tmp_path: Path) -> None:
    mappings = folder(tmp_path, f"{HEAD}stroke,CVA,\nstroke,apoplexy,old\n")
    assert load_phrases(mappings) == (("stroke", "CVA"), ("stroke", "apoplexy"))
    assert lint_phrases(mappings, VOCABULARY) == []


def test_unknown_columns_are_told_with_file_and_line(tmp_path: Path) -> None:
    mappings = folder(tmp_path, "concept,phrase\nstroke,CVA\n")
    with pytest.raises(BadMapping, match=r"phrases/some\.csv:1: the columns must be"):
        load_phrases(mappings)
    assert [each.place for each in lint_phrases(mappings, VOCABULARY)] == ["mappings/phrases/some.csv:1"]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("nothing,CVA,\n", "there is no concept 'nothing'"),
        ("stroke,apoplexy,\nstroke,CVA,\n", "not sorted"),
        ("stroke,CVA,\nstroke,CVA,\n", "stands twice"),
        ("embolism,CVA,\nstroke,cva,\n", "is also embolism"),
        ("stroke,-,\n", "has no words"),
    ],
)
def test_a_fault_is_told(tmp_path: Path, rows: str, reason: str) -> None:
    (fault,) = lint_phrases(folder(tmp_path, HEAD + rows), VOCABULARY)
    assert reason in fault.reason


def test_words_may_mean_two_concepts_of_different_kinds(tmp_path: Path) -> None:
    assert lint_phrases(folder(tmp_path, f"{HEAD}graft,transplant,\nstroke,transplant,\n"), VOCABULARY) == []


def test_the_shipped_phrases_have_no_faults() -> None:
    assert lint_phrases(REAL, load_vocabulary(REAL)) == []
