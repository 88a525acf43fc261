"""Break the core, and what keeps strangers out, in named ways, one at a time, and see their tests go red each time.

Each mutant (tests/mutants.toml) is a piece of a file and what takes its place. The tests run on a copy of the tree; a
mutant that stays green, or whose piece is not found exactly once, fails this program. Run it by `make mutants`; words
after `python tests/mutants.py` choose the mutants whose name, room or file holds one of them.
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
    """One way to break a room of the house: what it would do to a patient, where, and how."""

    name: str
    file: str
    piece: str
    instead: str
    room: str = "core"


_SAID = tomllib.loads((ROOT / "tests" / "mutants.toml").read_text("utf-8"))
MUTANTS = [Mutant(**row) for row in _SAID["mutant"]]
ALONE = ("-o", "addopts=--import-mode=importlib", "--disable-plugin-autoload", "-p", "_hypothesis_pytestplugin")
"""Without the plugins that the core's tests do not need: to load them takes longer than to see most mutants."""
NEAR: dict[str, list[str]] = _SAID["near"]
"""The tests that mostly see a module of the core broken, by its name: they are run first, so the rest need not be."""
TESTS: dict[str, list[str]] = _SAID["room"]
"""The tests of each room besides the core."""
CORE_NEEDS = (
    "cds",
    "tests/core",
    "tests/service/world.py",
    "tests/conformance",
    "tests/conftest.py",
    "pyproject.toml",
)
OTHERS_NEED = ("cds", "tests", "mappings", "trials", "docs", "pyproject.toml")
"""What is copied for the tests to run on."""


def run(mutant: Mutant | None, room: str = "core") -> tuple[bool, str]:
    """Run a room's tests on a copy with one mutation, or none; give whether they were green, and the last line."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in CORE_NEEDS if room == "core" else OTHERS_NEED:
            source, target = ROOT / name, copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "hapi", *_unused(room)))
            else:
                shutil.copy(source, target)
        if mutant is not None:
            path = copy / "cds" / mutant.room / mutant.file
            text = path.read_text(encoding="utf-8")
            if text.count(mutant.piece) != 1:
                return True, f"its piece stands {text.count(mutant.piece)} times in {mutant.file}"
            path.write_text(text.replace(mutant.piece, mutant.instead), encoding="utf-8")
        near, others = _tests(mutant) if room == "core" else ([], TESTS[room])
        if mutant is not None and near:
            green, said = _tried(copy, near)
            if not green:
                return green, said
        plugins = () if room == "core" else ("-p", "anyio.pytest_plugin")
        return _tried(copy, others if mutant is not None else near + others, plugins)


def _unused(room: str) -> tuple[str, ...]:
    """Name the folder of golden charts, which few rooms' tests look at."""
    looking = any(word in each for each in TESTS.get(room, ()) for word in _LOOK_AT_CHARTS)
    return () if looking else ("golden",)


_LOOK_AT_CHARTS = ("quirks", "test_server", "test_match", "test_audit", "tests/population")


def _tests(mutant: Mutant | None) -> tuple[list[str], list[str]]:
    """Give the tests that mostly see the broken module, and the others, laws last."""
    every = sorted((ROOT / "tests" / "core").glob("test_*.py"), key=lambda path: "laws" in path.name)
    names = NEAR[Path(mutant.file).stem] if mutant is not None else []
    near = [path for path in every if path.stem.removeprefix("test_") in names]
    return _names(near), _names([path for path in every if path not in near])


def _names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def _tried(copy: Path, tests: list[str], plugins: tuple[str, ...] = ()) -> tuple[bool, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *ALONE, *plugins, "-x", "-q", "-p", "no:cacheprovider", *tests],
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


def main(words: list[str]) -> int:
    """Run every mutant, or those chosen; give 0 if each went red, and their rooms are green without them."""
    mutants = [
        each for each in MUTANTS if not words or any(word in f"{each.name} {each.room} {each.file}" for word in words)
    ]
    rooms = [each.room for each in mutants]
    for room in sorted(set(rooms)):
        green, said = run(None, room)
        if not green:
            print(f"{room} itself is red: {said}")
            return 1
    survived = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for mutant, (green, said) in zip(mutants, pool.map(run, mutants, rooms), strict=True):
            print(f"{'SURVIVED' if green else 'red':8}  {mutant.name}: {said}", flush=True)
            if green:
                survived.append(mutant.name)
    print(f"{len(mutants) - len(survived)} passed, {len(survived)} failed")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
