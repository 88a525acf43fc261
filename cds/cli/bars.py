"""The progress bar of commands that take long: on standard error, where somebody looks, and gone in the end."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(*, foretold: bool = False) -> Iterator[Progress]:
    """Give a bar to which tasks can be added; with the time that has passed, or, ``foretold``, that is left."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    time = TimeRemainingColumn() if foretold else TimeElapsedColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), time)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress
