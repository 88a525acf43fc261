"""Settings that contradict each other, or would put patients' data at risk: the service does not start with them.

Each rule is one function that gives the reason why not, naming the settings; together they are told in one error, so
that a site mends all of them in one round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

from cds.errors import BadSetting
from cds.settings import Settings
from cds.settings.readers import in_clear, is_loopback

__all__ = ["check_safety"]


def check_safety(settings: Settings) -> None:
    """Raise ``BadSetting`` with every reason why these settings are not safe together."""
    reasons = [reason for rule in _RULES for reason in rule(settings)]
    if reasons:
        raise BadSetting("; ".join(reasons))


def _plain_http(settings: Settings) -> Iterator[str]:
    """Tokens and charts go over TLS."""
    listed = {
        "CDS_FHIR_SERVERS": settings.fhir_servers,
        "CDS_TERMINOLOGY_URL": filter(None, [settings.terminology_url]),
    }
    for name, addresses in listed.items():
        for each in addresses:
            if in_clear(each, allow_http=settings.allow_http):
                yield f"{name}: http would send tokens and charts in the clear; use https, or set CDS_ALLOW_HTTP=true"
    for each in settings.app_frames:
        if in_clear(each, allow_http=settings.allow_http):
            yield "CDS_APP_FRAMES: over http anyone on the way could lay a page over ours; use https, or allow http"


def _demo_beside_patients(settings: Settings) -> Iterator[str]:
    """The demo plays another day than today, so that nothing it says holds for a real patient."""
    if settings.demo_charts and settings.fhir_servers:
        yield "CDS_DEMO_CHARTS, CDS_FHIR_SERVERS: the demo plays another day, so it reads no FHIR server"
    if settings.demo_charts and settings.store_url not in {None, "sqlite://"}:
        yield "CDS_DEMO_CHARTS, CDS_STORE_URL: on another day the demo would forget what others keep there, or keep it"


def _demo_beside_an_ehr(settings: Settings) -> Iterator[str]:
    """What the demo says holds for another day than today, so no EHR may open its page with a patient's chart."""
    if settings.demo_charts and settings.launch_servers:
        yield "CDS_DEMO_CHARTS, CDS_LAUNCH_SERVERS: the demo plays another day, so it is opened from no EHR"


def _cards_that_lead_nowhere(settings: Settings) -> Iterator[str]:
    """Our own page opens from listed EHRs alone. In the demo it opens by itself, with a chart of the demo."""
    ours = settings.app_url == f"{settings.public_url}/app/launch"
    if ours and settings.launch_servers is None and not settings.demo_charts:
        yield "CDS_APP_URL, CDS_LAUNCH_SERVERS: cards would lead to our page, which may be opened from no EHR"


def _proof_by_token(settings: Settings) -> Iterator[str]:
    """With tokens, who may call and what they may reach is one list."""
    if settings.proof != "jwt":
        return
    if settings.callers is None:
        yield (
            "CDS_CALLERS: must name the list of EHRs that may call (docs/callers.md); where a gateway proves callers "
            "set CDS_AUTHENTICATION=gateway, and on a machine that serves itself alone CDS_AUTHENTICATION=off"
        )
    if settings.demo_charts:
        yield "CDS_AUTHENTICATION, CDS_DEMO_CHARTS: the demo page has no token to show"
    if settings.fhir_servers:
        yield "CDS_FHIR_SERVERS: with tokens, FHIR servers are listed for each caller in CDS_CALLERS"
    if settings.profile != "generic-2.0":
        yield "CDS_PROFILE: with tokens, the profile is listed for each caller in CDS_CALLERS"


def _called_in_the_clear(settings: Settings) -> Iterator[str]:
    """Whoever proves callers, what they send is charts, with tokens for their FHIR servers."""
    if settings.proof != "off" and in_clear(settings.public_url, allow_http=False):
        yield "CDS_PUBLIC_URL: must be https, as tokens and charts go there"


def _no_proof(settings: Settings) -> Iterator[str]:
    """Without tokens nobody is told apart, and only this machine may call, or a gateway that proves callers."""
    if settings.proof == "jwt":
        return
    if settings.callers is not None:
        yield f"CDS_CALLERS, CDS_AUTHENTICATION: with {settings.proof} callers are not told apart: no list"
    hosts = settings.host, urlsplit(settings.public_url).hostname or ""
    if settings.proof == "off" and not settings.demo_charts and not all(map(is_loopback, hosts)):
        yield "CDS_AUTHENTICATION, CDS_HOST, CDS_PUBLIC_URL: off would let anyone in who reaches this machine"


def _memory_without_keys(settings: Settings) -> Iterator[str]:
    """Without keys no patient is known again, so nothing could be cooled down."""
    if settings.cool_down_hours and settings.pseudonym_keys is None:
        yield "CDS_COOL_DOWN_HOURS, CDS_PSEUDONYM_KEYS: without keys nobody is remembered, so nothing cools down"


_RULES: Final[tuple[Callable[[Settings], Iterator[str]], ...]] = (
    _plain_http,
    _demo_beside_patients,
    _demo_beside_an_ehr,
    _cards_that_lead_nowhere,
    _proof_by_token,
    _called_in_the_clear,
    _no_proof,
    _memory_without_keys,
)
