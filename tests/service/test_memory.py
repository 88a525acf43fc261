"""Dismissed trials through whole calls: quiet for whom, for how long, until which news, and never for anyone else."""

import asyncio
import base64
import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from cds.circuit import Circuit
from cds.core.criteria import Asked, Criterion
from cds.core.finding import Cause, CriterionFinding, Finding
from cds.core.truth import Truth
from cds.core.verdict import Standing
from cds.errors import StoreDown
from cds.hooks.callers.caller import ANONYMOUS
from cds.hooks.feedback import Feedback
from cds.hooks.pseudonyms import Pseudonyms
from cds.hooks.quiet import material
from cds.hooks.requests import ORDER_SIGN
from cds.memory import Grounds, Memory
from cds.service import Answered, Service, answer
from cds.store.store import Store
from cds.store.values import Dismissal, Recorded, ToldCard
from tests.service import world
from tests.service.world import NOW, PATIENT_ID, SERVER, FixedClock, call, patient, prefetch, searchset

pytestmark = pytest.mark.anyio
DAY = dt.timedelta(days=1)
EHR = replace(ANONYMOUS, id="ehr", issuer="https://ehr.example.org")


def key(name: str) -> str:
    return f"{name}:{base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()}"


CONSENT = Asked("Consent?")
OLD = Pseudonyms.read(key("k1"))
BOTH = Pseudonyms.read(f"{key('k2')},{key('k1')}")
NEW = Pseudonyms.read(key("k2"))


class Site:
    """A service with a store in memory, called by one EHR."""

    def __init__(self, store: Store, pseudonyms: Pseudonyms | None = OLD, **chosen: object) -> None:
        self.clock = FixedClock()
        self.store = store
        self.memory = Memory(store, pseudonyms, patience_s=5, **chosen)  # type: ignore[arg-type] # any of its settings
        self.service: Service = world.service(clock=self.clock, memory=self.memory)

    async def called(self, **changes: Any) -> Answered:  # noqa: ANN401 - any part of a call
        sent = changes.pop("the_prefetch", None)
        return await answer(call(sent, **{"caller": EHR, "server": SERVER, **changes}), self.service)

    async def topics(self, **changes: Any) -> list[str]:  # noqa: ANN401 - any part of a call
        return [each.source.topic.code for each in (await self.called(**changes)).cards if each.source.topic]

    async def dismisses(self, reason: str | None = None, **changes: Any) -> Recorded:  # noqa: ANN401 - any part of a call
        answered = await self.called(**changes)
        said = [Feedback(each.uuid, "overridden", self.clock.moment, reason) for each in answered.cards]
        return await self.memory.hear(said, "ehr", self.clock.moment)


@pytest.fixture
def store() -> Iterator[Store]:
    opened = Store.open("sqlite://")
    yield opened
    opened.close()


@pytest.fixture
def site(store: Store) -> Site:
    return Site(store)


NEC = "NCT00000001"


async def test_every_card_is_known_before_it_leaves(site: Site) -> None:
    assert await site.dismisses("patient-refuses") == Recorded(new=1)


async def test_a_dismissed_trial_is_not_told_again_until_its_period_ends(site: Site) -> None:
    assert await site.topics() == [NEC]
    await site.dismisses("patient-refuses")
    answered = await site.called()
    assert answered.cards == ()
    assert answered.quieted == {NEC}
    assert answered.verdicts[0].trial.nct_id == NEC, "the screen goes on"
    site.clock.moment = NOW + 364 * DAY
    assert NEC not in await site.topics()
    site.clock.moment = NOW + 365 * DAY
    assert (await site.called()).quieted == frozenset()


async def test_what_one_clinician_has_no_time_for_another_sees(site: Site) -> None:
    await site.dismisses("limited-time")
    assert await site.topics() == []
    assert await site.topics(viewer="Practitioner/8") == [NEC]
    site.clock.moment = NOW + DAY
    assert await site.topics() == [NEC]


async def test_what_the_patient_refused_is_quiet_for_all(site: Site) -> None:
    await site.dismisses("patient-refuses")
    assert await site.topics(viewer="Practitioner/8") == []


NEWER = world.result("platelets", 190, "10*9/L", 9, on="2026-06-14")
NEWS = prefetch(laboratory=searchset(*world.RESULTS, NEWER))


@pytest.mark.parametrize(
    ("reason", "told"), [("patient-ineligible", [NEC]), (None, [NEC]), ("patient-refuses", []), ("limited-time", [])]
)
async def test_news_end_the_quiet_where_the_reason_says_so(site: Site, reason: str | None, told: list[str]) -> None:
    await site.dismisses(reason)
    assert await site.topics() == []
    assert await site.topics(the_prefetch=NEWS) == told


