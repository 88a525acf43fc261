"""Whatever is wrong with a file is named by its place and counted, takes nothing else with it, and is never quoted."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from cds.errors import BadCall
from cds.population import intake, lines
from cds.population.coverage import covered_by
from cds.population.job import part_of, parts_for
from cds.population.lines import BUNDLE, SHARED, Row
from cds.population.regroup import bring_drugs, entries_of, take_file
from cds.population.sources import Source, find_sources, lines_of
from cds.population.storing import database
from tests.population.world import (
    NEC,
    Json,
    condition,
    export,
    job,
    line,
    observation,
    patient,
    put,
    request,
    screen,
    statement,
    taken,
    trials_of,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CANARY = "Canary-Quickbeam"
GOOD = line(condition("c1", "a"))
NOT_JSON = "it is not a JSON object"


def whose(kept: Sequence[Row]) -> list[tuple[str, str, str]]:
    return [(each.patient, each.type, each.id) for each in kept]


def bundle(*resources: Json, urls: Sequence[str] = (), **more: object) -> Json:
    entries = [{"resource": each} for each in resources]
    for entry, url in zip(entries, urls, strict=False):
        entry["fullUrl"] = url  # type: ignore[assignment]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries, **more}


# --------------------------------------------------------------------------------------------------- what is passed by


def test_lines_go_to_the_patients_they_are_of(tmp_path: Path) -> None:
    drug = {"resourceType": "Medication", "id": "d", "ingredient": [{"itemReference": {"reference": "Medication/e"}}]}
    allergy = {"resourceType": "AllergyIntolerance", "id": "l", "patient": {"reference": "Patient/b"}}
    asked = request("r", "b", medicationReference={"reference": "Medication/d/_history/2"})
    kept, account = taken(put(tmp_path / "x.ndjson", patient("a"), condition("c", "a"), allergy, asked, drug))
    assert whose(kept) == [
        ("a", "Patient", "a"),
        ("a", "Condition", "c"),
        ("b", "AllergyIntolerance", "l"),
        ("b", "MedicationRequest", "r"),
        ("", "Medication", "d"),
    ]
    assert [(each.part, each.drugs) for each in kept] == [(0, ""), (0, ""), (0, ""), (0, "d"), (SHARED, "e")]
    assert [json.loads(each.line) for each in kept[1:2]] == [condition("c", "a")]
    assert (account.lines, sum(account.types.values()), account.faults) == (5, 5, [])
    assert account.types == account.loose


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/x",
        "Patient/x/_history/1",
        "https://ehr.example/fhir/Patient/x",
        "https://ehr.example/fhir/Patient/x/_history/12",
        " Patient/x ",
        "x",
    ],
)
def test_a_patient_is_known_by_each_form_of_reference(tmp_path: Path, reference: str) -> None:
    kept, account = taken(put(tmp_path / "x.ndjson", condition("c", "a", subject={"reference": reference})))
    assert (whose(kept), account.faults) == ([("x", "Condition", "c")], [])


@pytest.mark.parametrize(
    "subject",
    [
        None,
        {},
        {"reference": "Group/x"},
        {"reference": "#p"},
        {"reference": "https://ehr.example/fhir/Practitioner/x"},
        {"reference": ["Patient/x"]},
        {"display": CANARY},
    ],
)
def test_what_does_not_say_whose_it_is_is_told(tmp_path: Path, subject: object) -> None:
    kept, account = taken(put(tmp_path / "x.ndjson", GOOD, condition("c", "a", subject=subject)))
    assert whose(kept) == [("a", "Condition", "c1")]
    (fault,) = account.faults
    assert (str(fault), fault.type) == ("x.ndjson: line 2: the Condition does not say whose it is", "Condition")


@pytest.mark.parametrize("member", ["id", "subject"])
def test_an_id_with_control_characters_is_told(tmp_path: Path, member: str) -> None:
    bad = condition("c\u001fd", "a") if member == "id" else condition("c", "a\nb")
    kept, account = taken(put(tmp_path / "x.ndjson", GOOD, bad))
    assert whose(kept) == [("a", "Condition", "c1")]
    assert [str(each) for each in account.faults] == ["x.ndjson: line 2: its id or reference holds a control character"]


def test_types_that_tell_nothing_asked_are_counted_and_left(tmp_path: Path) -> None:
    kept, account = taken(put(tmp_path / "x.ndjson", {"resourceType": "Encounter", "id": "e"}, GOOD))
    assert whose(kept) == [("a", "Condition", "c1")]
    assert (account.types, account.faults) == ({"Encounter": 1, "Condition": 1}, [])


# ------------------------------------------------------------------------------------------------ what cannot be used


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (GOOD.encode()[:-20], NOT_JSON),
        (b'{"resourceType":"Condition","id":"\xff\xfe ' + CANARY.encode() + b'"}', NOT_JSON),
        (b"[" + GOOD.encode() + b"]", NOT_JSON),
        (CANARY.encode(), NOT_JSON),
        (b"null", NOT_JSON),
        (b'"' + CANARY.encode() + b'"', NOT_JSON),
        (b"[" * 100_000, NOT_JSON),
        (b'{"id":"' + CANARY.encode() + b'"}', "it is not a FHIR resource"),
        (b'{"resourceType":7,"id":"c"}', "it is not a FHIR resource"),
        (b'{"resourceType":"' + CANARY.encode() + b'","id":"c"}', "it is not a FHIR resource"),
        (b'{"resourceType":"Bundle","entry":[{"resource":' + CANARY.encode() + b"}]}", NOT_JSON),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_taken(tmp_path: Path, bad: bytes, why: str) -> None:
    path = tmp_path / "x.ndjson"
    path.write_bytes(GOOD.encode() + b"\n" + bad + b"\n" + line(condition("c2", "b")).encode())
    kept, account = taken(path)
    assert whose(kept) == [("a", "Condition", "c1"), ("b", "Condition", "c2")]
    assert (account.lines, account.types) == (3, {"Condition": 2})
    assert [(str(each), each.type) for each in account.faults] == [(f"x.ndjson: line 2: {why}", "Condition")]


def test_a_bad_line_is_of_the_type_the_rest_is_of_or_the_files_name_says(tmp_path: Path) -> None:
    other = line(observation("o", "a"))
    bad = '{"resourceType":"Con'
    for name, resources, expected in (
        ("x.ndjson", (GOOD, bad), "Condition"),
        ("x.ndjson", (GOOD, other, bad), ""),
        ("Condition.1.ndjson", (GOOD, other, bad), "Condition"),
        ("MedicationStatement.ndjson", (bad,), "MedicationStatement"),
        ("x.ndjson", ('{"resourceType":"Encounter","id":"e"}', bad), "-"),
    ):
        _, account = taken(put(tmp_path / name, *resources))
        assert [each.type for each in account.faults] == [expected], name


def test_a_cut_line_is_of_the_one_patient_it_names(tmp_path: Path) -> None:
    _, account = taken(put(tmp_path / "x.ndjson", line(condition("c2", "b"))[:-9], GOOD, GOOD[:-9]))
    assert [(each.line, each.patient) for each in account.faults] == [(1, "b"), (3, "a")]
    assert {str(each) for each in account.faults} == {f"x.ndjson: line {number}: {NOT_JSON}" for number in (1, 3)}


def test_blank_lines_marks_and_line_ends_are_no_faults(tmp_path: Path) -> None:
    path = tmp_path / "x.ndjson"
    other = line(condition("c2", "b")).encode()
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode() + b"\r\n\r\n  \n\t\n" + other + b"\r\n\xef\xbb\xbf" + other)
    kept, account = taken(path)
    assert [each.id for each in kept] == ["c1", "c2", "c2"]
    assert [each.line for each in kept] == [GOOD, other.decode(), other.decode()]
    assert (account.lines, account.faults) == (3, [])


def test_lines_are_counted_with_those_that_are_blank(tmp_path: Path) -> None:
    path = tmp_path / "x.ndjson"
    path.write_text(f"{GOOD}\n\n\n{{\n", "utf-8")
    assert [str(each) for each in taken(path)[1].faults] == [f"x.ndjson: line 4: {NOT_JSON}"]


def test_a_gzip_file_that_is_cut_gives_what_can_be_read(tmp_path: Path) -> None:
    lines = [line(condition(f"c{number}", "a", note=f"{number * 7919}" * 40)) for number in range(400)]
    packed = gzip.compress("\n".join(lines).encode())
    path = tmp_path / "Condition.ndjson.gz"
    path.write_bytes(packed[: len(packed) // 2])
    kept, account = taken(path)
    assert 0 < len(kept) < len(lines)
    (fault,) = account.faults
    assert (fault.type, fault.patient) == ("Condition", "")
    assert str(fault) == f"Condition.ndjson.gz: it is broken as a gzip file after line {len(kept)}"


def test_a_gzip_file_is_known_by_what_it_holds_and_not_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "x.ndjson"
    path.write_bytes(gzip.compress(GOOD.encode()))
    assert whose(taken(path)[0]) == [("a", "Condition", "c1")]
    named = tmp_path / "y.ndjson.gz"
    named.write_text(GOOD, "utf-8")
    assert whose(taken(named)[0]) == [("a", "Condition", "c1")]


def test_what_is_no_gzip_after_all_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "Condition.ndjson"
    path.write_bytes(b"\x1f\x8b" + GOOD.encode())
    kept, account = taken(path)
    assert (kept, [str(each) for each in account.faults]) == (
        [],
        ["Condition.ndjson: it is broken as a gzip file after line 0"],
    )


def test_a_line_beyond_all_measure_ends_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cds.population.sources.LONGEST_LINE", 1000)
    kept, account = taken(put(tmp_path / "x.ndjson", GOOD, condition("c", "a", note=CANARY * 100), GOOD))
    assert len(kept) == 1
    assert [str(each) for each in account.faults] == ["x.ndjson: a line is longer than 1000 bytes"]


def test_only_so_many_faults_are_named_and_the_others_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for room in (intake, lines):
        monkeypatch.setattr(room, "MOST_NAMED", 2)
    bad = [condition(f"c{number}", "a", subject=None) for number in range(5)]
    late = line(condition("c9", "late"))[:-9]
    _, account = taken(put(tmp_path / "x.ndjson", GOOD, *bad, late))
    assert ([each.line for each in account.faults], account.unnamed) == ([2, 3, 7], 3)
    assert account.faults[-1].patient == "late"


def test_a_file_without_resources_is_passed_over(tmp_path: Path) -> None:
    log = put(tmp_path / "log.ndjson", '{"eventId":"kickoff","exportId":"Canary"}', '{"eventId":"status_complete"}')
    kept, account = taken(log)
    assert kept == []
    assert [str(each) for each in account.faults] == ["log.ndjson: it holds no FHIR resources and is passed over"]
    export(tmp_path / "export", whole("a"))
    log.rename(tmp_path / "export" / "log.ndjson")
    came = screen(tmp_path / "export", tmp_path / "out")
    assert came.summary.faults == {"it holds no FHIR resources and is passed over": 1}
    assert (came.summary.gaps, came.summary.extents["medication"]) == ((), "complete")
    assert trials_of(tmp_path / "out").popitem()[1]["verdict"] == "candidate"


@pytest.mark.parametrize(
    ("body", "whose"),
    [
        (GOOD[:-30].encode(), "a"),
        (GOOD[:60].encode(), ""),
        (line({"resourceType": "Bundle", "entry": [{"resource": patient("a")}]})[:-9].encode(), ""),
        (
            json.dumps({"resourceType": "Bundle", "entry": [{"resource": condition("c", "a")}]}, indent=1)[
                :-9
            ].encode(),
            "a",
        ),
        (gzip.compress(GOOD.encode() * 50)[:-30], ""),
    ],
)
def test_a_file_of_which_nothing_can_be_read_may_have_held_anything(tmp_path: Path, body: bytes, whose: str) -> None:
    """A name that tells of no type does not make what was a chart's a file that has nothing to do with charts."""
    (tmp_path / "part-00001").write_bytes(body)
    _, account = taken(tmp_path / "part-00001")
    assert [(each.type, each.patient) for each in account.faults] == [("", whose)]


