"""Mentions found by their message, too: retention lets go of them a few messages at a time."""

from alembic import context, op

revision = "chat_0009"
down_revision = "chat_0008"


def upgrade() -> None:
    """Make the index."""
    prefix = context.config.attributes["prefix"]
    op.create_index(f"{prefix}mentions_message", f"{prefix}mentions", ["conversation_n", "seq"])
