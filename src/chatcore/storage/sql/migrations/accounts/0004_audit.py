"""The log of administrative acts on accounts."""

import sqlalchemy as sa
from alembic import context, op

revision = "accounts_0004"
down_revision = "accounts_0003"


def upgrade() -> None:
    """Make it."""
    prefix = context.config.attributes["prefix"]
    audit = f"{prefix}accounts_audit"
    op.create_table(
        audit,
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.String(length=128), nullable=True),
        sa.Column("operator", sa.Boolean(), nullable=False),
        sa.Column("method", sa.String(length=128), nullable=False),
        sa.Column("conversation_id", sa.String(length=128), nullable=True),
        sa.Column("user_id", sa.String(length=128), nullable=True),
        sa.Column("object_id", sa.String(length=191), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("at", "actor_id", "user_id", "conversation_id"):
        op.create_index(f"{audit}_{column}", audit, [column, "id"])
