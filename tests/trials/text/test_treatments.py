"""Treatments in text: given, being given, given lately; in lists; and what only looks like it."""

from collections.abc import Sequence
from fractions import Fraction
from time import perf_counter

import pytest

from cds.core.criteria import (
    AllOf,
    AnyOf,
    Asked,
    Exposed,
    HasCondition,
    Not,
    Readings,
    Rule,
    Underwent,
    Vaccinated,
)
from cds.core.limits import DailyDose, HalfLives, Whichever
from cds.core.vocabulary import Concept, ConceptKind, Vocabulary
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.outline import outline
from cds.trials.text.readers.elapsed import read_washed_out
from cds.trials.text.readers.treatments import read_treatment
from cds.trials.text.reading import Part, Reading, ReadingKind
from cds.trials.text.sentences import parts_of

CONCEPTS = {
    ConceptKind.INGREDIENT: "cisplatin carboplatin bevacizumab prednisone ketoconazole hydroxyurea warfarin",
    ConceptKind.DRUG_CLASS: """platinum taxane anti-pd-1 anti-pd-l1 anti-ctla-4 cytotoxic-chemotherapy immunosuppressant
        systemic-corticosteroid anticancer-therapy endocrine-therapy cyp3a-strong-inhibitor cyp3a-strong-inducer
        cyp3a-inhibitor-moderate-strong cyp3a-inducer-moderate-strong""",
    ConceptKind.PROCEDURE: "major-surgery radiotherapy solid-organ-transplant chemotherapy-procedure",
    ConceptKind.VACCINE: "live-vaccine",
}
PHRASES = (
    ("cytotoxic-chemotherapy", "chemotherapy"),
    ("platinum", "platinum-based chemotherapy"),
    ("immunosuppressant", "immunosuppressive therapy"),
    ("immunosuppressant", "immunosuppressive medication"),
    ("systemic-corticosteroid", "systemic steroid"),
    ("anticancer-therapy", "systemic anticancer therapy"),
    ("radiotherapy", "radiation"),
)
LEXICON = Lexicon.of(
    Vocabulary(
        {
            name: Concept(name, kind, name.replace("-", " "))
            for kind, names in CONCEPTS.items()
            for name in names.split()
        }
    ),
    PHRASES,
)
CHEMO = ("cytotoxic-chemotherapy",)


def part(text: str, section: str = "Exclusion") -> Part:
    (line,) = [each for each in outline(f"{section} Criteria:\n\n* {text}") if not each.heading]
    return next(iter(parts_of(line, LEXICON)))


def readings(text: str, section: str = "Exclusion") -> Sequence[Reading]:
    told = part(text, section)
    return [*read_treatment(told, LEXICON), *read_washed_out(told, LEXICON)]


def rules(text: str, section: str = "Exclusion") -> list[Rule]:
    return [each.rule for each in readings(text, section)]


