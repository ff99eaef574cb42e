"""Bookmarks."""

import sqlalchemy as sa
from alembic import context, op

revision = "chat_0008"
down_revision = "chat_0007"

surrogate = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make their table."""
    prefix = context.config.attributes["prefix"]
    op.create_table(
        f"{prefix}bookmarks",
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("conversation_n", surrogate, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("me_rev", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "conversation_n", "seq"),
    )
    op.create_index(f"{prefix}bookmarks_rev", f"{prefix}bookmarks", ["user_id", "me_rev"])
