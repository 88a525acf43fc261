"""A call with a terminology server: codes below those of the tables are understood; a failure leaves them unknown."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
import respx

from cds.app import create_app
from cds.assessment import Question, assess, assess_asking
from cds.core.codes import SNOMED
from cds.core.plan import Plan
from cds.core.truth import Truth
from cds.core.vocabulary import Meaning, Relation
from cds.fhir.names import KIND_OF
from cds.service import Answered, Service, answer
from cds.settings import Settings
from cds.terms.descent import ServerTerminology
from cds.terms.server import Limits, TerminologyServer
from tests.core.builders import VOCABULARY
from tests.mappings.snomed import BASE, ROOT, Server, code
from tests.service import world
from tests.service.world import LUNG, NEC, PATIENT_ID, call, prefetch, searchset
from tests.shipped import read_once

pytestmark = pytest.mark.anyio
NEOPLASM, NEC_OF_PANCREAS, RARE_NEC, NEPHRITIS, BROAD, BELOW_BROAD, DENIED, BOTH, BETWEEN = (
    "100014",
    "100022",
    "100033",
    "100046",
    "100051",
    "100067",
    "100079",
    "100080",
    "100098",
)
TREE = {
    ROOT: (),
    NEOPLASM: (ROOT,),
    BETWEEN: (NEOPLASM,),
    NEC_OF_PANCREAS: (BETWEEN,),
    RARE_NEC: (NEC_OF_PANCREAS,),
    NEPHRITIS: (ROOT,),
    BROAD: (NEOPLASM,),
    BELOW_BROAD: (BROAD,),
    DENIED: (ROOT,),
    BOTH: (NEC_OF_PANCREAS, DENIED),
}
TABLES = replace(
    VOCABULARY,
    exact={
        **VOCABULARY.exact,
        code(NEOPLASM): (Meaning("unspecified-behaviour"),),
        code(NEC_OF_PANCREAS): tuple(map(Meaning, ("neuroendocrine-carcinoma", "malignant", "pancreas"))),
        code(BROAD): (Meaning("neuroendocrine-carcinoma", Relation.BROAD), Meaning("malignant", Relation.BROAD)),
    },
    denied={code(DENIED): frozenset({"neuroendocrine-neoplasm"})},
)
PLAN = Plan.of((NEC, LUNG), TABLES)


@dataclass
class Site:
    fake: Server
    client: httpx.AsyncClient
    limits: Limits
    deadline_s: float = 5
    most: int = 200

    def service(self, *, asks: bool = True) -> Service:
        server = TerminologyServer(self.client, BASE, limits=self.limits)
        terminology = ServerTerminology(server, self.deadline_s, self.most) if asks else None
        return world.service(plan=PLAN, terminology=terminology)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    fake = Server(TREE)
    async with respx.mock(assert_all_called=False) as router, httpx.AsyncClient() as client:
        router.route(host="tx.example.org").mock(side_effect=fake)
        yield Site(fake, client, Limits())


def problem(value: str, number: int = 1) -> world.Json:
    return {**world.condition("x", number), "code": {"coding": [{"system": SNOMED, "code": value}]}}


async def told(service: Service, *values: str) -> Answered:
    problems = searchset(*(problem(value, number) for number, value in enumerate(values)))
    return await answer(call(prefetch(conditions=problems)), service)


def disease(answered: Answered) -> Truth:
    verdict = next(each for each in answered.verdicts if each.trial.nct_id == NEC.nct_id)
    return next(each.finding.truth for each in verdict.findings if each.criterion.id == "disease")


async def test_a_code_below_one_of_the_tables_is_understood(site: Site) -> None:
    assert disease(await told(site.service(), RARE_NEC)) is Truth.MET
    assert disease(await told(site.service(asks=False), RARE_NEC)) is not Truth.MET


async def test_from_parent_to_parent_where_no_expression_is_understood(site: Site) -> None:
    site.fake.understands_ecl = False
    assert disease(await told(site.service(), RARE_NEC)) is Truth.MET


@pytest.mark.parametrize("value", [NEPHRITIS, BETWEEN, BELOW_BROAD, BOTH, "1000101"])
async def test_a_code_that_only_looks_so_is_not(site: Site, value: str) -> None:
    """Of another branch; above it; below one that is too general; below a look-alike too; not in the server at all."""
    assert disease(await told(site.service(), value)) is not Truth.MET


BROKEN, REFUSED, UNREADABLE = (
    httpx.Response(500),
    httpx.Response(404),
    httpx.Response(200, json={"resourceType": "OperationOutcome"}),
)
FAILURES = [
    (operation, ecl, reply)
    for operation, ecls in (("$validate-code", (True, False)), ("$subsumes", (True, False)), ("$lookup", (False,)))
    for ecl in ecls
    for reply in (BROKEN, REFUSED, UNREADABLE)
]


@pytest.mark.parametrize(("operation", "ecl", "reply"), [*FAILURES, ("$expand", True, BROKEN)])
async def test_a_failure_leaves_all_as_without_a_server(
    site: Site,
    operation: str,
    ecl: bool,  # noqa: FBT001 - a column of the table
    reply: httpx.Response,
) -> None:
    site.fake.understands_ecl = ecl
    site.fake.replies[operation] = reply
    asked, alone = await told(site.service(), RARE_NEC), await told(site.service(asks=False), RARE_NEC)
    assert site.fake.asked(operation) > 0
    assert asked == alone


async def test_above_must_be_told_up_to_the_root(site: Site) -> None:
    site.fake.tree = {**TREE, NEOPLASM: ()}
    for ecl in (True, False):
        site.fake.understands_ecl = ecl
        assert disease(await told(site.service(), RARE_NEC)) is not Truth.MET


async def test_what_is_expanded_is_held_against_what_subsumes(site: Site) -> None:
    site.fake.replies["$subsumes"] = httpx.Response(
        200,
        json={"resourceType": "Parameters", "parameter": [{"name": "outcome", "valueCode": "not-subsumed"}]},
    )
    assert disease(await told(site.service(), RARE_NEC)) is not Truth.MET


async def test_a_server_that_hangs_costs_its_deadline_and_no_more(site: Site) -> None:
    site.fake.wait_s, site.deadline_s = 60, 0.1
    assert disease(await told(site.service(), RARE_NEC)) is not Truth.MET


async def test_the_second_call_asks_nothing_anew(site: Site) -> None:
    service = site.service()
    first = await told(service, RARE_NEC)
    asked = site.fake.asked()
    assert (await told(service, RARE_NEC)).verdicts == first.verdicts
    assert site.fake.asked() == asked > 0


async def test_only_so_many_codes_are_asked_about(site: Site) -> None:
    site.most = 1
    assert disease(await told(site.service(), RARE_NEC, "100005")) is not Truth.MET
    assert {each.url.params["code"] for each in site.fake.seen} == {"100005"}
    site.most = 2
    assert disease(await told(site.service(), RARE_NEC, "100005")) is Truth.MET


async def test_codes_the_tables_hold_are_not_asked_about(site: Site) -> None:
    assert disease(await told(site.service(), NEC_OF_PANCREAS, DENIED)) is Truth.MET
    assert site.fake.seen == []


async def test_nothing_but_code_and_system_is_sent_and_only_counts_are_logged(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await told(site.service(), RARE_NEC, NEPHRITIS)
    keys = {key for request in site.fake.seen for key in request.url.params}
    assert keys == {"url", "code", "system", "codeA", "codeB", "count"}
    assert not any(PATIENT_ID in str(request.url) or request.content for request in site.fake.seen)
    logged: list[Any] = [vars(each)["fields"] for each in caplog.records if each.getMessage() == "terminology"]
    assert logged == [
        {"codes": 2, "mapped": 1, "asked": site.fake.asked(), "remembered": logged[0]["remembered"], "failed": False}
    ]
    assert not any(RARE_NEC in each.getMessage() for each in caplog.records)


async def test_a_bundle_and_a_hook_call_are_understood_alike(site: Site) -> None:
    bundle = world.collection(world.patient(), problem(RARE_NEC, 0), *world.RESULTS)
    question = Question(bundle, covered=dict.fromkeys(KIND_OF, "complete"))
    service = site.service()
    asked = await assess_asking(question, service)
    assert asked.verdicts == (await told(service, RARE_NEC)).verdicts
    assert asked.verdicts != assess(question, service).verdicts
    alone = site.service(asks=False)
    assert await assess_asking(question, alone) == assess(question, alone)


async def test_patients_who_are_told_nothing_are_not_asked_about(site: Site) -> None:
    sent = prefetch(patient=world.patient(deceasedBoolean=True), conditions=searchset(problem(RARE_NEC)))
    assert (await answer(call(sent), site.service())).cards == ()
    assert site.fake.seen == []


async def test_the_setting_turns_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the whole application: a code that no table holds, below the tables' small cell carcinoma of lung."""
    read_once(monkeypatch)
    tree = {ROOT: (), "254632001": (ROOT,), "100005": ("254632001",)}
    fake = Server(tree)
    for url, asked in ((None, False), (BASE, True)):
        application = create_app(
            Settings(authentication="off", terminology_url=url, store_url="sqlite://"),
            network=httpx.MockTransport(fake),
        )
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as caller:
            sent = prefetch(conditions=searchset(problem("100005")))
            answered = await caller.post("/cds-services/trialcards-patient-view", json=world.hook_body(sent))
        assert answered.status_code == 200
        assert (fake.asked() > 0) is asked
