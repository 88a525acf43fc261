"""The laws of what an answer means (DESIGN §3), tried on charts and rules at random."""

import dataclasses
import datetime as dt
import random
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from hypothesis import assume, given
from hypothesis import strategies as st

from cds.core.chart import (
    Chart,
    Exposure,
    ExposureStatus,
    Extent,
    Kind,
    Measurement,
    ReferenceRange,
    ResultStatus,
    Verification,
)
from cds.core.codes import Coded
from cds.core.criteria import (
    AllOf,
    Asked,
    Criterion,
    Cycles,
    Exposed,
    HasCondition,
    IfThen,
    Lines,
    Measured,
    Not,
    PerformanceStatus,
    Received,
    Rule,
)
from cds.core.dates import PartialDate
from cds.core.evaluate import evaluate
from cds.core.finding import Basis, Finding
from cds.core.limits import Against, Limit
from cds.core.needs import Needs, needs_of
from cds.core.plan import Plan
from cds.core.quantities import Comparator, Quantity
from cds.core.recognise import recognise
from cds.core.screen import screen
from cds.core.trial import Trial
from cds.core.truth import Truth
from cds.core.verdict import Standing
from cds.core.vocabulary import Absence
from tests.core.builders import AS_OF, VOCABULARY, coded, find
from tests.core.strategies import charts, leaves, measured, measurements, rules

T = TypeVar("T")
MET, UNKNOWN, UNMET = Truth.MET, Truth.UNKNOWN, Truth.UNMET


def _every(finding: Finding) -> list[Finding]:
    return [finding, *(each for part in finding.parts for each in _every(part))]


@given(rules, charts())
def test_polarity_a_rule_and_its_opposite_are_never_both_met_nor_both_unmet(rule: Rule, chart: Chart) -> None:
    truths = {find(rule, chart).truth, find(Not(rule), chart).truth}
    assert truths not in ({MET}, {UNMET})


@given(rules, charts())
def test_an_exclusion_of_an_exclusion_is_the_rule_itself(rule: Rule, chart: Chart) -> None:
    assert find(Not(Not(rule)), chart) == find(rule, chart)


@given(rules, charts())
def test_every_unknown_has_a_cause_and_says_what_would_settle_it(rule: Rule, chart: Chart) -> None:
    for finding in _every(find(rule, chart)):
        assert (finding.cause is not None) == (finding.truth is UNKNOWN)
        assert (finding.basis is not None) == (finding.truth is not UNKNOWN)
        if finding.truth is UNKNOWN:
            assert finding.wanted is not None
            assert finding.wanted.question


def _that_speak(leaf: Rule) -> Needs:
    """Give the kinds whose silence a leaf hears: what only dates a treatment does not tell that there is none."""
    needs = needs_of(leaf)
    return {Kind.MEDICATION: needs[Kind.MEDICATION]} if isinstance(leaf, Lines | Cycles | Received) else needs


@given(leaves, charts(), st.booleans())
def test_no_record_never_makes_unmet_and_met_only_where_silence_speaks(
    leaf: Rule,
    chart: Chart,
    exclude: bool,  # noqa: FBT001 - drawn
) -> None:
    finding = find(Not(leaf) if exclude else leaf, chart)
    if finding.basis is Basis.NO_RECORD:
        assert finding.truth is MET
        assert exclude or isinstance(leaf, Lines | Cycles)  # "at most two" forbids a third
        for kind, concepts in _that_speak(leaf).items():
            assert chart.extent(kind) is Extent.COMPLETE
            ruled_out = any(seen.value == Verification.REFUTED.value for seen in finding.evidence)
            closed = [VOCABULARY.concepts[name].absence is Absence.CLOSED for name in concepts]
            assert any(closed) if ruled_out else all(closed)
            assert kind is not Kind.CONDITION or chart.conditions


@given(charts(), st.integers(1, 3))
def test_treatment_that_is_not_on_record_is_never_an_obstacle(chart: Chart, number: int) -> None:
    for rule in (Lines(("anticancer-therapy",), at_least=number), Cycles(("platinum",), at_least=number)):
        assert find(rule, chart).truth is not UNMET
    received = Received(("anthracycline",), "doxorubicin", Fraction(number))
    assert find(received, chart).truth is not UNMET


