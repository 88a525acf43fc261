"""On Spark a population comes to the rows of one machine, and either goes on where the other was stopped."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.population.running import (
    TABLES,
    Moment,
    done_in,
    export_of_people,
    finished,
    killed,
    patients_in,
    running,
    sorted_rows,
)

PARTS = ("--processes", "3")  # six of them: each is a task of Spark's, which takes its time
SPARK = (*PARTS, "--engine", "spark", "--master", "local[2]")


def _lacking() -> str:
    """Say what Spark needs that is not here."""
    java_home = os.environ.get("JAVA_HOME")
    if find_spec("pyspark") is None:
        return "PySpark is not installed (the extra `spark`)"
    if shutil.which("java") is None and not (java_home and (Path(java_home) / "bin" / "java").exists()):
        return "there is no JDK: neither `java` on the path nor JAVA_HOME"
    return ""


pytestmark = [pytest.mark.spark, pytest.mark.skipif(bool(_lacking()), reason=_lacking())]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("population") / "export"
    assert export_of_people(folder, copies=3) > 60
    return folder


@pytest.fixture(scope="module")
def local(export: Path) -> Path:
    """The results of one machine."""
    finished(export, export.with_name("local"), *PARTS)
    return export.with_name("local")


def assert_same(out: Path, local: Path) -> None:
    for table in TABLES:
        assert sorted_rows(out, table) == sorted_rows(local, table), table
    assert len(patients_in(out)) == len(set(patients_in(out)))
    assert (out / "summary.json").read_bytes() == (local / "summary.json").read_bytes()


def test_spark_gives_the_rows_of_one_machine(export: Path, local: Path, tmp_path: Path) -> None:
    finished(export, tmp_path / "spark", *SPARK)
    assert_same(tmp_path / "spark", local)


@pytest.mark.parametrize(("first", "then"), [(PARTS, SPARK), (SPARK, PARTS)], ids=["local-spark", "spark-local"])
def test_either_goes_on_where_the_other_was_killed(
    first: tuple[str, ...], then: tuple[str, ...], export: Path, local: Path, tmp_path: Path
) -> None:
    everything = len(done_in(local))
    files = len(list(local.glob("accounts/*")))
    out = tmp_path / "out"
    with running(export, out, *first) as process:
        before = killed(process, out, Moment(after=files + 2, alone=True))
    assert files < len(before) < everything, "it was not killed in the midst of its work: the test would show nothing"
    finished(export, out, *then)
    now = done_in(out)
    assert {name: now[name] for name in before} == before, "what was done is done again"
    assert_same(out, local)
