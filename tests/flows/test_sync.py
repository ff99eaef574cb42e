"""Pulling one's own profile, which lies in another store than the streams."""

import pytest

from chatcore.engine import ChatEngine
from chatcore.events import Change, MeUpdated
from chatcore.operations import GetHeads, GetMe, Pull, PullFrom, UpdateMe
from tests.people import People

pytestmark = pytest.mark.anyio


async def test_a_changed_profile_is_pulled_as_it_is_now(engine: ChatEngine, people: People) -> None:
    """Who missed two changes of their profile gets it once, with the last; who didn't, nothing."""
    (ann,) = await people("ann")
    head = (await engine.execute(ann, GetHeads())).heads[0]
    for bio in ("one", "two"):
        await engine.execute(ann, UpdateMe(bio=bio))
    pulled = await engine.execute(ann, Pull((PullFrom(stream="me", cursor=head.cursor),)))
    me = await engine.execute(ann, GetMe())
    assert me.bio == "two"
    assert pulled.changes == (Change(stream="me", rev=head.rev + 2, event=MeUpdated(me)),)
    cursor = pulled.streams[0].cursor
    again = await engine.execute(ann, Pull((PullFrom(stream="me", cursor=cursor),)))
    assert again.changes == ()
