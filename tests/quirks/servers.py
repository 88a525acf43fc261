"""Quirks of servers, each a layer around a plain one."""

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from cds.core.finding import Cause
from tests.quirks.quirk import Json
from tests.quirks.server import Ask, Layer, answer, statement
from tests.quirks.sources import ORACLE_SEARCH, fhir, issue

Seen = Counter[str]
_NOT_READ = (Cause.NOT_READ, Cause.CONDITION_UNKNOWN)
_SEARCH = fhir("http.html#paging", "paging")
PAGE = 20
_PACKED = {"content-encoding": "gzip"}


@dataclass(frozen=True, slots=True)
class ServerQuirk:
    """One way in which a server deviates; ``page`` is how many matches the server gives at a time.

    ``refused``: what is said where such a server may not be read at all.
    """

    name: str
    about: str
    seen: str
    does: str
    causes: frozenset[Cause]
    layer: Layer
    page: int
    refused: str = ""

    @property
    def effect(self) -> str:
        """Say what may become of a finding, as the table tells it."""
        if self.refused:
            return "none: no chart is read"
        return "may be unknown: " + ", ".join(sorted(each.value for each in self.causes)) if self.causes else "same"


SERVER_QUIRKS: list[ServerQuirk] = []


def of_servers(
    seen: str, does: str, causes: tuple[Cause, ...] = (), page: int = PAGE, refused: str = ""
) -> Callable[[Layer], Layer]:
    """Register a quirk of servers."""

    def register(layer: Layer) -> Layer:
        name, about = layer.__name__.replace("_", " "), " ".join((layer.__doc__ or "").split())
        SERVER_QUIRKS.append(ServerQuirk(name, about, seen, does, frozenset(causes), layer, page, refused))
        return layer

    return register


def _is(request: httpx.Request, name: str) -> bool:
    return request.url.path.rstrip("/").endswith("/" + name)


def _is_search(request: httpx.Request) -> bool:
    return "patient" in request.url.params or "subject" in request.url.params


def _later(request: httpx.Request) -> bool:
    return "_offset" in request.url.params


async def _bundle(request: httpx.Request, ask: Ask) -> tuple[httpx.Response, Json | None]:
    given = await ask(request)
    if given.status_code != 200:
        return given, None
    body: Any = json.loads(given.content)
    return given, body if body.get("resourceType") == "Bundle" else None


def _refused(status: int, code: str = "processing") -> httpx.Response:
    return answer({"resourceType": "OperationOutcome", "issue": [{"severity": "fatal", "code": code}]}, status)


