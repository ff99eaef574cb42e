"""``export user`` and ``export conversation``: data taken along, as a file."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import anyio

from chatcore.cli import databases
from chatcore.cli.progress import ProgressBar
from chatcore.engine import ChatEngine
from chatcore.errors import Invalid, NotFound
from chatcore.flows import exports as flow
from chatcore.ids import UserId
from chatcore.rules.text import fold_username
from chatcore.services import exports


def add(commands: Any) -> None:
    """The command's parser, with one of its own for what is exported."""
    parser = commands.add_parser("export", help="take data along, as a file")
    kinds = parser.add_subparsers(title="what", metavar="WHAT", required=True)
    user = kinds.add_parser(
        "user",
        help="all that one account holds",
        description="Write profile, sessions, memberships, own messages, reactions and votes, "
        "contacts, blocks and files: as a ZIP file with the files in it, or as lines of JSON.",
    )
    user.add_argument("name", metavar="NAME", help="a username or an id")
    user.add_argument(
        "--files", metavar="FOLDER", type=Path, help="where files lie, to take them into the ZIP"
    )
    user.set_defaults(run=run_user)
    conversation = kinds.add_parser(
        "conversation",
        help="a whole conversation",
        description="Write a conversation, its members and all of its messages as lines of JSON.",
    )
    conversation.add_argument("name", metavar="ID", help="its id, or a title that only it has")
    conversation.set_defaults(run=run_conversation)
    for one in (user, conversation):
        one.add_argument("--database", dest="url", metavar="URL", required=True)
        one.add_argument("--output", metavar="FILE", type=Path, required=True)
        one.add_argument(
            "--progress", action="store_true", default=None, help="show it even off a terminal"
        )
        databases.add(one)


def run_user(options: argparse.Namespace) -> int:
    """A ZIP file or lines, by the ending of the output's name."""
    if options.output.suffix not in (".zip", ".jsonl"):
        raise Invalid("--output ends in .zip or .jsonl")
    return _written(options, anyio.run(_user, options, _bar(options)))


async def _user(options: argparse.Namespace, bar: ProgressBar) -> Counter[str]:
    async with _engine(options, options.files) as engine:
        user = await _find(engine, options.name)
        with _Output(options.output) as file:
            if options.output.suffix == ".zip":
                files = options.files is not None
                return await flow.archive(engine, user, file, bar, files=files)
            return await flow.lines(flow.user_entries(engine, user, bar), file)


async def _find(engine: ChatEngine, name: str) -> UserId:
    try:
        key = fold_username(name, engine.limits.name_chars)
        found = await engine.accounts_read(lambda work: work.unit.users.by_username(key))
    except Invalid:
        found = None
    if found is not None:
        return found.id
    user = UserId(name)
    if await engine.chat_read(lambda work: work.unit.actors.get(user)) is None:
        raise NotFound
    return user


def run_conversation(options: argparse.Namespace) -> int:
    """Lines of JSON."""
    return _written(options, anyio.run(_conversation, options, _bar(options)))


async def _conversation(options: argparse.Namespace, bar: ProgressBar) -> Counter[str]:
    async with _engine(options, None) as engine:
        id = await engine.chat_read(lambda work: exports.find(work, options.name))
        with _Output(options.output) as file:
            return await flow.lines(flow.conversation_entries(engine, id, bar), file)


def _engine(options: argparse.Namespace, files: Path | None) -> ChatEngine:
    settings = databases.settings(options)
    return ChatEngine(options.url, accounts=options.accounts, settings=settings, files=files)


def _bar(options: argparse.Namespace) -> ProgressBar:
    return ProgressBar(sys.stderr, shown=options.progress)


class _Output:
    """A file that is there when it is whole, and only its owner's to read."""

    def __init__(self, path: Path) -> None:
        self._path, self._part = path, path.with_name(f"{path.name}.part")

    def __enter__(self) -> Any:
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
        self._file = os.fdopen(os.open(self._part, flags, 0o600), "w+b")
        return self._file

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._file.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink()


def _written(options: argparse.Namespace, counts: Counter[str]) -> int:
    told = ", ".join(f"{number:,} {kind}" for kind, number in sorted(counts.items()))
    print(f"{options.output}: {told}")
    return 0
