"""Previews of links: hung on a message when they are known, if it still says the same."""

from __future__ import annotations

from chatcore import codec
from chatcore.events import MessageUpdated
from chatcore.ids import split_message_id
from chatcore.models import LinkPreview, Message
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.messages import MessageRecord
from chatcore.rules.links import first_link
from chatcore.services import faces
from chatcore.services.work import ChatWork

FIELD = "link_preview"


def attach(work: ChatWork, message: Message, preview: LinkPreview) -> bool:
    """Add the preview as a change of the message; False where it no longer belongs there."""
    stream = work.unit.conversations.lock([message.conversation_id]).get(message.conversation_id)
    record = None if stream is None else _find(work, stream, message)
    if stream is None or record is None:
        return False
    if link(record, work.limits.url_chars) != preview.url or FIELD in record.details:
        return False
    record.details = {**record.details, FIELD: codec.plain(preview)}
    stream.rev += 1
    record.rev = stream.rev
    record.updated_at = work.now
    work.unit.messages.save(record)
    work.announce(stream, MessageUpdated(faces.message(record, stream)), min_seq=record.seq)
    return True


def _find(work: ChatWork, stream: ConversationRecord, message: Message) -> MessageRecord | None:
    if stream.deleted_at is not None or message.seq <= stream.pruned_seq:
        return None
    place = (stream.n, message.seq)
    record = work.unit.messages.get([place]).get(place)
    parts = split_message_id(message.id)
    if record is None or parts is None or record.nonce != parts[2]:
        return None
    gone = record.deleted_at is not None
    expired = record.expires_at is not None and record.expires_at <= work.now
    return None if gone or expired else record


def link(record: MessageRecord, most: int) -> str | None:
    """The address in a message that a preview is of."""
    return first_link(record.body, most) if record.body else None


def drop_stale(record: MessageRecord, body: str, most: int) -> None:
    """Take the preview off a message whose new ``body`` has another link, or none."""
    if FIELD in record.details and first_link(body, most) != record.details[FIELD]["url"]:
        record.details = {name: one for name, one in record.details.items() if name != FIELD}
