"""Bookmarks: whatever becomes of a message, a bookmark shows no more of it than a list would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import evolve

from chatcore.errors import Conflict, NotFound
from chatcore.events import BookmarkChanged
from chatcore.ids import (
    ConversationId,
    MessageId,
    UserId,
    message_id,
    split_message_id,
    to_datetime,
)
from chatcore.models import Actor, Bookmark, Message, Page
from chatcore.operations import AddBookmark, ListBookmarks, RemoveBookmark
from chatcore.ports.bookmarks import BookmarkRecord, Placed
from chatcore.services import access, faces, paging
from chatcore.services.access import Seat
from chatcore.services.work import ChatWork


def list_all(work: ChatWork, actor: Actor, operation: ListBookmarks) -> Page[Bookmark]:
    """The actor's bookmarks, the latest first."""
    user = access.active(work, actor)
    most = paging.size(work.limits, operation.limit)
    before = paging.before_pair("bookmarks", operation.cursor)
    rows = work.unit.bookmarks.page(user, before and before[0], most + 1)
    messages = _messages(work, user, rows[:most])
    shown = [evolve(face(one), message=messages.get(face(one).message_id)) for one in rows[:most]]
    fitting = paging.fit(shown, work.limits)
    page, next = paging.cut("bookmarks", rows, fitting, lambda row: (row[1].me_rev, 0))
    return Page(items=tuple(shown[: len(page)]), next=next)


def _messages(work: ChatWork, user: UserId, rows: Sequence[Placed]) -> Mapping[MessageId, Message]:
    """The messages that the user still sees, by id."""
    places: dict[ConversationId, list[MessageId]] = {}
    for one in rows:
        places.setdefault(one[0], []).append(face(one).message_id)
    streams = work.unit.conversations.get(places)
    members = work.unit.members.get([(stream.n, user) for stream in streams.values()])
    found: dict[MessageId, Message] = {}
    for id, stream in streams.items():
        member = members.get((stream.n, user))
        if member is not None and member.current:
            seat = Seat(stream, member)
            records = access.visible(work, seat, places[id])
            found.update((one.id, one) for one in faces.messages(work, seat, records))
    return found


def add(work: ChatWork, actor: Actor, operation: AddBookmark) -> Bookmark:
    """Raises :class:`Conflict` for a tombstone, and past the number that one may have."""
    user, (conversation, seq, nonce) = access.active(work, actor), _parts(operation.message_id)
    seat = access.seat(work, actor, conversation, lock=False)
    message = access.message(work, seat, operation.message_id)
    found = work.unit.bookmarks.get(user, conversation, seq)
    if found is not None and found[1].active:
        return face(found)
    if message.deleted_at is not None:
        raise Conflict("The message is deleted")
    most = work.limits.bookmarks
    if work.unit.bookmarks.count(user) >= most:
        raise Conflict(f"At most {most} bookmarks")
    record = BookmarkRecord(
        user_id=user,
        conversation_n=seat.stream.n,
        seq=seq,
        nonce=nonce,
        created_at=work.now,
        active=True,
        me_rev=0,
    )
    return _set(work, (conversation, record))


def remove(work: ChatWork, actor: Actor, operation: RemoveBookmark) -> Bookmark:
    """Raises :class:`NotFound` where there is no bookmark."""
    user, (conversation, seq, nonce) = access.active(work, actor), _parts(operation.message_id)
    found = work.unit.bookmarks.get(user, conversation, seq)
    if found is None or not found[1].active or found[1].nonce != nonce:
        raise NotFound
    return _set(work, (conversation, evolve(found[1], active=False)))


def _parts(id: MessageId) -> tuple[ConversationId, int, str]:
    parts = split_message_id(id)
    if parts is None:
        raise NotFound
    return parts


def _set(work: ChatWork, placed: Placed) -> Bookmark:
    conversation, record = placed
    account = work.unit.actors.lock([record.user_id])[record.user_id]
    account.rev += 1
    record.me_rev = account.rev
    work.unit.bookmarks.save(record)
    shown = face((conversation, record))
    work.note(account, BookmarkChanged(shown))
    return shown


def face(placed: Placed) -> Bookmark:
    """A bookmark without its message."""
    conversation, record = placed
    return Bookmark(
        message_id=message_id(conversation, record.seq, record.nonce),
        conversation_id=conversation,
        bookmarked=record.active,
        created_at=to_datetime(record.created_at),
    )
