"""Other cancers in text, and the trial's own tumour put in beside them: what is read, and what only looks like it."""

import time
from collections.abc import Sequence

import pytest

from cds.core.criteria import (
    AllOf,
    AnyOf,
    Asked,
    Criterion,
    Diagnosis,
    HasCondition,
    IfThen,
    Not,
    OtherMalignancy,
    Readings,
    Reason,
    Rule,
    leaves,
)
from cds.core.vocabulary import Concept, ConceptKind, Vocabulary
from cds.trials.drafting import Drafting
from cds.trials.other_cancer import own_tumours, with_own_tumours
from cds.trials.study import Study
from cds.trials.text.draft import Drafted, drafted
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.other_cancer import read_other_cancer
from cds.trials.text.reading import ReadingKind
from tests.trials.studies import study

LEXICON = Lexicon.of(
    Vocabulary(
        {
            "gout": Concept("gout", ConceptKind.CONDITION, "gout"),
            "cervix": Concept("cervix", ConceptKind.SITE, "cervix"),
            "lung": Concept("lung", ConceptKind.SITE, "lung"),
            "melanoma": Concept("melanoma", ConceptKind.HISTOLOGY, "melanoma"),
        }
    )
)
ASKED = Asked("Well?", Reason.NOT_COMPUTABLE)


def draft(text: str, section: str = "Exclusion") -> Drafted:
    (found,) = drafted(f"{section} Criteria:\n\n* {text}", (read_other_cancer,), LEXICON, frozenset(ReadingKind))
    return found


def read(text: str, section: str = "Exclusion") -> Rule:
    return draft(text, section).criterion.rule


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("History of another malignancy", None),
        ("Second primary cancer within 2 years", 730),
        ("Any prior malignancy within the past 3 years", 1095),
        ("Other malignancies within 5 years prior to enrollment.", 1826),
        ("Another cancer other than the disease under study within 5 years", 1826),
    ],
)
def test_another_cancer_shuts_out(text: str, days: int | None) -> None:
    assert read(text) == Not(OtherMalignancy((), within_days=days))


@pytest.mark.parametrize(
    "text",
    [
        "No other malignancy",
        "Must not have had another malignancy",
        "Patients must have no other malignancy",
    ],
)
def test_what_must_not_be_there(text: str) -> None:
    assert read(text, "Inclusion") == Not(OtherMalignancy(()))


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Another malignancy within 3 years, except a skin cancer that was cut out", 1095),
        ("Active second malignancy", None),
        ("Concurrent malignancy requiring treatment within the last year", None),
        ("Other malignancies (except in situ cancer of the cervix)", None),
        ("Prior cancer unless it has been gone for 5 years", None),
    ],
)
def test_what_is_spared_and_which_cancers_count_is_asked(text: str, days: int | None) -> None:
    rule = read(text)
    assert isinstance(rule, Not)
    assert isinstance(rule.rule, AllOf)
    other, asked = rule.rule.rules
    assert other == OtherMalignancy((), within_days=days)
    assert isinstance(asked, Asked)


def test_cancers_that_do_no_harm_to_the_study_are_let_in() -> None:
    text = "Patients with a prior cancer whose natural history cannot disturb the results are eligible"
    rule = read(text, "Inclusion")
    assert rule == AnyOf((Not(OtherMalignancy(())), Asked(text)))


@pytest.mark.parametrize(
    ("text", "section"),
    [
        ("Malignancy", "Exclusion"),
        ("Known malignancy of the brain", "Exclusion"),
        ("Prior therapy for another cancer", "Exclusion"),
        ("Family history of cancer", "Exclusion"),
        ("Another malignancy or gout", "Exclusion"),
        ("Another malignancy, except in situ cancer, or gout", "Exclusion"),
        ("Another malignancy unless cured, or a serious infection", "Exclusion"),
        ("Prior malignancies that were cured are allowed", "Exclusion"),
        ("Patients with a prior cancer whose natural history cannot disturb the results are eligible", "Exclusion"),
        ("Prior malignancy", "Inclusion"),
        ("Prior cancer of any kind is allowed", "Inclusion"),
        ("Two cancers", "Exclusion"),
    ],
)
def test_what_is_left_to_review(text: str, section: str) -> None:
    assert all(isinstance(each, Asked) for each in leaves(read(text, section)))


