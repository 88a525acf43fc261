"""The golden charts as a population: each patient gets by an export what they get by their own Bundle."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from typing import TYPE_CHECKING

import pytest

from bench.copies import lines_of_bundle
from cds.core.criteria import AnyOf, Asked
from cds.core.plan import Plan
from cds.core.screen import screen, withheld
from cds.core.tally import concerned, tally
from cds.core.truth import Truth
from cds.core.verdict import Standing
from cds.fhir.names import KIND_OF, TYPES_OF
from cds.fhir.reading.read import chart_of_bundle
from tests.golden.cases import SLUGS, case
from tests.population import world
from tests.population.world import AS_OF, ZONE, Json, export, put, rows
from tests.shipped import plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cds.core.chart import Chart
    from cds.core.criteria import Criterion
    from cds.core.trial import Trial
    from cds.core.verdict import Verdict

Tables = dict[str, list[Json]]
EVERYTHING = dict.fromkeys(KIND_OF, "complete")
URN_UUID = {slug for slug in SLUGS if "urn:uuid" in json.dumps(case(slug).bundle, default=str)}


def exported(slug: str) -> list[Json]:
    return [json.loads(text) for _, text in lines_of_bundle(json.loads(json.dumps(case(slug).bundle, default=float)))]


def chart_for(bundle: Json, covered: dict[str, str] | None = EVERYTHING) -> Chart:
    return chart_of_bundle(bundle, patient_id=None, covered=covered, zone=ZONE)


def drafted(trial: Trial) -> Trial:
    """Give a trial as a draft of it is: each question of the records beside a line's words, and not all lines there."""

    def asked(each: Criterion) -> Criterion:
        either = each.rule if isinstance(each.rule, Asked) else AnyOf((each.rule, Asked(each.label)))
        return each if each.disease else dataclasses.replace(each, rule=either)

    criteria = tuple(map(asked, trial.criteria))
    return dataclasses.replace(trial, nct_id=f"NCT9{trial.nct_id[4:]}", criteria=criteria, draft=True, complete=False)


@cache
def with_drafts() -> Plan:
    """Give the curated trials, some drafts, and one that says of no criterion that it is about the disease."""
    some = plan().trials[:3]
    diseaseless = dataclasses.replace(
        some[0],
        nct_id="NCT99999999",
        criteria=tuple(dataclasses.replace(each, disease=False) for each in some[0].criteria),
        cohorts=(),
        draft=True,
    )
    return Plan.of([*plan().trials, *map(drafted, some), diseaseless], plan().vocabulary)


def said(verdict: Verdict) -> Json:
    """Give what a run writes of one trial, from the verdict of the screen."""
    cohort = next(each.id for each in verdict.cohorts if each.findings is verdict.findings)
    unmet, unknown = verdict.having(Truth.UNMET), verdict.having(Truth.UNKNOWN)
    return {
        "trial": verdict.trial.nct_id,
        "verdict": verdict.standing.value,
        "cohort": cohort,
        "earliest": verdict.earliest,
        "met": len(verdict.having(Truth.MET)),
        "unmet": len(unmet),
        "unknown": len(unknown),
        "for_a_person": len(verdict.for_a_person),
        "blocking": [each.criterion.id for each in unmet],
        "missing": [each.criterion.id for each in unknown],
        "draft": verdict.trial.draft,
    }


def held(chart: Chart) -> list[Json]:
    """Give what a run should write of one patient, from a screen of their chart."""
    if withheld(chart, AS_OF) is not None:
        return []
    return sorted((said(each) for each in screen(chart, with_drafts(), AS_OF)), key=lambda each: str(each["trial"]))


def written(found: Sequence[Json], whose: str) -> list[Json]:
    mine = [each for each in found if each["patient"] == whose]
    return [{name: each[name] for name in each if name not in {"patient", "as_of", "disease"}} for each in mine]


@pytest.mark.parametrize("slug", SLUGS)
def test_a_tally_counts_what_the_screen_tells(slug: str) -> None:
    chart = chart_for(case(slug).bundle)
    everything = list(tally(chart, with_drafts(), AS_OF, everything=True))
    verdicts = {each.trial.nct_id: each for each in screen(chart, with_drafts(), AS_OF)}
    assert [each.trial for each in everything] == list(with_drafts().trials)
    for each in everything:
        verdict = verdicts[each.trial.nct_id]
        mine = said(verdict)
        assert (each.standing, each.cohort, each.earliest) == (verdict.standing, mine["cohort"], verdict.earliest)
        assert [list(each.unmet), list(each.unknown)] == [mine["blocking"], mine["missing"]]
        assert (each.met, each.for_a_person) == (mine["met"], mine["for_a_person"])
        assert list(each.findings) == list(verdict.findings)


