"""Lines of treatment, progression on a drug, and allergies in text."""

from collections.abc import Sequence

import pytest

from cds.core.criteria import AllergicTo, AnyOf, Asked, Lines, Progressed, Readings, Rule
from cds.core.vocabulary import Concept, ConceptKind, Vocabulary
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.outline import outline
from cds.trials.text.readers.allergies import read_allergy
from cds.trials.text.readers.lines import read_lines, read_progressed
from cds.trials.text.reading import Part, Reader
from cds.trials.text.sentences import parts_of

DRUGS = ("cisplatin", "carboplatin", "bevacizumab")
CLASSES = ("platinum", "taxane", "anticancer-therapy", "endocrine-therapy", "cytotoxic-chemotherapy")
LEXICON = Lexicon.of(
    Vocabulary(
        {name: Concept(name, ConceptKind.INGREDIENT, name) for name in DRUGS}
        | {name: Concept(name, ConceptKind.DRUG_CLASS, name.replace("-", " ")) for name in CLASSES}
    ),
    (("cytotoxic-chemotherapy", "chemotherapy"), ("platinum", "platinum-based therapy")),
)


def part(text: str, section: str) -> Part:
    (line,) = [each for each in outline(f"{section} Criteria:\n\n* {text}") if not each.heading]
    return next(iter(parts_of(line, LEXICON)))


def read(reader: Reader, text: str, section: str = "Inclusion") -> Sequence[Rule]:
    return [each.rule for each in reader(part(text, section), LEXICON)]


def lines(at_least: int | None = None, at_most: int | None = None) -> Rule:
    return Readings(
        (
            Lines(("anticancer-therapy",), at_least=at_least, at_most=at_most),
            Lines(("anticancer-therapy", "endocrine-therapy"), at_least=at_least, at_most=at_most),
        )
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("At least one prior line of systemic therapy", lines(1)),
        ("Have received ≥ 2 prior lines of therapy", lines(2)),
        ("Two or more prior lines of treatment", lines(2)),
        ("One (1) or more prior systemic therapies", lines(1)),
        ("1-3 prior lines of therapy", lines(1, 3)),
        ("Up to 2 prior lines of systemic treatment", lines(None, 2)),
        ("Fewer than 3 prior regimens", lines(None, 2)),
        ("0 to 2 prior lines of therapy", lines(None, 2)),
        ("At least 2 prior lines of chemotherapy", Lines(("cytotoxic-chemotherapy",), at_least=2)),
        ("At least one prior regimen of chemotherapy", Lines(("cytotoxic-chemotherapy",), at_least=1)),
    ],
)
def test_how_many_lines(text: str, rule: Rule) -> None:
    assert read(read_lines, text) == [rule]


def test_no_more_than_leaves_its_no_to_be_heeded() -> None:
    (reading,) = read_lines(part("No more than 2 prior lines of therapy for metastatic disease", "Inclusion"), LEXICON)
    assert (reading.rule, reading.first) == (lines(3), 1)


@pytest.mark.parametrize(
    "text",
    [
        "Up to 2 prior lines of therapy for metastatic disease",
        "At most 1 prior line of therapy unless treated long ago",
        "Prior lines of therapy",
        "At least 2 prior cisplatin regimens",
        "Stage 2 prior lines",
        "At least one prior operation",
        "3-1 prior lines of therapy",
    ],
)
def test_what_does_not_say_how_many(text: str) -> None:
    assert read(read_lines, text) == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Disease progression on or after platinum-based therapy", Progressed(("platinum",))),
        ("Progressed during treatment with bevacizumab", Progressed(("bevacizumab",))),
        ("Has progressed on a taxane or a platinum", Progressed(("taxane", "platinum"))),
    ],
)
def test_progression(text: str, rule: Rule) -> None:
    assert read(read_progressed, text) == [rule]


@pytest.mark.parametrize(
    "text",
    [
        "Progressed within 6 months of bevacizumab",
        "Tissue obtained after progression on bevacizumab",
        "Refractory means defined as progression on a platinum",
        "With or without progression on bevacizumab",
        "Progressed on a taxane and a platinum",
        "Free of progression after bevacizumab",
    ],
)
def test_what_only_speaks_of_progression(text: str) -> None:
    assert read(read_progressed, text) == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Known hypersensitivity to cisplatin or carboplatin", AllergicTo(("cisplatin", "carboplatin"))),
        ("Allergic to a platinum", AllergicTo(("platinum",))),
        ("History of allergic reaction to bevacizumab", AllergicTo(("bevacizumab",))),
        ("Allergy to taxane", AllergicTo(("taxane",))),
    ],
)
def test_allergies(text: str, rule: Rule) -> None:
    assert read(read_allergy, text, "Exclusion") == [rule]


def test_excipients_are_asked_about_beside() -> None:
    (rule,) = read(read_allergy, "Hypersensitivity to bevacizumab or any of its excipients", "Exclusion")
    assert isinstance(rule, AnyOf)
    assert rule.rules[0] == AllergicTo(("bevacizumab",))
    assert isinstance(rule.rules[1], Asked)


def test_a_grade_is_left_over() -> None:
    told = part("Severe hypersensitivity (grade 3 or more) to bevacizumab", "Exclusion")
    (reading,) = read_allergy(told, LEXICON)
    assert told.tokens[reading.first].text == "bevacizumab"


@pytest.mark.parametrize(
    "text",
    [
        "Hypersensitivity to the study drug",
        "Hypersensitivity to both cisplatin and carboplatin",
        "Reaction attributed to compounds like cisplatin",
        "Allergy to cisplatin-related compounds",
    ],
)
def test_allergies_to_what_has_no_name(text: str) -> None:
    assert read(read_allergy, text, "Exclusion") == []
