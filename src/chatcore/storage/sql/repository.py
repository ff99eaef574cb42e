"""What all repositories share: their transaction, its clock, and how statements run.

Building a statement costs more than running it, so a repository builds its own once, when the
store opens; :meth:`Repository.bind` then gives a cheap copy for each transaction.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from sqlalchemy import Connection, Executable, Insert, Table
from sqlalchemy.dialects.sqlite import insert

from chatcore.ids import Milliseconds
from chatcore.storage.sql import sqlite


class Session:
    """One open transaction: the connection, the time, and how much was written."""

    def __init__(self, connection: Connection, now: Milliseconds) -> None:
        self.connection = connection
        self.now = now
        self.writes = 0

    def rows(
        self, statement: Executable, values: Mapping[str, Any] | None = None
    ) -> Sequence[Sequence[Any]]:
        """Every row of a SELECT."""
        return self.connection.execute(statement, values or {}).fetchall()

    def row(
        self, statement: Executable, values: Mapping[str, Any] | None = None
    ) -> Sequence[Any] | None:
        """The first row of a SELECT, or None."""
        return self.connection.execute(statement, values or {}).first()

    def write(
        self,
        statement: Executable,
        values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> int:
        """Run a statement that writes, once or for each of several; how many rows it met."""
        self.writes += 1
        result = self.connection.execute(statement, values if values is not None else {})
        return int(result.rowcount)

    def insert(self, table: Table, values: Mapping[str, Any]) -> Any:
        """Insert one row; its new primary key, where that is a number the database gives."""
        self.writes += 1
        result = self.connection.execute(table.insert(), values)
        return result.inserted_primary_key and result.inserted_primary_key[0]

    def insert_many(
        self, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """Insert many rows, values in the order of ``names``, with one statement."""
        self.writes += 1
        sqlite.insert_many(self.connection, table, names, rows)

    def put(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows with the same columns, each replacing one with the same primary key."""
        values = list(rows)
        if values:
            self.write(_upsert(table, values[0]), values)


def _upsert(table: Table, names: Iterable[str]) -> Insert:
    keys = [column.name for column in table.primary_key]
    into = insert(table)
    rest = {name: into.excluded[name] for name in names if name not in keys}
    if not rest:
        return into.on_conflict_do_nothing(index_elements=keys)
    return into.on_conflict_do_update(index_elements=keys, set_=rest)


class Repository:
    """Statements, built once, and the transaction they run in."""

    _session: Session

    def bind(self, session: Session) -> Self:
        """This repository, in ``session``."""
        bound = copy.copy(self)
        bound._session = session
        bound._begin()
        return bound

    def _begin(self) -> None:
        """Make what belongs to one transaction."""
