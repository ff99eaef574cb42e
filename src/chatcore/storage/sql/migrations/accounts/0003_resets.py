"""Codes for forgotten passwords."""

import sqlalchemy as sa
from alembic import context, op

revision = "accounts_0003"
down_revision = "accounts_0002"


def upgrade() -> None:
    """Make their table."""
    prefix = context.config.attributes["prefix"]
    op.create_table(
        f"{prefix}resets",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("guesses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(f"{prefix}resets_user", f"{prefix}resets", ["user_id"], unique=False)