@pytest.mark.parametrize("slug", SLUGS)
def test_whom_a_trial_concerns_is_seen_by_what_its_diseases_read(slug: str) -> None:
    chart = chart_for(case(slug).bundle)
    some = [each.trial.nct_id for each in tally(chart, with_drafts(), AS_OF)]
    everything = {each.trial.nct_id: each for each in tally(chart, with_drafts(), AS_OF, everything=True)}
    diseased = [name for name, each in everything.items() if each.disease is Truth.MET]
    assert set(diseased) <= set(some)
    assert not any(everything[name].standing is Standing.NOT_RELEVANT for name in some)
    assert some == [name for name in everything if name in some], "not in the plan's order"

    needed = {"Patient", *(name for kind in with_drafts().disease_needs() for name in TYPES_OF[kind])}
    kept = [each for each in case(slug).bundle["entry"] if each["resource"]["resourceType"] in needed]
    little = chart_for(case(slug).bundle | {"entry": kept})
    assert concerned(chart, with_drafts(), AS_OF) == concerned(little, with_drafts(), AS_OF) == bool(some)


def test_some_golden_charts_concern_some_trials_only() -> None:
    concern = {slug: len(list(tally(chart_for(case(slug).bundle), with_drafts(), AS_OF))) for slug in SLUGS}
    assert concern["breast-sparse"] < concern["pancreas-lcnec-clean"] < len(with_drafts().trials)


@pytest.fixture(scope="module")
def population(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """All golden charts as one export: by type, several files each, some of them packed."""
    folder = tmp_path_factory.mktemp("population")
    half = len(SLUGS) // 2
    export(folder / "export" / "one", [each for slug in SLUGS[:half] for each in exported(slug)], files=2)
    rest = [each for slug in SLUGS[half:] for each in exported(slug)]
    export(folder / "export" / "two", rest, files=2, ending=".ndjson.gz")
    world.screen(folder / "export", folder / "out", plan=with_drafts(), everything=True, criteria=True, parts=2)
    return {table: rows(folder / "out", table) for table in ("patients", "trials", "criteria")}


@pytest.mark.parametrize("slug", SLUGS)
def test_a_patient_of_an_export_gets_what_their_chart_gets(population: Tables, slug: str) -> None:
    chart = chart_for(case(slug).bundle)
    assert written(population["trials"], case(slug).patient_id) == held(chart)
    (row,) = (each for each in population["patients"] if each["patient"] == case(slug).patient_id)
    reason = withheld(chart, AS_OF)
    assert row["withheld"] == (reason.value if reason else None)
    assert (row["problem"], row["lost"]) == (None, 0 if reason else len(chart.lost))


@pytest.mark.parametrize("slug", ["duodenum-nec-karnofsky", "rectum-nec-lab-chaos", "colon-nec-near"])
def test_the_findings_of_an_export_are_those_of_the_chart(population: Tables, slug: str) -> None:
    found = [each for each in population["criteria"] if each["patient"] == case(slug).patient_id]
    expected = [
        (each.trial.nct_id, one.criterion.id, one.finding)
        for each in screen(chart_for(case(slug).bundle), with_drafts(), AS_OF)
        for one in each.findings
    ]
    assert len(found) == len(expected)
    for row, (trial, criterion, it) in zip(found, sorted(expected, key=lambda each: each[:2]), strict=True):
        assert (row["trial"], row["criterion"], row["truth"]) == (trial, criterion, it.truth.value)
        assert (row["basis"], row["cause"]) == (it.basis and it.basis.value, it.cause and it.cause.value)
        assert (row["resolves_on"], row["expires_on"]) == (it.resolves_on, it.expires_on)
        assert set(row["evidence"]) == {seen.reference for seen in it.evidence}


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Json]:
    """All golden charts as Bundles: some a file each as they lie, some in one line, some many lines of one file."""
    folder = tmp_path_factory.mktemp("bundles")
    for number, slug in enumerate(SLUGS):
        bundle = json.loads(json.dumps(case(slug).bundle, default=float))
        if number % 3 == 0:
            put(folder / "charts" / f"{slug}.json", json.dumps(bundle, indent=1))
        elif number % 3 == 1:
            put(folder / "charts" / f"{slug}.json.gz", bundle)
        else:
            with (folder / "charts" / "several.ndjson").open("a", encoding="utf-8") as file:
                file.write(world.line(bundle) + "\n")
    world.screen(folder / "charts", folder / "out", plan=with_drafts(), everything=True, parts=2)
    return rows(folder / "out", "trials")


@pytest.mark.parametrize("slug", SLUGS)
def test_a_patient_of_bundles_gets_what_their_bundle_gets(bundles: list[Json], slug: str) -> None:
    assert written(bundles, case(slug).patient_id) == held(chart_for(case(slug).bundle, covered=None))


def test_there_are_bundles_whose_entries_point_at_others_by_their_urls() -> None:
    assert len(URN_UUID) > 1
