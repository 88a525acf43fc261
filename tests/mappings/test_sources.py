"""What verified rows rest on: files that name codes for their own sake, not charts that a program made up."""

import re

from cds.core.vocabulary import Absence, Vocabulary
from cds.terms.tables import Tables

GENERATED = re.compile(
    r"generated-sample-data|sample-bulk|chart sample|test[ _]patients|patient_data|synthea", re.IGNORECASE
)
VOCABULARY_TABLE = "(CONCEPT.csv: OMOP copy of the terminology)"
"""The generated OMOP data set comes with a cut of the terminologies themselves, by concept and class."""


def test_no_verified_code_rests_on_a_generated_chart(tables: Tables) -> None:
    rows = [row for each in tables.codes.values() for row in each if row["verified"] == "yes"]
    assert [
        row.place for row in rows if GENERATED.search(row["source"]) and not row["source"].endswith(VOCABULARY_TABLE)
    ] == []


def test_every_membership_that_counts_says_where_it_was_read(tables: Tables) -> None:
    counting = [row for row in tables.classes if row["verified"] == "yes"]
    assert [row.place for row in counting if not row["source"] or "remembered" in row["source"]] == []


def test_silence_says_nothing_of_drugs_that_lengthen_qt(vocabulary: Vocabulary) -> None:
    """No list of them is whole, so none on record is no sign that none is taken."""
    members = vocabulary.members["qt-prolonging"]
    assert len(members) == 30
    assert all(members.values())
    assert vocabulary.concepts["qt-prolonging"].absence is Absence.OPEN


def test_only_an_inducer_that_a_label_names_settles_anything(vocabulary: Vocabulary) -> None:
    verified = [name for name, sure in vocabulary.members["ugt1a1-inducer"].items() if sure]
    assert verified == ["rifampin"]
