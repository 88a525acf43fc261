"""A run goes on where it was stopped, is never mixed with another, and comes to the same however it is done."""

from __future__ import annotations

import dataclasses
import datetime as dt
import errno
import os
import resource
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec
import pytest

from cds.errors import BadCall, RunStopped
from cds.population import local, regroup
from cds.population.bulk.account import ACCOUNT, JOURNAL, Kept, write_account
from cds.population.bulk.account import Account as Exported
from cds.population.exported import told_of
from cds.population.folder import open_folder, run_in
from cds.population.job import part_of
from cds.population.local import Local
from cds.population.run import run_of, screen_population
from cds.population.storing import reading_stopped
from tests.population.world import (
    AS_OF,
    NEC,
    BrokenOffError,
    Here,
    Json,
    condition,
    export,
    job,
    patient,
    patients,
    put,
    request,
    rows,
    run,
    screen,
    trials_of,
    untold,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cds.population.job import Job

TABLES = ("patients", "trials", "criteria")
PEOPLE = [
    *whole("a"),
    *whole("b", platelets=80),
    *whole("c", diagnosis="adenocarcinoma-of-colon"),
    *whole("d", diagnosis="gilbert-syndrome"),
    *whole("e")[1:],
    *whole("f"),
    request("f-r", "f", medicationReference={"reference": "Medication/d1"}),
    {"resourceType": "Medication", "id": "d1", "code": {"coding": [{"system": "urn:test", "code": "itraconazole"}]}},
]


@pytest.fixture
def in_parts(tmp_path: Path) -> Job:
    return job(export(tmp_path / "export", PEOPLE), tmp_path / "out", parts=3, criteria=True)


def results(out: Path) -> dict[str, list[Json]]:
    return {table: rows(out, table) for table in TABLES}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Json]]:
    """What the people come to in a run that nobody stops."""
    folder = tmp_path_factory.mktemp("undisturbed")
    screen(export(folder / "export", PEOPLE), folder / "out", parts=3, criteria=True)
    found = results(folder / "out")
    assert [each["patient"] for each in found["patients"]] == list("abcdef")
    return found


# ------------------------------------------------------------------------------------------------- stopped and going on


def test_a_run_that_is_stopped_after_each_piece_goes_on_with_the_next(
    in_parts: Job, undisturbed: dict[str, list[Json]]
) -> None:
    pieces = len(in_parts.sources) + in_parts.parts
    taken, parts = list[int](), list[int]()
    for _ in range(pieces):
        engine = Here(in_parts, breaks_after=1)
        try:
            run(in_parts, engine)
        except BrokenOffError:
            there = run_in(in_parts.out)
            assert there is not None
            assert not there.finished
        taken += engine.taken
        parts += engine.screened
    assert (taken, parts) == (list(range(len(in_parts.sources))), list(range(in_parts.parts)))
    assert results(in_parts.out) == undisturbed


def test_what_was_left_half_done_is_done_again(in_parts: Job, undisturbed: dict[str, list[Json]]) -> None:
    with pytest.raises(BrokenOffError):
        run(in_parts, Here(in_parts, breaks_after=len(in_parts.sources) + 1))
    taken = in_parts.work / "rows" / "00000"
    half = taken.rename(taken.with_name("00000.unfinished"))
    put(half / "part=0" / "rows.parquet", "cut")
    (in_parts.out / "accounts" / "00000.json").unlink()
    put(in_parts.out / "accounts" / "00000.json.unfinished", "{")
    put(in_parts.work / "results" / "part-0001" / "trials.json", '{"patient":"z')
    put(in_parts.out / "run.json.unfinished", "{")
    put(in_parts.out / "trials" / in_parts.part_name(1), "of a part whose patients were not written yet")
    run(in_parts)
    assert results(in_parts.out) == undisturbed


