"""Where streams stand: the most recently touched first, since a token, in pages."""

from typing import Any

import pytest

from chatcore.config import Limits, Settings
from chatcore.engine import ChatEngine
from chatcore.errors import Invalid
from chatcore.ids import encode_cursor
from chatcore.models import Actor, Heads
from chatcore.operations import (
    GetConversation,
    GetHeads,
    MarkReceipt,
)
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import People

pytestmark = pytest.mark.anyio


async def heads(engine: ChatEngine, actor: Actor, **more: Any) -> Heads:
    """A page of heads."""
    return await engine.execute(actor, GetHeads(**more))


async def test_heads_begin_with_me_and_the_last_touched(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """A receipt touches too; each head says how far its stream is."""
    ann, ben = await people("ann", "ben")
    made = []
    for _ in range(3):
        clock.advance(1)
        made.append(await people.group(ann, ben))
    clock.advance(1)
    await people.say(ann, made[0], "hello")
    clock.advance(1)
    await engine.execute(ben, MarkReceipt(made[1].id, read_seq=0))
    await people.say(ann, made[1], "hello")
    clock.advance(1)
    await engine.execute(ben, MarkReceipt(made[1].id, read_seq=1))
    found = await heads(engine, ann)
    assert [one.stream for one in found.heads] == ["me", made[1].id, made[0].id, made[2].id]
    assert [(one.rev, one.receipt_rev) for one in found.heads] == [(3, 0), (2, 1), (2, 0), (1, 0)]
    assert found.next is None
    got = await engine.execute(ann, GetConversation(made[0].id))
    assert got.cursor == found.heads[2].cursor


async def test_heads_since_a_token(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """Only what was touched since, looking back further than any transaction lasts."""
    ann, _ = await people("ann", "ben")
    old, new = await people.group(ann), await people.group(ann)
    token = (await heads(engine, ann)).since
    overlap = Settings().transaction_s * 2
    clock.advance(overlap)
    first = await heads(engine, ann, since=token)
    assert len(first.heads) == 3
    clock.advance(1)
    second = (await heads(engine, ann)).since
    clock.advance(1)
    await people.say(ann, new, "hello")
    found = await heads(engine, ann, since=second)
    assert [one.stream for one in found.heads] == ["me", new.id]
    assert old.id in {one.stream for one in (await heads(engine, ann)).heads}


@pytest.mark.parametrize("size", [1, 2, 5])
async def test_pages_of_heads(database: str, size: int) -> None:
    """Each stream once; the account stream leads the first page."""
    limits = Limits(heads=size)
    async with ChatEngine(
        database, hasher=PlainHasher(), limits=limits, clock=FakeClock()
    ) as engine:
        people = People(engine)
        (ann,) = await people("ann")
        made = [(await people.group(ann)).id for _ in range(5)]
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = await heads(engine, ann, cursor=cursor)
            found += [one.stream for one in page.heads]
            if page.next is None:
                break
            cursor = page.next
        assert found == ["me", *made[::-1]]


async def test_heads_take_no_made_up_tokens(engine: ChatEngine, people: People) -> None:
    """Neither as ``since`` nor as ``cursor``."""
    (ann,) = await people("ann")
    for path, kind in (("since", "since"), ("cursor", "heads")):
        for made_up in (
            "x",
            "é",
            "W10",
            encode_cursor("members", 1),
            encode_cursor(kind, "1"),
            encode_cursor(kind, 1 << 62, 1 << 62),
            encode_cursor(kind, -(10**18)),
            encode_cursor(kind),
        ):
            with pytest.raises(Invalid) as caught:
                await heads(engine, ann, **{path: made_up})
            assert [problem.path for problem in caught.value.errors] == [path]
