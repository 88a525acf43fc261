"""What a line asks, from what was read of it: the words that were not read keep open what they leave open."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.core.criteria import AllOf, AnyOf, Asked, HasCondition, Not, Readings, Reason, Rule, leaves
from cds.core.vocabulary import Concept, ConceptKind, Vocabulary
from cds.trials.text.compose import Outcome, Stated, stated_by
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.outline import outline
from cds.trials.text.reading import Part, Reading, ReadingKind
from cds.trials.text.sentences import parts_of, sentences_in

NAMES = {"hiv": "HIV", "cirrhosis": "cirrhosis", "stroke": "stroke"}
LEXICON = Lexicon.of(Vocabulary({name: Concept(name, ConceptKind.CONDITION, shown) for name, shown in NAMES.items()}))
HIV, CIRRHOSIS, STROKE = (HasCondition((name,)) for name in NAMES)


def names_read(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read every name as a condition: enough of a reader to try the joining."""
    del lexicon
    return [
        Reading(ReadingKind.CONDITION, HasCondition(each.concepts[:1]), each.first, each.behind, each.concepts[0])
        for each in part.names
    ]


def stated(text: str) -> Stated:
    (line,) = [each for each in outline(text) if not each.heading and re.search("HIV|irrhosis", each.text)]
    return stated_by(line, [(part, names_read(part, LEXICON)) for part in parts_of(line, LEXICON)])


def included(text: str) -> Stated:
    return stated(f"Inclusion Criteria:\n\n* {text}")


def excluded(text: str) -> Stated:
    return stated(f"Exclusion Criteria:\n\n* {text}")


def question(text: str) -> Asked:
    return Asked(text, Reason.NOT_COMPUTABLE)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("HIV", HIV),
        ("Patients must have HIV", HIV),
        ("No history of HIV", Not(HIV)),
        ("Patients must not have HIV", Not(HIV)),
        ("Without HIV or cirrhosis", Not(AnyOf((HIV, CIRRHOSIS)))),
        ("No HIV, stroke and cirrhosis", Not(AnyOf((HIV, STROKE, CIRRHOSIS)))),
        ("HIV or cirrhosis", AnyOf((HIV, CIRRHOSIS))),
        ("HIV and cirrhosis", AllOf((HIV, CIRRHOSIS))),
        ("Patients with HIV are excluded", Not(HIV)),
        ("Patients with HIV are not eligible", Not(HIV)),
        ("HIV. Cirrhosis.", AllOf((HIV, CIRRHOSIS))),
    ],
)
def test_what_an_inclusion_says_plainly(text: str, rule: Rule) -> None:
    told = included(text)
    assert (told.rule, told.outcome) == (rule, Outcome.COMPUTED)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("HIV", Not(HIV)),
        ("Known HIV or cirrhosis", Not(AnyOf((HIV, CIRRHOSIS)))),
        (
            "HIV, stroke, and cirrhosis",
            Not(Readings((AllOf((HIV, STROKE, CIRRHOSIS)), AnyOf((HIV, STROKE, CIRRHOSIS))))),
        ),
        ("Participants must not have HIV", Not(HIV)),
        ("HIV; cirrhosis", Not(AnyOf((HIV, CIRRHOSIS)))),
    ],
)
def test_what_an_exclusion_says_plainly(text: str, rule: Rule) -> None:
    told = excluded(text)
    assert (told.rule, told.outcome) == (rule, Outcome.COMPUTED)


@pytest.mark.parametrize("text", ["HIV is not excluded", "Patients with HIV are not excluded", "HIV is not ineligible"])
def test_what_is_not_excluded_shuts_nobody_out(text: str) -> None:
    for told in (included(text), excluded(text)):
        assert told.outcome is Outcome.REVIEW
        assert isinstance(told.rule, Asked)


def test_words_that_narrow_stand_beside_what_was_read() -> None:
    assert included("Severe HIV").rule == AllOf((HIV, question("Severe HIV")))
    assert excluded("Severe HIV").rule == Not(AllOf((HIV, question("Severe HIV"))))
    assert included("No severe HIV").rule == AnyOf((Not(HIV), question("No severe HIV")))
    assert included("Severe HIV").outcome is Outcome.PARTLY


