"""The floor: the same rows, batch and durability through bare sqlite3, and nothing else."""

from __future__ import annotations

import sqlite3
import tempfile
import time

from sqlalchemy import create_engine

from benchmarks.load import BODY
from chatcore.storage.sql.schema import ChatSchema


def floor_rows_per_s(batch: int, seconds: float = 2.0) -> int:
    """Message rows a second, ``batch`` to a commit."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/floor.db"
        schema = ChatSchema("")
        engine = create_engine(f"sqlite:///{path}")
        schema.metadata.create_all(engine)
        engine.dispose()
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL").close()
        connection.execute("PRAGMA synchronous = FULL").close()
        try:
            return _run(connection, schema, max(batch, 1), seconds)
        finally:
            connection.close()


def _run(connection: sqlite3.Connection, schema: ChatSchema, batch: int, seconds: float) -> int:
    names = [column.name for column in schema.messages.columns if column.name != "n"]
    insert = f"INSERT INTO messages ({', '.join(map(_quoted, names))}) VALUES ({', '.join('?' * len(names))})"  # noqa: E501, S608
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        rows = [_row(names, count + index) for index in range(batch)]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(insert, rows)
        connection.execute("COMMIT")
        count += batch
    return round(count / (time.perf_counter() - began))


def _quoted(name: str) -> str:
    return f'"{name}"'


def _row(names: list[str], number: int) -> tuple[object, ...]:
    now = time.time_ns() // 1_000_000
    values: dict[str, object] = {
        "conversation_n": number % 25,
        "seq": number,
        "rev": number,
        "sent_rev": number,
        "nonce": f"{number:010x}",
        "sender_id": "01m7wkv0zcejnzwba84mhjvb24",
        "kind": "text",
        "body": BODY,
        "key": f"{now:012x}{number:010x}",
        "digest": f"{number:064x}",
        "created_at": now,
        "updated_at": now,
        "version": 1,
    }
    return tuple(values.get(name) for name in names)
