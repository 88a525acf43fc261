import datetime as dt
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from cds.core.chart import Sex
from cds.core.criteria import (
    Age,
    AllergicTo,
    AllOf,
    AnyOf,
    Asked,
    Diagnosis,
    Exposed,
    HasCondition,
    IfThen,
    Measured,
    Not,
    PerformanceStatus,
    Readings,
    Reason,
    Rule,
    Section,
    SexIs,
    Underwent,
    Vaccinated,
)
from cds.core.limits import Against, Limit
from cds.core.vocabulary import Vocabulary
from cds.errors import BadTrial
from cds.trials import load_trials

Write = Callable[..., Path]
PLATELETS = '{measured: {concept: platelets, at_least: "100 10*9/L"}}'
LOW = Measured(("platelets",), low=Limit(Fraction(100), "10*9/L"))


def test_a_definition_becomes_a_trial(write: Write, vocabulary: Vocabulary) -> None:
    (trial,) = load_trials(write(), vocabulary)
    assert (trial.nct_id, trial.title, trial.status, trial.version) == (
        "NCT00000001",
        "A trial",
        "RECRUITING",
        "2026-01-01.1",
    )
    assert (trial.record_date, trial.complete, trial.draft) == (dt.date(2026, 1, 1), True, False)
    assert (trial.reviewer, trial.reviewed_on) == ("", None)
    assert trial.sites == ("Town, Country: Hospital",)
    disease, platelets, platinum = trial.criteria
    assert (disease.disease, disease.lines, disease.section) == (True, (3,), Section.INCLUSION)
    assert (platelets.rule, platelets.note, platelets.disease) == (LOW, "Read so.", False)
    assert (platinum.rule, platinum.section) == (Not(Exposed(("platinum",))), Section.EXCLUSION)
    (cohort,) = trial.cohorts
    assert (cohort.id, cohort.label, cohort.open) == ("1", "Bladder", True)
    assert cohort.criteria[0].rule == Diagnosis(("small-cell-carcinoma",), ("bladder",))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{age: {at_least: 18, at_most: 75}}", Age(18, 75)),
        ("{sex: female}", SexIs(Sex.FEMALE)),
        ("{diagnosis: {site: [bladder], except_site: [lung]}}", Diagnosis((), ("bladder",), ("lung",))),
        (
            "{condition: {of: [liver-metastasis], active: true, within_days: 9}}",
            HasCondition(("liver-metastasis",), active=True, within_days=9),
        ),
        ("{condition: {of: [liver-metastasis]}}", HasCondition(("liver-metastasis",))),
        (
            '{measured: {concepts: [platelets, neutrophils], below: "1.50 × ULN", within_days: 14}}',
            Measured(
                ("platelets", "neutrophils"),
                high=Limit(Fraction(3, 2), "", Against.ULN, inclusive=False),
                within_days=14,
            ),
        ),
        (
            '{measured: {concept: platelets, above: "1x LLN", at_most: "0.1 /uL"}}',
            Measured(
                ("platelets",),
                Limit(Fraction(1), "", Against.LLN, inclusive=False),
                Limit(Fraction(1, 10), "/uL"),
            ),
        ),
        ("{ecog: {at_most: 2, at_least: 1}}", PerformanceStatus(2, 1)),
        (
            "{exposed: {to: [platinum], but_not: [cisplatin], within_days: 21}}",
            Exposed(("platinum",), ("cisplatin",), within_days=21),
        ),
        ("{exposed: {to: [cisplatin], ongoing: true}}", Exposed(("cisplatin",), ongoing=True)),
        ("{underwent: {of: [major-surgery], within_days: 28}}", Underwent(("major-surgery",), 28)),
        ("{vaccinated: {with: [live-vaccine]}}", Vaccinated(("live-vaccine",))),
        ("{allergic: {to: [polysorbate, cisplatin]}}", AllergicTo(("polysorbate", "cisplatin"))),
        ("{all: [{sex: male}, {ask: Is it so?}]}", AllOf((SexIs(Sex.MALE), Asked("Is it so?")))),
        (
            "{any: [{not: {sex: male}}, {review: A text}]}",
            AnyOf((Not(SexIs(Sex.MALE)), Asked("A text", Reason.NOT_COMPUTABLE))),
        ),
        ("{readings: [{age: {at_least: 18}}, {age: {at_least: 19}}]}", Readings((Age(18), Age(19)))),
        (
            "{if: {sex: male}, then: {age: {at_least: 18}}, else: {age: {at_least: 21}}}",
            IfThen(SexIs(Sex.MALE), Age(18), Age(21)),
        ),
    ],
)
def test_each_rule_is_read(write: Write, vocabulary: Vocabulary, text: str, rule: Rule) -> None:
    (trial,) = load_trials(write((PLATELETS, text)), vocabulary)
    assert trial.criteria[1].rule == rule


