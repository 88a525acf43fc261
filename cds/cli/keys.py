"""``trialcards keys``: the keys by which this site proves to EHRs who it is, made and shown."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cds.cli.exits import Exit
from cds.cli.words import Commands, command, group, write

if TYPE_CHECKING:
    import argparse


def add_to(commands: Commands) -> None:
    """Add the commands."""
    inner = group(commands, "keys", "the keys by which this site proves to EHRs who it is (docs/backend.md)")
    made = command(
        inner,
        "new",
        _new,
        "make a private key, in a file that only its owner can read",
        "A file that is there already is left as it is.",
    )
    made.add_argument("--out", metavar="FILE", type=Path, required=True, help="where the key goes (JWK)")
    made.add_argument("--algorithm", choices=("ES384", "RS384"), default="ES384", help="default: ES384")
    told = command(inner, "public", _public, "print the public halves of keys, to be registered with an EHR (JWK Set)")
    told.add_argument("files", metavar="FILE", nargs="*", type=Path, help="default: CDS_CLIENT_KEYS")


def _new(chosen: argparse.Namespace) -> int:
    from cds.errors import BadCall
    from cds.fhir.backend.keys import new_key, private_jwk

    key = new_key(chosen.algorithm)
    try:
        opened = os.open(chosen.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadCall(f"{chosen.out.name}: is there already, and a key is never written over") from None
    except OSError:
        raise BadCall(f"{chosen.out.name}: cannot be written") from None
    with os.fdopen(opened, "w", encoding="ascii") as file:
        file.write(private_jwk(key))
    write(f"{chosen.out.name}: {key.algorithm}, key id {key.kid}")
    return Exit.OK


def _public(chosen: argparse.Namespace) -> int:
    from cds.errors import BadSetting
    from cds.fhir.backend.keys import keys_in, public_set
    from cds.settings import Settings

    paths = chosen.files or Settings.read(os.environ).client_keys
    if not paths:
        raise BadSetting("CDS_CLIENT_KEYS: names no file, and none was given")
    write(json.dumps(public_set(keys_in(paths)), indent=2))
    return Exit.OK
