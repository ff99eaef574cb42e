"""Bans, invitations, public groups, and when a member last sent where slow mode is on."""

import sqlalchemy as sa
from alembic import context, op

revision = "chat_0002"
down_revision = "chat_0001"

surrogate = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add them."""
    prefix = context.config.attributes["prefix"]
    op.create_table(
        f"{prefix}bans",
        sa.Column("conversation_n", surrogate, nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("conversation_n", "user_id"),
    )
    op.create_table(
        f"{prefix}invites",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("conversation_n", surrogate, nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=128), nullable=False),
        sa.Column("share_history", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code_digest"),
    )
    op.create_index(
        f"{prefix}invites_group", f"{prefix}invites", ["conversation_n", "id"], unique=False
    )
    op.add_column(f"{prefix}members", sa.Column("last_sent_at", sa.BigInteger(), nullable=True))
    op.add_column(f"{prefix}conversations", sa.Column("title_key", sa.String(191), nullable=True))
    op.create_index(
        f"{prefix}conversations_public", f"{prefix}conversations", ["public", "n"], unique=False
    )