def test_a_run_whose_work_was_taken_away_does_it_again(in_parts: Job, undisturbed: dict[str, list[Json]]) -> None:
    with pytest.raises(BrokenOffError):
        run(in_parts, Here(in_parts, breaks_after=len(in_parts.sources) + 1))
    shutil.rmtree(in_parts.work)
    run(in_parts)
    assert results(in_parts.out) == undisturbed


def test_names_of_folders_mean_nothing(tmp_path: Path, undisturbed: dict[str, list[Json]]) -> None:
    folder = tmp_path / "part=7" / "patient=it's [1]"
    screen(put(folder / "id=4.ndjson", *PEOPLE), folder / "trial=1", parts=2, criteria=True)
    assert results(folder / "trial=1") == undisturbed


def test_a_finished_run_is_not_done_again(in_parts: Job) -> None:
    first = run(in_parts)
    assert (first.counts.patients, first.counts.taken_over) == (6, 0)
    before = {each: each.stat().st_mtime_ns for each in in_parts.out.rglob("*.parquet")}
    engine = Here(in_parts, breaks_after=0)
    again = run(in_parts, engine)
    assert (engine.taken, engine.screened, again.counts.patients) == ([], [], 0)
    assert again.summary == first.summary
    assert {each: each.stat().st_mtime_ns for each in in_parts.out.rglob("*.parquet")} == before
    assert not in_parts.work.exists()


def test_whoever_watches_hears_of_each_step(in_parts: Job) -> None:
    heard: list[tuple[str, int, int]] = []
    screen_population(in_parts, Here(in_parts), lambda *step: heard.append(step))
    files = len(in_parts.sources)
    assert heard == [*(("take in", done, files) for done in range(files + 1)), *(("screen", n, 3) for n in range(4))]


# ------------------------------------------------------------------------------------------------------ another run's


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"as_of": dt.date(2026, 6, 16)}, r"another day \(--as-of\)"),
        ({"version": "of another day"}, "other trials, tables or settings"),
        ({"parts": 4}, "another number of parts"),
        ({"criteria": False}, "another choice of --criteria"),
        ({"everything": True}, "another choice of --all"),
    ],
)
def test_a_folder_of_another_run_is_refused(in_parts: Job, change: dict[str, Any], what: str) -> None:
    assert not open_folder(in_parts, run_of(in_parts))
    assert not open_folder(in_parts, run_of(in_parts)), "the same again goes on"
    with pytest.raises(BadCall, match=f"^out: is of a run with {what}; name another folder$"):
        run(dataclasses.replace(in_parts, **change))


@pytest.mark.parametrize("how", ["touched", "longer", "one more", "renamed"])
def test_a_folder_of_other_files_is_refused(tmp_path: Path, in_parts: Job, how: str) -> None:
    open_folder(in_parts, run_of(in_parts))
    file = tmp_path / "export" / "Patient.000.ndjson"
    match how:
        case "touched":
            os.utime(file, ns=(1, 1))
        case "longer":
            kept = file.stat()
            file.write_bytes(file.read_bytes() + b"\n")
            os.utime(file, ns=(kept.st_atime_ns, kept.st_mtime_ns))
        case "one more":
            put(tmp_path / "export" / "more.ndjson", patient("z"))
        case _:
            file.rename(file.with_name("Patients.ndjson"))
    with pytest.raises(BadCall, match="other files, or files that have changed"):
        run(job(tmp_path / "export", tmp_path / "out", parts=3, criteria=True))


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path: Path, in_parts: Job) -> None:
    put(tmp_path / "out" / "thesis.txt", "mine")
    with pytest.raises(BadCall, match=r"^out: holds something that is no run of `population screen`$"):
        run(in_parts)
    assert [each.name for each in in_parts.out.iterdir()] == ["thesis.txt"]


def test_a_folder_whose_run_cannot_be_told_is_refused(tmp_path: Path, in_parts: Job) -> None:
    put(tmp_path / "out" / "run.json", "{")
    with pytest.raises(BadCall, match=r"^out: its run\.json cannot be read$"):
        run(in_parts)
    put(tmp_path / "out" / "run.json", msgspec.json.encode(dataclasses.replace(run_of(in_parts), form=99)).decode())
    with pytest.raises(BadCall, match=r"^out: was written by another version of Trialcards$"):
        run(in_parts)


# ---------------------------------------------------------------------------------------------------- an earlier run's


def earlier_and_now(tmp_path: Path, changed: list[Json], **more: Any) -> tuple[Path, Any]:  # noqa: ANN401 - passed on
    """Screen an export, change it and screen it a week later with what came before; give the folder, and what came."""
    screen(put(tmp_path / "export.ndjson", *PEOPLE), tmp_path / "earlier", criteria=True, parts=2)
    other = put(tmp_path / "later.ndjson", *changed)
    settings = {"criteria": True, "parts": 2, "as_of": AS_OF + dt.timedelta(days=7), **more}
    return tmp_path / "now", screen(other, tmp_path / "now", earlier=tmp_path / "earlier", **settings)


def test_of_patients_with_the_same_lines_the_earlier_rows_are_taken_over(tmp_path: Path) -> None:
    changed = [each for each in PEOPLE if each.get("id") != "b-o"] + whole("b", platelets=150)[2:3] + whole("g")
    out, came = earlier_and_now(tmp_path, changed)
    assert came.took_over
    days = {name: each["as_of"] for name, each in patients(out).items()}
    now = AS_OF + dt.timedelta(days=7)
    # whoever has no Patient resource is looked at again: one may have come
    assert days == {"a": AS_OF, "b": now, "c": AS_OF, "d": AS_OF, "e": now, "f": AS_OF, "g": now}
    assert (came.counts.patients, came.counts.taken_over, came.summary.earlier_day) == (3, 4, 4)
    assert {pair: each["verdict"] for pair, each in trials_of(out).items() if pair[0] in "ab"} == {
        ("a", NEC.nct_id): "candidate",
        ("b", NEC.nct_id): "candidate",
    }
    before = [each for each in rows(tmp_path / "earlier", "criteria") if each["patient"] in "acf"]
    assert [each for each in rows(out, "criteria") if each["patient"] in "acf"] == before
    assert {each["as_of"] for each in rows(out, "trials") if each["patient"] == "f"} == {AS_OF}


def test_a_part_that_has_gone_from_a_finished_run_is_screened_anew(in_parts: Job) -> None:
    run(in_parts)
    before = results(in_parts.out)
    gone = in_parts.out / "patients" / in_parts.part_name(part_of("a", in_parts.parts))
    gone.unlink()
    came = run(in_parts)
    assert came.counts.patients
    assert results(in_parts.out) == before
    assert (gone.exists(), in_parts.work.exists()) == (True, False)


def test_who_died_between_the_two_days_is_told_nothing(tmp_path: Path) -> None:
    dying = [each for each in whole("a") if each["resourceType"] != "Patient"]
    died_on = (AS_OF + dt.timedelta(days=3)).isoformat()
    people = [*dying, patient("a", deceasedDateTime=died_on), *whole("c")]
    source = put(tmp_path / "export.ndjson", *people)
    screen(source, tmp_path / "earlier", parts=2)
    assert patients(tmp_path / "earlier")["a"]["withheld"] is None
    later = AS_OF + dt.timedelta(days=7)
    came = screen(source, tmp_path / "now", earlier=tmp_path / "earlier", parts=2, as_of=later)
    assert came.took_over
    now = patients(tmp_path / "now")
    assert (now["a"]["withheld"], now["c"]["as_of"]) == ("deceased", AS_OF)


def test_who_is_gone_from_the_export_is_gone_from_the_results(tmp_path: Path) -> None:
    out, came = earlier_and_now(tmp_path, [each for each in PEOPLE if "a" not in str(each.get("id"))[:1]])
    assert came.took_over
    assert "a" not in patients(out)
    assert not any(each["patient"] == "a" for table in TABLES for each in rows(out, table))


