"""``trialcards config`` and ``trialcards openapi``: what this installation has chosen, and what it promises."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from cds.cli.exits import Exit
from cds.cli.words import Commands, command, write

if TYPE_CHECKING:
    import argparse

_SECRET = ("token", "secret", "password", "key", "keys", "credential", "database")
HIDDEN = "(set, not shown)"
_PASSWORD = re.compile(r"(//[^/@]*?:).*@")
_QUERY = re.compile(r"(\w://.*?\?).*")
"""What stands between the user and the host in the address of a database, and after it: either may be a password."""


def add_to(commands: Commands) -> None:
    """Add the two commands."""
    command(
        commands,
        "config",
        _config,
        "show every setting, its value here, and what it means",
        "Settings are environment variables. Values that are secret are never shown.",
    )
    command(commands, "openapi", _openapi, "print the HTTP contract (OpenAPI, as JSON)")


def _config(_: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from cds.settings import Settings, setting_rows

    settings = Settings.read(os.environ)
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 1, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold", ratio=1)
    for row in setting_rows():
        name = row.variable.removeprefix("CDS_").lower()
        value = shown(name, getattr(settings, name), row.separator)
        given = "" if os.environ.get(row.variable, "").strip() else " (default)"
        table.add_row(row.variable, Text.assemble((value, "cyan"), (given, "dim"), "\n", (row.says, "dim")))
    Console(highlight=False).print(table)
    return Exit.OK


def shown(name: str, value: object, separator: str = ", ") -> str:
    """Write a setting's value as its variable would hold it; one that is secret by its name is hidden."""
    if value is None or value == ():
        return "(empty)"
    if any(word in name.split("_") for word in _SECRET):
        return HIDDEN
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return separator.join(map(str, value))
    return _QUERY.sub(rf"\1{HIDDEN}", _PASSWORD.sub(rf"\1{HIDDEN}@", str(value)))


def _openapi(_: argparse.Namespace) -> int:
    from cds.app import openapi_document

    write(json.dumps(openapi_document(), indent=2, ensure_ascii=False))
    return Exit.OK
