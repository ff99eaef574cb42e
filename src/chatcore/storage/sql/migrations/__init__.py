"""How the tables came to be: Alembic migrations, one line of versions for each store.

    upgrade(connection, "chat", "chat_")

Each store keeps its version in a table of its own, so that both may share a database or not.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_HERE = Path(__file__).parent


def version_table(branch: str, prefix: str) -> str:
    """The table that says how far a store's schema is."""
    return f"{prefix}{branch}_version"


def _config(connection: Connection, branch: str, prefix: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("version_locations", str(_HERE / branch))
    config.set_main_option("path_separator", "newline")
    config.attributes.update(
        connection=connection, prefix=prefix, version_table=version_table(branch, prefix)
    )
    return config


def versions(connection: Connection, branch: str, prefix: str) -> tuple[str | None, str | None]:
    """The version of a store's tables, None where it has none, and the newest there is."""
    options = {"version_table": version_table(branch, prefix)}
    current = MigrationContext.configure(connection, opts=options).get_current_revision()
    return current, _newest(branch)


@cache
def _newest(branch: str) -> str | None:
    """The last version of a branch. Reading the scripts takes longer than all else at opening."""
    return ScriptDirectory(str(_HERE), version_locations=[str(_HERE / branch)]).get_current_head()


def pending(connection: Connection, branch: str, prefix: str) -> bool:
    """Whether the schema is behind this version of chatcore."""
    current, newest = versions(connection, branch, prefix)
    return current != newest


def upgrade(connection: Connection, branch: str, prefix: str) -> None:
    """Bring a store's schema up to date, inside the caller's transaction."""
    if pending(connection, branch, prefix):
        command.upgrade(_config(connection, branch, prefix), "head")
