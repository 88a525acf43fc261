"""Orders that are being written: which trials they would close, and that one which changes nothing says nothing."""

from dataclasses import replace

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from cds.core.chart import Chart, Exposure, ExposureStatus, Procedure, Told, Vaccination
from cds.core.criteria import AllOf, Criterion, Diagnosis, Exposed, Not, Section, Vaccinated
from cds.core.dates import PartialDate
from cds.core.orders import MOST_SCREENS, Closed, Draft, closed_by, with_orders
from cds.core.plan import Plan
from cds.core.screen import screen
from cds.core.trial import Cohort
from cds.core.truth import Truth
from cds.core.verdict import CohortVerdict, Standing
from tests.core.builders import AS_OF, VOCABULARY, chart, coded, day, lab, problem
from tests.core.strategies import charts
from tests.service.world import NEC, PLAN

TODAY = PartialDate.on(AS_OF)
CANDIDATE = chart(
    problem("nec-of-pancreas"),
    lab("platelets", "210 10*9/L"),
    lab("creatinine", "1 mg/dL", normal="-1.2", ref="Observation/2"),
    lab("ecog", "1 {score}", ref="Observation/3"),
)


def order(name: str, until: str | None = None, number: int = 1) -> Draft:
    """Write an order of a drug that is taken from today on."""
    reference = f"MedicationRequest/{number}"
    taken = Exposure(coded(name), reference, ExposureStatus.ACTIVE, TODAY, day(until), told=Told.DRAFTED)
    return Draft(reference, name, (taken,))


def closed(the_chart: Chart, *orders: Draft, plan: Plan = PLAN) -> tuple[Closed, ...]:
    return closed_by(orders, the_chart, plan, AS_OF, screen(the_chart, plan, AS_OF))


def told(found: tuple[Closed, ...]) -> dict[str, dict[str, list[str]]]:
    return {
        each.verdict.trial.nct_id: {
            closing.found.criterion.id: [draft.label for draft in closing.drafts] for closing in each.closings
        }
        for each in found
    }


def test_an_order_of_an_excluded_drug_closes_the_trial() -> None:
    found = closed(CANDIDATE, order("itraconazole"))
    assert told(found) == {NEC.nct_id: {"cyp3a": ["itraconazole"]}}
    (closing,) = found[0].closings
    assert closing.found.finding.truth is Truth.UNMET
    assert [each.reference for each in closing.found.finding.evidence] == ["MedicationRequest/1"]
    assert closing.found.finding.resolves_on is None
    assert found[0].verdict.standing is Standing.CANDIDATE


def test_an_order_that_ends_says_when_the_trial_is_open_again() -> None:
    ((closing,),) = (each.closings for each in closed(CANDIDATE, order("itraconazole", "2026-06-19")))
    assert str(closing.found.finding.resolves_on) == "2026-06-26"


@pytest.mark.parametrize("name", ["prednisone", "platelets", "nothing-we-know"])
def test_other_orders_say_nothing(name: str) -> None:
    assert closed(CANDIDATE, order(name)) == ()


def test_an_order_whose_code_is_not_verified_closes_nothing() -> None:
    """``grapefruit`` is in the class by an unverified row: the criterion becomes unknown, which is no closing."""
    assert closed(CANDIDATE, order("grapefruit")) == ()


def test_what_is_unmet_already_is_not_closed_again() -> None:
    near = replace(CANDIDATE, exposures=order("itraconazole", "2026-06-16").exposures)
    assert screen(near, PLAN, AS_OF)[0].standing is Standing.NEAR
    assert closed(near, order("itraconazole", number=2)) == ()


def test_each_order_is_told_apart_from_the_others() -> None:
    orders = [order(name, number=number) for number, name in enumerate(("prednisone", "itraconazole"), start=1)]
    assert told(closed(CANDIDATE, *orders)) == {NEC.nct_id: {"cyp3a": ["itraconazole"]}}
    assert not closed(CANDIDATE, *orders)[0].closings[0].together


