"""Guests and bots: who made a bot, and whose sessions aren't a person's."""

import sqlalchemy as sa
from alembic import context, op

revision = "accounts_0006"
down_revision = "accounts_0005"


def upgrade() -> None:
    """Add the columns."""
    prefix = context.config.attributes["prefix"]
    op.add_column(f"{prefix}users", sa.Column("owner_id", sa.String(length=128), nullable=True))
    op.add_column(f"{prefix}sessions", sa.Column("kind", sa.String(length=128), nullable=True))
    op.create_index(f"{prefix}users_owner", f"{prefix}users", ["owner_id"], unique=False)
