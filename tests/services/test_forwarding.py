"""Forwarding: one send for each conversation, exactly once, and nothing told of the source."""

import pytest

from chatcore import codec
from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, Forbidden, Invalid, NotFound
from chatcore.models import Message
from chatcore.operations import (
    DeleteMessage,
    EditMessage,
    ForwardCopy,
    ForwardMessage,
    GetUpload,
    ListMessages,
    NewLocation,
    NewPoll,
    NewSettings,
    SendMessage,
    UpdateConversation,
)
from tests.people import People, RecordingBroker
from tests.services.files import record

pytestmark = pytest.mark.anyio


@pytest.fixture
def limits() -> Limits:
    """Three targets at most."""
    return Limits(forward_targets=3)


async def test_each_target_is_answered_by_itself(engine: ChatEngine, people: People) -> None:
    """Those that take it have it, the others say why not."""
    ann, ben, cem = await people("ann", "ben", "cem")
    source = await people.direct(ann, ben)
    (sent,) = await people.say(ben, source, "see this")
    open_to, frozen = await people.group(ann, cem), await people.group(cem, ann)
    await engine.execute(cem, UpdateConversation(frozen.id, settings=NewSettings(frozen=True)))
    elsewhere = await people.group(ben, cem)
    targets = (open_to.id, frozen.id, elsewhere.id)
    done = await engine.execute(ann, ForwardMessage(source.id, sent.id, targets, "k"))
    assert [one.conversation_id for one in done.items] == list(targets)
    assert [one.error and one.error.code for one in done.items] == [
        None,
        "forbidden",
        "not_found",
    ]
    message = done.items[0].message
    assert message is not None
    assert (message.body, message.sender_id) == ("see this", ann.id)
    assert message.forwarded_from is not None
    assert message.forwarded_from.sender_id == ben.id
    assert message.forwarded_from.created_at == sent.created_at
    page = await engine.execute(cem, ListMessages(open_to.id))
    assert source.id not in codec.encode(page).decode()


