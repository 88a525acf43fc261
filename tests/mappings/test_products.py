"""RxNorm products as a terminology server tells them: whole and down to known ingredients, or unmapped."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import respx

from cds.core.codes import NAME, NDC, RXNORM, Code
from cds.core.vocabulary import Concept, ConceptKind, Meaning, Relation, Vocabulary
from cds.terms.descent import ServerTerminology
from cds.terms.products import RELATIONS
from cds.terms.server import Limits, TerminologyServer
from tests.mappings.snomed import BASE

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
Told = tuple[str, Mapping[str, Sequence[object]]]
"""A code's name and its properties; a value is a word (``valueCode``) or a whole part."""


def rx(value: str) -> Code:
    return Code(RXNORM, value)


INGREDIENTS = {"10": "ketoconazole", "11": "trifluridine", "12": "tipiracil", "13": "lutetium-dotatate"}
DRUGS = Vocabulary(
    concepts={
        name: Concept(name, ConceptKind.INGREDIENT, name) for name in (*INGREDIENTS.values(), "doubtful", "other")
    },
    exact={
        **{rx(value): (Meaning(name),) for value, name in INGREDIENTS.items()},
        rx("14"): (Meaning("lutetium-dotatate", Relation.BROAD), Meaning("other", Relation.BROAD)),
        rx("15"): (Meaning("doubtful", verified=False),),
        rx("16"): (Meaning("ketoconazole", Relation.NARROW),),
        **{Code(NAME, name): (Meaning(name),) for name in ("ketoconazole", "trifluridine", "tipiracil")},
        Code(NAME, "doubtful"): (Meaning("doubtful", verified=False),),
    },
    denied={rx("17"): frozenset({"ketoconazole"})},
)
KETOCONAZOLE = {
    "100": ("ketoconazole 200 MG Oral Tablet [Nizoral]", {"tradename_of": ["101"], "has_ingredient": ["110"]}),
    "101": ("ketoconazole 200 MG Oral Tablet", {"consists_of": ["102"], "isa": ["103"]}),
    "102": ("ketoconazole 200 MG", {"has_ingredient": ["10"]}),
    "103": ("ketoconazole Oral Tablet", {"has_ingredient": ["10"]}),
    "104": ("ketoconazole 20 MG/ML Topical Cream", {"consists_of": ["102"]}),
    "105": ("ketoconazole 20 MG/ML Medicated Shampoo [Nizoral]", {"tradename_of": ["104"]}),
    "106": ("", {"consists_of": ["102"]}),
    "110": ("Nizoral", {"tradename_of": ["10"]}),
}
LONSURF = {
    "200": ("tipiracil 6.14 MG / trifluridine 15 MG Oral Tablet", {"consists_of": ["201", "202"]}),
    "201": ("tipiracil 6.14 MG", {"has_ingredient": ["12"]}),
    "202": ("trifluridine 15 MG", {"has_ingredient": ["11"]}),
    "203": ("tipiracil / trifluridine Oral Tablet", {"has_ingredient": ["11", "12"]}),
    "204": ("tipiracil 6.14 MG / trifluridine 15 MG Oral Tablet", {"has_ingredients": ["205"]}),
    "205": ("tipiracil / trifluridine", {"has_part": ["11", "12"]}),
    "206": ("{20 (tipiracil 6.14 MG / trifluridine 15 MG Oral Tablet) / 8 (…) } Pack", {"contains": ["200", "101"]}),
    "210": ("tipiracil 6.14 MG / trifluridine 15 MG Oral Tablet", {"consists_of": ["201"]}),
    "211": ("strange 1 MG / trifluridine 15 MG Oral Tablet", {"consists_of": ["202", "299"]}),
    "212": ("trifluridine / unheard Oral Tablet", {"has_ingredient": ["11", "999"]}),
    "213": ("doubtful / trifluridine Oral Tablet", {"has_ingredient": ["11", "15"]}),
    "214": ("Lonsurf", {"tradename_of": ["11", "12"]}),
    "299": ("strange 1 MG", {"has_ingredient": ["298"]}),
    "298": ("strange", {}),
}
PRECISE = {
    "300": ("lutetium Lu 177 dotatate 10 MCI/ML Injection", {"consists_of": ["301"]}),
    "301": ("lutetium Lu 177 dotatate 10 MCI/ML", {"has_ingredient": ["14"], "has_precise_ingredient": ["13"]}),
    "302": ("lutetium 10 MCI/ML", {"has_ingredient": ["14"]}),
    "303": ("lutetium mixed", {"has_ingredient": ["14"], "has_precise_ingredient": ["13", "10"]}),
    "304": ("ketoconazole salt", {"form_of": ["10"]}),
    "305": ("product of a product", {"consists_of": ["16"]}),
    "306": ("of a look-alike", {"consists_of": ["17"]}),
}
ODD: Mapping[str, Told] = {
    "400": ("round A", {"consists_of": ["401"]}),
    "401": ("round B", {"tradename_of": ["400"]}),
    "402": ("itself", {"consists_of": ["402"]}),
    "403": ("names for codes", {"has_ingredient": ["ketoconazole"]}),
    "404": ("half of it names", {"has_ingredient": ["10", {"valueString": "trifluridine"}]}),
    "405": ("a flag", {"has_ingredient": [{"valueBoolean": True}]}),
    "406": (
        "of another system",
        {"has_ingredient": [{"valueCoding": {"system": "http://snomed.info/sct", "code": "10"}}]},
    ),
    "407": ("coded", {"Has-Ingredient": [{"valueCoding": {"system": RXNORM, "code": "10"}}]}),
    "408": ("in words", {"has ingredient": [{"valueString": "10"}]}),
    "409": ("nothing said of it", {}),
    "600": ("12 HR ketoconazole 200 MG Extended Release Oral Tablet [Nizoral]", {}),
    "601": ("tipiracil 6.14 MG / trifluridine 15 MG Oral Tablet", {"isa": ["10"]}),
    "602": ("strange 1 MG / trifluridine 15 MG Oral Tablet", {}),
    "603": ("ketoconazole 20 MG/ML Topical Cream", {}),
    "604": ("doubtful 20 MG Oral Tablet", {}),
    "605": ("ketoconazole tablets, 200 milligrams", {}),
    "410": ("other relations only", {"ingredient_of": ["10"], "isa": ["10"], "has_tradename": ["10"]}),
    "411": ("two generics", {"tradename_of": ["101", "200"]}),
    "420": ("a", {"consists_of": ["421"]}),
    "421": ("b", {"consists_of": ["422"]}),
    "422": ("c", {"consists_of": ["423"]}),
    "423": ("d", {"consists_of": ["424"]}),
    "424": ("e", {"consists_of": ["102"]}),
    "430": ("many", {"consists_of": [str(each) for each in range(500, 540)]}),
    **{str(each): ("one of many", {"has_ingredient": ["10"]}) for each in range(500, 540)},
}
RXNORM_TOLD: Mapping[str, Told] = {**KETOCONAZOLE, **LONSURF, **PRECISE, **ODD}


