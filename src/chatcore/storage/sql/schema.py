"""The tables, as they are now. ``migrations`` holds how they came to be; a test keeps both equal.

Ids and canonical names compare byte by byte. Times are whole milliseconds. What has a shape of its
own and is never searched is JSON in a text column.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.types import TypeEngine

Surrogate: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")
Id = String(128)
Name = String(191)
Ms = BigInteger
Json = Text


def _required(name: str, kind: type[TypeEngine[Any]] | TypeEngine[Any]) -> Column[Any]:
    return Column(name, kind, nullable=False)


class ChatSchema:
    """The chat store's tables, with the host's prefix."""

    def __init__(self, prefix: str) -> None:
        self.metadata = MetaData()
        self.prefix = prefix
        self.meta = self._table(
            "meta", Column("name", Id, primary_key=True), _required("value", Text)
        )
        self.batches = self._table(
            "batches",
            Column("id", Id, primary_key=True),
            _required("at", Ms),
            Column("streams", Json),
        )
        Index(f"{prefix}batches_at", self.batches.c.at)
        self.conversations = self._conversations()
        self.members = self._members()
        self._admission()
        self.messages = self._messages()
        self.scheduled = self._scheduled()
        self._marks()
        self._threads()
        self._polls()
        self._actors()
        self._presence()
        self._uploads()
        self._oversight()

    def _table(self, name: str, *columns: Column[Any] | PrimaryKeyConstraint) -> Table:
        return Table(f"{self.prefix}{name}", self.metadata, *columns)

    def _conversations(self) -> Table:
        table = self._table(
            "conversations",
            Column("n", Surrogate, primary_key=True, autoincrement=True),
            Column("id", Id, nullable=False, unique=True),
            _required("kind", Id),
            Column("title", Text),
            Column("title_key", Name),
            Column("description", Text),
            Column("avatar_url", Text),
            Column("direct_key", String(257), unique=True),
            _required("created_at", Ms),
            _required("created_by", Id),
            Column("create_key", Id),
            Column("create_digest", Id),
            _required("updated_at", Ms),
            _required("rev", Ms),
            _required("last_seq", Ms),
            _required("receipt_rev", Ms),
            _required("meta_rev", Ms),
            _required("members_rev", Ms),
            _required("pruned_seq", Ms),
            _required("member_count", Integer),
            _required("history", Id),
            _required("announcement", Boolean),
            _required("slow_mode_s", Integer),
            _required("frozen", Boolean),
            Column("expire_after_s", Integer),
            Column("expire_from", Id, nullable=False, server_default="sent"),
            Column("retention_days", Integer),
            _required("public", Boolean),
            _required("active_at", Ms),
            _required("touched_at", Ms),
            Column("deleted_at", Ms),
        )
        Index(
            f"{self.prefix}conversations_key", table.c.create_key, table.c.created_by, unique=True
        )
        Index(f"{self.prefix}conversations_public", table.c.public, table.c.n)
        return table

    def _members(self) -> Table:
        table = self._table(
            "members",
            _required("conversation_n", Surrogate),
            _required("user_id", Id),
            _required("role", Id),
            _required("joined_at", Ms),
            _required("joined_seq", Ms),
            Column("left_at", Ms),
            _required("floor_seq", Ms),
            _required("epoch", Ms),
            _required("rev", Ms),
            _required("me_rev", Ms),
            _required("personal_rev", Ms),
            _required("delivered_seq", Ms),
            _required("read_seq", Ms),
            _required("receipt_rev", Ms),
            _required("past", Json),
            _required("trail", Json),
            _required("marked_unread", Boolean),
            Column("muted_until", Ms),
            _required("archived", Boolean),
            _required("pinned", Boolean),
            _required("labels", Json),
            Column("draft", Text),
            _required("cleared_seq", Ms),
            Column("last_sent_at", Ms),
            PrimaryKeyConstraint("conversation_n", "user_id"),
        )
        Index(f"{self.prefix}members_user", table.c.user_id, table.c.conversation_n)
        Index(f"{self.prefix}members_rev", table.c.user_id, table.c.me_rev)
        Index(f"{self.prefix}members_personal", table.c.user_id, table.c.personal_rev)
        return table

    def _admission(self) -> None:
        """Who may not come into a conversation, and by which links others may."""
        self.bans = self._table(
            "bans",
            _required("conversation_n", Surrogate),
            _required("user_id", Id),
            _required("created_at", Ms),
            _required("created_by", Id),
            Column("reason", Text),
            PrimaryKeyConstraint("conversation_n", "user_id"),
        )
        self.invites = self._table(
            "invites",
            Column("id", Id, primary_key=True),
            _required("conversation_n", Surrogate),
            Column("code_digest", String(64), nullable=False, unique=True),
            _required("role", Id),
            _required("share_history", Boolean),
            _required("created_at", Ms),
            _required("created_by", Id),
            Column("expires_at", Ms),
            Column("max_uses", Integer),
            _required("uses", Integer),
        )
        Index(f"{self.prefix}invites_group", self.invites.c.conversation_n, self.invites.c.id)

    def _messages(self) -> Table:
        """Rows are appended; see design notes on what each further index costs every send."""
        table = self._table(
            "messages",
            Column("n", Surrogate, primary_key=True, autoincrement=True),
            _required("conversation_n", Surrogate),
            _required("seq", Ms),
            _required("rev", Ms),
            _required("sent_rev", Ms),
            _required("nonce", String(10)),
            _required("sender_id", Id),
            _required("kind", String(16)),
            Column("body", Text),
            Column("key", Id),
            Column("digest", String(64)),
            Column("reply_seq", Ms),
            Column("reply_nonce", String(10)),
            _required("created_at", Ms),
            _required("updated_at", Ms),
            Column("edited_at", Ms),
            _required("version", Integer),
            Column("deleted_at", Ms),
            Column("deleted_by", Id),
            Column("deleted_reason", Text),
            Column("expires_at", Ms),
            Column("details", Json),
            Column("thread_seq", Ms),
            Column("thread_nonce", String(10)),
            Column("expire_after_s", Integer),
        )
        Index(f"{self.prefix}messages_seq", table.c.conversation_n, table.c.seq, unique=True)
        keyed, changed = text("key IS NOT NULL"), text("rev <> sent_rev")
        Index(
            f"{self.prefix}messages_key",
            table.c.key,
            table.c.sender_id,
            table.c.conversation_n,
            unique=True,
            sqlite_where=keyed,
            postgresql_where=keyed,
        )
        Index(
            f"{self.prefix}messages_changed",
            table.c.conversation_n,
            table.c.rev,
            sqlite_where=changed,
            postgresql_where=changed,
        )
        threaded = text("thread_seq IS NOT NULL")
        Index(
            f"{self.prefix}messages_thread",
            table.c.conversation_n,
            table.c.thread_seq,
            table.c.seq,
            sqlite_where=threaded,
            postgresql_where=threaded,
        )
        expiring = text("expires_at IS NOT NULL AND deleted_at IS NULL")
        Index(
            f"{self.prefix}messages_expiring",
            table.c.expires_at,
            sqlite_where=expiring,
            postgresql_where=expiring,
        )
        unstarted = text("expire_after_s IS NOT NULL AND expires_at IS NULL")
        Index(
            f"{self.prefix}messages_unstarted",
            table.c.conversation_n,
            table.c.seq,
            sqlite_where=unstarted,
            postgresql_where=unstarted,
        )
        return table

    def _scheduled(self) -> Table:
        """What lives on its sender's stream alone: scheduled, held and unheard messages."""
        table = self._table(
            "scheduled",
            Column("id", Id, primary_key=True),
            _required("user_id", Id),
            _required("conversation_n", Surrogate),
            _required("conversation_id", Id),
            _required("state", Id),
            Column("send_at", Ms),
            Column("key", Id),
            Column("digest", String(64)),
            Column("content", Json),
            Column("reason", Text),
            Column("message_id", String(191)),
            _required("created_at", Ms),
            _required("updated_at", Ms),
            _required("me_rev", Ms),
        )
        waiting = text("state = 'waiting'")
        Index(
            f"{self.prefix}scheduled_due",
            table.c.send_at,
            sqlite_where=waiting,
            postgresql_where=waiting,
        )
        held = text("state = 'held'")
        Index(
            f"{self.prefix}scheduled_held",
            table.c.id,
            sqlite_where=held,
            postgresql_where=held,
        )
        keyed = text("key IS NOT NULL")
        Index(
            f"{self.prefix}scheduled_key",
            table.c.key,
            table.c.user_id,
            table.c.conversation_n,
            unique=True,
            sqlite_where=keyed,
            postgresql_where=keyed,
        )
        Index(f"{self.prefix}scheduled_rev", table.c.user_id, table.c.me_rev)
        return table

    def _marks(self) -> None:
        """What users hang on messages: mentions, reactions, and that they hid one."""
        self.mentions = self._table(
            "mentions",
            _required("conversation_n", Surrogate),
            _required("user_id", Id),
            _required("seq", Ms),
            PrimaryKeyConstraint("conversation_n", "user_id", "seq"),
        )
        said = self.mentions.c
        Index(f"{self.prefix}mentions_message", said.conversation_n, said.seq)
        self.reactions = self._table(
            "reactions",
            _required("conversation_n", Surrogate),
            _required("seq", Ms),
            _required("user_id", Id),
            _required("reaction", Id),
            _required("at", Ms),
            PrimaryKeyConstraint("conversation_n", "seq", "user_id", "reaction"),
        )
        self.hidden = self._table(
            "hidden",
            _required("user_id", Id),
            _required("conversation_n", Surrogate),
            _required("seq", Ms),
            _required("me_rev", Ms),
            PrimaryKeyConstraint("user_id", "conversation_n", "seq"),
        )
        Index(f"{self.prefix}hidden_rev", self.hidden.c.user_id, self.hidden.c.me_rev)
        self.bookmarks = self._table(
            "bookmarks",
            _required("user_id", Id),
            _required("conversation_n", Surrogate),
            _required("seq", Ms),
            _required("nonce", String(10)),
            _required("created_at", Ms),
            _required("active", Boolean),
            _required("me_rev", Ms),
            PrimaryKeyConstraint("user_id", "conversation_n", "seq"),
        )
        Index(f"{self.prefix}bookmarks_rev", self.bookmarks.c.user_id, self.bookmarks.c.me_rev)

    def _threads(self) -> None:
        """Threads by their roots, and how far each user has read in them."""
        self.threads = self._table(
            "threads",
            _required("conversation_n", Surrogate),
            _required("seq", Ms),
            _required("last_seq", Ms),
            PrimaryKeyConstraint("conversation_n", "seq"),
        )
        Index(f"{self.prefix}threads_last", self.threads.c.conversation_n, self.threads.c.last_seq)
        self.thread_marks = self._table(
            "thread_marks",
            _required("user_id", Id),
            _required("conversation_n", Surrogate),
            _required("seq", Ms),
            _required("read_seq", Ms),
            _required("me_rev", Ms),
            PrimaryKeyConstraint("user_id", "conversation_n", "seq"),
        )
        marks = self.thread_marks.c
        Index(f"{self.prefix}thread_marks_rev", marks.user_id, marks.me_rev)

    def _polls(self) -> None:
        """Votes; and what else few messages have: pins, and the texts before an edit."""
        self.votes = self._table(
            "votes",
            _required("conversation_n", Surrogate),
            _required("seq", Ms),
            _required("user_id", Id),
            _required("options", Json),
            _required("at", Ms),
            _required("me_rev", Ms),
            PrimaryKeyConstraint("conversation_n", "seq", "user_id"),
        )
        Index(f"{self.prefix}votes_rev", self.votes.c.user_id, self.votes.c.me_rev)
        self.pins = self._table(
            "pins",
            _required("conversation_n", Surrogate),
            _required("seq", Ms),
            _required("at", Ms),
            PrimaryKeyConstraint("conversation_n", "seq"),
        )
        self.revisions = self._table(
            "revisions",
            _required("conversation_n", Surrogate),
            _required("seq", Ms),
            _required("version", Integer),
            Column("body", Text),
            _required("at", Ms),
            PrimaryKeyConstraint("conversation_n", "seq", "version"),
        )

    def _actors(self) -> None:
        self.actors = self._table(
            "actors",
            Column("user_id", Id, primary_key=True),
            _required("active", Boolean),
            _required("epoch", Ms),
            _required("rev", Ms),
            _required("profile_rev", Ms),
            _required("touched_at", Ms),
            Column("settings", Json),
            Column("has_blocks", Boolean, nullable=False, server_default=false()),
            Column("defers", Boolean, nullable=False, server_default=false()),
            Column("shadowed_until", Ms),
        )
        self.blocks = self._table(
            "blocks",
            _required("user_id", Id),
            _required("other_id", Id),
            _required("created_at", Ms),
            _required("active", Boolean),
            _required("me_rev", Ms),
            PrimaryKeyConstraint("user_id", "other_id"),
        )
        Index(f"{self.prefix}blocks_other", self.blocks.c.other_id)
        Index(f"{self.prefix}blocks_rev", self.blocks.c.user_id, self.blocks.c.me_rev)
        self.contacts = self._table(
            "contacts",
            _required("user_id", Id),
            _required("other_id", Id),
            _required("state", Id),
            _required("incoming", Boolean),
            _required("created_at", Ms),
            _required("updated_at", Ms),
            _required("me_rev", Ms),
            PrimaryKeyConstraint("user_id", "other_id"),
        )
        Index(f"{self.prefix}contacts_rev", self.contacts.c.user_id, self.contacts.c.me_rev)

    def _presence(self) -> None:
        self.nodes = self._table(
            "nodes", Column("id", Id, primary_key=True), _required("expires_at", Ms)
        )
        self.connections = self._table(
            "connections",
            Column("id", Id, primary_key=True),
            _required("node_id", Id),
            _required("user_id", Id),
        )
        Index(f"{self.prefix}connections_user", self.connections.c.user_id)
        Index(f"{self.prefix}connections_node", self.connections.c.node_id)
        self.presence = self._table(
            "presence",
            Column("user_id", Id, primary_key=True),
            _required("status", Id),
            Column("text", Text),
            Column("until", Ms),
            Column("last_seen", Ms),
        )
        ends = text("until IS NOT NULL")
        Index(
            f"{self.prefix}presence_until",
            self.presence.c.until,
            sqlite_where=ends,
            postgresql_where=ends,
        )

    def _uploads(self) -> None:
        self.uploads = self._table(
            "uploads",
            Column("id", Id, primary_key=True),
            _required("owner_id", Id),
            _required("name", Text),
            _required("size", Ms),
            _required("media_type", Name),
            _required("category", Id),
            _required("sha256", String(64)),
            _required("blob", Name),
            Column("thumbnail", Name),
            Column("thumbnail_type", Name),
            Column("placeholder", Text),
            Column("width", Integer),
            Column("height", Integer),
            Column("duration_s", Float),
            _required("created_at", Ms),
        )
        Index(f"{self.prefix}uploads_owner", self.uploads.c.owner_id)
        self.attachments = self._table(
            "attachments",
            _required("upload_id", Id),
            _required("conversation_n", Surrogate),
            _required("seq", Ms),
            PrimaryKeyConstraint("upload_id", "conversation_n", "seq"),
        )
        Index(
            f"{self.prefix}attachments_message",
            self.attachments.c.conversation_n,
            self.attachments.c.seq,
        )

    def _oversight(self) -> None:
        """What operators look at: reports, and who did what."""
        self.reports = table = self._table(
            "reports",
            Column("id", Id, primary_key=True),
            _required("reporter_id", Id),
            _required("user_id", Id),
            Column("conversation_id", Id),
            Column("message_id", Name),
            _required("reason", Id),
            Column("note", Text),
            Column("snapshot", Json),
            _required("state", Id),
            _required("created_at", Ms),
            Column("resolved_at", Ms),
            Column("resolved_by", Id),
            Column("resolution", Text),
        )
        Index(f"{self.prefix}reports_state", table.c.state, table.c.id)
        Index(f"{self.prefix}reports_reporter", table.c.reporter_id, table.c.state)
        Index(f"{self.prefix}reports_resolved", table.c.resolved_at)
        Index(f"{self.prefix}reports_user", table.c.user_id)
        self.audit = audit_table(self.metadata, f"{self.prefix}audit")
        self.erasures = self._table(
            "erasures",
            Column("user_id", Id, primary_key=True),
            _required("depth", Id),
            _required("begun_at", Ms),
            Column("finished_at", Ms),
            Column("touched", Json),
        )


