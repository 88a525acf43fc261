"""One call of a hook, as an EHR makes it (https://cds-hooks.hl7.org/2.0/#calling-a-cds-service), and what came back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from cds.ehr.conformance import Finding, Weight, findings_of_answer, findings_of_discovery
from cds.ehr.discovery import Address, Offered, chosen, offered_by
from cds.ehr.exchange import Limits, NoReplyError, Reply, exchange
from cds.ehr.plain import one_line
from cds.ehr.prefetch import Part, Source, filled, prefetch_of
from cds.errors import NoAnswer
from cds.fhir.values import many, part

if TYPE_CHECKING:
    from cds.ehr.templates import Scene
    from cds.fhir.backend.keys import OwnKey

__all__ = ["Called", "Event", "Rehearsal", "Signer", "outcome_words"]

Json = dict[str, Any]
_JSON = msgspec.json.Encoder(decimal_format="number")
_LIFETIME_S = 300
_QUICK_S = 0.5
_REFUSED = {
    401: "it does not accept who calls: token missing, or issuer, key, audience or clock not as it expects",
    403: "it does not let this caller do this",
    404: "there is no such service at this address",
    412: "it could not have the FHIR data that it needs, neither from prefetch nor from the FHIR server",
    413: "the request is larger than it takes",
    429: "it is called more often than it takes at the moment",
    503: "it is not available at the moment",
}


@dataclass(frozen=True, slots=True)
class Signer:
    """Who calls, and the key that proves it (https://cds-hooks.hl7.org/2.0/#trusting-cds-clients)."""

    issuer: str
    key: OwnKey
    jku: str | None = None
    tenant: str | None = None

    def token(self, url: str, now: dt.datetime, nonce: str) -> str:
        """Give a token for one call of one address, good for five minutes."""
        issued = int(now.timestamp())
        claims = {"iss": self.issuer, "aud": url, "exp": issued + _LIFETIME_S, "iat": issued, "jti": nonce}
        claims |= {"tenant": self.tenant} if self.tenant else {}
        return self.key.signed(claims, {"jku": self.jku} if self.jku else {})


@dataclass(frozen=True, slots=True)
class Event:
    """What happens in the EHR: the hook, its scene, what its context holds besides, and what the service is handed.

    ``grant`` is the ``fhirAuthorization`` that is sent, if any: it holds a token.
    """

    hook: str
    scene: Scene
    context: Json = field(default_factory=dict)
    server: str | None = None
    grant: Json | None = field(default=None, repr=False)

    def body(self, instance: str, prefetch: Json) -> Json:
        """Give the request (#http-request_1); what has no value is left out."""
        said = {"fhirServer": self.server, "fhirAuthorization": self.grant, "prefetch": prefetch}
        head: Json = {"hook": self.hook, "hookInstance": instance, "context": {**self.scene.context, **self.context}}
        return head | {name: value for name, value in said.items() if value}


@dataclass(frozen=True, slots=True)
class Called:
    """One service that was called: what was sent along, and what it answered; ``problem`` says why it is no answer."""

    service: Offered
    parts: tuple[Part, ...]
    status: int
    took_s: float
    answer: Any
    findings: tuple[Finding, ...]
    problem: str = ""

    @property
    def conforms(self) -> bool:
        """Whether there is an answer, and nothing in it that the specification forbids."""
        return not self.problem and not any(each.weight is Weight.MUST for each in self.findings)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """An EHR for the length of a rehearsal. New ids and the time are given to it."""

    client: httpx.AsyncClient
    new_id: Callable[[], str]
    now: Callable[[], dt.datetime]
    signer: Signer | None = None
    limits: Limits = field(default_factory=Limits)

    async def discover(self, address: Address) -> tuple[tuple[Offered, ...], tuple[Finding, ...]]:
        """Ask which services there are; raise ``NoAnswer`` and ``BadCall``."""
        reply = await self._exchange("GET", address.discovery)
        if not reply.is_success:
            raise NoAnswer(f"the CDS service answers discovery with {reply.status}: {_status_said(reply.status)}")
        try:
            document = reply.read()
        except NoReplyError as why:
            raise NoAnswer(f"the address is not that of a CDS service: for discovery it {why}") from None
        return offered_by(document, address), findings_of_discovery(document)

    async def fire(
        self, address: Address, event: Event, source: Source | None, *, tell_failures: bool = False
    ) -> tuple[tuple[Called, ...], tuple[Finding, ...]]:
        """Call every service of the hook, or the one the address names; give the answers and discovery's faults."""
        offered, findings = await self.discover(address)
        called = [
            await self._call(each, event, await filled(each.prefetch, event.scene, source, tell_failures=tell_failures))
            for each in chosen(offered, event.hook, address.service_id)
        ]
        return tuple(called), findings

    async def _call(self, service: Offered, event: Event, parts: tuple[Part, ...]) -> Called:
        body = event.body(self.new_id(), prefetch_of(parts))
        reply = await self._exchange("POST", service.url, _JSON.encode(body))
        try:
            answer, problem = reply.read(), ""
        except NoReplyError as why:
            answer, problem = None, f"the service {why}"
        if reply.status != httpx.codes.OK:
            problem = f"the service answered {reply.status}: {_status_said(reply.status)}"
        findings = () if problem else (*_of_transport(reply), *findings_of_answer(answer))
        return Called(service, parts, reply.status, reply.took_s, answer, findings, problem)

    async def _exchange(self, method: str, url: str, content: bytes = b"") -> Reply:
        headers = {"accept": "application/json"} | ({"content-type": "application/json"} if content else {})
        if self.signer is not None:
            headers["authorization"] = f"Bearer {self.signer.token(url, self.now(), self.new_id())}"
        try:
            return await exchange(self.client, (method, url), headers, self.limits, content)
        except NoReplyError as why:
            raise NoAnswer(f"the CDS service {why}") from None


def outcome_words(answer: object) -> str:
    """Give the words of an OperationOutcome in one line; nothing for anything else."""
    issues = many(answer.get("issue")) if isinstance(answer, dict) else []
    said = [part(each, "details", "text") or part(each, "diagnostics") for each in issues]
    return "; ".join(one_line(each) for each in said if isinstance(each, str) and each.strip())


def _status_said(status: int) -> str:
    if httpx.codes.is_redirect(status):
        return "it points elsewhere, which is not followed, as a token names one address"
    if status in _REFUSED:
        return _REFUSED[status]
    return "it failed" if httpx.codes.is_server_error(status) else "it refuses the request"


def _of_transport(reply: Reply) -> tuple[Finding, ...]:
    found = []
    if reply.media_type != "application/json":
        what = f"is {one_line(reply.media_type, 60) or 'missing'}, not application/json"
        found.append(Finding(Weight.SHOULD, "Content-Type", what, "use-of-json"))
    if reply.took_s > _QUICK_S:
        what = f"took {reply.took_s:.1f} s; on the order of 0.5 s is asked for"
        found.append(Finding(Weight.SHOULD, "the answer", what, "providing-fhir-resources-to-a-cds-service"))
    return tuple(found)
