"""Files of records: whatever can be read is, and what cannot is told with its place."""

from __future__ import annotations

import gzip
import json
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cds.registry.files import Bad, Found, read_files
from tests.registry.fake import number_of, record


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    body = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(gzip.compress(body) if name.endswith(".gz") else body)
    return path


def read(path: Path) -> tuple[list[int], list[str]]:
    """The numbers of the records that came, and what was told of the others."""
    told = list(read_files(path))
    found = [int(number_of(each.record)[3:]) for each in told if isinstance(each, Found)]
    return found, [str(each) for each in told if isinstance(each, Bad)]


LINES = "\n".join(json.dumps(record(number)) for number in (1, 2, 3)) + "\n"
MANY = [record(number) for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("one.json", json.dumps(record(1)), [1]),
        ("list.json", json.dumps(MANY, indent=2), [1, 2, 3]),
        ("page.json", json.dumps({"totalCount": 3, "studies": MANY, "nextPageToken": "x"}), [1, 2, 3]),
        ("empty.json", '{"studies": []}', []),
        ("lines.jsonl", LINES, [1, 2, 3]),
        ("lines.ndjson", "\n\n" + LINES.replace("\n", "\r\n"), [1, 2, 3]),
        ("lines-by-another-name.json", LINES, [1, 2, 3]),
        ("marked.jsonl", "\ufeff" + LINES, [1, 2, 3]),
        ("marked.json", "\ufeff" + json.dumps(MANY), [1, 2, 3]),
        ("one-line.jsonl", json.dumps({"studies": MANY}), [1, 2, 3]),
    ],
)
@pytest.mark.parametrize("packed", ["", ".gz"])
def test_every_form_is_read(tmp_path: Path, name: str, text: str, found: list[int], packed: str) -> None:
    assert read(written(tmp_path, name + packed, text)) == (found, [])


def test_a_packed_file_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    assert read(written(tmp_path, "download.jsonl", gzip.compress(LINES.encode())))[0] == [1, 2, 3]


def test_a_folder_gives_all_its_files(tmp_path: Path) -> None:
    written(tmp_path, "a.json", json.dumps(record(1)))
    written(tmp_path, "b.jsonl.gz", LINES)
    written(tmp_path, "notes.txt", "not a record")
    assert read(tmp_path) == ([1, 1, 2, 3], [])
    (tmp_path / "inner").mkdir()
    assert read(tmp_path / "inner")[1] == ["inner: holds no file of records (.json, .jsonl, .ndjson, also with .gz)"]


def test_a_bad_line_is_told_and_the_others_come(tmp_path: Path) -> None:
    broken = LINES.splitlines()
    broken[1] = broken[1][:70]
    broken += ["[]", "7", '{"resourceType": "Bundle"}', "nonsense", '[1, {"protocolSection": {}}]']
    found = [each for each in read_files(written(tmp_path, "x.jsonl", "\n".join(broken))) if isinstance(each, Found)]
    assert [each.place for each in found] == ["x.jsonl: line 1", "x.jsonl: line 3", "x.jsonl: line 8: record 2"]
    assert [str(each) for each in read_files(tmp_path / "x.jsonl") if isinstance(each, Bad)] == [
        "x.jsonl: line 2: breaks off in the middle",
        "x.jsonl: line 5: is neither a record nor a list or page of records",
        "x.jsonl: line 6: is neither a record nor a list or page of records",
        "x.jsonl: line 7: is not JSON",
        "x.jsonl: line 8: record 1: must be an object",
    ]


def test_a_line_that_is_no_utf8_or_nested_without_end_is_told(tmp_path: Path) -> None:
    lines = [b'{"a": "\xff"}', b"[" * 200_000, json.dumps(record(1)).encode()]
    assert read(written(tmp_path, "x.jsonl", b"\n".join(lines))) == (
        [1],
        ["x.jsonl: line 1: is not UTF-8", "x.jsonl: line 2: is nested too deeply"],
    )


def test_a_list_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    text = json.dumps(MANY, indent=1)
    cut = text[: text.rindex("NCT0000000") + 4]
    line = cut[: cut.rindex("\n {")].count("\n") + 2
    assert read(written(tmp_path, "x.json", cut)) == (
        [1, 2],
        [f"x.json: line {line}: breaks off in the middle; nothing from there on was read"],
    )


def test_so_does_a_page(tmp_path: Path) -> None:
    text = json.dumps({"totalCount": 3, "studies": MANY})
    assert read(written(tmp_path, "x.json", text[:-200]))[0] == [1, 2]


def test_one_record_that_breaks_off_gives_none(tmp_path: Path) -> None:
    found, told = read(written(tmp_path, "x.json", json.dumps(record(1), indent=2)[:-20]))
    assert found == []
    assert told == ["x.json: line 1: breaks off in the middle; nothing from there on was read"]


@pytest.mark.parametrize("name", ["x.jsonl.gz", "x.json.gz"])
def test_a_packed_file_that_breaks_off_gives_what_came_before(tmp_path: Path, name: str) -> None:
    lines = "\n".join(json.dumps(record(number, text=str(number) * 500)) for number in range(1, 3000))
    whole = written(tmp_path, name, lines).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    found, told = read(tmp_path / name)
    assert found
    assert found == list(range(1, len(found) + 1))
    assert told[-1].endswith("breaks off, or is broken, as a gzip file")


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    assert read(tmp_path / "none.json") == ([], ["none.json: there is no such file"])
    assert read(written(tmp_path, "x.json", ""))[1] == [
        "x.json: line 1: breaks off in the middle; nothing from there on was read"
    ]


@pytest.mark.parametrize("piece", ['{"a":', "[", '"studies":[', "{}\n", '{"studies"', " "])
def test_a_hostile_file_is_refused_in_time(tmp_path: Path, piece: str) -> None:
    path = written(tmp_path, "x.json", piece * (1_000_000 // len(piece)))
    began = time.perf_counter()
    told = list(read_files(path))
    assert time.perf_counter() - began < 5
    assert told
    assert all(isinstance(each, Bad) for each in told)


def test_a_text_of_any_size_is_read(tmp_path: Path) -> None:
    huge = record(1, text="* Platelets \\>= 100\n" * 100_000)
    (found,) = read_files(written(tmp_path, "x.jsonl", json.dumps(huge)))
    assert isinstance(found, Found)
    assert found.record == huge


@given(st.binary(max_size=200), st.sampled_from(["x.json", "x.jsonl", "x.json.gz"]))
@example(b'[{"protocolSection": 1}, {', "x.json")
@example(b'{"studies": [', "x.json")
@example(b'{"studies"', "x.json")
@example(b"[", "x.json")
def test_nothing_that_a_file_may_hold_is_too_much(body: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(body)
        assert all(isinstance(each, Found | Bad) for each in read_files(path))


def test_the_registrys_own_files_are_read(shared: Path) -> None:
    folder = shared / "data" / "ctgov-v2"
    assert read(folder)[1] == []
    assert len(read(folder)[0]) == 9
    found, told = read(folder / "biomcp")
    assert (len(found) > 10, told) == (True, [])
