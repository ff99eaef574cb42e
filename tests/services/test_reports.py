"""Reports: taken from those who see what they report, kept as it was, resolved by operators."""

from typing import Any

import pytest
from attrs import evolve

from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import ChatError, Conflict, Invalid, NotFound
from chatcore.ids import ReportId
from chatcore.models import Actor, Report
from chatcore.operations import (
    CreateReport,
    DeleteConversation,
    DeleteMessage,
    EditMessage,
    GetMessage,
    ListReports,
    RemoveMember,
    ResolveReport,
)
from chatcore.testing.clock import FakeClock
from tests.people import People, RecordingBroker, dump

pytestmark = pytest.mark.anyio

OPERATOR = Actor(None, operator=True)


@pytest.fixture
def limits() -> Limits:
    """Few open reports, so that a test reaches them."""
    return Limits(open_reports=3)


async def refused(engine: ChatEngine, actor: Actor, operation: Any) -> str:
    """The code of the refusal."""
    with pytest.raises(ChatError) as caught:
        await engine.execute(actor, operation)
    return caught.value.code


async def queue(engine: ChatEngine, **fields: Any) -> tuple[Report, ...]:
    """The reports as an operator sees them."""
    return (await engine.execute(OPERATOR, ListReports(**fields))).items


async def test_a_reported_message_is_kept_as_it_was(engine: ChatEngine, people: People) -> None:
    """Whatever becomes of it: the operator sees what the reporter saw."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (said,) = await people.say(ben, group, "buy my watches")
    made = await engine.execute(ann, CreateReport(message_id=said.id, reason="spam", note="again"))
    assert (made.state, made.user_id, made.snapshot) == ("open", ben.id, None)
    await engine.execute(ben, EditMessage(group.id, said.id, "hello"))
    await engine.execute(ben, DeleteMessage(group.id, said.id))
    (one,) = await queue(engine, state="open")
    assert one.snapshot is not None
    assert (one.snapshot["body"], one.note, one.reporter_id) == ("buy my watches", "again", ann.id)
    page = await engine.execute(OPERATOR, ListReports())
    assert {user.id for user in page.users or ()} == {ann.id, ben.id}


async def test_a_reported_user_is_kept_as_their_card_was(
    engine: ChatEngine, people: People
) -> None:
    """A name may be the offence."""
    ann, ben = await people("ann", "ben")
    await engine.execute(ann, CreateReport(user_id=ben.id, reason="impersonation"))
    (one,) = await queue(engine)
    assert one.snapshot is not None
    assert one.snapshot["username"] == "ben"


async def test_one_open_report_of_one_thing(
    engine: ChatEngine, people: People, database: str
) -> None:
    """A repeat is answered with the first and changes nothing; after its resolution it is new."""
    ann, ben = await people("ann", "ben")
    (said,) = await people.say(ben, await people.group(ann, ben), "hm")
    report = CreateReport(message_id=said.id, reason="spam")
    first = await engine.execute(ann, report)
    before = dump(database)
    again = await engine.execute(ann, evolve(report, reason="hate", note="really"))
    assert again == evolve(first, replayed=True)
    assert dump(database) == before
    await engine.execute(OPERATOR, ResolveReport(first.id, "dismissed"))
    assert (await engine.execute(ann, report)).id != first.id


async def test_what_cannot_be_reported(engine: ChatEngine, people: People) -> None:
    """Nothing, two things at once, oneself, what one can't see, and what is deleted."""
    ann, ben, eve = await people("ann", "ben", "eve")
    group = await people.group(ann, ben)
    said, gone = await people.say(ben, group, "hm", "oops")
    await engine.execute(ben, DeleteMessage(group.id, gone.id))
    of = CreateReport(reason="other")
    assert await refused(engine, ann, of) == "invalid"
    assert await refused(engine, ann, evolve(of, user_id=ben.id, message_id=said.id)) == "invalid"
    assert await refused(engine, ben, evolve(of, message_id=said.id)) == "invalid"
    assert await refused(engine, ben, evolve(of, user_id=ben.id)) == "invalid"
    assert await refused(engine, eve, evolve(of, message_id=said.id)) == "not_found"
    assert await refused(engine, eve, evolve(of, message_id="made up")) == "not_found"
    assert await refused(engine, ann, evolve(of, user_id="nobody")) == "not_found"
    assert await refused(engine, ann, evolve(of, message_id=gone.id)) == "conflict"
    await engine.execute(ann, RemoveMember(group.id, ben.id))
    assert await refused(engine, ben, evolve(of, message_id=said.id)) == "not_found"