def told(name: str, properties: Mapping[str, Sequence[object]]) -> Json:
    """Give the answer of ``$lookup``: the name of the system always, that of the code where there is one."""
    parameters: list[Json] = [{"name": "name", "valueString": "RxNorm"}]
    parameters += [{"name": "display", "valueString": name}] if name else []
    for code, values in properties.items():
        for value in values:
            part = value if isinstance(value, dict) else {"valueCode": value}
            parts = [{"name": "code", "valueCode": code}, {"name": "value", **part}]
            parameters.append({"name": "property", "part": parts})
    return {"resourceType": "Parameters", "parameter": parameters}


@dataclass
class Fake:
    """A server that knows RxNorm as above; ``replies`` has it answer something else about one code."""

    replies: dict[str, httpx.Response] = field(default_factory=dict)
    wait_s: float = 0
    seen: list[httpx.Request] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        await asyncio.sleep(self.wait_s)
        value = request.url.params["code"]
        if value in self.replies:
            return self.replies[value]
        known = RXNORM_TOLD.get(value)
        missing = httpx.Response(404, json={"resourceType": "OperationOutcome"})
        return missing if known is None else httpx.Response(200, json=told(*known))


@dataclass
class World:
    fake: Fake
    client: httpx.AsyncClient
    deadline_s: float = 5

    def terminology(self) -> ServerTerminology:
        return ServerTerminology(TerminologyServer(self.client, BASE, limits=Limits()), self.deadline_s)

    async def mapped(self, *values: str) -> dict[str, list[str]]:
        found = await self.terminology().meanings([rx(value) for value in values], DRUGS)
        assert all(each.relation is Relation.NARROW and each.counts for several in found.values() for each in several)
        return {code.value: [each.concept for each in meanings] for code, meanings in found.items()}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    fake = Fake()
    async with respx.mock(assert_all_called=False) as router, httpx.AsyncClient() as client:
        router.route(host="tx.example.org").mock(side_effect=fake)
        yield World(fake, client)


@pytest.mark.parametrize("system", [RXNORM, NDC])
async def test_a_product_of_which_only_the_name_is_told_is_taken_at_its_name(world: World, system: str) -> None:
    codes = [Code(system, str(value)) for value in range(600, 607)]
    found = await world.terminology().meanings(codes, DRUGS)
    assert {code.value: [each.concept for each in meanings] for code, meanings in found.items()} == {
        "600": ["ketoconazole"],
        "601": ["tipiracil", "trifluridine"],
    }
    assert all(each.relation is Relation.NARROW for meanings in found.values() for each in meanings)


