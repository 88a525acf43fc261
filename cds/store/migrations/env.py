"""What alembic runs: the steps, in the transaction that :mod:`cds.store.database` has opened."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
