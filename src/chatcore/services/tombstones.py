"""What is left of a message that is deleted, whoever or whatever deletes it."""

from __future__ import annotations

from chatcore.events import MessageDeleted
from chatcore.ids import UserId
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.messages import MessageRecord
from chatcore.services import faces, threads
from chatcore.services.work import ChatWork


def bury(
    work: ChatWork,
    stream: ConversationRecord,
    record: MessageRecord,
    *,
    by: UserId,
    reason: str | None = None,
) -> None:
    """Make a live message of a locked conversation a tombstone, and announce it."""
    record.deleted_at = record.updated_at = work.now
    record.deleted_by, record.deleted_reason = by, reason
    record.version += 1
    record.body, record.edited_at = None, None
    pinned = "pinned" in record.details
    # Its thread stays readable.
    record.details = {"thread": one} if (one := record.details.get("thread")) else {}
    record.reply_seq = record.reply_nonce = None
    work.unit.reactions.clear(record.conversation_n, record.seq)
    work.unit.revisions.clear(record.conversation_n, record.seq)
    if pinned:
        work.unit.pins.remove(record.conversation_n, record.seq)
    if record.kind == "poll":
        work.unit.polls.clear(record.conversation_n, record.seq)
    work.unit.uploads.detach(record.conversation_n, record.seq)
    stream.rev += 1
    record.rev = stream.rev
    work.unit.messages.save(record)
    work.announce(stream, MessageDeleted(faces.message(record, stream)), min_seq=record.seq)
    if record.thread_seq is not None:
        threads.recount(work, stream, record.thread_seq)


def silence(work: ChatWork, stream: ConversationRecord, record: MessageRecord) -> None:
    """Take the reason from a tombstone of a locked conversation, and announce it."""
    record.deleted_reason, record.updated_at = None, work.now
    record.version += 1
    stream.rev += 1
    record.rev = stream.rev
    work.unit.messages.save(record)
    work.announce(stream, MessageDeleted(faces.message(record, stream)), min_seq=record.seq)
