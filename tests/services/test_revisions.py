"""Edit history: what a message said before, for those who may know."""

from typing import Literal

import pytest

from chatcore.config import Limits, Settings
from chatcore.engine import ChatEngine
from chatcore.errors import Forbidden, Invalid
from chatcore.ids import UserId
from chatcore.models import Actor, Message
from chatcore.operations import DeleteMessage, EditMessage, ListRevisions, UpdateMember
from chatcore.policy import Case, Verdict, judge
from tests.people import People

pytestmark = pytest.mark.anyio


@pytest.fixture
def limits() -> Limits:
    """Two earlier versions a message."""
    return Limits(revisions=2)


async def bodies(
    engine: ChatEngine, actor: Actor, message: Message
) -> list[tuple[int, str | None]]:
    """The versions that somebody is shown."""
    page = await engine.execute(actor, ListRevisions(message.conversation_id, message.id))
    return [(one.version, one.body) for one in page.items]


async def test_versions_are_kept_and_bounded(engine: ChatEngine, people: People) -> None:
    """The current one and as many before it as the limit says."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ben, ann)
    (sent,) = await people.say(ann, group, "one")
    assert await bodies(engine, ann, sent) == [(1, "one")]
    for body in ("two", "three"):
        await engine.execute(ann, EditMessage(group.id, sent.id, body))
    assert await bodies(engine, ann, sent) == [(1, "one"), (2, "two"), (3, "three")]
    await engine.execute(ann, EditMessage(group.id, sent.id, "four"))
    assert await bodies(engine, ann, sent) == [(2, "two"), (3, "three"), (4, "four")]
    assert await bodies(engine, ben, sent) == await bodies(engine, ann, sent)


async def test_history_goes_with_its_message(engine: ChatEngine, people: People) -> None:
    """A tombstone has said nothing."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    (sent,) = await people.say(ann, group, "one")
    await engine.execute(ann, EditMessage(group.id, sent.id, "two"))
    await engine.execute(ann, DeleteMessage(group.id, sent.id))
    assert await bodies(engine, ann, sent) == []


async def test_history_is_for_senders_and_moderators(engine: ChatEngine, people: People) -> None:
    """Other members see that a message was edited, not what it said."""
    ann, ben, cem = await people("ann", "ben", "cem")
    group = await people.group(ann, ben, cem)
    (sent,) = await people.say(ben, group, "one")
    await engine.execute(ben, EditMessage(group.id, sent.id, "two"))
    with pytest.raises(Forbidden):
        await bodies(engine, cem, sent)
    await engine.execute(ann, UpdateMember(group.id, cem.id, "admin"))
    assert len(await bodies(engine, cem, sent)) == 2
    talk = await people.direct(ann, ben)
    (said,) = await people.say(ann, talk, "one")
    with pytest.raises(Forbidden):
        await bodies(engine, ben, said)


async def test_history_is_paged(engine: ChatEngine, people: People) -> None:
    """By rising version; a cursor of another list is refused."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    (sent,) = await people.say(ann, group, "one")
    for body in ("two", "three"):
        await engine.execute(ann, EditMessage(group.id, sent.id, body))
    found: list[int] = []
    cursor = None
    while True:
        operation = ListRevisions(group.id, sent.id, cursor=cursor, limit=1)
        page = await engine.execute(ann, operation)
        found += [one.version for one in page.items]
        if page.next is None:
            break
        cursor = str(page.next)
    assert found == [1, 2, 3]
    with pytest.raises(Invalid):
        await engine.execute(ann, ListRevisions(group.id, sent.id, cursor="x"))


@pytest.mark.parametrize(
    ("setting", "member", "admin", "own"),
    [
        ("sender", False, False, True),
        ("moderators", False, True, True),
        ("members", True, True, True),
    ],
)
async def test_a_host_says_who_reads_history(
    setting: Literal["sender", "moderators", "members"], member: bool, admin: bool, own: bool
) -> None:
    """One setting, and the sender always."""
    assert Settings(edit_history=setting).edit_history == setting
    someone = Actor(UserId("u"))
    cases = [
        Case(role="member", history=setting),
        Case(role="admin", history=setting),
        Case(role="member", own=True, history=setting),
    ]
    verdicts = [judge(ListRevisions, someone, case) is Verdict.ALLOW for case in cases]
    assert verdicts == [member, admin, own]
