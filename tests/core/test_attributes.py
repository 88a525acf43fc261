"""What a trial's criteria use of a person's data is worked out of the criteria, and changes as they do."""

import datetime as dt
from dataclasses import fields, replace
from fractions import Fraction
from typing import get_args

import pytest

from cds.core.attributes import Attribute, Attributes, Use, Way
from cds.core.chart import Kind, Person, Sex
from cds.core.codes import ICD10CM, LOINC, SNOMED, Code
from cds.core.criteria import (
    Age,
    AllergicTo,
    AllOf,
    AnyOf,
    Asked,
    Criterion,
    Cycles,
    Diagnosis,
    Exposed,
    HasCondition,
    IfThen,
    Lines,
    Measured,
    Not,
    OtherMalignancy,
    PerformanceStatus,
    Progressed,
    Readings,
    Received,
    Rule,
    SexIs,
    Underwent,
    Undetectable,
    Vaccinated,
)
from cds.core.limits import Formula
from cds.core.needs import needs_of
from cds.core.trial import Cohort, Trial
from cds.core.vocabulary import Concept, ConceptKind, Meaning, Relation, Scale, Vocabulary
from tests.core.builders import VOCABULARY, limit

SEX, BORN, STATUS = Attribute.SEX, Attribute.DATE_OF_BIRTH, Attribute.HEALTH_STATUS
CANCER = Diagnosis(("carcinoma",))


def trial(*rules: Rule, cohort: Rule | None = None) -> Trial:
    criteria = tuple(Criterion(f"c{number}", "A criterion", rule) for number, rule in enumerate(rules))
    cohorts = () if cohort is None else (Cohort("a", "A", (Criterion("own", "A criterion", cohort),)),)
    return Trial("NCT00000001", "A trial", "RECRUITING", criteria, cohorts, record_date=dt.date(2026, 6, 1))


def used(*rules: Rule, by: Vocabulary = VOCABULARY) -> set[tuple[Attribute, Way]]:
    return {(each.attribute, each.way) for each in Attributes(by).uses(trial(*rules))}


BY_NODE: dict[str, tuple[Rule, set[tuple[Attribute, Way]]]] = {
    "age": (Age(at_least=18), {(BORN, Way.ASKED)}),
    "sex": (SexIs(Sex.FEMALE), {(SEX, Way.ASKED)}),
    "performance": (PerformanceStatus(at_most=1), {(STATUS, Way.ASKED)}),
    "limit": (Measured(("platelets",), low=limit("100 10*9/L")), set()),
    "upper normal": (Measured(("ast",), high=limit("3 ULN")), {(SEX, Way.RANGE), (BORN, Way.RANGE)}),
    "lower normal": (Measured(("platelets",), low=limit("1 LLN")), {(SEX, Way.RANGE), (BORN, Way.RANGE)}),
    "equation for adults": (
        Measured(("creatinine-clearance",), low=limit("30 mL/min"), computed=(Formula.COCKCROFT_GAULT_ACTUAL,)),
        {(SEX, Way.COMPUTED), (BORN, Way.COMPUTED)},
    ),
    "equation for everyone": (
        Measured(("qtc-fridericia",), high=limit("470 ms"), computed=(Formula.QTC_FRIDERICIA,)),
        set(),
    ),
    "score": (Measured(("karnofsky",), low=limit("70 {score}")), {(STATUS, Way.ASKED)}),
    "diagnosis": (CANCER, set()),
    "condition": (HasCondition(("vitiligo",)), set()),
    "load": (Undetectable(("viral-load",)), set()),
    "drug": (Exposed(("platinum",)), set()),
    "dose": (Received(("anthracycline",), "doxorubicin", Fraction(100)), set()),
    "lines": (Lines(("platinum",), at_most=2), set()),
    "cycles": (Cycles(("platinum",), at_most=2), set()),
    "progression": (Progressed(("platinum",)), set()),
    "other cancer": (OtherMalignancy((CANCER,)), set()),
    "procedure": (Underwent(("radiotherapy",)), set()),
    "vaccine": (Vaccinated(("live-vaccine",)), set()),
    "allergy": (AllergicTo(("platinum",)), set()),
    "question": (Asked("Of which race is the patient?"), set()),
}


@pytest.mark.parametrize("name", BY_NODE)
def test_what_each_kind_of_rule_uses(name: str) -> None:
    rule, wanted = BY_NODE[name]
    assert used(rule) == wanted


def test_every_kind_of_rule_is_tried() -> None:
    composed = {AllOf, AnyOf, Readings, Not, IfThen}
    assert {type(rule) for rule, _ in BY_NODE.values()} == set(get_args(Rule)) - composed


@pytest.mark.parametrize("name", BY_NODE)
def test_what_takes_age_or_sex_reads_the_person(name: str) -> None:
    rule, wanted = BY_NODE[name]
    of_the_person = {attribute for attribute, _ in wanted} & {SEX, BORN}
    assert not of_the_person or Kind.PERSON in needs_of(rule)


@pytest.mark.parametrize(
    "composed",
    [
        AllOf((CANCER, SexIs(Sex.MALE))),
        AnyOf((SexIs(Sex.MALE), CANCER)),
        Readings((CANCER, SexIs(Sex.MALE))),
        Not(SexIs(Sex.MALE)),
        IfThen(SexIs(Sex.MALE), CANCER, CANCER),
        IfThen(CANCER, CANCER, Not(AllOf((SexIs(Sex.MALE),)))),
    ],
    ids=range(6),
)
def test_a_rule_within_another_counts(composed: Rule) -> None:
    assert used(composed) == {(SEX, Way.ASKED)}