def test_an_exception_keeps_the_obstacle_open() -> None:
    assert excluded("HIV unless treated").rule == Not(AllOf((HIV, question("HIV unless treated"))))
    assert included("No HIV unless treated").rule == AnyOf((Not(HIV), question("No HIV unless treated")))


def test_another_way_keeps_the_answer_open() -> None:
    assert included("HIV or").rule == AnyOf((HIV, question("HIV or")))
    assert excluded("HIV or").rule == Not(AnyOf((HIV, question("HIV or"))))


@pytest.mark.parametrize(
    "text",
    ["HIV or severe weakness", "No HIV and not cirrhosis or stroke", "HIV and cirrhosis or stroke", "HIV negative"],
)
def test_what_is_not_plain_is_left_to_a_person(text: str) -> None:
    assert included(text).outcome is Outcome.REVIEW
    assert included(text).rule == question(text)


def test_a_denial_among_exclusions_is_left_to_a_person() -> None:
    assert excluded("No HIV").outcome is Outcome.REVIEW


def test_headings_that_forbid() -> None:
    told = stated("Inclusion Criteria:\n\n* Patients must not have:\n\n  * HIV\n")
    assert told.rule == Not(HIV)
    told = stated("Exclusion Criteria:\n\n* Participants must not have any of:\n\n  * HIV\n")
    assert told.rule == Not(HIV)


def test_headings_that_narrow() -> None:
    told = stated("Exclusion Criteria:\n\n* Within 6 months before:\n\n  * HIV\n")
    assert told.rule == Not(AllOf((HIV, question("HIV"))))


def test_what_stands_among_exceptions_states_nothing_of_its_own() -> None:
    assert stated("Exclusion Criteria:\n\n* Infection, except for:\n\n  * HIV\n").outcome is Outcome.REVIEW


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two.", ("One.", "Two.")),
        ("One (e.g. Two). Three", ("One (e.g. Two).", "Three")),
        ("One; two", ("One;", "two")),
        ("RECIST v. 1.1 holds", ("RECIST v. 1.1 holds",)),
        ("Seen by Dr. Smith", ("Seen by Dr. Smith",)),
        ("1.5 x ULN", ("1.5 x ULN",)),
    ],
)
def test_sentences(text: str, parts: tuple[str, ...]) -> None:
    assert sentences_in(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "Patients with HIV must have a good appetite",
        "HIV must be controlled",
        "Enough of everything if HIV is there",
        "Good appetite for patients with HIV",
        "HIV, stroke or something else that is not known",
    ],
)
def test_a_name_in_a_condition_is_not_asked_of_everybody(text: str) -> None:
    told = included(text)
    assert (told.rule, told.outcome) == (question(text), Outcome.REVIEW)


@pytest.mark.parametrize(
    "text",
    [
        "Patients with HIV must have cirrhosis",
        "Women must have cirrhosis",
        "Cirrhosis for patients with HIV",
        "For patients with HIV, cirrhosis",
        "Cirrhosis if HIV is there",
        "If HIV is there, cirrhosis",
        "Odd ones: cirrhosis",
        "For odd ones only: must have cirrhosis",
    ],
)
def test_what_holds_for_some_patients_only_turns_nobody_away(text: str) -> None:
    told = included(text)
    assert (told.rule, told.outcome) == (AnyOf((CIRRHOSIS, question(text))), Outcome.PARTLY)


@pytest.mark.parametrize("text", ["Patients with HIV are eligible", "Patients with HIV may be enrolled"])
def test_who_is_let_in_although_so_is_asked_on_what_terms(text: str) -> None:
    assert included(text).rule == AnyOf((Not(HIV), question(text)))


