"""What a prefetched search says of its own completeness, in every form that was seen or may come."""

from decimal import Decimal

import pytest

from cds.errors import TooLarge
from cds.hooks.prefetch import MOST_RESOURCES, PrefetchState, prefetched

ENTRY = {"resource": {"resourceType": "Condition", "id": "1"}}


def _state(**bundle: object) -> PrefetchState:
    sent = {"resourceType": "Bundle", "type": "searchset", "entry": [ENTRY], **bundle}
    return prefetched({"conditions": sent}, {"conditions": "Condition?patient=1"}, single=frozenset())[
        "conditions"
    ].state


@pytest.mark.parametrize(
    "bundle",
    [
        {"link": [{"relation": "next", "url": "x"}]},
        {"link": [{"relation": "Next "}]},
        {"link": {"relation": "next"}},
        {"total": 2},
        {"total": "2"},
        {"total": Decimal("2.0")},
        {"total": 1, "entry": [{**ENTRY, "search": {"mode": "include"}}]},
    ],
)
def test_a_part_is_known_as_a_part(bundle: dict[str, object]) -> None:
    assert _state(**bundle) is PrefetchState.PAGED


@pytest.mark.parametrize(
    "bundle",
    [
        {},
        {"total": 1},
        {"total": "many"},
        {"link": [{"relation": "self"}]},
        {"total": 1, "entry": [{**ENTRY, "search": {"mode": ["match"]}}]},
        {"total": 1, "entry": [{**ENTRY, "search": {"mode": {}}}]},
    ],
)
def test_a_whole_answer_is_whole_whatever_else_it_holds(bundle: dict[str, object]) -> None:
    assert _state(**bundle) is PrefetchState.DATA


def test_more_resources_than_are_read_are_refused_however_they_are_spread() -> None:
    half = {"resourceType": "Bundle", "entry": [ENTRY] * (MOST_RESOURCES // 2)}
    over = {"resourceType": "Bundle", "entry": [ENTRY] * (MOST_RESOURCES // 2 + 1)}
    keys = {"conditions": "Condition?patient=1", "procedures": "Procedure?patient=1"}
    assert prefetched({"conditions": half, "procedures": half}, keys, single=frozenset())
    with pytest.raises(TooLarge, match=r"^prefetch: holds more than 20000 resources$"):
        prefetched({"conditions": half, "procedures": over}, keys, single=frozenset())
