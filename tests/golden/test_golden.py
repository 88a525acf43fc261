"""The golden patients: each chart gets the verdicts its author wrote down, finding by finding, however it comes."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import re
from collections import Counter

import pytest

from cds.api.assessments import Teller
from cds.core.verdict import Standing
from cds.fhir.names import KIND_OF
from cds.fhir.strict import check_file
from cds.service import answer
from tests.golden.cases import FOLDER, SLUGS, Ehr, case, screened, service_for, told, written
from tests.service.world import SERVER
from tests.shipped import plan

TOLD = {Standing.CANDIDATE, Standing.NEAR}
SHUFFLES = 5 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 1
every_case = pytest.mark.parametrize("slug", SLUGS)

NOT_STRICT = {
    "duodenum-nec-karnofsky": {
        "Observation/oldershaw-ldh-20260609 effectiveDateTime",
        "Observation/oldershaw-pt-20260609 effectiveDateTime",
    },
    "rectum-nec-lab-chaos": {
        "Observation/wexcombe-alp-20260609 status",
        "Observation/wexcombe-mg-20260609 effectiveDateTime",
    },
}
"""What breaks R4B on purpose, as the case's ``why.md`` says."""


# -------------------------------------------------------------------------------------------------------- what they say


@every_case
def test_the_verdicts_are_those_the_author_wrote_down(slug: str) -> None:
    expected = case(slug)
    answered = screened(expected)
    assert {each.trial.nct_id: each.standing.value for each in answered.verdicts} == expected.verdicts
    assert (answered.withheld.value if answered.withheld else None) == expected.about.get("withheld")


@every_case
def test_the_findings_are_those_that_were_reviewed(slug: str, *, rewrite: bool) -> None:
    expected = case(slug)
    said = told(screened(expected).verdicts, plan().vocabulary)
    if rewrite:
        expected.expected_file.write_text(written(said), "utf-8")
    assert said == json.loads(expected.expected_file.read_text("utf-8"))


@every_case
def test_expected_findings_are_written_one_a_line(slug: str) -> None:
    text = case(slug).expected_file.read_text("utf-8")
    assert text == written(json.loads(text))


# ----------------------------------------------------------------------------------------------------- however it comes


@pytest.mark.anyio
@every_case
async def test_prefetch_fetch_and_bundle_give_the_same_findings(slug: str) -> None:
    expected = case(slug)
    by_bundle = screened(expected)
    ehr = Ehr(expected.resources)
    service = service_for(expected)
    by_prefetch = await answer(expected.call(ehr.prefetch(service.templates, expected.patient_id)), service)
    in_pages = Ehr(expected.resources, page=7)
    by_fetch = await answer(expected.call({}, SERVER), service_for(expected, in_pages.records()))
    assert by_prefetch.withheld is by_fetch.withheld is by_bundle.withheld
    if by_bundle.withheld is None:
        vocabulary = plan().vocabulary
        assert told(by_prefetch.verdicts, vocabulary) == told(by_bundle.verdicts, vocabulary)
        assert by_prefetch.verdicts == by_fetch.verdicts == by_bundle.verdicts
    assert by_prefetch.cards == by_fetch.cards
    worth_a_card = [each.trial.nct_id for each in by_bundle.verdicts if each.standing in TOLD]
    topics = [card.source.topic.code for card in by_prefetch.cards if card.source.topic]
    assert [topic for topic in topics if topic.startswith("NCT")] == ([] if by_bundle.withheld else worth_a_card)


@every_case
def test_the_order_of_a_bundle_does_not_matter(slug: str) -> None:
    """Not for a word of what is told: the whole assessment is the same, sentences and evidence in the same order."""
    expected = case(slug)
    teller = Teller(plan().vocabulary)
    as_it_is = teller.assessment(screened(expected))
    for seed in range(SHUFFLES):
        entries = list(expected.bundle["entry"])
        random.Random(f"{slug}-{seed}").shuffle(entries)  # noqa: S311 - the same orders in every run are wanted
        assert teller.assessment(screened(expected, expected.bundle | {"entry": entries})) == as_it_is


# ---------------------------------------------------------------------------------------------------- how they are made


@every_case
def test_charts_are_strict_r4b_unless_they_say_that_they_are_not(slug: str) -> None:
    faults = {fault.place for fault in check_file(case(slug).resources)}
    assert faults == NOT_STRICT.get(slug, set())
    assert ("Deliberately not strict R4" in case(slug).why) is bool(faults)


@every_case
def test_a_chart_is_one_patients_and_told_apart_by_ids(slug: str) -> None:
    one = case(slug)
    assert (one.bundle["resourceType"], one.bundle["type"]) == ("Bundle", "collection")
    assert [each["resourceType"] for each in one.resources].count("Patient") == 1
    assert one.resources[0]["resourceType"] == "Patient"
    assert [name for name, count in Counter(each["id"] for each in one.resources).items() if count > 1] == []
    about = {(each.get("subject") or each.get("patient") or {}).get("reference") for each in one.resources[1:]}
    assert about - {None} == {f"Patient/{one.patient_id}"}
    read = screened(one).chart
    assert read.lost == ()
    assert sum(read.read.values()) == sum(each["resourceType"] in {*KIND_OF, "Medication"} for each in one.resources)


def test_no_two_charts_share_an_id() -> None:
    holders: dict[str, set[str]] = {}
    for slug in SLUGS:
        for each in case(slug).resources:
            holders.setdefault(each["id"], set()).add(slug)
    assert {name: where for name, where in holders.items() if len(where) > 1} == {}


@every_case
def test_a_case_says_what_it_expects_and_why(slug: str) -> None:
    about = case(slug).about
    assert set(about) - {"withheld"} == {"asOf", "title", "covered", "verdicts"}
    assert dt.date.fromisoformat(about["asOf"]).isoformat() == about["asOf"]
    assert about["title"].strip() == about["title"] != ""
    assert set(about["covered"]) <= set(KIND_OF)
    assert set(about["verdicts"]) <= {trial.nct_id for trial in plan().trials}
    headings = dict(re.findall(r"^## (NCT\d{8}): \(?(.+)$", case(slug).why, re.MULTILINE))
    for nct_id, verdict in about["verdicts"].items():
        assert headings[nct_id].startswith(Standing(verdict).value.replace("-", " ")), nct_id


def test_the_readme_lists_every_case_once() -> None:
    listed = re.findall(r"^\| `([a-z0-9-]+)` \|", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == SLUGS
    folders = {place.name for place in FOLDER.iterdir() if place.is_dir() and place.name[0].isalpha()}
    assert sorted(folders - {"one_change"}) == SLUGS
