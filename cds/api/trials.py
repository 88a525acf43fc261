"""``GET /api/trials``: what is loaded, narrowed as is asked for; one trial in full; and those that are like it."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from cds.api.assessments import definition
from cds.api.outcomes import answers, errors, reply
from cds.api.texts import lines_of, place_of
from cds.api.trial_examples import IN_FULL, LISTED, RELATED
from cds.api.trial_models import RelatedTrials, TrialDetail, TrialList
from cds.core.criteria import Asked, Section
from cds.core.explain import asks, kind_of
from cds.errors import BadCall
from cds.trials.filters import FILTERS, STATUSES, filters_of
from cds.trials.landscape import drugs_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cds.api.loaded import Loaded
    from cds.api.texts import Texts
    from cds.core.criteria import Criterion
    from cds.core.trial import Site, Trial
    from cds.service import Service
    from cds.trials.records import Record
    from cds.trials.related import Related
    from cds.trials.study import Contact, Study
    from cds.trials.text.lexicon import Lexicon

Json = dict[str, Any]

_MOST: Final = 50
_USUAL: Final = 10
_WORDS: Json = {"type": "string", "minLength": 1, "maxLength": 200}
_SAYS: Final[Mapping[str, tuple[str, Json]]] = {
    "condition": ("What the trial is about, by a name that the tables know or word by word.", _WORDS),
    "drug": ("A drug, brand or class of drugs among its interventions.", _WORDS),
    "phase": ("A phase; two with a stroke between them for trials of both.", {"type": "string", "examples": ["1/2"]}),
    "status": ("The registry's status.", {"type": "string", "enum": list(STATUSES)}),
    "country": ("A country in which it has a place.", _WORDS),
    "site": ("Words of the name of a place or its city.", _WORDS),
    "text": ("Words that stand so in its titles or eligibility text.", _WORDS),
}


def _parameters() -> list[Json]:
    """Describe the filters for the published contract; they are read by hand, for errors of our own shape."""
    return [
        {
            "name": name,
            "in": "query",
            "description": f"{says} Given several times: any of them.",
            "schema": {"type": "array", "items": schema},
            "explode": True,
        }
        for name, (says, schema) in _SAYS.items()
    ]


def trial_routes(service: Service, texts: Texts, loaded: Loaded) -> APIRouter:
    """Give the routes that tell of trials; of those whose records are held they tell what the registry says."""
    routes = APIRouter(prefix="/api", tags=["Trials"])
    teller = _Teller(service, texts, loaded)

    @routes.get(
        "/trials",
        summary="The trials that are loaded",
        operation_id="listTrials",
        responses=answers(TrialList, "the trials", {"trials": [LISTED]}) | errors(400, 405, 500, 503),
        openapi_extra={"parameters": _parameters()},
    )
    async def trials(request: Request) -> Response:
        """List the trials that charts are held against: all, or those that every filter lets through."""
        asked = asked_of(request, FILTERS)
        return await anyio.to_thread.run_sync(teller.entries, asked)

    @routes.get(
        "/trials/{nct_id}",  # noqa: FAST003 - read by hand, as the framework would add errors of its own shape
        summary="One trial in full",
        operation_id="trial",
        responses=answers(TrialDetail, "the trial", IN_FULL) | errors(400, 404, 405, 500, 503),
        openapi_extra={"parameters": [NUMBER]},
    )
    async def one_trial(request: Request) -> Response:
        """Tell one trial: its criteria, how each was read and from where, and its places."""
        asked_of(request, ())
        return await anyio.to_thread.run_sync(teller.in_full, request.path_params["nct_id"])

    @routes.get(
        "/trials/{nct_id}/related",  # noqa: FAST003 - as above
        summary="The trials that are like one",
        operation_id="relatedTrials",
        responses=answers(RelatedTrials, "the most alike first", RELATED) | errors(400, 404, 405, 500, 503),
        openapi_extra={"parameters": [NUMBER, _LIMIT]},
    )
    async def related_trials(request: Request) -> Response:
        """Tell the loaded trials that share a disease, a drug or what the drugs act on, and what each shares."""
        most = _most(asked_of(request, ("limit",)).get("limit", []))
        return await anyio.to_thread.run_sync(teller.related, request.path_params["nct_id"], most)

    return routes


NUMBER: Final[Json] = {
    "name": "nct_id",
    "in": "path",
    "required": True,
    "description": "The trial's NCT number.",
    "schema": {"type": "string", "examples": ["NCT00000000"]},
}
_LIMIT: Json = {
    "name": "limit",
    "in": "query",
    "description": f"How many are told at most; {_USUAL}, unless given.",
    "schema": {"type": "integer", "minimum": 1, "maximum": _MOST},
}


def asked_of(request: Request, known: tuple[str, ...]) -> dict[str, list[str]]:
    """Give the parameters of a call by name; raise ``BadCall`` where one is none of ours, whose name is not repeated.

    A parameter that was passed over would look like one that was heeded.
    """
    asked: dict[str, list[str]] = {}
    for name, text in request.query_params.multi_items():
        if name not in known:
            there_are = f"there are {', '.join(known)}" if known else "this page takes none"
            raise BadCall(f"a parameter is not known here; {there_are}")
        asked.setdefault(name, []).append(text)
    return asked


def _most(texts: list[str]) -> int:
    if not texts:
        return _USUAL
    text = texts[0]
    if len(texts) > 1 or not (text.isascii() and text.isdigit() and len(text) <= len(str(_MOST))):
        raise BadCall(f"limit: must be one whole number from 1 to {_MOST}")
    if not 1 <= int(text) <= _MOST:
        raise BadCall(f"limit: must be one whole number from 1 to {_MOST}")
    return int(text)


class _Teller:
    """Tells trials as JSON."""

    def __init__(self, service: Service, texts: Texts, loaded: Loaded) -> None:
        self._service = service
        self._texts = texts
        self._loaded = loaded

    def entries(self, asked: Mapping[str, list[str]]) -> Response:
        """List the trials that filters let through."""
        filters = filters_of(asked)
        found = self._loaded.having(filters) if asked else self._loaded.trials.values()
        return reply({"trials": [self._entry(each) for each in found]})

    def in_full(self, nct_id: str) -> Response:
        """Tell one trial."""
        trial = self._loaded.trial(nct_id)
        record = self._texts.of(trial)
        own = ((each, "") for each in trial.criteria)
        of_cohorts = ((each, cohort.id) for cohort in trial.cohorts for each in cohort.criteria)
        study = self._loaded.records.get(nct_id)
        return reply(
            listed(trial)
            | _given(purpose=trial.purpose, phases=list(trial.phases), sites=list(trial.sites), note=trial.note)
            | ({"registry": _in_full(study, self._loaded.lexicon, trial, record)} if study else {})
            | {
                "eligibility": [self._criterion(each, cohort, record) for each, cohort in chain(own, of_cohorts)],
                "facilities": [self._facility(each, trial) for each in trial.facilities],
            }
            | ({"contacts": list(map(_contact, study.contacts))} if study else {})
        )

    def related(self, nct_id: str, most: int) -> Response:
        """Tell the trials that are like one."""
        return reply({"trials": [_related(each) for each in self._loaded.related(nct_id, most)]})

    def _entry(self, trial: Trial) -> Json:
        study = self._loaded.records.get(trial.nct_id)
        facts = {"registry": _facts(study, self._loaded.lexicon)} if study else {}
        return listed(trial) | facts

    def _criterion(self, criterion: Criterion, cohort: str, record: Record | None) -> Json:
        return {
            "criterion": criterion.id,
            **_given(cohort=cohort),
            "section": criterion.section.value,
            "label": criterion.label,
            "kind": kind_of(criterion.rule),
            "asks": asks(criterion, self._service.plan.vocabulary),
            "disease": criterion.disease,
            "question": isinstance(criterion.rule, Asked),
            **_given(plain=criterion.plain, note=criterion.note),
            **place_of(criterion, record),
        }

    def _facility(self, site: Site, trial: Trial) -> Json:
        told = _given(name=site.name, city=site.city, country=site.country, status=site.status, contact=site.contact)
        own = {"own": True} if site in self._service.here.own.get(trial.nct_id, ()) else {}
        return told | {"open": trial.open_at(site, self._service.statuses)} | own


def listed(trial: Trial) -> Json:
    """Tell one trial in short: title, status, definition, cohorts, and how many criteria of each sort."""
    criteria = list(chain(trial.criteria, *(cohort.criteria for cohort in trial.cohorts)))
    return {
        "nctId": trial.nct_id,
        "title": trial.title,
        "overallStatus": trial.status,
        "url": trial.url,
        "definition": definition(trial),
        "cohorts": [{"id": each.id, "label": each.label, "open": each.open} for each in trial.cohorts],
        "criteria": {
            "inclusion": sum(each.section is Section.INCLUSION for each in criteria),
            "exclusion": sum(each.section is Section.EXCLUSION for each in criteria),
            "questions": sum(isinstance(each.rule, Asked) for each in criteria),
        },
    }


def _facts(study: Study, lexicon: Lexicon) -> Json:
    return {
        "phases": list(study.phases),
        "conditions": list(study.conditions),
        "drugs": list(drugs_of(study, lexicon)),
        "countries": list(dict.fromkeys(each.country for each in study.facilities if each.country)),
        "sites": len(study.facilities),
        **_given(sponsor=study.sponsor, start=study.start, updated=study.updated),
    }


def _in_full(study: Study, lexicon: Lexicon, trial: Trial, record: Record | None) -> Json:
    text = {"eligibility": lines_of(trial, record)} if record is not None else {}
    return _facts(study, lexicon) | _given(title=study.official_title, summary=study.summary.strip()) | text


def _contact(each: Contact) -> Json:
    return _given(name=each.name, role=each.role, phone=each.phone, email=each.email)


def _related(each: Related) -> Json:
    study = each.study
    return {
        "nctId": study.nct_id,
        "title": study.title,
        "overallStatus": study.status,
        "url": f"https://clinicaltrials.gov/study/{study.nct_id}",
        "similarity": each.similarity,
        "reasons": [{"kind": reason.kind, "says": reason.says} for reason in each.reasons],
    }


def _given(**members: object) -> Json:
    return {name: value for name, value in members.items() if value}