def test_orders_that_close_a_trial_only_together_are_told_together() -> None:
    both = Not(AllOf((Exposed(("prednisone",), within_days=7), Exposed(("itraconazole",), within_days=7))))
    plan = Plan.of((replace(NEC, criteria=(*NEC.criteria[:3], Criterion("both", "Not both", both))),), VOCABULARY)
    (found,) = closed(CANDIDATE, order("prednisone"), order("itraconazole", number=2), plan=plan)
    (closing,) = found.closings
    assert (closing.together, len(closing.drafts)) == (True, 2)


def test_of_many_orders_the_one_that_closes_it_is_found() -> None:
    many = [order("prednisone", number=number) for number in range(MOST_SCREENS + 5)]
    assert told(closed(CANDIDATE, order("itraconazole", number=99), *many)) == {NEC.nct_id: {"cyp3a": ["itraconazole"]}}


def test_two_orders_that_each_close_it_are_both_named() -> None:
    (found,) = closed(CANDIDATE, order("itraconazole"), order("itraconazole", "2026-06-20", number=2))
    (closing,) = found.closings
    assert (closing.together, len(closing.drafts)) == (False, 2)


def test_too_many_orders_to_try_each_are_told_together() -> None:
    many = [order("itraconazole", f"2026-07-{number:02}", number=number) for number in range(1, MOST_SCREENS + 2)]
    assert closed(CANDIDATE, *many)[0].closings[0].together


def test_a_trial_stays_open_as_long_as_one_of_its_cohorts_does() -> None:
    no_platinum = Criterion("platinum", "No platinum", Not(Exposed(("platinum",), within_days=28)), Section.EXCLUSION)
    gut = Criterion("gut", "Digestive system", Diagnosis(sites=("digestive-system",)), disease=True)
    either = (Cohort("a", "A", (gut, no_platinum)), Cohort("b", "B", (gut,)))
    assert closed(CANDIDATE, order("cisplatin"), plan=Plan.of((replace(NEC, cohorts=either),), VOCABULARY)) == ()
    elsewhere = replace(either[1], criteria=(Criterion("lung", "Lung", Diagnosis(sites=("lung",)), disease=True),))
    never = Plan.of((replace(NEC, cohorts=(either[0], elsewhere)),), VOCABULARY)
    assert told(closed(CANDIDATE, order("cisplatin"), plan=never)) == {NEC.nct_id: {"platinum": ["cisplatin"]}}
    shut = (either[0], replace(either[1], open=False))
    assert told(closed(CANDIDATE, order("cisplatin"), plan=Plan.of((replace(NEC, cohorts=shut),), VOCABULARY))) == {
        NEC.nct_id: {"platinum": ["cisplatin"]}
    }


def test_where_nothing_speaks_of_the_disease_an_order_is_no_news() -> None:
    empty = chart(lab("platelets", "210 10*9/L"))
    assert screen(empty, PLAN, AS_OF)[0].standing is Standing.POSSIBLE
    assert closed(empty, order("itraconazole")) == ()
    vague = chart(problem("cancer-of-pancreas"), lab("platelets", "210 10*9/L"))
    assert {each.standing for each in screen(vague, PLAN, AS_OF)} >= {Standing.POSSIBLE}
    assert NEC.nct_id in told(closed(vague, order("itraconazole")))


