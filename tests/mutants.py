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


_SAID = tomllib.loads((ROOT / "tests" / "mutants.toml").read_text("utf-8"))
MUTANTS = [Mutant(**row) for row in _SAID["mutant"]]
NEAR: dict[str, list[str]] = _SAID["near"]
"""The tests that mostly see a module broken, by its name: they are run first, so that the rest need not be."""


def run(mutant: Mutant | None) -> tuple[bool, str]:
    """Run the core's tests on a copy with one mutation, or none; give whether they were green, and the last line."""
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
        near, others = _tests(mutant)
        if mutant is not None and near:
            green, said = _tried(copy, near)
            if not green:
                return green, said
        return _tried(copy, others if mutant is not None else near + others)


def _tests(mutant: Mutant | None) -> tuple[list[str], list[str]]:
    """Give the tests that mostly see the broken module, and the others, laws last."""
    every = sorted((ROOT / "tests" / "core").glob("test_*.py"), key=lambda path: "laws" in path.name)
    names = NEAR[Path(mutant.file).stem] if mutant is not None else []
    near = [path for path in every if path.stem.removeprefix("test_") in names]
    return _names(near), _names([path for path in every if path not in near])


def _names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def _tried(copy: Path, tests: list[str]) -> tuple[bool, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests],
        cwd=copy,
        env={
            **os.environ,
            "PYTHONPATH": str(copy),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_PROFILE": "mutants",
        },
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
