"""``import irc``: a channel's log becomes a group."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import anyio
from attrs import evolve

from chatcore.cli import databases
from chatcore.cli.progress import ProgressBar
from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import Invalid
from chatcore.importers import irc
from chatcore.importers.transcript import Transcript
from chatcore.importers.transfer import Progress, Transferred, transfer


def add(commands: Any) -> None:
    """The command's parser, with one of its own a format."""
    parser = commands.add_parser("import", help="take over a conversation from elsewhere")
    formats = parser.add_subparsers(title="formats", metavar="FORMAT", required=True)
    log = formats.add_parser(
        "irc",
        help="the log of an IRC channel",
        description="Make a group of an IRC log: a user a nick, a message a line. Running it "
        "again adds what is new, and doubles nothing.",
    )
    log.add_argument("file", metavar="FILE", type=Path, help="lines like [12:30] <nick> text")
    log.add_argument("--title", required=True, help="the group's title, such as #ubuntu")
    log.add_argument("--database", dest="url", metavar="URL", required=True)
    log.add_argument(
        "--replies", metavar="FILE", type=Path, help='lines "A B -": line B answers line A, from 0'
    )
    log.add_argument(
        "--date",
        metavar="YYYY-MM-DD",
        type=date.fromisoformat,
        help="the day of the first line (default: the one in the file's name)",
    )
    log.add_argument(
        "--viewer",
        metavar="NAME",
        action="append",
        default=[],
        help="a user who shall read it; may be given several times",
    )
    log.add_argument(
        "--progress", action="store_true", default=None, help="show progress even off a terminal"
    )
    databases.add(log)
    log.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Read the whole log first: nothing is written of one that can't be read."""
    day = options.date or irc.day_of(options.file.name)
    if day is None:
        raise Invalid(f"No date in the name {options.file.name!r}: give --date YYYY-MM-DD")
    replies = "" if options.replies is None else options.replies.read_text(encoding="utf-8")
    transcript = irc.parse(options.file.read_bytes(), day, replies)
    bar = ProgressBar(sys.stderr, shown=options.progress)
    began = time.perf_counter()
    result = anyio.run(_transfer, options, transcript, bar)
    print(summary(result, options.title, time.perf_counter() - began))
    return 0


async def _transfer(
    options: argparse.Namespace, transcript: Transcript, progress: Progress
) -> Transferred:
    # The largest group there may be: a channel has as many people as it has.
    limits = evolve(Limits(), group_members=10_000)
    engine = ChatEngine(
        options.url,
        accounts=options.accounts,
        limits=limits,
        settings=databases.settings(options),
    )
    async with engine:
        return await transfer(
            engine, transcript, options.title, viewers=options.viewer, progress=progress
        )


def summary(result: Transferred, title: str, seconds: float) -> str:
    """One line that says what has come of it."""
    there = f", {result.repeated:,} entries there already" if result.repeated else ""
    return (
        f"{title}: {result.messages:,} messages ({result.replies:,} replies) and "
        f"{result.notices:,} notices of {result.people:,} people{there} ({seconds:.1f} s)"
    )
