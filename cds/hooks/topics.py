"""What a card is about: its source and topic, by which it is dismissed and remembered, and the link to the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cds.hooks.wire import Coding, Link, Source

if TYPE_CHECKING:
    from cds.core.trial import Trial

__all__ = ["CLOSES", "about", "about_trial", "registry_link", "trial_in"]

_REGISTRY: Final = "https://clinicaltrials.gov"
_OWN_TOPICS: Final = "urn:trialcards:topic"
"""Codes under it are letters and digits only: some EHRs take nothing else as the topic by which a card is dismissed."""

CLOSES: Final = "closes"
"""With an NCT number after it, the topic of an order that would close that trial."""


def about(topic: str) -> Source:
    """Give the source of a card on a topic of our own."""
    return _source(Coding(system=_OWN_TOPICS, code=topic))


def about_trial(trial: Trial) -> Source:
    """Give the source of the card that tells one trial."""
    return _source(Coding(system=_REGISTRY, code=trial.nct_id, display=" ".join(trial.title.split()) or None))


def _source(topic: Coding) -> Source:
    return Source(label="Trialcards, from ClinicalTrials.gov", url=_REGISTRY, topic=topic)


def registry_link(trial: Trial) -> Link:
    """Give the link to the trial's page."""
    return Link(label=f"{trial.nct_id} on ClinicalTrials.gov", url=trial.url)


def trial_in(topic: str) -> str | None:
    """Give the one trial that a topic is about, be it told itself or closed by an order; of other topics, nothing."""
    number = topic.removeprefix(CLOSES)
    return number if number.startswith("NCT") else None
