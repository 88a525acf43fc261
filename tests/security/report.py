"""``make security``: run what attacks the service, and print how much was tried of each sort.

The figures are those of pytest's own report; a sort that fails, or of which nothing ran, is said and ends in 1.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ROOT = Path(__file__).resolve().parents[2]

_SORTS: Final = {
    "forged, stale and misdirected tokens": ("tests/security/test_attack_matrix.py",),
    "callers, keys and replay": ("tests/hooks/callers",),
    "planted words of a patient in every answer, log and store": ("tests/privacy",),
    "FHIR servers that hang, lie, loop, lead elsewhere or send bombs": ("tests/security/test_fhir_faults.py",),
    "names that lead into private networks": ("tests/network",),
    "nearly right bodies, drawn at random": ("tests/security/test_edited_bodies.py", "tests/api/test_schemathesis.py"),
    "writers that are killed, and processes that share a store": ("tests/store",),
}


@dataclass(frozen=True, slots=True)
class Tried:
    """What pytest counted."""

    tests: int
    failed: int
    skipped: int


def main() -> int:
    """Run every sort and print its counts; give the exit code."""
    good = True
    print(f"{'':68}{'tried':>7}{'failed':>8}{'skipped':>9}")
    for sort, places in _SORTS.items():
        tried = run(places)
        print(f"{sort:68}{tried.tests:7}{tried.failed:8}{tried.skipped:9}", flush=True)
        good &= tried.tests > tried.skipped and not tried.failed
    return 0 if good else 1


def run(places: tuple[str, ...]) -> Tried:
    """Run the tests of these places on all cores; what failed is shown."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal", f"--junitxml={report}"]
        done = subprocess.run([*command, *places], cwd=_ROOT, capture_output=True, text=True, check=False)
        if not report.exists():
            print(done.stdout[-3000:], done.stderr[-3000:])
            return Tried(0, 1, 0)
        (suite,) = ET.parse(report).getroot().iter("testsuite")  # noqa: S314 - pytest wrote it just now
    failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    if failed:
        print(done.stdout[-3000:])
    return Tried(int(suite.get("tests", 0)), failed, int(suite.get("skipped", 0)))


if __name__ == "__main__":
    sys.exit(main())
