"""One hook call: what was sent, what is fetched, and that the same record gives the same findings however it came."""

import datetime as dt
import time
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.assessment import Question, assess
from cds.core.chart import Extent, Kind
from cds.core.codes import Code
from cds.core.finding import Attestation
from cds.core.plan import Plan
from cds.core.truth import Truth
from cds.core.verdict import Standing, Withheld
from cds.errors import BadCall, PatientUnavailable, UnknownService, Unreachable
from cds.fhir.answer import Answer, AnswerState
from cds.fhir.names import KIND_OF
from cds.hooks.prefetch import PrefetchState, prefetched
from cds.service import Answered, answer
from tests.core.builders import VOCABULARY
from tests.service import world
from tests.service.world import CANCER, PATIENT_ID, PLATELETS, SERVER, ScriptedRecords, call, prefetch, searchset

pytestmark = pytest.mark.anyio
ALL_COMPLETE = dict.fromkeys(KIND_OF, "complete")


def standings(answered: Answered) -> dict[str, str]:
    return {each.trial.nct_id: each.standing.value for each in answered.verdicts}


def truths(answered: Answered) -> dict[str, str]:
    return {each.criterion.id: each.finding.truth.value for each in answered.verdicts[0].findings}


async def test_a_whole_prefetch_needs_no_server() -> None:
    records = ScriptedRecords()
    answered = await answer(call(server=SERVER), world.service(records))
    assert records.asked == []
    assert standings(answered) == {"NCT00000001": "candidate", "NCT00000002": "not-relevant"}
    assert [card.summary[:16] for card in answered.cards] == ["Candidate trial:"]


async def test_prefetch_fetch_and_bundle_give_the_same_findings() -> None:
    drug = world.statement("itraconazole", "2026-06-13")
    sent = prefetch(medicationStatements=searchset(drug))
    server = world.healthy_server()
    server.routes["MedicationStatement"] = lambda _: world.fhir(searchset(drug))
    by_prefetch = await answer(call(sent), world.service())
    by_fetch = await answer(call({}, server=SERVER, token="t"), world.service(server.records()))
    bundle = world.collection(world.patient(), CANCER, *world.RESULTS, drug)
    by_bundle = assess(Question(bundle, covered=ALL_COMPLETE), world.service())
    assert by_prefetch.verdicts == by_fetch.verdicts == by_bundle.verdicts
    assert [each.standing for each in by_bundle.verdicts] == [Standing.NEAR, Standing.NOT_RELEVANT]
    details = [[(each.summary, each.detail) for each in told.cards] for told in (by_prefetch, by_fetch)]
    assert details[0] == details[1]
    assert {request.headers["authorization"] for request in server.seen} == {"Bearer t"}


async def test_only_what_is_missing_is_fetched() -> None:
    records = ScriptedRecords({"conditions": Answer(AnswerState.COMPLETE, (CANCER,))})
    sent = prefetch(conditions=..., medicationRequests=None)
    answered = await answer(call(sent, server=SERVER), world.service(records))
    assert records.asked == ["conditions"]
    assert standings(answered)["NCT00000001"] == "candidate"


FAILED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
PAGED = {
    "resourceType": "Bundle",
    "type": "searchset",
    "entry": [{"resource": CANCER}],
    "link": [{"relation": "next", "url": "https://elsewhere.example.org/next"}],
}
SENT: list[tuple[object, PrefetchState, Extent, bool]] = [
    (..., PrefetchState.ABSENT, Extent.NOT_READ, True),
    (None, PrefetchState.NULL, Extent.COMPLETE, False),
    (FAILED, PrefetchState.FAILED, Extent.NOT_READ, False),
    ("<html>Sign in</html>", PrefetchState.GARBLED, Extent.NOT_READ, True),
    ({"resourceType": "Bundle", "entry": "x"}, PrefetchState.GARBLED, Extent.NOT_READ, True),
    (CANCER, PrefetchState.GARBLED, Extent.PARTIAL, True),
    (searchset(), PrefetchState.EMPTY, Extent.COMPLETE, False),
    ({"resourceType": "Bundle", "type": "searchset"}, PrefetchState.EMPTY, Extent.COMPLETE, False),
    (searchset(CANCER), PrefetchState.DATA, Extent.COMPLETE, False),
    (PAGED, PrefetchState.PAGED, Extent.PARTIAL, True),
    (searchset(CANCER, total=7), PrefetchState.PAGED, Extent.PARTIAL, True),
]


@pytest.mark.parametrize(("value", "state", "extent", "fetched"), SENT, ids=range(len(SENT)))
async def test_each_state_of_a_key_is_told_apart(
    value: object,
    state: PrefetchState,
    extent: Extent,
    fetched: bool,  # noqa: FBT001 - a column of the table
) -> None:
    sent = prefetch(conditions=value)
    assert prefetched(sent, ["conditions"], single=frozenset({"patient"}))["conditions"].state is state
    without = await answer(call(sent), world.service())
    assert without.chart.extent(Kind.CONDITION) is extent
    assert (Kind.CONDITION in without.chart.gaps) is (extent is not Extent.COMPLETE)
    records = ScriptedRecords({"conditions": Answer(AnswerState.COMPLETE, (CANCER,))})
    with_server = await answer(call(sent, server=SERVER), world.service(records))
    assert records.asked == (["conditions"] if fetched else [])
    if fetched:
        assert standings(with_server)["NCT00000001"] == "candidate"