def test_an_order_of_a_vaccine_or_a_procedure_counts_as_done_today() -> None:
    live = Not(Vaccinated(("live-vaccine",), within_days=28))
    plan = Plan.of((replace(NEC, criteria=(*NEC.criteria, Criterion("live", "No live vaccine", live))),), VOCABULARY)
    vaccine = Draft(
        "MedicationRequest/1", "MMR", (), (), (Vaccination(coded("mmr-vaccine"), "MedicationRequest/1", TODAY),)
    )
    vaccinated = replace(CANDIDATE, vaccinations=(Vaccination(coded("mmr-vaccine"), "Immunization/1", day("2020")),))
    for before in (CANDIDATE, vaccinated):
        assert told(closed(before, vaccine, plan=plan)) == {NEC.nct_id: {"live": ["MMR"]}}
    surgery = Draft("ServiceRequest/1", "x", (), (Procedure(coded("major-surgery"), "ServiceRequest/1", TODAY, TODAY),))
    assert closed(CANDIDATE, surgery, plan=plan) == ()


NAMES = ("itraconazole", "grapefruit", "prednisone", "cisplatin", "nivolumab", "nothing-we-know")
DRAFTS = st.lists(st.sampled_from(NAMES), max_size=4).map(
    lambda names: tuple(order(name, number=900 + number) for number, name in enumerate(names))
)
FITTING = charts().map(
    lambda drawn: replace(CANDIDATE, exposures=drawn.exposures, procedures=drawn.procedures, covered=drawn.covered)
)
"""Charts that are a candidate's but for the drugs and procedures on record, and for what was read."""
CHARTS = st.one_of(charts(), FITTING)
TELLABLE = {Standing.CANDIDATE, Standing.NEAR, Standing.POSSIBLE}


@given(CHARTS, DRAFTS)
def test_no_order_says_anything_of_a_trial_that_does_not_fit_anyway(
    the_chart: Chart, drafts: tuple[Draft, ...]
) -> None:
    standings = {each.trial.nct_id: each.standing for each in screen(the_chart, PLAN, AS_OF)}
    for found in closed(the_chart, *drafts):
        assert standings[found.verdict.trial.nct_id] in TELLABLE
        assert found.verdict.standing is standings[found.verdict.trial.nct_id]


@given(CHARTS, DRAFTS)
def test_what_is_told_is_what_a_screen_with_the_orders_finds(the_chart: Chart, drafts: tuple[Draft, ...]) -> None:
    before = {each.trial.nct_id: each for each in screen(the_chart, PLAN, AS_OF)}
    after = {each.trial.nct_id: each for each in screen(with_orders(the_chart, drafts), PLAN, AS_OF)}
    for found in closed(the_chart, *drafts):
        nct_id = found.verdict.trial.nct_id
        for closing in found.closings:
            name = closing.found.criterion.id
            assert truth_of(before[nct_id].cohorts, name) - {Truth.UNMET}
            assert Truth.UNMET in truth_of(after[nct_id].cohorts, name)
            for draft in () if closing.together else closing.drafts:
                alone = screen(with_orders(the_chart, (draft,)), PLAN, AS_OF)
                cohorts = next(each.cohorts for each in alone if each.trial.nct_id == nct_id)
                assert Truth.UNMET in truth_of(cohorts, name)


def truth_of(cohorts: tuple[CohortVerdict, ...], name: str) -> set[Truth]:
    every = (each for cohort in cohorts for each in cohort.findings)
    return {each.finding.truth for each in every if each.criterion.id == name}


@given(CHARTS, st.lists(st.sampled_from(["prednisone", "cisplatin", "nivolumab", "nothing-we-know"]), max_size=3))
def test_orders_that_no_criterion_reads_change_nothing(the_chart: Chart, names: list[str]) -> None:
    """The trials read CYP3A inhibitors alone: whatever else is ordered, no card comes of it."""
    assert closed(the_chart, *(order(name, number=900 + number) for number, name in enumerate(names))) == ()


def test_without_orders_there_is_nothing_to_say() -> None:
    assert closed(CANDIDATE) == ()
    assert with_orders(CANDIDATE, ()) == CANDIDATE


def test_the_laws_above_are_tried_on_orders_that_close_something() -> None:
    drawn = find(CHARTS, lambda drawn: bool(closed(drawn, order("itraconazole", number=900))))
    assert told(closed(drawn, order("itraconazole", number=900)))
