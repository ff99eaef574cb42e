"""Threads, polls, pins, and the texts before an edit."""

import sqlalchemy as sa
from alembic import context, op

revision = "chat_0004"
down_revision = "chat_0003"

surrogate = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Big = sa.BigInteger


def upgrade() -> None:
    """Make them."""
    prefix = context.config.attributes["prefix"]
    op.add_column(f"{prefix}messages", sa.Column("thread_seq", Big()))
    op.add_column(f"{prefix}messages", sa.Column("thread_nonce", sa.String(length=10)))
    threaded = sa.text("thread_seq IS NOT NULL")
    op.create_index(
        f"{prefix}messages_thread",
        f"{prefix}messages",
        ["conversation_n", "thread_seq", "seq"],
        sqlite_where=threaded,
        postgresql_where=threaded,
    )
    _threads(prefix)
    _polls(prefix)


def _threads(prefix: str) -> None:
    op.create_table(
        f"{prefix}threads",
        sa.Column("conversation_n", surrogate, nullable=False),
        sa.Column("seq", Big(), nullable=False),
        sa.Column("last_seq", Big(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_n", "seq"),
    )
    op.create_index(f"{prefix}threads_last", f"{prefix}threads", ["conversation_n", "last_seq"])
    op.create_table(
        f"{prefix}thread_marks",
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("conversation_n", surrogate, nullable=False),
        sa.Column("seq", Big(), nullable=False),
        sa.Column("read_seq", Big(), nullable=False),
        sa.Column("me_rev", Big(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "conversation_n", "seq"),
    )
    op.create_index(f"{prefix}thread_marks_rev", f"{prefix}thread_marks", ["user_id", "me_rev"])


def _polls(prefix: str) -> None:
    op.create_table(
        f"{prefix}votes",
        sa.Column("conversation_n", surrogate, nullable=False),
        sa.Column("seq", Big(), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("at", Big(), nullable=False),
        sa.Column("me_rev", Big(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_n", "seq", "user_id"),
    )
    op.create_index(f"{prefix}votes_rev", f"{prefix}votes", ["user_id", "me_rev"])
    op.create_table(
        f"{prefix}pins",
        sa.Column("conversation_n", surrogate, nullable=False),
        sa.Column("seq", Big(), nullable=False),
        sa.Column("at", Big(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_n", "seq"),
    )
    op.create_table(
        f"{prefix}revisions",
        sa.Column("conversation_n", surrogate, nullable=False),
        sa.Column("seq", Big(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text()),
        sa.Column("at", Big(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_n", "seq", "version"),
    )
