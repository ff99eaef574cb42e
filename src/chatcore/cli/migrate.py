"""``migrate``: both schemas brought up to date, and what that took."""

from __future__ import annotations

import argparse
from typing import Any

from chatcore.cli import databases
from chatcore.storage.sql.migrations import upgrade, versions


def add(commands: Any) -> None:
    """The command's parser."""
    parser = commands.add_parser(
        "migrate",
        help="bring a database's tables up to date",
        description="Bring the tables of both stores up to date. An engine does the same when it "
        "opens; this is for those who want it done before.",
    )
    parser.add_argument("url", metavar="URL", help="such as sqlite:///chat.db")
    databases.add(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Upgrade each store in one transaction."""
    prefix = databases.settings(options).table_prefix
    for store, url in databases.stores(options).items():
        with (
            databases.opened(url) as database,
            database.writer.connect() as connection,
            connection.begin(),
        ):
            before, newest = versions(connection, store, prefix)
            upgrade(connection, store, prefix)
        if before == newest:
            print(f"{store}: up to date ({newest})")
        else:
            print(f"{store}: {before or 'no tables'} → {newest}")
    return 0