def chemotherapy(days: int | None = None, *but_not: str) -> Rule:
    return AnyOf(
        (Exposed(CHEMO, but_not=but_not, within_days=days), Underwent(("chemotherapy-procedure",), within_days=days))
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Prior cisplatin", Exposed(("cisplatin",))),
        ("Has previously received bevacizumab", Exposed(("bevacizumab",))),
        ("Previously treated with a taxane", Exposed(("taxane",))),
        ("Prior exposure to cisplatin or carboplatin", Exposed(("cisplatin", "carboplatin"))),
        (
            "Prior anti-PD-1, anti-PD-L1, or anti-CTLA-4",
            Exposed(("anti-pd-1", "anti-pd-l1", "anti-ctla-4")),
        ),
        ("Prior treatment with a PD-1/PD-L1 inhibitor", Exposed(("anti-pd-1", "anti-pd-l1"))),
        ("Received anti-PD-(L)1 therapy", Exposed(("anti-pd-1", "anti-pd-l1"))),
        ("Earlier or prior platinum-based chemotherapy", Exposed(("platinum",))),
        ("Prior chemotherapy", chemotherapy()),
        ("History of radiation", Underwent(("radiotherapy",))),
        ("Prior chemotherapy (CT)", chemotherapy()),
        ("Prior systemic steroid (systemic corticosteroid)", Exposed(("systemic-corticosteroid",), systemic=True)),
        (
            "Solid organ transplant",
            AnyOf((Underwent(("solid-organ-transplant",)), HasCondition(("solid-organ-transplant-status",)))),
        ),
    ],
)
def test_what_was_given(text: str, rule: Rule) -> None:
    assert rules(text) == [rule]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Bevacizumab within 4 weeks prior to the first dose of study drug", Exposed(("bevacizumab",), within_days=28)),
        ("Major surgery within 28 days of enrollment", Underwent(("major-surgery",), 28)),
        ("Has had major surgery ≤ 3 weeks before randomisation", Underwent(("major-surgery",), 21)),
        ("Use of warfarin in the last 3 months", Exposed(("warfarin",), within_days=92)),
        ("Received a live vaccine within 30 days before C1D1", Vaccinated(("live-vaccine",), 30)),
        ("Chemotherapy within 2 weeks of starting study treatment", chemotherapy(14)),
        ("Chemotherapy (except hydroxyurea) within 14 days of study entry", chemotherapy(14, "hydroxyurea")),
        (
            "Taxane within 28 days or 5 half-lives, whichever is shorter, before the first dose",
            Exposed(("taxane",), within_days=28, half_lives=HalfLives(5, Whichever.SHORTER)),
        ),
        (
            "Cisplatin within 5 half-lives or 2 weeks (whichever is longer) prior to registration",
            Exposed(("cisplatin",), within_days=14, half_lives=HalfLives(5, Whichever.LONGER)),
        ),
        (
            "Bevacizumab, major surgery or radiation within 4 weeks",
            AnyOf((Exposed(("bevacizumab",), within_days=28), Underwent(("major-surgery", "radiotherapy"), 28))),
        ),
    ],
)
def test_what_was_given_lately(text: str, rule: Rule) -> None:
    assert rules(text) == [rule]


def test_each_window_is_for_its_own_list() -> None:
    found = rules("Taxane within 3 weeks, radiation within 2 weeks, or major surgery within 4 weeks")
    assert found == [
        Exposed(("taxane",), within_days=21),
        Underwent(("radiotherapy",), 14),
        Underwent(("major-surgery",), 28),
    ]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Currently receiving warfarin", Exposed(("warfarin",), ongoing=True)),
        ("Concomitant use of strong CYP3A4 inhibitors", Exposed(("cyp3a-strong-inhibitor",), ongoing=True)),
        (
            "Concurrent use of strong or moderate inhibitors or inducers of CYP3A4",
            Exposed(("cyp3a-inhibitor-moderate-strong", "cyp3a-inducer-moderate-strong"), ongoing=True),
        ),
        (
            "Is receiving a systemic steroid > 10 mg/day of prednisone or equivalent",
            Exposed(
                ("systemic-corticosteroid",),
                ongoing=True,
                systemic=True,
                above=DailyDose("prednisone", Fraction(10)),
            ),
        ),
        (
            (
                "Condition requiring systemic treatment with corticosteroids (> 10 mg daily prednisone equivalent) or "
                "other immunosuppressive medication within 14 days of the first dose"
            ),
            AnyOf(
                (
                    Exposed(("immunosuppressant",), within_days=14, systemic=True),
                    Exposed(
                        ("systemic-corticosteroid",),
                        within_days=14,
                        systemic=True,
                        above=DailyDose("prednisone", Fraction(10)),
                    ),
                )
            ),
        ),
    ],
)
def test_what_is_being_given(text: str, rule: Rule) -> None:
    assert rules(text) == [rule]


def test_a_class_that_may_take_in_another_is_held_both_ways() -> None:
    assert rules("Prior systemic anticancer therapy") == [
        Readings(
            (
                Exposed(("anticancer-therapy",), systemic=True),
                Exposed(("anticancer-therapy", "endocrine-therapy"), systemic=True),
            )
        )
    ]


def test_and_is_both_where_it_is_required_and_left_open_where_it_is_excluded() -> None:
    both = AllOf((Exposed(("cisplatin",)), Exposed(("taxane",))))
    assert rules("Prior cisplatin and taxane", "Inclusion") == [both]
    assert rules("Prior cisplatin and taxane") == [Readings((both, Exposed(("cisplatin", "taxane"))))]
    assert rules("No prior cisplatin and taxane", "Inclusion") == [Exposed(("cisplatin", "taxane"))]


def test_what_else_excludes_is_asked_beside() -> None:
    (reading,) = readings("Major surgery within 4 weeks or has not recovered from it")
    assert isinstance(reading.rule, AnyOf)
    assert reading.rule.rules[0] == Underwent(("major-surgery",), 28)
    (plain,) = readings("Major surgery within 4 weeks or has not recovered unless it was minor")
    assert plain.rule == Underwent(("major-surgery",), 28)


