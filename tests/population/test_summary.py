"""A summary counts what the rows say, names no patient, and lets no word of a definition become Markdown."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from cds.core.plan import Plan
from cds.core.trial import Trial
from cds.population.summary import CriterionCount, Summary, TrialSummary
from cds.population.telling import markdown, plain
from tests.core.builders import VOCABULARY
from tests.population.world import (
    AS_OF,
    COLON,
    NEC,
    condition,
    export,
    job,
    patient,
    put,
    request,
    run,
    screen,
    statement,
    whole,
)

if TYPE_CHECKING:
    from pathlib import Path

    from cds.population.run import Came

NAMES = ("ashdown", "birling", "chalvington", "denton", "eastdean", "firle", "glynde")
ITRACONAZOLE = {"medicationCodeableConcept": {"coding": [{"system": "urn:test", "code": "itraconazole"}]}}


@pytest.fixture(scope="module")
def came(tmp_path_factory: pytest.TempPathFactory) -> Came:
    """Seven people: two who fit, one without a result; two with obstacles; another disease; one dead; one nobody."""
    a, b, c, d, e, f, g = NAMES
    folder = tmp_path_factory.mktemp("summary")
    people = [
        *whole(a),
        *(each for each in whole(b) if each["resourceType"] != "Observation"),
        *whole(c, platelets=80),
        request("c-r", c, **ITRACONAZOLE),
        *(each for each in whole(d) if each["resourceType"] != "Observation"),
        request("d-r", d, **ITRACONAZOLE),
        *whole(e, diagnosis="adenocarcinoma-of-colon"),
        *whole(f)[1:],
        patient(f, deceasedBoolean=True),
        *whole(g)[1:],
        statement(f"{a}-m", a),
        statement("lost", a) | {"medicationCodeableConcept": 7, "status": ["?"]},
    ]
    put(export(folder / "export", people) / "zz.ndjson", '{"eventId":"log"}')
    return screen(folder / "export", folder / "out", parts=2)


def test_it_counts_patients_by_hand(came: Came) -> None:
    it = came.summary
    assert (it.as_of, it.version, it.files) == (AS_OF, "as tried here", 6)
    assert (it.patients, it.told, it.withheld, it.problems) == (7, 5, {"deceased": 1}, {"no-patient-resource": 1})
    assert it.resources == 7 * 4 - 2 + 2 + 2 - 1
    assert (it.duplicates, it.lost, it.nobodys, it.earlier_day) == (1, 1, 3, 0)
    assert it.faults == {"it holds no FHIR resources and is passed over": 1}
    assert it.extents["condition"] == it.extents["medication"] == "complete"
    assert (it.extents["immunization"], it.gaps, it.passed_over) == ("not-read", (), ())


def test_it_counts_a_trial_by_hand(came: Came) -> None:
    nec, colon = came.summary.trials
    assert (nec.nct_id, nec.title, nec.draft, nec.told) == (NEC.nct_id, NEC.title, False, 5)
    assert (nec.concerned, nec.with_disease) == (4, 4)
    assert nec.standings == {"candidate": 2, "does-not-fit": 2}
    assert nec.unmet_nothing == 2
    assert nec.losses == (
        CriterionCount("itraconazole", "No itraconazole", 2, 1),
        CriterionCount("platelets", "Platelets ≥ 100 × 10⁹/L", 1, 0),
    )
    # of whom something is unmet, what is unknown is not told
    assert nec.unknowns == (
        CriterionCount("itraconazole", "No itraconazole", 1, 1),
        CriterionCount("platelets", "Platelets ≥ 100 × 10⁹/L", 1, 1),
    )
    assert (colon.concerned, colon.standings, colon.draft) == (1, {"candidate": 1}, True)
    assert colon.unknowns == (CriterionCount("albumin", "Albumin ≥ 3 g/dL", 1, 1),)


def test_trials_that_concern_nobody_are_passed_over(tmp_path: Path) -> None:
    it = screen(put(tmp_path / "x.ndjson", *whole("a")), tmp_path / "out").summary
    assert ([each.nct_id for each in it.trials], it.passed_over) == ([NEC.nct_id], (COLON.nct_id,))


def test_everything_counts_other_diseases_as_not_relevant(tmp_path: Path) -> None:
    it = screen(put(tmp_path / "x.ndjson", *whole("a")), tmp_path / "out", everything=True).summary
    colon = it.trials[1]
    assert (colon.standings, colon.with_disease, colon.losses[0].patients) == ({"not-relevant": 1}, 0, 1)


def test_faults_beyond_those_that_are_named_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for room in ("intake", "lines"):
        monkeypatch.setattr(f"cds.population.{room}.MOST_NAMED", 1)
    bad = [condition(f"c{number}", "a", subject=None) for number in range(3)]
    it = screen(put(tmp_path / "x.ndjson", *whole("a"), *bad), tmp_path / "out").summary
    assert it.faults == {"more of the same": 2, "the Condition does not say whose it is": 1}


def test_the_words_say_the_same_as_the_counts(came: Came) -> None:
    said = markdown(came.summary)
    for expected in (
        "Screened for 2026-06-15: 7 patients, 29 resources of 6 files; trials and tables `as tried her`.",
        "- Of 1 patient no trial is told: they have died.",
        "- 1 patient not screened: no Patient resource bears the id that entries name.",
        "- 3 resources of ids that no Patient resource bears.",
        "- 1 line with the type and id of another; the newest version counts.",
        "- 1 entry not read, and nothing was concluded from their absence.",
        "- 1 × it holds no FHIR resources and is passed over.",
        "- Not whole in this export, so that absence proves nothing: procedure, immunization, allergy.",
        "| trial | told of | concerned | has the disease | candidate | near | possible | does not fit |",
        f"| {NEC.nct_id} | 5 | 4 | 4 | 2 | 0 | 0 | 2 |",
        f"| {COLON.nct_id} (draft) | 5 | 1 | 1 | 1 | 0 | 0 | 0 |",
        "Trials that concern nobody here: 0.",
        f"### {NEC.nct_id} {NEC.title}",
        "| No itraconazole | 2 | 1 |",
        "| Albumin ≥ 3 g/dL | 1 | 1 |",
    ):
        assert expected in said.splitlines(), expected


def test_no_patient_is_in_it(came: Came) -> None:
    said = markdown(came.summary) + json.dumps(plain(came.summary), default=str)
    assert not [name for name in NAMES if name in said]


def test_what_is_written_is_what_came(tmp_path: Path) -> None:
    came = run(job(put(tmp_path / "x.ndjson", *whole(NAMES[0]), *whole(NAMES[1], platelets=9)), tmp_path / "out"))
    written = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert written == json.loads(json.dumps(plain(came.summary), default=str))
    assert (written["told"], written["trials"][0]["standings"]) == (2, {"candidate": 1, "near": 1})
    assert (tmp_path / "out" / "summary.md").read_text("utf-8") == markdown(came.summary)
    everything = "".join(each.read_text("utf-8") for each in (tmp_path / "out").glob("*.*"))
    assert not [name for name in NAMES if name in everything]


MARKUP = "<script>alert(1)</script> |\n\n **bold** _it_ [x](y) `code` \\"
PLAIN = r"\<script\>alert(1)\</script\> \| \*\*bold\*\* \_it\_ \[x\](y) \`code\` \\"


def test_words_of_a_definition_are_no_markup(tmp_path: Path) -> None:
    criteria = tuple(dataclasses.replace(each, label=MARKUP) for each in NEC.criteria)
    trial: Trial = dataclasses.replace(NEC, title=MARKUP, criteria=criteria)
    people = put(tmp_path / "x.ndjson", *whole("a", platelets=80))
    said = markdown(screen(people, tmp_path / "out", plan=Plan.of([trial], VOCABULARY)).summary)
    assert f"### {NEC.nct_id} {PLAIN}" in said.splitlines()
    assert f"| {PLAIN} | 1 | 1 |" in said.splitlines()
    assert "<" not in said.replace("\\<", "")


def trial_summary(number: int, draft: bool = False, **standings: int) -> TrialSummary:  # noqa: FBT001, FBT002
    counts = tuple(CriterionCount(f"c{place}", f"Label {place}", 1, 0) for place in range(10))
    return TrialSummary(f"NCT{number:08d}", "", draft, 9, 9, 0, standings, counts, ())


def summary_of(*trials: TrialSummary) -> Summary:
    return Summary(AS_OF, "v", 1234567, 0, 0, 0, {}, {}, 0, 0, 0, {}, {}, (), trials)


def test_the_most_promising_trials_are_told_first_and_only_some_in_full() -> None:
    trials = (
        trial_summary(1),
        trial_summary(2, near=1),
        trial_summary(3, draft=True, candidate=1),
        trial_summary(4, candidate=1),
        trial_summary(5, candidate=2),
        trial_summary(6, possible=1),
    )
    said = markdown(summary_of(*trials), details=2)
    order = [line.split()[1][-1] for line in said.splitlines() if line.startswith("| NCT")]
    assert order == ["5", "4", "3", "2", "6", "1"]
    order = [line.split()[1] for line in said.splitlines() if line.startswith("### ")]
    assert order == ["NCT00000005", "NCT00000004"]
    assert "The criteria of 4 more trials are in `summary.json`." in said
    assert "1,234,567 patients" in said
    assert said.count("and 2 criteria more.") == 2
    assert "Label 7" in said
    assert "Label 8" not in said