def test_an_empty_file_is_no_fault(tmp_path: Path) -> None:
    for name, body in (("x.ndjson", b""), ("y.ndjson", b"\n\n")):
        (tmp_path / name).write_bytes(body)
        kept, account = taken(tmp_path / name)
        assert (kept, account.lines, account.faults) == ([], 0, [])


@pytest.mark.parametrize(("severity", "faults"), [("error", 1), ("information", 0)])
def test_what_a_server_says_of_missing_entries_is_a_fault(tmp_path: Path, severity: str, faults: int) -> None:
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": severity, "code": "incomplete" if faults else "informational", "diagnostics": CANARY}],
    }
    _, account = taken(put(tmp_path / "x.ndjson", GOOD, outcome))
    assert len(account.faults) == faults
    if faults:
        assert str(account.faults[0]) == "x.ndjson: line 2: the server says that something may be missing"


# ------------------------------------------------------------------------------------------------------------ Bundles


@pytest.mark.parametrize("indent", [None, 2])
def test_a_bundle_is_taken_in_one_line_or_over_many(tmp_path: Path, indent: int | None) -> None:
    urls = ["urn:uuid:0000", "urn:uuid:0001"]
    inside = bundle(patient("a"), condition("c", "x", subject={"reference": "urn:uuid:0000"}), urls=urls)
    kept, account = taken(put(tmp_path / "x.json", json.dumps(inside, indent=indent)))
    assert whose(kept) == [("a", "Patient", "a"), ("a", "Condition", "c")]
    assert [(each.url, each.origin) for each in kept] == [(url, BUNDLE) for url in urls]
    assert (account.lines, account.types) == (1, {"Patient": 1, "Condition": 1})
    assert (account.loose, account.faults) == ({}, [])


