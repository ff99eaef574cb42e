"""Open connections end with the session behind them, whatever comes in between."""

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from chatcore.config import Limits
from chatcore.delivery.connection import Connection
from chatcore.delivery.outbox import Outbox
from chatcore.engine import ChatEngine
from chatcore.errors import Unavailable
from chatcore.ids import ConnectionId, SessionId, UserId
from chatcore.models import ANONYMOUS, Actor, Authenticated
from chatcore.operations import (
    ChangePassword,
    CreateBot,
    Login,
    Operation,
    RenewBot,
    RevokeBot,
    RevokeSession,
)
from chatcore.testing.clock import FakeClock
from tests.people import PASSWORD, People

pytestmark = pytest.mark.anyio

LAST = Limits().session_absolute_s


async def connected(engine: ChatEngine, user: UserId, session: SessionId | None) -> Connection:
    """An open connection."""
    outbox = Outbox(engine.limits, lines=True)
    made = Connection(ConnectionId(str(session)), user, session, outbox)
    await engine.connect(made)
    return made


def code(connection: Connection) -> int | None:
    """With what it was closed."""
    closing = connection.outbox.closing
    return None if closing is None else closing.code


async def again(engine: ChatEngine, name: str) -> Authenticated:
    """A further session."""
    return await engine.execute(ANONYMOUS, Login(name, PASSWORD))


def leaving(engine: ChatEngine, monkeypatch: pytest.MonkeyPatch) -> anyio.CancelScope:
    """A scope that is cancelled as soon as sessions were ended in the accounts store."""
    scope, write = anyio.CancelScope(), engine.accounts_write

    async def cancelling(run: Callable[[Any], Any]) -> Any:
        result = await write(run)
        scope.cancel()
        return result

    monkeypatch.setattr(engine, "accounts_write", cancelling)
    return scope


@pytest.mark.parametrize("how", ["revoke", "password", "renew bot", "revoke bot"])
async def test_who_asks_and_leaves_ends_them_all_the_same(
    engine: ChatEngine, people: People, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Were they left open, asking again would find no session to end."""
    (ann,) = await people("ann")
    other = (await again(engine, "ann")).session
    bot = await engine.execute(Actor(None, operator=True), CreateBot("helper"))
    operations: dict[str, tuple[Actor, Operation[Any]]] = {
        "revoke": (ann, RevokeSession(other.id)),
        "password": (ann, ChangePassword(PASSWORD, "another battery")),
        "renew bot": (Actor(None, operator=True), RenewBot(bot.user.id)),
        "revoke bot": (Actor(None, operator=True), RevokeBot(bot.user.id)),
    }
    user, session = (bot.user.id, bot.session.id) if "bot" in how else (ann.id, other.id)
    there = await connected(engine, user, session)
    with leaving(engine, monkeypatch):
        await engine.execute(*operations[how])
    await anyio.wait_all_tasks_blocked()
    assert code(there) == 4401


async def test_a_revocation_nobody_heard_of_is_made_up_for(
    engine: ChatEngine, people: People, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session is over though the chat store was busy; the next heartbeat closes its socket."""
    (ann,) = await people("ann")
    other = (await again(engine, "ann")).session
    here = await connected(engine, ann.id, ann.session_id)
    there = await connected(engine, ann.id, other.id)
    hosts = await connected(engine, ann.id, None)

    async def busy(run: Callable[[Any], Any]) -> Any:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(engine, "chat_write", busy)
        await engine.execute(ann, RevokeSession(other.id))
    assert code(there) is None
    await engine._attendance.recheck()
    assert [code(one) for one in (here, there, hosts)] == [None, 4401, None]


async def test_a_sessions_last_day_ends_its_sockets(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """At the next heartbeat; whom the host signs in stays."""
    (ann,) = await people("ann")
    here = await connected(engine, ann.id, ann.session_id)
    hosts = await connected(engine, ann.id, None)
    clock.advance(LAST)
    await engine._attendance.recheck()
    assert [code(here), code(hosts)] == [4401, None]
