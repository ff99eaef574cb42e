"""Contacts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from chatcore.ids import UserId
from chatcore.ports.contacts import ContactRecord, ContactRepository
from chatcore.storage.sql import sqlite
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema


class SqlContacts(Repository, ContactRepository):
    """Contacts in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._table = table = schema.contacts
        self._mapping = RecordMapping(ContactRecord, table)
        self._every = select(*self._mapping.columns)
        pair = [table.c.user_id, table.c.other_id]
        self._pairs = sqlite.matching(self._mapping.columns, pair)

    def get(
        self, pairs: Collection[tuple[UserId, UserId]]
    ) -> Mapping[tuple[UserId, UserId], ContactRecord]:
        found = self._all(self._pairs, sqlite.tuples(pairs)) if pairs else []
        return {(record.user_id, record.other_id): record for record in found}

    def of(self, user_id: UserId) -> set[UserId]:
        c = self._table.c
        chosen = select(c.other_id).where(c.user_id == user_id, c.state == "accepted")
        return {UserId(other) for (other,) in self._session.rows(chosen)}

    def count(self, user_id: UserId) -> int:
        c = self._table.c
        alive = c.state.in_(["requested", "accepted"])
        row = self._session.row(select(func.count()).where(c.user_id == user_id, alive))
        return 0 if row is None else int(row[0])

    def page(
        self, user_id: UserId, states: Collection[str], after: str, limit: int
    ) -> Sequence[ContactRecord]:
        c = self._table.c
        chosen = self._every.where(
            c.user_id == user_id, c.other_id > after, c.state.in_(list(states))
        )
        return self._all(chosen.order_by(c.other_id).limit(limit))

    def save(self, records: Sequence[ContactRecord]) -> None:
        self._session.put(self._table, map(self._mapping.dump, records))

    def changed(self, user_id: UserId, rev: int, limit: int) -> Sequence[ContactRecord]:
        c = self._table.c
        chosen = self._every.where(c.user_id == user_id, c.me_rev > rev)
        return self._all(chosen.order_by(c.me_rev).limit(limit))

    def _all(self, statement: Any, values: Mapping[str, Any] | None = None) -> list[ContactRecord]:
        return [self._mapping.load(row) for row in self._session.rows(statement, values)]
