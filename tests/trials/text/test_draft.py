"""A text into draft criteria: no line is lost, no untrusted reading turns anyone away, and any text goes through."""

import re
import sys
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.hostile import HOSTILE
from cds.core.chart import Chart
from cds.core.criteria import (
    Age,
    AllOf,
    AnyOf,
    Asked,
    HasCondition,
    IfThen,
    Measured,
    Not,
    PerformanceStatus,
    Readings,
    Reason,
    Rule,
    Section,
)
from cds.core.limits import Limit
from cds.core.truth import Truth
from cds.trials.text.compose import Outcome
from cds.trials.text.draft import Drafted, drafted
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.outline import outline
from cds.trials.text.readers import READERS
from cds.trials.text.reading import Part, Reading, ReadingKind
from tests.core.builders import VOCABULARY, chart, find
from tests.core.strategies import charts, rules

LEXICON = Lexicon.of(VOCABULARY)
EVERY = frozenset(ReadingKind)
NOBODY: frozenset[ReadingKind] = frozenset()


def draft(text: str, trusted: frozenset[ReadingKind] = EVERY) -> tuple[Drafted, ...]:
    return drafted(text, READERS, LEXICON, trusted)


TEXT = """Inclusion Criteria:

* Age ≥ 18 years
* Good appetite
  and a good heart
* One of the following:

  * ECOG performance status 0-1
  * A note from the doctor

Exclusion Criteria:

* Under 18 years of age

Cohort B:

* ECOG performance status 2"""


def test_each_line_with_its_words_its_place_and_how_it_was_read() -> None:
    age, appetite, joined, young, scoped = draft(TEXT)
    assert age.criterion.rule == Age(18)
    assert age.criterion.note == "Read as age at least 18 years."
    assert age.criterion.span is not None
    assert TEXT[slice(*age.criterion.span)] == "Age ≥ 18 years"
    assert (appetite.criterion.lines, appetite.outcome) == ((4, 5), Outcome.REVIEW)
    assert appetite.criterion.rule == Asked("Good appetite and a good heart", Reason.NOT_COMPUTABLE)
    assert isinstance(joined.criterion.rule, AnyOf)
    assert joined.criterion.note.endswith("Stands under “One of the following”.")
    assert (joined.criterion.lines, joined.outcome) == ((8, 9), Outcome.PARTLY)
    assert (young.criterion.section, young.criterion.rule) == (Section.EXCLUSION, Not(Age(at_most=17)))
    assert isinstance(scoped.criterion.rule, AnyOf)


def test_no_line_of_no_section_is_computed() -> None:
    (only,) = draft("Age ≥ 18 years")
    assert (only.outcome, only.criterion.rule) == (Outcome.REVIEW, Asked("Age ≥ 18 years", Reason.NOT_COMPUTABLE))


def test_lines_that_say_the_same_have_ids_of_their_own() -> None:
    one, two = draft("Inclusion Criteria:\n\n* Good appetite\n* Good appetite")
    assert one.criterion.id != two.criterion.id
    again, _ = draft("Inclusion Criteria:\n\n* Good appetite\n* Bad appetite")
    assert again.criterion.id == one.criterion.id


