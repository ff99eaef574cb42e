"""Pins: a row for each pinned message."""

from __future__ import annotations

from sqlalchemy import delete, func, select

from chatcore.ids import Milliseconds
from chatcore.ports.pins import PinRepository
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema


class SqlPins(Repository, PinRepository):
    """Pins in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._table = schema.pins

    def add(self, conversation_n: int, seq: int, at: Milliseconds) -> None:
        row = {"conversation_n": conversation_n, "seq": seq, "at": at}
        self._session.insert(self._table, row)

    def remove(self, conversation_n: int, seq: int) -> None:
        c = self._table.c
        self._session.write(
            delete(self._table).where(c.conversation_n == conversation_n, c.seq == seq)
        )

    def count(self, conversation_n: int) -> int:
        c = self._table.c
        row = self._session.row(select(func.count()).where(c.conversation_n == conversation_n))
        return int(row[0]) if row else 0