# ----------------------------------------------------------------------------------------------------- what it refuses
@of_servers(issue(("jwilleke/yourphr", 754)), "asked by category or by codes")
async def more_parameters_required(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """Observations by patient alone get 400, `required`."""
    if _is(request, "Observation") and not {"category", "code"} & set(request.url.params):
        return _refused(400, "required")
    return await ask(request)


@of_servers(issue(("microsoft/fhir-server", 1263)), "asked again without it, and remembered")
async def count_refused(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """`_count` gets 400."""
    return _refused(400) if "_count" in request.url.params and not _later(request) else await ask(request)


@of_servers(fhir("search.html#include", "_include"), "asked again without it; the drugs are read one by one", _NOT_READ)
async def include_refused(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """`_include` gets 400."""
    return _refused(400) if "_include" in request.url.params else await ask(request)


@of_servers(
    issue(("onc-healthit/onc-certification-g10-test-kit", 345)), "what is not there is told as not read", _NOT_READ
)
async def include_ignored(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """`_include` is ignored: the drugs do not come along."""
    return await ask(httpx.Request("GET", request.url.copy_remove_param("_include"), headers=request.headers))


@of_servers(
    "[SMART scopes](https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html)",
    "that kind is told as not read",
    _NOT_READ,
)
async def one_type_forbidden(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """One type of resource gets 403, the others are answered."""
    return _refused(403, "forbidden") if _is(request, "Condition") else await ask(request)


@of_servers(
    "[Oracle Health documentation](https://fhir.cerner.com/millennium/r4/), without MedicationStatement",
    "another type tells of the same; a kind that none tells of is not read",
    _NOT_READ,
)
async def one_type_not_offered(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """One type of resource gets 404: it is not there."""
    return httpx.Response(404) if _is(request, "MedicationDispense") else await ask(request)


@of_servers(fhir("security.html", "security"), "what came before is read, the kind counts as partly read", _NOT_READ)
async def token_ends_between_pages(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """The second page gets 401."""
    return httpx.Response(401) if _later(request) else await ask(request)


@of_servers(issue(("smart-on-fhir/bulk-data-client", 18)), "waited for as long as it says, where there is time")
async def busy_for_a_moment(request: httpx.Request, ask: Ask, seen: Seen) -> httpx.Response:
    """The first request of a type gets 429 with `Retry-After: 0`."""
    seen[request.url.path] += 1
    if _is_search(request) and seen[request.url.path] == 1:
        return httpx.Response(429, headers={"retry-after": "0"})
    return await ask(request)


@of_servers(issue(("smart-on-fhir/bulk-data-client", 14)), "not asked again; that kind is told as not read", _NOT_READ)
async def busy_without_end(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """Observations get 429 with no word of when to come back."""
    return httpx.Response(429) if _is(request, "Observation") else await ask(request)


@of_servers(
    issue(("microsoft/fhir-server", 2250)), "what came before is read, the kind counts as partly read", _NOT_READ
)
async def second_page_fails(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """The second page gets 500."""
    return httpx.Response(500) if _later(request) else await ask(request)


# --------------------------------------------------------------------------------------------------------------- pages
async def _linked(request: httpx.Request, ask: Ask, change: Callable[[Json], Json]) -> httpx.Response:
    given, bundle = await _bundle(request, ask)
    if bundle is None:
        return given
    return answer(bundle | {"link": [change(each) for each in bundle.get("link", [])]})


@of_servers(issue(("usnistgov/ACVP", 589)), "noticed; the kind counts as partly read", _NOT_READ)
async def pages_in_a_circle(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """The next page is the same page again."""
    return await _linked(request, ask, lambda link: link | {"url": str(request.url)})


@of_servers(issue(("metriport/metriport", 4974)), "not followed, it would take the token there; partly read", _NOT_READ)
async def next_page_elsewhere(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """The next page is on another host."""
    return await _linked(request, ask, lambda link: link | {"url": "https://localhost:8080/oauth/fhir?page=2"})


@of_servers(issue(("opensrp/fhircore", 1714)), "the same server")
async def next_page_with_the_usual_port(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """The next page names the port that https has anyway."""
    return await _linked(request, ask, lambda link: link | {"url": link["url"].replace(".org/", ".org:443/")})


@of_servers(issue(("POLAR-fhiR/fhircrackr", 110)), "taken from the page that names it")
async def next_page_relative(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """The next page is a relative address."""
    return await _linked(request, ask, lambda link: link | {"url": link["url"].partition("fhir.example.org")[2]})


@of_servers(_SEARCH, "read as the link it is")
async def relation_in_capitals(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """The relation of a link is written `Next`."""
    return await _linked(request, ask, lambda link: link | {"relation": link["relation"].capitalize()})


@of_servers(_SEARCH, "the kind counts as partly read", _NOT_READ)
async def next_page_without_address(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """A next page is named without its address."""
    return await _linked(request, ask, lambda link: {"relation": link["relation"]})


@of_servers(issue(("hapifhir/hapi-fhir", 5237)), "an end like any other")
async def last_page_empty(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """After the last match comes one more page, with nothing on it."""
    given, bundle = await _bundle(request, ask)
    if bundle is None or bundle.get("link") or "_more" in request.url.params:
        return given if "_more" not in request.url.params else answer({"resourceType": "Bundle", "type": "searchset"})
    return answer(bundle | {"link": [{"relation": "next", "url": f"{request.url}&_more=1"}]})


@of_servers(issue(("hapifhir/hapi-fhir", 1300)), "whole where the count is reached, else partly read", _NOT_READ)
async def last_page_leads_nowhere(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """The last page names a next one that is not there."""
    if "_more" in request.url.params:
        return httpx.Response(404)
    given, bundle = await _bundle(request, ask)
    if bundle is None or bundle.get("link"):
        return given
    return answer(bundle | {"link": [{"relation": "next", "url": f"{request.url}&_more=1"}]})


@of_servers(ORACLE_SEARCH, "each page is what it holds", page=1)
async def one_match_a_page(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """Pages are as small as can be, whatever `_count` says."""
    return await ask(request)


async def _counted(request: httpx.Request, ask: Ask, total: Callable[[int], object]) -> httpx.Response:
    given, bundle = await _bundle(request, ask)
    return given if bundle is None else answer(bundle | {"total": total(bundle["total"])})


@of_servers(issue(("hapifhir/hapi-fhir", 6549)), "more was counted than came: partly read", _NOT_READ)
async def total_too_large(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """The total is larger than what all pages hold."""
    return await _counted(request, ask, lambda total: total + 3)


@of_servers(fhir("bundle-definitions.html#Bundle.total", "Bundle.total"), "the pages decide")
async def total_too_small(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """The total counts one page only."""
    return await _counted(request, ask, lambda total: min(total, 1))


@of_servers(fhir("bundle-definitions.html#Bundle.total", "Bundle.total"), "not needed")
async def total_missing(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """There is no total."""
    return await _counted(request, ask, lambda _total: None)


@of_servers(issue(("hapifhir/hapi-fhir", 3608), ("microsoft/fhir-server", 1792)), "each resource counts once")
async def entries_again_on_the_next_page(request: httpx.Request, ask: Ask, seen: Seen) -> httpx.Response:
    """Entries of one page come again on the next."""
    given, bundle = await _bundle(request, ask)
    if bundle is None:
        return given
    seen[request.url.path] += 1
    return answer(bundle | {"entry": [*bundle["entry"], *bundle["entry"][-2:]]})


# ------------------------------------------------------------------------------------------------------ what it answers
@of_servers(issue(("onc-healthit/inferno-program", 229)), "an error in place of results: not read", _NOT_READ)
async def error_with_200(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """An OperationOutcome is sent with status 200 in place of results."""
    return _refused(200) if _is(request, "Condition") else await ask(request)


@of_servers(issue(("medplum/medplum", 5062), ("hapifhir/hapi-fhir", 5780)), "every entry counts as a match")
async def no_search_mode(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """Entries do not say whether they were found or came along."""
    given, bundle = await _bundle(request, ask)
    return (
        given
        if bundle is None
        else answer(bundle | {"entry": [{"resource": each["resource"]} for each in bundle["entry"]]})
    )


@of_servers(
    issue(("onc-healthit/inferno-program", 229)),
    "what may come along is taken, the rest makes its kind partly read",
    _NOT_READ,
)
async def other_types_among_results(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """Entries of types that were not asked for stand among the results."""
    given, bundle = await _bundle(request, ask)
    other = {"resource": {"resourceType": "Practitioner", "id": "dr"}, "search": {"mode": "match"}}
    return given if bundle is None else answer(bundle | {"entry": [*bundle["entry"], other]})


@of_servers(fhir("security.html", "security"), "not read, and the kind counts as partly read", _NOT_READ)
async def another_patient_among_results(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """A result of another patient stands among the results."""
    given, bundle = await _bundle(request, ask)
    if bundle is None or not bundle["entry"]:
        return given
    one = bundle["entry"][0]["resource"]
    name = "patient" if "patient" in one else "subject"
    theirs = {"resource": one | {"id": "theirs", name: {"reference": "Patient/someone-else"}}}
    return answer(bundle | {"entry": [*bundle["entry"], theirs]})


@of_servers(fhir("search.html#errors", "unknown parameters"), "what was not asked for is read as what it is")
async def category_ignored(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """`category` is ignored: all Observations come."""
    return await ask(httpx.Request("GET", request.url.copy_remove_param("category"), headers=request.headers))


# --------------------------------------------------------------------------------------------------- the transport
@of_servers(fhir("http.html", "HTTP"), "told as not read when time is up", _NOT_READ)
async def too_slow(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """Observations take longer than there is time."""
    if _is(request, "Observation"):
        await asyncio.sleep(60)
    return await ask(request)


@of_servers(fhir("http.html", "HTTP"), "not FHIR: not read", _NOT_READ)
async def cut_short(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """The JSON breaks off."""
    given = await ask(request)
    return httpx.Response(200, content=given.content[:-20]) if _is(request, "Procedure") else given


@of_servers(fhir("http.html", "HTTP"), "unpacked")
async def packed(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """Answers are packed by gzip."""
    given = await ask(request)
    return httpx.Response(
        given.status_code, content=gzip.compress(given.content, 1), headers={"content-encoding": "gzip"}
    )


@of_servers(fhir("http.html#mime-type", "mime types"), "what the body holds decides")
async def another_content_type(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """FHIR is sent as `text/html`."""
    given = await ask(request)
    return httpx.Response(given.status_code, content=given.content, headers={"content-type": "text/html"})


@of_servers("[RFC 8259, 8.1](https://www.rfc-editor.org/rfc/rfc8259#section-8.1)", "the mark is passed over")
async def byte_order_mark(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """A byte order mark stands before the JSON."""
    given = await ask(request)
    return httpx.Response(given.status_code, content=b"\xef\xbb\xbf" + given.content)


# ------------------------------------------------------------------------------------------- what it says of itself
@of_servers(fhir("capabilitystatement.html", "CapabilityStatement"), "asked all the same")
async def no_statement(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """There is no CapabilityStatement."""
    return httpx.Response(404) if _is(request, "metadata") else await ask(request)


@of_servers(fhir("capabilitystatement.html", "CapabilityStatement"), "asked all the same")
async def garbled_statement(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """The CapabilityStatement is an HTML page."""
    return httpx.Response(200, content=b"<html>") if _is(request, "metadata") else await ask(request)


@of_servers("[STU3](https://hl7.org/fhir/STU3/)", "refused by its name", refused="speaks STU3")
async def statement_of_stu3(request: httpx.Request, ask: Ask, _seen: Seen) -> httpx.Response:
    """The server speaks STU3."""
    return answer(statement((), "3.0.2")) if _is(request, "metadata") else await ask(request)
