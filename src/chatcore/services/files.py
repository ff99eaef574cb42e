"""What an upload's row becomes in a message and in answers."""

from __future__ import annotations

from typing import cast

from chatcore.models import Attachment, Category
from chatcore.ports.uploads import UploadRecord


def attachment(record: UploadRecord) -> Attachment:
    """The public face of a file. Addresses are stable paths under the API's root."""
    return Attachment(
        upload_id=record.id,
        name=record.name,
        size=record.size,
        media_type=record.media_type,
        category=cast(Category, record.category),
        url=f"uploads/{record.id}",
        thumbnail_url=None if record.thumbnail is None else f"uploads/{record.id}/thumbnail",
        placeholder=record.placeholder,
        width=record.width,
        height=record.height,
        duration_s=record.duration_s,
        sha256=record.sha256,
    )