def test_limits_are_exact_numbers(write: Write, vocabulary: Vocabulary) -> None:
    (trial,) = load_trials(write(("100 10*9/L", "0.1 10*9/L")), vocabulary)
    rule = trial.criteria[1].rule
    assert isinstance(rule, Measured)
    assert rule.low is not None
    assert rule.low.value == Fraction(1, 10)


@pytest.mark.parametrize(("key", "reason"), [("ask", Reason.JUDGEMENT), ("review", Reason.NOT_COMPUTABLE)])
def test_a_criterion_may_be_a_question(write: Write, vocabulary: Vocabulary, key: str, reason: Reason) -> None:
    (trial,) = load_trials(write((f"require: {PLATELETS}", f"{key}: What of it?")), vocabulary)
    assert trial.criteria[1].rule == Asked("What of it?", reason)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "{concept: platelets,",
            "{concept: thrombocytes,",
            "NCT00000001.yaml:23: criterion platelets: require: measured: concept: there is no concept 'thrombocytes'",
        ),
        (
            "100 10*9/L",
            "100 g/L",
            "NCT00000001.yaml:23: criterion platelets: require: measured: at_least: platelets is not measured in 'g/L'",
        ),
        ("100 10*9/L", "many", "criterion platelets: require: measured: at_least: not a limit: 'many'"),
        ("100 10*9/L", "1.2.3 10*9/L", "at_least: not a number: '1.2.3'"),
        ("concept: platelets, at_least", "concept: lung, at_least", "at_least: lung is not measured"),
        ("concept: platelets, at_least", "concept: platelets, minimum", "measured: unknown field: minimum"),
        (
            "concept: platelets, at_least",
            "concept: platelets, within_days: 5}} #",
            "criterion platelets: require: measured: a limit is missing",
        ),
        (
            "concept: platelets, at_least",
            "concept: platelets, concepts: [platelets], at_least",
            "must have either concept or concepts",
        ),
        (
            "concept: platelets, at_least",
            'concept: platelets, above: "1 /uL", at_least',
            "has both at_least and above",
        ),
        ("{exposed: {to: [platinum]}}", "{exposed: {to: []}}", "forbid: exposed: to: must name a concept"),
        ("{exposed: {to: [platinum]}}", "{exposed: {to: platinum}}", "forbid: exposed: to: must be a list"),
        (
            "{exposed: {to: [platinum]}}",
            "{exposed: {to: [platinum, platinum]}}",
            "forbid: exposed: to: names a concept twice",
        ),
        (
            "{exposed: {to: [platinum]}}",
            "{exposed: {to: [platinum], within_days: soon}}",
            "forbid: exposed: within_days: must be a whole number, not 'soon'",
        ),
        (
            "{exposed: {to: [platinum]}}",
            "{exposed: {to: [platinum], ongoing: true, within_days: 7}}",
            "forbid: exposed: has both ongoing and within_days",
        ),
        ("{exposed: {to: [platinum]}}", "{exposed: {to: [platinum], ongoing: yes}}", "must be true or false"),
        (
            "{exposed: {to: [platinum]}}",
            "{took: {to: [platinum]}}",
            "criterion prior-platinum: forbid: there is no rule",
        ),
        (
            "{exposed: {to: [platinum]}}",
            "{sex: male, age: {at_least: 1}}",
            "forbid: a rule has one key, not age, sex",
        ),
        ("{exposed: {to: [platinum]}}", "{sex: both}", "sex: must be one of male, female, not 'both'"),
        ("{exposed: {to: [platinum]}}", "{age: {}}", "age: at_least or at_most is missing"),
        ("{exposed: {to: [platinum]}}", "{diagnosis: {}}", "diagnosis: histology or site is missing"),
        ("{exposed: {to: [platinum]}}", "{all: [{sex: male}]}", "all: must join at least two rules"),
        ("{exposed: {to: [platinum]}}", "{ask: ''}", "ask: the question is blank"),
        (
            "{exposed: {to: [platinum]}}",
            "{if: {sex: male}, then: {sex: male}}",
            "criterion prior-platinum: forbid: else is missing",
        ),
        ("    forbid: {", "    ask: Why?\n    forbid: {", "criterion prior-platinum: needs exactly one of require"),
        ("label: No platinum", "lable: No platinum", "criterion prior-platinum: label is missing"),
        ("label: No platinum", "label: No platinum\n    weight: 3", "criterion prior-platinum: unknown field: weight"),
        ("section: exclusion", "section: outclusion", "section: must be one of inclusion, exclusion"),
        ("complete: true", "complete: maybe", "complete: must be true or false"),
        ("reviewed_on: null", "reviewed_on: someday", "reviewed_on: must be a day, YYYY-MM-DD, not 'someday'"),
        ("nct_id: NCT00000001", "nct_id: NCT1", "nct_id: must be an NCT number, not 'NCT1'"),
        ("nct_id: NCT00000001", "nct_id: NCT00000002", "named otherwise than the trial, NCT00000002"),
        ("title: A trial\n", "", "NCT00000001.yaml:1: title is missing"),
        ("title: A trial\n", "title: A trial\ntitle: Another\n", "NCT00000001.yaml:3: the key 'title' stands twice"),
        ("sites: [", "sites: [[", "NCT00000001.yaml:9: "),
        ("open: true", "open: sometimes", "cohort 1: open: must be true or false"),
        (
            "site: [bladder]",
            "site: [blader]",
            "cohort 1: criterion site: require: diagnosis: site: there is no concept 'blader'",
        ),
    ],
)
def test_a_fault_is_told_with_file_criterion_and_key(
    write: Write, vocabulary: Vocabulary, old: str, new: str, told: str
) -> None:
    with pytest.raises(BadTrial) as caught:
        load_trials(write((old, new)), vocabulary)
    assert str(caught.value).startswith("NCT00000001.yaml:")
    assert told in str(caught.value)


def test_a_folder_without_definitions_is_refused(tmp_path: Path, vocabulary: Vocabulary) -> None:
    with pytest.raises(BadTrial, match="there are no trial definitions"):
        load_trials(tmp_path, vocabulary)


def test_a_list_is_no_definition(write: Write, vocabulary: Vocabulary) -> None:
    folder = write()
    (folder / "NCT00000002.yaml").write_text("- 1\n", encoding="utf-8")
    with pytest.raises(BadTrial, match=r"NCT00000002\.yaml: must hold a mapping"):
        load_trials(folder, vocabulary)


def test_bytes_that_are_not_text_are_refused(write: Write, vocabulary: Vocabulary) -> None:
    folder = write()
    (folder / "NCT00000001.yaml").write_bytes(b"title: \xff\n")
    with pytest.raises(BadTrial, match=r"NCT00000001\.yaml: not UTF-8 at byte 7"):
        load_trials(folder, vocabulary)
