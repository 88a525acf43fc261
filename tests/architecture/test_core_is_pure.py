"""The core imports itself and a short list of standard modules: the contracts forbid by name, this allows by name."""

import ast
from collections.abc import Iterator
from pathlib import Path

CORE = Path(__file__).resolve().parents[2] / "cds" / "core"
ALLOWED = {
    "__future__",
    "abc",
    "bisect",
    "calendar",
    "collections",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "heapq",
    "itertools",
    "math",
    "operator",
    "re",
    "string",
    "types",
    "typing",
    "unicodedata",
}


def imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module)):
                yield module
            case _:
                pass


def strangers(source: str) -> set[str]:
    return {
        name
        for name in imported(source)
        if name.partition(".")[0] not in ALLOWED and name != "cds.core" and not name.startswith("cds.core.")
    }


def test_the_core_imports_nothing_but_itself_and_plain_standard_modules() -> None:
    found = {path.name: strangers(path.read_text(encoding="utf-8")) for path in CORE.rglob("*.py")}
    assert {name: modules for name, modules in found.items() if modules} == {}


def test_a_module_that_is_not_allowed_is_seen_wherever_it_is_imported() -> None:
    source = "import datetime\nfrom cds.core.truth import A\ndef f():\n    import os\n    from cds.corelike import B"
    assert strangers(source) == {"os", "cds.corelike"}