async def test_what_was_sent_is_kept_where_the_rest_cannot_be_fetched() -> None:
    records = ScriptedRecords({"conditions": Answer(AnswerState.FAILED, why="the server answered 500")})
    answered = await answer(call(prefetch(conditions=PAGED), server=SERVER), world.service(records))
    assert truths(answered)["disease"] == "met"
    assert answered.chart.extent(Kind.CONDITION) is Extent.PARTIAL
    assert "500" in answered.chart.gaps[Kind.CONDITION]


@pytest.mark.parametrize(
    "server",
    [
        None,
        "https://other.example.org/r4",
        SERVER + "/deeper",
        "file:///etc",
        "http://[",
        "https://u:p@fhir.example.org/r4",
        "https://fhir.example.org:99999/r4",
    ],
)
async def test_a_server_that_is_not_listed_is_never_asked(server: str | None) -> None:
    records = ScriptedRecords()
    answered = await answer(call(prefetch(conditions=...), server=server, token="t"), world.service(records))
    assert records.asked == []
    assert answered.chart.extent(Kind.CONDITION) is Extent.NOT_READ
    assert standings(answered) == {"NCT00000001": "possible", "NCT00000002": "possible"}
    assert "not on this service" in answered.cards[0].detail or "gave no FHIR server" in answered.cards[0].detail


@pytest.mark.parametrize("server", ["https://FHIR.example.org/r4/", "https://fhir.example.org:443/r4"])
async def test_a_server_is_known_whatever_its_last_slash_capitals_and_usual_port(server: str) -> None:
    records = ScriptedRecords({"conditions": Answer(AnswerState.COMPLETE, (CANCER,))})
    await answer(call(prefetch(conditions=...), server=server), world.service(records))
    assert records.asked == ["conditions"]


@pytest.mark.parametrize(
    "value", [..., None, FAILED, "garbled", searchset()], ids=["absent", "null", "oo", "bad", "none"]
)
async def test_without_the_patient_there_is_no_answer(value: object) -> None:
    with pytest.raises(PatientUnavailable):
        await answer(call(prefetch(patient=value)), world.service())
    records = ScriptedRecords({"patient": Answer(AnswerState.FAILED, why="the server answered 401")})
    with pytest.raises(PatientUnavailable, match="401"):
        await answer(call(prefetch(patient=value), server=SERVER), world.service(records))
    records = ScriptedRecords({"patient": Answer(AnswerState.COMPLETE, (world.patient(),))})
    answered = await answer(call(prefetch(patient=value), server=SERVER), world.service(records))
    assert standings(answered)["NCT00000001"] == "candidate"


async def test_another_patients_chart_is_refused() -> None:
    with pytest.raises(BadCall, match=r"prefetch\.patient"):
        await answer(call(prefetch(patient=world.patient("pat-2"))), world.service())
    records = ScriptedRecords({"patient": Answer(AnswerState.COMPLETE, (world.patient("pat-2"),))})
    with pytest.raises(PatientUnavailable):
        await answer(call({}, server=SERVER), world.service(records))


async def test_another_patients_entry_is_not_read_as_this_ones() -> None:
    sent = prefetch(conditions=searchset(world.condition("nec-of-pancreas", patient_id="pat-2")))
    answered = await answer(call(sent), world.service())
    assert answered.chart.conditions == ()
    assert standings(answered)["NCT00000001"] == "possible"
    assert "pat-2" not in answered.cards[0].detail


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (world.patient(deceasedBoolean=True), Withheld.DECEASED),
        (world.patient(deceasedDateTime="2026-06-01"), Withheld.DECEASED),
        (world.patient(meta={"security": [{"system": "urn:site", "code": "no-research"}]}), Withheld.OPTED_OUT),
    ],
    ids=["deceased", "deceased on a day", "opted out"],
)
async def test_no_cards_are_told_of_some_patients(person: dict[str, object], reason: Withheld) -> None:
    service = world.service(opt_out=frozenset({Code("urn:site", "no-research")}))
    answered = await answer(call(prefetch(patient=person)), service)
    assert (answered.cards, answered.withheld) == ((), reason)


@pytest.mark.parametrize(
    "viewer", ["Patient/pat-1", "RelatedPerson/9", "https://ehr.example.org/fhir/Patient/pat-1", " patient/pat-1"]
)
async def test_the_patient_and_relatives_are_told_no_cards(viewer: str) -> None:
    answered = await answer(call(viewer=viewer), world.service())
    assert (answered.cards, answered.withheld) == ((), Withheld.VIEWER)


