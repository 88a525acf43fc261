"""What only a person can answer, and what a chart may answer after all."""

from time import perf_counter

import pytest

from cds.core.criteria import Asked, Reason
from cds.core.vocabulary import Vocabulary
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.outline import outline
from cds.trials.text.readers.judgement import read_judgement
from cds.trials.text.reading import Part, Reading, ReadingKind
from cds.trials.text.sentences import parts_of

LEXICON = Lexicon.of(Vocabulary({}))


def part(text: str) -> Part:
    (line,) = [each for each in outline(f"Inclusion Criteria:\n\n* {text}") if not each.heading]
    return next(iter(parts_of(line, LEXICON)))


def readings(text: str) -> list[Reading]:
    return list(read_judgement(part(text), LEXICON))


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("Has signed the informed consent", "consent"),
        ("Is willing to come to every visit", "consent"),
        ("Uses effective contraception until the end", "contraception"),
        ("Life expectancy of 12 weeks or more", "expected to live"),
        ("Has at least one lesion measurable by RECIST 1.1", "measured"),
        ("Anything that in the opinion of the investigator speaks against it", "investigator"),
        ("Archived tumor tissue is available", "tissue"),
        ("Takes part in another study: participation in another clinical trial", "other studies"),
        ("Is a prisoner or prisoners' relative", "circumstances"),
    ],
)
def test_a_question_to_a_person_covers_the_whole_sentence(text: str, about: str) -> None:
    (reading,) = readings(text)
    assert (reading.kind, reading.first, reading.behind) == (ReadingKind.JUDGEMENT, 0, len(part(text).tokens))
    assert reading.rule == Asked(text, Reason.JUDGEMENT)
    assert about in reading.says


@pytest.mark.parametrize(
    "text",
    [
        "Stage III thymoma",
        "Non-alcoholic fatty liver disease",
        "Familial adenomatous polyposis",
        "Willing women have a negative pregnancy test",
        "Pregnant or breastfeeding, or unwilling to stop",
        "Creatinine below 2 mg/dL in the opinion of the investigator",
        "ALT at most 3 × ULN as judged by the investigator",
        "Willing patients with an ejection fraction of 50 %",
        "Current smoker",
        "Pregnant women, or women who plan to become pregnant",
        "An amplification in tissue that was provided for testing",
    ],
)
def test_what_a_chart_may_hold_or_nobody_understands_is_left_to_review(text: str) -> None:
    assert readings(text) == []


def test_a_long_line_is_read_in_little_time() -> None:
    begun = perf_counter()
    readings("to provide of the tissue " * 8000)
    assert perf_counter() - begun < 2
