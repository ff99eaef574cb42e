"""Exporting."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select

from chatcore.ids import ConversationId
from chatcore.ports.exports import ExportRepository
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema


class SqlExports(Repository, ExportRepository):
    """Exporting in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._table = schema.conversations

    def named(self, text: str, limit: int) -> Sequence[ConversationId]:
        c = self._table.c
        chosen = select(c.id).where(or_(c.id == text, c.title == text), c.deleted_at.is_(None))
        return [
            ConversationId(id) for (id,) in self._session.rows(chosen.order_by(c.n).limit(limit))
        ]
