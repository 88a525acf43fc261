"""When a dismissed trial is told again: by reason, by time, by news, and to whom."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from cds.core.criteria import Age, Criterion, Measured
from cds.core.finding import Basis, CriterionFinding, Evidence, Finding
from cds.core.truth import Truth
from cds.hooks.quiet import LONGEST_QUIET, QUIET, UNSAID, material, rule_of, still_quiet
from cds.hooks.reasons import KNOWN_REASONS, OVERRIDE_REASONS, REASON_SYSTEM

NOW = dt.datetime(2026, 6, 15, 9, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
MANUAL = Path(__file__).resolve().parents[2] / "docs" / "feedback.md"


@pytest.mark.parametrize("reason", [*QUIET, None])
def test_a_quiet_period_ends_on_its_day(reason: str | None) -> None:
    rule = rule_of(reason)
    end = NOW + rule.days * DAY
    assert still_quiet(rule, NOW, end - dt.timedelta(seconds=1), same_viewer=True, news=False)
    assert not still_quiet(rule, NOW, end, same_viewer=True, news=False)


@pytest.mark.parametrize("reason", [*QUIET, None])
def test_others_and_news(reason: str | None) -> None:
    rule = rule_of(reason)
    assert still_quiet(rule, NOW, NOW, same_viewer=False, news=False) is rule.for_all
    assert still_quiet(rule, NOW, NOW, same_viewer=True, news=True) is not rule.until_news


def test_what_the_reasons_must_mean() -> None:
    assert not QUIET["patient-refuses"].until_news
    assert QUIET["patient-refuses"].for_all
    assert QUIET["patient-ineligible"].until_news
    assert QUIET["limited-time"].days == 1
    assert not QUIET["limited-time"].for_all
    assert not QUIET["inappropriate-recipient"].for_all
    assert not UNSAID.for_all
    assert LONGEST_QUIET == 365 * DAY


def test_a_reason_that_says_nothing_on_when_counts_as_none() -> None:
    for reason in (None, "other", "cds-suboptimal-context", "policy-contradicts"):
        assert rule_of(reason) is UNSAID


@pytest.mark.parametrize("reason", [*QUIET, None])
def test_no_reason_quiets_a_card_of_several_trials_for_all_or_for_long(reason: str | None) -> None:
    rule = rule_of(reason, of_one_trial=False)
    assert not rule.for_all
    assert rule.days <= UNSAID.days
    assert rule is UNSAID or rule is QUIET["limited-time"]


def test_every_reason_on_a_card_has_a_rule_and_a_row_in_the_manual() -> None:
    offered = [each.code for each in OVERRIDE_REASONS]
    assert offered == list(dict.fromkeys(offered))
    assert set(offered) == set(QUIET)
    assert {each.system for each in OVERRIDE_REASONS} == {REASON_SYSTEM}
    assert set(QUIET) < KNOWN_REASONS
    words = {each.code: each.display for each in OVERRIDE_REASONS}
    manual = MANUAL.read_text(encoding="utf-8")
    rules = {f"`{reason}` {words[reason]}": rule for reason, rule in QUIET.items()}
    for told, rule in (rules | {"none, or any other": UNSAID}).items():
        who = "everyone" if rule.for_all else "that clinician"
        news = "yes" if rule.until_news else "no"
        row = f"| {told} | {rule.days} | {news} | {who} | {rule.why} |"
        assert row in manual, row


# -------------------------------------------------------------------------------------------------------- fingerprints


SEEN = Evidence("Observation/1", "Platelets", "210 10*9/L", date="2026-06-10")
OTHER = Evidence("Observation/2", "Platelets", "220 10*9/L", date="2026-06-10")


def found(name: str = "platelets", truth: Truth = Truth.MET, *evidence: Evidence) -> CriterionFinding:
    rule = Measured(("platelets",))
    return CriterionFinding(Criterion(name, name, rule), Finding(rule, truth, Basis.DOCUMENTED, evidence=evidence))


BASE = (found("a", Truth.MET, SEEN, OTHER), found("b", Truth.UNMET))


@pytest.mark.parametrize(
    "changed",
    [
        (found("a", Truth.UNMET, SEEN, OTHER), BASE[1]),
        (found("a", Truth.MET, SEEN), BASE[1]),
        (found("a", Truth.MET, SEEN, replace(OTHER, value="221 10*9/L")), BASE[1]),
        (found("a", Truth.MET, SEEN, replace(OTHER, date="2026-06-11")), BASE[1]),
        (found("a", Truth.MET, SEEN, replace(OTHER, reference="Observation/3")), BASE[1]),
        (BASE[0],),
        (BASE[0], found("c", Truth.UNMET)),
    ],
)
def test_news_changes_the_fingerprint(changed: tuple[CriterionFinding, ...]) -> None:
    assert material(changed) != material(BASE)


def test_order_words_and_birthdays_are_no_news() -> None:
    assert material(reversed(BASE)) == material(BASE)
    assert material((found("a", Truth.MET, OTHER, replace(SEEN, label="Thrombocytes")), BASE[1])) == material(BASE)
    rule = Age(at_least=18)
    years = [Evidence("Patient/pat-1", "Age", str(age), date=f"20{age - 40}-06-15") for age in (66, 67)]
    ages = [
        CriterionFinding(Criterion("age", "Age", rule), Finding(rule, Truth.MET, Basis.DOCUMENTED, evidence=(each,)))
        for each in years
    ]
    assert material([ages[0]]) == material([ages[1]])
