"""Scores and grades of matches: ordered as verdicts are ranked, and never more certain than what was found."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.api.matching.grades import BANDS, grade_of, score_of, told_at_all
from cds.core.criteria import Age, Criterion
from cds.core.finding import Basis, Cause, CriterionFinding, Finding
from cds.core.trial import Trial
from cds.core.truth import Truth
from cds.core.verdict import Standing, Verdict, Weighed, ranked
from tests.golden.cases import SLUGS, case, screened

RULE = Age(at_least=18)
TRIAL = Trial("NCT00000001", "A trial", "RECRUITING", (), complete=True)


def finding(truth: Truth, basis: Basis = Basis.DOCUMENTED, cause: Cause = Cause.NO_RECORD) -> CriterionFinding:
    unknown = truth is Truth.UNKNOWN
    made = Finding(RULE, truth, basis=None if unknown else basis, cause=cause if unknown else None)
    return CriterionFinding(Criterion("age", "Age", RULE), made)


MET, UNMET, UNKNOWN = finding(Truth.MET), finding(Truth.UNMET), finding(Truth.UNKNOWN)
JUDGEMENT = finding(Truth.UNKNOWN, cause=Cause.JUDGEMENT)


def verdict(standing: Standing, *findings: CriterionFinding, trial: Trial = TRIAL) -> Verdict:
    return Verdict(trial, standing, (), findings)


@st.composite
def weighed(draw: st.DrawFn) -> Weighed:
    standing, draft = draw(st.sampled_from(list(BANDS)))
    unmet = draw(st.integers(1, 6)) if standing is Standing.NEAR else 0
    unknown = draw(st.integers(0, 60))
    trial = replace(TRIAL, nct_id=f"NCT{draw(st.integers(0, 10**8 - 1)):08d}", draft=draft)
    findings = [UNMET] * unmet + [UNKNOWN] * unknown + [MET, JUDGEMENT] * draw(st.integers(0, 2))
    return Weighed(verdict(standing, *findings, trial=trial), unmet, unknown)


@given(st.lists(weighed(), max_size=12))
def test_scores_never_rise_along_the_ranking(several: list[Weighed]) -> None:
    scores = [score_of(each) for each in ranked(several)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < each < 1 for each in scores)


def test_fewer_obstacles_and_fewer_unknowns_are_worth_more() -> None:
    one, two = verdict(Standing.NEAR, UNMET), verdict(Standing.NEAR, UNMET, UNMET)
    doubtful = verdict(Standing.NEAR, UNMET, *[UNKNOWN] * 40)
    assert score_of(one) > score_of(doubtful) > score_of(two)
    sure, asked = verdict(Standing.CANDIDATE, MET), verdict(Standing.CANDIDATE, MET, JUDGEMENT)
    assert score_of(sure) == score_of(asked) == 0.95
    assert score_of(verdict(Standing.CANDIDATE, MET, UNKNOWN)) == 0.9


def test_bands_lie_apart_in_the_order_of_standings() -> None:
    ends = [end for low, high in BANDS.values() for end in (high, low)]
    assert ends == sorted(ends, reverse=True)
    assert len(set(ends)) == len(ends)
    assert [key for key, (low, _) in BANDS.items() if low >= 0.75] == [(Standing.CANDIDATE, False)]


@pytest.mark.parametrize("standing", [Standing.DOES_NOT_FIT, Standing.NOT_RELEVANT])
def test_what_does_not_fit_is_no_match(standing: Standing) -> None:
    assert not told_at_all(verdict(standing, UNMET))


REVIEWED = replace(TRIAL, reviewed_on=dt.date(2026, 6, 1))


@pytest.mark.parametrize(
    ("told", "grade"),
    [
        (verdict(Standing.CANDIDATE, MET, trial=REVIEWED), "certain"),
        (verdict(Standing.CANDIDATE, MET, finding(Truth.MET, Basis.ATTESTED), trial=REVIEWED), "certain"),
        (verdict(Standing.CANDIDATE, MET), "probable"),
        (verdict(Standing.CANDIDATE, MET, UNKNOWN, trial=REVIEWED), "probable"),
        (verdict(Standing.CANDIDATE, MET, JUDGEMENT, trial=REVIEWED), "probable"),
        (verdict(Standing.CANDIDATE, MET, finding(Truth.MET, Basis.NO_RECORD), trial=REVIEWED), "probable"),
        (verdict(Standing.CANDIDATE, MET, finding(Truth.MET, Basis.ASSUMED), trial=REVIEWED), "probable"),
        (verdict(Standing.CANDIDATE, MET, trial=replace(REVIEWED, draft=True)), "possible"),
        (verdict(Standing.NEAR, UNMET, trial=REVIEWED), "possible"),
        (verdict(Standing.POSSIBLE, MET, trial=REVIEWED), "possible"),
    ],
    ids=range(10),
)
def test_the_grade_claims_no_more_than_was_found(told: Verdict, grade: str) -> None:
    assert grade_of(told) == grade


@pytest.mark.parametrize("slug", SLUGS)
def test_the_golden_patients_are_scored_in_the_order_of_their_verdicts(slug: str) -> None:
    told = [each for each in screened(case(slug)).verdicts if told_at_all(each)]
    scores = [score_of(each) for each in told]
    assert scores == sorted(scores, reverse=True)
    assert {grade_of(each) for each in told} <= {"probable", "possible"}, (
        "no definition is reviewed, no consent on file"
    )
    assert all(
        (score >= 0.75) is (each.standing is Standing.CANDIDATE) for score, each in zip(scores, told, strict=True)
    )


def test_the_documents_tell_the_same_table() -> None:
    document = (Path(__file__).resolve().parents[2] / "docs" / "matching-service.md").read_text("utf-8")
    for (standing, draft), (low, high) in BANDS.items():
        assert f"\n| {standing.value}{', draft' if draft else ''} | {low}–{high} | " in document
