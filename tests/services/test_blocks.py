"""Blocks: set, listed and taken back. What they refuse and hide is tested with what it is."""

import pytest

from chatcore.engine import ChatEngine
from chatcore.errors import Invalid, NotFound
from chatcore.events import BlockChanged
from chatcore.ids import UserId
from chatcore.models import Actor
from chatcore.operations import AddBlock, ListBlocks, RemoveBlock
from chatcore.testing.clock import FakeClock
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio


async def blocked(engine: ChatEngine, actor: Actor) -> set[str]:
    """Whom an actor blocks."""
    return {one.user_id for one in (await engine.execute(actor, ListBlocks())).items}


async def test_blocking(
    engine: ChatEngine, people: People, clock: FakeClock, broker: RecordingBroker
) -> None:
    """One's own stream hears it, the other one's doesn't; again is the same."""
    ann, ben = await people("ann", "ben")
    broker.take()
    block = await engine.execute(ann, AddBlock(ben.id))
    assert (block.user_id, block.blocked) == (ben.id, True)
    (said,) = [one for one in broker.take() if one.rev is not None]
    assert (said.event, said.stream) == (BlockChanged(block), f"me:{ann.id}")
    clock.advance(5)
    assert await engine.execute(ann, AddBlock(ben.id)) == block
    assert broker.take() == []
    assert await blocked(engine, ann) == {ben.id}
    assert await blocked(engine, ben) == set()


async def test_taking_a_block_back(
    engine: ChatEngine, people: People, clock: FakeClock, broker: RecordingBroker
) -> None:
    """Then it isn't there to be taken back, and may be set anew."""
    ann, ben = await people("ann", "ben")
    first = await engine.execute(ann, AddBlock(ben.id))
    broker.take()
    gone = await engine.execute(ann, RemoveBlock(ben.id))
    assert not gone.blocked
    assert [one.event for one in broker.take() if one.rev is not None] == [BlockChanged(gone)]
    assert await blocked(engine, ann) == set()
    for other in (ben.id, UserId("nobody")):
        with pytest.raises(NotFound):
            await engine.execute(ann, RemoveBlock(other))
    clock.advance(5)
    again = await engine.execute(ann, AddBlock(ben.id))
    assert (again.created_at - first.created_at).total_seconds() == 5


async def test_whom_one_cannot_block(engine: ChatEngine, people: People) -> None:
    """Oneself, and who isn't there."""
    (ann,) = await people("ann")
    with pytest.raises(Invalid):
        await engine.execute(ann, AddBlock(ann.id))
    with pytest.raises(NotFound):
        await engine.execute(ann, AddBlock(UserId("nobody")))


async def test_pages_make_the_whole_list(engine: ChatEngine, people: People) -> None:
    """Each once, by id, with their cards."""
    ann, *others = await people("ann", "ben", "cid", "dan")
    for other in others:
        await engine.execute(ann, AddBlock(other.id))
    first = await engine.execute(ann, ListBlocks(limit=2))
    rest = await engine.execute(ann, ListBlocks(limit=2, cursor=str(first.next)))
    found = [one.user_id for one in (*first.items, *rest.items)]
    assert found == sorted(other.id for other in others)
    assert rest.next is None
    assert {user.id for user in first.users or ()} == set(found[:2])
