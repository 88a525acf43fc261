"""The disease of a trial: settled only where two places of its record say the same in words that are understood."""

import pytest

from cds.core.criteria import AnyOf, Asked, Criterion, Diagnosis, Readings, Reason, Rule, Section
from cds.core.vocabulary import Vocabulary
from cds.trials.disease import disease_of
from cds.trials.study import Study, study_of
from cds.trials.text.compose import Outcome
from cds.trials.text.diseases import DiseaseNames
from cds.trials.text.draft import Drafted
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.reading import ReadingKind

LEXICON = Lexicon.of(
    Vocabulary({}),
    diseases=DiseaseNames.of(
        [
            ("melanoma", "disease", ["melanoma"], [], ""),
            ("cancer", "head", [], [], ""),
            ("lung", "site", [], ["lung"], ""),
            ("metastatic", "idle", [], [], ""),
            ("triple negative", "narrower", [], [], ""),
        ]
    ),
)
MELANOMA, LUNG = Diagnosis(("melanoma",)), Diagnosis(sites=("lung",))


def study(*conditions: str, title: str = "", official: str = "") -> Study:
    return study_of(
        {
            "protocolSection": {
                "identificationModule": {"nctId": "NCT00000001", "briefTitle": title, "officialTitle": official},
                "statusModule": {"overallStatus": "RECRUITING"},
                "conditionsModule": {"conditions": list(conditions)},
            }
        }
    )


def of_text(rule: Diagnosis, section: Section = Section.INCLUSION) -> Drafted:
    criterion = Criterion("t1", "A line", rule, section)
    return Drafted(criterion, Outcome.COMPUTED, frozenset({ReadingKind.DISEASE}), (), "")


def is_open(criterion: Criterion) -> bool:
    """Say whether the criterion asks a person too, so that it can never speak against a patient."""
    return _never_against(criterion.rule)


def _never_against(rule: Rule) -> bool:
    match rule:
        case Asked():
            return rule.reason is Reason.NOT_COMPUTABLE
        case AnyOf() | Readings():
            return any(map(_never_against, rule.rules))
        case _:
            return False


def test_two_places_that_say_the_same_settle_it() -> None:
    found = disease_of(study("Metastatic Melanoma", title="A drug for melanoma"), LEXICON, ())
    assert (found.rule, found.disease, found.section) == (MELANOMA, True, Section.INCLUSION)


def test_two_places_that_differ_are_two_readings() -> None:
    found = disease_of(study("Melanoma", title="A drug for lung cancer"), LEXICON, ())
    assert found.rule == Readings((MELANOMA, LUNG))


def test_a_line_of_the_text_is_a_place_and_an_excluded_one_is_none() -> None:
    assert disease_of(study("Melanoma"), LEXICON, (of_text(MELANOMA),)).rule == MELANOMA
    assert is_open(disease_of(study("Melanoma"), LEXICON, (of_text(MELANOMA, Section.EXCLUSION),)))


@pytest.mark.parametrize(
    "told",
    [
        study("Melanoma"),
        study("Sleep", title="A drug for sleep"),
        study("Melanoma", "Zebraoma", title="Sleep"),
        study("Melanoma", "HER2 positive zebraoma", title="A drug for melanoma"),
        study("Melanoma", title="A drug for melanoma", official="A drug for melanoma and zebraoma"),
        study("Melanoma", title="A drug for non-melanoma lung cancer"),
        study("Melanoma", title="Prevention of melanoma"),
        study("Melanoma", title="Early detection of melanoma"),
        study("Melanoma", title="Caregivers of people with melanoma"),
    ],
)
def test_one_place_or_words_not_understood_leave_a_question(told: Study) -> None:
    assert is_open(disease_of(told, LEXICON, ()))


def test_a_condition_that_is_no_disease_is_passed_over() -> None:
    found = disease_of(study("Melanoma", "BRAF mutation", title="A drug for melanoma"), LEXICON, ())
    assert found.rule == MELANOMA


def test_a_record_of_people_who_may_not_have_the_disease_is_only_asked_about() -> None:
    told = disease_of(study("Melanoma", title="High-Risk melanoma screening"), LEXICON, ())
    assert isinstance(told.rule, Asked)


def test_a_half_name_before_or_is_not_dropped() -> None:
    assert LEXICON.diseases.whole("Metastatic or melanoma") == Diagnosis(("melanoma",))
    told = LEXICON.diseases.all_in("Triple negative or melanoma")
    assert isinstance(told, AnyOf)
    assert isinstance(told.rules[-1], Asked)
