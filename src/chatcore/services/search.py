"""Searching messages: whatever the index says, nothing is shown that a list would not show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chatcore.errors import Invalid
from chatcore.ids import ConversationId, UserId, decode_cursor, encode_cursor
from chatcore.models import Actor, Message, Page
from chatcore.operations import SearchMessages
from chatcore.ports.search import Hit, Search
from chatcore.rules.search import parse
from chatcore.services import access, faces, paging
from chatcore.services.access import Seat
from chatcore.services.work import ChatWork

_KIND = "messages.search"


def find(work: ChatWork, actor: Actor, operation: SearchMessages) -> Page[Message]:
    """A page of what matches, newest first. Nothing for a query without a letter or digit.

    Raises :class:`NotFound` for a conversation that the actor is no member of.
    """
    user = access.active(work, actor)
    place = None
    if operation.conversation_id is not None:
        place = access.seat(work, actor, operation.conversation_id, lock=False).stream.n
    before = _before(operation.cursor)
    terms = parse(operation.q)
    if len(terms) > work.limits.search_words:
        raise Invalid.field("q", f"at most {work.limits.search_words} words")
    if not terms:
        return Page(items=())
    search = Search(terms=terms, viewer=user, conversation_n=place, sender_id=operation.sender_id)
    most = paging.size(work.limits, operation.limit)
    hits = work.unit.search.find(search, before=before, limit=most)
    return _page(work, user, hits.items, hits.next)


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    match decode_cursor(_KIND, cursor):
        case [int(before)]:
            return before
    raise Invalid.field("cursor", "not a cursor of this list")


def _page(work: ChatWork, user: UserId, hits: Sequence[Hit], next: int | None) -> Page[Message]:
    shown = _faces(work, user, hits)
    both = [(hit, shown[hit.n]) for hit in hits if hit.n in shown]
    count = paging.fit([message for _, message in both], work.limits)
    if count < len(both):
        both = both[:count]
        next = both[-1][0].n
    return Page(
        items=tuple(message for _, message in both),
        next=None if next is None else encode_cursor(_KIND, next),
    )


def _faces(work: ChatWork, user: UserId, hits: Sequence[Hit]) -> Mapping[int, Message]:
    """By ``n``, the personal faces of those that the user's own window shows."""
    there = {hit.conversation_id: hit.record.conversation_n for hit in hits}
    streams = work.unit.conversations.get(there)
    members = work.unit.members.get([(n, user) for n in there.values()])
    by_place: dict[ConversationId, list[Hit]] = {}
    for hit in hits:
        by_place.setdefault(hit.conversation_id, []).append(hit)
    found: dict[int, Message] = {}
    for id, here in by_place.items():
        stream, member = streams.get(id), members.get((there[id], user))
        if stream is None or member is None or not member.current:
            continue
        seat = Seat(stream, member)
        window = seat.window(work.now)
        visible = [hit for hit in here if hit.record.seq > window.floor_seq]
        shown = faces.messages(work, seat, [hit.record for hit in visible])
        found.update((hit.n, one) for hit, one in zip(visible, shown, strict=True))
    return found


def index(work: ChatWork, most: int) -> None:
    """Index some of what waits."""
    work.unit.search.index(most)
