"""Reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select, update

from chatcore.ids import MessageId, Milliseconds, ReportId, UserId
from chatcore.ports.reports import ReportRecord, ReportRepository
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema

OPEN = "open"


class SqlReports(Repository, ReportRepository):
    """Reports in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._table = schema.reports
        self._mapping = RecordMapping(ReportRecord, schema.reports, {"snapshot": lambda one: one})
        self._every = select(*self._mapping.columns)

    def insert(self, record: ReportRecord) -> None:
        self._session.insert(self._table, self._mapping.dump(record))

    def get(self, id: ReportId) -> ReportRecord | None:
        return self._one(self._every.where(self._table.c.id == id))

    def open(
        self, reporter: UserId, user: UserId, message: MessageId | None
    ) -> ReportRecord | None:
        c = self._table.c
        return self._one(
            self._every.where(c.reporter_id == reporter, c.state == OPEN, c.user_id == user)
            .where(c.message_id.is_(None) if message is None else c.message_id == message)
            .limit(1)
        )

    def count_open(self, reporter: UserId) -> int:
        c = self._table.c
        chosen = select(func.count()).where(c.reporter_id == reporter, c.state == OPEN)
        row = self._session.row(chosen)
        return int(row[0]) if row else 0

    def page(self, state: str | None, after: str, limit: int) -> Sequence[ReportRecord]:
        c = self._table.c
        chosen = self._every.where(c.id > after)
        if state is not None:
            chosen = chosen.where(c.state == state)
        rows = self._session.rows(chosen.order_by(c.id).limit(limit))
        return [self._mapping.load(row) for row in rows]

    def resolve(self, record: ReportRecord) -> bool:
        c, changed = self._table.c, self._mapping.dump(record)
        names = ("state", "note", "snapshot", "resolved_at", "resolved_by", "resolution")
        still_open = update(self._table).where(c.id == record.id, c.state == OPEN)
        return self._session.write(still_open, {name: changed[name] for name in names}) == 1

    def forget(self, before: Milliseconds, limit: int) -> int:
        c = self._table.c
        chosen = select(c.id).where(c.resolved_at < before).order_by(c.resolved_at).limit(limit)
        ids = [id for (id,) in self._session.rows(chosen)]
        if ids:
            self._session.write(delete(self._table).where(c.id.in_(ids)))
        return len(ids)

    def _one(self, statement: Any) -> ReportRecord | None:
        row = self._session.row(statement)
        return None if row is None else self._mapping.load(row)
