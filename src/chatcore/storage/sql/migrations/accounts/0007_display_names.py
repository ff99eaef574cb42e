"""Users found by how their display names begin."""

from alembic import context, op

revision = "accounts_0007"
down_revision = "accounts_0006"


def upgrade() -> None:
    """Make the index."""
    prefix = context.config.attributes["prefix"]
    op.create_index(f"{prefix}users_display_key", f"{prefix}users", ["display_key"])
