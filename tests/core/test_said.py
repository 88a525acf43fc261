"""Results that a person says: what each comes to beside the records, what it is told as, and what it cannot do."""

import dataclasses
import datetime as dt
import random
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cds.core.chart import Chart, Extent, Kind, Measurement, ResultStatus
from cds.core.criteria import (
    AllOf,
    Asked,
    Criterion,
    HasCondition,
    IfThen,
    Measured,
    Not,
    PerformanceStatus,
    Progressed,
    Rule,
    Undetectable,
)
from cds.core.explain import explain
from cds.core.finding import Attestation, Basis, Cause, Finding
from cds.core.limits import Formula
from cds.core.needs import needs_of
from cds.core.plan import Plan
from cds.core.recognise import recognise
from cds.core.said import Said, unknown_in
from cds.core.screen import screen
from cds.core.trial import Trial
from cds.core.truth import Truth
from tests.core.builders import (
    AS_OF,
    EVERYTHING,
    VOCABULARY,
    chart,
    find,
    hearing,
    lab,
    limit,
    problem,
    says,
)
from tests.core.builders import (
    given as infusions,
)
from tests.core.strategies import charts, measured, rules

PLATELETS = Measured(("platelets",), low=limit("100 10*9/L"))
CREATININE = Measured(("creatinine",), high=limit("1.5 ULN"))
ECOG = PerformanceStatus(at_most=1)
LOW, FINE = "64 10*9/L", "104 10*9/L"
RECORDS = (lab("platelets", "210 10*9/L", "2026-06-10"),)


# ------------------------------------------------------------------------------------------------- beside the records
@pytest.mark.parametrize(
    ("records", "said", "truth", "why"),
    [
        ((), says("platelets", FINE), "met", Basis.ATTESTED),
        ((), says("platelets", LOW), "unmet", Basis.ATTESTED),
        ((), says("platelets", "104000 /uL"), "met", Basis.ATTESTED),
        ((), says("platelets", "< 64 10*9/L"), "unmet", Basis.ATTESTED),
        ((), says("platelets", "> 64 10*9/L"), "unknown", Cause.TOO_GENERAL),
        ((), says("platelets", "64000 10*9/L"), "unknown", Cause.IMPLAUSIBLE),
        ((), says("platelets", LOW, "2026-05-01"), "unknown", Cause.TOO_OLD),
        (RECORDS, says("platelets", LOW), "unmet", Basis.ATTESTED),
        (RECORDS, says("platelets", LOW, "2026-06-10"), "unmet", Basis.ATTESTED),
        (RECORDS, says("platelets", LOW, "2026-06-09"), "met", Basis.DOCUMENTED),
        ((lab("platelets", "210 10*9/L", "2026-06"),), says("platelets", LOW), "unmet", Basis.ATTESTED),
        (
            (lab("platelets", "210 10*9/L", "2026-06"),),
            says("platelets", LOW, "2026-06-14"),
            "unknown",
            Cause.DATE_IMPRECISE,
        ),
        ((lab("platelets", "210 10*9/L", None),), says("platelets", LOW), "unknown", Cause.DATE_IMPRECISE),
        ((lab("platelets", "210 10*9/L", None),), says("platelets", FINE), "met", Basis.ATTESTED),
        ((lab("platelets", "210 10*9/L", "2026-06-16"),), says("platelets", LOW), "unmet", Basis.ATTESTED),
        ((lab("leukocytes", "210 10*9/L", "2026-06-15"),), says("platelets", LOW), "unmet", Basis.ATTESTED),
    ],
)
def test_a_result_that_a_person_says_is_a_result_of_its_day(
    records: tuple[Measurement, ...], said: Said, truth: str, why: Basis | Cause
) -> None:
    finding = find(PLATELETS, hearing(chart(*records), said))
    assert (finding.truth.value, finding.basis or finding.cause) == (truth, why)


def test_it_needs_nothing_to_have_been_read() -> None:
    unread = chart(covered={})
    assert find(PLATELETS, unread).cause is Cause.NOT_READ
    assert find(PLATELETS, hearing(unread, says("platelets", FINE))).truth is Truth.MET
    assert hearing(unread, says("platelets", FINE)).extent(Kind.MEASUREMENT) is Extent.NOT_READ


def test_a_later_preliminary_record_still_decides() -> None:
    later = lab("platelets", "210 10*9/L", "2026-06-15", status=ResultStatus.PRELIMINARY)
    assert find(PLATELETS, hearing(chart(later), says("platelets", LOW, "2026-06-14"))).basis is Basis.DOCUMENTED


