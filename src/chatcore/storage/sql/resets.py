"""Codes for forgotten passwords."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from chatcore.ids import Milliseconds, UserId
from chatcore.ports.resets import ResetRecord, ResetRepository
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import AccountsSchema


class SqlResets(Repository, ResetRepository):
    """Codes in SQL."""

    def __init__(self, schema: AccountsSchema) -> None:
        self._table = schema.resets
        self._mapping = RecordMapping(ResetRecord, schema.resets)
        self._every = select(*self._mapping.columns)

    def insert(self, record: ResetRecord) -> None:
        self._session.insert(self._table, self._mapping.dump(record))

    def get(self, id: str) -> ResetRecord | None:
        found = self._all(self._table.c.id == id)
        return found[0] if found else None

    def of(self, user_id: UserId) -> Sequence[ResetRecord]:
        return self._all(self._table.c.user_id == user_id)

    def save(self, record: ResetRecord) -> None:
        self._session.put(self._table, [self._mapping.dump(record)])

    def forget(self, user_id: UserId) -> None:
        self._session.write(delete(self._table).where(self._table.c.user_id == user_id))

    def expire(self, now: Milliseconds) -> None:
        self._session.write(delete(self._table).where(self._table.c.expires_at <= now))

    def _all(self, condition: Any) -> list[ResetRecord]:
        rows = self._session.rows(self._every.where(condition))
        return [self._mapping.load(row) for row in rows]
