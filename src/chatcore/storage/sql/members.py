"""Memberships."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, or_, select, tuple_

from chatcore.ids import ConversationId, Milliseconds, UserId
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.members import MemberRecord, MemberRepository, Seat
from chatcore.storage.sql import sqlite
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema

_MARKED = ("delivered_seq", "read_seq", "receipt_rev", "trail")


def _tuples(value: Any) -> tuple[Any, ...]:
    return tuple(map(tuple, value or ()))


class SqlMembers(Repository, MemberRepository):
    """Memberships in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._table = table = schema.members
        self._streams = streams = schema.conversations
        self._mapping = RecordMapping(
            MemberRecord,
            table,
            {"past": _tuples, "trail": _tuples, "labels": lambda value: tuple(value or ())},
        )
        self._stream_mapping = RecordMapping(ConversationRecord, streams)
        c = table.c
        every = select(*self._mapping.columns)
        self._pairs = sqlite.matching(self._mapping.columns, [c.conversation_n, c.user_id])
        self._marked = self._mapping.update_by("conversation_n", "user_id")
        self._current = (
            every.where(c.conversation_n == bindparam("n"), c.left_at.is_(None))
            .where(c.user_id > bindparam("after"))
            .order_by(c.user_id)
            .limit(bindparam("most"))
        )
        self._changed = (
            every.where(c.conversation_n == bindparam("n"))
            .where(or_(c.rev > bindparam("rev"), c.receipt_rev > bindparam("receipt_rev")))
            .order_by(c.rev, c.user_id)
        )
        self._joined = (
            select(*self._stream_mapping.columns, *self._mapping.columns, streams.c.touched_at)
            .join_from(table, streams, streams.c.n == c.conversation_n)
            .where(c.user_id == bindparam("user"))
        )
        self._sitting = (
            select(streams.c.id, c.floor_seq)
            .join_from(table, streams, streams.c.n == c.conversation_n)
            .where(c.user_id == bindparam("user"), c.left_at.is_(None))
            .where(streams.c.deleted_at.is_(None))
        )

    def get(
        self, pairs: Collection[tuple[int, UserId]]
    ) -> Mapping[tuple[int, UserId], MemberRecord]:
        rows = self._session.rows(self._pairs, sqlite.tuples(pairs)) if pairs else ()
        found = map(self._mapping.load, rows)
        return {(record.conversation_n, record.user_id): record for record in found}

    def of(self, conversation_n: int) -> Sequence[MemberRecord]:
        return self.page(conversation_n, "", -1)

    def page(self, conversation_n: int, after: str, limit: int) -> Sequence[MemberRecord]:
        return self._all(self._current, {"n": conversation_n, "after": after, "most": limit})

    def changed(self, conversation_n: int, rev: int, receipt_rev: int) -> Sequence[MemberRecord]:
        return self._all(
            self._changed, {"n": conversation_n, "rev": rev, "receipt_rev": receipt_rev}
        )

    def save(self, records: Sequence[MemberRecord]) -> None:
        self._session.put(self._table, map(self._mapping.dump, records))

    def mark(self, records: Sequence[MemberRecord]) -> None:
        if records:
            rows = [
                self._mapping.values(record, "conversation_n", "user_id", names=_MARKED)
                for record in records
            ]
            self._session.write(self._marked, rows)

    def stamp(self, records: Sequence[MemberRecord]) -> None:
        rows = [
            self._mapping.values(record, "conversation_n", "user_id", names=("last_sent_at",))
            for record in records
        ]
        self._session.write(self._marked, rows)

    def seats(self, user_id: UserId) -> Sequence[Seat]:
        rows = self._session.rows(self._sitting, {"user": user_id})
        return [Seat(conversation_id=ConversationId(id), floor_seq=floor) for id, floor in rows]

    def listed(
        self, user_id: UserId, before: tuple[int, int] | None, limit: int
    ) -> Sequence[tuple[ConversationRecord, MemberRecord]]:
        streams = self._streams.c
        found = self._paged(streams.active_at, user_id, before, limit)
        return [(stream, member) for stream, member, _ in found]

    def touched(
        self, user_id: UserId, since: Milliseconds, before: tuple[int, int] | None, limit: int
    ) -> Sequence[tuple[ConversationRecord, MemberRecord, Milliseconds]]:
        streams = self._streams.c
        return self._paged(streams.touched_at, user_id, before, limit, streams.touched_at >= since)

    def mine(self, user_id: UserId, rev: int) -> Sequence[tuple[ConversationRecord, MemberRecord]]:
        c = self._table.c
        changed = self._joined.where(or_(c.me_rev > rev, c.personal_rev > rev))
        return [pair[:2] for pair in self._both(changed, user_id)]

    def _paged(
        self,
        by: Any,
        user_id: UserId,
        before: tuple[int, int] | None,
        limit: int,
        *where: Any,
    ) -> list[tuple[ConversationRecord, MemberRecord, Milliseconds]]:
        n = self._streams.c.n
        chosen = self._joined.where(
            self._table.c.left_at.is_(None), self._streams.c.deleted_at.is_(None), *where
        )
        if before is not None:
            chosen = chosen.where(tuple_(by, n) < before)
        return self._both(chosen.order_by(by.desc(), n.desc()).limit(limit), user_id)

    def _both(
        self, statement: Any, user_id: UserId
    ) -> list[tuple[ConversationRecord, MemberRecord, Milliseconds]]:
        width = len(self._stream_mapping.columns)
        return [
            (
                self._stream_mapping.load(row[:width]),
                self._mapping.load(row[width:-1]),
                row[-1],
            )
            for row in self._session.rows(statement, {"user": user_id})
        ]

    def _all(self, statement: Any, values: Mapping[str, Any]) -> list[MemberRecord]:
        return [self._mapping.load(row) for row in self._session.rows(statement, values)]