def test_an_exception_in_a_second_sentence_is_asked() -> None:
    rule = read("Prior malignancy. Prior malignancies that were cured are allowed.")
    assert isinstance(rule, Not)
    assert isinstance(rule.rule, AllOf)


@pytest.mark.parametrize("piece", ["another malignancy ", "prior ", "(except ", "within 3 years ", "a" * 50])
def test_time_is_linear_in_the_text(piece: str) -> None:
    began = time.perf_counter()
    draft((piece * 20_000)[:200_000])
    assert time.perf_counter() - began < 5


# ------------------------------------------------------------------------------------------ the trial's own tumour
LUNG, SKIN = Diagnosis(sites=("lung",)), Diagnosis(("melanoma",))


def disease(rule: Rule, *, marked: bool = True) -> Criterion:
    return Criterion("disease", "The disease", rule, disease=marked)


def test_the_tumours_of_a_trial_are_all_that_its_sources_name() -> None:
    assert own_tumours(disease(Readings((AnyOf((LUNG, SKIN)), SKIN)))) == (LUNG, SKIN)
    assert own_tumours(disease(AllOf((LUNG, ASKED)))) == (LUNG,)


def test_a_disease_that_is_not_sure_is_nobodys_own() -> None:
    assert own_tumours(None) == ()
    assert own_tumours(disease(AnyOf((LUNG, ASKED)))) == ()
    assert own_tumours(disease(ASKED)) == ()
    assert own_tumours(disease(LUNG, marked=False)) == ()


def test_the_own_tumour_is_put_in_wherever_others_are_spoken_of() -> None:
    bare, filled = OtherMalignancy((), within_days=9), OtherMalignancy((LUNG,), within_days=9)
    for make in (
        lambda rule: rule,
        Not,
        lambda rule: Not(AllOf((rule, ASKED))),
        lambda rule: AnyOf((Not(rule), ASKED)),
        lambda rule: Readings((rule, ASKED)),
        lambda rule: IfThen(ASKED, rule, rule),
    ):
        assert with_own_tumours(Criterion("t", "Line", make(bare)), [LUNG]).rule == make(filled)


def test_without_an_own_tumour_the_other_cancer_is_asked() -> None:
    rule = with_own_tumours(Criterion("t", "No other cancer", Not(OtherMalignancy(()))), ()).rule
    assert isinstance(rule, Not)
    assert isinstance(rule.rule, Asked)
    assert "No other cancer" in rule.rule.question


def test_what_speaks_of_no_other_cancer_stays() -> None:
    told = OtherMalignancy((SKIN,))
    for rule in (told, HasCondition(("gout",)), ASKED):
        criterion = Criterion("t", "Line", rule)
        assert with_own_tumours(criterion, [LUNG]) is criterion


def test_a_draft_knows_the_trials_own_tumour() -> None:
    def of_lung(of: Study, lexicon: Lexicon, drafts: Sequence[Drafted]) -> Criterion:
        del of, lexicon, drafts
        return disease(HasCondition(("gout",)) if not sure else Readings((LUNG, SKIN)))

    text = "Exclusion Criteria:\n\n* History of another malignancy"
    for sure in (True, False):
        trial = Drafting((read_other_cancer,), LEXICON, frozenset(ReadingKind), of_lung).trial(study(text=text))
        rule = next(each.rule for each in trial.criteria if not each.disease and isinstance(each.rule, Not)).rule
        assert (rule == OtherMalignancy((LUNG, SKIN))) if sure else isinstance(rule, Asked)
