"""Exports: all that an account holds, nothing of others', in bounded pages."""

import json
import zipfile
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import ChatError, Forbidden, NotFound
from chatcore.flows import exports as flow
from chatcore.models import Actor
from chatcore.operations import (
    AddBlock,
    AddReaction,
    ChangePassword,
    CreateConversation,
    DeleteAccount,
    DeleteMessage,
    ExportAccount,
    Leave,
    ListAudit,
    NewPoll,
    NewSettings,
    PersonalizeConversation,
    PinMessage,
    RequestContact,
    SendMessage,
    UpdateConversation,
    UpdateMe,
    Vote,
)
from chatcore.services import exports, retention
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import PASSWORD, People

pytestmark = pytest.mark.anyio

OPERATOR = Actor(None, operator=True)


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    """A file's bytes."""
    for part in parts:
        yield part


@pytest.fixture
async def filing(database: str, clock: FakeClock, tmp_path: Path) -> AsyncIterator[ChatEngine]:
    """An engine that keeps files, too."""
    async with ChatEngine(
        database, clock=clock, hasher=PlainHasher(), files=tmp_path / "files"
    ) as opened:
        yield opened


async def entries(engine: ChatEngine, user: Actor) -> list[dict[str, Any]]:
    """The lines of a user's export."""
    file = BytesIO()
    await flow.lines(flow.user_entries(engine, user.id), file)
    return [json.loads(line) for line in file.getvalue().splitlines()]


