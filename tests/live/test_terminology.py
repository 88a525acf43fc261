"""The terminology client against a real server: what it is told it understands, and what fails maps nothing."""

import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from cds.core.codes import LOINC, RXNORM, SNOMED, Code, Coded
from cds.core.vocabulary import Meaning, Relation
from cds.terms.descent import ServerTerminology
from cds.terms.server import Limits, TerminologyServer, Visit
from tests.live.hapi import Hapi
from tests.live.terminology import (
    ASIDE,
    BASE,
    BELOW,
    FURTHER,
    HALF_TOLD,
    KNOWN,
    PRODUCT,
    ROOT,
    UNKNOWN,
    UNTOLD,
    codes_in,
)
from tests.shipped import vocabulary

pytestmark = [pytest.mark.anyio, pytest.mark.live]


def snomed(value: str) -> Code:
    return Code(SNOMED, value)


@dataclass
class Site:
    hapi: Hapi
    client: httpx.AsyncClient

    def server(self, base: str = "") -> TerminologyServer:
        return TerminologyServer(self.client, base or self.hapi.base, limits=Limits(failures=2))

    async def meanings(self, *codes: Code, base: str = "", deadline_s: float = 60) -> dict[Code, tuple[Meaning, ...]]:
        asking = ServerTerminology(self.server(base), deadline_s)
        return dict(await asking.meanings(codes, vocabulary()))


@pytest.fixture
async def site(code_systems: Hapi) -> AsyncIterator[Site]:
    async with httpx.AsyncClient(trust_env=False, timeout=None) as client:  # noqa: S113 - each call has a deadline
        yield Site(code_systems, client)


def visit_of(server: TerminologyServer, deadline_s: float = 60) -> Visit:
    visit = server.begin(deadline_s)
    assert visit is not None
    return visit


async def test_whether_it_holds_a_code(site: Site) -> None:
    server = site.server()
    visit = visit_of(server)
    assert await server.validate_code(snomed(KNOWN), visit) is True
    assert await server.validate_code(snomed(UNKNOWN), visit) is False
    assert await server.validate_code(Code(LOINC, "1-8"), visit) is False  # not one code of this system is loaded
    assert not visit.broken


async def test_what_stands_right_above(site: Site) -> None:
    server = site.server()
    visit = visit_of(server)
    assert await server.parents(snomed(FURTHER), visit) == frozenset({snomed(BELOW)})
    assert await server.parents(snomed(ROOT), visit) == frozenset()
    assert await server.parents(snomed(UNKNOWN), visit) is None
    assert not visit.broken


async def test_what_subsumes(site: Site) -> None:
    server = site.server()
    visit = visit_of(server)
    assert await server.subsumes(snomed(KNOWN), snomed(FURTHER), visit) is True
    assert await server.subsumes(snomed(FURTHER), snomed(KNOWN), visit) is False
    assert await server.subsumes(snomed(ASIDE), snomed(FURTHER), visit) is False
    assert await server.subsumes(snomed(KNOWN), snomed(KNOWN), visit) is True
    assert await server.subsumes(snomed(KNOWN), snomed(UNKNOWN), visit) is None
    assert not visit.broken


@pytest.mark.usefixtures("exported")
async def test_a_value_set_is_told_whole_or_not_at_all(site: Site) -> None:
    server = site.server()
    url = f"{BASE}/ValueSet/platinum"
    whole = await server.expand(url, visit_of(server), at_most=1000)
    assert whole == codes_in(site.hapi.ask("ValueSet/$expand", url=url))
    assert len(whole) > 5
    assert await server.expand(url, visit_of(server), at_most=3) is None


@pytest.mark.usefixtures("exported")
async def test_as_many_as_were_asked_for_may_be_not_all(site: Site) -> None:
    """Of a set whose code system it does not hold, HAPI does not say how many codes there are."""
    server = site.server()
    url = f"{BASE}/ValueSet/platelets"
    plain = site.hapi.ask("ValueSet/$expand", url=url)
    assert "total" not in plain["expansion"]
    number = len(codes_in(plain))
    assert await server.expand(url, visit_of(server), at_most=number + 1) == codes_in(plain)
    assert await server.expand(url, visit_of(server), at_most=number) is None


async def test_a_value_set_that_it_does_not_hold_is_not_told(site: Site) -> None:
    """HAPI does not read SNOMED CT's expressions either: then the way up goes from parent to parent."""
    server = site.server()
    visit = visit_of(server)
    assert await server.expand(f"{BASE}/ValueSet/nothing", visit, at_most=100) is None
    assert await server.expand(f"{SNOMED}?fhir_vs=ecl/>{FURTHER}", visit, at_most=100) is None
    assert not visit.broken


@pytest.mark.parametrize("value", [BELOW, FURTHER])
async def test_a_code_below_one_of_the_tables_is_understood(site: Site, value: str) -> None:
    """KNOWN is a neuroendocrine carcinoma, so what stands below it is one too."""
    own = {each.concept for each in vocabulary().meanings(Coded((snomed(KNOWN),))) if each.counts}
    found = await site.meanings(snomed(value))
    assert {each.concept for each in found[snomed(value)]} == own
    assert "neuroendocrine-carcinoma" in own
    assert {each.relation for each in found[snomed(value)]} == {Relation.NARROW}


@pytest.mark.parametrize("value", [ASIDE, UNTOLD, UNKNOWN])
async def test_a_code_of_which_the_server_is_not_at_one_with_itself_is_not(site: Site, value: str) -> None:
    """It names a parent that does not subsume it; stands below one that it does not name; is not there at all."""
    assert await site.meanings(snomed(value)) == {}


async def test_a_product_is_followed_to_its_ingredient(site: Site) -> None:
    product, half_told = Code(RXNORM, PRODUCT), Code(RXNORM, HALF_TOLD)
    found = await site.meanings(product, half_told)
    assert found == {product: (Meaning("carboplatin", Relation.NARROW),)}


# ---------------------------------------------------------------------------------------------------------- failure


async def test_where_nobody_listens_nothing_is_mapped_and_nobody_is_asked_for_a_while(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gone = f"http://127.0.0.1:{taken.getsockname()[1]}/fhir"
    asking = ServerTerminology(site.server(gone), deadline_s=5)
    assert [await asking.meanings((snomed(BELOW),), vocabulary()) for _ in range(2)] == [{}, {}]
    assert asking.server.begin(5) is None
    assert await site.meanings(snomed(BELOW)) != {}  # the same question where somebody does


async def test_a_server_that_hangs_costs_its_deadline_and_no_more(site: Site) -> None:
    with site.hapi.frozen():
        began = time.monotonic()
        assert await site.meanings(snomed(BELOW), deadline_s=0.5) == {}
        assert time.monotonic() - began < 2
    assert await site.meanings(snomed(BELOW)) != {}


async def test_a_server_that_falls_silent_midway_maps_nothing(site: Site) -> None:
    """What it answered before is no ground to guess the rest."""
    server = site.server()
    visit = visit_of(server, 0.5)
    assert await server.validate_code(snomed(BELOW), visit) is True
    with site.hapi.frozen():
        asking = ServerTerminology(server, deadline_s=0.5)
        assert await asking.meanings((snomed(BELOW),), vocabulary()) == {}
