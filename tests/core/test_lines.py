"""Lines of treatment: what opens a line, what goes on with one, and what leaves the count open."""

import dataclasses
import datetime as dt
import itertools

import pytest

from cds.core.chart import Condition, Exposure, Extent, Kind, Measurement, Told
from cds.core.criteria import Diagnosis, Lines, Not
from cds.core.evaluate import evaluate
from cds.core.finding import Basis, Cause
from cds.core.recognise import recognise
from cds.core.truth import Truth
from cds.core.vocabulary import Absence
from tests.core.builders import AS_OF, EVERYTHING, VOCABULARY, chart, day, find, given, lab, problem, taken

ANY = ("anticancer-therapy",)
FIRST = (
    taken("carboplatin", "2025-09-10", "2025-12-20"),
    taken("etoposide", "2025-09-10", "2025-12-20"),
    taken("atezolizumab", "2025-09-12", "2025-12-20"),
)


def worse(on: str, ref: str = "Observation/worse") -> Measurement:
    return lab("disease-status", "3", on, ref=ref)


def count(*entries: Exposure | Condition | Measurement, since: Diagnosis | None = None) -> tuple[int, int]:
    """Give the fewest and the most lines there can have been by what is on record."""
    return between(*(find(Lines(ANY, at_most=number, since=since), chart(*entries)).truth for number in range(8)))


def between(*at_most: Truth) -> tuple[int, int]:
    """Give the first number that is not too few for certain, and the first that is enough for certain."""
    return next(n for n, each in enumerate(at_most) if each is not Truth.UNMET), at_most.index(Truth.MET)


# --------------------------------------------------------------------------------------------------- what is a line


def test_drugs_begun_within_four_weeks_are_one_regimen() -> None:
    assert count(*FIRST) == (1, 1)
    assert count(FIRST[0], taken("topotecan", "2025-10-08", "2025-12-20")) == (1, 1)
    assert count(FIRST[0], taken("topotecan", "2025-10-09", "2025-12-20")) == (2, 2)


def test_a_drug_that_goes_on_alone_is_maintenance() -> None:
    assert count(*FIRST, taken("atezolizumab", "2026-01-10", "2026-05-01")) == (1, 1)


def test_a_new_drug_opens_a_line() -> None:
    assert count(*FIRST, taken("topotecan", "2026-01-20", "2026-04-01")) == (2, 2)


@pytest.mark.parametrize(
    ("start", "lines"), [("2026-03-19", (1, 1)), ("2026-03-20", (1, 2)), ("2026-06-17", (1, 2)), ("2026-06-18", (2, 2))]
)
def test_the_same_drugs_again_are_a_new_line_after_half_a_year(start: str, lines: tuple[int, int]) -> None:
    entries = [taken("carboplatin", "2025-09-10", "2025-12-20"), taken("carboplatin", start, "2026-07-01")]
    rules = [Lines(ANY, at_most=most) for most in range(4)]
    assert between(*(find(rule, chart(*entries), dt.date(2026, 8, 1)).truth for rule in rules)) == lines


def test_the_same_drugs_again_after_a_progression_are_a_new_line() -> None:
    again = taken("carboplatin", "2026-02-10", "2026-05-01")
    assert count(FIRST[0], again) == (1, 1)
    assert count(FIRST[0], again, worse("2026-02-01")) == (2, 2)
    assert count(FIRST[0], again, worse("2026-02-11")) == (1, 1)
    assert count(FIRST[0], again, lab("disease-status", "2", "2026-02-01")) == (1, 1)


def test_a_progression_of_an_unknown_day_may_lie_between() -> None:
    back = dataclasses.replace(problem("sclc", "2025-09-01"), recurred=True)
    assert count(FIRST[0], taken("carboplatin", "2026-02-10", "2026-05-01"), back) == (1, 2)


