"""The command line: what a person runs. Start at :func:`main`.

Every fault is one sentence on standard error, and an exit code that says whose it is (:class:`~cds.cli.exits.Exit`).
"""

from cds.cli.run import main

__all__ = ["main"]