def test_a_drug_that_changed_in_another_file_is_a_change_of_the_patient(tmp_path: Path) -> None:
    other = {
        "resourceType": "Medication",
        "id": "d1",
        "code": {"coding": [{"system": "urn:test", "code": "prednisone"}]},
    }
    out, _ = earlier_and_now(tmp_path, [*PEOPLE[:-1], other])
    assert patients(out)["f"]["as_of"] > AS_OF
    assert trials_of(out)["f", NEC.nct_id]["blocking"] == []
    assert trials_of(tmp_path / "earlier")["f", NEC.nct_id]["blocking"] == ["itraconazole"]


@pytest.mark.parametrize(
    ("changed", "more"),
    [
        (PEOPLE, {"version": "with other trials"}),
        (PEOPLE, {"everything": True}),
        ([each for each in PEOPLE if each["resourceType"] != "Observation"], {}),
        ([*PEOPLE, {"resourceType": "Immunization", "id": "i", "patient": {"reference": "Patient/f"}}], {}),
    ],
)
def test_nothing_is_taken_over_from_a_run_of_other_trials_or_coverage(
    tmp_path: Path, changed: list[Json], more: dict[str, Any]
) -> None:
    out, came = earlier_and_now(tmp_path, changed, **more)
    assert (came.took_over, came.counts.taken_over) == (False, 0)
    assert {each["as_of"] for each in rows(out, "patients")} == {AS_OF + dt.timedelta(days=7)}


def test_nothing_is_taken_over_where_a_line_came_broken(tmp_path: Path) -> None:
    put(tmp_path / "export" / "all.ndjson", *PEOPLE)
    screen(tmp_path / "export", tmp_path / "earlier")
    put(tmp_path / "export" / "Condition.9.ndjson", '{"resourceType":"Condition","id":"x","su')
    came = screen(tmp_path / "export", tmp_path / "out", earlier=tmp_path / "earlier")
    assert not came.took_over
    assert trials_of(tmp_path / "out")["a", NEC.nct_id]["missing"] == ["gilbert"]


# ---------------------------------------------------------------------------------------------- however it is done


def test_it_comes_to_the_same_in_other_files_parts_and_packed(
    tmp_path: Path, undisturbed: dict[str, list[Json]]
) -> None:
    backwards = export(tmp_path / "backwards", PEOPLE[::-1], files=3)
    packed = export(tmp_path / "packed", PEOPLE, files=2, ending=".json.gz")
    one = put(tmp_path / "one.ndjson", *PEOPLE[::-1])
    files = sorted(backwards.iterdir(), reverse=True)
    ways: list[tuple[Path | list[Path], int]] = [(files, 1), (packed, 5), (one, 2)]
    for number, (named, parts) in enumerate(ways):
        out = tmp_path / f"out{number}"
        screen(named, out, parts=parts, criteria=True)
        assert results(out) == undisturbed, named


def test_it_comes_to_the_same_in_several_processes(in_parts: Job, undisturbed: dict[str, list[Json]]) -> None:
    with Local(in_parts, 2) as engine:
        came = screen_population(in_parts, engine, untold)
    assert came.counts.patients == len(undisturbed["patients"])
    assert results(in_parts.out) == undisturbed


def test_several_processes_go_on_with_what_one_began(in_parts: Job, undisturbed: dict[str, list[Json]]) -> None:
    with pytest.raises(BrokenOffError):
        run(in_parts, Here(in_parts, breaks_after=len(in_parts.sources) + 1))
    with Local(in_parts, 2) as engine:
        came = screen_population(in_parts, engine, untold)
    assert 0 < came.counts.patients < len(undisturbed["patients"])
    assert results(in_parts.out) == undisturbed


def test_a_process_that_is_ended_stops_the_run(in_parts: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "take_file", lambda *_: os._exit(9))
    with Local(in_parts, 2) as engine, pytest.raises(RunStopped, match=r"the same command goes on from here$"):
        screen_population(in_parts, engine, untold)


# ---------------------------------------------------------------------------------- what the client of an export said