@pytest.mark.parametrize(
    "text",
    [
        "HIV, or measles",
        "HIV, measles",
        "Measles, HIV",
        "HIV, measles and cirrhosis",
        "Infections such as HIV",
        "Infections (e.g., HIV)",
        "Infections including HIV",
    ],
)
def test_what_else_may_be_forbidden_keeps_the_line_open(text: str) -> None:
    """A name nobody knows on a list of what is forbidden: that the known ones are absent settles nothing."""
    told = excluded(text).rule
    assert told in {question(text), Not(AnyOf((HIV, question(text))))}


def test_examples_of_what_was_read_change_nothing() -> None:
    assert excluded("HIV (including measles, or mumps)").rule == Not(HIV)
    assert excluded("HIV, including one of 3 kinds").rule != Not(HIV)


@pytest.mark.parametrize("lead", ["Postmenopausal, that is:", "In the odd group the following:"])
def test_what_stands_under_an_odd_heading_is_not_settled(lead: str) -> None:
    text = f"Inclusion Criteria:\n\n* {lead}\n  * HIV"
    told = stated(text)
    rest = question("HIV")
    assert told.rule in {Readings((AllOf((HIV, rest)), AnyOf((HIV, rest)))), rest}


@pytest.mark.parametrize(
    "more", ["Patients with cirrhosis are allowed.", "Note: measles is another thing.", "Exception: cirrhosis."]
)
def test_a_sentence_that_only_explains_keeps_open_what_is_there_and_forbids_nothing(more: str) -> None:
    text = f"HIV. {more}"
    assert excluded(text).rule == Not(AllOf((HIV, question(text))))
    assert included(text).rule == AnyOf((HIV, question(text)))


@pytest.mark.parametrize("more", ["Measles is another.", "Note: measles is excluded too.", "Measles must be over."])
def test_a_sentence_that_may_ask_more_leaves_the_line_to_review(more: str) -> None:
    assert excluded(f"HIV. {more}").outcome is Outcome.REVIEW


_SAID = """HIV cirrhosis stroke measles purple and or , ; ( ) : no not without if unless for patients with must have who
    are allowed eligible excluded women the of known . within 6 months"""
_WORDS = st.sampled_from(_SAID.split())
_UNKNOWN = frozenset({"measles", "purple", "within", "6", "months", "women"})


@given(st.lists(_WORDS, min_size=1, max_size=12), st.sampled_from(["Inclusion", "Exclusion"]))
def test_a_word_that_nobody_knows_always_leaves_a_question(words: list[str], section: str) -> None:
    """Whatever the sentence, what was left over of it is put to a person, and not passed over."""
    for line in outline(f"{section} Criteria:\n\n* {' '.join(words)}"):
        if line.heading:
            continue
        told = stated_by(line, [(part, names_read(part, LEXICON)) for part in parts_of(line, LEXICON)])
        asks = any(isinstance(leaf, Asked) for leaf in leaves(told.rule))
        assert asks or not _UNKNOWN & set(line.text.split())
        assert asks or told.outcome is Outcome.COMPUTED


@pytest.mark.parametrize(
    ("lead", "settled"),
    [
        ("Within 14 days before registration, the following:", True),
        ("All of the following laboratory values:", True),
        ("At least 2 of the following:", False),
        ("2 of the following within 14 days:", False),
        ("Two or more of the following:", False),
    ],
)
def test_a_window_over_results_asks_no_other_value_but_a_count_does(lead: str, settled: bool) -> None:  # noqa: FBT001
    (line,) = [each for each in outline(f"Exclusion Criteria:\n\n* {lead}\n  * HIV") if not each.heading]
    result = [Reading(ReadingKind.LAB, HIV, 0, 1, "A result.")]
    told = stated_by(line, [(part, result) for part in parts_of(line, LEXICON)])
    assert (told.rule == Not(HIV)) is settled


def valued(text: str, section: str = "Inclusion") -> Stated:
    """Read every name as a limit of a value, with which a question may stand even where nothing can be settled."""
    (line,) = [each for each in outline(f"{section} Criteria:\n\n* {text}") if not each.heading]
    read = [
        (part, [replace(each, kind=ReadingKind.LAB) for each in names_read(part, LEXICON)])
        for part in parts_of(line, LEXICON)
    ]
    return stated_by(line, read)


