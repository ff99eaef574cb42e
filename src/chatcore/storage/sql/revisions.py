"""Earlier versions of messages."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from chatcore.ports.revisions import RevisionRecord, RevisionRepository
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema


class SqlRevisions(Repository, RevisionRepository):
    """Earlier versions in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._table = schema.revisions

    def add(self, conversation_n: int, seq: int, record: RevisionRecord, most: int) -> None:
        c = self._table.c
        self._session.insert(
            self._table,
            {
                "conversation_n": conversation_n,
                "seq": seq,
                "version": record.version,
                "body": record.body,
                "at": record.at,
            },
        )
        # Versions are dense: those that are too old are below a number.
        self._session.write(
            delete(self._table).where(
                c.conversation_n == conversation_n,
                c.seq == seq,
                c.version <= record.version - most,
            )
        )

    def of(self, conversation_n: int, seq: int, after: int, limit: int) -> Sequence[RevisionRecord]:
        c = self._table.c
        chosen = (
            select(c.version, c.body, c.at)
            .where(c.conversation_n == conversation_n, c.seq == seq, c.version > after)
            .order_by(c.version)
            .limit(limit)
        )
        return [
            RevisionRecord(version=version, body=body, at=at)
            for version, body, at in self._session.rows(chosen)
        ]

    def clear(self, conversation_n: int, seq: int) -> None:
        c = self._table.c
        self._session.write(
            delete(self._table).where(c.conversation_n == conversation_n, c.seq == seq)
        )
