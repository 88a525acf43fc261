"""Flags and consents against research: which count, what is asked for, and what was not read."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds.core.codes import Code
from cds.fhir.answer import NOT_ASKED, Answer, AnswerState
from cds.fhir.reading.read import chart_of, chart_of_bundle
from cds.fhir.reading.refusals import flagged, refusal_searches, unread_refusals
from cds.fhir.searches import PATIENT
from tests.service.world import collection, patient, searchset

Json = dict[str, Any]
UTC = ZoneInfo("UTC")
OPT_OUT = frozenset({Code("urn:site", "no-research")})
SEARCHES = (PATIENT, *refusal_searches(OPT_OUT, consents=True))


def flag(status: object = "active", code: str = "no-research", **more: object) -> Json:
    marked = {"coding": [{"system": "urn:other", "code": code}, {"system": "urn:site", "code": code}]}
    whole: Json = {"resourceType": "Flag", "id": "f", "status": status, "code": marked} | more
    return {"subject": {"reference": "Patient/pat-1"}} | whole


def refusal(**more: object) -> Json:
    return {
        "resourceType": "Consent",
        "id": "c",
        "status": "active",
        "scope": {"coding": [{"code": "research"}]},
        "provision": {"type": "deny"},
        "patient": {"reference": "Patient/pat-1"},
        **more,
    }


def test_only_what_the_site_keeps_is_asked_for() -> None:
    assert refusal_searches((), consents=False) == ()
    assert [each.template for each in refusal_searches(OPT_OUT, consents=False)] == [
        "Flag?patient={{context.patientId}}"
    ]
    assert [each.template for each in refusal_searches((), consents=True)] == ["Consent?patient={{context.patientId}}"]


@pytest.mark.parametrize(
    ("sent", "counts"),
    [
        (flag(), True),
        (flag("inactive"), False),
        (flag("entered-in-error"), False),
        (flag(None), True),
        (flag("on-hold"), True),
        (flag(code="fall-risk"), False),
        (flag(code="NO-RESEARCH"), False),
        (flag(code="no-research", category=[{"text": "admin"}]), True),
        (flag() | {"code": {"text": "no-research"}}, False),
        (flag() | {"code": "no-research"}, False),
        (flag() | {"code": None}, False),
    ],
)
def test_an_active_flag_with_a_code_of_the_sites_counts(sent: Json, *, counts: bool) -> None:
    assert flagged(sent, OPT_OUT) is counts


def opted_out(*resources: object, **answers: Answer) -> bool:
    sent = {"patient": Answer(AnswerState.COMPLETE, (patient(),)), "flags": Answer(AnswerState.COMPLETE, resources)}
    chart = chart_of(sent | answers, SEARCHES, patient_id="pat-1", zone=UTC, opt_out=OPT_OUT)
    assert set(chart.gaps) == set()
    return chart.person.opted_out


def test_in_a_bundle_a_refusal_counts_whether_or_not_it_is_asked_for() -> None:
    for sent in (flag(), refusal()):
        bundle = collection(patient(), sent)
        chart = chart_of_bundle(bundle, patient_id=None, covered=None, zone=UTC, opt_out=OPT_OUT)
        assert chart.person.opted_out


def test_whose_flag_it_is() -> None:
    assert opted_out(flag())
    assert opted_out(flag(subject=None)), "one that names nobody came as this patient's"
    assert opted_out(flag(subject={"display": "somebody"})), "and so did one that does not say whom"
    assert not opted_out(flag(subject={"reference": "Patient/else"}))
    assert not opted_out(flag(subject={"reference": "Location/1"}))


def test_of_two_versions_the_one_that_refuses_counts() -> None:
    assert opted_out(flag("inactive"), flag())
    assert not opted_out(
        flag(meta={"lastUpdated": "2026-01-01T00:00:00Z"}),
        flag("inactive", meta={"lastUpdated": "2026-02-01T00:00:00Z"}),
    )


def test_a_consent_is_read_from_its_own_answer_and_bundles_are_opened() -> None:
    assert opted_out(consents=Answer(AnswerState.COMPLETE, (searchset(refusal()),)))
    assert not opted_out(consents=Answer(AnswerState.COMPLETE, (refusal(status="rejected"),)))


def test_what_does_not_belong_there_touches_no_other_kind() -> None:
    assert not opted_out("<html>", {"resourceType": "Condition", "id": "1"}, None)


WARNING = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "incomplete"}]}
READ = Answer(AnswerState.COMPLETE)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (READ, ""),
        (Answer(AnswerState.COMPLETE, (flag(), patient())), ""),
        (Answer(AnswerState.NOT_OFFERED, why="the server has none"), ""),
        (NOT_ASKED, "flags: it was neither sent nor asked for"),
        (Answer(AnswerState.FAILED, why="the server answered 403"), "flags: the server answered 403"),
        (Answer(AnswerState.PARTIAL, (flag(),), "the first part only"), "flags: the first part only"),
        (Answer(AnswerState.COMPLETE, (WARNING,)), "flags: the server says that something may be missing"),
        (Answer(AnswerState.COMPLETE, ("<html>",)), "flags: it holds what was not asked for"),
        (Answer(AnswerState.COMPLETE, (refusal(),)), "flags: it holds what was not asked for"),
        (
            Answer(AnswerState.COMPLETE, (searchset(flag(), total=2),)),
            "flags: more pages or entries were announced than came",
        ),
    ],
)
def test_what_was_not_read_whole_is_said(answer: Answer, said: str) -> None:
    assert unread_refusals({"flags": answer, "consents": READ}, SEARCHES) == said


def test_what_is_not_asked_for_cannot_be_missed() -> None:
    assert unread_refusals({}, (PATIENT,)) == ""
    assert unread_refusals({}, SEARCHES).count("neither sent nor asked for") == 2
