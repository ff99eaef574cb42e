"""What an export holds: one entry after the other, read a bounded page at a time.

An entry is a JSON object whose ``type`` says what it is. ``flows.exports`` puts them in order and
writes them down; the format is described in the guide.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, cast

from attrs import evolve

from chatcore import codec
from chatcore.errors import NotFound
from chatcore.ids import ConversationId, UserId, message_id, to_datetime
from chatcore.ports.erasure import Trace
from chatcore.ports.messages import MessageRecord, Window
from chatcore.services import accounts, blocks, contacts, deferrals, faces, files, settings, users
from chatcore.services.work import AccountsWork, ChatWork

FORMAT: Final = "chatcore.export"
VERSION: Final = 1
"""Rises when what is there already changes its meaning; new types and fields may join any time."""

PAGE: Final = 100

Entry = dict[str, Any]

_OTHERS: Final = ("reactions", "thread", "pinned")
"""What others hang on a message."""


def entry(kind: str, value: Any, **more: Any) -> Entry:
    """A model as an entry."""
    return {"type": kind, **more, **json.loads(codec.encode(value))}


# A user's.


def account(work: AccountsWork, user: UserId) -> list[Entry]:
    """Profile and sessions, without passwords and tokens. Nothing of who is the host's."""
    record = work.unit.users.known([user]).get(user)
    if record is None:
        return []
    sessions = [accounts.face(work, one, None) for one in work.unit.sessions.of(user)]
    return [entry("profile", users.own(record)), *(entry("session", one) for one in sessions)]


def chosen(work: ChatWork, user: UserId) -> list[Entry]:
    """What they chose to show to whom."""
    return [entry("settings", settings.get(work, user))]


def traces(work: ChatWork, user: UserId, after: int) -> Sequence[Trace]:
    """Where the user is or was a member."""
    return work.unit.erasures.traces(user, after, PAGE)


def membership(work: ChatWork, user: UserId, trace: Trace) -> list[Entry]:
    """One membership, with what only the member sees; no title where they no longer see it."""
    place = (trace.conversation_n, user)
    row = work.unit.members.get([place])[place]
    stream = work.unit.conversations.get([trace.id]).get(trace.id)
    more = {
        "conversation_id": trace.id,
        "kind": trace.kind,
        "title": stream.title if stream is not None and row.current else None,
        "role": row.role,
        "joined_at": to_datetime(row.joined_at),
        "left_at": None if row.left_at is None else to_datetime(row.left_at),
        "read_seq": row.read_seq,
        "muted_until": None if row.muted_until is None else to_datetime(row.muted_until),
        "archived": row.archived,
        "pinned": row.pinned,
        "labels": row.labels,
        "draft": row.draft,
    }
    return [entry("membership", {key: one for key, one in more.items() if one is not None})]


def content(work: ChatWork, user: UserId, trace: Trace, after: int, up_to: int) -> list[Entry]:
    """What the user sent, how they reacted and voted, in messages with a seq in (after, up_to]."""
    found = work.unit.erasures
    sent = found.sent(trace, user, after, up_to)
    reacted = found.reacted(trace, user, after, up_to)
    voted = found.voted(trace, user, after, up_to)
    by_seq = _there(work, trace, {*sent, *reacted, *voted})
    mine = work.unit.reactions.mine(trace.conversation_n, user, reacted) if reacted else {}
    votes = work.unit.polls.mine(trace.conversation_n, user, voted) if voted else {}
    current = _current(work, user, trace)
    own = [by_seq[seq] for seq in sent if seq in by_seq and by_seq[seq].deleted_at is None]
    entries = [
        entry("message", faces.message(one if current else _alone(one), trace)) for one in own
    ]
    for seq, keys in mine.items():
        if seq in by_seq:
            id = _id(trace, by_seq[seq])
            entries += [{"type": "reaction", "message_id": id, "key": key} for key in keys]
    for seq, options in votes.items():
        if seq in by_seq:
            id = _id(trace, by_seq[seq])
            entries.append({"type": "vote", "message_id": id, "options": list(options)})
    return entries