def test_a_drug_stopped_for_progression_and_given_again_is_a_new_line() -> None:
    stopped = taken("carboplatin", "2025-09-10", "2025-12-20", stopped_for="Progressive  disease")
    assert count(stopped, taken("carboplatin", "2026-02-10", "2026-05-01")) == (2, 2)
    tired = taken("carboplatin", "2025-09-10", "2025-12-20", stopped_for="no progression")
    assert count(tired, taken("carboplatin", "2026-02-10", "2026-05-01")) == (1, 1)


def test_a_platinum_for_a_platinum_is_the_same_line_unless_the_disease_progressed() -> None:
    switch = taken("cisplatin", "2025-09-10", "2025-11-01"), taken("carboplatin", "2025-11-20", "2026-01-20")
    assert count(*switch) == (1, 1)
    assert count(*switch, worse("2025-11-15")) == (2, 2)
    late = taken("cisplatin", "2025-03-10", "2025-05-01"), taken("carboplatin", "2025-11-20", "2026-01-20")
    assert count(*late) == (2, 2)


def test_a_checkpoint_inhibitor_begun_soon_after_may_be_maintenance() -> None:
    soon, late = taken("nivolumab", "2026-03-19", "2026-05-01"), taken("nivolumab", "2026-03-20", "2026-05-01")
    assert count(FIRST[0], soon) == (1, 2)
    assert count(FIRST[0], late) == (2, 2)
    assert count(FIRST[0], soon, worse("2026-01-15")) == (2, 2)


def test_doses_given_every_three_weeks_are_one_line() -> None:
    assert count(*given("carboplatin", "2025-09-10", "2025-10-01", "2025-10-22", "2025-11-12")) == (1, 1)
    assert count(*given("carboplatin", "2025-09-10", "2025-10-20"), worse("2025-10-02")) == (1, 1)


@pytest.mark.parametrize("intent", ["intent-adjuvant", "intent-neoadjuvant", "intent-curative"])
def test_treatment_meant_to_cure_may_be_a_line(intent: str) -> None:
    cure = taken("carboplatin", "2024-01-10", "2024-04-01", intent=intent)
    assert count(cure) == (0, 1)
    assert count(cure, taken("etoposide", "2025-09-10", "2025-12-20", intent="intent-palliative")) == (1, 2)


def test_palliative_treatment_soon_after_a_cure_was_tried_is_a_line_of_its_own() -> None:
    cure = taken("cisplatin", "2025-01-10", "2025-04-01", intent="intent-curative")
    soon = taken("carboplatin", "2025-05-01", "2025-08-01", intent="intent-palliative")
    assert count(cure, soon) == (1, 2)


def test_a_planned_sequence_meant_to_cure_is_one_line_or_two() -> None:
    first = taken("doxorubicin", "2025-01-10", "2025-03-01", intent="intent-adjuvant")
    then = taken("paclitaxel", "2025-03-20", "2025-06-01", intent="intent-adjuvant")
    assert count(first, then) == (0, 2)


# --------------------------------------------------------------------------------------------- what leaves it open


def test_a_local_treatment_is_no_line_and_one_of_an_unknown_route_may_be() -> None:
    assert count(FIRST[0], taken("topotecan", "2026-02-01", "2026-03-01", route="local-route")) == (1, 1)
    assert count(FIRST[0], taken("topotecan", "2026-02-01", "2026-03-01", route="intrathecal")) == (1, 2)
    assert count(taken("topotecan", "2025-02-01", "2025-03-01", route="intrathecal"), FIRST[0]) == (1, 2)


def test_an_unverified_code_may_be_a_line() -> None:
    unsure = taken("cisplatin-unverified", "2025-01-10", "2025-03-01")
    finding = find(Lines(ANY, at_most=1), chart(unsure, *FIRST))
    assert (finding.truth, finding.cause) == (Truth.UNKNOWN, Cause.UNMAPPED)
    assert find(Lines(ANY, at_most=2), chart(unsure, *FIRST)).truth is Truth.MET


def test_a_treatment_that_may_not_have_been_separates_no_others_for_certain() -> None:
    perhaps = taken("topotecan", "2026-02-01", "2026-03-01", route="intrathecal")
    assert count(FIRST[0], perhaps, taken("carboplatin", "2026-04-01", "2026-05-01")) == (1, 3)


