"""Tests for viruses in text: those that must be positive or negative, and what only looks like one."""

import time
from fractions import Fraction

import pytest

from cds.core.criteria import AllOf, AnyOf, Asked, Measured, Not, Rule, Undetectable, leaves
from cds.core.limits import Against, Limit
from cds.core.vocabulary import Concept, ConceptKind, Vocabulary
from cds.trials.text.draft import drafted
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.viral_tests import read_viral_tests
from cds.trials.text.reading import ReadingKind

TESTS = (
    "hbsag hbv-dna hbv-dna-detected hcv-antibody hcv-rna hcv-rna-detected hiv-antibody hiv-viral-load hiv-rna-detected"
)
LEXICON = Lexicon.of(Vocabulary({name: Concept(name, ConceptKind.MEASUREMENT, name) for name in TESTS.split()}))
HCV_RNA = Undetectable(("hcv-rna", "hcv-rna-detected"))
HBV_DNA = Undetectable(("hbv-dna", "hbv-dna-detected"))


def there(name: str) -> Measured:
    return Measured((name,), low=Limit(Fraction(1), "{presence}", Against.UNIT))


def gone(name: str) -> Measured:
    return Measured((name,), high=Limit(Fraction(0), "{presence}", Against.UNIT))


def read(text: str, section: str = "Inclusion", lexicon: Lexicon = LEXICON) -> Rule:
    (found,) = drafted(f"{section} Criteria:\n\n* {text}", (read_viral_tests,), lexicon, frozenset(ReadingKind))
    return found.criterion.rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Positive hepatitis B surface antigen", there("hbsag")),
        ("Positive test for hepatitis B surface antigen (HBsAg)", there("hbsag")),
        ("HBsAg positive", there("hbsag")),
        ("Known positive HIV antibody", there("hiv-antibody")),
        ("Detectable HCV RNA", Not(HCV_RNA)),
        ("HBsAg or HCV antibody positive", AnyOf((there("hbsag"), there("hcv-antibody")))),
        (
            "Positive for HBsAg, anti-HCV or anti-HIV",
            AnyOf(tuple(map(there, ("hbsag", "hcv-antibody", "hiv-antibody")))),
        ),
    ],
)
def test_a_test_that_shuts_out(text: str, rule: Rule) -> None:
    assert read(text, "Exclusion") == Not(rule)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Negative hepatitis B surface antigen test", gone("hbsag")),
        ("HIV antibody negative", gone("hiv-antibody")),
        ("HBsAg must be negative", gone("hbsag")),
        ("Undetectable hepatitis C viral load", HCV_RNA),
        ("Negative HBsAg and undetectable HBV DNA", AllOf((gone("hbsag"), HBV_DNA))),
        ("Negative for HBsAg and HCV antibody", AllOf((gone("hbsag"), gone("hcv-antibody")))),
    ],
)
def test_a_test_that_must_be_negative(text: str, rule: Rule) -> None:
    assert read(text) == rule


def test_whoever_is_positive_is_let_in_on_terms_that_are_asked() -> None:
    rule = read("HBsAg positive participants are eligible if they were treated")
    assert isinstance(rule, AnyOf)
    assert rule.rules[0] == Not(there("hbsag"))
    assert isinstance(rule.rules[1], Asked)


@pytest.mark.parametrize(
    ("text", "section"),
    [
        ("Negative HBsAg", "Exclusion"),
        ("HBsAg or HCV antibody negative", "Inclusion"),
        ("HBsAg and HCV antibody positive", "Exclusion"),
        ("HBsAg will be tested", "Inclusion"),
        ("Previously positive HCV RNA", "Exclusion"),
        ("Not negative HBsAg", "Inclusion"),
        ("Hepatitis B or HPV positive", "Exclusion"),
        ("PD-L1 positive", "Inclusion"),
        ("HBsAg positivity in the family", "Exclusion"),
    ],
)
def test_what_is_left_to_review(text: str, section: str) -> None:
    assert all(isinstance(each, Asked) for each in leaves(read(text, section)))


def test_a_test_that_the_tables_do_not_know_leaves_the_list_to_review() -> None:
    lexicon = Lexicon.of(Vocabulary({"hbsag": Concept("hbsag", ConceptKind.MEASUREMENT, "hbsag")}))
    assert isinstance(read("HBsAg or HCV antibody positive", "Exclusion", lexicon), Asked)
    assert read("HBsAg positive", "Exclusion", lexicon) == Not(there("hbsag"))


@pytest.mark.parametrize("piece", ["HBsAg or ", "hepatitis B virus (HBV) ", "positive for ", "HIV-1/2 ", "a" * 50])
def test_time_is_linear_in_the_text(piece: str) -> None:
    began = time.perf_counter()
    read("HBsAg " + (piece * 20_000)[:200_000])
    assert time.perf_counter() - began < 5
