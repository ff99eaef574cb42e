"""Messages that wait, and messages that go."""

import sqlalchemy as sa
from alembic import context, op

revision = "chat_0006"
down_revision = "chat_0005"

surrogate = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table of scheduled messages, and the columns that say when messages go."""
    prefix = context.config.attributes["prefix"]
    op.add_column(
        f"{prefix}actors",
        sa.Column("defers", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(f"{prefix}actors", sa.Column("shadowed_until", sa.BigInteger()))
    op.add_column(
        f"{prefix}conversations",
        sa.Column("expire_from", sa.String(length=128), nullable=False, server_default="sent"),
    )
    op.add_column(f"{prefix}conversations", sa.Column("retention_days", sa.Integer()))
    op.add_column(f"{prefix}messages", sa.Column("expire_after_s", sa.Integer()))
    _index("messages_expiring", ["expires_at"], "expires_at IS NOT NULL AND deleted_at IS NULL")
    _index(
        "messages_unstarted",
        ["conversation_n", "seq"],
        "expire_after_s IS NOT NULL AND expires_at IS NULL",
    )
    op.create_table(
        f"{prefix}scheduled",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("conversation_n", surrogate, nullable=False),
        sa.Column("conversation_id", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=128), nullable=False),
        sa.Column("send_at", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.String(length=128), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("message_id", sa.String(length=191), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("me_rev", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("scheduled_due", ["send_at"], "state = 'waiting'")
    _index("scheduled_held", ["id"], "state = 'held'")
    keyed = "key IS NOT NULL"
    _index("scheduled_key", ["key", "user_id", "conversation_n"], keyed, unique=True)
    op.create_index(f"{prefix}scheduled_rev", f"{prefix}scheduled", ["user_id", "me_rev"])


def _index(name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    """A partial index, where the database has such."""
    prefix = context.config.attributes["prefix"]
    op.create_index(
        f"{prefix}{name}",
        f"{prefix}{name.partition('_')[0]}",
        columns,
        unique=unique,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )
