"""Each rule of the linter: a definition that breaks it and is told so, and the same definition unbroken."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cds.core.vocabulary import Vocabulary
from cds.files import Fault
from cds.trials.lint import lint_trials

Write = Callable[..., Path]
FILE = "NCT00000001.yaml"
LINES = "Inclusion:\n\n* Proven small cell carcinoma of the bladder or elsewhere\n* Platelets \\>= 100\n* No platinum"
DIAGNOSIS = "{diagnosis: {histology: [small-cell-carcinoma], site: [bladder]}}"


def test_a_definition_with_nothing_wrong_has_no_faults(write: Write, vocabulary: Vocabulary) -> None:
    assert lint_trials(write(), vocabulary) == []


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        pytest.param(
            "lines: [5]", "lines: [4]", "line 5 of the registry's text is not accounted for", id="nothing is dropped"
        ),
        pytest.param(
            "lines: [5]", "lines: [5, 6]", "line 6: the registry's text has only 5 lines", id="nothing is invented"
        ),
        pytest.param(
            "headings: [1]",
            "headings: [1, 3]",
            "line 3 is called a heading and belongs to a criterion",
            id="headings are only headings",
        ),
        pytest.param(
            "headings: [1]",
            "headings: [1, 2]",
            "line 2 is called blank and belongs to a criterion or heading",
            id="blank lines say nothing",
        ),
        pytest.param(
            "lines: [5]", "lines: []", "criterion prior-platinum: stands for no line of the registry's text", id="lines"
        ),
        pytest.param("id: site", "id: platelets", "criterion platelets: the id stands 2 times", id="ids are unique"),
        pytest.param("id: site", "id: Site 1", "criterion Site 1: the id is not a lower-case slug", id="ids are slugs"),
        pytest.param("label: No platinum", 'label: ""', "criterion prior-platinum: the label is blank", id="labels"),
        pytest.param("label: Bladder", 'label: ""', "cohort 1: the label is blank", id="cohort labels"),
        pytest.param(
            "label: No platinum",
            f"label: {'word ' * 30}",
            "criterion prior-platinum: the label is longer than 100 characters",
            id="labels are short",
        ),
        pytest.param("title: A trial", 'title: ""', "title, version and status may not be blank", id="a title"),
        pytest.param('reviewer: ""', "reviewer: A. Person", "reviewer and reviewed_on go together", id="reviewer"),
        pytest.param(
            "{exposed: {to: [platinum]}}",
            "{exposed: {to: [lung]}}",
            "criterion prior-platinum: lung is not a concept of kind ingredient or drug-class",
            id="kinds",
        ),
        pytest.param(
            DIAGNOSIS,
            "{diagnosis: {histology: [bladder], site: [bladder]}}",
            "criterion site: bladder is not a concept of kind histology",
            id="kinds of a diagnosis",
        ),
        pytest.param(
            "{exposed: {to: [platinum]}}",
            "{exposed: {to: [cisplatin], but_not: [platinum]}}",
            "criterion prior-platinum: but_not leaves no drug over",
            id="exceptions leave something",
        ),
        pytest.param(
            "{exposed: {to: [platinum]}}",
            "{exposed: {to: [platinum], within_days: 0}}",
            "criterion prior-platinum: a window of no days holds nothing",
            id="windows",
        ),
        pytest.param(
            "{exposed: {to: [platinum]}}",
            "{any: [{sex: male}, {not: {age: {at_least: 19, at_most: 18}}}]}",
            "criterion prior-platinum: no age lies within the limits",
            id="ages, however deep",
        ),
        pytest.param(
            "{exposed: {to: [platinum]}}",
            "{ecog: {at_least: 2, at_most: 1}}",
            "criterion prior-platinum: no ECOG grade lies within the limits",
            id="ECOG grades",
        ),
        pytest.param(
            'at_least: "100 10*9/L"',
            'at_least: "100 10*9/L", at_most: "90000 /uL"',
            "criterion platelets: no value lies within the limits",
            id="limits in two units",
        ),
        pytest.param(
            'at_least: "100 10*9/L"',
            'above: "2 × LLN", at_most: "2 × LLN"',
            "criterion platelets: no value lies within the limits",
            id="strict limits that touch",
        ),
        pytest.param(
            DIAGNOSIS,
            "{diagnosis: {site: [bladder], except_site: [bladder]}}",
            "criterion site: bladder is asked for and excepted",
            id="sites",
        ),
        pytest.param(
            "{concept: platelets,",
            "{concept: thrombocytes,",
            "criterion platelets: require: measured: concept: there is no concept 'thrombocytes'",
            id="definitions that do not load",
        ),
    ],
)
def test_a_broken_rule_is_told(write: Write, vocabulary: Vocabulary, old: str, new: str, reason: str) -> None:
    faults = lint_trials(write((old, new)), vocabulary)
    assert reason in [fault.reason for fault in faults if fault.place.startswith(FILE)]


@pytest.mark.parametrize(
    "limits",
    ['at_least: "100 10*9/L", at_most: "100000 /uL"', 'at_least: "100 10*9/L", at_most: "1 × ULN"'],
)
def test_limits_that_leave_room_are_fine(write: Write, vocabulary: Vocabulary, limits: str) -> None:
    assert lint_trials(write(('at_least: "100 10*9/L"', limits)), vocabulary) == []


def test_an_incomplete_definition_need_not_account_for_every_line(write: Write, vocabulary: Vocabulary) -> None:
    assert lint_trials(write(("lines: [5]", "lines: [4]"), ("complete: true", "complete: false")), vocabulary) == []


def test_a_trial_without_a_disease_is_told(write: Write, vocabulary: Vocabulary) -> None:
    folder = write(
        ("    disease: true\n    require", "    require"), ("        disease: true\n        require", "        require")
    )
    faults = [fault for fault in lint_trials(folder, vocabulary) if fault.place == FILE]
    assert faults == [Fault(FILE, "no criterion says which disease the trial is about")]


def test_the_disease_may_stand_in_every_cohort_alone(write: Write, vocabulary: Vocabulary) -> None:
    assert lint_trials(write(("    disease: true\n    require", "    require")), vocabulary) == []


def test_cohort_ids_are_unique(write: Write, vocabulary: Vocabulary) -> None:
    folder = write(("cohorts:\n", 'cohorts:\n  - {id: "1", label: Other, open: true, criteria: []}\n'))
    assert Fault(FILE, "cohort 1: the id stands 2 times") in lint_trials(folder, vocabulary)


def test_a_folder_without_definitions_is_told(tmp_path: Path, vocabulary: Vocabulary) -> None:
    assert lint_trials(tmp_path, vocabulary) == [Fault(tmp_path.name, "there are no trial definitions")]


def record(folder: Path, text: str, status: str = "RECRUITING", date: str = "2026-01-01") -> Path:
    """Write a registry record of the trial, and give its folder."""
    folder.mkdir()
    protocol = {
        "identificationModule": {"nctId": "NCT00000001", "briefTitle": "A trial"},
        "statusModule": {"overallStatus": status, "lastUpdatePostDateStruct": {"date": date}},
        "eligibilityModule": {"eligibilityCriteria": text},
    }
    (folder / "NCT00000001.json").write_text(json.dumps({"protocolSection": protocol}), encoding="utf-8")
    return folder


SHA = ("sha256: 00ff", f"sha256: {hashlib.sha256(LINES.encode()).hexdigest()}")


def test_a_definition_of_its_record_has_no_faults(write: Write, vocabulary: Vocabulary, tmp_path: Path) -> None:
    assert lint_trials(write(SHA), vocabulary, record(tmp_path / "records", LINES)) == []


def test_a_changed_record_is_told_field_by_field(write: Write, vocabulary: Vocabulary, tmp_path: Path) -> None:
    records = record(tmp_path / "records", LINES + "\n\n* More", "COMPLETED", "2026-02-02")
    reasons = {fault.reason.partition(" here")[0] for fault in lint_trials(write(SHA), vocabulary, records)}
    assert reasons == {
        "record: status is RECRUITING",
        "record: date is 2026-01-01",
        "record: lines is 5",
        "record: blank is (2,)",
        f"record: {SHA[1].replace(':', ' is')}",
    }


def test_the_registrys_own_sentence_is_no_label(write: Write, vocabulary: Vocabulary, tmp_path: Path) -> None:
    label = ("label: Small cell carcinoma", "label: Small cell carcinoma of the bladder")
    records = record(tmp_path / "records", LINES)
    assert lint_trials(write(SHA, label), vocabulary, records) == [
        Fault(FILE, "criterion disease: the label is the registry's wording, not our own")
    ]


def test_a_record_that_is_none_is_told(write: Write, vocabulary: Vocabulary, tmp_path: Path) -> None:
    (tmp_path / "NCT00000001.json").write_text("[]", encoding="utf-8")
    assert lint_trials(write(), vocabulary, tmp_path) == [
        Fault("NCT00000001.json", "not a ClinicalTrials.gov v2 record")
    ]
