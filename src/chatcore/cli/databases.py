"""What commands that open databases have in common: which ones, and under which prefix."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from chatcore.config import Settings
from chatcore.errors import Misconfigured
from chatcore.storage.sql.database import Database, open_database


def add(parser: argparse.ArgumentParser) -> None:
    """The options beside the chat store's URL."""
    parser.add_argument(
        "--accounts", metavar="URL", help="the database of accounts, where it is another one"
    )
    parser.add_argument(
        "--prefix",
        default=Settings().table_prefix,
        help="before every table's name (default: %(default)s)",
    )


def settings(options: argparse.Namespace) -> Settings:
    """The engine's settings. Raises :class:`Misconfigured` for a bad prefix."""
    try:
        return Settings(table_prefix=options.prefix)
    except ValueError:
        raise Misconfigured("A prefix has at most 20 lower-case letters and underscores") from None


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """The connections that an engine on ``url`` would use."""
    database = open_database(url, readers=1)
    try:
        yield database
    finally:
        database.close()


def stores(options: argparse.Namespace) -> dict[str, str]:
    """The URL of each store's database."""
    return {"chat": options.url, "accounts": options.accounts or options.url}