# -------------------------------------------------------------------------------------------------------- who decides
def _saying(rule: Rule, trusted: frozenset[ReadingKind] = NOBODY) -> Sequence[Drafted]:
    def reader(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
        del lexicon
        return [Reading(ReadingKind.LAB, rule, 0, len(part.tokens), "So.")]

    return [
        each
        for section in ("Inclusion", "Exclusion")
        for each in drafted(f"{section} Criteria:\n\n* Words\n* No words", [reader], LEXICON, trusted)
    ]


@settings(max_examples=60)
@given(rules, charts())
def test_what_is_not_trusted_turns_nobody_away(rule: Rule, chart: Chart) -> None:
    """Whatever its shape, and whichever way round it is asked: it is met, or unknown with the reading shown."""
    for each in _saying(rule):
        found = find(each.criterion.rule, chart)
        assert found.truth is not Truth.UNMET
        assert not found.ruled_out


HIV = HasCondition(("myocardial-infarction",))


@pytest.mark.parametrize(
    "rule",
    [
        Age(90),
        Not(Age(18)),
        AllOf((Age(90), Not(Age(18)))),
        AnyOf((Age(90), Age(95))),
        IfThen(Age(18), Age(90), Age(5)),
        Readings((Age(90), Age(91))),
        Not(Readings((Age(18), Age(19)))),
        Not(IfThen(Age(18), Age(18), Age(90))),
        Not(AnyOf((Age(18), HIV))),
    ],
)
def test_the_same_reading_decides_where_it_is_trusted(rule: Rule) -> None:
    """Each of these is unmet by a person of 66, so that the law above is about something."""
    assert find(rule, chart()).truth is Truth.UNMET
    first, *_ = _saying(rule)
    assert find(first.criterion.rule, chart()).truth is Truth.UNKNOWN
    first, *_ = _saying(rule, EVERY)
    assert find(first.criterion.rule, chart()).truth is Truth.UNMET


# ------------------------------------------------------------------------------------------------ which belong together
_AGE, _GRADE = Age(18), PerformanceStatus(1, 0)
_PLATELETS = Measured(("platelets",), low=Limit(Fraction(100), "10*9/L"))
_CREATININE = Measured(("creatinine",), high=Limit(Fraction(3, 2), "mg/dL"))


def _grouped(*lines: str) -> list[tuple[tuple[int, ...], Rule]]:
    made = draft("\n".join(("Inclusion Criteria:", "", *lines)))
    return [(each.criterion.lines, each.criterion.rule) for each in made]


def test_a_list_within_a_list_of_which_one_is_enough_may_belong_together() -> None:
    told = _grouped(
        "* At least one of the following:",
        "  * Age ≥ 18 years",
        "  * All of the following:",
        "    * ECOG performance status 0-1",
        "    * Platelets ≥ 100 x 10^9/L",
    )
    rules_ = (_AGE, _GRADE, _PLATELETS)
    assert told == [((4, 6, 7), Readings((AllOf(rules_), AnyOf(rules_))))]


def test_two_lists_under_headings_that_say_the_same_are_two() -> None:
    told = _grouped(
        "* One of the following:",
        "  * Age ≥ 18 years",
        "  * ECOG performance status 0-1",
        "* One of the following:",
        "  * Platelets ≥ 100 x 10^9/L",
        "  * Creatinine ≤ 1.5 mg/dL",
    )
    assert told == [((4, 5), AnyOf((_AGE, _GRADE))), ((7, 8), AnyOf((_PLATELETS, _CREATININE)))]


@pytest.mark.parametrize("heading", ["Must not have any of the following:", "Must not have:"])
def test_of_what_must_not_be_each_is_an_obstacle_by_itself(heading: str) -> None:
    told = _grouped(
        f"* {heading}",
        "  * At least one of the following:",
        "    * ECOG performance status 0-1",
        "    * Age ≥ 18 years",
    )
    assert told == [((5,), Not(_GRADE)), ((6,), Not(_AGE))]


def test_or_joins_a_line_to_the_next_and_no_further() -> None:
    told = _grouped(
        "* Age ≥ 18 years OR",
        "* ECOG performance status 0-1",
        "* Creatinine ≤ 1.5 mg/dL OR",
        "* Platelets ≥ 100 x 10^9/L",
    )
    assert [lines for lines, _ in told] == [(3, 4), (5, 6)]
    assert told[0][1] == AnyOf((_AGE, _GRADE))


# ------------------------------------------------------------------------------------------------------ any text at all
_PIECES = st.sampled_from(
    [
        "Inclusion Criteria:",
        "Exclusion Criteria:",
        "Criterios de inclusión:",
        "纳入标准, 年龄≥18岁",
        "* ",
        "  * ",
        "1. ",
        "(a) ",
        "Age ≥ 18 years",
        "ECOG performance status 0-1",
        "no ",
        "unless ",
        "; ",
        " or ",
        "(",
        ")",
        "Cohort A:",
        "For patients with liver metastasis: ",
        "One of the following:",
        "&lt;b&gt;",
        "<td>platelets</td>|<td>100</td>",
        r"\>= 100 10\^9/L",
        "\t|",
        "\n",
        "\n\n",
        "null",
        "\x00\u2028\x85\ud800",
    ]
)
_TEXTS = st.lists(_PIECES | st.text(max_size=12), max_size=30).map("".join)


@settings(max_examples=150)
@given(_TEXTS)
def test_any_text_goes_through_and_no_line_is_lost(text: str) -> None:
    made = draft(text)
    stating = [line for line in outline(text) if not line.heading]
    spans = {span for each in made for span in each.spans}
    assert [line.span for line in stating if line.span not in spans] == []
    numbers = {number for each in made for number in each.criterion.lines}
    headed = {n for line in outline(text) if line.heading for n in range(line.number, line.last_number + 1)}
    lines = text.split("\n")
    words = {at for at, line in enumerate(lines, 1) if re.search(r"[^\W\d_]{6}", line)}
    assert words <= numbers | headed
    assert len({each.criterion.id for each in made}) == len(made)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_no_more_than_its_length(name: str) -> None:
    """Four times the text, little more than four times the steps, counted: no clock, so no machine is too slow.

    What a pattern does within one step is not counted; ``bench/hostile.py`` takes the time.
    """
    text = HOSTILE[name][:40_000]

    def steps(piece: str) -> int:
        count = 0

        def step(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(step)
        try:
            draft(piece)
        finally:
            sys.setprofile(None)
        return count

    draft(text[:1000])
    assert steps(text) < 8 * steps(text[: len(text) // 4]) + 5_000


def test_two_lines_that_limit_the_same_thing_shut_nobody_out_by_one_of_them() -> None:
    """The second may be an exception to the first, whatever its words are."""
    text = (
        "Inclusion Criteria:\n\n* Measles at most 2\n* With a certain inheritance, measles at most 3\n* Age 18 or older"
    )
    strict, loose = (Measured(("measles",), None, Limit(Fraction(limit), "g/L")) for limit in (2, 3))

    def measles(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
        del lexicon
        found = re.search(r"measles at most (\d)", part.text, re.IGNORECASE)
        rule = {"2": strict, "3": loose}.get(found[1] if found else "")
        return (Reading(ReadingKind.LAB, rule, 0, len(part.tokens), "measles"),) if rule else ()

    first, second, _ = drafted(text, (measles,), LEXICON, frozenset(ReadingKind))
    for each, rule in ((first, strict), (second, loose)):
        assert isinstance(each.criterion.rule, AnyOf)
        assert each.criterion.rule.rules[0] == rule
        assert isinstance(each.criterion.rule.rules[1], Asked)
    (alone, _) = drafted(
        "Inclusion Criteria:\n\n* Measles at most 2\n* Age", (measles,), LEXICON, frozenset(ReadingKind)
    )
    assert alone.criterion.rule == strict


def test_one_of_two_ways_that_stands_alone_shuts_nobody_out() -> None:
    """The registry's lists lose their nesting: what "or" joins may come to stand under different headings."""
    text = (
        "Inclusion Criteria:\n\n* Adequate function as defined below:\n\n  1. Age 18 or older\n"
        "  2. Age 21 or older\n* -OR-\n\n"
        "  1. Age 65 or older\n  2. Age 30 or older"
    )
    drafts = drafted(text, READERS, LEXICON, frozenset(ReadingKind))
    told = {each.criterion.label: each.criterion.rule for each in drafts}
    assert isinstance(told["Age 65 or older"], AnyOf)
    assert isinstance(told["Age 21 or older"], AnyOf)
    assert told["Age 30 or older"] == Age(at_least=30)


def test_a_part_of_the_trial_may_be_named_on_a_line_of_its_own() -> None:
    text = (
        "Inclusion Criteria:\n\nGroup A\n\n* Age 18 or older\n\nGroup B\n\n* Age 21 or older\n\n"
        "Exclusion Criteria:\n\n* Age 90 or older"
    )
    rules = [each.criterion.rule for each in drafted(text, READERS, LEXICON, frozenset(ReadingKind))]
    assert [type(rule) for rule in rules] == [AnyOf, AnyOf, Not]
