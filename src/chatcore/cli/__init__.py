"""The command line.

    python -m chatcore demo --sample
    python -m chatcore migrate sqlite:///chat.db
    python -m chatcore doctor sqlite:///chat.db
    python -m chatcore prune sqlite:///chat.db --days 365
    python -m chatcore export user ada --database sqlite:///chat.db --output ada.zip
    python -m chatcore import irc 2016-12-19.txt --title "#ubuntu" --database sqlite:///chat.db

Each command is a module that adds its parser and runs it. The exit status is 0 for success, 1 for
what couldn't be done, 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError

from chatcore.cli import demo, doctor, exports, imports, migrate, prune
from chatcore.errors import ChatError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status. ``arguments`` are the process's own by default."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (ChatError, OSError) as error:
        return _failed(str(error))
    except DBAPIError as error:
        return _failed(f"the database says: {error.orig}")
    except KeyboardInterrupt:
        return _failed("interrupted")


def parser() -> argparse.ArgumentParser:
    """All commands."""
    top = argparse.ArgumentParser(
        prog="python -m chatcore", description="The chat engine that you import."
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (demo, migrate, doctor, imports, exports, prune):
        command.add(commands)
    return top


def _failed(reason: str) -> int:
    print(f"chatcore: {reason}", file=sys.stderr)
    return 1