def test_what_the_tables_do_not_name_is_asked_beside() -> None:
    (rule,) = rules("Prior therapy with an anti-PD-1, anti-PD-L1, or anti-PD-L2 agent")
    assert isinstance(rule, AnyOf)
    assert rule.rules[0] == Exposed(("anti-pd-1", "anti-pd-l1"))
    assert isinstance(rule.rules[1], Asked)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("At least 4 weeks since major surgery", Not(Underwent(("major-surgery",), 28))),
        (
            "≥ 2 weeks must have elapsed since the last dose of bevacizumab",
            Not(Exposed(("bevacizumab",), within_days=14)),
        ),
        ("Taxane-naive", Not(Exposed(("taxane",)))),
    ],
)
def test_what_must_not_have_been(text: str, rule: Rule) -> None:
    assert rules(text, "Inclusion") == [rule]


@pytest.mark.parametrize(
    "text",
    [
        "At least 4 weeks since palliative radiation to the spine",
        "Taxane-naive in the metastatic setting",
        "Willing to receive cisplatin",
        "Candidate for platinum-based chemotherapy",
        "Eligible to receive bevacizumab",
        "Scheduled radiation within 4 weeks of enrollment",
        "Cisplatin",
        "Platinum-resistant disease after prior surgery",
        "Recovered from prior chemotherapy",
        "If prior cisplatin was given, hearing is tested",
        "Major surgery",
        "Solid organ transplant",
        "Prior to radiation",
        "2 prior taxanes",
        "Systemic treatment of psoriasis before",
    ],
)
def test_what_says_nothing_of_what_was_given(text: str) -> None:
    assert rules(text, "Inclusion") == []


@pytest.mark.parametrize(
    "text",
    [
        "Taxane, gene therapy or any study drug within 4 weeks of enrollment",
        "Prior taxane and cisplatin or carboplatin, and another drug within 2 weeks",
        "Currently receiving warfarin or a study drug within 2 weeks",
        "For cohort 7, prior taxane counts as a line",
        "Prior systemic treatment with an azole",
        "Infection requiring systemic steroid within 14 days",
        "Individuals may be receiving warfarin",
        "In addition, they must be currently receiving warfarin",
        "Is on warfarin or another drug 4 weeks prior to dosing",
        "Prior chemotherapy (cisplatin)",
        "Living with anyone in a current bevacizumab study",
        "No prior gene therapy (prior radiation is allowed)",
        "Prior taxane dose of 300 mg",
        "Solid organ transplant including tissue grafts",
        "Bevacizumab (except in the eye) or another drug within 4 weeks",
    ],
)
def test_what_cannot_be_told_for_sure_is_left(text: str) -> None:
    assert rules(text) == []


def test_a_window_that_ends_elsewhere_is_left_over() -> None:
    (reading,) = readings("Prior taxane within 6 months of completing surgery")
    assert reading.rule == Exposed(("taxane",))
    assert part("Prior taxane within 6 months of completing surgery").tokens[reading.behind].text == "within"


def test_adjectives_are_left_over() -> None:
    (reading,) = readings("Prior intravesical chemotherapy")
    assert (reading.first, reading.behind) == (2, 3)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Prior cisplatin", ReadingKind.PRIOR_DRUG),
        ("Cisplatin within 4 weeks", ReadingKind.WASHOUT),
        ("Currently receiving warfarin", ReadingKind.CONCOMITANT),
        ("Major surgery within 4 weeks", ReadingKind.PROCEDURE),
        ("Live vaccine within 30 days", ReadingKind.VACCINE),
    ],
)
def test_the_kind_of_statement(text: str, kind: ReadingKind) -> None:
    assert [each.kind for each in readings(text)] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "prior ",
        "prior cisplatin, ",
        "cisplatin within 4 weeks of ",
        "currently taking warfarin ",
        "> 10 mg daily (",
        "no ",
    ],
)
def test_time_grows_with_length_only(text: str) -> None:
    def taken(times: int) -> float:
        told = part(text * times)
        start = perf_counter()
        read_treatment(told, LEXICON)
        return perf_counter() - start

    short = max(taken(400), 0.002)
    assert taken(3200) < 8 * 6 * short
