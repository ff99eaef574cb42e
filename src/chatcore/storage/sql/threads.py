"""Threads: their roots and last replies, and how far each user has read there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import and_, bindparam, exists, func, literal, select

from chatcore.ids import ConversationId, Milliseconds, UserId
from chatcore.ports.messages import MessageRecord, UnreadCount, UnreadQuery, Window
from chatcore.ports.threads import ThreadRecord, ThreadRepository
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.messages import countable, counting, visible
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema


class SqlThreads(Repository, ThreadRepository):
    """Threads in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._schema = schema
        self._table = schema.threads
        self._messages = messages = schema.messages
        self._marks = schema.thread_marks
        self._mapping = RecordMapping(
            MessageRecord, messages, {"details": lambda found: found or {}}
        )
        self._unread = counting(schema, messages.c.thread_seq == bindparam("root"))

    def touch(self, replies: Collection[tuple[int, int, int]]) -> None:
        names = ("conversation_n", "seq", "last_seq")
        self._session.put(self._table, [dict(zip(names, one, strict=True)) for one in replies])

    def summary(self, conversation_n: int, seq: int, most: int) -> tuple[int, Sequence[UserId]]:
        c = self._messages.c
        live = (c.conversation_n == conversation_n, c.thread_seq == seq, c.deleted_at.is_(None))
        row = self._session.row(select(func.count()).where(*live))
        first = func.min(c.seq)
        chosen = select(c.sender_id, first).where(*live).group_by(c.sender_id)
        users = self._session.rows(chosen.order_by(first).limit(most))
        return int(row[0]) if row else 0, [UserId(user) for user, _ in users]

    def page(
        self, window: Window, *, before: int | None, unread_after: int | None, limit: int
    ) -> Sequence[ThreadRecord]:
        c, root, mark = self._table.c, self._messages.c, self._marks.c
        marked = func.coalesce(mark.read_seq, 0)
        own = and_(
            mark.user_id == window.viewer,
            mark.conversation_n == c.conversation_n,
            mark.seq == c.seq,
        )
        chosen = (
            select(*self._mapping.columns, c.last_seq, marked)
            .join_from(
                self._table,
                self._messages,
                and_(root.conversation_n == c.conversation_n, root.seq == c.seq),
            )
            .outerjoin(self._marks, own)
            .where(c.conversation_n == window.conversation_n, root.seq > window.floor_seq)
            .where(*visible(self._schema, window))
        )
        if before is not None:
            chosen = chosen.where(c.last_seq < before)
        if unread_after is not None:
            reply = self._messages.alias().c
            unread = (
                exists(literal(1))
                .where(reply.conversation_n == c.conversation_n, reply.thread_seq == c.seq)
                .where(reply.seq > unread_after, reply.seq > marked)
                .where(countable(self._schema, reply, window.viewer, window.now))
            )
            chosen = chosen.where(c.last_seq > unread_after, unread)
        rows = self._session.rows(chosen.order_by(c.last_seq.desc()).limit(limit))
        return [
            ThreadRecord(root=self._mapping.load(row[:-2]), last_seq=row[-2], mark=row[-1])
            for row in rows
        ]

    def unread(self, query: UnreadQuery, seq: int, now: Milliseconds, most: int) -> UnreadCount:
        row = self._session.row(
            self._unread,
            {
                "n": query.conversation_n,
                "viewer": query.viewer,
                "after": query.after_seq,
                "now": now,
                "most": most + 1,
                "root": seq,
            },
        )
        unread, mentions = row or (0, 0)
        return UnreadCount(unread=unread, mentions=mentions or 0)

    def marks(
        self, user_id: UserId, conversation_n: int, seqs: Collection[int]
    ) -> Mapping[int, int]:
        c = self._marks.c
        chosen = select(c.seq, c.read_seq).where(
            c.user_id == user_id, c.conversation_n == conversation_n, c.seq.in_(list(seqs))
        )
        return {int(seq): int(read_seq) for seq, read_seq in self._session.rows(chosen)}

    def mark(
        self, user_id: UserId, conversation_n: int, seq: int, read_seq: int, me_rev: int
    ) -> None:
        row = {
            "user_id": user_id,
            "conversation_n": conversation_n,
            "seq": seq,
            "read_seq": read_seq,
            "me_rev": me_rev,
        }
        self._session.put(self._marks, [row])

    def marked(
        self, user_id: UserId, rev: int, limit: int
    ) -> Sequence[tuple[int, ConversationId, int, str, int]]:
        c, stream, root = self._marks.c, self._schema.conversations.c, self._messages.c
        chosen = (
            select(c.me_rev, stream.id, c.seq, root.nonce, c.read_seq)
            .join_from(self._marks, self._schema.conversations, stream.n == c.conversation_n)
            .join(
                self._messages,
                and_(root.conversation_n == c.conversation_n, root.seq == c.seq),
            )
            .where(c.user_id == user_id, c.me_rev > rev)
            .order_by(c.me_rev)
            .limit(limit)
        )
        return [
            (me_rev, ConversationId(id), seq, nonce, read_seq)
            for me_rev, id, seq, nonce, read_seq in self._session.rows(chosen)
        ]
