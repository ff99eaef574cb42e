"""Since when nothing of a person is left in their row."""

import sqlalchemy as sa
from alembic import context, op

revision = "accounts_0005"
down_revision = "accounts_0004"


def upgrade() -> None:
    """Add the column."""
    prefix = context.config.attributes["prefix"]
    op.add_column(f"{prefix}users", sa.Column("deleted_at", sa.BigInteger(), nullable=True))
