"""``make conformance``: run every test that proves a duty, then print the duties by level.

Fails where a test is red or a SHALL is open.
"""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

if __name__ == "__main__":  # run as a file: other packages called `tests` must not stand before this one
    sys.modules["tests"] = types.ModuleType("tests")
    sys.modules["tests"].__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.conformance.requirements import OPEN, PROVEN, ROOT, counts_table, requirements


def main() -> int:
    """Run and print; give the exit code."""
    rows = requirements()
    tests = sorted({name for each in rows if each.status == PROVEN for name in each.tests})
    own = ["tests/conformance/test_requirements.py", "tests/conformance/test_oracles.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal", *own, *tests]
    ran = subprocess.run(command, cwd=ROOT, check=False)
    say = sys.stdout.write
    say(f"\n{len(rows)} duties, {len(tests)} tests named\n\n")
    for line in counts_table(rows):
        say(f"{line[0]:<12}" + "".join(f"{cell:>16}" for cell in line[1:]) + "\n")
    left = [each for each in rows if each.status == OPEN]
    say("".join(f"\nopen: {each.id} {each.level}: {each.requirement} {each.reason}" for each in left) + "\n")
    binding = sum(each.binding for each in left)
    say(f"SHALL open: {binding}\n")
    return 1 if ran.returncode or binding else 0


if __name__ == "__main__":
    raise SystemExit(main())