async def test_a_client_that_hangs_past_its_deadline_is_left_alone() -> None:
    records = ScriptedRecords(wait_s=60)
    began = time.perf_counter()
    answered = await answer(call(prefetch(conditions=...), server=SERVER), world.service(records, deadline_s=0.01))
    assert "did not answer in time" in answered.chart.gaps[Kind.CONDITION]
    assert time.perf_counter() - began < 5


async def test_a_client_that_fails_is_a_named_unknown() -> None:
    records = ScriptedRecords(problem=Unreachable("no connection"))
    answered = await answer(call(prefetch(conditions=...), server=SERVER), world.service(records))
    assert "no connection" in answered.chart.gaps[Kind.CONDITION]
    assert "no connection" in answered.cards[0].detail


async def test_today_is_the_day_at_the_site() -> None:
    late = world.FixedClock(dt.datetime(2026, 6, 14, 23, 30, tzinfo=dt.UTC))
    sent = prefetch(medicationStatements=searchset(world.statement("itraconazole", "2026-06-08")))
    in_berlin = await answer(call(sent), world.service(clock=late, zone=ZoneInfo("Europe/Berlin")))
    in_utc = await answer(call(sent), world.service(clock=late))
    assert (truths(in_berlin)["cyp3a"], truths(in_utc)["cyp3a"]) == ("met", "unmet")


@given(st.permutations(sorted(prefetch())), st.booleans())
async def test_the_order_of_keys_and_entries_changes_nothing(keys: list[str], backwards: bool) -> None:  # noqa: FBT001
    sent = prefetch()
    shuffled = {key: sent[key] for key in keys}
    if backwards:
        shuffled["laboratory"] = searchset(*reversed(world.RESULTS))
    first, second = await answer(call(sent), world.service()), await answer(call(shuffled), world.service())
    assert first.verdicts == second.verdicts


@given(st.dictionaries(st.sampled_from(sorted(prefetch())), st.sampled_from([each for each, *_ in SENT]), max_size=3))
async def test_nothing_that_is_sent_breaks_a_call(changes: dict[str, object]) -> None:
    changes.pop("patient", None)
    answered = await answer(call(prefetch(**changes)), world.service())
    incomplete = set(answered.chart.gaps)
    if incomplete - {Kind.PERSON}:
        assert answered.cards or all(each.standing is Standing.NOT_RELEVANT for each in answered.verdicts)


def test_an_attestation_takes_the_place_of_the_record() -> None:
    bundle = world.collection(world.patient(), CANCER, PLATELETS)
    said = (Attestation("ecog", "NCT00000001", Truth.UNMET, "ECOG 3 today"),)
    told = assess(Question(bundle, attestations=said), world.service())
    found = {each.criterion.id: each.finding for each in told.verdicts[0].findings}
    assert found["ecog"].truth is Truth.UNMET


def test_questions_about_what_is_not_loaded_are_refused() -> None:
    bundle = world.collection(world.patient())
    with pytest.raises(UnknownService, match=r"trials\[1\]"):
        assess(Question(bundle, trials=("NCT00000001", "NCT99999999")), world.service())
    with pytest.raises(UnknownService, match=r"attestations\[0\]\.trial"):
        assess(Question(bundle, attestations=(Attestation("ecog", "NCT9", Truth.MET),)), world.service())
    with pytest.raises(BadCall, match=r"attestations\[0\]\.criterion"):
        assess(Question(bundle, attestations=(Attestation("x", "NCT00000001", Truth.MET),)), world.service())
    twice = (Attestation("ecog", "NCT00000001", Truth.MET), Attestation("ecog", "NCT00000001", Truth.UNMET))
    with pytest.raises(BadCall, match=r"attestations\[1\]\.criterion: it was attested before"):
        assess(Question(bundle, attestations=twice), world.service())


def test_a_value_that_is_no_number_is_lost_by_name() -> None:
    haemolysed = {**PLATELETS, "valueString": "haemolysed"}
    del haemolysed["valueQuantity"]
    told = assess(Question(world.collection(world.patient(), haemolysed)), world.service())
    assert [(each.reference, "haemolysed" in each.why) for each in told.lost] == [("Observation/o1", True)]


def test_the_patient_id_is_what_the_searches_are_made_of() -> None:
    assert {
        key: each.count("{{context.patientId}}") for key, each in world.service().templates.items()
    } == dict.fromkeys(prefetch(), 1)
    assert PATIENT_ID not in str(world.service().templates)


async def test_drafts_that_no_card_tells_are_neither_screened_nor_read_for() -> None:
    draft = replace(world.NEC, nct_id="NCT00000077", draft=True)
    plan = Plan.of((world.LUNG, draft), VOCABULARY)
    silent, open_ = (world.service(plan=plan, show_drafts=shown) for shown in (False, True))
    assert open_.for_hooks() is open_
    hooks = silent.for_hooks()
    assert [each.nct_id for each in hooks.plan.trials] == [world.LUNG.nct_id]
    assert hooks.templates == world.service(plan=Plan.of((world.LUNG,), VOCABULARY)).templates
    answered = await answer(call(prefetch()), hooks)
    assert {each.trial.nct_id for each in answered.verdicts} == {world.LUNG.nct_id}
