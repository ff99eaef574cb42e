"""What a client holds, laid out so that two clients can be compared."""

from collections.abc import Collection
from typing import Any

from chatcore.testing.client import Client
from chatcore.testing.held import Held

Json = dict[str, Any]

_PERSONAL = ("me", "last_message", "peer_id", "cursor", "replayed")
_DERIVED = ("rev", "last_seq")


def state(client: Client, apart: Collection[str] = ()) -> Json:
    """Everything but messages: equal for any two clients of a user that are up to date.

    What was told of the receipts of those ``apart`` stays with a client when a block hides them.
    """
    return {
        "blocks": client.blocks,
        "bookmarks": client.bookmarks,
        "contacts": client.contacts,
        "conversations": {id: _summary(client, id, apart) for id in client.conversations},
    }


def _summary(client: Client, id: str, apart: Collection[str]) -> Json:
    held, position = client.conversations[id], client.positions[id]
    current = {user: one for user, one in held.members.items() if "left_at" not in one}
    last = held.last_message()
    return {
        "conversation": {
            name: value
            for name, value in held.conversation.items()
            if name not in _PERSONAL + _DERIVED
        },
        "own": held.own,
        "counters": (position.rev, position.receipt_rev, held.last_seq),
        "members": {user: _membership(one) for user, one in current.items()},
        "receipts": {user: held.marks[user] for user in current if user not in apart},
        "unread": (held.unread, held.unread_more, held.unread_mentions),
        "last": None if last is None else last["seq"],
    }


def _membership(member: Json) -> Json:
    marks = ("delivered_seq", "read_seq")
    return {name: value for name, value in member.items() if name not in marks}


def messages(held: Held, like: Held) -> dict[int, Json]:
    """The messages that are shown, with quotes as far as ``like`` can derive them too."""
    found = {}
    for seq, message in sorted(held.messages.items()):
        if held.is_hidden(message):
            continue
        face = found[seq] = held.shown(message)
        reply = face.get("reply_to")
        if reply is not None and reply["seq"] not in like.messages:
            reply.pop("preview", None)
    return found


def equal(one: Client, fresh: Client, apart: Collection[str] = ()) -> None:
    """Fail unless ``one`` holds, as far as its windows go, what ``fresh`` has just fetched.

    ``apart``: those with whom there ever was a block.
    """
    assert state(one, apart) == state(fresh, apart)
    for id, theirs in fresh.conversations.items():
        held = one.conversations[id]
        shown, expected = messages(held, held), messages(theirs, held)
        # The whole window is there, and nothing that can't be seen.
        whole = {seq for seq in expected if seq >= held.first} - held.forgotten
        assert whole <= shown.keys() <= expected.keys(), (whole, shown.keys(), expected.keys())
        veiled = ["status"] if set(apart) & held.members.keys() else []
        for seq, message in shown.items():
            for face in (message, expected[seq]):
                for name in veiled:
                    face.pop(name, None)
            assert message == expected[seq]
