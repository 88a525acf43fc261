"""Draft orders against the real trials: drugs, vaccines and procedures that would close them, and harmless ones."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds.core.chart import Exposure
from cds.core.codes import CVX, SNOMED
from cds.core.orders import Closed, closed_by
from cds.core.screen import screen
from cds.fhir.reading.drafts import read_drafts
from cds.fhir.reading.elements import Elements
from cds.fhir.reading.medications import Drugs, read_exposures
from cds.hooks.cards import Telling
from cds.hooks.orders import tell_orders
from cds.trials.examples import load_example
from tests.service.world import CountingIds
from tests.shipped import TRIALS, codebook, plan

Json = dict[str, Any]
DAY = dt.date(2026, 6, 15)
EPNEC, DURVALUMAB, PENIS, PANCREAS = "NCT06893783", "NCT07328490", "NCT06161532", "NCT05058651"


def drug(words: str, per_day_mg: int | None = None, days: int | None = None) -> Json:
    """Write a draft order of a drug; with a dose where one is given."""
    made: Json = {"resourceType": "MedicationRequest", "id": "d1", "status": "draft", "intent": "order"}
    made["medicationCodeableConcept"] = {"text": words}
    if per_day_mg is not None:
        repeat: Json = {"frequency": 1, "period": 1, "periodUnit": "d"}
        repeat |= {"boundsDuration": {"value": days, "unit": "d", "code": "d"}} if days else {}
        mg = {"value": per_day_mg, "unit": "mg", "code": "mg", "system": "http://unitsofmeasure.org"}
        made["dosageInstruction"] = [{"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": mg}]}]
    return made


def vaccine(cvx: str, words: str) -> Json:
    return drug(words) | {"medicationCodeableConcept": {"coding": [{"system": CVX, "code": cvx}], "text": words}}


def service(snomed: str, words: str) -> Json:
    code: Json = {"coding": [{"system": SNOMED, "code": snomed}] if snomed else [], "text": words}
    return {"resourceType": "ServiceRequest", "id": "s1", "status": "draft", "intent": "order", "code": code}


def closed(nct_id: str, *orders: Json, patient: str = "base", earlier: Sequence[Exposure] = ()) -> tuple[Closed, ...]:
    """Hold orders for an example patient of a trial, who may have taken more before, against that trial."""
    example = load_example(TRIALS / "examples" / nct_id / f"{patient}.yaml", codebook())
    chart = replace(example.chart, exposures=(*example.chart.exposures, *earlier))
    only = plan().only([nct_id])
    read = read_drafts(orders, "pat-1", ZoneInfo("UTC"), example.as_of)
    assert read.lost == ()
    return closed_by(read.orders, chart, only, example.as_of, screen(chart, only, example.as_of))


ORDERS: list[tuple[str, Json, set[str]]] = [
    (EPNEC, drug("Itraconazole"), {"cyp3a-inhibitors", "transporter-inhibitors"}),
    (EPNEC, drug("Carboplatin"), {"chemotherapy-14-days", "prior-regimens"}),
    (PANCREAS, drug("Prednisone", per_day_mg=40), {"corticosteroids"}),
    (PANCREAS, vaccine("03", "MMR"), {"live-vaccines"}),
    (PENIS, vaccine("03", "MMR"), {"live-vaccines"}),
    (DURVALUMAB, service("108290001", "Radiotherapy"), {"radiotherapy-7-days"}),
]
HARMLESS: list[tuple[str, Json]] = [
    (EPNEC, drug("Paracetamol")),
    (EPNEC, drug("Ondansetron")),
    (PANCREAS, drug("Prednisone", per_day_mg=2)),
    (PANCREAS, vaccine("140", "Influenza, inactivated")),
    (PENIS, service("", "Blood test")),
]


@pytest.mark.parametrize(("nct_id", "order", "criteria"), ORDERS, ids=range(len(ORDERS)))
def test_an_order_closes_the_trial_by_the_criteria_that_exclude_it(
    nct_id: str, order: Json, criteria: set[str]
) -> None:
    (found,) = closed(nct_id, order)
    assert {each.found.criterion.id for each in found.closings} == criteria
    assert all(not each.together for each in found.closings)


@pytest.mark.parametrize(("nct_id", "order"), HARMLESS, ids=range(len(HARMLESS)))
def test_an_order_that_no_criterion_excludes_closes_nothing(nct_id: str, order: Json) -> None:
    assert closed(nct_id, order) == ()


def test_orders_are_counted_by_whether_they_could_be_judged() -> None:
    """A name with a strength in it is no name of the tables: what it would close is not known, and that is counted."""
    nothing = {"resourceType": "MedicationRequest", "status": "draft"}
    sent = [drug("Itraconazole"), drug("Itraconazole 100 mg"), drug("Xyzzy"), nothing]
    drafts = read_drafts(sent, "pat-1", ZoneInfo("UTC"), DAY)
    assert drafts.counted(plan().vocabulary) == {"judged": 1, "unrecognised": 2, "unread": 1}
    assert read_drafts([], "pat-1", ZoneInfo("UTC"), DAY).counted(plan().vocabulary) == {}


def test_a_short_course_says_when_the_trial_is_open_again() -> None:
    (found,) = closed(EPNEC, drug("Itraconazole", per_day_mg=200, days=5))
    (card,) = tell_orders([found], (), Telling(plan().vocabulary, CountingIds().new))
    assert card.summary.startswith(f"Ordering Itraconazole would close {EPNEC}: ")
    assert card.detail.count("As ordered, this would pass by itself on ") == 2


@pytest.mark.parametrize("ended", [{}, {"end": "2026"}], ids=["no end", "some time this year"])
def test_an_order_counts_although_an_earlier_course_ended_nobody_knows_when(ended: Json) -> None:
    """What has ended cannot contradict an order that is only being written."""
    statement: Json = {"resourceType": "MedicationStatement", "status": "completed"}
    statement |= {
        "medicationCodeableConcept": {"text": "Itraconazole"},
        "effectivePeriod": {"start": "2026-03"} | ended,
    }
    earlier = read_exposures("MedicationStatement", Drugs([]))(statement, "s1", Elements(ZoneInfo("UTC")))
    (found,) = closed(EPNEC, drug("Itraconazole"), earlier=earlier)
    assert {each.found.criterion.id for each in found.closings} == {"cyp3a-inhibitors", "transporter-inhibitors"}


def test_a_card_says_whether_an_end_of_the_order_would_help() -> None:
    """A washout begins once the drug ends; a line of treatment has been given for good."""
    (found,) = closed(EPNEC, drug("Carboplatin"))
    assert {each.found.criterion.id: each.passes_after_end for each in found.closings} == {
        "chemotherapy-14-days": True,
        "prior-regimens": False,
    }
    (card,) = tell_orders([found], (), Telling(plan().vocabulary, CountingIds().new))
    assert "No day can be told on which time alone would remove this." in card.detail
    assert card.detail.count("names no end after which this would pass by itself") == 1
    assert card.detail.count("Etoposide") == 1, "what the explanation names is not said twice"


def test_every_card_of_these_orders_keeps_to_the_limits() -> None:
    telling = Telling(plan().vocabulary, CountingIds().new)
    for nct_id, order, _ in ORDERS:
        (card,) = tell_orders(closed(nct_id, order), (), telling)
        assert len(card.summary) < 140
        assert card.indicator == "warning"
        assert nct_id in card.summary
