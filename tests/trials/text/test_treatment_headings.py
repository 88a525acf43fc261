"""Headings that only say that whom they describe is excluded, over a treatment."""

import pytest

from cds.core.criteria import Asked, Exposed, Not
from cds.core.vocabulary import Concept, ConceptKind, Vocabulary
from cds.trials.text.draft import drafted
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.treatments import read_treatment
from cds.trials.text.reading import ReadingKind

LEXICON = Lexicon.of(Vocabulary({"taxane": Concept("taxane", ConceptKind.DRUG_CLASS, "taxane")}))


def under(heading: str) -> object:
    text = f"Exclusion Criteria:\n\n{heading}\n\n* Prior taxane\n* Prior taxane\n"
    found = drafted(text, (read_treatment,), LEXICON, frozenset(ReadingKind))
    return found[-1].criterion.rule


@pytest.mark.parametrize(
    "heading",
    [
        "Participants will be excluded if any of the following apply:",
        "Subjects must not be enrolled if they meet any of the following criteria:",
        "To be eligible for this study, patients should not meet any of the following criteria:",
        "A subject is ineligible for the study if he/she meets the following:",
    ],
)
def test_a_heading_that_only_excludes(heading: str) -> None:
    assert under(heading) == Not(Exposed(("taxane",)))


@pytest.mark.parametrize(
    "heading",
    [
        "Participants with diabetes will be excluded if any of the following apply:",
        "Patients will be excluded unless they meet the following:",
        "Patients will not be excluded if any of the following apply:",
    ],
)
def test_a_heading_that_says_more(heading: str) -> None:
    rule = under(heading)
    assert isinstance(rule, Asked) or rule != Not(Exposed(("taxane",)))
