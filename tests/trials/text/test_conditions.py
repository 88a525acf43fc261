"""Diagnoses, pregnancy and the named disease in text: what is read, and what only looks like it."""

from time import perf_counter

import pytest

from cds.core.chart import Sex
from cds.core.criteria import Age, AllOf, Asked, Diagnosis, HasCondition, Rule, SexIs, leaves
from cds.core.vocabulary import Concept, ConceptKind, Vocabulary
from cds.trials.text.diseases import DiseaseNames
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.outline import outline
from cds.trials.text.readers.conditions import read_conditions
from cds.trials.text.readers.disease import read_disease
from cds.trials.text.readers.pregnancy import read_pregnancy
from cds.trials.text.reading import Part, Reader
from cds.trials.text.sentences import parts_of

CONDITIONS = (
    "stroke myocardial-infarction hepatitis-b tuberculosis autoimmune-disease active-infection covid-19 diabetes"
)
TESTS = "pregnancy-test pregnancy-status breastfeeding-status"
LEXICON = Lexicon.of(
    Vocabulary(
        {
            **{
                name: Concept(name, ConceptKind.CONDITION, name.replace("-", " "))
                for name in f"{CONDITIONS} pregnancy lactation".split()
            },
            **{name: Concept(name, ConceptKind.MEASUREMENT, name.replace("-", " ")) for name in TESTS.split()},
        }
    ),
    diseases=DiseaseNames.of(
        [
            ("melanoma", "disease", ["melanoma"], [], ""),
            ("cancer", "head", [], [], ""),
            ("lung", "site", [], ["lung"], ""),
            ("metastatic", "idle", [], [], ""),
        ]
    ),
)


def part(text: str, section: str = "Exclusion") -> Part:
    (line,) = [each for each in outline(f"{section} Criteria:\n\n* {text}") if not each.heading]
    return next(iter(parts_of(line, LEXICON)))


def read(reader: Reader, text: str, section: str = "Exclusion") -> list[Rule]:
    return [each.rule for each in reader(part(text, section), LEXICON)]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("History of stroke", HasCondition(("stroke",))),
        (
            "Stroke or myocardial infarction within 6 months",
            HasCondition(("stroke", "myocardial-infarction"), within_days=183),
        ),
        ("Active tuberculosis", HasCondition(("tuberculosis",), active=True)),
        ("Any ongoing autoimmune disease", HasCondition(("autoimmune-disease",), active=True)),
        ("Active hepatitis B", HasCondition(("hepatitis-b",))),
    ],
)
def test_a_diagnosis_is_read_with_its_window(text: str, rule: Rule) -> None:
    assert read(read_conditions, text) == [rule]


def test_whether_a_tested_infection_is_active_is_left_over() -> None:
    told = part("Active hepatitis B")
    (reading,) = read_conditions(told, LEXICON)
    assert [each.text for each in told.tokens[: reading.first]] == ["Active"]


@pytest.mark.parametrize(
    "text",
    [
        "Family history of stroke",
        "Medication to treat diabetes",
        "Surgery prior to COVID-19",
        "At risk of stroke",
        "Hepatitis B surface antigen",
        "COVID-19 immunization in the last week",
        "Active infection with a fungus",
    ],
)
def test_what_is_not_the_patients_own_diagnosis_is_not_read(text: str) -> None:
    assert read(read_conditions, text) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Pregnant or breastfeeding", {"pregnancy", "lactation"}),
        ("Women who are pregnant or nursing.", {"pregnancy", "lactation"}),
        ("Lactating women", {"lactation"}),
        ("Patients must not be pregnant", {"pregnancy"}),
    ],
)
def test_pregnancy_and_breastfeeding_are_read_of_women_who_can_be_so(text: str, named: set[str]) -> None:
    (rule,) = read(read_pregnancy, text)
    assert isinstance(rule, AllOf)
    assert rule.rules[:2] == (SexIs(Sex.FEMALE), Age(at_most=60))
    assert {concept for leaf in leaves(rule) if isinstance(leaf, HasCondition) for concept in leaf.concepts} == named


@pytest.mark.parametrize(
    "text",
    [
        "Pregnant or planning to become pregnant",
        "Women who are pregnant within a month of the end",
        "Women of childbearing potential",
        "Nursing home residents",
        "Partners of pregnant women",
    ],
)
def test_plans_and_others_pregnancies_are_left(text: str) -> None:
    assert read(read_pregnancy, text) == []


