"""Votes: a row for each voter, which stays when the vote is taken back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec
from sqlalchemy import and_, delete, select

from chatcore.ids import ConversationId, Milliseconds, UserId
from chatcore.ports.polls import Options, PollRepository
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[int, ...]).decode
_NONE = "[]"


class SqlPolls(Repository, PollRepository):
    """Votes in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._table = schema.votes
        self._streams = schema.conversations
        self._messages = schema.messages

    def of(self, conversation_n: int, seq: int) -> Sequence[tuple[UserId, Options]]:
        c = self._table.c
        chosen = (
            select(c.user_id, c.options)
            .where(c.conversation_n == conversation_n, c.seq == seq, c.options != _NONE)
            .order_by(c.at, c.user_id)
        )
        return [(UserId(user), _decode(options)) for user, options in self._session.rows(chosen)]

    def cast(
        self,
        conversation_n: int,
        seq: int,
        user_id: UserId,
        options: Options,
        at: Milliseconds,
        me_rev: int,
    ) -> None:
        row = {
            "conversation_n": conversation_n,
            "seq": seq,
            "user_id": user_id,
            "options": _encode(options).decode(),
            "at": at,
            "me_rev": me_rev,
        }
        self._session.put(self._table, [row])

    def mine(
        self, conversation_n: int, user_id: UserId, seqs: Collection[int]
    ) -> Mapping[int, Options]:
        c = self._table.c
        chosen = select(c.seq, c.options).where(
            c.conversation_n == conversation_n, c.user_id == user_id, c.seq.in_(list(seqs))
        )
        return {seq: _decode(options) for seq, options in self._session.rows(chosen)}

    def clear(self, conversation_n: int, seq: int) -> None:
        c = self._table.c
        self._session.write(
            delete(self._table).where(c.conversation_n == conversation_n, c.seq == seq)
        )

    def changed(
        self, user_id: UserId, rev: int, limit: int
    ) -> Sequence[tuple[int, ConversationId, int, str, Options]]:
        c, stream, message = self._table.c, self._streams.c, self._messages.c
        chosen = (
            select(c.me_rev, stream.id, c.seq, message.nonce, c.options)
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
            (me_rev, ConversationId(id), seq, nonce, _decode(options))
            for me_rev, id, seq, nonce, options in self._session.rows(chosen)
        ]
