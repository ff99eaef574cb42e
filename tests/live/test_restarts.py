"""A server that is killed, or stopped, while many are sending: what was promised is there."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.live.people import People, knowing
from tests.live.process import ServerProcess, serving
from tests.live.senders import BROKEN, Crew
from tests.live.sockets import open_socket


@pytest.fixture(scope="module")
def limits() -> Mapping[str, float]:
    """Everybody may send as fast as they can."""
    return {"sends": 100_000, "requests_a_minute": 1_000_000, "requests_burst": 100_000}


@pytest.fixture
def server(tmp_path: Path, limits: Mapping[str, float]) -> Iterator[ServerProcess]:
    """A server for one test only, since it doesn't survive it."""
    with serving(tmp_path, **limits) as started:
        yield started


@pytest.fixture
def people(server: ServerProcess) -> Iterator[People]:
    """Registers people at the server."""
    yield from knowing(server.url)


def test_nothing_acknowledged_is_lost_or_doubled_by_sigkill(
    server: ServerProcess, people: People
) -> None:
    """Ten clients send through two kills; each key is one message, the one that was promised."""
    members = people("ann", "ben", "cleo", "dan", "eve")
    group = members[0].group("Everybody", *members[1:])
    with Crew.of(server.url, group, members, devices=2) as crew:
        for kill in (1, 2):
            crew.promises.wait_for(kill * 250)
            with crew.paused():
                server.kill()
                promised = dict(crew.promises.by_key)
                server.start()
                stored = {one["key"]: one for one in members[0].messages(group)}
            found = {key: (stored[key]["id"], stored[key]["seq"]) for key in promised}
            assert found == promised
        crew.promises.wait_for(750)
    crew.check(members[0].messages(group))
    assert crew.promises.codes.keys() == {BROKEN}


def test_a_stopping_server_says_so_and_keeps_its_promises(
    server: ServerProcess, people: People
) -> None:
    """SIGTERM closes with 1012, and soon; what had no answer is sent again and is there once."""
    members = people("ann", "ben")
    group = members[0].group("Everybody", members[1])
    with (
        open_socket(server.url, members[1].token) as listening,
        Crew.of(server.url, group, members, devices=2) as crew,
    ):
        crew.promises.wait_for(100)
        with crew.paused():
            server.stop()
            server.start()
        assert listening.closed()[0] == 1012
        crew.promises.wait_for(200)
    crew.check(members[0].messages(group))
    # One in the middle of writing may find the connection gone before it reads the reason.
    assert crew.promises.codes.keys() <= {1012, BROKEN}
    assert crew.promises.codes.total() == 4
