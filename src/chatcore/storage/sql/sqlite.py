"""What is particular to SQLite: settings, how a transaction begins, and bulk statements.

sqlite3 releases the interpreter's lock at every row it steps over, and beside a busy event loop
every release may cost a whole switch interval. Hot statements are therefore one for a whole batch.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
from attrs import frozen
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    func,
    literal,
    literal_column,
    select,
)

from chatcore.errors import Misconfigured
from chatcore.storage.sql import fts5

BUSY_S: Final = 5.0
OLDEST: Final = (3, 38, 0)
"""JSON functions are always built in from here on."""

# How many rows a statement has room for: few sizes, so that all of them stay prepared, each at most
# half as large again as the one before. Rows that aren't needed are NULL and left out.
_SIZES: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


@frozen
class Role:
    """What a connection is for."""

    begin: str
    pragmas: tuple[str, ...]


# IMMEDIATE: a read that turns into a write inside a deferred transaction fails at once, in spite
# of the busy timeout. FULL: with NORMAL a power cut loses acknowledged messages.
WRITER: Final = Role(
    "BEGIN IMMEDIATE", ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")
)
READER: Final = Role("BEGIN", ("query_only = ON",))


def prepare(connection: sqlite3.Connection, role: Role) -> None:
    """Set up a fresh connection."""
    if sqlite3.sqlite_version_info < OLDEST:
        raise Misconfigured(f"SQLite {sqlite3.sqlite_version} is too old: 3.38 or newer")
    # Autocommit in the driver; the engine sends BEGIN itself.
    connection.isolation_level = None
    for pragma in role.pragmas:
        connection.execute(f"PRAGMA {pragma}").close()
    fts5.prepare(connection)


def insert_many(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert ``rows`` (values in the order of ``names``), up to 256 with one statement.

    Columns that are NULL in every row are left out: most messages have a third of them so. The
    first is never NULL.
    """
    given = [index for index in range(len(names)) if any(row[index] is not None for row in rows)]
    columns = tuple(names[index] for index in given)
    for begin in range(0, len(rows), _SIZES[-1]):
        some = rows[begin : begin + _SIZES[-1]]
        size = next(size for size in _SIZES if size >= len(some))
        values = [row[index] for row in some for index in given]
        values += [None] * (size * len(given) - len(values))
        connection.exec_driver_sql(_insert(table.name, columns, size), tuple(values))


def matching(columns: Sequence[Any], by: Sequence[Column[Any]]) -> Select[Any]:
    """A SELECT of the rows whose ``by`` equals one of the tuples bound as ``given``.

    (a, b) IN (…) would scan the whole table: SQLite uses no index for it. A join does, and its
    text stays the same however many tuples there are. Bind :func:`tuples` of them.
    """
    given = func.json_each(bindparam("given")).table_valued("value", name="given")
    same = (
        column == func.json_extract(given.c.value, f"$[{index}]") for index, column in enumerate(by)
    )
    return select(*columns).select_from(given.join(by[0].table, and_(*same)))


def given(index: int) -> ColumnElement[Any]:
    """A place of each tuple that :func:`for_each` goes through. As text, it reaches any depth."""
    return literal_column(f"json_extract(given.value, '$[{index}]')")


def for_each(*columns: Any) -> Select[Any]:
    """A SELECT of one row for each tuple bound as ``given``; its columns may use :func:`given`."""
    every = func.json_each(bindparam("given")).table_valued("value", name="given")
    return select(*columns).select_from(every)


def greatest(*columns: Any) -> ColumnElement[Any]:
    """The greatest of several numbers."""
    return func.max(*columns)


def contains(column: Any, value: Any) -> ColumnElement[bool]:
    """Whether a JSON list holds ``value``."""
    items = func.json_each(column).table_valued("value", name="items")
    return exists(select(literal(1)).select_from(items).where(items.c.value == value))


def tuples(values: Iterable[tuple[Any, ...]]) -> dict[str, str]:
    """What :func:`matching` binds."""
    return {"given": _encode(list(values)).decode()}


@lru_cache(maxsize=1_024)
def _insert(table: str, names: tuple[str, ...], size: int) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    row = f"({', '.join('?' * len(names))})"
    return (
        # Names of our own tables and columns; every value is a parameter.
        f'INSERT INTO "{table}" ({columns}) SELECT * FROM '  # noqa: S608
        f"(VALUES {', '.join([row] * size)}) WHERE column1 IS NOT NULL"
    )
