"""The tables: what migrations make is what the code expects, under any prefix, once."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine

from chatcore.config import Settings
from chatcore.ids import SystemClock
from chatcore.storage.sql import SqlAccountsStore, SqlChatStore
from chatcore.storage.sql.database import open_database
from chatcore.storage.sql.migrations import pending, upgrade, version_table
from chatcore.storage.sql.schema import AccountsSchema, ChatSchema

SCHEMAS: dict[str, Callable[[str], ChatSchema | AccountsSchema]] = {
    "chat": ChatSchema,
    "accounts": AccountsSchema,
}


def open_stores(path: Path, prefix: str) -> str:
    """Make both stores' tables; the chat store's epoch."""
    opened = open_database(f"sqlite:///{path}", readers=1)
    settings = Settings(table_prefix=prefix)
    chat = SqlChatStore(opened, settings, SystemClock())
    chat.open()
    SqlAccountsStore(opened, settings, SystemClock()).open()
    with chat.read() as unit:
        epoch = unit.epoch
    opened.close()
    return epoch


def ddl(path: Path) -> list[tuple[str, str]]:
    """Every table and index as SQLite keeps it."""
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL")
        rows = sorted(found.fetchall())
    connection.close()
    return rows


@pytest.mark.parametrize("prefix", ["chat_", "", "other_app_"])
@pytest.mark.parametrize("branch", SCHEMAS)
def test_migrations_make_what_the_code_expects(tmp_path: Path, branch: str, prefix: str) -> None:
    """Alembic finds no difference between the two."""
    engine = create_engine(f"sqlite:///{tmp_path}/chat.db")
    with engine.begin() as connection:
        assert pending(connection, branch, prefix)
        upgrade(connection, branch, prefix)
        assert not pending(connection, branch, prefix)
        options = {
            "version_table": version_table(branch, prefix),
            "compare_type": True,
            "compare_server_default": True,
        }
        context = MigrationContext.configure(connection, opts=options)
        metadata = SCHEMAS[branch](prefix).metadata
        assert compare_metadata(context, metadata) == []
        found = MetaData()
        found.reflect(connection)
        for table in metadata.tables.values():
            made = found.tables[table.name]
            assert [one.name for one in made.primary_key] == [one.name for one in table.primary_key]
            assert {one.name: one.nullable for one in made.c if not one.primary_key} == {
                one.name: one.nullable for one in table.c if not one.primary_key
            }
    engine.dispose()


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    """The same tables, and the same store: its epoch is for ever."""
    path = tmp_path / "chat.db"
    epoch = open_stores(path, "chat_")
    before = ddl(path)
    assert open_stores(path, "chat_") == epoch
    assert ddl(path) == before


def test_every_name_has_the_prefix(tmp_path: Path) -> None:
    """Tables, indexes and version tables, so that a host's own stay apart."""
    path = tmp_path / "chat.db"
    open_stores(path, "zz_")
    names = [name for name, _ in ddl(path)]
    assert len(names) > 20
    assert {name for name in names if not name.startswith("zz_")} == set()


def test_two_engines_share_a_database_under_two_prefixes(tmp_path: Path) -> None:
    """Each has its own tables and its own epoch."""
    path = tmp_path / "chat.db"
    assert open_stores(path, "a_") != open_stores(path, "b_")
    names = [name for name, _ in ddl(path)]
    assert {name[2:] for name in names if name.startswith("a_")} == {
        name[2:] for name in names if name.startswith("b_")
    }


@pytest.mark.parametrize("prefix", ["Chat_", "x-", "a" * 21, "1"])
def test_a_prefix_is_plain(prefix: str) -> None:
    """Lower-case letters and underscores, not many."""
    with pytest.raises(ValueError, match="table_prefix"):
        Settings(table_prefix=prefix)
