"""Trials that are like one: by disease, by what the drugs act on, by line; with the reason in words."""

from typing import Any

import pytest

from cds.core.vocabulary import Concept, ConceptKind, Vocabulary
from cds.trials.related import Kinship, Reason
from cds.trials.study import Study
from cds.trials.text.lexicon import Lexicon
from tests.core.builders import VOCABULARY
from tests.trials.studies import drug, study

LEXICON = Lexicon.of(
    VOCABULARY,
    (
        ("small-cell-carcinoma", "small cell lung cancer"),
        ("lung", "small cell lung cancer"),
        ("pancreas", "pancreatic"),
    ),
)
SCLC, PANCREAS, OTHER = "Small Cell Lung Cancer", "Pancreatic Cancer", "Frobnication"


def numbered(number: int, condition: str, *drugs: str, **changes: Any) -> Study:  # noqa: ANN401 - any member of a study
    given: dict[str, Any] = {
        "title": f"Trial {number}",
        "conditions": (condition,),
        "interventions": tuple(map(drug, drugs)),
    }
    return study(f"NCT0000000{number}", **(given | changes))


OURS = numbered(1, SCLC, "Nivolumab", title="First-Line Nivolumab")
FILLING = tuple(numbered(number, f"Ailment {number}", f"Remedy-{number}") for number in (7, 8, 9))


def related(*others: Study, ours: Study = OURS, most: int = 10) -> list[tuple[int, list[str]]]:
    found = Kinship.of((ours, *others, *FILLING), LEXICON).related(ours.nct_id, most)
    return [(int(each.study.nct_id[-1]), [reason.says for reason in each.reasons]) for each in found]


def reasons(other: Study, ours: Study = OURS) -> list[str]:
    (found,) = related(other, ours=ours)
    return found[1]


def test_what_is_the_same_is_said_in_words() -> None:
    twin = numbered(2, SCLC, "nivolumab", title="Nivolumab in Previously Untreated Patients")
    assert reasons(twin) == [
        "Same disease: Lung, Small cell carcinoma.",
        "Same drug: Nivolumab.",
        "Same line: first-line treatment.",
    ]
    (found,) = Kinship.of((OURS, twin, *FILLING), LEXICON).related(OURS.nct_id)
    assert found.similarity == 1.0
    assert found.reasons[0] == Reason("condition", "Same disease: Lung, Small cell carcinoma.")


def test_drugs_that_act_on_the_same_are_alike_though_they_are_others() -> None:
    assert reasons(numbered(2, PANCREAS, "Atezolizumab")) == ["Drugs of the same class: Immune checkpoint inhibitor."]


def test_a_class_of_nearly_all_drugs_and_a_class_of_side_effects_make_nothing_alike() -> None:
    drugs = [f"remedy-{number}" for number in range(60)]
    classes = {"targeted": 60, "small-group": 50, "qt-prolonging": 2, "cyp3a-inhibitor": 2}
    vocabulary = Vocabulary(
        {
            **{name: Concept(name, ConceptKind.INGREDIENT, name) for name in drugs},
            **{name: Concept(name, ConceptKind.DRUG_CLASS, name) for name in classes},
        },
        members={name: dict.fromkeys(drugs[:count], True) for name, count in classes.items()},
    )
    trials = [
        numbered(number, f"Ailment {number}", drug) for number, drug in enumerate((drugs[0], drugs[1], drugs[55]))
    ]
    idle = tuple(numbered(number, f"Ailment {number}") for number in range(3, 9))
    (found,) = Kinship.of((*trials, *idle), Lexicon.of(vocabulary)).related(trials[0].nct_id)
    assert (found.study, found.reasons) == (
        trials[1],
        (Reason("intervention", "Drugs of the same class: small-group."),),
    )


def test_a_more_general_disease_is_alike_in_what_both_are() -> None:
    assert reasons(numbered(2, "Neuroendocrine Carcinoma")) == ["Same disease: Neuroendocrine carcinoma."]


def test_what_no_table_knows_is_the_same_where_it_is_written_the_same() -> None:
    ours = numbered(1, OTHER, "NEW-123")
    assert reasons(numbered(2, "FROBNICATIONS", "New 123"), ours) == [
        "Same disease: FROBNICATIONS.",
        "Same drug: New 123.",
    ]


def test_a_scan_and_a_placebo_make_nothing_alike() -> None:
    scanned = (drug("Scan-1", kind="DIAGNOSTIC_TEST"), drug("Placebo"), drug("Blot", kind=""))
    ours, theirs = numbered(1, OTHER, interventions=scanned), numbered(2, PANCREAS, interventions=scanned)
    assert related(theirs, ours=ours) == []


def test_the_line_alone_makes_nothing_alike() -> None:
    assert related(numbered(2, PANCREAS, title="First line for all")) == []


def test_the_most_alike_come_first_and_the_rare_counts_for_more_than_the_common() -> None:
    ours = numbered(1, OTHER, conditions=("Common ailment", "Rare ailment"))
    common = tuple(numbered(number, "Common ailment") for number in (2, 3, 4))
    rare, both = numbered(5, "Rare ailment"), numbered(6, OTHER, conditions=ours.conditions)
    assert [number for number, _ in related(*common, rare, both, ours=ours)] == [6, 5, 2, 3, 4]
    assert [number for number, _ in related(*common, rare, both, ours=ours, most=2)] == [6, 5]


def test_of_equals_an_open_trial_comes_before_a_closed_one() -> None:
    closed = numbered(2, SCLC, status="COMPLETED")
    assert [number for number, _ in related(closed, numbered(3, SCLC))] == [3, 2]


@pytest.mark.parametrize(
    ("title", "line"),
    [
        ("First-line therapy", "first-line treatment"),
        ("Treatment-naïve patients", "first-line treatment"),
        ("After failure of first line therapy", "treatment after the first line"),
        ("Progression following 1st-line", "treatment after the first line"),
        ("2nd line", "treatment after the first line"),
        ("Relapsed/Refractory", "relapsed or refractory disease"),
        ("Neo-adjuvant", "treatment before surgery"),
        ("Neoadjuvant", "treatment before surgery"),
        ("Adjuvant", "treatment after surgery"),
        ("In line with guidelines", None),
    ],
)
def test_the_line_is_read_from_titles(title: str, line: str | None) -> None:
    both = [numbered(number, SCLC, title=title) for number in (1, 2)]
    told = [each for each in reasons(both[1], both[0]) if each.startswith("Same line")]
    assert told == ([f"Same line: {line}."] if line else [])


def test_what_an_eligibility_text_says_makes_nothing_alike() -> None:
    texts = [numbered(number, f"{OTHER} {number}", text="* Second-line nivolumab for melanoma") for number in (1, 2)]
    assert related(texts[1], ours=texts[0]) == []


def test_more_than_three_names_are_counted() -> None:
    names = ("Drug-A", "Drug-B", "Drug-C", "Drug-D", "Drug-E")
    assert reasons(numbered(2, "Else", *names), numbered(1, OTHER, *names)) == [
        "Same drug: Drug-A, Drug-B, Drug-C and 2 more."
    ]


def test_a_trial_that_is_not_among_them_is_like_none() -> None:
    assert Kinship.of((OURS,), LEXICON).related("NCT09999999") == ()
