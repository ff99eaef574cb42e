"""What a message may hold: whether kind and content fit, and how it is kept and compared."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from chatcore import codec
from chatcore.errors import Invalid, NotFound
from chatcore.ids import UploadId, UserId, to_ms
from chatcore.operations import ImportMessage, SendMessage
from chatcore.ports.uploads import UploadRecord
from chatcore.services import files

_MEDIA = ("image", "video", "audio", "file")
_LINKS = ("http://", "https://")
_encode = msgspec.json.Encoder().encode


def body_of(operation: SendMessage) -> str | None:
    """The body, where it fits the kind. Raises :class:`Invalid` where kind and content differ."""
    kind, body = operation.kind, operation.body
    imported = isinstance(operation, ImportMessage)
    if kind in ("location", "contact", "poll") or (kind == "system" and not imported):
        raise Invalid.field("kind", "cannot be sent")
    if kind == "encrypted":
        if operation.encrypted is None or body is not None:
            raise Invalid.field("encrypted", "an encrypted message has this, and no body")
        return None
    if operation.encrypted is not None:
        raise Invalid.field("encrypted", "only in messages of kind encrypted")
    if kind in _MEDIA and not operation.upload_ids:
        raise Invalid.field("upload_ids", f"a message of kind {kind} has at least one")
    check_body(kind, body or "", files=bool(operation.upload_ids))
    return body


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
    found: dict[str, Any] = {}
    if attached:
        found["attachments"] = attached
    if operation.mentions:
        found["mentions"] = list(operation.mentions)
    if operation.encrypted is not None:
        found["encrypted"] = operation.encrypted
    if operation.custom is not None:
        found["custom"] = operation.custom
    return found


def digest(operation: SendMessage) -> str:
    """SHA-256 of the request's canonical fields, without ``key`` and ``read_seq``."""
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
    return hashlib.sha256(_encode(canonical)).hexdigest()


def _sorted(value: Any) -> Any:
    """``value`` with its objects' keys in order: the same content gives the same digest."""
    match value:
        case dict():
            return {key: _sorted(value[key]) for key in sorted(value)}
        case list() | tuple():
            return [_sorted(item) for item in value]
    return value
