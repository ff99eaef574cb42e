"""Whether a database keeps what it is given: its settings read back, its tables and its disk.

Asked through the very connections that an engine uses, since on SQLite most settings belong to
connections. Nobody has to wait for it: the one long check runs on a reader.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection

from chatcore.errors import Misconfigured
from chatcore.storage.sql import sqlite
from chatcore.storage.sql.database import Database
from chatcore.storage.sql.migrations import versions

_Wanted = Mapping[str, tuple[Collection[object], str]]

# Settings as SQLite reports them: which are safe, and how to say so.
_WRITER: Final[_Wanted] = {
    "journal_mode": ({"wal"}, "wal"),
    "synchronous": ({2, 3}, "2 (FULL)"),
    "foreign_keys": ({1}, "1"),
}
_READER: Final[_Wanted] = {"query_only": ({1}, "1")}
_FREE_BYTES: Final = 256 * 1024 * 1024
"""Room for the write-ahead log to grow while a long read holds it, and for a day's messages."""


@frozen
class Finding:
    """One thing looked at."""

    name: str
    found: str
    wanted: str
    sound: bool


def inspect(database: Database, stores: Iterable[str], prefix: str) -> list[Finding]:
    """Everything that can be found out; ``stores`` are those kept here: chat, accounts.

    Raises :class:`Misconfigured` where there is no database yet, rather than making one.
    """
    file = Path(database.writer.url.database or "")
    if not file.is_file():
        raise Misconfigured(f"There is no database {str(file)!r}")
    with database.writer.connect() as connection:
        findings = [_version(), *_settings(connection, "writer", _WRITER)]
    with database.reader.connect() as connection:
        findings += _settings(connection, "reader", _READER)
        findings.append(_integrity(connection))
        findings += (_tables(connection, store, prefix) for store in stores)
    return [*findings, _disk(file)]


def _version() -> Finding:
    oldest = ".".join(map(str, sqlite.OLDEST))
    sound = sqlite3.sqlite_version_info >= sqlite.OLDEST
    return Finding("sqlite version", sqlite3.sqlite_version, f"≥ {oldest}", sound)


def _settings(connection: Connection, role: str, wanted: _Wanted) -> Iterator[Finding]:
    for name, (safe, said) in wanted.items():
        found = _pragma(connection, name)
        yield Finding(f"{role}: {name}", str(found), said, found in safe)
    waits = int(_pragma(connection, "busy_timeout"))
    least = int(sqlite.BUSY_S * 1_000)
    yield Finding(f"{role}: busy_timeout", f"{waits} ms", f"≥ {least} ms", waits >= least)


def _integrity(connection: Connection) -> Finding:
    found = str(_pragma(connection, "quick_check(1)"))
    return Finding("quick_check", found, "ok", found == "ok")


def _tables(connection: Connection, store: str, prefix: str) -> Finding:
    found, newest = versions(connection, store, prefix)
    return Finding(f"tables: {store}", found or "none", str(newest), found == newest)


def _disk(file: Path) -> Finding:
    free = shutil.disk_usage(file.parent).free
    return Finding(
        "free disk", _megabytes(free), f"≥ {_megabytes(_FREE_BYTES)}", free >= _FREE_BYTES
    )


def _megabytes(count: int) -> str:
    return f"{count // (1024 * 1024):,} MiB"


def _pragma(connection: Connection, name: str) -> Any:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()