def of(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The entries of one type."""
    return [one for one in found if one["type"] == kind]


async def test_it_holds_what_is_ones_own(engine: ChatEngine, people: People) -> None:
    """Profile, sessions, memberships, messages, reactions, contacts and blocks."""
    ann, ben, cem = await people("ann", "ben", "cem")
    group, left = await people.group(ben, ann), await people.group(ben, ann, title="left")
    notes = await engine.execute(ann, CreateConversation(kind="self"))
    (theirs,) = await people.say(ben, group, "by ben")
    await people.say(ann, group, "by ann", "deleted")
    gone = (await people.say(ann, left, "left behind", "gone"))[1]
    await engine.execute(ann, DeleteMessage(left.id, gone.id))
    await engine.execute(ann, Leave(left.id))
    await people.say(ann, notes, "to myself")
    await engine.execute(ann, PersonalizeConversation(group.id, draft="half", labels=("fun",)))
    await engine.execute(ann, AddReaction(group.id, theirs.id, "👍"))
    await engine.execute(ann, UpdateMe(bio="Baker"))
    await engine.execute(ann, RequestContact(ben.id))
    await engine.execute(ann, AddBlock(cem.id))
    found = await entries(engine, ann)
    head, *_, end = found
    assert (head["format"], head["version"], head["of"]) == ("chatcore.export", 1, "user")
    assert [(one["username"], one["bio"]) for one in of(found, "profile")] == [("ann", "Baker")]
    assert [one["current"] for one in of(found, "session")] == [False]
    assert {one["body"] for one in of(found, "message")} == {
        "by ann",
        "deleted",
        "left behind",
        "to myself",
    }
    memberships = {one["conversation_id"]: one for one in of(found, "membership")}
    assert memberships[group.id]["draft"] == "half"
    assert memberships[group.id]["labels"] == ["fun"]
    assert "left_at" in memberships[left.id]
    assert of(found, "reaction") == [{"type": "reaction", "message_id": theirs.id, "key": "👍"}]
    assert [one["user_id"] for one in of(found, "contact")] == [ben.id]
    assert [one["user_id"] for one in of(found, "block")] == [cem.id]
    assert end["counts"] == {
        kind: len(of(found, kind)) for kind in {one["type"] for one in found[1:-1]}
    }
    text = json.dumps(found)
    for secret in (PASSWORD, "token", "by ben"):
        assert secret not in text


async def test_whoever_left_learns_nothing_of_what_came_after(
    engine: ChatEngine, people: People
) -> None:
    """No later title, no reaction, vote, thread or pin on what they once sent."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    question = NewPoll(question="When?", options=("now", "later"))
    (said,) = await people.say(ben, group, "by ben")
    poll = await engine.execute(ben, SendMessage(group.id, kind="poll", poll=question))
    await engine.execute(ben, AddReaction(group.id, said.id, "👍"))
    await engine.execute(ben, Leave(group.id))
    before = await entries(engine, ben)
    await engine.execute(ann, UpdateConversation(group.id, title="Ben has gone"))
    await engine.execute(ann, AddReaction(group.id, said.id, "🎉"))
    await engine.execute(ann, Vote(group.id, poll.id, options=(1,)))
    await engine.execute(ann, PinMessage(group.id, said.id))
    await engine.execute(ann, SendMessage(group.id, "below", thread_id=said.id))
    after = await entries(engine, ben)
    for kind in ("membership", "message", "reaction"):
        assert of(after, kind) == of(before, kind)
    assert "title" not in of(after, "membership")[0]
    assert of(after, "reaction") == [{"type": "reaction", "message_id": said.id, "key": "👍"}]
    for hung in ("reactions", "thread", "pinned"):
        assert not of(after, "message")[0].get(hung)


async def test_what_has_had_its_time_is_not_in_it(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """Rows of expired and pruned messages that still wait to go."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    settings = NewSettings(expire_after_s=60)
    (old,) = await people.say(ben, group, "old")
    await engine.execute(ann, AddReaction(group.id, old.id, "👍"))
    await engine.execute(ann, UpdateConversation(group.id, settings=settings))
    await people.say(ann, group, "short")
    clock.advance(61)
    assert [one["type"] for one in await entries(engine, ann)].count("message") == 0
    settings = NewSettings(retention_days=1)
    await engine.execute(ann, UpdateConversation(group.id, settings=settings))
    assert of(await entries(engine, ann), "reaction") != []
    clock.advance(86_401)
    # The first step only says so: the rows are there yet.
    await engine.chat_write(lambda work: retention.prune(work, group.id))
    assert of(await entries(engine, ann), "reaction") == []
    assert of(await entries(engine, ben), "message") == []


async def test_pages_join_without_a_gap(
    engine: ChatEngine, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever their size; and progress ends where it should."""
    monkeypatch.setattr(flow, "_WINDOW", 4)
    monkeypatch.setattr(exports, "PAGE", 3)
    ann, ben = await people("ann", "ben")
    group, talk = await people.group(ann, ben), await people.direct(ann, ben)
    bodies = [str(number) for number in range(11)]
    await people.say(ann, group, *bodies[:7])
    await people.say(ann, talk, *bodies[7:])
    told: list[tuple[int, int]] = []
    kept = [one async for one in flow.user_entries(engine, ann.id, lambda *at: told.append(at))]
    assert [one["body"] for one in of(kept, "message")] == bodies
    assert told[-1][0] == told[-1][1] == 11
    whole = [one async for one in flow.conversation_entries(engine, group.id)]
    assert [one["body"] for one in of(whole, "message")] == bodies[:7]
    assert [one["user_id"] for one in of(whole, "member")] == sorted((ann.id, ben.id))


async def test_one_downloads_ones_own_archive(filing: ChatEngine) -> None:
    """With the files in it, for its maker alone; a later one doesn't hold the earlier."""
    people = People(filing)
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    file = await filing.upload(ann, name="cake.txt", chunks=chunks(b"flour"))
    await filing.execute(ann, SendMessage(group.id, "see", upload_ids=(file.upload_id,)))
    for _ in range(2):
        made = await filing.execute(ann, ExportAccount())
        assert made.media_type == "application/zip"
        download = await filing.download(ann, made.upload_id)
        content = b"".join([chunk async for chunk in download.chunks])
        assert len(content) == made.size
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = archive.namelist()
            assert names == ["export.jsonl", f"files/{file.upload_id}/cake.txt"]
            assert archive.read(names[1]) == b"flour"
            lines = [json.loads(line) for line in archive.read(names[0]).splitlines()]
        assert [one["body"] for one in of(lines, "message")] == ["see"]
        with pytest.raises(NotFound):
            await filing.download(ben, made.upload_id)
    assert (await filing.execute(OPERATOR, ListAudit())).items == ()


async def test_who_may(filing: ChatEngine, clock: FakeClock) -> None:
    """Oneself, freshly signed in or with the password; and operators, who are noted."""
    people = People(filing)
    ann, ben = await people("ann", "ben")
    clock.advance(Limits().session_fresh_s + 1)
    with pytest.raises(Forbidden):
        await filing.execute(ann, ExportAccount())
    with pytest.raises(Forbidden):
        await filing.execute(ann, ExportAccount(user_id=ben.id, password=PASSWORD))
    await filing.execute(ann, ExportAccount(password=PASSWORD))
    root = Actor(ben.id, ben.session_id, operator=True)
    made = await filing.execute(root, ExportAccount(user_id=ann.id))
    assert (await filing.download(ben, made.upload_id)).size > 0
    (act,) = (await filing.execute(OPERATOR, ListAudit())).items
    assert (act.method, act.actor_id, act.user_id) == ("accounts.export", ben.id, ann.id)
    with pytest.raises(ChatError) as caught:
        await filing.execute(OPERATOR, ExportAccount(user_id=ann.id))
    assert caught.value.code == "invalid"


async def test_an_erased_account_leaves_no_archive(filing: ChatEngine, tmp_path: Path) -> None:
    """What was exported goes with everything else."""
    (ann,) = await People(filing)("ann")
    await filing.execute(ann, ExportAccount())
    await filing.execute(ann, ChangePassword(PASSWORD, "another battery"))
    await filing.execute(ann, DeleteAccount(depth="erase"))
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []
