"""What the trial definitions ask for can be found in a chart, or is said not to be."""

from collections import defaultdict
from pathlib import Path

import pytest

from cds.core.criteria import leaves
from cds.core.needs import needs_of
from cds.core.vocabulary import ConceptKind, Vocabulary
from cds.terms.tables import Tables
from cds.trials.codebook import Codebook
from cds.trials.lint import criteria_of
from cds.trials.load import definition_files, load_definition
from cds.trials.walk import named

TRIALS = Path(__file__).resolve().parents[2] / "trials"


@pytest.fixture(scope="module")
def codebook(vocabulary: Vocabulary) -> Codebook:
    return Codebook.of(vocabulary)


@pytest.fixture(scope="module")
def asked(vocabulary: Vocabulary) -> dict[str, set[str]]:
    """Every concept that a definition names or that a rule of it reads besides, with the trials that ask for it."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in definition_files(TRIALS):
        for criterion in criteria_of(load_definition(path, vocabulary)):
            places = [names for leaf in leaves(criterion.rule) for names, _ in named(leaf)]
            for names in (*places, *needs_of(criterion.rule).values()):
                for name in names:
                    found[name].add(path.stem)
    return found


def findable(name: str, codebook: Codebook) -> bool:
    """Whether a verified code leads to a concept, to something narrower, or to a drug of the class."""
    vocabulary = codebook.vocabulary
    if vocabulary.concepts[name].kind is ConceptKind.DRUG_CLASS:
        return any(codebook.code_for(drug) for drug in vocabulary.members[name])
    return codebook.code_for(name) is not None


def test_a_verified_code_leads_to_every_concept_that_a_definition_asks_for(
    asked: dict[str, set[str]], codebook: Codebook
) -> None:
    assert len(asked) > 100
    assert {name: trials for name, trials in asked.items() if not findable(name, codebook)} == {}


def test_no_drug_of_a_class_is_passed_over_in_silence(asked: dict[str, set[str]], codebook: Codebook) -> None:
    """A drug that no row speaks of would slip through an exclusion; unverified rows at least make it unknown."""
    drugs = {drug for name in asked for drug in codebook.vocabulary.members.get(name, ())}
    assert drugs - codebook.told == set()


def test_a_concept_that_no_row_speaks_of_is_a_heading_over_others(tables: Tables, vocabulary: Vocabulary) -> None:
    """Declared uncoded, a concept would be one that nothing can find: each is either spoken of or has children."""
    told = {row["concept_id"] for rows in tables.codes.values() for row in rows if row["include"] == "+"}
    idle = [
        name
        for name, concept in vocabulary.concepts.items()
        if concept.kind is not ConceptKind.DRUG_CLASS and name not in told and vocabulary.narrower((name,)) == {name}
    ]
    assert idle == []