def exported(folder: Path, *kept: str, asked: tuple[str, ...], **more: Any) -> Path:  # noqa: ANN401 - passed on
    """Say of a folder that it is an export of these types, of which these came in files."""
    files = tuple(
        Kept(name=f"{name}.000.ndjson", type=name, bytes=1, sha256="0" * 64, lines=1, **more) for name in kept
    )
    account = Exported(
        server="https://ehr.example", level="system", request="", transaction_time="", asked=asked, files=files
    )

    class _Folder:
        def write(self, name: str, body: bytes) -> None:
            (folder / name).write_bytes(body)

    write_account(_Folder(), account)  # type: ignore[arg-type]
    return folder


ASKED = ("Patient", "Condition", "Observation", "MedicationStatement")


def test_a_type_that_was_asked_for_and_has_no_entries_was_read(tmp_path: Path) -> None:
    folder = export(tmp_path / "export", whole("a")[:3])
    assert screen(folder, tmp_path / "without").summary.extents["medication"] == "not-read"
    exported(folder, *ASKED[:3], asked=ASKED)
    came = screen(folder, tmp_path / "out")
    assert came.summary.extents["medication"] == "complete"
    assert trials_of(tmp_path / "without")["a", NEC.nct_id]["missing"] == ["itraconazole"]
    assert trials_of(tmp_path / "out")["a", NEC.nct_id]["missing"] == []


def test_what_an_export_has_in_part_only_shows_no_absence(tmp_path: Path) -> None:
    folder = exported(export(tmp_path / "export", whole("a")), *ASKED, asked=ASKED, expected=7)
    came = screen(folder, tmp_path / "out")
    assert came.summary.extents["medication"] == came.summary.extents["condition"] == "partial"
    assert trials_of(tmp_path / "out")["a", NEC.nct_id]["missing"] == ["gilbert", "itraconazole"]
    assert came.summary.gaps == ("the export tells of faults, or holds only a part of them",)


def test_each_export_is_told_of_by_its_own_account(tmp_path: Path) -> None:
    one = exported(export(tmp_path / "in" / "one", whole("a")[:3]), *ASKED[:3], asked=ASKED)
    other = exported(export(tmp_path / "in" / "other", whole("b")[:3]), *ASKED[:3], asked=ASKED[:3])
    screen([one, other], tmp_path / "out")
    assert {pair[0]: each["missing"] for pair, each in trials_of(tmp_path / "out").items()} == {
        "a": [],
        "b": ["itraconazole"],
    }


def test_an_export_of_which_a_file_is_not_named_is_a_part(tmp_path: Path) -> None:
    folder = exported(export(tmp_path / "export", [*whole("a"), *whole("b")], files=2), *ASKED, asked=ASKED)
    named = sorted(each for each in folder.glob("*.ndjson") if each.name != "MedicationStatement.000.ndjson")
    assert screen(named, tmp_path / "out").summary.extents["medication"] == "partial"


