"""Bans."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select

from chatcore.ids import UserId
from chatcore.ports.bans import BanRecord, BanRepository
from chatcore.storage.sql import sqlite
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema


class SqlBans(Repository, BanRepository):
    """Bans in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._table = table = schema.bans
        self._mapping = RecordMapping(BanRecord, table)
        self._every = select(*self._mapping.columns)
        pair = [table.c.conversation_n, table.c.user_id]
        self._among = sqlite.matching([table.c.user_id], pair)

    def get(self, conversation_n: int, user_id: UserId) -> BanRecord | None:
        c = self._table.c
        row = self._session.row(
            self._every.where(c.conversation_n == conversation_n, c.user_id == user_id)
        )
        return None if row is None else self._mapping.load(row)

    def among(self, conversation_n: int, users: Collection[UserId]) -> set[UserId]:
        pairs = sqlite.tuples((conversation_n, user) for user in users)
        return {UserId(user) for (user,) in self._session.rows(self._among, pairs)}

    def page(self, conversation_n: int, after: str, limit: int) -> Sequence[BanRecord]:
        c = self._table.c
        chosen = self._every.where(c.conversation_n == conversation_n, c.user_id > after)
        rows = self._session.rows(chosen.order_by(c.user_id).limit(limit))
        return [self._mapping.load(row) for row in rows]

    def save(self, record: BanRecord) -> None:
        self._session.put(self._table, [self._mapping.dump(record)])

    def delete(self, conversation_n: int, user_id: UserId) -> None:
        c = self._table.c
        self._session.write(
            delete(self._table).where(c.conversation_n == conversation_n, c.user_id == user_id)
        )
