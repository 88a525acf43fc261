"""What cards say: who is told, how short, what stands first, and that no failure hides behind an empty list."""

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import cmarkgfm  # type: ignore[import-untyped] # it brings no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.core.chart import Chart, Extent, Kind, Lost
from cds.core.explain import explain
from cds.core.plan import Plan
from cds.core.screen import screen
from cds.core.truth import Truth
from cds.core.verdict import Standing
from cds.hooks.cards import SUMMARY_LIMIT, Telling, fitted, tell
from cds.hooks.detail import Unread
from cds.hooks.reasons import OVERRIDE_REASONS
from cds.hooks.wire import Card, HookResponse
from tests.core.builders import AS_OF, EVERYTHING, VOCABULARY, chart, drug, lab, problem
from tests.hooks.test_markdown import rendered
from tests.service.world import LUNG, NEC, PLAN, CountingIds, twins

GOOD = (
    problem("nec-of-pancreas"),
    lab("platelets", "210 10*9/L"),
    lab("creatinine", "1 mg/dL", normal="-1.2", ref="Observation/2"),
    lab("ecog", "1 {score}", ref="Observation/3"),
)
CANDIDATE = chart(*GOOD)
NEAR = chart(*GOOD, drug("itraconazole", "2026-06-01", "2026-06-13"))
UNSURE = chart(*GOOD[1:], problem("cancer-of-pancreas"))
TOO_MANY_CODES = "🧬" * 200


def telling(**chosen: Any) -> Telling:  # noqa: ANN401 - any of its members
    return Telling(VOCABULARY, CountingIds().new, **chosen)


def cards_for(the_chart: Chart, plan: Plan = PLAN, unread: Unread | None = None, **chosen: Any) -> tuple[Card, ...]:  # noqa: ANN401
    return tell(screen(the_chart, plan, AS_OF), unread or Unread(), telling(**chosen))


def plan_of(**changes: Any) -> Plan:  # noqa: ANN401 - any member of a trial
    return Plan.of((replace(NEC, **changes), LUNG), VOCABULARY)


def test_a_candidate_is_told_with_topic_link_and_id() -> None:
    (card,) = cards_for(CANDIDATE)
    assert card.overrideReasons == OVERRIDE_REASONS
    assert card.model_dump(exclude={"detail", "overrideReasons"}, exclude_none=True) == {
        "uuid": "00000000-0000-4000-8000-000000000001",
        "summary": "Candidate trial: Drug in Neuroendocrine Carcinoma with platelets <LLN or >ULN (NCT00000001)",
        "indicator": "info",
        "source": {
            "label": "Trialcards, from ClinicalTrials.gov",
            "url": "https://clinicaltrials.gov",
            "topic": {
                "system": "https://clinicaltrials.gov",
                "code": "NCT00000001",
                "display": "Drug in Neuroendocrine Carcinoma with platelets <LLN or >ULN",
            },
        },
        "links": (
            {
                "label": "NCT00000001 on ClinicalTrials.gov",
                "url": "https://clinicaltrials.gov/study/NCT00000001",
                "type": "absolute",
            },
        ),
        "extension": {
            "org.trialcards.match": {
                "trial": "NCT00000001",
                "verdict": "candidate",
                "cohort": "gi",
                "criteria": {"met": 8, "unmet": 0, "unknown": 0, "judgement": 1},
                "definition": {"version": "1", "complete": True, "draft": False, "reviewed": False},
                "quieted": 0,
            }
        },
    }
    assert "Cohort: Digestive system" in card.detail
    assert "Not clinically reviewed" in card.detail
    assert "**Met:** 8 of 9 criteria." in card.detail
    assert "**For a person to judge (1):** Informed consent" in card.detail


def test_what_is_unmet_stands_before_what_is_unknown() -> None:
    (card,) = cards_for(chart(*GOOD[:2], drug("itraconazole", "2026-06-01", "2026-06-13")))
    assert card.summary.startswith("Near match: ")
    assert card.summary.endswith("(NCT00000001), 1 unmet, 2 to check")
    order = [card.detail.index(mark) for mark in ("**Unmet (1)**", "**Unknown (2)**", "**Met:**", "**For a person")]
    assert order == sorted(order)
    assert "nothing stands in the way from 2026-06-20 on" in card.detail
    told = r"Itraconazole \(ended\) on 2026-06-13; 7 days must pass. Passes by itself on 2026-06-20."
    assert re.search(told, rendered(card.detail).text)
    assert r"- **Creatinine ≤ 1.5\*ULN** (no record found): " in card.detail
    assert "To settle it: Creatinine since 2026-05-18?" in card.detail


