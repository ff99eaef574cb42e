"""Contacts: asked for, answered and ended, on the streams of both."""

from typing import Any

import pytest
from attrs import evolve

from chatcore import codec
from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, Forbidden, Invalid, NotFound
from chatcore.events import ContactChanged
from chatcore.ids import UserId
from chatcore.models import Actor
from chatcore.operations import (
    AddBlock,
    GetHeads,
    ListContacts,
    NewUserSettings,
    Pull,
    PullFrom,
    RemoveBlock,
    RemoveContact,
    RequestContact,
    RespondContact,
    UpdateAccount,
)
from chatcore.testing.clock import FakeClock
from chatcore.wire.problems import problem
from tests.people import PASSWORD, People, RecordingBroker

pytestmark = pytest.mark.anyio


async def known(engine: ChatEngine, actor: Actor) -> dict[str, tuple[str, bool]]:
    """An actor's list: by user, the state and who asked."""
    page = await engine.execute(actor, ListContacts())
    return {one.user_id: (one.state, one.incoming) for one in page.items}


async def test_a_request_is_heard_by_both(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """Each has a side of their own; asking again changes nothing."""
    ann, ben = await people("ann", "ben")
    broker.take()
    asked = await engine.execute(ann, RequestContact(ben.id))
    assert (asked.user_id, asked.state, asked.incoming) == (ben.id, "requested", False)
    mirrored = evolve(asked, user_id=ann.id, incoming=True)
    assert {(one.stream, one.event) for one in broker.take()} == {
        (f"me:{ann.id}", ContactChanged(asked)),
        (f"me:{ben.id}", ContactChanged(mirrored)),
    }
    assert await engine.execute(ann, RequestContact(ben.id)) == asked
    assert broker.take() == []


async def test_accepting(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """Both know each other then; the time of asking stays."""
    ann, ben = await people("ann", "ben")
    asked = await engine.execute(ann, RequestContact(ben.id))
    with pytest.raises(NotFound):
        await engine.execute(ann, RespondContact(ben.id, True))
    clock.advance(5)
    answered = await engine.execute(ben, RespondContact(ann.id, True))
    assert (answered.state, answered.created_at) == ("accepted", asked.created_at)
    assert answered.updated_at > asked.updated_at
    assert await known(engine, ann) == {ben.id: ("accepted", False)}
    assert await known(engine, ben) == {ann.id: ("accepted", True)}


async def test_refusing(engine: ChatEngine, people: People) -> None:
    """It leaves both lists, and the refused may not ask again until they are asked."""
    ann, ben = await people("ann", "ben")
    await engine.execute(ann, RequestContact(ben.id))
    refused = await engine.execute(ben, RespondContact(ann.id, False))
    assert refused.state == "refused"
    assert await known(engine, ann) == await known(engine, ben) == {}
    with pytest.raises(Forbidden):
        await engine.execute(ann, RequestContact(ben.id))
    await engine.execute(ben, RequestContact(ann.id))
    await engine.execute(ann, RespondContact(ben.id, True))
    assert await known(engine, ann) == {ben.id: ("accepted", True)}


async def test_removing(engine: ChatEngine, people: People) -> None:
    """Either may end it, for both; then it isn't there, and may begin anew."""
    ann, ben = await people("ann", "ben")
    await engine.execute(ann, RequestContact(ben.id))
    await engine.execute(ben, RequestContact(ann.id))
    gone = await engine.execute(ann, RemoveContact(ben.id))
    assert gone.state == "removed"
    assert await known(engine, ann) == await known(engine, ben) == {}
    for actor, other in ((ann, ben.id), (ben, ann.id), (ann, UserId("nobody"))):
        with pytest.raises(NotFound):
            await engine.execute(actor, RemoveContact(other))
    await engine.execute(ben, RequestContact(ann.id))
    assert await known(engine, ann) == {ben.id: ("requested", True)}


async def test_whom_one_cannot_ask(engine: ChatEngine, people: People) -> None:
    """Oneself, and who isn't there."""
    (ann,) = await people("ann")
    with pytest.raises(Invalid):
        await engine.execute(ann, RequestContact(ann.id))
    with pytest.raises(NotFound):
        await engine.execute(ann, RequestContact(UserId("nobody")))


async def test_a_block_ends_requests(engine: ChatEngine, people: People) -> None:
    """As if withdrawn, either way, and none come through it; who had agreed stays a contact."""
    ann, ben, cid, dan = await people("ann", "ben", "cid", "dan")
    await engine.execute(ann, RequestContact(ben.id))
    await engine.execute(cid, RequestContact(ann.id))
    await engine.execute(ann, RequestContact(dan.id))
    await engine.execute(dan, RequestContact(ann.id))
    for other in (ben, cid, dan):
        await engine.execute(ann, AddBlock(other.id))
    assert await known(engine, ann) == {dan.id: ("accepted", False)}
    assert await known(engine, ben) == await known(engine, cid) == {}
    for asker, asked in ((ann, ben), (ben, ann)):
        with pytest.raises(Forbidden):
            await engine.execute(asker, RequestContact(asked.id))
    await engine.execute(ann, RemoveBlock(ben.id))
    await engine.execute(ben, RequestContact(ann.id))
    assert await known(engine, ben) == {ann.id: ("requested", False)}


async def test_pages_make_the_whole_list(engine: ChatEngine, people: People) -> None:
    """Each once, by id, with their cards; or only those in one state."""
    ann, *others = await people("ann", "ben", "cid", "dan")
    for other in others:
        await engine.execute(ann, RequestContact(other.id))
    await engine.execute(others[0], RespondContact(ann.id, True))
    first = await engine.execute(ann, ListContacts(limit=2))
    rest = await engine.execute(ann, ListContacts(limit=2, cursor=str(first.next)))
    found = [one.user_id for one in (*first.items, *rest.items)]
    assert found == sorted(other.id for other in others)
    assert rest.next is None
    assert {user.id for user in first.users or ()} == set(found[:2])
    accepted = await engine.execute(ann, ListContacts(state="accepted"))
    assert [one.user_id for one in accepted.items] == [others[0].id]
    with pytest.raises(Invalid):
        await engine.execute(ann, ListContacts(state="accepted", cursor=str(first.next)))


async def test_a_pull_brings_each_as_it_is(engine: ChatEngine, people: People) -> None:
    """Once, also those that are over."""
    ann, ben, cid = await people("ann", "ben", "cid")
    (head,) = (await engine.execute(ann, GetHeads())).heads
    await engine.execute(ann, RequestContact(ben.id))
    await engine.execute(ben, RespondContact(ann.id, True))
    await engine.execute(cid, RequestContact(ann.id))
    await engine.execute(ann, RespondContact(cid.id, False))
    pulled = await engine.execute(ann, Pull((PullFrom(stream="me", cursor=head.cursor),)))
    found = [change.event.contact for change in pulled.changes]  # type: ignore[attr-defined]
    assert [(one.user_id, one.state) for one in found] == [
        (ben.id, "accepted"),
        (cid.id, "refused"),
    ]


PHONE = "+493012345678"


async def test_by_phone(engine: ChatEngine, people: People) -> None:
    """A number in any spelling is as good as an id, and one's own is as bad."""
    ann, ben = await people("ann", "ben")
    await engine.execute(ben, UpdateAccount(phone=PHONE, current=PASSWORD))
    asked = await engine.execute(ann, RequestContact(phone="+49 30 1234-5678"))
    assert (asked.user_id, asked.state) == (ben.id, "requested")
    with pytest.raises(Invalid) as caught:
        await engine.execute(ben, RequestContact(phone=PHONE))
    assert [one.path for one in caught.value.errors] == ["phone"]


@pytest.mark.parametrize(
    "fields", [{}, {"user_id": UserId("x"), "phone": PHONE}, {"phone": "not a number"}]
)
async def test_either_an_id_or_a_number(
    engine: ChatEngine, people: People, fields: dict[str, Any]
) -> None:
    """Both, none, and what is no number are invalid."""
    (ann,) = await people("ann")
    with pytest.raises(Invalid):
        await engine.execute(ann, RequestContact(**fields))


async def test_a_number_tells_nothing_that_its_owner_hides(
    engine: ChatEngine, people: People
) -> None:
    """Who blocks, takes no requests, or isn't to be found by phone, looks like nobody at all."""
    ann, ben = await people("ann", "ben")
    await engine.execute(ben, UpdateAccount(phone=PHONE, current=PASSWORD))
    ways = [
        UpdateAccount(settings=NewUserSettings(phone="nobody")),
        UpdateAccount(settings=NewUserSettings(phone="everyone", requests="nobody")),
        AddBlock(ann.id),
    ]
    for way in ways:
        await engine.execute(ben, way)
        for phone in (PHONE, "+493087654321"):
            with pytest.raises(NotFound):
                await engine.execute(ann, RequestContact(phone=phone))
    await engine.execute(ben, UpdateAccount(settings=NewUserSettings(requests="everyone")))
    await engine.execute(ben, RemoveBlock(ann.id))
    await engine.execute(ann, RequestContact(phone=PHONE))


async def test_who_takes_no_requests(engine: ChatEngine, people: People) -> None:
    """They answer as if they blocked; whom they have asked themselves may still agree."""
    ann, ben, cid = await people("ann", "ben", "cid")
    await engine.execute(ann, UpdateAccount(settings=NewUserSettings(requests="nobody")))
    await engine.execute(cid, AddBlock(ben.id))
    refusals = []
    for other in (ann, cid):
        with pytest.raises(Forbidden) as caught:
            await engine.execute(ben, RequestContact(other.id))
        refusals.append(codec.encode(problem(caught.value)))
    assert refusals[0] == refusals[1]
    await engine.execute(ann, RequestContact(ben.id))
    assert (await engine.execute(ben, RequestContact(ann.id))).state == "accepted"


class TestLimit:
    """A bounded list."""

    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(contacts=2)

    async def test_at_most_so_many(self, engine: ChatEngine, people: People) -> None:
        """Requests count; one past the limit is refused, until there is room."""
        ann, ben, cid, dan = await people("ann", "ben", "cid", "dan")
        await engine.execute(ann, RequestContact(ben.id))
        await engine.execute(ann, RequestContact(cid.id))
        with pytest.raises(Conflict):
            await engine.execute(ann, RequestContact(dan.id))
        await engine.execute(ann, RemoveContact(ben.id))
        await engine.execute(ann, RequestContact(dan.id))
        await engine.execute(ann, RequestContact(dan.id))
