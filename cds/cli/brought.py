"""What an export brought, told line by line: what came, what did not, and what the server told of faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.cli.words import counted, write

if TYPE_CHECKING:
    from cds.population.bulk.account import Account

__all__ = ["tell"]


def tell(account: Account) -> None:
    """Say what came, and what did not. Of the server's words none is shown but its moment, and codes of FHIR's list."""
    for each in account.asked:
        files = [file for file in account.files if file.type == each]
        entries = f"{_entries(sum(file.lines for file in files))} in {counted(len(files), 'file')}"
        write(f"{each}: {entries if files else 'no entries given'}")
    _tell_lacking(account)
    if account.doubles:
        write(f"listed more than once, and fetched once: {counted(account.doubles, 'file')}")
    for issue in account.issues:
        write(f"the server tells of {counted(issue.count, 'fault')}: {issue.severity}, {issue.code}")
    if account.unread_errors:
        write(f"{counted(account.unread_errors, 'fault')} of the server could not be read")
    write(f"as of {account.transaction_time}{f', since {account.since}' if account.since else ''}")


def _tell_lacking(account: Account) -> None:
    for file in account.files:
        if not file.as_announced:
            announced = "" if file.expected is None else f", {file.expected:,} were announced"
            cut = "" if file.whole else ", it is cut off, or holds something else"
            write(f"{file.name}: {_entries(file.lines)}{announced}{cut}")
    lacking = (
        ("the server does not have", account.not_offered),
        ("the server gives no such export of", account.refused),
        ("the server does not let us read", account.not_granted),
        ("only in part, as asked:", account.filtered),
        ("left, as nobody asked for them:", tuple(account.unasked)),
    )
    for why, types in lacking:
        if types:
            write(f"{why} {', '.join(types)}")


def _entries(count: int) -> str:
    return f"{count:,} {'entry' if count == 1 else 'entries'}"
