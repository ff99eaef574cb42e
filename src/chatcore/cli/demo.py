"""``demo``: the example application, on SQLite and a folder."""

from __future__ import annotations

import argparse
import importlib.util
import ipaddress
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import anyio
from sqlalchemy import URL

import chatcore
from chatcore.cli import sample
from chatcore.errors import Misconfigured, MissingExtra

_NEEDED: Final = ("PIL", "puremagic", "python_multipart", "starlette", "uvicorn", "websockets")
_PACKAGE: Final = Path(chatcore.__file__).parent


def add(commands: Any) -> None:
    """The command's parser."""
    parser = commands.add_parser(
        "demo",
        help="serve the example and its page",
        description="Serve the example application and its page, on SQLite and a local folder.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument("--port", type=int, default=8000, help="default: %(default)s; 0: any")
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        default=Path("chatcore-demo"),
        help="where everything is kept (default: %(default)s)",
    )
    parser.add_argument(
        "--sample", action="store_true", help="add a small team that is already talking"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted. Raises :class:`MissingExtra` where something isn't installed."""
    if any(find_spec(name) is None for name in _NEEDED):
        raise MissingExtra("The demo", "demo")
    example = load(folder())
    options.data.mkdir(parents=True, exist_ok=True)
    database = URL.create("sqlite", database=str(options.data / "chat.db"))
    files = str(options.data / "files")
    if options.sample:
        anyio.run(sample.fill, options.data, database, files)
        print(sample.invitation())
        if not _local(options.host):
            print("Careful: whoever reaches this address knows these passwords.", file=sys.stderr)
    app = example.create_app(database.render_as_string(), files)
    from chatcore.cli.server import serve  # what it imports is there only with the extra

    return serve(app, options.host, options.port)


def folder() -> Path:
    """Where the example lies: in the installed package, or beside a checkout's sources."""
    for place in (_PACKAGE / "_demo", _PACKAGE.parents[1] / "examples"):
        if (place / "starlette_app.py").is_file():
            return place
    raise Misconfigured("This installation came without the demo")


def load(place: Path) -> ModuleType:
    """The example, as a module."""
    spec = importlib.util.spec_from_file_location("chatcore_demo", place / "starlette_app.py")
    if spec is None or spec.loader is None:
        raise Misconfigured(f"There is no example in {place}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
