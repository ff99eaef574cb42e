"""Counting what users haven't read: bounded index ranges above a seq."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, literal, or_, select

from chatcore.ids import Milliseconds, UserId
from chatcore.ports.messages import UnreadCount, UnreadQuery
from chatcore.ports.unread import Total, UnreadRepository
from chatcore.storage.sql import sqlite
from chatcore.storage.sql.messages import EVERYONE, countable, counts, within
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema


class SqlUnread(Repository, UnreadRepository):
    """Unread counts in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._schema = schema
        self._mentions = schema.mentions
        n, viewer, after = (sqlite.given(index) for index in range(3))
        both = counts(schema, n=n, viewer=viewer, after=after)
        self._counted = sqlite.for_each(n, viewer, *both)
        self._totals = {
            (muted, archived): _total(schema, muted=muted, archived=archived)
            for muted in (False, True)
            for archived in (False, True)
        }

    def counts(
        self, queries: Sequence[UnreadQuery], now: Milliseconds, most: int
    ) -> Mapping[tuple[int, UserId], UnreadCount]:
        if not queries:
            return {}
        asked = sqlite.tuples((one.conversation_n, one.viewer, one.after_seq) for one in queries)
        rows = self._session.rows(self._counted, {**asked, "now": now, "most": most + 1})
        return {
            (n, UserId(viewer)): UnreadCount(unread=unread, mentions=mentions)
            for n, viewer, unread, mentions in rows
        }

    def total(
        self, user_id: UserId, now: Milliseconds, most: int, *, muted: bool, archived: bool
    ) -> Total:
        values = {"viewer": user_id, "now": now, "most": most + 1}
        row = self._session.row(self._totals[muted, archived], values)
        unread, mentions, conversations = row or (0, 0, 0)
        return Total(unread=unread, mentions=mentions, conversations=conversations)

    def mentioned(self, conversation_n: int, user_id: UserId, seqs: Collection[int]) -> set[int]:
        c = self._mentions.c
        chosen = select(c.seq).where(
            c.conversation_n == conversation_n,
            c.user_id.in_([user_id, EVERYONE]),
            c.seq.in_(list(seqs)),
        )
        return {seq for (seq,) in self._session.rows(chosen)}


def after(schema: ChatSchema) -> Any:
    """The seq above which a member's messages can be unread, of a member and its stream."""
    member, stream = schema.members.c, schema.conversations.c
    return sqlite.greatest(member.read_seq, member.joined_seq, member.floor_seq, stream.pruned_seq)


def waiting(schema: ChatSchema, viewer: Any, now: Any) -> Any:
    """Whether a member has something unread, or marked it so."""
    member, stream, c = schema.members.c, schema.conversations.c, schema.messages.c
    unread = (
        exists(literal(1))
        .where(c.conversation_n == member.conversation_n, c.seq > after(schema))
        .where(countable(schema, c, viewer, now))
    )
    return or_(member.marked_unread.is_(True), and_(stream.last_seq > member.read_seq, unread))


def _total(schema: ChatSchema, *, muted: bool, archived: bool) -> Select[Any]:
    """Three counts, each within the first ``most``; binds ``viewer``, ``now`` and ``most``."""
    viewer: ColumnElement[Any] = bindparam("viewer")
    now: ColumnElement[Any] = bindparam("now")
    c, mentions = schema.messages.c, schema.mentions.c
    member, stream = schema.members.c, schema.conversations.c
    seats = schema.members.join(schema.conversations, stream.n == member.conversation_n)
    here = [member.user_id == viewer, member.left_at.is_(None), stream.deleted_at.is_(None)]
    if not archived:
        here.append(member.archived.is_(False))
    if not muted:
        here.append(or_(member.muted_until.is_(None), member.muted_until <= now))
    counted = countable(schema, c, viewer, now)
    above = and_(c.conversation_n == member.conversation_n, c.seq > after(schema))
    unread = select(literal(1)).select_from(seats.join(schema.messages, above))
    naming = and_(
        mentions.conversation_n == member.conversation_n,
        mentions.seq > after(schema),
        mentions.user_id.in_([viewer, EVERYONE]),
    )
    there = and_(c.conversation_n == mentions.conversation_n, c.seq == mentions.seq)
    named = seats.join(schema.mentions, naming).join(schema.messages, there)
    behind = stream.last_seq > member.read_seq
    limited = [
        unread.where(*here, behind, counted),
        select(mentions.conversation_n, mentions.seq)
        .distinct()
        .select_from(named)
        .where(*here, behind, counted),
        select(literal(1)).select_from(seats).where(*here, waiting(schema, viewer, now)),
    ]
    return select(*(within(one) for one in limited))