def test_a_class_in_place_of_a_drug_may_be_the_same_treatment() -> None:
    rule = Lines(("platinum",), at_most=1)
    named = taken("platinum", "2025-12-01", "2026-02-01")
    assert find(rule, chart(FIRST[0], named)).truth is Truth.UNKNOWN


def test_an_undated_course_may_be_a_line_more() -> None:
    finding = find(Lines(ANY, at_most=1), chart(*FIRST, taken("topotecan")))
    assert (finding.truth, finding.cause) == (Truth.UNKNOWN, Cause.DATE_IMPRECISE)
    assert find(Lines(ANY, at_least=1), chart(taken("topotecan"))).truth is Truth.MET


def test_dates_by_the_month_leave_open_what_they_must() -> None:
    assert count(taken("carboplatin", "2025-09", "2025-12"), taken("topotecan", "2025-09", "2025-12")) == (1, 2)
    assert count(taken("carboplatin", "2025-09", "2025-12"), taken("topotecan", "2026-02", "2026-03")) == (2, 2)


# -------------------------------------------------------------------------------------------------- since a diagnosis

SINCE = Diagnosis(("small-cell-carcinoma",))


def test_only_treatment_begun_on_or_after_the_diagnosis_counts() -> None:
    before = taken("doxorubicin", "2024-01-10", "2024-05-01")
    assert count(before, *FIRST, problem("sclc", "2025-09-10"), since=SINCE) == (1, 1)
    assert count(before, *FIRST, problem("sclc", "2024-01-10"), since=SINCE) == (2, 2)


def test_treatment_begun_up_to_four_weeks_before_the_diagnosis_may_count() -> None:
    assert count(FIRST[0], problem("sclc", "2025-10-08"), since=SINCE) == (0, 1)
    finding = find(Lines(ANY, at_most=0, since=SINCE), chart(FIRST[0], problem("sclc", "2025-10-09")))
    assert (finding.truth, finding.basis) == (Truth.MET, Basis.NO_RECORD)


def test_a_diagnosis_of_which_only_the_recording_is_dated_may_be_older() -> None:
    recorded = dataclasses.replace(problem("sclc", None), recorded=day("2025-09-10"))
    assert count(taken("doxorubicin", "2024-01-10", "2024-05-01"), *FIRST, recorded, since=SINCE) == (1, 2)


def test_without_such_a_diagnosis_nothing_is_known_of_what_came_after() -> None:
    assert count(*FIRST, problem("cancer-of-prostate"), since=SINCE) == (0, 1)


# ------------------------------------------------------------------------------------------------------- the answer


def test_a_count_is_assumed_and_shows_which_entry_was_counted_to_which_line() -> None:
    finding = find(Lines(ANY, at_most=2), chart(*FIRST, taken("topotecan", "2026-01-20", "2026-04-01")))
    assert (finding.truth, finding.basis) == (Truth.MET, Basis.ASSUMED)
    assert {(seen.label, seen.value) for seen in finding.evidence} == {
        ("Carboplatin", "line 1"),
        ("Etoposide", "line 1"),
        ("Atezolizumab", "line 1"),
        ("Topotecan", "line 2"),
    }


def test_too_many_lines_are_an_obstacle_and_one_that_is_lacking_may_have_been_given_elsewhere() -> None:
    two = chart(*FIRST, taken("topotecan", "2026-01-20", "2026-04-01"))
    assert find(Lines(ANY, at_most=1), two).truth is Truth.UNMET
    assert find(Lines(ANY, at_least=2), two).truth is Truth.MET
    lacking = find(Lines(ANY, at_least=3), two)
    assert (lacking.truth, lacking.cause) == (Truth.UNKNOWN, Cause.NO_RECORD)
    assert find(Not(Lines(ANY, at_most=2)), two).truth is Truth.UNKNOWN
    assert find(Not(Lines(ANY, at_least=2)), two).truth is Truth.UNMET
    assert find(Not(Lines(ANY, at_least=3)), two).truth is Truth.MET