@pytest.mark.parametrize(
    ("text", "section", "rules"),
    [
        ("Histologically confirmed melanoma", "Inclusion", [Diagnosis(("melanoma",))]),
        ("Diagnosis of lung cancer", "Inclusion", [Diagnosis(sites=("lung",))]),
        ("Diagnosis of lung cancer", "Exclusion", []),
        ("No confirmed melanoma", "Inclusion", []),
        ("A relative with confirmed melanoma, of the first-degree", "Inclusion", []),
    ],
)
def test_the_disease_that_an_inclusion_names_is_read(text: str, section: str, rules: list[Rule]) -> None:
    assert read(read_disease, text, section) == rules


def test_a_name_turned_into_its_opposite_is_not_understood() -> None:
    assert LEXICON.diseases.all_in("A study of melanoma") == Diagnosis(("melanoma",))
    assert LEXICON.diseases.all_in("A study of non-melanoma lung cancer") is None
    assert LEXICON.diseases.names_none("A study of sleep")
    assert not LEXICON.diseases.names_none("A study of an unheard-of carcinoma")


@pytest.mark.parametrize("text", ["Pregnancy or lactation", "Pregnancy within 6 months", "History of pregnancy"])
def test_a_pregnancy_is_no_diagnosis(text: str) -> None:
    (line,) = (each for each in outline(f"Exclusion Criteria:\n\n* {text}") if not each.heading)
    assert [read_conditions(part, LEXICON) for part in parts_of(line, LEXICON)] == [()]


def test_treatment_of_a_disease_is_not_the_disease() -> None:
    (line,) = (
        each for each in outline("Inclusion Criteria:\n\n* Had hepatitis B antiviral therapy") if not each.heading
    )
    assert [read_conditions(part, LEXICON) for part in parts_of(line, LEXICON)] == [()]


def test_breastfeeding_that_should_end_is_asked_of_whoever_breastfeeds() -> None:
    text = "Because there is an unknown risk for the child, breastfeeding should be discontinued."
    (line,) = (each for each in outline(f"Exclusion Criteria:\n\n* {text}") if not each.heading)
    ((reading,),) = [read_pregnancy(part, LEXICON) for part in parts_of(line, LEXICON)]
    assert isinstance(reading.rule, AllOf)
    assert reading.rule.rules[:2] == (SexIs(Sex.FEMALE), Age(at_most=60))
    assert isinstance(reading.rule.rules[-1], Asked)


@pytest.mark.parametrize(
    "text",
    [
        "Females only: pregnant or breastfeeding",
        "A woman of childbearing potential who is pregnant or nursing at the time of screening",
        "Pregnant or lactating (nursing) women are excluded from this study because the drug may do harm",
    ],
)
def test_pregnancy_or_breastfeeding_in_other_words(text: str) -> None:
    (line,) = (each for each in outline(f"Exclusion Criteria:\n\n* {text}") if not each.heading)
    ((reading,),) = [read_pregnancy(part, LEXICON) for part in parts_of(line, LEXICON)]
    assert {leaf.concepts for leaf in leaves(reading.rule) if isinstance(leaf, HasCondition)} == {
        ("pregnancy",),
        ("lactation",),
    }


def test_how_far_a_disease_has_come_is_asked() -> None:
    ((told),) = read(read_disease, "Histologically confirmed metastatic melanoma", "Inclusion")
    assert isinstance(told, AllOf)
    named, question = told.rules
    assert named == Diagnosis(("melanoma",))
    assert isinstance(question, Asked)


def test_what_is_active_by_its_name_must_be_there_now() -> None:
    (told,) = read(read_conditions, "Active infection", "Exclusion")
    assert isinstance(told, HasCondition)
    assert told.active


def test_those_who_have_it_are_not_asked_to_have_it() -> None:
    assert read(read_conditions, "Stroke-affected participants must be stable", "Inclusion") == []


@pytest.mark.parametrize(
    "text", ["stroke x tuberculosis then ", "stroke within 6 months, ", "prior history of stroke "]
)
def test_time_grows_with_length_only(text: str) -> None:
    def taken(times: int) -> float:
        told = part(text * times)
        start = perf_counter()
        read_conditions(told, LEXICON)
        return perf_counter() - start

    short = max(taken(200), 0.002)
    assert taken(1600) < 8 * 6 * short