def _there(work: ChatWork, trace: Trace, seqs: set[int]) -> dict[int, MessageRecord]:
    """By seq, those that are neither pruned nor expired: their rows only wait to go."""
    rows = work.unit.messages.get(
        {(trace.conversation_n, seq) for seq in seqs if seq > trace.pruned_seq}
    )
    return {row.seq: row for row in rows.values() if not faces.expired(row, work.now)}


def _current(work: ChatWork, user: UserId, trace: Trace) -> bool:
    place = (trace.conversation_n, user)
    row = work.unit.members.get([place]).get(place)
    return row is not None and row.current


def _alone(record: MessageRecord) -> MessageRecord:
    """A message without what others made of it: its sender is gone, and sees that no more."""
    details = {name: value for name, value in record.details.items() if name not in _OTHERS}
    if poll := details.get("poll"):
        users: list[str] | None = None if poll.get("anonymous") else []
        options = [
            {key: value for key, value in one.items() if key == "text"} | {"user_ids": users}
            for one in poll["options"]
        ]
        kept = {key: value for key, value in poll.items() if key not in ("voters", "closed_at")}
        details["poll"] = kept | {"options": options}
    touched = record.edited_at or record.created_at
    return evolve(record, details=details, rev=record.sent_rev, updated_at=touched)


def _id(trace: Trace, record: MessageRecord) -> str:
    return message_id(trace.id, record.seq, record.nonce)


def contact_page(work: ChatWork, user: UserId, after: str) -> list[tuple[str, Entry]]:
    """Contacts, each with what to go on after."""
    rows = work.unit.contacts.page(user, ("requested", "accepted"), after, PAGE)
    return [(row.other_id, entry("contact", contacts.face(row))) for row in rows]


def block_page(work: ChatWork, user: UserId, after: str) -> list[tuple[str, Entry]]:
    """Whom the user blocks."""
    rows = work.unit.blocks.page(user, after, PAGE)
    return [(row.other_id, entry("block", blocks.face(row))) for row in rows]


def scheduled_page(work: ChatWork, user: UserId, after: str) -> list[tuple[str, Entry]]:
    """What waits to be sent."""
    rows = work.unit.scheduled.page(user, after, PAGE)
    return [(row.id, entry("scheduled", deferrals.face(row))) for row in rows]


def upload_page(work: ChatWork, user: UserId, after: str) -> list[tuple[str, Entry]]:
    """The user's files, as far as they are described; their bytes are another matter."""
    rows = work.unit.erasures.files(user, after, PAGE)
    return [
        (row.id, entry("upload", files.attachment(row), created_at=_moment(row.created_at)))
        for row in rows
    ]


def _moment(ms: int) -> str:
    return codec.rfc3339(to_datetime(ms))


# A conversation's.


def find(work: ChatWork, text: str) -> ConversationId:
    """The one conversation of this id or title. Raises :class:`NotFound` for none, or several."""
    found = work.unit.exports.named(text, 2)
    if len(found) != 1:
        raise NotFound
    return found[0]


def opening(work: ChatWork, id: ConversationId) -> tuple[Trace, list[Entry]]:
    """Where it stands, and what it is."""
    stream = work.unit.conversations.get([id]).get(id)
    if stream is None:
        raise NotFound
    trace = Trace(
        conversation_n=stream.n,
        id=id,
        kind=stream.kind,
        ended=False,
        last_seq=stream.last_seq,
        pruned_seq=stream.pruned_seq,
    )
    return trace, [entry("conversation", faces.conversation(stream))]


def member_page(work: ChatWork, trace: Trace, after: str) -> list[tuple[str, Entry]]:
    """The current members."""
    stream = work.unit.conversations.get([trace.id])[trace.id]
    rows = work.unit.members.page(trace.conversation_n, after, PAGE)
    return [(row.user_id, entry("member", faces.member(row, stream))) for row in rows]


def message_page(work: ChatWork, trace: Trace, after: int) -> list[tuple[int, Entry]]:
    """Messages and tombstones by rising seq, whoever may see them."""
    everything = Window(
        conversation_n=trace.conversation_n, viewer=cast(UserId, ""), floor_seq=0, now=work.now
    )
    rows = work.unit.messages.page(everything, after=after, before=None, newest=False, limit=PAGE)
    return [(row.seq, entry("message", faces.message(row, trace))) for row in rows]
