"""The laws of an answer (DESIGN §3), tried on rules about treatment and charts full of it, at random."""

import dataclasses
import datetime as dt
import random
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from cds.core.chart import Chart, Exposure, ExposureStatus, Extent, Kind, Measurement, Told
from cds.core.codes import Coded
from cds.core.criteria import Cycles, Diagnosis, Exposed, Lines, Not, Progressed, Received, Rule
from cds.core.dates import PartialDate
from cds.core.evaluate import evaluate
from cds.core.finding import Basis
from cds.core.limits import DailyDose, HalfLives, Whichever
from cds.core.needs import needs_of
from cds.core.quantities import Quantity
from cds.core.recognise import recognise
from cds.core.truth import Truth
from tests.core.builders import AS_OF, VOCABULARY, coded, find
from tests.core.strategies import conditions

MET, UNKNOWN, UNMET = Truth.MET, Truth.UNKNOWN, Truth.UNMET
DRUGS = (
    "cisplatin",
    "carboplatin",
    "cisplatin-unverified",
    "platinum",
    "atezolizumab",
    "topotecan",
    "doxorubicin",
    "epirubicin",
    "prednisone",
    "dexamethasone",
    "itraconazole",
)


_AWAY = st.integers(-700, 10) | st.integers(-40, 5)
_LETTERS = st.sampled_from([10, 10, 10, 10, 10, 7, 4])


@st.composite
def _dates(draw: st.DrawFn) -> PartialDate:
    """Give a day, a month or a year around three years before the screen."""
    day = AS_OF + dt.timedelta(days=draw(_AWAY))
    return PartialDate.parse(day.isoformat()[: draw(_LETTERS)])


_DATES = _dates()
_MAYBE_DATES = st.none() | _DATES
_STARTS = _DATES | _DATES | _DATES | st.none()
_TOLD = st.sampled_from(Told)
_CODED_DRUGS = st.sampled_from([coded(name) for name in DRUGS])
_STATUSES = st.sampled_from([ExposureStatus.ACTIVE, ExposureStatus.ENDED, *ExposureStatus])
_ROUTES = st.sampled_from([Coded(), Coded(), coded("systemic-route"), coded("local-route")])
_DOSES = st.none() | st.builds(
    Quantity, st.integers(1, 500).map(Decimal), st.sampled_from([("mg",), ("mg/m2",), ("tablet",)])
)
_PER_DAY = st.sampled_from([None, Fraction(1), Fraction(2), Fraction(1, 2)])
_INTENTS = st.sampled_from([Coded(), Coded(), coded("intent-palliative"), coded("intent-curative")])
_STOPPED_FOR = st.sampled_from([(), (), (Coded(text="progression"),)])


@st.composite
def exposures(draw: st.DrawFn) -> Exposure:
    """Give a drug with all that can be told of it; one that was given has one day, as charts have it."""
    told = draw(_TOLD)
    start = draw(_STARTS)
    return Exposure(
        draw(_CODED_DRUGS),
        "",
        draw(_STATUSES),
        start,
        draw(_MAYBE_DATES) if told is not Told.GIVEN else start,
        draw(_ROUTES),
        told=told,
        dose=draw(_DOSES),
        per_day=draw(_PER_DAY),
        intent=draw(_INTENTS),
        stopped_for=draw(_STOPPED_FOR),
    )


_EXPOSURES = exposures()
_FEWEST = st.sampled_from([0, 1, 3])
_DRUGS_FROM = {fewest: st.lists(_EXPOSURES, min_size=fewest, max_size=fewest + 3) for fewest in (0, 1, 3)}
_PROGRESSIONS = st.builds(
    Measurement,
    st.just(coded("disease-status")),
    st.just(""),
    st.sampled_from([Quantity(Decimal(2)), Quantity(Decimal(3))]),
    _MAYBE_DATES,
)
_SURFACES = st.builds(
    Measurement, st.just(coded("body-surface-area")), st.just(""), st.just(Quantity(Decimal(2), ("m2",))), _DATES
)
_RESULTS = st.lists(_PROGRESSIONS | _SURFACES, max_size=2)
_PROBLEMS = st.lists(
    st.builds(lambda each, back: dataclasses.replace(each, recurred=back), conditions, st.booleans()), max_size=2
)
_EXTENTS = st.sampled_from([Extent.COMPLETE] * 6 + list(Extent))


@st.composite
def _charts(draw: st.DrawFn) -> Chart:
    drugs, results, problems = draw(_DRUGS_FROM[draw(_FEWEST)]), draw(_RESULTS), draw(_PROBLEMS)
    return Chart(
        measurements=tuple(dataclasses.replace(each, reference=f"O/{n}") for n, each in enumerate(results)),
        conditions=tuple(dataclasses.replace(each, reference=f"C/{n}") for n, each in enumerate(problems)),
        exposures=tuple(dataclasses.replace(each, reference=f"M/{n}") for n, each in enumerate(drugs)),
        covered={kind: draw(_EXTENTS) for kind in Kind},
    )


_CHARTS = _charts()


def charts() -> st.SearchStrategy[Chart]:
    """Give a chart of drugs, progressions, recurrences and body surfaces, mostly read completely."""
    return _CHARTS


