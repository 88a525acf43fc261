"""The first tables: told cards, feedback, used-up token ids."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "v1"
down_revision = None


def upgrade() -> None:
    """Make the three tables with their indexes."""
    op.create_table(
        "told_cards",
        sa.Column("uuid", sa.String(36), primary_key=True),
        sa.Column("nct_id", sa.String(32), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("caller", sa.String(64), nullable=False),
        sa.Column("patient", sa.String(96), nullable=False),
        sa.Column("viewer", sa.String(96), nullable=False),
        sa.Column("told_at", sa.BigInteger, nullable=False),
        sa.Column("fingerprint", sa.String(96), nullable=False),
    )
    op.create_index("told_cards_patient", "told_cards", ["patient"])
    op.create_index("told_cards_told_at", "told_cards", ["told_at"])
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("card", sa.String(36), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("caller", sa.String(64), nullable=False),
        sa.Column("reason_system", sa.String(255)),
        sa.Column("reason_code", sa.String(64)),
        sa.Column("comment", sa.Text),
        sa.Column("accepted", sa.Text, nullable=False),
    )
    op.create_index("feedback_card", "feedback", ["card"])
    op.create_index("feedback_received_at", "feedback", ["received_at"])
    op.create_table(
        "used_tokens",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("used_tokens_until", "used_tokens", ["until"])


def downgrade() -> None:
    """Refuse: going back would lose what clinicians said."""
    raise NotImplementedError
