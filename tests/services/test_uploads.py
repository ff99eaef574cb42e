"""Files: who sees them, and who may delete them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, NotFound
from chatcore.ids import UploadId
from chatcore.models import Actor, Deferred
from chatcore.operations import (
    AddMembers,
    CancelScheduled,
    DeleteConversation,
    DeleteMessage,
    DeleteUpload,
    GetUpload,
    Leave,
    SendMessage,
)
from chatcore.testing.fakes import PlainHasher
from tests.people import People
from tests.services.files import keep

pytestmark = pytest.mark.anyio


async def sees(engine: ChatEngine, actor: Actor, upload: UploadId) -> bool:
    """Whether an actor may see a file."""
    try:
        await engine.execute(actor, GetUpload(upload))
    except NotFound:
        return False
    return True


async def test_a_file_is_seen_through_a_live_message(engine: ChatEngine, people: People) -> None:
    """By its owner always; by others as long as a message that they see holds it."""
    ann, ben, eve = await people("ann", "ben", "eve")
    group, other = await people.group(ann, ben), await people.group(ann, ben)
    upload = await keep(engine, ann)
    assert [await sees(engine, one, upload) for one in (ann, ben, eve)] == [True, False, False]
    sent = await engine.execute(ann, SendMessage(group.id, "see", upload_ids=(upload,)))
    assert [await sees(engine, one, upload) for one in (ann, ben, eve)] == [True, True, False]
    shown = await engine.execute(ben, GetUpload(upload))
    assert (shown.name, shown.size, shown.url) == ("notes.txt", 5, f"uploads/{upload}")
    again = await engine.execute(ann, SendMessage(other.id, "see", upload_ids=(upload,)))
    await engine.execute(ann, DeleteMessage(group.id, sent.id))
    assert await sees(engine, ben, upload)
    await engine.execute(ann, DeleteMessage(other.id, again.id))
    assert [await sees(engine, one, upload) for one in (ann, ben)] == [True, False]


async def test_every_way_of_losing_a_message_loses_its_file(
    engine: ChatEngine, people: People
) -> None:
    """Hidden, left, joined later, or the group deleted."""
    ann, ben, cid, dan = await people("ann", "ben", "cid", "dan")
    group = await people.group(ann, ben, cid)
    upload = await keep(engine, ann)
    sent = await engine.execute(ann, SendMessage(group.id, "see", upload_ids=(upload,)))
    await engine.execute(ann, AddMembers(group.id, (dan.id,)))
    assert not await sees(engine, dan, upload)
    await engine.execute(ben, DeleteMessage(group.id, sent.id, for_="me"))
    assert not await sees(engine, ben, upload)
    await engine.execute(cid, Leave(group.id))
    assert not await sees(engine, cid, upload)
    await engine.execute(ann, AddMembers(group.id, (cid.id,), share_history=True))
    assert await sees(engine, cid, upload)
    await engine.execute(ann, DeleteConversation(group.id))
    assert [await sees(engine, one, upload) for one in (ann, cid)] == [True, False]


async def test_deleting_a_file(database: str, tmp_path: Path) -> None:
    """Only while no message holds it; then it is gone."""
    async with ChatEngine(database, hasher=PlainHasher(), files=tmp_path / "files") as engine:
        people = People(engine)
        (ann,) = await people("ann")
        group = await people.group(ann)
        upload = await keep(engine, ann)
        sent = await engine.execute(ann, SendMessage(group.id, "see", upload_ids=(upload,)))
        with pytest.raises(Conflict):
            await engine.execute(ann, DeleteUpload(upload))
        await engine.execute(ann, DeleteMessage(group.id, sent.id))
        await engine.execute(ann, DeleteUpload(upload))
        assert not await sees(engine, ann, upload)
        with pytest.raises(NotFound):
            await engine.execute(ann, DeleteUpload(upload))


async def test_a_message_that_waits_holds_its_file(database: str, tmp_path: Path) -> None:
    """Until it is cancelled: it would come without it, or fail."""
    async with ChatEngine(database, hasher=PlainHasher(), files=tmp_path / "files") as engine:
        people = People(engine)
        (ann,) = await people("ann")
        group = await people.group(ann)
        upload, other = await keep(engine, ann), await keep(engine, ann)
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        send = SendMessage(group.id, "see", upload_ids=(upload,), send_at=tomorrow)
        planned = await engine.execute(ann, send)
        assert isinstance(planned, Deferred)
        with pytest.raises(Conflict):
            await engine.execute(ann, DeleteUpload(upload))
        await engine.execute(ann, DeleteUpload(other))
        await engine.execute(ann, CancelScheduled(planned.scheduled.id))
        await engine.execute(ann, DeleteUpload(upload))
        assert not await sees(engine, ann, upload)