_WINDOWS = st.none() | st.integers(1, 60)
_SETS = st.sampled_from([("platinum",), ("anticancer-therapy",), ("corticosteroid",), ("itraconazole", "topotecan")])
_BOUNDS = st.sampled_from([(1, None), (2, None), (None, 1), (None, 2), (1, 2), (2, 2)])
leaves: st.SearchStrategy[Rule] = st.one_of(
    st.builds(Exposed, _SETS, st.just(()), st.booleans(), _WINDOWS, systemic=st.booleans()),
    st.builds(
        Exposed,
        _SETS,
        within_days=st.integers(1, 60),
        half_lives=st.builds(HalfLives, st.integers(1, 10), st.sampled_from(Whichever)),
    ),
    st.builds(
        Exposed,
        st.just(("corticosteroid",)),
        ongoing=st.booleans(),
        within_days=_WINDOWS,
        above=st.builds(DailyDose, st.just("prednisone"), st.integers(1, 900).map(Fraction)),
    ),
    st.builds(Exposed, _SETS, ongoing=st.just(True), stable_days=st.integers(1, 40)),  # noqa: FBT003 - drawn
    st.builds(Received, st.just(("anthracycline",)), st.just("doxorubicin"), st.integers(1, 900).map(Fraction)),
    st.builds(
        lambda of, ends, since: Lines(of, at_least=ends[0], at_most=ends[1], since=since),
        _SETS,
        _BOUNDS,
        st.sampled_from([None, None, Diagnosis(("small-cell-carcinoma",))]),
    ),
    st.builds(lambda of, ends: Cycles(of, *ends), _SETS, _BOUNDS),
    st.builds(Progressed, _SETS, st.sampled_from([None, None, 1, 2])),
)
rules = leaves | st.builds(Not, leaves)


@given(rules, charts())
def test_a_rule_and_its_opposite_are_never_both_met_nor_both_unmet(rule: Rule, chart: Chart) -> None:
    assert {find(rule, chart).truth, find(Not(rule), chart).truth} not in ({MET}, {UNMET})


@given(rules, charts())
def test_every_unknown_says_what_would_settle_it_and_every_answer_shows_its_evidence(rule: Rule, chart: Chart) -> None:
    finding = find(rule, chart)
    if finding.truth is UNKNOWN:
        assert finding.wanted is not None
        assert finding.wanted.question
    elif finding.basis is not Basis.NO_RECORD:
        assert finding.evidence


@given(rules, charts(), st.sampled_from(Kind))
def test_reading_less_turns_answers_into_unknown_and_never_across(rule: Rule, chart: Chart, kind: Kind) -> None:
    less = dataclasses.replace(chart, covered={**chart.covered, kind: Extent.NOT_READ})
    assert find(rule, less).truth in {find(rule, chart).truth, UNKNOWN}


@given(rules, charts(), st.randoms(use_true_random=False))
def test_neither_the_order_of_entries_nor_sending_them_twice_changes_anything(
    rule: Rule, chart: Chart, shuffle: random.Random
) -> None:
    drugs = shuffle.sample(chart.exposures * 2, len(chart.exposures) * 2)
    problems = shuffle.sample(chart.conditions, len(chart.conditions))
    other = dataclasses.replace(chart, exposures=tuple(drugs), conditions=tuple(problems))
    assert find(rule, other) == find(rule, chart)


@given(rules, charts())
def test_the_same_told_under_another_reference_changes_no_answer(rule: Rule, chart: Chart) -> None:
    again = tuple(dataclasses.replace(each, reference=f"{each.reference}-copy") for each in chart.exposures)
    one, two = find(rule, chart), find(rule, dataclasses.replace(chart, exposures=(*chart.exposures, *again)))
    assert (one.truth, one.basis, one.cause, one.resolves_on) == (two.truth, two.basis, two.cause, two.resolves_on)


@given(rules, charts())
def test_no_record_never_makes_unmet(rule: Rule, chart: Chart) -> None:
    finding = find(rule, chart)
    assert finding.basis is not Basis.NO_RECORD or finding.truth is MET
    if not chart.exposures:
        assert finding.truth is not UNMET


@given(rules, charts())
def test_what_needs_names_is_enough(rule: Rule, chart: Chart) -> None:
    kinds = needs_of(rule)
    cut = dataclasses.replace(
        chart,
        measurements=chart.measurements if Kind.MEASUREMENT in kinds else (),
        conditions=chart.conditions if Kind.CONDITION in kinds else (),
        covered={kind: extent for kind, extent in chart.covered.items() if kind in kinds},
    )
    assert find(rule, cut) == find(rule, chart)


@given(rules, charts())
def test_the_days_told_are_true(rule: Rule, chart: Chart) -> None:
    def on(day: dt.date, *, ageing: bool = True) -> Truth:
        return evaluate(rule, dataclasses.replace(recognise(chart, VOCABULARY, AS_OF), as_of=day, ageing=ageing)).truth

    finding = find(rule, chart)
    one = dt.timedelta(days=1)
    if finding.resolves_on is not None:
        assert (on(finding.resolves_on - one), on(finding.resolves_on)) == (UNMET, MET)
    if finding.clears_on is not None:
        assert on(finding.clears_on - one, ageing=False) is UNMET
        assert on(finding.clears_on, ageing=False) is not UNMET
    if finding.expires_on is not None:
        assert on(finding.expires_on) is MET
        assert on(finding.expires_on + one) is not MET


@given(rules, charts(), st.integers(1, 400))
def test_an_answer_only_changes_on_days_that_were_named(rule: Rule, chart: Chart, days: int) -> None:
    finding = find(rule, chart)
    day = AS_OF + dt.timedelta(days=days)
    if finding.truth is not UNKNOWN and not any(AS_OF < turn <= day for turn in finding.turns):
        assert (
            evaluate(rule, dataclasses.replace(recognise(chart, VOCABULARY, AS_OF), as_of=day)).truth is finding.truth
        )