def test_a_reviewed_definition_does_not_say_that_nobody_looked() -> None:
    (card,) = cards_for(CANDIDATE, plan_of(reviewed_on=dt.date(2026, 6, 9), reviewer="someone"))
    assert "Not clinically reviewed" not in card.detail


def test_drafts_are_told_only_where_the_site_says_so() -> None:
    assert cards_for(CANDIDATE, plan_of(draft=True)) == ()
    (card,) = cards_for(CANDIDATE, plan_of(draft=True), show_drafts=True)
    assert card.summary.startswith("Candidate trial (draft): ")
    assert "Draft: a machine read these criteria" in card.detail


def test_a_draft_criterion_among_reviewed_ones_says_so() -> None:
    drafts = tuple(replace(each, note="Draft, not reviewed. Read so.") for each in NEC.criteria)
    (marked,), (plain,) = cards_for(NEAR, plan_of(criteria=drafts)), cards_for(NEAR)
    assert "** (draft)" in (marked.detail or "")
    assert "(draft)" not in (plain.detail or "")


def test_a_trial_with_no_open_cohort_is_not_told() -> None:
    closed = tuple(replace(each, open=False) for each in NEC.cohorts)
    assert cards_for(CANDIDATE, plan_of(cohorts=closed)) == ()


def test_the_best_three_and_one_for_the_rest() -> None:
    told = cards_for(CANDIDATE, twins(6))
    assert [card.source.topic.code for card in told if card.source.topic] == [
        "NCT90000000",
        "NCT90000001",
        "NCT90000002",
        "moreTrials",
    ]
    assert told[-1].summary == "3 more trials may fit"
    assert [link.url[-11:] for link in told[-1].links or ()] == ["NCT90000003", "NCT90000004", "NCT90000005"]
    assert len({card.uuid for card in told}) == 4


def test_a_trial_alone_says_how_many_were_left_out() -> None:
    assert "Not shown" not in cards_for(CANDIDATE)[-1].detail
    first, last = cards_for(CANDIDATE, twins(2), quieted=2)
    assert "Not shown" not in first.detail
    assert last.detail.endswith("\n\nNot shown, as dismissed or told before: 2 trials.")


def test_candidates_come_before_near_ones_and_possible_ones_are_counted() -> None:
    verdicts = screen(CANDIDATE, twins(3), AS_OF)
    mixed = [
        replace(verdicts[0], standing=Standing.NEAR),
        replace(verdicts[1], standing=Standing.POSSIBLE),
        replace(verdicts[2], standing=Standing.CANDIDATE),
    ]
    told = tell(mixed, Unread(), telling(max_cards=1))
    assert [card.summary.split(":")[0] for card in told] == [
        "Candidate trial",
        "1 more trial may fit; 1 further one possible but not certain",
    ]


def test_possible_trials_make_one_card_that_says_why() -> None:
    (card,) = cards_for(UNSURE)
    assert card.summary == "1 trial possible: what was read does not show whether it fits"
    assert "too general" in card.detail
    assert "NCT00000001" in card.detail


def test_an_empty_problem_list_is_said() -> None:
    (card,) = cards_for(chart(*GOOD[1:]))
    assert card.summary.startswith("2 trials possible")
    assert "No tumour on record" in card.detail


def test_an_incomplete_definition_is_possible_at_most_and_says_why() -> None:
    (card,) = cards_for(CANDIDATE, plan_of(complete=False))
    assert "NCT00000001: not every line of its text is covered yet" in card.detail


def test_nothing_fits_and_all_was_read() -> None:
    assert cards_for(chart(problem("adenocarcinoma-of-colon"))) == ()
    assert HookResponse(cards=()).model_dump_json(exclude_none=True) == '{"cards":[]}'


def test_what_could_not_be_read_is_never_silent() -> None:
    gap = Unread({Kind.MEASUREMENT: "the FHIR server answered 500"})
    low = chart(*GOOD[:2], lab("creatinine", "9 mg/dL", normal="-1.2", ref="Observation/2"))
    verdicts = [replace(screen(low, PLAN, AS_OF)[0], standing=Standing.DOES_NOT_FIT)]
    (card,) = tell(verdicts, gap, telling())
    assert card.summary == "Trials could not be checked fully: part of the record could not be read"
    assert "- Results (laboratory, vital signs, scores): the FHIR server answered 500" in card.detail
    (candidate,) = cards_for(CANDIDATE, unread=gap)
    assert "**Could not be read**" in candidate.detail
    lost = Unread(lost=(Lost("Observation/9", "its status is not one that FHIR knows"),))
    assert "- Observation/9: its status" in tell(verdicts, lost, telling())[0].detail
    assert tell(verdicts, Unread(), telling()) == ()


