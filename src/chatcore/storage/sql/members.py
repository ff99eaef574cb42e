"""Memberships."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, case, exists, func, literal, not_, or_, select, tuple_

from chatcore.ids import ConversationId, Milliseconds, UserId
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.members import Listed, MemberRecord, MemberRepository, Seat
from chatcore.storage.sql import sqlite
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema
from chatcore.storage.sql.unread import waiting

_MARKED = ("delivered_seq", "read_seq", "receipt_rev", "trail")


def _tuples(value: Any) -> tuple[Any, ...]:
    return tuple(map(tuple, value or ()))


class SqlMembers(Repository, MemberRepository):
    """Memberships in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._schema = schema
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
        self._recipients = self._current.where(
            c.user_id != bindparam("sender"), c.joined_seq < bindparam("seq")
        )
        actor = schema.actors.c
        private = (
            exists(literal(1))
            .where(actor.user_id == c.user_id)
            .where(or_(actor.settings.is_not(None), actor.has_blocks.is_(True)))
        )
        n, sender, seq = (sqlite.given(index) for index in range(3))
        self._slowest = (
            sqlite.matching(
                [n, seq, func.min(c.delivered_seq), func.min(c.read_seq)], [c.conversation_n]
            )
            .where(c.left_at.is_(None), c.user_id != sender, c.joined_seq < seq)
            .group_by(n, seq)
            .having(func.max(case((private, 1), else_=0)) == 0)
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

    def recipients(
        self, conversation_n: int, sender: UserId, seq: int, after: str, limit: int
    ) -> Sequence[MemberRecord]:
        values = {"n": conversation_n, "after": after, "most": limit}
        return self._all(self._recipients, {**values, "sender": sender, "seq": seq})

    def slowest(
        self, places: Collection[tuple[int, UserId, int]]
    ) -> Mapping[tuple[int, int], tuple[int, int]]:
        rows = self._session.rows(self._slowest, sqlite.tuples(places)) if places else ()
        return {(n, seq): (delivered, read) for n, seq, delivered, read in rows}

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
        self,
        user_id: UserId,
        before: tuple[int, int] | None,
        limit: int,
        only: Listed | None = None,
    ) -> Sequence[tuple[ConversationRecord, MemberRecord]]:
        streams = self._streams.c
        where = [] if only is None else list(self._only(user_id, only))
        found = self._paged(streams.active_at, user_id, before, limit, *where)
        return [(stream, member) for stream, member, _ in found]

    def _only(self, user_id: UserId, only: Listed) -> Iterator[Any]:
        c = self._table.c
        if only.archived is not None:
            yield c.archived.is_(only.archived)
        if only.pinned is not None:
            yield c.pinned.is_(only.pinned)
        if only.label is not None:
            yield sqlite.contains(c.labels, only.label)
        if only.unread is not None:
            unread = waiting(self._schema, user_id, only.now)
            yield unread if only.unread else not_(unread)

    def touched(
        self, user_id: UserId, since: Milliseconds, before: tuple[int, int] | None, limit: int
    ) -> Sequence[tuple[ConversationRecord, MemberRecord, Milliseconds]]:
        streams = self._streams.c
        return self._paged(streams.touched_at, user_id, before, limit, streams.touched_at >= since)

    def mine(
        self, user_id: UserId, rev: int, limit: int, *, personal: bool
    ) -> Sequence[tuple[ConversationRecord, MemberRecord]]:
        by = self._table.c.personal_rev if personal else self._table.c.me_rev
        changed = self._joined.where(by > rev).order_by(by).limit(limit)
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
