"""Messages: appended, found by (conversation, seq), counted within a bounded range."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal, or_, select

from chatcore.ids import Milliseconds, UserId
from chatcore.ports.messages import (
    MessageRecord,
    MessageRepository,
    Window,
    Within,
)
from chatcore.storage.sql import sqlite
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema

EVERYONE = "all"


class SqlMessages(Repository, MessageRepository):
    """Messages in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._schema = schema
        self._table = table = schema.messages
        self._mapping = RecordMapping(MessageRecord, table, {"details": lambda value: value or {}})
        self._every = select(*self._mapping.columns)
        c = table.c
        columns = self._mapping.columns
        self._keyed = sqlite.matching(columns, [c.key, c.sender_id, c.conversation_n])
        self._placed = sqlite.matching(columns, [c.conversation_n, c.seq])
        self._saved = self._mapping.update_by("conversation_n", "seq")
        hidden = schema.hidden.c
        place = [hidden.user_id, hidden.conversation_n, hidden.seq]
        self._hidden = sqlite.matching([hidden.conversation_n], place)

    def by_key(
        self, keys: Collection[tuple[str, UserId, int]]
    ) -> Mapping[tuple[str, UserId, int], MessageRecord]:
        if not keys:
            return {}
        found = self._all(self._keyed, sqlite.tuples(keys))
        return {(str(one.key), one.sender_id, one.conversation_n): one for one in found}

    def get(self, places: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], MessageRecord]:
        if not places:
            return {}
        found = self._all(self._placed, sqlite.tuples(places))
        return {(one.conversation_n, one.seq): one for one in found}

    def insert(
        self,
        records: Sequence[MessageRecord],
        heeded: Mapping[tuple[int, int], Sequence[str]] | None = None,
    ) -> None:
        heeded = heeded or {}
        rows = [self._mapping.row(record) for record in records]
        self._session.insert_many(self._table, self._mapping.names, rows)
        mentions = [
            (record.conversation_n, user, record.seq)
            for record in records
            for user in heeded.get(
                (record.conversation_n, record.seq), record.details.get("mentions", ())
            )
        ]
        if mentions:
            self._session.insert_many(
                self._schema.mentions, ("conversation_n", "user_id", "seq"), mentions
            )

    def save(self, *records: MessageRecord) -> None:
        rows = [self._mapping.values(record, "conversation_n", "seq") for record in records]
        self._session.write(self._saved, rows)

    def page(
        self,
        window: Window,
        *,
        after: int,
        before: int | None,
        newest: bool,
        limit: int,
        within: Within | None = None,
    ) -> Sequence[MessageRecord]:
        seq = self._table.c.seq
        chosen = self._visible(window).where(
            seq > max(after, window.floor_seq), *self._within(window, within)
        )
        if before is not None:
            chosen = chosen.where(seq < before)
        found = self._all(chosen.order_by(seq.desc() if newest else seq).limit(limit))
        return found[::-1] if newest else found

    def _within(self, window: Window, within: Within | None) -> list[Any]:
        c, pins = self._table.c, self._schema.pins.c
        where = []
        if within is not None and within.thread_seq is not None:
            where.append(c.thread_seq == within.thread_seq)
        if within is not None and within.pinned:
            pinned = select(pins.seq).where(pins.conversation_n == window.conversation_n)
            where.append(c.seq.in_(pinned))
        return where

    def first_at(
        self, window: Window, moment: Milliseconds, within: Within | None = None
    ) -> int | None:
        c = self._table.c
        begin = self._passing(window, moment)
        if begin is None:
            return None
        chosen = (
            self._visible(window, c.seq)
            .where(c.seq >= begin, *self._within(window, within))
            .order_by(c.seq)
            .limit(1)
        )
        row = self._session.row(chosen)
        return None if row is None else int(row[0])

    def _passing(self, window: Window, moment: Milliseconds) -> int | None:
        """A seq from which times are ``moment`` or later, while the one before is earlier.

        Found by halves: an interval's end is always such, the place before it never.
        """
        c = self._table.c
        read = select(c.seq, c.created_at).where(c.conversation_n == window.conversation_n).limit(1)
        last = self._session.row(read.where(c.seq > window.floor_seq).order_by(c.seq.desc()))
        if last is None or last[1] < moment:
            return None
        low, high = window.floor_seq + 1, int(last[0])
        while low < high:
            # Where rows have gone, the next one speaks for them.
            middle = (low + high) // 2
            row = self._session.row(read.where(c.seq >= middle).order_by(c.seq))
            if row is None or row[1] >= moment:
                high = middle
            else:
                low = int(row[0]) + 1
        return low

    def changed(
        self, window: Window, *, rev: int, head_rev: int, last_seq: int, limit: int
    ) -> Sequence[MessageRecord]:
        c = self._table.c
        sent, other = self._since(window, rev, head_rev, last_seq)
        both = [
            *self._all(self._every.where(*sent).order_by(c.seq).limit(limit)),
            *self._all(self._every.where(*other).order_by(c.rev).limit(limit)),
        ]
        return sorted(both, key=lambda record: record.rev)[:limit]

    def span(
        self, window: Window, *, after_rev: int, up_to_rev: int, head_rev: int, last_seq: int
    ) -> tuple[int, int] | None:
        c = self._table.c
        ends: list[int] = []
        for where in self._since(window, after_rev, head_rev, last_seq):
            chosen = select(func.min(c.seq), func.max(c.seq)).where(*where, c.rev <= up_to_rev)
            row = self._session.row(chosen)
            ends += [end for end in row or () if end is not None]
        return (min(ends), max(ends)) if ends else None

    def _since(
        self, window: Window, rev: int, head_rev: int, last_seq: int
    ) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """What was sent since ``rev``, and what was changed since: each by its own index."""
        c = self._table.c
        here = (c.conversation_n == window.conversation_n, c.rev > rev)
        # Every message took a rev of its own, so those sent since are at most that many.
        sent_from = max(window.floor_seq, last_seq - (head_rev - rev))
        return (
            (*here, c.seq > sent_from, c.rev == c.sent_rev),
            (*here, c.seq > window.floor_seq, c.rev != c.sent_rev),
        )

    def newest(self, windows: Sequence[tuple[Window, int]]) -> Mapping[int, MessageRecord]:
        # The last row of each is nearly always the one: read them together, look further after.
        rows = self.get([(window.conversation_n, last_seq) for window, last_seq in windows])
        places = [(window.viewer, window.conversation_n, last_seq) for window, last_seq in windows]
        hidden = {n for (n,) in self._session.rows(self._hidden, sqlite.tuples(places))}
        found = {}
        for window, last_seq in windows:
            row = rows.get((window.conversation_n, last_seq))
            if row is None or row.seq <= window.floor_seq:
                continue
            if self._expired(row, window) or row.conversation_n in hidden:
                found.update(self._newest(window))
            else:
                found[window.conversation_n] = row
        return found

    def _newest(self, window: Window) -> dict[int, MessageRecord]:
        last = self.page(window, after=window.floor_seq, before=None, newest=True, limit=1)
        return {window.conversation_n: last[0]} if last else {}

    def _expired(self, row: MessageRecord, window: Window) -> bool:
        return row.expires_at is not None and row.expires_at <= window.now

    def _visible(self, window: Window, *columns: Any) -> Any:
        """What one viewer sees of a conversation, floor apart: neither hidden nor expired."""
        chosen = select(*columns) if columns else self._every
        return chosen.where(*visible(self._schema, window))

    def _all(self, statement: Any, values: Mapping[str, Any] | None = None) -> list[MessageRecord]:
        return [self._mapping.load(row) for row in self._session.rows(statement, values)]


