"""Searching messages: what the word index finds and what it doesn't hold yet, each row asked again
whether the viewer may see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from attrs import frozen
from sqlalchemy import Select, bindparam, column, exists, func, literal, or_, select, table

from chatcore.ids import ConversationId
from chatcore.ports.messages import MessageRecord
from chatcore.ports.search import Backlog, Hit, Hits, Search, SearchRepository
from chatcore.storage.sql import fts5
from chatcore.storage.sql.mapping import RecordMapping
from chatcore.storage.sql.repository import Repository
from chatcore.storage.sql.schema import ChatSchema

SCAN: Final = 20_000
"""So many messages one call looks at, of those with the words and of those that aren't indexed:
some tens of milliseconds. Further down goes the next call."""

PLACES: Final = 32
"""Up to so many conversations are looked up in the index; who has more is found by filtering."""

_END: Final = 1 << 62
_encode = msgspec.json.Encoder().encode


@frozen
class _Found:
    """``n`` of matching, visible messages, newest first: all there are, down to ``low``."""

    ns: Sequence[int]
    low: int


class SqlSearch(Repository, SearchRepository):
    """Search in SQL."""

    def __init__(self, schema: ChatSchema) -> None:
        self._schema = schema
        self._index = fts5.WordIndex(schema.prefix)
        self._mapping = RecordMapping(
            MessageRecord, schema.messages, {"details": lambda value: value or {}}
        )
        m, streams = schema.messages.c, schema.conversations.c
        given = func.json_each(bindparam("ns")).table_valued("value", name="given")
        self._rows = (
            select(m.n, streams.id, *self._mapping.columns)
            .select_from(given.join(schema.messages, m.n == given.c.value))
            .join(schema.conversations, streams.n == m.conversation_n)
            .order_by(m.n.desc())
        )
        words: Any = column(self._index.words)
        self._matching: Select[Any] = (
            select(column("rowid").label("n"))
            .select_from(table(self._index.words))
            .where(words.op("MATCH")(bindparam("match")), column("rowid") < bindparam("below"))
            .order_by(column("rowid").desc())
            .limit(bindparam("scan"))
        )
        self._waiting = (
            select(m.n)
            .where(m.n > bindparam("upto"), m.n < bindparam("below"))
            .order_by(m.n.desc())
            .limit(bindparam("scan"))
        )

    def backlog(self) -> Backlog:
        connection = self._session.connection
        newest = connection.scalar(select(func.max(self._schema.messages.c.n))) or 0
        again = len(self._index.pending(connection, _END, SCAN))
        return Backlog(waiting=newest - self._index.upto(connection) + again, newest=newest)

    def index(self, most: int) -> None:
        self._session.writes += 1
        self._index.fill(self._session.connection, most)

    def find(self, search: Search, *, before: int | None, limit: int) -> Hits:
        below = _END if before is None else before
        ns, low = self._down(search, below, limit + 1)
        if len(ns) > limit:
            ns = ns[:limit]
            return Hits(self._load(ns), ns[-1])
        return Hits(self._load(ns), low or None)

    def _down(self, search: Search, below: int, most: int) -> tuple[list[int], int]:
        """The newest matches, and how far down was looked: 0 for to the end."""
        upto = self._index.upto(self._session.connection)
        match = fts5.expression(search.terms)
        waiting = self._unindexed(search, match, self._waiting, below=below, upto=upto, scan=SCAN)
        if waiting.low or len(waiting.ns) >= most:
            return list(waiting.ns), waiting.low
        below = min(below, upto + 1)
        indexed = self._indexed(search, below, most)
        again = self._again(search, match, below)
        low = max(indexed.low, again.low)
        both = sorted((n for n in (*indexed.ns, *again.ns) if n >= low), reverse=True)
        return [*waiting.ns, *both], low

    def _unindexed(self, search: Search, match: str, chosen: Select[Any], **values: Any) -> _Found:
        """Those of the chosen rows that match, though the index doesn't know."""
        few = chosen.subquery()
        m = self._schema.messages.c
        rows = self._visible(search, few, m.n, m.body).subquery()
        found = self._session.row(
            select(
                func.json_group_array(func.json_array(rows.c.n, rows.c.body)),
                select(func.count()).select_from(few).scalar_subquery(),
                select(func.min(few.c.n)).scalar_subquery(),
            ),
            self._values(search, **values),
        )
        text, looked, low = found or ("[]", 0, 0)
        ns = fts5.matching(text, match) if text != "[]" else []
        return _Found(ns, low if looked >= SCAN else 0)

    def _again(self, search: Search, match: str, below: int) -> _Found:
        ns = self._index.pending(self._session.connection, below, SCAN)
        if not ns:
            return _Found((), 0)
        given = func.json_each(bindparam("ns")).table_valued("value", name="again")
        chosen = select(given.c.value.label("n"))
        return self._unindexed(search, match, chosen, ns=_encode(ns).decode())

    def _indexed(self, search: Search, below: int, most: int) -> _Found:
        few = self._matching.subquery()
        m = self._schema.messages.c
        match = fts5.expression(search.terms, self._places(search))
        values = self._values(search, match=match, below=below, scan=SCAN)
        visible = self._visible(search, few, m.n).order_by(m.n.desc()).limit(most)
        ns = [int(row[0]) for row in self._session.rows(visible, values)]
        if len(ns) >= most:
            return _Found(ns, ns[-1])
        looked = self._session.row(select(func.count(), func.min(few.c.n)), values)
        count, low = looked or (0, 0)
        return _Found(ns, int(low) if count >= SCAN else 0)

    def _places(self, search: Search) -> Sequence[int]:
        """The conversations to look in, where they are few enough to be looked up."""
        if search.conversation_n is not None:
            return (search.conversation_n,)
        b = self._schema.members.c
        mine = select(b.conversation_n).where(b.user_id == search.viewer, b.left_at.is_(None))
        rows = self._session.rows(mine.limit(PLACES + 1))
        return [int(row[0]) for row in rows] if len(rows) <= PLACES else ()

    def _visible(self, search: Search, few: Any, *columns: Any) -> Select[Any]:
        """What the viewer may see of ``few``: the same as everywhere, in one statement."""
        m, b, streams = (
            self._schema.messages.c,
            self._schema.members.c,
            self._schema.conversations.c,
        )
        hidden = self._schema.hidden.c
        chosen = (
            select(*columns)
            .select_from(few.join(self._schema.messages, m.n == few.c.n))
            .join(self._schema.members, b.conversation_n == m.conversation_n)
            .join(self._schema.conversations, streams.n == m.conversation_n)
            .where(b.user_id == bindparam("viewer"), b.left_at.is_(None))
            .where(streams.deleted_at.is_(None), m.seq > b.floor_seq, m.seq > streams.pruned_seq)
            .where(m.body.is_not(None), m.deleted_at.is_(None))
            .where(or_(m.expires_at.is_(None), m.expires_at > bindparam("now")))
            .where(
                ~exists(literal(1))
                .where(hidden.user_id == bindparam("viewer"))
                .where(hidden.conversation_n == m.conversation_n, hidden.seq == m.seq)
            )
        )
        if search.conversation_n is not None:
            chosen = chosen.where(m.conversation_n == search.conversation_n)
        if search.sender_id is not None:
            chosen = chosen.where(m.sender_id == search.sender_id)
        return chosen

    def _values(self, search: Search, **more: Any) -> dict[str, Any]:
        return {"viewer": search.viewer, "now": self._session.now, **more}

    def _load(self, ns: Sequence[int]) -> list[Hit]:
        rows = self._session.rows(self._rows, {"ns": _encode(list(ns)).decode()}) if ns else ()
        return [Hit(int(n), ConversationId(id), self._mapping.load(rest)) for n, id, *rest in rows]
