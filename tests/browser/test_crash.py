"""The server dies in the middle of it all, and starts again."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.audit import UNREACHABLE
from tests.browser.conftest import Open
from tests.browser.window import Window, fresh
from tests.live.people import People, knowing
from tests.live.process import ServerProcess, serving
from tests.live.senders import Crew

pytestmark = pytest.mark.browser

WRITTEN = 45


@pytest.fixture
def server(tmp_path: Path, limits: Mapping[str, float]) -> Iterator[ServerProcess]:
    """A server for this test alone, whose raw clients never have to wait."""
    fast = {"sends": 100_000, "requests_a_minute": 1_000_000, "requests_burst": 100_000}
    with serving(tmp_path, **{**limits, **fast}) as started:
        yield started


@pytest.fixture
def people(server: ServerProcess) -> Iterator[People]:
    """Registers people at that server."""
    yield from knowing(server.url)


def test_sigkill_in_the_middle_of_sending(
    window: Open, server: ServerProcess, people: People
) -> None:
    """A page and eight raw clients send on: all that was acknowledged is there, and once.

    Both pages find back by themselves, and show the same.
    """
    members = people("ben", "cleo", "dan", "eve")
    ben = members[0]
    group = ben.group("Crowd", *members[1:])
    alice, bob = window(), window()
    for one in (alice, bob):
        one.audit.allow(UNREACHABLE)
    alice.sign_up(fresh("alice"), "Alice")
    alice.meet(ben.username)
    bob.log_in(ben.username)
    alice.say("Hello")
    bob.open("Alice")
    with Crew.of(server.url, group, members, devices=2) as crew:
        crew.promises.wait_for(100)
        written = write_through_a_crash(alice, server, crew)
        crew.promises.wait_for(len(crew.promises.by_key) + 100)
    said = ["Hello", *written]
    for one in (alice, bob):
        one.be_ready()
        expect(one.bodies).to_have_text(said)
        expect(one.get("offline-banner")).to_be_hidden()
    expect(alice.message(written[-1])).to_have_attribute("data-status", "read")
    direct = next(one for one in ben.ask("GET", "conversations")["items"] if one["id"] != group)
    stored = ben.messages(direct["id"])
    assert [one["body"] for one in stored] == said
    assert [one["seq"] for one in stored] == list(range(1, len(said) + 1))
    crew.check(ben.messages(group))


def write_through_a_crash(alice: Window, server: ServerProcess, crew: Crew) -> list[str]:
    """Write on while the server is killed, while it is away, and once it is back."""
    written = [f"Written {n}" for n in range(WRITTEN)]
    third = WRITTEN // 3
    alice.say(*written[:third])
    with crew.paused():
        server.kill()
        alice.say(*written[third : 2 * third])
        expect(alice.get("offline-banner")).to_be_visible()
        expect(alice.message(written[2 * third - 1])).to_have_attribute("data-status", "pending")
        server.start()
    alice.say(*written[2 * third :])
    return written