async def test_entries_that_change_no_finding_are_no_news(site: Site) -> None:
    await site.dismisses("patient-ineligible")
    older = world.result("platelets", 300, "10*9/L", 9, on="2020-01-01")
    sent = prefetch(laboratory=searchset(*reversed(world.RESULTS), older), patient=patient(birthDate="1959-03-01"))
    assert await site.topics(the_prefetch=sent) == []


def other_patient() -> world.Json:
    results = [{**each, "subject": world.about("pat-2")} for each in world.RESULTS]
    return prefetch(
        patient=patient("pat-2"),
        conditions=searchset(world.condition("nec-of-pancreas", patient_id="pat-2")),
        laboratory=searchset(*results),
    )


ELSEWHERE: dict[str, dict[str, Any]] = {
    "another patient": {"patient_id": "pat-2", "the_prefetch": other_patient()},
    "the same id on another server": {"server": "https://other.example.org/r4"},
    "the same id from another issuer": {"caller": replace(EHR, issuer="https://other.example.org")},
    "the same id of another tenant": {"caller": replace(EHR, tenant="south")},
}


@pytest.mark.parametrize("name", ELSEWHERE)
async def test_a_dismissal_never_quiets_a_trial_for_another_patient(site: Site, name: str) -> None:
    await site.dismisses("patient-refuses")
    assert await site.topics(**ELSEWHERE[name]) == [NEC]
    assert await site.topics() == []


async def test_ids_from_nowhere_are_not_remembered(site: Site) -> None:
    await site.dismisses("patient-refuses", caller=ANONYMOUS, server=None)
    assert await site.topics(caller=ANONYMOUS, server=None) == [NEC]


async def test_a_caller_without_an_issuer_is_known_by_its_name(site: Site) -> None:
    named = replace(ANONYMOUS, id="ehr")
    await site.dismisses("patient-refuses", caller=named, server=None)
    assert await site.topics(caller=named, server=None) == []


async def test_a_replaced_key_still_finds_what_was_dismissed_and_a_lost_one_does_not(store: Store) -> None:
    await Site(store, OLD).dismisses("patient-ineligible")
    assert await Site(store, BOTH).topics() == []
    assert await Site(store, BOTH).topics(the_prefetch=NEWS) == [NEC]
    assert await Site(store, NEW).topics() == [NEC]


async def test_without_keys_nothing_is_quiet_and_feedback_still_counts(store: Store) -> None:
    site = Site(store, None)
    assert await site.dismisses("patient-refuses") == Recorded(new=1)
    assert await site.topics() == [NEC]
    (summary,) = await store.summary()
    assert (summary.nct_id, summary.told, summary.overridden) == (NEC, 2, 1)


async def test_a_card_of_several_trials_is_dismissed_as_what_it_is(site: Site) -> None:
    sparse = prefetch(conditions=...)
    (topic,) = await site.topics(the_prefetch=sparse)
    assert not topic.startswith("NCT")
    await site.dismisses("need-more-info", the_prefetch=sparse)
    assert await site.topics(the_prefetch=sparse) == []
    assert await site.topics() == [NEC], "a trial that now deserves a card of its own is told"


async def test_the_cards_that_are_told_say_how_many_are_not(site: Site) -> None:
    await site.dismisses("patient-refuses")
    plan = world.PLAN
    twin = replace(world.NEC, nct_id="NCT00000077", criteria=world.NEC.criteria[:2], complete=False)
    site.service = replace(site.service, plan=type(plan).of((*plan.trials, twin), plan.vocabulary))
    answered = await site.called()
    assert [each.detail.count("Not shown, as dismissed or told before: 1 trial.") for each in answered.cards] == [1]


async def test_a_trial_that_does_not_fit_any_more_is_not_counted_as_quiet(site: Site) -> None:
    await site.dismisses("patient-refuses")
    infarction = world.condition("myocardial-infarction", 2)
    answered = await site.called(the_prefetch=prefetch(conditions=searchset(world.CANCER, infarction)))
    assert (answered.verdicts[0].standing, answered.quieted) == (Standing.DOES_NOT_FIT, frozenset())


async def test_the_cool_down_is_for_one_viewer_one_patient_and_the_same_findings(store: Store) -> None:
    site = Site(store, cool_down=dt.timedelta(hours=8))
    assert await site.topics() == [NEC]
    assert await site.topics() == []
    assert await site.topics(viewer="Practitioner/8") == [NEC]
    assert await site.topics(**ELSEWHERE["another patient"]) == [NEC]
    assert await site.topics(the_prefetch=NEWS) == [NEC]
    site.clock.moment = NOW + dt.timedelta(hours=8, seconds=1)
    assert await site.topics() == [NEC]


