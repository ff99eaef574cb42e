"""``prune``: messages that are older than they may be, gone in one round."""

from __future__ import annotations

import argparse
from typing import Any

import anyio
from attrs import evolve

from chatcore.cli import databases
from chatcore.engine import ChatEngine
from chatcore.models import Pruned


def add(commands: Any) -> None:
    """The command's parser."""
    parser = commands.add_parser(
        "prune",
        help="let go of messages that have had their time",
        description="Let go of messages that are past the retention of their conversation or of "
        "--days, and of those that have disappeared. In small steps: other processes may go on. "
        "An open engine does the same by itself.",
    )
    parser.add_argument("url", metavar="URL", help="such as sqlite:///chat.db")
    parser.add_argument(
        "--days", type=_days, help="how long messages are kept at most (default: for ever)"
    )
    databases.add(parser)
    parser.set_defaults(run=run)


def _days(text: str) -> int:
    days = int(text)
    if days < 1:
        raise ValueError
    return days


def run(options: argparse.Namespace) -> int:
    """Prune, and say what went."""
    report = anyio.run(_prune, options)
    print(f"{report.expired} messages disappeared")
    print(f"{report.messages} messages pruned in {report.conversations} conversations")
    return 0


async def _prune(options: argparse.Namespace) -> Pruned:
    settings = evolve(databases.settings(options), retention_days=options.days)
    async with ChatEngine(options.url, accounts=options.accounts, settings=settings) as engine:
        return await engine.prune()
