"""What the linter says of rules that can never decide anything: for each a rule that it tells, and one that is fine."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cds.core.vocabulary import Vocabulary
from cds.trials.lint import lint_trials

Write = Callable[..., Path]
FILE = "NCT00000001.yaml"
EXCLUSION = "forbid: {exposed: {to: [platinum]}}"
HAS_LIVER = "{condition: {of: [liver-metastasis]}}"
HAS_SURGERY = "{underwent: {of: [major-surgery]}}"


def told(write: Write, vocabulary: Vocabulary, *changes: tuple[str, str]) -> list[str]:
    faults = lint_trials(write(*changes), vocabulary)
    return [fault.reason for fault in faults if fault.place == FILE]


@pytest.mark.parametrize(
    ("rule", "reason", "fine"),
    [
        pytest.param(
            f"require: {{all: [{HAS_LIVER}, {{not: {HAS_LIVER}}}]}}",
            "hascondition: is asked for and forbidden",
            f"require: {{all: [{HAS_LIVER}, {{not: {HAS_SURGERY}}}]}}",
            id="a rule and its opposite",
        ),
        pytest.param(
            f"forbid: {{any: [{HAS_LIVER}, {{any: [{HAS_SURGERY}, {{not: {HAS_LIVER}}}]}}]}}",
            "hascondition: is asked for and forbidden",
            f"forbid: {{any: [{HAS_LIVER}, {{all: [{HAS_SURGERY}, {{not: {HAS_LIVER}}}]}}]}}",
            id="opposites among what is forbidden",
        ),
        pytest.param(
            "require: {all: [{sex: male}, {sex: female}]}",
            "sex: both are asked for",
            "require: {all: [{sex: male}, {not: {sex: female}}]}",
            id="both sexes",
        ),
        pytest.param(
            "require: {all: [{age: {at_least: 18}}, {not: {age: {at_least: 18}}}]}",
            "age: is asked for and forbidden",
            "require: {all: [{age: {at_least: 18}}, {not: {age: {at_least: 19}}}]}",
            id="an age and its opposite",
        ),
        pytest.param(
            "require: {all: [{age: {at_least: 19}}, {age: {at_most: 18}}]}",
            "age: the limits exclude each other",
            "require: {all: [{age: {at_least: 19}}, {age: {at_most: 19}}]}",
            id="ages",
        ),
        pytest.param(
            "require: {all: [{not: {age: {at_most: 18}}}, {age: {at_most: 18, at_least: 1}}]}",
            "age: the limits exclude each other",
            "require: {all: [{not: {age: {at_most: 17}}}, {age: {at_most: 18, at_least: 1}}]}",
            id="ages that are forbidden",
        ),
        pytest.param(
            'require: {all: [{measured: {concept: neutrophils, above: "2 10*9/L"}}, '
            '{measured: {concept: neutrophils, at_most: "2000 /uL"}}]}',
            "neutrophils: the limits exclude each other",
            'require: {all: [{measured: {concept: neutrophils, at_least: "2 10*9/L"}}, '
            '{measured: {concept: neutrophils, at_most: "2000 /uL"}}]}',
            id="limits of a value",
        ),
        pytest.param(
            f"require: {{any: [{HAS_SURGERY}, {{all: [{HAS_LIVER}, {{not: {HAS_LIVER}}}]}}]}}",
            "any: a part never holds: hascondition: is asked for and forbidden",
            f"require: {{any: [{HAS_SURGERY}, {{all: [{HAS_LIVER}, {{sex: male}}]}}]}}",
            id="a part that never holds",
        ),
        pytest.param(
            f"require: {{any: [{HAS_LIVER}, {{not: {HAS_LIVER}}}]}}",
            "any: holds always, as one part is the opposite of another",
            f"require: {{any: [{HAS_LIVER}, {{not: {HAS_SURGERY}}}]}}",
            id="a choice of everything",
        ),
        pytest.param(
            f"require: {{readings: [{HAS_LIVER}, {HAS_LIVER}]}}",
            "readings: two parts are the same",
            f"require: {{readings: [{HAS_LIVER}, {HAS_SURGERY}]}}",
            id="readings that do not differ",
        ),
        pytest.param(
            f"require: {{not: {{all: [{HAS_SURGERY}, {HAS_LIVER}, {HAS_SURGERY}]}}}}",
            "all: two parts are the same",
            f"require: {{not: {{all: [{HAS_SURGERY}, {HAS_LIVER}]}}}}",
            id="a part that stands twice",
        ),
        pytest.param(
            f"forbid: {{not: {HAS_LIVER}}}",
            "not of not: the one undoes the other",
            f"forbid: {HAS_LIVER}",
            id="not of not",
        ),
        pytest.param(
            f"require: {{if: {{sex: male}}, then: {HAS_LIVER}, else: {HAS_LIVER}}}",
            "if: then and else are the same",
            f"require: {{if: {{sex: male}}, then: {HAS_LIVER}, else: {HAS_SURGERY}}}",
            id="branches that do not differ",
        ),
        pytest.param(
            f"require: {{any: [{HAS_LIVER}, {{age: {{at_least: 0}}}}]}}",
            "age: every value lies within the limits",
            f"require: {{any: [{HAS_LIVER}, {{age: {{at_least: 1}}}}]}}",
            id="every age",
        ),
        pytest.param(
            "require: {ecog: {at_most: 5}}",
            "ecog: every value lies within the limits",
            "require: {ecog: {at_most: 4}}",
            id="every grade",
        ),
        pytest.param(
            "require: {lines: {of: [platinum], at_least: 0}}",
            "lines: every value lies within the limits",
            "require: {lines: {of: [platinum], at_least: 1}}",
            id="any number of lines",
        ),
        pytest.param(
            'require: {measured: {concept: neutrophils, at_least: "0 10*9/L"}}',
            "measured: every value lies within the limits",
            'require: {measured: {concept: neutrophils, at_least: "1 10*9/L"}}',
            id="every value",
        ),
        pytest.param(
            'require: {measured: {concept: neutrophils, at_least: "100000 10*9/L"}}',
            "neutrophils: the limit lies where no value can be true",
            'require: {measured: {concept: neutrophils, at_least: "100000 /uL"}}',
            id="a limit in the wrong unit",
        ),
        pytest.param(
            'require: {measured: {concept: neutrophils, at_most: "1 × ULN", computed: [anc-from-percent]}}',
            "computed: anc-from-percent gives no value of neutrophils",
            'require: {measured: {concept: absolute-neutrophil-count, below: "1 × ULN", computed: [anc-from-percent]}}',
            id="an equation of something else",
        ),
        pytest.param(
            "forbid: {condition: {of: [untold-condition]}}",
            "untold-condition has no code: no chart can show it",
            "forbid: {condition: {of: [untold-condition, liver-metastasis]}}",
            id="what no code tells",
        ),
        pytest.param(
            "forbid: {exposed: {to: [empty-class], but_not: [cisplatin]}}",
            "empty-class has no drug: no chart can show it",
            "forbid: {exposed: {to: [platinum], but_not: [prednisone]}}",
            id="a class without drugs",
        ),
        pytest.param(
            "forbid: {exposed: {to: [untold-class]}}",
            "untold-class has no code: no chart can show it",
            "forbid: {exposed: {to: [untold-class, prednisone]}}",
            id="a class of drugs that no code tells",
        ),
        pytest.param(
            'forbid: {exposed: {to: [prednisone], within_days: 14, half_lives: "5 longer"}}',
            "half_lives: no half-life of any of these drugs is known",
            'forbid: {exposed: {to: [prednisone, cisplatin], within_days: 14, half_lives: "5 longer"}}',
            id="half-lives that are not known",
        ),
        pytest.param(
            "forbid: {condition: {of: [transplant-status], within_days: 183}}",
            "within_days: transplant-status is recorded without the day it happened",
            "forbid: {condition: {of: [transplant-status]}}",
            id="a window without a date",
        ),
        pytest.param(
            'forbid: {exposed: {to: [platinum], ongoing: true, above: "10 mg prednisone"}}',
            "no dose of any of these drugs is known in equivalents of prednisone",
            'forbid: {exposed: {to: [prednisone], ongoing: true, above: "10 mg prednisone"}}',
            id="doses that cannot be compared",
        ),
        pytest.param(
            'forbid: {received: {of: [platinum], at_least: "450 mg/m2 prednisone"}}',
            "no dose of any of these drugs is known in equivalents of prednisone",
            'forbid: {received: {of: [prednisone], at_least: "450 mg/m2 prednisone"}}',
            id="lifetime doses that cannot be compared",
        ),
    ],
)
def test_a_rule_that_can_decide_nothing_is_told(
    write: Write, vocabulary: Vocabulary, rule: str, reason: str, fine: str
) -> None:
    assert told(write, vocabulary, (EXCLUSION, rule)) == [f"criterion prior-platinum: {reason}"]
    assert told(write, vocabulary, (EXCLUSION, fine)) == []


PLATELETS = 'require: {measured: {concept: platelets, at_least: "100 10*9/L"}}'
BLADDER = "require: {diagnosis: {histology: [small-cell-carcinoma], site: [bladder]}}"


def test_criteria_that_exclude_each_other_are_told(write: Write, vocabulary: Vocabulary) -> None:
    adult = (PLATELETS, "require: {age: {at_least: 18}}")
    assert told(write, vocabulary, adult, (EXCLUSION, "require: {age: {at_most: 17}}")) == [
        "cohort 1: no patient can meet all criteria: age: the limits exclude each other",
        "no patient can meet all criteria: age: the limits exclude each other",
    ]
    assert told(write, vocabulary, adult, (EXCLUSION, "require: {age: {at_most: 18}}")) == []


def test_a_cohort_may_exclude_itself_from_its_trial(write: Write, vocabulary: Vocabulary) -> None:
    assert told(write, vocabulary, (BLADDER, "require: {exposed: {to: [platinum]}}")) == [
        "cohort 1: no patient can meet all criteria: exposed: is asked for and forbidden",
    ]
    assert told(write, vocabulary, (BLADDER, "require: {exposed: {to: [prednisone]}}")) == []


def test_criteria_that_ask_the_same_are_told(write: Write, vocabulary: Vocabulary) -> None:
    assert told(write, vocabulary, (BLADDER, "require: {diagnosis: {histology: [small-cell-carcinoma]}}")) == [
        "criterion site: asks what criterion disease asks"
    ]


def test_a_criterion_without_words_for_patients_is_told(write: Write, vocabulary: Vocabulary) -> None:
    bare = ("    plain: You have had no platinum.\n", "")
    assert told(write, vocabulary, bare) == [
        "criterion prior-platinum: plain is missing, what it asks in words for everyone"
    ]
    assert told(write, vocabulary, bare, ("complete: true", "complete: false")) == []


@pytest.mark.parametrize(("complete", "faults"), [("true", 1), ("false", 0)])
def test_a_complete_definition_has_two_example_patients(
    write: Write, vocabulary: Vocabulary, complete: str, faults: int
) -> None:
    folder = write(("complete: true", f"complete: {complete}"))
    (folder / "examples" / "NCT00000001" / "other.yaml").unlink()
    found = [str(fault) for fault in lint_trials(folder, vocabulary)]
    assert found == [f"{FILE}: has 1 example patients; a complete definition needs 2"] * faults
