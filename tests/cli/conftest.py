from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cds.cli import main
from cds.settings import setting_rows
from tests import shipped

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run one command in this process, on a terminal wide enough that no line is broken."""
    monkeypatch.setenv("COLUMNS", "400")
    shipped.read_once(monkeypatch)

    def ran(*arguments: str | Path) -> Ran:
        try:
            code = main([str(each) for each in arguments])
        except SystemExit as end:  # argparse ends the process itself
            code = int(end.code or 0)
        written = capsys.readouterr()
        return Ran(int(code), written.out, written.err)

    return ran


@pytest.fixture
def golden() -> Path:
    return GOLDEN


@pytest.fixture(autouse=True)
def default_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for row in setting_rows():
        monkeypatch.delenv(row.variable, raising=False)
