"""``migrate`` and ``doctor``: what they say of a database, and with which exit status."""

import shutil
import sqlite3
from collections import namedtuple
from pathlib import Path

import pytest
from sqlalchemy import event

from chatcore.cli import databases, main
from chatcore.cli.doctor import table
from chatcore.errors import Misconfigured
from chatcore.storage.sql import inspection, migrations, sqlite
from chatcore.storage.sql.database import Database, open_database
from chatcore.storage.sql.inspection import Finding, inspect

Usage = namedtuple("Usage", "total used free")


def weak(findings: list[Finding]) -> list[str]:
    """The names of what isn't sound."""
    return [one.name for one in findings if not one.sound]


def newest(store: str) -> str:
    """The version that a store's tables come to."""
    folder = Path(migrations.__file__).parent / store
    return f"{store}_{max(file.name[:4] for file in folder.glob('0*.py'))}"


def tables(file: Path) -> set[str]:
    """The names of a file's tables."""
    with sqlite3.connect(file) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    return {name for (name,) in rows}


def test_migrate_makes_both_stores_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first time it makes the tables, the second time there is nothing to do."""
    url = f"sqlite:///{tmp_path}/chat.db"
    assert main(["migrate", url]) == 0
    assert f"no tables → {newest('chat')}" in capsys.readouterr().out
    assert {"chat_messages", "chat_users"} <= tables(tmp_path / "chat.db")
    assert main(["migrate", url]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"chat: up to date ({newest('chat')})",
        f"accounts: up to date ({newest('accounts')})",
    ]


def test_migrate_puts_accounts_elsewhere_and_a_prefix_before(tmp_path: Path) -> None:
    """Each store's tables lie in its own database, under the prefix that was given."""
    chat, accounts = tmp_path / "chat.db", tmp_path / "accounts.db"
    command = ["migrate", f"sqlite:///{chat}", "--accounts", f"sqlite:///{accounts}"]
    assert main([*command, "--prefix", "talk_"]) == 0
    assert "talk_messages" in tables(chat)
    assert "talk_users" not in tables(chat)
    assert "talk_users" in tables(accounts)


def test_doctor_finds_nothing_in_a_good_database(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every setting is listed as ok."""
    assert main(["doctor", database]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "all is well"
    assert {line.split()[0] for line in lines[1:-1]} == {"ok"}
    assert {"synchronous", "quick_check", newest("chat")} <= set(" ".join(lines).split())


def test_doctor_names_what_is_weak(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A database without tables fails, and says of which store."""
    file = tmp_path / "empty.db"
    sqlite3.connect(file).close()
    file.touch()
    assert main(["doctor", f"sqlite:///{file}"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines if line.startswith("WEAK")] == [
        ["WEAK", "tables:", "chat", "none", newest("chat")],
        ["WEAK", "tables:", "accounts", "none", newest("accounts")],
    ]
    assert lines[-1] == "2 weak"


def test_doctor_looks_at_two_databases_for_what_each_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Accounts are only asked for where they are said to be."""
    urls = [f"sqlite:///{tmp_path}/{name}.db" for name in ("chat", "accounts")]
    assert main(["migrate", urls[0], "--accounts", urls[1]]) == 0
    capsys.readouterr()
    assert main(["doctor", urls[0], "--accounts", urls[1]]) == 0
    assert capsys.readouterr().out.count("quick_check") == 2
    assert main(["doctor", urls[0]]) == 1


def test_doctor_sees_tables_that_are_behind(database: str) -> None:
    """Another version than the newest is weak."""
    with sqlite3.connect(database.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE chat_chat_version SET version_num = 'chat_0000'")
    connection.close()
    with databases.opened(database) as opened:
        assert weak(inspect(opened, ["chat", "accounts"], "chat_")) == ["tables: chat"]


@pytest.mark.parametrize(
    ("role", "pragma", "name"),
    [
        ("writer", "journal_mode = DELETE", "writer: journal_mode"),
        ("writer", "synchronous = NORMAL", "writer: synchronous"),
        ("writer", "synchronous = OFF", "writer: synchronous"),
        ("writer", "foreign_keys = OFF", "writer: foreign_keys"),
        ("writer", "busy_timeout = 4999", "writer: busy_timeout"),
        ("reader", "busy_timeout = 0", "reader: busy_timeout"),
        ("reader", "query_only = OFF", "reader: query_only"),
    ],
)
def test_a_weak_setting_is_named(database: str, role: str, pragma: str, name: str) -> None:
    """Each setting is read back through the connection it belongs to."""
    opened = open_database(database, readers=1)
    try:
        event.listen(
            getattr(opened, role),
            "connect",
            lambda connection, _: connection.execute(f"PRAGMA {pragma}").close(),
        )
        assert weak(inspect(opened, ["chat"], "chat_")) == [name]
    finally:
        opened.close()


def test_an_old_sqlite_is_weak(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest version that is enough, and one before it."""
    assert inspection._version().sound
    monkeypatch.setattr(sqlite3, "sqlite_version_info", sqlite.OLDEST)
    assert inspection._version().sound
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 37, 2))
    assert not inspection._version().sound


def test_a_full_disk_is_weak(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The least that is enough, and a byte less."""
    least = inspection._FREE_BYTES
    for free, found in ((least, []), (least - 1, ["free disk"])):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: Usage(0, 0, free))
        with databases.opened(database) as opened:
            assert weak(inspect(opened, ["chat"], "chat_")) == found


def test_a_damaged_database_is_weak(database: str) -> None:
    """A page overwritten in the middle shows in the check of the whole file."""
    file = Path(database.removeprefix("sqlite:///"))
    content = bytearray(file.read_bytes())
    middle = len(content) // 2 // 4_096 * 4_096
    content[middle : middle + 64] = b"\xff" * 64
    file.write_bytes(content)
    with databases.opened(database) as opened:
        assert weak(inspect(opened, [], "chat_")) == ["quick_check"]


def test_doctor_makes_no_database(tmp_path: Path) -> None:
    """A name misspelt is an error, not an empty database that is well."""
    opened: Database = open_database(f"sqlite:///{tmp_path}/none.db", readers=1)
    with pytest.raises(Misconfigured, match="There is no database"):
        inspect(opened, ["chat"], "chat_")
    opened.close()
    assert list(tmp_path.iterdir()) == []


def test_a_table_has_its_columns_aligned() -> None:
    """Each column is as wide as its widest entry."""
    rows = [Finding("a", "1", "2", True), Finding("longer", "100", "2", False)]
    assert table(rows).splitlines() == [
        "      setting  found  wanted",
        "ok    a        1      2",
        "WEAK  longer   100    2",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["migrate", "postgresql://db/chat"], "No storage for 'postgresql' yet"),
        (["migrate", "sqlite://"], "SQLite in memory is not durable"),
        (["migrate", "chat.db"], "Not a database URL"),
        (["migrate", "sqlite:///chat.db", "--prefix", "Chat-"], "A prefix has at most 20"),
        (["migrate", "sqlite:////nowhere/at/all/chat.db"], "unable to open database file"),
        (["doctor", "sqlite:///missing.db"], "There is no database 'missing.db'"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line on standard error and status 1, no traceback, and no file left behind."""
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("chatcore: ")
    assert said in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_something_else_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What SQLite makes of a file that isn't its own is passed on."""
    file = tmp_path / "notes.db"
    file.write_bytes(b"no database at all " * 100)
    assert main(["doctor", f"sqlite:///{file}"]) == 1
    assert "file is not a database" in capsys.readouterr().err