@pytest.mark.parametrize("more", ["Measles is another.", "Measles must be over.", "Nobody knows."])
@pytest.mark.parametrize("section", ["Inclusion", "Exclusion"])
def test_an_unread_sentence_beside_a_value_lets_nothing_be_settled(more: str, section: str) -> None:
    text = f"HIV. {more}"
    told = valued(text, section)
    both = Readings((AllOf((HIV, question(text))), AnyOf((HIV, question(text)))))
    assert (told.rule, told.outcome) == (both if section == "Inclusion" else Not(both), Outcome.PARTLY)


def test_a_second_value_with_conditions_lets_nothing_be_settled() -> None:
    text = "HIV; cirrhosis in case of measles"
    both = AllOf((HIV, CIRRHOSIS))
    assert valued(text).rule == Readings((AllOf((both, question(text))), AnyOf((both, question(text)))))


def test_and_with_or_settles_what_is_the_same_either_way() -> None:
    rules = (HIV, CIRRHOSIS, STROKE)
    assert valued("HIV and cirrhosis or stroke").rule == Readings((AllOf(rules), AnyOf(rules)))
    assert valued("No HIV and not cirrhosis or stroke").outcome is Outcome.REVIEW


@pytest.mark.parametrize(
    "more",
    [
        "Because little is known, children are excluded from this study.",
        "As measles is rare in children, patients < 18 years of age will be excluded from the trial.",
        "Children are excluded from this study, but will be eligible for future paediatric trials.",
        "(Appendix A)",
        "See section 10.2.",
        "Both men and women are eligible.",
    ],
)
def test_a_sentence_that_asks_nothing_changes_nothing(more: str) -> None:
    assert included(f"HIV. {more}").rule == HIV


@pytest.mark.parametrize(
    "more", ["Because little is known, smokers are excluded from this study.", "Women are eligible.", "See a doctor."]
)
def test_an_explanation_that_says_more_than_that_keeps_the_line_open(more: str) -> None:
    told = included(f"HIV. {more}")
    assert told.rule != HIV
    assert question(f"HIV. {more}") in leaves(told.rule)


def test_an_or_that_a_reading_has_taken_for_its_own_still_joins() -> None:
    (line,) = [each for each in outline("Inclusion Criteria:\n\n* HIV or cirrhosis") if not each.heading]
    (part,) = parts_of(line, LEXICON)
    first, second = names_read(part, LEXICON)
    assert stated_by(line, [(part, [replace(first, behind=second.first), second])]).rule == AnyOf((HIV, CIRRHOSIS))


@pytest.mark.parametrize(
    "lead",
    [
        "To be eligible for this study, patients must meet all of the following criteria:",
        "Individuals must meet all of the inclusion criteria in order to be eligible, as follows:",
    ],
)
def test_what_stands_under_a_heading_that_asks_nothing_is_all_that_is_asked(lead: str) -> None:
    assert stated(f"Inclusion Criteria:\n\n* {lead}\n  * HIV").rule == HIV


def test_patients_who_are_let_in_below_an_exclusion_are_not_shut_out() -> None:
    told = stated("Exclusion Criteria:\n\n* Patients are eligible if all of the following apply:\n  * HIV")
    assert told.outcome is Outcome.REVIEW


def test_an_allowance_with_a_limit_of_its_own_narrows_what_was_excepted() -> None:
    text = "HIV or cirrhosis. Patients with cirrhosis may enrol if measles < 3"
    told = valued(text)
    terms = question("Patients with cirrhosis may enrol if measles < 3")
    assert told.rule == AllOf((AnyOf((HIV, CIRRHOSIS)), AnyOf((Not(CIRRHOSIS), terms))))
    assert told.outcome is Outcome.PARTLY


def test_a_disease_in_the_name_of_an_equation_is_no_disease() -> None:
    (line,) = [
        each
        for each in outline("Inclusion Criteria:\n\n* By the HIV Epidemiology formula, HIV-EPI")
        if not each.heading
    ]
    assert [part.names for part in parts_of(line, LEXICON)] == [()]
