"""What operators look at: reports, and the log of administrative acts."""

import sqlalchemy as sa
from alembic import context, op

revision = "chat_0005"
down_revision = "chat_0004"


def upgrade() -> None:
    """Make them."""
    prefix = context.config.attributes["prefix"]
    reports, audit = f"{prefix}reports", f"{prefix}audit"
    op.create_table(
        reports,
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("reporter_id", sa.String(length=128), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("conversation_id", sa.String(length=128), nullable=True),
        sa.Column("message_id", sa.String(length=191), nullable=True),
        sa.Column("reason", sa.String(length=128), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("snapshot", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("resolved_by", sa.String(length=128), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(f"{reports}_state", reports, ["state", "id"])
    op.create_index(f"{reports}_reporter", reports, ["reporter_id", "state"])
    op.create_index(f"{reports}_resolved", reports, ["resolved_at"])
    op.create_index(f"{reports}_user", reports, ["user_id"])
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
