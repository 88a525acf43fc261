"""What the store keeps and gives back, over SQLite and PostgreSQL alike."""

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from cds.errors import BadSetting, StoreDown
from cds.store.store import Store
from cds.store.values import Dismissal, Recorded, Shown, TrialSummary
from tests.store.given import DAY, HOUR, NOW, card, feedback, uuid

pytestmark = pytest.mark.anyio


async def test_a_dismissal_comes_back_with_what_its_card_was_told_on(store: Store) -> None:
    await store.told([card()])
    assert await store.dismissals(["k1:aa"]) == ()
    await store.record([feedback(reason_code="patient-refuses")])
    expected = Dismissal("NCT00000001", "k1:aa", "k1:bb", "patient-refuses", NOW + HOUR, "k1:cc")
    assert await store.dismissals(["k2:ff", "k1:aa"]) == (expected,)
    assert await store.dismissals(["k1:ab"]) == ()
    assert await store.dismissals([]) == ()


async def test_an_accepted_card_dismisses_nothing(store: Store) -> None:
    await store.told([card()])
    await store.record([feedback(outcome="accepted", accepted=(uuid(9),))])
    assert await store.dismissals(["k1:aa"]) == ()


REFUSED, IN_HASTE, UNREASONED = "patient-refuses", "limited-time", None


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ((REFUSED, IN_HASTE), [IN_HASTE]),
        ((IN_HASTE, REFUSED), [REFUSED]),
        ((REFUSED, UNREASONED), [REFUSED]),
        ((UNREASONED, IN_HASTE), [IN_HASTE]),
        ((REFUSED, "accepted"), []),
        (("accepted", IN_HASTE), [IN_HASTE]),
    ],
)
@pytest.mark.parametrize("late", [False, True])
async def test_of_what_was_said_to_one_card_the_last_counts(
    store: Store,
    said: tuple[str | None, ...],
    counts: list[str],
    late: bool,  # noqa: FBT001
) -> None:
    given = [
        feedback(outcome="accepted", accepted=(uuid(9),), at=NOW + hour * HOUR, received_at=NOW + DAY)
        if reason == "accepted"
        else feedback(reason_code=reason, at=NOW + hour * HOUR, received_at=NOW + DAY)
        for hour, reason in enumerate(said, start=1)
    ]
    await store.told([card()])
    await store.record(given[::-1] if late else given)
    assert [each.reason for each in await store.dismissals(["k1:aa"])] == counts


async def test_cards_of_nobody_known_are_nobodys(store: Store) -> None:
    await store.told([card(patient="", viewer="", fingerprint="")])
    await store.record([feedback()])
    assert await store.dismissals([""]) == ()
    assert await store.shown([""], [""], NOW - DAY) == ()


async def test_only_the_caller_that_was_told_a_card_can_dismiss_it(store: Store) -> None:
    await store.told([card()])
    assert await store.record([feedback(caller="other")]) == Recorded(new=1, orphaned=1)
    assert await store.dismissals(["k1:aa"]) == ()


async def test_a_moment_that_lies_ahead_does_not_lengthen_the_quiet(store: Store) -> None:
    await store.told([card()])
    await store.record([feedback(at=NOW + 3000 * DAY)])
    (dismissal,) = await store.dismissals(["k1:aa"])
    assert dismissal.at == NOW + HOUR


async def test_repeats_are_kept_once(store: Store) -> None:
    await store.told([card()])
    batch = [feedback(), feedback(), feedback(at=NOW + 2 * HOUR)]
    assert await store.record(batch) == Recorded(new=2, repeated=1)
    assert await store.record(batch) == Recorded(new=0, repeated=3)
    elsewhere = (NOW + HOUR).astimezone(dt.timezone(dt.timedelta(hours=5)))
    assert await store.record([feedback(at=elsewhere, received_at=NOW + DAY)]) == Recorded(repeated=1)


async def test_two_suggestions_accepted_at_once_are_two(store: Store) -> None:
    await store.told([card()])
    batch = [feedback(outcome="accepted", accepted=(uuid(number),)) for number in (7, 8)]
    assert await store.record(batch) == Recorded(new=2)


async def test_orphans_are_kept_and_counted_and_find_their_card_later(store: Store) -> None:
    assert await store.record([feedback(), feedback(2)]) == Recorded(new=2, orphaned=2)
    await store.told([card()])
    assert len(await store.dismissals(["k1:aa"])) == 1


async def test_an_empty_batch(store: Store) -> None:
    await store.told([])
    assert await store.record([]) == Recorded()


async def test_what_was_shown(store: Store) -> None:
    await store.told([card(), card(2, viewer="k1:other"), card(3, patient="k1:other"), card(4, told_at=NOW - DAY)])
    expected = Shown("NCT00000001", "k1:aa", "k1:bb", NOW, "k1:cc")
    assert await store.shown(["k1:aa"], ["k1:bb"], NOW) == (expected,)
    assert await store.shown(["k1:aa"], ["k1:bb"], NOW + dt.timedelta(microseconds=1)) == ()