@given(rules, charts(), st.sampled_from(Kind))
def test_reading_less_turns_answers_into_unknown_and_never_across(rule: Rule, chart: Chart, kind: Kind) -> None:
    before = find(rule, chart).truth
    less = dataclasses.replace(chart, covered={**chart.covered, kind: Extent.NOT_READ})
    after = find(rule, less).truth
    assert after in {before, UNKNOWN}


@given(rules, charts(), st.randoms(use_true_random=False))
def test_the_order_of_entries_changes_nothing(rule: Rule, chart: Chart, shuffle: random.Random) -> None:
    def mixed(entries: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(shuffle.sample(entries, len(entries)))

    other = dataclasses.replace(
        chart,
        measurements=mixed(chart.measurements),
        conditions=mixed(chart.conditions),
        exposures=mixed(chart.exposures),
        procedures=mixed(chart.procedures),
        vaccinations=mixed(chart.vaccinations),
    )
    assert find(rule, other) == find(rule, chart)


@given(rules, charts(), measurements())
def test_a_result_entered_in_error_changes_nothing(rule: Rule, chart: Chart, extra: Measurement) -> None:
    wrong = dataclasses.replace(extra, status=ResultStatus.ENTERED_IN_ERROR, reference="Observation/error")
    more = dataclasses.replace(chart, measurements=(*chart.measurements, wrong))
    assert find(rule, more) == find(rule, chart)


@given(rules, charts())
def test_an_unrelated_result_changes_nothing(rule: Rule, chart: Chart) -> None:
    other = Measurement(coded("unrelated"), "Observation/other", "words", PartialDate.on(AS_OF))
    more = dataclasses.replace(chart, measurements=(*chart.measurements, other))
    assert find(rule, more) == find(rule, chart)


@given(measured() | st.builds(PerformanceStatus, st.integers(0, 3)), st.data(), st.integers(0, 20), st.integers(1, 999))
def test_a_result_older_than_the_one_that_decided_changes_nothing(
    rule: Measured | PerformanceStatus, data: st.DataObject, ago: int, older: int
) -> None:
    newest = AS_OF - dt.timedelta(days=ago)
    deciding = dataclasses.replace(
        data.draw(measurements(sound=rule.concepts[0] if isinstance(rule, Measured) else "ecog")),
        date=PartialDate.on(newest),
    )
    before = find(rule, Chart(measurements=(deciding,)))
    old = dataclasses.replace(
        data.draw(measurements()), date=PartialDate.on(newest - dt.timedelta(days=older)), reference="Observation/older"
    )
    after = find(rule, Chart(measurements=(old, deciding)))
    if before.truth is not UNKNOWN:
        assert after == before
    else:
        assert (after.truth, after.cause) == (before.truth, before.cause)


@given(rules, charts())
def test_entries_sent_twice_change_nothing(rule: Rule, chart: Chart) -> None:
    twice = dataclasses.replace(
        chart,
        measurements=chart.measurements * 2,
        conditions=chart.conditions * 2,
        exposures=chart.exposures * 2,
        procedures=chart.procedures * 2,
        vaccinations=chart.vaccinations * 2,
    )
    one, two = find(rule, chart), find(rule, twice)
    assert (one.truth, one.basis, one.cause, one.resolves_on, one.expires_on) == (
        two.truth,
        two.basis,
        two.cause,
        two.resolves_on,
        two.expires_on,
    )


@given(measured(), charts())
def test_an_equivalent_unit_changes_no_answer(rule: Measured, chart: Chart) -> None:
    def other(result: Measurement) -> Measurement:
        value = result.value
        if not isinstance(value, Quantity) or value.units != ("10*9/L",):
            return result
        scaled = Quantity(value.value * 1000, ("/uL",), value.comparator)
        ranges = tuple(
            dataclasses.replace(each, high=Quantity(each.high.value * 1000, ("/uL",)) if each.high else None)
            for each in result.ranges
        )
        return dataclasses.replace(result, value=scaled, ranges=ranges)

    one = find(rule, chart)
    two = find(rule, dataclasses.replace(chart, measurements=tuple(map(other, chart.measurements))))
    assert (one.truth, one.cause, one.expires_on) == (two.truth, two.cause, two.expires_on)


@given(rules, charts())
def test_what_is_documented_shows_its_evidence(rule: Rule, chart: Chart) -> None:
    for finding in _every(find(rule, chart)):
        if finding.basis in {Basis.DOCUMENTED, Basis.ASSUMED} and not finding.parts:
            assert finding.evidence


@given(measured(), charts())
def test_a_stricter_limit_never_turns_unmet_into_met(rule: Measured, chart: Chart) -> None:
    stricter = dataclasses.replace(
        rule,
        low=dataclasses.replace(rule.low, value=rule.low.value + 1) if rule.low else None,
        high=dataclasses.replace(rule.high, inclusive=False) if rule.high else None,
    )
    if find(rule, chart).truth is UNMET:
        assert find(stricter, chart).truth is not MET


@given(rules, rules, charts())
def test_an_unknown_condition_tests_both_limits(then: Rule, otherwise: Rule, chart: Chart) -> None:
    condition = HasCondition(("liver-metastasis",))
    bare = dataclasses.replace(chart, conditions=())
    finding = find(IfThen(condition, then, otherwise), bare)
    both = {find(then, bare).truth, find(otherwise, bare).truth}
    assert finding.truth is (both.pop() if len(both) == 1 else UNKNOWN)


def _moved(date: PartialDate | None) -> PartialDate | None:
    cycle = dt.timedelta(days=146_097)
    return PartialDate(date.earliest + cycle, date.latest + cycle) if date else None


@given(rules, charts())
def test_a_whole_gregorian_cycle_later_nothing_has_changed(rule: Rule, chart: Chart) -> None:
    later = dataclasses.replace(
        chart,
        person=dataclasses.replace(chart.person, born=_moved(chart.person.born)),
        measurements=tuple(dataclasses.replace(each, date=_moved(each.date)) for each in chart.measurements),
        conditions=tuple(
            dataclasses.replace(
                each, onset=_moved(each.onset), abated=_moved(each.abated), recorded=_moved(each.recorded)
            )
            for each in chart.conditions
        ),
        exposures=tuple(
            dataclasses.replace(each, start=_moved(each.start), end=_moved(each.end)) for each in chart.exposures
        ),
        procedures=tuple(dataclasses.replace(each, start=_moved(each.start)) for each in chart.procedures),
        vaccinations=tuple(dataclasses.replace(each, date=_moved(each.date)) for each in chart.vaccinations),
    )
    one, two = find(rule, chart), find(rule, later, AS_OF + dt.timedelta(days=146_097))
    assert (one.truth, one.basis, one.cause) == (two.truth, two.basis, two.cause)


def _truth_on(rule: Rule, chart: Chart, day: dt.date, *, ageing: bool = True) -> Truth:
    """Ask for another day on the same records: what was known stays what was known on the day they were read."""
    return evaluate(rule, dataclasses.replace(recognise(chart, VOCABULARY, AS_OF), as_of=day, ageing=ageing)).truth


@given(rules, charts())
def test_resolves_on_and_expires_on_are_true(rule: Rule, chart: Chart) -> None:
    finding = find(rule, chart)
    one = dt.timedelta(days=1)
    if finding.resolves_on is not None:
        assert finding.truth is UNMET
        assert _truth_on(rule, chart, finding.resolves_on - one) is UNMET
        assert _truth_on(rule, chart, finding.resolves_on) is MET
    if finding.clears_on is not None:
        assert finding.truth is UNMET
        assert _truth_on(rule, chart, finding.clears_on - one, ageing=False) is UNMET
        assert _truth_on(rule, chart, finding.clears_on, ageing=False) is not UNMET
    if finding.expires_on is not None:
        assert finding.truth is MET
        assert _truth_on(rule, chart, finding.expires_on) is MET
        assert _truth_on(rule, chart, finding.expires_on + one) is not MET


@given(measured(), charts())
def test_a_bad_result_is_not_taken_away_by_growing_old(rule: Measured, chart: Chart) -> None:
    assert find(rule, chart).clears_on is None


@given(st.integers(1, 60), st.integers(0, 59), st.sampled_from(["itraconazole", "cisplatin"]))
def test_a_drug_that_ended_within_the_window_always_resolves(window: int, ago: int, name: str) -> None:
    assume(ago < window)
    end = AS_OF - dt.timedelta(days=ago)
    taken = Exposure(coded(name), "M/1", ExposureStatus.ENDED, PartialDate.on(end), PartialDate.on(end))
    rule = Not(Exposed((name,), within_days=window))
    chart = Chart(exposures=(taken,), covered=dict.fromkeys(Kind, Extent.COMPLETE))
    assert find(rule, chart).resolves_on == end + dt.timedelta(days=window)


def _about(code: Coded, concepts: frozenset[str] | None) -> bool:
    """Say whether a code speaks of one of the concepts, of something narrower, or of something that holds it."""
    if concepts is None:
        return False
    reached = VOCABULARY.narrower(concepts) | VOCABULARY.above(concepts)
    return any(meaning.concept in reached for meaning in VOCABULARY.meanings(code))


@given(rules, charts())
def test_what_needs_names_is_enough(rule: Rule, chart: Chart) -> None:
    kinds = needs_of(rule)
    cut = Chart(
        person=chart.person if Kind.PERSON in kinds else dataclasses.replace(chart.person, born=None, sex=None),
        measurements=tuple(each for each in chart.measurements if _about(each.code, kinds.get(Kind.MEASUREMENT))),
        conditions=chart.conditions if Kind.CONDITION in kinds else (),
        exposures=chart.exposures if Kind.MEDICATION in kinds else (),
        procedures=chart.procedures if Kind.PROCEDURE in kinds else (),
        vaccinations=chart.vaccinations if Kind.IMMUNIZATION in kinds else (),
        covered={kind: extent for kind, extent in chart.covered.items() if kind in kinds},
    )
    assert find(rule, cut) == find(rule, chart)


@given(charts())
def test_a_question_is_never_settled_by_records(chart: Chart) -> None:
    for rule in (Asked("Consent?"), Not(Asked("Consent?"))):
        finding = find(rule, chart)
        assert finding.truth is UNKNOWN
        assert finding.cause is not None
        assert finding.cause.for_a_person


@given(
    st.lists(st.tuples(rules, st.booleans()), min_size=1, max_size=5),
    charts(),
    st.booleans(),
)
def test_verdicts_keep_their_word(
    parts: list[tuple[Rule, bool]],
    chart: Chart,
    complete: bool,  # noqa: FBT001 - drawn
) -> None:
    criteria = tuple(Criterion(f"c{place}", "", rule, disease=disease) for place, (rule, disease) in enumerate(parts))
    trial = Trial("NCT00000001", "", "RECRUITING", criteria, complete=complete)
    (verdict,) = screen(chart, Plan.of([trial], VOCABULARY), AS_OF)
    assert [each.criterion for each in verdict.findings] == list(criteria)
    diseases = [each.finding for each in verdict.findings if each.criterion.disease]
    unmet = verdict.having(UNMET)
    sure = bool(diseases) and all(finding.truth is MET for finding in diseases)
    match verdict.standing:
        case Standing.CANDIDATE:
            assert sure
            assert complete
            assert not unmet
        case Standing.NEAR:
            assert sure
            assert unmet
        case Standing.POSSIBLE:
            assert not unmet
            assert not (sure and complete)
        case Standing.DOES_NOT_FIT:
            assert unmet
        case Standing.NOT_RELEVANT:
            assert any(finding.truth is UNMET or finding.ruled_out for finding in diseases)


@given(measured(), charts())
def test_exactness_a_limit_itself_is_met_when_inclusive_and_unmet_when_strict(rule: Measured, chart: Chart) -> None:
    finding = find(rule, chart)
    strict = dataclasses.replace(
        rule,
        low=dataclasses.replace(rule.low, inclusive=False) if rule.low else None,
        high=dataclasses.replace(rule.high, inclusive=False) if rule.high else None,
    )
    if finding.truth is UNMET:
        assert find(strict, chart).truth is UNMET


@given(rules, rules, charts())
def test_composition_is_kleenes(left: Rule, right: Rule, chart: Chart) -> None:
    both = find(AllOf((left, right)), chart).truth
    assert both is find(left, chart).truth & find(right, chart).truth
    neither = find(Not(AllOf((left, right))), chart).truth
    assert neither is find(Not(left), chart).truth | find(Not(right), chart).truth


@given(st.integers(1, 500), st.sampled_from([1, 3]))
def test_three_times_the_limit_is_exactly_that(tenths: int, multiple: int) -> None:
    high = Decimal(tenths) / 10
    result = Measurement(
        coded("ast"),
        "O/1",
        Quantity(high * multiple, ("U/L",), Comparator.EXACTLY),
        PartialDate.on(AS_OF),
        ranges=(ReferenceRange(high=Quantity(high, ("U/L",))),),
    )
    for inclusive, truth in ((True, MET), (False, UNMET)):
        rule = Measured(("ast",), high=Limit(Fraction(multiple), "", Against.ULN, inclusive=inclusive))
        assert find(rule, Chart(measurements=(result,))).truth is truth
