"""From findings to what a trial is to the patient, and in which order trials are told."""

import dataclasses
import datetime as dt

import pytest

from cds.core.chart import Chart, ClinicalStatus, ExposureStatus, Extent, Kind, Person, Verification
from cds.core.criteria import Age, AllOf, AnyOf, Asked, Diagnosis, Exposed, HasCondition, Measured, Not
from cds.core.dates import PartialDate
from cds.core.finding import Attestation, Basis
from cds.core.plan import Plan
from cds.core.screen import screen, withheld
from cds.core.trial import Cohort, Site, Trial
from cds.core.truth import Truth
from cds.core.verdict import Verdict, Withheld
from tests.core.builders import AS_OF, EVERYTHING, VOCABULARY, chart, criterion, drug, lab, limit, problem

TRIAL = Trial(
    "NCT00000001",
    "A trial",
    "RECRUITING",
    criteria=(
        criterion("disease", Diagnosis(("neuroendocrine-carcinoma",), except_sites=("lung",)), disease=True),
        criterion("platelets", Measured(("platelets",), low=limit("100 10*9/L"))),
        criterion("creatinine", Measured(("creatinine",), high=limit("2 mg/dL"))),
        criterion("no-inhibitor", Not(Exposed(("cyp3a-inhibitor",), within_days=7))),
        criterion("consent", Asked("Consent?")),
    ),
    cohorts=(
        Cohort("1", "Digestive", (criterion("c1", Diagnosis(sites=("digestive-system",)), disease=True),)),
        Cohort("2", "Prostate", (criterion("c2", Diagnosis(sites=("prostate",)), disease=True),)),
    ),
    complete=True,
)
NEC = problem("nec-of-pancreas")
ACTIVE = ExposureStatus.ACTIVE
PLATELETS, CREATININE = lab("platelets", "210 10*9/L"), lab("creatinine", "1 mg/dL", ref="Observation/2")


def _screen(the_chart: Chart, trial: Trial = TRIAL, *attestations: Attestation) -> Verdict:
    (verdict,) = screen(the_chart, Plan.of([trial], VOCABULARY), AS_OF, attestations)
    return verdict


@pytest.mark.parametrize(
    ("the_chart", "standing"),
    [
        (chart(NEC, PLATELETS, CREATININE), "candidate"),
        (chart(NEC), "candidate"),
        (chart(NEC, lab("platelets", "80 10*9/L")), "near"),
        (chart(NEC, lab("creatinine", "3 mg/dL")), "does-not-fit"),
        (chart(NEC, drug("itraconazole", "2026-06-01", "2026-06-13")), "near"),
        (chart(NEC, drug("itraconazole", "2026-06-01", "2026-06-13"), lab("creatinine", "3 mg/dL")), "does-not-fit"),
        (chart(problem("cancer-of-pancreas")), "possible"),
        (chart(problem("cancer-of-pancreas"), lab("platelets", "80 10*9/L")), "does-not-fit"),
        (chart(), "possible"),
        (chart(problem("gilbert-syndrome")), "not-relevant"),
        (chart(problem("adenocarcinoma-of-colon")), "not-relevant"),
        (chart(problem("gilbert-syndrome"), covered={**EVERYTHING, Kind.CONDITION: Extent.PARTIAL}), "possible"),
    ],
)
def test_what_the_trial_is_to_the_patient(the_chart: Chart, standing: str) -> None:
    assert _screen(the_chart).standing.value == standing


def test_the_trial_takes_the_best_of_its_open_cohorts_and_tells_which() -> None:
    verdict = _screen(chart(NEC))
    assert [(cohort.id, cohort.standing.value) for cohort in verdict.cohorts] == [
        ("1", "candidate"),
        ("2", "not-relevant"),
    ]
    assert [each.criterion.id for each in verdict.findings][-1] == "c1"
    closed = dataclasses.replace(TRIAL.cohorts[0], open=False)
    assert (
        _screen(chart(NEC), dataclasses.replace(TRIAL, cohorts=(closed, TRIAL.cohorts[1]))).standing.value
        == "not-relevant"
    )


def test_where_only_what_is_relevant_is_asked_the_standings_are_the_same() -> None:
    plan = Plan.of([TRIAL], VOCABULARY)
    for the_chart in (chart(NEC), chart(problem("adenocarcinoma-of-colon")), chart()):
        whole, brief = screen(the_chart, plan, AS_OF), screen(the_chart, plan, AS_OF, relevant_only=True)
        assert [each.standing for each in whole] == [each.standing for each in brief]
    (told,) = screen(chart(problem("adenocarcinoma-of-colon")), plan, AS_OF, relevant_only=True)
    assert [each.criterion.id for each in told.findings] == ["disease", "c1"]


