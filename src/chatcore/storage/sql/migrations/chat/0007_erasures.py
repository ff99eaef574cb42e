"""Accounts that have ended: how far their erasure has come."""

import sqlalchemy as sa
from alembic import context, op

revision = "chat_0007"
down_revision = "chat_0006"


def upgrade() -> None:
    """Make the table."""
    prefix = context.config.attributes["prefix"]
    op.create_table(
        f"{prefix}erasures",
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("depth", sa.String(length=128), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("touched", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("user_id"),
    )