def test_numbers_of_a_bundle_stand_as_they_were_sent(tmp_path: Path) -> None:
    inside = line(bundle(observation("o", "a"))).replace("150", "1.50")
    kept, _ = taken(put(tmp_path / "x.json", inside))
    assert '"value":1.50,' in kept[0].line


def test_a_bundle_of_two_patients_keeps_them_apart(tmp_path: Path) -> None:
    nobodys = condition("n", "a", subject=None)
    kept, account = taken(put(tmp_path / "x.json", bundle(patient("a"), patient("b"), condition("c", "b"), nobodys)))
    assert whose(kept) == [("a", "Patient", "a"), ("b", "Patient", "b"), ("b", "Condition", "c")]
    assert [str(each) for each in account.faults] == ["x.json: line 1: the Condition does not say whose it is"]


@pytest.mark.parametrize("urls", [(), ("urn:uuid:1", "urn:uuid:2"), ("https://x.example/Patient/a",)])
def test_patients_of_a_bundle_are_their_own_with_urls_and_without(tmp_path: Path, urls: Sequence[str]) -> None:
    kept, _ = taken(put(tmp_path / "x.json", bundle(patient("a"), patient("b"), condition("c", "a"), urls=urls)))
    assert whose(kept) == [("a", "Patient", "a"), ("b", "Patient", "b"), ("a", "Condition", "c")]


