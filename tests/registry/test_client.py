"""The registry's API: asked in its own words, patiently, and never for ever."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
import yaml

from cds.errors import NoSuchStudy, RegistryError
from cds.network import GuardedTransport
from cds.registry.client import Page, Patience, Registry, TokenRefused
from cds.registry.queries import Query, by_number, numbers, read_query
from cds.trials.filters import STATUSES
from tests.registry.fake import BASE, FakeRegistry, busy, nct, record

pytestmark = pytest.mark.anyio


class Waits:
    """Counts the seconds that would have been waited."""

    def __init__(self) -> None:
        self.told: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.told.append(seconds)


def registry(fake: FakeRegistry, waits: Waits | None = None, **changes: float) -> Registry:
    return Registry(fake.client(), f"{BASE}/", Patience(**changes), waits or Waits())  # type: ignore[arg-type] # numbers


async def pages(asked: Registry, query: Query, token: str | None = None) -> list[Page]:
    return [page async for page in asked.pages(query.asked(), token=token)]


async def test_a_search_comes_page_by_page_with_how_many_there_are() -> None:
    fake = FakeRegistry([record(number) for number in range(1, 6)], page_size=2)

    came = await pages(registry(fake), Query("glioma", "", ("RECRUITING", "AVAILABLE")))

    assert [len(page.studies) for page in came] == [2, 2, 1]
    assert [page.total for page in came] == [5, None, None]
    assert [page.token for page in came] == ["t2", "t4", None]
    first, second, _ = fake.asked
    assert first == {
        "query.cond": "glioma",
        "filter.overallStatus": "AVAILABLE|RECRUITING",
        "format": "json",
        "fields": "ProtocolSection",
        "pageSize": "200",
        "countTotal": "true",
    }
    assert second == {**{name: value for name, value in first.items() if name != "countTotal"}, "pageToken": "t2"}


async def test_a_search_goes_on_from_a_token() -> None:
    fake = FakeRegistry([record(number) for number in range(1, 6)], page_size=2)
    came = await pages(registry(fake), Query("glioma"), token="t4")
    assert [len(page.studies) for page in came] == [1]


async def test_a_token_that_is_not_taken_is_told_as_such() -> None:
    with pytest.raises(TokenRefused):
        await pages(registry(FakeRegistry([record(1)])), Query("glioma"), token="old")


async def test_pages_that_go_round_end() -> None:
    def round_and_round(request: httpx.Request) -> httpx.Response:
        del request
        return httpx.Response(200, json={"studies": [], "nextPageToken": "again"})

    fake = FakeRegistry(before=round_and_round)
    with pytest.raises(RegistryError, match="circle"):
        await pages(registry(fake), Query("glioma"))


async def test_a_page_may_be_empty_and_name_a_next_one() -> None:
    answers = [
        httpx.Response(200, json={"studies": [], "nextPageToken": "t0"}),
        httpx.Response(200, json={"studies": [record(1)]}),
    ]
    came = await pages(registry(FakeRegistry(before=lambda _: answers.pop(0))), Query("glioma"))
    assert [len(page.studies) for page in came] == [0, 1]


async def test_one_record_and_one_that_is_not_there() -> None:
    asked = registry(FakeRegistry([record(1)]))
    assert (await asked.study(nct(1))) == record(1)
    with pytest.raises(NoSuchStudy, match=r"^NCT00000002: the registry has no such study$"):
        await asked.study(nct(2))


async def test_a_number_that_leads_to_another_is_no_study_of_its_own() -> None:
    fake = FakeRegistry(before=busy([301], location="https://elsewhere.example.org/"))
    with pytest.raises(NoSuchStudy, match="under another number"):
        await registry(fake).study(nct(1))


async def test_so_does_one_that_has_moved_for_good() -> None:
    fake = FakeRegistry(before=busy([308], location="https://elsewhere.example.org/"))
    with pytest.raises(NoSuchStudy, match="under another number"):
        await registry(fake).study(nct(1))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        *((httpx.Response(status, headers={"location": "/sign-in"}), "points elsewhere") for status in (302, 303, 307)),
        (httpx.Response(404, text="\n<!DOCTYPE html><title>Not found</title>"), "no registry at this address"),
    ],
)
async def test_an_answer_that_is_not_the_registrys_makes_no_study_gone(answer: httpx.Response, told: str) -> None:
    with pytest.raises(RegistryError, match=told) as caught:
        await registry(FakeRegistry(before=lambda _: answer)).study(nct(1))
    assert not isinstance(caught.value, NoSuchStudy)


async def test_a_busy_registry_is_asked_again_when_it_says() -> None:
    waits = Waits()
    fake = FakeRegistry([record(1)], before=busy([429, 503, 500], retry_after="7"))
    assert (await registry(fake, waits).study(nct(1))) == record(1)
    assert waits.told == [7.0, 7.0, 7.0]


async def test_one_that_does_not_say_is_given_twice_as_long_each_time() -> None:
    waits = Waits()
    fake = FakeRegistry([record(1)], before=busy([502, 504, 429]))
    await registry(fake, waits).study(nct(1))
    assert waits.told == [1.0, 2.0, 4.0]


async def test_it_may_name_a_moment() -> None:
    waits = Waits()
    said = {"retry_after": "Thu, 26 Nov 2026 10:00:30 GMT", "date": "Thu, 26 Nov 2026 10:00:00 GMT"}
    await registry(FakeRegistry([record(1)], before=busy([429], **said)), waits).study(nct(1))
    assert waits.told == [30.0]


@pytest.mark.parametrize("said", ["3600", "99999999999999999999"])
async def test_who_would_have_to_wait_too_long_is_told(said: str) -> None:
    waits = Waits()
    with pytest.raises(RegistryError, match=r"answered 429: try again later"):
        await registry(FakeRegistry(before=busy([429], retry_after=said)), waits).study(nct(1))
    assert waits.told == []


async def test_patience_ends() -> None:
    waits = Waits()
    with pytest.raises(RegistryError, match=r"^the registry answered 503: try again later; what has come is kept$"):
        await registry(FakeRegistry(before=busy([503] * 9)), waits, tries=3).study(nct(1))
    assert waits.told == [1.0, 2.0]


async def test_a_connection_that_breaks_is_made_again() -> None:
    left = [httpx.ConnectError("x"), httpx.ReadError("x")]

    def broken(request: httpx.Request) -> None:
        if left:
            error = left.pop()
            error.request = request
            raise error

    assert (await registry(FakeRegistry([record(1)], before=broken)).study(nct(1))) == record(1)
    assert left == []


@pytest.mark.parametrize(
    "problem",
    [
        OSError("of the system"),
        TimeoutError(),
        httpx.DecodingError("not gzip"),
        httpx.StreamConsumed(),
        httpx.TooManyRedirects("x"),
        httpx.ProtocolError("x"),
    ],
)
async def test_however_it_fails_it_is_told_in_a_sentence(problem: Exception) -> None:
    def fails(request: httpx.Request) -> None:
        del request
        raise problem

    with pytest.raises(RegistryError, match=r"^the registry cannot be reached, or broke off: try again later"):
        await registry(FakeRegistry(before=fails), tries=2).study(nct(1))


async def test_an_address_that_is_none_is_not_asked_again() -> None:
    waits = Waits()
    async with FakeRegistry().client() as client:
        with pytest.raises(RegistryError, match="CDS_REGISTRY_URL is no address"):
            await Registry(client, "https://registry.example.org:1a/", pause=waits).study(nct(1))
    assert waits.told == []


@pytest.mark.parametrize("host", ["a..example", f"{'a' * 64}.example"])
async def test_a_name_that_can_be_none_is_told(host: str) -> None:
    async with httpx.AsyncClient(transport=GuardedTransport()) as client:
        with pytest.raises(RegistryError, match=r"^the registry cannot be reached"):
            await Registry(client, f"https://{host}/api/v2", Patience(tries=1), Waits()).study(nct(1))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (httpx.Response(400, text="x"), "does not understand"),
        (httpx.Response(403), "does not answer this machine"),
        (httpx.Response(404), "no registry at this address"),
        (httpx.Response(302, headers={"location": "/x"}), "points elsewhere"),
        (httpx.Response(200, text="<html>"), "not JSON"),
        (httpx.Response(200, text="[" * 5000), "not JSON"),
        (httpx.Response(200, json=[]), "something else"),
        (httpx.Response(200, json={"studies": {}}), "something else"),
        (httpx.Response(200, json={"studies": [], "nextPageToken": ""}), "no token"),
        (httpx.Response(200, json={"studies": [], "nextPageToken": "a\0b"}), "no token"),
        (httpx.Response(200, json={"studies": [], "nextPageToken": 7}), "no token"),
        (httpx.Response(200, headers={"content-encoding": "br"}, stream=httpx.ByteStream(b"x")), "packed"),
    ],
)
async def test_what_is_no_page_is_told_in_a_sentence(answer: httpx.Response, told: str) -> None:
    with pytest.raises(RegistryError, match=told):
        await pages(registry(FakeRegistry(before=lambda _: answer)), Query("glioma"))


async def test_more_than_is_taken_is_not_taken() -> None:
    fake = FakeRegistry([record(1, text="x" * 5000)])
    with pytest.raises(RegistryError, match="more than is taken"):
        await registry(fake, most_bytes=1000).study(nct(1))


async def test_a_registry_in_a_private_network_that_is_not_listed_is_not_asked() -> None:
    async def inside(host: str, port: int) -> tuple[str, ...]:
        del host, port
        return ("10.0.0.1",)

    async with httpx.AsyncClient(transport=GuardedTransport(look_up=inside)) as client:
        waits = Waits()
        with pytest.raises(RegistryError, match="CDS_PRIVATE_NETWORKS"):
            await Registry(client, BASE, pause=waits).study(nct(1))
    assert waits.told == []


def test_numbers_are_taken_in_any_writing_and_once() -> None:
    assert numbers([" nct00000001", "NCT00000001", "NCT00000002"]) == (nct(1), nct(2))


def test_many_numbers_are_asked_for_some_hundred_at_a_time() -> None:
    asked = [each["filter.ids"].split("|") for each in by_number([nct(number) for number in range(450)])]
    assert [len(each) for each in asked] == [200, 200, 50]


def test_a_search_is_the_same_in_whatever_order_its_statuses_are_named() -> None:
    one, other = Query("glioma", "nilumab", ("A", "B")), Query("glioma", "nilumab", ("B", "A"))
    assert (one.key, read_query(one.text).key) == (other.key, one.key)
    assert one.key != Query("glioma", "", ("A", "B")).key
    assert one.asked("2026-05-01")["filter.advanced"] == "AREA[LastUpdatePostDate]RANGE[2026-05-01,MAX]"
    assert "filter.advanced" not in one.asked("MIN,MAX] OR AREA[")
    assert str(one) == "glioma and nilumab (a, b)"


def test_everything_that_is_asked_stands_in_the_registrys_own_description(shared: Path) -> None:
    api = yaml.safe_load((shared / "data" / "ctgov-v2" / "ctg-oas-v2.yaml").read_text(encoding="utf-8"))
    search = {each["name"]: each for each in api["paths"]["/studies"]["get"]["parameters"]}
    single = {each["name"]: each for each in api["paths"]["/studies/{nctId}"]["get"]["parameters"]}
    ours = {*Query("a", "b", ("RECRUITING",)).asked("2026-01-01"), *next(iter(by_number([nct(1)])))}

    assert search.keys() >= ours | {"format", "fields", "pageSize", "pageToken", "countTotal"}
    assert single.keys() >= {"nctId", "format", "fields"}
    assert "json" in search["format"]["schema"]["enum"]
    assert set(STATUSES) == set(api["components"]["schemas"]["Status"]["enum"])
    page = api["components"]["schemas"]["PagedStudies"]["properties"]
    assert page.keys() == {"studies", "nextPageToken", "totalCount"}
    assert Patience().page_size <= 1000