@pytest.mark.parametrize(
    ("said", "truth", "why"),
    [
        (says("creatinine", "1.8 mg/dL", high="1.2"), "met", Basis.ATTESTED),
        (says("creatinine", "1.81 mg/dL", high="1.2"), "unmet", Basis.ATTESTED),
        (says("creatinine", "1.8 mg/dL", low="0.5"), "unknown", Cause.NO_REFERENCE_RANGE),
        (says("creatinine", "1.8 mg/dL"), "unknown", Cause.NO_REFERENCE_RANGE),
    ],
)
def test_it_has_the_range_that_was_said_and_no_other(said: Said, truth: str, why: Basis | Cause) -> None:
    record = lab("creatinine", "1.0 mg/dL", "2026-06-10", normal="0.5-1.2")
    finding = find(CREATININE, hearing(chart(record), said))
    assert (finding.truth.value, finding.basis or finding.cause) == (truth, why)


@pytest.mark.parametrize(
    ("records", "said", "truth", "why"),
    [
        ((), says("ecog", "1"), "met", Basis.ATTESTED),
        ((), says("ecog", "2 {score}"), "unmet", Basis.ATTESTED),
        ((), says("karnofsky", "80"), "met", Basis.ATTESTED),
        ((lab("ecog", "0", "2026-06-15"),), says("ecog", "2"), "unmet", Basis.ATTESTED),
        ((lab("ecog", "0", "2026-06-15"),), says("karnofsky", "50"), "unmet", Basis.ATTESTED),
        ((lab("karnofsky", "90", "2026-06-15"),), says("ecog", "2"), "unmet", Basis.ATTESTED),
        ((lab("ecog", "0", "2026-06-15"),), says("ecog", "2", "2026-06-14"), "met", Basis.DOCUMENTED),
    ],
)
def test_performance_status(records: tuple[Measurement, ...], said: Said, truth: str, why: Basis | Cause) -> None:
    finding = find(ECOG, hearing(chart(*records), said))
    assert (finding.truth.value, finding.basis or finding.cause) == (truth, why)


def test_of_two_scores_said_of_one_day_the_grade_itself_decides() -> None:
    assert find(ECOG, hearing(chart(), says("karnofsky", "50"), says("ecog", "1"))).basis is Basis.ATTESTED


def test_a_load_of_nought_is_not_detected() -> None:
    finding = find(Undetectable(("viral-load",)), hearing(chart(), says("viral-load", "0 copies/mL")))
    assert (finding.truth, finding.basis) == (Truth.MET, Basis.ATTESTED)


@pytest.mark.parametrize(("value", "words", "truth"), [("0", "negative", Truth.MET), ("1", "positive", Truth.UNMET)])
def test_what_is_there_or_not_is_told_in_words(value: str, words: str, truth: Truth) -> None:
    absent = Measured(("surface-antigen",), high=limit("0 {presence}"))
    said = hearing(chart(), says("surface-antigen", f"{value} {{presence}}"))
    finding = find(absent, said)
    assert (finding.truth, finding.evidence[0].value) == (truth, words)


# ---------------------------------------------------------------------------------------------- what is computed of it
CLEARANCE = Measured(("creatinine-clearance",), low=limit("60 mL/min"), computed=(Formula.COCKCROFT_GAULT_ACTUAL,))
NEUTROPHILS = Measured(("absolute-neutrophil-count",), low=limit("1.5 10*9/L"), computed=(Formula.ANC_FROM_PERCENT,))
WEIGHT = lab("body-weight", "70 kg", "2026-06-10", ref="Observation/2")


@pytest.mark.parametrize(
    ("records", "said", "truth"),
    [
        ((WEIGHT,), says("creatinine", "0.8 mg/dL"), "met"),
        ((WEIGHT, lab("creatinine", "3 mg/dL", "2026-06-10")), says("creatinine", "0.8 mg/dL"), "met"),
        ((WEIGHT, lab("creatinine", "3 mg/dL", "2026-06-15")), says("creatinine", "0.8 mg/dL"), "met"),
        ((lab("creatinine", "0.8 mg/dL", "2026-06-10"),), says("body-weight", "70 kg"), "met"),
        ((WEIGHT, lab("creatinine", "0.8 mg/dL", "2026-06-10")), says("body-weight", "30 kg"), "unmet"),
    ],
)
def test_what_is_computed_from_it_is_a_persons_word_too(
    records: tuple[Measurement, ...], said: Said, truth: str
) -> None:
    finding = find(CLEARANCE, hearing(chart(*records), said))
    assert (finding.truth.value, finding.basis) == (truth, Basis.ATTESTED)


def test_what_is_computed_from_records_alone_stays_documented() -> None:
    records = chart(WEIGHT, lab("creatinine", "0.8 mg/dL", "2026-06-10"))
    assert find(CLEARANCE, hearing(records, says("platelets", LOW))).basis is Basis.DOCUMENTED


