"""What a message may hold: whether kind and content fit, and how it is kept and compared."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from chatcore import codec
from chatcore.errors import Invalid, NotFound
from chatcore.ids import Milliseconds, UploadId, UserId, to_ms
from chatcore.models import (
    Attachment,
    ContactCard,
    ForwardedFrom,
    LinkPreview,
    Location,
    Pin,
    Poll,
    PollOption,
    Reaction,
    ThreadSummary,
)
from chatcore.operations import ForwardCopy, ImportMessage, NewPoll, SendMessage
from chatcore.ports.uploads import UploadRecord
from chatcore.services import files

_MEDIA = ("image", "video", "audio", "file")
_STRUCTURED = ("encrypted", "location", "contact", "poll")
_PLAIN = ("mentions", "encrypted", "custom")
_LISTS: Mapping[str, type] = {"attachments": Attachment, "reactions": Reaction}
_OBJECTS: Mapping[str, type] = {
    "thread": ThreadSummary,
    "location": Location,
    "contact": ContactCard,
    "poll": Poll,
    "link_preview": LinkPreview,
    "pinned": Pin,
    "forwarded_from": ForwardedFrom,
}
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{2,30}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_LINKS = ("http://", "https://")
_encode = msgspec.json.Encoder().encode


def body_of(operation: SendMessage) -> str | None:
    """The body, where it fits the kind. Raises :class:`Invalid` where kind and content differ."""
    kind, body = operation.kind, operation.body
    if isinstance(operation, ForwardCopy):
        if operation.taken is None:
            raise NotFound
        return body
    imported = isinstance(operation, ImportMessage)
    if kind == "system" and not imported:
        raise Invalid.field("kind", "cannot be sent")
    for name in _STRUCTURED:
        if (getattr(operation, name) is None) != (kind != name):
            raise Invalid.field(name, f"messages of kind {name} have this, and no others")
    if kind == "encrypted":
        if body is not None:
            raise Invalid.field("body", "an encrypted message has none")
        return None
    if kind in _MEDIA and not operation.upload_ids:
        raise Invalid.field("upload_ids", f"a message of kind {kind} has at least one")
    # Beside what has a structure of its own the body is a caption, for clients that show no more.
    if body is not None or kind not in _STRUCTURED:
        check_body(kind, body or "", files=bool(operation.upload_ids))
    return body


def check_structure(operation: SendMessage, now: Milliseconds) -> None:
    """Raise :class:`Invalid` for a contact or a poll whose fields don't go together."""
    contact, poll = operation.contact, operation.poll
    if contact is not None:
        if (contact.user_id is None) == (contact.name is None):
            raise Invalid.field("contact", "either user_id or name")
        if contact.user_id is not None and (contact.phone or contact.email):
            raise Invalid.field("contact.user_id", "a user's card says the rest")
        if contact.phone is not None and not _PHONE.fullmatch(contact.phone):
            raise Invalid.field("contact.phone", "not a telephone number")
        if contact.email is not None and not _EMAIL.fullmatch(contact.email):
            raise Invalid.field("contact.email", "not an e-mail address")
    if poll is not None:
        if not all(text.strip() for text in (poll.question, *poll.options)):
            raise Invalid.field("poll", "question and options must not be blank")
        if poll.closes_at is not None and to_ms(poll.closes_at) <= now:
            raise Invalid.field("poll.closes_at", "must lie ahead")


def check_body(kind: str, body: str, *, files: bool) -> None:
    """Raise :class:`Invalid` for a body that a message of this kind can't have."""
    if not body.strip() and not files:
        raise Invalid.field("body", "must not be blank")
    if kind == "link" and not body.startswith(_LINKS):
        raise Invalid.field("body", "must be an http or https address")


def attachments(
    uploads: Mapping[UploadId, UploadRecord], sender: UserId, operation: SendMessage
) -> list[dict[str, Any]]:
    """The files of a message, as they were stored. Raises :class:`NotFound` for another's."""
    found = []
    for id in operation.upload_ids:
        upload = uploads.get(id)
        if upload is None or upload.owner_id != sender:
            raise NotFound
        found.append(codec.plain(files.attachment(upload)))
    return found


def details(operation: SendMessage, attached: list[dict[str, Any]]) -> dict[str, Any]:
    """Whatever few messages have, as the row keeps it."""
    if isinstance(operation, ForwardCopy):
        return dict(operation.taken or {})
    found: dict[str, Any] = {}
    if attached:
        found["attachments"] = attached
    if operation.mentions:
        found["mentions"] = list(operation.mentions)
    if operation.encrypted is not None:
        found["encrypted"] = operation.encrypted
    if operation.location is not None:
        found["location"] = codec.plain(operation.location)
    if operation.contact is not None:
        found["contact"] = codec.plain(operation.contact)
    if operation.poll is not None:
        found["poll"] = _new_poll(operation.poll)
    if operation.custom is not None:
        found["custom"] = operation.custom
    return found


def _new_poll(poll: NewPoll) -> Any:
    users = None if poll.anonymous else ()
    face = Poll(
        question=poll.question,
        options=tuple(PollOption(text=text, user_ids=users) for text in poll.options),
        multiple=poll.multiple,
        anonymous=poll.anonymous,
        closes_at=poll.closes_at,
    )
    return codec.plain(face)


def shown(details: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the shared face that lie in a row's ``details``."""
    found: dict[str, Any] = {}
    for name, value in details.items():
        if name in _LISTS:
            found[name] = tuple(codec.structure(one, _LISTS[name]) for one in value)
        elif name in _OBJECTS:
            found[name] = codec.structure(value, _OBJECTS[name])
        elif name in _PLAIN:
            found[name] = tuple(value) if name == "mentions" else value
    return found


def digest(operation: SendMessage) -> str:
    """SHA-256 of the request's canonical fields, without ``key`` and ``read_seq``."""
    if isinstance(operation, ForwardCopy):
        # The source may have changed since: the request was for this message.
        return hashlib.sha256(_encode(["forward", operation.source_id])).hexdigest()
    canonical = [
        operation.body,
        operation.kind,
        operation.upload_ids,
        operation.reply_to,
        operation.mentions,
        _sorted(operation.encrypted),
        _sorted(operation.custom),
        operation.thread_id,
        *([] if operation.send_at is None else [to_ms(operation.send_at)]),
    ]
    structures = (operation.location, operation.contact, operation.poll)
    if any(structures):
        canonical.append(_sorted(codec.plain(structures)))
    return hashlib.sha256(_encode(canonical)).hexdigest()


def _sorted(value: Any) -> Any:
    """``value`` with its objects' keys in order: the same content gives the same digest."""
    match value:
        case dict():
            return {key: _sorted(value[key]) for key in sorted(value)}
        case list() | tuple():
            return [_sorted(item) for item in value]
    return value