async def test_without_a_cool_down_a_trial_is_told_at_every_call(site: Site) -> None:
    assert [await site.topics() for _ in range(3)] == [[NEC]] * 3


ORDER = {
    "resourceType": "MedicationRequest",
    "id": "d1",
    "status": "draft",
    "intent": "order",
    "subject": world.about(),
    "medicationCodeableConcept": world.code("itraconazole"),
}
ORDERING: dict[str, Any] = {"hook": ORDER_SIGN, "draft_orders": (ORDER,)}


@pytest.mark.parametrize(("reason", "warnings"), [("limited-time", 1), (None, 1), ("patient-refuses", 0)])
async def test_an_order_that_would_close_a_dismissed_trial(store: Store, reason: str | None, warnings: int) -> None:
    """That a clinician had no time for a trial is no reason not to warn; that the patient refused it is one."""
    site = Site(store, cool_down=DAY)
    assert len((await site.called(**ORDERING)).cards) == 1
    await site.dismisses(reason)
    assert await site.topics() == []
    assert len((await site.called(**ORDERING)).cards) == warnings


@pytest.mark.parametrize(
    ("reason", "told"), [("patient-refuses", []), ("patient-ineligible", []), ("limited-time", [NEC]), (None, [NEC])]
)
async def test_a_reason_given_to_the_warning_of_an_order_is_one_about_its_trial(
    site: Site, reason: str | None, told: list[str]
) -> None:
    await site.dismisses(reason, **ORDERING)
    assert await site.topics() == told
    assert await site.topics(**ORDERING) == [f"closes{each}" for each in told]
    answered = await site.called()
    assert answered.quieted == ({NEC} if not told else frozenset())
    if reason != "patient-refuses":
        assert await site.topics(the_prefetch=NEWS) == [NEC]


def test_the_warning_of_an_order_stands_on_the_findings_of_its_trial_alone() -> None:
    own, other = (
        CriterionFinding(Criterion(name, "", CONSENT), Finding(CONSENT, Truth.UNKNOWN, cause=Cause.JUDGEMENT))
        for name in ("own", "other")
    )
    grounds = Grounds({NEC: (own,), "NCT00000009": (other,)}, frozenset())
    alone, together = material((own,)), material((own, other))
    for _ in ("first", "again"):
        told = [grounds.on(topic) for topic in (NEC, f"closes{NEC}", "closesMoreTrials")]
        assert told == [alone, alone, together]


async def test_a_warning_that_was_just_told_is_no_trial_that_was_left_out(store: Store) -> None:
    site = Site(store, cool_down=DAY)
    assert await site.topics(**ORDERING) == [f"closes{NEC}"]
    answered = await site.called()
    assert (len(answered.cards), answered.quieted) == (1, frozenset())


@pytest.mark.parametrize("reason", ["patient-refuses", "action-completed", "need-more-info", None])
async def test_a_card_of_no_one_trial_is_quiet_for_one_reader_and_a_week_at_most(
    site: Site, reason: str | None
) -> None:
    """Nobody can refuse, for everyone and a year, to hear that a record could not be read."""
    sparse = prefetch(conditions=...)
    await site.dismisses(reason, the_prefetch=sparse)
    assert await site.topics(the_prefetch=sparse) == []
    assert await site.topics(the_prefetch=sparse, viewer="Practitioner/8") != []
    site.clock.moment = NOW + 7 * DAY
    assert await site.topics(the_prefetch=sparse) != []


async def test_a_trial_that_takes_no_patients_any_more_is_not_counted_as_quiet(site: Site) -> None:
    await site.dismisses("patient-refuses")
    plan = world.PLAN
    closed = replace(world.NEC, status="COMPLETED")
    site.service = replace(site.service, plan=type(plan).of((closed, world.LUNG), plan.vocabulary))
    assert (await site.called()).quieted == frozenset()


async def test_a_trial_that_the_site_does_not_tell_of_is_not_counted_as_quiet(site: Site) -> None:
    await site.dismisses("patient-refuses")
    site.service = replace(site.service, statuses=frozenset({"AVAILABLE"}))
    assert (await site.called()).quieted == frozenset()


async def test_a_wrong_reason_is_mended_by_the_right_one(site: Site) -> None:
    (card,) = (await site.called()).cards
    for minute, reason in enumerate(("patient-refuses", "limited-time")):
        moment = NOW + dt.timedelta(minutes=minute)
        await site.memory.hear([Feedback(card.uuid, "overridden", moment, reason)], "ehr", moment)
    assert await site.topics() == []
    assert await site.topics(viewer="Practitioner/8") == [NEC]