def test_a_new_criterion_changes_the_answer() -> None:
    before = trial(Age(at_least=18))
    after = replace(before, criteria=(*before.criteria, Criterion("women", "Women", SexIs(Sex.FEMALE))))
    attributes = Attributes(VOCABULARY)
    assert attributes.uses(before) == (Use(BORN, Way.ASKED, ("c0",)),)
    assert attributes.uses(after) == (Use(SEX, Way.ASKED, ("women",)), Use(BORN, Way.ASKED, ("c0",)))


def test_criteria_are_told_in_their_order_each_once_and_those_of_cohorts_after() -> None:
    twice = AllOf((Age(at_least=18), Not(Age(at_least=80))))
    told = Attributes(VOCABULARY).uses(trial(twice, CANCER, Age(at_most=70), cohort=Age(at_least=50)))
    assert told == (Use(BORN, Way.ASKED, ("c0", "c2", "own")),)


# ------------------------------------------------------------------------------------------------ by what codes tell
def with_concept(code: Code | None, *, prefix: bool = False, category: str | None = None) -> Vocabulary:
    """Give the vocabulary with a concept `told` below `broad`, reached by a code or filed under a category."""
    scale = Scale("{score}", category=category) if category else None
    concepts = {
        **VOCABULARY.concepts,
        "broad": Concept("broad", ConceptKind.CONDITION, "Broad"),
        "told": Concept("told", ConceptKind.CONDITION, "Told", ("broad",), scale=scale),
    }
    exact = dict(VOCABULARY.exact)
    prefixes = {}
    if code is not None and prefix:
        prefixes = {code.system: {code.value: (Meaning("told"),)}}
    elif code is not None:
        exact[code] = (Meaning("told", Relation.NARROW, verified=False),)
    return Vocabulary(concepts=concepts, exact=exact, prefixes=prefixes, members=VOCABULARY.members)


BY_CODE = [
    (Attribute.RACE, Code(LOINC, "72826-1")),
    (Attribute.RACE, Code(LOINC, "32624-9")),
    (Attribute.ETHNICITY, Code(LOINC, "69490-1")),
    (Attribute.LANGUAGE, Code(LOINC, "54899-0")),
    (Attribute.SEXUAL_ORIENTATION, Code(LOINC, "76690-7")),
    (Attribute.GENDER_IDENTITY, Code(LOINC, "76691-5")),
    (Attribute.SOCIAL_DETERMINANTS, Code(LOINC, "71802-3")),
    (Attribute.SOCIAL_DETERMINANTS, Code(ICD10CM, "Z59.00")),
    (Attribute.SOCIAL_DETERMINANTS, Code(ICD10CM, "Z65.9")),
    (Attribute.HEALTH_STATUS, Code(LOINC, "72166-2")),
    (Attribute.HEALTH_STATUS, Code(SNOMED, "77386006")),
]


@pytest.mark.parametrize(("attribute", "code"), BY_CODE, ids=str)
def test_a_concept_is_of_an_attribute_by_the_codes_that_reach_it(attribute: Attribute, code: Code) -> None:
    by = with_concept(code)
    assert used(HasCondition(("told",)), by=by) == {(attribute, Way.ASKED)}
    assert used(HasCondition(("broad",)), by=by) == {(attribute, Way.ASKED)}
    assert used(HasCondition(("vitiligo",)), by=by) == set()


@pytest.mark.parametrize(
    ("start", "social"),
    [("Z59", True), ("Z59.0", True), ("Z5", True), ("Z", True), ("Z51", False), ("Z66", False), ("C7", False)],
)
def test_beginnings_of_codes_that_reach_into_social_circumstances(start: str, social: bool) -> None:  # noqa: FBT001 - a row
    by = with_concept(Code(ICD10CM, start), prefix=True)
    assert used(HasCondition(("told",)), by=by) == ({(Attribute.SOCIAL_DETERMINANTS, Way.ASKED)} if social else set())


@pytest.mark.parametrize("code", [Code(ICD10CM, "Z54.9"), Code(ICD10CM, "Z66"), Code(SNOMED, "Z59.0")], ids=str)
def test_neighbouring_codes_tell_nothing(code: Code) -> None:
    assert used(HasCondition(("told",)), by=with_concept(code)) == set()


@pytest.mark.parametrize(
    ("category", "attribute"),
    [("sdoh", Attribute.SOCIAL_DETERMINANTS), ("survey", STATUS), ("social-history", STATUS), ("laboratory", None)],
)
def test_a_concept_is_of_an_attribute_by_where_it_is_filed(category: str, attribute: Attribute | None) -> None:
    wanted = {(attribute, Way.ASKED)} if attribute else set()
    assert used(Measured(("told",), low=limit("1 {score}")), by=with_concept(None, category=category)) == wanted


def test_some_test_makes_every_attribute_used() -> None:
    seen = {attribute for attribute, _ in BY_CODE} | {each for _, found in BY_NODE.values() for each, _ in found}
    assert seen == set(Attribute)


def test_a_chart_holds_no_more_of_the_person_than_is_told() -> None:
    """Whoever adds something of the patient to a chart must say here, and to users, what it is."""
    assert [each.name for each in fields(Person)] == ["born", "sex", "deceased", "died", "opted_out", "reference"]