def test_a_gap_that_cannot_matter_makes_no_card() -> None:
    gap = Unread({Kind.MEASUREMENT: "the FHIR server answered 500"})
    other = chart(problem("adenocarcinoma-of-colon"), covered={Kind.CONDITION: Extent.COMPLETE})
    assert cards_for(other, unread=gap) == ()
    infarction = chart(problem("nec-of-pancreas"), problem("myocardial-infarction", ref="Condition/2"))
    assert cards_for(infarction, unread=gap) == ()
    assert cards_for(infarction, unread=Unread({Kind.CONDITION: "x"})) != ()


def test_words_from_the_chart_stand_on_the_card_as_written() -> None:
    written = "taken <b>*100* mg</b> | at platelets <LLN or >ULN & 1. _x_"
    taken = drug("itraconazole", "2026-06-01", "2026-06-13")
    the_chart = chart(*GOOD, replace(taken, said=written))
    (card,) = cards_for(the_chart)
    page = rendered(card.detail)
    assert page.text.count(written) == 1
    assert set(page.tags) == {"p", "strong", "ul", "li"}
    for finding in screen(the_chart, PLAN, AS_OF)[0].having(Truth.UNMET):
        assert explain(finding.finding, VOCABULARY) in page.text


def test_unread_diagnoses_are_told_even_beside_an_obstacle() -> None:
    blind = {**EVERYTHING, Kind.CONDITION: Extent.NOT_READ}
    low = chart(lab("platelets", "80 10*9/L"), covered=blind)
    gap = Unread({Kind.CONDITION: "the FHIR server answered 500"})
    (card,) = cards_for(low, Plan.of([NEC], VOCABULARY), unread=gap)
    assert "could not be read" in card.summary


AWKWARD = st.text(max_size=300) | st.sampled_from([TOO_MANY_CODES, "a" * 500, "**|<LLN or >ULN\n# x", " \n ", ""])


@given(AWKWARD, AWKWARD, st.sampled_from([CANDIDATE, NEAR, UNSURE, chart()]), st.integers(0, 4))
def test_cards_obey_the_specification_whatever_a_trial_says(
    title: str, label: str, the_chart: Chart, copies: int
) -> None:
    criteria = tuple(replace(each, label=label) for each in NEC.criteria)
    many = [replace(NEC, nct_id=f"NCT0000010{number}", title=title, criteria=criteria) for number in range(copies + 1)]
    told = tell(screen(the_chart, Plan.of(many, VOCABULARY), AS_OF), Unread(), telling())
    response = HookResponse(cards=told).model_dump(mode="json", exclude_none=True)
    assert_no_empties(response["cards"])
    assert 1 <= len(told) <= 4
    for card in response["cards"]:
        assert_inferno(card)


def assert_no_empties(value: object) -> None:
    assert value not in (None, "", {})
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        assert part != []
        assert_no_empties(part)


def assert_inferno(card: dict[str, Any]) -> None:
    """Check what the public conformance kits check of a card."""
    assert len(card["summary"]) < SUMMARY_LIMIT
    assert len(card["summary"].encode("utf-16-le")) // 2 < SUMMARY_LIMIT
    assert card["summary"] == card["summary"].strip() != ""
    assert "\n" not in card["summary"]
    assert card["indicator"] in {"info", "warning"}
    assert card["source"]["label"].strip()
    assert set(card["source"]["topic"]) >= {"code", "system"}
    assert re.fullmatch("[A-Za-z0-9]{1,100}", card["source"]["topic"]["code"])
    assert card["uuid"] == card["uuid"].lower()
    assert "<script" not in cmarkgfm.github_flavored_markdown_to_html(card["detail"])
    for link in card.get("links", []):
        assert link["type"] == "absolute"
        assert link["url"].startswith("https://clinicaltrials.gov/study/NCT")


@pytest.mark.parametrize("middle", ["short", "x" * 139, "x" * 140, TOO_MANY_CODES])
def test_a_summary_is_cut_in_the_middle(middle: str) -> None:
    summary = fitted("Head: ", middle, " (NCT00000001)")
    assert summary.startswith("Head: ")
    assert summary.endswith(" (NCT00000001)")
    assert len(summary.encode("utf-16-le")) // 2 < SUMMARY_LIMIT
    assert ("…" in summary) is (len(middle) > 100)


def test_no_patient_data_in_summaries_topics_and_links() -> None:
    for told in (cards_for(NEAR), cards_for(UNSURE), cards_for(chart())):
        for card in told:
            outside = card.model_dump_json(exclude={"detail"})
            assert not any(word in outside for word in ("2026", "Itraconazole", "210", "ancreas", "1960"))