async def test_nobody_floods_the_queue(engine: ChatEngine, people: People) -> None:
    """At the limit a further one is refused, until one of them is resolved."""
    ann, *others = await people("ann", "ben", "cem", "dan", "eve")
    made = [
        await engine.execute(ann, CreateReport(user_id=one.id, reason="spam")) for one in others[:3]
    ]
    last = CreateReport(user_id=others[3].id, reason="spam")
    with pytest.raises(Conflict):
        await engine.execute(ann, last)
    await engine.execute(OPERATOR, ResolveReport(made[0].id, "warned"))
    assert (await engine.execute(ann, last)).state == "open"


async def test_resolving_by_removal_deletes_the_message(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """Its members hear of it as of any deletion; the operator is no member."""
    ann, ben, root = await people("ann", "ben", "root")
    group = await people.group(ann, ben)
    (said,) = await people.say(ben, group, "buy my watches")
    report = await engine.execute(ann, CreateReport(message_id=said.id, reason="spam"))
    broker.take()
    operator = evolve(root, operator=True)
    resolve = ResolveReport(report.id, "removed", "third time")
    done = await engine.execute(operator, resolve)
    assert (done.state, done.resolved_by, done.resolution) == ("removed", root.id, "third time")
    assert broker.take_names() == ["message.deleted"]
    gone = await engine.execute(ann, GetMessage(group.id, said.id))
    assert gone.body is None
    assert gone.deleted is not None
    assert (gone.deleted.by, gone.deleted.reason) == (root.id, "removed")
    with pytest.raises(Conflict):
        await engine.execute(operator, resolve)
    assert [one.state for one in await queue(engine, state="removed")] == ["removed"]
    assert await queue(engine, state="open") == ()


async def test_removing_from_an_ended_conversation_blanks_the_row(
    engine: ChatEngine, people: People, broker: RecordingBroker, database: str
) -> None:
    """Nobody is told, nobody being there; other messages stay as they are."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    said, other = await people.say(ben, group, "buy my watches", "hello")
    report = await engine.execute(ann, CreateReport(message_id=said.id, reason="spam"))
    await engine.execute(ann, DeleteConversation(group.id))
    broker.take()
    done = await engine.execute(OPERATOR, ResolveReport(report.id, "removed"))
    assert (done.state, broker.take()) == ("removed", [])
    bodies = [text for row in dump(database)["chat_messages"] for text in row]
    assert "buy my watches" not in bodies
    assert other.body in bodies


async def test_removing_what_has_gone_is_no_error(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """The report is closed; there is nothing more to delete."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (said,) = await people.say(ben, group, "hm")
    report = await engine.execute(ann, CreateReport(message_id=said.id, reason="spam"))
    await engine.execute(ben, DeleteMessage(group.id, said.id))
    broker.take()
    done = await engine.execute(OPERATOR, ResolveReport(report.id, "removed"))
    assert (done.state, broker.take()) == ("removed", [])


async def test_a_user_is_not_removed_like_a_message(engine: ChatEngine, people: People) -> None:
    """And an unknown report doesn't exist."""
    ann, ben = await people("ann", "ben")
    report = await engine.execute(ann, CreateReport(user_id=ben.id, reason="spam"))
    with pytest.raises(Invalid):
        await engine.execute(OPERATOR, ResolveReport(report.id, "removed"))
    with pytest.raises(NotFound):
        await engine.execute(OPERATOR, ResolveReport(ReportId("none"), "dismissed"))


async def test_the_queue_is_paged(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """The oldest first, whatever the size of the pages; a cursor is of its own list."""
    ann, *others = await people("ann", "ben", "cem", "dan")
    made = []
    for one in others:
        clock.advance(1)
        made.append((await engine.execute(ann, CreateReport(user_id=one.id, reason="spam"))).id)
    found, cursor = [], None
    while True:
        page = await engine.execute(OPERATOR, ListReports(cursor=cursor, limit=2))
        found += [one.id for one in page.items]
        cursor = page.next  # type: ignore[assignment]
        if cursor is None:
            break
        with pytest.raises(Invalid):
            await engine.execute(OPERATOR, ListReports(state="open", cursor=cursor))
    assert found == made
