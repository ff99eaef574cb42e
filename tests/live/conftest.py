"""Servers and people for tests that go through real sockets."""

from collections.abc import Iterator, Mapping

import pytest

from tests.live.people import People, knowing
from tests.live.process import ServerProcess, serving


@pytest.fixture(scope="module")
def limits() -> Mapping[str, float]:
    """Override it for a module whose server keeps other limits."""
    return {}


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, limits: Mapping[str, float]
) -> Iterator[ServerProcess]:
    """A running server, the same for a whole module."""
    with serving(tmp_path_factory.mktemp("server"), **limits) as started:
        yield started


@pytest.fixture(scope="module")
def people(server: ServerProcess) -> Iterator[People]:
    """Registers people at the server."""
    yield from knowing(server.url)
