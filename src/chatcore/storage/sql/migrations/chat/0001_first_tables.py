"""The first tables: conversations, members, messages and what hangs on them."""

import sqlalchemy as sa
from alembic import context, op

revision = "chat_0001"
down_revision = None

surrogate = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    prefix = context.config.attributes["prefix"]
    op.create_table(
        f"{prefix}actors",
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("profile_rev", sa.BigInteger(), nullable=False),
        sa.Column("touched_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_table(
        f"{prefix}attachments",
        sa.Column("upload_id", sa.String(length=128), nullable=False),
        sa.Column("conversation_n", surrogate, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "conversation_n", "seq"),
    )
    op.create_index(
        f"{prefix}attachments_message",
        f"{prefix}attachments",
        ["conversation_n", "seq"],
        unique=False,
    )
    op.create_table(
        f"{prefix}batches",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("streams", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(f"{prefix}batches_at", f"{prefix}batches", ["at"], unique=False)
    op.create_table(
        f"{prefix}blocks",
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("other_id", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("me_rev", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "other_id"),
    )
    op.create_index(f"{prefix}blocks_other", f"{prefix}blocks", ["other_id"], unique=False)
    op.create_table(
        f"{prefix}connections",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("node_id", sa.String(length=128), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(f"{prefix}connections_node", f"{prefix}connections", ["node_id"], unique=False)
    op.create_index(f"{prefix}connections_user", f"{prefix}connections", ["user_id"], unique=False)
    op.create_table(
        f"{prefix}conversations",
        sa.Column("n", surrogate, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.Column("direct_key", sa.String(length=257), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("create_key", sa.String(length=128), nullable=True),
        sa.Column("create_digest", sa.String(length=128), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("receipt_rev", sa.BigInteger(), nullable=False),
        sa.Column("meta_rev", sa.BigInteger(), nullable=False),
        sa.Column("members_rev", sa.BigInteger(), nullable=False),
        sa.Column("pruned_seq", sa.BigInteger(), nullable=False),
        sa.Column("member_count", sa.Integer(), nullable=False),
        sa.Column("history", sa.String(length=128), nullable=False),
        sa.Column("announcement", sa.Boolean(), nullable=False),
        sa.Column("slow_mode_s", sa.Integer(), nullable=False),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.Column("expire_after_s", sa.Integer(), nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("active_at", sa.BigInteger(), nullable=False),
        sa.Column("touched_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("n"),
        sa.UniqueConstraint("direct_key"),
        sa.UniqueConstraint("id"),
    )
    op.create_index(
        f"{prefix}conversations_key",
        f"{prefix}conversations",
        ["create_key", "created_by"],
        unique=True,
    )
    op.create_table(
        f"{prefix}hidden",
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("conversation_n", surrogate, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("me_rev", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "conversation_n", "seq"),
    )
    op.create_index(f"{prefix}hidden_rev", f"{prefix}hidden", ["user_id", "me_rev"], unique=False)
    op.create_table(
        f"{prefix}members",
        sa.Column("conversation_n", surrogate, nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(length=128), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.Column("joined_seq", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.Column("floor_seq", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("me_rev", sa.BigInteger(), nullable=False),
        sa.Column("personal_rev", sa.BigInteger(), nullable=False),
        sa.Column("delivered_seq", sa.BigInteger(), nullable=False),
        sa.Column("read_seq", sa.BigInteger(), nullable=False),
        sa.Column("receipt_rev", sa.BigInteger(), nullable=False),
        sa.Column("past", sa.Text(), nullable=False),
        sa.Column("trail", sa.Text(), nullable=False),
        sa.Column("marked_unread", sa.Boolean(), nullable=False),
        sa.Column("muted_until", sa.BigInteger(), nullable=True),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=True),
        sa.Column("cleared_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_n", "user_id"),
    )
    op.create_index(
        f"{prefix}members_user", f"{prefix}members", ["user_id", "conversation_n"], unique=False
    )
    op.create_table(
        f"{prefix}mentions",
        sa.Column("conversation_n", surrogate, nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_n", "user_id", "seq"),
    )
    op.create_table(
        f"{prefix}messages",
        sa.Column("n", surrogate, autoincrement=True, nullable=False),
        sa.Column("conversation_n", surrogate, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("sent_rev", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sa.String(length=10), nullable=False),
        sa.Column("sender_id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("key", sa.String(length=128), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("reply_seq", sa.BigInteger(), nullable=True),
        sa.Column("reply_nonce", sa.String(length=10), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("edited_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_by", sa.String(length=128), nullable=True),
        sa.Column("deleted_reason", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("n"),
    )
    op.create_index(
        f"{prefix}messages_changed",
        f"{prefix}messages",
        ["conversation_n", "rev"],
        unique=False,
        sqlite_where=sa.text("rev <> sent_rev"),
        postgresql_where=sa.text("rev <> sent_rev"),
    )
    op.create_index(
        f"{prefix}messages_key",
        f"{prefix}messages",
        ["key", "sender_id", "conversation_n"],
        unique=True,
        sqlite_where=sa.text("key IS NOT NULL"),
        postgresql_where=sa.text("key IS NOT NULL"),
    )
    op.create_index(
        f"{prefix}messages_seq", f"{prefix}messages", ["conversation_n", "seq"], unique=True
    )
    op.create_table(
        f"{prefix}meta",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        f"{prefix}nodes",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        f"{prefix}presence",
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("status", sa.String(length=128), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("last_seen", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_table(
        f"{prefix}reactions",
        sa.Column("conversation_n", surrogate, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("reaction", sa.String(length=128), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_n", "seq", "user_id", "reaction"),
    )
    op.create_table(
        f"{prefix}uploads",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("owner_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=191), nullable=False),
        sa.Column("category", sa.String(length=128), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("blob", sa.String(length=191), nullable=False),
        sa.Column("thumbnail", sa.String(length=191), nullable=True),
        sa.Column("thumbnail_type", sa.String(length=191), nullable=True),
        sa.Column("placeholder", sa.Text(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(f"{prefix}uploads_owner", f"{prefix}uploads", ["owner_id"], unique=False)
    # ### end Alembic commands ###
