"""Age, sex and performance status: what is read, and what only looks like it."""

from fractions import Fraction

import pytest

from cds.core.chart import Sex
from cds.core.criteria import Age, AllOf, AnyOf, Asked, IfThen, PerformanceStatus, Readings, Rule, SexIs
from cds.core.vocabulary import Crosswalk, Vocabulary
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.outline import outline
from cds.trials.text.readers.age import read_age
from cds.trials.text.readers.performance import read_performance
from cds.trials.text.readers.person import read_sex
from cds.trials.text.reading import Reading
from cds.trials.text.sentences import parts_of
from cds.trials.text.tokens import tokens_of

AS_ECOG = {40: (3, 4), 50: (2, 3), 60: (2, 3), 70: (1, 2), 80: (1, 1), 90: (0, 1), 100: (0, 0)}
CROSSWALKS = tuple(
    Crosswalk("karnofsky", Fraction(score), Fraction(score), "ecog", Fraction(best), Fraction(worst))
    for score, (best, worst) in AS_ECOG.items()
)
LEXICON = Lexicon.of(Vocabulary({}, crosswalks=CROSSWALKS))


def readings(text: str) -> list[Reading]:
    lines = outline(f"Inclusion Criteria:\n\n* {text}")
    parts = [part for line in lines if not line.heading for part in parts_of(line, LEXICON)]
    return [each for part in parts for read in (read_age, read_performance, read_sex) for each in read(part, LEXICON)]


def read(text: str) -> Rule | None:
    found = readings(text)
    assert len(found) <= 1
    return found[0].rule if found else None


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Age ≥ 18 years", Age(18)),
        (r"Age \>= 18 years at the time of signing informed consent", Age(18)),
        ("At least 18 years of age", Age(18)),
        ("18 years of age or older", Age(18)),
        ("Aged 18 or over", Age(18)),
        ("Adults 18+ years of age", Age(18)),
        ("≥ 18 years", Age(18)),
        ("Be ≥ 45 y/o", Age(45)),
        ("Age 18-75 years", Age(18, 75)),
        ("Between 18 and 75 years of age, inclusive", Age(18, 75)),
        ("Male or female, aged 18 to 80 years", Age(18, 80)),
        ("≥ 18 and ≤ 75 years of age", Age(18, 75)),
        ("Up to 75 years of age", Age(at_most=75)),
        ("Under 18 years of age", Age(at_most=17)),
        ("Younger than the age of 18", Age(at_most=17)),
        ("Older than 18 years of age", Readings((Age(18), Age(19)))),
        ("Individuals 18 years of age and older are eligible", Age(18)),
        ("Women ≥ 50 years of age", AllOf((SexIs(Sex.FEMALE), Age(50)))),
        ("Males and females aged 21-85 with a bad back", Age(21, 85)),
    ],
)
def test_ages_that_are_read(text: str, rule: Rule) -> None:
    assert read(text) == rule


@pytest.mark.parametrize(
    "text",
    [
        "Patients ≥ 16 years of age must have a Karnofsky score",
        "Patients under 16 years old should have a Lansky score of 50 or more",
        "Patients aged < 16: Lansky",
        "Tumour under 1.5 cm if age 40-49 years",
        "Good appetite for patients ≥ 65 years of age",
        "Age ≥ 45 with no menses for at least 2 years",
        "Women over 50 years old who are postmenopausal",
        "Diagnosed before 18 years of age",
        "At least 5 years since the last treatment at an old age",
        "Relatives aged 18 or older",
        "Smoked for 20 years by the age of 50",
        "Creatinine within normal limits for age",
        "Stratum B: aged ≥ 17 years",
        "≥ 2 years",
        "Age 6 to 24 months",
        "Age 80 to 18 years",
        "Age at most 18%",
    ],
)
def test_what_is_no_age_of_whoever_takes_part(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("ECOG performance status 0-1", PerformanceStatus(1)),
        ("ECOG PS ≤ 2", PerformanceStatus(2)),
        ("Eastern Cooperative Oncology Group (ECOG) performance status of 0, 1 or 2", PerformanceStatus(2)),
        ("Zubrod performance status 2 or less", PerformanceStatus(2)),
        ("WHO performance status < 2", PerformanceStatus(1)),
        ("Performance status (ECOG) 1 to 2", PerformanceStatus(2, 1)),
        ("Performance status of 0 or 1 on the ECOG scale", PerformanceStatus(1)),
        ("ECOG performance status > 2", PerformanceStatus(5, 3)),
        ("Karnofsky performance status ≥ 60%", Readings((PerformanceStatus(1), PerformanceStatus(3)))),
        ("Karnofsky performance status ≥ 80%", Readings((PerformanceStatus(0), PerformanceStatus(1)))),
        ("KPS of 70 or more", Readings((PerformanceStatus(1), PerformanceStatus(2)))),
        ("ECOG performance status ≤ 1 (Karnofsky ≥ 70%)", PerformanceStatus(1)),
        ("ECOG performance status 0-1 within 7 days before the first dose", PerformanceStatus(1, within_days=7)),
        ("ECOG performance status 0-1 assessed within 2 weeks of enrollment.", PerformanceStatus(1, within_days=14)),
        ("ECOG performance status 0-1 within 7 days of leaving hospital", PerformanceStatus(1)),
    ],
)
def test_performance_that_is_read(text: str, rule: Rule) -> None:
    assert read(text) == rule


