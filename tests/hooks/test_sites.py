"""Where a trial is open: the site's own facilities first and whom to ask there, others by name of a place."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.core.place_names import normalised
from cds.core.plan import Plan
from cds.core.screen import screen
from cds.core.trial import Site, Trial
from cds.core.verdict import Standing
from cds.hooks.cards import tell
from cds.hooks.detail import Unread
from cds.hooks.places import NOWHERE, Here, where
from cds.hooks.wire import Card
from tests.core.builders import AS_OF, VOCABULARY
from tests.hooks.test_cards import CANDIDATE, UNSURE, telling
from tests.hooks.test_markdown import rendered
from tests.service.world import LUNG, NEC

OURS = Site(
    "Mühlbach Cancer Centre, St. Anna's", "Mühlbach", "Ruritania", "RECRUITING", "Ada Roth, +00 1, a@example.org"
)
NEIGHBOUR = Site("Other House", "Muhlbach", "Ruritania", "RECRUITING", "Bo Lind")
ABROAD = Site("Far Clinic", "Newtown", "Elbonia")
NAME = "muhlbach cancer centre St Annas"
HIGHER, LOWER = "NCT00000008", "NCT00000009"


def at(*facilities: Site, nct_id: str = LOWER, **changes: Any) -> Trial:  # noqa: ANN401 - any member of a trial
    return replace(NEC, nct_id=nct_id, facilities=facilities, **changes)


def here(*names: str, trials: tuple[Trial, ...] = (at(OURS),)) -> Here:
    return Here.of(names, trials)


def cards(*trials: Trial, names: tuple[str, ...] = (NAME,), chart: Any = CANDIDATE, **chosen: Any) -> tuple[Card, ...]:  # noqa: ANN401
    plan = Plan.of((*trials, LUNG), VOCABULARY)
    return tell(screen(chart, plan, AS_OF), Unread(), telling(here=Here.of(names, trials), **chosen))


@pytest.mark.parametrize(
    ("name", "same"),
    [
        (NAME, True),
        ("MÜHLBACH CANCER CENTRE - ST. ANNA’S", True),
        ("Mühlbach Cancer Centre, St. Anna\u00b4s", True),
        ("Mühlbach Cancer Centre, St. Anna\u2018s", True),
        ("Mühlbach Cancer Centre, St. Anna\u02bcs", True),
        ("Mühlbach Cancer Centre, St. Anna's, Mühlbach", True),
        ("Mühlbach Cancer Centre, St. Anna's, Muhlbach, Ruritania", True),
        ("Mühlbach Cancer Centre, St. Anna's, Newtown", False),
        ("Mühlbach Cancer Centre", False),
        ("Mühlbach", False),
    ],
)
def test_a_facility_is_known_by_its_whole_name_whatever_the_capitals_and_signs(name: str, *, same: bool) -> None:
    assert here(name).is_open(at(OURS)) is same


def test_a_name_that_many_places_share_needs_its_city() -> None:
    masked = (Site("Research Site", "Newtown"), Site("Research Site", "Oldtown"))
    assert len(here("Research Site", trials=(at(*masked),)).own[LOWER]) == 2
    assert here("Research Site, Oldtown", trials=(at(*masked),)).own == {LOWER: masked[1:]}


def test_a_place_without_a_name_is_nobodys_own() -> None:
    assert here("Newtown", trials=(at(Site("", "Newtown")),)).own == {}


@given(st.text(max_size=20))
def test_normalising_twice_changes_nothing(name: str) -> None:
    assert normalised(normalised(name)) == normalised(name)


def test_of_the_same_standing_the_trial_that_is_open_here_is_told_first() -> None:
    told = cards(at(ABROAD, nct_id=HIGHER), at(OURS))
    assert [each.source.topic.code for each in told if each.source.topic] == [LOWER, HIGHER]
    elsewhere = cards(at(ABROAD, nct_id=HIGHER), at(OURS), names=())
    assert [each.source.topic.code for each in elsewhere if each.source.topic] == [HIGHER, LOWER]


def test_a_near_match_here_stays_behind_a_candidate_elsewhere() -> None:
    trials = (at(ABROAD, nct_id=HIGHER), at(OURS))
    verdicts = screen(CANDIDATE, Plan.of(trials, VOCABULARY), AS_OF)
    mixed = [replace(each, standing=Standing.NEAR) if each.trial.nct_id == LOWER else each for each in verdicts]
    told = tell(mixed, Unread(), telling(here=Here.of((NAME,), trials)))
    assert [each.source.topic.code for each in told if each.source.topic] == [HIGHER, LOWER]


def test_a_draft_that_is_open_here_comes_after_what_was_reviewed() -> None:
    told = cards(at(OURS, draft=True), at(ABROAD, nct_id=HIGHER), show_drafts=True)
    assert [each.source.topic.code for each in told if each.source.topic] == [HIGHER, LOWER]


def test_no_trial_is_hidden_for_being_elsewhere() -> None:
    many = [at(ABROAD, nct_id=f"NCT0000001{number}") for number in range(4)]
    first, rest = cards(*many, at(OURS, nct_id="NCT00000099"), max_cards=1)
    assert first.source.topic is not None
    assert first.source.topic.code == "NCT00000099"
    assert all(each.nct_id in rest.detail for each in many)


def test_trials_that_are_listed_together_say_which_are_open_here() -> None:
    (card,) = cards(at(ABROAD, nct_id=HIGHER), at(OURS), chart=UNSURE)
    lines = card.detail.splitlines()
    assert [line.endswith("(open at this site)") for line in lines if line.startswith("- [NCT")] == [True, False]


def test_the_card_names_the_place_here_with_its_contact_and_counts_the_others() -> None:
    (card,) = cards(at(ABROAD, OURS, NEIGHBOUR))
    text = rendered(card.detail).text
    assert "At this site: Mühlbach Cancer Centre, St. Anna's, Mühlbach (recruiting). Contact: Ada Roth, +00 1," in text
    assert "Open at 2 other places too." in text
    assert card.detail.index("At this site") < card.detail.index("**Met:**")


def test_a_place_here_that_is_closed_is_said_to_be() -> None:
    closed = replace(OURS, status="WITHDRAWN")
    trial = at(closed, ABROAD)
    assert "St. Anna's, Mühlbach: not open there (withdrawn)." in where(trial, here(NAME, trials=(trial,)))
    assert "Ada" not in where(trial, here(NAME, trials=(trial,)))
    assert not here(NAME, trials=(trial,)).is_open(trial)


@pytest.mark.parametrize(
    ("facilities", "words"),
    [
        ((ABROAD,), "**Where:** Newtown, Elbonia."),
        ((ABROAD, Site("B", "Oldtown", "Elbonia")), "**Where:** Newtown, Elbonia, and 1 other place."),
        ((ABROAD, NEIGHBOUR, ABROAD), "**Where:** Muhlbach, Ruritania, and 2 other places."),
        ((ABROAD, Site("", "Hill", "Ruritania")), "**Where:** Hill, Ruritania, and 1 other place."),
        ((replace(ABROAD, status="COMPLETED"), NEIGHBOUR), "**Where:** Muhlbach, Ruritania."),
        ((replace(ABROAD, status="COMPLETED"),), "**Where:** the registry names 1 place, none of them open."),
        ((Site("Only A Name"),), "**Where:** Only A Name."),
        ((Site(""),), "**Where:** a place without a name."),
        ((), ""),
    ],
)
def test_elsewhere_is_told_by_the_nearest_place(facilities: tuple[Site, ...], words: str) -> None:
    assert where(at(*facilities, nct_id="NCT00000007"), here(NAME)) == words


def test_the_nearest_place_is_known_by_the_city_that_the_site_names_though_no_trial_is_there() -> None:
    trial = at(ABROAD, NEIGHBOUR)
    assert (
        where(trial, here("New House, MUHLBACH", trials=(trial,)))
        == "**Where:** Muhlbach, Ruritania, and 1 other place."
    )
    assert where(trial, here("New House", trials=(trial,))) == "**Where:** Newtown, Elbonia, and 1 other place."


def test_a_definition_that_only_names_places_in_words_tells_those() -> None:
    assert where(replace(NEC, sites=("Ruritania", "Elbonia")), NOWHERE) == "**Where:** Ruritania; Elbonia."


def test_statuses_are_the_sites_to_choose() -> None:
    invited = at(replace(OURS, status="ENROLLING_BY_INVITATION"), status="ENROLLING_BY_INVITATION")
    assert cards(invited) == ()
    (card,) = cards(invited, statuses=frozenset({"ENROLLING_BY_INVITATION"}))
    assert "(enrolling by invitation). Contact: " in card.detail


@pytest.mark.parametrize("field", ["name", "city", "country", "status", "contact"])
def test_no_word_of_the_registry_becomes_markup(field: str) -> None:
    hostile = "<b>x</b> [y](https://evil.example) **z** _w_ a@evil.example"
    ours = replace(OURS, **{field: hostile})
    for facilities in ((ours,), (replace(ours, name=ours.name if field == "name" else "Else"), ABROAD)):
        trial = at(*facilities)
        for names in ((ours.name,), ()):
            told = rendered(where(trial, here(*names, trials=(trial,)), (trial.status, ours.status)))
            assert set(told.tags) <= {"p", "strong", "em"}
            assert "**" not in told.text.replace("**z**", "")
