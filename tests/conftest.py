"""What all tests share: the matrix of stores and event loops, engines, and how Hypothesis searches.

A test marked ``anyio`` runs on each event loop; one that takes ``engine`` or ``database`` on each
store. No test names either.
"""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from chatcore.config import Limits, Settings
from chatcore.engine import ChatEngine
from chatcore.ids import SystemClock
from chatcore.storage.sql import SqlAccountsStore, SqlChatStore
from chatcore.storage.sql.database import open_database
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import People, RecordingBroker
from tests.requirements import (  # noqa: F401 (hooks take effect by being here)
    pytest_addoption,
    pytest_configure,
    pytest_runtest_setup,
)

# The same examples every time, and no deadline: a shared machine's pauses are not our failures.
repeatable = settings(
    derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=30
)
settings.register_profile("repeatable", repeatable)
# With --slow.
settings.register_profile("thorough", repeatable, max_examples=200)
# For a long look around: --hypothesis-profile=search.
settings.register_profile("search", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with tables and nothing else: copying it is quicker than migrating."""
    path = tmp_path_factory.mktemp("template") / "chat.db"
    opened = open_database(f"sqlite:///{path}", readers=1)
    SqlChatStore(opened, Settings(), SystemClock()).open()
    SqlAccountsStore(opened, Settings(), SystemClock()).open()
    opened.close()
    return path


@pytest.fixture(params=["sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path, template: Path) -> str:
    """The URL of an empty database of its own."""
    path = shutil.copy(template, tmp_path / "chat.db")
    return f"{request.param}:///{path}"


@pytest.fixture
def clock() -> FakeClock:
    """Time that stands still until a test moves it."""
    return FakeClock()


@pytest.fixture
def broker() -> RecordingBroker:
    """What the engine announces goes through here."""
    return RecordingBroker()


@pytest.fixture
def limits() -> Limits:
    """Override it for a module whose engines keep other limits."""
    return Limits()


@pytest.fixture
def host_settings() -> Settings:
    """Likewise the engine's settings. Hypothesis has taken the shorter name."""
    return Settings()


@pytest.fixture
async def engine(
    database: str,
    clock: FakeClock,
    broker: RecordingBroker,
    limits: Limits,
    host_settings: Settings,
) -> AsyncIterator[ChatEngine]:
    """An open engine on an empty database."""
    async with ChatEngine(
        database,
        clock=clock,
        broker=broker,
        hasher=PlainHasher(),
        limits=limits,
        settings=host_settings,
    ) as opened:
        yield opened


@pytest.fixture
def people(engine: ChatEngine) -> People:
    """Makes users: ``ann, ben = await people("ann", "ben")``."""
    return People(engine)