def audit_table(metadata: MetaData, name: str) -> Table:
    """The log of administrative acts: each store has its own, written with the act."""
    table = Table(
        name,
        metadata,
        Column("id", Id, primary_key=True),
        _required("at", Ms),
        Column("actor_id", Id),
        _required("operator", Boolean),
        _required("method", Id),
        Column("conversation_id", Id),
        Column("user_id", Id),
        Column("object_id", Name),
        Column("details", Json),
    )
    for column in ("at", "actor_id", "user_id", "conversation_id"):
        Index(f"{name}_{column}", table.c[column], table.c.id)
    return table


class AccountsSchema:
    """The accounts store's tables, with the host's prefix."""

    def __init__(self, prefix: str) -> None:
        self.metadata = MetaData()
        self.prefix = prefix
        self.users = Table(
            f"{prefix}users",
            self.metadata,
            Column("id", Id, primary_key=True),
            Column("username", Text),
            Column("username_key", Name, unique=True),
            _required("display_name", Text),
            _required("display_key", Name),
            Column("avatar_url", Text),
            Column("bio", Text),
            _required("kind", Id),
            _required("version", Integer),
            _required("created_at", Ms),
            Column("custom", Json),
            _required("active", Boolean),
            Column("deleted_at", Ms),
            Column("email", Text),
            Column("email_key", Name),
            Column("phone", String(20)),
            Column("information", Json),
            Column("location", Json),
            Column("list_key", Name),
            Column("owner_id", Id),
        )
        Index(f"{prefix}users_display_key", self.users.c.display_key)
        for name in ("email_key", "phone", "list_key"):
            Index(f"{prefix}users_{name}", self.users.c[name], unique=True)
        self.credentials = Table(
            f"{prefix}credentials",
            self.metadata,
            Column("user_id", Id, primary_key=True),
            _required("password_hash", Text),
            _required("changed_at", Ms),
        )
        self.sessions = Table(
            f"{prefix}sessions",
            self.metadata,
            Column("id", Id, primary_key=True),
            _required("user_id", Id),
            Column("token_hash", String(64), nullable=False, unique=True),
            _required("created_at", Ms),
            _required("last_used_at", Ms),
            _required("expires_at", Ms),
            Column("user_agent", Text),
            Column("address", Text),
            Column("kind", Id),
        )
        Index(f"{prefix}users_owner", self.users.c.owner_id)
        Index(f"{prefix}sessions_user", self.sessions.c.user_id)
        self.resets = Table(
            f"{prefix}resets",
            self.metadata,
            Column("id", Id, primary_key=True),
            _required("user_id", Id),
            _required("code_hash", String(64)),
            _required("expires_at", Ms),
            _required("guesses", Integer),
        )
        Index(f"{prefix}resets_user", self.resets.c.user_id)
        # Both stores may lie in one database: a name of its own.
        self.audit = audit_table(self.metadata, f"{prefix}accounts_audit")