async def test_each_card_counts_once_in_the_summary(store: Store) -> None:
    await store.told([card(number) for number in range(1, 6)])
    await store.told([card(6, nct_id="NCT00000002", caller="other"), card(7, told_at=NOW + 2 * DAY)])
    await store.record(
        [
            feedback(1, reason_code="limited-time"),
            feedback(1, at=NOW + 2 * HOUR, reason_code="patient-refuses"),
            feedback(2),
            feedback(3, at=NOW + 3 * HOUR),
            feedback(3, outcome="accepted", accepted=(uuid(9),)),
            feedback(99),
            feedback(4, caller="other"),
        ]
    )
    reasons = {"none": 1, "patient-refuses": 1}
    first = TrialSummary("NCT00000001", told=5, accepted=1, overridden=2, reasons=reasons, unanswered=2)
    second = TrialSummary("NCT00000002", told=1, unanswered=1)
    assert await store.summary(NOW, NOW + DAY) == (first, second)
    assert await store.summary(NOW, NOW + DAY, caller="other") == (second,)
    assert [each.told for each in await store.summary()] == [6, 1]
    assert await store.summary(topic="NCT00000002") == (second,)
    assert await store.summary(topic="NCT00000002", caller="ehr") == ()
    assert await store.summary(topic="NCT0000000") == ()
    assert await store.summary(until=NOW) == ()


async def test_a_token_id_is_used_once_per_issuer(store: Store) -> None:
    assert await store.first_use("https://ehr.example.org", "id-1", NOW + HOUR)
    assert not await store.first_use("https://ehr.example.org", "id-1", NOW + HOUR)
    assert await store.first_use("https://other.example.org", "id-1", NOW + HOUR)
    assert await store.first_use("https://ehr.example.org", "id-2", NOW + HOUR)


async def test_what_is_old_is_forgotten(store: Store) -> None:
    await store.told([card(1), card(2), card(3, told_at=NOW + 350 * DAY)])
    await store.record([feedback(1), feedback(2, at=NOW + 399 * DAY, received_at=NOW + 399 * DAY)])
    await store.first_use("issuer", "old", NOW + HOUR)
    await store.first_use("issuer", "new", NOW + 500 * DAY)
    assert await store.forget(NOW + 399 * DAY, 400 * DAY) == 1
    assert await store.forget(NOW + 401 * DAY, 400 * DAY) == 2
    (left,) = await store.summary()
    assert (left.told, left.overridden) == (2, 1)
    assert await store.first_use("issuer", "old", NOW + HOUR)
    assert not await store.first_use("issuer", "new", NOW + 500 * DAY)


async def test_it_is_ready(store: Store) -> None:
    assert await store.ready()


async def test_comments_and_accepted_ids_are_kept_as_given(store: Store, url: str) -> None:
    await store.record([feedback(outcome="accepted", accepted=("b", "a"), comment="Ä 'quoted' \u2028")])
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        row = connection.execute(text("SELECT comment, accepted, at FROM feedback")).one()
    engine.dispose()
    assert tuple(row) == ("Ä 'quoted' \u2028", '["a", "b"]', 1781517600123456)


# --------------------------------------------------------------------------------------------------- what cannot be had


@pytest.mark.parametrize("address", ["mysql://host/x", "no address", "sqlite+pysqlcipher:///x", "file:///x"])
def test_what_is_no_database_of_ours_is_refused(address: str) -> None:
    with pytest.raises(BadSetting, match=r"^CDS_STORE_URL: must be"):
        Store.open(address)


@pytest.mark.parametrize("address", ["sqlite:////nowhere/at/all/cards.sqlite3", "postgresql://host.invalid/x"])
async def test_a_database_that_cannot_be_reached_is_down_and_says_nothing_of_itself(address: str) -> None:
    broken = Store.open(address)
    assert not await broken.ready()
    with pytest.raises(StoreDown, match=r"^the store does not answer$"):
        await broken.record([feedback()])
    broken.close()


async def test_a_database_that_comes_back_is_used_again(tmp_path: Path) -> None:
    folder = tmp_path / "volume"
    late = Store.open(f"sqlite:///{folder / 'cards.sqlite3'}")
    assert not await late.ready()
    folder.mkdir()
    assert await late.ready()
    late.close()


async def test_in_memory_it_works_the_same() -> None:
    memory = Store.open("sqlite://")
    await memory.told([card()])
    assert await memory.record([feedback()]) == Recorded(new=1)
    assert len(await memory.dismissals(["k1:aa"])) == 1
    memory.close()