def test_what_a_bundle_of_one_patient_holds_is_theirs(tmp_path: Path) -> None:
    kept, account = taken(put(tmp_path / "x.json", bundle(patient("a"), condition("c", "a", subject=None))))
    assert (whose(kept), account.faults) == ([("a", "Patient", "a"), ("a", "Condition", "c")], [])


@pytest.mark.parametrize(
    "more", [{"type": "document"}, {"link": [{"relation": "next", "url": "x"}]}, {"total": 9, "type": "searchset"}]
)
def test_a_document_or_a_page_is_not_all_of_its_patients(tmp_path: Path, more: Json) -> None:
    put(tmp_path / "charts" / "a.json", bundle(*whole("a"), **more))
    put(tmp_path / "charts" / "b.json", bundle(*whole("b")))
    _, account = taken(tmp_path / "charts" / "a.json")
    assert [(each.type, each.patient) for each in account.faults] == [("", "a")]
    screen(tmp_path / "charts", tmp_path / "out")
    missing = {pair: each["missing"] for pair, each in trials_of(tmp_path / "out").items()}
    assert missing == {("a", NEC.nct_id): ["gilbert", "itraconazole"], ("b", NEC.nct_id): []}


def test_entries_of_a_bundle_that_are_no_resources_take_from_its_patients_alone(tmp_path: Path) -> None:
    inside = bundle(patient("a"), condition("c", "a"))
    inside["entry"] += [{"resource": [CANARY]}, CANARY, {"resource": {"id": CANARY}}]
    kept, account = taken(put(tmp_path / "x.json", inside))
    assert len(kept) == 2
    assert {each.patient for each in account.faults} == {"a"}
    assert {each.why for each in account.faults} == {
        "an entry of the Bundle is no resource",
        "it is not a FHIR resource",
    }


