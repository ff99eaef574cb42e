"""Messages that live on their sender's stream alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from chatcore.ids import Milliseconds, UserId
from chatcore.ports.scheduled import ScheduledRecord, ScheduledRepository
from chatcore.storage.sql import sqlite
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema

_OPEN = ("waiting", "held", "failed", "rejected")


class SqlScheduled(Repository, ScheduledRepository):
    """Scheduled, held and unheard messages in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._table = table = schema.scheduled
        self._mapping = RecordMapping(
            ScheduledRecord, table, {"content": lambda value: value or {}}
        )
        self._every = select(*self._mapping.columns)
        c, columns = table.c, self._mapping.columns
        self._found = sqlite.matching(columns, [c.id])
        self._keyed = sqlite.matching(columns, [c.key, c.user_id, c.conversation_n])

    def get(self, ids: Collection[str]) -> Mapping[str, ScheduledRecord]:
        rows = self._all(self._found, sqlite.tuples((id,) for id in ids)) if ids else []
        return {one.id: one for one in rows}

    def by_key(
        self, keys: Collection[tuple[str, UserId, int]]
    ) -> Mapping[tuple[str, UserId, int], ScheduledRecord]:
        rows = self._all(self._keyed, sqlite.tuples(keys)) if keys else []
        return {(str(one.key), one.user_id, one.conversation_n): one for one in rows}

    def page(self, user_id: UserId, after: str, limit: int) -> Sequence[ScheduledRecord]:
        c = self._table.c
        chosen = self._every.where(*self._open(user_id), c.id > after)
        return self._all(chosen.order_by(c.id).limit(limit))

    def held(self, after: str, limit: int) -> Sequence[ScheduledRecord]:
        c = self._table.c
        chosen = self._every.where(c.state == "held", c.id > after)
        return self._all(chosen.order_by(c.id).limit(limit))

    def count(self, user_id: UserId) -> int:
        chosen = select(func.count()).select_from(self._table).where(*self._open(user_id))
        row = self._session.row(chosen)
        return int(row[0]) if row else 0

    def due(self, now: Milliseconds, limit: int) -> Sequence[ScheduledRecord]:
        c = self._table.c
        chosen = self._every.where(c.state == "waiting", c.send_at <= now)
        return self._all(chosen.order_by(c.send_at, c.id).limit(limit))

    def changed(self, user_id: UserId, rev: int, limit: int) -> Sequence[ScheduledRecord]:
        c = self._table.c
        chosen = self._every.where(c.user_id == user_id, c.me_rev > rev)
        return self._all(chosen.order_by(c.me_rev).limit(limit))

    def save(self, record: ScheduledRecord) -> None:
        self._session.put(self._table, [self._mapping.dump(record)])

    def _open(self, user_id: UserId) -> tuple[Any, ...]:
        c = self._table.c
        return c.user_id == user_id, c.state.in_(_OPEN)

    def _all(
        self, statement: Any, values: Mapping[str, Any] | None = None
    ) -> list[ScheduledRecord]:
        return [self._mapping.load(row) for row in self._session.rows(statement, values)]
