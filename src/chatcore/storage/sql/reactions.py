"""Reactions, and messages hidden by one user."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import and_, delete, select

from chatcore.ids import ConversationId, Milliseconds, UserId
from chatcore.ports.reactions import HiddenRepository, ReactionRepository
from chatcore.storage.sql import sqlite
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema


class SqlReactions(Repository, ReactionRepository):
    """Reactions in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._table = schema.reactions
        self._mentions = schema.mentions

    def of(self, conversation_n: int, seq: int) -> Sequence[tuple[str, UserId]]:
        c = self._table.c
        chosen = (
            select(c.reaction, c.user_id)
            .where(c.conversation_n == conversation_n, c.seq == seq)
            .order_by(c.at, c.user_id, c.reaction)
        )
        return [(key, UserId(user)) for key, user in self._session.rows(chosen)]

    def add(
        self, conversation_n: int, seq: int, user_id: UserId, key: str, at: Milliseconds
    ) -> None:
        self._session.insert(
            self._table,
            {
                "conversation_n": conversation_n,
                "seq": seq,
                "user_id": user_id,
                "reaction": key,
                "at": at,
            },
        )

    def remove(self, conversation_n: int, seq: int, user_id: UserId, key: str) -> None:
        c = self._table.c
        self._session.write(
            delete(self._table).where(
                c.conversation_n == conversation_n,
                c.seq == seq,
                c.user_id == user_id,
                c.reaction == key,
            )
        )

    def clear(self, conversation_n: int, seq: int) -> None:
        for table in (self._table, self._mentions):
            self._session.write(
                delete(table).where(table.c.conversation_n == conversation_n, table.c.seq == seq)
            )

    def mine(
        self, conversation_n: int, user_id: UserId, seqs: Collection[int]
    ) -> Mapping[int, tuple[str, ...]]:
        c = self._table.c
        chosen = (
            select(c.seq, c.reaction)
            .where(c.conversation_n == conversation_n, c.user_id == user_id)
            .where(c.seq.in_(list(seqs)))
            .order_by(c.seq, c.at, c.reaction)
        )
        found: dict[int, tuple[str, ...]] = {}
        for seq, key in self._session.rows(chosen):
            found[seq] = (*found.get(seq, ()), key)
        return found


class SqlHidden(Repository, HiddenRepository):
    """Hidden messages in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._table = schema.hidden
        c = schema.hidden.c
        place = [c.user_id, c.conversation_n, c.seq]
        self._found = sqlite.matching(place, place)
        self._streams = schema.conversations
        self._messages = schema.messages

    def add(self, user_id: UserId, conversation_n: int, seq: int, me_rev: int) -> None:
        self._session.insert(
            self._table,
            {"user_id": user_id, "conversation_n": conversation_n, "seq": seq, "me_rev": me_rev},
        )

    def among(self, user_id: UserId, conversation_n: int, seqs: Collection[int]) -> set[int]:
        c = self._table.c
        chosen = (
            select(c.seq)
            .where(c.user_id == user_id, c.conversation_n == conversation_n)
            .where(c.seq.in_(list(seqs)))
        )
        return {seq for (seq,) in self._session.rows(chosen)}

    def found(self, places: Collection[tuple[UserId, int, int]]) -> set[tuple[UserId, int, int]]:
        rows = self._session.rows(self._found, sqlite.tuples(places)) if places else ()
        return {(UserId(user), int(n), int(seq)) for user, n, seq in rows}

    def changed(
        self, user_id: UserId, rev: int, limit: int
    ) -> Sequence[tuple[int, ConversationId, int, str]]:
        c, stream, message = self._table.c, self._streams.c, self._messages.c
        chosen = (
            select(c.me_rev, stream.id, c.seq, message.nonce)
            .join_from(self._table, self._streams, stream.n == c.conversation_n)
            .join(
                self._messages,
                and_(message.conversation_n == c.conversation_n, message.seq == c.seq),
            )
            .where(c.user_id == user_id, c.me_rev > rev)
            .order_by(c.me_rev)
            .limit(limit)
        )
        return [
            (me_rev, ConversationId(id), seq, nonce)
            for me_rev, id, seq, nonce in self._session.rows(chosen)
        ]