def test_an_export_that_is_not_over_is_refused(tmp_path: Path) -> None:
    folder = export(tmp_path / "export", whole("a"))
    (folder / JOURNAL).touch()
    with pytest.raises(BadCall, match=r"^export: its export is not over; finish it by trialcards population export$"):
        screen(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_account_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    folder = export(tmp_path / "export", whole("a"))
    put(folder / ACCOUNT, "{")
    with pytest.raises(BadCall, match=r"^export\.json: cannot be read"):
        told_of(job(folder, tmp_path / "out").sources)


# --------------------------------------------------------------------------------------------------------- full disks


@pytest.fixture
def no_room() -> Iterator[Callable[[int], None]]:
    """Let no file grow beyond so many bytes, as a full disk would; afterwards there is room again."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 400, 1500, 2600])
def test_where_no_file_can_grow_the_run_stops_and_goes_on_later(
    in_parts: Job,
    undisturbed: dict[str, list[Json]],
    no_room: Callable[[int], None],
    size: int,
) -> None:
    no_room(size)
    try:
        with pytest.raises(RunStopped) as stopped:
            run(in_parts)
    finally:
        no_room(resource.RLIM_INFINITY)
    said = ("the disk is full, or a limit is reached", "the disk cannot be read or written")
    assert str(stopped.value) in {f"out: {each}; the same command goes on from here" for each in said}
    run(in_parts)
    assert results(in_parts.out) == undisturbed


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_and_the_same_command_goes_on(
    in_parts: Job, undisturbed: dict[str, list[Json]], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(*_: object) -> None:
        raise OSError(number, "/secret/path/of/a/patient")

    with monkeypatch.context() as patched:
        patched.setattr(regroup, "take_in", full)
        with pytest.raises(
            RunStopped, match=r"^out: the disk is full, or a limit is reached; the same command goes on from here$"
        ):
            run(in_parts)
    run(in_parts)
    assert results(in_parts.out) == undisturbed


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (
            duckdb.IOException("IO Error: No space left on device /x"),
            "out: the disk is full, or a limit is reached; the same command goes on",
        ),
        (duckdb.IOException("IO Error: /x"), "out: the disk cannot be read or written; the same command goes on"),
        (duckdb.OutOfMemoryException("x"), "out: DuckDB may hold too little; allow it more by --memory"),
        (PermissionError(errno.EACCES, "/x"), "out: cannot be read or written; the same command goes on"),
    ],
)
def test_what_stops_a_run_is_said_in_a_sentence(tmp_path: Path, fault: Exception, sentence: str) -> None:
    with pytest.raises(RunStopped) as stopped, reading_stopped(tmp_path / "out"):
        raise fault
    assert str(stopped.value).startswith(sentence)
    assert "/x" not in str(stopped.value)


# ----------------------------------------------------------------------------------------------------- who may read it


def test_results_are_for_the_one_who_ran_it_and_the_work_is_gone(in_parts: Job) -> None:
    before = os.umask(0o022)
    try:
        run(in_parts)
    finally:
        os.umask(before)
    there = [in_parts.out, *in_parts.out.rglob("*")]
    modes = {each.relative_to(in_parts.out): each.stat().st_mode & 0o777 for each in there}
    assert {path for path, mode in modes.items() if mode & 0o077} == set()
    names = {each.relative_to(in_parts.out).as_posix() for each in there if each.parent == in_parts.out}
    assert names == {"accounts", "patients", "trials", "criteria", "run.json", "summary.md", "summary.json"}


def test_a_second_run_into_a_folder_is_kept_out_while_the_first_is_at_work(in_parts: Job) -> None:
    command = [sys.executable, "-c", HOLD, str(in_parts.out)]
    in_parts.out.mkdir(mode=0o700)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(BadCall, match=r"^out: another run is writing to it$"):
            run(in_parts)
        other.kill()
    assert run(in_parts).summary.patients


HOLD = """
import fcntl, os, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_while_it_runs_what_is_regrouped_is_for_nobody_else(tmp_path: Path, in_parts: Job) -> None:
    (tmp_path / "out").mkdir(mode=0o755)
    before = os.umask(0o022)
    try:
        with pytest.raises(BrokenOffError):
            run(in_parts, Here(in_parts, breaks_after=len(in_parts.sources) + 1))
    finally:
        os.umask(before)
    files = [each for each in in_parts.out.rglob("*") if each.is_file() and each.parent != in_parts.out]
    assert len(files) > 1
    for each in files:
        folders = [one.stat().st_mode & 0o077 for one in each.parents if one.is_relative_to(in_parts.out)]
        assert 0 in folders or not each.stat().st_mode & 0o077, each


def test_patients_without_a_trial_leave_no_table_out(tmp_path: Path) -> None:
    came = screen(
        export(tmp_path / "export", [patient("a"), condition("c", "a", "gilbert-syndrome")]), tmp_path / "out"
    )
    assert (rows(tmp_path / "out", "trials"), came.summary.trials) == ([], ())
    assert came.summary.patients == 1
