"""The word index on SQLite: an FTS5 table of all messages but the latest.

Filling it with every send would make sends a twentieth dearer, so it is filled in steps, in the
order of ``n``, up to the message noted in ``meta``. Triggers keep what it holds in line with
messages that are edited or deleted, whoever does so: the old text goes at once, and what was
edited waits to be indexed again. Plain inserts fire none of them.

Messages that wait are searched through a small index in memory, with the same tokenizer, so that
no question is answered differently for being asked early.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Final

import msgspec
from sqlalchemy import Connection

from chatcore.rules.search import UNSPACED, spaced

INDEXED: Final = "indexed"
"""The row of ``meta`` that holds up to which ``n`` messages were indexed."""

_SPACED: Final = "chatcore_spaced"
_WORDS: Final = "tokenize = 'unicode61 remove_diacritics 2'"
_decode = msgspec.json.Decoder(list[int]).decode


def prepare(connection: sqlite3.Connection) -> None:
    """Give a fresh connection what indexing calls."""
    connection.create_function(_SPACED, 1, spaced, deterministic=True)


def expression(terms: Sequence[tuple[str, bool]], places: Sequence[int] = ()) -> str:
    """What MATCH takes. Every term is a quoted string, in which only the quote has a meaning."""
    parts = [f'"{words.replace(chr(34), chr(34) * 2)}"{"*" * prefix}' for words, prefix in terms]
    found = f"{{body}} : ({' '.join(parts)})"
    if places:
        found = f"{{place}} : ({' OR '.join(f'c{n}' for n in places)}) AND {found}"
    return found


def matching(rows: str, match: str) -> list[int]:
    """The ``n`` of those of ``rows`` (JSON: [[n, body], …]) that match, newest first."""
    with closing(sqlite3.connect(":memory:")) as memory:
        prepare(memory)
        memory.execute(f"CREATE VIRTUAL TABLE waiting USING fts5 (body, {_WORDS})")
        memory.execute(
            "INSERT INTO waiting (rowid, body)"
            f" SELECT value ->> 0, {_SPACED}(value ->> 1) FROM json_each(?)",
            (rows,),
        )
        row = memory.execute(
            "SELECT json_group_array(rowid) FROM waiting WHERE waiting MATCH ?", (match,)
        ).fetchone()
        return sorted(_decode(row[0]), reverse=True)


class WordIndex:
    """The index behind one prefix. Its statements hold names of our own tables and no values."""

    def __init__(self, prefix: str) -> None:
        self.words = f"{prefix}words"
        self._messages = f"{prefix}messages"
        self._pending = f"{prefix}words_pending"
        self._meta = f"{prefix}meta"
        self._prefix = prefix
        self._upto = f"(SELECT CAST(value AS INTEGER) FROM {self._meta} WHERE name = '{INDEXED}')"

    def create(self, connection: Connection) -> None:
        """Make what isn't there yet."""
        for statement in self._ddl():
            connection.exec_driver_sql(statement)

    def _ddl(self) -> tuple[str, ...]:
        messages, words, pending, upto = self._messages, self.words, self._pending, self._upto
        return (
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {words} USING fts5 (place, body, {_WORDS})",
            f"CREATE TABLE IF NOT EXISTS {pending} (n INTEGER PRIMARY KEY)",
            f"INSERT OR IGNORE INTO {self._meta} (name, value) VALUES ('{INDEXED}', '0')",
            f"CREATE TRIGGER IF NOT EXISTS {self._prefix}words_edited"
            f" AFTER UPDATE OF body ON {messages}"
            f" WHEN old.body IS NOT new.body AND old.n <= {upto} BEGIN"
            f" DELETE FROM {words} WHERE rowid = old.n;"
            f" DELETE FROM {pending} WHERE n = old.n;"
            f" INSERT INTO {pending} SELECT new.n WHERE new.body IS NOT NULL;"
            " END",
            # A row number is given again once the highest is free: then it has to be indexed anew.
            f"CREATE TRIGGER IF NOT EXISTS {self._prefix}words_deleted"
            f" AFTER DELETE ON {messages} WHEN old.n <= {upto} BEGIN"
            f" DELETE FROM {words} WHERE rowid = old.n;"
            f" DELETE FROM {pending} WHERE n = old.n;"
            f" UPDATE {self._meta} SET value ="
            f" min({upto}, (SELECT coalesce(max(n), 0) FROM {messages}))"
            f" WHERE name = '{INDEXED}';"
            " END",
        )

    def upto(self, connection: Connection) -> int:
        """Up to which ``n`` the index goes."""
        return int(connection.exec_driver_sql(f"SELECT {self._upto}").scalar() or 0)

    def pending(self, connection: Connection, below: int, most: int) -> list[int]:
        """Messages within the index that wait to be indexed again, newest first."""
        row = connection.exec_driver_sql(
            "SELECT json_group_array(n) FROM"
            f" (SELECT n FROM {self._pending} WHERE n < ? ORDER BY n DESC LIMIT ?)",
            (below, most),
        ).scalar()
        return sorted(_decode(str(row)), reverse=True)

    def fill(self, connection: Connection, most: int) -> None:
        """Index up to ``most`` messages, those that were edited first."""
        again = self.pending(connection, 1 << 62, most)
        if again:
            given = msgspec.json.encode(again).decode()
            self._add(connection, "n IN (SELECT value FROM json_each(?))", (given,))
            connection.exec_driver_sql(
                f"DELETE FROM {self._pending} WHERE n IN (SELECT value FROM json_each(?))",
                (given,),
            )
        if len(again) < most:
            self._go_on(connection, most - len(again))

    def _go_on(self, connection: Connection, most: int) -> None:
        first = self.upto(connection)
        last = connection.exec_driver_sql(
            f"SELECT max(n) FROM (SELECT n FROM {self._messages} WHERE n > ? ORDER BY n LIMIT ?)",
            (first, most),
        ).scalar()
        if last is None:
            return
        self._add(connection, "n > ? AND n <= ?", (first, last))
        connection.exec_driver_sql(
            f"UPDATE {self._meta} SET value = ? WHERE name = '{INDEXED}'",
            (str(last),),
        )

    def _add(self, connection: Connection, which: str, values: tuple[object, ...]) -> None:
        # One statement, inside which the interpreter's lock is free: only texts that need it are
        # handed to Python.
        connection.exec_driver_sql(
            f"INSERT INTO {self.words} (rowid, place, body)"
            " SELECT n, 'c' || conversation_n,"
            f" CASE WHEN body GLOB '*[{UNSPACED}]*' THEN {_SPACED}(body) ELSE body END"
            f" FROM {self._messages} WHERE {which} AND body IS NOT NULL",
            values,
        )
