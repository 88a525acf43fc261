"""Break the core in named ways, one at a time, and see its tests go red each time.

Each mutant (tests/mutants.toml) is a piece of a file and what takes its place. The tests run on a copy of the tree; a
mutant that stays green, or whose piece is not found exactly once, fails this program. Run it by `make mutants`.
"""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Mutant:
    """One way to break the core: what it would do to a patient, where, and how."""

    name: str
    file: str
    piece: str
    instead: str


MUTANTS = [Mutant(**row) for row in tomllib.loads((ROOT / "tests" / "mutants.toml").read_text("utf-8"))["mutant"]]


def run(mutant: Mutant | None) -> tuple[bool, str]:
    """Run the core's tests on a copy with one mutation, or none; give whether they were green, and the last line."""
    quickest_first = sorted((ROOT / "tests" / "core").glob("test_*.py"), key=lambda path: "laws" in path.name)
    tests = [str(path.relative_to(ROOT)) for path in quickest_first]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("cds", "tests/core", "tests/conftest.py", "pyproject.toml"):
            source, target = ROOT / name, copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        if mutant is not None:
            path = copy / "cds" / "core" / mutant.file
            text = path.read_text(encoding="utf-8")
            if text.count(mutant.piece) != 1:
                return True, f"its piece stands {text.count(mutant.piece)} times in {mutant.file}"
            path.write_text(text.replace(mutant.piece, mutant.instead), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        lines = (done.stdout + done.stderr).strip().splitlines()
        said = next((line for line in reversed(lines) if line.startswith(("FAILED", "ERROR"))), lines[-1])
        return done.returncode == 0, said[:150]


def main() -> int:
    """Run every mutant; give 0 if each went red and the core itself is green."""
    green, said = run(None)
    if not green:
        print(f"the core itself is red: {said}")
        return 1
    survived = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for mutant, (green, said) in zip(MUTANTS, pool.map(run, MUTANTS), strict=True):
            print(f"{'SURVIVED' if green else 'red':8}  {mutant.name}: {said}", flush=True)
            if green:
                survived.append(mutant.name)
    print(f"{len(MUTANTS) - len(survived)} passed, {len(survived)} failed")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