def test_an_incomplete_definition_is_never_a_candidate() -> None:
    assert _screen(chart(NEC), dataclasses.replace(TRIAL, complete=False)).standing.value == "possible"


def test_the_earliest_date_is_the_day_the_last_obstacle_goes() -> None:
    verdict = _screen(chart(NEC, drug("itraconazole", "2026-06-01", "2026-06-13")))
    assert verdict.earliest == dt.date(2026, 6, 20)
    assert _screen(chart(NEC, lab("platelets", "80 10*9/L"))).earliest is None


def test_an_obstacle_that_gives_way_to_an_unknown_is_near_too() -> None:
    taken = drug("itraconazole", "2026-06-01", "2026-06-13")
    unsure = drug("grapefruit", "2026-06-01", None, ExposureStatus.ACTIVE, ref="MedicationStatement/2")
    verdict = _screen(chart(NEC, taken, unsure))
    assert (verdict.standing.value, verdict.earliest) == ("near", dt.date(2026, 6, 20))
    (finding,) = [each.finding for each in verdict.having(Truth.UNMET)]
    assert finding.resolves_on is None


def test_one_criterion_of_two_passing_obstacles_is_as_near_as_two_criteria() -> None:
    both = AllOf((TRIAL.criteria[1].rule, TRIAL.criteria[3].rule))
    joint = dataclasses.replace(TRIAL, criteria=(TRIAL.criteria[0], criterion("both", both)))
    taken = drug("itraconazole", "2026-06-01", "2026-06-13")
    assert _screen(chart(NEC, lab("platelets", "80 10*9/L"), taken), joint).standing.value == "near"
    assert (
        _screen(
            chart(NEC, lab("platelets", "80 10*9/L"), drug("itraconazole", "2026-06-01", None, ACTIVE)), joint
        ).standing.value
        == "does-not-fit"
    )


def test_a_drug_that_may_be_replaced_is_an_obstacle_that_may_be_lifted() -> None:
    goes_on = chart(NEC, drug("itraconazole", "2026-06-01", None, ACTIVE))
    assert _screen(goes_on).standing.value == "does-not-fit"
    replaceable = dataclasses.replace(VOCABULARY.concepts["cyp3a-inhibitor"], remediable=True)
    concepts = {**VOCABULARY.concepts, "cyp3a-inhibitor": replaceable}
    vocabulary = dataclasses.replace(VOCABULARY, concepts=concepts, _narrower={}, _broader={}, _asked={})
    (verdict,) = screen(goes_on, Plan.of([TRIAL], vocabulary), AS_OF)
    assert (verdict.standing.value, verdict.earliest) == ("near", None)


def test_unknowns_and_not_questions_tell_two_candidates_apart() -> None:
    asked = criterion("more", Asked("More?"))
    unsure = criterion("unsure", Measured(("ast",), high=limit("3 ULN")))
    trials = [
        dataclasses.replace(TRIAL, nct_id="NCT00000001", criteria=(*TRIAL.criteria, unsure)),
        dataclasses.replace(TRIAL, nct_id="NCT00000002", criteria=(*TRIAL.criteria, asked, asked)),
    ]
    told = screen(chart(NEC), Plan.of(trials, VOCABULARY), AS_OF)
    assert [verdict.trial.nct_id for verdict in told] == ["NCT00000002", "NCT00000001"]


def test_a_person_who_attests_a_disease_lifts_the_rule_out() -> None:
    said = Attestation("disease", TRIAL.nct_id, Truth.UNKNOWN, "outside pathology pending")
    verdict = _screen(chart(problem("gilbert-syndrome")), dataclasses.replace(TRIAL, cohorts=()), said)
    assert verdict.standing.value == "possible"


@pytest.mark.parametrize(
    ("born", "standing"),
    [
        (dt.date(2006, 6, 30), "does-not-fit"),  # 20 in two weeks: too young still, as 21 are asked
        (dt.date(2005, 6, 20), "near"),  # 21 within the week
        (dt.date(1960, 6, 20), "does-not-fit"),  # past the upper limit, and never below it again
        (dt.date(1976, 1, 1), "candidate"),
    ],
)
def test_time_makes_nobody_younger(born: dt.date, standing: str) -> None:
    rule = Age(at_least=21, at_most=50)
    trial = dataclasses.replace(TRIAL, criteria=(TRIAL.criteria[0], criterion("age", rule)), cohorts=())
    person = Person(born=PartialDate.on(born))
    assert _screen(chart(NEC, person=person), trial).standing.value == standing


