"""Privacy settings: chosen, kept, told to oneself, and kept to where they matter."""

from collections.abc import AsyncIterator, Collection, Mapping

import pytest
from attrs import evolve

from chatcore import codec
from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, Forbidden, Invalid, Unauthenticated
from chatcore.events import MeUpdated
from chatcore.ids import UserId, to_datetime
from chatcore.models import Actor, User, UserSettings
from chatcore.operations import (
    AddMembers,
    CreateConversation,
    GetHeads,
    GetMe,
    GetUser,
    ListReceipts,
    MarkReceipt,
    NewUserSettings,
    Pull,
    PullFrom,
    RequestContact,
    SendMessage,
    UpdateAccount,
    UpdateMe,
)
from chatcore.operations.checks import check
from chatcore.ports.identity import Directory
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio


async def choose(engine: ChatEngine, actor: Actor, **chosen: str) -> User:
    """Change some settings."""
    new = NewUserSettings(**chosen)  # type: ignore[arg-type]
    return await engine.execute(actor, UpdateAccount(settings=new))


async def test_everything_is_open_at_first(engine: ChatEngine, people: People) -> None:
    """One's own profile says so; nobody else's view of it does."""
    ann, ben = await people("ann", "ben")
    assert (await engine.execute(ann, GetMe())).settings == UserSettings()
    assert (await engine.execute(ben, GetUser(ann.id))).settings is None


async def test_choosing(engine: ChatEngine, people: People, broker: RecordingBroker) -> None:
    """An absent one stays; one's own stream hears the whole profile; the same is no change."""
    (ann,) = await people("ann")
    broker.take()
    await choose(engine, ann, receipts="nobody")
    user = await choose(engine, ann, typing="contacts")
    assert user.settings == UserSettings(receipts="nobody", typing="contacts")
    assert await engine.execute(ann, GetMe()) == user
    said = broker.take()
    assert [one.stream for one in said] == [f"me:{ann.id}"] * 2
    assert said[-1].event == MeUpdated(user)
    assert await choose(engine, ann, typing="contacts") == user
    assert broker.take() == []
    renamed = await engine.execute(ann, UpdateMe(display_name="Ann"))
    assert renamed == evolve(user, display_name="Ann", version=2)
    assert broker.take()[0].event == MeUpdated(renamed)


async def test_a_pull_brings_them(engine: ChatEngine, people: People) -> None:
    """With the profile as it is now."""
    (ann,) = await people("ann")
    (head,) = (await engine.execute(ann, GetHeads())).heads
    user = await choose(engine, ann, last_seen="nobody")
    pulled = await engine.execute(ann, Pull((PullFrom(stream="me", cursor=head.cursor),)))
    assert [change.event for change in pulled.changes] == [MeUpdated(user)]


async def test_a_refusal_changes_no_settings(engine: ChatEngine, people: People) -> None:
    """Where something else of the request can't be had, nothing of it is done."""
    ann, _ = await people("ann", "ben")
    new = NewUserSettings(presence="nobody")
    with pytest.raises(Conflict):
        await engine.execute(
            ann, UpdateAccount(username="ben", current="correct horse", settings=new)
        )
    assert (await engine.execute(ann, GetMe())).settings == UserSettings()
    both = UpdateAccount(location={"city": "Ulm"}, settings=new)
    user = await engine.execute(ann, both)
    assert user.location == {"city": "Ulm"}
    assert user.settings == UserSettings(presence="nobody")


@pytest.mark.parametrize("value", ["friends", "", None, 1])
def test_wrong_audiences(value: object) -> None:
    """Only those that there are."""
    with pytest.raises(Invalid):
        check(codec.structure({"settings": {"presence": value}}, UpdateAccount), Limits())


async def test_messages_from_contacts_only(engine: ChatEngine, people: People) -> None:
    """Strangers neither begin, nor go on, nor bring one into a group; contacts do."""
    ann, ben, cid = await people("ann", "ben", "cid")
    talk, group = await people.direct(ann, ben), await people.group(ben)
    await choose(engine, ann, messages="contacts")
    for operation in (
        SendMessage(talk.id, "hello"),
        AddMembers(group.id, (ann.id, cid.id)),
        CreateConversation(kind="group", title="x", member_ids=(ann.id,)),
    ):
        with pytest.raises(Forbidden):
            await engine.execute(ben, operation)
    with pytest.raises(Forbidden):
        await people.direct(cid, ann)
    await engine.execute(ann, SendMessage(talk.id, "one way"))
    await engine.execute(ann, RequestContact(ben.id))
    await engine.execute(ben, RequestContact(ann.id))
    await engine.execute(ben, SendMessage(talk.id, "hello"))
    await engine.execute(ben, AddMembers(group.id, (ann.id,)))
    await choose(engine, ann, messages="nobody")
    with pytest.raises(Forbidden):
        await engine.execute(ben, SendMessage(talk.id, "hello"))
    await engine.execute(ben, SendMessage(group.id, "to all"))


async def test_receipts_off_goes_both_ways(engine: ChatEngine, people: People) -> None:
    """Who shows theirs to nobody sees nobody's, in lists and in pulls."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann, ben, cid)
    heads = {
        actor.id: next(
            one for one in (await engine.execute(actor, GetHeads())).heads if one.stream == group.id
        )
        for actor in (ann, cid)
    }
    await choose(engine, ann, receipts="nobody")
    (message,) = await people.say(ben, group, "hello")
    for actor in (ann, cid):
        await engine.execute(actor, MarkReceipt(group.id, read_seq=message.seq))

    async def listed(viewer: Actor) -> set[str]:
        page = await engine.execute(viewer, ListReceipts(group.id))
        return {one.user_id for one in page.items}

    assert await listed(ann) == {ann.id}
    assert await listed(cid) == {ben.id, cid.id}
    for actor, expected in ((ann, {ann.id}), (cid, {cid.id})):
        places = (PullFrom(stream=group.id, cursor=heads[actor.id].cursor),)
        changes = (await engine.execute(actor, Pull(places))).changes
        (moved,) = [one.event for one in changes if one.event.name == "receipts.moved"]
        assert {one.user_id for one in moved.receipts} == expected  # type: ignore[attr-defined]


class Strangers(Directory):
    """The host's own two users."""

    def cards(self, user_ids: Collection[UserId]) -> Mapping[UserId, User]:
        known = {UserId(name) for name in ("una", "vic")} & set(user_ids)
        return {id: User(id=id, display_name=id, created_at=to_datetime(0)) for id in known}


@pytest.fixture
async def hosted(database: str, clock: FakeClock) -> AsyncIterator[ChatEngine]:
    """An engine that keeps no accounts."""
    async with ChatEngine(
        database, directory=Strangers(), clock=clock, hasher=PlainHasher()
    ) as opened:
        yield opened


async def test_a_hosts_own_users_have_them_too(hosted: ChatEngine) -> None:
    """Settings, contacts and refusals work without an account here; who is nobody has none."""
    una, vic = Actor(UserId("una")), Actor(UserId("vic"))
    user = await choose(hosted, una, messages="contacts")
    assert user.settings == UserSettings(messages="contacts")
    assert await hosted.execute(una, GetMe()) == user
    begin = CreateConversation(kind="direct", user_id=una.id)
    with pytest.raises(Forbidden):
        await hosted.execute(vic, begin)
    await hosted.execute(una, RequestContact(vic.id))
    await hosted.execute(vic, RequestContact(una.id))
    await hosted.execute(vic, begin)
    with pytest.raises(Unauthenticated):
        await choose(hosted, Actor(UserId("nobody")), messages="nobody")
