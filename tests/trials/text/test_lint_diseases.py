"""The names of cancers: their faults are told with file and line, and the shipped ones have none."""

from pathlib import Path

import pytest

from cds.core.vocabulary import Concept, ConceptKind, Vocabulary
from cds.terms import load_vocabulary
from cds.trials.text.lint_diseases import lint_diseases

REAL = Path(__file__).resolve().parents[3] / "mappings"
HEAD = "phrase,role,histologies,sites,comment\n"
VOCABULARY = Vocabulary(
    {
        "melanoma": Concept("melanoma", ConceptKind.HISTOLOGY, "melanoma"),
        "lung": Concept("lung", ConceptKind.SITE, "lung"),
    }
)


def reasons(tmp_path: Path, rows: str) -> list[str]:
    (tmp_path / "diseases.csv").write_text(rows, encoding="utf-8")
    return [each.reason for each in lint_diseases(tmp_path, VOCABULARY)]


def test_a_table_without_faults(tmp_path: Path) -> None:
    rows = (
        "cancer,head,,,\nlung,site,,lung,\nlung melanoma,disease,melanoma,lung,\nmetastatic,idle,,,\nrare,narrower,,,\n"
    )
    assert reasons(tmp_path, HEAD + rows) == []


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("naevus,disease,naevus,,\n", "there is no concept 'naevus'"),
        ("lung,site,,melanoma,\n", "melanoma is a histology, no site"),
        ("lung,place,,lung,\n", "'place' is none of"),
        ("lung,site,,,\n", "a site needs a site"),
        ("lung cancer,disease,,,\n", "a disease needs a histology or a site"),
        ("rare,narrower,melanoma,,\n", "'narrower' names no histology"),
        ("melanoma,histology,melanoma,,\nlung,site,,lung,\n", "not sorted"),
        ("lung,site,,lung,\nlung,site,,lung,\n", "stands twice"),
        ("small cell,narrower,,,\nsmall-cell,idle,,,\n", "means something else"),
        ("skin-spot,disease,melanoma,,\nskin spots,disease,melanoma,,narrows: one kind\n", "means something else"),
        ("-,idle,,,\n", "has no words"),
    ],
)
def test_a_fault_is_told(tmp_path: Path, rows: str, reason: str) -> None:
    assert any(reason in each for each in reasons(tmp_path, HEAD + rows))


def test_a_table_that_cannot_be_read_is_one_fault(tmp_path: Path) -> None:
    (told,) = reasons(tmp_path, "phrase,role\nlung,site\n")
    assert "the columns must be" in told


def test_the_shipped_names_have_no_faults() -> None:
    assert lint_diseases(REAL, load_vocabulary(REAL)) == []
