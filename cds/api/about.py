"""``GET /api/about`` and ``/api/about/{nct_id}``: the source attributes of the rules that charts are held against.

They are those that the US rule HTI-1 asks of evidence-based decision support (45 CFR 170.315(b)(11)(iv)(A)). The list
tells each definition in a few words, so that it stays small with hundreds of trials; one trial is told in full.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from cds.api.about_models import ABOUT, ABOUT_TRIAL, About, AboutTrial
from cds.api.outcomes import answers, errors, reply
from cds.api.trials import NUMBER, asked_of
from cds.core.attributes import Attribute, Attributes
from cds.errors import StoreDown, UnknownService
from cds.trials.sources import PARAGRAPH, source_attributes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cds.core.attributes import Use
    from cds.core.needs import Needs
    from cds.core.plan import Plan
    from cds.core.trial import Trial
    from cds.core.vocabulary import Vocabulary
    from cds.settings import Settings
    from cds.trials.editions import Editions
    from cds.trials.remarks import Curated
    from cds.trials.sources import SourceAttributes
    from cds.trials.study import Study

__all__ = ["about_routes"]

Json = dict[str, Any]

_NUMBERS: Final = {each: number for number, each in enumerate(Attribute, start=5)}
"""The number under which the rule lists each attribute; the four before are about the rules themselves."""
_ALWAYS: Final = (
    "Of every patient it is read whether they have died and, where the site has said so, whether they refuse research. "
    "Neither race nor ethnicity, language, name or address is read of a Patient resource, whatever the trials."
)
_UNFUNDED: Final = "No source of funding has been stated by whoever runs this."


def about_routes(
    plan: Plan, editions: Editions, settings: Settings, records: Mapping[str, Study], curated: Curated
) -> APIRouter:
    """Give the routes that tell where the rules come from; ``records`` are the registry's, as far as they are held."""
    routes = APIRouter(prefix="/api", tags=["Transparency"])
    teller = _Teller(plan, editions, settings, records, curated)

    @routes.get(
        "/about",
        summary="Where the rules come from",
        operation_id="about",
        responses=answers(About, "the program and every definition, in short", ABOUT) | errors(400, 405, 500),
    )
    async def about(request: Request) -> Response:
        """Tell the program, who answers for it and who paid, and of each definition its edition and what it uses."""
        asked_of(request, ())
        return await anyio.to_thread.run_sync(teller.everything)

    @routes.get(
        "/about/{nct_id}",  # noqa: FAST003 - read by hand, as the framework would add errors of its own shape
        summary="Where the rules of one trial come from",
        operation_id="aboutTrial",
        responses=answers(AboutTrial, "the source attributes of its definition", ABOUT_TRIAL)
        | errors(400, 404, 405, 500),
        openapi_extra={"parameters": [NUMBER]},
    )
    async def about_trial(request: Request) -> Response:
        """Tell the source attributes of one definition: citation, developer, funding, days, and the data it uses."""
        asked_of(request, ())
        return await anyio.to_thread.run_sync(teller.one, request.path_params["nct_id"])

    return routes


class _Teller:
    """Tells source attributes as JSON. Every method may take a while and may be called from any thread."""

    def __init__(
        self, plan: Plan, editions: Editions, settings: Settings, records: Mapping[str, Study], curated: Curated
    ) -> None:
        self._plan, self._editions, self._settings = plan, editions, settings
        self._records, self._curated = records, curated
        self._trials = {each.nct_id: each for each in plan.trials}

    @cached_property
    def _attributes(self) -> Attributes:
        return Attributes(self._plan.vocabulary)

    @cached_property
    def _listed(self) -> list[Json]:
        return [self._short(each) for each in self._trials.values()]

    def everything(self) -> Response:
        """Tell the program and all definitions."""
        trials = self._trials.values()
        drafts = sum(each.draft for each in trials)
        return reply(
            {
                "rule": PARAGRAPH,
                "software": {
                    "name": "Trialcards",
                    "version": self._editions.software,
                    "tables": self._editions.tables,
                },
                "developer": self._settings.developer,
                "funding": self._funding(),
                "definitions": {
                    "sha256": self._editions.definitions,
                    "curated": len(trials) - drafts,
                    "drafts": drafts,
                    "reviewed": sum(bool(each.reviewer) for each in trials),
                },
                "always": _ALWAYS,
                "trials": self._listed,
            }
        )

    def one(self, nct_id: str) -> Response:
        """Tell one trial."""
        if nct_id not in self._trials:
            raise UnknownService("no such trial is loaded")
        definition = self._curated.definitions.get(nct_id)
        source = source_attributes(self._trials[nct_id], self._attributes, definition, self._record(nct_id))
        trial = source.trial
        return reply(
            _named(trial)
            | {
                "complete": trial.complete,
                "citation": source.citation,
                "reference": _given(
                    madeFrom=source.made_from,
                    posted=source.posted,
                    textSha256=trial.text_sha256,
                    sponsor=source.sponsor,
                ),
                "translation": self._translation(source),
                "funding": self._funding(),
                "attributes": [_attribute(each, source.uses) for each in Attribute],
                "data": _data(source.reads, self._plan.vocabulary),
            }
        )

    def _short(self, trial: Trial) -> Json:
        edition = self._editions.of(trial.nct_id)
        uses = dict.fromkeys(each.attribute.value for each in self._attributes.uses(trial))
        return (
            _named(trial)
            | {"reviewed": bool(trial.reviewer), "version": edition.version, "sha256": edition.sha256}
            | _given(posted=trial.record_date)
            | {"uses": list(uses)}
        )

    def _translation(self, source: SourceAttributes) -> Json:
        trial, edition = source.trial, self._editions.of(source.trial.nct_id)
        return {
            "developer": self._settings.developer,
            "says": source.translation,
            "review": source.review,
            **_given(reviewer=trial.reviewer, reviewedOn=trial.reviewed_on),
            "version": edition.version,
            "sha256": edition.sha256,
        }

    def _funding(self) -> Json:
        stated = self._settings.funding
        return {"stated": stated is not None, "says": stated or _UNFUNDED}

    def _record(self, nct_id: str) -> Study | None:
        """Give the registry's record; where the store does not answer there is none, as it is an extra."""
        try:
            return self._records.get(nct_id)
        except StoreDown:
            return None


def _named(trial: Trial) -> Json:
    return {"nctId": trial.nct_id, "title": trial.title, "url": trial.url, "draft": trial.draft}


def _attribute(attribute: Attribute, uses: Sequence[Use]) -> Json:
    ways = [{"way": each.way.value, "criteria": list(each.criteria)} for each in uses if each.attribute is attribute]
    paragraph = f"{PARAGRAPH}({_NUMBERS[attribute]})"
    return {"attribute": attribute.value, "paragraph": paragraph, "used": bool(ways), "uses": ways}


def _data(reads: Needs, vocabulary: Vocabulary) -> list[Json]:
    return [
        {
            "kind": kind.value,
            "concepts": [{"id": each, "display": vocabulary.display(each)} for each in sorted(concepts)],
        }
        for kind, concepts in reads.items()
    ]


def _given(**members: object) -> Json:
    return {name: value for name, value in members.items() if value}
