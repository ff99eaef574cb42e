"""Invitations."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import and_, delete, not_, or_, select

from chatcore.ids import ConversationId, InviteId, Milliseconds, UserId
from chatcore.ports.invites import InviteRecord, InviteRepository
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema


class SqlInvites(Repository, InviteRepository):
    """Invitations in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._table = schema.invites
        self._streams = schema.conversations
        self._mapping = RecordMapping(InviteRecord, self._table)
        self._every = select(*self._mapping.columns)

    def conversation(self, code_digest: str) -> ConversationId | None:
        streams = self._streams.c
        row = self._session.row(
            select(streams.id)
            .join_from(self._table, self._streams, self._table.c.conversation_n == streams.n)
            .where(self._table.c.code_digest == code_digest)
        )
        return None if row is None else ConversationId(row[0])

    def by_code(self, code_digest: str) -> InviteRecord | None:
        return self._one(self._table.c.code_digest == code_digest)

    def get(self, conversation_n: int, invite_id: InviteId) -> InviteRecord | None:
        c = self._table.c
        return self._one(c.conversation_n == conversation_n, c.id == invite_id)

    def working(
        self, conversation_n: int, after: str, limit: int, now: Milliseconds
    ) -> Sequence[InviteRecord]:
        c = self._table.c
        chosen = self._every.where(
            c.conversation_n == conversation_n, c.id > after, self._works(now)
        )
        rows = self._session.rows(chosen.order_by(c.id).limit(limit))
        return [self._mapping.load(row) for row in rows]

    def save(self, record: InviteRecord) -> None:
        self._session.put(self._table, [self._mapping.dump(record)])

    def delete(self, invite_id: InviteId) -> None:
        self._session.write(delete(self._table).where(self._table.c.id == invite_id))

    def forget_dead(self, conversation_n: int, now: Milliseconds) -> None:
        self._session.write(
            delete(self._table).where(
                self._table.c.conversation_n == conversation_n, not_(self._works(now))
            )
        )

    def forget_by(self, conversation_n: int, creator: UserId, roles: Collection[str]) -> None:
        c = self._table.c
        self._session.write(
            delete(self._table).where(
                c.conversation_n == conversation_n,
                c.created_by == creator,
                c.role.in_(sorted(roles)),
            )
        )

    def _works(self, now: Milliseconds) -> Any:
        c = self._table.c
        # Written so that NULL gives a plain yes: the opposite is asked for, too.
        return and_(
            or_(c.expires_at.is_(None), c.expires_at > now),
            or_(c.max_uses.is_(None), c.uses < c.max_uses),
        )

    def _one(self, *where: Any) -> InviteRecord | None:
        row = self._session.row(self._every.where(*where))
        return None if row is None else self._mapping.load(row)
