"""What has had its time. Each statement is led by an index, and all but one bounded.

``unstarted`` walks every message that waits to be read until its time begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Table, and_, case, delete, exists, literal, or_, select

from chatcore.ids import ConversationId, Milliseconds, UserId
from chatcore.ports.erasure import Trace
from chatcore.ports.messages import MessageRecord
from chatcore.ports.retention import Aged, Looked, RetentionRepository
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema

_DAY_MS: Final = 86_400_000


class SqlRetention(Repository, RetentionRepository):
    """What has had its time, in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._schema = schema
        self._mapping = RecordMapping(
            MessageRecord, schema.messages, {"details": lambda value: value or {}}
        )
        self._hanging: tuple[Table, ...] = (
            schema.mentions,
            schema.reactions,
            schema.threads,
            schema.votes,
            schema.pins,
            schema.revisions,
            schema.attachments,
        )
        """By (conversation_n, seq)."""
        self._personal: tuple[Table, ...] = (schema.hidden, schema.thread_marks)
        """By (user_id, conversation_n, seq)."""

    def expired(self, now: Milliseconds, limit: int) -> Sequence[tuple[ConversationId, int]]:
        m, c = self._schema.messages.c, self._schema.conversations.c
        chosen = (
            select(c.id, m.seq)
            .join_from(self._schema.messages, self._schema.conversations, c.n == m.conversation_n)
            .where(m.expires_at.is_not(None), m.deleted_at.is_(None), m.expires_at <= now)
            .where(c.deleted_at.is_(None))
            .order_by(m.expires_at)
            .limit(limit)
        )
        return [(ConversationId(id), int(seq)) for id, seq in self._session.rows(chosen)]

    def unstarted(self, limit: int) -> Sequence[tuple[ConversationId, UserId]]:
        m, c = self._schema.messages.c, self._schema.conversations.c
        b = self._schema.members.c
        chosen = (
            select(c.id, b.user_id)
            .distinct()
            .select_from(self._schema.messages)
            .join(self._schema.conversations, c.n == m.conversation_n)
            .join(self._schema.members, b.conversation_n == m.conversation_n)
            .where(*self._waiting(), b.user_id != m.sender_id, b.read_seq >= m.seq)
            .where(c.deleted_at.is_(None))
            .limit(limit)
        )
        return [(ConversationId(id), UserId(user)) for id, user in self._session.rows(chosen)]

    def begin(self, conversation_n: int, reader: UserId, limit: int) -> Sequence[MessageRecord]:
        m, b = self._schema.messages.c, self._schema.members.c
        read = (
            select(b.read_seq)
            .where(b.conversation_n == conversation_n, b.user_id == reader)
            .scalar_subquery()
        )
        chosen = (
            select(*self._mapping.columns)
            .where(m.conversation_n == conversation_n, *self._waiting())
            .where(m.sender_id != reader, m.seq <= read)
            .order_by(m.seq)
            .limit(limit)
        )
        return [self._mapping.load(row) for row in self._session.rows(chosen)]

    def _waiting(self) -> tuple[Any, ...]:
        m = self._schema.messages.c
        return m.expire_after_s.is_not(None), m.expires_at.is_(None), m.deleted_at.is_(None)

    def aged(self, after_n: int, now: Milliseconds, days: int | None, limit: int) -> Looked:
        c, m = self._schema.conversations.c, self._schema.messages.c
        kept: Any = c.retention_days
        if days is not None:
            kept = case((c.retention_days < days, c.retention_days), else_=days)
        old = (
            exists(literal(1))
            .where(m.conversation_n == c.n, m.seq == c.pruned_seq + 1)
            .where(m.created_at < now - kept * _DAY_MS)
        )
        gone = case((c.deleted_at.is_(None), c.pruned_seq), else_=c.last_seq)
        left = exists(literal(1)).where(m.conversation_n == c.n, m.seq <= gone)
        due = case((or_(left, and_(kept.is_not(None), old)), 1), else_=0)
        # Its condition stands among the columns: as a filter it would be tried on every row.
        chosen = select(c.n, c.id, due).where(c.n > after_n).order_by(c.n).limit(limit)
        rows = self._session.rows(chosen)
        return Looked(
            aged=[Aged(int(n), ConversationId(id)) for n, id, due in rows if due],
            next=int(rows[-1][0]) if len(rows) == limit else None,
        )

    def ended(self, id: ConversationId) -> Trace | None:
        c = self._schema.conversations.c
        row = self._session.row(
            select(c.n, c.kind, c.last_seq, c.pruned_seq).where(
                c.id == id, c.deleted_at.is_not(None)
            )
        )
        if row is None:
            return None
        n, kind, last, pruned = row
        return Trace(
            conversation_n=n, id=id, kind=kind, ended=True, last_seq=last, pruned_seq=pruned
        )

    def oldest(self, conversation_n: int, after_seq: int, before: Milliseconds, limit: int) -> int:
        m = self._schema.messages.c
        chosen = (
            select(m.seq, m.created_at)
            .where(m.conversation_n == conversation_n, m.seq > after_seq)
            .order_by(m.seq)
            .limit(limit)
        )
        reached = after_seq
        for seq, created_at in self._session.rows(chosen):
            if created_at >= before:
                break
            reached = int(seq)
        return reached

    def forget(self, conversation_n: int, up_to_seq: int, limit: int) -> int:
        m = self._schema.messages.c
        found = self._session.rows(
            select(m.seq)
            .where(m.conversation_n == conversation_n, m.seq <= up_to_seq)
            .order_by(m.seq)
            .limit(limit)
        )
        if not found:
            return 0
        last = int(found[-1][0])
        for table in (*self._hanging, self._schema.messages):
            here = table.c.conversation_n == conversation_n, table.c.seq <= last
            self._session.write(delete(table).where(*here))
        b = self._schema.members.c
        members = select(b.user_id).where(b.conversation_n == conversation_n)
        for table in self._personal:
            self._session.write(
                delete(table).where(
                    table.c.user_id.in_(members),
                    table.c.conversation_n == conversation_n,
                    table.c.seq <= last,
                )
            )
        return len(found)
