"""Who calls, once that is proved, and how the kind of EHR it is wants to be answered."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ANONYMOUS", "GENERIC", "Caller", "Profile"]


@dataclass(frozen=True, slots=True)
class Profile:
    """How one kind of EHR signs its calls and wants to be answered: data, in ``profiles/*.yaml``, with its source.

    ``tested`` says whether anybody held it against such an EHR. ``audiences`` are taken besides the address of the
    endpoint. ``selection_behavior`` ``None``: suggestions are not sent. ``max_cards`` caps the site's own number.
    """

    name: str
    about: str
    source: str
    tested: bool
    algorithms: tuple[str, ...] = ("ES384", "RS384")
    audiences: tuple[str, ...] = ()
    max_lifetime_s: int = 3600
    leeway_s: int = 30
    max_cards: int | None = None
    selection_behavior: str | None = "any"
    max_actions: int = 1
    topic: str = "coding"
    html: bool = False
    app_context: bool = True
    smart_links: bool = True
    override_reasons: bool = True
    card_uuid: bool = True
    extension: bool = True


@dataclass(frozen=True, slots=True)
class Caller:
    """One EHR that was let in. ``id`` is the site's own plain name for it, which may be logged and counted.

    Its patients are asked of ``fhir_servers`` and of no other. ``tenant`` is who of several behind one issuer it is.
    ``page``: it is our own page, to which somebody of that EHR has signed in, and may do what the page does.
    """

    id: str
    profile: Profile
    fhir_servers: tuple[str, ...] = ()
    issuer: str = ""
    tenant: str | None = None
    rate_per_s: float | None = None
    page: bool = False


GENERIC = Profile("generic-2.0", "Any EHR that keeps to CDS Hooks 2.0.", "https://cds-hooks.hl7.org/2.0/", tested=True)
"""How a caller is answered of whom nothing is known: ``profiles/generic-2.0.yaml`` says the same."""

ANONYMOUS = Caller("anonymous", GENERIC)
"""The one caller where callers are not told apart."""
