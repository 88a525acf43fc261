"""The duties of a CDS service, read from the table beside this file, and the page that is made from it.

A row of ``requirements.csv`` is one duty in our words: its ``id`` here, its ``public`` numbers in the requirement list
of the Inferno CRD test kit (set ``cds-hooks_2.0``), where it stands, how strong it is, of which version, whether it is
``proven``, ``not-applicable`` or ``open``, the tests that prove it, and the reason where there is one to give.
"""

from __future__ import annotations

import ast
import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cds.hooks.services import OFFERS

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("requirements.csv")
PAGE = ROOT / "docs" / "conformance.md"
LEVELS = ("SHALL", "SHALL NOT", "SHOULD", "SHOULD NOT", "MAY")
VERSIONS = ("2.0.1", "3.0-ballot")
PROVEN, NOT_APPLICABLE, OPEN = STATES = ("proven", "not-applicable", "open")
COLUMNS = ("id", "public", "anchor", "level", "version", "requirement", "status", "tests", "reason")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One duty."""

    id: str
    public: tuple[str, ...]
    anchor: str
    level: str
    version: str
    requirement: str
    status: str
    tests: tuple[str, ...]
    reason: str

    @property
    def binding(self) -> bool:
        """Whether a service that does otherwise does not conform."""
        return self.level in {"SHALL", "SHALL NOT"}


def requirements(path: Path = TABLE) -> tuple[Requirement, ...]:
    """Read the table."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        Requirement(**(row | {"public": tuple(row["public"].split()), "tests": tuple(row["tests"].split())}))
        for row in rows
    )


@cache
def tests_in(path: str) -> frozenset[str]:
    """Give the names of the tests in a file; none where there is no such file."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    body = ast.parse(file.read_text("utf-8")).body
    functions = (each for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(each.name for each in functions if each.name.startswith("test_"))


def missing_tests(requirement: Requirement) -> list[str]:
    """Give the named tests that do not exist."""
    return [name for name in requirement.tests if name.partition("::")[2] not in tests_in(name.partition("::")[0])]


def counted(rows: Sequence[Requirement]) -> dict[str, Counter[str]]:
    """Count the duties by level and state."""
    return {level: Counter(each.status for each in rows if each.level == level) for level in LEVELS}


def counts_table(rows: Sequence[Requirement]) -> list[list[str]]:
    """Give the counts as rows of words, a head first."""
    found = counted(rows)
    lines = [[level, *(str(found[level][state]) for state in STATES), str(found[level].total())] for level in LEVELS]
    total = [str(sum(found[level][state] for level in LEVELS)) for state in STATES]
    return [["Level", *STATES, "all"], *lines, ["all", *total, str(len(rows))]]


# ------------------------------------------------------------------------------------------------------------ the page
_OPENING = """# Conformance

What CDS Hooks asks of a service, and how it is shown that this one does it. The baseline is 2.0.1, the latest release;
what is marked 3.0-ballot is taken over from the ballot of 3.0 where it cannot break a client of 2.0. This page is made
from `tests/conformance/requirements.csv`; `make conformance` runs every test it names.

Numbers after an I are rows of a public requirement list: set `cds-hooks_2.0` of the Inferno CRD test kit
(inferno-framework/davinci-crd-test-kit at 1d1f2c4, 120 rows of which name the service). The words are ours.

Besides, every answer that any test of the suite gets from these routes is held against two oracles: the constraints of
HL7's logical models, and the card checks of that kit, both written anew (`tests/conformance/invariants.py` and
`tests/conformance/inferno.py`).
"""


def page(rows: Sequence[Requirement]) -> str:
    """Give the published page."""
    services = [f"| `{each.id}` | {hook} | {each.description} |" for hook, each in OFFERS.items()]
    parts = [
        _OPENING,
        "## Services\n",
        "| Service | Hook | What it does |\n| --- | --- | --- |\n" + "\n".join(services) + "\n",
        "`CDS_SERVICES` says which of them are offered.\n",
        "## Counts\n",
        _markdown(counts_table(rows)),
        *(_section(title, [each for each in rows if each.id[0] == letter]) for letter, title in _TITLES.items()),
    ]
    return "\n".join(parts)


_TITLES = {
    "A": "Transport and JSON",
    "B": "Discovery",
    "C": "Prefetch templates",
    "D": "The call",
    "E": "The answer",
    "F": "Feedback",
    "G": "Who calls",
    "H": "Browsers",
    "V": "Between versions",
}


def _section(title: str, rows: Sequence[Requirement]) -> str:
    head = ["Duty", "Level", "What", "State", "Shown by"]
    return f"## {title}\n\n{_markdown([head, *map(_row, rows)])}"


def _row(each: Requirement) -> list[str]:
    public = f" ({', '.join(each.public)})" if each.public else ""
    ballot = "" if each.version == VERSIONS[0] else f" ({each.version})"
    shown = [f"`{name}`" for name in each.tests] if each.status != OPEN else []
    return [
        f"[{each.id}]({each.anchor}){public}",
        f"{each.level}{ballot}",
        each.requirement,
        each.status.replace("-", " "),
        " ".join([*shown, each.reason]).strip(),
    ]


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *rest = rows
    lines = [head, ["---"] * len(head), *rest]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
