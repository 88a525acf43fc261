"""Sections, headings and bullets of eligibility texts; nothing is lost on the way."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.core.criteria import Section
from cds.trials.text.headings import Mode, asks_nothing, mode_of, scope_of, section_of
from cds.trials.text.outline import Line, outline

IN, EX = Section.INCLUSION, Section.EXCLUSION


def stated(text: str) -> list[Line]:
    return [each for each in outline(text) if not each.heading]


def test_sections_and_bullets() -> None:
    lines = stated("Inclusion Criteria:\n\n* Age \\>= 18\n* ECOG 0-1\n\nExclusion Criteria:\n\n1. Pregnancy\n2. HIV\n")
    assert [(each.section, each.text) for each in lines] == [
        (IN, "Age >= 18"),
        (IN, "ECOG 0-1"),
        (EX, "Pregnancy"),
        (EX, "HIV"),
    ]
    assert [each.number for each in lines] == [3, 4, 8, 9]


def test_the_span_is_where_the_line_stands_in_the_record() -> None:
    text = "Inclusion Criteria:\n\n* Age \\>= 18 years\n"
    (line,) = stated(text)
    assert text[line.span.start : line.span.end] == r"Age \>= 18 years"


def test_a_line_stands_under_its_heading() -> None:
    lines = outline("Inclusion Criteria:\n\n* Adequate function:\n\n  * ANC \\>= 1.5\n  * Hb \\>= 9\n* Consent")
    assert [(each.text, each.heading, len(each.leads)) for each in lines[1:]] == [
        ("Adequate function:", True, 0),
        ("ANC >= 1.5", False, 1),
        ("Hb >= 9", False, 1),
        ("Consent", False, 0),
    ]


@pytest.mark.parametrize(
    ("lead", "mode"),
    [
        ("Patients must meet at least one of the following:", Mode.ANY),
        ("Either:", Mode.ANY),
        ("At least 2 of the following:", Mode.ANY),
        ("Diagnosis of one of the following:", Mode.ANY),
        ("Adequate organ function, defined as:", Mode.ALL),
        ("All of the following:", Mode.ALL),
        ("Other malignancy, except for:", Mode.EXCEPT),
        ("Prior malignancy unless:", Mode.EXCEPT),
        ("Prior cancer. The following are allowed:", Mode.EXCEPT),
        ("Patients must not have:", Mode.NONE),
        ("No history of the following:", Mode.NONE),
        ("Patients will not be excluded who have:", Mode.ALL),
    ],
)
def test_how_a_heading_takes_what_stands_under_it(lead: str, mode: Mode) -> None:
    assert mode_of(lead) is mode


@pytest.mark.parametrize(
    ("text", "section", "scope"),
    [
        ("Inclusion Criteria:", IN, ""),
        ("KEY EXCLUSION CRITERIA", EX, ""),
        ("Exclusion:", EX, ""),
        ("* INCLUSION CRITERIA:", IN, ""),
        ("The main inclusion criteria include but are not limited to the following:", IN, ""),
        ("Non-inclusion criteria:", EX, ""),
        ("Donor Inclusion Criteria", IN, "Donor"),
        ("Inclusion criteria for cohort B:", IN, "for cohort B"),
        ("Criteria for exclusion from phase 2:", EX, "from phase 2"),
    ],
)
def test_headings_of_sections(text: str, section: Section, scope: str) -> None:
    found = section_of(text)
    assert found is not None
    assert (found.section, found.scope) == (section, scope)


@pytest.mark.parametrize(
    "text",
    [
        "Other protocol-defined inclusion/exclusion criteria may apply",
        "Patients who do not meet the inclusion criteria",
        "Age at inclusion",
        "Patients with prior surgery are eligible for enrollment",
        "Bilateral tubal occlusion",
        "Note: HIV testing is not required for eligibility for this protocol",
        "Absence of HIV (see also exclusion criteria)",
        "No exclusion criteria",
    ],
)
def test_lines_that_only_speak_of_criteria_are_no_headings(text: str) -> None:
    assert section_of(text) is None


def test_what_follows_a_heading_on_its_line_is_kept() -> None:
    assert [(each.section, each.text) for each in stated("Exclusion Criteria: pregnant women")] == [
        (EX, "pregnant women")
    ]


def test_lines_before_any_section_belong_to_none() -> None:
    (before, _) = stated("Healthy volunteers are welcome.\n\nInclusion Criteria:\n\n* Age 18")
    assert before.section is None


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("Cohort 2: EGFR mutation", "Cohort 2"),
        ("Part B only: prior MEK inhibitor", "Part B"),
        ("For women: a negative test", "women"),
    ],
)
def test_lines_for_a_part_of_the_trial(text: str, scope: str) -> None:
    found = scope_of(text)
    assert found is not None
    assert found.name == scope


def test_what_stands_under_a_cohort_is_for_that_cohort() -> None:
    lines = stated("Inclusion Criteria:\n\n* Cohort 1:\n\n  * EGFR mutation\n* Age 18")
    assert [(each.text, each.scope) for each in lines] == [("EGFR mutation", "Cohort 1"), ("Age 18", "")]


def test_bullets_that_run_together_are_parted() -> None:
    lines = stated("Inclusion Criteria:\n\nPatients with: 1) ANC above 1.5; 2) platelets above 100; 3) consent")
    assert [each.text for each in lines][-3:] == ["ANC above 1.5;", "platelets above 100;", "consent"]


def test_a_number_in_a_sentence_is_no_bullet() -> None:
    (line,) = stated("Inclusion Criteria:\n\n* Grade 2) or lower, see 7) of the protocol")
    assert line.text == "Grade 2) or lower, see 7) of the protocol"


def test_alternatives() -> None:
    lines = stated("Inclusion Criteria:\n\n* ALT \\<= 3, OR\n* AST \\<= 3\n* Age 18")
    assert [each.alternative for each in lines] == [True, True, False]
    lines = stated("Inclusion Criteria:\n\n* Stage IV\n\nOR\n\n* Relapse")
    assert [each.alternative for each in lines] == [True, True]


def test_a_broken_line_is_put_together() -> None:
    (line,) = stated("Inclusion Criteria:\n\n* contraception prior\n\nto study entry and after")
    assert line.text == "contraception prior to study entry and after"


_PIECES = st.sampled_from(
    [
        "Inclusion Criteria:",
        "Exclusion Criteria: ",
        "* ",
        "  * ",
        "1. ",
        "a. ",
        "\n",
        "\n\n",
        "OR",
        "word",
        "Cohort 1: ",
        "and ",
        ":",
        "-- ",
        "• ",
    ]
)


@given(st.lists(_PIECES, max_size=25).map("".join))
def test_no_word_is_lost(text: str) -> None:
    def words(said: str) -> list[str]:
        return re.findall(r"[A-Za-z]{2,}", said)

    assert [each for line in outline(text) for each in words(line.text)] == words(text)


@pytest.mark.parametrize(
    "text",
    [
        "To be eligible, patients must meet all of the following:",
        "Each participant must fulfil the requirements below:",
        "2.1. Subjects must have:",
        "Subjects are eligible only if all of the following criteria apply:",
    ],
)
def test_a_heading_that_only_announces_asks_nothing(text: str) -> None:
    assert asks_nothing(text)
    assert mode_of(text) is Mode.ALL


@pytest.mark.parametrize(
    "text",
    [
        "They must meet all of the following:",
        "Patients with HIV must meet the following criteria:",
        "Patients must not have the following:",
        "Patients are excluded if they meet the following criteria:",
        "Patients must have 2 of the following:",
        "Eligible unless:",
        "General:",
    ],
)
def test_a_heading_with_any_other_word_may_ask_something(text: str) -> None:
    assert not asks_nothing(text)


def test_who_must_meet_all_of_what_follows_is_included() -> None:
    (line,) = stated("Participants must meet all of the following criteria:\n\n  * HIV")
    assert line.section is Section.INCLUSION


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("* Walks alone 5) Eats alone. 6) Is 60", ["Walks alone", "Eats alone.", "Is 60"]),
        ("1. Walks alone 2. Eats alone 3. Is 60", ["Walks alone", "Eats alone", "Is 60"]),
        ("i. Walks alone ii. Eats alone iii. Is 60", ["Walks alone", "Eats alone", "Is 60"]),
        ("* 3.1.4 Walks alone", ["Walks alone"]),
        ("* 4. Walks alone", ["Walks alone"]),
    ],
)
def test_lines_that_have_run_on_stand_beside_one_another(text: str, lines: list[str]) -> None:
    found = stated(f"Inclusion Criteria:\n\n{text}")
    assert [(each.text, each.leads) for each in found] == [(each, ()) for each in lines]


@pytest.mark.parametrize(
    "text",
    [
        "Pain of grade 2. Others of grade 3. None of grade 4.",
        "Walked 2. Ate 4. Slept 6.",
        "As in section 5.2. Soft food, and 5.3. Hard food",
        "A single method, ii. Of glass iii. Of wood",
    ],
)
def test_numbers_that_do_not_count_on_part_nothing(text: str) -> None:
    assert len(stated(f"Inclusion Criteria:\n\n* {text}")) == 1


def test_roman_bullets_that_begin_in_a_line_stand_under_it() -> None:
    found = stated("Inclusion Criteria:\n\n* One method of: i. Glass ii. Wood iii. Tin")
    assert [each.text for each in found if each.leads] == ["Glass", "Wood", "Tin"]
