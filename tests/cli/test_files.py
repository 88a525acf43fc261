"""Charts from files: what counts as one, how several become one, and what is said of a file that cannot be read."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from cds.cli.files import read_bundle, read_resources
from cds.errors import BadCall

if TYPE_CHECKING:
    from pathlib import Path

PATIENT = {"resourceType": "Patient", "id": "p"}
CONDITION = {"resourceType": "Condition", "id": "c"}


def bundle(*resources: object, **more: object) -> dict[str, object]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": each} for each in resources]} | more


def page(own: str, following: str | None = None, **more: object) -> dict[str, object]:
    links = [{"relation": "self", "url": own}]
    links += [{"relation": "next", "url": following}] if following else []
    return bundle(PATIENT, link=links, **more)


def write(place: Path, content: object) -> Path:
    place.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return place


def test_a_single_bundle_stays_as_it_is(tmp_path: Path) -> None:
    whole = bundle(PATIENT, total=7)

    assert read_bundle([write(tmp_path / "chart.json", whole)]) == whole


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    path = write(tmp_path / "chart.json", '{"resourceType": "Bundle", "total": 1.50}')

    told = read_bundle([path])

    assert isinstance(told, dict)
    assert str(told["total"]) == str(Decimal("1.50"))


@pytest.mark.parametrize("name", ["chart.ndjson", "chart.jsonl", "chart.json", "chart"])
def test_lines_of_resources_are_one_chart(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, f"{json.dumps(PATIENT)}\n\n{json.dumps(CONDITION)}\n")

    told = read_bundle([path])

    assert told == {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": PATIENT}, {"resource": CONDITION}],
    }


def test_compressed_or_not_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "chart.ndjson.gz"
    path.write_bytes(gzip.compress(f"{json.dumps(PATIENT)}\n{json.dumps(CONDITION)}".encode()))

    assert read_resources(path) == [PATIENT, CONDITION]


def test_several_files_are_one_chart(tmp_path: Path) -> None:
    first = write(tmp_path / "a.json", bundle(PATIENT))
    second = write(tmp_path / "b.ndjson", CONDITION)

    told = read_bundle([first, second])

    assert told == {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": PATIENT}, {"resource": CONDITION}],
    }


@pytest.mark.parametrize(
    ("pages", "whole"),
    [
        ([page("1", "2"), page("2")], True),
        ([page("1", "2", total=2), page("2", total=2)], True),
        ([page("1", "2"), page("2", "3")], False),
        ([page("1", total=1), page("other", total=1)], True),
        ([page("1", total=9), page("other", total=1)], False),
    ],
)
def test_missing_pages_are_not_forgotten(tmp_path: Path, pages: list[object], whole: bool) -> None:  # noqa: FBT001
    paths = [write(tmp_path / f"{number}.json", each) for number, each in enumerate(pages)]

    told = read_bundle(paths)

    assert isinstance(told, dict)
    assert ("link" not in told) is whole


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("chart.json", b"{", "chart.json: it is not JSON"),
        ("chart.json", b'{"a": NaN}', "chart.json: it is not JSON"),
        ("chart.json", b"\xff\xfe", "chart.json: it is not JSON"),
        ("chart.json", b"", "chart.json: it is not JSON"),
        ("chart.json", b"[" * 100 + b"]" * 100, "chart.json: it is nested deeper than 64 levels"),
        ("chart.ndjson", b'{"a": 1}\nnonsense Jane\n', "chart.ndjson: line 2: it is not JSON"),
        ("chart.json.gz", b"\x1f\x8b broken", "chart.json.gz: is broken as a gzip file"),
    ],
)
def test_what_cannot_be_read_is_said_without_its_content(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(BadCall) as told:
        read_bundle([tmp_path / name])

    assert str(told.value).startswith(sentence)
    assert "Jane" not in str(told.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadCall, match=r"^none\.json: there is no such file$"):
        read_bundle([tmp_path / "none.json"])
    with pytest.raises(BadCall, match="is a folder, not a file"):
        read_bundle([tmp_path])