@pytest.mark.parametrize(
    ("value", "ingredients"),
    [
        ("100", ["ketoconazole"]),
        ("101", ["ketoconazole"]),
        ("102", ["ketoconazole"]),
        ("103", ["ketoconazole"]),
        ("110", ["ketoconazole"]),
        ("200", ["tipiracil", "trifluridine"]),
        ("203", ["tipiracil", "trifluridine"]),
        ("204", ["tipiracil", "trifluridine"]),
        ("205", ["tipiracil", "trifluridine"]),
        ("206", ["ketoconazole", "tipiracil", "trifluridine"]),
        ("300", ["lutetium-dotatate"]),
        ("304", ["ketoconazole"]),
        ("407", ["ketoconazole"]),
        ("408", ["ketoconazole"]),
    ],
)
async def test_a_product_reaches_every_ingredient(world: World, value: str, ingredients: list[str]) -> None:
    assert await world.mapped(value) == {value: ingredients}


@pytest.mark.parametrize("value", ["104", "105", "106"])
async def test_a_form_that_acts_where_it_is_put_or_that_is_not_told_is_not_mapped(world: World, value: str) -> None:
    assert await world.mapped(value) == {}


@pytest.mark.parametrize("value", ["210", "211", "212", "213"])
async def test_a_combination_of_which_a_part_is_not_told_or_not_known_is_not_mapped(world: World, value: str) -> None:
    assert await world.mapped(value) == {}


@pytest.mark.parametrize("value", ["214", "411"])
async def test_a_brand_of_several_substances_may_be_several_preparations(world: World, value: str) -> None:
    assert await world.mapped(value) == {}


@pytest.mark.parametrize("value", ["302", "303", "305", "306"])
async def test_only_a_code_that_is_the_ingredient_itself_counts(world: World, value: str) -> None:
    """Not lutetium, which is in two drugs; nor a row that is narrower, nor one that says what a code is not."""
    assert await world.mapped(value) == {}


@pytest.mark.parametrize("value", ["403", "404", "405", "406", "409", "410", "777", "not-a-code", ""])
async def test_what_is_not_told_in_codes_is_not_mapped(world: World, value: str) -> None:
    assert await world.mapped(value) == {}


@pytest.mark.parametrize("value", ["400", "402"])
async def test_a_circle_ends(world: World, value: str) -> None:
    assert await world.mapped(value) == {}
    assert len(world.fake.seen) <= 2


async def test_neither_too_far_nor_too_much_is_asked(world: World) -> None:
    assert await world.mapped("421") == {"421": ["ketoconazole"]}
    assert await world.mapped("420") == {}
    world.fake.seen.clear()
    assert await world.mapped("430") == {}
    assert len(world.fake.seen) == 24


REPLIES = [
    httpx.Response(404),
    httpx.Response(501),
    httpx.Response(500),
    httpx.Response(200, json={"resourceType": "OperationOutcome"}),
    httpx.Response(200, json={"resourceType": "Parameters", "parameter": "all of it"}),
    httpx.Response(200, json={"resourceType": "Parameters", "parameter": [{"name": "property", "part": 3}]}),
    httpx.Response(200, text="<html>Sign in</html>"),
    httpx.Response(302, headers={"location": "https://evil.example/"}),
]


@pytest.mark.parametrize("reply", range(len(REPLIES)))
@pytest.mark.parametrize("broken", ["100", "101", "102"])
async def test_a_failure_on_the_way_leaves_it_unmapped(world: World, broken: str, reply: int) -> None:
    world.fake.replies[broken] = REPLIES[reply]
    assert await world.mapped("100") == {}
    assert {request.url.host for request in world.fake.seen} == {"tx.example.org"}


async def test_a_slow_server_costs_its_deadline_and_no_more(world: World) -> None:
    world.fake.wait_s, world.deadline_s = 60, 0.1
    began = time.perf_counter()
    assert await world.mapped("100", "200") == {}
    assert time.perf_counter() - began < 2


async def test_products_share_what_was_answered_and_the_next_call_asks_nothing(world: World) -> None:
    terminology = world.terminology()
    codes = [rx("100"), rx("101"), rx("200")]
    first = await terminology.meanings(codes, DRUGS)
    asked = len(world.fake.seen)
    assert await terminology.meanings(codes, DRUGS) == first
    assert len(world.fake.seen) == asked
    assert set(first) == set(codes)


async def test_nothing_but_system_code_and_properties_is_sent(world: World) -> None:
    await world.mapped("100")
    for request in world.fake.seen:
        assert request.url.path.endswith("/CodeSystem/$lookup")
        assert set(request.url.params) == {"system", "code", "property"}
        assert request.url.params["system"] == RXNORM
        assert tuple(request.url.params.get_list("property")) == RELATIONS
    assert [request.url.params["code"] for request in world.fake.seen] == ["100", "101", "102"]
