"""Pregnancy tests in text: the one that is asked for, the one that shuts out, and what only looks like either."""

import time

import pytest

from cds.core.chart import Sex
from cds.core.criteria import Age, AnyOf, Asked, HasCondition, Measured, Not, Rule, SexIs, Underwent, leaves
from cds.core.vocabulary import Concept, ConceptKind, Vocabulary
from cds.trials.text.draft import drafted
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.pregnancy_tests import read_pregnancy_test
from cds.trials.text.reading import ReadingKind

KINDS = {
    "pregnancy-test": ConceptKind.MEASUREMENT,
    "no-childbearing-potential": ConceptKind.CONDITION,
    "hysterectomy": ConceptKind.PROCEDURE,
    "bilateral-oophorectomy": ConceptKind.PROCEDURE,
}
LEXICON = Lexicon.of(Vocabulary({name: Concept(name, kind, name) for name, kind in KINDS.items()}))


def read(text: str, section: str = "Inclusion", lexicon: Lexicon = LEXICON) -> Rule:
    (found,) = drafted(f"{section} Criteria:\n\n* {text}", (read_pregnancy_test,), lexicon, frozenset(ReadingKind))
    return found.criterion.rule


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Negative pregnancy test", None),
        ("Women of childbearing potential must have a negative serum pregnancy test.", None),
        ("WOCBP must have a negative pregnancy test (urine or serum)", None),
        ("Negative serum or urine pregnancy test within 14 days prior to registration", 14),
        (
            "WOCBP must have a negative pregnancy test within 72 hours before the first dose",
            3,
        ),
        ("A negative pregnancy test performed within 7 days before enrollment", 7),
        ("For women of childbearing potential, a serum pregnancy test must be negative", None),
        ("Negative pregnancy test for females of reproductive potential", None),
    ],
)
def test_a_negative_test_of_whoever_needs_one(text: str, days: int | None) -> None:
    rule = read(text)
    assert isinstance(rule, AnyOf)
    *spared, tested = rule.rules
    assert spared == [
        SexIs(Sex.MALE),
        Age(at_least=61),
        HasCondition(("no-childbearing-potential",)),
        Underwent(("hysterectomy", "bilateral-oophorectomy")),
    ]
    assert isinstance(tested, Measured)
    assert (tested.concepts, tested.low, tested.within_days) == (("pregnancy-test",), None, days)
    assert tested.high is not None
    assert tested.high.value == 0


def test_a_positive_test_shuts_out() -> None:
    rule = read("Positive serum pregnancy test within 7 days before enrollment", "Exclusion")
    assert isinstance(rule, Not)
    assert isinstance(rule.rule, Measured)
    assert rule.rule.low is not None
    assert rule.rule.low.value == 1
    assert (rule.rule.high, rule.rule.within_days) == (None, 7)


@pytest.mark.parametrize(
    ("text", "section"),
    [
        ("Positive pregnancy test", "Inclusion"),
        ("Negative pregnancy test", "Exclusion"),
        ("A pregnancy test will be done at screening", "Inclusion"),
        ("Women must agree to a pregnancy test", "Inclusion"),
        ("Negative pregnancy test or contraception", "Inclusion"),
        ("If the urine pregnancy test is positive, serum is tested", "Inclusion"),
    ],
)
def test_what_is_left_to_review(text: str, section: str) -> None:
    rule = read(text, section)
    assert isinstance(rule, AnyOf | Asked)
    assert any(isinstance(each, Asked) for each in leaves(rule))


def test_what_more_is_asked_of_the_test_stays_a_question() -> None:
    rule = read("Women must have a negative pregnancy test at the start of therapy")
    assert any(isinstance(each, Asked) for each in leaves(rule))
    assert any(isinstance(each, Measured) for each in leaves(rule))


def test_without_the_concepts_nothing_is_read() -> None:
    rule = read("Negative pregnancy test", lexicon=Lexicon.of(Vocabulary({})))
    assert isinstance(rule, Asked)


@pytest.mark.parametrize("piece", ["negative pregnancy test ", "women who ", "serum or urine ", "a" * 50])
def test_time_is_linear_in_the_text(piece: str) -> None:
    began = time.perf_counter()
    read("pregnancy test " + (piece * 20_000)[:200_000])
    assert time.perf_counter() - began < 5


def test_how_the_test_is_repeated_keeps_nothing_from_being_read() -> None:
    rule = read("Negative pregnancy test. If the urine test is positive, a serum test must be done.")
    assert any(isinstance(each, Measured) for each in leaves(rule))
    assert any(isinstance(each, Asked) for each in leaves(rule))
