"""The fingerprint of a trial's findings on the golden patients: a day that changes no answer is no news.

Unless an entry among several that decided has grown too old on it: the answer then stands on other grounds.
"""

import datetime as dt
from dataclasses import replace

import pytest

from cds.assessment import assess
from cds.core.finding import CriterionFinding, Evidence
from cds.core.verdict import Verdict
from cds.hooks.quiet import material
from tests.golden.cases import SLUGS, Case, case, service_for


def on(the_case: Case, day: dt.date) -> dict[str, Verdict]:
    asked = replace(the_case.question(), as_of=day)
    return {each.trial.nct_id: each for each in assess(asked, service_for(the_case)).verdicts}


def answers(verdict: Verdict) -> list[tuple[str, str]]:
    return [(each.criterion.id, each.finding.truth.name) for each in verdict.findings]


def aged(before: Verdict, after: Verdict) -> bool:
    """Say whether an entry that decided beside others has grown too old to do so, and none has come in its place."""
    pairs = zip(before.findings, after.findings, strict=True)
    return any(grounds(then) < grounds(one) for one, then in pairs)


def grounds(found: CriterionFinding) -> set[Evidence]:
    return {each for each in found.finding.evidence if not each.reference.startswith("Patient/")}


@pytest.mark.parametrize("slug", SLUGS)
def test_a_day_on_which_no_answer_changes_is_no_news(slug: str) -> None:
    the_case = case(slug)
    today = on(the_case, the_case.as_of)
    same = 0
    for later in (1, 3, 10):
        then = on(the_case, the_case.as_of + dt.timedelta(days=later))
        for nct_id, verdict in today.items():
            if answers(verdict) != answers(then[nct_id]):
                assert material(verdict.findings) != material(then[nct_id].findings)
            elif not aged(verdict, then[nct_id]):
                same += 1
                assert material(verdict.findings) == material(then[nct_id].findings), (nct_id, later)
    assert same
