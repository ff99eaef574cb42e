"""What changed on an account's stream is found by rev in every table."""

from alembic import context, op

revision = "chat_0010"
down_revision = "chat_0009"

_INDEXES = (
    ("members_rev", "members", "me_rev"),
    ("members_personal", "members", "personal_rev"),
    ("blocks_rev", "blocks", "me_rev"),
    ("contacts_rev", "contacts", "me_rev"),
)


def upgrade() -> None:
    """Make the indexes."""
    prefix = context.config.attributes["prefix"]
    for name, table, column in _INDEXES:
        op.create_index(f"{prefix}{name}", f"{prefix}{table}", ["user_id", column])
