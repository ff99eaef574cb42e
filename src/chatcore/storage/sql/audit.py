"""The audit log."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Table, delete, select

from chatcore.ids import Milliseconds
from chatcore.ports.audit import AuditFilter, AuditRecord, AuditRepository
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository


class SqlAudit(Repository, AuditRepository):
    """One store's acts in SQL."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._mapping = RecordMapping(AuditRecord, table, {"details": lambda value: value or {}})

    def add(self, record: AuditRecord) -> None:
        self._session.insert(self._table, self._mapping.dump(record))

    def page(self, which: AuditFilter, before: str | None, limit: int) -> Sequence[AuditRecord]:
        c = self._table.c
        chosen = select(*self._mapping.columns)
        if before is not None:
            chosen = chosen.where(c.id < before)
        for name in ("actor_id", "user_id", "conversation_id", "method"):
            value = getattr(which, name)
            if value is not None:
                chosen = chosen.where(c[name] == value)
        if which.since is not None:
            chosen = chosen.where(c.at >= which.since)
        if which.until is not None:
            chosen = chosen.where(c.at <= which.until)
        rows = self._session.rows(chosen.order_by(c.id.desc()).limit(limit))
        return [self._mapping.load(row) for row in rows]

    def forget(self, before: Milliseconds, limit: int) -> int:
        c = self._table.c
        chosen = select(c.id).where(c.at < before).order_by(c.at).limit(limit)
        ids = [id for (id,) in self._session.rows(chosen)]
        if ids:
            self._session.write(delete(self._table).where(c.id.in_(ids)))
        return len(ids)