def test_an_obstacle_that_goes_too_late_is_an_obstacle() -> None:
    washout = criterion("washout", Not(Exposed(("platinum",), within_days=90)))
    long = dataclasses.replace(TRIAL, criteria=(*TRIAL.criteria, washout))
    taken = drug("cisplatin", "2026-05-01", "2026-06-10")
    assert _screen(chart(NEC, taken), long).standing.value == "does-not-fit"


def test_a_person_may_say_what_the_records_do_not() -> None:
    said = Attestation("platelets", TRIAL.nct_id, Truth.UNMET, "80 at the other hospital")
    verdict = _screen(chart(NEC), TRIAL, said)
    found = next(each.finding for each in verdict.findings if each.criterion.id == "platelets")
    assert (found.truth, found.basis, found.note) == (Truth.UNMET, Basis.ATTESTED, said.note)
    assert verdict.standing.value == "near"
    other = dataclasses.replace(said, trial="NCT00000002")
    assert _screen(chart(NEC), TRIAL, other).standing.value == "candidate"


def test_questions_are_listed_apart() -> None:
    verdict = _screen(chart(NEC))
    assert [each.criterion.id for each in verdict.for_a_person] == ["consent"]
    assert "consent" not in [each.criterion.id for each in verdict.having(Truth.UNKNOWN)]


def test_trials_are_told_best_first() -> None:
    lung = criterion("disease", Diagnosis(sites=("lung",)), disease=True)
    trials = [
        dataclasses.replace(TRIAL, nct_id="NCT00000003", cohorts=(), criteria=(lung,)),
        dataclasses.replace(TRIAL, nct_id="NCT00000002", complete=False),
        TRIAL,
    ]
    told = screen(chart(NEC), Plan.of(trials, VOCABULARY), AS_OF)
    assert [verdict.trial.nct_id for verdict in told] == ["NCT00000001", "NCT00000002", "NCT00000003"]


@pytest.mark.parametrize(
    ("person", "why"),
    [
        (Person(), None),
        (Person(deceased=True), Withheld.DECEASED),
        (Person(deceased=True, died=PartialDate.parse("2026-06-15")), Withheld.DECEASED),
        (Person(deceased=True, died=PartialDate.parse("2026")), Withheld.DECEASED),
        (Person(deceased=True, died=PartialDate.parse("2026-06-16")), None),
        (Person(opted_out=True), Withheld.OPTED_OUT),
    ],
)
def test_of_whom_nothing_is_told(person: Person, why: Withheld | None) -> None:
    assert withheld(chart(person=person), AS_OF) is why


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        ("RECRUITING", True),
        ("NOT_YET_RECRUITING", True),
        ("ENROLLING_BY_INVITATION", False),
        ("AVAILABLE", False),
        ("ACTIVE_NOT_RECRUITING", False),
    ],
)
def test_a_trial_that_takes_no_patients_is_never_offered(status: str, offered: bool) -> None:  # noqa: FBT001 - a row
    assert dataclasses.replace(TRIAL, status=status).offered() is offered


def test_a_site_says_which_statuses_are_offered() -> None:
    invited = dataclasses.replace(TRIAL, status="ENROLLING_BY_INVITATION")
    assert invited.offered({"ENROLLING_BY_INVITATION"})
    assert not TRIAL.offered({"ENROLLING_BY_INVITATION"})


def test_a_place_without_a_status_of_its_own_is_open_as_the_trial_is() -> None:
    closed = dataclasses.replace(TRIAL, status="COMPLETED")
    assert [trial.open_at(Site("A")) for trial in (TRIAL, closed)] == [True, False]
    assert not TRIAL.open_at(Site("A", status="WITHDRAWN"))
    assert TRIAL.open_at(Site("A", status="AVAILABLE"), {"AVAILABLE"})


@pytest.mark.parametrize("joined", [False, True])
def test_a_required_condition_that_was_ruled_out_does_not_come_near_by_waiting(*, joined: bool) -> None:
    rule = HasCondition(("gilbert-syndrome",))
    asked = AnyOf((rule, HasCondition(("gilbert-syndrome",), active=True))) if joined else rule
    trial = dataclasses.replace(TRIAL, criteria=(*TRIAL.criteria, criterion("gilbert", asked)))
    refuted = problem("gilbert-syndrome", None, ClinicalStatus.UNKNOWN, Verification.REFUTED, "Condition/2")
    verdict = _screen(chart(NEC, dataclasses.replace(refuted, recorded=PartialDate.parse("2026-06-01"))), trial)
    assert (verdict.standing.value, verdict.earliest) == ("does-not-fit", None)
