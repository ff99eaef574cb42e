"""Files: the rows behind the blobs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import and_, delete, exists, func, literal, or_, select

from chatcore.ids import Milliseconds, UploadId, UserId
from chatcore.ports.uploads import UploadRecord, UploadRepository
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema


class SqlUploads(Repository, UploadRepository):
    """Files in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._schema = schema
        self._table = schema.uploads
        self._attachments = schema.attachments
        self._mapping = RecordMapping(UploadRecord, schema.uploads)

    def insert(self, record: UploadRecord) -> None:
        self._session.insert(self._table, self._mapping.dump(record))

    def get(self, ids: Collection[UploadId]) -> Mapping[UploadId, UploadRecord]:
        chosen = select(*self._mapping.columns).where(self._table.c.id.in_(list(ids)))
        found = map(self._mapping.load, self._session.rows(chosen) if ids else ())
        return {record.id: record for record in found}

    def delete(self, upload_id: UploadId) -> None:
        self._session.write(delete(self._table).where(self._table.c.id == upload_id))

    def used(self, owner: UserId) -> int:
        c = self._table.c
        row = self._session.row(select(func.sum(c.size)).where(c.owner_id == owner))
        return int(row[0] or 0) if row else 0

    def attach(self, conversation_n: int, seq: int, ids: Sequence[UploadId]) -> None:
        rows = [(id, conversation_n, seq) for id in ids]
        self._session.insert_many(self._attachments, ("upload_id", "conversation_n", "seq"), rows)

    def detach(self, conversation_n: int, seq: int) -> None:
        c = self._attachments.c
        self._session.write(
            delete(self._attachments).where(c.conversation_n == conversation_n, c.seq == seq)
        )

    def holders(self, upload_id: UploadId) -> Sequence[tuple[int, int]]:
        c = self._attachments.c
        chosen = select(c.conversation_n, c.seq).where(c.upload_id == upload_id)
        return [(n, seq) for n, seq in self._session.rows(chosen)]

    def reachable(self, upload_id: UploadId, user_id: UserId, now: Milliseconds) -> bool:
        held, message = self._attachments.c, self._schema.messages.c
        member, hidden = self._schema.members.c, self._schema.hidden.c
        stream = self._schema.conversations.c
        chosen = (
            select(literal(1))
            .select_from(self._attachments)
            .join(
                self._schema.messages,
                and_(message.conversation_n == held.conversation_n, message.seq == held.seq),
            )
            .join(self._schema.members, member.conversation_n == held.conversation_n)
            .join(self._schema.conversations, stream.n == held.conversation_n)
            .where(held.upload_id == upload_id, member.user_id == user_id)
            .where(member.left_at.is_(None), stream.deleted_at.is_(None))
            .where(message.seq > member.floor_seq, message.seq > stream.pruned_seq)
            .where(message.deleted_at.is_(None))
            .where(or_(message.expires_at.is_(None), message.expires_at > now))
            .where(
                ~exists(literal(1))
                .where(hidden.user_id == user_id)
                .where(hidden.conversation_n == held.conversation_n, hidden.seq == held.seq)
            )
            .limit(1)
        )
        return self._session.row(chosen) is not None
