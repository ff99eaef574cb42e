"""``doctor``: whether a database keeps what it is given."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from chatcore.cli import databases
from chatcore.storage.sql.inspection import Finding, inspect


def add(commands: Any) -> None:
    """The command's parser."""
    parser = commands.add_parser(
        "doctor",
        help="check a database's settings, tables and disk",
        description="Read back, through the connections that an engine would use, whether the "
        "database keeps what it is given. Exits with 1 where something is weak.",
    )
    parser.add_argument("url", metavar="URL", help="such as sqlite:///chat.db")
    databases.add(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Inspect each database once, and say what is weak."""
    prefix = databases.settings(options).table_prefix
    stores = databases.stores(options)
    weak = 0
    for url in dict.fromkeys(stores.values()):
        here = [store for store, place in stores.items() if place == url]
        with databases.opened(url) as database:
            findings = inspect(database, here, prefix)
        print(table(findings))
        weak += sum(not finding.sound for finding in findings)
    print(f"{weak} weak" if weak else "all is well")
    return 1 if weak else 0


def table(findings: Sequence[Finding]) -> str:
    """One line a finding, in columns."""
    rows = [("", "setting", "found", "wanted")]
    rows += [("ok" if one.sound else "WEAK", one.name, one.found, one.wanted) for one in findings]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines)
