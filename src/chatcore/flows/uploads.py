"""Files: bytes in, bytes out. (Sniffing, thumbnails and streaming bounds join here.)"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator

from attrs import frozen

from chatcore.errors import Unavailable
from chatcore.flows.parts import Parts
from chatcore.ids import UploadId
from chatcore.models import Actor, Attachment


@frozen(kw_only=True)
class Download:
    """A file on its way out."""

    attachment: Attachment
    media_type: str
    size: int
    """Of the whole file, in bytes."""
    chunks: AsyncIterator[bytes]


async def upload(
    parts: Parts, actor: Actor, *, name: str, chunks: AsyncIterable[bytes], size: int | None
) -> Attachment:
    raise Unavailable


async def download(
    parts: Parts, actor: Actor, upload_id: UploadId, *, thumbnail: bool, start: int, end: int | None
) -> Download:
    raise Unavailable
