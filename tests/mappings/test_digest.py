"""The checksum of the tables tells one edition of them from every other, wherever they lie."""

import shutil
from pathlib import Path

import pytest

from cds.terms.digest import tables_sha256


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    folder = tmp_path / "tables"
    (folder / "codes").mkdir(parents=True)
    (folder / "units.csv").write_text("a\n", "utf-8")
    (folder / "codes" / "labs.csv").write_text("b\n", "utf-8")
    (folder / "concepts.yaml").write_text("c\n", "utf-8")
    return folder


def test_it_stays_where_nothing_changed(tables: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(tables, moved)
    (moved / "README.md").write_text("notes", "utf-8")
    assert tables_sha256(moved) == tables_sha256(tables)
    assert len(tables_sha256(tables)) == 64


def test_any_byte_name_or_place_changes_it(tables: Path) -> None:
    before = seen = {tables_sha256(tables)}
    (tables / "units.csv").write_text("a \n", "utf-8")
    seen = seen | {tables_sha256(tables)}
    (tables / "units.csv").rename(tables / "codes" / "units.csv")
    seen = seen | {tables_sha256(tables)}
    (tables / "concepts.yaml").rename(tables / "concept.yaml")
    seen = seen | {tables_sha256(tables)}
    (tables / "codes").rename(tables / "coded")
    seen = seen | {tables_sha256(tables)}
    assert len(seen) == 5
    assert before < seen


def test_an_overlay_counts_and_is_none_of_the_tables(tables: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    alone = tables_sha256(tables)
    assert tables_sha256(tables, overlay) == alone
    (overlay / "units.csv").write_text("a\n", "utf-8")
    assert tables_sha256(tables, overlay) != alone
    assert tables_sha256(tables, overlay) != tables_sha256(overlay, tables)
    (overlay / "units.csv").rename(overlay / "z.csv")
    laid_over = tables_sha256(tables, overlay)
    (overlay / "z.csv").rename(tables / "z.csv")
    assert tables_sha256(tables) != laid_over
