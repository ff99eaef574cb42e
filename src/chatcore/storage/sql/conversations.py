"""Conversations: rows, and the counters that number every stream."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, exists, literal, select, update

from chatcore.ids import ConversationId, UserId
from chatcore.ports.conversations import ConversationRecord, ConversationRepository
from chatcore.rules.text import search_prefix
from chatcore.storage.sql import sqlite
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema

COUNTERS = ("rev", "last_seq", "receipt_rev", "meta_rev", "members_rev", "active_at")


class SqlConversations(Repository, ConversationRepository):
    """Conversations in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._table = table = schema.conversations
        self._bans = schema.bans
        self._mapping = RecordMapping(ConversationRecord, table)
        self._found = (
            sqlite.matching(self._mapping.columns, [table.c.id])
            .where(table.c.deleted_at.is_(None))
            .order_by(table.c.id)
        )
        self._found_locked = self._found.with_for_update()
        self._saved = self._mapping.update_by("n")
        self._advance = (
            update(table)
            .where(table.c.n == bindparam("k_n"))
            .values(
                rev=table.c.rev + bindparam("revs"),
                last_seq=table.c.last_seq + bindparam("seqs"),
                receipt_rev=table.c.receipt_rev + bindparam("receipt_revs"),
            )
        )

    def _begin(self) -> None:
        self._locked: dict[ConversationId, ConversationRecord] = {}
        self._before: dict[ConversationId, tuple[int, ...]] = {}
        self._moved: dict[ConversationId, int] = {}

    def lock(self, ids: Collection[ConversationId]) -> Mapping[ConversationId, ConversationRecord]:
        missing = sorted(set(ids) - self._locked.keys())
        if missing:
            # BEGIN IMMEDIATE has locked already; elsewhere FOR UPDATE does.
            for record in self._load(self._found_locked, missing):
                self._hold(record)
        return {id: self._locked[id] for id in ids if id in self._locked}

    def get(self, ids: Collection[ConversationId]) -> Mapping[ConversationId, ConversationRecord]:
        found = {id: self._locked[id] for id in ids if id in self._locked}
        missing = sorted(set(ids) - found.keys())
        if missing:
            found.update({one.id: one for one in self._load(self._found, missing)})
        return found

    def insert(self, record: ConversationRecord) -> None:
        values = self._mapping.dump(record) | _title_key(record)
        values["touched_at"] = self._session.now
        del values["n"]
        record.n = self._session.insert(self._table, values)
        self._hold(record)
        self._moved[record.id] = record.rev

    def save(self, record: ConversationRecord) -> None:
        names = [name for name in self._mapping.names if name not in COUNTERS]
        values = self._mapping.values(record, "n", names=names) | _title_key(record)
        self._session.write(self._saved, values)
        if record.deleted_at is not None:
            self.flush()
            self._locked.pop(record.id, None)

    def public(
        self, viewer: UserId, title: str, before: int | None, limit: int
    ) -> Sequence[ConversationRecord]:
        c, bans = self._table.c, self._bans.c
        banned = exists(literal(1)).where(bans.conversation_n == c.n, bans.user_id == viewer)
        chosen = select(*self._mapping.columns).where(
            c.public.is_(True), c.deleted_at.is_(None), ~banned
        )
        if title:
            chosen = chosen.where(c.title_key.contains(title, autoescape=True))
        if before is not None:
            chosen = chosen.where(c.n < before)
        rows = self._session.rows(chosen.order_by(c.n.desc()).limit(limit))
        return [self._mapping.load(row) for row in rows]

    def direct(self, key: str) -> ConversationId | None:
        return self._id(self._table.c.direct_key == key)

    def created(self, by: UserId, key: str) -> ConversationId | None:
        return self._id(self._table.c.create_key == key, self._table.c.created_by == by)

    def flush(self) -> None:
        """Write the counters that moved, as increments."""
        moved = []
        for id, record in self._locked.items():
            before, after = self._before[id], _counters(record)
            if before != after:
                moved.append(_increments(record, before, after, self._session.now))
                self._before[id] = after
                self._moved[id] = record.rev
        if moved:
            self._session.write(self._advance, moved)

    def moved(self) -> dict[ConversationId, int]:
        """The heads that were written: what the batch's row keeps."""
        return self._moved

    def _hold(self, record: ConversationRecord) -> None:
        self._locked[record.id] = record
        self._before[record.id] = _counters(record)

    def _load(self, statement: Any, ids: Sequence[ConversationId]) -> list[ConversationRecord]:
        rows = self._session.rows(statement, sqlite.tuples((id,) for id in ids))
        return [self._mapping.load(row) for row in rows]

    def _id(self, *where: Any) -> ConversationId | None:
        row = self._session.row(select(self._table.c.id).where(*where))
        return None if row is None else ConversationId(row[0])


def _title_key(record: ConversationRecord) -> dict[str, str]:
    """What searching for groups looks at."""
    return {"title_key": search_prefix(record.title or "")[:191]}


def _counters(record: ConversationRecord) -> tuple[int, ...]:
    return (
        record.rev,
        record.last_seq,
        record.receipt_rev,
        record.meta_rev,
        record.members_rev,
        record.active_at,
    )


def _increments(
    record: ConversationRecord, before: tuple[int, ...], after: tuple[int, ...], now: int
) -> dict[str, Any]:
    return {
        "k_n": record.n,
        "revs": after[0] - before[0],
        "seqs": after[1] - before[1],
        "receipt_revs": after[2] - before[2],
        "meta_rev": record.meta_rev,
        "members_rev": record.members_rev,
        "active_at": record.active_at,
        "touched_at": now,
    }
