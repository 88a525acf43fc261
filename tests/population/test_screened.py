"""One patient of many gets what their records say: no more by what others have, and no less by what others lack."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cds.core.chart import Extent, Kind
from cds.core.plan import Plan
from cds.fhir.reading.read import chart_of_entries
from cds.population import screening
from cds.population.coverage import covered_by
from cds.population.lines import BUNDLE, Account, Fault, Row
from cds.population.screening import digest_of, screened
from tests.core.builders import VOCABULARY
from tests.population.world import (
    AS_OF,
    COLON,
    NEC,
    RESEARCH,
    Json,
    coded,
    condition,
    export,
    job,
    line,
    observation,
    patient,
    patients,
    put,
    request,
    rows,
    run,
    screen,
    statement,
    trials_of,
    whole,
)

if TYPE_CHECKING:
    from pathlib import Path

ALL = Plan.of((NEC, COLON), VOCABULARY)


def findings(out: Path, whose: str, trial: str = NEC.nct_id) -> dict[str, tuple[str, str | None]]:
    """Give what each criterion came to for one patient: its truth, and the basis or cause of it."""
    found = [each for each in rows(out, "criteria") if (each["patient"], each["trial"]) == (whose, trial)]
    return {each["criterion"]: (each["truth"], each["basis"] or each["cause"]) for each in found}


def told(tmp_path: Path, *resources: Json, **more: Any) -> Path:  # noqa: ANN401 - members of several types
    """Screen an export of these resources, findings and all; give the folder of the results."""
    screen(put(tmp_path / "export.ndjson", *resources), tmp_path / "out", criteria=True, **more)
    return tmp_path / "out"


# -------------------------------------------------------------------------------------------------- whom it is told of


def test_each_patient_has_the_trials_that_concern_them(tmp_path: Path) -> None:
    people = [
        *whole("fits"),
        *whole("low", platelets=80),
        *whole("colon", diagnosis="adenocarcinoma-of-colon"),
        *whole("other", diagnosis="gilbert-syndrome"),
    ]
    out = told(tmp_path, *people)
    found = {pair: (each["verdict"], each["blocking"], each["missing"]) for pair, each in trials_of(out).items()}
    assert found == {
        ("fits", NEC.nct_id): ("candidate", [], []),
        ("low", NEC.nct_id): ("near", ["platelets"], []),
        ("colon", COLON.nct_id): ("candidate", [], ["albumin"]),
    }
    assert {name: each["trials"] for name, each in patients(out).items()} == {
        "fits": 1,
        "low": 1,
        "colon": 1,
        "other": 0,
    }
    fits = trials_of(out)["fits", NEC.nct_id]
    counts = {name: fits[name] for name in ("met", "unmet", "unknown", "for_a_person", "disease", "cohort", "draft")}
    assert counts == {
        "met": 4, "unmet": 0, "unknown": 0, "for_a_person": 1, "disease": "met", "cohort": "", "draft": False
    }  # fmt: skip
    assert trials_of(out)["colon", COLON.nct_id]["draft"] is True
    assert {each["as_of"] for table in ("patients", "trials") for each in rows(out, table)} == {AS_OF}


def test_everything_tells_the_trials_of_other_diseases_too(tmp_path: Path) -> None:
    out = told(tmp_path, *whole("a"), *whole("b", diagnosis="gilbert-syndrome"), everything=True)
    assert len(trials_of(out)) == len(patients(out)) * len(ALL.trials)
    other = trials_of(out)["a", COLON.nct_id]
    assert (other["verdict"], other["disease"]) == ("not-relevant", "ruled-out")


def test_a_finding_names_its_evidence(tmp_path: Path) -> None:
    out = told(tmp_path, *whole("a", platelets=80))
    (found,) = [each for each in rows(out, "criteria") if each["criterion"] == "platelets"]
    assert (found["truth"], found["basis"], found["evidence"]) == ("unmet", "documented", ["Observation/a-o"])
    (asked,) = [each for each in rows(out, "criteria") if each["criterion"] == "consent"]
    assert (asked["truth"], asked["wanted"]) == ("unknown", "Has the patient given consent?")


def test_findings_are_written_only_when_they_are_asked_for(tmp_path: Path) -> None:
    screen(export(tmp_path / "export", whole("a")), tmp_path / "out")
    assert not (tmp_path / "out" / "criteria").exists()
    assert len(trials_of(tmp_path / "out")) == 1


@pytest.mark.parametrize("deceased", [{"deceasedBoolean": True}, {"deceasedDateTime": "2026-06-14"}])
def test_no_trial_is_told_of_somebody_who_has_died(tmp_path: Path, deceased: Json) -> None:
    out = told(tmp_path, *whole("a")[1:], patient("a", **deceased), *whole("b"))
    assert {name: (each["withheld"], each["trials"]) for name, each in patients(out).items()} == {
        "a": ("deceased", 0),
        "b": (None, 1),
    }
    assert {each["patient"] for table in ("trials", "criteria") for each in rows(out, table)} == {"b"}


def test_death_on_a_later_day_keeps_no_trial_back(tmp_path: Path) -> None:
    out = told(tmp_path, *whole("a")[1:], patient("a", deceasedDateTime="2026-06-16"))
    assert patients(out)["a"]["withheld"] is None


FLAG = {"resourceType": "Flag", "id": "f", "status": "active", "subject": {"reference": "Patient/a"}}
FLAGGED = FLAG | {"code": {"coding": [{"system": RESEARCH.system, "code": RESEARCH.value}]}}
REFUSAL = {
    "resourceType": "Consent",
    "id": "f",
    "status": "active",
    "scope": {"coding": [{"code": "research"}]},
    "patient": {"reference": "Patient/a"},
    "provision": {"type": "deny"},
}


@pytest.mark.parametrize("refusal", [FLAGGED, REFUSAL])
def test_no_trial_is_told_of_somebody_who_refuses_research(tmp_path: Path, refusal: Json) -> None:
    out = told(tmp_path, *whole("a"), *whole("b"), refusal, opt_out=frozenset({RESEARCH}))
    withheld = {name: each["withheld"] for name, each in patients(out).items()}
    assert withheld == {"a": "opted-out", "b": None if refusal is FLAGGED else "refusals-not-read"}
    assert not any(each["patient"] == "a" for each in rows(out, "trials"))


def test_no_trial_is_told_where_the_export_has_no_refusals_that_the_site_keeps(tmp_path: Path) -> None:
    out = told(tmp_path, *whole("a"), FLAG, opt_out=frozenset({RESEARCH}), consents=True)
    assert patients(out)["a"]["withheld"] == "refusals-not-read"
    assert rows(out, "trials") == []


def test_a_refusal_that_cannot_be_read_may_be_anybodys(tmp_path: Path) -> None:
    export(tmp_path / "export", whole("a"))
    put(tmp_path / "export" / "Flag.ndjson", FLAG, '{"resourceType":"Flag","id":"g","subject":{"refe')
    came = screen(tmp_path / "export", tmp_path / "out", opt_out=frozenset({RESEARCH}))
    assert patients(tmp_path / "out")["a"]["withheld"] == "refusals-not-read"
    assert came.summary.gaps == ("a Flag or Consent could not be read, so that it cannot be seen who refuses research",)


def test_a_refusal_that_cannot_be_read_and_names_somebody_is_theirs_alone(tmp_path: Path) -> None:
    export(tmp_path / "export", [*whole("a"), *whole("b")])
    put(tmp_path / "export" / "Flag.ndjson", FLAG | {"id": "other"}, line(FLAGGED)[:-9])
    screen(tmp_path / "export", tmp_path / "out", opt_out=frozenset({RESEARCH}))
    withheld = {name: each["withheld"] for name, each in patients(tmp_path / "out").items()}
    assert withheld == {"a": "refusals-not-read", "b": None}


def test_where_the_site_keeps_no_refusals_none_are_missed(tmp_path: Path) -> None:
    assert patients(told(tmp_path, *whole("a")))["a"]["withheld"] is None


def test_whose_trials_are_withheld_is_nowhere_in_the_findings_even_with_everything(tmp_path: Path) -> None:
    dead = patient("a", deceasedBoolean=True)
    out = told(tmp_path, *whole("a")[1:], dead, everything=True)
    assert (rows(out, "trials"), rows(out, "criteria")) == ([], [])


# ----------------------------------------------------------------------------------------------- what absence may mean


def test_what_the_export_has_and_the_patient_has_not_is_no_record(tmp_path: Path) -> None:
    out = told(tmp_path, *whole("a")[:3], *whole("b"))
    assert findings(out, "a")["itraconazole"] == ("met", "no-record")
    assert findings(out, "a")["gilbert"] == ("met", "no-record")


def test_of_a_type_without_a_file_absence_shows_nothing(tmp_path: Path) -> None:
    without = [each for name in ("a", "b") for each in whole(name) if each["resourceType"] != "MedicationStatement"]
    out = told(tmp_path, *without)
    assert findings(out, "a")["itraconazole"] == ("unknown", "not-read")
    assert findings(out, "a")["gilbert"] == ("met", "no-record")


def test_where_only_drugs_that_were_given_are_told_others_may_be_taken(tmp_path: Path) -> None:
    given = statement("x", "a") | {"resourceType": "MedicationAdministration", "status": "completed"}
    came = screen(put(tmp_path / "x.ndjson", *whole("a")[:3], given), tmp_path / "out")
    assert trials_of(tmp_path / "out")["a", NEC.nct_id]["missing"] == ["itraconazole"]
    assert came.summary.extents["medication"] == "partial"


@pytest.mark.parametrize("name", ["MedicationOrder", "MedicationUsage"])
def test_drugs_of_a_release_that_is_not_read_are_missed_of_their_patient(tmp_path: Path, name: str) -> None:
    out = told(tmp_path, *whole("a"), *whole("b"), statement("x", "a") | {"resourceType": name})
    assert findings(out, "a")["itraconazole"][0] == "unknown"
    assert findings(out, "b")["itraconazole"] == ("met", "no-record")


def test_a_line_that_is_cut_off_may_be_anybodys(tmp_path: Path) -> None:
    export(tmp_path / "export", [*whole("a"), *whole("b")])
    put(tmp_path / "export" / "MedicationStatement.1.ndjson", '{"resourceType":"MedicationStatement","id":"x","st')
    screen(tmp_path / "export", tmp_path / "out", criteria=True)
    for name in ("a", "b"):
        assert findings(tmp_path / "out", name)["itraconazole"][0] == "unknown"
        assert findings(tmp_path / "out", name)["gilbert"] == ("met", "no-record")


@pytest.mark.parametrize(
    "cut",
    [
        '{"resourceType":"MedicationStatement","subject":{"reference":"Patient/a"},"stat',
        '{"resourceType":"MedicationStatement","subject":{"reference":"https://ehr.example/r4/Patient/a/_history/2"},',
    ],
)
def test_a_line_that_is_cut_off_and_names_somebody_is_theirs_alone(tmp_path: Path, cut: str) -> None:
    export(tmp_path / "export", [*whole("a"), *whole("b")])
    put(tmp_path / "export" / "MedicationStatement.1.ndjson", cut)
    screen(tmp_path / "export", tmp_path / "out", criteria=True)
    assert findings(tmp_path / "out", "a")["itraconazole"][0] == "unknown"
    assert findings(tmp_path / "out", "b")["itraconazole"] == ("met", "no-record")


def test_a_line_that_names_several_may_be_any_of_theirs(tmp_path: Path) -> None:
    export(tmp_path / "export", [*whole("a"), *whole("b")])
    cut = '{"resourceType":"MedicationStatement","subject":{"reference":"Patient/a"},"x":{"reference":"Patient/z"},'
    put(tmp_path / "export" / "MedicationStatement.1.ndjson", cut)
    screen(tmp_path / "export", tmp_path / "out", criteria=True)
    assert [findings(tmp_path / "out", name)["itraconazole"][0] for name in "ab"] == ["unknown", "unknown"]


def test_an_entry_that_cannot_be_read_takes_from_its_patient_alone(tmp_path: Path) -> None:
    garbled = statement("x", "a") | {"medicationCodeableConcept": 7, "status": ["?"]}
    out = told(tmp_path, *whole("a"), *whole("b"), garbled)
    assert findings(out, "a")["itraconazole"][0] == "unknown"
    assert findings(out, "b")["itraconazole"] == ("met", "no-record")
    assert {name: each["lost"] for name, each in patients(out).items()} == {"a": 1, "b": 0}


def test_two_exports_have_whole_only_what_both_have(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    export(one, [*whole("a"), *whole("b")])
    export(other, [patient("a"), patient("c"), condition("c-c", "c"), observation("c-o", "c")])
    screen([one, other], tmp_path / "out", criteria=True)
    found = {name: findings(tmp_path / "out", name)["itraconazole"] for name in "abc"}
    assert found == {"a": ("unknown", "not-read"), "b": ("met", "no-record"), "c": ("unknown", "not-read")}


def test_an_export_without_patients_completes_the_others(tmp_path: Path) -> None:
    export(tmp_path / "one", [patient("a"), condition("a-c", "a"), observation("a-o", "a")])
    export(tmp_path / "two", [statement("b-m", "b")])
    screen([tmp_path / "one", tmp_path / "two"], tmp_path / "out", criteria=True)
    assert findings(tmp_path / "out", "a")["itraconazole"] == ("met", "no-record")


def test_a_bundle_says_nothing_of_what_others_lack(tmp_path: Path) -> None:
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in whole("a")[:3]]}
    put(tmp_path / "charts" / "a.json", bundle)
    export(tmp_path / "export", whole("b"))
    screen([tmp_path / "charts", tmp_path / "export"], tmp_path / "out", criteria=True)
    assert findings(tmp_path / "out", "a")["itraconazole"] == ("unknown", "not-read")
    assert findings(tmp_path / "out", "b")["itraconazole"] == ("met", "no-record")


def test_what_is_covered_is_said_per_kind(tmp_path: Path) -> None:
    export(tmp_path / "export", whole("a"))
    account = Account("x", loose=dict.fromkeys(("Patient", "Condition", "Observation", "MedicationStatement"), 1))
    account.faults.append(Fault("x", 3, "cut", "Condition", ""))
    account.faults.append(Fault("x", 4, "cut", "Observation", "a"))
    the_job = job(tmp_path / "export", tmp_path / "out")
    accounts = [account, *(Account("y") for _ in the_job.sources[1:])]
    covered = covered_by(accounts, the_job)
    mine, another = (covered.of(name, [Row(0, name, "Patient", name, "", "", "{}", 0)]).extents for name in ("a", "b"))
    assert (mine[Kind.CONDITION], mine[Kind.MEASUREMENT], mine[Kind.MEDICATION]) == (
        Extent.PARTIAL,
        Extent.PARTIAL,
        Extent.COMPLETE,
    )
    assert (another[Kind.CONDITION], another[Kind.MEASUREMENT]) == (Extent.PARTIAL, Extent.COMPLETE)
    assert Kind.IMMUNIZATION not in mine
    assert covered.extents["condition"] == "partial"
    assert covered.extents["immunization"] == "not-read"


# --------------------------------------------------------------------------------------------------- put back together


def test_a_drug_in_another_file_is_the_patients(tmp_path: Path) -> None:
    drug = {"resourceType": "Medication", "id": "d1", "code": coded("itraconazole")}
    asked = request("r", "a", medicationReference={"reference": "Medication/d1"})
    out = told(tmp_path, *whole("a"), asked, drug, *whole("b"))
    assert findings(out, "a")["itraconazole"] == ("unmet", "documented")
    assert findings(out, "b")["itraconazole"] == ("met", "no-record")
    assert {name: each["resources"] for name, each in patients(out).items()} == {"a": 6, "b": 4}


def test_what_a_drug_is_made_of_is_found_in_another_file(tmp_path: Path) -> None:
    mixture = {
        "resourceType": "Medication",
        "id": "d1",
        "ingredient": [{"itemReference": {"reference": "Medication/d2"}}],
    }
    inside = {"resourceType": "Medication", "id": "d2", "code": coded("itraconazole")}
    unused = {"resourceType": "Medication", "id": "d3", "code": coded("itraconazole")}
    asked = request("r", "a", medicationReference={"reference": "https://ehr.example/r4/Medication/d1/_history/1"})
    out = told(tmp_path, *whole("a"), asked, mixture, inside, unused)
    assert findings(out, "a")["itraconazole"] == ("unmet", "documented")
    assert patients(out)["a"]["resources"] == 4 + 3


def test_a_drug_that_did_not_come_is_not_taken_for_another(tmp_path: Path) -> None:
    asked = request("r", "a", medicationReference={"reference": "Medication/gone"})
    out = told(tmp_path, *whole("a"), asked)
    assert findings(out, "a")["itraconazole"][0] == "unknown"


def test_lines_that_repeat_others_count_once(tmp_path: Path) -> None:
    first, second = export(tmp_path / "one", whole("a")), export(tmp_path / "two", whole("a"))
    screen([first, second], tmp_path / "out")
    assert patients(tmp_path / "out")["a"]["duplicates"] == len(whole("a"))
    assert trials_of(tmp_path / "out")["a", NEC.nct_id]["verdict"] == "candidate"


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_several_versions_the_newest_counts(tmp_path: Path, newest_first: bool) -> None:  # noqa: FBT001
    old = observation("a-o", "a", 150, meta={"lastUpdated": "2026-06-10T10:00:00Z", "versionId": "1"})
    new = observation("a-o", "a", 80, meta={"lastUpdated": "2026-06-11T10:00:00Z", "versionId": "2"})
    export(tmp_path / "export", [patient("a"), condition("c", "a"), statement("m", "a")])
    names = ("x.ndjson", "y.ndjson") if newest_first else ("y.ndjson", "x.ndjson")
    for name, each in zip(names, (new, old), strict=True):
        put(tmp_path / "export" / name, each)
    screen(tmp_path / "export", tmp_path / "out")
    assert trials_of(tmp_path / "out")["a", NEC.nct_id]["blocking"] == ["platelets"]
    assert patients(tmp_path / "out")["a"]["duplicates"] == 1


def test_a_patient_over_many_files_is_one(tmp_path: Path) -> None:
    for number, each in enumerate([*whole("a"), observation("a-o2", "a", 60, effectiveDateTime="2026-06-12")]):
        put(tmp_path / "export" / f"{number}.ndjson", each)
    screen(tmp_path / "export", tmp_path / "out")
    assert {name: each["resources"] for name, each in patients(tmp_path / "out").items()} == {"a": 5}
    assert trials_of(tmp_path / "out")["a", NEC.nct_id]["blocking"] == ["platelets"]


def test_entries_of_nobody_are_told_as_such(tmp_path: Path) -> None:
    came = screen(export(tmp_path / "export", [*whole("a"), *whole("ghost")[1:]]), tmp_path / "out")
    assert {name: (each["problem"], each["trials"]) for name, each in patients(tmp_path / "out").items()} == {
        "a": (None, 1),
        "ghost": ("no-patient-resource", 0),
    }
    assert {each["patient"] for each in rows(tmp_path / "out", "trials")} == {"a"}
    assert (came.summary.nobodys, came.summary.problems) == (3, {"no-patient-resource": 1})


def test_an_entry_of_another_patient_is_never_read_as_ones_own(tmp_path: Path) -> None:
    out = told(
        tmp_path,
        *whole("a"),
        *whole("aa", platelets=80),
        request("r", "aa", medicationCodeableConcept=coded("itraconazole")),
    )
    assert findings(out, "a")["platelets"] == ("met", "documented")
    assert findings(out, "a")["itraconazole"] == ("met", "no-record")
    assert findings(out, "aa")["platelets"] == ("unmet", "documented")
    assert findings(out, "aa")["itraconazole"] == ("unmet", "documented")


# ----------------------------------------------------------------------------------------------------- what goes wrong


def test_a_fault_of_ours_in_one_patient_keeps_nobody_from_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = chart_of_entries

    def falling(sent: object, *, patient_id: str, **more: Any) -> object:  # noqa: ANN401 - passed on
        if patient_id == "b":
            raise ZeroDivisionError("Patient b, born 1960")
        return read(sent, patient_id=patient_id, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(screening, "chart_of_entries", falling)
    out = told(tmp_path, *whole("a"), *whole("b"), *whole("c"))
    assert {name: each["problem"] for name, each in patients(out).items()} == {
        "a": None,
        "b": "fault:ZeroDivisionError",
        "c": None,
    }
    assert {each["patient"] for each in rows(out, "trials")} == {"a", "c"}
    assert "1960" not in json.dumps([str(each) for each in rows(out, "patients")])
    assert "fault:ZeroDivisionError" in (out / "summary.md").read_text("utf-8")


def test_what_concerns_nobody_is_read_no_further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(tmp_path / "export", [*whole("a"), *whole("b", diagnosis="gilbert-syndrome")])
    read: list[tuple[str, frozenset[str]]] = []
    chart = screening._chart  # noqa: SLF001 - watched, as nothing else shows what was left alone

    def watched(patient: str, of: Any, *rest: Any) -> object:  # noqa: ANN401 - passed on
        read.append((patient, frozenset(each.type for each in of)))
        return chart(patient, of, *rest)

    monkeypatch.setattr(screening, "_chart", watched)
    run(job(tmp_path / "export", tmp_path / "out"))
    first, everything = frozenset({"Patient", "Condition"}), {"Patient", "Condition", "Observation"}
    assert sorted(read, key=str) == sorted(
        [("a", first), ("a", frozenset({*everything, "MedicationStatement"})), ("b", first)], key=str
    )


def test_lines_stand_for_a_patient_whatever_their_order(tmp_path: Path) -> None:
    lines = [Row(0, "a", each["resourceType"], each["id"], "", "", line(each)) for each in whole("a")]
    assert digest_of(lines) == digest_of(lines[::-1])
    assert digest_of(lines) == digest_of([each._replace(part=5) for each in lines])
    assert digest_of(lines) != digest_of([each._replace(origin=BUNDLE) for each in lines])
    changed = [*lines[:-1], lines[-1]._replace(line=lines[-1].line + " ")]
    assert len({digest_of(each) for each in (lines, changed, lines[:-1], [*lines, lines[0]])}) == 4
    assert digest_of(lines) != digest_of([each._replace(url="urn:uuid:1") for each in lines])
    covered = covered_by(
        [Account("x", loose={"Patient": 1})], job(export(tmp_path / "export", [patient("a")]), tmp_path)
    )
    told_of = screened("a", lines, covered, job(tmp_path / "export", tmp_path))
    assert told_of.patient.digest == digest_of(lines)