async def test_feedback_of_another_caller_quiets_nothing(site: Site) -> None:
    (card,) = (await site.called()).cards
    said = Feedback(card.uuid, "overridden", NOW, "patient-refuses")
    assert await site.memory.hear([said], "other", NOW) == Recorded(new=1, orphaned=1)
    assert await site.topics() == [NEC]


async def test_what_cannot_be_a_card_is_an_orphan_that_is_not_kept(site: Site) -> None:
    assert await site.memory.hear([Feedback(None, "overridden", NOW)], "ehr", NOW) == Recorded(orphaned=1)


@pytest.mark.parametrize(("keeps", "kept"), [(False, None), (True, "Mrs Canary")])
async def test_comments_are_kept_only_where_the_site_says_so(keeps: bool, kept: str | None) -> None:  # noqa: FBT001
    ledger = Broken(None)
    memory = Memory(ledger, keep_comments=keeps)
    await memory.hear([Feedback("card", "overridden", NOW, "other", "Mrs Canary")], "ehr", NOW)
    (given,) = ledger.given
    assert given.comment == kept
    assert (given.reason_system, given.reason_code) == (None, "other")


# ------------------------------------------------------------------------------------------------------ without a store


class Broken:
    """A ledger that fails, hangs or remembers what it was given."""

    def __init__(self, problem: Exception | None, wait_s: float = 0) -> None:
        self.problem = problem
        self.wait_s = wait_s
        self.given: list[Any] = []
        self.asked = 0

    async def _fail(self) -> None:
        self.asked += 1
        await asyncio.sleep(self.wait_s)
        if self.problem is not None:
            raise self.problem

    async def told(self, cards: Sequence[ToldCard]) -> None:
        await self._fail()
        self.given += cards

    async def record(self, feedback: Sequence[Any]) -> Recorded:
        await self._fail()
        self.given += feedback
        return Recorded(len(feedback))

    async def dismissals(self, patients: Sequence[str]) -> Sequence[Dismissal]:
        del patients
        await self._fail()
        return ()

    async def shown(self, patients: Sequence[str], viewers: Sequence[str], since: dt.datetime) -> Any:  # noqa: ANN401
        del patients, viewers, since
        await self._fail()
        return ()

    async def summary(self, *_: object) -> Any:  # noqa: ANN401
        await self._fail()
        return ()


@pytest.mark.parametrize("ledger", [Broken(StoreDown("down")), Broken(None, wait_s=30)], ids=["down", "hanging"])
async def test_a_store_that_fails_takes_no_cards_away(ledger: Broken) -> None:
    memory = Memory(ledger, OLD, cool_down=DAY, patience_s=0.05)
    answered = await answer(call(caller=EHR, server=SERVER), world.service(memory=memory))
    assert [each.source.topic.code for each in answered.cards if each.source.topic] == [NEC]
    assert answered.store_failures == ("dismissals", "told")
    with pytest.raises((StoreDown, TimeoutError)):
        await asyncio.wait_for(memory.hear([Feedback("card", "overridden", NOW)], "ehr", NOW), 0.1)


async def test_a_store_that_does_not_answer_is_left_alone_for_a_while() -> None:
    """One call has waited for it; the next ones do not wait in turn. Feedback is tried all the same."""
    ledger = Broken(StoreDown("down"))
    moment = [100.0]
    service = world.service(memory=Memory(ledger, OLD, circuit=Circuit(1, 5.0, lambda: moment[0])))
    for _ in range(3):
        answered = await answer(call(caller=EHR, server=SERVER), service)
        assert answered.store_failures == ("dismissals", "told")
        assert answered.cards
    assert ledger.asked == 1
    assert service.memory is not None
    with pytest.raises(StoreDown):
        await service.memory.hear([Feedback("card", "overridden", NOW)], "ehr", NOW)
    assert ledger.asked == 2
    ledger.problem = None
    moment[0] += 6
    assert (await answer(call(caller=EHR, server=SERVER), service)).store_failures == ()


async def test_calls_in_which_no_trial_is_relevant_ask_no_store() -> None:
    ledger = Broken(AssertionError())
    other = prefetch(conditions=searchset(world.condition("adenocarcinoma-of-colon")))
    memory = Memory(ledger, OLD, cool_down=DAY)
    answered = await answer(call(other, caller=EHR, server=SERVER), world.service(memory=memory))
    assert answered.cards == ()


async def test_nothing_that_is_kept_names_anyone() -> None:
    ledger = Broken(None)
    memory = Memory(ledger, BOTH)
    await answer(call(caller=EHR, server=SERVER), world.service(memory=memory))
    (kept,) = ledger.given
    assert [each.partition(":")[0] for each in (kept.patient, kept.viewer, kept.fingerprint)] == ["k2"] * 3
    assert not any(word in repr(kept) for word in (PATIENT_ID, "Practitioner", "Observation", "210"))
