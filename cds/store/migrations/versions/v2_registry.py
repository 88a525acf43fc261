"""The registry's records with all their versions, what was asked of it, and the drafts made of the records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "v2"
down_revision = "v1"


def upgrade() -> None:
    """Make the four tables."""
    op.create_table(
        "registry_records",
        sa.Column("nct_id", sa.String(11), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("updated", sa.String(10), nullable=False),
        sa.Column("first_seen", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("gone_at", sa.BigInteger),
    )
    op.create_index("registry_records_changed_at", "registry_records", ["changed_at"])
    op.create_table(
        "registry_versions",
        sa.Column("nct_id", sa.String(11), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("updated", sa.String(10), nullable=False),
        sa.Column("imported_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "registry_queries",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("began_at", sa.BigInteger, nullable=False),
        sa.Column("page_token", sa.Text),
        sa.Column("taken", sa.Integer, nullable=False),
        sa.Column("newest", sa.String(10), nullable=False),
        sa.Column("since", sa.String(10), nullable=False),
        sa.Column("finished_at", sa.BigInteger),
    )
    op.create_table(
        "drafts",
        sa.Column("nct_id", sa.String(11), primary_key=True),
        sa.Column("record_sha256", sa.String(64), nullable=False),
        sa.Column("made_with", sa.String(96), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Refuse: going back would lose the versions of records that the registry itself no longer shows."""
    raise NotImplementedError
