"""What is written of a rule is read back as that very rule; what could not be is refused."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.core.chart import Sex
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
    Reason,
    Received,
    Rule,
    Section,
    SexIs,
    Underwent,
    Undetectable,
    Vaccinated,
)
from cds.core.limits import Against, Clear, DailyDose, Formula, HalfLives, Limit, Spared, Whichever
from cds.errors import BadTrial
from cds.files import Block, parse_yaml
from cds.trials.definition import definition_of
from cds.trials.fields import Place
from cds.trials.rules import RuleReader
from cds.trials.writing import block_of, written_criterion, written_rule
from tests.core.builders import VOCABULARY
from tests.core.strategies import rules

READER = RuleReader(VOCABULARY)
SCLC = Diagnosis(("small-cell-carcinoma",), ("lung",), ("prostate",))
PLATELETS = Limit(Fraction("0.125"), "10*9/L", inclusive=False)
EVERY_NODE: tuple[Rule, ...] = (
    Age(18, 75),
    Age(at_most=17),
    SexIs(Sex.FEMALE),
    SCLC,
    HasCondition(("gilbert-syndrome",), active=True, within_days=0),
    HasCondition(("autoimmune-disease",), listed=True, but_not=("vitiligo",)),
    Measured(("platelets",), PLATELETS, Limit(Fraction(1000000), "/uL"), 14, clear_of=Clear(("platinum",), 21)),
    Measured(("ast", "platelets"), high=Limit(Fraction("2.5"), against=Against.ULN)),
    Measured(("creatinine-clearance",), Limit(Fraction(60), "mL/min"), computed=tuple(Formula)),
    Undetectable(("viral-load",), 90),
    PerformanceStatus(2, 1, 14),
    Exposed(("platinum",), ("carboplatin",), within_days=28, half_lives=HalfLives(5, Whichever.SHORTER)),
    Exposed(
        ("corticosteroid",),
        ongoing=True,
        systemic=True,
        above=DailyDose("prednisone", Fraction("7.5")),
        stable_days=28,
    ),
    Received(("anthracycline",), "doxorubicin", Fraction("450.5")),
    Lines(("platinum",), ("carboplatin",), 1, 2, SCLC),
    Cycles(("platinum",), at_most=0),
    Progressed(("platinum",), 1),
    OtherMalignancy((SCLC,), (Spared(("basal-cell-carcinoma",), ("skin",)), Spared(behaviours=("in-situ",))), 1095),
    OtherMalignancy(()),
    Underwent(("major-surgery",), 28),
    Vaccinated(("live-vaccine",)),
    AllergicTo(("platinum",)),
    Asked("Is “yes: no” an answer? # nobody knows"),
    Asked("Line to review", Reason.NOT_COMPUTABLE),
    AllOf((Age(18), SexIs(Sex.MALE))),
    AnyOf((Age(18), Not(SexIs(Sex.MALE)))),
    Not(Not(Age(18))),
    IfThen(SexIs(Sex.MALE), Age(18), Age(21)),
    Readings((Age(18), Age(19))),
)


def read_back(rule: Rule) -> Rule:
    return READER.rule(block_of(written_rule(rule)), Place("a file"))


@pytest.mark.parametrize("rule", EVERY_NODE, ids=lambda rule: repr(rule)[:60])
def test_every_node_is_read_back_as_it_was(rule: Rule) -> None:
    assert read_back(rule) == rule


def test_the_list_above_knows_every_node() -> None:
    assert {type(rule) for rule in EVERY_NODE} == set(Rule.__args__)


def _joined(rule: Rule) -> Rule:
    """Join no rule alone: a file cannot say that."""
    match rule:
        case AllOf(rules=(only,)) | AnyOf(rules=(only,)) | Readings(rules=(only,)):
            return _joined(only)
        case AllOf() | AnyOf() | Readings():
            return type(rule)(tuple(_joined(each) for each in rule.rules))
        case Not():
            return Not(_joined(rule.rule))
        case IfThen():
            return IfThen(*(_joined(each) for each in (rule.condition, rule.then, rule.otherwise)))
        case _:
            return rule


@given(rules)
def test_any_rule_is_read_back_as_it_was_or_refused(rule: Rule) -> None:
    rule = _joined(rule)
    try:
        written = written_rule(rule)
    except BadTrial:
        assert any(each in repr(rule) for each in ("Diagnosis(histologies=(), sites=()", "ongoing=True, within_days="))
        return
    assert READER.rule(block_of(written), Place("a file")) == rule


@given(
    st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10**6)
    | st.decimals(-999, 999, places=6).map(Fraction)
)
def test_a_number_is_written_exactly_or_refused(value: Fraction) -> None:
    rule = Measured(("platelets",), Limit(value, "10*9/L"))
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest == 1:
        assert read_back(rule) == rule
    else:
        with pytest.raises(BadTrial, match="no decimal number"):
            written_rule(rule)


@pytest.mark.parametrize(
    "rule",
    [
        Age(),
        Age(-1),
        SexIs(Sex.OTHER),
        Diagnosis(except_sites=("lung",)),
        HasCondition(()),
        HasCondition(("a", "a")),
        Measured(("platelets",)),
        Measured(("platelets",), Limit(Fraction(1, 3), "10*9/L")),
        Measured(("platelets",), Limit(Fraction(1), "10*9/L", Against.ULN)),
        Exposed(("platinum",), ongoing=True, within_days=3),
        Exposed(("platinum",), half_lives=HalfLives(5, Whichever.LONGER)),
        Exposed(("platinum",), stable_days=3),
        Received(("anthracycline",), "no scale", Fraction(1)),
        Lines(("platinum",)),
        OtherMalignancy((SCLC,), (Spared(),)),
        Asked(""),
        Asked("null"),
        Asked("two  blanks"),
        AllOf((Age(18),)),
        Not(Readings((Age(18),))),
    ],
)
def test_what_a_file_cannot_say_is_refused(rule: Rule) -> None:
    with pytest.raises(BadTrial, match="cannot be written"):
        written_rule(rule)


HEAD = """
nct_id: NCT00000001
title: A trial
version: "1"
record: {date: null, status: RECRUITING, lines: 9, sha256: 00ff}
complete: true
criteria: []
"""


@given(st.sampled_from(EVERY_NODE), st.booleans(), st.sampled_from(Section), st.sampled_from([None, (0, 0), (3, 90)]))
def test_a_criterion_is_read_back_as_it_was(
    rule: Rule,
    forbidden: bool,  # noqa: FBT001 - drawn
    section: Section,
    span: tuple[int, int] | None,
) -> None:
    criterion = Criterion(
        "one", "A label: #1", Not(rule) if forbidden else rule, section, (3, 4), forbidden, "Read so.", "", span
    )
    block = parse_yaml(HEAD, "a file", BadTrial)
    block["criteria"] = [block_of(written_criterion(criterion))]
    assert definition_of(block, "a file", VOCABULARY).trial.criteria == (criterion,)
    assert isinstance(block["criteria"], list)
    assert isinstance(block["criteria"][0], Block)