def test_a_differential_takes_what_was_said_of_its_own_day() -> None:
    counts = (
        lab("leukocytes", "4 10*9/L", "2026-06-10", ref="Observation/1"),
        lab("neutrophil-percent", "50 %", "2026-06-10", ref="Observation/2"),
    )
    assert find(NEUTROPHILS, chart(*counts)).truth is Truth.MET
    said = hearing(chart(*counts), says("neutrophil-percent", "20 %", "2026-06-10"))
    finding = find(NEUTROPHILS, said)
    assert (finding.truth, finding.basis) == (Truth.UNMET, Basis.ATTESTED)
    assert explain(finding, VOCABULARY) == (
        "Absolute neutrophil count (from white cells and percent), computed 0.8 10*9/L on 2026-06-10, from "
        "Leukocytes 4 10*9/L on 2026-06-10; Neutrophil percent 20 % on 2026-06-10, as a person said; "
        "the trial asks for at least 1.5 10*9/L."
    )


# ----------------------------------------------------------------------------------------------------- how it is told
@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            says("platelets", FINE),
            "Platelets 104 10*9/L on 2026-06-15, as a person said; the trial asks for at least 100 10*9/L.",
        ),
        (
            says("platelets", FINE, low="150", high="400", note="by telephone"),
            (
                "Platelets 104 10*9/L (range 150-400) on 2026-06-15, as a person said (by telephone); "
                "the trial asks for at least 100 10*9/L."
            ),
        ),
        (
            says("platelets", FINE, "2026-05-01"),
            (
                "Platelets 104 10*9/L on 2026-05-01, as a person said, is too old: it counts for 28 days; "
                "the trial asks for at least 100 10*9/L."
            ),
        ),
    ],
)
def test_a_sentence_says_whose_word_it_is(said: Said, sentence: str) -> None:
    assert explain(find(PLATELETS, hearing(chart(), said)), VOCABULARY) == sentence


def test_a_computed_value_says_whose_word_its_inputs_are() -> None:
    finding = find(CLEARANCE, hearing(chart(WEIGHT), says("creatinine", "0.8 mg/dL")))
    assert explain(finding, VOCABULARY) == (
        "Creatinine clearance (Cockcroft-Gault, actual weight), computed 76.44 mL/min on 2026-06-15, from "
        "Creatinine 0.8 mg/dL on 2026-06-15, as a person said; Body weight 70 kg on 2026-06-10; "
        "Age and sex 66, female on 2026-06-15; the trial asks for at least 60 mL/min."
    )


def test_a_score_is_told_without_the_kind_of_its_scale() -> None:
    finding = find(ECOG, hearing(chart(), says("ecog", "1 {score}")))
    assert explain(finding, VOCABULARY) == "Ecog 1 on 2026-06-15, as a person said; the trial asks for ECOG 0 to 1."


def test_the_evidence_names_its_place_among_what_was_said() -> None:
    said = hearing(chart(*RECORDS), says("ecog", "1"), says("platelets", FINE, note="by telephone"))
    (seen,) = find(PLATELETS, said).evidence
    assert (seen.reference, seen.value, seen.date, seen.note) == (
        "attested/2",
        "104 10*9/L",
        "2026-06-15",
        "by telephone",
    )
    assert seen.attested
    assert not any(each.attested for each in find(PLATELETS, chart(*RECORDS)).evidence)


def test_what_stands_partly_on_a_persons_word_is_told_as_such() -> None:
    both = AllOf((PLATELETS, Not(HasCondition(("gilbert-syndrome",)))))
    found = find(both, hearing(chart(problem("nec-of-pancreas")), says("platelets", FINE)))
    assert [part.basis for part in found.parts] == [Basis.ATTESTED, Basis.NO_RECORD]
    assert found.basis is Basis.ATTESTED


def test_an_open_question_shows_what_was_said_beside_it() -> None:
    both = AllOf((PLATELETS, Asked("Is the marrow sound?")))
    finding = find(both, hearing(chart(), says("platelets", FINE)))
    assert [each.reference for each in finding.evidence] == ["attested/1"]


def test_an_answer_to_the_criterion_itself_outranks_a_result() -> None:
    trial = Trial("NCT00000001", "", "RECRUITING", (Criterion("platelets", "", PLATELETS),))
    answer = Attestation("platelets", "NCT00000001", Truth.MET, "Transfused since")
    said = hearing(chart(), says("platelets", LOW))
    (verdict,) = screen(said, Plan.of([trial], VOCABULARY), AS_OF, (answer,))
    finding = verdict.findings[0].finding
    assert (finding.truth, finding.basis, finding.answered) == (Truth.MET, Basis.ATTESTED, True)
    assert explain(finding, VOCABULARY) == "A person said so: Transfused since."