def test_silence_about_further_lines_speaks_only_where_the_drugs_absence_policy_lets_it() -> None:
    concepts = dict(VOCABULARY.concepts)
    concepts[ANY[0]] = dataclasses.replace(concepts[ANY[0]], absence=Absence.OPEN)
    vocabulary = dataclasses.replace(VOCABULARY, concepts=concepts)
    case = recognise(chart(*FIRST), vocabulary, AS_OF)
    finding = evaluate(Lines(ANY, at_most=2), case)
    assert (finding.truth, finding.cause) == (Truth.UNKNOWN, Cause.NO_RECORD)
    assert evaluate(Lines(ANY, at_least=1), case).truth is Truth.MET


@pytest.mark.parametrize(
    ("rule", "truth", "basis"),
    [
        (Lines(ANY, at_most=1), "met", Basis.NO_RECORD),
        (Lines(ANY, at_least=1), "unknown", None),
        (Not(Lines(ANY, at_least=1)), "met", Basis.NO_RECORD),
        (Not(Lines(ANY, at_most=1)), "unknown", None),
        (Lines(ANY, at_least=0, at_most=2), "met", Basis.NO_RECORD),
    ],
)
def test_no_treatment_on_record_is_never_an_obstacle(rule: Lines, truth: str, basis: Basis | None) -> None:
    finding = find(rule, chart())
    assert (finding.truth.value, finding.basis) == (truth, basis)
    assert basis is not None or finding.cause is Cause.NO_RECORD


def test_where_not_all_was_read_there_may_have_been_more() -> None:
    partial = chart(*FIRST, covered={**EVERYTHING, Kind.MEDICATION: Extent.PARTIAL})
    assert find(Lines(ANY, at_least=1), partial).truth is Truth.MET
    finding = find(Lines(ANY, at_most=1), partial)
    assert (finding.truth, finding.cause) == (Truth.UNKNOWN, Cause.NOT_READ)


def test_drugs_set_apart_are_no_line() -> None:
    rule = Lines(ANY, but_not=("topotecan",), at_most=1)
    assert find(rule, chart(*FIRST, taken("topotecan", "2026-02-01", "2026-03-01"))).truth is Truth.MET


def test_the_order_of_entries_changes_no_count() -> None:
    entries: list[Exposure | Measurement] = [
        FIRST[0],
        taken("topotecan", "2026-02-01", "2026-03-01"),
        taken("nivolumab", "2026-01-05"),
        worse("2026-01-25"),
    ]
    assert len({str(find(Lines(ANY, at_most=1), chart(*each))) for each in itertools.permutations(entries)}) == 1


def test_a_count_that_is_open_says_what_the_records_allow() -> None:
    finding = find(Lines(ANY, at_most=1), chart(FIRST[0], taken("nivolumab", "2026-01-05")))
    assert finding.cause is Cause.CONDITION_UNKNOWN
    assert finding.wanted is not None
    assert finding.wanted.question.endswith("The records allow 1 to 2.")


def test_more_episodes_than_can_be_followed_leave_the_count_open() -> None:
    names = ("topotecan", "paclitaxel", "docetaxel", "cisplatin")
    first = dt.date(2000, 1, 1)
    many = [
        taken(names[place % 4], f"{day}", f"{day}", told=Told.GIVEN)
        for place, day in enumerate(first + dt.timedelta(days=120 * step) for step in range(70))
    ]
    assert find(Lines(("anticancer-therapy",), at_most=2), chart(*many)).truth is Truth.UNKNOWN
    assert find(Lines(("anticancer-therapy",), at_least=1), chart(*many)).truth is Truth.MET
    assert find(Lines(("anticancer-therapy",), at_most=70), chart(*many)).truth is Truth.MET
    assert find(Lines(("anticancer-therapy",), at_most=2), chart(*many[:40])).truth is Truth.UNMET
