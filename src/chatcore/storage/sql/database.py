"""Connections: one SQLAlchemy engine that writes and one that reads, with safe settings.

The host gives a URL or an Engine. On SQLite chatcore always opens connections of its own, because
its settings (WAL, full durability, BEGIN IMMEDIATE) belong to connections.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from chatcore.errors import Misconfigured
from chatcore.storage.sql import sqlite


@frozen
class Database:
    """Where transactions begin. Both engines may be one."""

    writer: Engine
    reader: Engine

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


def open_database(where: str | URL | Engine, *, readers: int) -> Database:
    """Engines for ``where``. Raises :class:`Misconfigured` for what chatcore can't run on."""
    try:
        url = where.url if isinstance(where, Engine) else make_url(where)
        dialect = url.get_backend_name()
        if dialect != "sqlite":
            raise Misconfigured(f"No storage for {dialect!r} yet: use sqlite:///file.db")
        if url.database in (None, "", ":memory:") or url.query.get("mode") == "memory":
            raise Misconfigured("SQLite in memory is not durable: use a file, sqlite:///chat.db")
        return Database(_engine(url, 2, sqlite.WRITER), _engine(url, readers + 1, sqlite.READER))
    except (ArgumentError, NoSuchModuleError) as error:
        raise Misconfigured(f"Not a database URL: {error}") from error


def _engine(url: URL, connections: int, role: sqlite.Role) -> Engine:
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=2,
        connect_args={"check_same_thread": False, "timeout": sqlite.BUSY_S},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        sqlite.prepare(connection, role)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(role.begin)

    return engine