# ------------------------------------------------------------------------------------------ what the tables cannot read
@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (says("platelets", FINE), None),
        (says("platelets", "104 K/uL"), None),
        (says("ecog", "1"), None),
        (says("platelets", "104 mg/dL"), "unit"),
        (says("platelets", "104"), "unit"),
        (says("nonsense", FINE), "concept"),
        (says("cisplatin", "50 mg"), "concept"),
    ],
)
def test_what_is_not_known_is_named(said: Said, fault: str | None) -> None:
    assert unknown_in(said, VOCABULARY) == fault


def test_a_persons_word_makes_no_progression() -> None:
    treated = chart(*infusions("cisplatin", "2026-01-05"))
    rule = Progressed(("platinum",))
    said = hearing(treated, says("disease-status", "3", "2026-05-01"))
    assert find(rule, said) == find(rule, treated)


# ------------------------------------------------------------------------------------------------------------- its laws
_SAYABLE = {"platelets": "10*9/L", "creatinine": "mg/dL", "ast": "U/L", "ecog": "", "body-weight": "kg"}


@st.composite
def _said(draw: st.DrawFn) -> tuple[Said, ...]:
    """Give one result each of a few concepts, of some day up to the one asked about."""
    names = draw(st.lists(st.sampled_from(sorted(_SAYABLE)), unique=True, min_size=1, max_size=3))
    return tuple(
        Said(
            name,
            Decimal(draw(st.integers(0, 300))),
            _SAYABLE[name],
            AS_OF - dt.timedelta(days=draw(st.integers(0, 40))),
            high=draw(st.none() | st.integers(1, 60).map(Decimal)),
        )
        for name in names
    )


def _every(finding: Finding) -> list[Finding]:
    return [finding, *(each for part in finding.parts for each in _every(part))]


@given(rules, charts(), _said())
def test_it_changes_nothing_but_what_asks_for_its_concept(rule: Rule, the_chart: Chart, said: tuple[Said, ...]) -> None:
    asked = VOCABULARY.narrower(needs_of(rule).get(Kind.MEASUREMENT, frozenset()))
    assume(all(each.concept not in asked for each in said))
    assert find(rule, hearing(the_chart, *said)) == find(rule, the_chart)


@given(rules, charts(), _said())
def test_a_persons_word_is_never_told_as_a_record(rule: Rule, the_chart: Chart, said: tuple[Said, ...]) -> None:
    for finding in _every(find(rule, hearing(the_chart, *said))):
        if any(each.attested for each in finding.evidence):
            assert finding.basis in {Basis.ATTESTED, None}
        if finding.basis is Basis.ATTESTED:
            assert any(each.attested for each in finding.evidence)


@given(rules, charts(), _said(), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(rule: Rule, the_chart: Chart, said: tuple[Said, ...], luck: random.Random) -> None:
    laid = hearing(the_chart, *said)
    shuffled = list(laid.measurements)
    luck.shuffle(shuffled)
    assert find(rule, dataclasses.replace(laid, measurements=tuple(shuffled))) == find(rule, laid)


@given(measured(), charts(), st.integers(0, 300), st.booleans())
def test_what_is_said_of_the_very_day_decides_alone(
    rule: Measured,
    the_chart: Chart,
    value: int,
    whole: bool,  # noqa: FBT001 - drawn
) -> None:
    dated = tuple(each for each in the_chart.measurements if each.date is not None)
    (name,) = rule.concepts
    said = Said(name, Decimal(value), _SAYABLE[name], AS_OF, high=Decimal(20))
    extents = {**the_chart.covered, Kind.MEASUREMENT: Extent.COMPLETE if whole else Extent.NOT_READ}
    among = find(rule, hearing(dataclasses.replace(the_chart, measurements=dated, covered=extents), said))
    alone = find(rule, hearing(dataclasses.replace(the_chart, measurements=()), said))
    assert among == alone


@given(measured(), measured(), charts(), _said())
def test_it_composes_as_records_do(left: Measured, right: Measured, the_chart: Chart, said: tuple[Said, ...]) -> None:
    laid = hearing(the_chart, *said)
    assert find(AllOf((left, right)), laid).truth is find(left, laid).truth & find(right, laid).truth
    condition = IfThen(HasCondition(("liver-metastasis",)), left, right)
    assert find(Not(Not(condition)), laid) == find(condition, laid)


def test_what_was_read_stays_as_it_was() -> None:
    before = chart(*RECORDS, covered=EVERYTHING)
    after = hearing(before, says("platelets", LOW))
    assert dataclasses.replace(after, measurements=before.measurements) == before
    assert recognise(after, VOCABULARY, AS_OF).unrecognised == recognise(before, VOCABULARY, AS_OF).unrecognised
    assert hearing(before) is before
