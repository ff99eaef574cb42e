"""Bookmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from chatcore.ids import ConversationId, UserId
from chatcore.ports.bookmarks import BookmarkRecord, BookmarkRepository, Placed
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema


class SqlBookmarks(Repository, BookmarkRepository):
    """Bookmarks in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._table = table = schema.bookmarks
        self._streams = streams = schema.conversations
        self._mapping = RecordMapping(BookmarkRecord, table)
        self._every = select(streams.c.id, *self._mapping.columns).join_from(
            table, streams, streams.c.n == table.c.conversation_n
        )

    def get(self, user_id: UserId, conversation: ConversationId, seq: int) -> Placed | None:
        c = self._table.c
        found = self._all(
            self._every.where(c.user_id == user_id, c.seq == seq).where(
                self._streams.c.id == conversation
            )
        )
        return found[0] if found else None

    def count(self, user_id: UserId) -> int:
        c = self._table.c
        chosen = select(func.count()).where(c.user_id == user_id, c.active.is_(True))
        row = self._session.row(chosen)
        return int(row[0]) if row else 0

    def save(self, record: BookmarkRecord) -> None:
        self._session.put(self._table, [self._mapping.dump(record)])

    def page(self, user_id: UserId, before: int | None, limit: int) -> Sequence[Placed]:
        c = self._table.c
        chosen = self._every.where(c.user_id == user_id, c.active.is_(True))
        if before is not None:
            chosen = chosen.where(c.me_rev < before)
        return self._all(chosen.order_by(c.me_rev.desc()).limit(limit))

    def changed(self, user_id: UserId, rev: int, limit: int) -> Sequence[Placed]:
        c = self._table.c
        chosen = self._every.where(c.user_id == user_id, c.me_rev > rev)
        return self._all(chosen.order_by(c.me_rev).limit(limit))

    def _all(self, statement: Any) -> list[Placed]:
        return [
            (ConversationId(row[0]), self._mapping.load(row[1:]))
            for row in self._session.rows(statement)
        ]
