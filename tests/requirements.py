"""What a test may need from outside, and what becomes of it when that isn't there.

A test says what it needs by a marker: ``@pytest.mark.postgres``. Where the service is missing the
test is skipped, with the reason and the command that starts it. ``CHATCORE_REQUIRE=postgres,nats``
turns each such skip into a failure; ``--only-required`` runs no service's tests but those named
there; tests marked ``slow`` wait for ``--slow``.
"""

import os
import shutil
import socket
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from attrs import frozen
from hypothesis import settings

CHROMIUM = Path("/usr/bin/chromium")


@frozen(kw_only=True)
class Service:
    """Something outside this process: how to tell that it is there, and what brings it."""

    present: Callable[[], bool]
    start: str


@frozen(kw_only=True)
class Server:
    """A server that tests reach by URL, which an environment variable may override."""

    variable: str
    default: str

    @property
    def url(self) -> str:
        """Return the URL in force."""
        return os.environ.get(self.variable, self.default)

    def listens(self) -> bool:
        """Tell whether something accepts connections there."""
        return _listens(self.url)


@cache
def _listens(url: str) -> bool:
    """Try one connection a URL and remember what came of it."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=1).close()
    except OSError:
        return False
    return True


SERVERS: Mapping[str, Server] = {
    "postgres": Server(
        variable="CHATCORE_POSTGRES_URL",
        default="postgresql://chatcore:chatcore@127.0.0.1:5432/chatcore",
    ),
    "mysql": Server(
        variable="CHATCORE_MYSQL_URL",
        default="mysql://chatcore:chatcore@127.0.0.1:3306/chatcore",
    ),
    "redis": Server(variable="CHATCORE_REDIS_URL", default="redis://127.0.0.1:6379/0"),
    "nats": Server(variable="CHATCORE_NATS_URL", default="nats://127.0.0.1:4222"),
}

SERVICES: Mapping[str, Service] = {
    "postgres": Service(
        present=SERVERS["postgres"].listens,
        start="docker run --rm -d -p 5432:5432 -e POSTGRES_USER=chatcore "
        "-e POSTGRES_PASSWORD=chatcore -e POSTGRES_DB=chatcore postgres",
    ),
    "mysql": Service(
        present=SERVERS["mysql"].listens,
        start="docker run --rm -d -p 3306:3306 -e MARIADB_USER=chatcore "
        "-e MARIADB_PASSWORD=chatcore -e MARIADB_DATABASE=chatcore "
        "-e MARIADB_RANDOM_ROOT_PASSWORD=1 mariadb",
    ),
    "redis": Service(present=SERVERS["redis"].listens, start="redis-server --port 6379"),
    "nats": Service(present=SERVERS["nats"].listens, start="nats-server --port 4222"),
    "browser": Service(
        present=lambda: CHROMIUM.exists() and find_spec("playwright") is not None,
        start="apt-get install -y chromium",
    ),
    "node": Service(
        present=lambda: shutil.which("node") is not None, start="apt-get install -y nodejs"
    ),
    "swift": Service(
        present=lambda: shutil.which("swift") is not None,
        start="install the toolchain from swift.org",
    ),
}


def required() -> frozenset[str]:
    """Return the services that ``CHATCORE_REQUIRE`` names; `pytest.UsageError` for an unknown."""
    names = os.environ.get("CHATCORE_REQUIRE", "").split(",")
    wanted = frozenset(name.strip() for name in names if name.strip())
    if unknown := sorted(wanted - SERVICES.keys()):
        raise pytest.UsageError(
            f"CHATCORE_REQUIRE names {', '.join(unknown)}; known are {', '.join(sorted(SERVICES))}"
        )
    return wanted


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--slow`` and ``--only-required``."""
    group = parser.getgroup("chatcore")
    group.addoption("--slow", action="store_true", help="run the tests marked slow, too")
    group.addoption(
        "--only-required",
        action="store_true",
        help="of the tests that need a service, run only those that CHATCORE_REQUIRE names",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a misspelt ``CHATCORE_REQUIRE`` before anything runs; look further with ``--slow``."""
    required()
    if config.getoption("--slow") and not config.getoption("--hypothesis-profile"):
        settings.load_profile("thorough")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail a test whose needs aren't met, before its fixtures are made."""
    if item.get_closest_marker("slow") and not item.config.getoption("--slow"):
        pytest.skip("slow: run it with --slow")
    for name in SERVICES:
        if item.get_closest_marker(name):
            _demand(name, only_required=item.config.getoption("--only-required"))


def _demand(name: str, *, only_required: bool) -> None:
    wanted = name in required()
    if only_required and not wanted:
        pytest.skip(f"{name}: run it with CHATCORE_REQUIRE={name}")
    service = SERVICES[name]
    if not service.present():
        refuse = pytest.fail if wanted else pytest.skip
        refuse(f"{name} isn't there; start it: {service.start}")
