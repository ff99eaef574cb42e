"""Erasing: what names a user in the chat store, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import and_, delete, func, or_, select, update

from chatcore.ids import UserId
from chatcore.ports.erasure import ErasureRecord, ErasureRepository, Trace
from chatcore.ports.uploads import UploadRecord
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema

PRIVATE: Final = {
    "hidden": "user_id",
    "bookmarks": "user_id",
    "thread_marks": "user_id",
    "blocks": "user_id",
    "contacts": "user_id",
    "bans": "user_id",
    "presence": "user_id",
    "mentions": "user_id",
    "scheduled": "user_id",
}
"""By table, the column by which its rows are one user's alone: erasing deletes them."""

HANDLED: Final = {
    "reactions.user_id": "taken back, and the summaries of their messages with them",
    "votes.user_id": "taken back, and counted out of their polls",
    "messages.sender_id": "the message becomes a tombstone, which keeps its sender's id",
    "members.user_id": "left; what only the member saw is blanked, the id stays",
    "uploads.owner_id": "deleted with their bytes, unless another's message holds them",
    "conversations.created_by": "the key with which it was made goes, the id stays",
    "connections.user_id": "closed",
    "invites.created_by": "deleted when their creator leaves",
    "actors.user_id": "inactive for ever; settings are emptied",
    "erasures.user_id": "what remains to show that it was done",
}
"""What else erasing acts on, and how."""

KEPT: Final = {
    "messages.deleted_by",
    "blocks.other_id",
    "contacts.other_id",
    "bans.created_by",
    "reports.reporter_id",
    "reports.user_id",
    "reports.resolved_by",
    "audit.actor_id",
    "audit.user_id",
}
"""Bare ids in rows that are others' or the operators': they no longer lead to anybody."""


class SqlErasures(Repository, ErasureRepository):
    """Erasing in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._schema = schema
        self._table = schema.erasures
        self._mapping = RecordMapping(
            ErasureRecord, schema.erasures, {"touched": lambda value: value or {}}
        )
        self._files = RecordMapping(UploadRecord, schema.uploads)

    def get(self, user_id: UserId) -> ErasureRecord | None:
        chosen = select(*self._mapping.columns).where(self._table.c.user_id == user_id)
        row = self._session.row(chosen)
        return None if row is None else self._mapping.load(row)

    def save(self, record: ErasureRecord) -> None:
        self._session.put(self._table, [self._mapping.dump(record)])

    def unfinished(self, limit: int) -> Sequence[ErasureRecord]:
        c = self._table.c
        chosen = select(*self._mapping.columns).where(c.finished_at.is_(None))
        rows = self._session.rows(chosen.order_by(c.begun_at, c.user_id).limit(limit))
        return [self._mapping.load(row) for row in rows]

    def traces(self, user_id: UserId, after: int, limit: int) -> Sequence[Trace]:
        member, stream = self._schema.members.c, self._schema.conversations.c
        chosen = (
            select(
                *(stream.n, stream.id, stream.kind),
                *(stream.deleted_at, stream.last_seq, stream.pruned_seq),
            )
            .join_from(
                self._schema.members,
                self._schema.conversations,
                stream.n == member.conversation_n,
            )
            .where(member.user_id == user_id, member.conversation_n > after)
            .order_by(member.conversation_n)
            .limit(limit)
        )
        return [
            Trace(
                conversation_n=n,
                id=id,
                kind=kind,
                ended=ended is not None,
                last_seq=last,
                pruned_seq=pruned,
            )
            for n, id, kind, ended, last, pruned in self._session.rows(chosen)
        ]

    def sent(self, trace: Trace, user_id: UserId, after: int, up_to: int) -> Sequence[int]:
        c = self._schema.messages.c
        reasoned = and_(c.deleted_by == user_id, c.deleted_reason.is_not(None))
        says = or_(c.deleted_at.is_(None), c.key.is_not(None), reasoned)
        chosen = select(c.seq).where(c.sender_id == user_id, says)
        return self._seqs(chosen, c, trace, after, up_to)

    def reacted(self, trace: Trace, user_id: UserId, after: int, up_to: int) -> Sequence[int]:
        c = self._schema.reactions.c
        chosen = select(c.seq).distinct().where(c.user_id == user_id)
        return self._seqs(chosen, c, trace, after, up_to)

    def voted(self, trace: Trace, user_id: UserId, after: int, up_to: int) -> Sequence[int]:
        c = self._schema.votes.c
        return self._seqs(select(c.seq).where(c.user_id == user_id), c, trace, after, up_to)

    def unvote(self, trace: Trace, user_id: UserId, seqs: Sequence[int]) -> int:
        c = self._schema.votes.c
        return self._session.write(
            delete(self._schema.votes)
            .where(c.conversation_n == trace.conversation_n, c.seq.in_(seqs))
            .where(c.user_id == user_id)
        )

    def _seqs(self, chosen: Any, c: Any, trace: Trace, after: int, up_to: int) -> list[int]:
        here = chosen.where(c.conversation_n == trace.conversation_n, c.seq > after, c.seq <= up_to)
        return [seq for (seq,) in self._session.rows(here.order_by(c.seq))]

    def blank(self, trace: Trace, user_id: UserId, seqs: Sequence[int]) -> int:
        c, now = self._schema.messages.c, self._session.now
        nothing: tuple[str, ...] = ("key", "digest")
        if trace.ended:
            nothing += ("body", "details", "reply_seq", "reply_nonce", "deleted_reason")
        for table in (self._schema.revisions, self._schema.attachments):
            self._session.write(
                delete(table).where(
                    table.c.conversation_n == trace.conversation_n, table.c.seq.in_(seqs)
                )
            )
        return self._session.write(
            update(self._schema.messages)
            .where(c.conversation_n == trace.conversation_n, c.seq.in_(seqs))
            .where(c.sender_id == user_id)
            .values(dict.fromkeys(nothing) | {"deleted_at": func.coalesce(c.deleted_at, now)})
        )

    def unkey(self, trace: Trace, user_id: UserId) -> None:
        c = self._schema.conversations.c
        self._session.write(
            update(self._schema.conversations)
            .where(c.n == trace.conversation_n, c.created_by == user_id)
            .where(c.create_key.is_not(None))
            .values(create_key=None, create_digest=None)
        )

    def files(self, user_id: UserId, after: str, limit: int) -> Sequence[UploadRecord]:
        c = self._schema.uploads.c
        chosen = select(*self._files.columns).where(c.owner_id == user_id, c.id > after)
        rows = self._session.rows(chosen.order_by(c.id).limit(limit))
        return [self._files.load(row) for row in rows]

    def forget(self, user_id: UserId, limit: int) -> dict[str, int]:
        found = {}
        for name, column in PRIVATE.items():
            table = getattr(self._schema, name)
            keys = list(table.primary_key)
            chosen = select(*keys).where(table.c[column] == user_id).limit(limit)
            rows = self._session.rows(chosen)
            for row in rows:
                same = (key == value for key, value in zip(keys, row, strict=True))
                self._session.write(delete(table).where(*same))
            if rows:
                found[name] = len(rows)
        self._reports(user_id)
        return found

    def _reports(self, user_id: UserId) -> None:
        """What resolved reports hold of the user's goes; open ones wait for an operator."""
        table = self._schema.reports
        resolved = table.c.state != "open"
        for column, text in (("user_id", "snapshot"), ("reporter_id", "note")):
            self._session.write(
                update(table)
                .where(table.c[column] == user_id, resolved, table.c[text].is_not(None))
                .values({text: None})
            )
