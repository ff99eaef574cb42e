"""Retention: messages go from the oldest end, in small steps.

First the conversation says up to where nothing is left (``pruned_seq``), with a revision; only then
rows go. A crash between the two leaves rows that nobody sees, and that the next round deletes.
Of a conversation that has ended all go, however young: nobody is there to see or be told.
"""

from __future__ import annotations

from typing import Final

from chatcore.events import ConversationPruned
from chatcore.ids import ConversationId
from chatcore.ports.conversations import ConversationRecord
from chatcore.services import faces
from chatcore.services.work import ChatWork

_STEP: Final = 500
"""So many messages one transaction prunes, or deletes: some milliseconds."""
_DAY_MS: Final = 86_400_000


def prune(work: ChatWork, id: ConversationId) -> tuple[int, bool]:
    """One step in one conversation: how many rows went, and whether there is more to do."""
    stream = work.unit.conversations.lock([id]).get(id)
    if stream is None:
        ended = work.unit.retention.ended(id)
        if ended is None:
            return 0, False
        gone = work.unit.retention.forget(ended.conversation_n, ended.last_seq, _STEP)
        return gone, gone == _STEP
    gone = work.unit.retention.forget(stream.n, stream.pruned_seq, _STEP)
    if gone:
        return gone, True
    days = _days(work, stream)
    if days is None:
        return 0, False
    before = work.now - days * _DAY_MS
    reached = work.unit.retention.oldest(stream.n, stream.pruned_seq, before, _STEP)
    if reached == stream.pruned_seq:
        return 0, False
    stream.pruned_seq = reached
    stream.rev += 1
    stream.meta_rev = stream.rev
    work.unit.conversations.save(stream)
    work.announce(stream, ConversationPruned(faces.conversation(stream)))
    return 0, True


def _days(work: ChatWork, stream: ConversationRecord) -> int | None:
    """How long messages are kept there: the shorter of what engine and conversation say."""
    said = [one for one in (work.settings.retention_days, stream.retention_days) if one is not None]
    return min(said, default=None)
