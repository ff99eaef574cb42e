"""The first tables: users, credentials and sessions."""

import sqlalchemy as sa
from alembic import context, op

revision = "accounts_0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    prefix = context.config.attributes["prefix"]
    op.create_table(
        f"{prefix}credentials",
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_table(
        f"{prefix}sessions",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index(f"{prefix}sessions_user", f"{prefix}sessions", ["user_id"], unique=False)
    op.create_table(
        f"{prefix}users",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("username_key", sa.String(length=191), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("display_key", sa.String(length=191), nullable=False),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.Column("bio", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("custom", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("username_key"),
    )
    # ### end Alembic commands ###
