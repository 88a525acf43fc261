"""``trialcards mappings stats`` and ``trialcards mappings explain``: what the tables hold, and what a code means."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cds.cli.exits import Exit
from cds.cli.words import Commands, command, counted, existing, write

if TYPE_CHECKING:
    import argparse

    from cds.files import Row
    from cds.terms.explain import Claim, Explanation
    from cds.terms.stats import KindCount, Stats

_ABOUT_STATS = (
    "Codes are counted once for each kind of concept, and only those that may settle a finding: verified, and exact or "
    "narrower than the concept. Counted apart are the vague (wider than the concept, or only near it), the unverified, "
    "and the look-alikes, which are stated not to be the concept."
)
_ABOUT_EXPLAIN = (
    "SYSTEM is a URI, or one of loinc, snomed, rxnorm, icd-10-cm, icd-9-cm, icd-o-3, cvx, atc, ndc, name, "
    "variant; quote the "
    "upright stroke. The exit code is 1 if the code cannot be one of its system: its form or check digit is wrong."
)
_COLUMNS = ("concepts", "with codes", "codes", "vague", "unverified", "look-alikes")


def add_to(mappings: Commands) -> None:
    """Add the two commands to those of ``trialcards mappings``."""
    counts = command(mappings, "stats", _stats, "count the concepts and the verified codes of each kind", _ABOUT_STATS)
    counts.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, help="default: the folder of the settings")
    counts.add_argument("--json", action="store_true", help="print the counts as JSON")
    says = "say what a code maps to, by which rows, and what narrowly does not count"
    asked = command(mappings, "explain", _explain, says, _ABOUT_EXPLAIN)
    asked.add_argument("code", metavar="SYSTEM|CODE", help="for example 'loinc|777-3'")


def _stats(chosen: argparse.Namespace) -> int:
    from cds.settings import Settings
    from cds.terms.load import load_tables
    from cds.terms.stats import stats_of

    settings = Settings.read(os.environ)
    found = stats_of(load_tables(existing(chosen.folder or settings.mappings), settings.mappings_overlay))
    _show_json(found) if chosen.json else _show(found)
    return Exit.OK


def _show(found: Stats) -> None:
    write("  ".join(["kind".ljust(12), *_COLUMNS, "by system"]))
    for each in found.kinds:
        numbers = (str(number).rjust(len(column)) for number, column in zip(_numbers(each), _COLUMNS, strict=True))
        systems = ", ".join(f"{system} {count}" for system, count in each.codes.items())
        write("  ".join([each.kind.value.ljust(12), *numbers, systems]).rstrip())
    write(f"measured concepts with a LOINC code: {found.measured_with_loinc}")
    write(f"ingredients with an RxNorm code: {found.ingredients_with_rxnorm}")
    write(f"drug classes: {found.classes}, with {_members(found)}")
    write(f"units: {counted(found.units, 'spelling')} of {found.quantities} that can be measured")


def _members(found: Stats) -> str:
    return f"{counted(found.members, 'verified membership')} ({found.unverified_members} unverified)"


def _numbers(each: KindCount) -> tuple[int, ...]:
    return each.concepts, each.coded, sum(each.codes.values()), each.vague, each.unverified, each.look_alikes


def _show_json(found: Stats) -> None:
    import json

    names = ("concepts", "withCodes", "codes", "vague", "unverified", "lookAlikes")

    def told(each: KindCount) -> dict[str, object]:
        return {**dict(zip(names, _numbers(each), strict=True)), "bySystem": dict(each.codes)}

    classes = {"classes": found.classes, "members": found.members, "unverifiedMembers": found.unverified_members}
    document = {
        "kinds": {each.kind.value: told(each) for each in found.kinds},
        "measuredWithLoinc": found.measured_with_loinc,
        "ingredientsWithRxnorm": found.ingredients_with_rxnorm,
        "drugClasses": classes,
        "units": {"spellings": found.units, "quantities": found.quantities},
    }
    write(json.dumps(document, indent=2))


def _explain(chosen: argparse.Namespace) -> int:
    from cds.errors import UnknownService
    from cds.settings import Settings
    from cds.terms.explain import explain
    from cds.terms.load import load_tables, vocabulary_of
    from cds.terms.systems import code_of

    settings = Settings.read(os.environ)
    tables = load_tables(settings.mappings, settings.mappings_overlay)
    vocabulary = vocabulary_of(tables)
    try:
        code = code_of(chosen.code, vocabulary.aliases)
    except ValueError as problem:
        raise UnknownService(str(problem)) from None
    found = explain(code, tables, vocabulary)
    _tell(found)
    return Exit.FAULTS if found.fault else Exit.OK


def _tell(found: Explanation) -> None:
    write(str(found.code))
    if found.fault:
        write(f"  This cannot be such a code: {found.fault}.")
    if not found.known:
        write("  The tables do not speak of this code: an entry that holds no other is not recognised.")
    elif not found.claims:
        write("  It maps to nothing.")
    for claim in found.claims:
        _tell_claim(claim)
    if found.near:
        write("Near misses")
    for miss in found.near:
        write(f"  {miss.row['concept_id']}: {miss.why}")
        _tell_row(miss.row)


def _tell_claim(claim: Claim) -> None:
    write(f"  {claim.concept.id} ({claim.concept.kind.value}, {claim.concept.display}): {_standing(claim)}")
    _tell_row(claim.row)
    if claim.broader:
        write(f"    so it is also: {', '.join(claim.broader)}")
    for row in claim.classes:
        strength = f", {row['strength']}" if row["strength"] else ""
        write(f"    in the class {row['class_id']}{strength} ({_verified(row)}; {row.place})")
        _tell_words(row, "      ")


def _standing(claim: Claim) -> str:
    if claim.meaning.counts:
        return "counts"
    if not claim.meaning.verified:
        return "not verified, so it can only leave a finding unknown"
    return "says something wider, so it can only leave a finding unknown"


def _tell_row(row: Row) -> None:
    stands = f", {row['relation']}, match {row['match']}" if row["include"] == "+" else ""
    write(f"    {row.place}: {row['system']}|{row['code']} {row['display']!r}{stands}, {_verified(row)}")
    _tell_words(row, "    ")


def _tell_words(row: Row, indent: str) -> None:
    version = row.cells.get("source_version")
    if row["source"]:
        write(f"{indent}source: {row['source']}{f' ({version})' if version else ''}")
    if row["comment"]:
        write(f"{indent}comment: {row['comment']}")


def _verified(row: Row) -> str:
    return "verified" if row["verified"] == "yes" else "not verified"
