"""Migrations of databases with something in them."""

from pathlib import Path

from alembic import command
from sqlalchemy import create_engine, text

from chatcore.storage.sql.migrations import _config, upgrade


def test_whoever_is_in_a_block_is_known_to_be(tmp_path: Path) -> None:
    """With a row of their own already, or without one."""
    engine = create_engine(f"sqlite:///{tmp_path}/chat.db")
    with engine.begin() as connection:
        command.upgrade(_config(connection, "chat", "chat_"), "chat_0002")
        row = "INSERT INTO chat_actors VALUES (:user, TRUE, 3, 5, 0, 7)"
        for user in ("ann", "cid"):
            connection.execute(text(row), {"user": user})
        block = "INSERT INTO chat_blocks VALUES ('ann', 'ben', 1, :active, 5)"
        connection.execute(text(block), {"active": True})
        upgrade(connection, "chat", "chat_")
        found = connection.execute(text("SELECT user_id, rev, has_blocks FROM chat_actors"))
        assert sorted(map(tuple, found)) == [("ann", 5, 1), ("ben", 0, 1), ("cid", 5, 0)]
    engine.dispose()
