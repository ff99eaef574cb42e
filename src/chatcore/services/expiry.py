"""Disappearing messages: hidden by time at once, on both sides; what is left follows in steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chatcore.events import MessageUpdated
from chatcore.ids import ConversationId, UserId
from chatcore.ports.conversations import ConversationRecord
from chatcore.services import faces, tombstones
from chatcore.services.work import ChatWork

_AT_ONCE: Final = 200
"""So many messages one reading starts in its own transaction; the rest follow."""


def begin(work: ChatWork, stream: ConversationRecord, reader: UserId) -> None:
    """Start the time of what ``reader`` has read in a locked direct conversation."""
    for record in work.unit.retention.begin(stream.n, reader, _AT_ONCE):
        record.expires_at = work.now + (record.expire_after_s or 0) * 1_000
        stream.rev += 1
        record.rev = stream.rev
        work.unit.messages.save(record)
        work.announce(stream, MessageUpdated(faces.message(record, stream)), min_seq=record.seq)


def begin_left(work: ChatWork, found: Sequence[tuple[ConversationId, UserId]]) -> None:
    """The same for what one reading left over."""
    streams = work.unit.conversations.lock({id for id, _ in found})
    for id, reader in found:
        if id in streams:
            begin(work, streams[id], reader)


def bury(work: ChatWork, found: Sequence[tuple[ConversationId, int]]) -> int:
    """Make tombstones of these, where they have expired and are none; how many."""
    streams = work.unit.conversations.lock({id for id, _ in found})
    # A root before its replies: each of these counts it anew, and it was read before they did.
    places = sorted((streams[id].n, seq) for id, seq in found if id in streams)
    records = work.unit.messages.get(places)
    by_n = {stream.n: stream for stream in streams.values()}
    count = 0
    for place in places:
        record = records.get(place)
        if record is None or record.deleted_at is not None or not faces.expired(record, work.now):
            continue
        by = record.sender_id
        tombstones.bury(work, by_n[record.conversation_n], record, by=by, reason="expired")
        count += 1
    return count
