"""Bots: who makes them, and tokens that last until they are taken back."""

import pytest

from chatcore.config import Limits, Settings
from chatcore.delivery.connection import Connection
from chatcore.delivery.outbox import Outbox
from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, Forbidden, NotFound, Unauthenticated
from chatcore.events import SessionRevoked
from chatcore.ids import ConnectionId, UserId
from chatcore.models import ANONYMOUS, Actor, BotToken
from chatcore.operations import (
    CreateBot,
    CreateConversation,
    DeleteAccount,
    GetMe,
    ListBots,
    Login,
    RenewBot,
    RevokeBot,
    SendMessage,
    UpdateAccount,
)
from chatcore.testing.clock import FakeClock
from tests.people import PASSWORD, People, RecordingBroker, dump

pytestmark = pytest.mark.anyio

OPERATOR = Actor(None, operator=True)


@pytest.fixture
def limits() -> Limits:
    """Few bots a user."""
    return Limits(bots_a_user=2)


@pytest.fixture
def host_settings() -> Settings:
    """Everybody may make bots."""
    return Settings(user_bots=True)


def token(found: BotToken) -> str:
    """What only the answer holds."""
    assert found.session.token is not None
    return found.session.token


async def test_a_bot_talks(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """With a token that neither idles nor ends with a person's sessions."""
    (ann,) = await people("ann")
    made = await engine.execute(ann, CreateBot("helper", "Helper"))
    assert (made.user.kind, made.user.username) == ("bot", "helper")
    clock.advance(4 * 365 * 86_400)
    bot = await engine.authenticate(token(made))
    assert (bot.id, bot.kind) == (made.user.id, "bot")
    talk = await engine.execute(bot, CreateConversation(kind="direct", user_id=ann.id))
    assert await engine.execute(bot, SendMessage(talk.id, "beep"))
    clock.advance(Limits().bot_token_s)
    with pytest.raises(Unauthenticated):
        await engine.authenticate(token(made))


async def test_who_makes_bots(database: str) -> None:
    """By default operators only, and nobody sees or keeps another's."""
    async with ChatEngine(database) as engine:
        ann = Actor((await engine.execute(OPERATOR, CreateBot("first"))).user.id)
        before = dump(database)
        with pytest.raises(Forbidden):
            await engine.execute(ann, CreateBot("second"))
        assert dump(database) == before


async def test_bots_are_their_makers(engine: ChatEngine, people: People) -> None:
    """One's own are listed and kept; another's, and people, are not found; operators see all."""
    ann, ben = await people("ann", "ben")
    made = [await engine.execute(ann, CreateBot(name)) for name in ("one", "two")]
    with pytest.raises(Conflict):
        await engine.execute(ann, CreateBot("three"))
    operators = await engine.execute(OPERATOR, CreateBot("three"))
    first = await engine.execute(ann, ListBots(limit=1))
    second = await engine.execute(ann, ListBots(limit=1, cursor=first.next))
    listed = [*first.items, *second.items]
    assert listed == sorted((one.user for one in made), key=lambda user: user.id)
    assert second.next is None
    assert not (await engine.execute(ben, ListBots())).items
    assert len((await engine.execute(OPERATOR, ListBots())).items) == 3
    for bot in (made[0].user.id, operators.user.id, ann.id, UserId("nobody")):
        for operation in (RenewBot(bot), RevokeBot(bot)):
            with pytest.raises(NotFound):
                await engine.execute(ben, operation)
    assert await engine.execute(OPERATOR, RenewBot(made[0].user.id))


async def test_tokens_are_taken_back(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """A fresh one ends the earlier ones, and a revoked bot has none; its connections hear of it."""
    (ann,) = await people("ann")
    made = await engine.execute(ann, CreateBot("helper"))
    broker.take()
    renewed = await engine.execute(ann, RenewBot(made.user.id))
    assert [type(one.event) for one in broker.take()] == [SessionRevoked]
    with pytest.raises(Unauthenticated):
        await engine.authenticate(token(made))
    assert (await engine.authenticate(token(renewed))).id == made.user.id
    await engine.execute(ann, RevokeBot(made.user.id))
    assert [type(one.event) for one in broker.take()] == [SessionRevoked]
    with pytest.raises(Unauthenticated):
        await engine.authenticate(token(renewed))
    assert (await engine.execute(Actor(made.user.id), GetMe())).kind == "bot"


async def test_a_bot_ends_with_its_maker(engine: ChatEngine, people: People) -> None:
    """Nobody would be left to take its token back."""
    (ann,) = await people("ann")
    made = await engine.execute(ann, CreateBot("helper"))
    assert not made.session.current
    await engine.execute(ann, DeleteAccount(depth="deactivate", password=PASSWORD))
    with pytest.raises(Unauthenticated):
        await engine.authenticate(token(made))


async def test_its_connections_end_with_its_maker(
    database: str, clock: FakeClock, host_settings: Settings
) -> None:
    """All bots', also where fewer may be made by now."""
    made = []
    async with ChatEngine(database, clock=clock, settings=host_settings) as engine:
        (ann,) = await People(engine)("ann")
        made = [await engine.execute(ann, CreateBot(name)) for name in ("one", "two", "three")]
    few = Limits(bots_a_user=1)
    async with ChatEngine(database, clock=clock, limits=few) as engine:
        open_ones = [await connected(engine, bot) for bot in made]
        await engine.execute(OPERATOR, DeleteAccount(user_id=ann.id, depth="deactivate"))
        codes = [one.outbox.closing and one.outbox.closing.code for one in open_ones]
        assert codes == [4401, 4401, 4401]


async def connected(engine: ChatEngine, bot: BotToken) -> Connection:
    """A bot's open connection."""
    outbox = Outbox(engine.limits, lines=True)
    made = Connection(ConnectionId(bot.user.id), bot.user.id, bot.session.id, outbox)
    await engine.connect(made)
    return made


async def test_what_bots_may_not(engine: ChatEngine, people: People) -> None:
    """They make no bots, and have nothing but their token to sign in with."""
    (ann,) = await people("ann")
    bot = await engine.authenticate(token(await engine.execute(ann, CreateBot("helper"))))
    for operation in (CreateBot("another"), UpdateAccount(email="bot@example.com")):
        with pytest.raises(Forbidden):
            await engine.execute(bot, operation)
    with pytest.raises(Unauthenticated):
        await engine.execute(ANONYMOUS, Login("helper", PASSWORD))