@pytest.mark.parametrize(
    "text",
    [
        "ECOG performance status 0 or 2",
        "ECOG performance status of 2 due to the tumour",
        "ECOG 3 is allowed if it is for the disease",
        "Declining ECOG performance status 2",
        "Clear of UPS who have received 0 or 1 lines",
        "Patients with a good performance status who received 0 or 1 prior lines",
        "Those of good performance status who had 1 prior line",
        "Karnofsky 100 or more",
        "Lansky score ≥ 50",
        "Karnofsky 70",
        "WHO grade 2 glioma",
        "Performance status",
        "ECOG 12",
        "KPS ≥ 70 - 80",
    ],
)
def test_what_is_no_performance_to_be_held_against(text: str) -> None:
    assert read(text) is None


def test_beside_lansky_the_grade_is_held_against_adults() -> None:
    text = "Karnofsky ≥ 60% for patients > 16 years of age and Lansky ≥ 60% for patients ≤ 16 years of age"
    rule = read(text)
    assert isinstance(rule, IfThen)
    assert (rule.condition, rule.then, type(rule.otherwise)) == (
        Age(18),
        Readings((PerformanceStatus(1), PerformanceStatus(3))),
        Asked,
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Male or female", AnyOf((SexIs(Sex.MALE), SexIs(Sex.FEMALE)))),
        ("Female patients only", SexIs(Sex.FEMALE)),
        ("Patients must be male", SexIs(Sex.MALE)),
        ("Females:", None),
        ("Women of childbearing potential", None),
    ],
)
def test_sex(text: str, rule: Rule | None) -> None:
    assert read(text) == rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("3.1.5 Age ≥ 18.", Age(18)),
        ("3. Ages ≥ 18 years", Age(18)),
        ("Age range: from 20 to 70.", Age(20, 70)),
        ("Between the ages of 18 and 40", Age(18, 40)),
        ("PRE-REGISTRATION: Age >= 18 years", Age(18)),
        ("Male or female ≥ 18 years of age at visit 1 (screening)", Age(18)),
        ("Women or men of any ethnic group aged 40 and older", Age(40)),
        ("At least 18 years old when the consent document is signed", None),
        ("Aged ≥ 18 years at the time of signing the consent document", Age(18)),
        ("Ages 18 and older at time of diagnosis", None),
        ("Adults who have a child 3 years of age or older", None),
    ],
)
def test_ages_with_what_stands_around_them(text: str, rule: Rule | None) -> None:
    assert read(text) == rule


def test_a_country_s_own_age_of_consent_is_left_over_beside_the_age() -> None:
    text = "Age ≥ 18 years (or the legal age in the country if it is higher)"
    (reading,) = readings(text)
    assert reading.rule == Age(18)
    assert tokens_of(text)[reading.behind].text == "("


def test_that_a_grade_has_not_become_worse_is_asked_beside_it() -> None:
    rule = read("ECOG 0 or 1 with no deterioration over the past 2 weeks")
    assert isinstance(rule, AllOf)
    assert [type(each) for each in rule.rules] == [PerformanceStatus, Asked]
    assert read("No deterioration of the ECOG status") is None
