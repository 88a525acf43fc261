"""The web application put together from a service: routes, error shape, limits, CORS, and the published contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.middleware.cors import CORSMiddleware

import cds
from cds.api.about import about_routes
from cds.api.asked import AssessmentRequest
from cds.api.assessments import assessment_routes
from cds.api.audit import Audit, Lines
from cds.api.changes import change_routes
from cds.api.door import Doorway, shut
from cds.api.feedback import feedback_routes
from cds.api.guard import CALL_ID, Guard
from cds.api.hooks import hook_routes
from cds.api.keys import key_routes
from cds.api.limits import Gate, share_of
from cds.api.loaded import Loaded
from cds.api.matching.routes import matching_routes
from cds.api.needs import need_routes
from cds.api.one_trial import one_trial_routes
from cds.api.operations import Readiness, health_routes, metrics_routes
from cds.api.outcomes import tell_errors
from cds.api.texts import Texts
from cds.api.trials import trial_routes
from cds.hooks.callers.authenticate import Authenticator
from cds.hooks.feedback import FeedbackRequest
from cds.hooks.requests import REQUESTS
from cds.metrics import Metrics
from cds.trials.editions import Editions
from cds.trials.remarks import Remarks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from starlette.types import Lifespan

    from cds.api.changes import NewsSince
    from cds.fhir.backend.keys import OwnKey
    from cds.hooks.callers.authenticate import Door
    from cds.service import Service
    from cds.settings import Settings
    from cds.traces import Traces
    from cds.trials.records import Record
    from cds.trials.study import Study
    from cds.trials.text.lexicon import Lexicon

_ABOUT = (
    "Holds an open chart against the eligibility criteria of open clinical trials. Every error is a FHIR "
    f"OperationOutcome; every response carries its call's id in `{CALL_ID}`."
)


_ASKED: tuple[type[BaseModel], ...] = (*REQUESTS.values(), FeedbackRequest, AssessmentRequest)
"""What callers send: the framework sees none of it, as it never reads a body."""


def build(  # noqa: PLR0913 - every part of the application that is made elsewhere
    service: Service,
    settings: Settings,
    records: Mapping[str, Record],
    *,
    door: Door,
    lifespan: Lifespan[FastAPI] | None = None,
    pages: Iterable[APIRouter] = (),
    readiness: Readiness | None = None,
    traces: Traces | None = None,
    keys: Iterable[OwnKey] = (),
    studies: Mapping[str, Study] | None = None,
    lexicon: Callable[[], Lexicon] | None = None,
    remarks: Remarks | None = None,
    news: NewsSince | None = None,
    tables: str = "",
    audit: Lines | None = None,
) -> FastAPI:
    """Give the application, with these pages besides. Those that need a network (Swagger's, ReDoc's) are left out.

    ``door`` says who calls, and lets nobody else in. Of ``keys`` the public halves are published.
    ``studies`` are the registry's records that are held, by NCT number, and ``lexicon`` loads the names that trials
    are found by; without it, they are those of the service's vocabulary. ``remarks`` lints them, ``news`` gives what
    became of them since a moment; without it, nothing is kept here. ``tables`` is the checksum of the mapping tables,
    and ``audit`` where each call is written down; raises ``BadSetting`` where that cannot be done.
    """
    held = {} if studies is None else studies
    app = FastAPI(
        title="Trialcards",
        version=cds.__version__,
        description=_ABOUT,
        license_info={"name": "Apache-2.0"},
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=lifespan,
    )
    texts, loaded = Texts(records, held), Loaded(service.plan, held, lexicon)
    remarks = remarks or Remarks(service.plan.vocabulary)
    editions = Editions(service.plan.trials, cds.__version__, tables)
    metrics = Metrics(cds.__version__, len(service.plan.trials))
    for each in (
        hook_routes(service.for_hooks(), settings.max_body_bytes),
        feedback_routes(service),
        assessment_routes(service, texts, settings.max_body_bytes),
        matching_routes(service, texts, held, settings),
        need_routes(service),
        trial_routes(service, texts, loaded),
        one_trial_routes(service, texts, loaded, remarks),
        about_routes(service.plan, editions, settings, held, remarks.curated),
        change_routes(news, service.zone, settings.public_url),
        health_routes(service, editions, readiness),
        key_routes(keys),
        metrics_routes(metrics, settings.metrics_token, closed=settings.proof == "jwt"),
        *pages,
    ):
        app.include_router(each)
    tell_errors(app)
    several = isinstance(door, Authenticator) and door.several
    app.add_middleware(Gate, most=settings.max_calls, share=share_of(settings.max_calls) if several else None)
    app.add_middleware(Doorway, door=door, public_url=settings.public_url)
    https = settings.public_url.startswith("https:")
    kept = None if audit is None else Audit.started(audit, editions, service.clock.now)
    app.add_middleware(Guard, ids=service.ids, metrics=metrics, traces=traces, audit=kept, https=https)
    if settings.allow_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allow_origins,
            allow_methods=("GET", "POST"),
            allow_headers=("authorization", "content-type"),
            expose_headers=(CALL_ID,),
            max_age=600,
        )
    _publish(app, by_token=isinstance(door, Authenticator))
    return app


def _publish(app: FastAPI, *, by_token: bool) -> None:
    """Add the requests' schemas, which the framework does not see as it never reads a body, to the contract."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                license_info=app.license_info,
                routes=app.routes,
            )
            _, asked = models_json_schema(
                [(model, "validation") for model in _ASKED],
                ref_template="#/components/schemas/{model}",
            )
            schemas = made["components"]["schemas"]
            made["components"]["schemas"] = dict(sorted({**schemas, **asked["$defs"]}.items()))
            if by_token:
                shut(made)
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign] # the way FastAPI documents for changing it