def visible(schema: ChatSchema, window: Window) -> list[Any]:
    """What one viewer sees of a conversation, floor apart: neither hidden nor expired."""
    c, hidden = schema.messages.c, schema.hidden.c
    return [
        c.conversation_n == window.conversation_n,
        or_(c.expires_at.is_(None), c.expires_at > window.now),
        ~exists(literal(1))
        .where(hidden.user_id == window.viewer)
        .where(hidden.conversation_n == c.conversation_n, hidden.seq == c.seq),
    ]


def countable(schema: ChatSchema, c: Any, viewer: Any, now: Any) -> Any:
    """The predicate behind every unread count, of the messages in ``c``."""
    hidden = schema.hidden.c
    return and_(
        c.sender_id != viewer,
        c.kind != "system",
        c.deleted_at.is_(None),
        or_(c.expires_at.is_(None), c.expires_at > now),
        ~exists(literal(1))
        .where(hidden.user_id == viewer)
        .where(hidden.conversation_n == c.conversation_n, hidden.seq == c.seq),
    )


def counting(schema: ChatSchema, *where: Any) -> Any:
    """Unread and mention counts of one member, each within the first ``most``.

    Binds ``n``, ``viewer``, ``after``, ``now`` and ``most``, and whatever ``where`` does.
    """
    names = ("n", "viewer", "after")
    n, viewer, after = (cast(ColumnElement[Any], bindparam(name)) for name in names)
    return select(*counts(schema, *where, n=n, viewer=viewer, after=after))


def counts(schema: ChatSchema, *where: Any, n: Any, viewer: Any, after: Any) -> list[Any]:
    """The two counts of :func:`counting` as columns; they bind ``now`` and ``most``."""
    c, mentions = schema.messages.c, schema.mentions.c
    counted = and_(countable(schema, c, viewer, bindparam("now")), *where)
    unread = select(literal(1)).where(c.conversation_n == n, c.seq > after, counted)
    mentioned = (
        select(mentions.seq)
        .distinct()
        .join_from(
            schema.mentions,
            schema.messages,
            and_(c.conversation_n == mentions.conversation_n, c.seq == mentions.seq),
        )
        .where(mentions.conversation_n == n, mentions.seq > after)
        .where(mentions.user_id.in_([viewer, EVERYONE]), counted)
    )
    return [within(unread), within(mentioned)]


def within(chosen: Select[Any]) -> Any:
    """How many rows there are, up to ``most``: a column that binds it."""
    first = chosen.limit(bindparam("most")).subquery()
    return select(func.count()).select_from(first).scalar_subquery()
