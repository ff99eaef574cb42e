"""Announcement mode and freezing: who may still do what, and that both come and go at once."""

from collections.abc import Callable
from typing import Any

import pytest

from chatcore.engine import ChatEngine
from chatcore.errors import ChatError
from chatcore.models import Actor, Conversation, Message
from chatcore.operations import (
    AddReaction,
    BanMember,
    DeleteMessage,
    EditMessage,
    GetConversation,
    ListMessages,
    MarkReceipt,
    NewSettings,
    Operation,
    RemoveReaction,
    SendMessage,
    SetTyping,
    TransferOwnership,
    UpdateConversation,
    UpdateMember,
)
from tests.people import People

pytestmark = pytest.mark.anyio

Ask = Callable[[Conversation, Message, Message], Operation[Any]]

# Of a group, a message of one's own in it, and somebody else's.
ASKED: dict[str, Ask] = {
    "send": lambda group, own, other: SendMessage(group.id, "hello"),
    "answer": lambda group, own, other: SendMessage(group.id, "hello", reply_to=other.id),
    "in a thread": lambda group, own, other: SendMessage(group.id, "hello", thread_id=other.id),
    "edit": lambda group, own, other: EditMessage(group.id, own.id, "better"),
    "type": lambda group, own, other: SetTyping(group.id, "text"),
    "react": lambda group, own, other: AddReaction(group.id, other.id, "+"),
    "take back": lambda group, own, other: RemoveReaction(group.id, other.id, "+"),
    "delete": lambda group, own, other: DeleteMessage(group.id, own.id),
    "hide": lambda group, own, other: DeleteMessage(group.id, other.id, "me"),
    "mark": lambda group, own, other: MarkReceipt(group.id, read_seq=1),
    "read": lambda group, own, other: ListMessages(group.id),
    "look": lambda group, own, other: GetConversation(group.id),
}
POSTING = {"send", "answer", "in a thread", "edit", "type"}
REACTING = {"react", "take back"}


async def refused(
    engine: ChatEngine, who: Actor, group: Conversation, own: Message, other: Message
) -> dict[str, str]:
    """The codes of what somebody may not do; what they may is done."""
    found = {}
    for name, make in ASKED.items():
        try:
            await engine.execute(who, make(group, own, other))
        except ChatError as error:
            found[name] = error.code
    return found


@pytest.mark.parametrize(
    ("settings", "silenced"),
    [
        (NewSettings(), {"member": set(), "admin": set(), "owner": set()}),
        (NewSettings(announcement=True), {"member": POSTING, "admin": set(), "owner": set()}),
        (
            NewSettings(frozen=True),
            dict.fromkeys(("member", "admin", "owner"), POSTING | REACTING),
        ),
    ],
    ids=["open", "announcement", "frozen"],
)
async def test_who_may_what(
    engine: ChatEngine, people: People, settings: NewSettings, silenced: dict[str, set[str]]
) -> None:
    """Reading and taking back one's own words are always free."""
    owner, admin, member = await people("owner", "admin", "member")
    roles = {"owner": owner, "admin": admin, "member": member}
    group = await people.group(owner, admin, member)
    await engine.execute(owner, UpdateMember(group.id, admin.id, "admin"))
    (other,) = await people.say(owner, group, "by another")
    own = {role: (await people.say(who, group, role))[0] for role, who in roles.items()}
    await engine.execute(owner, UpdateConversation(group.id, settings=settings))
    for role, who in roles.items():
        found = await refused(engine, who, group, own[role], other)
        assert found == dict.fromkeys(silenced[role], "forbidden")


async def test_a_frozen_group_is_still_ruled(engine: ChatEngine, people: People) -> None:
    """Its admins remove, promote, hand over and thaw it."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann, ben, cid, settings=NewSettings(frozen=True))
    await engine.execute(ann, UpdateMember(group.id, ben.id, "admin"))
    await engine.execute(ben, BanMember(group.id, cid.id))
    await engine.execute(ann, TransferOwnership(group.id, ben.id))
    await engine.execute(ann, UpdateConversation(group.id, settings=NewSettings(frozen=False)))
    await people.say(ben, group, "at last")


async def test_a_promoted_member_may_announce(engine: ChatEngine, people: People) -> None:
    """And no longer once the role is gone."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben, settings=NewSettings(announcement=True))
    await engine.execute(ann, UpdateMember(group.id, ben.id, "admin"))
    (said,) = await people.say(ben, group, "hear")
    await engine.execute(ann, UpdateMember(group.id, ben.id, "member"))
    found = await refused(engine, ben, group, said, said)
    assert found.keys() == POSTING