@pytest.mark.parametrize("entry", [{"entry": CANARY}, {"entry": 7}, {}, {"entry": [None]}])
def test_a_bundle_of_any_form_raises_nothing(tmp_path: Path, entry: Json) -> None:
    kept, _ = taken(put(tmp_path / "x.json", {"resourceType": "Bundle", **entry}))
    assert kept == []


# --------------------------------------------------------------------------------------------------- which files it is


def test_a_folder_without_files_of_an_export_is_said(tmp_path: Path) -> None:
    put(tmp_path / "notes.txt", CANARY)
    put(tmp_path / "export.json", "{}")
    with pytest.raises(BadCall, match="no file of an export is there"):
        find_sources([tmp_path])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadCall, match=r"^gone\.ndjson: there is no such file or folder$"):
        find_sources([tmp_path, tmp_path / "gone.ndjson"])


def test_a_file_that_is_named_twice_counts_once(tmp_path: Path) -> None:
    path = put(tmp_path / "in" / "x.ndjson", GOOD)
    (tmp_path / "in" / "again.ndjson").symlink_to(path)
    named = [tmp_path / "in", path, tmp_path / "in" / ".." / "in" / "x.ndjson"]
    assert len(find_sources(named)) == 1


def test_files_are_found_by_their_endings_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.ndjson", "a.json.gz", "deep/c.jsonl", "no.txt", "no.ndjson.zip", "deep/export.json"):
        put(tmp_path / "in" / name, GOOD)
    plain = put(tmp_path / "given.txt", GOOD)
    names = [each.name for each in find_sources([tmp_path / "in", plain])]
    assert names == ["in/a.json.gz", "in/b.ndjson", "in/deep/c.jsonl", "given.txt"]


def test_files_are_of_the_nearest_folder_with_an_account_of_an_export(tmp_path: Path) -> None:
    for name in ("one/x.ndjson", "one/export.json", "two/deep/y.ndjson", "two/export.json", "z.ndjson"):
        put(tmp_path / "in" / name, GOOD)
    alone = put(tmp_path / "other" / "w.ndjson", GOOD)
    found = {each.path.name: each.export for each in find_sources([tmp_path / "in", alone])}
    assert len(set(found.values())) == 4
    apart = {each.path.name: each.export for each in find_sources([tmp_path / "in" / "one", tmp_path / "in"])}
    assert len(set(apart.values())) == 3


def test_lines_can_be_read_of_a_file_of_any_line_end(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a\r\n\n \r\nb")
    assert list(lines_of(Source(path, "x", 0, 0, tmp_path))) == [(1, b"a"), (4, b"b")]


def test_a_patient_is_in_one_part_whatever_the_files(tmp_path: Path) -> None:
    everybody = [f"p{number}" for number in range(60)]
    kept, _ = taken(put(tmp_path / "x.ndjson", *(condition("c", each) for each in everybody)), parts=4)
    parts = {each.patient: each.part for each in kept}
    assert parts == {each: part_of(each, 4) for each in everybody}
    assert set(parts.values()) == {0, 1, 2, 3}


def test_there_are_parts_enough_for_all_processes_and_for_memory(tmp_path: Path) -> None:
    def of(size: int, name: str = "x.ndjson") -> tuple[Source, ...]:
        return (Source(tmp_path, name, size, 0, tmp_path),)

    assert [parts_for(of(size), 3) for size in (1, 480 * 1024**2, 10**15)] == [6, 10, 4096]
    assert parts_for(of(480 * 1024**2, "x.ndjson.gz"), 3) == 80


# ---------------------------------------------------------------------------------------------- told of, never quoted


def test_nothing_of_a_line_is_ever_quoted(tmp_path: Path) -> None:
    cut = line(patient(CANARY))[:-3]
    bad: list[object] = [
        cut,
        CANARY,
        {"id": CANARY},
        {"resourceType": CANARY},
        [CANARY],
        condition(CANARY, "a", subject={"reference": f"Group/{CANARY}"}),
        condition("c", f"{CANARY}\u0001"),
        bundle(patient(CANARY), type="document"),
    ]
    export(tmp_path / "in", whole("a"))
    put(tmp_path / "in" / "x.ndjson", *bad)
    _, account = taken(tmp_path / "in" / "x.ndjson")
    assert len(account.faults) == len(bad)
    assert CANARY not in "".join(map(str, account.faults))
    came = screen(tmp_path / "in", tmp_path / "out")
    assert CANARY not in (tmp_path / "out" / "summary.md").read_text("utf-8")
    assert CANARY not in (tmp_path / "out" / "summary.json").read_text("utf-8")
    assert sum(came.summary.faults.values()) == len(bad)


def test_faults_without_a_place_in_any_chart_take_from_none(tmp_path: Path) -> None:
    put(tmp_path / "in" / "log.ndjson", "{}", CANARY)
    export(tmp_path / "in", whole("a"))
    the_job = job(tmp_path / "in", tmp_path / "out")
    accounts = [taken(each.path)[1] for each in the_job.sources]
    covered = covered_by(accounts, the_job)
    assert (covered.lacks, covered.lacking) == ({}, {})


def test_text_of_any_kind_comes_through_the_regrouping_as_it_is(tmp_path: Path) -> None:
    strange = "\u2028 \u0085 'quote' \\\" , ; | \\u001f 𝄞 é " + CANARY
    noted = condition("c", "a", note=[{"text": strange}]) | {"code": {"text": "", "coding": []}}
    put(tmp_path / "in.ndjson", *whole("a"), noted, statement("m2", "a"))
    the_job = job(tmp_path / "in.ndjson", tmp_path / "out")
    take_file(the_job, 0)
    bring_drugs(the_job)
    with database(the_job) as connection:
        ((name, rows),) = list(entries_of(the_job, 0, connection))
    assert name == "a"
    assert [json.loads(each.line) for each in rows if each.id == "c"] == [noted]
    assert sorted(each.line for each in rows) == sorted(map(line, [*whole("a"), noted, statement("m2", "a")]))