async def test_forwarding_is_exactly_once(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """Again with the same key is the same, even when the source has changed or gone."""
    ann, ben = await people("ann", "ben")
    source, target = await people.direct(ann, ben), await people.group(ann)
    (sent,) = await people.say(ann, source, "first")
    forward = ForwardMessage(source.id, sent.id, (target.id,), "k")
    (first,) = (await engine.execute(ann, forward)).items
    assert first.message is not None
    broker.take()
    for change in (
        EditMessage(source.id, sent.id, "second"),
        DeleteMessage(source.id, sent.id),
        DeleteMessage(source.id, sent.id, "me"),
    ):
        await engine.execute(ann, change)  # type: ignore[arg-type]
        broker.take()
        (again,) = (await engine.execute(ann, forward)).items
        assert again.message is not None
        assert (again.message.id, again.message.replayed) == (first.message.id, True)
        assert broker.take() == []
    with pytest.raises(NotFound):
        await engine.execute(ann, ForwardMessage(source.id, sent.id, (target.id,), "other"))


async def test_a_key_is_of_one_message(engine: ChatEngine, people: People) -> None:
    """Used for another one, or by a plain send, it is refused where it was used."""
    (ann,) = await people("ann")
    source, target = await people.group(ann), await people.group(ann)
    one, other = await people.say(ann, source, "one", "other")
    await engine.execute(ann, ForwardMessage(source.id, one.id, (target.id,), "k"))
    done = await engine.execute(ann, ForwardMessage(source.id, other.id, (target.id,), "k"))
    assert done.items[0].error is not None
    assert done.items[0].error.code == "key_reused"


async def test_a_chain_keeps_its_beginning(engine: ChatEngine, people: People) -> None:
    """Forwarding what was forwarded names who wrote it first; quotes and mentions stay behind."""
    ann, ben = await people("ann", "ben")
    first, second, third = [await people.group(ann, ben) for _ in range(3)]
    (quoted,) = await people.say(ann, first, "quoted")
    operation = SendMessage(first.id, "hello", reply_to=quoted.id, mentions=("all",))
    sent = await engine.execute(ben, operation)
    assert isinstance(sent, Message)
    (one,) = (await engine.execute(ann, ForwardMessage(first.id, sent.id, (second.id,), "k"))).items
    assert one.message is not None
    (two,) = (
        await engine.execute(ben, ForwardMessage(second.id, one.message.id, (third.id,), "k"))
    ).items
    assert two.message is not None
    assert two.message.forwarded_from == one.message.forwarded_from
    assert two.message.forwarded_from is not None
    assert two.message.forwarded_from.sender_id == ben.id
    assert (one.message.reply_to, one.message.mentions) == (None, ())


async def test_files_are_shared_not_copied(engine: ChatEngine, people: People) -> None:
    """Whoever sees the forwarded message reaches the file, as long as it lives."""
    ann, ben, cem = await people("ann", "ben", "cem")
    source, target = await people.direct(ann, ben), await people.group(ann, cem)
    row = record(ben)
    await engine.chat_write(lambda work: work.unit.uploads.insert(row))
    sent = await engine.execute(ben, SendMessage(source.id, upload_ids=(row.id,)))
    with pytest.raises(NotFound):
        await engine.execute(cem, GetUpload(row.id))
    done = await engine.execute(ann, ForwardMessage(source.id, sent.id, (target.id,), "k"))
    copy = done.items[0].message
    assert copy is not None
    assert copy.attachments == sent.attachments
    assert (await engine.execute(cem, GetUpload(row.id))).upload_id == row.id
    await engine.execute(ben, DeleteMessage(source.id, sent.id))
    assert (await engine.execute(cem, GetUpload(row.id))).upload_id == row.id
    await engine.execute(ann, DeleteMessage(target.id, copy.id))
    with pytest.raises(NotFound):
        await engine.execute(cem, GetUpload(row.id))


async def test_some_kinds_stay_where_they_are(engine: ChatEngine, people: People) -> None:
    """Polls belong to those who vote, ciphertext to those with its keys; places go anywhere."""
    (ann,) = await people("ann")
    source, target = await people.group(ann), await people.group(ann)
    poll = NewPoll(question="?", options=("a", "b"))
    for operation in (
        SendMessage(source.id, kind="poll", poll=poll),
        SendMessage(source.id, kind="encrypted", encrypted={"a": 1}),
    ):
        sent = await engine.execute(ann, operation)
        with pytest.raises(Conflict):
            await engine.execute(ann, ForwardMessage(source.id, sent.id, (target.id,), "k"))
    place = SendMessage(source.id, kind="location", location=NewLocation(latitude=1, longitude=2))
    sent = await engine.execute(ann, place)
    done = await engine.execute(ann, ForwardMessage(source.id, sent.id, (target.id,), "k"))
    assert done.items[0].message is not None
    assert done.items[0].message.location == sent.location


async def test_targets_are_bounded(engine: ChatEngine, people: People) -> None:
    """At the limit, not one past it; the same conversation will do."""
    (ann,) = await people("ann")
    groups = [await people.group(ann) for _ in range(4)]
    (sent,) = await people.say(ann, groups[0], "all over")
    ids = tuple(one.id for one in groups)
    done = await engine.execute(ann, ForwardMessage(groups[0].id, sent.id, ids[:3], "k"))
    assert all(one.message for one in done.items)
    for wrong in (ids, ()):
        with pytest.raises(Invalid):
            await engine.execute(ann, ForwardMessage(groups[0].id, sent.id, wrong, "k"))


async def test_nobody_makes_copies_by_hand(engine: ChatEngine, people: People) -> None:
    """What the engine makes of a forward is no operation of anybody's."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    with pytest.raises(Forbidden):
        await engine.execute(ann, ForwardCopy(group.id, "made up", taken={}))
